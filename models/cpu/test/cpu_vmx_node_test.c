/* When things happen with a guest: entries and exits take their time, events
 * are taken before the first op, interrupts keep their identity. */
#include "models/cpu/test/guest_rig.h"

#define DELIVERY COST_OF(interrupt_delivery)
#define EXIT COST_OF(vm_exit)
#define ENTRY COST_OF(vm_entry)

struct cpu_node_guest {
    struct guest_rig g;
};

static void cpu_node_guest_setup(struct cpu_node_guest *f)
{
    guest_init(&f->g);
}

static void cpu_node_guest_teardown(struct cpu_node_guest *f)
{
    rig_audit(&f->g.r);
}

enum { DONE = 1000, BEFORE, AFTER };

/* The guest: WORK, a note, HLT for ever. */
static void guest_works(struct guest_rig *g, uint64_t cycles)
{
    rig_handler(&g->r, 0x31);
    rig_handler(&g->r, 0x41);
    guest_begins(g);
    rig_emit(&g->r, OP_WORK, cycles);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
}

static void inject(struct guest_rig *g, uint8_t vector, irq_id irq)
{
    guest_put(g, VMCS_ENTRY_INTR_INFO, INTR_INFO_VALID | vector);
    g->r.vmcs.inject_irq = irq;
}

static irq_id born(struct guest_rig *g)
{
    return irq_birth(&g->r.irqs, SOURCE_A, HOP_TIMER_EXPIRY,
                     engine_now(&g->r.engine));
}

/* ---- entries and exits ---- */

TEST_F(cpu_node_guest, entry_and_exit_take_their_time_as_transition)
{
    struct guest_rig *g = &f->g;
    uint64_t guest = 0;

    guest_works(g, 500);
    guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_HLT_EXITING);
    guest_run(g, 20000);
    guest = BOOT_CYCLES + 500;
    EXPECT_EQ(rig_noted_at(&g->r, 0, DONE), guest);
    EXPECT_EQ(guest_exit(g, 0, EXIT_HLT)->time, CYCLE(guest + EXIT));
    EXPECT_EQ(rig_share(&g->r, SHARE_TRANSITION), ENTRY + EXIT);
    EXPECT_EQ(rig_share(&g->r, SHARE_GUEST), 500);
    EXPECT_EQ(g->r.node.account.exits[EXIT_HLT], 1);
    EXPECT_EQ(g->r.node.account.host_by_reason[NO_EXIT_YET],
              2 * COST_OF(vmptrld));
}

TEST_F(cpu_node_guest, refused_controls_fall_through_to_the_next_op)
{
    guest_works(&f->g, 500);
    guest_put(&f->g, VMCS_PIN_CONTROLS, 0);
    guest_run(&f->g, 20000);
    rig_noted(&f->g.r, 0, ENTRY_FAILED);
    EXPECT_EQ(f->g.exits, 0);
    EXPECT_TRUE(f->g.r.node.cpu.vm_fail);
}

TEST_F(cpu_node_guest, entry_failure_counts_as_an_exit_of_its_reason)
{
    struct guest_rig *g = &f->g;

    guest_works(g, 500);
    guest_put(g, VMCS_GUEST_RFLAGS, 0);
    guest_run(g, 20000);
    guest_exit(g, 0, 0x80000021);
    EXPECT_EQ(g->r.node.account.exits[EXIT_INVALID_GUEST_STATE], 1);
    EXPECT_EQ(g->r.node.exit_reason, EXIT_INVALID_GUEST_STATE);
}

TEST_F(cpu_node_guest, work_that_an_exit_cuts_goes_on_after_the_entry)
{
    struct guest_rig *g = &f->g;

    g->r.node.config.costs.pollution_per_exit = 0;
    guest_works(g, 5000);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_set(g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    g->stop_after = 0;
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 100) - 1, 0x41);
    guest_run(g, 20000);
    EXPECT_EQ(guest_exit(g, 0, EXIT_EXTERNAL_INTERRUPT)->rip, g->guest + 100);
    EXPECT_EQ(rig_noted_at(&g->r, 0, DONE), BOOT_CYCLES + 5000 + EXIT + ENTRY);
    EXPECT_EQ(rig_share(&g->r, SHARE_GUEST), 5000);
}

