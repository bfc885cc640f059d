/* Which rules of the manual a lock-step run of the 8259As has met. */
#ifndef MODELS_PIC_TEST_PIC_LOCKSTEP_RULES_H
#define MODELS_PIC_TEST_PIC_LOCKSTEP_RULES_H

#include "models/pic/pic_node.h"
#include "models/pic/test/pic_lockstep.h"

enum pic_rule {
#define RULE(name, sentence) PIC_RULE_##name,
#include "models/pic/test/pic_lockstep_rules.def"
#undef RULE
    PIC_RULE_COUNT
};

extern const struct lockstep_rule pic_rules[PIC_RULE_COUNT];
extern uint64_t pic_hits[PIC_RULE_COUNT];

/* Counts the rules that an operation met: the node before and after it. */
void pic_note_op(const struct lockstep_op *op, const struct pic_node *was,
                 const struct pic_node *is);

/* Counts the rules of a whole cycle. */
void pic_note_cycle(const struct lockstep_cycle *c, const struct pic_node *was,
                    const struct pic_node *is);

#endif
