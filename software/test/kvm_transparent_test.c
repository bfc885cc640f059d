/*
 * A guest cannot tell who serves its APIC: random programs read the same
 * registers, take the same interrupts and faults on the bare machine and with
 * each virtualization of the APIC.
 *
 * Left out is what the pages let differ: reads of x2APIC registers that fault
 * on the bare machine, VERSION, and current counts.
 */
#include <string.h>

#include "sim/core/rng.h"
#include "software/test/transparent.h"

#define PROGRAMS 16u
#define STEPS 60u
#define IPI_WAY 20000u /* cycles; at least as long as any self-IPI takes */

enum step_kind {
    STEP_READ,
    STEP_SET,
    STEP_SET_CR8,
    STEP_READ_CR8,
    STEP_IPI,
    STEP_SELF_IPI,
    STEP_END,
    STEP_OPEN,
    STEP_KINDS
};

struct step {
    enum step_kind kind;
    uint32_t offset;
    uint64_t value;
};

/* ---- what a program may do ---- */

static const uint8_t vectors[] = {0x0f, 0x10, 0x1f, 0x21, 0x2e, 0x31,
                                  0x41, 0x4f, 0x72, 0x9e, 0xd0, 0xdf};

static uint32_t any_register(struct rng *r, bool x2apic)
{
    static const uint32_t offsets[] = {0x20,  0x80,  0xa0,  0xd0,  0xf0,
                                       0x280, 0x300, 0x330, 0x340, 0x350,
                                       0x360, 0x370, 0x380, 0x3e0, 0x320};
    const uint32_t count = sizeof offsets / sizeof *offsets;
    uint32_t i = (uint32_t)rng_below(r, count + 27);

    if (i < count)
        return offsets[i];
    if (i < count + 24)
        return 0x100 + 0x10 * (i - count); /* ISR, TMR, IRR */
    return x2apic ? 0x80 : 0xe0;
}

/* LVT entries, SVR, ESR, and what the two modes have not in common; masked, as
 * nothing here is to come from outside. */
static struct step any_write(struct rng *r, bool x2apic)
{
    static const uint32_t lvt[] = {0x320, 0x330, 0x340, 0x350, 0x360, 0x370};
    uint64_t vector = vectors[rng_below(r, sizeof vectors)];

    switch (rng_below(r, 6)) {
    case 0:
        return (struct step){STEP_SET, APIC_SVR, SVR_ENABLE | 0xff};
    case 1:
        return (struct step){STEP_SET, 0x280, 0};
    case 2:
        return (struct step){STEP_SET, lvt[rng_below(r, 6)],
                             LVT_MASKED | vector};
    case 3:
        return (struct step){STEP_SET, 0x3e0, rng_below(r, 12)};
    case 4:
        if (!x2apic)
            return (struct step){STEP_SET, 0xd0, rng_below(r, 256) << 24};
        return (struct step){STEP_SET, 0x280, rng_below(r, 2)};
    default:
        return (struct step){STEP_SET, APIC_TPR,
                             rng_below(r, x2apic ? 0x110 : 0x100)};
    }
}

static struct step any_step(struct rng *r, bool x2apic)
{
    struct step s = {.kind = (enum step_kind)rng_below(r, STEP_KINDS)};

    s.value = vectors[rng_below(r, sizeof vectors)];
    switch (s.kind) {
    case STEP_SET:
        return any_write(r, x2apic);
    case STEP_READ:
        s.offset = any_register(r, x2apic);
        return s;
    case STEP_SET_CR8:
        s.value = rng_below(r, 18);
        return s;
    case STEP_IPI: /* shorthand self; bit 14 says nothing */
        s.value |= 1u << 18 | rng_below(r, 2) << 14;
        return s;
    default:
        return s;
    }
}

/* ---- on a machine ---- */

static void build_handlers(struct machine *m, struct taken *t)
{
    uint64_t idt = m->cpu[1].workload->idt;

    for (unsigned i = 0; i < sizeof vectors; i++) {
        idt_set_gate(&m->mem, idt, vectors[i], text_here(&m->text));
        text_call(&m->text, note, t, TAKEN | vectors[i]);
        rig_op(m, OP_IRET, 0);
    }
    idt_set_gate(&m->mem, idt, VECTOR_GP, text_here(&m->text));
    text_call(&m->text, note, t, TAKEN | VECTOR_GP);
    text_call(&m->text, leave_fault, t, 0);
    rig_op(m, OP_IRET, 0);
}

