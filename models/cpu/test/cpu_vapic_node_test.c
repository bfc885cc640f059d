/* When a virtual APIC acts, which interrupt is which, and what reaches the
 * physical APIC. */
#include <string.h>

#include "models/cpu/cpu_uintr.h"
#include "models/cpu/test/vapic_node_rig.h"

#define MSR_SELF_IPI 0x83fu
#define MSR_ICR 0x830u
#define POSTED COST_OF(posted_processing)
#define DELIVERY COST_OF(virtual_delivery)

enum { DONE = 1000, BEFORE, AFTER };

struct cpu_node_vapic {
    struct guest_rig g;
};

static void cpu_node_vapic_setup(struct cpu_node_vapic *f)
{
    guest_vapic_init(&f->g);
}

static void cpu_node_vapic_teardown(struct cpu_node_vapic *f)
{
    rig_audit(&f->g.r);
}

static void virr(struct guest_rig *g, uint8_t vector)
{
    mem_write32(&g->r.mem, VAPIC_AT + VAPIC_IRR + 16u * (vector / 32u),
                1u << vector % 32);
    guest_put(g, VMCS_GUEST_INTERRUPT_STATUS, vector);
}

/* ---- posted interrupts ---- */

/* What is posted while the guest does `op` reaches its handler once, without an
 * exit; `wake` cycles pass before. */
static void expect_posted_once(struct guest_rig *g, enum op_kind op,
                               uint64_t imm, uint64_t wake)
{
    uint64_t at = BOOT_CYCLES + 1000;

    guest_with_handlers(g);
    rig_emit(&g->r, op, imm);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    rig_arrive(&g->r, CYCLE(at), NOTIFICATION);
    guest_run(g, 30000);
    EXPECT_EQ(g->exits, 0);
    EXPECT_EQ(rig_noted_at(&g->r, 0, 0x31), at + wake + POSTED + DELIVERY);
    rig_noted(&g->r, 1, DONE);
    EXPECT_EQ(g->r.notes, 2, "once");
}

TEST_F(cpu_node_vapic, notification_is_processed_without_an_exit)
{
    struct guest_rig *g = &f->g;

    expect_posted_once(g, OP_WORK, 5000, 0);
    EXPECT_EQ(guest_on(g), 0);
    EXPECT_EQ(g->r.eois, 1, "the processor's own");
    EXPECT_TRUE(vecset_empty(&g->r.isr));
}

/* What the host has taken a notification of and not moved. */
TEST_F(cpu_node_vapic, posted_vector_without_a_notification_is_stuck)
{
    struct guest_rig *g = &f->g;

    guest_with_handlers(g);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    guest_run(g, 20000);
    rig_noted(&g->r, 0, DONE);
    EXPECT_FALSE(pid_post(&g->r.mem, PID_AT, 0x41, false).notify,
                 "and keeps the next one from being notified");
    EXPECT_EQ(irqs_pending(&g->r.irqs, SOURCE_A), 1);
}

/* The virtual vector is UINV; the descriptor asks for user interrupt 5. */
static void use_user_interrupts(struct guest_rig *g, uint8_t vector)
{
    struct uintr *u = &g->r.node.cpu.uintr;

    u->uinv = vector;
    u->upidaddr = UPID_AT;
    mem_write64(&g->r.mem, UPID_AT + 8, 1u << 5);
}

TEST_F(cpu_node_vapic, virtual_user_notification_goes_back_to_hlt)
{
    struct guest_rig *g = &f->g;
    uint64_t at = BOOT_CYCLES + 3000;
    uint64_t done =
        at + COST_OF(hlt_wake) + POSTED + COST_OF(user_notification);

    guest_with_handlers(g);
    rig_emit(&g->r, OP_HLT, 0);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_put(g, VMCS_GUEST_CR4, CR4_UINTR);
    guest_post(g, 0x31);
    rig_arrive(&g->r, CYCLE(at), NOTIFICATION);
    guest_run(g, 1);
    use_user_interrupts(g, 0x31);
    rig_run(&g->r, done - 1);
    EXPECT_EQ(g->r.node.cpu.uintr.uirr, 0);
    rig_run(&g->r, done);
    EXPECT_EQ(g->r.node.cpu.uintr.uirr, 1u << 5, "woken once");
    rig_run(&g->r, 40000);
    EXPECT_EQ(g->r.node.cpu.activity, ACTIVITY_HLT);
    EXPECT_EQ(g->r.notes, 0, "neither handler nor what is behind HLT");
    EXPECT_EQ(g->exits, 0);
}

