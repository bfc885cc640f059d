/* What the C files of the local APIC share. */
#ifndef MODELS_LAPIC_LAPIC_PRIVATE_H
#define MODELS_LAPIC_LAPIC_PRIVATE_H

#include "models/lapic/lapic.h"

#define LVT_TIMER_MODE_SHIFT 17

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

bool lapic_intr_line(const struct lapic *l);
bool lapic_extint_line(const struct lapic *l);

/* What became of an interrupt, and of the error interrupt that it set off. */
struct lapic_fates {
    struct lapic_taken taken, error;
};

#define LAPIC_NO_FATES ((struct lapic_fates){{0}, {0}})

/* The end of every call: what the world sees of the state now.  Its value is
 * passed on, never its address: a copy of bytes just stored would stall. */
static inline struct lapic_out lapic_seen(const struct lapic *l,
                                          struct lapic_fates fates)
{
    return (struct lapic_out){
        .intr = lapic_intr_line(l),
        .extint = lapic_extint_line(l),
        .taken = fates.taken,
        .error = fates.error,
    };
}

static inline struct lapic_out lapic_fault(const struct lapic *l)
{
    struct lapic_out out = lapic_seen(l, LAPIC_NO_FATES);

    out.gp = true;
    return out;
}

/* What the page allows at the register of an offset. */
enum lapic_access lapic_page_access(const struct lapic *l, uint32_t offset);

/* Errors are recorded; the first since the last ESR write may interrupt. */
struct lapic_taken lapic_raise_error(struct lapic *l, uint32_t bits);

/* An LVT entry's edge source fires. */
struct lapic_fates lapic_fire(struct lapic *l, enum lapic_lvt entry);

/* LINT0 is accepted if it is an open level entry and the pin is active. */
struct lapic_fates lapic_sample_lint0(struct lapic *l);

/* A write to ICR bits 31:0, which sends; to SELF IPI. */
struct lapic_out lapic_write_icr(struct lapic *l, uint32_t value);
struct lapic_out lapic_write_self_ipi(struct lapic *l, uint32_t value);

uint32_t lapic_tmcct(const struct lapic *l, struct lapic_time now);
void lapic_write_tmict(struct lapic *l, uint32_t value, struct lapic_time now);
void lapic_write_dcr(struct lapic *l, uint32_t value, struct lapic_time now);
void lapic_set_timer_mode(struct lapic *l, enum lapic_timer_mode old);
enum lapic_timer_mode lapic_timer_mode(const struct lapic *l);
void lapic_write_tsc_deadline(struct lapic *l, uint64_t value);

#endif
