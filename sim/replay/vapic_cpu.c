/* A CPU node and its local APIC play; the host's few reactions are here. */
#include "sim/replay/vapic_cpu.h"

#include <stdlib.h>
#include <string.h>

#include "models/cpu/cpu_node.h"
#include "models/cpu/vapic.h"
#include "models/lapic/lapic.h"

#define PAGES 16u
#define EVENTS 4u
#define INTERRUPTS 16u /* self-IPIs of one set-up, and more */
#define VECTORS 256u

/* The text: host, guest, and a handler of two ops for each vector. */
enum {
    HOST_LAUNCH = 1,
    HOST_LAUNCH_FAILED,
    HOST_EXIT,
    HOST_RESUME,
    HOST_RESUME_FAILED,
    HOST_END,
    GUEST,
    HANDLERS = GUEST + 8,
    OPS = HANDLERS + 2 * VECTORS
};

struct vapic_cpu {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(EVENTS)];
    struct irqs irqs;
    struct irq_record record[INTERRUPTS];
    struct posted_irqs posted;
    struct cpu_node node;
    struct vmcs vmcs;
    struct mem mem;
    struct mem_page page[PAGES];
    struct lapic lapic;
    struct op text[OPS];
    /* Of the operation at hand. */
    bool over;              /* a VM entry has failed */
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

#define NOTIFICATION 0xf2u
#define SVR_ENABLED 0x1ffu
#define INTERRUPT_GATE (UINT64_C(0x8e) << 40)
#define PERIOD SIM_PS /* of a clock that nobody looks at */

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
    put(v, VMCS_HOST_RIP, rip_of(HOST_EXIT));
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
    for (unsigned i = 0; i < VECTORS; i++) {
        uint64_t to = rip_of(HANDLERS + 2 * i);

        mem_write64(&v->mem, IDT + 16 * i,
                    (to & 0xffff) | (to & 0xffff0000) << 32 | INTERRUPT_GATE);
        mem_write64(&v->mem, IDT + 16 * i + 8, to >> 32);
    }
}

/* ---- answers ---- */

static struct vapic_row *answer(struct vapic_cpu *v, enum vapic_row_kind kind)
{
    struct vapic_row *a = &v->answers->row[v->answers->count++];

    *a = (struct vapic_row){.kind = (uint8_t)kind};
    return a;
}

static uint64_t get(const struct vapic_cpu *v, enum vmcs_field f)
{
    return vmcs_get(&v->vmcs, f);
}

static void answer_state(struct vapic_cpu *v)
{
    uint64_t *value = v->state.value;

    value[STATE_VALUE] =
        value[STATE_FAULT] ? 0 : (uint32_t)v->node.cpu.gpr[RAX];
    value[STATE_VTPR] = page_get(v, VAPIC_TPR);
    value[STATE_VPPR] = page_get(v, VAPIC_PPR);
    value[STATE_VEOI] = page_get(v, VAPIC_EOI);
    value[STATE_ICR_HIGH] = page_get(v, VAPIC_ICR_HIGH);
    value[STATE_ICR_LOW] = page_get(v, VAPIC_ICR_LOW);
    value[STATE_STATUS] = get(v, VMCS_GUEST_INTERRUPT_STATUS);
    for (uint32_t i = 0; i < 8; i++) {
        value[STATE_IRR + i] = page_get(v, VAPIC_IRR + 0x10 * i);
        value[STATE_ISR + i] = page_get(v, VAPIC_ISR + 0x10 * i);
    }
    value[STATE_ON] = mem_read64(&v->mem, DESCRIPTOR + PID_CONTROL) & PID_ON;
    *answer(v, VAPIC_STATE) = v->state;
}

static void answer_exit(struct vapic_cpu *v)
{
    struct vapic_row *e = answer(v, VAPIC_EXIT);

    e->value[EXIT_AT_REASON] = get(v, VMCS_EXIT_REASON);
    e->value[EXIT_AT_QUALIFICATION] = get(v, VMCS_EXIT_QUALIFICATION);
    e->value[EXIT_AT_STATUS] = get(v, VMCS_GUEST_INTERRUPT_STATUS);
    e->value[EXIT_AT_INFO] = get(v, VMCS_EXIT_INTR_INFO);
}

static void answer_failure(struct vapic_cpu *v, bool entry, uint64_t code)
{
    struct vapic_row *f = answer(v, VAPIC_FAILURE);

    f->value[FAILURE_ENTRY] = entry;
    f->value[FAILURE_CODE] = code;
    v->over = true;
}

/* ---- the physical APIC ---- */

static bool told(struct vapic_cpu *v, struct lapic_out out)
{
    cpu_node_intr(&v->node, out.intr);
    return !out.gp;
}