/* ---- external interrupts ---- */

static void interrupt_before_the_guest(struct guest_rig *g)
{
    guest_works(g, 5000);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_put(g, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    rig_arrive(&g->r, CYCLE(5), 0x41);
}

TEST_F(cpu_node_guest, pending_interrupt_exits_before_the_first_op)
{
    interrupt_before_the_guest(&f->g);
    guest_run(&f->g, 20000);
    EXPECT_EQ(guest_exit(&f->g, 0, EXIT_EXTERNAL_INTERRUPT)->rip, f->g.guest);
    EXPECT_EQ(rig_share(&f->g.r, SHARE_GUEST), 0);
}

TEST_F(cpu_node_guest, interrupt_stays_in_irr_without_acknowledge_on_exit)
{
    const struct rig_exit *x;

    interrupt_before_the_guest(&f->g);
    guest_run(&f->g, 20000);
    x = guest_exit(&f->g, 0, EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(x->intr_info, 0);
    EXPECT_TRUE(x->irr_41);
    EXPECT_TRUE(vecset_empty(&f->g.r.isr));
}

TEST_F(cpu_node_guest, interrupt_is_in_service_with_acknowledge_on_exit)
{
    const struct rig_exit *x;

    interrupt_before_the_guest(&f->g);
    guest_set(&f->g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    guest_run(&f->g, 20000);
    x = guest_exit(&f->g, 0, EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(x->intr_info, 0x80000041);
    EXPECT_FALSE(x->irr_41);
    EXPECT_TRUE(vecset_has(&f->g.r.isr, 0x41));
    EXPECT_EQ(f->g.r.node.account.exits_by_source[SOURCE_B], 1);
}

TEST_F(cpu_node_guest, interrupt_reaches_the_guest_directly_when_if_becomes_1)
{
    struct guest_rig *g = &f->g;

    rig_handler(&g->r, 0x41);
    guest_begins(g);
    rig_emit(&g->r, OP_WORK, 3000);
    rig_emit_note(&g->r, BEFORE);
    rig_emit(&g->r, OP_STI, 0);
    rig_emit_note(&g->r, AFTER);
    rig_emit_end(&g->r);
    guest_put(g, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    rig_arrive(&g->r, CYCLE(5), 0x41);
    guest_run(g, 20000);
    rig_noted(&g->r, 0, BEFORE);
    rig_noted(&g->r, 1, AFTER);
    EXPECT_TRUE(rig_noted(&g->r, 2, 0x41)->non_root);
    EXPECT_EQ(g->exits, 0);
    EXPECT_EQ(g->r.irqs.count[SOURCE_B].delivered, 1);
}

/* The host of a guest that has the physical interrupts runs with IF = 0. */
TEST_F(cpu_node_guest, interrupt_of_root_operation_comes_right_after_the_entry)
{
    struct guest_rig *g = &f->g;

    rig_handler(&g->r, 0x41);
    guest_begins(g);
    rig_emit_note(&g->r, AFTER);
    rig_emit_end(&g->r);
    rig_arrive(&g->r, CYCLE(5), 0x41);
    guest_run(g, 20000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, 0x41),
              BOOT_CYCLES + COST_OF(interrupt_delivery));
    EXPECT_TRUE(rig_noted(&g->r, 0, 0x41)->non_root, "no host handler");
    rig_noted(&g->r, 1, AFTER);
    EXPECT_EQ(g->exits, 0);
}

/* Whatever the host meant by it. */
TEST_F(cpu_node_guest, kick_by_an_ordinary_interrupt_is_the_guests)
{
    struct guest_rig *g = &f->g;

    rig_handler(&g->r, 0x41);
    guest_begins(g);
    rig_emit(&g->r, OP_WORK, 3000);
    rig_emit_note(&g->r, AFTER);
    rig_emit_end(&g->r);
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 1000), 0x41);
    guest_run(g, 20000);
    EXPECT_TRUE(rig_noted(&g->r, 0, 0x41)->non_root);
    rig_noted(&g->r, 1, AFTER);
    EXPECT_EQ(g->exits, 0);
}

TEST_F(cpu_node_guest, eoi_that_reaches_the_apic_retires_the_highest_in_service)
{
    struct guest_rig *g = &f->g;

    guest_begins(g);
    rig_emit(&g->r, OP_WRMSR, MSR_EOI);
    rig_emit_note(&g->r, AFTER);
    rig_emit_end(&g->r);
    vecset_add(&g->r.isr, 0x41); /* what the guest handles */
    vecset_add(&g->r.isr, 0x51);
    guest_run(g, 20000);
    EXPECT_TRUE(vecset_has(&g->r.isr, 0x41));
    EXPECT_FALSE(vecset_has(&g->r.isr, 0x51));
    EXPECT_EQ(g->exits, 0);
}

TEST_F(cpu_node_guest, absent_gate_exits_with_the_interrupt_in_service)
{
    const struct rig_exit *x;

    guest_works(&f->g, 5000);
    rig_absent(&f->g.r, 0x41);
    guest_put(&f->g, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_arrive(&f->g.r, CYCLE(BOOT_CYCLES + 100), 0x41);
    guest_run(&f->g, 20000);
    x = guest_exit(&f->g, 0, EXIT_EXCEPTION_NMI);
    EXPECT_EQ(x->intr_info, 0x80000b0b);
    EXPECT_EQ(x->vectoring, 0x80000041);
    EXPECT_EQ(x->rip, f->g.guest + 100);
    EXPECT_EQ(x->time, CYCLE(BOOT_CYCLES + 100 + DELIVERY + EXIT));
    EXPECT_TRUE(vecset_has(&f->g.r.isr, 0x41));
    EXPECT_EQ(f->g.r.irqs.count[SOURCE_B].delivered, 0);
    EXPECT_EQ(f->g.r.node.account.exits_by_source[SOURCE_B], 1);
    EXPECT_NE(f->g.r.node.delivered_irq, 0, "the host can tell which it is");
}

/* ---- injection ---- */

TEST_F(cpu_node_guest, injected_interrupt_runs_before_the_first_op)
{
    struct guest_rig *g = &f->g;

    guest_works(g, 500);
    inject(g, 0x31, born(g));
    guest_run(g, 20000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, 0x31),
              BOOT_CYCLES + COST_OF(event_injection));
    EXPECT_EQ(rig_noted(&g->r, 0, 0x31)->rip, g->guest);
    rig_noted(&g->r, 1, DONE);
    EXPECT_TRUE(vecset_empty(&g->r.isr), "the physical APIC is left alone");
    EXPECT_EQ(g->r.node.account.injections, 1);
    EXPECT_EQ(rig_share(&g->r, SHARE_GUEST_IRQ), HANDLER_CYCLES);
    EXPECT_EQ(rig_share(&g->r, SHARE_TRANSITION),
              ENTRY + COST_OF(event_injection));
}

TEST_F(cpu_node_guest, pending_interrupt_exits_behind_the_injected_event)
{
    struct guest_rig *g = &f->g;
    uint64_t handler = rig_here(&g->r);

    guest_works(g, 500);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    inject(g, 0x31, born(g));
    rig_arrive(&g->r, CYCLE(5), 0x41);
    guest_run(g, 20000);
    EXPECT_EQ(guest_exit(g, 0, EXIT_EXTERNAL_INTERRUPT)->rip, handler,
              "the handler's first op");
    EXPECT_EQ(g->r.notes, 0);
}

TEST_F(cpu_node_guest, nothing_is_injected_again_after_an_exit)
{
    struct guest_rig *g = &f->g;

    guest_works(g, 5000);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    guest_set(g, VMCS_EXIT_CONTROLS, EXIT_CTL_ACKNOWLEDGE);
    g->at_exit = guest_consume;
    g->stop_after = 0;
    inject(g, 0x31, born(g));
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 4000), 0x41);
    guest_run(g, 30000);
    guest_exit(g, 0, EXIT_EXTERNAL_INTERRUPT);
    rig_noted(&g->r, 0, 0x31);
    rig_noted(&g->r, 1, DONE);
    EXPECT_EQ(g->r.notes, 2);
    EXPECT_EQ(g->r.node.account.injections, 1);
}

