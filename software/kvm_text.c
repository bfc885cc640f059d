/* A virtual CPU's op streams: VM exit and entry, handlers of its devices. */
#include "sim/core/pid.h"
#include "software/apic_code.h"
#include "software/idt.h"
#include "software/kvm_private.h"

#define SHADOW_IDT 0x1000u
#define MSR_BITMAP 0x2000u

static void label(struct kvm *k, struct text *t, enum kvm_label l)
{
    k->label[l] = text_here(t);
}

static void jump(struct kvm *k, struct text *t, enum kvm_label l)
{
    text_op(t, OP_JMP, RAX, k->label[l]);
}

static void op(struct text *t, enum op_kind kind)
{
    text_op(t, kind, RAX, 0);
}

static void eoi(struct kvm *k, struct text *t)
{
    apic_code_write(t, k->config.x2apic, APIC_EOI, 0);
}

/* ---- the host's handlers of its devices ---- */

static void build_device_handler(struct kvm *k, struct text *t, uint32_t i)
{
    op(t, OP_PUSHA);
    text_work(t, k->config.costs.host_isr);
    text_call(t, kvm_call_host_device, k, i);
    op(t, OP_WORK_REG);
    kvm_cpu_build_ipis(kvm_cpu_of(k), t);
    if (k->config.irq[i].rte_select)
        kvm_line_mask(k, t, &k->config.irq[i]);
    eoi(k, t);
    op(t, OP_POPA);
    op(t, OP_IRET);
}

static void build_gates(struct kvm *k, struct text *t, struct mem *m)
{
    for (uint32_t i = 0; i < k->config.irq_count; i++) {
        idt_set_gate(m, kvm_cpu_of(k)->idt, k->config.irq[i].host_vector,
                     text_here(t));
        build_device_handler(k, t, i);
    }
}

/* ---- scheduling ---- */

/* A new time slice is no news for the CPU's timer unless it is shared. */
static void build_rearm(struct kvm *k, struct text *t)
{
    uint32_t armed = text_call(t, kvm_call_rearm, k, 0);

    apic_code_write_reg(t, k->config.x2apic, APIC_TMICT, RAX);
    text_patch(t, armed);
}

/* With interrupts off. */
static void build_scheduling(struct kvm *k, struct text *t)
{
    uint32_t stays;

    label(k, t, KVM_SCHEDULE_IN);
    t->op[text_op(t, OP_VMPTRLD, RAX, 0)].self = &k->vmcs;
    build_rearm(k, t);
    kvm_build_ipis(k, t);
    jump(k, t, KVM_AGAIN);
    label(k, t, KVM_WAKE);
    text_work(t, k->config.costs.wake);
    label(k, t, KVM_AWAKE);
    kvm_timer_build_resume(k, t);
    build_rearm(k, t);
    kvm_build_ipis(k, t);
    jump(k, t, KVM_AGAIN);
    label(k, t, KVM_SWITCH);
    text_work(t, k->config.costs.context_switch);
    stays = text_call(t, kvm_call_leave, k, 0);
    t->op[text_op(t, OP_VMCLEAR, RAX, 0)].self = &k->vmcs;
    text_patch(t, stays);
    text_call(t, kvm_call_switch, k, 0); /* always jumps */
    kvm_poll_build(k, t);
    label(k, t, KVM_BLOCK);
    if (kvm_is_posted_to(&k->config)) /* what it exchanges */
        text_op(t, OP_LOAD, RAX, kvm_descriptor(&k->config) + PID_CONTROL);
    text_call(t, kvm_call_block, k, 0); /* may jump */
    op(t, OP_STI);
    op(t, OP_HLT);
    jump(k, t, KVM_REENTER);
}

/* ---- VM entry ---- */