static bool apic_rdmsr(void *cpu, uint32_t msr, uint64_t *value)
{
    struct vapic_cpu *v = cpu;

    return told(v, lapic_rdmsr(&v->lapic, msr, (struct lapic_time){0}, value));
}

static bool apic_wrmsr(void *cpu, uint32_t msr, uint64_t value)
{
    struct vapic_cpu *v = cpu;

    return told(v, lapic_wrmsr(&v->lapic, msr, value, (struct lapic_time){0}));
}

static void apic_set_cr8(void *cpu, uint8_t cr8)
{
    struct vapic_cpu *v = cpu;

    told(v, lapic_set_cr8(&v->lapic, cr8));
}

static uint8_t apic_cr8(void *cpu)
{
    const struct vapic_cpu *v = cpu;

    return lapic_cr8(&v->lapic);
}

/* Interrupts of recordings have no identity. */
static struct cpu_ack apic_acknowledge(void *cpu)
{
    struct vapic_cpu *v = cpu;
    struct cpu_ack ack = {0};

    told(v, lapic_acknowledge(&v->lapic, &ack.vector));
    return ack;
}

static uint32_t apic_read(void *cpu, uint64_t addr)
{
    struct vapic_cpu *v = cpu;
    struct lapic_mmio a = {(uint32_t)(addr - APIC), 4, 0};

    told(v, lapic_read(&v->lapic, &a, (struct lapic_time){0}));
    return (uint32_t)a.value;
}

static void apic_write(void *cpu, uint64_t addr, uint32_t value)
{
    struct vapic_cpu *v = cpu;
    struct lapic_mmio a = {(uint32_t)(addr - APIC), 4, value};

    told(v, lapic_write(&v->lapic, &a, (struct lapic_time){0}));
}

static void apic_eoi(void *cpu)
{
    apic_write(cpu, APIC + LAPIC_EOI, 0);
}

static enum cpu_region region(void *cpu, uint64_t addr)
{
    (void)cpu;
    return addr - APIC < MEM_PAGE_BYTES ? REGION_APIC : REGION_MEMORY;
}

/* ---- the host, at each VM exit and failed VM entry ---- */

static void skip(struct vapic_cpu *v)
{
    put(v, VMCS_GUEST_RIP,
        rip_plus(get(v, VMCS_GUEST_RIP),
                 (uint32_t)get(v, VMCS_EXIT_INSTRUCTION_LENGTH)));
}

/* Takes the interrupt, if the exit has not acknowledged it, and ends it. */
static void take_interrupt(struct vapic_cpu *v)
{
    if (!(get(v, VMCS_EXIT_INTR_INFO) & INTR_INFO_VALID))
        apic_acknowledge(v);
    apic_eoi(v);
}

static void react(struct vapic_cpu *v)
{
    switch (get(v, VMCS_EXIT_REASON)) {
    case EXIT_CR_ACCESS:
    case EXIT_MSR_READ:
    case EXIT_MSR_WRITE:
    case EXIT_APIC_ACCESS:
        skip(v);
        break;
    case EXIT_TPR_BELOW_THRESHOLD:
        put(v, VMCS_TPR_THRESHOLD, 0);
        break;
    case EXIT_EXTERNAL_INTERRUPT:
        take_interrupt(v);
        break;
    default:
        break;
    }
}

static void host_exit(void *cpu, struct cpu_env *env, uint64_t arg)
{
    struct vapic_cpu *v = cpu;
    uint64_t reason = get(v, VMCS_EXIT_REASON);

    (void)env;
    (void)arg;
    if (reason & EXIT_REASON_ENTRY_FAILURE) {
        answer_failure(v, true, (uint16_t)reason);
    } else if (reason == EXIT_VMCALL) {
        answer_state(v);
    } else {
        answer_exit(v);
        react(v);
        /* no operation causes more exits than that */
        v->over = v->answers->count == VAPIC_ANSWERS - 1;
    }
    if (v->over || reason == EXIT_VMCALL)
        engine_stop(&v->engine);
}

static void host_failed(void *cpu, struct cpu_env *env, uint64_t arg)
{
    struct vapic_cpu *v = cpu;

    (void)arg;
    env->cpu->rip = rip_of(HOST_END);
    answer_failure(v, false, get(v, VMCS_INSTRUCTION_ERROR));
    engine_stop(&v->engine);
}

/* ---- the guest ---- */

/* Of a vector: takes note, and returns with IF = 0; behind the op that has
 * raised #GP. */
