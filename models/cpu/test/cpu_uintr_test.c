/* User interrupts at a CPU: when they are delivered, their frame, UIRET, and
 * what VMX operation makes of them. */
#include "models/cpu/cpu_uintr.h"
#include "models/cpu/test/cpu_rig.h"
#include "models/cpu/vapic.h"

#define UPID_AT UINT64_C(0x50040)
#define UITT_AT UINT64_C(0x51000)
#define VAPIC_AT UINT64_C(0x52000)
#define USER_STACK UINT64_C(0x54008)
#define USER_HANDLER rip_of(500)
#define NOTIFICATION 0xecu
#define NOT_CANONICAL (UINT64_C(1) << 47)

struct cpu_uintr {
    struct rig r;
    struct cpu *c;
};

/* A thread at privilege level 3 with UIF = 1. */
static void cpu_uintr_setup(struct cpu_uintr *f)
{
    rig_init(&f->r);
    f->c = &f->r.cpu;
    f->c->cpl = 3;
    f->c->rsp = USER_STACK;
    f->c->tr_base = UITT_AT + 0x100;
    mem_write64(&f->r.mem, f->c->tr_base + 4, STACK_AT);
    f->c->uintr = (struct uintr){
        .supported = true,
        .enabled = true,
        .uif = true,
        .uinv = NOTIFICATION,
        .uihandler = USER_HANDLER,
        .upidaddr = UPID_AT,
        .tt = UITT_AT | UINTR_TT_ENABLE,
    };
    mem_write64(&f->r.mem, UITT_AT, 7 << 8 | UITTE_VALID);
    mem_write64(&f->r.mem, UITT_AT + 8, UPID_AT);
    mem_write64(&f->r.mem, UPID_AT, NOTIFICATION << 16);
}

static void cpu_uintr_teardown(struct cpu_uintr *f)
{
    rig_check(&f->r);
}

static struct cpu_result deliver(struct cpu_uintr *f)
{
    return cpu_deliver_user_interrupt(f->c, &f->r.mem);
}

static bool due(const struct cpu_uintr *f)
{
    return cpu_recognize(f->c) == CPU_EVENT_USER_INTERRUPT;
}

static void put(struct cpu_uintr *f, enum vmcs_field field, uint64_t value)
{
    vmcs_set(&f->r.vmcs, field, value);
}

/* ---- when ---- */

TEST_F(cpu_uintr, is_delivered_before_the_first_op_at_privilege_level_3)
{
    f->c->uintr.uirr = 1;
    EXPECT_TRUE(due(f));
    f->c->cpl = 0;
    EXPECT_FALSE(due(f));
    mem_write64(&f->r.mem, STACK_AT, CODE);
    mem_write64(&f->r.mem, STACK_AT + 8, 3);
    mem_write64(&f->r.mem, STACK_AT + 24, USER_STACK);
    f->c->rsp = STACK_AT;
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_TRUE(due(f), "IRET to level 3");
}

TEST_F(cpu_uintr, is_delivered_with_if_0_but_its_notification_waits)
{
    f->c->rflags = RFLAGS_FIXED;
    f->c->intr = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    f->c->uintr.uirr = 1;
    EXPECT_TRUE(due(f));
}

TEST_F(cpu_uintr, comes_after_an_external_interrupt)
{
    f->c->uintr.uirr = 1;
    f->c->intr = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_uintr, blocking_by_mov_ss_holds_it_and_blocking_by_sti_does_not)
{
    f->c->uintr.uirr = 1;
    f->c->mov_ss_blocking = true;
    EXPECT_FALSE(due(f));
    f->c->mov_ss_blocking = false;
    f->c->sti_blocking = true;
    EXPECT_TRUE(due(f));
}

TEST_F(cpu_uintr, stui_has_no_shadow)
{
    f->c->uintr.uif = false;
    f->c->uintr.uirr = 1;
    EXPECT_FALSE(due(f));
    rig_op(&f->r, OP_STUI, 0);
    EXPECT_TRUE(due(f));
    rig_op(&f->r, OP_CLUI, 0);
    EXPECT_FALSE(due(f));
}

