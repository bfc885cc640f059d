/* The I/O APIC on the engine: when it acts, and whom it tells. */
#include "models/ioapic/ioapic_node.h"

#include <assert.h>

enum { EVENT_TAKE, EVENT_SEND };

static sim_time now_of(const struct ioapic_node *n)
{
    return engine_now(n->config.engine);
}

static bool has_twin(const struct ioapic_node *n)
{
    return n->config.twin.call != NULL;
}

/* The model, or the twin in its place. */
static struct ioapic_out perform(struct ioapic_node *n,
                                 struct ioapic_request *req)
{
    const struct ioapic_twin *twin = &n->config.twin;

    return has_twin(n) ? twin->call->perform(twin->of, req, now_of(n))
                       : ioapic_perform(&n->ioapic, req);
}

static bool waiting(const struct ioapic_node *n)
{
    const struct ioapic_twin *twin = &n->config.twin;

    return has_twin(n) ? twin->call->waiting(twin->of)
                       : ioapic_waiting(&n->ioapic);
}

static irq_id bear(const struct ioapic_node *n)
{
    return irq_birth(n->config.irqs, n->config.irq_source, HOP_LINE_EDGE,
                     now_of(n));
}

/* At the next edge of the clock. */
static void schedule_take(struct ioapic_node *n)
{
    if (event_scheduled(&n->send_event) || !waiting(n))
        return;
    n->take_scheduled = now_of(n);
    engine_schedule(n->config.engine, &n->take_event,
                    clock_edge(&n->config.apic_clock, now_of(n)));
}

/* Everything that a call says. */
static void publish(struct ioapic_node *n, const struct ioapic_out *out)
{
    struct irqs *q = n->config.irqs;

    n->warnings[out->warning]++;
    if (out->withdrawn) {
        irq_drop(q, n->waiting_irq[out->pin], IRQ_UNSUPPORTED_MODE);
        n->waiting_irq[out->pin] = 0;
    }
    if (out->merged)
        irq_merge(q, bear(n), (enum irq_reason)out->why);
    for (unsigned i = 0; i < 4; i++) {
        for (uint64_t rest = out->dropped.word[i]; rest; rest &= rest - 1)
            irq_drop(q, bear(n), IRQ_UNSUPPORTED_MODE);
        for (uint64_t rest = out->requested.word[i]; rest; rest &= rest - 1)
            n->waiting_irq[64 * i + (unsigned)__builtin_ctzll(rest)] = bear(n);
    }
    schedule_take(n);
    assert(!ioapic_check(&n->ioapic));
}

/* The bus takes one message in a cycle: a delay of 0 is one of 1. */
static sim_time leaves_at(const struct ioapic_node *n)
{
    const struct ioapic_costs *costs = &n->config.costs;
    uint64_t cycles =
        n->sending.resend ? costs->eoi_to_message : costs->pin_to_message;

    return clock_after(&n->config.apic_clock, now_of(n), cycles ? cycles : 1);
}

/* The next message sets out, at the end of the instant: what else changes in
 * it takes part, in whatever order it comes. */
static void take(struct ioapic_node *n)
{
    const struct ioapic_twin *twin = &n->config.twin;

    if (n->take_scheduled != now_of(n)) {
        schedule_take(n);
        return;
    }
    if (!waiting(n))
        return; /* it was withdrawn */
    n->sending = has_twin(n) ? twin->call->take(twin->of, now_of(n))
                             : ioapic_take(&n->ioapic);
    n->sending_irq = n->waiting_irq[n->sending.pin];
    n->waiting_irq[n->sending.pin] = 0;
    if (n->sending.level)
        n->asked_irq[n->sending.pin] = n->sending_irq;
    engine_schedule(n->config.engine, &n->send_event, leaves_at(n));
}

