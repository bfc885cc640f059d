/* The remapping unit on the engine: when it acts, and whom it tells. */
#include "models/iommu/iommu_node.h"

#include <assert.h>
#include <stddef.h>

/* Events of a port are numbered by it. */
enum { EVENT_TAKE = IOMMU_PORTS };

static sim_time now_of(const struct iommu_node *n)
{
    return engine_now(n->config.engine);
}

/* ---- the model, or the twin in its place ---- */

static bool has_twin(const struct iommu_node *n)
{
    return n->config.twin.call != NULL;
}

static bool idle(const struct iommu_node *n)
{
    const struct iommu_twin *t = &n->config.twin;

    return has_twin(n) ? t->call->idle(t->of) : iommu_idle(&n->iommu);
}

static struct iommu_access access_of(const struct iommu_node *n,
                                     enum iommu_port port)
{
    const struct iommu_twin *t = &n->config.twin;

    return has_twin(n) ? t->call->access(t->of, port)
                       : iommu_access(&n->iommu, port);
}

static enum iommu_access_kind wants(const struct iommu_node *n,
                                    enum iommu_port port)
{
    return has_twin(n) ? (enum iommu_access_kind)access_of(n, port).kind
                       : iommu_wants(&n->iommu, port);
}

static void answer(struct iommu_node *n, enum iommu_port port,
                   const uint64_t *data, struct iommu_out *out)
{
    const struct iommu_twin *t = &n->config.twin;

    if (has_twin(n))
        *out = t->call->answer(t->of, port, data, now_of(n));
    else
        iommu_answer(&n->iommu, port, data, out);
}

static struct iommu_request request_of(const struct msg *m)
{
    return (struct iommu_request){.addr = m->write.addr,
                                  .data = (uint32_t)m->write.data,
                                  .bytes = m->write.bytes,
                                  .sid = m->write.requester};
}

/* A twin has the requests that wait itself. */
static void arrive(struct iommu_node *n, const struct msg *m)
{
    const struct iommu_twin *t = &n->config.twin;
    struct iommu_request r = request_of(m);

    if (has_twin(n))
        t->call->arrive(t->of, &r, now_of(n));
}

static void take_current(struct iommu_node *n, struct iommu_out *out)
{
    const struct iommu_twin *t = &n->config.twin;
    struct iommu_request r = request_of(&n->current);

    if (has_twin(n))
        *out = t->call->take(t->of, now_of(n));
    else
        iommu_request(&n->iommu, &r, out);
}

/* ---- what leaves ---- */

static struct msg message(irq_id irq, const struct iommu_message *m)
{
    return (struct msg){.kind = MSG_APIC,
                        .irq = irq,
                        .apic = {.dest = m->dest,
                                 .sender = UINT32_MAX,
                                 .vector = m->vector,
                                 .mode = m->mode,
                                 .logical = m->logical,
                                 .hint = m->hint,
                                 .level_trigger = m->level,
                                 .assert_level = true,
                                 .dest8 = m->dest8}};
}

static void send(struct iommu_node *n, const struct msg *m)
{
    irq_hop(n->config.irqs, m->irq, HOP_IOMMU_MESSAGE, now_of(n));
    port_send(&n->config.bus, m);
}

static void send_own(struct iommu_node *n, const struct iommu_message *m)
{
    irq_id irq = irq_birth(n->config.irqs, n->config.irq_source,
                           HOP_IOMMU_MESSAGE, now_of(n));
    struct msg msg = message(irq, m);

    port_send(&n->config.bus, &msg);
}

static void send_event(struct iommu_node *n, enum iommu_event e)
{
    const struct iommu_twin *t = &n->config.twin;
    struct iommu_message m =
        has_twin(n) ? t->call->event(t->of, e) : iommu_event(&n->iommu, e);

    n->counts.events[e]++;
    send_own(n, &m);
}

static void refuse(struct iommu_node *n, irq_id irq, enum irq_reason why)
{
    n->config.answer(n->config.ctx, irq, false);
    irq_drop(n->config.irqs, irq, why);
}

/* Who processes the descriptor has the interrupt from here on. */
static void post(struct iommu_node *n, const struct iommu_out *out)
{
    irq_id irq = n->current.irq;

    n->counts.posted++;
    n->config.answer(n->config.ctx, irq, true);
    irq_hop(n->config.irqs, irq, HOP_POSTED, now_of(n));
    posted_irqs_put(n->config.posted, out->descriptor, out->vector, irq);
    if (!out->notify)
        return;
    n->counts.notifications++;
    send_own(n, &out->message);
}