TEST_F(cpu_node_vapic, notification_waiting_at_the_entry_comes_first)
{
    struct guest_rig *g = &f->g;

    guest_with_handlers(g);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    rig_arrive(&g->r, 0, NOTIFICATION); /* the host has IF = 0 */
    guest_run(g, 20000);
    EXPECT_EQ(g->exits, 0);
    EXPECT_EQ(rig_noted_at(&g->r, 0, 0x31), BOOT_CYCLES + POSTED + DELIVERY);
    rig_noted(&g->r, 1, DONE);
}

TEST_F(cpu_node_vapic, posted_vector_waits_for_if)
{
    struct guest_rig *g = &f->g;

    guest_with_handlers(g);
    rig_emit(&g->r, OP_CLI, 0);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_note(&g->r, BEFORE);
    rig_emit(&g->r, OP_STI, 0);
    rig_emit_note(&g->r, AFTER);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 2000), NOTIFICATION);
    guest_run(g, 30000);
    EXPECT_EQ(g->exits, 0);
    rig_noted(&g->r, 0, BEFORE);
    rig_noted(&g->r, 1, AFTER);
    rig_noted(&g->r, 2, 0x31);
}

TEST_F(cpu_node_vapic, interrupt_of_another_vector_exits_and_pir_stays)
{
    struct guest_rig *g = &f->g;

    g->at_exit = guest_consume;
    guest_with_handlers(g);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 200), NOTIFICATION + 1);
    guest_run(g, 30000);
    EXPECT_EQ(guest_exit(g, 0, EXIT_EXTERNAL_INTERRUPT)->intr_info,
              INTR_INFO_VALID | (NOTIFICATION + 1));
    EXPECT_EQ(guest_on(g), PID_ON);
    EXPECT_EQ(mem_read64(&g->r.mem, PID_AT), UINT64_C(1) << 0x31);
}

TEST_F(cpu_node_vapic, posted_vector_wakes_a_halted_guest_once)
{
    expect_posted_once(&f->g, OP_HLT, 0, COST_OF(hlt_wake));
}

TEST_F(cpu_node_vapic, blocked_posted_vector_leaves_the_guest_halted)
{
    struct guest_rig *g = &f->g;

    mem_write32(&g->r.mem, VAPIC_AT + VAPIC_TPR, 0x40);
    guest_with_handlers(g);
    rig_emit(&g->r, OP_HLT, 0);
    rig_emit_note(&g->r, AFTER);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 1000), NOTIFICATION);
    guest_run(g, 30000);
    EXPECT_EQ(g->exits, 0);
    EXPECT_EQ(g->r.notes, 0);
    EXPECT_EQ(g->r.node.cpu.activity, ACTIVITY_HLT);
    EXPECT_EQ(guest_on(g), 0, "but it was processed");
}

TEST_F(cpu_node_vapic, nmi_exits_before_the_notification_is_taken)
{
    struct guest_rig *g = &f->g;

    guest_set(g, VMCS_PIN_CONTROLS, PIN_NMI_EXITING);
    guest_with_handlers(g);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    rig_arrive(&g->r, 0, NOTIFICATION);
    rig_start(&g->r, g->boot, false);
    g->r.node.cpu.nmi = true;
    g->r.node.cpu.nmi_blocking = true; /* until the guest runs */
    guest_put(g, VMCS_GUEST_INTERRUPTIBILITY, 0);
    rig_run(&g->r, 30000);
    guest_exit(g, 0, EXIT_EXCEPTION_NMI);
    EXPECT_TRUE(vecset_has(&g->r.irr, NOTIFICATION));
    EXPECT_EQ(guest_on(g), PID_ON);
}

