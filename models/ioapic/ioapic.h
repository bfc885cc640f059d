/*
 * The I/O APIC: what it does.
 *
 * Modelled: the indirect register file with its access widths, redirection
 * table entries, edge and level pins with their polarity, remote IRR, the EOI
 * broadcast and the EOI register, the switch to edge that clears remote IRR,
 * messages in the form of memory writes, remappable entries included.
 * Left out: the serial APIC bus and its arbitration, the IRQ pin assertion
 * register (writes are ignored), the boot configuration (reads 0).
 *
 * A message takes three calls.  A call that finds a pin sendable marks it as
 * waiting and says so in its result; ioapic_take() turns to the lowest waiting
 * pin and gives its message; for a level-triggered one ioapic_answer() says
 * whether a local APIC took it.  Remote IRR is set then, not before; in between
 * the pin sends no second message.
 *
 * 82093AA data sheet, "I/O Redirection Table Registers"; SDM vol. 3, chapter
 * "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef MODELS_IOAPIC_IOAPIC_H
#define MODELS_IOAPIC_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/bits.h"
#include "sim/core/irq.h"

/* What VERSION bits 23:16 may say.  IOREGSEL reaches the first 120 entries;
 * the others stay masked. */
#define IOAPIC_PINS_MAX 240u

enum ioapic_direct {
#define DIRECT(name, offset, since, access, title) IOAPIC_##name = (offset),
#define REG(name, index, step, since, reset, writable, access, title)
#define OPTION(name, from, bits)
#include "models/ioapic/ioapic_regs.def"
#undef DIRECT
#undef REG
#undef OPTION
};

/* By their index; of the per-pin registers that of pin 0. */
enum ioapic_index {
#define DIRECT(name, offset, since, access, title)
#define REG(name, index, step, since, reset, writable, access, title)          \
    IOAPIC_AT_##name = (index),
#define OPTION(name, from, bits)
#include "models/ioapic/ioapic_regs.def"
#undef DIRECT
#undef REG
#undef OPTION
};

enum ioapic_access { IOAPIC_ACCESS_RO, IOAPIC_ACCESS_RW, IOAPIC_ACCESS_WO };

enum ioapic_warning {
    IOAPIC_WARNING_NONE,
#define WARNING(name, text, rule) IOAPIC_WARNING_##name,
#include "models/ioapic/ioapic_warnings.def"
#undef WARNING
    IOAPIC_WARNING_COUNT
};

/* Redirection table entry. */
#define IOAPIC_RTE_MODE_SHIFT 8 /* bits 10:8: enum delivery_mode */
#define IOAPIC_RTE_LOGICAL (1u << 11)
#define IOAPIC_RTE_ACTIVE_LOW (1u << 13)
#define IOAPIC_RTE_REMOTE_IRR (1u << 14)
#define IOAPIC_RTE_LEVEL (1u << 15)
#define IOAPIC_RTE_MASKED (1u << 16)

/* VERSION bit 15: the IRQ pin assertion register is there. */
#define IOAPIC_VERSION_PRQ 0x8000u

struct ioapic_config {
    unsigned pins;    /* 1 .. IOAPIC_PINS_MAX */
    uint16_t version; /* VERSION bits 15:0: 0x0011, 0x0020 or 0x8020 */
};

/* Sets of pins are vector sets: both count to 256. */
struct ioapic {
    struct ioapic_config config;
    uint8_t select; /* IOREGSEL */
    uint32_t id;    /* as the register reads */
    uint64_t rte[IOAPIC_PINS_MAX];
    struct vecset high;    /* electrical level of the pins */
    struct vecset waiting; /* a message is to be sent */
    struct vecset resend;  /* those of them that an EOI set off */
    struct vecset asked;   /* a level message was sent, no answer yet */
    struct vecset again;   /* those of them to try again if it is refused */
    struct vecset told;    /* level entry of an edge delivery mode: this
                              assertion has had its message */
};

/* What changed outside because of one call. */
struct ioapic_out {
    struct vecset requested; /* pins whose message waits from now on */
    struct vecset dropped;   /* that cannot send: reserved delivery mode */
    bool withdrawn; /* the message of `pin` waits no more: nothing is sent */
    bool merged;    /* an activation of `pin` is one with that before it */
    uint8_t pin;
    uint8_t why;     /* of `merged`, enum irq_reason */
    uint8_t warning; /* enum ioapic_warning */
};

/* "RTE as memory write": the format of an MSI. */
struct ioapic_message {
    uint32_t addr;
    uint32_t data;
};

struct ioapic_sent {
    uint8_t pin;
    bool level;  /* an answer is expected */
    bool resend; /* an EOI set it off */
    struct ioapic_message message;
};

/* An access; `offset` from the base address, `bytes` 1, 2, 4 or 8. */
struct ioapic_mmio {
    uint32_t offset;
    unsigned bytes;
    uint64_t value;
};

/* As after power-up, all pins electrically low. */
void ioapic_init(struct ioapic *io, const struct ioapic_config *config);

/* Platform reset: the levels of the pins stay, messages that wait are gone. */
void ioapic_reset(struct ioapic *io);

/* The electrical level of a pin; the same level again is no change. */
struct ioapic_out ioapic_set_pin(struct ioapic *io, unsigned pin, bool high);

/* The EOI broadcast of a local APIC. */
struct ioapic_out ioapic_eoi(struct ioapic *io, uint8_t vector);

/* Whether a pin's message waits to be sent. */
static inline bool ioapic_waiting(const struct ioapic *io)
{
    return !vecset_empty(&io->waiting);
}

/* Only while ioapic_waiting(): the message of the lowest waiting pin, as its
 * entry is now.  The pin waits no more. */
struct ioapic_sent ioapic_take(struct ioapic *io);

/* What became of the level message that `pin` sent last.  Ignored if the entry
 * was switched to edge since then. */
struct ioapic_out ioapic_answer(struct ioapic *io, unsigned pin, bool taken);

/* A read changes nothing; its result can hold a warning. */
struct ioapic_out ioapic_read(const struct ioapic *io, struct ioapic_mmio *a);
struct ioapic_out ioapic_write(struct ioapic *io, const struct ioapic_mmio *a);

/* NULL, or the first broken invariant in words. */
const char *ioapic_check(const struct ioapic *io);

const char *ioapic_warning_name(enum ioapic_warning warning);

#endif
