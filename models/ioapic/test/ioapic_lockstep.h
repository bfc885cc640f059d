/* What the two sides of the I/O APIC's lock-step test share. */
#ifndef MODELS_IOAPIC_TEST_IOAPIC_LOCKSTEP_H
#define MODELS_IOAPIC_TEST_IOAPIC_LOCKSTEP_H

#include "tests/lockstep/lockstep.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The sizes of the twin; words and sets have room for the larger one. */
#define FEW_PINS 24u
#define PINS 120u
#define PIN_WORDS ((PINS + 31u) / 32u)

/* A set of pins: bit i is pin i. */
typedef unsigned __int128 pinset;

/* In the order in which one cycle carries them out. */
enum ioapic_op {
    OP_ANSWER, /* address: pin, value: taken */
    OP_EOI,    /* value: vector */
    OP_LOAD,   /* address: offset, extra: bytes */
    OP_STORE,
    OP_PIN, /* address: pin, value: level */
    OP_RESET,
    OP_COUNT,
};

/* Of lockstep_setup.value; the period is in instants of the test. */
enum ioapic_setup {
    SETUP_VERSION, /* bits 15:0 of the register */
    SETUP_PIN_TO_MESSAGE,
    SETUP_EOI_TO_MESSAGE,
    SETUP_APIC_PERIOD,
    SETUP_REPEATS, /* so many cycles fall on one instant */
    SETUP_BUSY,    /* per mille of cycles with operations */
    SETUP_SIZE,    /* pins of the unit: FEW_PINS or PINS */
    SETUP_PINS,    /* how many of them the stimulus uses, evenly spread */
    SETUP_VECTORS, /* 8 vectors in a word */
};

/* A pin has two words, its entry; then come these. */
enum ioapic_word {
    SEEN_RTE,
    SEEN_SELECT = 2 * PINS,
    SEEN_ID,
    SEEN_WAITING, /* pins, one bit each, as the next three */
    SEEN_ASKED = SEEN_WAITING + PIN_WORDS,
    SEEN_AGAIN = SEEN_ASKED + PIN_WORDS,
    SEEN_TOLD = SEEN_AGAIN + PIN_WORDS,
    SEEN_SENDING = SEEN_TOLD + PIN_WORDS,
    SEEN_SENDING_PIN, /* of the message on its way, as the next three */
    SEEN_SENDING_RESEND,
    SEEN_SENDING_ADDR,
    SEEN_SENDING_DATA,
    SEEN_POWER_UP, /* cycle 0: outputs that were not 0 after power-up */
    SEEN_MSG_VALID,
    SEEN_MSG_PIN,
    SEEN_MSG_ADDR,
    SEEN_MSG_DATA,
    SEEN_RDATA_LOW,
    SEEN_RDATA_HIGH,
    SEEN_WARNING,
    SEEN_BORN, /* how many interrupts in this cycle, and their fates */
    SEEN_MERGED_WAITING,
    SEEN_MERGED_SERVICE,
    SEEN_UNSUPPORTED_MODE,
    SEEN_WORDS,
};

enum ioapic_rule {
#define RULE(name, sentence) RULE_##name,
#include "models/ioapic/test/ioapic_rules.def"
#undef RULE
    RULE_COUNT
};

/* PIN_WORDS words of a set, from `seen`. */
static inline pinset ioapic_lockstep_pins(const uint32_t *words)
{
    pinset set = 0;

    for (unsigned i = PIN_WORDS; i-- > 0;)
        set = set << 32 | words[i];
    return set;
}

/* The whole block but for its RTL side. */
extern struct lockstep_block ioapic_lockstep_block;

/* The instant of a cycle, and whether it is the last one of it. */
static inline uint64_t ioapic_lockstep_instant(const struct lockstep_setup *s,
                                               uint32_t cycle)
{
    return cycle / s->value[SETUP_REPEATS];
}

static inline bool ioapic_lockstep_last(const struct lockstep_setup *s,
                                        uint32_t cycle)
{
    return ioapic_lockstep_instant(s, cycle) !=
           ioapic_lockstep_instant(s, cycle + 1);
}

/* Of the stimulus (ioapic_lockstep_stimulus.c). */
void ioapic_lockstep_setup(struct rng *r, struct lockstep_setup *s);
uint32_t ioapic_lockstep_stimulate(const struct lockstep_view *v,
                                   struct lockstep_op *op);

/* The C side (ioapic_lockstep_node.c) and the rules that it met. */
void ioapic_lockstep_power_up(void *ctx, const struct lockstep_setup *s);
void ioapic_lockstep_cycle(void *ctx, const struct lockstep_cycle *c,
                           uint32_t *seen);
extern uint64_t ioapic_rule_hits[RULE_COUNT];

#ifdef __cplusplus
}
#endif

#endif