static void handle(void *cpu, struct cpu_env *env, uint64_t vector)
{
    struct vapic_cpu *v = cpu;
    struct vapic_row *s = &v->state;
    uint64_t at;

    if (vector == VECTOR_GP) {
        s->value[STATE_FAULT] = vector;
        env->cpu->rsp += 8; /* the error code */
        at = mem_read64(env->mem, env->cpu->rsp);
        mem_write64(env->mem, env->cpu->rsp, rip_plus(at, 1));
    } else if (s->taken_count < VAPIC_TAKEN) {
        s->taken[s->taken_count++] = (uint8_t)vector;
    }
    at = env->cpu->rsp + 16;
    mem_write64(env->mem, at, mem_read64(env->mem, at) & ~(uint64_t)RFLAGS_IF);
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
    unsigned n = GUEST;

    v->text[n++] = guest_op(o);
    if (o[OPERATION_KIND] == VAPIC_OP_WINDOW) {
        v->text[n++] = nop;
        v->text[n++] = nop;
        v->text[n++] = cli;
    }
    v->text[n] = vmcall;
}

/* ---- the machine ---- */

static void call(struct vapic_cpu *v, unsigned op, cpu_call_fn *fn,
                 uint64_t arg)
{
    v->text[op] = (struct op){.kind = OP_CALL, .imm = arg, .fn = fn, .self = v};
}

static void write_constant_text(struct vapic_cpu *v)
{
    v->text[HOST_LAUNCH].kind = OP_VMLAUNCH;
    call(v, HOST_LAUNCH_FAILED, host_failed, 0);
    call(v, HOST_EXIT, host_exit, 0);
    v->text[HOST_RESUME].kind = OP_VMRESUME;
    call(v, HOST_RESUME_FAILED, host_failed, 0);
    v->text[HOST_END].kind = OP_HLT;
    for (unsigned i = 0; i < VECTORS; i++) {
        call(v, HANDLERS + 2 * i, handle, i);
        v->text[HANDLERS + 2 * i + 1].kind = OP_IRET;
    }
}

static void init_node(struct vapic_cpu *v)
{
    struct cpu_node_config c = {
        .engine = &v->engine,
        .irqs = &v->irqs,
        .posted = &v->posted,
        .mem = &v->mem,
        .clock = CLOCK_OF(PERIOD),
        .costs =
            {
#define COST(name, unit, sentence) .name = 1,
#include "models/cpu/cpu_costs.def"
#undef COST
            },
        .vmx = vmx_all_features(),
        .text = v->text,
        .apic = {.apic = v,
                 .rdmsr = apic_rdmsr,
                 .wrmsr = apic_wrmsr,
                 .set_cr8 = apic_set_cr8,
                 .cr8 = apic_cr8,
                 .acknowledge = apic_acknowledge,
                 .eoi = apic_eoi},
        .bus = {.bus = v,
                .region = region,
                .read = apic_read,
                .write = apic_write},
    };

    engine_init(&v->engine, EVENTS, v->heap);
    irqs_init(&v->irqs, v->record, INTERRUPTS);
    irqs_add_source(&v->irqs);
    posted_irqs_init(&v->posted, &v->irqs, NULL, 0);
    cpu_node_init(&v->node, &c);
    cpu_node_start(&v->node, rip_of(HOST_LAUNCH), STACK);
    v->node.cpu.vmx_on = true;
    v->node.cpu.vmcs = &v->vmcs;
}

/* In xAPIC mode, with the notification pending if the set-up says so. */
static void start_apic(struct vapic_cpu *v, bool notified)
{
    struct lapic_config config = {.bsp = true};
    struct msg_apic m = {.vector = NOTIFICATION, .mode = DELIVERY_FIXED};

    lapic_init(&v->lapic, &config);
    apic_write(v, APIC + LAPIC_SVR, SVR_ENABLED);
    if (notified)
        told(v, lapic_accept(&v->lapic, &m));
}

void vapic_cpu_set_up(struct vapic_cpu *v, const struct vapic_row *setup)
{
    memset(v, 0, sizeof *v);
    mem_init(&v->mem, v->page, PAGES);
    set_vmcs(v, setup->value);
    fill_page(v, setup->value);
    fill_descriptor(v, setup->value);
    fill_idt(v);
    write_constant_text(v);
    init_node(v);
    start_apic(v, setup->value[SETUP_ON]);
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
    v->state = (struct vapic_row){.kind = VAPIC_STATE};
    v->answers = answers;
    answers->count = 0;
    v->node.cpu.gpr[RAX] = register_of(o);
    put(v, VMCS_GUEST_RIP, rip_of(GUEST));
    put(v, VMCS_GUEST_RSP, STACK);
    put(v, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    engine_run(&v->engine, SIM_TIME_NEVER);
    if (!v->over && !reads(o))
        answers->row[answers->count - 1].value[STATE_VALUE] = 0;
    return !v->over;
}
