/* Which rules of the manual a cycle of the lock-step test met, seen from the
 * state before and after each operation. */
#ifndef MODELS_LAPIC_TEST_LAPIC_LOCKSTEP_RULES_H
#define MODELS_LAPIC_TEST_LAPIC_LOCKSTEP_RULES_H

#include "models/lapic/lapic_node.h"
#include "models/lapic/test/lapic_lockstep.h"

void lapic_rules_power_up(void);
/* Before anything of a cycle, after what was due by time, after each
 * operation, and at the end of the cycle. */
void lapic_rules_before(const struct lapic_node *n);
void lapic_rules_due(const struct lapic_node *n);
void lapic_rules_after(const struct lapic_node *n, const struct lockstep_op *op,
                       const uint32_t *seen);
void lapic_rules_cycle(const struct lapic_node *n,
                       const struct lockstep_cycle *c, const uint32_t *seen);

#endif
