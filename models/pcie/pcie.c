/*
 * How a function signals an interrupt: INTx, MSI or MSI-X, masking with its
 * pending bits, moderation in front of them.
 *
 * A cause is told by a message once the message is sent (the device clears it
 * then by itself); until then it is the condition that INTx shows.
 */
#include "models/pcie/pcie.h"

#include <assert.h>
#include <stddef.h>

#include "models/pcie/intx.h"
#include "models/pcie/pcie_regs.h"

const struct pcie_entry_row pcie_entry_row[PCIE_ENTRY_COUNT] = {
#define ENTRY(name, offset, reset, writable, title) {reset, writable, title},
#include "models/pcie/pcie_regs.def"
};

#define MSI_FEATURES                                                           \
    (PCIE_MSI_64BIT | PCIE_MSI_MASKING | PCIE_MSI_EXTENDED_CAPABLE)

static bool power_of_two(unsigned n)
{
    return (n & (n - 1)) == 0;
}

void pcie_init(struct pcie *p, const struct pcie_build *build)
{
    assert(build->msix_vectors <= PCIE_VECTORS);
    assert(build->msi_vectors <= PCIE_VECTORS);
    assert(power_of_two(build->msi_vectors));
    assert(!(build->msi_features & ~MSI_FEATURES));
    assert(build->interrupt_pin < INTX_PINS);
    *p = (struct pcie){.build = *build};
    pcie_config_reset(p);
    for (unsigned v = 0; v < PCIE_VECTORS; v++)
        for (unsigned w = 0; w < PCIE_ENTRY_COUNT; w++)
            p->entry[v][w] = pcie_entry_row[w].reset;
}

enum pcie_mode pcie_mode(const struct pcie *p)
{
    if (p->reg[PCIE_MSIX_CONTROL] & PCIE_MSIX_ENABLE)
        return PCIE_MSIX;
    return p->reg[PCIE_MSI_CONTROL] & PCIE_MSI_ENABLE ? PCIE_MSI : PCIE_INTX;
}

bool pcie_bus_master(const struct pcie *p)
{
    return p->reg[PCIE_COMMAND] & PCIE_COMMAND_BUS_MASTER;
}

/* How many vectors the causes share now. */
static unsigned vectors(const struct pcie *p)
{
    return pcie_mode(p) == PCIE_MSIX ? p->build.msix_vectors
                                     : pcie_msi_granted(p);
}

static uint32_t *pending_of(struct pcie *p)
{
    return pcie_mode(p) == PCIE_MSIX ? &p->msix_pending
                                     : &p->reg[PCIE_MSI_PENDING];
}

/* Which of n vectors cause k has: most often there is one for each cause, and
 * nothing to divide. */
static unsigned vector_of(unsigned k, unsigned n)
{
    return k < n ? k : k % n;
}

/* The active causes whose vector of n is in this set. */
static uint32_t active(const struct pcie *p, uint32_t of, unsigned n)
{
    uint32_t causes = 0;

    for (uint32_t rest = p->condition; rest; rest &= rest - 1) {
        unsigned k = (unsigned)__builtin_ctz(rest);

        causes |= (of >> vector_of(k, n) & 1) << k;
    }
    return causes;
}

static bool masked(const struct pcie *p, unsigned v)
{
    if (pcie_mode(p) == PCIE_MSI)
        return (p->reg[PCIE_MSI_MASK] >> v) & 1;
    return (p->reg[PCIE_MSIX_CONTROL] & PCIE_MSIX_FUNCTION_MASK) ||
           (p->entry[v][PCIE_ENTRY_VECTOR_CONTROL] & PCIE_VECTOR_MASKED);
}

bool pcie_intx(const struct pcie *p)
{
    return p->condition && pcie_mode(p) == PCIE_INTX &&
           !(p->reg[PCIE_COMMAND] & PCIE_COMMAND_INTX_DISABLE);
}

/* Pending vectors that nothing keeps from being sent. */
static uint32_t sendable(const struct pcie *p, uint32_t pending)
{
    uint32_t send = 0;

    if (pcie_mode(p) == PCIE_INTX || !pcie_bus_master(p))
        return 0;
    for (uint32_t rest = pending; rest; rest &= rest - 1) {
        unsigned v = (unsigned)__builtin_ctz(rest);

        if (!masked(p, v))
            send |= UINT32_C(1) << v;
    }
    return send;
}

struct pcie_out pcie_settle(struct pcie *p)
{
    uint32_t *pending = pending_of(p);
    struct pcie_out out = {.send = sendable(p, *pending)};

    if (!out.send)
        return out;
    *pending &= ~out.send;
    out.told = active(p, out.send, vectors(p));
    p->condition &= ~out.told;
    return out;
}

/* Past moderation: a message, or a pending bit. */
static struct pcie_out signal_cause(struct pcie *p, unsigned k)
{
    bool is_message = pcie_mode(p) != PCIE_INTX; /* or the condition signals */
    struct pcie_out out;

    if (is_message && pcie_bus_master(p))
        *pending_of(p) |= UINT32_C(1) << vector_of(k, vectors(p));
    out = pcie_settle(p);
    /* also if it was masked or lost: the counter cannot know */
    if (is_message && p->interval[k])
        out.start |= pcie_load_counter(p, k, p->interval[k]);
    return out;
}

struct pcie_out pcie_cause(struct pcie *p, unsigned k)
{
    uint32_t cause = UINT32_C(1) << k;

    assert(k < PCIE_VECTORS);
    p->condition |= cause;
    if (!(p->running & cause))
        return signal_cause(p, k);
    p->wanted |= cause;
    return pcie_settle(p);
}

