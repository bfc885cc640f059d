/* The adapter's registers in BAR 0, and who has the rest of it. */
#include "models/pcie/nic_node_regs.h"

#include <assert.h>

#include "models/pcie/nic_node_queue.h"

const struct nic_reg_row nic_reg_row[NIC_REG_COUNT] = {
#define REG(name, offset, count, reset, writable, access, title)               \
    {offset, count, reset, writable, NIC_##access, title},
#include "models/pcie/nic_regs.def"
#undef REG
};

/* A doubleword: number k of a register, or of NIC_REG_COUNT: there is none. */
struct place {
    enum nic_reg reg;
    unsigned k;
};

static struct place place_of(uint32_t offset)
{
    for (unsigned r = 0; r < NIC_REG_COUNT; r++) {
        const struct nic_reg_row *row = &nic_reg_row[r];

        if (offset >= row->offset && offset < row->offset + 4 * row->count)
            return (struct place){(enum nic_reg)r, (offset - row->offset) / 4};
    }
    return (struct place){.reg = NIC_REG_COUNT};
}

static void clear_causes(struct nic_node *n, uint32_t causes)
{
    for (uint32_t rest = causes; rest; rest &= rest - 1)
        pcie_node_cause_gone(&n->fn, (unsigned)__builtin_ctz(rest));
}

static void low_write(uint64_t *address, uint32_t value)
{
    *address = (*address & ~UINT64_C(0xffffffff)) | value;
}

static void high_write(uint64_t *address, uint32_t value)
{
    *address = (uint64_t)value << 32 | (uint32_t)*address;
}

static void dword_write(struct nic_node *n, uint32_t offset, uint32_t value)
{
    struct place at = place_of(offset);

    switch (at.reg) {
    case NIC_TXDOORBELL:
        nic_node_doorbell(n, value);
        break;
    case NIC_TXWB:
        low_write(&n->txwb, value);
        break;
    case NIC_TXWB_UPPER:
        high_write(&n->txwb, value);
        break;
    case NIC_RXWB:
        low_write(&n->rxwb, value);
        break;
    case NIC_RXWB_UPPER:
        high_write(&n->rxwb, value);
        break;
    case NIC_CAUSE:
        clear_causes(n, value);
        break;
    case NIC_SERVED:
        nic_queues_served(n, value);
        break;
    case NIC_EITR:
        pcie_node_throttle_write(&n->fn, at.k, value);
        break;
    default:
        break; /* no register: writes have no effect */
    }
}

static uint32_t dword_read(const struct nic_node *n, uint32_t offset)
{
    struct place at = place_of(offset);

    switch (at.reg) {
    case NIC_TXWB:
        return (uint32_t)n->txwb;
    case NIC_TXWB_UPPER:
        return (uint32_t)(n->txwb >> 32);
    case NIC_RXWB:
        return (uint32_t)n->rxwb;
    case NIC_RXWB_UPPER:
        return (uint32_t)(n->rxwb >> 32);
    case NIC_CAUSE:
        return n->fn.pcie.condition;
    case NIC_EITR:
        return pcie_node_throttle_read(&n->fn, at.k);
    default:
        return 0;
    }
}

static enum pcie_warning warning_of(const struct pcie_access *a)
{
    if (place_of(a->offset).reg == NIC_REG_COUNT)
        return PCIE_WARNING_BAR_HOLE;
    return pcie_bar_aligned(a) ? PCIE_WARNING_NONE : PCIE_WARNING_BAR_WIDTH;
}

/* The function's part of BAR 0, and what is a hole in it: not the adapter's. */
static bool is_functions(uint32_t offset)
{
    return offset >= NIC_REG_MSIX_TABLE &&
           place_of(offset).reg == NIC_REG_COUNT;
}

uint64_t nic_node_read(struct nic_node *n, uint32_t offset, unsigned bytes)
{
    struct pcie_access a = {.offset = offset, .bytes = bytes};
    uint64_t value = 0;

    assert(offset < NIC_BAR_BYTES);
    if (is_functions(offset))
        return pcie_node_msix_read(&n->fn, offset, bytes);
    n->fn.warnings[warning_of(&a)]++;
    for (unsigned i = 0; i < bytes; i++) {
        uint32_t at = offset + i;
        uint64_t byte = (dword_read(n, at & ~3u) >> (8 * (at % 4))) & 0xff;

        value |= byte << (8 * i);
    }
    return value;
}

void nic_node_write(struct nic_node *n, uint32_t offset, unsigned bytes,
                    uint64_t value)
{
    struct pcie_access a = {.offset = offset, .bytes = bytes};

    assert(offset < NIC_BAR_BYTES);
    if (is_functions(offset)) {
        pcie_node_msix_write(&n->fn, offset, bytes, value);
        return;
    }
    n->fn.warnings[warning_of(&a)]++;
    if (pcie_bar_aligned(&a))
        for (unsigned i = 0; i < bytes; i += 4)
            dword_write(n, offset + i, (uint32_t)(value >> (8 * i)));
}
