/*
 * Lock-step: a C model with its node and its RTL twin get one stimulus, and
 * every output and every register is compared on every cycle.
 *
 * A block (models/NAME) gives: how a run is set up, operations for each cycle,
 * and two sides that carry them out and show what can be seen afterwards as
 * words.  The harness does the rest: episodes from a seed, comparison, report,
 * shrinking of a stimulus that fails, counting of rules that were hit.
 *
 * A run is a row of episodes of LOCKSTEP_EPISODE cycles.  Each begins at
 * power-up with its own setup, from its own random stream: an episode can be
 * repeated alone (--seed S --first EPISODE --cycles 1).
 *
 * What a block needs (models/lapic/test/lapic_lockstep* is the example):
 *
 *     NAME_lockstep.h        enum of operations, rules and words
 *     NAME_lockstep.c        setup, stimulus and the C side
 *     NAME_lockstep_test.cc  the RTL side around VNAME.h, and main():
 *                            return lockstep_main(&block, argc, argv);
 *
 * The Makefile finds all of models/NAME/test/NAME_lockstep*.{c,cc} and links
 * them with the twin to build/lockstep/NAME.
 */
#ifndef TESTS_LOCKSTEP_LOCKSTEP_H
#define TESTS_LOCKSTEP_LOCKSTEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/core/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOCKSTEP_EPISODE 2000u   /* cycles */
#define LOCKSTEP_CYCLES 1000000u /* of a whole run: all rules must be hit */
#define LOCKSTEP_OPS_MAX 16u     /* in one cycle */
#define LOCKSTEP_SETUP_MAX 16u
#define LOCKSTEP_WORDS_MAX 1024u
#define LOCKSTEP_TEXT_MAX 120u

/* One operation: plain data whose meaning is the block's.  The operations of
 * a cycle stand in the order in which both sides carry them out; shrinking
 * never puts operations of different cycles into one. */
struct lockstep_op {
    uint32_t cycle;
    uint32_t kind;
    uint64_t address, value;
    uint64_t extra;
};

/* Straps, clocks, delays: the block's own. */
struct lockstep_setup {
    uint64_t value[LOCKSTEP_SETUP_MAX];
};

/* A cycle as a side gets it. */
struct lockstep_cycle {
    uint32_t number; /* from 0 at power-up */
    uint32_t ops;
    const struct lockstep_op *op;
};

/* `seen`: the block's words after the cycle; zeroed before the call. */
struct lockstep_side {
    const char *name; /* "C", "RTL" */
    void *ctx;
    void (*power_up)(void *ctx, const struct lockstep_setup *s);
    void (*cycle)(void *ctx, const struct lockstep_cycle *c, uint32_t *seen);
};

struct lockstep_rule {
    const char *name, *sentence;
};

/* What the stimulus of a cycle may depend on. */
struct lockstep_view {
    struct rng *rng;
    const struct lockstep_setup *setup;
    uint32_t cycle;
    const uint32_t *seen; /* the first side's words of the cycle before */
};

struct lockstep_block {
    const char *name;
    size_t words; /* that a side shows, at most LOCKSTEP_WORDS_MAX */
    void (*word_name)(size_t word, char *text, size_t bytes);
    void (*op_text)(const struct lockstep_op *op, char *text, size_t bytes);
    void (*setup_text)(const struct lockstep_setup *s, char *text,
                       size_t bytes);

    void (*setup)(struct rng *r, struct lockstep_setup *s);
    /* Fills op[] and returns how many; .cycle is set by the harness. */
    uint32_t (*stimulate)(const struct lockstep_view *v,
                          struct lockstep_op *op);

    /* side[0] is the C side; it counts in hits[] which rules it met. */
    struct lockstep_side side[2];
    const struct lockstep_rule *rules;
    size_t rule_count;
    uint64_t *hits;
};

/* An access of `extra` bytes to a register, in words. */
void lockstep_load_text(const struct lockstep_op *op, char *text, size_t bytes);
void lockstep_store_text(const struct lockstep_op *op, char *text,
                         size_t bytes);

/* A block whose parts have their usual names, with its C side alone. */
#define LOCKSTEP_BLOCK(name_)                                                  \
    {                                                                          \
        .name = #name_, .words = SEEN_WORDS, .word_name = word_name,           \
        .op_text = op_text, .setup_text = setup_text,                          \
        .setup = name_##_lockstep_setup,                                       \
        .stimulate = name_##_lockstep_stimulate,                               \
        .side = {{"C", NULL, name_##_lockstep_power_up,                        \
                  name_##_lockstep_cycle}},                                    \
        .rules = rules, .rule_count = RULE_COUNT, .hits = name_##_rule_hits    \
    }

/* A stimulus with its setup: what an episode, or what is left of it, is. */
struct lockstep_stimulus {
    struct lockstep_setup setup;
    uint32_t cycles, ops;
    struct lockstep_op *op; /* room for LOCKSTEP_EPISODE * LOCKSTEP_OPS_MAX */
};

#define LOCKSTEP_SAME UINT32_MAX

/* The first cycle on which the sides differ, or LOCKSTEP_SAME.  `seen` holds
 * what both showed last. */
uint32_t lockstep_replay(const struct lockstep_block *b,
                         const struct lockstep_stimulus *s,
                         uint32_t seen[2][LOCKSTEP_WORDS_MAX]);

/* Drops chunks, then single operations, then idle cycles, as long as the sides
 * still differ somewhere. */
void lockstep_shrink(const struct lockstep_block *b,
                     struct lockstep_stimulus *s);

struct lockstep_options {
    uint64_t seed, first, cycles; /* `first`: episode */
    bool rules;                   /* print every rule with its count */
    bool bench;                   /* only print the speed of each side */
    bool brief;                   /* of a difference only where it is */
};

/* Prints the speed of each side with this stimulus. */
void lockstep_bench(const struct lockstep_block *b,
                    const struct lockstep_stimulus *s);

/* True if the sides agreed and a run of at least LOCKSTEP_CYCLES hit every
 * rule; prints "ok" and "not ok" lines, and on a difference everything that is
 * known. */
bool lockstep_run(const struct lockstep_block *b,
                  const struct lockstep_options *o);

/* --cycles N, --seed S, --first EPISODE, --rules, --bench, --brief; 0, 1, or 2
 * for bad usage. */
int lockstep_main(const struct lockstep_block *b, int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
