/*
 * The local APIC: what it does.
 *
 * Modelled: xAPIC and x2APIC mode and the transitions between them, the whole
 * register map, acceptance and priority, EOI with its broadcast, ICR and SELF
 * IPI, error status, the local vector table with the LINT pins, the timer in
 * its three modes, software and global disable, RESET and INIT.
 * Left out: the P6 family's bus (arbitration, remote read, focus processor)
 * and the core's own part: what NMI, SMI, INIT and SIPI do there.
 *
 * A model never waits: each call returns what the world must now see.
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef MODELS_LAPIC_LAPIC_H
#define MODELS_LAPIC_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/bits.h"
#include "sim/core/irq.h"
#include "sim/core/msg.h"

/* The registers by their offset in the xAPIC page. */
enum lapic_reg {
#define REG(name, offset, count, reset, writable, reserved, xapic, x2apic,     \
            title)                                                             \
    LAPIC_##name = (offset),
#define OPTION(name, feature, bits)
#include "models/lapic/lapic_regs.def"
#undef REG
#undef OPTION
};

enum lapic_access {
    LAPIC_ACCESS_NONE,
    LAPIC_ACCESS_RO,
    LAPIC_ACCESS_RW,
    LAPIC_ACCESS_WO,
};

/* MSRs beside the registers, which start at LAPIC_MSR_FIRST. */
#define LAPIC_MSR_APIC_BASE 0x01bu
#define LAPIC_MSR_TSC_DEADLINE 0x6e0u
#define LAPIC_MSR_FIRST 0x800u
#define LAPIC_MSR_LAST 0x8ffu

/* IA32_APIC_BASE */
#define LAPIC_BASE_BSP (UINT64_C(1) << 8)
#define LAPIC_BASE_EXTD (UINT64_C(1) << 10)
#define LAPIC_BASE_EN (UINT64_C(1) << 11)
#define LAPIC_BASE_DEFAULT UINT64_C(0xfee00000)

#define LAPIC_SVR_ENABLE (1u << 8)
#define LAPIC_SVR_SUPPRESS_EOI (1u << 12)

#define LAPIC_LVT_ACTIVE_LOW (1u << 13)
#define LAPIC_LVT_REMOTE_IRR (1u << 14)
#define LAPIC_LVT_LEVEL (1u << 15)
#define LAPIC_LVT_MASKED (1u << 16)

#define LAPIC_ESR_SEND_ILLEGAL_VECTOR (1u << 5)
#define LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR (1u << 6)
#define LAPIC_ESR_ILLEGAL_ADDRESS (1u << 7)

/* The entries of the local vector table. */
enum lapic_lvt {
    LVT_CMCI,
    LVT_TIMER,
    LVT_THERMAL,
    LVT_PERFMON,
    LVT_LINT0,
    LVT_LINT1,
    LVT_ERROR,
    LVT_COUNT,
};

/* LVT timer bits 18:17. */
enum lapic_timer_mode {
    TIMER_ONE_SHOT,
    TIMER_PERIODIC,
    TIMER_TSC_DEADLINE,
    TIMER_RESERVED,
};

enum lapic_mode { LAPIC_MODE_DISABLED, LAPIC_MODE_XAPIC, LAPIC_MODE_X2APIC };

/* What a part can do, as bits. */
enum lapic_feature {
    LAPIC_HAS_X2APIC = 1 << 0,
    LAPIC_HAS_TSC_DEADLINE = 1 << 1,
    LAPIC_HAS_CMCI = 1 << 2,
    LAPIC_HAS_EOI_SUPPRESSION = 1 << 3, /* SVR bit 12 */
    LAPIC_HAS_ID_WRITABLE = 1 << 4,     /* in xAPIC mode */
};

struct lapic_config {
    uint32_t id;
    bool bsp;
    uint32_t features;
    uint8_t maxphyaddr; /* 0: 52, the architectural maximum */
};

struct lapic {
    struct lapic_config config;
    uint64_t base; /* IA32_APIC_BASE */
    struct vecset irr, isr, tmr;
    uint32_t id; /* xAPIC mode only: bits 31:24 */
    uint32_t tpr, svr;
    uint32_t ldr, dfr; /* xAPIC mode only */
    uint32_t icr_low, icr_high;
    uint32_t lvt[LVT_COUNT];
    uint32_t esr;     /* what software reads: as of the last ESR write */
    uint32_t errors;  /* recorded since then */
    bool error_armed; /* the next error fires the LVT error entry */
    uint32_t tmict, dcr;
    uint64_t timer_expiry; /* TMCCT reaches 0 at this edge; 0: stopped */
    uint64_t tsc_deadline; /* 0: disarmed */
    bool lint_high[2];     /* electrical level of the pins */
    uint8_t lint0_vector;  /* meant by the remote IRR bit of LVT LINT0 */
    bool extint_latched;   /* by a message; LINT pins act by their level */
};

/*
 * Time, as a register access sees it.  The timer's input clock is another
 * domain than software's: an access meets the timer at the first edge of that
 * clock at or after it, and `timer_edge` is the number of this edge.
 */
struct lapic_time {
    uint64_t timer_edge;
    uint64_t tsc;
};

/* What became of an interrupt that reached the APIC. */
enum lapic_fate {
    LAPIC_FATE_NONE,      /* there was none, or its LVT entry is masked */
    LAPIC_FATE_ACCEPTED,  /* IRR bit set */
    LAPIC_FATE_MERGED,    /* IRR bit was set already */
    LAPIC_FATE_REFUSED,   /* `why` says it */
    LAPIC_FATE_FORWARDED, /* by `mode`, to the core */
};

