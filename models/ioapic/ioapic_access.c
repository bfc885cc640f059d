/* The I/O APIC's registers as software sees them. */
#include <assert.h>
#include <stddef.h>

#include "models/ioapic/ioapic_private.h"

#define DIRECT_STEP 0x10u
#define DIRECT_REGISTERS 5u /* that the table can describe */

/* A register in the page; of an offset without one `bytes` is 0. */
struct direct_row {
    uint8_t bytes, since, access;
};

static const struct direct_row direct_rows[DIRECT_REGISTERS] = {
#define DIRECT(name, offset, since, access, title)                             \
    [(offset) / DIRECT_STEP] = {4, since, IOAPIC_ACCESS_##access},
#define REG(name, index, step, since, reset, writable, access, title)
#define OPTION(name, from, bits)
#include "models/ioapic/ioapic_regs.def"
#undef DIRECT
#undef REG
#undef OPTION
};

/* A register behind the window. */
struct row {
    uint8_t index, step, since, access;
    uint32_t reset, writable;
};

static const struct row rows[] = {
#define DIRECT(name, offset, since, access, title)
#define REG(name, index, step, since, reset, writable, access, title)          \
    {index, step, since, IOAPIC_ACCESS_##access, reset, writable},
#define OPTION(name, from, bits)
#include "models/ioapic/ioapic_regs.def"
#undef DIRECT
#undef REG
#undef OPTION
};

#define ROWS (sizeof rows / sizeof rows[0])

/* ---- behind the window ---- */

/* Whether `index` belongs to the row, for a pin that the part has. */
static bool covers(const struct ioapic *io, const struct row *row,
                   unsigned index)
{
    unsigned past = index - row->index;

    if (index < row->index || !ioapic_since(io, row->since))
        return false;
    if (!row->step)
        return past == 0;
    return past % row->step == 0 && past / row->step < io->config.pins;
}

/* The register at an index, or NULL. */
static const struct row *row_at(const struct ioapic *io, unsigned index)
{
    for (size_t i = 0; i < ROWS; i++)
        if (covers(io, &rows[i], index))
            return &rows[i];
    return NULL;
}

static unsigned pin_of(const struct row *row, unsigned index)
{
    return (index - row->index) / row->step;
}

/* Bits that this part stores. */
static uint32_t writable(const struct ioapic *io, const struct row *row)
{
    uint32_t missing = 0;

#define DIRECT(name, offset, since, access, title)
#define REG(name, index, step, since, reset, writable, access, title)
#define OPTION(name, from, bits)                                               \
    if (row->index == IOAPIC_AT_##name && !ioapic_since(io, from))             \
        missing = (bits);
#include "models/ioapic/ioapic_regs.def"
#undef DIRECT
#undef REG
#undef OPTION
    return row->writable & ~missing;
}

void ioapic_reset_registers(struct ioapic *io)
{
    uint32_t low = row_at(io, IOAPIC_AT_RTE_LOW)->reset;
    uint64_t high = row_at(io, IOAPIC_AT_RTE_HIGH)->reset;

    io->select = 0;
    io->id = row_at(io, IOAPIC_AT_ID)->reset;
    for (unsigned pin = 0; pin < io->config.pins; pin++)
        io->rte[pin] = high << 32 | low;
}

static uint32_t read_indirect(const struct ioapic *io)
{
    const struct row *row = row_at(io, io->select);

    if (!row)
        return 0;
    switch (row->index) {
    case IOAPIC_AT_ID:
    case IOAPIC_AT_ARB: /* takes the ID whenever that is written */
        return io->id;
    case IOAPIC_AT_VERSION:
        return (io->config.pins - 1) << 16 | io->config.version;
    case IOAPIC_AT_RTE_LOW:
        return (uint32_t)io->rte[pin_of(row, io->select)];
    case IOAPIC_AT_RTE_HIGH:
        return (uint32_t)(io->rte[pin_of(row, io->select)] >> 32);
    default:
        return row->reset;
    }
}

static struct ioapic_out warn(enum ioapic_warning warning)
{
    return (struct ioapic_out){.warning = (uint8_t)warning};
}

static struct ioapic_out write_indirect(struct ioapic *io, uint32_t value)
{
    const struct row *row = row_at(io, io->select);

    if (!row)
        return warn(IOAPIC_WARNING_INDEX);
    if (row->access == IOAPIC_ACCESS_RO)
        return warn(IOAPIC_WARNING_READ_ONLY);
    value &= writable(io, row);
    switch (row->index) {
    case IOAPIC_AT_ID:
        io->id = value;
        break;
    case IOAPIC_AT_RTE_LOW:
        return ioapic_rte_write_low(io, pin_of(row, io->select), value);
    case IOAPIC_AT_RTE_HIGH:
        return ioapic_rte_write_high(io, pin_of(row, io->select), value);
    default:
        break;
    }
    return warn(IOAPIC_WARNING_NONE);
}

/* ---- in the page ---- */

/* The register whose first byte is at `offset`, or a row without bytes. */
static struct direct_row direct_at(const struct ioapic *io, uint32_t offset)
{
    struct direct_row none = {0};
    uint32_t i = offset / DIRECT_STEP;

    if (offset % DIRECT_STEP || i >= DIRECT_REGISTERS ||
        !ioapic_since(io, direct_rows[i].since))
        return none;
    if (offset == IOAPIC_PIN_ASSERTION &&
        !(io->config.version & IOAPIC_VERSION_PRQ))
        return none;
    return direct_rows[i];
}

/* Four aligned bytes of the page. */
static uint32_t read_direct(const struct ioapic *io, uint32_t offset)
{
    if (offset == IOAPIC_IOREGSEL)
        return io->select;
    return offset == IOAPIC_IOWIN ? read_indirect(io) : 0;
}

static enum ioapic_warning access_warning(const struct ioapic *io,
                                          const struct ioapic_mmio *a)
{
    if (!direct_at(io, a->offset & ~3u).bytes)
        return IOAPIC_WARNING_HOLE;
    if (a->bytes != 4 || a->offset % 4)
        return IOAPIC_WARNING_WIDTH;
    return IOAPIC_WARNING_NONE;
}

struct ioapic_out ioapic_read(const struct ioapic *io, struct ioapic_mmio *a)
{
    uint32_t aligned = a->offset & ~3u;
    uint64_t both =
        (uint64_t)read_direct(io, aligned + 4) << 32 | read_direct(io, aligned);
    enum ioapic_warning warning = access_warning(io, a);

    assert(a->bytes && a->bytes <= 8);
    a->value = both >> 8 * (a->offset % 4) & ~UINT64_C(0) >> 8 * (8 - a->bytes);
    if (warning)
        return warn(warning);
    if (direct_at(io, a->offset).access == IOAPIC_ACCESS_WO)
        return warn(IOAPIC_WARNING_WRITE_ONLY);
    if (a->offset == IOAPIC_IOWIN && !row_at(io, io->select))
        return warn(IOAPIC_WARNING_INDEX);
    return warn(IOAPIC_WARNING_NONE);
}

/* IOREGSEL and EOI are registers of one byte: it may come alone. */
static struct ioapic_out write_direct(struct ioapic *io,
                                      const struct ioapic_mmio *a)
{
    switch (a->offset) {
    case IOAPIC_IOREGSEL:
        io->select = (uint8_t)a->value;
        break;
    case IOAPIC_IOWIN:
        if (a->bytes == 4)
            return write_indirect(io, (uint32_t)a->value);
        break;
    case IOAPIC_EOI:
        return ioapic_eoi(io, (uint8_t)a->value);
    default:
        break;
    }
    return warn(IOAPIC_WARNING_NONE);
}

struct ioapic_out ioapic_write(struct ioapic *io, const struct ioapic_mmio *a)
{
    enum ioapic_warning warning = access_warning(io, a);
    struct ioapic_out out = {0};

    if (a->bytes <= 4 && direct_at(io, a->offset).bytes)
        out = write_direct(io, a);
    if (warning)
        out.warning = (uint8_t)warning;
    return out;
}
