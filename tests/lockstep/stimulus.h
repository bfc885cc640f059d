/* What the blocks' stimuli draw with, and the operations of one cycle as they
 * grow. */
#ifndef TESTS_LOCKSTEP_STIMULUS_H
#define TESTS_LOCKSTEP_STIMULUS_H

#include "tests/lockstep/lockstep.h"

struct making {
    const struct lockstep_view *v;
    struct rng *r;
    struct lockstep_op *op;
    uint32_t ops;
};

/* `kind`: the block's own. */
static inline struct lockstep_op *add(struct making *m, uint32_t kind)
{
    struct lockstep_op *op = &m->op[m->ops++];

    op->kind = kind;
    return op;
}

static inline bool chance(struct rng *r, unsigned percent)
{
    return rng_below(r, 100) < percent;
}

static inline uint32_t below(struct rng *r, uint32_t n)
{
    return (uint32_t)rng_below(r, n);
}

#endif
