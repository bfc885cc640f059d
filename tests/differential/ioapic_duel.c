/* Random operations on the I/O APIC of both sides. */
#include <inttypes.h>
#include <stddef.h>

#include "tests/differential/duel.h"

#define STEPS_ALIKE 400u /* after so many steps both are set up anew */
#define DRAWS 50u        /* to find an operation without a known difference */
#define LOOK_AT_ALL 64u  /* once in so many steps */

/* ---- one state ---- */

static void put(struct duel *d, uint16_t offset, uint32_t value)
{
    struct op op = WRITE(offset, 4, value);

    duel_do(d, &op);
}

static void set_pin(struct duel *d, unsigned pin, bool high)
{
    struct op op = PIN((uint16_t)pin, high);

    duel_do(d, &op);
}

/* QEMU keeps a request of its own for each pin; a line that falls at a level
 * entry takes it away. */
static void clear_pin(struct duel *d, unsigned pin)
{
    put(d, IOAPIC_IOREGSEL, IOAPIC_AT_RTE_LOW + 2 * pin);
    put(d, IOAPIC_IOWIN, IOAPIC_RTE_MASKED | IOAPIC_RTE_LEVEL);
    set_pin(d, pin, true);
    set_pin(d, pin, false);
    put(d, IOAPIC_IOWIN, IOAPIC_RTE_MASKED);
    put(d, IOAPIC_IOREGSEL, IOAPIC_AT_RTE_HIGH + 2 * pin);
    put(d, IOAPIC_IOWIN, 0);
}

/* Masked 8259As answer QEMU's INTA cycles without a state of their own: with
 * the vector 0Fh, spurious. */
static void set_up_pics(struct duel *d)
{
    static const struct op ops[] = {
        OUT(0xa0, 0x11), OUT(0xa1, 0x10), OUT(0xa1, 0x02),  OUT(0xa1, 0x01),
        OUT(0x20, 0x11), OUT(0x21, 0x08), OUT(0x21, 0x04),  OUT(0x21, 0x01),
        OUT(0x21, 0xff), OUT(0xa1, 0xff), {OP_END, 0, 0, 0}};

    duel_do_all(d, ops);
}

void ioapic_set_up(struct duel *d)
{
    set_up_pics(d);
    for (unsigned pin = 0; pin < BOARD_PINS; pin++)
        clear_pin(d, pin);
    put(d, IOAPIC_IOREGSEL, IOAPIC_AT_ID);
    put(d, IOAPIC_IOWIN, 0);
    duel_alike(d);
}

/* ---- what is drawn ---- */

static const struct ioapic *ours(const struct duel *d)
{
    return &d->board.ioapic.ioapic;
}

/* Few enough to meet again; the board drives no pin 0. */
static unsigned draw_pin(struct duel *d)
{
    return below(d, 3) ? 1 + below(d, 6) : 1 + below(d, BOARD_PINS - 1);
}

/* Mostly of a pin whose entry is open. */
static struct op draw_pin_change(struct duel *d)
{
    unsigned pin = draw_pin(d);
    struct op op;

    for (unsigned i = 0; i < 4 && ours(d)->rte[pin] & IOAPIC_RTE_MASKED; i++)
        pin = draw_pin(d);
    op = (struct op)PIN((uint16_t)pin,
                        !vecset_has(&ours(d)->high, (uint8_t)pin));
    return op;
}

/* Few vectors, so that entries share them; now and then an illegal one. */
static uint32_t draw_vector(struct duel *d)
{
    return below(d, 20) ? 0x30 + below(d, 6) : below(d, 256);
}

static uint32_t draw_low(struct duel *d, unsigned pin)
{
    uint32_t low = (uint32_t)ours(d)->rte[pin];
    uint32_t mode = below(d, 4) ? below(d, 2) : below(d, 8);

    if (below(d, 2)) /* open it, close it, or leave all as it is */
        return below(d, 2) ? low ^ IOAPIC_RTE_MASKED : low;
    low = draw_vector(d) | mode << IOAPIC_RTE_MODE_SHIFT;
    low |= below(d, 2) ? IOAPIC_RTE_LEVEL : 0;
    low |= below(d, 3) ? 0 : IOAPIC_RTE_MASKED;
    low |= below(d, 3) ? 0 : IOAPIC_RTE_LOGICAL;
    low |= below(d, 10) ? 0 : IOAPIC_RTE_ACTIVE_LOW;
    return low | (below(d, 2) ? 0x5000 : 0); /* bits that are read-only */
}

/* The value for the register that is selected, as if it were an entry. */
static struct op draw_window(struct duel *d)
{
    unsigned index = ours(d)->select;
    unsigned pin = (index - IOAPIC_AT_RTE_LOW) / 2;
    struct op op = WRITE(IOAPIC_IOWIN, 4, below(d, UINT32_MAX));

