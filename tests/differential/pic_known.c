/* Where QEMU's 8259As leave the page. */
#include <stddef.h>

#include "tests/differential/duel.h"

#define IR2 (1u << PIC_CASCADE)

/* ---- what an operation would set off ---- */

static bool writes(const struct pic_change *c, enum pic_chip chip, bool a0)
{
    uint16_t command = chip ? PIC_PORT_SLAVE_COMMAND : PIC_PORT_MASTER_COMMAND;

    return c->op->kind == OP_OUT && c->op->at == command + a0;
}

/* The byte is for the command port, and these of its bits say what it is. */
static bool commands(const struct pic_change *c, enum pic_chip chip,
                     unsigned mask, unsigned want)
{
    return writes(c, chip, false) && (c->op->value & mask) == want;
}

static bool polls(const struct pic_change *c, enum pic_chip chip)
{
    return c->before.chip[chip].poll && !c->after.chip[chip].poll &&
           c->op->kind == OP_IN;
}

static bool resolves(const struct pic *p)
{
    return pic_resolve(p) != PIC_NO_LEVEL;
}

/* The level that INTA would acknowledge in the master. */
static int master_level(const struct pic_change *c)
{
    return c->op->kind == OP_INTA ? pic_resolve(&c->before.chip[PIC_MASTER])
                                  : PIC_NO_LEVEL;
}

static bool edge_kept(const struct pic_change *c, enum pic_chip chip)
{
    const struct pic *was = &c->before.chip[chip], *is = &c->after.chip[chip];
    uint32_t fell = was->line & ~(uint32_t)is->line;
    uint32_t gone = was->edge & ~(uint32_t)is->edge & ~(uint32_t)is->elcr;

    if (c->op->kind == OP_INTA)
        return false; /* it was acknowledged */
    return (fell & gone) != 0;
}

static bool int_in_init(const struct pic_change *c, enum pic_chip chip)
{
    const struct pic *is = &c->after.chip[chip];

    return is->init != PIC_INIT_IDLE && resolves(is);
}

static bool base_gone(const struct pic_change *c, enum pic_chip chip)
{
    const struct pic *was = &c->before.chip[chip];

    return c->op->kind == OP_INTA && was->init == PIC_INIT_WANT_ICW2 &&
           was->base != 0;
}

static bool ir2_high_at_icw1(const struct pic_change *c, enum pic_chip chip)
{
    return chip == PIC_MASTER &&
           commands(c, chip, PIC_ICW1_SELECT, PIC_ICW1_SELECT) &&
           (c->after.chip[chip].line & IR2);
}

static bool sfnm_lower(const struct pic_change *c, enum pic_chip chip)
{
    struct pic other = c->after.chip[chip];

    if (!other.sfnm || !other.master)
        return false;
    other.sfnm = false;
    other.isr &= (uint8_t)~IR2;
    return pic_resolve(&other) != pic_resolve(&c->after.chip[chip]);
}

static bool smm_eoi(const struct pic_change *c, enum pic_chip chip)
{
    struct pic other = c->before.chip[chip];

    if (!commands(c, chip, PIC_ICW1_SELECT | PIC_OCW3_SELECT, 0))
        return false;
    other.smm = false;
    pic_write(&other, false, (uint8_t)c->op->value);
    return other.isr != c->after.chip[chip].isr ||
           other.lowest != c->after.chip[chip].lowest;
}

static bool writes_ocw3(const struct pic_change *c, enum pic_chip chip)
{
    return commands(c, chip, PIC_ICW1_SELECT | PIC_OCW3_SELECT,
                    PIC_OCW3_SELECT);
}

static bool smm_int(const struct pic_change *c, enum pic_chip chip)
{
    return writes_ocw3(c, chip) &&
           resolves(&c->before.chip[chip]) != resolves(&c->after.chip[chip]);
}

