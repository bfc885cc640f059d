// Called from a program with a main() of its own: sc_start() elaborates the
// design without SystemC's entry, which would write its banner first.
#include "sim/sc/sc_host.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "sim/sc/machine_c.h"
#include "sim/sc/virqsim_module.h"

namespace
{

// Tells how far the run is.  It runs the machine in hundredths, which changes
// nothing of what the machine does.
class progress_meter : public sc_core::sc_module
{
  public:
    struct listener {
        sc_host_progress_fn *tell;
        void *ctx;
    };

    progress_meter(sc_core::sc_module_name name, virqsim_module &hosted,
                   sim_time end, listener to)
        : sc_core::sc_module(name), m_hosted(hosted), m_end(end), m_to(to)
    {
        SC_METHOD(tell);
    }

  private:
    SC_HAS_PROCESS(progress_meter);

    void tell()
    {
        const sim_time step = std::max<sim_time>(m_end / 100, 1);
        const sim_time now = sc_core::sc_time_stamp().value();

        m_hosted.sync();
        m_to.tell(m_to.ctx,
                  static_cast<double>(now) / static_cast<double>(m_end));
        if (now < m_end)
            next_trigger(
                sc_core::sc_time::from_value(std::min(step, m_end - now)));
    }

    virqsim_module &m_hosted;
    sim_time m_end;
    listener m_to;
};

void simulate(struct machine *m, const progress_meter::listener &to)
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    virqsim_module hosted("machine", m);
    std::unique_ptr<progress_meter> meter;

    if (to.tell)
        meter = std::make_unique<progress_meter>("progress", hosted,
                                                 machine_end(m), to);
    sc_core::sc_start();
    hosted.sync();
}

} // namespace

enum sc_host_status sc_host_run(struct machine *m,
                                sc_host_progress_fn *progress, void *ctx)
{
    static bool used;

    if (used || sc_core::sc_get_status() != sc_core::SC_ELABORATION)
        return SC_HOST_USED;
    used = true;
    try {
        simulate(m, {progress, ctx});
    } catch (const std::exception &error) {
        std::fprintf(stderr, "virqsim: %s\n", error.what());
        return SC_HOST_FAILED;
    }
    return SC_HOST_DONE;
}

// SystemC's library refers to it; a program's own one takes its place.
__attribute__((weak)) int sc_main(int, char **)
{
    return EXIT_FAILURE;
}
