/* Injected events: where they return to, which gates they may use, what comes
 * behind them, and what they leave alone. */
#include <string.h>

#include "models/cpu/test/vapic_rig.h"

#define INFO(type, vector) (INTR_INFO_VALID | (type) << 8 | (vector))
#define TSS_AT UINT64_C(0x62000)
#define KERNEL_STACK UINT64_C(0x64000)

struct vmx_injection {
    struct vapic v;
    struct rig *r;
    struct cpu *c;
};

static void vmx_injection_setup(struct vmx_injection *f)
{
    f->r = &f->v.r;
    f->c = &f->r->cpu;
    rig_init(f->r);
    vmcs_set(&f->r->vmcs, VMCS_VIRTUAL_APIC_ADDRESS, VAPIC_AT);
}

static void vmx_injection_teardown(struct vmx_injection *f)
{
    rig_check(f->r);
}

static void put(struct vmx_injection *f, enum vmcs_field field, uint64_t value)
{
    vmcs_set(&f->r->vmcs, field, value);
}

/* ---- every type ---- */

static const struct type_row {
    const char *name;
    uint32_t info;
    bool skips;     /* returns behind the instruction */
    bool checks;    /* the gate's privilege level */
    bool is_irq;    /* its handler is an interrupt's */
    uint32_t error; /* of the #GP for a gate of level 0 */
} type_rows[] = {
    {"external_interrupt", INFO(0, 0x31), false, false, true, 0},
    {"nmi", INFO(2, 2), false, false, true, 0},
    {"hardware_exception", INFO(3, 6), false, false, false, 0},
    {"software_interrupt", INFO(4, 0x80), true, true, false, 0x80 * 8 + 2},
    {"int1", INFO(5, 1), true, false, false, 0},
    {"int3", INFO(6, 3), true, true, false, 3 * 8 + 2},
};

TEST_EACH(vmx_injected, event_returns_where_its_type_says, struct type_row,
          type_rows)
{
    struct rig r = {0};

    rig_init(&r);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INTR_INFO, row->info);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, 2);
    rig_enter(&r);
    EXPECT_EQ(rig_inject(&r).outcome, CPU_GOES_ON);
    EXPECT_EQ(r.cpu.rip, HANDLER(INTR_INFO_VECTOR(row->info)));
    EXPECT_EQ(rig_stack(&r, 0), row->skips ? rip_plus(CODE, 2) : CODE);
    EXPECT_EQ(r.cpu.frames, row->is_irq);
}

TEST_EACH(vmx_injected, event_checks_the_gates_level_if_software_caused_it,
          struct type_row, type_rows)
{
    struct cpu_result result;
    struct rig r = {0};

    rig_init(&r);
    vmcs_set(&r.vmcs, VMCS_GUEST_SS_ACCESS_RIGHTS, 3u << 5);
    vmcs_set(&r.vmcs, VMCS_GUEST_TR_BASE, TSS_AT);
    mem_write64(&r.mem, TSS_AT + 4, KERNEL_STACK);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INTR_INFO, row->info);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
    rig_enter(&r);
    result = rig_inject(&r);
    EXPECT_EQ(result.outcome, row->checks ? CPU_FAULTS : CPU_GOES_ON);
    if (!row->checks)
        return;
    EXPECT_EQ(result.fault.vector, VECTOR_GP);
    EXPECT_EQ(result.fault.error_code, row->error);
    EXPECT_EQ(result.fault.return_rip, CODE, "back to the instruction");
}

TEST_EACH(vmx_injected, event_never_exits_itself, struct type_row, type_rows)
{
    struct rig r = {0};

    rig_init(&r);
    rig_set(&r, VMCS_PIN_CONTROLS,
            PIN_NMI_EXITING | PIN_EXTERNAL_INTERRUPT_EXITING);
    vmcs_set(&r.vmcs, VMCS_EXCEPTION_BITMAP, UINT32_MAX);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INTR_INFO, row->info);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
    rig_enter(&r);
    EXPECT_EQ(rig_inject(&r).outcome, CPU_GOES_ON);
}

TEST_EACH(vmx_injected, event_whose_delivery_exits_is_the_vectoring_information,
          struct type_row, type_rows)
{
    struct cpu_result result;
    struct rig r = {0};

    rig_init(&r);
    rig_no_gate(&r, INTR_INFO_VECTOR(row->info));
    vmcs_set(&r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INTR_INFO, row->info);
    vmcs_set(&r.vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, 3);
    rig_enter(&r);
    result = rig_inject(&r);
    ASSERT_EQ(result.outcome, CPU_EXITS);
    EXPECT_EQ(result.exit.idt_vectoring_info, row->info);
    EXPECT_EQ(result.exit.instruction_length, row->skips ? 3 : 0);
}

/* ---- what comes behind it ---- */

