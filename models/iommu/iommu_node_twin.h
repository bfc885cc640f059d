/*
 * What a node asks in place of the C model: the verilated twin.
 *
 * State, answers, the requests that wait and the delay until the oldest has its
 * turn are the twin's.  The node keeps time for it: it schedules its events as
 * it does for the model, and the twin is clocked at them; a tick at which the
 * two do not agree is a complaint.
 */
#ifndef MODELS_IOMMU_IOMMU_NODE_TWIN_H
#define MODELS_IOMMU_IOMMU_NODE_TWIN_H

#include "models/iommu/iommu.h"
#include "sim/core/sim_time.h"
#include "sim/core/twin.h"

/* The longest delay of iommu_costs.def that the twin can count: those of memory
 * are not its own. */
#define IOMMU_TWIN_DELAY_MAX 65535u

/* `of` is iommu_twin.of; time never goes back.  As the functions of iommu.h,
 * but that a request first arrives and then has its turn. */
struct iommu_twin_calls {
    struct twin_calls common;

    void (*arrive)(void *of, const struct iommu_request *r, sim_time now);
    /* A tick at which the oldest request should have its turn. */
    struct iommu_out (*take)(void *of, sim_time now);

    struct iommu_access (*access)(const void *of, enum iommu_port port);
    struct iommu_out (*answer)(void *of, enum iommu_port port,
                               const uint64_t *data, sim_time now);
    struct iommu_out (*read)(void *of, struct iommu_mmio *a, sim_time now);
    struct iommu_out (*write)(void *of, const struct iommu_mmio *a,
                              sim_time now);
    bool (*idle)(const void *of);
    struct iommu_message (*event)(const void *of, enum iommu_event e);
};

struct iommu_twin {
    const struct iommu_twin_calls *call; /* NULL: none, the model acts */
    void *of;
};

#endif
