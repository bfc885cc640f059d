/* When things happen without a hypervisor: WORK is cut, HLT wakes up, faults
 * and interrupts take their time, each cycle is somebody's. */
#include "models/cpu/test/node_rig.h"

#define DELIVERY COST_OF(interrupt_delivery)

struct cpu_node_alone {
    struct node_rig r;
};

static void cpu_node_alone_setup(struct cpu_node_alone *f)
{
    rig_init(&f->r);
}

static void cpu_node_alone_teardown(struct cpu_node_alone *f)
{
    rig_audit(&f->r);
}

enum { DONE = 1000, BEFORE, AFTER };

/* ---- WORK ---- */

/* WORK of 2000 cycles, then a note; interrupts of vector 31h are on. */
static void start_work(struct node_rig *r)
{
    uint64_t boot;

    rig_handler(r, 0x31);
    boot = rig_here(r);
    rig_emit(r, OP_WORK, 2000);
    rig_emit_note(r, DONE);
    rig_emit_end(r);
    rig_start(r, boot, true);
}

TEST_F(cpu_node_alone, work_is_cut_at_the_edge_and_goes_on_with_the_rest)
{
    uint64_t boot = rip_of(5);
    const struct noted *n;

    start_work(&f->r);
    rig_arrive(&f->r, CYCLE(100) + 3, 0x31);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, 0x31), 101 + DELIVERY);
    n = rig_noted(&f->r, 0, 0x31);
    EXPECT_EQ(n->rip, boot + 101, "101 cycles are done");
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE), 2000 + DELIVERY + HANDLER_CYCLES);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST), 2000);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST_IRQ), DELIVERY + HANDLER_CYCLES);
    EXPECT_EQ(rig_share(&f->r, SHARE_IDLE),
              10000 - 2000 - DELIVERY - HANDLER_CYCLES);
}

TEST_F(cpu_node_alone, interrupt_on_an_edge_is_taken_at_that_edge)
{
    start_work(&f->r);
    rig_arrive(&f->r, CYCLE(100), 0x31);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, 0x31), 100 + DELIVERY);
}

TEST_F(cpu_node_alone, interrupt_at_the_end_of_work_is_taken_behind_it)
{
    const struct noted *n;

    start_work(&f->r);
    rig_arrive(&f->r, CYCLE(2000), 0x31);
    rig_run(&f->r, 10000);
    n = rig_noted(&f->r, 0, 0x31);
    EXPECT_EQ(n->rip, rip_of(6));
    EXPECT_EQ(n->time, CYCLE(2000 + DELIVERY));
}

TEST_F(cpu_node_alone, work_survives_many_interrupts)
{
    start_work(&f->r);
    f->r.text[5].imm = 20000;
    for (unsigned i = 0; i < 50; i++)
        rig_arrive(&f->r, CYCLE(2300 * i) + i, 0x31);
    rig_run(&f->r, 200000);
    rig_noted(&f->r, 50, DONE);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST), 20000);
    EXPECT_EQ(f->r.irqs.count[SOURCE_B].delivered, 50);
}

TEST_F(cpu_node_alone, interrupt_that_is_withdrawn_before_the_edge_cuts_nothing)
{
    start_work(&f->r);
    engine_run(&f->r.engine, CYCLE(100) + 3);
    rig_raise(&f->r, 0x31, SOURCE_A);
    rig_withdraw(&f->r, 0x31);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, DONE), 2000);
    EXPECT_EQ(f->r.notes, 1);
}

