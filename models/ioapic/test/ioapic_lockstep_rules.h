/* Which rules of the data sheets a cycle of the lock-step test met, seen from
 * the state before and after each operation. */
#ifndef MODELS_IOAPIC_TEST_IOAPIC_LOCKSTEP_RULES_H
#define MODELS_IOAPIC_TEST_IOAPIC_LOCKSTEP_RULES_H

#include "models/ioapic/ioapic_node.h"
#include "models/ioapic/test/ioapic_lockstep.h"

void ioapic_rules_power_up(void);
/* Before anything of a cycle, after what was due by time, after each
 * operation, and at the end of the cycle. */
void ioapic_rules_before(const struct ioapic_node *n);
void ioapic_rules_due(const struct ioapic_node *n, const uint32_t *seen);
void ioapic_rules_after(const struct ioapic_node *n,
                        const struct lockstep_op *op, const uint32_t *seen);
void ioapic_rules_cycle(const struct ioapic_node *n,
                        const struct lockstep_cycle *c);

#endif
