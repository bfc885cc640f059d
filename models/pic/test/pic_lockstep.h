/* What the sides of the 8259As' lock-step test share. */
#ifndef MODELS_PIC_TEST_PIC_LOCKSTEP_H
#define MODELS_PIC_TEST_PIC_LOCKSTEP_H

#include "tests/lockstep/lockstep.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In this order within a cycle; lines that rise before those that fall, and
 * each line, the access and INTA at most once. */
enum pic_lockstep_op {
    PIC_OP_LINE, /* address: line; value: its level */
    PIC_OP_WRITE,
    PIC_OP_READ,
    PIC_OP_INTA,
};

enum pic_lockstep_setup {
    PIC_SETUP_HAS_IMCR,
    PIC_SETUP_LINE_TO_INT,
    PIC_SETUP_WRITE_TO_INT,
    PIC_SETUP_CLOCKS_PER_TICK, /* in instants of the test */
    PIC_SETUP_REPEATS,         /* so many cycles fall on one instant */
    PIC_SETUP_ICW, /* the four ICWs of both chips, lowest byte first */
    PIC_SETUP_COUNT,
};

#define PIC_CHIP_WORDS 3u
#define PIC_LOCKSTEP_LINES 16u

enum pic_lockstep_word {
    PIC_WORD_INT, /* bit 0: to the APICs, bit 1: direct */
    PIC_WORD_RDATA,
    PIC_WORD_VECTOR,
    PIC_WORD_MASTER,
    PIC_WORD_SLAVE = PIC_WORD_MASTER + PIC_CHIP_WORDS,
    PIC_WORD_IMCR = PIC_WORD_SLAVE + PIC_CHIP_WORDS,
    PIC_WORD_REQUESTS, /* lines with an interrupt in the IRR */
    PIC_WORD_SERVED,   /* ... in the ISR */
    PIC_WORD_SENT,     /* how many interrupts were born since power-up */
    PIC_WORD_WITHDRAWN,
    PIC_WORD_INITIALISED, /* ended by ICW1 */
    PIC_WORD_DELIVERED,
    PIC_WORD_WARNINGS, /* of this cycle: a set of enum pic_warning */
    PIC_WORD_COUNT,
};

/* Whether operation i keeps to that order.  Both sides skip the others: only
 * a stimulus that is being shrunk has them. */
bool pic_lockstep_in_order(const struct lockstep_cycle *c, uint32_t i);

/* The instant of a cycle. */
static inline uint64_t pic_lockstep_instant(const struct lockstep_setup *s,
                                            uint32_t cycle)
{
    return cycle / s->value[PIC_SETUP_REPEATS];
}

/* A random setup; the operations of a cycle. */
void pic_lockstep_setup(struct rng *r, struct lockstep_setup *s);
uint32_t pic_lockstep_stimulate(const struct lockstep_view *v,
                                struct lockstep_op *op);

/* The block with its C side; side[1] is the caller's to set. */
struct lockstep_block pic_lockstep_block(void);

#ifdef __cplusplus
}
#endif

#endif
