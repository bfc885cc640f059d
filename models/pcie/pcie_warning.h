/*
 * What software does to a function that its manual tells it not to do: a
 * judgement of an access, before it is carried out.
 */
#ifndef MODELS_PCIE_PCIE_WARNING_H
#define MODELS_PCIE_PCIE_WARNING_H

#include "models/pcie/pcie.h"

enum pcie_warning {
    PCIE_WARNING_NONE,
#define WARNING(name, text, rule) PCIE_WARNING_##name,
#include "models/pcie/pcie_warnings.def"
#undef WARNING
    PCIE_WARNING_COUNT
};

struct pcie_access {
    uint32_t offset;
    unsigned bytes;
    bool write;
    uint64_t value;
};

enum pcie_warning pcie_config_warning(const struct pcie *p,
                                      const struct pcie_access *a);

/* MSI-X table and pending bit array. */
enum pcie_warning pcie_msix_warning(const struct pcie *p,
                                    const struct pcie_access *a);

/* An access to BAR 0 that is one aligned doubleword or quadword. */
static inline bool pcie_bar_aligned(const struct pcie_access *a)
{
    return (a->bytes == 4 || a->bytes == 8) && a->offset % a->bytes == 0;
}

/* As in "warnings.pcie.bar_hole.nic"; the rule in words. */
const char *pcie_warning_name(enum pcie_warning warning);

#endif
