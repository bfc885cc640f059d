/*
 * How fast a machine runs: one CPU streams messages through an adapter, bare
 * metal and in a guest.  The figures are the best of several runs.
 *
 *   interrupts/s  simulated interrupts delivered per second of the host
 *   ns/event      host time per event of the engine
 *   slowdown      host time over simulated time; below 1 is faster than real
 */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "sim/machine/test/rig.h"

#define ROUNDS 5

struct speed {
    double host_s, simulated_s;
    double interrupts, events, messages;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct speed run(const struct scenario *s)
{
    struct machine *m = machine_build(s);
    double start = now_s();
    struct figures f;
    struct speed speed;

    figures_init(&f);
    machine_run(m, machine_end(m));
    speed.host_s = now_s() - start;
    if (machine_finish(m, &f))
        fputs("the books do not balance\n", stderr);
    speed.simulated_s = (double)machine_end(m) / (double)SIM_S;
    speed.interrupts = rig_real(&f, "interrupts.delivered");
    speed.messages = rig_real(&f, "throughput.messages");
    speed.events = (double)m->engine.executed;
    figures_free(&f);
    machine_free(m);
    return speed;
}

static struct speed best(const struct scenario *s)
{
    struct speed fastest = {.host_s = INFINITY};

    for (int i = 0; i < ROUNDS; i++) {
        struct speed speed = run(s);

        if (speed.host_s < fastest.host_s)
            fastest = speed;
    }
    return fastest;
}

int main(void)
{
    puts("variant       interrupts/s   messages/s  ns/event  slowdown");
    for (size_t i = 0; i < sizeof rig_variants / sizeof *rig_variants; i++) {
        struct scenario s =
            rig_scenario(rig_variants[i].variant, PROGRAM_STREAM);
        struct speed speed;

        s.vm_count = s.machine.cpus = s.device_count = 1;
        s.program[0].timer_hz = 250;
        s.warmup = 0;
        s.duration = 200 * SIM_MS;
        speed = best(&s);
        printf("%-12s  %12.0f %12.0f  %8.1f  %8.2f\n", rig_variants[i].name,
               speed.interrupts / speed.host_s, speed.messages / speed.host_s,
               1e9 * speed.host_s / speed.events,
               speed.host_s / speed.simulated_s);
    }
    return 0;
}
