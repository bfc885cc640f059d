/* The guest's ops, the host's few reactions, and what comes between. */
#include "sim/replay/vapic_cpu.h"

#include <stdlib.h>
#include <string.h>

#include "models/cpu/vapic.h"
#include "models/lapic/lapic.h"

#define PAGES 16u

struct vapic_cpu {
    struct cpu cpu;
    struct vmcs vmcs;
    struct mem mem;
    struct mem_page page[PAGES];
    struct lapic lapic;
    /* Of the operation at hand. */
    struct op text[5];
    bool done;
    struct vapic_row state; /* the answer that ends it */
    struct vapic_answers *answers;
};

/* Where things are. */
#define IDT UINT64_C(0x10000)
#define STACK UINT64_C(0x21000)
#define VIRTUAL_APIC UINT64_C(0x30000)
#define DESCRIPTOR UINT64_C(0x31000)
#define MSR_BITMAP UINT64_C(0x32000)
#define APIC UINT64_C(0xfee00000)

/* RIPs: the guest's text, and one for each handler. */
#define CODE 1u
#define HANDLERS 1000u
#define HOST_CODE 900u

#define NOTIFICATION 0xf2u
#define SVR_ENABLED 0x1ffu
#define INTERRUPT_GATE (UINT64_C(0x8e) << 40)

/* The flags of `ctl`, as hexadecimal digits. */
#define CTL_TPR_SHADOW 0x100000u
#define CTL_APIC_ACCESSES 0x010000u
#define CTL_X2APIC 0x001000u
#define CTL_REGISTERS 0x000100u
#define CTL_DELIVERY 0x000010u
#define CTL_POSTED 0x000001u

/* ---- set-up ---- */

static void put(struct vapic_cpu *v, enum vmcs_field f, uint64_t value)
{
    vmcs_set(&v->vmcs, f, value);
}

static uint32_t if_flag(uint64_t ctl, uint64_t flag, uint32_t bit)
{
    return ctl & flag ? bit : 0;
}

static void set_controls(struct vapic_cpu *v, uint64_t ctl)
{
    bool shadow = ctl & CTL_TPR_SHADOW;

    put(v, VMCS_PIN_CONTROLS,
        PIN_DEFAULT1 | PIN_EXTERNAL_INTERRUPT_EXITING |
            if_flag(ctl, CTL_POSTED, PIN_POSTED_INTERRUPTS));
    put(v, VMCS_PRIMARY_CONTROLS,
        PRIMARY_DEFAULT1 | PRIMARY_MSR_BITMAPS | PRIMARY_SECONDARY |
            (shadow ? PRIMARY_TPR_SHADOW
                    : PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING));
    put(v, VMCS_SECONDARY_CONTROLS,
        if_flag(ctl, CTL_APIC_ACCESSES, SECONDARY_VIRTUALIZE_APIC_ACCESSES) |
            if_flag(ctl, CTL_X2APIC, SECONDARY_VIRTUALIZE_X2APIC) |
            if_flag(ctl, CTL_REGISTERS,
                    SECONDARY_APIC_REGISTER_VIRTUALIZATION) |
            if_flag(ctl, CTL_DELIVERY, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY));
    put(v, VMCS_EXIT_CONTROLS,
        EXIT_CTL_DEFAULT1 | EXIT_CTL_HOST_64 |
            if_flag(ctl, CTL_POSTED, EXIT_CTL_ACKNOWLEDGE));
}

static void set_vmcs(struct vapic_cpu *v, const uint64_t *setup)
{
    vmcs_init(&v->vmcs);
    set_controls(v, setup[SETUP_CTL]);
    put(v, VMCS_MSR_BITMAP, MSR_BITMAP);
    put(v, VMCS_VIRTUAL_APIC_ADDRESS, VIRTUAL_APIC);
    put(v, VMCS_APIC_ACCESS_ADDRESS, APIC);
    put(v, VMCS_POSTED_DESCRIPTOR_ADDRESS, DESCRIPTOR);
    put(v, VMCS_NOTIFICATION_VECTOR, NOTIFICATION);
    put(v, VMCS_TPR_THRESHOLD, setup[SETUP_THRESHOLD]);
    put(v, VMCS_GUEST_INTERRUPT_STATUS,
        setup[SETUP_RVI] | setup[SETUP_SVI] << 8);
    for (unsigned i = 0; i < 4; i++)
        put(v, (enum vmcs_field)(VMCS_EOI_EXIT_BITMAP_0 + i),
            setup[SETUP_EOI_EXIT + i]);
    put(v, VMCS_HOST_RIP, rip_of(HOST_CODE));
    put(v, VMCS_GUEST_IDTR_BASE, IDT);
    put(v, VMCS_GUEST_IDTR_LIMIT, 0xfff);
}

