/* Single moments of the guest on the second of two CPUs, whose devices are
 * silent: a test sends the interrupts itself. */
#ifndef SOFTWARE_TEST_MOMENTS_H
#define SOFTWARE_TEST_MOMENTS_H

#include "sim/machine/test/rig.h"

static inline struct scenario moment_scenario(enum rig_variant v)
{
    struct scenario s = rig_scenario(v, PROGRAM_SPIN);

    s.warmup = 0;
    s.duration = 10 * SIM_MS;
    return s;
}

/* The scenario's machine instead of the one before, or of NULL. */
static inline struct machine *rebuilt(struct machine *before,
                                      const struct scenario *s)
{
    if (before)
        machine_free(before);
    return machine_build(s);
}

/* A device's message to the CPU. */
static inline void send_message(struct machine *m, uint32_t data)
{
    machine_write(m, MSI_BASE | 1u << 12, &data, sizeof data);
}

/* The guest's i-th assigned interrupt. */
static inline void send_assigned(struct machine *m, unsigned i)
{
    send_message(m, m->cpu[1].kvm->config.irq[i].host_vector);
}

static inline void run_for(struct machine *m, sim_time time)
{
    machine_run(m, machine_now(m) + time);
}

static inline uint64_t exits_for(const struct machine *m,
                                 enum exit_reason reason)
{
    return m->cpu[1].node.account.exits[reason];
}

/* To the end: whatever a test has done, the books balance. */
static inline void finish(struct machine *m, uint64_t faults)
{
    struct figures f;

    rig_finish(m, &f);
    EXPECT_EQ(m->cpu[1].kvm->unexpected, 0);
    EXPECT_EQ(m->cpu[1].workload->faults, faults);
    figures_free(&f);
    machine_free(m);
}

/* ---- moments that a machine can be run until ---- */

static inline bool in_guest(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && n->step == STEP_WORK && machine_now(m) > SIM_MS;
}

static inline bool in_guests_sti(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && n->step == STEP_OP && machine_now(m) > SIM_MS &&
           m->text.op[rip_op(n->cpu.rip)].kind == OP_STI;
}

static inline bool in_exit(struct machine *m)
{
    return m->cpu[1].node.step == STEP_EXIT;
}

static inline bool in_entry(struct machine *m)
{
    return m->cpu[1].node.step == STEP_ENTRY;
}

#endif