/* Steps of the CPU are chosen before an interrupt that comes earlier. */
TEST_F(cpu_node_alone, one_that_is_ahead_does_not_go_back_to_an_interrupt)
{
    struct node_rig *r = &f->r;

    start_work(r);
    r->text[4] = (struct op){.kind = OP_WORK, .imm = 5};
    r->node.cpu.rip = rip_of(4);
    rig_arrive(r, CYCLE(1), 0x31);
    engine_run_event(&r->engine, &r->node.step_event);
    engine_run_event(&r->engine, &r->node.step_event);
    ASSERT_EQ(r->node.step, STEP_WORK);
    ASSERT_GT(r->node.start, CYCLE(1));
    engine_run_event(&r->engine, &r->arrival[0].event);
    EXPECT_EQ(engine_now(&r->engine), CYCLE(1));
    EXPECT_EQ(r->node.step_event.time, r->node.start);
    engine_run_event(&r->engine, &r->node.step_event);
    EXPECT_EQ(r->node.step, STEP_DELIVERY);
    EXPECT_EQ(r->node.cpu.rip, rip_of(5), "nothing of the work is done");
    cpu_node_settle(&r->node, engine_now(&r->engine));
}

TEST_F(cpu_node_alone, settling_in_the_middle_of_work_does_not_prolong_it)
{
    start_work(&f->r);
    rig_run(&f->r, 700);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST), 700);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, DONE), 2000);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST), 2000);
}

TEST_F(cpu_node_alone, work_of_0_cycles_can_be_interrupted)
{
    uint64_t boot;

    rig_handler(&f->r, 0x31);
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_WORK, 100);
    rig_emit(&f->r, OP_WORK, 0);
    rig_emit(&f->r, OP_WORK, 0);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, true);
    rig_arrive(&f->r, CYCLE(100), 0x31);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted(&f->r, 0, 0x31)->rip, rip_plus(boot, 1));
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE), 100 + DELIVERY + HANDLER_CYCLES);
}

TEST_F(cpu_node_alone, work_reg_ends_if_its_handler_made_the_register_small)
{
    uint64_t boot;

    rig_handler(&f->r, 0x31);
    f->r.text[2].kind = OP_MOV; /* in place of the handler's work */
    f->r.text[2].imm = 5;
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_MOV, 1000);
    rig_emit(&f->r, OP_WORK_REG, 0);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, true);
    rig_arrive(&f->r, CYCLE(100), 0x31);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE),
              100 + DELIVERY + COST_OF(wrmsr) + COST_OF(iret));
}

TEST_F(cpu_node_alone, op_is_not_cut)
{
    uint64_t boot;

    rig_handler(&f->r, 0x31);
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_LOAD, DEVICE_AT);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, true);
    rig_arrive(&f->r, CYCLE(10), 0x31);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, 0x31), DEVICE_READ_CYCLES + DELIVERY);
    EXPECT_EQ(rig_noted(&f->r, 1, DONE)->rax, DEVICE_VALUE);
}

/* ---- blocking by STI ---- */

/* IF = 0 and 50h pending; STI, then `op`, then a note. */
static uint64_t run_sti(struct node_rig *r, enum op_kind op, uint64_t imm)
{
    uint64_t boot;

    rig_handler(r, 0x50);
    rig_fault_handler(r, VECTOR_GP);
    boot = rig_here(r);
    rig_emit(r, OP_WORK, 10);
    rig_emit(r, OP_STI, 0);
    rig_emit(r, op, imm);
    rig_emit_note(r, DONE);
    rig_emit_end(r);
    rig_start(r, boot, false);
    rig_arrive(r, 0, 0x50);
    rig_run(r, 20000);
    return rip_plus(boot, 2);
}

TEST_F(cpu_node_alone, sti_nop_is_interrupted_behind_the_nop)
{
    uint64_t nop = run_sti(&f->r, OP_NOP, 0);

    EXPECT_EQ(rig_noted(&f->r, 0, 0x50)->rip, rip_plus(nop, 1));
    rig_noted(&f->r, 1, DONE);
}

TEST_F(cpu_node_alone, sti_hlt_returns_behind_the_hlt)
{
    uint64_t hlt = run_sti(&f->r, OP_HLT, 0);

    EXPECT_EQ(rig_noted(&f->r, 0, 0x50)->rip, rip_plus(hlt, 1));
    rig_noted(&f->r, 1, DONE);
}