struct lapic_taken {
    uint8_t fate; /* enum lapic_fate */
    uint8_t vector;
    uint8_t mode; /* enum delivery_mode */
    uint8_t why;  /* enum irq_reason */
};

/* What changed outside the APIC because of one call. */
struct lapic_out {
    bool intr;          /* level of INTR to the core, after the call */
    bool extint;        /* level of the ExtINT request to the core, likewise */
    bool gp;            /* #GP(0); nothing was changed */
    bool cleared;       /* IRR and ISR were emptied by a reset or a disable */
    bool spurious;      /* acknowledge: nothing was eligible, no EOI is due */
    bool timer_changed; /* lapic_timer_due() may give another answer */
    bool eoi;           /* eoi_vector left the ISR ... */
    bool eoi_bcast;     /* ... and the I/O APICs must be told */
    uint8_t eoi_vector;
    bool send;                /* `message` goes to the bus */
    struct lapic_taken taken; /* the caller's interrupt, or a LINT pin's */
    struct lapic_taken error; /* the LVT error entry's own */
    struct msg_apic message;
};

/* A load or store in the xAPIC page; `bytes` 1, 2, 4 or 8. */
struct lapic_mmio {
    uint32_t offset;
    unsigned bytes;
    uint64_t value;
};

/* When the timer is due next. */
struct lapic_due {
    enum { LAPIC_DUE_NEVER, LAPIC_DUE_TIMER_EDGE, LAPIC_DUE_TSC } clock;
    uint64_t at;
};

enum lapic_reset { LAPIC_RESET, LAPIC_INIT };

/* As after power-up: xAPIC mode, software-disabled, LINT pins low. */
void lapic_init(struct lapic *l, const struct lapic_config *config);

/* RESET or INIT; the level of the LINT pins stays.  INIT keeps mode, base
 * address, BSP flag and ID. */
struct lapic_out lapic_reset(struct lapic *l, enum lapic_reset how);

static inline enum lapic_mode lapic_mode(const struct lapic *l)
{
    if (!(l->base & LAPIC_BASE_EN))
        return LAPIC_MODE_DISABLED;
    return l->base & LAPIC_BASE_EXTD ? LAPIC_MODE_X2APIC : LAPIC_MODE_XAPIC;
}

static inline bool lapic_software_enabled(const struct lapic *l)
{
    return (l->svr & LAPIC_SVR_ENABLE) != 0;
}

/* The ID that the APIC answers to in its mode. */
uint32_t lapic_id(const struct lapic *l);
uint32_t lapic_ppr(const struct lapic *l);

/* True if the page at `addr` is this APIC's (xAPIC mode). */
bool lapic_claims(const struct lapic *l, uint64_t addr);

/* Whether the message names this APIC, by its shorthand or destination.  A
 * device's 8-bit FFh is the broadcast; lowest priority chooses elsewhere. */
bool lapic_matches(const struct lapic *l, const struct msg_apic *m);

/* A message that matches arrives. */
struct lapic_out lapic_accept(struct lapic *l, const struct msg_apic *m);

/* The electrical level of LINT0 or LINT1 (pin 0 or 1). */
struct lapic_out lapic_set_lint(struct lapic *l, unsigned pin, bool high);

/* The thermal monitor, a performance counter or CMCI fires. */
struct lapic_out lapic_local(struct lapic *l, enum lapic_lvt source);

/* INTA: the highest vector moves from IRR to ISR; with nothing eligible the
 * spurious vector, and no state changes. */
struct lapic_out lapic_acknowledge(struct lapic *l, uint8_t *vector);

/* The core runs INTA cycles at the 8259: ends a request made by message. */
struct lapic_out lapic_acknowledge_extint(struct lapic *l);

/* EOI: the highest vector leaves the ISR, as by a write of the register. */
struct lapic_out lapic_eoi(struct lapic *l);

/* Loads and stores in the page in xAPIC mode; in the other modes a load reads
 * all ones and a store is lost.  A load can change state: a reserved address
 * is an error to record. */
struct lapic_out lapic_read(struct lapic *l, struct lapic_mmio *a,
                            struct lapic_time now);
struct lapic_out lapic_write(struct lapic *l, const struct lapic_mmio *a,
                             struct lapic_time now);

/* IA32_APIC_BASE, IA32_TSC_DEADLINE and 800h-8FFh; others fault, and a value
 * that is read is 0 then. */
struct lapic_out lapic_rdmsr(struct lapic *l, uint32_t msr,
                             struct lapic_time now, uint64_t *value);
struct lapic_out lapic_wrmsr(struct lapic *l, uint32_t msr, uint64_t value,
                             struct lapic_time now);

/* CR8 is TPR bits 7:4, also while the APIC is globally disabled. */
uint8_t lapic_cr8(const struct lapic *l);
struct lapic_out lapic_set_cr8(struct lapic *l, uint64_t cr8);

/* When lapic_timer_expire() must be called; it may lie in the past for a TSC
 * deadline.  Calls with a later time must not come before it. */
struct lapic_due lapic_timer_due(const struct lapic *l);
struct lapic_out lapic_timer_expire(struct lapic *l);

/* NULL, or the first broken invariant in words. */
const char *lapic_check(const struct lapic *l);

#endif
