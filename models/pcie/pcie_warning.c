/* Which rule an access breaks. */
#include "models/pcie/pcie_warning.h"

#include "models/pcie/pcie_regs.h"

/* Multiple Message Enable, bits 6:4 of Message Control. */
static bool grants_too_many(const struct pcie *p, const struct pcie_access *a)
{
    uint32_t control = p->reg[PCIE_MSI_CONTROL];

    return a->offset == PCIE_AT_MSI_CONTROL &&
           (a->value >> PCIE_MSI_MME_SHIFT & 7) >
               (control >> PCIE_MSI_MMC_SHIFT & 7);
}

/* The write leaves MSI and MSI-X enabled, and one of them was not. */
static bool enables_both(const struct pcie *p, const struct pcie_access *a)
{
    struct pcie after = *p;
    bool both = p->reg[PCIE_MSI_CONTROL] & PCIE_MSI_ENABLE &&
                p->reg[PCIE_MSIX_CONTROL] & PCIE_MSIX_ENABLE;

    pcie_config_write(&after, a->offset, a->bytes, (uint32_t)a->value);
    return !both && after.reg[PCIE_MSI_CONTROL] & PCIE_MSI_ENABLE &&
           after.reg[PCIE_MSIX_CONTROL] & PCIE_MSIX_ENABLE;
}

enum pcie_warning pcie_config_warning(const struct pcie *p,
                                      const struct pcie_access *a)
{
    bool writable = false;

    if (a->bytes == 3 || a->offset % a->bytes)
        return PCIE_WARNING_CONFIG_WIDTH;
    if (!a->write)
        return PCIE_WARNING_NONE;
    for (unsigned i = 0; i < a->bytes; i++)
        writable |= pcie_config_writable(p, a->offset + i);
    if (!writable)
        return PCIE_WARNING_CONFIG_READ_ONLY;
    if (grants_too_many(p, a))
        return PCIE_WARNING_GRANTED;
    return enables_both(p, a) ? PCIE_WARNING_BOTH_ENABLED : PCIE_WARNING_NONE;
}

/* The entry of the table at an offset, or the number of entries. */
static uint32_t entry_at(const struct pcie *p, uint32_t offset)
{
    uint32_t entry = (offset - PCIE_MSIX_TABLE_AT) / PCIE_MSIX_ENTRY_BYTES;

    return offset >= PCIE_MSIX_TABLE_AT && entry < p->build.msix_vectors
               ? entry
               : p->build.msix_vectors;
}

static bool in_pba(const struct pcie *p, uint32_t offset)
{
    return p->build.msix_vectors && offset >= PCIE_MSIX_PBA_AT &&
           offset < PCIE_MSIX_PBA_AT + 8;
}

/* Address or data of an entry that nothing masks; it may be masked by the
 * same write only after them. */
static bool changes_unmasked(const struct pcie *p, const struct pcie_access *a)
{
    uint32_t entry = entry_at(p, a->offset);
    uint32_t at = (a->offset - PCIE_MSIX_TABLE_AT) % PCIE_MSIX_ENTRY_BYTES;

    return pcie_mode(p) == PCIE_MSIX && at < 4 * PCIE_ENTRY_VECTOR_CONTROL &&
           !(p->reg[PCIE_MSIX_CONTROL] & PCIE_MSIX_FUNCTION_MASK) &&
           !(p->entry[entry][PCIE_ENTRY_VECTOR_CONTROL] & PCIE_VECTOR_MASKED);
}

enum pcie_warning pcie_msix_warning(const struct pcie *p,
                                    const struct pcie_access *a)
{
    bool in_table = entry_at(p, a->offset) < p->build.msix_vectors;

    if (!in_table && !in_pba(p, a->offset))
        return PCIE_WARNING_BAR_HOLE;
    if (!pcie_bar_aligned(a))
        return PCIE_WARNING_BAR_WIDTH;
    if (a->write && !in_table)
        return PCIE_WARNING_PBA_WRITE;
    if (a->write && changes_unmasked(p, a))
        return PCIE_WARNING_UNMASKED;
    return PCIE_WARNING_NONE;
}

const char *pcie_warning_name(enum pcie_warning warning)
{
    static const char *const name[] = {
        "none",
#define WARNING(name, text, rule) text,
#include "models/pcie/pcie_warnings.def"
#undef WARNING
    };

    return name[warning];
}
