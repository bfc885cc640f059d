/* "Hardware Handling of Faults": records, status and event messages. */
#include "models/iommu/iommu_private.h"

#define CAUSES (IOMMU_PFO | IOMMU_PPF | IOMMU_IQE | IOMMU_ICE | IOMMU_ITE)

static bool pending(const struct iommu *u, unsigned i)
{
    return (u->record[i][1] & IOMMU_RECORD_F) != 0;
}

uint32_t fault_status(const struct iommu *u)
{
    uint32_t status = (uint32_t)u->reg[IOMMU_FSTS];

    for (unsigned i = 0; i < u->config.faults; i++)
        if (pending(u, i))
            return status | IOMMU_PPF;
    return status;
}

/* ---- events ---- */

static uint64_t *control_of(struct iommu *u, enum iommu_event e)
{
    return &u->reg[e == IOMMU_FAULT_EVENT ? IOMMU_FECTL : IOMMU_IECTL];
}

void event_raise(struct iommu *u, enum iommu_event e, struct iommu_out *out)
{
    uint64_t *control = control_of(u, e);

    *control |= IOMMU_EVENT_PENDING;
    event_controlled(u, e, out);
}

void event_controlled(struct iommu *u, enum iommu_event e,
                      struct iommu_out *out)
{
    uint64_t *control = control_of(u, e);

    if ((*control & IOMMU_EVENT_MASKED) || !(*control & IOMMU_EVENT_PENDING))
        return;
    *control &= ~(uint64_t)IOMMU_EVENT_PENDING;
    if (e == IOMMU_FAULT_EVENT)
        out->fault_event = true;
    else
        out->invalidation_event = true;
}

struct iommu_message iommu_event(const struct iommu *u, enum iommu_event e)
{
    bool fault = e == IOMMU_FAULT_EVENT, extended = table_extended(u);
    uint32_t data = (uint32_t)u->reg[fault ? IOMMU_FEDATA : IOMMU_IEDATA];
    uint32_t addr = (uint32_t)u->reg[fault ? IOMMU_FEADDR : IOMMU_IEADDR];
    uint32_t upper = (uint32_t)u->reg[fault ? IOMMU_FEUADDR : IOMMU_IEUADDR];

    return (struct iommu_message){
        .dest = (addr >> 12 & 0xff) | (extended ? upper : 0),
        .vector = (uint8_t)data,
        .mode = data >> 8 & 1,
        .hint = addr >> 3 & 1,
        .logical = addr >> 2 & 1,
        .dest8 = !extended,
    };
}

/* ---- faults ---- */

void fault_raise(struct iommu *u, uint32_t cause, struct iommu_out *out)
{
    bool first = !(fault_status(u) & CAUSES);

    u->reg[IOMMU_FSTS] |= cause;
    if (first)
        event_raise(u, IOMMU_FAULT_EVENT, out);
}

void fault_cleared(struct iommu *u)
{
    if (!(fault_status(u) & CAUSES))
        u->reg[IOMMU_FECTL] &= ~(uint64_t)IOMMU_EVENT_PENDING;
}

/* A pending record of the same source stands for the fault too. */
static bool absorbed(const struct iommu *u)
{
    for (unsigned i = 0; u->config.compress && i < u->config.faults; i++)
        if (pending(u, i) && (uint16_t)u->record[i][1] == u->request.sid)
            return true;
    return false;
}

/* For these reasons there is no index. */
static bool has_index(enum iommu_fault reason)
{
    return reason != IOMMU_FAULT_REQUEST_RESERVED &&
           reason != IOMMU_FAULT_FORMAT_BLOCKED;
}

static void write_record(struct iommu *u, enum iommu_fault reason)
{
    uint64_t *record = u->record[u->next_record];
    uint64_t index = has_index(reason) ? u->index & UINT16_MAX : 0;

    record[0] = index << IOMMU_RECORD_INDEX_SHIFT;
    record[1] = IOMMU_RECORD_F | (uint64_t)reason << IOMMU_RECORD_REASON_SHIFT |
                u->request.sid;
    u->next_record = (uint8_t)((u->next_record + 1u) % u->config.faults);
}

bool fault_record(struct iommu *u, enum iommu_fault reason,
                  struct iommu_out *out)
{
    uint32_t before = fault_status(u);

    if ((before & IOMMU_PFO) || absorbed(u))
        return false;
    if (pending(u, u->next_record)) {
        fault_raise(u, IOMMU_PFO, out);
        return false;
    }
    if (!(before & IOMMU_PPF)) { /* FRI */
        u->reg[IOMMU_FSTS] &= (1u << IOMMU_FRI_SHIFT) - 1;
        u->reg[IOMMU_FSTS] |= (uint32_t)u->next_record << IOMMU_FRI_SHIFT;
    }
    write_record(u, reason);
    if (!(before & CAUSES))
        event_raise(u, IOMMU_FAULT_EVENT, out);
    return true;
}
