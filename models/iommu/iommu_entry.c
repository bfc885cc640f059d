/* Table entries and posted-interrupt descriptors: their fields and checks. */
#include "models/iommu/iommu_private.h"

/* Bits h:l of a quadword. */
#define BITS(h, l) ((~UINT64_C(0) >> (63 - (h))) & ~((UINT64_C(1) << (l)) - 1))

#define CONTROL_WORD (PID_CONTROL / 8)

/* Reserved fields; places in bits 127:64 of an entry count from 64. */
#define REMAPPED_RESERVED_LOW (BITS(14, 12) | BITS(31, 24))
#define REMAPPED_RESERVED_HIGH BITS(127 - 64, 84 - 64)
#define DST_RESERVED (BITS(39, 32) | BITS(63, 48)) /* EIME = 0 */
#define POSTED_RESERVED_LOW (BITS(7, 2) | BITS(13, 12) | BITS(37, 24))
#define POSTED_RESERVED_HIGH BITS(95 - 64, 84 - 64)
#define PID_RESERVED (BITS(271 - 256, 258 - 256) | BITS(287 - 256, 280 - 256))
#define NDST_RESERVED (BITS(295 - 256, 288 - 256) | BITS(319 - 256, 304 - 256))

static uint8_t mode_of(const struct iommu_entry *e)
{
    return e->low >> IOMMU_IRTE_DLM_SHIFT & 7;
}

static bool remapped_invalid(const struct iommu *u, const struct iommu_entry *e)
{
    uint64_t reserved =
        REMAPPED_RESERVED_LOW | (table_extended(u) ? 0 : DST_RESERVED);

    return (e->low & reserved) || (e->high & REMAPPED_RESERVED_HIGH) ||
           mode_of(e) == DELIVERY_RESERVED3 || mode_of(e) == DELIVERY_SIPI;
}

static bool posted_invalid(const struct iommu *u, const struct iommu_entry *e)
{
    return !u->config.posting || (e->low & POSTED_RESERVED_LOW) ||
           (e->high & POSTED_RESERVED_HIGH);
}

/* "Source validation". */
static bool source_passes(const struct iommu_entry *e, uint16_t sid)
{
    static const uint16_t compared[] = {0xffff, 0xfffb, 0xfff9, 0xfff8};
    uint16_t own = (uint16_t)e->high;
    unsigned bus = sid >> 8;

    switch ((enum iommu_svt)(e->high >> IOMMU_IRTE_SVT_SHIFT & 3)) {
    case IOMMU_SVT_NONE:
        return true;
    case IOMMU_SVT_SID:
        return !((own ^ sid) & compared[e->high >> IOMMU_IRTE_SQ_SHIFT & 3]);
    case IOMMU_SVT_BUS:
        return own >> 8 <= bus && bus <= (own & 0xffu);
    default:
        return false;
    }
}

enum iommu_fault entry_fault(const struct iommu *u, const struct iommu_entry *e,
                             uint16_t sid)
{
    if (!(e->low & IOMMU_IRTE_P))
        return IOMMU_FAULT_ENTRY_NOT_PRESENT;
    if (entry_posted(e) ? posted_invalid(u, e) : remapped_invalid(u, e))
        return IOMMU_FAULT_ENTRY_INVALID;
    if (!source_passes(e, sid))
        return IOMMU_FAULT_SOURCE_REFUSED;
    return IOMMU_FAULT_NONE;
}

void entry_message(const struct iommu *u, const struct iommu_entry *e,
                   struct iommu_message *m)
{
    bool extended = table_extended(u);

    *m = (struct iommu_message){
        .dest = extended ? (uint32_t)(e->low >> IOMMU_IRTE_DST_SHIFT)
                         : (uint8_t)(e->low >> IOMMU_IRTE_DST8_SHIFT),
        .vector = entry_vector(e),
        .mode = mode_of(e),
        .logical = (e->low & IOMMU_IRTE_DM) != 0,
        .hint = (e->low & IOMMU_IRTE_RH) != 0,
        .level = (e->low & IOMMU_IRTE_TM) != 0,
        .dest8 = !extended,
    };
}

uint64_t entry_descriptor(const struct iommu_entry *e)
{
    return (e->low >> 32 & BITS(31, 6)) | (e->high & BITS(63, 32));
}

/* ---- posted-interrupt descriptors ---- */

bool line_reserved(const struct iommu *u, const uint64_t *line)
{
    uint64_t control = PID_RESERVED | (table_extended(u) ? 0 : NDST_RESERVED);
    uint64_t bits = line[CONTROL_WORD] & control;

    for (unsigned i = CONTROL_WORD + 1; i < IOMMU_LINE_WORDS; i++)
        bits |= line[i];
    return bits;
}

bool line_post(const struct iommu_entry *e, uint64_t *line)
{
    uint64_t *control = &line[CONTROL_WORD];
    bool urgent = (e->low & IOMMU_IRTE_URG) != 0;
    bool notify = !(*control & PID_ON) && (urgent || !(*control & PID_SN));

    line[entry_vector(e) / 64] |= UINT64_C(1) << entry_vector(e) % 64;
    if (notify)
        *control |= PID_ON;
    return notify;
}

void line_message(const struct iommu *u, const uint64_t *line,
                  struct iommu_message *m)
{
    uint64_t control = line[CONTROL_WORD];
    uint32_t ndst = pid_ndst(control);

    *m = (struct iommu_message){
        .dest = table_extended(u) ? ndst : ndst >> 8,
        .vector = pid_nv(control),
        .mode = DELIVERY_FIXED,
        .dest8 = !table_extended(u),
    };
}
