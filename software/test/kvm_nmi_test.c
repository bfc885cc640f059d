/* NMIs that the hypervisor injects, each into the second of two guests. */
#include "software/apic_code.h"
#include "software/test/moments.h"
#include "software/test/rungs.h"

struct kvm_nmi {
    struct scenario scenario;
    struct machine *machine;
    struct machine_cpu *cpu;
};

#define NMI 0       /* the guest's first device sends NMIs */
#define INTERRUPT 2 /* its second one interrupts */

static void build(struct kvm_nmi *f)
{
    f->machine = rebuilt(f->machine, &f->scenario);
    f->cpu = &f->machine->cpu[1];
}

static void kvm_nmi_setup(struct kvm_nmi *f)
{
    f->scenario = moment_scenario(RIG_KVM);
    for (int i = 0; i < 2; i++) {
        f->scenario.device[i].delivery = SIGNAL_NMI;
        f->scenario.vm[i].features.nmi_injection = true;
    }
    f->scenario.device[2] = rig_device();
    f->scenario.device_count = 3;
    f->scenario.vm[1].assigned[1] = 2;
    f->scenario.vm[1].assigned_count = 2;
    build(f);
}

static void kvm_nmi_teardown(struct kvm_nmi *f)
{
    machine_run(f->machine, SIM_TIME_NEVER);
    EXPECT_EQ(f->cpu->host->nmis, 0, "none was the host's");
    finish(f->machine, 0);
}

static uint64_t handled(const struct kvm_nmi *f)
{
    return f->cpu->workload->nmis;
}

static bool in_nmi_handler(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && n->cpu.virtual_nmi_blocking &&
           n->step == STEP_WORK;
}

static bool exits_for_nmi_window(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->step == STEP_EXIT && n->exit.reason == EXIT_NMI_WINDOW;
}

/* Sent to a guest that computes with interrupts on. */
static void expect_one_exit(struct kvm_nmi *f)
{
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, NMI);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(handled(f), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_NMI_WINDOW), 0);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXCEPTION_NMI), 0);
    EXPECT_EQ(f->cpu->node.account.virtual_nmis, 1);
    EXPECT_FALSE(f->cpu->node.cpu.virtual_nmi_blocking, "after the IRET");
}

TEST_F(kvm_nmi, of_a_device_exits_once_and_is_injected)
{
    expect_one_exit(f);
}

TEST_F(kvm_nmi, is_injected_beside_virtual_interrupt_delivery)
{
    f->scenario.vm[1].features.apicv = (struct kvm_apicv)APICV;
    build(f);
    expect_one_exit(f);
}

static void masks_interrupts(struct kvm_nmi *f)
{
    rig_code(f->machine, 1);
    rig_op(f->machine, OP_CLI, 0);
    rig_spin(f->machine, 100000);
}

TEST_F(kvm_nmi, does_not_wait_for_the_interrupt_flag)
{
    masks_interrupts(f);
    expect_one_exit(f);
    EXPECT_EQ(exits_for(f->machine, EXIT_INTERRUPT_WINDOW), 0);
}

TEST_F(kvm_nmi, within_an_nmi_waits_for_the_window)
{
    uint64_t rip;

    f->scenario.program[1].handler_cycles = 100000;
    build(f);
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, NMI);
    ASSERT_TRUE(rig_run_until(f->machine, in_nmi_handler));
    rip = mem_read64(&f->machine->mem, f->cpu->node.cpu.rsp + 8 * GPR_COUNT);
    send_assigned(f->machine, NMI);
    ASSERT_TRUE(rig_run_until(f->machine, exits_for_nmi_window));
    EXPECT_EQ(f->cpu->node.cpu.rip, rip, "the boundary behind the IRET");
    EXPECT_EQ(handled(f), 1);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(handled(f), 2);
    EXPECT_EQ(exits_for(f->machine, EXIT_NMI_WINDOW), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 2);
}

TEST_F(kvm_nmi, third_within_an_nmi_is_one_with_the_second)
{
    const struct irq_counts *c;

    f->scenario.program[1].handler_cycles = 100000;
    build(f);
    c = &f->machine->irqs.count[f->machine->outside_source];
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, NMI);
    ASSERT_TRUE(rig_run_until(f->machine, in_nmi_handler));
    for (int i = 0; i < 3; i++) {
        send_assigned(f->machine, NMI);
        run_for(f->machine, 10 * SIM_US);
    }
    EXPECT_EQ(handled(f), 0, "or this shows little");
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(handled(f), 2);
    EXPECT_EQ(c->by_reason[IRQ_NMI_WAITING], 2);
    EXPECT_EQ(c->delivered, 2);
}

