/* The code of vtd_launch.h. */
#include "software/vtd_launch.h"

#include "models/ioapic/ioapic.h"

/* An MSI-X table entry. */
#define MESSAGE_UPPER 4u
#define MESSAGE_DATA 8u
#define MESSAGE_CONTROL 12u
#define MESSAGE_MASKED 1u

/* RAX = 1: now. */
static void due(void *self, struct cpu_env *env, uint64_t arg)
{
    struct vtd_launch *l = self;

    (void)arg;
    env->cpu->gpr[RAX] = !l->begun && env->now >= l->when;
    if (!env->cpu->gpr[RAX])
        return;
    l->begun = true;
    l->began = env->now;
}

static void end(void *self, struct cpu_env *env, uint64_t arg)
{
    struct vtd_launch *l = self;

    (void)arg;
    l->took = env->now - l->began;
}

/* RAX is what the source has been programmed with, in its first half. */
static void note(void *self, struct cpu_env *env, uint64_t arg)
{
    struct vtd_launch_source *s = self;

    (void)arg;
    s->half = (uint32_t)env->cpu->gpr[RAX];
}

static void write_register(struct text *t, uint64_t addr, uint32_t value)
{
    text_op(t, OP_MOV, RCX, value);
    text_op(t, OP_STORE, RCX, addr);
}

/* ---- messages of MSI-X ---- */

/* RAX is the data; RAX = the new address. */
static void adopt_message(void *self, struct cpu_env *env, uint64_t arg)
{
    struct vtd_launch_source *s = self;
    struct vtd_source old = {.address = s->half,
                             .data = (uint16_t)env->cpu->gpr[RAX],
                             .sid = s->sid,
                             .messages = 1};

    (void)arg;
    env->cpu->gpr[RAX] = vtd_adopt(s->driver, env->mem, &old);
}

/* Masked meanwhile: the device sends afterwards what comes now.  The read says
 * that the mask is in force. */
static void build_message(struct vtd_launch_source *s, struct text *t)
{
    uint64_t at = s->message;

    write_register(t, at + MESSAGE_CONTROL, MESSAGE_MASKED);
    text_op(t, OP_LOAD, RAX, at);
    text_call(t, note, s, 0);
    text_op(t, OP_LOAD, RAX, at + MESSAGE_DATA);
    text_call(t, adopt_message, s, 0);
    vtd_build_stores(s->driver, t, 2);
    text_op(t, OP_STORE, RAX, at);
    write_register(t, at + MESSAGE_UPPER, 0);
    write_register(t, at + MESSAGE_DATA, 0);
    write_register(t, at + MESSAGE_CONTROL, 0);
}

/* ---- redirection table entries ---- */

/* RAX is the high half; RBX, RAX = the new low and high halves, and RDX the low
 * one masked. */
static void adopt_entry(void *self, struct cpu_env *env, uint64_t arg)
{
    struct vtd_launch_source *s = self;
    uint64_t *gpr = env->cpu->gpr;
    uint64_t rte = gpr[RAX] << 32 | s->half;

    (void)arg;
    rte = vtd_adopt_rte(s->driver, env->mem, rte, s->sid);
    gpr[RAX] = rte >> 32;
    gpr[RBX] = (uint32_t)rte;
    gpr[RDX] = (uint32_t)rte | IOAPIC_RTE_MASKED;
}

static void write_entry(const struct vtd_launch_source *s, struct text *t,
                        unsigned half, enum cpu_gpr from)
{
    write_register(t, s->ioapic + IOAPIC_IOREGSEL, s->rte_index + half);
    text_op(t, OP_STORE, from, s->ioapic + IOAPIC_IOWIN);
}

static void read_entry(const struct vtd_launch_source *s, struct text *t,
                       unsigned half)
{
    write_register(t, s->ioapic + IOAPIC_IOREGSEL, s->rte_index + half);
    text_op(t, OP_LOAD, RAX, s->ioapic + IOAPIC_IOWIN);
}

static void build_entry(struct vtd_launch_source *s, struct text *t)
{
    read_entry(s, t, 0);
    text_call(t, note, s, 0);
    read_entry(s, t, 1);
    text_call(t, adopt_entry, s, 0);
    vtd_build_stores(s->driver, t, 2);
    write_entry(s, t, 0, RDX);
    write_entry(s, t, 1, RAX);
    write_entry(s, t, 0, RBX);
}

/* ---- the whole ---- */

void vtd_launch_build(struct vtd_launch *l, struct text *t)
{
    uint32_t none;

    text_call(t, due, l, 0);
    none = text_op(t, OP_JZ, RAX, 0);
    for (uint32_t i = 0; i < l->units; i++)
        vtd_build_enable(l->unit[i], t);
    for (uint32_t i = 0; i < l->sources; i++)
        if (l->source[i].message)
            build_message(&l->source[i], t);
        else
            build_entry(&l->source[i], t);
    for (uint32_t i = 0; i < l->units; i++)
        vtd_build_end_compatibility(l->unit[i], t);
    text_call(t, end, l, 0);
    text_patch(t, none);
}
