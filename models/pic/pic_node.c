/* The pair of 8259As on the engine: when INT rises, and what becomes of each
 * line's request. */
#include "models/pic/pic_node.h"

#include <assert.h>

static sim_time now_of(const struct pic_node *n)
{
    return engine_now(n->config.engine);
}

static bool has_twin(const struct pic_node *n)
{
    return n->config.twin.call != NULL;
}

/* The model, or the twin in its place. */
static struct pic_out perform(struct pic_node *n, struct pic_request *req)
{
    const struct pic_twin *twin = &n->config.twin;

    return has_twin(n) ? twin->call->perform(twin->of, req, now_of(n))
                       : pic_perform(&n->pair, req);
}

static void send_int(const struct pic_node *n, bool high)
{
    struct msg m = {.kind = MSG_LINE, .line = {.high = high}};

    port_send(n->direct ? &n->config.direct : &n->config.apic, &m);
}

static void lower_int(struct pic_node *n)
{
    engine_cancel(n->config.engine, &n->int_event);
    if (!n->int_high)
        return;
    n->int_high = false;
    send_int(n, false);
}

static void raise_int(struct pic_node *n, uint64_t cycles)
{
    if (n->int_high || event_scheduled(&n->int_event))
        return;
    engine_schedule(n->config.engine, &n->int_event,
                    clock_after(&n->config.clock, now_of(n), cycles));
}

static void on_int(void *node, struct event *ev)
{
    struct pic_node *n = node;
    const struct pic_twin *twin = &n->config.twin;

    (void)ev;
    n->int_high = !has_twin(n) || twin->call->intr(twin->of, now_of(n));
    send_int(n, n->int_high);
}

/* The IMCR moves INT to the other side. */
static void route_int(struct pic_node *n, bool direct)
{
    if (direct == n->direct)
        return;
    if (n->int_high)
        send_int(n, false);
    n->direct = direct;
    if (n->int_high)
        send_int(n, true);
}

/* The ISR bit is gone.  While its fate is open, software holds the
 * interrupt. */
static void leave_isr(struct pic_node *n, int line, enum hop hop)
{
    irq_id id = n->isr_irq[line];

    n->isr_irq[line] = 0;
    if (!irq_pending(n->config.irqs, id))
        irq_finish(n->config.irqs, id, hop, now_of(n));
}

static irq_id enter_isr(struct pic_node *n, const struct pic_out *out)
{
    irq_id id = n->irr_irq[out->acked];

    n->irr_irq[out->acked] = 0;
    n->isr_irq[out->acked] = id;
    if (out->polled)
        irq_deliver(n->config.irqs, id, HOP_PIC_ACK, now_of(n));
    else
        irq_hop(n->config.irqs, id, HOP_PIC_ACK, now_of(n));
    return id;
}

/* What became of the lines' requests; the one that was acknowledged. */
static irq_id follow(struct pic_node *n, const struct pic_out *out)
{
    struct irqs *q = n->config.irqs;
    irq_id acked = out->acked < 0 ? 0 : enter_isr(n, out);

    for (unsigned rest = out->withdrawn; rest; rest &= rest - 1) {
        int line = __builtin_ctz(rest);

        irq_drop(q, n->irr_irq[line], (enum irq_reason)out->why);
        n->irr_irq[line] = 0;
    }
    for (unsigned rest = out->ended; rest; rest &= rest - 1)
        leave_isr(n, __builtin_ctz(rest), (enum hop)out->end_hop);
    for (unsigned rest = out->born; rest; rest &= rest - 1) {
        int line = __builtin_ctz(rest);

        n->irr_irq[line] =
            irq_birth(q, n->config.line_source[line], HOP_LINE_EDGE, now_of(n));
    }
    return acked;
}

/* INT rises after `cycles`; returns the interrupt that was acknowledged. */
static irq_id publish(struct pic_node *n, const struct pic_out *out,
                      uint64_t cycles)
{
    irq_id acked = follow(n, out);

    for (unsigned rest = out->warnings; rest; rest &= rest - 1)
        n->warnings[__builtin_ctz(rest)]++;
    if (out->dipped || !out->intr)
        lower_int(n);
    route_int(n, out->direct);
    if (out->intr)
        raise_int(n, cycles);
    assert(!pic_pair_check(&n->pair));
    return acked;
}

void pic_node_init(struct pic_node *n, const struct pic_node_config *c)
{
    uint16_t target = engine_add_target(c->engine, on_int, n);

    *n = (struct pic_node){.config = *c, .direct = c->has_imcr};
    pic_pair_init(&n->pair, c->has_imcr);
    event_init(&n->int_event, target, 0);
}

void pic_node_receive(struct pic_node *n, const struct msg *m)
{
    struct pic_request req = {.kind = PIC_REQUEST_LINE};
    struct pic_out out;

    assert(m->kind == MSG_LINE);
    req.line.number = m->line.line;
    req.line.high = m->line.high;
    out = perform(n, &req);
    publish(n, &out, n->config.costs.line_to_int);
}

bool pic_node_claims(const struct pic_node *n, uint16_t port)
{
    return pic_pair_claims(&n->pair, port);
}

uint32_t pic_node_read(struct pic_node *n, uint16_t port, unsigned bytes)
{
    struct pic_request req = {.kind = PIC_REQUEST_READ,
                              .access = {.port = port, .bytes = bytes}};
    struct pic_out out = perform(n, &req);

    publish(n, &out, n->config.costs.write_to_int);
    return req.access.value;
}

void pic_node_write(struct pic_node *n, uint16_t port, unsigned bytes,
                    uint32_t value)
{
    struct pic_request req = {.kind = PIC_REQUEST_WRITE,
                              .access = {port, bytes, value}};
    struct pic_out out = perform(n, &req);

    publish(n, &out, n->config.costs.write_to_int);
}

struct pic_ack pic_node_acknowledge(struct pic_node *n)
{
    struct pic_request req = {.kind = PIC_REQUEST_ACKNOWLEDGE};
    struct pic_out out = perform(n, &req);
    struct pic_ack ack = {.vector = req.vector, .no_eoi = out.no_eoi};

    ack.irq = publish(n, &out, n->config.costs.write_to_int);
    return ack;
}

void pic_node_each_held(const struct pic_node *n,
                        void (*each)(void *ctx, irq_id id), void *ctx)
{
    for (unsigned line = 0; line < PIC_LINES; line++) {
        if (n->irr_irq[line])
            each(ctx, n->irr_irq[line]);
        if (n->isr_irq[line])
            each(ctx, n->isr_irq[line]);
    }
}
