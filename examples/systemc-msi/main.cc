// A SystemC design of one's own around a virqsim machine: a toy device raises
// MSIs by TLM writes, a monitor prints when the CPU's INTR line follows.
//
//     build/examples/systemc-msi [SCENARIO.yaml]
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "sim/sc/machine_c.h"
#include "sim/sc/twins.h"
#include "sim/sc/virqsim_module.h"
extern "C" {
#include "sim/core/diag.h"
#include "sim/scenario/scenario_load.h"
}

using sc_core::SC_NS;
using sc_core::sc_time;

namespace
{

double now_ns()
{
    return static_cast<double>(sc_core::sc_time_stamp().value()) /
           static_cast<double>(SIM_NS);
}

// Raises three MSIs, 10 us apart.
class toy_device : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<toy_device> bus;

    explicit toy_device(sc_core::sc_module_name name)
        : sc_core::sc_module(name), bus("bus")
    {
        SC_THREAD(run);
    }

  private:
    SC_HAS_PROCESS(toy_device);

    void run()
    {
        for (std::uint32_t vector : {0x31u, 0x41u, 0x51u}) {
            wait(sc_time(10000, SC_NS));
            std::printf("%12.3f ns  device writes MSI, vector %" PRIx32 "h\n",
                        now_ns(), vector);
            write_msi(vector);
        }
    }

    // Fixed delivery, edge-triggered, to the CPU with APIC ID 0.
    void write_msi(std::uint32_t vector)
    {
        tlm::tlm_generic_payload write;
        sc_time delay = sc_core::SC_ZERO_TIME;

        write.set_write();
        write.set_address(0xfee00000);
        write.set_data_ptr(reinterpret_cast<unsigned char *>(&vector));
        write.set_data_length(sizeof vector);
        write.set_streaming_width(sizeof vector);
        bus->b_transport(write, delay);
        if (write.is_response_error())
            SC_REPORT_ERROR("/toy_device", write.get_response_string().c_str());
    }
};

// Prints each change of a CPU's INTR line.
class monitor : public sc_core::sc_module
{
  public:
    sc_core::sc_in<bool> intr;

    explicit monitor(sc_core::sc_module_name name)
        : sc_core::sc_module(name), intr("intr")
    {
        SC_METHOD(show);
        sensitive << intr;
        dont_initialize();
    }

  private:
    SC_HAS_PROCESS(monitor);

    void show()
    {
        std::printf("%12.3f ns  INTR of CPU 0 %s\n", now_ns(),
                    intr.read() ? "rises" : "falls: acknowledged");
    }
};

struct scenario_set *load(const char *path)
{
    struct diag mistakes;

    diag_init(&mistakes);
    struct scenario_set *set = scenario_load(path, nullptr, &mistakes);
    diag_print(&mistakes, stderr);
    diag_free(&mistakes);
    return set;
}

// The time from the write to the handler's first instruction, and the counts.
void print_figures(struct machine *m)
{
    const char *keys[] = {
        "latency_ns.msi_write..guest_handler.min",
        "latency_ns.msi_write..guest_handler.max",
        "interrupts.sent",
        "interrupts.delivered",
        "interrupts.merged",
        "interrupts.dropped",
        "interrupts.pending",
    };
    struct figures figures;

    figures_init(&figures);
    if (const char *broken = machine_finish(m, &figures))
        std::printf("the figures do not add up: %s\n", broken);
    for (const char *key : keys)
        if (const struct figure *f = figures_find(&figures, key))
            std::printf("%-40s %g%s%s\n", key, f->real, *f->unit ? " " : "",
                        f->unit);
    figures_free(&figures);
}

} // namespace

int sc_main(int argc, char **argv)
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    struct scenario_set *set =
        load(argc > 1 ? argv[1] : "examples/systemc-msi/scenario.yaml");
    if (!set)
        return 2;

    struct machine *m = machine_build_with(&set->variant[0], &sc_twins);
    virqsim_module machine("machine", m);
    toy_device device("device");
    monitor watch("monitor");
    sc_core::sc_signal<bool> intr("intr");

    device.bus.bind(machine.target);
    machine.intr[0](intr);
    watch.intr(intr);

    sc_core::sc_start(sc_time::from_value(machine_end(m)));
    machine.sync();
    print_figures(m);
    machine_free(m);
    scenario_free(set);
    return EXIT_SUCCESS;
}
