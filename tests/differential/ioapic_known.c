/* Where QEMU's I/O APIC leaves the page. */
#include <stddef.h>

#include "tests/differential/duel.h"

#define LOW(pin) (IOAPIC_AT_RTE_LOW + 2 * (pin))
#define HIGH(pin) (IOAPIC_AT_RTE_HIGH + 2 * (pin))
#define SELECT(index) WRITE(IOAPIC_IOREGSEL, 4, index)
#define WINDOW(value) WRITE(IOAPIC_IOWIN, 4, value)
#define LOOK READ(IOAPIC_IOWIN, 4)

/* ---- what an operation would set off ---- */

static bool opens(const struct ioapic_change *c, unsigned pin, uint64_t mask,
                  uint64_t want)
{
    uint64_t rte = c->after.rte[pin];

    return !(rte & IOAPIC_RTE_MASKED) && (rte & mask) == want;
}

static unsigned mode_of(uint64_t rte)
{
    return rte >> IOAPIC_RTE_MODE_SHIFT & 7;
}

static bool polarity(const struct ioapic_change *c, unsigned pin)
{
    return opens(c, pin, IOAPIC_RTE_ACTIVE_LOW, IOAPIC_RTE_ACTIVE_LOW);
}

static bool trigger_changes(const struct ioapic_change *c, unsigned pin,
                            uint64_t from)
{
    uint64_t was = c->before.rte[pin], is = c->after.rte[pin];

    return ((was ^ is) & IOAPIC_RTE_LEVEL) &&
           (was & IOAPIC_RTE_LEVEL) == from &&
           vecset_has(&c->after.high, (uint8_t)pin);
}

static bool edge_to_level(const struct ioapic_change *c, unsigned pin)
{
    return trigger_changes(c, pin, 0);
}

static bool level_to_edge(const struct ioapic_change *c, unsigned pin)
{
    return trigger_changes(c, pin, IOAPIC_RTE_LEVEL);
}

static bool level_modes(const struct ioapic_change *c, unsigned pin)
{
    return opens(c, pin, IOAPIC_RTE_LEVEL, IOAPIC_RTE_LEVEL) &&
           mode_of(c->after.rte[pin]) > DELIVERY_LOWEST;
}

static bool reserved_mode(const struct ioapic_change *c, unsigned pin)
{
    unsigned mode = mode_of(c->after.rte[pin]);

    return opens(c, pin, 0, 0) &&
           (mode == DELIVERY_RESERVED3 || mode == DELIVERY_SIPI);
}

/* DEST is 0, the extended ID is not. */
static bool extended_id(const struct ioapic_change *c, unsigned pin)
{
    uint64_t high = c->after.rte[pin] >> 48;

    return opens(c, pin, 0, 0) && high && high < 0x100;
}

static enum known known_of_pin(const struct ioapic_change *c, unsigned pin)
{
    static const struct {
        enum known known;
        bool (*of)(const struct ioapic_change *c, unsigned pin);
    } rules[] = {
        {KNOWN_IOAPIC_POLARITY, polarity},
        {KNOWN_IOAPIC_EDGE_TO_LEVEL, edge_to_level},
        {KNOWN_IOAPIC_LEVEL_TO_EDGE, level_to_edge},
        {KNOWN_IOAPIC_LEVEL_MODES, level_modes},
        {KNOWN_IOAPIC_RESERVED_MODE, reserved_mode},
        {KNOWN_IOAPIC_EXTENDED_ID, extended_id},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].of(c, pin))
            return rules[i].known;
    return KNOWN_COUNT;
}

/* Of the access, before any entry is looked at.  Pin 0 and offsets beyond FFh
 * are not drawn. */
static enum known known_of_access(const struct ioapic_change *c)
{
    const struct op *op = c->op;
    bool entry = c->before.select >= IOAPIC_AT_RTE_LOW &&
                 c->before.select < LOW(BOARD_PINS);
    bool high = c->before.select % 2;
    bool window = (op->at & ~3u) == IOAPIC_IOWIN;

    if (op->kind == OP_PIN)
        return KNOWN_COUNT;
    if (op->kind == OP_READ)
        return window && op->bytes < 4 ? KNOWN_IOAPIC_NARROW_READ : KNOWN_COUNT;
    if (op->at == IOAPIC_EOI && op->bytes < 4)
        return KNOWN_IOAPIC_NARROW_EOI;
    if (!window || !entry || op->bytes < 4)
        return KNOWN_COUNT;
    if (high)
        return op->value & 0xffff ? KNOWN_IOAPIC_RESERVED : KNOWN_COUNT;
    return op->value & 0xfffe0000 ? KNOWN_IOAPIC_RESERVED_LOW : KNOWN_COUNT;
}