static uint32_t page_get(struct vapic_cpu *v, uint32_t offset)
{
    return mem_read32(&v->mem, VIRTUAL_APIC + offset);
}

static void page_put(struct vapic_cpu *v, uint32_t offset, uint64_t value)
{
    mem_write32(&v->mem, VIRTUAL_APIC + offset, (uint32_t)value);
}

static void fill_page(struct vapic_cpu *v, const uint64_t *setup)
{
    for (uint32_t at = 0x20; at <= 0x3f0; at += 0x10)
        if (at != VAPIC_EOI && (at < 0x100 || at >= 0x280))
            page_put(v, at, at << 16 | at);
    page_put(v, VAPIC_TPR, setup[SETUP_VTPR]);
    page_put(v, VAPIC_PPR, 0);
    for (uint32_t i = 0; i < 8; i++) {
        page_put(v, VAPIC_IRR + 0x10 * i, setup[SETUP_IRR + i]);
        page_put(v, VAPIC_ISR + 0x10 * i, setup[SETUP_ISR + i]);
    }
}

static void fill_descriptor(struct vapic_cpu *v, const uint64_t *setup)
{
    for (unsigned i = 0; i < 4; i++)
        mem_write64(&v->mem, DESCRIPTOR + PID_PIR + 8 * i,
                    setup[SETUP_PIR + i]);
    mem_write64(&v->mem, DESCRIPTOR + PID_CONTROL,
                setup[SETUP_ON] ? PID_ON : 0);
}

static void fill_idt(struct vapic_cpu *v)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t to = rip_of(HANDLERS + i);

        mem_write64(&v->mem, IDT + 16 * i,
                    (to & 0xffff) | (to & 0xffff0000) << 32 | INTERRUPT_GATE);
        mem_write64(&v->mem, IDT + 16 * i + 8, to >> 32);
    }
}

/* In xAPIC mode, with the notification pending if the set-up says so. */
static void start_apic(struct vapic_cpu *v, bool notified)
{
    struct lapic_config config = {.bsp = true};
    struct lapic_mmio svr = {LAPIC_SVR, 4, SVR_ENABLED};
    struct msg_apic m = {.vector = NOTIFICATION, .mode = DELIVERY_FIXED};

    lapic_init(&v->lapic, &config);
    v->cpu.intr = lapic_write(&v->lapic, &svr, (struct lapic_time){0}).intr;
    if (notified)
        v->cpu.intr = lapic_accept(&v->lapic, &m).intr;
}

void vapic_cpu_set_up(struct vapic_cpu *v, const struct vapic_row *setup)
{
    memset(v, 0, sizeof *v);
    mem_init(&v->mem, v->page, PAGES);
    cpu_reset(&v->cpu, rip_of(HOST_CODE), STACK);
    v->cpu.vmx = vmx_capabilities_of(vmx_all_features(), 0);
    v->cpu.vmx_on = true;
    v->cpu.vmcs = &v->vmcs;
    set_vmcs(v, setup->value);
    fill_page(v, setup->value);
    fill_descriptor(v, setup->value);
    fill_idt(v);
    start_apic(v, setup->value[SETUP_ON]);
}

/* ---- answers ---- */

static struct vapic_row *answer(struct vapic_cpu *v, enum vapic_row_kind kind)
{
    struct vapic_row *a = &v->answers->row[v->answers->count++];

    *a = (struct vapic_row){.kind = (uint8_t)kind};
    return a;
}

static void answer_state(struct vapic_cpu *v)
{
    uint64_t *value = v->state.value;

    value[STATE_VALUE] = value[STATE_FAULT] ? 0 : (uint32_t)v->cpu.gpr[RAX];
    value[STATE_VTPR] = page_get(v, VAPIC_TPR);
    value[STATE_VPPR] = page_get(v, VAPIC_PPR);
    value[STATE_VEOI] = page_get(v, VAPIC_EOI);
    value[STATE_ICR_HIGH] = page_get(v, VAPIC_ICR_HIGH);
    value[STATE_ICR_LOW] = page_get(v, VAPIC_ICR_LOW);
    value[STATE_STATUS] = vmcs_get(&v->vmcs, VMCS_GUEST_INTERRUPT_STATUS);
    for (uint32_t i = 0; i < 8; i++) {
        value[STATE_IRR + i] = page_get(v, VAPIC_IRR + 0x10 * i);
        value[STATE_ISR + i] = page_get(v, VAPIC_ISR + 0x10 * i);
    }
    value[STATE_ON] = mem_read64(&v->mem, DESCRIPTOR + PID_CONTROL) & PID_ON;
    *answer(v, VAPIC_STATE) = v->state;
}

