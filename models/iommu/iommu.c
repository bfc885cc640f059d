/* The remapping unit: from a request to its message, its post or its fault. */
#include "models/iommu/iommu.h"

#include <assert.h>
#include <string.h>

#include "models/iommu/iommu_private.h"

/* Addresses of requests. */
#define FORMAT_REMAPPABLE (1u << 4)
#define SUBHANDLE_VALID (1u << 3)
#define HANDLE_SHIFT 5
#define HANDLE_15_SHIFT 2
#define SUBHANDLE_RESERVED 0xffff0000u /* of the data, with SHV = 1 */

void iommu_init(struct iommu *u, const struct iommu_config *c)
{
    assert(c->faults && c->faults <= IOMMU_FAULTS_MAX);
    assert(c->ways <= IOMMU_WAYS_MAX && c->sets * c->ways <= IOMMU_CACHE_MAX);
    assert(!c->ways || (c->sets && !(c->sets & (c->sets - 1))));
    *u = (struct iommu){.config = *c, .queue_waited = true};
    registers_reset(u);
}

/* ---- the end of a request ---- */

/* What waited for the unit to be idle goes on. */
static void finish(struct iommu *u, struct iommu_out *out)
{
    u->state = IOMMU_IDLE;
    if (u->commanded)
        command_run(u, out);
    if (u->queue_runs)
        queue_run(u, out);
}

/* "Fault Processing Disable": it is looked at in an entry that is not present
 * too. */
static bool suppressed(const struct iommu *u, enum iommu_fault reason)
{
    switch (reason) {
#define FAULT(name, code, qualified, sentence)                                 \
    case IOMMU_FAULT_##name:                                                   \
        return (qualified) && (u->entry.low & IOMMU_IRTE_FPD);
#include "models/iommu/iommu_faults.def"
#undef FAULT
    default:
        return false;
    }
}

static void block(struct iommu *u, enum iommu_fault reason,
                  struct iommu_out *out)
{
    out->outcome = IOMMU_BLOCKED;
    out->fault = (uint8_t)reason;
    if (!suppressed(u, reason))
        out->recorded = fault_record(u, reason, out);
    finish(u, out);
}

static void end(struct iommu *u, enum iommu_outcome outcome,
                struct iommu_out *out)
{
    out->outcome = (uint8_t)outcome;
    finish(u, out);
}

/* ---- entries ---- */

/* `u->entry` is that of the request, and says what becomes of it. */
static void follow_entry(struct iommu *u, struct iommu_out *out)
{
    if (entry_posted(&u->entry)) {
        u->state = IOMMU_LOCKS_DESCRIPTOR;
        return;
    }
    entry_message(u, &u->entry, &out->message);
    end(u, IOMMU_REMAPPED, out);
}

/* An entry whose use is a fault is not cached; with caching mode one that is
 * not present is. */
static bool cacheable(const struct iommu *u, enum iommu_fault fault)
{
    return fault == IOMMU_FAULT_NONE ||
           (fault == IOMMU_FAULT_ENTRY_NOT_PRESENT && u->config.caching);
}

static void entry_read(struct iommu *u, const uint64_t *data,
                       struct iommu_out *out)
{
    enum iommu_fault fault;

    if (!data) {
        block(u, IOMMU_FAULT_ENTRY_READ_ERROR, out);
        return;
    }
    u->entry = (struct iommu_entry){data[0], data[1]};
    fault = entry_fault(u, &u->entry, u->request.sid);
    if (cacheable(u, fault))
        cache_fill(u, u->index, &u->entry);
    if (fault)
        block(u, fault, out);
    else
        follow_entry(u, out);
}

static void look_up(struct iommu *u, struct iommu_out *out)
{
    const struct iommu_entry *cached = cache_find(u, u->index);
    enum iommu_fault fault;

    out->lookup = cached ? IOMMU_HIT : IOMMU_MISS;
    if (!cached) {
        u->state = IOMMU_READS_ENTRY;
        return;
    }
    u->entry = *cached;
    fault = entry_fault(u, cached, u->request.sid);
    if (fault)
        block(u, fault, out);
    else
        follow_entry(u, out);
}

/* ---- posting ---- */

static void descriptor_locked(struct iommu *u, const uint64_t *data,
                              struct iommu_out *out)
{
    if (!data) {
        block(u, IOMMU_FAULT_DESCRIPTOR_ERROR, out);
        return;
    }
    memcpy(u->line, data, sizeof u->line);
    u->line_invalid = line_reserved(u, u->line);
    u->notify = !u->line_invalid && line_post(&u->entry, u->line);
    u->state = IOMMU_WRITES_DESCRIPTOR;
}

/* The line is in memory, and everybody sees it: now the notification. */
static void descriptor_written(struct iommu *u, struct iommu_out *out)
{
    if (u->line_invalid) {
        block(u, IOMMU_FAULT_DESCRIPTOR_INVALID, out);
        return;
    }
    out->descriptor = entry_descriptor(&u->entry);
    out->vector = entry_vector(&u->entry);
    out->notify = u->notify;
    line_message(u, u->line, &out->message);
    end(u, IOMMU_POSTED, out);
}

/* ---- requests ---- */