static irq_id prepared; /* for a later injection */

static void inject_fault(struct guest_rig *g, struct cpu_env *env)
{
    (void)env;
    g->r.vmcs.inject_irq = prepared;
    guest_put(g, VMCS_ENTRY_INTR_INFO,
              INTR_INFO_VALID | INTR_TYPE_HARDWARE_EXCEPTION << 8 | VECTOR_UD);
}

TEST_F(cpu_node_guest, injected_exception_is_nobodys_interrupt)
{
    struct guest_rig *g = &f->g;
    irq_id irq = born(g);

    prepared = born(g);

    rig_gate_to(&g->r, VECTOR_UD, rig_here(&g->r));
    rig_emit_note(&g->r, VECTOR_UD);
    rig_emit_end(&g->r);
    guest_works(g, 500);
    guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_PAUSE_EXITING);
    g->r.text[rip_op(g->guest)].kind = OP_PAUSE;
    g->at_exit = inject_fault;
    g->stop_after = 0;
    inject(g, 0x31, irq);
    guest_run(g, 30000);
    rig_noted(&g->r, 0, 0x31);
    guest_exit(g, 0, EXIT_PAUSE);
    rig_noted(&g->r, 1, VECTOR_UD);
    EXPECT_EQ(g->r.node.account.injections, 1);
    EXPECT_EQ(g->r.irqs.count[SOURCE_A].delivered, 1);
    EXPECT_EQ(g->r.node.delivered_irq, irq, "still the last one entered");
    EXPECT_EQ(g->r.record[1].hops, 1, "its birth");
    EXPECT_EQ(g->r.vmcs.inject_irq, prepared);
    irq_drop(&g->r.irqs, prepared, IRQ_NO_TARGET);
    irq_finish(&g->r.irqs, irq, HOP_COUNT, engine_now(&g->r.engine));
    ASSERT_EQ(g->r.finishes, 1);
    EXPECT_EQ(g->r.finished[0].hops, 3, "birth, injection, handler");
}

