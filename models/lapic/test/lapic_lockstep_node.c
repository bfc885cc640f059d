/* The C side of the lock-step test: the node on its engine, one instant for
 * each cycle of the twin's clock. */
#include <assert.h>
#include <string.h>

#include "models/lapic/lapic_node.h"
#include "models/lapic/test/lapic_lockstep.h"
#include "models/lapic/test/lapic_lockstep_rules.h"

#define CYCLE (1000 * SIM_PS) /* from one instant to the next */
#define RECORDS 2048u

enum { SOURCE_DEVICE, SOURCE_TIMER, SOURCE_LINT, SOURCES };

static struct {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(8)];
    struct irqs irqs;
    struct irq_record record[RECORDS];
    struct lapic_node node;
    struct lockstep_setup setup;
    uint64_t reasons[IRQ_REASON_COUNT]; /* counted before this cycle */
    uint32_t *seen;                     /* of the cycle that runs */
} side;

static void core_sees(void *ctx, const struct msg *m)
{
    static const unsigned pulse[] = {
        [CORE_NMI] = SEEN_NMI,
        [CORE_SMI] = SEEN_SMI,
        [CORE_INIT] = SEEN_INIT,
        [CORE_SIPI] = SEEN_SIPI,
    };

    (void)ctx;
    if (m->line.line == CORE_INTR || m->line.line == CORE_EXTINT)
        return; /* levels: looked at after the cycle */
    side.seen[pulse[m->line.line]] = 1;
    if (m->line.line == CORE_SIPI)
        side.seen[SEEN_SIPI_VECTOR] = m->line.vector;
}

static void bus_sees(void *ctx, const struct msg *m)
{
    uint32_t *seen = side.seen;

    (void)ctx;
    seen[SEEN_OUT_VALID]++;
    if (m->kind == MSG_EOI) {
        seen[SEEN_OUT_EOI] = 1;
        seen[SEEN_OUT_VECTOR] = m->eoi_vector;
        return;
    }
    assert(m->apic.assert_level && !m->apic.level_trigger);
    seen[SEEN_OUT_VECTOR] = m->apic.vector;
    seen[SEEN_OUT_DEST] = m->apic.dest;
    seen[SEEN_OUT_SENDER] = m->apic.sender;
    seen[SEEN_OUT_MODE] = m->apic.mode;
    seen[SEEN_OUT_SHORTHAND] = m->apic.shorthand;
    seen[SEEN_OUT_LOGICAL] = m->apic.logical;
    seen[SEEN_OUT_DEST8] = m->apic.dest8;
}

static struct clock clock_of(uint64_t cycles)
{
    return (struct clock)CLOCK_OF(cycles * CYCLE);
}

void lapic_lockstep_power_up(void *ctx, const struct lockstep_setup *s)
{
    const uint64_t *v = s->value;
    struct lapic_node_config c = {
        .engine = &side.engine,
        .irqs = &side.irqs,
        .apic_clock = clock_of(v[SETUP_APIC_PERIOD]),
        .timer_clock = clock_of(v[SETUP_TIMER_PERIOD]),
        .tsc_clock = clock_of(v[SETUP_TSC_PERIOD]),
        .costs = {v[SETUP_ACCEPT_TO_INTR], v[SETUP_EOI_TO_INTR],
                  v[SETUP_ICR_TO_BUS]},
        .id = (uint32_t)v[SETUP_ID],
        .bsp = v[SETUP_BSP] != 0,
        .features = (uint32_t)v[SETUP_FEATURES],
        .maxphyaddr = (uint8_t)v[SETUP_MAXPHYADDR],
        .ipi_source = SOURCE_DEVICE,
        .timer_source = SOURCE_TIMER,
        .lint_source = SOURCE_LINT,
        .bus = {bus_sees, NULL},
        .core = {core_sees, NULL},
    };

    (void)ctx;
    side.setup = *s;
    engine_init(&side.engine, 8, side.heap);
    irqs_init(&side.irqs, side.record, RECORDS);
    for (int i = 0; i < SOURCES; i++)
        irqs_add_source(&side.irqs);
    memset(side.reasons, 0, sizeof(side.reasons));
    lapic_node_init(&side.node, &c);
    lapic_rules_power_up();
}

