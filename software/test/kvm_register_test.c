/* What a guest reads in registers of its APIC, whoever serves the accesses. */
#include "software/test/moments.h"
#include "software/test/rungs.h"

#define ANSWER_BELOW_STACK 0x800u

static const struct row {
    const char *name;
    struct kvm_apicv apicv;
} rows[] = {
    {"software_apic", SOFTWARE},
    {"flexpriority", FLEXPRIORITY},
    {"registers_alone", REGISTERS},
    {"apicv", APICV},
    {"posted", POSTED},
    {"ipiv_alone", IPIV_ALONE},
    {"ipiv_delivery", IPIV_DELIVERY},
    {"ipiv", IPIV},
};

/* Two virtual CPUs on CPUs 0 and 1; the second one's code is the test's. */
static struct machine *guest(const struct row *row,
                             enum scenario_apic_mode apic)
{
    struct scenario s = moment_scenario(RIG_KVM);
    struct machine *m;

    rig_without_devices(&s);
    s.vm_count = s.program_count = 1;
    s.vm[0].cpus = s.vm[0].vcpus = 2;
    s.vm[0].apic = apic;
    s.vm[0].features.apicv = row->apicv;
    m = machine_build(&s);
    rig_code(m, 1);
    return m;
}

static uint64_t run_and_read(struct machine *m)
{
    uint64_t at = m->cpu[1].workload->stack - ANSWER_BELOW_STACK, answer;

    rig_op(m, OP_STORE, at);
    rig_spin(m, 100000);
    machine_run(m, SIM_MS);
    answer = mem_read64(&m->mem, at);
    finish(m, 0);
    return answer;
}

/* To the other one, with an exit between. */
TEST_EACH(kvm_icr, of_an_xapic_guest_reads_back_as_written, struct row, rows)
{
    struct machine *m = guest(row, APIC_MODE_XAPIC);

    rig_op(m, OP_MOV, 0);
    rig_op(m, OP_STORE, APIC_PAGE + APIC_ICR_HIGH);
    rig_op(m, OP_MOV, WORKLOAD_IPI_VECTOR);
    rig_op(m, OP_STORE, APIC_PAGE + APIC_ICR_LOW);
    rig_op(m, OP_VMCALL, 0);
    rig_op(m, OP_LOAD, APIC_PAGE + APIC_ICR_LOW);
    EXPECT_EQ(run_and_read(m), WORKLOAD_IPI_VECTOR);
}

TEST_EACH(kvm_icr, of_an_xapic_guest_has_the_self_ipi, struct row, rows)
{
    struct machine *m = guest(row, APIC_MODE_XAPIC);

    rig_op(m, OP_MOV, 1u << 18 | WORKLOAD_IPI_VECTOR);
    rig_op(m, OP_STORE, APIC_PAGE + APIC_ICR_LOW);
    rig_op(m, OP_VMCALL, 0);
    rig_op(m, OP_LOAD, APIC_PAGE + APIC_ICR_LOW);
    EXPECT_EQ(run_and_read(m), 1u << 18 | WORKLOAD_IPI_VECTOR);
}

TEST_EACH(kvm_icr, of_an_x2apic_guest_has_both_halves, struct row, rows)
{
    struct machine *m = guest(row, APIC_MODE_X2APIC);
    uint64_t icr = UINT64_C(0x100000000) | 1u << 14 | WORKLOAD_IPI_VECTOR;

    rig_wrmsr(m, MSR_ICR, icr);
    rig_op(m, OP_VMCALL, 0);
    rig_op(m, OP_RDMSR, MSR_ICR);
    EXPECT_EQ(run_and_read(m), icr);
}

/* ---- interrupts and priorities ---- */

#define SELF_SHORTHAND (1u << 18)
#define IRR_AT(vector) (0x200u + 0x10u * ((vector) / 32u))
#define BIT_OF(vector) (1u << (vector) % 32u)

static void read_register(struct machine *m, enum scenario_apic_mode apic,
                          uint32_t offset)
{
    if (apic == APIC_MODE_XAPIC)
        rig_op(m, OP_LOAD, APIC_PAGE + offset);
    else
        rig_op(m, OP_RDMSR, MSR_X2APIC + offset / 16);
}

static void write_register(struct machine *m, enum scenario_apic_mode apic,
                           uint32_t offset, uint64_t value)
{
    rig_op(m, OP_MOV, value);
    if (apic == APIC_MODE_XAPIC)
        rig_op(m, OP_STORE, APIC_PAGE + offset);
    else
        rig_op(m, OP_WRMSR, MSR_X2APIC + offset / 16);
}

TEST_EACH(kvm_register, irr_has_what_waits, struct row, rows)
{
    for (int apic = APIC_MODE_XAPIC; apic <= APIC_MODE_X2APIC; apic++) {
        struct machine *m = guest(row, (enum scenario_apic_mode)apic);

        rig_op(m, OP_CLI, 0);
        write_register(m, (enum scenario_apic_mode)apic, APIC_ICR_LOW,
                       SELF_SHORTHAND | WORKLOAD_IPI_VECTOR);
        read_register(m, (enum scenario_apic_mode)apic,
                      IRR_AT(WORKLOAD_IPI_VECTOR));
        EXPECT_EQ(run_and_read(m), BIT_OF(WORKLOAD_IPI_VECTOR), "mode %d",
                  apic);
    }
}

TEST_EACH(kvm_register, ppr_follows_the_tpr_at_once, struct row, rows)
{
    for (int apic = APIC_MODE_XAPIC; apic <= APIC_MODE_X2APIC; apic++) {
        struct machine *m = guest(row, (enum scenario_apic_mode)apic);

        write_register(m, (enum scenario_apic_mode)apic, APIC_TPR, 0x35);
        read_register(m, (enum scenario_apic_mode)apic, 0xa0);
        EXPECT_EQ(run_and_read(m), 0x35, "mode %d", apic);
    }
}