TEST_F(cpu_uintr, wrmsr_of_uirr_is_enough)
{
    f->c->cpl = 0;
    EXPECT_TRUE(uintr_wrmsr(&f->c->uintr, MSR_UINTR_RR, 1u << 9));
    EXPECT_FALSE(due(f));
    f->c->cpl = 3;
    EXPECT_TRUE(due(f));
}

TEST_F(cpu_uintr, does_not_leave_hlt)
{
    f->c->uintr.uirr = 1;
    f->c->activity = ACTIVITY_HLT;
    EXPECT_FALSE(due(f));
}

/* ---- delivery ---- */

TEST_F(cpu_uintr, frame_has_vector_rip_rflags_and_rsp)
{
    f->c->uintr.uirr = UINT64_C(1) << 63 | 1;
    f->c->uintr.uistackadjust = 0x80;
    f->c->rflags |= RFLAGS_TF | 1u << 16;
    EXPECT_EQ(deliver(f).outcome, CPU_GOES_ON);
    EXPECT_EQ(f->c->rsp, ((USER_STACK - 0x80) & ~UINT64_C(15)) - 32);
    EXPECT_EQ(rig_stack(&f->r, 0), 63);
    EXPECT_EQ(rig_stack(&f->r, 1), CODE);
    EXPECT_EQ(rig_stack(&f->r, 2),
              RFLAGS_FIXED | RFLAGS_IF | RFLAGS_TF | 1u << 16);
    EXPECT_EQ(rig_stack(&f->r, 3), USER_STACK);
    EXPECT_EQ(f->c->rip, USER_HANDLER);
    EXPECT_EQ(f->c->rflags, RFLAGS_FIXED | RFLAGS_IF, "TF = RF = 0");
    EXPECT_EQ(f->c->cpl, 3);
    EXPECT_EQ(f->c->uintr.uirr, 1);
    EXPECT_FALSE(due(f), "UIF = 0");
    EXPECT_EQ(f->c->frames, 1);
}

/* Drops the vector, as a handler does. */
static void uiret(struct cpu_uintr *f)
{
    f->c->rsp += 8;
    EXPECT_EQ(rig_op(&f->r, OP_UIRET, 0).outcome, CPU_GOES_ON);
}

TEST_F(cpu_uintr, second_vector_comes_after_uiret)
{
    f->c->uintr.uirr = UINT64_C(1) << 63 | 1;
    deliver(f);
    EXPECT_FALSE(due(f));
    uiret(f);
    EXPECT_EQ(f->c->rip, CODE);
    EXPECT_EQ(f->c->rsp, USER_STACK);
    EXPECT_EQ(f->c->frames, 0);
    EXPECT_TRUE(due(f));
    deliver(f);
    EXPECT_EQ(rig_stack(&f->r, 0), 0);
}

TEST_F(cpu_uintr, delivery_that_faults_changes_nothing)
{
    struct cpu_result r;

    f->c->uintr.uirr = 1;
    f->c->rsp = NOT_CANONICAL + 64;
    r = deliver(f);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.vector, VECTOR_SS);
    EXPECT_EQ(r.fault.error_code, 0, "EXT = 0");
    EXPECT_EQ(r.fault.return_rip, CODE);
    EXPECT_EQ(f->c->rsp, NOT_CANONICAL + 64);
    f->c->rsp = USER_STACK;
    EXPECT_TRUE(due(f), "the same vector is delivered then");
    f->c->uintr.uihandler = NOT_CANONICAL;
    r = deliver(f);
    EXPECT_EQ(r.fault.vector, VECTOR_GP);
    EXPECT_EQ(r.fault.error_code, 0);
    EXPECT_EQ(f->c->uintr.uirr, 1);
    f->c->uintr.uihandler = USER_HANDLER;
}

/* ---- instructions ---- */

TEST_F(cpu_uintr, uiret_keeps_if_and_loads_the_flags_of_programs)
{
    f->c->uintr.uirr = 1;
    deliver(f);
    mem_write64(&f->r.mem, f->c->rsp + 16, 0x243cd5);
    uiret(f);
    EXPECT_EQ(f->c->rflags, (0x243cd5u & 0x254dd5u) | RFLAGS_FIXED | RFLAGS_IF);
    EXPECT_TRUE(f->c->uintr.uif);
}

