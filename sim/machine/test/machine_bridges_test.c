/* INTx through bridges: which of the root's wires, and so which pin, it takes.
 */
#include "sim/machine/test/rig.h"

#define ROOT_A 16u

/* From the root on: the device numbers of up to three bridges, then of the
 * device. */
static const struct path_row {
    const char *name;
    uint32_t bridges, slot[4];
    uint32_t interrupt_pin, gsi;
} path_rows[] = {
    {"root_inta", 0, {0}, 0, 16},
    {"root_intc_is_not_turned", 0, {5}, 2, 18},
    {"slot_3_inta_is_intd", 1, {0, 3}, 0, 19},
    {"bridge_on_a_link_adds_nothing", 2, {9, 0, 3}, 0, 19},
    {"two_bridges_add_up", 2, {0, 1, 2}, 0, 19},
    {"two_bridges_wrap", 2, {0, 3, 2}, 3, 16},
    {"three_bridges", 3, {7, 31, 5, 6}, 1, 19},
};

/* Device 0 at the end of its path, device 1 on the root bus, on a wire of its
 * own. */
static struct scenario with_path(const struct path_row *row)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);

    s.machine.ioapic.pins = 24;
    for (uint32_t i = 0; i < s.device_count; i++) {
        s.device[i].message = MESSAGE_INTX;
        s.device[i].pin = ROOT_A;
        s.device[i].vectors = 1;
        s.device[i].moderation = s.device[i].ack_moderation = 0;
    }
    s.device[1].interrupt_pin = (row->gsi + 1) % INTX_PINS;
    s.bridge_count = row->bridges;
    for (uint32_t i = 0; i < row->bridges; i++)
        s.bridge[i] =
            (struct scenario_bridge){.behind = i, .slot = row->slot[i]};
    s.device[0].behind = row->bridges;
    s.device[0].slot = row->slot[row->bridges];
    s.device[0].interrupt_pin = row->interrupt_pin;
    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    return s;
}

TEST_EACH(machine_bridges, intx_ends_at_the_swizzled_pin, struct path_row,
          path_rows)
{
    struct scenario s = with_path(row);
    struct machine *m = machine_build(&s);
    struct figures f;

    EXPECT_EQ(scenario_pin(&s, &s.device[0]), row->gsi);
    for (unsigned pin = ROOT_A; pin < ROOT_A + 4; pin++) {
        bool used = pin == row->gsi || pin == scenario_pin(&s, &s.device[1]);

        EXPECT_EQ(m->ioapic->ioapic.rte[pin] & IOAPIC_RTE_MASKED,
                  used ? 0 : IOAPIC_RTE_MASKED, "pin %u", pin);
    }
    rig_finish(m, &f);
    EXPECT_GT(m->device[0].pulses, 40);
    EXPECT_GE(m->cpu[0].workload->seen_received[0] + 1, m->device[0].pulses);
    EXPECT_GE(m->cpu[1].workload->seen_received[1] + 1, m->device[1].pulses);
    machine_free(m);
    figures_free(&f);
}

/* Two devices whose wires meet: while one asserts, the other's change is not
 * seen upstream, and a repeated message changes nothing. */
TEST(machine_bridges, wires_that_meet_are_ored)
{
    static const struct {
        unsigned device;
        bool asserts, high; /* active low */
    } step[] = {{0, true, false},  {0, true, false},  {1, true, false},
                {0, false, false}, {0, false, false}, {1, false, true},
                {1, false, true}};
    struct scenario s = with_path(&path_rows[2]);
    struct machine *m;
    struct port port[2];

    s.device[1].interrupt_pin = 3;
    m = machine_build(&s);
    for (unsigned i = 0; i < 2; i++)
        port[i] = lines_intx(m, i);
    for (unsigned i = 0; i < sizeof step / sizeof *step; i++) {
        struct msg msg = {.kind = MSG_LINE, .line = {.high = step[i].asserts}};

        port_send(&port[step[i].device], &msg);
        EXPECT_EQ(vecset_has(&m->ioapic->ioapic.high, 19), step[i].high,
                  "message %u", i);
    }
    machine_free(m);
}
