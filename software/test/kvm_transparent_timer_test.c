/*
 * A guest cannot tell who watches its timer: random programs of the APIC
 * timer's registers see the same on the bare machine, with the host's timer,
 * the VMX-preemption timer and APIC-timer virtualization.  Each look is far
 * from any expiry, as time passes differently in a guest.
 */
#include <string.h>

#include "sim/core/rng.h"
#include "software/test/transparent.h"

#define PROGRAMS 8u
#define STEPS 40u
#define VECTOR 0x9e
#define SHORT 5000u      /* clocks of the timer: well within a wait */
#define LONG 0x40000000u /* beyond the end of the run */
#define FAR_DEADLINE (UINT64_C(1) << 40)
#define WAIT 400000u /* cycles */

static void write_any(struct machine *m, bool x2apic, struct rng *r)
{
    static const uint32_t modes[] = {0, LVT_PERIODIC, LVT_TSC_DEADLINE};
    static const uint64_t counts[] = {0, SHORT, LONG};
    static const uint64_t deadlines[] = {0, 1, FAR_DEADLINE};

    switch (rng_below(r, 3)) {
    case 0:
        apic_code_write(&m->text, x2apic, APIC_LVT_TIMER,
                        modes[rng_below(r, 3)] | VECTOR |
                            (rng_below(r, 3) ? 0 : LVT_MASKED));
        break;
    case 1:
        apic_code_write(&m->text, x2apic, APIC_TMICT, counts[rng_below(r, 3)]);
        break;
    default:
        rig_wrmsr(m, MSR_TSC_DEADLINE, deadlines[rng_below(r, 3)]);
    }
}

static void note_whether(void *self, struct cpu_env *env, uint64_t arg)
{
    env->cpu->gpr[RAX] = env->cpu->gpr[RAX] != 0;
    note(self, env, arg);
}

/* Of the current count only whether it runs. */
static void read_any(struct machine *m, bool x2apic, struct rng *r,
                     struct taken *t)
{
    static const uint32_t offsets[] = {0x240, 0x320, 0x380, 0x390};
    uint32_t i = (uint32_t)rng_below(r, 5);

    if (i == 4)
        rig_op(m, OP_RDMSR, MSR_TSC_DEADLINE);
    else if (x2apic)
        rig_op(m, OP_RDMSR, MSR_X2APIC + offsets[i] / 16);
    else
        rig_op(m, OP_LOAD, APIC_PAGE + offsets[i]);
    text_call(&m->text, i == 3 ? note_whether : note, t, 0);
}

static void any_step(struct machine *m, bool x2apic, struct rng *r,
                     struct taken *t)
{
    switch (rng_below(r, 5)) {
    case 0:
    case 1:
        write_any(m, x2apic, r);
        rig_op(m, OP_WORK, WAIT);
        break;
    case 2:
        read_any(m, x2apic, r, t);
        break;
    case 3:
        apic_code_write(&m->text, x2apic, APIC_EOI, 0);
        rig_op(m, OP_WORK, WAIT);
        break;
    default:
        rig_op(m, OP_STI, 0);
        rig_op(m, OP_NOP, 0);
        rig_op(m, OP_NOP, 0);
        rig_op(m, OP_CLI, 0);
        rig_op(m, OP_WORK, WAIT);
    }
}

static void run(struct scenario s, uint64_t seed, struct taken *t)
{
    bool x2apic = s.vm[0].apic == APIC_MODE_X2APIC;
    struct machine *m;
    struct rng r;

    rig_without_devices(&s);
    s.duration = 20 * SIM_MS;
    m = machine_build(&s);
    rng_init(&r, seed, 2);
    idt_set_gate(&m->mem, m->cpu[1].workload->idt, VECTOR, text_here(&m->text));
    text_call(&m->text, note, t, TAKEN | VECTOR);
    rig_op(m, OP_IRET, 0);
    rig_code(m, 1);
    rig_op(m, OP_CLI, 0);
    apic_code_write(&m->text, x2apic, APIC_DCR, DCR_DIVIDE_BY_1);
    for (unsigned i = 0; i < STEPS; i++)
        any_step(m, x2apic, &r, t);
    text_call(&m->text, note, t, TAKEN);
    rig_spin(m, 100000);
    machine_run(m, 20 * SIM_MS);
    EXPECT_EQ(t->log[t->count - 1], TAKEN, "it has come to its end");
    machine_free(m);
}

static const struct row {
    const char *name;
    enum scenario_apic_mode apic;
    enum kvm_guest_timer timer;
    struct kvm_apicv apicv;
} rows[] = {
    {"host_xapic", APIC_MODE_XAPIC, KVM_TIMER_HOST, SOFTWARE},
    {"host_flexpriority", APIC_MODE_XAPIC, KVM_TIMER_HOST, FLEXPRIORITY},
    {"host_x2apic", APIC_MODE_X2APIC, KVM_TIMER_HOST, SOFTWARE},
    {"host_registers", APIC_MODE_X2APIC, KVM_TIMER_HOST, REGISTERS},
    {"host_apicv", APIC_MODE_X2APIC, KVM_TIMER_HOST, APICV},
    {"preemption_xapic", APIC_MODE_XAPIC, KVM_TIMER_PREEMPTION, SOFTWARE},
    {"preemption_x2apic", APIC_MODE_X2APIC, KVM_TIMER_PREEMPTION, SOFTWARE},
    {"preemption_apicv", APIC_MODE_XAPIC, KVM_TIMER_PREEMPTION, APICV},
    {"preemption_posted", APIC_MODE_X2APIC, KVM_TIMER_PREEMPTION, POSTED},
    {"virtualized_xapic", APIC_MODE_XAPIC, KVM_TIMER_VIRTUALIZED, APICV},
    {"virtualized_x2apic", APIC_MODE_X2APIC, KVM_TIMER_VIRTUALIZED, APICV},
    {"virtualized_posted", APIC_MODE_X2APIC, KVM_TIMER_VIRTUALIZED, POSTED},
};

TEST_EACH(kvm_transparent_timer, is_that_of_the_bare_machine, struct row, rows)
{
    unsigned seen = 0;

    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        struct scenario s = guest(row->apic, row->apicv);
        struct taken real = {0}, virtual = {0};

        s.vm[0].features.guest_timer = row->timer;
        run(bare(row->apic), seed, &real);
        run(s, seed, &virtual);
        expect_same(&real, &virtual, seed);
        seen += real.count;
    }
    EXPECT_GT(seen, 8 * PROGRAMS);
}