TEST_F(cpu_uintr, uiret_takes_uif_from_bit_1_of_the_frame_if_it_can)
{
    f->c->uintr.uif_from_frame = true;
    f->c->uintr.uirr = 1;
    deliver(f);
    mem_write64(&f->r.mem, f->c->rsp + 16, RFLAGS_IF);
    uiret(f);
    EXPECT_FALSE(f->c->uintr.uif);
}

TEST_F(cpu_uintr, uiret_to_an_address_that_is_not_canonical_faults)
{
    struct cpu_result r;

    mem_write64(&f->r.mem, f->c->rsp, NOT_CANONICAL);
    r = rig_op(&f->r, OP_UIRET, 0);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.vector, VECTOR_GP);
    EXPECT_EQ(r.fault.error_code, 0);
    EXPECT_EQ(f->c->rip, CODE);
    EXPECT_EQ(f->c->rsp, USER_STACK);
}

TEST_F(cpu_uintr, uiret_ends_blocking_for_one_instruction)
{
    f->c->sti_blocking = true;
    rig_op(&f->r, OP_UIRET, 0);
    EXPECT_FALSE(f->c->sti_blocking);
}

TEST_F(cpu_uintr, testui_reads_uif)
{
    rig_op(&f->r, OP_TESTUI, 0);
    EXPECT_EQ(f->c->gpr[RAX], 1);
    rig_op(&f->r, OP_CLUI, 0);
    rig_op(&f->r, OP_TESTUI, 0);
    EXPECT_EQ(f->c->gpr[RAX], 0);
}

TEST_F(cpu_uintr, instructions_are_undefined_without_cr4_uintr)
{
    static const enum op_kind kinds[] = {OP_CLUI, OP_STUI, OP_TESTUI, OP_UIRET};
    struct uintr_sent sent;
    struct op send = {.kind = OP_SENDUIPI};

    f->c->uintr.enabled = false;
    for (unsigned i = 0; i < 4; i++)
        EXPECT_EQ(rig_op(&f->r, kinds[i], 0).fault.vector, VECTOR_UD);
    EXPECT_EQ(cpu_senduipi(f->c, &f->r.mem, &send, &sent).fault.vector,
              VECTOR_UD);
    EXPECT_FALSE(sent.notify || sent.fault);
    EXPECT_EQ(f->c->rip, CODE);
    EXPECT_TRUE(cpu_has_uintr_msr(f->c, MSR_UINTR_RR), "MSRs work");
}

TEST_F(cpu_uintr, cr4_uintr_needs_a_processor_with_user_interrupts)
{
    struct cpu_result r;

    f->c->gpr[RAX] = CR4_UINTR;
    f->c->uintr.enabled = false;
    rig_op(&f->r, OP_MOV_CR4, 0);
    EXPECT_TRUE(f->c->uintr.enabled);
    f->c->gpr[RAX] = ~(uint64_t)CR4_UINTR;
    rig_op(&f->r, OP_MOV_CR4, 0);
    EXPECT_FALSE(f->c->uintr.enabled);
    f->c->gpr[RAX] = CR4_UINTR;
    f->c->uintr.supported = false;
    r = rig_op(&f->r, OP_MOV_CR4, 0);
    EXPECT_EQ(r.fault.vector, VECTOR_GP);
    EXPECT_EQ(r.fault.error_code, 0);
    EXPECT_FALSE(cpu_has_uintr_msr(f->c, MSR_UINTR_RR), "MSRs fault");
}

TEST_F(cpu_uintr, senduipi_faults_with_gp_where_the_table_is_wrong)
{
    struct op send = {.kind = OP_SENDUIPI, .reg = RAX};
    struct uintr_sent sent;
    struct cpu_result r;

    EXPECT_EQ(cpu_senduipi(f->c, &f->r.mem, &send, &sent).outcome, CPU_GOES_ON);
    EXPECT_TRUE(sent.notify);
    EXPECT_EQ(f->c->rip, rip_plus(CODE, 1));
    f->c->gpr[RAX] = 1;
    r = cpu_senduipi(f->c, &f->r.mem, &send, &sent);
    EXPECT_EQ(r.fault.vector, VECTOR_GP);
    EXPECT_EQ(r.fault.error_code, 0);
    EXPECT_FALSE(sent.notify);
}

/* ---- notifications ---- */

