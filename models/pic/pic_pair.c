/* Two 8259As as a PC wires them, and the INTA cycle. */
#include "models/pic/pic_pair.h"

#include <assert.h>
#include <stddef.h>

enum kind {
    KIND_NONE,
    KIND_COMMAND,
    KIND_DATA,
    KIND_SELECT,
    KIND_IMCR,
    KIND_ELCR,
};

struct row {
    uint16_t port;
    uint8_t chip, kind, writable;
};

static const struct row rows[] = {
#define REG(name, offset, reset, writable, chip, kind, title)                  \
    {offset, PIC_##chip, KIND_##kind, writable},
#include "models/pic/pic_regs.def"
};

static const struct row *row_at(const struct pic_pair *b, unsigned port)
{
    static const struct row none;

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool imcr = rows[i].kind == KIND_SELECT || rows[i].kind == KIND_IMCR;

        if (rows[i].port == port && (b->has_imcr || !imcr))
            return &rows[i];
    }
    return &none;
}

void pic_pair_init(struct pic_pair *b, bool has_imcr)
{
    *b = (struct pic_pair){.has_imcr = has_imcr};
    pic_init(&b->chip[PIC_MASTER], true);
    pic_init(&b->chip[PIC_SLAVE], false);
}

/* The slave first: the master sees its INT. */
static void settle(struct pic_pair *b)
{
    struct pic *slave = &b->chip[PIC_SLAVE];

    pic_settle(slave);
    pic_set_line(&b->chip[PIC_MASTER], PIC_CASCADE, pic_int(slave));
}

/* The slave's INT drops for the duration of an acknowledge: what still stands
 * is a new rise at the master. */
static void acknowledge_slave(struct pic_pair *b, int level)
{
    pic_acknowledge(&b->chip[PIC_SLAVE], level);
    pic_set_line(&b->chip[PIC_MASTER], PIC_CASCADE, false);
}

/* Lines of both chips, without the cascade's. */
static uint16_t lines_of(unsigned master, unsigned slave)
{
    return (uint16_t)((master & ~(1u << PIC_CASCADE)) | slave << PIC_LEVELS);
}

static uint16_t in_service(const struct pic_pair *b)
{
    return lines_of(b->chip[PIC_MASTER].isr, b->chip[PIC_SLAVE].isr);
}

static unsigned requests_of(const struct pic *p)
{
    return (unsigned)(pic_irr(p) & ~(p->elcr & p->isr));
}

static uint16_t requests(const struct pic_pair *b)
{
    return lines_of(requests_of(&b->chip[PIC_MASTER]),
                    requests_of(&b->chip[PIC_SLAVE]));
}

/* What stood before a call: its end compares with it. */
struct before {
    uint16_t requests, in_service;
};

static struct before begin(const struct pic_pair *b)
{
    return (struct before){requests(b), in_service(b)};
}

static const struct pic_out nothing = {
    .acked = PIC_NO_LEVEL,
    .why = IRQ_WITHDRAWN,
    .end_hop = HOP_EOI,
};

static struct pic_out end(struct pic_pair *b, struct before was,
                          struct pic_out out)
{
    uint16_t taken = 0, now;

    settle(b);
    if (out.acked != PIC_NO_LEVEL)
        taken = was.requests & (uint16_t)(1u << out.acked);
    if (!taken)
        out.acked = PIC_NO_LEVEL; /* a cascade level passed itself */
    now = requests(b);
    out.born = now & (uint16_t) ~(was.requests & ~taken);
    out.withdrawn = was.requests & (uint16_t) ~(now | taken);
    out.ended = (was.in_service | taken) & (uint16_t)~in_service(b);
    out.no_eoi = (out.ended & taken) != 0;
    out.intr = pic_int(&b->chip[PIC_MASTER]);
    out.direct = b->has_imcr && !(b->imcr & PIC_IMCR_APIC);
    return out;
}

struct pic_out pic_pair_set_line(struct pic_pair *b, unsigned line, bool high)
{
    struct before was = begin(b);

    assert(line < PIC_LINES);
    if (line != PIC_CASCADE)
        pic_set_line(&b->chip[line / PIC_LEVELS], line % PIC_LEVELS, high);
    return end(b, was, nothing);
}

bool pic_pair_claims(const struct pic_pair *b, uint16_t port)
{
    return row_at(b, port)->kind != KIND_NONE;
}

static void write_chip(struct pic *p, bool a0, uint8_t value,
                       struct pic_out *out)
{
    if (!a0 && (value & PIC_ICW1_SELECT)) {
        out->why = IRQ_PIC_INIT;
        out->end_hop = HOP_COUNT;
    }
    out->warnings |= pic_write(p, a0, value);
}

static void write_elcr(struct pic *p, const struct row *row, uint8_t value,
                       struct pic_out *out)
{
    pic_set_elcr(p, value & row->writable);
    if (value & ~row->writable)
        out->warnings |= PIC_WARN(ELCR_FIXED);
}

static void write_byte(struct pic_pair *b, unsigned port, uint8_t value,
                       struct pic_out *out)
{
    const struct row *row = row_at(b, port);
    struct pic *p = &b->chip[row->chip];

