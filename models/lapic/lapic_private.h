/* What the C files of the local APIC share. */
#ifndef MODELS_LAPIC_LAPIC_PRIVATE_H
#define MODELS_LAPIC_LAPIC_PRIVATE_H

#include "models/lapic/lapic.h"

#define LVT_TIMER_MODE_SHIFT 17

/* One register; `count` 0: there is none at this offset. */
struct lapic_row {
    uint32_t offset, count;
    uint32_t reset, writable, reserved;
    uint8_t xapic, x2apic; /* enum lapic_access */
};

/* The row of the slot of 16 bytes at `offset`, as this part has it. */
struct lapic_row lapic_row(const struct lapic *l, uint32_t offset);

/* Every stored register gets its reset value. */
void lapic_reset_registers(struct lapic *l);

static inline bool lvt_masked(const struct lapic *l, enum lapic_lvt entry)
{
    return (l->lvt[entry] & LAPIC_LVT_MASKED) != 0;
}

static inline enum delivery_mode lvt_mode(const struct lapic *l,
                                          enum lapic_lvt entry)
{
    return (enum delivery_mode)(l->lvt[entry] >> 8 & 7);
}

/* Fills in the levels of the lines; the last act of every call. */
struct lapic_out lapic_levels(const struct lapic *l, struct lapic_out out);

/* Errors are recorded; the first since the last ESR write may interrupt. */
void lapic_raise_error(struct lapic *l, uint32_t bits, struct lapic_out *out);

/* An LVT entry's edge source fires. */
void lapic_fire(struct lapic *l, enum lapic_lvt entry, struct lapic_out *out);

/* LINT0 is accepted if it is an open level entry and the pin is active. */
void lapic_sample_lint0(struct lapic *l, struct lapic_out *out);

void lapic_eoi(struct lapic *l, struct lapic_out *out);

/* A write to ICR bits 31:0, which sends; to SELF IPI. */
void lapic_write_icr(struct lapic *l, uint32_t value, struct lapic_out *out);
void lapic_write_self_ipi(struct lapic *l, uint32_t value,
                          struct lapic_out *out);

uint32_t lapic_tmcct(const struct lapic *l, struct lapic_time now);
void lapic_write_tmict(struct lapic *l, uint32_t value, struct lapic_time now);
void lapic_write_dcr(struct lapic *l, uint32_t value, struct lapic_time now);
void lapic_set_timer_mode(struct lapic *l, enum lapic_timer_mode old);
enum lapic_timer_mode lapic_timer_mode(const struct lapic *l);
void lapic_write_tsc_deadline(struct lapic *l, uint64_t value);

#endif
