/* The C side of the lock-step test: the node on its engine, one instant for
 * each cycle of the twin's clock, or for several.
 *
 * The operations of a cycle are an event of their instant, scheduled after all
 * that is due then by time. */
#include <string.h>

#include "models/iommu/iommu_node.h"
#include "models/iommu/test/iommu_lockstep.h"
#include "models/iommu/test/iommu_lockstep_rules.h"

#define CYCLE (1000 * SIM_PS) /* from one instant to the next */
#define IRQ_RECORDS 512u
enum { SOURCE_DEVICE, SOURCE_UNIT };

static struct {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(8)];
    struct irqs irqs;
    struct irq_record record[IRQ_RECORDS];
    struct posted_irqs posted;
    struct iommu_node node;
    struct lockstep_memory memory;
    struct event operations;
    struct lockstep_setup setup;
    struct iommu start, due; /* before this cycle; before its operations */
    bool stale;
    struct iommu_counts counts; /* before this cycle */
    uint64_t refused, bad;      /* so many before this cycle */
    const struct lockstep_cycle *cycle;
    uint32_t *seen; /* of the cycle that runs */
} side;

static void put64(uint32_t word, uint64_t value)
{
    side.seen[word] = (uint32_t)value;
    side.seen[word + 1] = (uint32_t)(value >> 32);
}

/* ---- what leaves ---- */

static void message(uint32_t word, const struct msg_apic *m)
{
    side.seen[word]++;
    side.seen[word + 1] = m->dest;
    side.seen[word + 2] =
        (uint32_t)(m->vector << 8 | m->mode << 4 | m->logical << 3 |
                   m->hint << 2 | m->level_trigger << 1 | m->dest8);
}

static void passed(const struct msg *m)
{
    put64(SEEN_PASSED_ADDR, m->write.addr);
    side.seen[SEEN_PASSED_DATA] = (uint32_t)m->write.data;
    side.seen[SEEN_PASSED_SID] = m->write.requester;
}

/* Which event a message of the unit itself belongs to, or the request. */
static uint32_t word_of_message(void)
{
    const uint64_t *events = side.node.counts.events;

    if (events[IOMMU_FAULT_EVENT] > side.counts.events[IOMMU_FAULT_EVENT] &&
        !side.seen[SEEN_FAULT_EVENT])
        return SEEN_FAULT_EVENT;
    if (events[IOMMU_INVALIDATION_EVENT] >
            side.counts.events[IOMMU_INVALIDATION_EVENT] &&
        !side.seen[SEEN_COMPLETION_EVENT])
        return SEEN_COMPLETION_EVENT;
    return SEEN_MESSAGE;
}

static void bus_sees(void *ctx, const struct msg *m)
{
    sim_time now = engine_now(&side.engine);
    uint32_t word = word_of_message();

    (void)ctx;
    if (m->kind == MSG_WRITE)
        passed(m);
    else
        message(word, &m->apic);
    irq_deliver(&side.irqs, m->irq, HOP_LAPIC_ACCEPT, now);
    irq_finish(&side.irqs, m->irq, HOP_COUNT, now);
}

static void nobody_asks(void *ctx, irq_id irq, bool taken)
{
    (void)ctx;
    (void)irq;
    (void)taken;
}

/* ---- memory ---- */

static uint64_t instant_now(void)
{
    return engine_now(&side.engine) / CYCLE;
}

/* Done at once; false: it cannot be read. */
static bool reach(void *ctx, struct iommu_access *a)
{
    bool reads = a->kind == IOMMU_ACCESS_READ || a->kind == IOMMU_ACCESS_LOCK;

    (void)ctx;
    if (reads && lockstep_memory_fails(&side.setup, instant_now(), a->addr))
        return false;
    if (reads) {
        lockstep_memory_read(&side.memory, a->addr, a->data, a->bytes);
        return true;
    }
    lockstep_memory_write(&side.memory, a->addr, a->data, a->bytes);
    if (a->kind != IOMMU_ACCESS_UNLOCK)
        return true;
    side.seen[SEEN_UNLOCK] = 1;
    put64(SEEN_UNLOCK_ADDR, a->addr);
    for (uint32_t i = 0; i < IOMMU_LINE_WORDS; i++)
        put64(SEEN_UNLOCK_LINE + 2 * i, a->data[i]);
    return true;
}

