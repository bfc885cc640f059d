/* The local APIC's block of the lock-step test but for its RTL side. */
#include "models/lapic/test/lapic_lockstep.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/lapic/lapic.h"

static const struct lockstep_rule rules[] = {
#define RULE(name, sentence) {#name, sentence},
#include "models/lapic/test/lapic_rules.def"
#undef RULE
};

/* By slot; the arrays' other slots have no name of their own. */
static const char *const register_names[SEEN_REGISTERS] = {
#define REG(name, offset, count, reset, writable, reserved, xapic, x2apic,     \
            title)                                                             \
    [(offset) / 16] = #name,
#define OPTION(name, feature, bits)
#include "models/lapic/lapic_regs.def"
#undef REG
#undef OPTION
};

static const char *const word_names[] = {
    [SEEN_BASE_LOW] = "APIC_BASE",
    [SEEN_BASE_HIGH] = "APIC_BASE high",
    [SEEN_DEADLINE_LOW] = "TSC_DEADLINE",
    [SEEN_DEADLINE_HIGH] = "TSC_DEADLINE high",
    [SEEN_ERRORS] = "errors",
    [SEEN_ERROR_ARMED] = "error armed",
    [SEEN_INTR] = "intr",
    [SEEN_EXTINT] = "extint",
    [SEEN_NMI] = "nmi",
    [SEEN_SMI] = "smi",
    [SEEN_INIT] = "init",
    [SEEN_SIPI] = "sipi",
    [SEEN_SIPI_VECTOR] = "sipi vector",
    [SEEN_OUT_VALID] = "out",
    [SEEN_OUT_EOI] = "out eoi",
    [SEEN_OUT_VECTOR] = "out vector",
    [SEEN_OUT_DEST] = "out dest",
    [SEEN_OUT_SENDER] = "out sender",
    [SEEN_OUT_MODE] = "out mode",
    [SEEN_OUT_SHORTHAND] = "out shorthand",
    [SEEN_OUT_LOGICAL] = "out logical",
    [SEEN_OUT_DEST8] = "out dest8",
    [SEEN_RDATA_LOW] = "read",
    [SEEN_RDATA_HIGH] = "read high",
    [SEEN_FAULT] = "#GP",
    [SEEN_ACK_VECTOR] = "ack vector",
    [SEEN_ACK_SPURIOUS] = "ack spurious",
    [SEEN_MATCH] = "match",
    [SEEN_MERGED] = "merged",
    [SEEN_APIC_DISABLED] = "apic disabled",
    [SEEN_ILLEGAL_VECTOR] = "illegal vector",
    [SEEN_UNSUPPORTED_MODE] = "unsupported mode",
};

static void word_name(size_t word, char *text, size_t bytes)
{
    if (word >= SEEN_REGISTERS)
        snprintf(text, bytes, "%s", word_names[word]);
    else
        snprintf(text, bytes, "%03zx %s", word * 16,
                 register_names[word] ? register_names[word] : "");
}

/* The operation's register in words, or "". */
static const char *register_of(const struct lockstep_op *op)
{
    uint64_t slot = op->kind == OP_RDMSR || op->kind == OP_WRMSR
                        ? op->address - LAPIC_MSR_FIRST
                        : op->address / 16;

    if (op->address == LAPIC_MSR_APIC_BASE)
        return " APIC_BASE";
    return slot < SEEN_REGISTERS && register_names[slot] ? register_names[slot]
                                                         : "";
}

static void op_text(const struct lockstep_op *op, char *text, size_t bytes)
{
    static const char *const names[] = {
        [OP_MESSAGE] = "message",
        [OP_LINT0] = "LINT0 =",
        [OP_LINT1] = "LINT1 =",
        [OP_CMCI] = "CMCI",
        [OP_THERMAL] = "thermal monitor",
        [OP_PERFMON] = "performance counter",
        [OP_LOAD] = "load",
        [OP_STORE] = "store",
        [OP_RDMSR] = "RDMSR",
        [OP_WRMSR] = "WRMSR",
        [OP_SET_CR8] = "CR8 =",
        [OP_ACK] = "INTA",
        [OP_ACK_EXTINT] = "INTA cycles at the 8259",
        [OP_INIT] = "INIT",
        [OP_RESET] = "RESET",
        [OP_MATCH] = "match?",
    };
    const char *name = names[op->kind];
    unsigned v = (unsigned)op->value;

    switch (op->kind) {
    case OP_MESSAGE:
        snprintf(text, bytes, "%s vector %02x mode %u%s%s", name, v & 0xff,
                 v >> 8 & 7, v >> 11 & 1 ? " level" : "",
                 v >> 12 & 1 ? " assert" : "");
        break;
    case OP_LINT0:
    case OP_LINT1:
    case OP_SET_CR8:
        snprintf(text, bytes, "%s %u", name, v);
        break;
    case OP_LOAD:
    case OP_STORE:
    case OP_RDMSR:
    case OP_WRMSR:
        snprintf(text, bytes,
                 "%s %03" PRIx64 " %s (%" PRIu64 " bytes) %" PRIx64, name,
                 op->address, register_of(op), op->extra, op->value);
        break;
    case OP_MATCH:
        snprintf(text, bytes,
                 "%s dest %" PRIx64 " sender %" PRIx64 " flags %" PRIx64, name,
                 op->value, op->address, op->extra);
        break;
    default:
        snprintf(text, bytes, "%s", name);
    }
}

static void setup_text(const struct lockstep_setup *s, char *text, size_t bytes)
{
    const uint64_t *v = s->value;

    snprintf(
        text, bytes,
        "id %" PRIx64 " bsp %" PRIu64 " features %02" PRIx64 " delays %" PRIu64
        " %" PRIu64 " %" PRIu64 " periods: apic %" PRIu64 " timer %" PRIu64
        " tsc %" PRIu64 " repeats %" PRIu64,
        v[SETUP_ID], v[SETUP_BSP], v[SETUP_FEATURES], v[SETUP_ACCEPT_TO_INTR],
        v[SETUP_EOI_TO_INTR], v[SETUP_ICR_TO_BUS], v[SETUP_APIC_PERIOD],
        v[SETUP_TIMER_PERIOD], v[SETUP_TSC_PERIOD], v[SETUP_REPEATS]);
}

struct lockstep_block lapic_lockstep_block = LOCKSTEP_BLOCK(lapic);