TEST_F(cpu_node_alone, sti_work_is_interrupted_after_one_cycle)
{
    uint64_t work = run_sti(&f->r, OP_WORK, 100);

    EXPECT_EQ(rig_noted(&f->r, 0, 0x50)->rip, work + 1);
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE),
              110 + COST_OF(sti) + DELIVERY + HANDLER_CYCLES);
}

TEST_F(cpu_node_alone, sti_work_of_0_cycles_is_one_op)
{
    uint64_t work = run_sti(&f->r, OP_WORK, 0);

    EXPECT_EQ(rig_noted(&f->r, 0, 0x50)->rip, rip_plus(work, 1));
}

TEST_F(cpu_node_alone, sti_cli_lets_no_interrupt_through)
{
    run_sti(&f->r, OP_CLI, 0);
    rig_noted(&f->r, 0, DONE);
    EXPECT_EQ(f->r.notes, 1);
}

TEST_F(cpu_node_alone, fault_under_blocking_by_sti_ends_it_by_its_delivery)
{
    uint64_t op = run_sti(&f->r, OP_RDMSR, MSR_UNKNOWN);

    rig_noted(&f->r, 0, VECTOR_GP);
    EXPECT_EQ(rig_noted(&f->r, 1, 0x50)->rip, rip_plus(op, 1));
    rig_noted(&f->r, 2, DONE);
}

/* ---- priority ---- */

TEST_F(cpu_node_alone, higher_vector_runs_first_and_both_interrupt_one_rip)
{
    uint64_t boot;

    rig_handler(&f->r, 0x66);
    rig_handler(&f->r, 0x78);
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_WORK, 100);
    rig_emit(&f->r, OP_STI, 0);
    rig_emit(&f->r, OP_NOP, 0);
    rig_emit(&f->r, OP_WORK, 100);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, false);
    rig_arrive(&f->r, CYCLE(10), 0x66);
    rig_arrive(&f->r, CYCLE(20), 0x78);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted(&f->r, 0, 0x78)->rip, rip_plus(boot, 3));
    EXPECT_EQ(rig_noted(&f->r, 1, 0x66)->rip, rip_plus(boot, 3));
}

TEST_F(cpu_node_alone, handler_with_if_1_is_preempted_by_a_higher_class)
{
    uint64_t boot, handler = rig_here(&f->r);

    rig_gate_to(&f->r, 0x31, handler);
    rig_emit_note(&f->r, 0x31);
    rig_emit(&f->r, OP_STI, 0);
    rig_emit(&f->r, OP_WORK, 3000);
    rig_emit(&f->r, OP_WRMSR, MSR_EOI);
    rig_emit(&f->r, OP_IRET, 0);
    rig_handler(&f->r, 0x41);
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_WORK, 100);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, true);
    rig_arrive(&f->r, CYCLE(50), 0x31);
    rig_arrive(&f->r, CYCLE(2500), 0x41);
    rig_run(&f->r, 20000);
    rig_noted(&f->r, 0, 0x31);
    EXPECT_EQ(rip_op(rig_noted(&f->r, 1, 0x41)->rip), rip_op(handler) + 2);
    rig_noted(&f->r, 2, DONE);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST), 100);
    EXPECT_EQ(f->r.node.cpu.frames, 0);
}

/* ---- HLT ---- */

static uint64_t start_hlt(struct node_rig *r)
{
    uint64_t boot;

    rig_handler(r, 0x31);
    boot = rig_here(r);
    rig_emit(r, OP_HLT, 0);
    rig_emit_note(r, DONE);
    rig_emit_end(r);
    rig_start(r, boot, true);
    return boot;
}

TEST_F(cpu_node_alone, hlt_is_idle_until_it_has_woken_up)
{
    uint64_t awake = 501 + COST_OF(hlt_wake);

    start_hlt(&f->r);
    rig_arrive(&f->r, CYCLE(500) + 1, 0x31);
    rig_run(&f->r, awake + DELIVERY + HANDLER_CYCLES);
    EXPECT_EQ(rig_noted_at(&f->r, 0, 0x31), awake + DELIVERY);
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE), awake + DELIVERY + HANDLER_CYCLES);
    EXPECT_EQ(rig_share(&f->r, SHARE_IDLE), awake);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST), 0);
}

