/* Hosts that switch their devices' table entries between posted and remapped
 * format while these interrupt: code on the CPUs, and what comes of mistakes.
 */
#include "sim/machine/state.h"
#include "sim/machine/test/rig.h"
#include "software/test/rungs.h"

static const struct switch_row {
    const char *name;
    uint32_t units;
    enum scenario_program_kind kind;
    enum scenario_message message;
} switch_rows[] = {
    {"units_of_their_own", 2, PROGRAM_SPIN, MESSAGE_MSIX},
    {"one_unit", 1, PROGRAM_SPIN, MESSAGE_MSIX},
    {"halted", 2, PROGRAM_IDLE, MESSAGE_MSIX},
    {"halted_one_unit", 1, PROGRAM_IDLE, MESSAGE_MSI},
};

/* Two guests whose hosts tick at the same time, each with a device of four
 * vectors. */
static struct scenario switched(const struct switch_row *row,
                                enum scenario_switch how)
{
    struct scenario s = rig_scenario(RIG_KVM, row->kind);

    rig_pulses(&s, PULSE_EXPONENTIAL, 15 * SIM_US);
    s.duration = 20 * SIM_MS;
    s.machine.host_timer_hz = 10000;
    s.machine.iommu = rig_iommu(row->units, true);
    for (uint32_t i = 0; i < 2; i++) {
        s.device[i].message = row->message;
        s.device[i].vectors = 4;
        s.device[i].unit = i % row->units;
        s.vm[i].posting_switch = how;
        s.vm[i].features.vtd_posting = true;
        s.vm[i].features.apicv = (struct kvm_apicv)POSTED;
    }
    return s;
}

TEST_EACH(machine_switch, loses_nothing, struct switch_row, switch_rows)
{
    struct scenario s = switched(row, SWITCH_FLUSH);
    struct figures f = rig_exchange(&s, NULL);

    for (unsigned i = 0; i < 2; i++) {
        char key[64];

        snprintf(key, sizeof key, "interrupts.by_source.nic%u.sent", i);
        EXPECT_GT(rig_count(&f, key), 900);
    }
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.pending"), 0);
    EXPECT_GT(rig_count(&f, "remapping.posted"), 900);
    EXPECT_GT(rig_count(&f, "remapping.remapped"), 900);
    EXPECT_EQ(rig_count(&f, "remapping.blocked"), 0);
    /* two times four entries, 200 ticks; the last may not be over */
    EXPECT_GT(rig_count(&f, "moves.count"), 8 * 199 - 1);
    figures_free(&f);
}

/* Two descriptors, the status, and the write of the tail on its way. */
TEST(machine_switch, takes_the_time_of_the_unit_from_the_cpu)
{
    struct scenario s = switched(&switch_rows[0], SWITCH_FLUSH);
    struct figures f = rig_run(&s);
    double least = 200 + 2 * 75 + 65, ghz = 2.93;
    double cycles = (double)rig_count(&f, "moves.cycles") /
                    (double)rig_count(&f, "moves.count");

    EXPECT_GE(rig_real(&f, "moves.mean"), least);
    EXPECT_LT(rig_real(&f, "moves.mean"), least + 200);
    EXPECT_GE(cycles, least * ghz);
    EXPECT_LT(cycles, (least + 200) * ghz);
    figures_free(&f);
}

/* Hosts of one unit wait for each other. */
TEST(machine_switch, of_one_unit_takes_longer)
{
    struct scenario own = switched(&switch_rows[0], SWITCH_FLUSH);
    struct scenario one = switched(&switch_rows[1], SWITCH_FLUSH);
    struct figures f = rig_run(&own), g = rig_run(&one);

    EXPECT_GT(rig_real(&g, "moves.max"), rig_real(&f, "moves.max") * 1.5);
    figures_free(&f);
    figures_free(&g);
}

static const struct mistake_row {
    const char *name;
    enum scenario_switch how;
    uint32_t cache_entries;
    bool breaks;
} mistake_rows[] = {
    {"no_mistake", SWITCH_FLUSH, 16, false},
    {"no_invalidation", SWITCH_NO_FLUSH, 16, true},
    {"last_look_too_early", SWITCH_EARLY_LOOK, 16, true},
    {"last_look_too_early_without_a_cache", SWITCH_EARLY_LOOK, 0, true},
};

