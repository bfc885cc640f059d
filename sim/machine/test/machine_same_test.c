/* The same scenario gives the same bytes: at once, in slices, from a
 * checkpoint, with or without a warm-up. */
#include <stdlib.h>

#include "sim/core/rng.h"
#include "sim/machine/test/rig.h"

/* A line of the 8259s, a watchdog and ticks of the HPET, for programs on bare
 * metal. */
static void add_old_devices(struct scenario *s)
{
    struct scenario_device isa = rig_device();

    isa.vectors = 1;
    isa.moderation = isa.ack_moderation = 0;
    isa.nic.pulse = PULSE_UNIFORM;
    isa.nic.pulse_interval = 30 * SIM_US;
    s->device[3] = s->device[4] = isa;
    s->device[3].message = MESSAGE_ISA;
    s->device[3].controller = CONTROLLER_PIC;
    s->device[3].irq = 15;
    s->device[4].delivery = SIGNAL_NMI;
    s->device_count = 5;
    s->machine.pic.virtual_wire = VIRTUAL_WIRE_IOAPIC;
    s->machine.hpet.timers = 3;
    s->machine.hpet.hz = 14318180;
    s->program[1].timer_hz = 3000;
    s->program[1].timer_source = TIMER_HPET_MESSAGE;
    s->program[2].timer_hz = 2000;
    s->program[2].timer_source = TIMER_HPET_LINE;
    for (uint32_t i = 0; i < 2; i++) {
        s->vm[i].assigned_count = 2;
        s->vm[i].assigned[1] = 3 + i;
        snprintf(s->device[3 + i].name, SCENARIO_NAME, "old%u", i);
    }
}

/* Something of everything: chance, a guest's timer, the host's tick, lines. */
static struct scenario lively(enum rig_variant v)
{
    struct scenario s = rig_scenario(v, PROGRAM_STREAM);

    rig_add_vm(&s, v, PROGRAM_IDLE);
    s.device[0].nic.round_trip_jitter = 5 * SIM_US;
    s.device[2].nic.pulse = PULSE_EXPONENTIAL;
    s.device[2].nic.pulse_interval = 20 * SIM_US;
    s.machine.ioapic.pins = 24;
    if (!s.vm[2].features.eli) {
        s.device[2].message = MESSAGE_INTX;
        s.device[2].vectors = 1;
        s.device[2].moderation = s.device[2].ack_moderation = 0;
    }
    s.program[0].timer_hz = 1000;
    s.program[1].window = 8;
    s.machine.host_timer_hz = 1000;
    if (v == RIG_BARE_METAL)
        add_old_devices(&s);
    return s;
}

static bool same(const struct figures *a, const struct figures *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->list[i].key, b->list[i].key) ||
            a->list[i].count != b->list[i].count ||
            memcmp(&a->list[i].real, &b->list[i].real, sizeof(double)))
            return false;
    return true;
}

TEST_EACH(machine_same, scenario_gives_the_same_figures, struct rig_variant_row,
          rig_variants)
{
    struct scenario s = lively(row->variant);
    struct figures a = rig_run(&s), b = rig_run(&s);

    EXPECT_TRUE(same(&a, &b));
    EXPECT_GT(a.count, 50, "there is something to compare");
    figures_free(&a);
    figures_free(&b);
}

TEST_EACH(machine_same, seed_makes_the_difference, struct rig_variant_row,
          rig_variants)
{
    struct scenario s = lively(row->variant);
    struct figures a = rig_run(&s), b;

    s.seed = 2;
    b = rig_run(&s);
    EXPECT_FALSE(same(&a, &b));
    figures_free(&a);
    figures_free(&b);
}

TEST_EACH(machine_same, figures_without_chance_for_every_seed,
          struct rig_variant_row, rig_variants)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_STREAM);
    struct figures a = rig_run(&s), b;

    s.seed = 2;
    b = rig_run(&s);
    EXPECT_TRUE(same(&a, &b), "nothing here draws a random number");
    figures_free(&a);
    figures_free(&b);
}