TEST_F(cpu_node_alone, hlt_goes_on_if_the_waking_interrupt_is_withdrawn)
{
    start_hlt(&f->r);
    engine_run(&f->r.engine, CYCLE(500));
    rig_raise(&f->r, 0x31, SOURCE_A);
    engine_run(&f->r.engine, CYCLE(600));
    rig_withdraw(&f->r, 0x31);
    rig_run(&f->r, 5000);
    EXPECT_EQ(f->r.notes, 0);
    EXPECT_EQ(f->r.node.step, STEP_WAIT);
    EXPECT_EQ(rig_share(&f->r, SHARE_IDLE), 5000);
    rig_arrive(&f->r, CYCLE(6000), 0x31);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, 0x31),
              6000 + COST_OF(hlt_wake) + DELIVERY);
}

TEST_F(cpu_node_alone, hlt_sleeps_through_an_interrupt_below_the_tpr)
{
    uint64_t hlt = start_hlt(&f->r);

    f->r.tpr = 0x30;
    rig_arrive(&f->r, CYCLE(500), 0x31);
    rig_run(&f->r, 5000);
    EXPECT_EQ(f->r.notes, 0);
    EXPECT_EQ(f->r.node.cpu.rip, rip_plus(hlt, 1));
}

TEST_F(cpu_node_alone, hlt_with_if_0_is_for_ever)
{
    start_hlt(&f->r);
    f->r.node.cpu.rflags = RFLAGS_FIXED;
    rig_arrive(&f->r, CYCLE(500), 0x31);
    rig_run(&f->r, 5000);
    EXPECT_EQ(f->r.notes, 0);
    EXPECT_EQ(rig_share(&f->r, SHARE_IDLE), 5000);
}

/* ---- start ---- */

TEST_F(cpu_node_alone, starts_at_the_next_edge_with_what_the_line_says)
{
    uint64_t boot;

    rig_handler(&f->r, 0x31);
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_STI, 0);
    rig_emit_note(&f->r, BEFORE);
    rig_emit_end(&f->r);
    engine_run(&f->r.engine, CYCLE(9) + 1);
    rig_raise(&f->r, 0x31, SOURCE_A);
    rig_start(&f->r, boot, false);
    rig_run(&f->r, 5000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, BEFORE), 10 + COST_OF(sti));
    EXPECT_EQ(rig_noted_at(&f->r, 1, 0x31), 10 + COST_OF(sti) + DELIVERY);
}

TEST_F(cpu_node_alone, that_is_never_started_is_idle)
{
    rig_run(&f->r, 5000);
    EXPECT_EQ(rig_share(&f->r, SHARE_IDLE), 5000);
}

/* ---- faults ---- */

TEST_F(cpu_node_alone, refused_msr_access_is_gp_and_takes_the_faults_time)
{
    uint64_t boot, fault = COST_OF(rdmsr) + COST_OF(fault_delivery);

    rig_fault_handler(&f->r, VECTOR_GP);
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_RDMSR, MSR_UNKNOWN);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, true);
    rig_run(&f->r, 5000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, VECTOR_GP), fault);
    EXPECT_EQ(rig_noted(&f->r, 0, VECTOR_GP)->rip, 0, "the error code");
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE), fault + COST_OF(iret));
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST_IRQ), 0, "no interrupt's time");
}

TEST_F(cpu_node_alone, cr8_above_15_is_gp)
{
    uint64_t boot;

    rig_fault_handler(&f->r, VECTOR_GP);
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_MOV, 15);
    rig_emit(&f->r, OP_MOV_CR8, 0);
    rig_emit(&f->r, OP_MOV, 16);
    rig_emit(&f->r, OP_MOV_CR8, 0);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, true);
    rig_run(&f->r, 10000);
    EXPECT_EQ(f->r.tpr, 0xf0);
    rig_noted(&f->r, 0, VECTOR_GP);
    rig_noted(&f->r, 1, DONE);
}

