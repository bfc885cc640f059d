/*
 * An assembler for op streams: software says what it does, op by op, while
 * the machine is built.  Labels are RIPs; forward jumps are patched.
 */
#ifndef SOFTWARE_TEXT_H
#define SOFTWARE_TEXT_H

#include "models/cpu/op.h"

struct text {
    struct op *op;
    uint32_t count, capacity;
};

/* The RIP of the op that is added next. */
static inline uint64_t text_here(const struct text *t)
{
    return rip_of(t->count);
}

/* Appends one op; the text being full is our mistake (assert).  Returns its
 * number for text_patch(). */
uint32_t text_op(struct text *t, enum op_kind kind, enum cpu_gpr reg,
                 uint64_t imm);

/* Appends WORK ops of `cycles` in all; 0 appends nothing. */
void text_work(struct text *t, uint64_t cycles);

/* Appends a CALL of the software's own code; returns its number, for a place
 * that the code jumps to. */
uint32_t text_call(struct text *t, cpu_call_fn *fn, void *self, uint64_t arg);

/* Makes the jump `op` go to the op that is added next. */
void text_patch(struct text *t, uint32_t op);

#endif