static void answer_exit(struct vapic_cpu *v, const struct cpu_exit *x)
{
    struct vapic_row *e = answer(v, VAPIC_EXIT);

    e->value[EXIT_AT_REASON] = x->reason;
    e->value[EXIT_AT_QUALIFICATION] = x->qualification;
    e->value[EXIT_AT_STATUS] = vmcs_get(&v->vmcs, VMCS_GUEST_INTERRUPT_STATUS);
    e->value[EXIT_AT_INFO] = x->intr_info;
}

/* ---- the host ---- */

static void write_eoi(struct vapic_cpu *v)
{
    struct lapic_mmio eoi = {LAPIC_EOI, 4, 0};

    v->cpu.intr = lapic_write(&v->lapic, &eoi, (struct lapic_time){0}).intr;
}

static uint8_t acknowledge(struct vapic_cpu *v)
{
    uint8_t vector;

    v->cpu.intr = lapic_acknowledge(&v->lapic, &vector).intr;
    return vector;
}

/* The VM entry; false: it failed. */
static bool enter(struct vapic_cpu *v)
{
    struct op op = {.kind = v->vmcs.launched ? OP_VMRESUME : OP_VMLAUNCH};
    bool failed;
    enum vm_instruction_error error =
        cpu_vm_entry(&v->cpu, &v->mem, &op, &failed);

    if (error || failed) {
        struct vapic_row *f = answer(v, VAPIC_FAILURE);

        f->value[FAILURE_ENTRY] = failed;
        f->value[FAILURE_CODE] =
            failed ? (uint16_t)vmcs_get(&v->vmcs, VMCS_EXIT_REASON) : error;
    }
    return !error && !failed;
}

static void skip(struct vapic_cpu *v, const struct cpu_exit *x)
{
    put(v, VMCS_GUEST_RIP,
        rip_plus(vmcs_get(&v->vmcs, VMCS_GUEST_RIP), x->instruction_length));
}

/* What the recorded host does at an exit, up to the next entry. */
static bool handle(struct vapic_cpu *v, const struct cpu_exit *x)
{
    cpu_vm_exit(&v->cpu, x);
    if (x->reason == EXIT_VMCALL) {
        v->done = true;
        answer_state(v);
        return true;
    }
    answer_exit(v, x);
    switch (x->reason) {
    case EXIT_CR_ACCESS:
    case EXIT_MSR_READ:
    case EXIT_MSR_WRITE:
    case EXIT_APIC_ACCESS:
        skip(v, x);
        break;
    case EXIT_TPR_BELOW_THRESHOLD:
        put(v, VMCS_TPR_THRESHOLD, 0);
        break;
    case EXIT_EXTERNAL_INTERRUPT:
        if (!(x->intr_info & INTR_INFO_VALID))
            acknowledge(v);
        write_eoi(v);
        break;
    default:
        break;
    }
    /* no operation causes more exits than that */
    return v->answers->count < VAPIC_ANSWERS - 1 && enter(v);
}

/* ---- the guest ---- */

static bool fault(struct vapic_cpu *v)
{
    struct cpu_result r = cpu_raise(&v->cpu, VECTOR_GP, 0);

    cpu_deliver(&v->cpu, &v->mem, &r.fault);
    return true;
}

/* The handler of a vector: takes note and returns, with IF = 0. */
static bool handler(struct vapic_cpu *v)
{
    static const struct op iret = {.kind = OP_IRET};
    struct vapic_row *s = &v->state;
    uint8_t vector = (uint8_t)(rip_op(v->cpu.rip) - HANDLERS);
    uint64_t at;

    if (vector == VECTOR_GP) {
        s->value[STATE_FAULT] = vector;
        v->cpu.rsp += 8; /* the error code */
        at = mem_read64(&v->mem, v->cpu.rsp);
        mem_write64(&v->mem, v->cpu.rsp, rip_plus(at, 1));
    } else if (s->taken_count < VAPIC_TAKEN) {
        s->taken[s->taken_count++] = vector;
    }
    at = v->cpu.rsp + 16;
    mem_write64(&v->mem, at, mem_read64(&v->mem, at) & ~(uint64_t)RFLAGS_IF);
    cpu_execute(&v->cpu, &v->mem, &iret);
    return true;
}

