/*
 * Virtual machines with several virtual CPUs, each on a CPU of its own: which
 * exits the IPIs between them cost, and that each target gets its own.
 */
#include "software/idt.h"
#include "software/test/rungs.h"

#define PAGE_ICR UINT64_C(0xfee00300)
#define PAGE_ICR_HIGH UINT64_C(0xfee00310)
#define ALL_OTHERS (3u << 18)
#define LOWEST (1u << 8)
#define NMI (4u << 8)
#define LOGICAL (1u << 11)
#define GAP 60000u /* cycles between two IPIs */

/* Two virtual machines of as many virtual CPUs, without devices. */
static struct scenario machines(enum scenario_program_kind kind, uint32_t vcpus)
{
    struct scenario s = rig_scenario(RIG_KVM, kind);

    s.machine.cpus = 2 * vcpus;
    rig_without_devices(&s);
    for (uint32_t i = 0; i < 2; i++) {
        s.vm[i].vcpus = vcpus;
        s.vm[i].cpu = i * vcpus;
    }
    return s;
}

/* What a virtual CPU writes to its ICR, again and again. */
struct icr {
    uint32_t dest, low;
};

static void sends(struct machine *m, unsigned cpu, const struct icr *icr)
{
    bool x2apic = m->cpu[cpu].workload->config.x2apic;
    uint64_t loop = rig_code(m, cpu);

    rig_op(m, OP_WORK, GAP);
    if (x2apic) {
        rig_wrmsr(m, MSR_ICR, (uint64_t)icr->dest << 32 | icr->low);
    } else {
        rig_op(m, OP_MOV, icr->dest << 24);
        rig_op(m, OP_STORE, PAGE_ICR_HIGH);
        rig_op(m, OP_MOV, icr->low);
        rig_op(m, OP_STORE, PAGE_ICR);
    }
    rig_op(m, OP_JMP, loop);
}

/* The last virtual CPU of each machine sends; to the end. */
static struct figures run(const struct scenario *s, const struct icr *icr)
{
    struct machine *m = machine_build(s);
    struct figures f;

    for (uint32_t i = 0; i < 2; i++)
        sends(m, s->vm[i].cpu + s->vm[i].vcpus - 1, icr);
    rig_finish(m, &f);
    machine_free(m);
    return f;
}

static uint64_t delivered(const struct figures *f)
{
    return rig_count(f, "interrupts.by_source.vm0.ipi.delivered") +
           rig_count(f, "interrupts.by_source.vm1.ipi.delivered");
}

/* ---- one target ---- */

static const struct ipi_row {
    const char *name;
    enum scenario_apic_mode apic;
    struct kvm_apicv apicv;
    const char *send; /* the reason of an exit, or NULL */
    unsigned sends;   /* exits of sending one */
    bool kicked;      /* receiving it exits */
    const char *eoi;  /* the reason of its exit, or NULL */
} ipi_rows[] = {
    {"software_apic", APIC_MODE_XAPIC, SOFTWARE, "EPT_VIOLATION", 2, true,
     "EPT_VIOLATION"},
    {"flexpriority", APIC_MODE_XAPIC, FLEXPRIORITY, "APIC_ACCESS", 2, true,
     "APIC_ACCESS"},
    {"apicv", APIC_MODE_XAPIC, APICV, "APIC_WRITE", 1, true, NULL},
    {"posted", APIC_MODE_XAPIC, POSTED, "APIC_WRITE", 1, false, NULL},
    {"ipiv", APIC_MODE_XAPIC, IPIV, NULL, 0, false, NULL},
    {"ipiv_without_delivery", APIC_MODE_XAPIC, IPIV_ALONE, "APIC_ACCESS", 1,
     true, "APIC_ACCESS"},
    {"ipiv_without_posting", APIC_MODE_XAPIC, IPIV_DELIVERY, NULL, 0, true,
     NULL},
    {"x2apic_software_apic", APIC_MODE_X2APIC, SOFTWARE, "MSR_WRITE", 1, true,
     "MSR_WRITE"},
    {"x2apic_apicv", APIC_MODE_X2APIC, APICV, "MSR_WRITE", 1, true, NULL},
    {"x2apic_posted", APIC_MODE_X2APIC, POSTED, "MSR_WRITE", 1, false, NULL},
    {"x2apic_ipiv", APIC_MODE_X2APIC, IPIV, NULL, 0, false, NULL},
    {"x2apic_ipiv_without_delivery", APIC_MODE_X2APIC, IPIV_ALONE, NULL, 0,
     true, "MSR_WRITE"},
};

static struct figures one_target(const struct ipi_row *row,
                                 enum scenario_program_kind kind)
{
    struct scenario s = machines(kind, 2);
    struct icr icr = {0, WORKLOAD_TIMER_VECTOR};

    for (uint32_t i = 0; i < 2; i++) {
        s.vm[i].apic = row->apic;
        s.vm[i].features.apicv = row->apicv;
    }
    return run(&s, &icr);
}