static void build_entry(struct kvm *k, struct text *t)
{
    const struct kvm_costs *costs = &k->config.costs;
    uint32_t none;

    label(k, t, KVM_AGAIN);
    op(t, OP_STI);
    label(k, t, KVM_REENTER);
    kvm_switch_build(k, t);
    text_call(t, kvm_call_queued, k, 0);
    none = text_op(t, OP_JZ, RAX, 0);
    text_work(t, costs->external_interrupt);
    text_call(t, kvm_call_route, k, 0);
    jump(k, t, KVM_REENTER);
    text_patch(t, none);
    if (k->config.mistake != KVM_OPEN_BEFORE_ENTRY)
        op(t, OP_CLI);
    text_call(t, kvm_call_prepare_entry, k, 0); /* always jumps */

    build_scheduling(k, t);
    label(k, t, KVM_WINDOW);
    text_work(t, costs->open_window);
    none = text_op(t, OP_JMP, RAX, 0);
    label(k, t, KVM_INJECT);
    text_work(t, costs->inject);
    text_patch(t, none);
    label(k, t, KVM_ENTER);
    text_work(t, costs->switch_in);
    if (k->config.pv_eoi)
        text_work(t, costs->pv_eoi);
    text_call(t, kvm_call_load, k, 0);
    op(t, OP_VMRESUME);
    text_call(t, kvm_call_failed, k, 0);
    label(k, t, KVM_LAUNCH);
    op(t, OP_VMLAUNCH);
    text_call(t, kvm_call_failed, k, 0);
}

/* ---- VM exits ---- */

/* The host's gate is called with the vector in RAX, then interrupts on. */
static void build_on_intr(struct kvm *k, struct text *t)
{
    label(k, t, KVM_ON_INTR);
    if (k->config.acknowledge_on_exit)
        op(t, OP_INT_REG);
    op(t, OP_STI);
    op(t, OP_NOP); /* the blocking by STI ends: a waiting interrupt is taken */
    jump(k, t, KVM_REENTER);
}

static void build_simple(struct kvm *k, struct text *t, enum kvm_label l,
                         uint64_t cycles)
{
    label(k, t, l);
    op(t, OP_STI);
    text_work(t, cycles);
}

/* An APIC access is emulated by `call`; then the host's timer is set again if
 * the guest's has changed, and a line is unmasked that the guest's EOI ends. */
static void build_emulation(struct kvm *k, struct text *t, cpu_call_fn *call)
{
    uint32_t unchanged;

    text_call(t, call, k, 0);
    op(t, OP_WORK_REG);
    unchanged = text_op(t, OP_JZ, RBX, 0);
    apic_code_write_reg(t, k->config.x2apic, APIC_TMICT, RBX);
    text_patch(t, unchanged);
    kvm_build_ipis(k, t);
    kvm_line_unmask(k, t);
    jump(k, t, KVM_REENTER);
}

/* Each way of the guest to its APIC that exits. */
static void build_accesses(struct kvm *k, struct text *t)
{
    const struct kvm_costs *costs = &k->config.costs;
    const struct {
        enum kvm_label label;
        uint64_t cycles;
        cpu_call_fn *call;
    } ways[] = {
        {KVM_ON_MSR, costs->msr_access, kvm_call_msr},
        {KVM_ON_CR8, costs->cr8_access, kvm_call_cr8},
        {KVM_ON_EPT, costs->ept_violation, kvm_call_ept},
        {KVM_ON_APIC_ACCESS, costs->apic_access, kvm_call_apic_access},
        {KVM_ON_APIC_WRITE, costs->apic_write, kvm_call_apic_write},
        {KVM_ON_EOI, costs->eoi_induced, kvm_call_eoi_induced},
    };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        build_simple(k, t, ways[i].label, ways[i].cycles);
        build_emulation(k, t, ways[i].call);
    }
}

