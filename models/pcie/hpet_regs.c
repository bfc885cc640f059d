/* Registers of the HPET: quadwords, of which software may access halves. */
#include "models/pcie/hpet_regs.h"

#include <assert.h>

#define TIMERS_SHIFT 8
#define PERIOD_SHIFT 32
#define ROUTES_SHIFT 32

const struct hpet_reg_row hpet_reg_row[HPET_REG_COUNT] = {
#define REG(name, offset, step, reset, writable, access, title)                \
    {offset, step, reset, writable, HPET_##access, title},
#include "models/pcie/hpet_regs.def"
};

/* A register, and of which timer. */
struct place {
    enum hpet_reg reg;
    unsigned n;
};

static struct place place_of(const struct hpet *h, uint32_t offset)
{
    for (unsigned r = 0; r < HPET_REG_COUNT; r++) {
        const struct hpet_reg_row *row = &hpet_reg_row[r];
        uint32_t n = row->step ? (offset - row->offset) / row->step : 0;

        if (offset >= row->offset && n < h->build.timers &&
            offset - row->offset - n * row->step < 8)
            return (struct place){(enum hpet_reg)r, n};
    }
    return (struct place){.reg = HPET_REG_COUNT};
}

enum hpet_reg hpet_reg_of(const struct hpet *h, uint32_t offset)
{
    return place_of(h, offset).reg;
}

static uint64_t value_of(const struct hpet *h, struct place at)
{
    const struct hpet_timer *t = &h->timer[at.n];
    uint64_t reset = at.reg == HPET_REG_COUNT ? 0 : hpet_reg_row[at.reg].reset;

    switch (at.reg) {
    case HPET_GCAP_ID:
        return reset | (h->build.timers - 1) << TIMERS_SHIFT |
               (uint64_t)h->build.period_fs << PERIOD_SHIFT;
    case HPET_GEN_CONF:
        return h->conf;
    case HPET_GINTR_STA:
        return h->status;
    case HPET_MAIN_CNT:
        return h->counter;
    case HPET_TN_CONF:
        return reset | (t->conf & ~(uint32_t)HPET_VAL_SET_CNF) |
               (uint64_t)h->build.routes[at.n] << ROUTES_SHIFT;
    case HPET_TN_COMP:
        return t->comparator;
    case HPET_TN_FSB:
        return t->fsb;
    default:
        return 0;
    }
}

uint64_t hpet_read(const struct hpet *h, uint32_t offset, unsigned bytes)
{
    uint64_t value = 0;

    assert(bytes <= 8);
    for (unsigned i = 0; i < bytes; i++) {
        uint64_t quadword = value_of(h, place_of(h, offset + i));

        value |= (quadword >> 8 * ((offset + i) % 8) & 0xff) << 8 * i;
    }
    return value;
}

/* Some bits of a quadword get a new value. */
struct change {
    uint64_t bits, value;
};

static uint64_t changed(uint64_t old, struct change c)
{
    return (old & ~c.bits) | (c.value & c.bits);
}

/* A route that the timer does not have is not taken. */
static bool has_route(const struct hpet *h, unsigned n, uint32_t conf)
{
    unsigned route =
        (conf & HPET_INT_ROUTE_CNF) >> __builtin_ctz(HPET_INT_ROUTE_CNF);

    return h->build.routes[n] >> route & 1;
}

static void write_conf(struct hpet *h, unsigned n, struct change c)
{
    struct hpet_timer *t = &h->timer[n];
    uint32_t conf;

    c.bits &= hpet_reg_row[HPET_TN_CONF].writable;
    conf = (uint32_t)changed(t->conf, c);
    if (!has_route(h, n, conf))
        conf = (conf & ~(uint32_t)HPET_INT_ROUTE_CNF) |
               (t->conf & HPET_INT_ROUTE_CNF);
    if (!(conf & HPET_TYPE_CNF))
        conf &= ~(uint32_t)HPET_VAL_SET_CNF;
    if (!(conf & HPET_INT_TYPE_CNF))
        h->status &= ~(UINT32_C(1) << n);
    t->conf = conf;
    t->comparator &= hpet_width(t);
    t->period &= hpet_width(t);
}

/* The last value written is the period; of a periodic timer the accumulator
 * gets it only if software has said so just before. */
static void write_comparator(struct hpet_timer *t, struct change c)
{
    c.bits &= hpet_width(t);
    if (!(t->conf & HPET_TYPE_CNF) || (t->conf & HPET_VAL_SET_CNF))
        t->comparator = changed(t->comparator, c);
    t->period = changed(t->period, c);
    t->conf &= ~(uint32_t)HPET_VAL_SET_CNF;
}

static void write_reg(struct hpet *h, struct place at, struct change c)
{
    switch (at.reg) {
    case HPET_GEN_CONF:
        c.bits &= hpet_reg_row[HPET_GEN_CONF].writable;
        h->conf = (uint32_t)changed(h->conf, c);
        break;
    case HPET_GINTR_STA:
        h->status &= ~(uint32_t)(c.bits & c.value);
        break;
    case HPET_MAIN_CNT:
        h->counter = changed(h->counter, c);
        break;
    case HPET_TN_CONF:
        write_conf(h, at.n, c);
        break;
    case HPET_TN_COMP:
        write_comparator(&h->timer[at.n], c);
        break;
    case HPET_TN_FSB:
        h->timer[at.n].fsb = changed(h->timer[at.n].fsb, c);
        break;
    default:
        break; /* read-only, or no register */
    }
    h->edge &= hpet_edge_outputs(h);
}

void hpet_write(struct hpet *h, uint32_t offset, unsigned bytes, uint64_t value)
{
    unsigned shift = 8 * (offset % 8);
    uint64_t bits = bytes == 8 ? UINT64_MAX : UINT32_MAX;

    if ((bytes == 4 || bytes == 8) && offset % bytes == 0)
        write_reg(h, place_of(h, offset),
                  (struct change){bits << shift, value << shift});
}