static uint32_t index_of(const struct iommu_request *r)
{
    uint32_t addr = (uint32_t)r->addr;
    uint32_t handle =
        (addr >> HANDLE_SHIFT & 0x7fff) | (addr >> HANDLE_15_SHIFT & 1) << 15;

    return handle + (addr & SUBHANDLE_VALID ? r->data & UINT16_MAX : 0);
}

static bool request_reserved(const struct iommu_request *r)
{
    return r->addr >> 32 ||
           ((r->addr & SUBHANDLE_VALID) && (r->data & SUBHANDLE_RESERVED));
}

static void remap(struct iommu *u, struct iommu_out *out)
{
    u->index = index_of(&u->request);
    if (request_reserved(&u->request))
        block(u, IOMMU_FAULT_REQUEST_RESERVED, out);
    else if (u->index >= table_entries(u))
        block(u, IOMMU_FAULT_INDEX_BEYOND_TABLE, out);
    else
        look_up(u, out);
}

void iommu_request(struct iommu *u, const struct iommu_request *r,
                   struct iommu_out *out)
{
    assert(iommu_idle(u));
    *out = (struct iommu_out){0};
    u->request = *r;
    if (r->bytes != 4)
        end(u, IOMMU_NOT_REQUEST, out);
    else if (!gsts_has(u, IOMMU_IRE))
        end(u, IOMMU_PASSED, out);
    else if (r->addr & FORMAT_REMAPPABLE)
        remap(u, out);
    else if (table_extended(u) || !gsts_has(u, IOMMU_CFI))
        block(u, IOMMU_FAULT_FORMAT_BLOCKED, out);
    else
        end(u, IOMMU_PASSED, out);
}

/* ---- memory ---- */

/* By the state of the request, and of the queue. */
static const enum iommu_access_kind request_access_kind[] = {
    [IOMMU_IDLE] = IOMMU_ACCESS_NONE,
    [IOMMU_READS_ENTRY] = IOMMU_ACCESS_READ,
    [IOMMU_LOCKS_DESCRIPTOR] = IOMMU_ACCESS_LOCK,
    [IOMMU_WRITES_DESCRIPTOR] = IOMMU_ACCESS_UNLOCK,
};
static const enum iommu_access_kind queue_access_kind[] = {
    [IOMMU_QUEUE_IDLE] = IOMMU_ACCESS_NONE,
    [IOMMU_QUEUE_FETCHES] = IOMMU_ACCESS_READ,
    [IOMMU_QUEUE_DRAINS] = IOMMU_ACCESS_NONE,
    [IOMMU_QUEUE_WRITES_STATUS] = IOMMU_ACCESS_WRITE,
};

enum iommu_access_kind iommu_wants(const struct iommu *u, enum iommu_port port)
{
    return port == IOMMU_PORT_REQUEST ? request_access_kind[u->state]
                                      : queue_access_kind[u->queue_state];
}

/* Each is made in its place: a copy of what was just written piece by piece
 * would cost more than the rest. */
static struct iommu_access request_access(const struct iommu *u)
{
    const uint64_t *l = u->line;

    if (u->state == IOMMU_IDLE)
        return (struct iommu_access){.kind = IOMMU_ACCESS_NONE};
    if (u->state == IOMMU_READS_ENTRY)
        return (struct iommu_access){.kind = IOMMU_ACCESS_READ,
                                     .bytes = sizeof u->entry,
                                     .addr = table_base(u) +
                                             sizeof u->entry * u->index};
    if (u->state == IOMMU_LOCKS_DESCRIPTOR)
        return (struct iommu_access){.kind = IOMMU_ACCESS_LOCK,
                                     .bytes = sizeof u->line,
                                     .addr = entry_descriptor(&u->entry)};
    return (struct iommu_access){
        .kind = IOMMU_ACCESS_UNLOCK,
        .bytes = sizeof u->line,
        .addr = entry_descriptor(&u->entry),
        .data = {l[0], l[1], l[2], l[3], l[4], l[5], l[6], l[7]}};
}

struct iommu_access iommu_access(const struct iommu *u, enum iommu_port port)
{
    return port == IOMMU_PORT_REQUEST ? request_access(u) : queue_access(u);
}

void iommu_answer(struct iommu *u, enum iommu_port port, const uint64_t *data,
                  struct iommu_out *out)
{
    assert(iommu_wants(u, port));
    *out = (struct iommu_out){0};
    if (port == IOMMU_PORT_QUEUE)
        queue_answer(u, data, out);
    else if (u->state == IOMMU_READS_ENTRY)
        entry_read(u, data, out);
    else if (u->state == IOMMU_LOCKS_DESCRIPTOR)
        descriptor_locked(u, data, out);
    else
        descriptor_written(u, out);
}

/* ---- words ---- */

const char *iommu_check(const struct iommu *u)
{
    if (u->next_record >= u->config.faults)
        return "the next fault record does not exist";
    if (iommu_idle(u) && (u->commanded || u->queue_state == IOMMU_QUEUE_DRAINS))
        return "something waits for a request that is not there";
    if (u->queue_state != IOMMU_QUEUE_IDLE && !u->queue_runs)
        return "the queue is at a descriptor but does not run";
    return cache_check(u);
}

const char *iommu_warning_name(enum iommu_warning warning)
{
    static const char *const name[] = {
        "none",
#define WARNING(name, text, rule) text,
#include "models/iommu/iommu_warnings.def"
#undef WARNING
    };

    return name[warning];
}
