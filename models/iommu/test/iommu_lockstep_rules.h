/* Which rules of the specification a cycle of the lock-step test met, seen from
 * the state before and after what was due, and each operation. */
#ifndef MODELS_IOMMU_TEST_IOMMU_LOCKSTEP_RULES_H
#define MODELS_IOMMU_TEST_IOMMU_LOCKSTEP_RULES_H

#include "models/iommu/iommu_node.h"
#include "models/iommu/test/iommu_lockstep.h"

/* The unit at three moments of a cycle: before it, after what was due by time,
 * and at its end; and what was seen. */
struct iommu_moments {
    const struct iommu *start, *due, *end;
    const struct lockstep_cycle *cycle;
    const uint32_t *seen;
    bool stale; /* of a hit: memory says otherwise */
    bool took;  /* a request had its turn */
};

/* Copies all of the unit but the ways that the test does not use. */
void iommu_rules_keep(struct iommu *to, const struct iommu *from);

static inline void iommu_rules_meet(enum iommu_rule rule, bool met)
{
    iommu_rule_hits[rule] += met;
}

/* What a request met; what the cache, the queue and commands did; what software
 * did and what fell on one cycle. */
void iommu_rules_power_up(void);
void iommu_rules_request(const struct iommu_moments *m);
void iommu_rules_unit(const struct iommu_moments *m);
void iommu_rules_software(const struct iommu_moments *m,
                          const struct iommu_node *n);

#endif