static enum irq_reason reason_of(enum iommu_fault fault)
{
    switch (fault) {
#define FAULT(name, code, qualified, sentence)                                 \
    case IOMMU_FAULT_##name:                                                   \
        return IRQ_##name;
#include "models/iommu/iommu_faults.def"
#undef FAULT
    default:
        return IRQ_BAD_WRITE;
    }
}

static void block(struct iommu_node *n, const struct iommu_out *out)
{
    n->counts.blocked++;
    n->counts.faults[out->fault]++;
    n->counts.recorded += out->recorded;
    refuse(n, n->current.irq, reason_of((enum iommu_fault)out->fault));
}

static void remap(struct iommu_node *n, const struct iommu_out *out)
{
    struct msg m = message(n->current.irq, &out->message);

    n->counts.remapped++;
    send(n, &m);
}

static void pass(struct iommu_node *n)
{
    n->counts.passed++;
    send(n, &n->current);
}

/* ---- turns ---- */

static void schedule_take(struct iommu_node *n)
{
    uint64_t cycles = n->config.costs.request_to_message;

    if (n->count && idle(n) && !event_scheduled(&n->take_event))
        engine_schedule(
            n->config.engine, &n->take_event,
            clock_after(&n->config.apic_clock, now_of(n), cycles ? cycles : 1));
}

static sim_time delay_of(const struct iommu_node *n, enum iommu_port port)
{
    const struct iommu_costs *costs = &n->config.costs;

    switch (wants(n, port)) {
    case IOMMU_ACCESS_READ:
        return port == IOMMU_PORT_QUEUE ? costs->queue_read : costs->entry_read;
    case IOMMU_ACCESS_WRITE:
        return costs->status_write;
    default:
        return costs->descriptor_update;
    }
}

/* Whether a port waits for memory that it is not on its way to. */
static bool sets_out(const struct iommu_node *n, enum iommu_port port)
{
    return wants(n, port) && !event_scheduled(&n->memory_event[port]);
}

/* When memory is reached if the way begins now. */
static sim_time access_time(const struct iommu_node *n, enum iommu_port port)
{
    return clock_edge(&n->config.apic_clock, now_of(n) + delay_of(n, port));
}

static void schedule_memory(struct iommu_node *n, enum iommu_port port)
{
    if (sets_out(n, port))
        engine_schedule(n->config.engine, &n->memory_event[port],
                        access_time(n, port));
}

static void end_request(struct iommu_node *n, const struct iommu_out *out)
{
    switch ((enum iommu_outcome)out->outcome) {
    case IOMMU_NOTHING:
        break;
    case IOMMU_PASSED:
        pass(n);
        break;
    case IOMMU_REMAPPED:
        remap(n, out);
        break;
    case IOMMU_POSTED:
        post(n, out);
        break;
    case IOMMU_BLOCKED:
        block(n, out);
        break;
    case IOMMU_NOT_REQUEST:
        refuse(n, n->current.irq, IRQ_BAD_WRITE);
        break;
    }
    n->current.irq = 0;
}

/* Every call of the model ends here. */
static void publish(struct iommu_node *n, const struct iommu_out *out)
{
    n->counts.warnings[out->warning]++;
    if (out->outcome != IOMMU_NOTHING)
        end_request(n, out);
    if (out->fault_event)
        send_event(n, IOMMU_FAULT_EVENT);
    if (out->invalidation_event)
        send_event(n, IOMMU_INVALIDATION_EVENT);
}

static void go_on(struct iommu_node *n)
{
    schedule_take(n);
    for (unsigned port = 0; port < IOMMU_PORTS; port++)
        schedule_memory(n, (enum iommu_port)port);
}

static void take(struct iommu_node *n)
{
    struct iommu_out out;

    n->current = n->fifo[n->first];
    n->first = (n->first + 1) % IOMMU_FIFO;
    n->count--;
    n->counts.requests++;
    take_current(n, &out);
    n->counts.hits += out.lookup == IOMMU_HIT;
    n->counts.misses += out.lookup == IOMMU_MISS;
    publish(n, &out);
}

/* Does what a port wants.  A line that was locked is written back at once, and
 * nothing comes of the request before. */