static bool elcr_latch(const struct pic_change *c, enum pic_chip chip)
{
    return c->op->kind == OP_OUT && c->op->at == PIC_PORT_ELCR1 + chip &&
           pic_irr(&c->before.chip[chip]) != pic_irr(&c->after.chip[chip]);
}

static bool icw3_ignored(const struct pic_change *c, enum pic_chip chip)
{
    const struct pic *master = &c->before.chip[PIC_MASTER];
    int level = master_level(c);
    bool ir2 = level == (int)PIC_CASCADE;

    if (chip != PIC_MASTER || level == PIC_NO_LEVEL)
        return false;
    return pic_cascades(master, level) != ir2 ||
           (ir2 && c->before.chip[PIC_SLAVE].icw3 != PIC_CASCADE);
}

static bool poll_with_rr(const struct pic_change *c, enum pic_chip chip)
{
    bool isr = (c->op->value & PIC_OCW3_RIS) != 0;

    return writes_ocw3(c, chip) && (c->op->value & PIC_OCW3_P) &&
           (c->op->value & PIC_OCW3_RR) && isr != c->before.chip[chip].read_isr;
}

static bool slave_int_dip(const struct pic_change *c, enum pic_chip chip)
{
    if (chip != PIC_SLAVE || !(c->after.chip[PIC_MASTER].line & IR2))
        return false;
    if (polls(c, PIC_SLAVE))
        return !(c->before.chip[PIC_MASTER].edge & IR2);
    return master_level(c) == (int)PIC_CASCADE;
}

/* While the master keeps the request of IR2, it does not matter. */
static bool slave_int_held(const struct pic_change *c, enum pic_chip chip)
{
    const struct pic *slave = &c->after.chip[PIC_SLAVE];

    return chip == PIC_SLAVE && slave->int_held && !resolves(slave) &&
           !(c->after.chip[PIC_MASTER].edge & IR2);
}

/* ICW4_GONE needs a request inside an initialisation: INT_IN_INIT. */
enum known pic_known(const struct pic_change *c)
{
    static const struct {
        enum known known;
        bool (*of)(const struct pic_change *c, enum pic_chip chip);
    } rules[] = {
        {KNOWN_PIC_EDGE_KEPT, edge_kept},
        {KNOWN_PIC_INT_IN_INIT, int_in_init},
        {KNOWN_PIC_BASE_GONE, base_gone},
        {KNOWN_PIC_IR2_HIGH_AT_ICW1, ir2_high_at_icw1},
        {KNOWN_PIC_SFNM_LOWER, sfnm_lower},
        {KNOWN_PIC_SMM_EOI, smm_eoi},
        {KNOWN_PIC_SMM_INT, smm_int},
        {KNOWN_PIC_ELCR_LATCH, elcr_latch},
        {KNOWN_PIC_ICW3_IGNORED, icw3_ignored},
        {KNOWN_PIC_POLL_WITH_RR, poll_with_rr},
        {KNOWN_PIC_SLAVE_INT_DIP, slave_int_dip},
        {KNOWN_PIC_SLAVE_INT_HELD, slave_int_held},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].of(c, PIC_MASTER) || rules[i].of(c, PIC_SLAVE))
            return rules[i].known;
    return KNOWN_COUNT;
}

/* ---- sequences that show each ---- */

/* From power-up: nothing was written yet. */
static const struct witness at_power_up = {
    KNOWN_PIC_POWER_UP_IMR, SEES_VALUE, 0xff, 0x00, false, {IN(0x21)}};

