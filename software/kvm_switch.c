/*
 * Switching assigned devices between posted and remapped format while they
 * interrupt, as a host does that inhibits posting for a while.
 *
 * As long as an entry may post, the host looks at the descriptor before each VM
 * entry: from before the first entry is written in posted format, until every
 * one is remapped again and the remapping unit has said that it uses no older
 * one.  What was posted until then is there at the last look.
 */
#include "software/kvm_private.h"

enum { POSTED, REMAPPED }; /* places of each move */

/* One whose entry is switched, or NULL. */
static const struct vtd_move *first_move(const struct kvm *k)
{
    for (uint32_t i = 0; i < k->config.irq_count; i++)
        if (k->config.irq[i].move)
            return k->config.irq[i].move;
    return NULL;
}

/* RAX = 1: since the last time there was a tick. */
static void due(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    env->cpu->gpr[RAX] = k->switch_due;
    k->switch_due = false;
}

static void begin_looking(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)env;
    (void)arg;
    k->posting_off = false;
}

/* If the entries are at `place`. */
static void end_looking(void *self, struct cpu_env *env, uint64_t place)
{
    struct kvm *k = self;

    if (first_move(k)->at != place)
        return;
    kvm_apicv_sync(k, env);
    k->posting_off = true;
}

void kvm_switch_build(struct kvm *k, struct text *t)
{
    uint32_t none;

    if (!first_move(k))
        return;
    text_call(t, due, k, 0);
    none = text_op(t, OP_JZ, RAX, 0);
    text_op(t, OP_CLI, RAX, 0);
    text_call(t, begin_looking, k, 0);
    if (k->config.looks_early)
        text_call(t, end_looking, k, POSTED);
    for (uint32_t i = 0; i < k->config.irq_count; i++)
        if (k->config.irq[i].move)
            vtd_build_move(k->config.irq[i].move, t);
    if (!k->config.looks_early)
        text_call(t, end_looking, k, REMAPPED);
    text_op(t, OP_STI, RAX, 0);
    text_patch(t, none);
}
