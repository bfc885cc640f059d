/*
 * When the local APIC acts, and whom it tells.
 *
 * Ports: `bus` gets APIC messages (ICR) and EOI broadcasts, in the order in
 * which they were written; `core` gets the lines to the CPU (MSG_LINE, line =
 * enum core_line; for the ledger what goes there by an edge is delivered when
 * the core has it).  INTR falls at once and rises after the delay of
 * lapic_costs.def: accept_to_intr for what reaches the APIC, eoi_to_intr for
 * what software does to it.  The other lines change at once.  The bus takes one
 * message in a cycle of the APIC clock; a later one waits for the next cycle.
 *
 * What happens at one instant happens in the order of the calls, and each call
 * sees what those before it did.  The RTL twin (rtl/lapic.sv) gets everything
 * of a cycle at once and has a fixed order: what is due by time (INTR rises, a
 * message leaves, the timer expires), message, LINT0, LINT1, CMCI, thermal
 * monitor, performance counter, register access, acknowledges, INIT, RESET.
 *
 * An IPI to itself goes over the bus like any other: the fabric gives it back
 * through lapic_node_receive().  Messages from the ICR carry irq 0: the
 * fabric gives one identity per target, born at lapic_node.icr_time.
 */
#ifndef MODELS_LAPIC_LAPIC_NODE_H
#define MODELS_LAPIC_LAPIC_NODE_H

#include "models/lapic/lapic_node_twin.h"
#include "models/lapic/lapic_warning.h"
#include "sim/core/irq.h"
#include "sim/core/msg.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"

#ifndef LAPIC_SEND_MAX
#define LAPIC_SEND_MAX 16
#endif

struct lapic_costs {
#define COST(name, unit, sentence) uint64_t name;
#include "models/lapic/lapic_costs.def"
#undef COST
};

struct lapic_node_config {
    struct engine *engine;
    struct irqs *irqs;
    struct clock apic_clock;  /* the domain of the delays */
    struct clock timer_clock; /* input of the APIC timer, before the divider */
    struct clock tsc_clock;   /* what IA32_TSC_DEADLINE compares with */
    struct lapic_costs costs;
    uint32_t id;
    bool bsp;
    uint32_t features;  /* enum lapic_feature, as bits */
    uint8_t maxphyaddr; /* 0: 52 */
    /* Of the interrupt ledger; lint_source: the LINT pins and LVT error. */
    uint16_t ipi_source, timer_source, lint_source;
    struct port bus, core;
    struct lapic_twin twin; /* in place of the model; empty: none */
};

/* What the CPU gets from an interrupt acknowledge. */
struct lapic_ack {
    uint8_t vector;
    bool spurious; /* nothing was eligible: no EOI is due */
    irq_id irq;
};

/* A message on its way from the APIC to the bus. */
struct lapic_sending {
    sim_time written, due;
    struct msg message;
};

struct lapic_node {
    struct lapic lapic; /* as after RESET for ever if a twin acts for it */
    struct lapic_node_config config;
    struct event intr_event;  /* INTR rises */
    struct event timer_event; /* the timer expires */
    struct event send_event;  /* the oldest message reaches the bus */
    irq_id irr_irq[256], isr_irq[256];
    bool intr_high, extint_high; /* as the core sees the lines */
    /* A queue.  If it is full, the oldest message leaves early to make room:
     * order is kept and nothing is lost. */
    struct lapic_sending sending[LAPIC_SEND_MAX];
    uint32_t sending_first, sending_count;
    sim_time bus_free; /* the bus takes one message in an APIC cycle */
    uint64_t warnings[LAPIC_WARNING_COUNT]; /* how often, by kind */
    sim_time icr_time; /* when the message leaving for the bus was written */
};

/* As after RESET: xAPIC mode, software-disabled. */
void lapic_node_init(struct lapic_node *n, const struct lapic_node_config *c);

/* RESET or INIT now.  Interrupts in the IRR are dropped; what was sent before
 * still reaches the bus. */
void lapic_node_reset(struct lapic_node *n, enum lapic_reset how);

/* An APIC message that matches this APIC arrives now; or MSG_LINE on one of
 * the LINT pins (line 0 or 1, electrical level). */
void lapic_node_receive(struct lapic_node *n, const struct msg *m);

/* The thermal monitor, a performance counter or CMCI fires now. */
void lapic_node_local(struct lapic_node *n, enum lapic_lvt source);

/* Whether a message is for this APIC (`lapic.md` section 4, without lowest
 * priority arbitration, which the fabric does). */
bool lapic_node_matches(const struct lapic_node *n, const struct msg_apic *m);

/* The CPU's side: takes effect now, at engine time, and after a timer expiry
 * that is due now.  MSR numbers are those of
 * RDMSR/WRMSR (1Bh, 6E0h, 800h-8FFh); false means #GP(0). */
bool lapic_node_rdmsr(struct lapic_node *n, uint32_t msr, uint64_t *value);
bool lapic_node_wrmsr(struct lapic_node *n, uint32_t msr, uint64_t value);

/* xAPIC page; `offset` 0..4095, `bytes` 1, 2, 4 or 8. */
uint64_t lapic_node_read(struct lapic_node *n, uint32_t offset, unsigned bytes);
void lapic_node_write(struct lapic_node *n, uint32_t offset, unsigned bytes,
                      uint64_t value);

/* True if the page at `addr` is claimed by this APIC (xAPIC mode, base). */
bool lapic_node_claims(const struct lapic_node *n, uint64_t addr);

enum lapic_mode lapic_node_mode(const struct lapic_node *n);

/* What lowest-priority arbitration looks at. */
bool lapic_node_software_enabled(const struct lapic_node *n);
uint32_t lapic_node_tpr(const struct lapic_node *n);

bool lapic_node_in_irr(const struct lapic_node *n, uint8_t vector);

/* The processor's own, which cannot go wrong; software writes the register. */
void lapic_node_eoi(struct lapic_node *n);

uint8_t lapic_node_cr8(const struct lapic_node *n);
void lapic_node_set_cr8(struct lapic_node *n, uint8_t cr8);

/* INTA: IRR to ISR, or the spurious vector. */
struct lapic_ack lapic_node_acknowledge(struct lapic_node *n);

/* The CPU answers CORE_EXTINT with INTA cycles at the 8259. */
void lapic_node_acknowledge_extint(struct lapic_node *n);

/* Every interrupt that this APIC holds and whose fate may be open.  Messages
 * to the bus have no identity yet. */
void lapic_node_each_held(const struct lapic_node *n,
                          void (*each)(void *ctx, irq_id id), void *ctx);

#endif