/* Runs in slices of random length: mostly shorter than a step of a CPU. */
static void run_sliced(struct machine *m, uint64_t seed)
{
    struct rng r;

    rng_init(&r, seed, 0);
    while (machine_now(m) < machine_end(m)) {
        sim_time to = machine_now(m) + rng_below(&r, 2 * SIM_US);

        machine_run(m, rng_below(&r, 8) ? to : machine_next(m));
    }
}

TEST_EACH(machine_same, figures_in_slices_as_at_once, struct rig_variant_row,
          rig_variants)
{
    struct scenario s = lively(row->variant);
    struct figures whole = rig_run(&s), sliced;
    struct machine *m = machine_build(&s);

    run_sliced(m, 5);
    rig_finish(m, &sliced);
    EXPECT_TRUE(same(&whole, &sliced));
    machine_free(m);
    figures_free(&whole);
    figures_free(&sliced);
}

/* One machine: on from the middle, back to it, and on again. */
static void run_twice_from(struct machine *m, sim_time middle,
                           struct figures f[2])
{
    size_t bytes;
    void *copy;

    machine_run(m, middle);
    bytes = m->arena.used;
    copy = malloc(bytes);
    ASSERT_TRUE(copy);
    memcpy(copy, m->arena.base, bytes);
    rig_finish(m, &f[0]);
    memcpy(m->arena.base, copy, bytes);
    EXPECT_EQ(machine_now(m), middle);
    rig_finish(m, &f[1]);
    free(copy);
}

TEST_EACH(machine_same, figures_from_a_checkpoint_as_run_through,
          struct rig_variant_row, rig_variants)
{
    struct scenario s = lively(row->variant);
    struct figures whole = rig_run(&s), f[2];
    struct machine *m = machine_build(&s);

    run_twice_from(m, 2345678 * SIM_NS, f);
    EXPECT_TRUE(same(&whole, &f[0]));
    EXPECT_TRUE(same(&whole, &f[1]));
    machine_free(m);
    figures_free(&whole);
    figures_free(&f[0]);
    figures_free(&f[1]);
}

TEST_EACH(machine_same, figures_of_two_machines_side_by_side,
          struct rig_variant_row, rig_variants)
{
    struct scenario s = lively(row->variant);
    struct figures whole = rig_run(&s), a, b;
    struct machine *m[2] = {machine_build(&s), machine_build(&s)};

    for (sim_time t = 0; t < machine_end(m[0]); t += 100 * SIM_US) {
        machine_run(m[0], t);
        machine_run(m[1], t + 50 * SIM_US);
    }
    rig_finish(m[0], &a);
    rig_finish(m[1], &b);
    EXPECT_TRUE(same(&whole, &a));
    EXPECT_TRUE(same(&whole, &b));
    machine_free(m[0]);
    machine_free(m[1]);
    figures_free(&whole);
    figures_free(&a);
    figures_free(&b);
}

/* What happens must not depend on where the measurement begins. */
TEST_EACH(machine_same, course_of_events_whatever_the_warm_up,
          struct rig_variant_row, rig_variants)
{
    struct scenario s = lively(row->variant), t = s;
    struct machine *a, *b;

    s.warmup = 0;
    s.duration = 2 * SIM_MS;
    t.warmup = 1234567 * SIM_NS;
    t.duration = s.duration - t.warmup;
    a = machine_build(&s);
    b = machine_build(&t);
    /* up to the last whole microsecond that both have */
    machine_run(a, 1999 * SIM_US);
    machine_run(b, 1999 * SIM_US);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQ(a->cpu[i].node.cpu.rip, b->cpu[i].node.cpu.rip, "CPU %u", i);
        EXPECT_EQ(a->cpu[i].node.step_event.time,
                  b->cpu[i].node.step_event.time, "CPU %u", i);
        EXPECT_EQ(a->cpu[i].workload->produced, b->cpu[i].workload->produced);
    }
    machine_free(a);
    machine_free(b);
}