/* ---- operations ---- */

static uint32_t grown_warning(const struct iommu_counts *before)
{
    for (uint32_t i = 1; i < IOMMU_WARNING_COUNT; i++)
        if (side.node.counts.warnings[i] != before->warnings[i])
            return i;
    return 0;
}

static void access_register(const struct lockstep_op *op)
{
    struct iommu_node *n = &side.node;
    struct iommu_counts before = n->counts;

    if (op->kind == OP_LOAD)
        put64(SEEN_RDATA,
              iommu_node_read(n, (uint32_t)op->address, (unsigned)op->extra));
    else
        iommu_node_write(n, (uint32_t)op->address, (unsigned)op->extra,
                         op->value);
    side.seen[SEEN_WARNING] = grown_warning(&before);
}

static void request(const struct lockstep_op *op)
{
    sim_time now = engine_now(&side.engine);
    struct msg m = {
        .kind = MSG_WRITE,
        .irq = irq_birth(&side.irqs, SOURCE_DEVICE, HOP_MSI_WRITE, now),
        .write = {.addr = op->address,
                  .data = op->value,
                  .bytes = (uint32_t)(op->extra >> 16),
                  .requester = (uint16_t)op->extra}};

    iommu_node_receive(&side.node, &m);
}

static void carry_out(const struct lockstep_op *op)
{
    uint64_t pair[] = {op->value, op->extra};

    switch (op->kind) {
    case OP_MEMORY:
        lockstep_memory_write(&side.memory, op->address, pair, sizeof pair);
        break;
    case OP_REQUEST:
        request(op);
        break;
    default:
        access_register(op);
    }
}

/* The entry that a request has hit is not what memory holds. */
static bool hit_is_stale(void)
{
    const struct iommu *u = &side.node.iommu;
    uint64_t table = side.start.table & ~(uint64_t)(IOMMU_PAGE_BYTES - 1);
    struct iommu_entry e;

    lockstep_memory_read(&side.memory, table + sizeof e * u->index, &e,
                         sizeof e);
    return e.low != u->entry.low || e.high != u->entry.high;
}

static void on_operations(void *ctx, struct event *ev)
{
    (void)ctx;
    (void)ev;
    side.seen[SEEN_LATE_WARNING] = grown_warning(&side.counts);
    iommu_rules_keep(&side.due, &side.node.iommu);
    side.stale = hit_is_stale();
    for (uint32_t i = 0; i < side.cycle->ops; i++)
        carry_out(&side.cycle->op[i]);
}

/* ---- power-up ---- */

static struct iommu_config config_of(const struct lockstep_setup *s)
{
    const uint64_t *v = s->value;
    uint64_t features = v[SETUP_FEATURES];

    return (struct iommu_config){.faults = (uint8_t)v[SETUP_FAULTS],
                                 .mhmv = (uint8_t)v[SETUP_MHMV],
                                 .posting = features & SETUP_POSTING,
                                 .extended = features & SETUP_EXTENDED,
                                 .coherent = features & SETUP_COHERENT,
                                 .caching = features & SETUP_CACHING,
                                 .esirtps = features & SETUP_ESIRTPS,
                                 .compress = features & SETUP_COMPRESS,
                                 .sets = (uint16_t)v[SETUP_SETS],
                                 .ways = (uint16_t)v[SETUP_WAYS]};
}

