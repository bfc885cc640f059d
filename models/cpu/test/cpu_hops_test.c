/* Interrupts have identity: the hops that a CPU adds, in order, and whose
 * exits they are. */
#include "models/cpu/test/guest_rig.h"

#define DELIVERY COST_OF(interrupt_delivery)
#define EXIT COST_OF(vm_exit)
#define ENTRY COST_OF(vm_entry)
#define HOST_GATE 0x41

/* A host with an IDT of its own: its handler keeps the interrupt, the exit
 * handler injects vector 31h for it. */
struct cpu_hops {
    struct guest_rig g;
};

static irq_id kept; /* by the host's handler */

static void keep(void *rig, struct cpu_env *env, uint64_t arg)
{
    (void)rig;
    (void)arg;
    kept = env->node->delivered_irq;
}

static void inject_kept(void *rig, struct cpu_env *env, uint64_t arg)
{
    struct guest_rig *g = rig;

    (void)arg;
    if (!kept)
        return;
    irq_hop(env->irqs, kept, HOP_VLAPIC_ACCEPT, env->now);
    guest_put(g, VMCS_ENTRY_INTR_INFO, INTR_INFO_VALID | 0x31);
    g->r.vmcs.inject_irq = kept;
    kept = 0;
}

static void dispatch(void *rig, struct cpu_env *env, uint64_t arg)
{
    struct guest_rig *g = rig;

    (void)arg;
    guest_log_exit(g, env->now);
    env->cpu->gpr[RAX] = INTR_INFO_VECTOR(guest_get(g, VMCS_EXIT_INTR_INFO));
}

static void guest_eoi(void *rig, struct cpu_env *env, uint64_t arg)
{
    (void)rig;
    (void)arg;
    irq_finish(env->irqs, env->node->delivered_irq, HOP_EOI, env->now);
}

static void emit_host_handler(struct guest_rig *g)
{
    struct node_rig *r = &g->r;

    rig_gate_to(r, HOST_GATE, rig_here(r));
    guest_call(g, keep, 0);
    rig_emit(r, OP_WORK, 50);
    rig_emit(r, OP_WRMSR, MSR_EOI);
    rig_emit(r, OP_IRET, 0);
    rig_gate_to(r, SPURIOUS, rig_here(r));
    rig_emit_note(r, SPURIOUS);
    rig_emit(r, OP_IRET, 0);
}

/* The host after an exit: with acknowledge on exit it calls its gate, else
 * it lets the interrupt in. */
static void emit_host(struct guest_rig *g, bool acknowledge)
{
    struct node_rig *r = &g->r;

    guest_put(g, VMCS_HOST_RIP, rig_here(r));
    guest_call(g, dispatch, 0);
    if (acknowledge) {
        rig_emit(r, OP_INT_REG, 0);
    } else {
        rig_emit(r, OP_STI, 0);
        rig_emit(r, OP_NOP, 0);
        rig_emit(r, OP_CLI, 0);
    }
    guest_call(g, inject_kept, 0);
    rig_emit(r, OP_VMRESUME, 0);
    rig_emit_note(r, ENTRY_FAILED);
    rig_emit_end(r);
}

static void emit_guest(struct guest_rig *g)
{
    struct node_rig *r = &g->r;

    rig_gate_to(r, 0x31, rig_here(r));
    rig_emit_note(r, 0x31);
    guest_call(g, guest_eoi, 0);
    rig_emit(r, OP_IRET, 0);
    guest_begins(g);
    rig_emit(r, OP_WORK, 1000000);
    rig_emit_end(r);
}

static void cpu_hops_setup(struct cpu_hops *f)
{
    kept = 0;
    guest_init(&f->g);
    f->g.r.node.config.costs.pollution_per_exit = 0;
    guest_set(&f->g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
}

static void cpu_hops_teardown(struct cpu_hops *f)
{
    rig_audit(&f->g.r);
}

static void run(struct guest_rig *g, bool acknowledge)
{
    emit_host_handler(g);
    emit_host(g, acknowledge);
    emit_guest(g);
    if (acknowledge)
        guest_set(g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 1000), HOST_GATE);
    guest_run(g, 30000);
}

static void expect_hop(const struct irq_record *r, unsigned n, enum hop hop,
                       uint64_t cycle)
{
    ASSERT_LT(n, r->hops, "hop %s", hop_name(hop));
    EXPECT_EQ(r->hop[n].hop, hop, "hop %u", n);
    EXPECT_EQ(r->hop[n].time, CYCLE(cycle), "hop %s", hop_name(hop));
}