static void send(struct ioapic_node *n)
{
    const struct ioapic_twin *twin = &n->config.twin;
    struct ioapic_message sent = has_twin(n)
                                     ? twin->call->leave(twin->of, now_of(n))
                                     : n->sending.message;
    struct msg m = {.kind = MSG_WRITE,
                    .irq = n->sending_irq,
                    .write = {.addr = sent.addr,
                              .data = sent.data,
                              .bytes = 4,
                              .requester = n->config.requester}};

    n->sending_irq = 0;
    schedule_take(n);
    irq_hop(n->config.irqs, m.irq, HOP_IOAPIC_MESSAGE, now_of(n));
    port_send(&n->config.bus, &m);
}

static void on_event(void *node, struct event *ev)
{
    struct ioapic_node *n = node;

    if (ev->what == EVENT_TAKE)
        take(n);
    else
        send(n);
}

void ioapic_node_init(struct ioapic_node *n, const struct ioapic_node_config *c)
{
    struct ioapic_config ioapic = {c->pins, c->version};
    uint16_t target = engine_add_target(c->engine, on_event, n);

    *n = (struct ioapic_node){.config = *c};
    ioapic_init(&n->ioapic, &ioapic);
    event_init(&n->take_event, target, EVENT_TAKE);
    event_init(&n->send_event, target, EVENT_SEND);
}

void ioapic_node_reset(struct ioapic_node *n)
{
    struct ioapic_request req = {.kind = IOAPIC_REQUEST_RESET};
    struct irqs *q = n->config.irqs;

    perform(n, &req);
    engine_cancel(n->config.engine, &n->take_event);
    engine_cancel(n->config.engine, &n->send_event);
    irq_drop(q, n->sending_irq, IRQ_APIC_RESET);
    n->sending_irq = 0;
    for (unsigned pin = 0; pin < n->config.pins; pin++) {
        irq_drop(q, n->waiting_irq[pin], IRQ_APIC_RESET);
        n->waiting_irq[pin] = n->asked_irq[pin] = 0;
    }
}

void ioapic_node_receive(struct ioapic_node *n, const struct msg *m)
{
    struct ioapic_request req = {.kind = IOAPIC_REQUEST_PIN};
    struct ioapic_out out;

    assert(m->kind == MSG_LINE || m->kind == MSG_EOI);
    if (m->kind == MSG_LINE) {
        req.pin.number = m->line.line;
        req.pin.high = m->line.high;
    } else {
        req.kind = IOAPIC_REQUEST_EOI;
        req.vector = m->eoi_vector;
    }
    out = perform(n, &req);
    publish(n, &out);
}

void ioapic_node_answer(struct ioapic_node *n, irq_id irq, bool taken)
{
    struct ioapic_request req = {.kind = IOAPIC_REQUEST_ANSWER};
    struct ioapic_out out;

    for (unsigned pin = 0; irq && pin < n->config.pins; pin++) {
        if (n->asked_irq[pin] != irq)
            continue;
        n->asked_irq[pin] = 0;
        req.answer.pin = pin;
        req.answer.taken = taken;
        out = perform(n, &req);
        publish(n, &out);
    }
}

uint64_t ioapic_node_read(struct ioapic_node *n, uint32_t offset,
                          unsigned bytes)
{
    struct ioapic_request req = {.kind = IOAPIC_REQUEST_LOAD,
                                 .access = {.offset = offset, .bytes = bytes}};

    n->warnings[perform(n, &req).warning]++;
    return req.access.value;
}

void ioapic_node_write(struct ioapic_node *n, uint32_t offset, unsigned bytes,
                       uint64_t value)
{
    struct ioapic_request req = {.kind = IOAPIC_REQUEST_STORE,
                                 .access = {offset, bytes, value}};
    struct ioapic_out out = perform(n, &req);

    publish(n, &out);
}

void ioapic_node_each_held(const struct ioapic_node *n,
                           void (*each)(void *ctx, irq_id id), void *ctx)
{
    if (n->sending_irq)
        each(ctx, n->sending_irq);
    for (unsigned pin = 0; pin < n->config.pins; pin++)
        if (n->waiting_irq[pin])
            each(ctx, n->waiting_irq[pin]);
}
