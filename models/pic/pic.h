/*
 * One 8259A programmable interrupt controller: what it does.
 *
 * Modelled: ICW1 to ICW4, OCW1 to OCW3, fully nested and special fully nested
 * mode, rotation, special mask mode, automatic EOI, poll, edge and level
 * requests by a chipset's ELCR, and the INT output.
 * Left out: 8080 mode and the buffered mode's pin.  Two chips as a PC wires
 * them, with the INTA cycle, are in pic_pair.h.
 *
 * Intel 8259A data sheet; the 8259 chapter of the chipsets' data sheets.
 */
#ifndef MODELS_PIC_PIC_H
#define MODELS_PIC_PIC_H

#include <stdbool.h>
#include <stdint.h>

#define PIC_LEVELS 8u
#define PIC_NO_LEVEL (-1)

/* Fields of the words by their bits: PIC_ICW1_IC4 and so on. */
enum pic_field {
#define FIELD(name, bits, title) PIC_##name = (bits),
#include "models/pic/pic_regs.def"
};

enum pic_warning {
#define WARNING(name, text, rule) PIC_WARNING_##name,
#include "models/pic/pic_warnings.def"
#undef WARNING
    PIC_WARNING_COUNT
};

/* A set of warnings: bit w is enum pic_warning w. */
#define PIC_WARN(name) (1u << PIC_WARNING_##name)

/* Which word the next write to the data port is. */
enum pic_init_state {
    PIC_INIT_IDLE, /* OCW1 */
    PIC_INIT_WANT_ICW2,
    PIC_INIT_WANT_ICW3,
    PIC_INIT_WANT_ICW4,
};

struct pic {
    bool master; /* its place on the board; says what ICW3 means */
    uint8_t line, edge, isr, imr, elcr;
    uint8_t base;   /* of the vectors, bits 2:0 are 0 */
    uint8_t icw3;   /* master: levels with a slave; slave: its identity */
    uint8_t lowest; /* the level of lowest priority */
    uint8_t init;   /* enum pic_init_state */
    bool ic4, sngl;
    bool aeoi, sfnm, rot_aeoi, smm;
    bool read_isr; /* what the command port gives: ISR, not IRR */
    bool poll;     /* the next read is a poll */
    bool int_held; /* slave: INT is up until the acknowledge */
};

/* As after power-up: everything masked. */
void pic_init(struct pic *p, bool master);

/* An input's electrical level. */
void pic_set_line(struct pic *p, unsigned level, bool high);

/* Which inputs are level triggered. */
void pic_set_elcr(struct pic *p, uint8_t elcr);

/* `a0`: the data port.  Returns a set of warnings. */
uint32_t pic_write(struct pic *p, bool a0, uint8_t value);

struct pic_read {
    uint8_t value;
    bool polled; /* it was an acknowledge: INT dipped ... */
    int level;   /* ... and this level went into service, or PIC_NO_LEVEL */
};
struct pic_read pic_read(struct pic *p, bool a0);

/* The IRR: requests that stand at this moment. */
uint8_t pic_irr(const struct pic *p);

/* The level that would be acknowledged now, or PIC_NO_LEVEL. */
int pic_resolve(const struct pic *p);

/* One level's acknowledge by INTA, or for PIC_NO_LEVEL what remains of it: a
 * slave's INT drops.  pic_settle() must follow. */
void pic_acknowledge(struct pic *p, int level);

/* The INT output.  A slave's stays up until it is acknowledged: after every
 * call, pic_settle() makes that so. */
bool pic_int(const struct pic *p);
void pic_settle(struct pic *p);

/* Whether a slave hangs on the level. */
bool pic_cascades(const struct pic *p, int level);

/* As in "warnings.pic.hole"; the rule in words. */
const char *pic_warning_name(enum pic_warning w);

/* NULL, or the first broken invariant in words. */
const char *pic_check(const struct pic *p);

#endif
