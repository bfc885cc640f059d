/*
 * The function on the engine: posted writes travel in order, intervals of
 * moderation pass, interrupts are born when their message leaves.
 */
#include "models/pcie/pcie_node.h"

#include <assert.h>

enum { EV_ARRIVE, EV_INTERVAL };

/* Returns the message that leaves now, to be filled in.  One that would be
 * faster than an older one waits behind it: only the oldest has an event. */
static struct msg *post(struct pcie_node *n, sim_time delay)
{
    const struct pcie_node_config *c = &n->config;
    struct pcie_posted *last = &n->fifo[(n->first + n->count) % PCIE_FIFO];

    assert(n->count < PCIE_FIFO);
    last->arrival = clock_edge(&c->clock, engine_now(c->engine) + delay);
    if (n->count++ == 0)
        engine_schedule(c->engine, &n->arrive, last->arrival);
    return &last->msg;
}

static void post_message(struct pcie_node *n, unsigned v)
{
    const struct pcie_node_config *c = &n->config;
    struct pcie_message m = pcie_message(&n->pcie, v);

    n->vector[v].messages++;
    *post(n, c->costs.msi_write) =
        (struct msg){.kind = MSG_WRITE,
                     .irq = irq_birth(c->irqs, c->irq_source, HOP_MSI_WRITE,
                                      engine_now(c->engine)),
                     .write = {.addr = m.addr,
                               .data = m.data,
                               .bytes = 4,
                               .requester = c->requester}};
}

static void post_intx(struct pcie_node *n)
{
    const struct pcie_node_config *c = &n->config;

    n->intx_told = n->intx;
    *post(n, c->costs.intx_message) = (struct msg){
        .kind = MSG_LINE,
        .line = {.line = (uint8_t)c->interrupt_pin, .high = n->intx}};
}

/* What the other side was told last is not the signal any more.  Without room
 * that waits, for what only software can release has its place; changes that
 * cancel each other are never told then. */
static void settle_intx(struct pcie_node *n)
{
    if (n->intx != n->intx_told && n->config.intx.send &&
        n->count + pcie_owed(&n->pcie) < PCIE_FIFO)
        post_intx(n);
}

/* Messages tell these causes now. */
static void end_waits(struct pcie_node *n, uint32_t causes)
{
    for (uint32_t rest = causes; rest; rest &= rest - 1) {
        sim_time *since = &n->untold_since[__builtin_ctz(rest)];
        sim_time wait = engine_now(n->config.engine) - *since;

        n->waits.count++;
        n->waits.sum += wait;
        if (wait > n->waits.longest)
            n->waits.longest = wait;
        *since = SIM_TIME_NEVER;
    }
}

static void move_intervals(struct pcie_node *n, struct pcie_out out)
{
    const struct pcie_node_config *c = &n->config;

    for (uint32_t rest = out.stop; rest; rest &= rest - 1)
        engine_cancel(c->engine, &n->interval[__builtin_ctz(rest)]);
    for (uint32_t rest = out.start; rest; rest &= rest - 1) {
        unsigned k = (unsigned)__builtin_ctz(rest);

        engine_schedule(
            c->engine, &n->interval[k],
            clock_edge(&c->clock, engine_now(c->engine) + n->pcie.loaded[k]));
    }
}

static void publish(struct pcie_node *n, struct pcie_out out)
{
    bool intx = pcie_intx(&n->pcie);

    n->intx_asserted += intx && !n->intx;
    n->intx = intx;
    for (uint32_t rest = out.send; rest; rest &= rest - 1)
        post_message(n, (unsigned)__builtin_ctz(rest));
    end_waits(n, out.told);
    move_intervals(n, out);
    settle_intx(n);
}

static void wake_device(const struct pcie_node *n)
{
    if (n->config.device.wake)
        n->config.device.wake(n->config.device.ctx);
}

/* Everything that is due until `limit`, oldest first. */
static void arrive(struct pcie_node *n, sim_time limit)
{
    struct engine *e = n->config.engine;

    while (n->count && n->fifo[n->first].arrival <= limit) {
        const struct msg *m = &n->fifo[n->first].msg;

        port_send(m->kind == MSG_LINE ? &n->config.intx : &n->config.upstream,
                  m);
        n->first = (n->first + 1) % PCIE_FIFO;
        n->count--;
    }
    if (n->count)
        engine_schedule(e, &n->arrive, n->fifo[n->first].arrival);
    settle_intx(n);
    wake_device(n);
}