/* Set up: bases 20h and 28h, all edge, nothing masked. */
static const struct witness witnesses[] = {
    {KNOWN_PIC_EDGE_KEPT,
     SEES_VALUE,
     0x27,
     0x23,
     false,
     {LINE(3, 1), LINE(3, 0), INTA}},
    {KNOWN_PIC_ICW4_GONE,
     SEES_VALUE,
     0x00,
     0x10,
     false,
     {OUT(0x20, 0x11), OUT(0x21, 0x20), OUT(0x21, 0x04), OUT(0x21, 0x03),
      OUT(0x20, 0x11), LINE(4, 1), OUT(0x20, 0x0c), IN(0x20), OUT(0x20, 0x0b),
      IN(0x20)}},
    {KNOWN_PIC_BASE_GONE,
     SEES_VALUE,
     0x27,
     0x07,
     false,
     {OUT(0x20, 0x11), INTA}},
    {KNOWN_PIC_INT_IN_INIT,
     SEES_INT,
     0,
     1,
     false,
     {OUT(0x20, 0x11), LINE(4, 1)}},
    {KNOWN_PIC_IR2_HIGH_AT_ICW1,
     SEES_INT,
     0,
     1,
     false,
     {LINE(9, 1), OUT(0x20, 0x11), OUT(0x21, 0x20), OUT(0x21, 0x04),
      OUT(0x21, 0x01), OUT(0xa1, 0x00)}},
    {KNOWN_PIC_SFNM_LOWER,
     SEES_INT,
     0,
     1,
     false,
     {OUT(0x20, 0x11), OUT(0x21, 0x20), OUT(0x21, 0x04), OUT(0x21, 0x11),
      LINE(9, 1), INTA, LINE(3, 1)}},
    {KNOWN_PIC_SMM_EOI,
     SEES_VALUE,
     0x02,
     0x40,
     false,
     {LINE(1, 1), INTA, OUT(0x21, 0x02), OUT(0x20, 0x68), LINE(6, 1), INTA,
      OUT(0x20, 0x20), OUT(0x20, 0x0b), IN(0x20)}},
    {KNOWN_PIC_SMM_INT,
     SEES_INT,
     1,
     0,
     false,
     {LINE(1, 1), INTA, OUT(0x21, 0x02), LINE(6, 1), OUT(0x20, 0x68)}},
    {KNOWN_PIC_ELCR_LATCH,
     SEES_VALUE,
     0x20,
     0x00,
     false,
     {LINE(5, 1), INTA, OUT(0x20, 0x20), OUT(0x4d0, 0x20), OUT(0x20, 0x0a),
      IN(0x20)}},
    {KNOWN_PIC_ICW3_IGNORED,
     SEES_VALUE,
     0x22,
     0x29,
     false,
     {OUT(0x20, 0x11), OUT(0x21, 0x20), OUT(0x21, 0x00), OUT(0x21, 0x01),
      LINE(9, 1), INTA}},
    {KNOWN_PIC_POLL_WITH_RR,
     SEES_VALUE,
     0x00,
     0x08,
     false,
     {LINE(3, 1), OUT(0x20, 0x0f), IN(0x20), IN(0x20)}},
    {KNOWN_PIC_SLAVE_INT_DIP,
     SEES_INT,
     1,
     0,
     false,
     {OUT(0xa0, 0x11), OUT(0xa1, 0x28), OUT(0xa1, 0x02), OUT(0xa1, 0x03),
      LINE(9, 1), LINE(10, 1), INTA, OUT(0x20, 0x20)}},
    {KNOWN_PIC_SLAVE_INT_HELD,
     SEES_INT,
     0,
     1,
     false,
     {LINE(9, 1), OUT(0x20, 0x0c), IN(0x20), OUT(0xa1, 0x02), OUT(0x20, 0x20),
      LINE(10, 1)}},
};

void pic_witnesses(struct duel *d)
{
    duel_witness(d, &at_power_up);
    pic_set_up(d, PIC_ICW4_UPM);
    qemu_watch_int(&d->qemu);
    qemu_open_inta(&d->qemu);
    for (size_t i = 0; i < sizeof witnesses / sizeof witnesses[0]; i++) {
        duel_witness(d, &witnesses[i]);
        pic_set_up(d, PIC_ICW4_UPM);
    }
}
