/* "Queued Invalidation Interface": descriptors, one after the other. */
#include "models/iommu/iommu_private.h"

#define TYPE 0xfu
#define TYPE_UPPER (7u << 9)

/* Fields of bits 63:0 that are not reserved, beside the type. */
#define IEC_FIELDS                                                             \
    (TYPE | TYPE_UPPER | IOMMU_IEC_SELECTIVE | 0x1fu << IOMMU_IEC_IM_SHIFT |   \
     UINT64_C(0xffff) << IOMMU_IEC_IIDX_SHIFT)
#define WAIT_DRAIN (1u << 7) /* PD: of page requests */
#define WAIT_FIELDS                                                            \
    (TYPE | TYPE_UPPER | IOMMU_WAIT_IF | IOMMU_WAIT_SW | IOMMU_WAIT_FN |       \
     WAIT_DRAIN | UINT64_C(0xffffffff) << IOMMU_WAIT_DATA_SHIFT)
#define WAIT_ADDR_RESERVED 3u

static uint64_t queue_bytes(const struct iommu *u)
{
    return (uint64_t)IOMMU_PAGE_BYTES << (u->reg[IOMMU_IQA] & 7);
}

bool queue_enable(struct iommu *u, bool enable)
{
    bool empty = u->reg[IOMMU_IQH] == u->reg[IOMMU_IQT] &&
                 u->queue_state == IOMMU_QUEUE_IDLE;

    if (!enable && !(empty && u->queue_waited))
        return false;
    u->reg[IOMMU_IQH] = 0;
    u->queue_runs = enable;
    u->queue_waited = true;
    return true;
}

void queue_tail_written(struct iommu *u)
{
    u->queue_runs = gsts_has(u, IOMMU_QIE);
}

static void stop(struct iommu *u, enum iommu_queue_error error,
                 struct iommu_out *out)
{
    u->queue_state = IOMMU_QUEUE_IDLE;
    u->queue_runs = false;
    u->reg[IOMMU_IQERCD] = error;
    fault_raise(u, IOMMU_IQE, out);
}

/* The descriptor is done: the head goes on. */
static void advance(struct iommu *u)
{
    u->queue_state = IOMMU_QUEUE_IDLE;
    u->queue_waited = (u->descriptor[0] & TYPE) == IOMMU_WAIT;
    u->reg[IOMMU_IQH] =
        (u->reg[IOMMU_IQH] + IOMMU_DESCRIPTOR_BYTES) % queue_bytes(u);
}

static void fetch(struct iommu *u, struct iommu_out *out)
{
    if (u->reg[IOMMU_FSTS] & IOMMU_IQE)
        u->queue_runs = false;
    else if (u->reg[IOMMU_IQT] >= queue_bytes(u))
        stop(u, IOMMU_QUEUE_INVALID_TAIL, out);
    else if (u->reg[IOMMU_IQH] == u->reg[IOMMU_IQT])
        u->queue_runs = false;
    else
        u->queue_state = IOMMU_QUEUE_FETCHES;
}

/* An invalidation is done when no request uses an entry from before it. */
static void invalidate(struct iommu *u)
{
    uint64_t d = u->descriptor[0];

    if (!iommu_idle(u)) {
        u->queue_state = IOMMU_QUEUE_DRAINS;
        return;
    }
    if (d & IOMMU_IEC_SELECTIVE)
        cache_invalidate(u, d >> IOMMU_IEC_IIDX_SHIFT & 0xffff,
                         d >> IOMMU_IEC_IM_SHIFT & 0x1f);
    else
        cache_invalidate_all(u);
    advance(u);
}

void queue_run(struct iommu *u, struct iommu_out *out)
{
    if (u->queue_state == IOMMU_QUEUE_DRAINS)
        invalidate(u);
    if (u->queue_state == IOMMU_QUEUE_IDLE && u->queue_runs)
        fetch(u, out);
}

/* ---- descriptors ---- */

