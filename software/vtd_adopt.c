/* Identity mapping of a system that ran before its hypervisor; see vtd.h. */
#include "models/ioapic/ioapic.h"
#include "software/vtd.h"

/* Compatibility format: addresses and data. */
#define LOGICAL (1u << 2)
#define REDIRECTION_HINT (1u << 3)
#define DESTINATION_SHIFT 12
#define MODE_SHIFT 8
#define LEVEL (1u << 15)

#define RTE_DESTINATION_SHIFT 56
#define MODE_MASK 7u

/* Messages of one source count in the low bits of the vector, whatever these
 * are in its data register. */
static struct vtd_target identity(const struct vtd_source *s)
{
    return (struct vtd_target){
        .apic_id = s->address >> DESTINATION_SHIFT & 0xff,
        .vector = (uint8_t)(s->data & ~(s->messages - 1)),
        .mode = s->data >> MODE_SHIFT & MODE_MASK,
        .level = s->data & LEVEL,
        .logical = s->address & LOGICAL,
        .redirectable = s->address & REDIRECTION_HINT,
        .checks_source = true,
        .sid = s->sid,
    };
}

uint32_t vtd_adopt(struct vtd *v, struct mem *m, const struct vtd_source *s)
{
    struct vtd_target same = identity(s);
    uint32_t index = vtd_place(v, m, &same, s->messages);

    return vtd_msi_address(index, s->messages > 1);
}

uint64_t vtd_adopt_rte(struct vtd *v, struct mem *m, uint64_t rte, uint16_t sid)
{
    const uint32_t kept =
        0xff | IOAPIC_RTE_ACTIVE_LOW | IOAPIC_RTE_LEVEL | IOAPIC_RTE_MASKED;
    struct vtd_target same = {
        .apic_id = (uint32_t)(rte >> RTE_DESTINATION_SHIFT),
        .vector = (uint8_t)rte,
        .mode = rte >> IOAPIC_RTE_MODE_SHIFT & MODE_MASK,
        .level = rte & IOAPIC_RTE_LEVEL,
        .logical = rte & IOAPIC_RTE_LOGICAL,
        .redirectable =
            (rte >> IOAPIC_RTE_MODE_SHIFT & MODE_MASK) == DELIVERY_LOWEST,
        .checks_source = true,
        .sid = sid,
    };
    uint64_t high = vtd_rte_high(vtd_place(v, m, &same, 1));

    return high << 32 | (rte & kept);
}

void vtd_end_compatibility(const struct vtd_registers *r)
{
    r->put(r->unit, IOMMU_AT_GCMD, 4, IOMMU_QIE | IOMMU_IRE);
}
