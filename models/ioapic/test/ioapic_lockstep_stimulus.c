/* Random operations for the I/O APIC, biased to what collides: few pins, few
 * vectors, several operations in one cycle. */
#include "models/ioapic/ioapic.h"
#include "models/ioapic/test/ioapic_lockstep.h"
#include "sim/core/msg.h"
#include "tests/lockstep/stimulus.h"

void ioapic_lockstep_setup(struct rng *r, struct lockstep_setup *s)
{
    static const uint64_t versions[] = {0x11, 0x20, 0x20, 0x8020};
    static const uint64_t delays[] = {0, 1, 1, 2, 3, 5, 9, 120};
    static const uint64_t busy[] = {60, 250, 600, 950};
    static const uint64_t used[] = {2, 4, 8, 0};
    uint64_t *v = s->value;

    v[SETUP_VERSION] = versions[below(r, 4)];
    v[SETUP_PIN_TO_MESSAGE] = delays[below(r, 8)];
    v[SETUP_EOI_TO_MESSAGE] = delays[below(r, 8)];
    v[SETUP_APIC_PERIOD] = chance(r, 50) ? 1 : 1 + below(r, 4);
    v[SETUP_REPEATS] = chance(r, 75) ? 1 : 2 + below(r, 2);
    v[SETUP_BUSY] = busy[below(r, 4)];
    v[SETUP_SIZE] = chance(r, 75) ? FEW_PINS : PINS;
    v[SETUP_PINS] = used[below(r, 4)];
    if (!v[SETUP_PINS])
        v[SETUP_PINS] = v[SETUP_SIZE];
    v[SETUP_VECTORS] = 0;
    for (unsigned i = 0; i < 8; i++)
        v[SETUP_VECTORS] |= (uint64_t)(16 + below(r, 240)) << (8 * i);
}

static uint32_t vector(const struct making *m)
{
    if (chance(m->r, 4))
        return below(m->r, 256);
    return m->v->setup->value[SETUP_VECTORS] >> (8 * below(m->r, 8)) & 0xff;
}

static uint32_t some_pin(const struct making *m)
{
    const uint64_t *v = m->v->setup->value;
    uint32_t apart = (uint32_t)(v[SETUP_SIZE] / v[SETUP_PINS]);

    return apart * (1 + below(m->r, (uint32_t)v[SETUP_PINS])) - 1;
}

static uint32_t low_of(const struct making *m, uint32_t pin)
{
    return m->v->seen[SEEN_RTE + 2 * pin];
}

/* A pin that a set of the last cycle holds, or any. */
static uint32_t pin_of(const struct making *m, pinset set)
{
    uint32_t size = (uint32_t)m->v->setup->value[SETUP_SIZE];
    uint32_t pin = some_pin(m);

    for (uint32_t i = 0; i < size; i++)
        if (set >> ((pin + i) % size) & 1)
            return (pin + i) % size;
    return pin;
}

static pinset serving(const struct making *m)
{
    pinset set = 0;

    for (uint32_t pin = 0; pin < m->v->setup->value[SETUP_SIZE]; pin++)
        if (low_of(m, pin) & IOAPIC_RTE_REMOTE_IRR)
            set |= (pinset)1 << pin;
    return set;
}

/* Mostly one that ends something. */
static uint32_t eoi_vector(const struct making *m)
{
    if (chance(m->r, 20))
        return vector(m);
    return low_of(m, pin_of(m, serving(m))) & 0xff;
}

static void answer(struct making *m)
{
    struct lockstep_op *op = add(m, OP_ANSWER);

    op->address = pin_of(m, ioapic_lockstep_pins(m->v->seen + SEEN_ASKED));
    op->value = chance(m->r, 70);
}

