/* Starting a timer; see hpet_code.h. */
#include "software/hpet_code.h"

#include "models/cpu/cpu_node.h"
#include "models/pcie/hpet.h"

/* RAX = when the first tick comes, of what the counter is now. */
static void first_match(void *self, struct cpu_env *env, uint64_t period)
{
    (void)self;
    env->cpu->gpr[RAX] = (uint32_t)(env->cpu->gpr[RAX] + period);
}

/* The first write after VAL_SET_CNF sets the accumulator, the second one the
 * period: parts differ in whether the first one does both. */
void hpet_code_start(struct text *t, const struct hpet_code *c)
{
    uint64_t timer = c->registers + HPET_TIMER_STEP * c->timer;

    text_op(t, OP_MOV, RAX,
            c->conf | HPET_INT_ENB_CNF | HPET_TYPE_CNF | HPET_MODE32_CNF |
                HPET_VAL_SET_CNF);
    text_op(t, OP_STORE, RAX, timer + HPET_AT_TN_CONF);
    text_op(t, OP_LOAD, RAX, c->registers + HPET_AT_MAIN_CNT);
    text_call(t, first_match, NULL, c->period);
    text_op(t, OP_STORE, RAX, timer + HPET_AT_TN_COMP);
    text_op(t, OP_MOV, RAX, c->period);
    text_op(t, OP_STORE, RAX, timer + HPET_AT_TN_COMP);
}
