/*
 * The queues on the engine.  Both timers of a queue share one event, at the
 * earlier of them; timers expire at edges of the function's clock.
 */
#include "models/pcie/nic_node_queue.h"

static sim_time now(const struct nic_node *n)
{
    return engine_now(n->fn.config.engine);
}

static const struct nic_moderation *moderation(const struct nic_node *n,
                                               unsigned queue)
{
    return queue == NIC_QUEUE_TX ? &n->config.tx : &n->config.rx;
}

/* Vector 0 tells of sent messages. */
static unsigned cause_of(unsigned queue)
{
    return queue == NIC_QUEUE_TX ? 0 : queue - NIC_QUEUE_RX;
}

static bool has_delay_timers(const struct nic_moderation *m)
{
    return m->packet_timer || m->absolute_timer;
}

/* Parameters of their own hold while the cause is being served. */
static bool other_parameters(const struct nic_moderation *m,
                             const struct nic_queue *q)
{
    return q->in_service && (m->usecs_irq || m->frames_irq);
}

static struct coalesce_rule rule(const struct nic_moderation *m,
                                 const struct nic_queue *q)
{
    if (has_delay_timers(m))
        return coalesce_delay_timers(m->packet_timer, m->absolute_timer);
    if (other_parameters(m, q))
        return coalesce_parameters(m->usecs_irq, m->frames_irq);
    return coalesce_parameters(m->usecs, m->frames);
}

static sim_time absolute_time(const struct nic_moderation *m,
                              const struct nic_queue *q)
{
    if (has_delay_timers(m))
        return m->absolute_timer;
    return (other_parameters(m, q) ? m->usecs_irq : m->usecs) * SIM_US;
}

static void stop_timers(struct nic_node *n, struct nic_queue *q)
{
    q->packet_at = q->absolute_at = SIM_TIME_NEVER;
    engine_cancel(n->fn.config.engine, &q->timer);
}

static void start_timers(struct nic_node *n, unsigned queue,
                         struct coalesce_out out)
{
    const struct nic_moderation *m = moderation(n, queue);
    struct nic_queue *q = &n->queue[queue];
    sim_time next;

    if (out.start_packet)
        q->packet_at = now(n) + m->packet_timer;
    if (out.start_absolute)
        q->absolute_at = now(n) + absolute_time(m, q);
    next = q->packet_at < q->absolute_at ? q->packet_at : q->absolute_at;
    if (out.start_packet || out.start_absolute)
        engine_schedule(n->fn.config.engine, &q->timer,
                        clock_edge(&n->fn.config.clock, next));
}

/* The cause, as soon as the function has room for its message. */
static void set_cause(struct nic_node *n, unsigned queue)
{
    uint64_t bit = UINT64_C(1) << queue;

    if (pcie_node_ready(&n->fn)) {
        n->due_queues &= ~bit;
        pcie_node_cause(&n->fn, cause_of(queue));
    } else {
        n->due_queues |= bit;
    }
}

static bool follow(struct nic_node *n, unsigned queue, struct coalesce_out out)
{
    if (!out.fire) {
        start_timers(n, queue, out);
        return false;
    }
    stop_timers(n, &n->queue[queue]);
    n->queue[queue].in_service = true;
    return true;
}

void nic_queue_packets(struct nic_node *n, unsigned queue, uint64_t packets)
{
    struct nic_queue *q = &n->queue[queue];
    struct coalesce_rule r = rule(moderation(n, queue), q);

    q->counts.packets += packets;
    pcie_node_event(&n->fn, cause_of(queue));
    if (!follow(n, queue, coalesce_packets(&q->coalesce, &r, packets)))
        return;
    q->counts.by_frames++;
    pcie_node_cause(&n->fn, cause_of(queue)); /* the report kept room for it */
}

void nic_queue_timer(struct nic_node *n, unsigned queue)
{
    struct nic_queue *q = &n->queue[queue];

    if (q->absolute_at <= now(n))
        q->counts.by_absolute_timer++;
    else
        q->counts.by_packet_timer++;
    follow(n, queue, coalesce_expire(&q->coalesce));
    set_cause(n, queue);
}

void nic_queues_served(struct nic_node *n, uint32_t causes)
{
    for (unsigned queue = 0; queue < NIC_QUEUES; queue++) {
        struct nic_queue *q = &n->queue[queue];
        struct coalesce_rule r;

        if (!(causes >> cause_of(queue) & 1))
            continue;
        q->in_service = false;
        r = rule(moderation(n, queue), q);
        if (!follow(n, queue, coalesce_packets(&q->coalesce, &r, 0)))
            continue;
        q->counts.by_frames++;
        set_cause(n, queue);
    }
}

void nic_queues_retry(struct nic_node *n)
{
    for (uint64_t rest = n->due_queues; rest; rest &= rest - 1)
        set_cause(n, (unsigned)__builtin_ctzll(rest));
}

void nic_queues_init(struct nic_node *n, uint16_t target, uint16_t first)
{
    for (unsigned queue = 0; queue < NIC_QUEUES; queue++) {
        n->queue[queue].packet_at = SIM_TIME_NEVER;
        n->queue[queue].absolute_at = SIM_TIME_NEVER;
        event_init(&n->queue[queue].timer, target, (uint16_t)(first + queue));
    }
}