/* A new entry, or the old one with a change. */
static uint32_t low_value(const struct making *m, uint32_t pin)
{
    static const uint32_t flips[] = {
        IOAPIC_RTE_MASKED,  IOAPIC_RTE_MASKED,     IOAPIC_RTE_LEVEL,
        IOAPIC_RTE_LOGICAL, IOAPIC_RTE_ACTIVE_LOW, IOAPIC_RTE_REMOTE_IRR,
    };
    uint32_t value = low_of(m, pin);

    if (chance(m->r, 30)) {
        value = vector(m);
        value |= chance(m->r, 60) ? IOAPIC_RTE_LEVEL : 0;
        value |= below(m->r, 2) * IOAPIC_RTE_LOGICAL;
        value |= chance(m->r, 25) ? IOAPIC_RTE_ACTIVE_LOW : 0;
    }
    if (chance(m->r, 15))
        value = (value & ~(7u << IOAPIC_RTE_MODE_SHIFT)) |
                below(m->r, 8) << IOAPIC_RTE_MODE_SHIFT;
    if (chance(m->r, 10))
        value = (value & ~0xffu) | vector(m);
    while (chance(m->r, 50))
        value ^= flips[below(m->r, 6)];
    if (chance(m->r, 30))
        value &= ~IOAPIC_RTE_MASKED;
    return chance(m->r, 3) ? value ^ (uint32_t)rng_u64(m->r) : value;
}

static uint32_t high_value(const struct making *m)
{
    static const uint32_t values[] = {0x00000000, 0x01000000, 0x0f000000,
                                      0xff000000, 0x000b0000, 0x53000000};

    return chance(m->r, 80) ? values[below(m->r, 6)] : (uint32_t)rng_u64(m->r);
}

static uint32_t window_value(const struct making *m)
{
    uint32_t index = m->v->seen[SEEN_SELECT];
    uint32_t pin = (index - IOAPIC_AT_RTE_LOW) / 2;

    if (index < IOAPIC_AT_RTE_LOW || pin >= m->v->setup->value[SETUP_SIZE])
        return (uint32_t)rng_u64(m->r);
    return index % 2 ? high_value(m) : low_value(m, pin);
}

static uint32_t index_value(const struct making *m)
{
    uint32_t pin = some_pin(m);

    if (chance(m->r, 6))
        return below(m->r, 4);
    if (chance(m->r, 3))
        return below(m->r, 512);
    return IOAPIC_AT_RTE_LOW + 2 * pin + chance(m->r, 20);
}

static void register_access(struct making *m)
{
    static const uint32_t offsets[] = {IOAPIC_IOREGSEL, IOAPIC_IOWIN,
                                       IOAPIC_IOWIN, IOAPIC_EOI,
                                       IOAPIC_PIN_ASSERTION};
    struct lockstep_op *op = add(m, chance(m->r, 80) ? OP_STORE : OP_LOAD);

    op->address = offsets[below(m->r, chance(m->r, 97) ? 4 : 5)];
    op->extra = 4;
    if (op->address == IOAPIC_IOWIN)
        op->value = window_value(m);
    else if (op->address == IOAPIC_EOI)
        op->value = eoi_vector(m);
    else
        op->value = index_value(m);
    if (chance(m->r, 8)) { /* another width or place */
        op->extra = UINT64_C(1) << below(m->r, 4);
        op->address += chance(m->r, 50) ? below(m->r, 16) : 0;
    }
    if (chance(m->r, 1))
        op->address = below(m->r, chance(m->r, 50) ? 4096 : 0x18);
}

/* A wire has one level in a cycle. */
static void change_pins(struct making *m)
{
    unsigned count = 1 + (chance(m->r, 30) ? below(m->r, 8) : 0);
    pinset changed = 0;

    for (unsigned i = 0; i < count; i++) {
        uint32_t pin = some_pin(m);
        struct lockstep_op *op;

        if (changed >> pin & 1)
            continue;
        changed |= (pinset)1 << pin;
        op = add(m, OP_PIN);
        op->address = pin;
        op->value = below(m->r, 2);
    }
}

uint32_t ioapic_lockstep_stimulate(const struct lockstep_view *v,
                                   struct lockstep_op *op)
{
    struct making m = {v, v->rng, op, 0};

    if (rng_below(v->rng, 1000) >= v->setup->value[SETUP_BUSY])
        return 0;
    if (chance(m.r, ioapic_lockstep_pins(v->seen + SEEN_ASKED) ? 40 : 2))
        answer(&m);
    if (chance(m.r, 15))
        add(&m, OP_EOI)->value = eoi_vector(&m);
    if (chance(m.r, 60))
        register_access(&m);
    if (chance(m.r, 40))
        change_pins(&m);
    if (rng_below(m.r, 2000) < 1)
        add(&m, OP_RESET);
    return m.ops;
}