TEST_F(vmx_injection, tpr_below_the_threshold_exits_behind_it)
{
    struct cpu_exit x;

    vapic_controls(&f->v, AA);
    put(f, VMCS_TPR_THRESHOLD, 5);
    put(f, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    f->c->smi = f->c->init = true;
    rig_enter(f->r);
    rig_inject(f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_TPR_THRESHOLD_EXIT);
    x = cpu_take_exit(f->c, CPU_EVENT_TPR_THRESHOLD_EXIT);
    cpu_vm_exit(f->c, &x);
    EXPECT_EQ(rig_get(f->r, VMCS_EXIT_REASON), EXIT_TPR_BELOW_THRESHOLD);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_RIP), HANDLER(0x31));
    EXPECT_EQ(rig_get(f->r, VMCS_IDT_VECTORING_INFO), 0);
}

/* It is suppressed in shutdown, which the injected event ends. */
TEST_F(vmx_injection, tpr_below_the_threshold_exits_behind_an_end_of_shutdown)
{
    static const uint32_t ends[] = {INFO(2, 2), INFO(3, VECTOR_MC)};

    for (unsigned i = 0; i < 2; i++) {
        struct vmx_injection g = {0};

        vmx_injection_setup(&g);
        vapic_controls(&g.v, AA);
        put(&g, VMCS_TPR_THRESHOLD, 5);
        put(&g, VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN);
        put(&g, VMCS_ENTRY_INTR_INFO, ends[i]);
        rig_enter(g.r);
        rig_inject(g.r);
        EXPECT_EQ(g.c->activity, ACTIVITY_ACTIVE);
        EXPECT_EQ(cpu_recognize(g.c), CPU_EVENT_TPR_THRESHOLD_EXIT);
    }
    vmx_injection_setup(f);
}

TEST_F(vmx_injection, pending_mtf_of_hlt_exits_with_hlt_saved)
{
    struct cpu_exit x;

    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    put(f, VMCS_ENTRY_INTR_INFO, INFO(7, 0));
    rig_enter(f->r);
    EXPECT_EQ(f->c->activity, ACTIVITY_HLT, "no vectored event");
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_MTF_EXIT);
    x = cpu_take_exit(f->c, CPU_EVENT_MTF_EXIT);
    cpu_vm_exit(f->c, &x);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_ACTIVITY), ACTIVITY_HLT);
}

TEST_F(vmx_injection, pending_mtf_leaves_the_shadow_of_sti)
{
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_STI);
    put(f, VMCS_ENTRY_INTR_INFO, INFO(7, 0));
    rig_enter(f->r);
    EXPECT_TRUE(f->c->sti_blocking);
}

TEST_F(vmx_injection, preemption_timer_of_0_exits_behind_a_pending_debug_event)
{
    struct cpu_result r;

    rig_set(f->r, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
    put(f, VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_ENABLED | 1);
    rig_enter(f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_DEBUG);
    r = cpu_take_debug(f->c);
    cpu_deliver(f->c, &f->r->mem, &r.fault);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_PREEMPTION_TIMER_EXIT);
    EXPECT_EQ(f->c->rip, HANDLER(VECTOR_DB));
}

TEST_F(vmx_injection, fault_of_the_handlers_first_op_has_no_vectoring)
{
    struct cpu_result r;

    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
    put(f, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(f->r);
    rig_inject(f->r);
    r = cpu_raise(f->c, VECTOR_GP, 0);
    cpu_vm_exit(f->c, &r.exit);
    EXPECT_EQ(rig_get(f->r, VMCS_EXIT_INTR_INFO), FAULT_WITH_CODE(VECTOR_GP));
    EXPECT_EQ(rig_get(f->r, VMCS_IDT_VECTORING_INFO), 0);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_RIP), HANDLER(0x31));
}

/* ---- what it leaves alone ---- */

TEST_F(vmx_injection, of_an_interrupt_leaves_the_virtual_apic_page_alone)
{
    uint8_t before[MEM_PAGE_BYTES], after[MEM_PAGE_BYTES];

    vapic_controls(&f->v, VID);
    page_set(&f->v, VAPIC_IRR, 0x31);
    page_set(&f->v, VAPIC_ISR, 0x51);
    page_put(&f->v, VAPIC_PPR, 0x50);
    put(f, VMCS_GUEST_INTERRUPT_STATUS, 0x5131);
    put(f, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    mem_read(&f->r->mem, VAPIC_AT, before, sizeof before);
    rig_enter(f->r);
    EXPECT_EQ(rig_inject(f->r).outcome, CPU_GOES_ON);
    mem_read(&f->r->mem, VAPIC_AT, after, sizeof after);
    EXPECT_EQ(memcmp(before, after, sizeof before), 0);
    EXPECT_EQ(f->c->vapic.rvi, 0x31);
    EXPECT_EQ(f->c->vapic.svi, 0x51);
}