static void build_exits(struct kvm *k, struct text *t)
{
    const struct kvm_costs *costs = &k->config.costs;

    build_on_intr(k, t);
    build_simple(k, t, KVM_ON_WINDOW, costs->interrupt_window);
    jump(k, t, KVM_REENTER);
    build_simple(k, t, KVM_ON_NMI_WINDOW, costs->nmi_window);
    jump(k, t, KVM_REENTER);
    build_simple(k, t, KVM_ON_TIMER, costs->preemption_timer);
    kvm_timer_build_expiry(k, t);
    jump(k, t, KVM_REENTER);
    build_simple(k, t, KVM_ON_HLT,
                 k->config.poll.most ? costs->halt : costs->hlt);
    text_call(t, kvm_call_halted, k, 0);
    kvm_timer_build_block(k, t);
    jump(k, t, KVM_REENTER);
    build_accesses(k, t);
    build_simple(k, t, KVM_ON_TPR, costs->tpr_below_threshold);
    jump(k, t, KVM_REENTER);
    build_simple(k, t, KVM_ON_OTHER, costs->other);
    text_call(t, kvm_call_other, k, 0);
    op(t, OP_WORK_REG);
    jump(k, t, KVM_REENTER);

    label(k, t, KVM_ON_EXCEPTION);
    text_work(t, costs->exception);
    text_call(t, kvm_call_exception, k, 0); /* may jump */
    jump(k, t, KVM_AGAIN);
    label(k, t, KVM_ON_NMI); /* the handler's IRET unblocks the next */
    text_op(t, OP_INT, RAX, VECTOR_NMI);
    jump(k, t, KVM_AGAIN);
    label(k, t, KVM_ELI_VECTORED); /* RAX: the interrupt's vector */
    op(t, OP_INT_REG);
    jump(k, t, KVM_AGAIN);
    build_simple(k, t, KVM_ELI_EOI, costs->msr_access);
    eoi(k, t);
    text_call(t, kvm_call_skip, k, 0);
    jump(k, t, KVM_REENTER);
    label(k, t, KVM_ELI_ANY_EXIT);
    eoi(k, t);
    text_call(t, kvm_call_dispatch, k, 0);
}

static void fill_vmcs(struct kvm *k, struct mem *m)
{
    struct vmcs *v = &k->vmcs;
    uint8_t ones[MEM_PAGE_BYTES];

    vmcs_init(v);
    for (unsigned i = 0; i < sizeof ones; i++)
        ones[i] = 0xff; /* every MSR access exits */
    mem_write(m, k->msr_bitmap, ones, sizeof ones);
    vmcs_set(v, VMCS_MSR_BITMAP, k->msr_bitmap);
    vmcs_set(v, VMCS_PIN_CONTROLS,
             PIN_DEFAULT1 | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING |
                 (k->config.virtual_nmis ? PIN_VIRTUAL_NMIS : 0));
    vmcs_set(v, VMCS_PRIMARY_CONTROLS,
             PRIMARY_DEFAULT1 | PRIMARY_HLT_EXITING | PRIMARY_MSR_BITMAPS |
                 PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING |
                 PRIMARY_SECONDARY);
    vmcs_set(v, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT | SECONDARY_VPID);
    if (k->config.acknowledge_on_exit)
        vmcs_set(v, VMCS_EXIT_CONTROLS,
                 vmcs_get(v, VMCS_EXIT_CONTROLS) | EXIT_CTL_ACKNOWLEDGE);
    v->hole_base = APIC_PAGE;
    v->hole_bytes = MEM_PAGE_BYTES;
    vmcs_set(v, VMCS_HOST_IDTR_BASE, kvm_cpu_of(k)->idt);
    vmcs_set(v, VMCS_HOST_RSP, kvm_cpu_of(k)->stack);
    vmcs_set(v, VMCS_GUEST_RIP, k->config.guest_boot);
    vmcs_set(v, VMCS_GUEST_RSP, k->config.guest_stack);
}

static void init_vlapic(struct kvm *k)
{
    struct lapic_config c = {
        .id = k->config.apic_id,
        .bsp = k->config.apic_id == 0,
        .features = LAPIC_HAS_X2APIC | LAPIC_HAS_TSC_DEADLINE,
    };

    lapic_init(&k->vlapic, &c);
}

void kvm_build(struct kvm *k, const struct kvm_config *c, struct text *t,
               struct mem *m)
{
    *k = (struct kvm){
        .config = *c,
        .cpu = c->cpu,
        .shadow_idt = c->memory + SHADOW_IDT,
        .msr_bitmap = c->memory + MSR_BITMAP,
        .timer_on_host = c->guest_timer != KVM_TIMER_PREEMPTION,
    };
    kvm_sched_add(k);
    init_vlapic(k);
    build_entry(k, t);
    build_exits(k, t);
    build_gates(k, t, m);
    fill_vmcs(k, m);
    k->vmcs.ipi_source = c->ipi_source;
    k->vmcs.timer_source = c->timer_source;
    kvm_apicv_build(k, m);
    vmcs_set(&k->vmcs, VMCS_HOST_RIP, text_here(t));
    text_work(t, c->costs.switch_out);
    text_call(t, kvm_call_exit, k, 0); /* always jumps */
}
