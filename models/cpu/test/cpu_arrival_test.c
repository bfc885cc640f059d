/* Events that arrive at any moment of a guest's entry, run, exit, re-entry,
 * shadow of STI and HLT, close to each other: each has its effect. */
#include <stdlib.h>

#include "models/cpu/test/vapic_node_rig.h"

#define MOMENTS 9000u /* cycles: to the guest's HLT, and well into it */
#define STEP 73u
#define SETTLED 40000u

static const struct row {
    const char *name;
    uint8_t line, vector;     /* a vector is an interrupt's on CORE_INTR */
    bool exits, runs_handler; /* of the guest */
    uint32_t reason;
} rows[] = {
    {"notification", CORE_INTR, NOTIFICATION, false, true, 0},
    {"interrupt", CORE_INTR, 0x51, true, false, EXIT_EXTERNAL_INTERRUPT},
    {"nmi", CORE_NMI, 0, true, false, EXIT_EXCEPTION_NMI},
    {"init", CORE_INIT, 0, true, false, EXIT_INIT_SIGNAL},
    {"sipi", CORE_SIPI, 0, false, false, 0},
    {"smi", CORE_SMI, 0, false, false, 0},
};
#define ROWS (sizeof rows / sizeof rows[0])

static void build_guest(struct guest_rig *g)
{
    guest_vapic_init(g);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
    g->at_exit = guest_consume;
    g->stop_after = 10;
    rig_handler(&g->r, VECTOR_NMI);
    guest_with_handlers(g);
    rig_emit(&g->r, OP_WORK, 500);
    rig_emit(&g->r, OP_VMCALL, 0);
    rig_emit(&g->r, OP_CLI, 0);
    rig_emit(&g->r, OP_WORK, 500);
    rig_emit(&g->r, OP_STI, 0);
    rig_emit(&g->r, OP_NOP, 0);
    rig_emit(&g->r, OP_WORK, 500);
    rig_emit_end(&g->r);
}

static void arrive(struct guest_rig *g, const struct row *row)
{
    if (row->vector == NOTIFICATION)
        guest_post(g, 0x31);
    if (row->vector)
        rig_raise(&g->r, row->vector, SOURCE_B);
    else
        rig_core_line(&g->r, (enum core_line)row->line, true);
}

static unsigned exits_for(const struct guest_rig *g, uint64_t reason)
{
    unsigned n = 0;

    for (unsigned i = 0; i < g->exits; i++)
        n += g->exit[i].reason == reason;
    return n;
}

/* Handlers that ran in the guest, and in root operation the NMI's. */
static unsigned handlers(const struct guest_rig *g, bool non_root)
{
    unsigned n = 0;

    for (unsigned i = 0; i < g->r.notes; i++)
        n += g->r.note[i].non_root == non_root;
    return n;
}

/* An NMI that finds the host in root operation is taken by its handler. */
static unsigned expect_exit_of(const struct guest_rig *g, const struct row *row)
{
    unsigned n = row->exits ? exits_for(g, row->reason) : 0;

    EXPECT_EQ(n + (row->line == CORE_NMI ? handlers(g, false) : 0), row->exits,
              "%s", row->name);
    return n;
}

static void expect_both(struct guest_rig *g, const struct row *one,
                        const struct row *other)
{
    unsigned exits = expect_exit_of(g, one) + expect_exit_of(g, other);

    EXPECT_EQ(g->exits, 1 + exits, "VMCALL and no other");
    EXPECT_EQ(handlers(g, true), one->runs_handler + other->runs_handler);
    EXPECT_EQ(g->r.node.account.smis,
              (one->line == CORE_SMI) + (other->line == CORE_SMI));
    EXPECT_EQ(g->r.node.cpu.activity, ACTIVITY_HLT);
    EXPECT_TRUE(g->r.node.cpu.non_root, "it goes on after all");
    EXPECT_EQ(guest_on(g), 0);
}

/* At `at`, and `later` cycles behind it. */
static void expect_both_at(const struct row *one, const struct row *other,
                           uint64_t at, uint64_t later)
{
    struct guest_rig *g = calloc(1, sizeof *g);

    build_guest(g);
    guest_run(g, at);
    arrive(g, one);
    rig_run(&g->r, at + later);
    arrive(g, other);
    rig_run(&g->r, SETTLED);
    expect_both(g, one, other);
    rig_audit(&g->r);
    free(g);
}

TEST_EACH(cpu_arrival, has_its_effect_once_at_any_moment_beside_any_other,
          struct row, rows)
{
    static const uint64_t later[] = {0, 150, 1100};

    for (const struct row *other = rows; other < rows + ROWS; other++)
        for (uint64_t at = 1; at < MOMENTS && other != row; at += STEP)
            for (unsigned i = 0; i < sizeof later / sizeof *later; i++)
                expect_both_at(row, other, at, later[i]);
}
