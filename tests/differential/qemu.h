/*
 * QEMU's 8259As and I/O APIC, in a machine that never runs.
 *
 * One stopped process, spoken to over its standard input and output in the
 * qtest protocol (QEMU documentation, "QTest Device Emulation Testing
 * Framework").  Messages of the I/O APIC are read from QEMU's trace on its
 * standard error: it is written before the request is answered.  An INTA cycle
 * is run by pin 23 of the I/O APIC, whose entry is ExtINT then: QEMU's I/O APIC
 * fetches the vector itself.
 */
#ifndef TESTS_DIFFERENTIAL_QEMU_H
#define TESTS_DIFFERENTIAL_QEMU_H

#include <sys/types.h>

#include "tests/differential/op.h"

#define QEMU_INTA_PIN 23u

struct qemu_stream {
    int fd;
    unsigned length;
    char text[4096];
};

struct qemu {
    pid_t pid;
    int to;
    struct qemu_stream answers, trace, control;
    uint64_t requests, requests_max;
    bool intr;
    char pic[2][64]; /* their paths: master, slave */
    struct answer answer;
};

/* The emulator's path, or NULL if it is not installed.  The environment's QEMU
 * names another one. */
const char *qemu_find(void);

/* A machine, and what is told of it in the trace. */
struct qemu_machine {
    const char *argument[12]; /* ends with NULL */
};

/* Starts a process with that machine, or with NULL the PC of the 8259As and the
 * I/O APIC.  It ends by qemu_stop(), or with ours; after
 * `requests_max` requests, or where one is refused or takes longer than 20
 * seconds, our program ends with status 1 and says why. */
void qemu_start(struct qemu *q, const char *path,
                const struct qemu_machine *machine, uint64_t requests_max);
void qemu_stop(struct qemu *q);

/* From now on INT is known; it must be low. */
void qemu_watch_int(struct qemu *q);

/* Pin 23's entry becomes ExtINT: OP_INTA works. */
void qemu_open_inta(struct qemu *q);

void qemu_do(struct qemu *q, const struct op *op, struct answer *a);

/* Physical memory and registers in it, and ports; `bytes` 1, 2, 4 or, but for
 * ports, 8.  Messages are in q->answer: those since it was cleared. */
uint64_t qemu_read(struct qemu *q, uint64_t addr, unsigned bytes);
void qemu_write(struct qemu *q, uint64_t addr, unsigned bytes, uint64_t value);
void qemu_out(struct qemu *q, uint16_t port, unsigned bytes, uint32_t value);

#endif
