/* What the C files of the I/O APIC share. */
#ifndef MODELS_IOAPIC_IOAPIC_PRIVATE_H
#define MODELS_IOAPIC_IOAPIC_PRIVATE_H

#include "models/ioapic/ioapic.h"
#include "sim/core/msg.h"

static inline uint8_t rte_vector(const struct ioapic *io, unsigned pin)
{
    return (uint8_t)io->rte[pin];
}

static inline enum delivery_mode rte_mode(const struct ioapic *io, unsigned pin)
{
    return (enum delivery_mode)(io->rte[pin] >> IOAPIC_RTE_MODE_SHIFT & 7);
}

static inline bool rte_has(const struct ioapic *io, unsigned pin, uint32_t bit)
{
    return (io->rte[pin] & bit) != 0;
}

static inline bool mode_has_vector(enum delivery_mode mode)
{
    return mode == DELIVERY_FIXED || mode == DELIVERY_LOWEST;
}

static inline bool mode_reserved(enum delivery_mode mode)
{
    return mode == DELIVERY_RESERVED3 || mode == DELIVERY_SIPI;
}

/* Every stored register gets its reset value. */
void ioapic_reset_registers(struct ioapic *io);

/* Software has the new value of an entry's half. */
struct ioapic_out ioapic_rte_write_low(struct ioapic *io, unsigned pin,
                                       uint32_t value);
struct ioapic_out ioapic_rte_write_high(struct ioapic *io, unsigned pin,
                                        uint32_t value);

/* Whether the part is of this version (VERSION bits 7:0) or later. */
static inline bool ioapic_since(const struct ioapic *io, uint8_t version)
{
    return (uint8_t)io->config.version >= version;
}

#endif
