/* When user interrupts are sent, notified and delivered, and what the local
 * APIC and the ledger see of it. */
#include "models/cpu/cpu_uintr.h"
#include "models/cpu/cpu_uintr_node.h"
#include "models/cpu/test/node_rig.h"

#define UPID_AT UINT64_C(0x38040)
#define UITT_AT UINT64_C(0x39000)
#define TSS_AT UINT64_C(0x3a000)
#define NOTIFICATION 0x61u
#define WORK_CYCLES 9000u

enum { DONE = 1000, USER_HANDLER, AWAKE };

struct cpu_uintr_node {
    struct node_rig r;
    uint64_t handler;
};

static void drop_vector(void *rig, struct cpu_env *env, uint64_t arg)
{
    (void)rig;
    (void)arg;
    env->cpu->rsp += 8;
}

static void cpu_uintr_node_setup(struct cpu_uintr_node *f)
{
    struct node_rig *r = &f->r;

    rig_init(r);
    posted_irqs_add(&r->posted, UPID_AT);
    r->node.config.user_source = SOURCE_B;
    f->handler = rig_here(r);
    rig_emit_note(r, USER_HANDLER);
    rig_call(r, drop_vector, 0);
    rig_emit(r, OP_UIRET, 0);
}

static void cpu_uintr_node_teardown(struct cpu_uintr_node *f)
{
    rig_audit(&f->r);
}

static void start(struct cpu_uintr_node *f, uint64_t rip, uint8_t cpl)
{
    struct cpu *c = &f->r.node.cpu;

    rig_start(&f->r, rip, true);
    c->cpl = cpl;
    c->tr_base = TSS_AT;
    mem_write64(&f->r.mem, TSS_AT + 4, STACK_AT);
    c->uintr.enabled = c->uintr.uif = true;
    c->uintr.uinv = NOTIFICATION;
    c->uintr.uihandler = f->handler;
    c->uintr.upidaddr = UPID_AT;
    c->uintr.tt = UITT_AT | UINTR_TT_ENABLE;
    mem_write64(&f->r.mem, UITT_AT, 5 << 8 | UITTE_VALID);
    mem_write64(&f->r.mem, UITT_AT + 8, UPID_AT);
    mem_write64(&f->r.mem, UPID_AT, UINT64_C(0x300) << 32 | NOTIFICATION << 16);
}

static void work(struct cpu_uintr_node *f, uint8_t cpl)
{
    uint64_t boot = rig_here(&f->r);

    rig_emit(&f->r, OP_WORK, WORK_CYCLES);
    rig_emit_note(&f->r, DONE);
    rig_emit(&f->r, OP_WORK, 1000000);
    start(f, boot, cpl);
}

static void post(struct cpu_uintr_node *f)
{
    mem_write64(&f->r.mem, UPID_AT + 8, 1u << 5);
    mem_fetch_or64(&f->r.mem, UPID_AT, UPID_ON);
}

TEST_F(cpu_uintr_node, senduipi_sends_the_notification_through_the_apic)
{
    uint64_t boot = rig_here(&f->r);

    rig_emit(&f->r, OP_SENDUIPI, 0);
    rig_emit_note(&f->r, DONE);
    rig_emit(&f->r, OP_WORK, 100000);
    start(f, boot, 3);
    rig_run(&f->r, 20000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, DONE), COST_OF(senduipi));
    EXPECT_EQ(f->r.notified, 1);
    EXPECT_EQ(f->r.notified_vector, NOTIFICATION);
    EXPECT_EQ(f->r.notified_ndst, 0x300);
    EXPECT_EQ(mem_read64(&f->r.mem, UPID_AT + 8), 1u << 5);
}

TEST_F(cpu_uintr_node, notification_is_processed_and_the_handler_entered)
{
    const struct noted *handler;

    work(f, 3);
    post(f);
    rig_arrive(&f->r, CYCLE(100), NOTIFICATION);
    rig_run(&f->r, 100 + COST_OF(user_notification) + COST_OF(user_delivery));
    EXPECT_TRUE(vecset_empty(&f->r.isr), "EOI was written");
    handler = rig_noted(&f->r, 0, USER_HANDLER);
    EXPECT_EQ(handler->time,
              CYCLE(100 + COST_OF(user_notification) + COST_OF(user_delivery)));
    EXPECT_EQ(handler->rip, 5, "the vector is on the stack");
    EXPECT_EQ(f->r.finishes, 1);
    EXPECT_EQ(f->r.finished[0].hop[1].hop, HOP_POSTED_PROCESSING);
    EXPECT_EQ(f->r.finished[0].hop[1].time, CYCLE(100));
}

TEST_F(cpu_uintr_node, work_goes_on_behind_uiret)
{
    work(f, 3);
    post(f);
    rig_arrive(&f->r, CYCLE(100), NOTIFICATION);
    rig_run(&f->r, 40000);
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE),
              WORK_CYCLES + COST_OF(user_notification) +
                  COST_OF(user_delivery) + COST_OF(uiret));
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST_IRQ), COST_OF(user_notification) +
                                                     COST_OF(user_delivery) +
                                                     COST_OF(uiret));
}

TEST_F(cpu_uintr_node, notification_at_level_0_waits_for_the_return_to_3)
{
    work(f, 0);
    post(f);
    rig_arrive(&f->r, CYCLE(100), NOTIFICATION);
    rig_run(&f->r, 40000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, DONE),
              WORK_CYCLES + COST_OF(user_notification));
    EXPECT_EQ(f->r.node.cpu.uintr.uirr, 1u << 5);
}

