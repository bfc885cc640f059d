/* Random operations on the 8259As of both sides. */
#include <inttypes.h>
#include <stdio.h>

#include "tests/differential/duel.h"

#define STEPS_ALIKE 300u /* after so many steps both are set up anew */
#define DRAWS 50u        /* to find an operation without a known difference */

static const uint16_t command_port[] = {PIC_PORT_MASTER_COMMAND,
                                        PIC_PORT_SLAVE_COMMAND};

/* ---- one state ---- */

static void out(struct duel *d, uint16_t port, uint32_t value)
{
    struct op op = OUT(port, value);

    duel_do(d, &op);
}

static void initialise(struct duel *d, unsigned chip, uint8_t mode)
{
    uint16_t port = command_port[chip];

    out(d, port, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    out(d, port + 1, chip ? 0x28 : 0x20);
    out(d, port + 1, chip ? PIC_CASCADE : 1u << PIC_CASCADE);
    out(d, port + 1, mode);
}

/* The slave first: its INT is low when the master's ICW1 comes. */
void pic_set_up(struct duel *d, uint8_t mode)
{
    for (uint16_t line = 0; line < PIC_LINES; line++) {
        struct op low = LINE(line, 0);

        if (line != PIC_CASCADE)
            duel_do(d, &low);
    }
    out(d, PIC_PORT_ELCR1, 0);
    out(d, PIC_PORT_ELCR2, 0);
    initialise(d, PIC_SLAVE, mode & (uint8_t)~PIC_ICW4_SFNM);
    initialise(d, PIC_MASTER, mode);
    duel_alike(d);
}

/* ---- what is drawn ---- */

static const struct pic *chip_of(const struct duel *d, unsigned chip)
{
    return &d->board.pic.pair.chip[chip];
}

static struct op draw_line(struct duel *d)
{
    unsigned line = below(d, PIC_LINES);
    struct op op = LINE((uint16_t)line, 0);

    if (line == PIC_CASCADE)
        line = op.at = PIC_LINES - 1;
    op.value = !(chip_of(d, line / 8)->line >> line % 8 & 1);
    return op;
}

/* One that is in service, half of the time. */
static unsigned draw_level(struct duel *d, unsigned chip)
{
    unsigned level = below(d, PIC_LEVELS);
    unsigned isr = chip_of(d, chip)->isr;

    return isr && below(d, 2) ? (unsigned)__builtin_ctz(isr) : level;
}

static struct op draw_ocw2(struct duel *d, unsigned chip)
{
    static const uint8_t what[] = {0x20, 0x20, 0x20, 0x60, 0x60, 0xa0,
                                   0xa0, 0xe0, 0xc0, 0x80, 0x00, 0x40};
    uint32_t value = what[below(d, sizeof what)] | draw_level(d, chip);
    struct op op = OUT(command_port[chip], value);

    return op;
}

static struct op draw_ocw1(struct duel *d, unsigned chip)
{
    uint32_t value = chip_of(d, chip)->imr ^ 1u << below(d, PIC_LEVELS);
    struct op op = OUT(command_port[chip] + 1, value);

    if (below(d, 4) == 0)
        op.value = below(d, 256) & below(d, 256);
    return op;
}

static struct op draw_ocw3(struct duel *d, unsigned chip)
{
    const unsigned bits =
        PIC_OCW3_RIS | PIC_OCW3_RR | PIC_OCW3_P | PIC_OCW3_ESMM | PIC_OCW3_SMM;
    struct op op =
        OUT(command_port[chip], PIC_OCW3_SELECT | (below(d, 256) & bits));

    return op;
}

static struct op draw_icw1(struct duel *d, unsigned chip)
{
    uint32_t value = PIC_ICW1_SELECT | below(d, 256);
    struct op op = OUT(command_port[chip], value);

    if (below(d, 8))
        op.value = PIC_ICW1_SELECT | PIC_ICW1_IC4;
    return op;
}

/* Mostly what a PC needs. */
static struct op draw_icw(struct duel *d, unsigned chip)
{
    struct op op = OUT(command_port[chip] + 1, below(d, 256));

    if (chip_of(d, chip)->init == PIC_INIT_WANT_ICW3 && below(d, 8))
        op.value = chip ? PIC_CASCADE : 1u << PIC_CASCADE;
    return op;
}

static struct op draw_in(struct duel *d)
{
    static const uint16_t port[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
    struct op op = IN(port[below(d, sizeof port / sizeof port[0])]);

    return op;
}

static struct op draw_elcr(struct duel *d, unsigned chip)
{
    struct op op = OUT((uint16_t)(PIC_PORT_ELCR1 + chip), below(d, 256));

    return op;
}

static struct op draw_random(struct duel *d, unsigned chip)
{
    struct op op =
        OUT((uint16_t)(command_port[chip] + below(d, 2)), below(d, 256));

    return op;
}

static struct op draw(struct duel *d)
{
    unsigned chip = below(d, PIC_CHIPS), dice = below(d, 100);
    struct op inta = INTA;

    if (chip_of(d, chip)->poll && dice < 60)
        return (struct op)IN((uint16_t)(command_port[chip] + dice % 2));
    if (chip_of(d, chip)->init != PIC_INIT_IDLE && dice < 60)
        return draw_icw(d, chip);
    if (d->board.answer.intr && below(d, 4) == 0)
        return inta;
    if (dice < 40)
        return draw_line(d);
    if (dice < 55)
        return d->board.answer.intr || dice < 42 ? inta : draw_line(d);
    if (dice < 70)
        return draw_ocw2(d, chip);
    if (dice < 80)
        return draw_ocw1(d, chip);
    if (dice < 89)
        return draw_ocw3(d, chip);
    if (dice < 94)
        return draw_in(d);
    if (dice < 96)
        return draw_elcr(d, chip);
    return dice < 98 ? draw_icw1(d, chip) : draw_random(d, chip);
}

/* ---- what is looked at ---- */

static void apply(struct pic_pair *b, const struct op *op)
{
    struct pic_access a = {op->at, 1, op->value};
    uint8_t vector;

    if (op->kind == OP_OUT)
        pic_pair_write(b, &a);
    else if (op->kind == OP_IN)
        pic_pair_read(b, &a);
    else if (op->kind == OP_LINE)
        pic_pair_set_line(b, op->at, op->value != 0);
    else
        pic_pair_acknowledge(b, &vector);
}

/* An operation on which both must agree; false: none was found. */
static bool choose(struct duel *d, struct op *op)
{
    for (unsigned i = 0; i < DRAWS; i++) {
        struct pic_change c = {.before = d->board.pic.pair, .op = op};
        enum known known;

        *op = draw(d);
        c.after = c.before;
        apply(&c.after, op);
        known = pic_known(&c);
        if (known == KNOWN_COUNT)
            return true;
        d->avoided[known]++;
    }
    return false;
}

/* IRR, ISR and IMR; a poll that is armed would be consumed. */
static bool look_at_chip(struct duel *d, unsigned chip)
{
    const struct pic *p = chip_of(d, chip);
    uint16_t port = command_port[chip];
    uint32_t other = PIC_OCW3_SELECT | PIC_OCW3_RR | !p->read_isr;
    struct op ops[] = {IN(port),     OUT(port, other),
                       IN(port),     OUT(port, other ^ 1),
                       IN(port + 1), {OP_END, 0, 0, 0}};

    for (const struct op *op = ops; op->kind != OP_END && !p->poll; op++)
        if (!duel_look(d, op))
            return false;
    return true;
}

static bool look(struct duel *d)
{
    struct op elcr1 = IN(PIC_PORT_ELCR1), elcr2 = IN(PIC_PORT_ELCR2);

    return look_at_chip(d, PIC_MASTER) && look_at_chip(d, PIC_SLAVE) &&
           duel_look(d, &elcr1) && duel_look(d, &elcr2);
}

void pic_duel(struct duel *d, uint64_t steps)
{
    pic_witnesses(d);
    for (d->step = 0; d->step < steps; d->step++) {
        struct op op;

        if (d->step % STEPS_ALIKE == 0)
            pic_set_up(d, (uint8_t)(below(d, 32) | PIC_ICW4_UPM));
        if (!choose(d, &op))
            continue;
        if (!duel_step(d, &op) || (below(d, 2) && !look(d)))
            return;
    }
    duel_say(d, true, "%" PRIu64 " random operations agree, seed %" PRIu64,
             steps, d->seed);
}
