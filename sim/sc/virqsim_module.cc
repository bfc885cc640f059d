// Why the machine follows SystemC's clock instead of running ahead of it: its
// state then is the state at SystemC's time whoever acts next, be it a process,
// sc_main between two calls of sc_start(), or another thread through
// async_request_update().  Nothing can arrive in the machine's past.
#include "sim/sc/virqsim_module.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sim/sc/machine_c.h"

namespace
{

const char report_type[] = "/virqsim/module";

sim_time sc_now()
{
    return sc_core::sc_time_stamp().value();
}

// sc_time_stamp() counts units of the resolution; the machine counts fs.
bool resolution_is_1_fs()
{
    return std::lround(sc_core::sc_get_time_resolution().to_seconds() * 1e15) ==
           1;
}

// While it lives, the machine runs: nobody else may call it.
class running_scope
{
  public:
    explicit running_scope(bool &running) : m_running(running)
    {
        m_running = true;
    }
    ~running_scope()
    {
        m_running = false;
    }
    running_scope(const running_scope &) = delete;
    running_scope &operator=(const running_scope &) = delete;

  private:
    bool &m_running;
};

} // namespace

virqsim_module::virqsim_module(sc_core::sc_module_name name, struct machine *m,
                               const virqsim_options &options)
    : sc_core::sc_module(name), target("target"), memory("memory"),
      lint("lint", 2 * machine_cpus(m)), intr("intr", machine_cpus(m)),
      m_machine(m), m_wake("wake")
{
    if (!resolution_is_1_fs())
        SC_REPORT_ERROR(report_type,
                        "the time resolution is not 1 fs: call "
                        "sc_set_time_resolution(1, SC_FS) before the first "
                        "sc_time is made");
    target.register_b_transport(this, &virqsim_module::b_transport);
    target.register_transport_dbg(this, &virqsim_module::transport_dbg);
    SC_METHOD(follow);
    sensitive << m_wake;
    for (lint_port &line : lint)
        sensitive << line;
    if (options.outside_bytes == 0)
        return;
    m_outside = std::make_unique<struct mem_outside>();
    *m_outside = {options.outside_base, options.outside_bytes, outside_read,
                  outside_write, this};
    machine_set_outside(m_machine, m_outside.get());
}

virqsim_module::~virqsim_module() = default;

void virqsim_module::end_of_elaboration()
{
    bool any_intr =
        std::any_of(intr.begin(), intr.end(),
                    [](const intr_port &line) { return line.size() > 0; });

    m_in_step = m_outside || any_intr;
    if (m_outside && memory.size() == 0)
        SC_REPORT_ERROR(report_type,
                        "there is outside memory, but the socket 'memory' is "
                        "not bound");
}

// A line that is high from the start is high before the first event.
void virqsim_module::start_of_simulation()
{
    for (unsigned i = 0; i < lint.size(); i++)
        if (lint[i].size() > 0 && lint[i]->read())
            machine_set_lint(m_machine, i / 2, i % 2, true);
}

void virqsim_module::end_of_simulation()
{
    sync();
}

void virqsim_module::sync()
{
    if (m_running)
        SC_REPORT_ERROR(report_type, "the machine is called from a call that "
                                     "it made, or its outside memory waited");
    running_scope scope(m_running);
    machine_run(m_machine, std::min(sc_now(), machine_end(m_machine)));
}

std::uint64_t virqsim_module::outside_errors() const
{
    return m_outside_errors;
}

// The module's process.  In step it wakes at each instant at which the machine
// has an event, else at the end of the run and when a lint line changes.
void virqsim_module::follow()
{
    sync();
    drive_lints();
    show_intrs();
    plan();
}

void virqsim_module::drive_lints()
{
    if (sc_now() > machine_end(m_machine))
        return;
    running_scope scope(m_running);
    for (unsigned i = 0; i < lint.size(); i++)
        if (lint[i].size() > 0 && lint[i]->event())
            machine_set_lint(m_machine, i / 2, i % 2, lint[i]->read());
}