static void build_read(struct machine *m, bool x2apic, const struct step *s)
{
    if (s->kind == STEP_READ_CR8)
        rig_op(m, OP_MOV_FROM_CR8, 0);
    else if (x2apic)
        rig_op(m, OP_RDMSR, MSR_X2APIC + s->offset / 16);
    else
        rig_op(m, OP_LOAD, APIC_PAGE + s->offset);
}

static void build_step(struct machine *m, struct taken *t, bool x2apic,
                       const struct step *s)
{
    struct text *x = &m->text;

    switch (s->kind) {
    case STEP_READ:
    case STEP_READ_CR8:
        build_read(m, x2apic, s);
        text_call(x, note, t, 0);
        break;
    case STEP_SET:
        apic_code_write(x, x2apic, s->offset, s->value);
        break;
    case STEP_SET_CR8:
        rig_op(m, OP_MOV, s->value);
        rig_op(m, OP_MOV_CR8, 0);
        break;
    case STEP_IPI:
    case STEP_SELF_IPI:
        if (x2apic && s->kind == STEP_SELF_IPI)
            rig_wrmsr(m, MSR_SELF_IPI, s->value);
        else
            apic_code_write(x, x2apic, APIC_ICR_LOW, s->value | 1u << 18);
        rig_op(m, OP_WORK, IPI_WAY);
        break;
    case STEP_END:
        apic_code_write(x, x2apic, APIC_EOI, 0);
        break;
    default: /* when the local APIC has told what it has */
        rig_op(m, OP_WORK, APIC_DELAY);
        rig_op(m, OP_STI, 0);
        rig_op(m, OP_NOP, 0);
        rig_op(m, OP_NOP, 0);
        rig_op(m, OP_CLI, 0);
        break;
    }
}

static void run(struct scenario s, uint64_t seed, struct taken *t)
{
    bool x2apic = s.vm[0].apic == APIC_MODE_X2APIC;
    struct machine *m;
    struct rng r;

    rig_without_devices(&s);
    m = machine_build(&s);
    rng_init(&r, seed, 0);
    build_handlers(m, t);
    rig_code(m, 1);
    rig_op(m, OP_CLI, 0);
    for (unsigned i = 0; i < STEPS; i++) {
        struct step step = any_step(&r, x2apic);

        build_step(m, t, x2apic, &step);
    }
    text_call(&m->text, note, t, TAKEN);
    rig_spin(m, 100000);
    machine_run(m, 5 * SIM_MS);
    machine_free(m);
}

static const struct row {
    const char *name;
    enum scenario_apic_mode apic;
    struct kvm_apicv apicv;
} rows[] = {
    {"xapic_software", APIC_MODE_XAPIC, SOFTWARE},
    {"xapic_flexpriority", APIC_MODE_XAPIC, FLEXPRIORITY},
    {"xapic_registers_alone", APIC_MODE_XAPIC, REGISTERS},
    {"xapic_apicv", APIC_MODE_XAPIC, APICV},
    {"xapic_posted", APIC_MODE_XAPIC, POSTED},
    {"xapic_ipiv_alone", APIC_MODE_XAPIC, IPIV_ALONE},
    {"xapic_ipiv", APIC_MODE_XAPIC, IPIV},
    {"x2apic_software", APIC_MODE_X2APIC, SOFTWARE},
    {"x2apic_flexpriority", APIC_MODE_X2APIC, FLEXPRIORITY},
    {"x2apic_registers_alone", APIC_MODE_X2APIC, REGISTERS},
    {"x2apic_apicv", APIC_MODE_X2APIC, APICV},
    {"x2apic_posted", APIC_MODE_X2APIC, POSTED},
    {"x2apic_ipiv_alone", APIC_MODE_X2APIC, IPIV_ALONE},
    {"x2apic_ipiv", APIC_MODE_X2APIC, IPIV},
};

TEST_EACH(kvm_transparent, program_sees_what_it_sees_on_the_bare_machine,
          struct row, rows)
{
    unsigned seen = 0;

    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        struct taken real = {0}, virtual = {0};

