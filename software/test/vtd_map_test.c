/* Guests that ask their hypervisor for the table entries of their messages. */
#include "software/test/rungs.h"

static const struct map_row {
    const char *name;
    enum scenario_program_kind kind;
    bool posting;
} map_rows[] = {{"computing", PROGRAM_SPIN, false},
                {"halted", PROGRAM_IDLE, false},
                {"posting", PROGRAM_SPIN, true}};

/* Two guests, two units, three messages each. */
static struct scenario asking(const struct map_row *row)
{
    struct scenario s = rig_scenario(RIG_KVM, row->kind);

    rig_pulses(&s, PULSE_EXPONENTIAL, 60 * SIM_US);
    s.warmup = 0;
    s.machine.iommu = rig_iommu(2, true);
    for (uint32_t i = 0; i < 2; i++) {
        s.device[i].vectors = 3;
        s.device[i].unit = i;
        s.vm[i].maps_by_hypercall = true;
        s.vm[i].features.vtd_posting = row->posting;
        if (row->posting)
            s.vm[i].features.apicv = (struct kvm_apicv)POSTED;
    }
    return s;
}

TEST_EACH(vtd_map, gives_each_message_an_entry_for_one_exit, struct map_row,
          map_rows)
{
    struct scenario s = asking(row);
    struct figures f = rig_run(&s);

    EXPECT_EQ(rig_count(&f, "exits.by_reason.VMCALL"), 6);
    EXPECT_EQ(rig_count(&f, "remapping.blocked"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_GT(
        rig_count(&f, row->posting ? "remapping.posted" : "remapping.remapped"),
        100);
    figures_free(&f);
}

/* Entries look as those of a driver before the run. */
TEST(vtd_map, entries_are_those_of_a_driver_before_the_run)
{
    struct scenario s = asking(&map_rows[0]), other = s;
    struct machine *m = machine_build(&s), *n;

    other.vm[0].maps_by_hypercall = other.vm[1].maps_by_hypercall = false;
    n = machine_build(&other);
    EXPECT_EQ(mem_read64(&m->mem, m->unit[1].driver.table), 0, "not yet");
    machine_run(m, SIM_MS);
    for (unsigned unit = 0; unit < 2; unit++)
        for (unsigned i = 0; i < 6; i++)
            EXPECT_EQ(mem_read64(&m->mem, m->unit[unit].driver.table + 8 * i),
                      mem_read64(&n->mem, n->unit[unit].driver.table + 8 * i));
    machine_free(m);
    machine_free(n);
}

/* Of the host's cycles for the exits. */
TEST(vtd_map, hypercall_costs_what_the_profile_says)
{
    const char *const key = "cycles.host_by_reason.VMCALL";
    struct scenario s = asking(&map_rows[0]), dear = s;
    struct figures f, g;

    dear.platform.kvm.hypercall += 1000;
    f = rig_run(&s);
    g = rig_run(&dear);
    EXPECT_EQ(rig_count(&g, key) - rig_count(&f, key), 6 * 1000);
    figures_free(&f);
    figures_free(&g);
}

TEST(vtd_map, second_hypercall_gives_the_same_address)
{
    static struct mem_page page[8];
    struct mem mem;
    struct vtd driver;
    struct vtd_map map = {.driver = &driver, .target = {.vector = 0x31}};
    uint32_t address;

    mem_init(&mem, page, 8);
    vtd_init(&driver, &(struct vtd_config){.memory = 0x400000, .entries = 4});
    address = vtd_map(&map, &mem);
    EXPECT_EQ(address, 0xfee00010);
    EXPECT_EQ(vtd_map(&map, &mem), address);
    EXPECT_EQ(driver.next, 1);
}