TEST_F(cpu_uintr_node, notification_in_hlt_goes_back_to_hlt)
{
    uint64_t boot = rig_here(&f->r);

    rig_emit(&f->r, OP_HLT, 0);
    rig_emit_note(&f->r, AWAKE);
    rig_emit_end(&f->r);
    start(f, boot, 0);
    post(f);
    rig_arrive(&f->r, CYCLE(3000), NOTIFICATION);
    rig_run(&f->r, 40000);
    EXPECT_EQ(f->r.notes, 0);
    EXPECT_EQ(f->r.node.cpu.activity, ACTIVITY_HLT);
    EXPECT_EQ(f->r.node.cpu.uintr.uirr, 1u << 5);
    EXPECT_EQ(f->r.finishes, 1);
}

/* The 8259s have a vector of the same number. */
TEST_F(cpu_uintr_node, vector_uinv_of_an_8259_is_an_ordinary_interrupt)
{
    rig_handler(&f->r, PIC_VECTOR);
    work(f, 3);
    f->r.node.cpu.uintr.uinv = PIC_VECTOR;
    post(f);
    rig_run(&f->r, 100);
    rig_extint(&f->r, true);
    rig_run(&f->r, 40000);
    rig_noted(&f->r, 0, PIC_VECTOR);
    EXPECT_EQ(f->r.eois, 0, "the local APIC has nothing of it to end");
    EXPECT_EQ(f->r.node.cpu.uintr.uirr, 0);
    EXPECT_TRUE(mem_read64(&f->r.mem, UPID_AT) & UPID_ON);
}

/* Sends to itself at once and once more later; the test carries the
 * notifications. */
static void sends(struct cpu_uintr_node *f, unsigned times)
{
    uint64_t boot = rig_here(&f->r);

    for (unsigned i = 0; i < times; i++)
        rig_emit(&f->r, OP_SENDUIPI, 0);
    rig_emit(&f->r, OP_WORK, 10000);
    rig_emit(&f->r, OP_SENDUIPI, 0);
    rig_emit(&f->r, OP_WORK, 100000);
    start(f, boot, 3);
}

TEST_F(cpu_uintr_node, user_interrupt_has_one_identity_up_to_its_handler)
{
    uint64_t notified = COST_OF(senduipi) + 500;
    const struct irq_record *r = &f->r.finished[1];

    sends(f, 1);
    rig_arrive(&f->r, CYCLE(notified), NOTIFICATION);
    rig_run(&f->r, 20000);
    ASSERT_EQ(f->r.finishes, 2, "the notification, the user interrupt");
    EXPECT_EQ(r->source, SOURCE_B);
    ASSERT_EQ(r->hops, 4);
    EXPECT_EQ(r->hop[0].hop, HOP_USER_SEND);
    EXPECT_EQ(r->hop[0].time, 0, "SENDUIPI begins");
    EXPECT_EQ(r->hop[1].hop, HOP_POSTED);
    EXPECT_EQ(r->hop[1].time, CYCLE(COST_OF(senduipi)));
    EXPECT_EQ(r->hop[2].hop, HOP_UIRR);
    EXPECT_EQ(r->hop[2].time, CYCLE(notified + COST_OF(user_notification)));
    EXPECT_EQ(r->hop[3].hop, HOP_USER_HANDLER);
}

TEST_F(cpu_uintr_node, user_interrupt_merges_where_its_bit_is_set_already)
{
    const struct irq_counts *c = &f->r.irqs.count[SOURCE_B];

    sends(f, 2);
    f->r.node.cpu.uintr.uif = false;
    rig_arrive(&f->r, CYCLE(5000), NOTIFICATION - 1);
    f->r.node.cpu.uintr.uinv = NOTIFICATION - 1;
    rig_run(&f->r, 8000);
    EXPECT_EQ(c->by_reason[IRQ_PIR_SET], 1);
    rig_arrive(&f->r, CYCLE(15000), NOTIFICATION - 1);
    rig_run(&f->r, 20000);
    EXPECT_EQ(c->by_reason[IRQ_UIRR_SET], 1);
    EXPECT_EQ(irqs_pending(&f->r.irqs, SOURCE_B), 1, "it waits in UIRR");
}

TEST_F(cpu_uintr_node, user_interrupt_that_software_clears_is_withdrawn)
{
    sends(f, 1);
    f->r.node.cpu.uintr.uif = false;
    rig_arrive(&f->r, CYCLE(5000), NOTIFICATION);
    rig_run(&f->r, 8000);
    EXPECT_EQ(irqs_pending(&f->r.irqs, SOURCE_B), 1);
    f->r.node.cpu.uintr.uirr = 0;
    cpu_uintr_node_changed(&f->r.node);
    EXPECT_EQ(f->r.irqs.count[SOURCE_B].by_reason[IRQ_WITHDRAWN], 1);
}

TEST_F(cpu_uintr_node, msrs_are_the_cpus)
{
    uint64_t boot = rig_here(&f->r);

    rig_emit(&f->r, OP_MOV, 0x77);
    rig_emit(&f->r, OP_WRMSR, MSR_UINTR_RR);
    rig_emit(&f->r, OP_RDMSR, MSR_UINTR_RR);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    start(f, boot, 0);
    rig_run(&f->r, 20000);
    EXPECT_EQ(rig_noted(&f->r, 0, DONE)->rax, 0x77);
    EXPECT_EQ(f->r.node.cpu.uintr.uirr, 0x77);
}
