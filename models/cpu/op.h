/*
 * Op streams: what a modelled CPU executes instead of instructions.
 *
 * Text is an array of ops, made while the machine is built and constant in
 * the run.  A RIP names an op and, in its low half, how many cycles of that op
 * are done, so that an interrupted WORK continues where it was cut: RIP alone
 * is the position, in interrupt frames and in the VMCS alike.  Instruction
 * lengths count ops.
 */
#ifndef MODELS_CPU_OP_H
#define MODELS_CPU_OP_H

#include <stdint.h>

enum op_kind {
#define OP(name, mnemonic, cost, sentence) OP_##name,
#include "models/cpu/ops.def"
#undef OP
    OP_COUNT
};

/* General registers; RAX gets results by convention. */
enum cpu_gpr { RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, GPR_COUNT };

struct cpu_env; /* what a CALL sees, see cpu_node.h */

typedef void cpu_call_fn(void *self, struct cpu_env *env, uint64_t arg);

struct op {
    uint8_t kind; /* enum op_kind */
    uint8_t reg;  /* enum cpu_gpr */
    uint64_t imm;
    cpu_call_fn *fn;
    void *self;
};

#define RIP_OP_SHIFT 32

static inline uint64_t rip_of(uint32_t op)
{
    return (uint64_t)op << RIP_OP_SHIFT;
}

static inline uint32_t rip_op(uint64_t rip)
{
    return (uint32_t)(rip >> RIP_OP_SHIFT);
}

/* Cycles of the op that are already done. */
static inline uint32_t rip_done(uint64_t rip)
{
    return (uint32_t)rip;
}

static inline uint64_t rip_plus(uint64_t rip, uint32_t ops)
{
    return rip_of(rip_op(rip) + ops);
}

#endif