static void on_event(void *node, struct event *ev)
{
    struct pcie_node *n = node;

    if (ev->what == EV_ARRIVE)
        arrive(n, engine_now(n->config.engine));
    else
        publish(n, pcie_interval_over(&n->pcie, ev->what - EV_INTERVAL));
}

void pcie_node_init(struct pcie_node *n, const struct pcie_node_config *c)
{
    uint16_t target = engine_add_target(c->engine, on_event, n);
    struct pcie_build build = {.msi_vectors = c->msi_vectors,
                               .msi_features = c->msi_features,
                               .msix_vectors = c->msix_vectors,
                               .interrupt_pin = c->interrupt_pin};

    *n = (struct pcie_node){.config = *c};
    event_init(&n->arrive, target, EV_ARRIVE);
    pcie_init(&n->pcie, &build);
    for (unsigned k = 0; k < PCIE_VECTORS; k++) {
        n->untold_since[k] = SIM_TIME_NEVER;
        n->pcie.interval[k] = c->moderation_interval[k];
        event_init(&n->interval[k], target, (uint16_t)(EV_INTERVAL + k));
    }
}

bool pcie_node_ready(const struct pcie_node *n)
{
    return n->count + pcie_owed(&n->pcie) + 2 <= PCIE_FIFO;
}

void pcie_node_event(struct pcie_node *n, unsigned k)
{
    if (n->untold_since[k] == SIM_TIME_NEVER)
        n->untold_since[k] = engine_now(n->config.engine);
}

void pcie_node_cause(struct pcie_node *n, unsigned k)
{
    pcie_node_event(n, k);
    n->vector[k].causes++;
    publish(n, pcie_cause(&n->pcie, k));
}

void pcie_node_cause_gone(struct pcie_node *n, unsigned k)
{
    n->untold_since[k] = SIM_TIME_NEVER;
    publish(n, pcie_cause_gone(&n->pcie, k));
}

void pcie_node_push(struct pcie_node *n)
{
    engine_cancel(n->config.engine, &n->arrive);
    arrive(n, SIM_TIME_NEVER);
}

void pcie_node_dma_write(struct pcie_node *n, uint64_t addr, uint64_t data,
                         uint32_t bytes)
{
    if (!pcie_bus_master(&n->pcie))
        return;
    *post(n, n->config.costs.dma_write) =
        (struct msg){.kind = MSG_WRITE,
                     .write = {.addr = addr,
                               .data = data,
                               .bytes = bytes,
                               .requester = n->config.requester}};
}

uint32_t pcie_node_config_read(struct pcie_node *n, unsigned offset,
                               unsigned bytes)
{
    struct pcie_access a = {.offset = offset, .bytes = bytes};

    n->warnings[pcie_config_warning(&n->pcie, &a)]++;
    return pcie_config_read(&n->pcie, offset, bytes);
}

void pcie_node_config_write(struct pcie_node *n, unsigned offset,
                            unsigned bytes, uint32_t value)
{
    struct pcie_access a = {offset, bytes, true, value};

    n->warnings[pcie_config_warning(&n->pcie, &a)]++;
    publish(n, pcie_config_write(&n->pcie, offset, bytes, value));
    wake_device(n);
}

uint64_t pcie_node_msix_read(struct pcie_node *n, uint32_t offset,
                             unsigned bytes)
{
    struct pcie_access a = {.offset = offset, .bytes = bytes};

    n->warnings[pcie_msix_warning(&n->pcie, &a)]++;
    return pcie_msix_read(&n->pcie, offset, bytes);
}

void pcie_node_msix_write(struct pcie_node *n, uint32_t offset, unsigned bytes,
                          uint64_t value)
{
    struct pcie_access a = {offset, bytes, true, value};

    n->warnings[pcie_msix_warning(&n->pcie, &a)]++;
    publish(n, pcie_msix_write(&n->pcie, offset, bytes, value));
}

uint32_t pcie_node_throttle_read(const struct pcie_node *n, unsigned k)
{
    const struct event *ev = &n->interval[k];
    sim_time now = engine_now(n->config.engine);
    sim_time left = event_scheduled(ev) && ev->time > now ? ev->time - now : 0;

    return pcie_throttle_read(&n->pcie, k, left);
}

void pcie_node_throttle_write(struct pcie_node *n, unsigned k, uint32_t value)
{
    publish(n, pcie_throttle_write(&n->pcie, k, value));
}

void pcie_node_each_held(const struct pcie_node *n,
                         void (*each)(void *ctx, irq_id id), void *ctx)
{
    for (uint32_t i = 0; i < n->count; i++) {
        irq_id id = n->fifo[(n->first + i) % PCIE_FIFO].msg.irq;

        if (id)
            each(ctx, id);
    }
}
