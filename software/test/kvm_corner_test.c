/* Single moments of the hypervisor without hardware help for the guest's
 * APIC, each on the second of two CPUs. */
#include "software/apic_code.h"
#include "software/test/moments.h"

struct kvm_corner {
    struct scenario scenario;
    struct machine *machine;
    struct machine_cpu *cpu;
};

static void build(struct kvm_corner *f)
{
    f->machine = rebuilt(f->machine, &f->scenario);
    f->cpu = &f->machine->cpu[1];
}

static void kvm_corner_setup(struct kvm_corner *f)
{
    f->scenario = moment_scenario(RIG_KVM);
    build(f);
}

static void kvm_corner_teardown(struct kvm_corner *f)
{
    finish(f->machine, 0);
}

static bool in_host_with_interrupts_on(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return !n->cpu.non_root && n->step == STEP_WORK && cpu_if(&n->cpu) &&
           !n->cpu.frames;
}

static bool in_injecting_entry(struct machine *m)
{
    return in_entry(m) &&
           (vmcs_get(&m->cpu[1].kvm->vmcs, VMCS_ENTRY_INTR_INFO) &
            INTR_INFO_VALID);
}

TEST_F(kvm_corner, acknowledged_on_exit_means_in_service_and_not_pending)
{
    uint8_t v = f->cpu->kvm->config.irq[0].host_vector;
    uint64_t handled;

    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    EXPECT_TRUE(vecset_has(&f->cpu->lapic.lapic.isr, v));
    EXPECT_FALSE(vecset_has(&f->cpu->lapic.lapic.irr, v));
    EXPECT_EQ(f->cpu->node.exit.intr_info, INTR_INFO_VALID | v);
    handled = f->cpu->host->interrupts;
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(f->cpu->host->interrupts, handled + 1, "no second delivery");
    EXPECT_TRUE(vecset_empty(&f->cpu->lapic.lapic.isr), "the host's EOI");
}

/* A device's message that asks for an NMI. */
static void send_nmi(struct kvm_corner *f)
{
    uint32_t data = DELIVERY_NMI << 8;

    machine_write(f->machine, MSI_BASE | 1u << 12, &data, sizeof data);
}

static void expect_nmi_of_the_host(struct kvm_corner *f)
{
    const struct cpu *c = &f->cpu->node.cpu;
    uint64_t intr_exits;

    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    intr_exits = exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT);
    send_nmi(f);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXCEPTION_NMI), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), intr_exits);
    EXPECT_EQ(f->cpu->host->nmis, 1);
    EXPECT_EQ(f->cpu->workload->nmis, 0, "not the guest's");
    EXPECT_TRUE(c->non_root, "it goes on");
    EXPECT_FALSE(c->nmi_blocking, "by the IRET of the host's handler");
    send_nmi(f);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(f->cpu->host->nmis, 2);
}

TEST_F(kvm_corner, nmi_exits_and_is_the_hosts)
{
    expect_nmi_of_the_host(f);
}

TEST_F(kvm_corner, init_exits_and_the_guest_goes_on_where_it_was)
{
    uint32_t data = DELIVERY_INIT << 8;
    uint64_t rip;

    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    machine_write(f->machine, MSI_BASE | 1u << 12, &data, sizeof data);
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    EXPECT_EQ(f->cpu->node.exit.reason, EXIT_INIT_SIGNAL);
    rip = f->cpu->node.cpu.rip;
    EXPECT_GT(rip_done(rip), 0, "or this shows little");
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    EXPECT_EQ(vmcs_get(&f->cpu->kvm->vmcs, VMCS_GUEST_RIP), rip);
    EXPECT_EQ(exits_for(f->machine, EXIT_INIT_SIGNAL), 1);
}

TEST_F(kvm_corner, nmi_exits_without_virtual_nmis_too)
{
    f->scenario.platform.capabilities.vmx.virtual_nmis = false;
    build(f);
    expect_nmi_of_the_host(f);
}