static void receive(const struct lockstep_op *op)
{
    struct msg m = {.kind = MSG_APIC};

    m.apic.vector = (uint8_t)op->value;
    m.apic.mode = op->value >> 8 & 7;
    m.apic.level_trigger = op->value >> 11 & 1;
    m.apic.assert_level = op->value >> 12 & 1;
    m.irq = irq_birth(&side.irqs, SOURCE_DEVICE, HOP_MSI_WRITE,
                      engine_now(&side.engine));
    lapic_node_receive(&side.node, &m);
}

static void set_lint(uint8_t pin, bool high)
{
    struct msg m = {.kind = MSG_LINE, .line = {.line = pin, .high = high}};

    lapic_node_receive(&side.node, &m);
}

static void access_register(const struct lockstep_op *op)
{
    struct lapic_node *n = &side.node;
    uint32_t address = (uint32_t)op->address;
    unsigned bytes = (unsigned)op->extra;
    uint64_t value = 0;
    bool legal = true;

    if (op->kind == OP_LOAD)
        value = lapic_node_read(n, address, bytes);
    else if (op->kind == OP_STORE)
        lapic_node_write(n, address, bytes, op->value);
    else if (op->kind == OP_RDMSR)
        legal = lapic_node_rdmsr(n, address, &value);
    else
        legal = lapic_node_wrmsr(n, address, op->value);
    side.seen[SEEN_RDATA_LOW] = (uint32_t)value;
    side.seen[SEEN_RDATA_HIGH] = (uint32_t)(value >> 32);
    side.seen[SEEN_FAULT] = !legal;
}

static void acknowledge(void)
{
    struct lapic_ack ack = lapic_node_acknowledge(&side.node);

    irq_deliver(&side.irqs, ack.irq, HOP_GUEST_HANDLER,
                engine_now(&side.engine));
    side.seen[SEEN_ACK_VECTOR] = ack.vector;
    side.seen[SEEN_ACK_SPURIOUS] = ack.spurious;
}

static void ask_match(const struct lockstep_op *op)
{
    struct msg_apic m = {.dest = (uint32_t)op->value,
                         .sender = (uint32_t)op->address};

    m.shorthand = op->extra & 3;
    m.logical = op->extra >> 2 & 1;
    m.dest8 = op->extra >> 3 & 1;
    side.seen[SEEN_MATCH] = lapic_node_matches(&side.node, &m);
}

static void carry_out(const struct lockstep_op *op)
{
    static const enum lapic_lvt local[] = {
        [OP_CMCI] = LVT_CMCI,
        [OP_THERMAL] = LVT_THERMAL,
        [OP_PERFMON] = LVT_PERFMON,
    };

    switch (op->kind) {
    case OP_MESSAGE:
        receive(op);
        break;
    case OP_LINT0:
    case OP_LINT1:
        set_lint((uint8_t)(op->kind - OP_LINT0), op->value != 0);
        break;
    case OP_CMCI:
    case OP_THERMAL:
    case OP_PERFMON:
        lapic_node_local(&side.node, local[op->kind]);
        break;
    case OP_SET_CR8:
        side.seen[SEEN_FAULT] = op->value > 15; /* the node does not say it */
        lapic_node_set_cr8(&side.node, (uint8_t)op->value);
        break;
    case OP_ACK:
        acknowledge();
        break;
    case OP_ACK_EXTINT:
        lapic_node_acknowledge_extint(&side.node);
        break;
    case OP_INIT:
    case OP_RESET:
        lapic_node_reset(&side.node,
                         op->kind == OP_INIT ? LAPIC_INIT : LAPIC_RESET);
        break;
    default:
        access_register(op);
    }
}

static void show_fates(uint32_t *seen)
{
    static const struct {
        enum irq_reason reason;
        unsigned word;
    } shown[] = {
        {IRQ_IRR_SET, SEEN_MERGED},
        {IRQ_APIC_DISABLED, SEEN_APIC_DISABLED},
        {IRQ_ILLEGAL_VECTOR, SEEN_ILLEGAL_VECTOR},
        {IRQ_UNSUPPORTED_MODE, SEEN_UNSUPPORTED_MODE},
    };

    for (unsigned i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
        uint64_t sum = 0;

        for (int s = 0; s < SOURCES; s++)
            sum += side.irqs.count[s].by_reason[shown[i].reason];
        seen[shown[i].word] = (uint32_t)(sum - side.reasons[i]);
        side.reasons[i] = sum;
    }
}