TEST_F(cpu_node_vapic, post_during_the_processing_is_taken_and_notified_again)
{
    struct guest_rig *g = &f->g;
    uint64_t at = BOOT_CYCLES + 200;

    guest_with_handlers(g);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    rig_arrive(&g->r, CYCLE(at), NOTIFICATION);
    guest_run(g, at + POSTED / 2);
    EXPECT_EQ(guest_on(g), 0, "cleared first");
    guest_post(g, 0x41);
    EXPECT_EQ(guest_on(g), PID_ON, "its poster notifies");
    rig_arrive(&g->r, CYCLE(at + POSTED), NOTIFICATION);
    rig_run(&g->r, 30000);
    rig_noted(&g->r, 0, 0x41);
    rig_noted(&g->r, 1, 0x31);
    EXPECT_EQ(g->r.notes, 2, "the second notification finds PIR empty");
    EXPECT_EQ(guest_on(g), 0);
    EXPECT_EQ(g->exits, 0);
}

/* One WORK goes on where it was cut, as a string instruction does. */
TEST_F(cpu_node_vapic, processing_comes_between_two_cycles_of_one_op)
{
    struct guest_rig *g = &f->g;
    uint64_t at = BOOT_CYCLES + 200, work;

    guest_with_handlers(g);
    work = rig_here(&g->r);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    rig_arrive(&g->r, CYCLE(at), NOTIFICATION);
    guest_run(g, 30000);
    EXPECT_EQ(rig_noted(&g->r, 0, 0x31)->rip, work + 200, "200 cycles done");
    EXPECT_EQ(rig_noted_at(&g->r, 1, DONE),
              BOOT_CYCLES + 5000 + POSTED + DELIVERY + HANDLER_WORK +
                  COST_OF(vapic_eoi) + COST_OF(iret),
              "and 4800 behind it");
    EXPECT_EQ(g->exits, 0);
}

TEST_F(cpu_node_vapic, physical_priority_holds_the_notification_back)
{
    struct guest_rig *g = &f->g;

    guest_with_handlers(g);
    rig_emit(&g->r, OP_WORK, 5000);
    rig_emit_end(&g->r);
    guest_post(g, 0x31);
    vecset_add(&g->r.isr, 0xf8); /* the host has not written its EOI */
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES + 200), NOTIFICATION);
    guest_run(g, 30000);
    EXPECT_EQ(guest_on(g), PID_ON);
    EXPECT_EQ(g->r.notes, 0);
    EXPECT_TRUE(vecset_has(&g->r.irr, NOTIFICATION));
}

/* ---- identity ---- */

TEST_F(cpu_node_vapic, posted_interrupt_keeps_its_identity_to_its_eoi)
{
    struct guest_rig *g = &f->g;
    const struct irq_record *r;
    irq_id irq;

    guest_with_handlers(g);
    rig_emit_end(&g->r);
    irq = guest_post(g, 0x31);
    rig_arrive(&g->r, CYCLE(BOOT_CYCLES), NOTIFICATION);
    guest_run(g, 30000);
    ASSERT_EQ(g->r.finishes, 2, "the notification and what was posted");
    r = &g->r.finished[1];
    EXPECT_EQ(r->id, irq);
    ASSERT_EQ(r->hops, 4);
    EXPECT_EQ(r->hop[1].hop, HOP_VLAPIC_ACCEPT);
    EXPECT_EQ(r->hop[2].hop, HOP_GUEST_HANDLER);
    EXPECT_EQ(r->hop[3].hop, HOP_EOI);
}

TEST_F(cpu_node_vapic, self_ipi_is_born_at_the_write_and_merges_in_virr)
{
    struct guest_rig *g = &f->g;
    const struct irq_counts *c = &g->r.irqs.count[SOURCE_B];

    guest_with_handlers(g);
    rig_emit(&g->r, OP_CLI, 0);
    rig_emit(&g->r, OP_MOV, 0x41);
    rig_emit(&g->r, OP_WRMSR, MSR_SELF_IPI);
    rig_emit(&g->r, OP_WRMSR, MSR_SELF_IPI);
    rig_emit(&g->r, OP_MOV, 0); /* what the handler writes to EOI */
    rig_emit(&g->r, OP_STI, 0);
    rig_emit_note(&g->r, AFTER);
    rig_emit_end(&g->r);
    guest_run(g, 30000);
    EXPECT_EQ(g->exits, 0);
    rig_noted(&g->r, 1, 0x41);
    EXPECT_EQ(c->sent, 2);
    EXPECT_EQ(c->delivered, 1);
    EXPECT_EQ(c->by_reason[IRQ_VIRR_SET], 1);
}

