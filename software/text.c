/* The assembler of text.h. */
#include "software/text.h"

#include <assert.h>

static struct op *append(struct text *t)
{
    assert(t->count < t->capacity);
    return &t->op[t->count++];
}

uint32_t text_op(struct text *t, enum op_kind kind, enum cpu_gpr reg,
                 uint64_t imm)
{
    *append(t) =
        (struct op){.kind = (uint8_t)kind, .reg = (uint8_t)reg, .imm = imm};
    return t->count - 1;
}

void text_work(struct text *t, uint64_t cycles)
{
    /* one op holds as many cycles as the low half of a RIP can count */
    for (; cycles > UINT32_MAX; cycles -= UINT32_MAX)
        text_op(t, OP_WORK, RAX, UINT32_MAX);
    if (cycles)
        text_op(t, OP_WORK, RAX, cycles);
}

uint32_t text_call(struct text *t, cpu_call_fn *fn, void *self, uint64_t arg)
{
    *append(t) =
        (struct op){.kind = OP_CALL, .imm = arg, .fn = fn, .self = self};
    return t->count - 1;
}

void text_patch(struct text *t, uint32_t op)
{
    t->op[op].imm = text_here(t);
}