static void access_memory(struct iommu_node *n, enum iommu_port port)
{
    struct iommu_out out;

    do {
        struct iommu_access a = access_of(n, port);
        bool done = n->config.memory(n->config.ctx, &a);

        answer(n, port, done ? a.data : NULL, &out);
    } while (wants(n, port) == IOMMU_ACCESS_UNLOCK);
    publish(n, &out);
}

/* A request whose access would be the very next event needs none. */
static bool reach_ahead(struct iommu_node *n)
{
    if (!sets_out(n, IOMMU_PORT_REQUEST) ||
        !engine_advance(n->config.engine, access_time(n, IOMMU_PORT_REQUEST)))
        return false;
    access_memory(n, IOMMU_PORT_REQUEST);
    return true;
}

static void act(struct iommu_node *n, const struct event *ev)
{
    if (ev->what == EVENT_TAKE)
        take(n);
    else
        access_memory(n, (enum iommu_port)ev->what);
}

/* What is due at this instant too. */
static bool catch_up(struct iommu_node *n, struct event *ev)
{
    bool due = event_scheduled(ev) && ev->time == now_of(n);

    if (due)
        engine_cancel(n->config.engine, ev);
    return due;
}

/* At one instant the request comes before the queue, whoever was first to know
 * that it would be due. */
static void on_event(void *node, struct event *ev)
{
    struct iommu_node *n = node;
    struct event *request[] = {&n->take_event,
                               &n->memory_event[IOMMU_PORT_REQUEST]};

    for (unsigned i = 0; ev->what == IOMMU_PORT_QUEUE && i < 2; i++)
        if (catch_up(n, request[i]))
            act(n, request[i]);
    act(n, ev);
    do {
        schedule_take(n);
        schedule_memory(n, IOMMU_PORT_QUEUE);
    } while (reach_ahead(n));
    schedule_memory(n, IOMMU_PORT_REQUEST);
}

/* ---- from outside ---- */

void iommu_node_init(struct iommu_node *n, const struct iommu_node_config *c)
{
    uint16_t target = engine_add_target(c->engine, on_event, n);

    *n = (struct iommu_node){.config = *c};
    iommu_init(&n->iommu, &c->iommu);
    event_init(&n->take_event, target, EVENT_TAKE);
    for (unsigned port = 0; port < IOMMU_PORTS; port++)
        event_init(&n->memory_event[port], target, (uint16_t)port);
}

void iommu_node_receive(struct iommu_node *n, const struct msg *m)
{
    assert(m->kind == MSG_WRITE);
    irq_hop(n->config.irqs, m->irq, HOP_IOMMU_REQUEST, now_of(n));
    if (n->count == IOMMU_FIFO) {
        refuse(n, m->irq, IRQ_REMAPPER_FULL);
        return;
    }
    n->fifo[(n->first + n->count++) % IOMMU_FIFO] = *m;
    arrive(n, m);
    schedule_take(n);
}

uint64_t iommu_node_read(struct iommu_node *n, uint32_t offset, unsigned bytes)
{
    const struct iommu_twin *t = &n->config.twin;
    struct iommu_mmio a = {.offset = offset, .bytes = bytes};
    struct iommu_out out = has_twin(n) ? t->call->read(t->of, &a, now_of(n))
                                       : iommu_read(&n->iommu, &a);

    n->counts.warnings[out.warning]++;
    return a.value;
}

void iommu_node_write(struct iommu_node *n, uint32_t offset, unsigned bytes,
                      uint64_t value)
{
    const struct iommu_twin *t = &n->config.twin;
    struct iommu_mmio a = {offset, bytes, value};
    struct iommu_out out = has_twin(n) ? t->call->write(t->of, &a, now_of(n))
                                       : iommu_write(&n->iommu, &a);

    publish(n, &out);
    go_on(n);
}

void iommu_node_settle(struct iommu_node *n)
{
    engine_cancel(n->config.engine, &n->memory_event[IOMMU_PORT_QUEUE]);
    while (wants(n, IOMMU_PORT_QUEUE))
        access_memory(n, IOMMU_PORT_QUEUE);
}

void iommu_node_each_held(const struct iommu_node *n,
                          void (*each)(void *ctx, irq_id id), void *ctx)
{
    if (n->current.irq)
        each(ctx, n->current.irq);
    for (uint32_t i = 0; i < n->count; i++)
        if (n->fifo[(n->first + i) % IOMMU_FIFO].irq)
            each(ctx, n->fifo[(n->first + i) % IOMMU_FIFO].irq);
}