static bool iec_reserved(const struct iommu *u)
{
    uint64_t d = u->descriptor[0];
    bool selective = d & IOMMU_IEC_SELECTIVE;

    return (d & ~IEC_FIELDS) || u->descriptor[1] ||
           (selective && (d >> IOMMU_IEC_IM_SHIFT & 0x1f) > u->config.mhmv);
}

static bool wait_reserved(const struct iommu *u)
{
    return (u->descriptor[0] & ~WAIT_FIELDS) ||
           (u->descriptor[1] & WAIT_ADDR_RESERVED);
}

/* The wait's status is in memory, or there is none. */
static void complete_wait(struct iommu *u, struct iommu_out *out)
{
    bool before = u->reg[IOMMU_ICS] & IOMMU_ICS_IWC;

    advance(u);
    if (!(u->descriptor[0] & IOMMU_WAIT_IF))
        return;
    u->reg[IOMMU_ICS] |= IOMMU_ICS_IWC;
    if (!before)
        event_raise(u, IOMMU_INVALIDATION_EVENT, out);
}

static void wait(struct iommu *u, struct iommu_out *out)
{
    if (u->descriptor[0] & IOMMU_WAIT_SW)
        u->queue_state = IOMMU_QUEUE_WRITES_STATUS;
    else
        complete_wait(u, out);
}

/* The cause of an error, or 0.  What is DMA remapping's has nothing to do. */
static enum iommu_queue_error error_of(const struct iommu *u)
{
    if (u->descriptor[0] & TYPE_UPPER)
        return IOMMU_QUEUE_TYPE;
    switch (u->descriptor[0] & TYPE) {
    case IOMMU_CONTEXT_INVALIDATE:
    case IOMMU_IOTLB_INVALIDATE:
    case IOMMU_DEVICE_TLB_INVALIDATE:
        return 0;
    case IOMMU_IEC_INVALIDATE:
        return iec_reserved(u) ? IOMMU_QUEUE_RESERVED : 0;
    case IOMMU_WAIT:
        return wait_reserved(u) ? IOMMU_QUEUE_RESERVED : 0;
    default:
        return IOMMU_QUEUE_TYPE;
    }
}

static void execute(struct iommu *u, struct iommu_out *out)
{
    enum iommu_queue_error error = error_of(u);

    if (error) {
        stop(u, error, out);
        return;
    }
    switch (u->descriptor[0] & TYPE) {
    case IOMMU_IEC_INVALIDATE:
        invalidate(u);
        break;
    case IOMMU_WAIT:
        wait(u, out);
        break;
    default:
        advance(u);
    }
}

/* ---- memory ---- */

struct iommu_access queue_access(const struct iommu *u)
{
    struct iommu_access a = {.kind = IOMMU_ACCESS_NONE};

    switch ((enum iommu_queue_state)u->queue_state) {
    case IOMMU_QUEUE_FETCHES:
        a.kind = IOMMU_ACCESS_READ;
        a.bytes = IOMMU_DESCRIPTOR_BYTES;
        a.addr = (u->reg[IOMMU_IQA] & ~(uint64_t)(IOMMU_PAGE_BYTES - 1)) +
                 u->reg[IOMMU_IQH];
        break;
    case IOMMU_QUEUE_WRITES_STATUS:
        a.kind = IOMMU_ACCESS_WRITE;
        a.bytes = 4;
        a.addr = u->descriptor[1];
        a.data[0] = u->descriptor[0] >> IOMMU_WAIT_DATA_SHIFT;
        break;
    default:
        break;
    }
    return a;
}

void queue_answer(struct iommu *u, const uint64_t *data, struct iommu_out *out)
{
    if (u->queue_state == IOMMU_QUEUE_WRITES_STATUS) {
        complete_wait(u, out);
    } else if (!data) {
        stop(u, IOMMU_QUEUE_FETCH, out);
    } else {
        u->descriptor[0] = data[0];
        u->descriptor[1] = data[1];
        execute(u, out);
    }
    queue_run(u, out);
}