static void post(struct cpu_uintr *f, uint64_t bits)
{
    mem_write64(&f->r.mem, UPID_AT + 8, bits);
    mem_fetch_or64(&f->r.mem, UPID_AT, UPID_ON);
}

TEST_F(cpu_uintr, notification_at_level_0_goes_to_uirr_and_not_to_the_idt)
{
    f->c->cpl = 0;
    post(f, 0x30);
    EXPECT_EQ(rig_deliver(&f->r, NOTIFICATION, INTR_TYPE_EXTERNAL).outcome,
              CPU_NOTIFIED);
    EXPECT_EQ(f->c->rip, CODE);
    EXPECT_EQ(f->c->uintr.uirr, 0x30);
    EXPECT_FALSE(due(f));
    f->c->cpl = 3;
    EXPECT_TRUE(due(f));
}

TEST_F(cpu_uintr, notification_leaves_hlt_as_it_is)
{
    f->c->cpl = 0;
    f->c->activity = ACTIVITY_HLT;
    post(f, 1);
    EXPECT_EQ(rig_deliver(&f->r, NOTIFICATION, INTR_TYPE_EXTERNAL).outcome,
              CPU_NOTIFIED);
    EXPECT_EQ(f->c->activity, ACTIVITY_HLT);
    EXPECT_EQ(f->c->uintr.uirr, 1);
}

TEST_F(cpu_uintr, vector_uinv_is_ordinary_without_cr4_uintr)
{
    f->c->uintr.enabled = false;
    post(f, 1);
    EXPECT_EQ(rig_deliver(&f->r, NOTIFICATION, INTR_TYPE_EXTERNAL).outcome,
              CPU_GOES_ON);
    EXPECT_EQ(f->c->rip, HANDLER(NOTIFICATION));
    EXPECT_TRUE(mem_read64(&f->r.mem, UPID_AT) & UPID_ON);
}

TEST_F(cpu_uintr, int_n_with_vector_uinv_is_no_notification)
{
    mem_write64(&f->r.mem, IDT_AT + 16u * NOTIFICATION,
                mem_read64(&f->r.mem, IDT_AT + 16u * NOTIFICATION) | UINT64_C(3)
                                                                         << 45);
    EXPECT_EQ(rig_op(&f->r, OP_INT, NOTIFICATION).outcome, CPU_GOES_ON);
    EXPECT_EQ(f->c->rip, HANDLER(NOTIFICATION));
}

/* ---- VMX ---- */

/* The guest is the same thread. */
static void enter_guest(struct cpu_uintr *f)
{
    f->c->cpl = 0;
    put(f, VMCS_GUEST_CR4, CR4_UINTR);
    put(f, VMCS_GUEST_SS_ACCESS_RIGHTS, 3u << 5);
    put(f, VMCS_GUEST_RSP, USER_STACK);
    put(f, VMCS_GUEST_TR_BASE, f->c->tr_base);
    rig_enter(&f->r);
}

static void leave(struct cpu_uintr *f)
{
    struct cpu_exit x = {.reason = EXIT_PAUSE};

    cpu_vm_exit(f->c, &x);
}

TEST_F(cpu_uintr, uirr_is_recognized_after_the_entry)
{
    f->c->uintr.uirr = 1;
    enter_guest(f);
    EXPECT_TRUE(due(f));
}

TEST_F(cpu_uintr, entry_and_exit_switch_cr4_uintr)
{
    put(f, VMCS_HOST_CR4, 0);
    enter_guest(f);
    EXPECT_TRUE(f->c->uintr.enabled);
    leave(f);
    EXPECT_FALSE(f->c->uintr.enabled);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_CR4), CR4_UINTR);
}

TEST_F(cpu_uintr, uinv_is_loaded_saved_and_cleared_as_controls_say)
{
    rig_set(&f->r, VMCS_ENTRY_CONTROLS, ENTRY_CTL_LOAD_UINV);
    put(f, VMCS_GUEST_UINV, 0xf7);
    enter_guest(f);
    EXPECT_EQ(f->c->uintr.uinv, 0xf7);
    f->c->uintr.uinv = 0x78;
    leave(f);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_UINV), 0x78);
    EXPECT_EQ(f->c->uintr.uinv, 0x78, "not cleared");
    f->r.vmcs.launched = false;
    rig_set(&f->r, VMCS_EXIT_CONTROLS, EXIT_CTL_CLEAR_UINV);
    enter_guest(f);
    leave(f);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_UINV), 0x78);
    EXPECT_EQ(f->c->uintr.uinv, 0);
}

