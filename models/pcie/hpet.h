/*
 * High precision event timers (IA-PC HPET): a block of one main counter and up
 * to 32 timers, each a comparator that interrupts when the counter reaches it,
 * once or periodically, by a line or by a message of its own.
 *
 * Time is the block's own: a tick is one count of its clock since power-up.
 * Every call is made at a tick that is not before that of the last one.
 *
 * Left out: 32-bit main counters, timers that lack a capability, and that the
 * legacy replacement keeps PIT and RTC from their lines: there are none.
 */
#ifndef MODELS_PCIE_HPET_H
#define MODELS_PCIE_HPET_H

#include <stdbool.h>
#include <stdint.h>

#define HPET_TIMERS 32
#define HPET_TIMERS_LEAST 3
#define HPET_BYTES 0x400u /* of registers */
#define HPET_PERIOD_MOST_FS UINT32_C(100000000)
#define HPET_NEVER UINT64_MAX

enum hpet_reg {
#define REG(name, offset, step, reset, writable, access, title) HPET_##name,
#include "models/pcie/hpet_regs.def"
    HPET_REG_COUNT
};

/* Where each register is, of timer 0. */
enum hpet_at {
#define REG(name, offset, step, reset, writable, access, title)                \
    HPET_AT_##name = offset,
#include "models/pcie/hpet_regs.def"
};

enum hpet_field {
#define FIELD(name, bits, title) HPET_##name = bits,
#include "models/pcie/hpet_regs.def"
};

#define HPET_TIMER_STEP 0x20u

struct hpet_build {
    unsigned timers;
    uint32_t period_fs;
    uint32_t routes[HPET_TIMERS]; /* bit i: the timer can have interrupt i */
};

struct hpet {
    struct hpet_build build;
    uint64_t tick;    /* of the last call */
    uint64_t counter; /* at that tick */
    uint32_t conf, status;
    uint32_t edge; /* timers whose edge-triggered output is high */
    struct hpet_timer {
        uint32_t conf;
        uint64_t comparator, period, fsb;
    } timer[HPET_TIMERS];
};

/* What happened at one tick; a set of timers each. */
struct hpet_out {
    uint32_t send;  /* the message of these leaves */
    uint32_t pulse; /* the output of these has fallen, and rises one tick later:
                       hpet_rise() */
};

struct hpet_message {
    uint64_t addr;
    uint32_t data;
};

void hpet_init(struct hpet *h, const struct hpet_build *build);

/* The next tick at which something happens, or HPET_NEVER. */
uint64_t hpet_next(const struct hpet *h);

/* Up to the next tick at which something happens, or to `tick` if that comes
 * first. */
struct hpet_out hpet_advance(struct hpet *h, uint64_t tick);

/* The outputs of these timers rise. */
void hpet_rise(struct hpet *h, uint32_t timers);

/* The interrupts whose lines are asserted now, as the I/O APIC has them: the
 * PIT's is 2, the RTC's 8. */
uint32_t hpet_wires(const struct hpet *h);

/* The message of a timer as software has programmed it. */
struct hpet_message hpet_message(const struct hpet *h, unsigned timer);

/* A register, whole, of any offset inside it; HPET_REG_COUNT: there is none. */
enum hpet_reg hpet_reg_of(const struct hpet *h, uint32_t offset);

/* At the tick of the last hpet_advance().  Accesses are aligned doublewords and
 * quadwords; other writes are ignored. */
uint64_t hpet_read(const struct hpet *h, uint32_t offset, unsigned bytes);
void hpet_write(struct hpet *h, uint32_t offset, unsigned bytes,
                uint64_t value);

/* NULL, or the first broken invariant in words. */
const char *hpet_check(const struct hpet *h);

#endif
