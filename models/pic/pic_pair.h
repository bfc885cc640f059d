/*
 * The two 8259As of a PC: the slave's INT on the master's IR2, their ports,
 * the chipset's edge/level registers (ELCR) and, if the board has one, the
 * interrupt mode configuration register (IMCR).
 *
 * ISA lines 0..7 are the master's levels, 8..15 the slave's.  Line 2 is the
 * slave's INT: what is driven there from outside goes nowhere.
 *
 * For identities each call says which lines' requests began and ended.  A
 * request is a line's IRR bit; of a level-triggered line only while it is not
 * in service, so that a line still high at its EOI requests anew.
 */
#ifndef MODELS_PIC_PIC_PAIR_H
#define MODELS_PIC_PIC_PAIR_H

#include "models/pic/pic.h"
#include "sim/core/irq.h"

#define PIC_LINES 16u
#define PIC_CASCADE 2u     /* the slave's level of the master */
#define PIC_FLOATING 0xffu /* what nobody drives */

enum pic_chip { PIC_MASTER, PIC_SLAVE, PIC_CHIPS };

enum pic_port {
#define REG(name, offset, reset, writable, chip, kind, title)                  \
    PIC_PORT_##name = (offset),
#include "models/pic/pic_regs.def"
};

struct pic_pair {
    struct pic chip[PIC_CHIPS];
    bool has_imcr;
    uint8_t imcr_select, imcr;
};

/* What changed outside because of one call. */
struct pic_out {
    bool intr;   /* level of the master's INT, after the call */
    bool dipped; /* it was low for a moment */
    bool direct; /* INT goes to the CPU's pin, not to the APICs (IMCR) */
    bool polled; /* `acked` was taken by a poll, not by INTA */
    bool no_eoi; /* `acked` ended at once: automatic EOI */
    int acked;   /* the line that was acknowledged, or PIC_NO_LEVEL */
    uint16_t withdrawn, ended, born; /* sets of lines, in this order */
    uint8_t why;                     /* of `withdrawn`, enum irq_reason */
    uint8_t end_hop;   /* of `ended`, enum hop; HOP_COUNT: not by an EOI */
    uint32_t warnings; /* a set: PIC_WARN() */
};

/* A byte or, split into bytes, more: `bytes` 1, 2 or 4. */
struct pic_access {
    uint16_t port;
    unsigned bytes;
    uint32_t value;
};

/* As after power-up. */
void pic_pair_init(struct pic_pair *b, bool has_imcr);

/* The electrical level of ISA line 0..15, high = asserted. */
struct pic_out pic_pair_set_line(struct pic_pair *b, unsigned line, bool high);

/* True if the board answers at the port. */
bool pic_pair_claims(const struct pic_pair *b, uint16_t port);

struct pic_out pic_pair_write(struct pic_pair *b, const struct pic_access *a);
struct pic_out pic_pair_read(struct pic_pair *b, struct pic_access *a);

/* The INTA cycle, both pulses as one step.  Without a request the vector is
 * the spurious one of the chip that has none. */
struct pic_out pic_pair_acknowledge(struct pic_pair *b, uint8_t *vector);

/* NULL, or the first broken invariant in words. */
const char *pic_pair_check(const struct pic_pair *b);

#endif