TEST_F(cpu_hops, of_an_injected_interrupt_with_acknowledge_on_exit)
{
    const struct irq_record *r = &f->g.r.finished[0];
    uint64_t exit = BOOT_CYCLES + 1000 + EXIT;
    uint64_t host = exit + COST_OF(int_n);
    uint64_t inject = host + 50 + COST_OF(wrmsr) + COST_OF(iret);

    run(&f->g, true);
    ASSERT_EQ(f->g.r.finishes, 1);
    expect_hop(r, 0, HOP_MSI_WRITE, BOOT_CYCLES + 1000);
    expect_hop(r, 1, HOP_VM_EXIT, exit);
    expect_hop(r, 2, HOP_HOST_HANDLER, host);
    expect_hop(r, 3, HOP_VLAPIC_ACCEPT, inject);
    expect_hop(r, 4, HOP_INJECTION, inject);
    expect_hop(r, 5, HOP_GUEST_HANDLER,
               inject + ENTRY + COST_OF(event_injection));
}

TEST_F(cpu_hops, without_acknowledge_on_exit_the_exit_cannot_name_it)
{
    const struct irq_record *r = &f->g.r.finished[0];
    uint64_t host = BOOT_CYCLES + 1000 + EXIT + COST_OF(sti) + DELIVERY;

    run(&f->g, false);
    ASSERT_EQ(f->g.r.finishes, 1);
    expect_hop(r, 0, HOP_MSI_WRITE, BOOT_CYCLES + 1000);
    expect_hop(r, 1, HOP_HOST_HANDLER, host);
    EXPECT_EQ(r->hop[2].hop, HOP_VLAPIC_ACCEPT);
    EXPECT_EQ(r->hop[3].hop, HOP_INJECTION);
    EXPECT_EQ(r->hop[4].hop, HOP_GUEST_HANDLER);
}

TEST_F(cpu_hops, each_exit_is_counted_for_its_source)
{
    rig_arrive(&f->g.r, CYCLE(BOOT_CYCLES + 9000), HOST_GATE);
    run(&f->g, true);
    EXPECT_EQ(f->g.exits, 2);
    EXPECT_EQ(f->g.r.node.account.exits_by_source[SOURCE_B], 2);
}

TEST_F(cpu_hops, exit_is_counted_for_its_source_once)
{
    run(&f->g, true);
    EXPECT_EQ(f->g.r.node.account.exits_by_source[SOURCE_B], 1);
    EXPECT_EQ(f->g.r.node.account.exits_by_source[SOURCE_A], 0);
}

/* The line falls between the event and the acknowledge. */
TEST_F(cpu_hops, spurious_exit_is_not_the_interrupt_before_it)
{
    struct guest_rig *g = &f->g;

    run(g, true);
    engine_run(&g->r.engine, CYCLE(30000));
    cpu_node_intr(&g->r.node, true);
    rig_run(&g->r, 30001);
    cpu_node_intr(&g->r.node, false);
    rig_run(&g->r, 40000);
    EXPECT_EQ(guest_exit(g, 1, EXIT_EXTERNAL_INTERRUPT)->intr_info,
              INTR_INFO_VALID | SPURIOUS);
    EXPECT_EQ(g->r.node.delivered_irq, 0);
    EXPECT_EQ(g->r.node.account.exits_by_source[SOURCE_B], 1);
}

TEST_F(cpu_hops, attribution_of_one_exit_counts_once)
{
    struct guest_rig *g = &f->g;
    irq_id a = irq_birth(&g->r.irqs, SOURCE_A, HOP_TIMER_EXPIRY, 0);

    run(g, true);
    cpu_node_attribute_exit(&g->r.node, a);
    EXPECT_EQ(g->r.node.account.exits_by_source[SOURCE_A], 0,
              "the exit has its source");
    irq_drop(&g->r.irqs, a, IRQ_NO_TARGET);
}

TEST_F(cpu_hops, interrupt_between_exit_and_handler_is_held)
{
    struct guest_rig *g = &f->g;

    emit_host_handler(g);
    emit_host(g, true);
    emit_guest(g);
    guest_set(g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 1000), HOST_GATE);
    rig_start(&g->r, g->boot, false);
    rig_run(&g->r, BOOT_CYCLES + 1000 + EXIT / 2);
    g->r.isr_irq[HOST_GATE] = 0; /* now only the CPU has it */
    rig_audit(&g->r);
    rig_run(&g->r, BOOT_CYCLES + 1000 + EXIT + COST_OF(int_n) / 2);
    rig_audit(&g->r);
}