static bool retire(struct vapic_cpu *v, const struct vapic_out *out)
{
    if (out->gp)
        return fault(v);
    cpu_retire(&v->cpu);
    return out->exits ? handle(v, &out->exit) : true;
}

/* The physical APIC serves what the processor does not virtualize. */
static bool physical(struct vapic_cpu *v, const struct op *op)
{
    struct vapic_out out = {0};
    struct lapic_out l = {0};
    struct lapic_mmio a = {op->imm & 0xfff, 4, v->cpu.gpr[op->reg]};
    struct lapic_time now = {0};
    uint64_t *reg = &v->cpu.gpr[op->reg];

    switch (op->kind) {
    case OP_LOAD:
        l = lapic_read(&v->lapic, &a, now);
        *reg = a.value;
        break;
    case OP_STORE:
        l = lapic_write(&v->lapic, &a, now);
        break;
    case OP_RDMSR:
        l = lapic_rdmsr(&v->lapic, (uint32_t)op->imm, now, reg);
        break;
    case OP_WRMSR:
        l = lapic_wrmsr(&v->lapic, (uint32_t)op->imm, *reg, now);
        break;
    case OP_MOV_CR8:
        l = lapic_set_cr8(&v->lapic, *reg);
        break;
    default:
        *reg = lapic_cr8(&v->lapic);
        return retire(v, &out);
    }
    v->cpu.intr = l.intr;
    out.gp = l.gp;
    return retire(v, &out);
}

static bool page_op(struct vapic_cpu *v, const struct op *op)
{
    struct vapic_access a = {
        .offset = op->imm & 0xfff,
        .bytes = 4,
        .type = op->kind == OP_LOAD ? VAPIC_READ : VAPIC_WRITE,
        .value = (uint32_t)v->cpu.gpr[op->reg],
    };
    struct vapic_out out;

    if (op->kind == OP_LOAD)
        v->cpu.gpr[op->reg] = vapic_read(&v->cpu, &v->mem, &a);
    else
        vapic_write(&v->cpu, &v->mem, &a);
    out = vapic_complete(&v->cpu, &v->mem);
    return retire(v, &out);
}

static bool msr_op(struct vapic_cpu *v, const struct op *op)
{
    uint32_t msr = (uint32_t)op->imm;
    uint64_t *reg = &v->cpu.gpr[op->reg];
    struct vapic_out out = {0};

    if (op->kind == OP_RDMSR)
        *reg = vapic_rdmsr(&v->cpu, &v->mem, msr);
    else
        out = vapic_wrmsr(&v->cpu, &v->mem, msr, *reg);
    return retire(v, &out);
}

static bool cr8_op(struct vapic_cpu *v, const struct op *op)
{
    uint64_t *reg = &v->cpu.gpr[op->reg];
    struct vapic_out out = {0};

    if (op->kind == OP_MOV_CR8)
        out = vapic_set_cr8(&v->cpu, &v->mem, (uint8_t)*reg);
    else
        *reg = vapic_cr8(&v->cpu, &v->mem);
    return retire(v, &out);
}

static bool execute(struct vapic_cpu *v, const struct op *op)
{
    struct cpu *c = &v->cpu;
    uint32_t msr = (uint32_t)op->imm;

    switch (op->kind) {
    case OP_LOAD:
    case OP_STORE:
        return vapic_claims(c, op->imm) ? page_op(v, op) : physical(v, op);
    case OP_RDMSR:
        return vapic_has_rdmsr(c, msr) ? msr_op(v, op) : physical(v, op);
    case OP_WRMSR:
        return vapic_has_wrmsr(c, msr) ? msr_op(v, op) : physical(v, op);
    case OP_MOV_CR8:
    case OP_MOV_FROM_CR8:
        return vapic_has_cr8(c) ? cr8_op(v, op) : physical(v, op);
    default:
        cpu_execute(c, &v->mem, op);
        return true;
    }
}

static bool next_op(struct vapic_cpu *v)
{
    const struct op *op;
    bool access;
    struct cpu_exit x;

    if (rip_op(v->cpu.rip) >= HANDLERS)
        return handler(v);
    op = &v->text[rip_op(v->cpu.rip) - CODE];
    access = op->kind == OP_LOAD || op->kind == OP_STORE;
    if (access ? cpu_access_exits(&v->cpu, op->imm, op->kind == OP_STORE, &x)
               : cpu_intercepts(&v->cpu, &v->mem, op, &x))
        return handle(v, &x);
    return execute(v, op);
}

