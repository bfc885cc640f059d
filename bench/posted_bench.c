/*
 * How fast posted interrupts are simulated end to end, from the device's write
 * to the guest's EOI, on the machine of scenarios/vtd-posting.yaml: two guests
 * that compute, as nobody exits then, and the scenario's own pair, of which
 * one halts.  The figures are those of the fastest of several runs.
 *
 *   interrupts/s   of one core of the host, of which ns are the reciprocal
 *   engine events  the same as a multiple of a bare event of the engine, which
 *                  is timed beside each run: little of the host is left in it
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "sim/machine/machine_private.h"
#include "sim/scenario/scenario_load.h"

#define SCENARIO "scenarios/vtd-posting.yaml"
#define VARIANT "vtd_posting"
#define RUNS 60     /* some of them undisturbed by the host's neighbours */
#define PENDING 16u /* about as many as such a machine has */
#define BARE_EVENTS 500000u

struct speed {
    double ns, bare_ns;   /* of an interrupt; of a bare event */
    double interrupts;    /* that the guests have ended */
    double events;        /* of the machine's engine, an interrupt */
    const char *mistaken; /* NULL, or why the run does not count */
};

/* ---- a bare event ---- */

struct bare {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(PENDING)] __attribute__((aligned(64)));
    struct event event[PENDING];
};

static void again(void *bare, struct event *ev)
{
    struct bare *b = bare;
    sim_time length = 1000 + 300 * (sim_time)(ev - b->event);

    engine_schedule(&b->engine, ev, engine_now(&b->engine) + length);
}

static double bare_ns(struct bare *b)
{
    double start;
    uint16_t target;

    engine_init(&b->engine, PENDING, b->heap);
    target = engine_add_target(&b->engine, again, b);
    for (unsigned i = 0; i < PENDING; i++) {
        event_init(&b->event[i], target, 0);
        engine_schedule(&b->engine, &b->event[i], i);
    }
    start = bench_seconds();
    while (b->engine.executed < BARE_EVENTS)
        engine_run(&b->engine, engine_now(&b->engine) + 100000);
    return 1e9 * (bench_seconds() - start) / (double)b->engine.executed;
}

/* ---- a machine ---- */

static double figure(const struct figures *f, const char *key)
{
    const struct figure *found = figures_find(f, key);

    return found ? found->real : 0;
}

static struct speed run(const struct scenario *s)
{
    static struct bare bare;
    struct machine *m = machine_build(s);
    struct speed speed = {.bare_ns = bare_ns(&bare)};
    double start = bench_seconds(), took;
    struct figures f;

    figures_init(&f);
    machine_run(m, machine_end(m));
    took = bench_seconds() - start;
    speed.mistaken = machine_finish(m, &f);
    speed.interrupts = figure(&f, "latency_ns.msi_write..eoi.count");
    if (figure(&f, "exits.by_reason.EXTERNAL_INTERRUPT") > 0)
        speed.mistaken = "interrupts are not posted";
    speed.ns = 1e9 * took / speed.interrupts;
    speed.events = (double)m->engine.executed / speed.interrupts;
    if (speed.mistaken)
        fprintf(stderr, "posted_bench: %s\n", speed.mistaken);
    figures_free(&f);
    machine_free(m);
    return speed;
}

static struct speed fastest(const struct scenario *s)
{
    struct speed best = {.ns = INFINITY};

    for (int i = 0; i < RUNS && !best.mistaken; i++) {
        struct speed speed = run(s);

        if (speed.ns < best.ns || speed.mistaken)
            best = speed;
    }
    return best;
}

static const struct scenario *variant(const struct scenario_set *set)
{
    for (uint32_t i = 0; i < set->variant_count; i++)
        if (!strcmp(set->variant_name[i], VARIANT))
            return &set->variant[i];
    return NULL;
}

/* False: the scenario cannot be loaded, or its books do not balance. */
static bool measure(const char *name, const struct scenario_options *options,
                    double *ns)
{
    struct scenario_set *set;
    struct speed best;
    struct diag d;

    diag_init(&d);
    set = scenario_load(SCENARIO, options, &d);
    diag_print(&d, stderr);
    diag_free(&d);
    if (!set || !variant(set))
        return false;
    best = fastest(variant(set));
    scenario_free(set);
    printf("%-10s  %12.0f  %7.1f  %13.1f  %16.1f\n", name, 1e9 / best.ns,
           best.ns, best.ns / best.bare_ns, best.events);
    *ns = best.ns;
    return !best.mistaken;
}

int main(void)
{
    static const char *const computing[] = {"duration=1s",
                                            "vms.halted.program=compute"};
    struct scenario_options both = {.set = computing, .set_count = 2};
    struct scenario_options own = {.set = computing, .set_count = 1};
    double ns, own_ns;

    puts("guests      interrupts/s       ns  engine events  events/interrupt");
    if (!measure("computing", &both, &ns) ||
        !measure("one halts", &own, &own_ns))
        return 1;
    printf("at least a million a second: %s\n", ns <= 1e3 ? "yes" : "no");
    return 0;
}
