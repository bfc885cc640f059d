/* Single moments of guests whose APIC the processor virtualizes, rung by rung,
 * each on the second of two CPUs. */
#include "software/apic_code.h"
#include "software/test/moments.h"

#define MSR_WRITES 0x800u /* of the bitmap */
#define GUEST_VECTOR 0x5cu

struct kvm_rung {
    struct scenario scenario;
    struct machine *machine;
    struct machine_cpu *cpu;
};

static void build(struct kvm_rung *f, struct kvm_apicv apicv)
{
    struct scenario_vm *vm = &f->scenario.vm[1];

    vm->features.apicv = apicv;
    f->machine = machine_build(&f->scenario);
    f->cpu = &f->machine->cpu[1];
}

static void kvm_rung_setup(struct kvm_rung *f)
{
    f->scenario = moment_scenario(RIG_KVM);
    f->scenario.vm[1].apic = APIC_MODE_XAPIC;
}

static void kvm_rung_teardown(struct kvm_rung *f)
{
    finish(f->machine, 0);
}

static const struct kvm_apicv flexpriority = {.tpr_shadow = true,
                                              .apic_access_page = true};
static const struct kvm_apicv delivery = {.tpr_shadow = true,
                                          .apic_access_page = true,
                                          .apic_register_virtualization = true,
                                          .virtual_interrupt_delivery = true};

/* ---- the software APIC ---- */

TEST_F(kvm_rung, cr8_is_the_software_apics_tpr_and_exits_both_ways)
{
    build(f, (struct kvm_apicv){0});
    rig_code(f->machine, 1);
    rig_op(f->machine, OP_MOV, 5);
    rig_op(f->machine, OP_MOV_CR8, 0);
    rig_op(f->machine, OP_MOV, 0);
    rig_op(f->machine, OP_MOV_FROM_CR8, 0);
    rig_spin(f->machine, 1000);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_CR_ACCESS), 2);
    EXPECT_EQ(f->cpu->kvm->vlapic.tpr, 0x50);
    EXPECT_EQ(f->cpu->node.cpu.gpr[RAX], 5, "read back");
    EXPECT_EQ(f->cpu->lapic.lapic.tpr, 0, "the physical TPR is another");
}

/* ---- FlexPriority ---- */

/* The class of the device's vector in the guest. */
static uint32_t priority_class(const struct kvm_rung *f)
{
    return f->cpu->kvm->config.irq[0].guest_vector >> 4;
}

/* TPR a class that holds back the device's vector, which comes; then the class
 * that is asked for.  Returns the RIP behind that write. */
static uint64_t changes_tpr(struct kvm_rung *f, uint32_t from, uint32_t to)
{
    struct machine *m = f->machine;
    uint64_t behind, loop;

    rig_code(m, 1);
    rig_op(m, OP_MOV, from << 4);
    rig_op(m, OP_STORE, APIC_PAGE + APIC_TPR);
    rig_op(m, OP_WORK, 6000000);
    rig_op(m, OP_MOV, to << 4);
    rig_op(m, OP_STORE, APIC_PAGE + APIC_TPR);
    behind = text_here(&m->text);
    loop = behind;
    rig_op(m, OP_WORK, 1000);
    rig_op(m, OP_JMP, loop);
    machine_run(m, SIM_MS);
    send_assigned(f->machine, 0);
    run_for(f->machine, 100 * SIM_US);
    EXPECT_EQ(f->machine->irqs.count[m->outside_source].delivered, 0);
    return behind;
}

static uint64_t lowers_tpr(struct kvm_rung *f, uint32_t to)
{
    return changes_tpr(f, priority_class(f) + 1, to);
}

/* One exit behind the write, and the interrupt. */
static void expect_threshold_exit(struct kvm_rung *f, uint64_t behind)
{
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    EXPECT_EQ(f->cpu->node.exit.reason, EXIT_TPR_BELOW_THRESHOLD);
    EXPECT_EQ(f->cpu->node.cpu.rip, behind);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_TPR_BELOW_THRESHOLD), 1);
    EXPECT_EQ(f->machine->irqs.count[f->machine->outside_source].delivered, 1);
}

TEST_F(kvm_rung, tpr_below_a_waiting_vector_exits_once_behind_the_write)
{
    build(f, flexpriority);
    expect_threshold_exit(f, lowers_tpr(f, priority_class(f) - 1));
}

TEST_F(kvm_rung, tpr_of_the_class_of_a_waiting_vector_exits_when_it_is_lowered)
{
    uint32_t held;

    build(f, flexpriority);
    held = priority_class(f);
    expect_threshold_exit(f, changes_tpr(f, held, held - 1));
}

TEST_F(kvm_rung, tpr_in_the_class_of_a_waiting_vector_does_not_exit)
{
    build(f, flexpriority);
    lowers_tpr(f, priority_class(f));
    run_for(f->machine, 5 * SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_TPR_BELOW_THRESHOLD), 0);
    EXPECT_EQ(f->machine->irqs.count[f->machine->outside_source].delivered, 0);
}

