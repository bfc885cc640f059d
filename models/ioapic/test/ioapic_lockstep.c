/* The I/O APIC's block of the lock-step test but for its RTL side. */
#include "models/ioapic/test/ioapic_lockstep.h"

#include <inttypes.h>
#include <stdio.h>

static const struct lockstep_rule rules[] = {
#define RULE(name, sentence) {#name, sentence},
#include "models/ioapic/test/ioapic_rules.def"
#undef RULE
};

static const char *const word_names[] = {
    [SEEN_SELECT] = "IOREGSEL",
    [SEEN_ID] = "ID",
    [SEEN_WAITING] = "waiting",
    [SEEN_ASKED] = "asked",
    [SEEN_AGAIN] = "again",
    [SEEN_TOLD] = "told",
    [SEEN_SENDING] = "sending",
    [SEEN_SENDING_PIN] = "sending pin",
    [SEEN_SENDING_RESEND] = "sending after EOI",
    [SEEN_SENDING_ADDR] = "sending address",
    [SEEN_SENDING_DATA] = "sending data",
    [SEEN_POWER_UP] = "after power-up",
    [SEEN_MSG_VALID] = "message",
    [SEEN_MSG_PIN] = "message pin",
    [SEEN_MSG_ADDR] = "message address",
    [SEEN_MSG_DATA] = "message data",
    [SEEN_RDATA_LOW] = "read",
    [SEEN_RDATA_HIGH] = "read high",
    [SEEN_WARNING] = "warning",
    [SEEN_BORN] = "born",
    [SEEN_MERGED_WAITING] = "merged, waiting",
    [SEEN_MERGED_SERVICE] = "merged, service",
    [SEEN_UNSUPPORTED_MODE] = "unsupported mode",
};

static void word_name(size_t word, char *text, size_t bytes)
{
    if (word >= SEEN_WAITING && word < SEEN_SENDING)
        snprintf(text, bytes, "%s, pins from %zu",
                 word_names[word - (word - SEEN_WAITING) % PIN_WORDS],
                 (word - SEEN_WAITING) % PIN_WORDS * 32);
    else if (word >= SEEN_SELECT)
        snprintf(text, bytes, "%s", word_names[word]);
    else
        snprintf(text, bytes, "RTE %zu %s", word / 2,
                 word % 2 ? "high" : "low");
}

static void op_text(const struct lockstep_op *op, char *text, size_t bytes)
{
    switch (op->kind) {
    case OP_ANSWER:
        snprintf(text, bytes, "answer to pin %" PRIu64 ": %s", op->address,
                 op->value ? "taken" : "refused");
        break;
    case OP_EOI:
        snprintf(text, bytes, "EOI %02" PRIx64, op->value);
        break;
    case OP_LOAD:
        lockstep_load_text(op, text, bytes);
        break;
    case OP_STORE:
        lockstep_store_text(op, text, bytes);
        break;
    case OP_PIN:
        snprintf(text, bytes, "pin %" PRIu64 " = %" PRIu64, op->address,
                 op->value);
        break;
    default:
        snprintf(text, bytes, "reset");
    }
}

static void setup_text(const struct lockstep_setup *s, char *text, size_t bytes)
{
    const uint64_t *v = s->value;

    snprintf(text, bytes,
             "version %04" PRIx64 " delays %" PRIu64 " %" PRIu64
             " period %" PRIu64 " pins %" PRIu64,
             v[SETUP_VERSION], v[SETUP_PIN_TO_MESSAGE], v[SETUP_EOI_TO_MESSAGE],
             v[SETUP_APIC_PERIOD], v[SETUP_SIZE]);
}

struct lockstep_block ioapic_lockstep_block = LOCKSTEP_BLOCK(ioapic);