static bool interrupt(struct vapic_cpu *v)
{
    bool acknowledges =
        vmcs_get(&v->vmcs, VMCS_EXIT_CONTROLS) & EXIT_CTL_ACKNOWLEDGE;
    uint8_t vector = acknowledges ? acknowledge(v) : 0;
    struct cpu_exit x = cpu_intr_exit(acknowledges, vector);

    if (!acknowledges || !vapic_notifies(&v->cpu, vector))
        return handle(v, &x);
    write_eoi(v);
    vapic_clear_on(&v->cpu, &v->mem);
    vapic_take_posted(&v->cpu, &v->mem);
    return true;
}

/* What comes at this instruction boundary; false: the set-up is over. */
static bool step(struct vapic_cpu *v)
{
    struct cpu_exit below = {.reason = EXIT_TPR_BELOW_THRESHOLD};
    struct cpu_vectored e = {.return_rip = v->cpu.rip};

    switch (cpu_recognize(&v->cpu)) {
    case CPU_EVENT_TPR_THRESHOLD_EXIT:
        return handle(v, &below);
    case CPU_EVENT_VIRTUAL_DELIVERY:
        e.vector = vapic_deliver(&v->cpu, &v->mem);
        cpu_deliver(&v->cpu, &v->mem, &e);
        return true;
    case CPU_EVENT_INTR_EXIT:
        return interrupt(v);
    default:
        return next_op(v);
    }
}

static struct op guest_op(const uint64_t *o)
{
    static const uint8_t kinds[VAPIC_OPS] = {
        [VAPIC_OP_READ] = OP_LOAD,       [VAPIC_OP_WRITE] = OP_STORE,
        [VAPIC_OP_RDMSR] = OP_RDMSR,     [VAPIC_OP_WRMSR] = OP_WRMSR,
        [VAPIC_OP_SET_CR8] = OP_MOV_CR8, [VAPIC_OP_CR8] = OP_MOV_FROM_CR8,
        [VAPIC_OP_WINDOW] = OP_STI,      [VAPIC_OP_NOP] = OP_NOP,
    };
    struct op op = {.kind = kinds[o[OPERATION_KIND]]};

    if (op.kind == OP_LOAD || op.kind == OP_STORE)
        op.imm = APIC + o[OPERATION_OFFSET];
    else if (op.kind == OP_RDMSR || op.kind == OP_WRMSR)
        op.imm = VAPIC_MSR_FIRST + o[OPERATION_OFFSET];
    return op;
}

static void write_text(struct vapic_cpu *v, const uint64_t *o)
{
    static const struct op nop = {.kind = OP_NOP}, cli = {.kind = OP_CLI},
                           vmcall = {.kind = OP_VMCALL};
    unsigned n = 0;

    v->text[n++] = guest_op(o);
    if (o[OPERATION_KIND] == VAPIC_OP_WINDOW) {
        v->text[n++] = nop;
        v->text[n++] = nop;
        v->text[n++] = cli;
    }
    v->text[n] = vmcall;
}

/* RAX has the value to write, and is 0 where something may be read. */
static uint64_t register_of(const uint64_t *o)
{
    switch (o[OPERATION_KIND]) {
    case VAPIC_OP_WRITE:
    case VAPIC_OP_WRMSR:
        return (uint32_t)o[OPERATION_VALUE];
    case VAPIC_OP_SET_CR8:
        return o[OPERATION_VALUE] & 0xf;
    default:
        return 0;
    }
}

static bool reads(const uint64_t *o)
{
    return o[OPERATION_KIND] == VAPIC_OP_READ ||
           o[OPERATION_KIND] == VAPIC_OP_RDMSR ||
           o[OPERATION_KIND] == VAPIC_OP_CR8;
}

struct vapic_cpu *vapic_cpu_new(void)
{
    struct vapic_cpu *v = malloc(sizeof *v);

    if (!v)
        abort();
    return v;
}

void vapic_cpu_free(struct vapic_cpu *v)
{
    free(v);
}

bool vapic_cpu_play(struct vapic_cpu *v, const struct vapic_row *operation,
                    struct vapic_answers *answers)
{
    const uint64_t *o = operation->value;

    write_text(v, o);
    v->done = false;
    v->state = (struct vapic_row){.kind = VAPIC_STATE};
    v->answers = answers;
    answers->count = 0;
    v->cpu.gpr[RAX] = register_of(o);
    put(v, VMCS_GUEST_RIP, rip_of(CODE));
    put(v, VMCS_GUEST_RSP, STACK);
    put(v, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    if (!enter(v))
        return false;
    while (!v->done)
        if (!step(v))
            return false;
    if (!reads(o))
        answers->row[answers->count - 1].value[STATE_VALUE] = 0;
    return true;
}