    switch (row->kind) {
    case KIND_COMMAND:
    case KIND_DATA:
        write_chip(p, row->kind == KIND_DATA, value, out);
        break;
    case KIND_SELECT:
        b->imcr_select = value;
        break;
    case KIND_IMCR:
        if (b->imcr_select == PIC_IMCR_INDEX)
            b->imcr = value & row->writable;
        break;
    case KIND_ELCR:
        write_elcr(p, row, value, out);
        break;
    default:
        out->warnings |= PIC_WARN(HOLE);
    }
}

static void note_acknowledge(const struct pic_pair *b, enum pic_chip chip,
                             int level, struct pic_out *out)
{
    out->dipped = true;
    if (level == PIC_NO_LEVEL)
        return;
    if (chip == PIC_SLAVE)
        out->acked = level + (int)PIC_LEVELS;
    else if (level != PIC_CASCADE)
        out->acked = level;
    if (b->chip[chip].aeoi)
        out->end_hop = HOP_COUNT;
}

static uint8_t read_chip(struct pic_pair *b, enum pic_chip chip, bool a0,
                         struct pic_out *out)
{
    struct pic_read r = pic_read(&b->chip[chip], a0);

    if (!r.polled)
        return r.value;
    out->polled = true;
    if (chip == PIC_SLAVE)
        acknowledge_slave(b, r.level);
    note_acknowledge(b, chip, r.level, out);
    return r.value;
}

static uint8_t read_byte(struct pic_pair *b, unsigned port, struct pic_out *out)
{
    const struct row *row = row_at(b, port);
    enum pic_chip chip = (enum pic_chip)row->chip;

    switch (row->kind) {
    case KIND_COMMAND:
    case KIND_DATA:
        return read_chip(b, chip, row->kind == KIND_DATA, out);
    case KIND_SELECT:
        return b->imcr_select;
    case KIND_IMCR:
        return b->imcr_select == PIC_IMCR_INDEX ? b->imcr : PIC_FLOATING;
    case KIND_ELCR:
        return b->chip[chip].elcr;
    default:
        out->warnings |= PIC_WARN(HOLE);
        return PIC_FLOATING;
    }
}

/* Each byte of a wider access is a cycle of the bus: what it does to INT is
 * seen before the next one. */
static void end_byte(struct pic_pair *b, struct pic_out *out)
{
    settle(b);
    if (!pic_int(&b->chip[PIC_MASTER]))
        out->dipped = true;
}

struct pic_out pic_pair_write(struct pic_pair *b, const struct pic_access *a)
{
    struct before was = begin(b);
    struct pic_out out = nothing;

    out.warnings = a->bytes == 1 ? 0 : PIC_WARN(WIDTH);
    for (unsigned i = 0; i < a->bytes; i++) {
        write_byte(b, a->port + i, (uint8_t)(a->value >> 8 * i), &out);
        end_byte(b, &out);
    }
    return end(b, was, out);
}

struct pic_out pic_pair_read(struct pic_pair *b, struct pic_access *a)
{
    struct before was = begin(b);
    struct pic_out out = nothing;

    out.warnings = a->bytes == 1 ? 0 : PIC_WARN(WIDTH);
    a->value = 0;
    for (unsigned i = 0; i < a->bytes; i++) {
        a->value |= (uint32_t)read_byte(b, a->port + i, &out) << 8 * i;
        end_byte(b, &out);
    }
    return end(b, was, out);
}

/* The second pulse: the master has put a cascade level on the bus. */
static uint8_t answer_of_slave(struct pic_pair *b, int cascade_level,
                               struct pic_out *out)
{
    struct pic *slave = &b->chip[PIC_SLAVE];
    int level = pic_resolve(slave);

    if (slave->icw3 != cascade_level) {
        out->warnings |= PIC_WARN(NO_SLAVE);
        return PIC_FLOATING;
    }
    acknowledge_slave(b, level);
    note_acknowledge(b, PIC_SLAVE, level, out);
    if (level == PIC_NO_LEVEL)
        level = PIC_LEVELS - 1;
    return (uint8_t)(slave->base + level);
}

struct pic_out pic_pair_acknowledge(struct pic_pair *b, uint8_t *vector)
{
    struct pic *master = &b->chip[PIC_MASTER];
    struct before was = begin(b);
    struct pic_out out = nothing;
    int level = pic_resolve(master);

    if (level == PIC_NO_LEVEL) {
        *vector = (uint8_t)(master->base + PIC_LEVELS - 1);
        return end(b, was, out);
    }
    pic_acknowledge(master, level);
    if (pic_cascades(master, level)) {
        out.dipped = true;
        *vector = answer_of_slave(b, level, &out);
    } else {
        note_acknowledge(b, PIC_MASTER, level, &out);
        *vector = (uint8_t)(master->base + level);
    }
    return end(b, was, out);
}

const char *pic_pair_check(const struct pic_pair *b)
{
    const struct pic *master = &b->chip[PIC_MASTER];
    bool cascade = master->line & 1u << PIC_CASCADE;

    for (unsigned i = 0; i < PIC_CHIPS; i++)
        if (pic_check(&b->chip[i]))
            return pic_check(&b->chip[i]);
    if (cascade != pic_int(&b->chip[PIC_SLAVE]))
        return "the master's IR2 is not the slave's INT";
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].kind == KIND_ELCR &&
            (b->chip[rows[i].chip].elcr & ~rows[i].writable))
            return "a line that is permanently edge is level";
    return NULL;
}
