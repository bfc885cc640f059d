/* virqsim run: one variant, hosted by SystemC. */
#include "sim/cli/cli.h"
#include "sim/machine/machine.h"
#include "sim/sc/sc_host.h"

#define STEPS 100

static void progress(void *ctx, double fraction)
{
    (void)ctx;
    fprintf(stderr, "\r%3.0f %%%s", 100 * fraction, fraction < 1 ? "" : "\n");
}

/* The run in steps, so that progress can be told; the order of events does
 * not depend on them. */
static void run_alone(struct machine *m, bool watched)
{
    sim_time end = machine_end(m);

    for (unsigned i = 1; i <= STEPS; i++) {
        machine_run(m, i == STEPS ? end : end / STEPS * i);
        if (watched)
            progress(NULL, (double)i / STEPS);
    }
}

static bool simulate(const struct cli *cli, struct machine *m)
{
    bool watched = cli_watched(cli);

    if (cli->systemc)
        return sc_host_run(m, watched ? progress : NULL, NULL) == SC_HOST_DONE;
    run_alone(m, watched);
    return true;
}

static int run_variant(const struct cli *cli, const struct scenario_set *set,
                       unsigned variant)
{
    struct machine *m = cli_build(&set->variant[variant]);
    int status = CLI_OUR_FAULT;
    struct result r;

    result_init(&r, set, CLI_VERSION);
    r.variant_count = 1;
    r.variant[0] = variant;
    if (simulate(cli, m) && cli_collect(&r, 0, m)) {
        result_derive(&r);
        status = cli_report(cli, &r);
    }
    result_free(&r);
    machine_free(m);
    return status;
}

const struct cli_verb cli_run = {
    .name = "run",
    .summary = "simulate one variant of a scenario",
    .arguments = "FILE",
    .text = "Simulates one variant of a scenario, hosted by SystemC, and "
            "prints its figures."
            "\v"
            "Example: virqsim run scenarios/first-interrupt.yaml "
            "--set vms.guest.cpu=0\n\n"
            "Exit status: 0 fine, 1 an expectation of the scenario failed, 2 "
            "a mistake in the input, 3 the books of a run do not balance.",
    .options = CLI_VARIANT | CLI_SET | CLI_OUTPUT | CLI_FOLDER | CLI_HOST,
    .needs_file = true,
    .on_variant = run_variant,
};