TEST_F(cpu_uintr, uinv_of_more_than_8_bits_fails_the_entry_that_loads_it)
{
    bool failure;

    put(f, VMCS_GUEST_UINV, 0x100);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_FALSE(failure, "it is not loaded");
    leave(f);
    f->r.vmcs.launched = false;
    put(f, VMCS_GUEST_UINV, 0x100);
    rig_set(&f->r, VMCS_ENTRY_CONTROLS, ENTRY_CTL_LOAD_UINV);
    EXPECT_EQ(rig_entry(&f->r, OP_VMLAUNCH, &failure), VMERR_NONE);
    EXPECT_TRUE(failure);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), 0x80000021);
}

TEST_F(cpu_uintr, external_interrupt_exiting_comes_before_identification)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    f->c->intr = true;
    post(f, 1);
    enter_guest(f);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_INTR_EXIT);
    EXPECT_EQ(f->c->uintr.uirr, 0);
}

TEST_F(cpu_uintr, injected_vector_uinv_is_processed_and_hlt_kept)
{
    put(f, VMCS_GUEST_CR4, CR4_UINTR);
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    put(f, VMCS_ENTRY_INTR_INFO, EXTERNAL(NOTIFICATION));
    post(f, 1);
    rig_enter(&f->r);
    EXPECT_EQ(rig_inject(&f->r).outcome, CPU_NOTIFIED);
    EXPECT_EQ(f->c->activity, ACTIVITY_HLT);
    EXPECT_EQ(f->c->uintr.uirr, 1);
}

static void make_hole(struct cpu_uintr *f, uint64_t at)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    rig_set(&f->r, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT);
    f->r.vmcs.hole_base = at;
    f->r.vmcs.hole_bytes = 0x1000;
}

TEST_F(cpu_uintr, exit_in_notification_processing_has_the_vector_as_vectoring)
{
    struct cpu_result r;

    make_hole(f, UPID_AT & ~UINT64_C(0xfff));
    put(f, VMCS_GUEST_CR4, CR4_UINTR);
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    rig_enter(&f->r);
    r = rig_deliver(&f->r, NOTIFICATION, INTR_TYPE_EXTERNAL);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.reason, EXIT_EPT_VIOLATION);
    EXPECT_EQ(r.exit.idt_vectoring_info, EXTERNAL(NOTIFICATION));
    cpu_vm_exit(f->c, &r.exit);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_ACTIVITY), ACTIVITY_HLT);
}

TEST_F(cpu_uintr, exit_in_delivery_is_asynchronous_and_has_no_vectoring)
{
    struct cpu_result r;

    make_hole(f, USER_STACK & ~UINT64_C(0xfff));
    f->c->uintr.uirr = 1;
    enter_guest(f);
    f->c->rsp = USER_STACK + 0x28;
    r = deliver(f);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.reason, EXIT_EPT_VIOLATION);
    EXPECT_EQ(r.exit.qualification, 0x10182);
    EXPECT_EQ(r.exit.instruction_length, 0);
    EXPECT_EQ(r.exit.idt_vectoring_info, 0);
    EXPECT_EQ(f->c->uintr.uirr, 1);
    EXPECT_TRUE(f->c->uintr.uif);
    EXPECT_EQ(f->c->rsp, USER_STACK + 0x28);
}

TEST_F(cpu_uintr, stack_fault_of_delivery_that_the_bitmap_catches_exits)
{
    struct cpu_result r;

    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_SS);
    f->c->uintr.uirr = 1;
    enter_guest(f);
    f->c->rsp = NOT_CANONICAL + 64;
    r = deliver(f);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.intr_info, FAULT_WITH_CODE(VECTOR_SS));
    EXPECT_EQ(r.exit.qualification, 0);
}

TEST_F(cpu_uintr, monitor_trap_flag_exits_before_the_handler)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
    f->c->uintr.uirr = 1;
    enter_guest(f);
    deliver(f);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_MTF_EXIT);
    EXPECT_EQ(f->c->rip, USER_HANDLER);
}

