/* Recordings of one operation a line: lapic, x2apic, pic and ioapic. */
#include "models/ioapic/ioapic.h"
#include "models/lapic/lapic.h"
#include "models/pic/pic_pair.h"
#include "sim/replay/decode.h"

#define PAGE_OFFSET_MAX 0xfffu
#define INDEX_MAX 0xffu
#define PINS 24u

/* The answer of a line's last word: "=hex", or a fault in its two forms. */
static void answer(struct decoder *c, struct op *op)
{
    unsigned last = c->words - 1;

    if (word_is(&c->word[last], "=gp13"))
        op->faults = true;
    else
        op->value = decode_behind(c, last, "=", 16);
}

static struct op write_op(struct decoder *c, enum op_kind kind, uint64_t most)
{
    struct op op = {.kind = (uint8_t)kind, .bytes = 4};

    op.where = (uint32_t)decode_hex(c, 1, most);
    op.value = decode_hex(c, 2, UINT32_MAX);
    decode_expect_words(c, 3);
    return op;
}

static struct op read_op(struct decoder *c, enum op_kind kind, uint64_t most)
{
    struct op op = {.kind = (uint8_t)kind, .bytes = 4};

    if (decode_expect_words(c, 3)) {
        op.where = (uint32_t)decode_hex(c, 1, most);
        op.value = decode_behind(c, 2, "=", 16);
    }
    return op;
}

static struct op apic_write(struct decoder *c)
{
    return write_op(c, OP_APIC_WRITE, PAGE_OFFSET_MAX);
}

static struct op apic_read(struct decoder *c)
{
    return read_op(c, OP_APIC_READ, PAGE_OFFSET_MAX);
}

/* =n is the exception: 0, or 13 in decimal. */
static struct op msr_write(struct decoder *c)
{
    struct op op = {.kind = OP_MSR_WRITE};

    if (!decode_expect_words(c, 4))
        return op;
    op.where = (uint32_t)decode_hex(c, 1, UINT32_MAX);
    op.value = decode_hex(c, 2, UINT64_MAX);
    op.faults = word_is(&c->word[3], "=13") || word_is(&c->word[3], "=gp13");
    if (!op.faults && !word_is(&c->word[3], "=0"))
        decode_error(c, 3, "expected =0, =13 or =gp13");
    return op;
}

static struct op msr_read(struct decoder *c)
{
    struct op op = {.kind = OP_MSR_READ};

    if (decode_expect_words(c, 3)) {
        op.where = (uint32_t)decode_hex(c, 1, UINT32_MAX);
        answer(c, &op);
    }
    return op;
}

static bool is_port(uint64_t port)
{
    switch (port) {
    case PIC_PORT_MASTER_COMMAND:
    case PIC_PORT_MASTER_DATA:
    case PIC_PORT_SLAVE_COMMAND:
    case PIC_PORT_SLAVE_DATA:
    case PIC_PORT_ELCR1:
    case PIC_PORT_ELCR2:
        return true;
    default:
        return false;
    }
}

static struct op port(struct decoder *c, struct op op)
{
    op.bytes = 1;
    if (!is_port(op.where))
        decode_error(c, 1, "expected port 20, 21, a0, a1, 4d0 or 4d1");
    if (op.value > UINT8_MAX)
        decode_error(c, 2, "the number is too large");
    return op;
}

static struct op port_write(struct decoder *c)
{
    return port(c, write_op(c, OP_PORT_WRITE, UINT16_MAX));
}

static struct op port_read(struct decoder *c)
{
    return port(c, read_op(c, OP_PORT_READ, UINT16_MAX));
}

static struct op index_write(struct decoder *c)
{
    return write_op(c, OP_INDEX_WRITE, INDEX_MAX);
}

static struct op index_read(struct decoder *c)
{
    return read_op(c, OP_INDEX_READ, INDEX_MAX);
}

static struct op line(struct decoder *c)
{
    bool ioapic = c->recording->kind == RECORDING_IOAPIC;
    struct op op = {.kind = ioapic ? OP_PIN : OP_PIC_LINE};

    op.where = (uint32_t)decode_decimal(c, 1, (ioapic ? PINS : PIC_LINES) - 1);
    op.value = decode_decimal(c, 2, 1);
    decode_expect_words(c, 3);
    return op;
}

static struct op interrupt(struct decoder *c)
{
    struct op op = {.kind = OP_INTERRUPT, .value = OP_NO_VECTOR};

    if (!decode_expect_words(c, 2) || word_is(&c->word[1], "-"))
        return op;
    op.value = decode_behind(c, 1, "=", 16);
    if (op.value > UINT8_MAX)
        decode_error(c, 1, "the number is too large");
    return op;
}

static const struct {
    const char *name;
    struct op (*decode)(struct decoder *c);
    bool answers;
} operations[] = {
    {"AW", apic_write, false},  {"AR", apic_read, true},
    {"MW", msr_write, true},    {"MR", msr_read, true},
    {"OW", port_write, false},  {"OR", port_read, true},
    {"IW", index_write, false}, {"IR", index_read, true},
    {"L", line, false},         {"I", interrupt, true},
};

static void decode_line(struct decoder *c)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        struct op op;

        if (!word_is(&c->word[0], operations[i].name))
            continue;
        op = operations[i].decode(c);
        if (operations[i].answers)
            op.answer = c->unscored ? OP_UNSCORED : OP_SCORED;
        decode_emit(c, op);
        return;
    }
    decode_error(c, 0, "expected AW, AR, MW, MR, OW, OR, IW, IR, L or I");
}

void decode_short(struct decoder *c)
{
    for (uint32_t i = 1; i <= c->recording->line_count; i++) {
        decode_split(c, i);
        if (c->words && !word_is(&c->word[0], "BEGIN") &&
            !word_is(&c->word[0], "END"))
            decode_line(c);
    }
}