TEST_F(kvm_corner, arrival_while_the_host_has_interrupts_on_makes_no_exit)
{
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, in_host_with_interrupts_on));
    send_assigned(f->machine, 1);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 1,
              "the first one's");
    EXPECT_EQ(f->cpu->node.account.injections, 2);
}

TEST_F(kvm_corner, arrival_in_the_entry_exits_right_after_it)
{
    uint64_t guest;

    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    send_assigned(f->machine, 1);
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    guest = f->cpu->node.account.cycles[SHARE_GUEST] +
            f->cpu->node.account.cycles[SHARE_GUEST_IRQ];
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 2);
    EXPECT_EQ(f->cpu->node.account.injections, 1);
    run_for(f->machine, 2 * SIM_US);
    EXPECT_EQ(f->cpu->node.account.cycles[SHARE_GUEST] +
                  f->cpu->node.account.cycles[SHARE_GUEST_IRQ],
              guest, "not one cycle of the guest in between");
}

static bool last_look_at_the_queue(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return !n->cpu.non_root && !n->cpu.frames && n->step == STEP_OP &&
           cpu_if(&n->cpu) && !n->cpu.gpr[RAX] &&
           m->text.op[rip_op(n->cpu.rip)].kind == OP_JZ &&
           !m->cpu[1].kvm->queued && machine_now(m) > SIM_MS;
}

/* It arrives when the host has looked for the last time and is about to
 * disable interrupts. */
TEST_F(kvm_corner, arrival_just_before_the_entry_is_injected_by_it)
{
    f->scenario.platform.cpu.branch = 2000;
    build(f);
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, last_look_at_the_queue));
    send_assigned(f->machine, 1);
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    EXPECT_EQ(f->cpu->host->interrupts, 2);
    EXPECT_EQ(f->cpu->kvm->queued, 0, "both are routed");
}

/* With a virtual interrupt in service the exit still belongs to the physical
 * interrupt, also when it is the host's IDT that tells its vector. */
TEST_F(kvm_corner, exit_of_a_physical_interrupt_is_not_the_one_in_service)
{
    for (int ack = 0; ack <= 1; ack++) {
        const uint64_t *by_source;
        uint64_t nic, outside;

        f->scenario.vm[1].features.acknowledge_on_exit = ack;
        build(f);
        by_source = f->cpu->node.account.exits_by_source;
        ASSERT_TRUE(rig_run_until(f->machine, in_guest));
        pcie_node_cause(&f->machine->device[1].fn, 0);
        ASSERT_TRUE(rig_run_until(f->machine, in_injecting_entry));
        send_assigned(f->machine, 1);
        run_for(f->machine, SIM_MS);
        nic = by_source[f->machine->device[1].fn.config.irq_source];
        outside = by_source[f->machine->outside_source];
        EXPECT_EQ(nic, 2, "arrival and EOI");
        EXPECT_EQ(outside, 3, "arrival, window and EOI");
    }
}

/* ---- blocking by STI ---- */

/* STI takes so long that an interrupt arrives in it. */
static void slow_sti(struct kvm_corner *f)
{
    uint64_t loop;

    f->scenario.platform.cpu.sti = 3000;
    build(f);
    loop = rig_code(f->machine, 1);
    rig_op(f->machine, OP_CLI, 0);
    rig_op(f->machine, OP_STI, 0);
    rig_op(f->machine, OP_WORK, 5000);
    rig_op(f->machine, OP_JMP, loop);
}