TEST_F(cpu_node_alone, interrupt_whose_gate_is_absent_is_dropped_for_a_np)
{
    start_work(&f->r);
    rig_fault_handler(&f->r, VECTOR_NP);
    rig_absent(&f->r, 0x31);
    rig_arrive(&f->r, CYCLE(100), 0x31);
    rig_run(&f->r, 5000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, VECTOR_NP),
              100 + DELIVERY + COST_OF(fault_delivery));
    EXPECT_EQ(f->r.irqs.count[SOURCE_B].delivered, 0);
    EXPECT_EQ(f->r.irqs.count[SOURCE_B].by_reason[IRQ_UNHANDLED], 1);
    EXPECT_TRUE(vecset_has(&f->r.isr, 0x31), "it was acknowledged");
}

TEST_F(cpu_node_alone, fault_in_a_handler_does_not_hide_whose_handler_it_is)
{
    irq_id irq;

    start_work(&f->r);
    f->r.text[2] = (struct op){.kind = OP_RDMSR, .imm = MSR_UNKNOWN};
    rig_fault_handler(&f->r, VECTOR_GP);
    rig_arrive(&f->r, CYCLE(100), 0x31);
    engine_run(&f->r.engine, CYCLE(100));
    irq = f->r.isr_irq[0x31];
    rig_run(&f->r, 10000);
    rig_noted(&f->r, 1, VECTOR_GP);
    EXPECT_NE(irq, 0);
    EXPECT_EQ(f->r.node.delivered_irq, irq);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST), 2000,
              "the fault is in the handler's time");
}

TEST_F(cpu_node_alone, three_absent_gates_shut_the_cpu_down)
{
    start_work(&f->r);
    rig_arrive(&f->r, CYCLE(100), 0x33);
    rig_arrive(&f->r, CYCLE(3000), 0x31);
    rig_run(&f->r, 5000);
    EXPECT_EQ(f->r.node.cpu.activity, ACTIVITY_SHUTDOWN);
    EXPECT_EQ(f->r.notes, 0);
    EXPECT_EQ(rig_share(&f->r, SHARE_IDLE),
              5000 - 100 - DELIVERY - 2 * COST_OF(fault_delivery));
}

/* ---- identity ---- */

TEST_F(cpu_node_alone, spurious_vector_is_nobodys_interrupt)
{
    uint64_t boot;

    rig_gate_to(&f->r, SPURIOUS, rig_here(&f->r));
    rig_emit_note(&f->r, SPURIOUS);
    rig_emit(&f->r, OP_IRET, 0);
    boot = rig_here(&f->r);
    rig_emit(&f->r, OP_WORK, 100);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, true);
    engine_run(&f->r.engine, CYCLE(50));
    cpu_node_intr(&f->r.node, true); /* the APIC has nothing by now */
    engine_run(&f->r.engine, CYCLE(51));
    cpu_node_intr(&f->r.node, false);
    rig_run(&f->r, 5000);
    rig_noted(&f->r, 0, SPURIOUS);
    rig_noted(&f->r, 1, DONE);
    EXPECT_EQ(f->r.node.delivered_irq, 0);
}

TEST_F(cpu_node_alone, handler_is_the_final_consumer_without_a_hypervisor)
{
    const struct irq_record *r = &f->r.finished[0];

    start_work(&f->r);
    rig_arrive(&f->r, CYCLE(100) + 2, 0x31);
    rig_run(&f->r, 5000);
    ASSERT_EQ(f->r.finishes, 1);
    ASSERT_EQ(r->hops, 3);
    EXPECT_EQ(r->hop[1].hop, HOP_GUEST_HANDLER);
    EXPECT_EQ(r->hop[1].time, CYCLE(101 + DELIVERY));
    EXPECT_EQ(r->hop[2].hop, HOP_EOI);
    EXPECT_EQ(r->hop[2].time,
              CYCLE(101 + DELIVERY + HANDLER_WORK + COST_OF(wrmsr)));
}