TEST_F(cpu_uintr, delivery_and_uiret_touch_no_more_than_their_frames)
{
    struct cpu_result r;

    make_hole(f, STACK_AT);
    f->c->uintr.uirr = 1;
    enter_guest(f);
    f->c->rsp = STACK_AT;
    EXPECT_EQ(deliver(f).outcome, CPU_GOES_ON);
    uiret(f);
    f->c->rsp = STACK_AT - 24;
    EXPECT_EQ(rig_op(&f->r, OP_UIRET, 0).outcome, CPU_GOES_ON);
    f->c->rsp = STACK_AT - 23;
    r = rig_op(&f->r, OP_UIRET, 0);
    EXPECT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.qualification, 0x181, "a read");
    f->r.vmcs.hole_base = STACK_AT - 0x1000 - 32;
    f->c->rsp = STACK_AT;
    f->c->uintr.uirr = 2;
    EXPECT_EQ(deliver(f).outcome, CPU_GOES_ON);
    f->r.vmcs.hole_base++;
    f->c->rsp = STACK_AT;
    f->c->uintr.uirr = 1;
    EXPECT_EQ(deliver(f).outcome, CPU_EXITS);
}

/* ---- APIC virtualization ---- */

static void use_vapic(struct cpu_uintr *f, uint32_t secondary)
{
    put(f, VMCS_VIRTUAL_APIC_ADDRESS, VAPIC_AT);
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS,
            PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY | PRIMARY_TERTIARY);
    rig_set(&f->r, VMCS_SECONDARY_CONTROLS, secondary);
}

TEST_F(cpu_uintr, virtual_vector_uinv_ends_without_service_or_eoi_exit)
{
    use_vapic(f, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
    put(f, VMCS_EOI_EXIT_BITMAP_3, UINT64_MAX);
    put(f, VMCS_GUEST_INTERRUPT_STATUS, NOTIFICATION);
    mem_write32(&f->r.mem, VAPIC_AT + 0x200 + 0x70, 1u << (NOTIFICATION & 31));
    post(f, 1);
    enter_guest(f);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_VIRTUAL_DELIVERY);
    EXPECT_EQ(vapic_deliver(f->c, &f->r.mem), NOTIFICATION);
    vapic_end_notification(f->c, &f->r.mem);
    EXPECT_EQ(rig_deliver(&f->r, NOTIFICATION, INTR_TYPE_EXTERNAL).outcome,
              CPU_NOTIFIED);
    EXPECT_EQ(mem_read32(&f->r.mem, VAPIC_AT + 0x100 + 0x70), 0, "VISR");
    EXPECT_EQ(mem_read32(&f->r.mem, VAPIC_AT + 0xa0), 0, "VPPR");
    EXPECT_EQ(f->c->vapic.svi, 0);
    EXPECT_EQ(f->c->uintr.uirr, 1);
}

TEST_F(cpu_uintr, senduipi_notifies_physically_without_the_tpr_shadow)
{
    EXPECT_FALSE(vapic_has_senduipi(f->c), "in root operation");
    enter_guest(f);
    EXPECT_FALSE(vapic_has_senduipi(f->c));
}

TEST_F(cpu_uintr, senduipi_is_an_icr_write_of_the_x2apic_form)
{
    struct vapic_out out;

    use_vapic(f, 0);
    enter_guest(f);
    EXPECT_TRUE(vapic_has_senduipi(f->c));
    out = vapic_senduipi(f->c, &f->r.mem, 0x55, 0x12345678);
    EXPECT_EQ(mem_read64(&f->r.mem, VAPIC_AT + 0x300),
              UINT64_C(0x1234567800000055));
    EXPECT_TRUE(out.exits);
    EXPECT_EQ(out.exit.reason, EXIT_APIC_WRITE);
    EXPECT_EQ(out.exit.qualification, 0x300);
}

TEST_F(cpu_uintr, senduipi_is_an_icr_write_of_the_xapic_form)
{
    use_vapic(f, SECONDARY_VIRTUALIZE_APIC_ACCESSES);
    enter_guest(f);
    vapic_senduipi(f->c, &f->r.mem, 0x55, 0x12345678);
    EXPECT_EQ(mem_read32(&f->r.mem, VAPIC_AT + 0x310), 0x56000000);
    EXPECT_EQ(mem_read32(&f->r.mem, VAPIC_AT + 0x300), 0x55);
}