/* Cause k is gone: its vector of n stays pending for others only. */
static uint32_t pending_without(const struct pcie *p, uint32_t pending,
                                unsigned k, unsigned n)
{
    if (n == 0 || active(p, UINT32_C(1) << vector_of(k, n), n))
        return pending;
    return pending & ~(UINT32_C(1) << vector_of(k, n));
}

struct pcie_out pcie_cause_gone(struct pcie *p, unsigned k)
{
    assert(k < PCIE_VECTORS);
    p->condition &= ~(UINT32_C(1) << k);
    p->wanted &= ~(UINT32_C(1) << k);
    p->msix_pending =
        pending_without(p, p->msix_pending, k, p->build.msix_vectors);
    p->reg[PCIE_MSI_PENDING] =
        pending_without(p, p->reg[PCIE_MSI_PENDING], k, pcie_msi_granted(p));
    return pcie_settle(p);
}

struct pcie_out pcie_interval_over(struct pcie *p, unsigned k)
{
    uint32_t cause = UINT32_C(1) << k;
    bool wanted = p->wanted & cause;

    p->running &= ~cause;
    p->wanted &= ~cause;
    return wanted ? signal_cause(p, k) : pcie_settle(p);
}

/* The vector's number replaces the low bits of the data. */
static uint32_t msi_data(const struct pcie *p, unsigned v)
{
    uint32_t low = pcie_msi_granted(p) - 1;
    uint32_t data = (p->reg[PCIE_MSI_DATA] & ~low) | v;

    if (p->reg[PCIE_MSI_CONTROL] & PCIE_MSI_EXTENDED_ENABLE)
        data |= p->reg[PCIE_MSI_EXTENDED_DATA] << 16;
    return data;
}

struct pcie_message pcie_message(const struct pcie *p, unsigned v)
{
    const uint32_t *entry = p->entry[v];

    if (pcie_mode(p) == PCIE_MSIX)
        return (struct pcie_message){(uint64_t)entry[PCIE_ENTRY_UPPER_ADDRESS]
                                             << 32 |
                                         entry[PCIE_ENTRY_ADDRESS],
                                     entry[PCIE_ENTRY_DATA]};
    return (struct pcie_message){(uint64_t)p->reg[PCIE_MSI_UPPER_ADDRESS]
                                         << 32 |
                                     p->reg[PCIE_MSI_ADDRESS],
                                 msi_data(p, v)};
}

/* A doubleword of the table, or of the pending bit array behind it. */
static uint32_t msix_dword(const struct pcie *p, uint32_t offset)
{
    uint32_t at = offset - PCIE_MSIX_TABLE_AT;
    uint32_t end = PCIE_MSIX_ENTRY_BYTES * p->build.msix_vectors;

    if (offset == PCIE_MSIX_PBA_AT)
        return p->msix_pending;
    if (offset < PCIE_MSIX_TABLE_AT || at >= end)
        return 0;
    return p->entry[at / PCIE_MSIX_ENTRY_BYTES][at / 4 % PCIE_ENTRY_COUNT];
}

uint64_t pcie_msix_read(const struct pcie *p, uint32_t offset, unsigned bytes)
{
    uint64_t value = 0;

    assert(bytes <= 8);
    for (unsigned i = 0; i < bytes; i++) {
        uint32_t at = offset + i;
        uint64_t byte = (msix_dword(p, at & ~3u) >> (8 * (at % 4))) & 0xff;

        value |= byte << (8 * i);
    }
    return value;
}

static void dword_write(struct pcie *p, uint32_t offset, uint32_t value)
{
    uint32_t at = offset - PCIE_MSIX_TABLE_AT;
    uint32_t word = at / 4 % PCIE_ENTRY_COUNT;
    uint32_t end = PCIE_MSIX_ENTRY_BYTES * p->build.msix_vectors;

    if (offset < PCIE_MSIX_TABLE_AT || at >= end)
        return;
    p->entry[at / PCIE_MSIX_ENTRY_BYTES][word] =
        value & pcie_entry_row[word].writable;
}

struct pcie_out pcie_msix_write(struct pcie *p, uint32_t offset, unsigned bytes,
                                uint64_t value)
{
    if ((bytes == 4 || bytes == 8) && offset % bytes == 0)
        for (unsigned i = 0; i < bytes; i += 4)
            dword_write(p, offset + i, (uint32_t)(value >> (8 * i)));
    return pcie_settle(p);
}

unsigned pcie_owed(const struct pcie *p)
{
    if (!(p->wanted | p->msix_pending | p->reg[PCIE_MSI_PENDING]))
        return 0;
    return (unsigned)(__builtin_popcount(p->wanted) +
                      __builtin_popcount(p->msix_pending) +
                      __builtin_popcount(p->reg[PCIE_MSI_PENDING]));
}

const char *pcie_check(const struct pcie *p)
{
    uint32_t pending =
        pcie_mode(p) == PCIE_MSIX ? p->msix_pending : p->reg[PCIE_MSI_PENDING];

    if (p->msix_pending & ~pcie_low_bits(p->build.msix_vectors))
        return "an MSI-X entry that does not exist is pending";
    if (p->reg[PCIE_MSI_PENDING] & ~pcie_low_bits(pcie_msi_granted(p)))
        return "an MSI vector that was not granted is pending";
    if (p->build.msi_vectors && pcie_msi_granted(p) > p->build.msi_vectors)
        return "more MSI vectors are granted than asked for";
    if (p->wanted & ~p->running)
        return "moderation holds a cause whose interval does not run";
    for (uint32_t rest = p->running; rest; rest &= rest - 1)
        if (!p->loaded[__builtin_ctz(rest)])
            return "an interval runs that has no length";
    if (sendable(p, pending))
        return "a message is pending that could be sent";
    return NULL;
}