TEST_F(cpu_node_vapic, virtual_ipi_notifies_through_the_physical_apic)
{
    struct guest_rig *g = &f->g;

    guest_with_handlers(g);
    rig_emit(&g->r, OP_MOV, UINT64_C(1) << 32 | 0x31);
    rig_emit(&g->r, OP_WRMSR, MSR_ICR);
    rig_emit(&g->r, OP_WRMSR, MSR_ICR);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 30000);
    EXPECT_EQ(g->exits, 0);
    EXPECT_EQ(rig_noted_at(&g->r, 0, DONE),
              BOOT_CYCLES + 2 * COST_OF(vapic_icr));
    EXPECT_EQ(g->r.notified, 1, "ON was set already");
    EXPECT_EQ(g->r.notified_vector, 0xf3);
    EXPECT_EQ(g->r.notified_ndst, 0x300);
    EXPECT_EQ(g->r.irqs.count[SOURCE_B].by_reason[IRQ_PIR_SET], 1);
    EXPECT_EQ(irqs_pending(&g->r.irqs, SOURCE_B), 1);
}

TEST_F(cpu_node_vapic, interrupt_whose_delivery_exits_is_to_be_injected)
{
    struct guest_rig *g = &f->g;
    irq_id irq;

    guest_set(g, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_absent(&g->r, 0x31);
    guest_begins(g);
    rig_emit_end(&g->r);
    irq = guest_post(g, 0x31);
    rig_arrive(&g->r, 0, NOTIFICATION);
    mem_write64(&g->r.mem, IDT_AT + 16 * 0x31, UINT64_C(0xe) << 40);
    guest_run(g, 30000);
    EXPECT_EQ(guest_exit(g, 0, EXIT_EXCEPTION_NMI)->vectoring,
              INTR_INFO_VALID | 0x31);
    EXPECT_EQ(g->r.vmcs.inject_irq, irq);
}

/* ---- SENDUIPI in a guest ---- */

/* User vector 5 of a UPID that notifies virtual APIC ID 1 by 31h. */
static void guest_sends(struct guest_rig *g, unsigned times)
{
    struct uintr *u = &g->r.node.cpu.uintr;
    struct mem *m = &g->r.mem;

    guest_put(g, VMCS_GUEST_CR4, CR4_UINTR);
    g->r.node.config.user_source = SOURCE_A;
    posted_irqs_add(&g->r.posted, UPID_AT);
    mem_write64(m, UPID_AT, UINT64_C(1) << 32 | 0x31 << 16);
    mem_write64(m, UITT_AT, 5 << 8 | UITTE_VALID);
    mem_write64(m, UITT_AT + 8, UPID_AT);
    guest_begins(g);
    for (unsigned i = 0; i < times; i++)
        rig_emit(&g->r, OP_SENDUIPI, 0);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 1);
    u->tt = UITT_AT | UINTR_TT_ENABLE;
    rig_run(&g->r, 30000);
}

TEST_F(cpu_node_vapic, senduipi_is_posted_and_notifies_by_the_descriptor)
{
    struct guest_rig *g = &f->g;

    guest_sends(g, 1);
    EXPECT_EQ(g->exits, 0);
    EXPECT_EQ(g->r.notified, 1);
    EXPECT_EQ(g->r.notified_vector, 0xf3, "the descriptor's, not the UPID's");
    EXPECT_EQ(g->r.notified_ndst, 0x300);
    EXPECT_EQ(mem_read64(&g->r.mem, OTHER_PID_AT), UINT64_C(1) << 0x31);
    EXPECT_EQ(mem_read64(&g->r.mem, UPID_AT + 8), 1u << 5);
}

TEST_F(cpu_node_vapic, senduipi_without_ipi_virtualization_exits_behind_it)
{
    struct guest_rig *g = &f->g;

    guest_put(g, VMCS_TERTIARY_CONTROLS, 0);
    guest_sends(g, 1);
    EXPECT_EQ(guest_exit(g, 0, EXIT_APIC_WRITE)->rip, rip_plus(g->guest, 1));
    EXPECT_EQ(guest_get(g, VMCS_EXIT_QUALIFICATION), 0x300);
    EXPECT_EQ(g->r.notified, 0);
    EXPECT_EQ(mem_read64(&g->r.mem, UPID_AT + 8), 1u << 5, "and is complete");
}

