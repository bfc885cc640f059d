/* What the C files of the remapping unit share. */
#ifndef MODELS_IOMMU_IOMMU_PRIVATE_H
#define MODELS_IOMMU_IOMMU_PRIVATE_H

#include <stddef.h>

#include "models/iommu/iommu.h"
#include "sim/core/msg.h"

/* ---- the table, as SIRTP has latched it ---- */

static inline bool table_extended(const struct iommu *u)
{
    return (u->table & IOMMU_IRTA_EIME) != 0;
}

static inline uint32_t table_entries(const struct iommu *u)
{
    return UINT32_C(2) << (u->table & IOMMU_IRTA_SIZE);
}

static inline uint64_t table_base(const struct iommu *u)
{
    return u->table & ~(uint64_t)(IOMMU_PAGE_BYTES - 1);
}

static inline bool gsts_has(const struct iommu *u, uint32_t bit)
{
    return (u->reg[IOMMU_GSTS] & bit) != 0;
}

/* ---- iommu_entry.c: what entries and descriptors say ---- */

/* The fault of a present entry that is used by this source, or none. */
enum iommu_fault entry_fault(const struct iommu *u, const struct iommu_entry *e,
                             uint16_t sid);

static inline bool entry_posted(const struct iommu_entry *e)
{
    return (e->low & IOMMU_IRTE_IM) != 0;
}

static inline uint8_t entry_vector(const struct iommu_entry *e)
{
    return (uint8_t)(e->low >> IOMMU_IRTE_VECTOR_SHIFT);
}

void entry_message(const struct iommu *u, const struct iommu_entry *e,
                   struct iommu_message *m);
uint64_t entry_descriptor(const struct iommu_entry *e);

bool line_reserved(const struct iommu *u, const uint64_t *line);

/* Posts into the line: true if a notification is due. */
bool line_post(const struct iommu_entry *e, uint64_t *line);
void line_message(const struct iommu *u, const uint64_t *line,
                  struct iommu_message *m);

/* ---- iommu_cache.c: the interrupt-entry cache ---- */

/* The entry, or NULL. */
const struct iommu_entry *cache_find(const struct iommu *u, uint32_t index);
void cache_fill(struct iommu *u, uint32_t index, const struct iommu_entry *e);
void cache_invalidate_all(struct iommu *u);

/* Those with (index >> mask) == (first >> mask). */
void cache_invalidate(struct iommu *u, uint32_t first, unsigned mask);
const char *cache_check(const struct iommu *u);

/* ---- iommu_fault.c: records and events ---- */

/* True if the fault has a record. */
bool fault_record(struct iommu *u, enum iommu_fault reason,
                  struct iommu_out *out);
uint32_t fault_status(const struct iommu *u);

/* Sets a bit of FSTS, which raises the fault event unless a cause is pending
 * already. */
void fault_raise(struct iommu *u, uint32_t cause, struct iommu_out *out);

/* Software has cleared causes: without any the event is pending no more. */
void fault_cleared(struct iommu *u);

/* An event is due: it is sent, or pending because it is masked. */
void event_raise(struct iommu *u, enum iommu_event e, struct iommu_out *out);

/* Software has written the event's control register. */
void event_controlled(struct iommu *u, enum iommu_event e,
                      struct iommu_out *out);

/* ---- iommu_queue.c: the invalidation queue ---- */

/* QIE changes.  False: it stays, as the queue is in use. */
bool queue_enable(struct iommu *u, bool enable);
void queue_tail_written(struct iommu *u);

/* The queue goes as far as it can without memory. */
void queue_run(struct iommu *u, struct iommu_out *out);
struct iommu_access queue_access(const struct iommu *u);
void queue_answer(struct iommu *u, const uint64_t *data, struct iommu_out *out);

/* ---- iommu_access.c: registers, and commands through them ---- */

void registers_reset(struct iommu *u);

/* A command that waited is carried out. */
void command_run(struct iommu *u, struct iommu_out *out);

#endif
