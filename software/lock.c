/* The lock of lock.h. */
#include "software/lock.h"

#include "models/cpu/cpu_node.h"

/* RAX = 1: the lock is ours now. */
static void try(void *at, struct cpu_env *env, uint64_t arg)
{
    uint64_t addr = *(uint64_t *)at;

    (void)arg;
    env->cpu->gpr[RAX] = !mem_exchange64(env->mem, addr, 1);
}

void lock_build_take(uint64_t *at, struct text *t)
{
    uint64_t again = text_here(t);
    uint32_t ours;

    text_op(t, OP_LOAD, RAX, *at);
    text_call(t, try, at, 0);
    ours = text_op(t, OP_JNZ, RAX, 0);
    text_op(t, OP_PAUSE, RAX, 0);
    text_op(t, OP_JMP, RAX, again);
    text_patch(t, ours);
}

void lock_build_release(const uint64_t *at, struct text *t)
{
    text_op(t, OP_MOV, RAX, 0);
    text_op(t, OP_STORE, RAX, *at);
}