TEST_EACH(kvm_smp, ipi_to_a_running_virtual_cpu, struct ipi_row, ipi_rows)
{
    struct figures f = one_target(row, PROGRAM_SPIN);
    uint64_t n = delivered(&f), per_ipi = row->sends + row->kicked + !!row->eoi;

    EXPECT_GT(n, 100);
    EXPECT_NEAR(exits(&f, "EXTERNAL_INTERRUPT"), row->kicked ? n : 0, 2);
    EXPECT_NEAR(rig_count(&f, "exits.total"), per_ipi * n, 8,
                "but for the last one of each machine");
    if (row->send && row->send != row->eoi)
        EXPECT_NEAR(exits(&f, row->send), row->sends * n, 4);
    figures_free(&f);
}

TEST_EACH(kvm_smp, ipi_to_a_halted_virtual_cpu, struct ipi_row, ipi_rows)
{
    struct figures f = one_target(row, PROGRAM_IDLE);
    uint64_t n = delivered(&f);

    EXPECT_GT(n, 100);
    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), 0, "the host is woken");
    EXPECT_NEAR(exits(&f, "HLT"), n, 4);
    figures_free(&f);
}

/* ---- which targets ---- */

static const struct target_row {
    const char *name;
    struct kvm_apicv apicv;
    struct icr icr;
    unsigned targets;
} target_rows[] = {
    {"all_others", SOFTWARE, {0, ALL_OTHERS | 0x41}, 2},
    {"all_others_posted", POSTED, {0, ALL_OTHERS | 0x41}, 2},
    {"all_others_ipiv", IPIV, {0, ALL_OTHERS | 0x41}, 2},
    {"broadcast", APICV, {UINT32_MAX, 0x41}, 3},
    {"logical_set", IPIV, {5, LOGICAL | 0x41}, 2},
    {"lowest_priority", SOFTWARE, {3, LOGICAL | LOWEST | 0x41}, 1},
    {"lowest_priority_posted", POSTED, {3, LOGICAL | LOWEST | 0x41}, 1},
    {"nobody", POSTED, {7, 0x41}, 0},
};

/* An xAPIC guest names its target by a write of its own, which exits or not as
 * the one behind it does or not. */
static const struct id_row {
    const char *name;
    struct kvm_apicv apicv;
} id_rows[] = {
    {"software_apic", SOFTWARE},
    {"flexpriority", FLEXPRIORITY},
    {"apicv", APICV},
    {"ipiv", IPIV},
    {"ipiv_alone", IPIV_ALONE},
    {"ipiv_delivery", IPIV_DELIVERY},
};

static void handles_41(struct machine *m)
{
    for (unsigned i = 0; i < m->vcpus; i++)
        idt_copy_gate(&m->mem,
                      (struct idt_gate_at){m->vcpu[i].workload->idt, 0x41},
                      (struct idt_gate_at){m->vcpu[i].workload->idt,
                                           WORKLOAD_TIMER_VECTOR});
}

TEST_EACH(kvm_smp, ipi_goes_to_each_target_once, struct target_row, target_rows)
{
    struct scenario s = machines(PROGRAM_SPIN, 3);
    struct machine *m;
    struct figures f;
    uint64_t ipis;

    s.vm[0].features.apicv = s.vm[1].features.apicv = row->apicv;
    m = machine_build(&s);
    handles_41(m);
    sends(m, 2, &row->icr);
    sends(m, 5, &row->icr);
    rig_finish(m, &f);
    ipis = 2 * (s.duration / m->core.period) / GAP;
    EXPECT_NEAR(delivered(&f), row->targets * ipis,
                row->targets * ipis * 3 / 10);
    EXPECT_EQ(rig_count(&f, "interrupts.merged"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    figures_free(&f);
    machine_free(m);
}

TEST_EACH(kvm_smp, xapic_guest_reaches_the_id_of_icr_high, struct id_row,
          id_rows)
{
    struct scenario s = machines(PROGRAM_SPIN, 3);
    struct icr icr = {1, 0x41};
    struct machine *m;
    struct figures f;

    for (uint32_t i = 0; i < 2; i++) {
        s.vm[i].apic = APIC_MODE_XAPIC;
        s.vm[i].features.apicv = row->apicv;
    }
    m = machine_build(&s);
    handles_41(m);
    sends(m, 2, &icr);
    sends(m, 5, &icr);
    rig_finish(m, &f);
    for (unsigned i = 0; i < 6; i++)
        EXPECT_EQ(m->cpu[i].node.account.handled > 50, i % 3 == 1,
                  "virtual CPU %u", i);
    figures_free(&f);
    machine_free(m);
}

TEST(kvm_smp, table_of_descriptors_ends_with_the_last_virtual_cpu)
{
    struct scenario s = machines(PROGRAM_SPIN, 3);
    struct machine *m;

    s.vm[0].features.apicv = s.vm[1].features.apicv = (struct kvm_apicv)IPIV;
    m = machine_build(&s);
    for (unsigned i = 0; i < 6; i++) {
        const struct kvm *k = m->vcpu[i].kvm;
        uint64_t at = vmcs_get(&k->vmcs, VMCS_PID_POINTER_TABLE_ADDRESS);

        EXPECT_EQ(vmcs_get(&k->vmcs, VMCS_LAST_PID_POINTER_INDEX), 2);
        EXPECT_EQ(mem_read64(&m->mem, at + 8 * (i % 3)),
                  kvm_descriptor(&k->config) | 1);
    }
    machine_free(m);
}
