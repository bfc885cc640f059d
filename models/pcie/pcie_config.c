/*
 * Configuration space of the function, register by register from the table.
 */
#include <assert.h>

#include "models/pcie/pcie_regs.h"

const struct pcie_reg_row pcie_reg_row[PCIE_REG_COUNT] = {
#define REG(name, offset, bytes, reset, writable, part, title)                 \
    {offset, bytes, reset, writable, PCIE_PART_##part, title},
#include "models/pcie/pcie_regs.def"
};

static bool present(const struct pcie *p, enum pcie_part part)
{
    bool msi = p->build.msi_vectors != 0;

    switch (part) {
    case PCIE_PART_MSI:
        return msi;
    case PCIE_PART_MSI_64BIT:
        return msi && (p->build.msi_features & PCIE_MSI_64BIT);
    case PCIE_PART_MSI_EXTENDED:
        return msi && (p->build.msi_features & PCIE_MSI_EXTENDED_CAPABLE);
    case PCIE_PART_MSI_MASKING:
        return msi && (p->build.msi_features & PCIE_MSI_MASKING);
    case PCIE_PART_MSIX:
        return p->build.msix_vectors != 0;
    default:
        return true;
    }
}

/* Without the upper address, what is behind it moves up. */
static bool behind_upper_address(unsigned r)
{
    return r == PCIE_MSI_DATA || r == PCIE_MSI_EXTENDED_DATA ||
           r == PCIE_MSI_MASK || r == PCIE_MSI_PENDING;
}

unsigned pcie_reg_at(const struct pcie *p, enum pcie_reg reg)
{
    const struct pcie_reg_row *row = &pcie_reg_row[reg];

    if (!present(p, row->part))
        return 0;
    if (behind_upper_address(reg) && !present(p, PCIE_PART_MSI_64BIT))
        return row->offset - pcie_reg_row[PCIE_MSI_UPPER_ADDRESS].bytes;
    return row->offset;
}

/* The register that a byte of configuration space belongs to, or
 * PCIE_REG_COUNT. */
static unsigned reg_of(const struct pcie *p, unsigned offset)
{
    for (unsigned r = 0; r < PCIE_REG_COUNT; r++) {
        const struct pcie_reg_row *row = &pcie_reg_row[r];
        unsigned at = pcie_reg_at(p, (enum pcie_reg)r);

        if (present(p, row->part) && offset >= at && offset < at + row->bytes)
            return r;
    }
    return PCIE_REG_COUNT;
}

static unsigned mmc(const struct pcie *p)
{
    return (p->reg[PCIE_MSI_CONTROL] >> PCIE_MSI_MMC_SHIFT) & 7;
}

static unsigned mme(const struct pcie *p)
{
    return (p->reg[PCIE_MSI_CONTROL] >> PCIE_MSI_MME_SHIFT) & 7;
}

unsigned pcie_msi_granted(const struct pcie *p)
{
    return 1u << mme(p);
}

static void link_capabilities(struct pcie *p)
{
    bool msi = p->build.msi_vectors, msix = p->build.msix_vectors;

    if (msi || msix)
        p->reg[PCIE_STATUS] |= PCIE_STATUS_CAPABILITIES;
    if (msix) {
        p->reg[PCIE_CAPABILITIES] = PCIE_AT_MSIX_ID;
        p->reg[PCIE_MSIX_CONTROL] |= p->build.msix_vectors - 1;
    }
    if (msi) {
        p->reg[PCIE_MSI_NEXT] = p->reg[PCIE_CAPABILITIES];
        p->reg[PCIE_CAPABILITIES] = PCIE_AT_MSI_ID;
        p->reg[PCIE_MSI_CONTROL] |=
            p->build.msi_features |
            (uint32_t)__builtin_ctz(p->build.msi_vectors) << PCIE_MSI_MMC_SHIFT;
    }
}

void pcie_config_reset(struct pcie *p)
{
    for (unsigned r = 0; r < PCIE_REG_COUNT; r++)
        if (present(p, pcie_reg_row[r].part))
            p->reg[r] = pcie_reg_row[r].reset;
    p->reg[PCIE_INTERRUPT_PIN] += p->build.interrupt_pin;
    link_capabilities(p);
}

static uint32_t reg_value(const struct pcie *p, unsigned r)
{
    /* shows the condition whatever the command register disables */
    if (r == PCIE_STATUS && p->condition)
        return p->reg[r] | PCIE_STATUS_INTERRUPT;
    return p->reg[r];
}

static uint32_t writable(const struct pcie *p, unsigned r)
{
    if (r == PCIE_MSI_MASK)
        return pcie_low_bits(p->build.msi_vectors);
    if (r == PCIE_MSI_CONTROL && present(p, PCIE_PART_MSI_EXTENDED))
        return pcie_reg_row[r].writable | PCIE_MSI_EXTENDED_ENABLE;
    return pcie_reg_row[r].writable;
}

bool pcie_config_writable(const struct pcie *p, unsigned offset)
{
    unsigned r = reg_of(p, offset);

    return r != PCIE_REG_COUNT &&
           writable(p, r) >> 8 * (offset - pcie_reg_at(p, (enum pcie_reg)r)) &
               0xff;
}

uint32_t pcie_config_read(const struct pcie *p, unsigned offset, unsigned bytes)
{
    uint32_t value = 0;

    assert(bytes <= 4 && offset + bytes <= PCIE_CONFIG_BYTES);
    for (unsigned i = 0; i < bytes; i++) {
        unsigned r = reg_of(p, offset + i), shift;

        if (r == PCIE_REG_COUNT)
            continue;
        shift = 8 * (offset + i - pcie_reg_at(p, (enum pcie_reg)r));
        value |= ((reg_value(p, r) >> shift) & 0xff) << (8 * i);
    }
    return value;
}

static void byte_write(struct pcie *p, unsigned offset, uint32_t byte)
{
    unsigned r = reg_of(p, offset), shift;
    uint32_t mask;

    if (r == PCIE_REG_COUNT)
        return;
    shift = 8 * (offset - pcie_reg_at(p, (enum pcie_reg)r));
    mask = writable(p, r) & (UINT32_C(0xff) << shift);
    p->reg[r] = (p->reg[r] & ~mask) | ((byte << shift) & mask);
}

/* Software may not grant itself more vectors than the function asks for;
 * what was pending for vectors that are gone is gone as well. */
static void clamp_granted(struct pcie *p)
{
    if (mme(p) > mmc(p)) {
        p->reg[PCIE_MSI_CONTROL] &= ~(UINT32_C(7) << PCIE_MSI_MME_SHIFT);
        p->reg[PCIE_MSI_CONTROL] |= mmc(p) << PCIE_MSI_MME_SHIFT;
    }
    p->reg[PCIE_MSI_PENDING] &= pcie_low_bits(pcie_msi_granted(p));
}

struct pcie_out pcie_config_write(struct pcie *p, unsigned offset,
                                  unsigned bytes, uint32_t value)
{
    assert(bytes <= 4 && offset + bytes <= PCIE_CONFIG_BYTES);
    for (unsigned i = 0; i < bytes; i++)
        byte_write(p, offset + i, (value >> (8 * i)) & 0xff);
    clamp_granted(p);
    return pcie_settle(p);
}
