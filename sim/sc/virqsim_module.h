/*
 * A machine as one SystemC module.
 *
 *   target   TLM-2.0: reads and writes of the user's own modules.  A write of
 *            one aligned doubleword to FEEx_xxxxh is an MSI.
 *   memory   TLM-2.0: what the machine reads and writes in the range of
 *            virqsim_options goes out here.
 *   lint     two lines a CPU into its local APIC: LINT0 is lint[2 * cpu],
 *            LINT1 is lint[2 * cpu + 1].
 *   intr     one line a CPU: INTR as the CPU sees it.
 *
 * Each of them may stay unbound.
 *
 * The machine never passes SystemC's clock.  It is brought to exactly the
 * time of each access and of each change of a lint line.  If it drives
 * something itself (an intr line is bound, or there is outside memory), it
 * also stops at every instant at which it has an event, so that what it drives
 * changes at the exact time; if not, an instant costs SystemC nothing.
 *
 * What arrives at time t finds every machine event before t done, and those
 * at t that were scheduled before it arrived; what it schedules itself at t
 * comes after it.
 *
 * Left out: DMI, byte enables, and the delays that outside memory returns.
 */
#ifndef SIM_SC_VIRQSIM_MODULE_H
#define SIM_SC_VIRQSIM_MODULE_H

#include <cstddef>
#include <cstdint>
#include <memory>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

struct machine;
struct mem_outside;

struct virqsim_options {
    std::uint64_t outside_base = 0;
    std::uint64_t outside_bytes = 0; // 0: no memory outside
};

class virqsim_module : public sc_core::sc_module
{
  public:
    using lint_port = sc_core::sc_port<sc_core::sc_signal_in_if<bool>, 1,
                                       sc_core::SC_ZERO_OR_MORE_BOUND>;
    using intr_port = sc_core::sc_port<sc_core::sc_signal_inout_if<bool>, 1,
                                       sc_core::SC_ZERO_OR_MORE_BOUND>;

    // The longest access: as the payload of one PCI Express packet.
    static constexpr unsigned access_bytes_max = 4096;
    // Physical addresses are below 2^52.
    static constexpr unsigned address_bits = 52;

    tlm_utils::simple_target_socket_optional<virqsim_module> target;
    tlm_utils::simple_initiator_socket_optional<virqsim_module> memory;
    sc_core::sc_vector<lint_port> lint;
    sc_core::sc_vector<intr_port> intr;

    // The module uses `m`, a machine that was not run yet, and does not own
    // it.  An error is reported unless SystemC's time resolution is 1 fs.
    virqsim_module(sc_core::sc_module_name name, struct machine *m,
                   const virqsim_options &options = virqsim_options());
    ~virqsim_module() override;

    // Brings the machine to SystemC's time: everything at or before it is
    // done.  To be called before the machine is looked at through its C API;
    // the end of the simulation (sc_stop) calls it too.
    void sync();

    // How many accesses the outside memory answered with an error.  A read
    // gave all ones then, a write was lost.
    std::uint64_t outside_errors() const;

  private:
    SC_HAS_PROCESS(virqsim_module);

    void end_of_elaboration() override;
    void start_of_simulation() override;
    void end_of_simulation() override;

    void b_transport(tlm::tlm_generic_payload &access, sc_core::sc_time &delay);
    unsigned transport_dbg(tlm::tlm_generic_payload &access);
    tlm::tlm_response_status refusal(const tlm::tlm_generic_payload &a) const;
    bool perform(tlm::tlm_generic_payload &access);

    void follow();
    void drive_lints();
    void show_intrs();
    void plan();

    void outside(tlm::tlm_command command, std::uint64_t addr,
                 unsigned char *data, std::size_t n);
    static void outside_read(void *ctx, std::uint64_t addr, void *data,
                             std::size_t n);
    static void outside_write(void *ctx, std::uint64_t addr, const void *data,
                              std::size_t n);

    struct machine *m_machine;
    std::unique_ptr<struct mem_outside> m_outside; // empty: none
    std::uint64_t m_outside_errors = 0;
    bool m_in_step = false; // the machine drives something itself
    bool m_running = false; // inside a call of the machine
    sc_core::sc_event m_wake;
};

#endif