void iommu_lockstep_power_up(void *ctx, const struct lockstep_setup *s)
{
    const uint64_t *v = s->value;
    struct iommu_node_config c = {
        .engine = &side.engine,
        .irqs = &side.irqs,
        .apic_clock = CLOCK_OF(v[SETUP_APIC_PERIOD] * CYCLE),
        .costs = {.request_to_message = v[SETUP_REQUEST_TO_MESSAGE]},
        .iommu = config_of(s),
        .irq_source = SOURCE_UNIT,
        .bus = {bus_sees, NULL},
        .memory = reach,
        .answer = nobody_asks,
        .posted = &side.posted,
    };

    (void)ctx;
    side.setup = *s;
    engine_init(&side.engine, 8, side.heap);
    irqs_init(&side.irqs, side.record, IRQ_RECORDS);
    irqs_add_source(&side.irqs);
    irqs_add_source(&side.irqs);
    posted_irqs_init(&side.posted, &side.irqs, NULL, 0);
    lockstep_memory_start(&side.memory, s);
    iommu_node_init(&side.node, &c);
    side.counts = side.node.counts;
    side.refused = side.bad = 0;
    event_init(&side.operations,
               engine_add_target(&side.engine, on_operations, NULL), 0);
    engine_schedule(&side.engine, &side.operations, 0);
    iommu_rules_power_up();
}

/* ---- what can be seen ---- */

/* Which of the reasons a request was blocked for in this cycle. */
static uint32_t fault_seen(const struct iommu_counts *now)
{
    const size_t codes = sizeof now->faults / sizeof now->faults[0];

    for (uint32_t code = 0; code < codes; code++)
        if (now->faults[code] != side.counts.faults[code])
            return code;
    return 0;
}

static uint32_t outcome_seen(const struct iommu_counts *now)
{
    const struct iommu_counts *was = &side.counts;
    uint64_t bad =
        side.irqs.count[SOURCE_DEVICE].by_reason[IRQ_BAD_WRITE] - side.bad;

    side.bad += bad;
    if (bad)
        return IOMMU_NOT_REQUEST;
    if (now->passed != was->passed)
        return IOMMU_PASSED;
    if (now->remapped != was->remapped)
        return IOMMU_REMAPPED;
    if (now->posted != was->posted)
        return IOMMU_POSTED;
    return now->blocked != was->blocked ? IOMMU_BLOCKED : IOMMU_NOTHING;
}

static void show_result(uint32_t *seen)
{
    const struct iommu_counts *now = &side.node.counts;
    const struct iommu_entry *e = &side.node.iommu.entry;
    uint64_t refused =
        side.irqs.count[SOURCE_DEVICE].by_reason[IRQ_REMAPPER_FULL];

    seen[SEEN_OUTCOME] = outcome_seen(now);
    seen[SEEN_FAULT] = fault_seen(now);
    seen[SEEN_RECORDED] = now->recorded != side.counts.recorded;
    if (now->hits != side.counts.hits)
        seen[SEEN_LOOKUP] = IOMMU_HIT;
    if (now->misses != side.counts.misses)
        seen[SEEN_LOOKUP] = IOMMU_MISS;
    if (seen[SEEN_OUTCOME] == IOMMU_POSTED) {
        put64(SEEN_POSTED_ADDR,
              (e->low >> 32 & 0xffffffc0) | (e->high >> 32 << 32));
        seen[SEEN_POSTED_VECTOR] = e->low >> IOMMU_IRTE_VECTOR_SHIFT & 0xff;
    }
    seen[SEEN_REFUSED] = refused != side.refused;
    side.refused = refused;
    side.counts = *now;
}

static void show_registers(const struct iommu *u)
{
    struct iommu_mmio a;

#define REG(name, offset, size, step, reset, writable, clears, access, title)  \
    if (!(step)) {                                                             \
        a = (struct iommu_mmio){offset, size, 0};                              \
        iommu_read(u, &a);                                                     \
        side.seen[SEEN_REG + (offset) / 4] = (uint32_t)a.value;                \
        if ((size) == 8)                                                       \
            side.seen[SEEN_REG + (offset) / 4 + 1] =                           \
                (uint32_t)(a.value >> 32);                                     \
    }
#define OPTION(name, feature, bits)
#include "models/iommu/iommu_regs.def"
#undef REG
#undef OPTION
    for (uint32_t i = 0; i < u->config.faults; i++) {
        put64(SEEN_RECORD + 4 * i, u->record[i][0]);
        put64(SEEN_RECORD + 4 * i + 2, u->record[i][1]);
    }
}