static uint32_t slot(uint32_t offset)
{
    return offset / 16;
}

/* As an access in this cycle would see it. */
static struct lapic_time register_time(void)
{
    const struct clock *timer = &side.node.config.timer_clock;
    sim_time now = engine_now(&side.engine);

    return (struct lapic_time){
        .timer_edge = clock_cycles(timer, clock_edge(timer, now)),
        .tsc = clock_cycles(&side.node.config.tsc_clock, now),
    };
}

/* The registers as software reads them: loads from a copy, which is put into
 * xAPIC mode where every register can be read. */
static void show_registers(uint32_t *seen)
{
    static const uint32_t offsets[] = {
#define REG(name, offset, count, reset, writable, reserved, xapic, x2apic,     \
            title)                                                             \
    (count) == 1 && LAPIC_ACCESS_##xapic != LAPIC_ACCESS_NONE ? (offset)       \
                                                              : LAPIC_TPR,
#define OPTION(name, feature, bits)
#include "models/lapic/lapic_regs.def"
#undef REG
#undef OPTION
    };
    struct lapic copy = side.node.lapic;
    struct lapic_time now = register_time();

    for (unsigned i = 0; i < 8; i++) {
        seen[slot(LAPIC_ISR) + i] = vecset_word32(&copy.isr, i);
        seen[slot(LAPIC_TMR) + i] = vecset_word32(&copy.tmr, i);
        seen[slot(LAPIC_IRR) + i] = vecset_word32(&copy.irr, i);
    }
    copy.base = LAPIC_BASE_DEFAULT | LAPIC_BASE_EN;
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        struct lapic_mmio a = {.offset = offsets[i], .bytes = 4};

        lapic_read(&copy, &a, now);
        seen[slot(offsets[i])] = (uint32_t)a.value;
    }
    seen[slot(LAPIC_LVT_CMCI)] = copy.lvt[LVT_CMCI]; /* even without CMCI */
}

/* What differs in x2APIC mode. */
static void show_x2apic_ids(uint32_t *seen)
{
    static const uint32_t offsets[] = {LAPIC_ID, LAPIC_LDR};
    struct lapic *l = &side.node.lapic; /* is only read */

    for (unsigned i = 0; i < 2; i++) {
        uint64_t value;

        lapic_rdmsr(l, LAPIC_MSR_FIRST + slot(offsets[i]), register_time(),
                    &value);
        seen[slot(offsets[i])] = (uint32_t)value;
    }
}

static void show(uint32_t *seen)
{
    const struct lapic_node *n = &side.node;
    const struct lapic *l = &n->lapic;

    show_registers(seen);
    if (lapic_mode(l) == LAPIC_MODE_X2APIC)
        show_x2apic_ids(seen);
    show_fates(seen);
    seen[SEEN_BASE_LOW] = (uint32_t)l->base;
    seen[SEEN_BASE_HIGH] = (uint32_t)(l->base >> 32);
    seen[SEEN_DEADLINE_LOW] = (uint32_t)l->tsc_deadline;
    seen[SEEN_DEADLINE_HIGH] = (uint32_t)(l->tsc_deadline >> 32);
    seen[SEEN_ERRORS] = l->errors;
    seen[SEEN_ERROR_ARMED] = l->error_armed;
    seen[SEEN_INTR] = n->intr_high;
    seen[SEEN_EXTINT] = n->extint_high;
}

void lapic_lockstep_cycle(void *ctx, const struct lockstep_cycle *c,
                          uint32_t *seen)
{
    sim_time now = lapic_lockstep_instant(&side.setup, c->number) * CYCLE;

    (void)ctx;
    side.seen = seen;
    lapic_rules_before(&side.node);
    engine_run(&side.engine, now);
    lapic_rules_due(&side.node);
    for (uint32_t i = 0; i < c->ops; i++) {
        if (c->op[i].kind == OP_MATCH)
            continue;
        carry_out(&c->op[i]);
        lapic_rules_after(&side.node, &c->op[i], seen);
    }
    engine_run(&side.engine, now); /* delays of 0 */
    for (uint32_t i = 0; i < c->ops; i++)
        if (c->op[i].kind == OP_MATCH)
            ask_match(&c->op[i]);
    show(seen);
    lapic_rules_cycle(&side.node, c, seen);
}