TEST_F(cpu_node_vapic, senduipi_that_does_not_notify_does_not_exit)
{
    struct guest_rig *g = &f->g;

    guest_put(g, VMCS_TERTIARY_CONTROLS, 0);
    g->stop_after = 2;
    guest_sends(g, 3);
    EXPECT_EQ(g->exits, 1, "ON is set behind the first one");
    rig_noted(&g->r, 0, DONE);
}

TEST_F(cpu_node_vapic, senduipi_without_the_tpr_shadow_notifies_physically)
{
    struct guest_rig *g = &f->g;

    guest_put(g, VMCS_SECONDARY_CONTROLS, 0);
    guest_put(g, VMCS_TERTIARY_CONTROLS, 0);
    guest_clear(g, VMCS_PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW);
    guest_clear(g, VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS);
    guest_sends(g, 1);
    EXPECT_EQ(g->exits, 0);
    EXPECT_EQ(g->r.notified_vector, 0x31, "the UPID's");
    EXPECT_EQ(g->r.notified_ndst, 1);
}

/* ---- accesses ---- */

TEST_F(cpu_node_vapic, trap_like_exit_leaves_rip_behind_the_write)
{
    struct guest_rig *g = &f->g;

    guest_put(g, VMCS_SECONDARY_CONTROLS,
              SECONDARY_VIRTUALIZE_APIC_ACCESSES |
                  SECONDARY_APIC_REGISTER_VIRTUALIZATION |
                  SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
    g->stop_after = 2;
    guest_with_handlers(g);
    rig_emit(&g->r, OP_STORE, APIC_AT + VAPIC_SVR);
    rig_emit(&g->r, OP_STORE, APIC_AT + VAPIC_PPR);
    rig_emit_end(&g->r);
    guest_run(g, 30000);
    EXPECT_EQ(guest_exit(g, 0, EXIT_APIC_WRITE)->rip, rip_plus(g->guest, 1));
    EXPECT_EQ(guest_exit(g, 1, EXIT_APIC_ACCESS)->rip, rip_plus(g->guest, 1));
    EXPECT_EQ(g->r.node.account.exits[EXIT_APIC_WRITE], 1);
    EXPECT_EQ(g->exit[0].time,
              CYCLE(BOOT_CYCLES + COST_OF(vapic_write) + COST_OF(vm_exit)));
}

TEST_F(cpu_node_vapic, tpr_below_the_threshold_exits_behind_mov_to_cr8)
{
    struct guest_rig *g = &f->g;

    guest_put(g, VMCS_SECONDARY_CONTROLS, SECONDARY_VIRTUALIZE_APIC_ACCESSES);
    guest_clear(g, VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS);
    guest_put(g, VMCS_TPR_THRESHOLD, 5);
    mem_write32(&g->r.mem, VAPIC_AT + VAPIC_TPR, 0x60);
    guest_with_handlers(g);
    rig_emit(&g->r, OP_MOV, 4);
    rig_emit(&g->r, OP_MOV_CR8, 0);
    rig_emit_end(&g->r);
    guest_run(g, 30000);
    EXPECT_EQ(guest_exit(g, 0, EXIT_TPR_BELOW_THRESHOLD)->rip,
              rip_plus(g->guest, 2));
    EXPECT_EQ(mem_read32(&g->r.mem, VAPIC_AT + VAPIC_TPR), 0x40);
    EXPECT_EQ(g->r.tpr, 0, "the physical TPR is another");
}

TEST_F(cpu_node_vapic, wrong_value_of_a_virtual_register_is_gp)
{
    struct guest_rig *g = &f->g;

    rig_fault_handler(&g->r, VECTOR_GP);
    guest_with_handlers(g);
    rig_emit(&g->r, OP_MOV, 16);
    rig_emit(&g->r, OP_MOV_CR8, 0);
    rig_emit(&g->r, OP_WRMSR, MSR_EOI);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 30000);
    EXPECT_EQ(g->exits, 0);
    rig_noted(&g->r, 0, VECTOR_GP);
    rig_noted(&g->r, 1, VECTOR_GP);
    rig_noted(&g->r, 2, DONE);
}

