/*
 * The network adapter on the engine.  One event a direction: the wire is
 * looked at when a completion is due, acknowledgements when a group of them
 * has arrived; what happened in between is computed.
 */
#include "models/pcie/nic_node.h"

#include <assert.h>

#include "models/pcie/nic_node_queue.h"
#include "models/pcie/nic_node_regs.h"

__extension__ typedef unsigned __int128 u128;

enum { EV_WIRE, EV_ACK, EV_PULSE, EV_QUEUE };

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static sim_time later(sim_time a, sim_time b)
{
    return a > b ? a : b;
}

static sim_time now(const struct nic_node *n)
{
    return engine_now(n->fn.config.engine);
}

/* At the edge where the adapter can see what happens at `time`.  An event
 * that is at its place keeps its turn. */
static void look_at(struct nic_node *n, struct event *ev, sim_time time)
{
    time = clock_edge(&n->fn.config.clock, later(time, now(n)));
    if (!event_scheduled(ev) || ev->time != time)
        engine_schedule(n->fn.config.engine, ev, time);
}

static unsigned vectors(const struct nic_node *n)
{
    const struct pcie_node_config *c = &n->fn.config;
    unsigned built = c->msix_vectors ? c->msix_vectors : c->msi_vectors;

    return built ? built : 1;
}

/* Data first, then the cause.  False if the function has no room now. */
static bool report(struct nic_node *n, unsigned queue, uint64_t count,
                   uint64_t packets)
{
    uint64_t addr = queue == NIC_QUEUE_TX ? n->txwb : n->rxwb;

    if (!pcie_node_ready(&n->fn))
        return false;
    if (addr)
        pcie_node_dma_write(&n->fn, addr, count, 8);
    nic_queue_packets(n, queue, packets);
    return true;
}

static void report_sent(struct nic_node *n)
{
    n->completion_waits =
        !report(n, NIC_QUEUE_TX, n->sent, n->sent - n->told_sent);
    if (!n->completion_waits)
        n->told_sent = n->sent;
}

static void report_acked(struct nic_node *n)
{
    unsigned cause = vectors(n) > 1;

    n->ack_waits = !report(n, NIC_QUEUE_RX + cause, n->acked + n->pulses,
                           n->acked - n->told_acked);
    if (!n->ack_waits)
        n->told_acked = n->acked;
}

static void report_pulses(struct nic_node *n)
{
    while (n->pulses_waiting && report(n, NIC_QUEUE_RX + n->pulse_vector,
                                       n->acked + n->pulses + 1, 1)) {
        n->pulses_waiting--;
        n->pulses++;
        n->pulse_vector = (n->pulse_vector + 1) % vectors(n);
    }
}

/* Messages that the wire still has to send before the next completion. */
static uint64_t until_completion(const struct nic_node *n)
{
    return smaller(n->completed + n->config.complete_every, n->queued) -
           n->sent;
}

static struct nic_group *last_group(struct nic_node *n)
{
    return &n->group[(n->first_group + n->groups - 1) % NIC_GROUPS];
}

/* The group that the next message joins. */
static struct nic_group *open_group(struct nic_node *n)
{
    if (n->groups &&
        (last_group(n)->count < n->config.ack_every || n->groups == NIC_GROUPS))
        return last_group(n);
    n->groups++;
    *last_group(n) = (struct nic_group){
        .jitter = rng_below(&n->rng, n->config.round_trip_jitter + 1)};
    return last_group(n);
}

/* Up to `most` messages have left the wire; returns how many joined. */
static uint64_t send_group(struct nic_node *n, uint64_t most)
{
    struct nic_group *g = open_group(n);

    if (g->count < n->config.ack_every)
        most = smaller(most, n->config.ack_every - g->count);
    n->sent += most;
    n->wire_since += most * n->message_time;
    g->count += most;
    g->acked_at = n->wire_since + n->config.round_trip + g->jitter;
    return most;
}

/* Messages that fit into the time since the last look; who looks may be behind
 * it. */
static uint64_t since_last_look(const struct nic_node *n)
{
    return (later(now(n), n->wire_since) - n->wire_since) / n->message_time;
}

/* What the wire has done since then, up to the next completion. */
static void catch_up(struct nic_node *n)
{
    uint64_t done = smaller(since_last_look(n), until_completion(n));

    while (done)
        done -= send_group(n, done);
}

/* Acknowledgements do not overtake each other: only the first group in flight
 * has an event. */