    if (index >= IOAPIC_AT_RTE_LOW && pin < BOARD_PINS)
        op.value = index % 2 ? op.value & 0xffff0000 : draw_low(d, pin);
    return op;
}

static struct op draw_select(struct duel *d)
{
    struct op op = WRITE(IOAPIC_IOREGSEL, 4, below(d, 256));

    if (below(d, 10))
        op.value = IOAPIC_AT_RTE_LOW + 2 * draw_pin(d) + !below(d, 5);
    else if (below(d, 2))
        op.value = below(d, 4);
    return op;
}

/* Mostly of a pin that is in service. */
static struct op draw_eoi(struct duel *d)
{
    struct op op = WRITE(IOAPIC_EOI, 4, draw_vector(d));

    for (unsigned pin = below(d, BOARD_PINS); pin < BOARD_PINS; pin++)
        if (ours(d)->rte[pin] & IOAPIC_RTE_REMOTE_IRR)
            op.value = ours(d)->rte[pin] & 0xff;
    return op;
}

/* Any width, aligned; mostly at a register, the window above all. */
static struct op draw_access(struct duel *d)
{
    static const uint8_t widths[] = {1, 2, 4};
    uint8_t bytes = widths[below(d, sizeof widths)];
    unsigned offset = below(d, 3) ? IOAPIC_IOWIN : below(d, 8) * 0x10;
    struct op op = READ(0, bytes);

    if (!below(d, 3))
        offset += below(d, 16);
    op.at = (uint16_t)(offset & ~(bytes - 1u));
    if (below(d, 3)) {
        op.kind = OP_WRITE;
        op.value = below(d, UINT32_MAX) & UINT32_MAX >> (32 - 8 * bytes);
    }
    return op;
}

static struct op draw(struct duel *d)
{
    unsigned dice = below(d, 100);

    if (dice < 35)
        return draw_pin_change(d);
    if (dice < 55)
        return draw_select(d);
    if (dice < 80)
        return draw_window(d);
    return dice < 94 ? draw_eoi(d) : draw_access(d);
}

/* ---- what is looked at ---- */

/* A local APIC takes each level message, as on our side of the test. */
static void apply(struct ioapic *io, const struct op *op)
{
    struct ioapic_mmio a = {op->at, op->bytes, op->value};

    if (op->kind == OP_PIN)
        ioapic_set_pin(io, op->at, op->value != 0);
    else if (op->kind == OP_WRITE)
        ioapic_write(io, &a);
    while (ioapic_waiting(io)) {
        struct ioapic_sent sent = ioapic_take(io);

        if (sent.level)
            ioapic_answer(io, sent.pin, true);
    }
}

/* An operation on which both must agree; false: none was found. */
static bool choose(struct duel *d, struct op *op)
{
    for (unsigned i = 0; i < DRAWS; i++) {
        struct ioapic_change c = {.before = *ours(d), .op = op};
        enum known known;

        *op = draw(d);
        c.after = c.before;
        apply(&c.after, op);
        known = ioapic_known(&c);
        if (known == KNOWN_COUNT)
            return true;
        d->avoided[known]++;
    }
    return false;
}

static bool look_at_index(struct duel *d, unsigned index)
{
    struct op select = WRITE(IOAPIC_IOREGSEL, 4, index);
    struct op window = READ(IOAPIC_IOWIN, 4);

    return duel_look(d, &select) && duel_look(d, &window);
}

/* The entry of a pin, or every index; the selection is put back. */
static bool look(struct duel *d, unsigned first, unsigned last)
{
    struct op select = READ(IOAPIC_IOREGSEL, 4);
    struct op back = WRITE(IOAPIC_IOREGSEL, 4, ours(d)->select);

    if (!duel_look(d, &select))
        return false;
    for (unsigned index = first; index <= last; index++)
        if (!look_at_index(d, index))
            return false;
    return duel_look(d, &back);
}

static bool look_after(struct duel *d)
{
    unsigned index = IOAPIC_AT_RTE_LOW + 2 * draw_pin(d);

    if (!below(d, LOOK_AT_ALL))
        return look(d, 0, 255);
    return look(d, index, index + 1);
}

void ioapic_duel(struct duel *d, uint64_t steps)
{
    ioapic_witnesses(d);
    for (d->step = 0; d->step < steps; d->step++) {
        struct op op;

        if (d->step % STEPS_ALIKE == 0)
            ioapic_set_up(d);
        if (!choose(d, &op))
            continue;
        if (!duel_step(d, &op) || !look_after(d))
            return;
    }
    duel_say(d, true, "%" PRIu64 " random operations agree, seed %" PRIu64,
             steps, d->seed);
}
