/* The 8259As in lock-step: random operations, biased to what collides. */
#include "models/pic/pic_pair.h"
#include "models/pic/test/pic_lockstep.h"
#include "tests/lockstep/stimulus.h"

#define WORDS_OF_ICW 8u /* both chips */

static uint8_t byte(struct rng *r)
{
    return (uint8_t)rng_below(r, 256);
}

/* A byte in which few bits are set. */
static uint8_t sparse(struct rng *r)
{
    return byte(r) & byte(r) & byte(r);
}

/* A word that initialises a chip: mostly as a PC's firmware does. */
static uint8_t icw(struct rng *r, enum pic_chip chip, unsigned which)
{
    uint8_t cascade = chip == PIC_MASTER ? 1 << PIC_CASCADE : PIC_CASCADE;

    switch (which) {
    case 1:
        return (uint8_t)(PIC_ICW1_SELECT | (chance(r, 85) ? PIC_ICW1_IC4 : 0) |
                         (chance(r, 10) ? PIC_ICW1_SNGL : 0) |
                         (chance(r, 10) ? byte(r) & 0xec : 0));
    case 2:
        return byte(r);
    case 3:
        if (chance(r, 80))
            return cascade | (chance(r, 20) ? byte(r) & 0xf8 : 0);
        return byte(r);
    default:
        return (uint8_t)(PIC_ICW4_UPM | (chance(r, 30) ? PIC_ICW4_AEOI : 0) |
                         (chance(r, 30) ? PIC_ICW4_SFNM : 0) |
                         (chance(r, 10) ? byte(r) : 0));
    }
}

void pic_lockstep_setup(struct rng *r, struct lockstep_setup *s)
{
    uint64_t words = 0;

    s->value[PIC_SETUP_HAS_IMCR] = chance(r, 30);
    s->value[PIC_SETUP_LINE_TO_INT] = rng_below(r, 5);
    s->value[PIC_SETUP_WRITE_TO_INT] = rng_below(r, 5);
    s->value[PIC_SETUP_CLOCKS_PER_TICK] = 1 + rng_below(r, 3);
    s->value[PIC_SETUP_REPEATS] = chance(r, 75) ? 1 : 2 + rng_below(r, 2);
    for (unsigned i = 0; i < WORDS_OF_ICW; i++)
        words |= (uint64_t)icw(r, i < 4 ? PIC_MASTER : PIC_SLAVE, i % 4 + 1)
                 << 8 * i;
    s->value[PIC_SETUP_ICW] = words;
}

static uint16_t port_of(enum pic_chip chip, unsigned a0)
{
    uint16_t command =
        chip == PIC_MASTER ? PIC_PORT_MASTER_COMMAND : PIC_PORT_SLAVE_COMMAND;

    return (uint16_t)(command + a0);
}

static struct lockstep_op write_op(uint16_t port, uint8_t value)
{
    return (struct lockstep_op){
        .kind = PIC_OP_WRITE, .address = port, .value = value};
}

static struct lockstep_op read_op(uint16_t port)
{
    return (struct lockstep_op){.kind = PIC_OP_READ, .address = port};
}

static enum pic_init_state init_of(const uint32_t *seen, enum pic_chip chip)
{
    unsigned word = chip == PIC_MASTER ? PIC_WORD_MASTER : PIC_WORD_SLAVE;

    return (enum pic_init_state)(seen[word + 2] >> 9 & 3);
}

/* OCW2: mostly an EOI. */
static uint8_t ocw2(struct rng *r)
{
    uint8_t level = (uint8_t)rng_below(r, PIC_LEVELS);

    if (chance(r, 50))
        return PIC_OCW2_EOI;
    if (chance(r, 50))
        return (uint8_t)(PIC_OCW2_EOI | (byte(r) & 0xc0) | level);
    return (uint8_t)((byte(r) & 0xe0) | level);
}

