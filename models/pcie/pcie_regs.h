/*
 * What the files of this model and its register walk share: the register
 * table, and the step that ends each call.  Not for users of the model.
 */
#ifndef MODELS_PCIE_PCIE_REGS_H
#define MODELS_PCIE_PCIE_REGS_H

#include "models/pcie/pcie.h"

enum pcie_part {
    PCIE_PART_HEADER,
    PCIE_PART_MSI,
    PCIE_PART_MSI_64BIT,
    PCIE_PART_MSI_EXTENDED,
    PCIE_PART_MSI_MASKING,
    PCIE_PART_MSIX,
};

struct pcie_reg_row {
    unsigned offset, bytes;
    uint32_t reset, writable;
    enum pcie_part part;
    const char *title;
};

struct pcie_entry_row {
    uint32_t reset, writable;
    const char *title;
};

extern const struct pcie_reg_row pcie_reg_row[PCIE_REG_COUNT];
extern const struct pcie_entry_row pcie_entry_row[PCIE_ENTRY_COUNT];

/* The n lowest bits, n at most 32. */
static inline uint32_t pcie_low_bits(unsigned n)
{
    return (uint32_t)((UINT64_C(1) << n) - 1);
}

/* Whether a byte of configuration space has a bit that software can write. */
bool pcie_config_writable(const struct pcie *p, unsigned offset);

void pcie_config_reset(struct pcie *p);

/* How many MSI vectors software has granted. */
unsigned pcie_msi_granted(const struct pcie *p);

/* Sends what is pending and not masked any more. */
struct pcie_out pcie_settle(struct pcie *p);

/* The counter of cause k runs from now on: what pcie_out.start says of it. */
uint32_t pcie_load_counter(struct pcie *p, unsigned k, sim_time time);

#endif