TEST_EACH(machine_switch, mistake_loses_a_posted_interrupt, struct mistake_row,
          mistake_rows)
{
    struct scenario s = switched(&switch_rows[2], row->how);
    struct machine *m;

    s.machine.iommu.cache_entries = row->cache_entries;
    m = machine_build(&s);
    machine_run(m, SIM_TIME_NEVER);
    EXPECT_EQ(strstr(m->violation, "a posted interrupt waits") != NULL,
              row->breaks, "%s", m->violation);
    machine_free(m);
}

/* ---- in every order ---- */

struct machine_switch {
    struct scenario s;
    struct explore_result r;
};

static bool switches(struct machine *m)
{
    return m->move[0]->under_way;
}

/* When the first entry is written. */
static sim_time begin_of_switch(const struct scenario *s)
{
    struct machine *m = machine_build_small(s);
    sim_time when;

    EXPECT_TRUE(rig_run_until(m, switches));
    when = machine_now(m);
    machine_free(m);
    return when;
}

/* One guest's devices interrupt while its host's first tick switches; they did
 * so before, so that their entries are cached. */
static void machine_switch_setup(struct machine_switch *f)
{
    sim_time begins;

    f->s = switched(&switch_rows[2], SWITCH_FLUSH);
    f->s.vm_count = f->s.machine.cpus = 1;
    f->s.vm[0].assigned_count = 2;
    f->s.vm[0].assigned[1] = 1;
    f->s.duration = SIM_MS;
    f->s.platform.cpu.pause = 140; /* few polls: few states */
    rig_pulses(&f->s, PULSE_PERIODIC, SIM_S);
    begins = begin_of_switch(&f->s);
    f->s.warmup = begins - 300 * SIM_NS;
    f->s.duration = 6 * SIM_US;
    for (unsigned i = 0; i < 2; i++) {
        f->s.device[i].nic.pulse_interval =
            (begins - 200 * SIM_NS + 300 * i * SIM_NS) / 2;
    }
}

static void machine_switch_teardown(struct machine_switch *f)
{
    explore_free(&f->r);
}

static void search(struct machine_switch *f)
{
    struct explore_limits limits = {100 * SIM_NS, 20000, 10000};
    struct machine *m = machine_build_small(&f->s);

    machine_run(m, f->s.warmup);
    machine_explore(m, &limits, &f->r);
    machine_free(m);
}

TEST_F(machine_switch, loses_nothing_in_any_order)
{
    search(f);
    EXPECT_FALSE(f->r.violated, "%s", f->r.violation);
    EXPECT_TRUE(f->r.exhausted);
    EXPECT_GT(f->r.ended, 1);
    EXPECT_GT(f->r.states, 500);
}

TEST_F(machine_switch, without_invalidation_an_order_loses_one)
{
    f->s.vm[0].posting_switch = SWITCH_NO_FLUSH;
    search(f);
    ASSERT_TRUE(f->r.violated);
    EXPECT_TRUE(strstr(f->r.violation, "a posted interrupt waits"), "%s",
                f->r.violation);
}

TEST_F(machine_switch, with_an_early_last_look_an_order_loses_one)
{
    f->s.vm[0].posting_switch = SWITCH_EARLY_LOOK;
    search(f);
    ASSERT_TRUE(f->r.violated);
    EXPECT_TRUE(strstr(f->r.violation, "a posted interrupt waits"), "%s",
                f->r.violation);
}

/* What is under way to the unit, and where entries are, tells states apart. */
TEST_F(machine_switch, place_of_an_entry_is_part_of_the_state)
{
    struct machine *m = machine_build_small(&f->s);
    uint64_t before;

    machine_run(m, f->s.warmup);
    before = machine_hash(m);
    m->move[1]->at ^= 1;
    EXPECT_NE(machine_hash(m), before);
    m->move[1]->at ^= 1;
    m->move[1]->under_way = true;
    EXPECT_NE(machine_hash(m), before);
    m->move[1]->under_way = false;
    m->move[1]->done.count++;
    EXPECT_EQ(machine_hash(m), before);
    machine_free(m);
}