static uint8_t ocw3(struct rng *r)
{
    if (chance(r, 40))
        return PIC_OCW3_SELECT | PIC_OCW3_P;
    return (uint8_t)(PIC_OCW3_SELECT | (byte(r) & 0x67) |
                     (chance(r, 5) ? PIC_OCW3_ZERO : 0));
}

static uint8_t imr(struct rng *r)
{
    return chance(r, 10) ? 0xff : sparse(r);
}

static struct lockstep_op platform_access(struct rng *r)
{
    static const uint16_t port[] = {PIC_PORT_ELCR1, PIC_PORT_ELCR2,
                                    PIC_PORT_IMCR_SELECT, PIC_PORT_IMCR_DATA,
                                    0x24};
    uint16_t at = port[rng_below(r, 5)];

    if (chance(r, 30))
        return read_op(at);
    if (at == PIC_PORT_IMCR_SELECT && chance(r, 80))
        return write_op(at, PIC_IMCR_INDEX);
    return write_op(at, chance(r, 50) ? sparse(r) : byte(r));
}

static struct lockstep_op access(const struct lockstep_view *v)
{
    struct rng *r = v->rng;
    enum pic_chip chip = chance(r, 50) ? PIC_MASTER : PIC_SLAVE;
    unsigned dice = (unsigned)rng_below(r, 100);

    if (init_of(v->seen, chip) != PIC_INIT_IDLE && chance(r, 60))
        return write_op(port_of(chip, 1),
                        icw(r, chip, init_of(v->seen, chip) + 1u));
    if (dice < 40)
        return write_op(port_of(chip, 0), ocw2(r));
    if (dice < 55)
        return write_op(port_of(chip, 0), ocw3(r));
    if (dice < 80)
        return read_op(port_of(chip, chance(r, 25)));
    if (dice < 91)
        return write_op(port_of(chip, 1), imr(r));
    if (dice < 99)
        return platform_access(r);
    return write_op(port_of(chip, 0), icw(r, chip, 1));
}

/* Lines change, those that rise first. */
static uint32_t lines(const struct lockstep_view *v, struct lockstep_op *op)
{
    uint32_t now = (v->seen[PIC_WORD_MASTER] & 0xff) |
                   (v->seen[PIC_WORD_SLAVE] & 0xff) << 8;
    uint32_t change = 0, n = 0;

    if (chance(v->rng, 35))
        change |= 1u << rng_below(v->rng, PIC_LINES);
    if (chance(v->rng, 15))
        change |= 1u << rng_below(v->rng, PIC_LINES);
    if (chance(v->rng, 3))
        change |= (uint32_t)rng_below(v->rng, 0x10000);
    change &= ~(1u << PIC_CASCADE);
    for (int high = 1; high >= 0; high--)
        for (uint32_t line = 0; line < PIC_LINES; line++)
            if ((change >> line & 1) && (now >> line & 1) != (uint32_t)high &&
                n < LOCKSTEP_OPS_MAX - 2)
                op[n++] = (struct lockstep_op){.kind = PIC_OP_LINE,
                                               .address = line,
                                               .value = (uint64_t)high};
    return n;
}

uint32_t pic_lockstep_stimulate(const struct lockstep_view *v,
                                struct lockstep_op *op)
{
    uint32_t n;

    if (v->cycle < WORDS_OF_ICW) {
        enum pic_chip chip = v->cycle < 4 ? PIC_MASTER : PIC_SLAVE;
        uint64_t words = v->setup->value[PIC_SETUP_ICW];

        op[0] = write_op(port_of(chip, v->cycle % 4 != 0),
                         (uint8_t)(words >> 8 * v->cycle));
        return 1;
    }
    n = lines(v, op);
    if (chance(v->rng, 50))
        op[n++] = access(v);
    if (chance(v->rng, v->seen[PIC_WORD_INT] ? 40 : 3))
        op[n++] = (struct lockstep_op){.kind = PIC_OP_INTA};
    return n;
}