/* ---- virtual-interrupt delivery ---- */

TEST_F(kvm_rung, kick_with_nothing_queued_is_one_exit_and_no_delivery)
{
    build(f, delivery);
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_message(f->machine, KVM_KICK_VECTOR);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 1);
    EXPECT_EQ(f->cpu->node.account.cycles[SHARE_GUEST_IRQ], 0);
}

TEST_F(kvm_rung, eoi_of_an_edge_exits_too_if_a_line_has_its_vector)
{
    uint8_t v;

    build(f, delivery);
    v = f->cpu->kvm->config.irq[0].guest_vector;
    vmcs_set(&f->cpu->kvm->vmcs,
             (enum vmcs_field)(VMCS_EOI_EXIT_BITMAP_0 + v / 64),
             UINT64_C(1) << v % 64);
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    for (unsigned i = 0; i < 3; i++) {
        send_assigned(f->machine, 0);
        run_for(f->machine, SIM_MS);
    }
    EXPECT_EQ(exits_for(f->machine, EXIT_EOI_INDUCED), 3);
    EXPECT_EQ(f->machine->irqs.count[f->machine->outside_source].delivered, 3);
}

/* ---- an APIC register that is open to the guest ---- */

static uint64_t lapic_msr(struct kvm_rung *f, uint32_t msr)
{
    uint64_t value = 0;

    EXPECT_TRUE(lapic_node_rdmsr(&f->cpu->lapic, msr, &value));
    return value;
}

static bool timer_arrives(struct machine *m)
{
    return lapic_node_in_irr(&m->cpu[1].lapic, GUEST_VECTOR);
}

/* The guest's writes of it reach the processor's. */
static void open_msr(struct kvm_rung *f, uint32_t msr)
{
    mem_fetch_and64(&f->machine->mem,
                    f->cpu->kvm->msr_bitmap + MSR_WRITES + msr / 64 * 8,
                    ~(UINT64_C(1) << msr % 64));
}

/* Whatever it is that the guest has handled. */
TEST_F(kvm_rung, eoi_in_an_open_msr_retires_the_highest_physical_interrupt)
{
    struct vecset *isr;
    struct machine *m;
    uint64_t before;

    f->scenario.vm[1].apic = APIC_MODE_X2APIC;
    build(f, (struct kvm_apicv){0});
    m = f->machine;
    isr = &f->cpu->lapic.lapic.isr;
    open_msr(f, MSR_X2APIC + APIC_EOI / 16);
    rig_code(m, 1);
    rig_op(m, OP_WORK, 3000000);
    rig_wrmsr(m, MSR_X2APIC + APIC_EOI / 16, 0);
    rig_spin(m, 100000);
    machine_run(m, SIM_MS / 2);
    before = exits_for(m, EXIT_MSR_WRITE);
    vecset_add(isr, 0x41); /* what the guest handles */
    vecset_add(isr, 0x51);
    machine_run(m, 2 * SIM_MS);
    EXPECT_FALSE(vecset_has(isr, 0x51));
    EXPECT_TRUE(vecset_has(isr, 0x41));
    EXPECT_EQ(exits_for(m, EXIT_MSR_WRITE), before, "without an exit");
    vecset_del(isr, 0x41);
}

/* The guest reckons in its own time, the physical APIC does not. */
TEST_F(kvm_rung, deadline_in_an_open_msr_comes_late_by_the_guests_tsc_offset)
{
    uint64_t deadline, offset = 100000, before;
    struct machine *m;

    f->scenario.vm[1].apic = APIC_MODE_X2APIC;
    build(f, (struct kvm_apicv){0});
    m = f->machine;
    deadline = clock_cycles(&m->core, 2 * SIM_MS) + offset;
    vmcs_set(&f->cpu->kvm->vmcs, VMCS_TSC_OFFSET, offset);
    open_msr(f, MSR_TSC_DEADLINE);
    rig_code(m, 1);
    rig_op(m, OP_WORK, 3000000);
    rig_wrmsr(m, MSR_TSC_DEADLINE, deadline);
    rig_spin(m, 100000);
    machine_run(m, SIM_MS / 2);
    before = exits_for(f->machine, EXIT_MSR_WRITE);
    lapic_node_wrmsr(&f->cpu->lapic, MSR_X2APIC + APIC_LVT_TIMER / 16,
                     LVT_TSC_DEADLINE | GUEST_VECTOR);
    ASSERT_TRUE(rig_run_until(m, timer_arrives));
    EXPECT_EQ(lapic_msr(f, MSR_TSC_DEADLINE), 0, "it has fired");
    EXPECT_GE(machine_now(m), deadline * m->core.period);
    EXPECT_GT(machine_now(m), 2 * SIM_MS + offset * m->core.period / 2);
    EXPECT_EQ(exits_for(f->machine, EXIT_MSR_WRITE), before,
              "and the host knows nothing");
}
