/* Forged interrupt messages; see rogue_node.h. */
#include "models/pcie/rogue_node.h"

/* "Message Address Register Format", "Message Data Register Format", and the
 * remappable format of VT-d. */
#define RANGE UINT64_C(0xfee00000)
#define DEST_SHIFT 12
#define MODE_SHIFT 8
#define REMAPPABLE (1u << 4)
#define SUBHANDLE_VALID (1u << 3)
#define HANDLE_SHIFT 5
#define FIRST_VECTOR 16u
#define VECTORS 240u

static void schedule(struct rogue_node *n)
{
    const struct pcie_node_config *c = &n->fn->config;

    n->time += rng_exponential(&n->rng, n->config.interval);
    engine_schedule(c->engine, &n->next, clock_edge(&c->clock, n->time));
}

static void forge_compatible(struct rogue_node *n)
{
    static const uint8_t modes[] = {
        DELIVERY_FIXED, DELIVERY_FIXED, DELIVERY_FIXED, DELIVERY_FIXED,
        DELIVERY_FIXED, DELIVERY_NMI,   DELIVERY_SMI,   DELIVERY_INIT,
    };
    uint64_t dest = rng_below(&n->rng, n->config.cpus);
    uint64_t vector = FIRST_VECTOR + rng_below(&n->rng, VECTORS);
    uint8_t mode = modes[rng_below(&n->rng, sizeof modes)];

    if (mode != DELIVERY_FIXED)
        vector = 0;
    pcie_node_dma_write(n->fn, RANGE | dest << DEST_SHIFT,
                        vector | (uint64_t)mode << MODE_SHIFT, 4);
}

static void forge_remappable(struct rogue_node *n)
{
    uint64_t index = rng_below(&n->rng, ROGUE_ENTRIES);
    bool subhandle = rng_below(&n->rng, 2);

    pcie_node_dma_write(
        n->fn,
        RANGE | REMAPPABLE |
            (subhandle ? SUBHANDLE_VALID : index << HANDLE_SHIFT),
        subhandle ? index : 0, 4);
}

static void on_next(void *node, struct event *ev)
{
    struct rogue_node *n = node;

    (void)ev;
    if (pcie_node_ready(n->fn) && rng_below(&n->rng, 2))
        forge_remappable(n);
    else if (pcie_node_ready(n->fn))
        forge_compatible(n);
    schedule(n);
}

void rogue_node_init(struct rogue_node *n, struct pcie_node *fn,
                     const struct rogue_config *c)
{
    *n = (struct rogue_node){.fn = fn, .config = *c};
    rng_init(&n->rng, c->seed, c->stream);
    event_init(&n->next, engine_add_target(fn->config.engine, on_next, n), 0);
    schedule(n);
}
