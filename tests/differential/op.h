/* What is done to both sides, and what each of them answers. */
#ifndef TESTS_DIFFERENTIAL_OP_H
#define TESTS_DIFFERENTIAL_OP_H

#include <stdbool.h>
#include <stdint.h>

enum op_kind {
    OP_END,   /* of a list */
    OP_IN,    /* byte from port `at` */
    OP_OUT,   /* `value` to port `at` */
    OP_LINE,  /* ISA line `at` of the 8259As gets level `value` */
    OP_INTA,  /* an INTA cycle; its answer is the vector */
    OP_READ,  /* `bytes` at offset `at` of the I/O APIC's page */
    OP_WRITE, /* `value` there */
    OP_PIN,   /* pin `at` of the I/O APIC gets level `value` */
};

struct op {
    uint8_t kind; /* enum op_kind */
    uint8_t bytes;
    uint16_t at;
    uint32_t value;
};

#define MESSAGES_MAX 64u

/* A message of the I/O APIC in the format of an MSI. */
struct message {
    uint64_t addr;
    uint32_t data;
    bool reached; /* the local APICs */
};

struct answer {
    uint32_t value; /* of a read or an INTA cycle, else 0 */
    bool intr;      /* the master's INT afterwards */
    unsigned messages;
    struct message message[MESSAGES_MAX];
};

#endif