static void look_again(struct nic_node *n)
{
    uint64_t left = smaller(until_completion(n), n->longest_step);

    if (left)
        look_at(n, &n->wire, n->wire_since + left * n->message_time);
    if (n->groups)
        look_at(n, &n->ack, n->group[n->first_group].acked_at);
}

static void on_wire(struct nic_node *n)
{
    catch_up(n);
    if (until_completion(n) == 0) {
        n->completed = n->sent;
        report_sent(n);
    }
    look_again(n);
}

static void on_ack(struct nic_node *n)
{
    struct nic_group *g = &n->group[n->first_group];

    catch_up(n); /* messages sent meanwhile may have joined the group */
    if (g->acked_at <= now(n)) {
        n->acked += g->count;
        n->first_group = (n->first_group + 1) % NIC_GROUPS;
        n->groups--;
        report_acked(n);
    }
    look_again(n);
}

static sim_time pulse_interval(struct nic_node *n)
{
    sim_time mean = n->config.pulse_interval;

    switch (n->config.pulse) {
    case PULSE_UNIFORM:
        return rng_below(&n->rng, 2 * mean + 1);
    case PULSE_EXPONENTIAL:
        return rng_exponential(&n->rng, mean);
    default:
        return mean;
    }
}

static void next_pulse(struct nic_node *n)
{
    n->pulse_time += pulse_interval(n);
    look_at(n, &n->pulse, n->pulse_time);
}

static void on_pulse(struct nic_node *n)
{
    if (!pcie_bus_master(&n->fn.pcie))
        return;
    n->pulses_waiting++;
    report_pulses(n);
    next_pulse(n);
}

/* Configuration space was written, or the FIFO has room. */
static void wake(void *ctx)
{
    struct nic_node *n = ctx;

    if (n->completion_waits)
        report_sent(n);
    if (n->ack_waits)
        report_acked(n);
    report_pulses(n);
    nic_queues_retry(n);
    if (n->config.pulse != PULSE_NONE && !event_scheduled(&n->pulse) &&
        pcie_bus_master(&n->fn.pcie)) {
        n->pulse_time = now(n);
        next_pulse(n);
    }
}

static void on_event(void *node, struct event *ev)
{
    switch (ev->what) {
    case EV_WIRE:
        on_wire(node);
        break;
    case EV_ACK:
        on_ack(node);
        break;
    case EV_PULSE:
        on_pulse(node);
        break;
    default:
        nic_queue_timer(node, ev->what - EV_QUEUE);
    }
}

static sim_time message_time(const struct nic_config *c)
{
    sim_time time =
        (sim_time)((u128)c->message_bytes * 8 * SIM_S / c->line_rate);

    return time ? time : 1;
}

void nic_node_init(struct nic_node *n, const struct pcie_node_config *p,
                   const struct nic_config *c)
{
    struct pcie_node_config function = *p;
    uint16_t target = engine_add_target(p->engine, on_event, n);

    assert(c->line_rate && c->complete_every && c->ack_every);
    assert(c->pulse == PULSE_NONE || c->pulse_interval);
    *n = (struct nic_node){.config = *c, .message_time = message_time(c)};
    /* so often that no acknowledgement is due before its message is seen */
    n->longest_step = later(1, c->round_trip / n->message_time);
    rng_init(&n->rng, c->seed, c->stream);
    event_init(&n->wire, target, EV_WIRE);
    event_init(&n->ack, target, EV_ACK);
    event_init(&n->pulse, target, EV_PULSE);
    nic_queues_init(n, target, EV_QUEUE);
    function.device = (struct pcie_device){wake, n};
    pcie_node_init(&n->fn, &function);
}

uint64_t nic_node_sent(const struct nic_node *n)
{
    return n->sent + smaller(since_last_look(n), n->queued - n->sent);
}

void nic_node_restart_counts(struct nic_node *n)
{
    for (unsigned v = 0; v < PCIE_VECTORS; v++)
        n->fn.vector[v] = (struct pcie_vector_counts){0};
    n->fn.waits = (struct pcie_waits){0};
    n->fn.intx_asserted = 0;
    for (unsigned q = 0; q < NIC_QUEUES; q++)
        n->queue[q].counts = (struct nic_queue_counts){0};
}

void nic_node_doorbell(struct nic_node *n, uint32_t messages)
{
    catch_up(n);
    if (n->sent == n->queued)
        n->wire_since = now(n);
    n->queued += messages;
    look_again(n);
}