void virqsim_module::show_intrs()
{
    for (unsigned cpu = 0; cpu < intr.size(); cpu++)
        if (intr[cpu].size() > 0)
            intr[cpu]->write(machine_intr(m_machine, cpu));
}

void virqsim_module::plan()
{
    const sim_time now = sc_now(), end = machine_end(m_machine);
    const sim_time next = m_in_step ? machine_next(m_machine) : end;

    if (now < end && next > now)
        m_wake.notify(sc_core::sc_time::from_value(std::min(next, end) - now));
    else if (now <= end && machine_next(m_machine) <= now)
        m_wake.notify(sc_core::SC_ZERO_TIME);
}

tlm::tlm_response_status
virqsim_module::refusal(const tlm::tlm_generic_payload &a) const
{
    const std::uint64_t limit = std::uint64_t{1} << address_bits;

    if (!a.is_read() && !a.is_write())
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    if (a.get_byte_enable_ptr())
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    if (a.get_data_length() == 0 || a.get_data_length() > access_bytes_max ||
        a.get_streaming_width() < a.get_data_length())
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (a.get_address() >= limit ||
        limit - a.get_address() < a.get_data_length())
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (!a.get_data_ptr() || m_running)
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

// The annotated delay is waited for, not added: what other modules do in the
// meantime comes first, as it does in SystemC.
void virqsim_module::b_transport(tlm::tlm_generic_payload &access,
                                 sc_core::sc_time &delay)
{
    tlm::tlm_response_status status = refusal(access);

    access.set_dmi_allowed(false);
    if (status == tlm::TLM_OK_RESPONSE && delay > sc_core::SC_ZERO_TIME) {
        sc_core::wait(delay);
        delay = sc_core::SC_ZERO_TIME;
    }
    if (status == tlm::TLM_OK_RESPONSE && !perform(access))
        status = tlm::TLM_GENERIC_ERROR_RESPONSE;
    access.set_response_status(status);
}

unsigned virqsim_module::transport_dbg(tlm::tlm_generic_payload &access)
{
    if (refusal(access) != tlm::TLM_OK_RESPONSE || !perform(access))
        return 0;
    return access.get_data_length();
}

// False when the run is over: nobody is there to answer.
bool virqsim_module::perform(tlm::tlm_generic_payload &access)
{
    if (sc_now() > machine_end(m_machine))
        return false;
    sync();
    running_scope scope(m_running);
    if (access.is_read())
        machine_read(m_machine, access.get_address(), access.get_data_ptr(),
                     access.get_data_length());
    else
        machine_write(m_machine, access.get_address(), access.get_data_ptr(),
                      access.get_data_length());
    if (m_in_step && sc_core::sc_is_running())
        m_wake.notify(sc_core::SC_ZERO_TIME);
    return true;
}

void virqsim_module::outside(tlm::tlm_command command, std::uint64_t addr,
                             unsigned char *data, std::size_t n)
{
    tlm::tlm_generic_payload access;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

    access.set_command(command);
    access.set_address(addr);
    access.set_data_ptr(data);
    access.set_data_length(static_cast<unsigned>(n));
    access.set_streaming_width(static_cast<unsigned>(n));
    memory->b_transport(access, delay);
    if (access.is_response_ok())
        return;
    m_outside_errors++;
    if (command == tlm::TLM_READ_COMMAND)
        std::memset(data, 0xff, n); // as an aborted read on PCI Express
}

void virqsim_module::outside_read(void *ctx, std::uint64_t addr, void *data,
                                  std::size_t n)
{
    static_cast<virqsim_module *>(ctx)->outside(
        tlm::TLM_READ_COMMAND, addr, static_cast<unsigned char *>(data), n);
}

// TLM-2.0 has one data pointer for both commands; a write only reads it.
void virqsim_module::outside_write(void *ctx, std::uint64_t addr,
                                   const void *data, std::size_t n)
{
    auto *bytes = static_cast<const unsigned char *>(data);

    static_cast<virqsim_module *>(ctx)->outside(
        tlm::TLM_WRITE_COMMAND, addr, const_cast<unsigned char *>(bytes), n);
}