/* What each would do, or fault for, if the bitmap's bit were 0. */
static const struct bitmap_row {
    const char *name;
    enum op_kind kind;
    uint32_t msr;
    uint64_t value;
} bitmap_rows[] = {
    {"write_of_tpr", OP_WRMSR, MSR_TPR, 0x50},
    {"write_of_eoi", OP_WRMSR, MSR_EOI, 0},
    {"write_of_self_ipi", OP_WRMSR, MSR_SELF_IPI, 0x41},
    {"write_of_icr", OP_WRMSR, MSR_ICR, UINT64_C(1) << 32 | 0x41},
    {"write_of_eoi_that_would_fault", OP_WRMSR, MSR_EOI, 1},
    {"read_of_tpr", OP_RDMSR, MSR_TPR, 0x77},
};

TEST_EACH(cpu_node_vapic_bitmap, bit_exits_before_anything_is_done,
          struct bitmap_row, bitmap_rows)
{
    uint64_t byte = MSR_BITMAP_AT + row->msr / 8;
    uint8_t before[MEM_PAGE_BYTES], after[MEM_PAGE_BYTES];
    bool write = row->kind == OP_WRMSR;
    struct cpu_node_vapic f = {0};
    struct guest_rig *g = &f.g;

    cpu_node_vapic_setup(&f);
    mem_write32(&g->r.mem, byte + (write ? 0x800 : 0), 1u << row->msr % 8);
    guest_with_handlers(g);
    rig_emit(&g->r, OP_MOV, row->value);
    rig_emit(&g->r, row->kind, row->msr);
    rig_emit_end(&g->r);
    mem_read(&g->r.mem, VAPIC_AT, before, sizeof before);
    guest_run(g, 30000);
    mem_read(&g->r.mem, VAPIC_AT, after, sizeof after);
    guest_exit(g, 0, write ? EXIT_MSR_WRITE : EXIT_MSR_READ);
    EXPECT_EQ(memcmp(before, after, sizeof before), 0);
    EXPECT_EQ(g->r.node.cpu.gpr[RAX], row->value);
    EXPECT_EQ(mem_read64(&g->r.mem, OTHER_PID_AT + 8), 0, "nothing is posted");
    EXPECT_EQ(g->r.notes, 0);
    cpu_node_vapic_teardown(&f);
}

static const struct vapic_cost {
    const char *name;
    enum op_kind kind;
    uint64_t imm, cycles;
} vapic_costs[] = {
    {"rdmsr", OP_RDMSR, MSR_TPR, COST_vapic_read},
    {"wrmsr", OP_WRMSR, MSR_TPR, COST_vapic_write},
    {"wrmsr_eoi", OP_WRMSR, MSR_EOI, COST_vapic_eoi},
    {"mov_to_cr8", OP_MOV_CR8, 0, COST_mov_cr8},
    {"mov_from_cr8", OP_MOV_FROM_CR8, 0, COST_mov_cr8},
};

TEST_EACH(cpu_node_vapic_cost, of_an_access_that_is_served, struct vapic_cost,
          vapic_costs)
{
    struct cpu_node_vapic f = {0};
    struct guest_rig *g = &f.g;

    cpu_node_vapic_setup(&f);
    guest_with_handlers(g);
    rig_emit(&g->r, row->kind, row->imm);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    guest_run(g, 30000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, DONE),
              BOOT_CYCLES + cost_primes[row->cycles]);
    EXPECT_EQ(g->exits, 0);
    cpu_node_vapic_teardown(&f);
}

TEST_F(cpu_node_vapic, virtual_interrupt_of_the_entry_comes_first)
{
    struct guest_rig *g = &f->g;

    guest_with_handlers(g);
    rig_emit_note(&g->r, DONE);
    rig_emit_end(&g->r);
    virr(g, 0x31);
    guest_run(g, 30000);
    EXPECT_EQ(rig_noted_at(&g->r, 0, 0x31), BOOT_CYCLES + DELIVERY);
    EXPECT_EQ(rig_share(&g->r, SHARE_GUEST_IRQ),
              DELIVERY + HANDLER_WORK + COST_OF(vapic_eoi) + COST_OF(iret));
}