        run(bare(row->apic), seed, &real);
        run(guest(row->apic, row->apicv), seed, &virtual);
        seen += real.count;
        expect_same(&real, &virtual, seed);
    }
    EXPECT_GT(seen, 10 * PROGRAMS);
}

/* ---- interrupts between two CPUs ---- */

#define MESSAGES 30u
#define WAY 100000u /* cycles; until whoever gets it has handled it */

static void build_receiver(struct machine *m, unsigned cpu, bool x2apic,
                           struct taken *t)
{
    uint64_t idt = m->cpu[cpu].workload->idt;

    for (unsigned i = 1; i < sizeof vectors; i++) {
        idt_set_gate(&m->mem, idt, vectors[i], text_here(&m->text));
        text_call(&m->text, note, t, TAKEN | vectors[i]);
        apic_code_write(&m->text, x2apic, APIC_EOI, 0);
        rig_op(m, OP_IRET, 0);
    }
    idt_set_gate(&m->mem, idt, VECTOR_NMI, text_here(&m->text));
    text_call(&m->text, note, t, TAKEN | VECTOR_NMI);
    rig_op(m, OP_IRET, 0);
}

/* In the flat model each has a bit of its own, as in x2APIC mode. */
static void build_logical_id(struct machine *m, unsigned cpu, bool x2apic)
{
    if (!x2apic)
        apic_code_write(&m->text, false, 0xd0, UINT64_C(1) << (24 + cpu));
}

/* Fixed or NMI; to an ID, a set, everyone, or by a shorthand. */
static uint64_t any_message(struct rng *r, bool x2apic)
{
    uint64_t everyone = x2apic ? UINT32_MAX : UINT8_MAX;
    const uint64_t ids[] = {0, 1, 2, 3, everyone};
    uint64_t dest = ids[rng_below(r, 5)], shorthand = rng_below(r, 8);
    bool nmi = !rng_below(r, 6) && shorthand != 1;
    uint64_t low =
        nmi ? DELIVERY_NMI << 8 : vectors[1 + rng_below(r, sizeof vectors - 1)];

    low |= rng_below(r, 2) << 11 | 1u << 14;
    return dest << 32 | low | (shorthand < 4 ? shorthand << 18 : 0);
}

static void build_message(struct machine *m, bool x2apic, uint64_t icr)
{
    if (x2apic) {
        rig_wrmsr(m, MSR_ICR, icr);
    } else {
        apic_code_write(&m->text, false, APIC_ICR_HIGH, icr >> 32 << 24);
        apic_code_write(&m->text, false, APIC_ICR_LOW, (uint32_t)icr);
    }
    rig_op(m, OP_WORK, WAY);
}

/* One computes, or halts; the other one sends, and can be its own receiver. */
static void run_messages(struct scenario s, uint64_t seed, struct taken t[2])
{
    bool x2apic = s.vm[0].apic == APIC_MODE_X2APIC;
    struct machine *m;
    uint64_t loop;
    struct rng r;

    rig_without_devices(&s);
    m = machine_build(&s);
    rng_init(&r, seed, 1);
    for (unsigned cpu = 0; cpu < 2; cpu++)
        build_receiver(m, cpu, x2apic, &t[cpu]);
    rig_code(m, 0);
    build_logical_id(m, 0, x2apic);
    loop = text_here(&m->text);
    rig_op(m, seed % 2 ? OP_HLT : OP_WORK, 1000);
    rig_op(m, OP_JMP, loop);
    rig_code(m, 1);
    build_logical_id(m, 1, x2apic);
    rig_op(m, OP_WORK, WAY);
    for (unsigned i = 0; i < MESSAGES; i++)
        build_message(m, x2apic, any_message(&r, x2apic));
    rig_spin(m, 100000);
    machine_run(m, 5 * SIM_MS);
    machine_free(m);
}

TEST_EACH(kvm_transparent, ipis_reach_whom_they_reach_on_the_bare_machine,
          struct row, rows)
{
    unsigned seen = 0;

    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        struct taken real[2] = {0}, virtual[2] = {0};

        run_messages(bare(row->apic), seed, real);
        run_messages(guest(row->apic, row->apicv), seed, virtual);
        for (unsigned cpu = 0; cpu < 2; cpu++)
            expect_same(&real[cpu], &virtual[cpu], seed);
        seen += real[0].count;
    }
    EXPECT_GT(seen, 8 * PROGRAMS);
}
