/*
 * What a recording does and answers, in one form for all kinds: a decoder
 * makes a list of these from the text and finds every mistake before the
 * first one is played.
 */
#ifndef SIM_REPLAY_OP_H
#define SIM_REPLAY_OP_H

#include "sim/replay/recording.h"

/* How an operation is played, and what `where` and `value` mean. */
enum op_kind {
    OP_APIC_WRITE,     /* offset in the xAPIC page */
    OP_APIC_READ,      /* likewise; value: the answer */
    OP_MSR_WRITE,      /* answer: `faults` */
    OP_MSR_READ,       /* answer: value or `faults` */
    OP_PORT_WRITE,     /* of the 8259As and their ELCR */
    OP_PORT_READ,      /* value: the answer */
    OP_WINDOW_WRITE,   /* I/O APIC: offset from its base */
    OP_WINDOW_READ,    /* likewise; value: the answer */
    OP_INDEX_WRITE,    /* I/O APIC: index, through IOREGSEL and IOWIN */
    OP_INDEX_READ,     /* likewise; value: the answer */
    OP_PIC_LINE,       /* 8259As: ISA line `where` to level `value` */
    OP_PIN,            /* I/O APIC: pin `where` to level `value` */
    OP_INTERRUPT,      /* one chance to interrupt; answer: value or none */
    OP_TIMER,          /* the timer that is due expires */
    OP_REMAPPER_WRITE, /* VT-d unit: offset in its page */
    OP_REMAPPER_READ,  /* likewise; value: the answer */
    OP_MESSAGE,        /* answer only: address and data of the I/O APIC */
    OP_DELIVERED,      /* the message before, at the local APICs: `where` is
                          its destination */
    OP_INTA,           /* an INTA cycle; value: its vector */
    OP_INTA_TAKEN,     /* answer only: the vector of the INTA cycle before */
    OP_TAKEN,          /* some CPU takes this vector */
    OP_KINDS
};

enum op_answer { OP_SILENT, OP_UNSCORED, OP_SCORED };

/* Value of OP_DELIVERED, above the vector. */
#define OP_MODE_SHIFT 8
#define OP_LEVEL_SHIFT 15
#define OP_LOGICAL (UINT64_C(1) << 32)
#define OP_NO_VECTOR UINT64_MAX /* value of OP_INTERRUPT: none was taken */

struct op {
    uint64_t value;
    uint64_t time_ns;
    uint32_t where;
    uint32_t line; /* of the recording */
    uint8_t kind;  /* enum op_kind */
    uint8_t cpu;
    uint8_t bytes;
    uint8_t answer; /* enum op_answer */
    bool faults;    /* #GP is recorded */
    bool left_out;  /* not to be played */
};

struct ops {
    struct op *op;
    size_t count, capacity;
    unsigned cpus;
};

/* The list of a recording; mistakes go to `d`.  ops_free() in any case. */
void ops_decode(struct ops *ops, const struct recording *r, struct diag *d);
void ops_free(struct ops *ops);

#endif