enum known ioapic_known(const struct ioapic_change *c)
{
    enum known known = known_of_access(c);

    for (unsigned pin = 0; known == KNOWN_COUNT && pin < BOARD_PINS; pin++)
        known = known_of_pin(c, pin);
    return known;
}

/* ---- sequences that show each ---- */

/* Set up: all entries masked, all pins low, the 8259As masked. */
static const struct witness witnesses[] = {
    {KNOWN_IOAPIC_RESERVED,
     SEES_VALUE,
     0xffff0000,
     0xffffffff,
     false,
     {SELECT(HIGH(5)), WINDOW(0xffffffff), LOOK}},
    {KNOWN_IOAPIC_RESERVED_LOW,
     SEES_VALUE,
     0x0001afff,
     0xffffafff,
     false,
     {SELECT(LOW(5)), WINDOW(0xffffffff), LOOK}},
    {KNOWN_IOAPIC_POLARITY,
     SEES_MESSAGES,
     1,
     0,
     false,
     {PIN(5, 1), SELECT(LOW(5)), WINDOW(0x2030), PIN(5, 0)}},
    {KNOWN_IOAPIC_REMOTE_IRR,
     SEES_VALUE,
     0x8030,
     0xc030,
     true,
     {SELECT(HIGH(5)), WINDOW(0x05000000), SELECT(LOW(5)), WINDOW(0x8030),
      PIN(5, 1), LOOK}},
    {KNOWN_IOAPIC_EDGE_TO_LEVEL,
     SEES_MESSAGES,
     1,
     0,
     false,
     {PIN(5, 1), SELECT(LOW(5)), WINDOW(0x8030)}},
    {KNOWN_IOAPIC_LEVEL_TO_EDGE,
     SEES_MESSAGES,
     0,
     1,
     false,
     {SELECT(LOW(5)), WINDOW(0x8030), PIN(5, 1), WINDOW(0x0030)}},
    {KNOWN_IOAPIC_LEVEL_MODES,
     SEES_VALUE,
     0x8430,
     0xc430,
     false,
     {SELECT(LOW(5)), WINDOW(0x8430), PIN(5, 1), LOOK}},
    {KNOWN_IOAPIC_RESERVED_MODE,
     SEES_MESSAGES,
     0,
     1,
     false,
     {SELECT(LOW(5)), WINDOW(0x0330), PIN(5, 1)}},
    {KNOWN_IOAPIC_HINT,
     SEES_ADDR,
     0xfee01008,
     0xfee01000,
     false,
     {SELECT(HIGH(5)), WINDOW(0x01000000), SELECT(LOW(5)), WINDOW(0x0130),
      PIN(5, 1)}},
    {KNOWN_IOAPIC_LEVEL_BIT,
     SEES_DATA,
     0x4030,
     0x0030,
     false,
     {SELECT(LOW(5)), WINDOW(0x0030), PIN(5, 1)}},
    {KNOWN_IOAPIC_EXTINT_VECTOR,
     SEES_DATA,
     0x4755,
     0x070f,
     false,
     {SELECT(LOW(5)), WINDOW(0x0755), PIN(5, 1)}},
    {KNOWN_IOAPIC_EXTENDED_ID,
     SEES_REACHED,
     1,
     0,
     false,
     {SELECT(HIGH(5)), WINDOW(0x00010000), SELECT(LOW(5)), WINDOW(0x0030),
      PIN(5, 1)}},
    {KNOWN_IOAPIC_PIN_0,
     SEES_MESSAGES,
     0,
     1,
     false,
     {SELECT(LOW(2)), WINDOW(0x0030), PIN(0, 1)}},
    {KNOWN_IOAPIC_NARROW_READ,
     SEES_VALUE,
     0x20,
     0x00,
     false,
     {SELECT(IOAPIC_AT_VERSION), READ(IOAPIC_IOWIN, 1)}},
    {KNOWN_IOAPIC_NARROW_EOI,
     SEES_MESSAGES,
     1,
     0,
     false,
     {SELECT(LOW(5)), WINDOW(0x8030), PIN(5, 1), WRITE(IOAPIC_EOI, 1, 0x30)}},
    {KNOWN_IOAPIC_ALIAS,
     SEES_VALUE,
     0x00,
     0x12,
     false,
     {WRITE(0x100, 4, 0x12), READ(IOAPIC_IOREGSEL, 4)}},
};

void ioapic_witnesses(struct duel *d)
{
    for (size_t i = 0; i < sizeof witnesses / sizeof witnesses[0]; i++) {
        ioapic_set_up(d);
        duel_witness(d, &witnesses[i]);
    }
}