/* It does not wait for the interrupt, nor end the wait for its window. */
TEST_F(kvm_nmi, comes_while_an_interrupt_waits_for_its_window)
{
    const struct vmcs *v = &f->cpu->kvm->vmcs;

    masks_interrupts(f);
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, INTERRUPT);
    run_for(f->machine, 100 * SIM_US);
    EXPECT_TRUE(vmcs_get(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_INTERRUPT_WINDOW);
    send_assigned(f->machine, NMI);
    run_for(f->machine, 100 * SIM_US);
    EXPECT_EQ(handled(f), 1);
    EXPECT_TRUE(vmcs_get(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_INTERRUPT_WINDOW,
                "the interrupt waits for its own window");
    EXPECT_EQ(f->cpu->node.account.injections, 0);
}

TEST_F(kvm_nmi, lets_the_interrupt_follow_behind_the_handlers_iret)
{
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, NMI);
    send_assigned(f->machine, INTERRUPT);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(handled(f), 1);
    EXPECT_EQ(f->cpu->node.account.injections, 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_INTERRUPT_WINDOW), 1,
              "the handler of an NMI runs with interrupts off");
}

static void halts(struct kvm_nmi *f, bool interrupts)
{
    uint64_t loop = rig_code(f->machine, 1);

    if (!interrupts)
        rig_op(f->machine, OP_CLI, 0);
    rig_op(f->machine, OP_HLT, 0);
    rig_op(f->machine, OP_JMP, loop);
}

TEST_F(kvm_nmi, wakes_a_halted_guest_without_an_exit)
{
    for (int interrupts = 0; interrupts <= 1; interrupts++) {
        build(f);
        halts(f, interrupts);
        machine_run(f->machine, SIM_MS);
        EXPECT_TRUE(f->cpu->kvm->blocked);
        send_assigned(f->machine, NMI);
        run_for(f->machine, SIM_MS);
        EXPECT_EQ(handled(f), 1);
        EXPECT_EQ(exits_for(f->machine, EXIT_HLT), 2, "it halts again");
        EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 0);
        EXPECT_EQ(exits_for(f->machine, EXIT_NMI_WINDOW), 0);
    }
}

TEST_F(kvm_nmi, of_the_guests_icr_is_injected_by_the_same_exit)
{
    rig_code(f->machine, 1);
    rig_wrmsr(f->machine, MSR_X2APIC + APIC_ICR_LOW / 16,
              DELIVERY_NMI << 8 | f->cpu->kvm->vlapic.config.id);
    rig_spin(f->machine, 100000);
    machine_run(f->machine, SIM_MS);
    EXPECT_EQ(handled(f), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 0);
    EXPECT_EQ(exits_for(f->machine, EXIT_NMI_WINDOW), 0);
}

TEST_F(kvm_nmi, waits_for_the_window_in_the_shadow_of_sti)
{
    uint64_t loop;

    f->scenario.platform.cpu.sti = 3000;
    build(f);
    loop = rig_code(f->machine, 1);
    rig_op(f->machine, OP_CLI, 0);
    rig_op(f->machine, OP_STI, 0);
    rig_op(f->machine, OP_WORK, 500000);
    rig_op(f->machine, OP_JMP, loop);
    ASSERT_TRUE(rig_run_until(f->machine, in_guests_sti));
    send_assigned(f->machine, NMI);
    run_for(f->machine, 100 * SIM_US);
    EXPECT_EQ(handled(f), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_NMI_WINDOW), 1);
}

/* Another CPU takes the device's message: NMIs are never posted. */
TEST_F(kvm_nmi, is_queued_with_a_kick_where_interrupts_are_posted)
{
    uint32_t data;

    f->scenario.machine.cpus = 3;
    f->scenario.machine.irq_cpu = true;
    for (int i = 0; i < 2; i++)
        f->scenario.vm[i].features.apicv = (struct kvm_apicv)POSTED;
    build(f);
    data = f->cpu->kvm->config.irq[NMI].host_vector;
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    machine_write(f->machine, MSI_BASE | 2u << 12, &data, sizeof data);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(handled(f), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 1, "the kick");
}

TEST(kvm_nmi_device, message_of_an_assigned_device_tells_a_vector_of_the_host)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
    struct figures f;
    uint64_t n;

    rig_pulses(&s, PULSE_PERIODIC, 50 * SIM_US);
    for (int i = 0; i < 2; i++) {
        s.device[i].delivery = SIGNAL_NMI;
        s.vm[i].features.nmi_injection = true;
    }
    f = rig_exchange(&s, NULL);
    n = rig_count(&f, "interrupts.delivered");
    EXPECT_GT(n, 100);
    EXPECT_EQ(rig_count(&f, "interrupts.sent"), n);
    EXPECT_EQ(rig_count(&f, "signals.virtual_nmi"), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), n, "an NMI has no EOI");
    EXPECT_EQ(rig_count(&f, "latency_ns.msi_write..guest_handler.count"), n);
    figures_free(&f);
}