TEST_F(cpu_node_guest, injection_that_exits_leaves_its_interrupt_to_the_host)
{
    struct guest_rig *g = &f->g;
    irq_id irq = born(g);

    guest_works(g, 500);
    rig_absent(&g->r, 0x31);
    guest_put(g, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    inject(g, 0x31, irq);
    guest_run(g, 20000);
    EXPECT_EQ(guest_exit(g, 0, EXIT_EXCEPTION_NMI)->vectoring, 0x80000031);
    EXPECT_EQ(g->r.vmcs.inject_irq, irq);
    EXPECT_TRUE(irq_pending(&g->r.irqs, irq));
}

TEST_F(cpu_node_guest, injection_whose_place_a_fault_takes_is_dropped)
{
    struct guest_rig *g = &f->g;

    guest_works(g, 500);
    rig_fault_handler(&g->r, VECTOR_NP);
    rig_absent(&g->r, 0x31);
    inject(g, 0x31, born(g));
    guest_run(g, 20000);
    rig_noted(&g->r, 0, VECTOR_NP);
    EXPECT_EQ(g->r.irqs.count[SOURCE_A].by_reason[IRQ_UNHANDLED], 1);
    EXPECT_EQ(g->r.vmcs.inject_irq, 0);
}

/* ---- HLT and STI in the guest ---- */

TEST_F(cpu_node_guest, halted_guest_is_idle_and_wakes_up)
{
    struct guest_rig *g = &f->g;
    uint64_t hlt = BOOT_CYCLES + 500;

    guest_works(g, 500);
    rig_arrive(&g->r, CYCLE(hlt + 700), 0x41);
    guest_run(g, hlt + 700 + COST_OF(hlt_wake));
    EXPECT_EQ(rig_share(&g->r, SHARE_IDLE), 700 + COST_OF(hlt_wake));
    rig_run(&g->r, 20000);
    EXPECT_EQ(rig_noted_at(&g->r, 1, 0x41),
              hlt + 700 + COST_OF(hlt_wake) + DELIVERY);
}

TEST_F(cpu_node_guest, exit_from_hlt_wakes_up_and_saves_hlt)
{
    struct guest_rig *g = &f->g;
    const struct rig_exit *x;
    uint64_t hlt = BOOT_CYCLES + 500;

    guest_works(g, 500);
    guest_set(g, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    rig_arrive(&g->r, CYCLE(hlt + 700), 0x41);
    guest_run(g, 20000);
    x = guest_exit(g, 0, EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(x->time, CYCLE(hlt + 700 + COST_OF(hlt_wake) + EXIT));
    EXPECT_EQ(x->activity, ACTIVITY_HLT);
    EXPECT_EQ(x->rip, rip_plus(g->guest, 3), "behind the HLT");
}

TEST_F(cpu_node_guest, entry_into_hlt_sleeps_at_once)
{
    struct guest_rig *g = &f->g;

    guest_works(g, 500);
    guest_put(g, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    rig_arrive(&g->r, CYCLE(9000), 0x41);
    guest_run(g, 20000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, 0x41),
              9000 + COST_OF(hlt_wake) + DELIVERY);
    rig_noted(&g->r, 1, DONE);
}

/* STI, HLT, with what the VMCS says. */
static void sti_hlt(struct guest_rig *g)
{
    rig_handler(&g->r, 0x41);
    guest_begins(g);
    rig_emit(&g->r, OP_STI, 0);
    rig_emit(&g->r, OP_HLT, 0);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_put(g, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
}

static const struct sti_hlt_row {
    const char *name;
    bool window;
} sti_hlt_rows[] = {{"interrupt_pending", false}, {"window_exiting", true}};

TEST_EACH(cpu_node_sti_hlt, exits_for_hlt_first_and_saves_blocking_by_sti,
          struct sti_hlt_row, sti_hlt_rows)
{
    static struct guest_rig rig;
    struct guest_rig *g = &rig;
    const struct rig_exit *x;

    *g = (struct guest_rig){0};
    guest_init(g);
    sti_hlt(g);
    guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_HLT_EXITING);
    if (row->window)
        guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    else
        rig_arrive(&g->r, CYCLE(5), 0x41);
    guest_run(g, 20000);
    x = guest_exit(g, 0, EXIT_HLT);
    EXPECT_EQ(x->rip, rip_plus(g->guest, 1));
    EXPECT_EQ(x->blocking, BLOCKING_BY_STI);
    EXPECT_EQ(x->activity, ACTIVITY_ACTIVE);
    rig_audit(&g->r);
}

TEST_F(cpu_node_guest, window_opens_in_hlt_behind_sti)
{
    const struct rig_exit *x;

    sti_hlt(&f->g);
    guest_set(&f->g, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    guest_run(&f->g, 20000);
    x = guest_exit(&f->g, 0, EXIT_INTERRUPT_WINDOW);
    EXPECT_EQ(x->rip, rip_plus(f->g.guest, 2));
    EXPECT_EQ(x->activity, ACTIVITY_HLT);
    EXPECT_EQ(x->blocking, 0);
}

TEST_F(cpu_node_guest, window_opens_after_the_first_cycle_of_work_behind_sti)
{
    sti_hlt(&f->g);
    f->g.r.text[rip_op(f->g.guest) + 1] =
        (struct op){.kind = OP_WORK, .imm = 100};
    guest_set(&f->g, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    guest_run(&f->g, 20000);
    EXPECT_EQ(guest_exit(&f->g, 0, EXIT_INTERRUPT_WINDOW)->rip,
              rip_plus(f->g.guest, 1) + 1);
}

TEST_F(cpu_node_guest, fault_that_exits_saves_blocking_by_sti)
{
    const struct rig_exit *x;

    sti_hlt(&f->g);
    f->g.r.text[rip_op(f->g.guest) + 1] =
        (struct op){.kind = OP_MOV_CR8, .reg = RBX};
    guest_put(&f->g, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
    rig_start(&f->g.r, f->g.boot, false);
    f->g.r.node.cpu.gpr[RBX] = 16;
    rig_run(&f->g.r, 20000);
    x = guest_exit(&f->g, 0, EXIT_EXCEPTION_NMI);
    EXPECT_EQ(x->blocking, BLOCKING_BY_STI);
    EXPECT_EQ(x->rip, rip_plus(f->g.guest, 1));
}

/* ---- interception and faults ---- */

TEST_F(cpu_node_guest, intercepted_access_exits_even_if_it_would_fault)
{
    struct guest_rig *g = &f->g;

    rig_fault_handler(&g->r, VECTOR_GP);
    guest_begins(g);
    rig_emit(&g->r, OP_RDMSR, MSR_UNKNOWN);
    rig_emit(&g->r, OP_MOV, 16);
    rig_emit(&g->r, OP_MOV_CR8, 0);
    rig_emit_end(&g->r);
    guest_put(g, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
    guest_clear(g, VMCS_PRIMARY_CONTROLS, PRIMARY_MSR_BITMAPS);
    guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_CR8_LOAD_EXITING);
    g->stop_after = 2;
    guest_run(g, 20000);
    guest_exit(g, 0, EXIT_MSR_READ);
    guest_exit(g, 1, EXIT_CR_ACCESS);
}

TEST_F(cpu_node_guest, msr_that_the_bitmap_passes_faults_in_the_guest)
{
    struct guest_rig *g = &f->g;

    rig_fault_handler(&g->r, VECTOR_GP);
    guest_begins(g);
    rig_emit(&g->r, OP_RDMSR, MSR_TPR);
    rig_emit_note(&g->r, BEFORE);
    rig_emit(&g->r, OP_RDMSR, MSR_UNKNOWN);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    g->r.tpr = 0x70;
    guest_run(g, 20000);
    EXPECT_EQ(rig_noted(&g->r, 0, BEFORE)->rax, 0x70);
    EXPECT_TRUE(rig_noted(&g->r, 1, VECTOR_GP)->non_root);
    rig_noted(&g->r, 2, DONE);
    EXPECT_EQ(g->exits, 0);
}

TEST_F(cpu_node_guest, ept_violation_happens_before_the_access)
{
    struct guest_rig *g = &f->g;

    guest_begins(g);
    rig_emit(&g->r, OP_STORE, DEVICE_AT);
    rig_emit(&g->r, OP_STORE, STACK_AT);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    guest_set(g, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT);
    g->r.vmcs.hole_base = DEVICE_AT;
    g->r.vmcs.hole_bytes = 8;
    g->stop_after = 0;
    guest_run(g, 20000);
    EXPECT_EQ(guest_exit(g, 0, EXIT_EPT_VIOLATION)->rip, g->guest);
    EXPECT_EQ(g->r.device_writes, 0);
    EXPECT_EQ(rig_noted_at(&g->r, 0, DONE),
              BOOT_CYCLES + EXIT + ENTRY + COST_OF(mem_access));
}

TEST_F(cpu_node_guest, triple_fault_exits)
{
    guest_works(&f->g, 500);
    inject(&f->g, 0x77, born(&f->g));
    guest_run(&f->g, 20000);
    guest_exit(&f->g, 0, EXIT_TRIPLE_FAULT);
    EXPECT_EQ(f->g.r.irqs.count[SOURCE_A].by_reason[IRQ_UNHANDLED], 1);
}
