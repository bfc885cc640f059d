/* What the two sides of the local APIC's lock-step test share. */
#ifndef MODELS_LAPIC_TEST_LAPIC_LOCKSTEP_H
#define MODELS_LAPIC_TEST_LAPIC_LOCKSTEP_H

#include "tests/lockstep/lockstep.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the order in which one cycle carries them out. */
enum lapic_op {
    OP_MESSAGE, /* value: message_value */
    OP_LINT0,   /* value: level */
    OP_LINT1,
    OP_CMCI,
    OP_THERMAL,
    OP_PERFMON,
    OP_LOAD, /* address, extra: bytes */
    OP_STORE,
    OP_RDMSR,
    OP_WRMSR,
    OP_SET_CR8,
    OP_ACK,
    OP_ACK_EXTINT,
    OP_INIT,
    OP_RESET,
    OP_MATCH, /* a question about the state afterwards; value: destination,
                 address: sender, extra: match_extra */
    OP_COUNT,
};

/* OP_MESSAGE's value: vector 7:0, mode 10:8, level trigger 11, assert 12.
 * OP_MATCH's extra: shorthand 1:0, logical 2, 8-bit destination 3. */

/* Of lockstep_setup.value; periods are in instants of the test. */
enum lapic_setup {
    SETUP_ID,
    SETUP_BSP,
    SETUP_FEATURES,
    SETUP_MAXPHYADDR,
    SETUP_ACCEPT_TO_INTR,
    SETUP_EOI_TO_INTR,
    SETUP_ICR_TO_BUS,
    SETUP_APIC_PERIOD,
    SETUP_TIMER_PERIOD,
    SETUP_TSC_PERIOD,
    SETUP_BUSY,    /* per mille of cycles with operations */
    SETUP_REPEATS, /* of so many cycles one repeats an instant; 0: none */
    SETUP_VECTORS, /* up to SETUP_VECTORS_END: 8 vectors a word */
    SETUP_VECTORS_END = SETUP_VECTORS + 2,
};

#define SEEN_REGISTERS 64u /* by slot of the xAPIC page */

/* Words after the registers. */
enum lapic_word {
    SEEN_BASE_LOW = SEEN_REGISTERS,
    SEEN_BASE_HIGH,
    SEEN_DEADLINE_LOW,
    SEEN_DEADLINE_HIGH,
    SEEN_ERRORS,
    SEEN_ERROR_ARMED,
    SEEN_INTR,
    SEEN_EXTINT,
    SEEN_NMI,
    SEEN_SMI,
    SEEN_INIT,
    SEEN_SIPI,
    SEEN_SIPI_VECTOR,
    SEEN_OUT_VALID,
    SEEN_OUT_EOI,
    SEEN_OUT_VECTOR,
    SEEN_OUT_DEST,
    SEEN_OUT_SENDER,
    SEEN_OUT_MODE,
    SEEN_OUT_SHORTHAND,
    SEEN_OUT_LOGICAL,
    SEEN_OUT_DEST8,
    SEEN_RDATA_LOW,
    SEEN_RDATA_HIGH,
    SEEN_FAULT,
    SEEN_ACK_VECTOR,
    SEEN_ACK_SPURIOUS,
    SEEN_MATCH,
    SEEN_MERGED, /* how many interrupts met each fate in this cycle */
    SEEN_APIC_DISABLED,
    SEEN_ILLEGAL_VECTOR,
    SEEN_UNSUPPORTED_MODE,
    SEEN_WORDS,
};

enum lapic_rule {
#define RULE(name, sentence) RULE_##name,
#include "models/lapic/test/lapic_rules.def"
#undef RULE
    RULE_COUNT
};

/* The whole block but for its RTL side. */
extern struct lockstep_block lapic_lockstep_block;

/* Of the stimulus (lapic_lockstep_stimulus.c). */
void lapic_lockstep_setup(struct rng *r, struct lockstep_setup *s);
uint32_t lapic_lockstep_stimulate(const struct lockstep_view *v,
                                  struct lockstep_op *op);

/* The instant of a cycle: several cycles may fall on one. */
static inline uint64_t lapic_lockstep_instant(const struct lockstep_setup *s,
                                              uint32_t cycle)
{
    uint64_t repeats = s->value[SETUP_REPEATS];

    return repeats ? cycle - cycle / repeats : cycle;
}

/* The C side (lapic_lockstep_node.c) and the rules that it met. */
void lapic_lockstep_power_up(void *ctx, const struct lockstep_setup *s);
void lapic_lockstep_cycle(void *ctx, const struct lockstep_cycle *c,
                          uint32_t *seen);
extern uint64_t lapic_rule_hits[RULE_COUNT];

#ifdef __cplusplus
}
#endif

#endif