TEST_F(kvm_corner, blocking_by_sti_defers_injection_by_one_operation)
{
    const struct vmcs *v;
    uint64_t rip;

    slow_sti(f);
    v = &f->cpu->kvm->vmcs;
    ASSERT_TRUE(rig_run_until(f->machine, in_guests_sti));
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    EXPECT_EQ(vmcs_get(v, VMCS_EXIT_REASON), EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(vmcs_get(v, VMCS_GUEST_INTERRUPTIBILITY), BLOCKING_BY_STI);
    EXPECT_TRUE(vmcs_get(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_INTERRUPT_WINDOW);
    EXPECT_FALSE(vmcs_get(v, VMCS_ENTRY_INTR_INFO) & INTR_INFO_VALID);
    rip = vmcs_get(v, VMCS_GUEST_RIP);
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    EXPECT_EQ(f->cpu->node.exit.reason, EXIT_INTERRUPT_WINDOW);
    EXPECT_EQ(f->cpu->node.cpu.rip, rip + 1, "one cycle of the WORK");
    ASSERT_TRUE(rig_run_until(f->machine, in_injecting_entry));
    EXPECT_FALSE(vmcs_get(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_INTERRUPT_WINDOW);
}

/* ---- the window ---- */

static void raises_tpr_with_if_0(struct kvm_corner *f)
{
    rig_code(f->machine, 1);
    rig_op(f->machine, OP_CLI, 0);
    rig_op(f->machine, OP_WORK, 6000000);
    rig_wrmsr(f->machine, MSR_X2APIC + APIC_TPR / 16, 0xf0);
    rig_op(f->machine, OP_STI, 0);
    rig_spin(f->machine, 1000);
}

TEST_F(kvm_corner, window_is_not_asked_for_once_the_tpr_blocks)
{
    const struct vmcs *v;

    raises_tpr_with_if_0(f);
    v = &f->cpu->kvm->vmcs;
    machine_run(f->machine, SIM_MS);
    send_assigned(f->machine, 0);
    run_for(f->machine, 100 * SIM_US);
    EXPECT_TRUE(vmcs_get(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_INTERRUPT_WINDOW);
    run_for(f->machine, 5 * SIM_MS);
    EXPECT_FALSE(vmcs_get(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_INTERRUPT_WINDOW);
    EXPECT_EQ(exits_for(f->machine, EXIT_INTERRUPT_WINDOW), 0);
    EXPECT_FALSE(vecset_empty(&f->cpu->kvm->vlapic.irr), "it is kept");
}

/* ---- HLT ---- */

static void halts_for_ever(struct kvm_corner *f)
{
    uint64_t loop;

    loop = rig_code(f->machine, 1);
    rig_op(f->machine, OP_CLI, 0);
    rig_op(f->machine, OP_HLT, 0);
    rig_op(f->machine, OP_JMP, loop);
}

TEST_F(kvm_corner, guest_halted_with_if_0_stays_blocked)
{
    halts_for_ever(f);
    machine_run(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_HLT), 1);
    send_assigned(f->machine, 0);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_HLT), 1,
              "nothing that it can take wakes it");
    EXPECT_TRUE(f->cpu->kvm->blocked);
    EXPECT_FALSE(vecset_empty(&f->cpu->kvm->vlapic.irr), "it is kept");
}

/* ---- the guest's APIC ---- */

/* With interrupts off, the guest disables its APIC for good. */
static void disables_its_apic(struct kvm_corner *f)
{
    rig_code(f->machine, 1);
    rig_op(f->machine, OP_CLI, 0);
    rig_op(f->machine, OP_WORK, 6000000);
    rig_wrmsr(f->machine, MSR_APIC_BASE, APIC_PAGE);
    rig_spin(f->machine, 1000);
}

TEST_F(kvm_corner, guest_that_disables_its_apic_drops_what_is_pending)
{
    const struct irq_counts *c =
        &f->machine->irqs.count[f->machine->outside_source];

    disables_its_apic(f);
    machine_run(f->machine, SIM_MS);
    send_assigned(f->machine, 0);
    run_for(f->machine, 100 * SIM_US);
    EXPECT_FALSE(vecset_empty(&f->cpu->kvm->vlapic.irr));
    run_for(f->machine, 3 * SIM_MS);
    EXPECT_TRUE(vecset_empty(&f->cpu->kvm->vlapic.irr));
    EXPECT_EQ(c->by_reason[IRQ_APIC_RESET], 1);
    send_assigned(f->machine, 0);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(c->by_reason[IRQ_APIC_DISABLED], 1);
}