static void show_cache(const struct iommu *u, uint32_t *seen)
{
    uint32_t ways = u->config.ways;

    for (uint32_t set = 0; set < u->config.sets; set++) {
        for (uint32_t i = 0; i < ways; i++) {
            const struct iommu_cached *way = &u->cache.way[set * ways + i];

            if (way->valid)
                seen[SEEN_CACHED + set * ways + i] = 1u << 31 | way->index;
        }
        seen[SEEN_NEXT + set] = ways ? u->cache.next[set * ways] : 0;
    }
}

static void show_ports(const struct iommu *u, uint32_t *seen)
{
    struct iommu_access request = iommu_access(u, IOMMU_PORT_REQUEST);
    struct iommu_access queue = iommu_access(u, IOMMU_PORT_QUEUE);

    if ((seen[SEEN_MEM_KIND] = request.kind))
        put64(SEEN_MEM_ADDR, request.addr);
    if ((seen[SEEN_QUEUE_KIND] = queue.kind))
        put64(SEEN_QUEUE_ADDR, queue.addr);
    if (queue.kind == IOMMU_ACCESS_WRITE)
        seen[SEEN_QUEUE_WDATA] = (uint32_t)queue.data[0];
}

static void show_state(const struct iommu *u, uint32_t *seen)
{
    put64(SEEN_TABLE, u->table);
    seen[SEEN_COMMANDED] = u->commanded;
    seen[SEEN_COMMAND] = u->command;
    seen[SEEN_REQUEST_STATE] = u->state;
    seen[SEEN_QUEUE_STATE] = u->queue_state;
    seen[SEEN_QUEUE_RUNS] = u->queue_runs;
    seen[SEEN_QUEUE_WAITED] = u->queue_waited;
    seen[SEEN_WAITING] = side.node.count;
    seen[SEEN_TURN] = event_scheduled(&side.node.take_event);
}

static void set_delays(uint32_t cycle)
{
    const struct lockstep_setup *s = &side.setup;
    struct iommu_costs *c = &side.node.config.costs;

    c->entry_read = CYCLE * lockstep_memory_delay(s, cycle, DELAY_ENTRY_READ);
    c->descriptor_update =
        CYCLE * lockstep_memory_delay(s, cycle, DELAY_DESCRIPTOR_UPDATE);
    c->queue_read = CYCLE * lockstep_memory_delay(s, cycle, DELAY_QUEUE_READ);
    c->status_write =
        CYCLE * lockstep_memory_delay(s, cycle, DELAY_STATUS_WRITE);
}

void iommu_lockstep_cycle(void *ctx, const struct lockstep_cycle *c,
                          uint32_t *seen)
{
    const struct lockstep_setup *s = &side.setup;
    const struct iommu *u = &side.node.iommu;
    struct iommu_moments moments = {.start = &side.start,
                                    .due = &side.due,
                                    .end = u,
                                    .cycle = c,
                                    .seen = seen};

    (void)ctx;
    side.cycle = c;
    side.seen = seen;
    set_delays(c->number);
    iommu_rules_keep(&side.start, u);
    engine_run(&side.engine, iommu_lockstep_instant(s, c->number) * CYCLE);
    engine_schedule(&side.engine, &side.operations,
                    iommu_lockstep_instant(s, c->number + 1) * CYCLE);
    moments.stale = side.stale;
    moments.took = side.node.counts.requests != side.counts.requests;
    show_result(seen);
    show_registers(u);
    show_cache(u, seen);
    show_ports(u, seen);
    show_state(u, seen);
    iommu_rules_request(&moments);
    iommu_rules_unit(&moments);
    iommu_rules_software(&moments, &side.node);
}
