/* Rules that the lock-step test counts: see ioapic_lockstep_rules.h. */
#include "models/ioapic/test/ioapic_lockstep_rules.h"

#include "sim/core/msg.h"

uint64_t ioapic_rule_hits[RULE_COUNT];

static struct {
    struct ioapic old;   /* before the operation */
    struct ioapic start; /* before the cycle */
    bool sending;        /* before the cycle */
    bool left;           /* a message did, in this cycle */
    pinset refused;      /* as the next three */
    pinset tricked;      /* switched to edge with remote IRR = 1 */
    pinset went;         /* active and gone again while masked */
    pinset vector_changed;
    uint8_t old_vector[PINS];
} was;

static void meet(enum ioapic_rule rule, bool met)
{
    ioapic_rule_hits[rule] += met;
}

static pinset bit(unsigned pin)
{
    return (pinset)1 << pin;
}

static pinset pins(const struct vecset *s)
{
    return (pinset)s->word[1] << 64 | s->word[0];
}

static bool rte(const struct ioapic *io, unsigned pin, uint32_t bits)
{
    return (io->rte[pin] & bits) != 0;
}

static unsigned mode(const struct ioapic *io, unsigned pin)
{
    return io->rte[pin] >> IOAPIC_RTE_MODE_SHIFT & 7;
}

static bool vectored(const struct ioapic *io, unsigned pin)
{
    return mode(io, pin) <= DELIVERY_LOWEST;
}

static bool reserved(const struct ioapic *io, unsigned pin)
{
    return mode(io, pin) == DELIVERY_RESERVED3 ||
           mode(io, pin) == DELIVERY_SIPI;
}

static bool active(const struct ioapic *io, unsigned pin)
{
    return vecset_has(&io->high, (uint8_t)pin) !=
           rte(io, pin, IOAPIC_RTE_ACTIVE_LOW);
}

/* The entry of a pin before and after an operation. */
struct change {
    const struct ioapic *old, *now;
    unsigned pin;
    bool level, masked, rirr, waited, asked, requested;
};

static struct change change_of(const struct ioapic *io, unsigned pin)
{
    struct change c = {
        .old = &was.old,
        .now = io,
        .pin = pin,
        .level = rte(&was.old, pin, IOAPIC_RTE_LEVEL),
        .masked = rte(&was.old, pin, IOAPIC_RTE_MASKED),
        .rirr = rte(&was.old, pin, IOAPIC_RTE_REMOTE_IRR),
        .waited = pins(&was.old.waiting) & bit(pin),
        .asked = pins(&was.old.asked) & bit(pin),
    };

    c.requested = !c.waited && pins(&io->waiting) & bit(pin);
    return c;
}

void ioapic_rules_power_up(void)
{
    was.refused = was.tricked = was.went = was.vector_changed = 0;
}

void ioapic_rules_before(const struct ioapic_node *n)
{
    was.old = was.start = n->ioapic;
    was.sending = event_scheduled(&n->send_event);
}

void ioapic_rules_due(const struct ioapic_node *n, const uint32_t *seen)
{
    uint32_t data = seen[SEEN_MSG_DATA], addr = seen[SEEN_MSG_ADDR];
    unsigned m = data >> 8 & 7;
    bool v11 = (n->config.version & 0xff) < 0x20, logical = addr >> 2 & 1;

    was.left = seen[SEEN_MSG_VALID] != 0;
    if (!was.left)
        return;
    meet(RULE_SENT_LAST_PIN, seen[SEEN_MSG_PIN] == PINS - 1);
    meet(RULE_SENT_LOWEST, m == DELIVERY_LOWEST && addr & 8);
    meet(RULE_SENT_SMI, m == DELIVERY_SMI);
    meet(RULE_SENT_NMI, m == DELIVERY_NMI);
    meet(RULE_SENT_INIT, m == DELIVERY_INIT);
    meet(RULE_SENT_EXTINT, m == DELIVERY_EXTINT);
    meet(RULE_SENT_ILLEGAL, m <= DELIVERY_LOWEST && (data & 0xf0) == 0);
    meet(RULE_SENT_LOGICAL, logical);
    meet(RULE_SENT_EXTENDED, addr >> 4 & 0xff);
    meet(RULE_BROADCAST_V11, v11 && !logical && (addr >> 12 & 0xff) == 0xff);
}

static void after_rise(const struct change *c)
{
    unsigned pin = c->pin;

    meet(RULE_EDGE_MASKED, !c->level && c->masked);
    if (c->masked)
        return;
    meet(RULE_ACTIVE_LOW,
         c->requested && rte(c->now, pin, IOAPIC_RTE_ACTIVE_LOW));
    meet(RULE_EDGE_SENT, !c->level && c->requested);
    meet(RULE_EDGE_MERGED, !c->level && c->waited);
    meet(RULE_LEVEL_SENT, c->level && c->requested);
    meet(RULE_LEVEL_MERGED_WAITING, c->level && c->waited);
    meet(RULE_LEVEL_MERGED_SERVICE, c->level && c->rirr);
    meet(RULE_LEVEL_MERGED_ASKED, c->level && c->asked);
    meet(RULE_LEVEL_MODE, c->level && c->requested && !vectored(c->now, pin));
    meet(RULE_RESERVED_EDGE, !c->level && reserved(c->now, pin));
    meet(RULE_RESERVED_LEVEL, c->level && reserved(c->now, pin));
}

static void after_pin(const struct ioapic *io, unsigned pin)
{
    struct change c = change_of(io, pin);
    bool was_active = active(c.old, pin), is_active = active(io, pin);

    if (is_active && !was_active)
        after_rise(&c);
    if (was_active && !is_active) {
        meet(RULE_EDGE_FALLS, !c.level);
        meet(RULE_LEVEL_FALLS_WAITING, c.level && c.waited);
        meet(RULE_LEVEL_FALLS_SERVICE, c.level && c.rirr);
        meet(RULE_COLLIDE_EOI_FALL,
             c.level && !c.rirr && rte(&was.start, pin, IOAPIC_RTE_REMOTE_IRR));
        if (c.masked)
            was.went |= bit(pin);
    }
    meet(RULE_COLLIDE_WRITE_PIN,
         was_active != is_active && c.old->rte[pin] != was.start.rte[pin]);
}

static void after_end(const struct change *c, bool is_register)
{
    meet(is_register ? RULE_EOI_REGISTER : RULE_EOI_CLEARS, true);
    meet(is_register ? RULE_EOI_REGISTER_RESENDS : RULE_EOI_RESENDS,
         c->requested);
    meet(RULE_EOI_MASKED, c->masked && !c->requested && active(c->now, c->pin));
    meet(RULE_EOI_MODE, !vectored(c->now, c->pin));
    meet(RULE_COLLIDE_ANSWER_EOI, pins(&was.start.asked) & bit(c->pin));
}

static void after_eoi(const struct ioapic *io, uint8_t vector, bool is_register)
{
    unsigned ended = 0;

    for (unsigned pin = 0; pin < io->config.pins; pin++) {
        struct change c = change_of(io, pin);
        bool same = (uint8_t)io->rte[pin] == vector;

        meet(RULE_EOI_EDGE_ENTRY, same && !c.level && active(io, pin));
        meet(RULE_EOI_ASKED, same && c.asked);
        meet(RULE_RIRR_OLD_EOI, !same && c.rirr &&
                                    was.vector_changed & bit(pin) &&
                                    was.old_vector[pin] == vector);
        if (c.rirr && !rte(io, pin, IOAPIC_RTE_REMOTE_IRR)) {
            after_end(&c, is_register);
            ended++;
        }
    }
    meet(RULE_EOI_SEVERAL, ended > 1);
}

static void after_answer(const struct ioapic *io, unsigned pin, bool taken)
{
    struct change c = change_of(io, pin);

    if (!c.asked)
        return;
    meet(RULE_TAKEN, taken);
    meet(RULE_REFUSED, !taken);
    meet(RULE_REFUSED_AGAIN, !taken && c.requested);
    was.refused &= ~bit(pin);
    if (!taken && !c.requested)
        was.refused |= bit(pin);
}

/* An entry whose trigger mode stays level. */
static void after_level_write(const struct change *c, uint64_t value)
{
    unsigned pin = c->pin;
    uint64_t changed = c->old->rte[pin] ^ c->now->rte[pin];
    bool open = !rte(c->now, pin, IOAPIC_RTE_MASKED);
    bool told = pins(&c->old->told) & pins(&c->now->told) & bit(pin);

    meet(RULE_LEVEL_UNMASKED, c->masked && c->requested);
    meet(RULE_LEVEL_GONE,
         c->masked && open && was.went & bit(pin) && !active(c->now, pin));
    meet(RULE_POLARITY_LEVEL, c->requested && !active(c->old, pin));
    meet(RULE_REFUSED_LOW, c->requested && was.refused & bit(pin));
    meet(RULE_RIRR_READ_ONLY,
         c->rirr != ((value & IOAPIC_RTE_REMOTE_IRR) != 0));
    meet(RULE_RIRR_MASK, c->rirr && !c->masked && !open);
    meet(RULE_RIRR_VECTOR, c->rirr && changed & 0xff);
    meet(RULE_LEVEL_MODE_ONCE, told && open && !vectored(c->now, pin));
    meet(RULE_LEVEL_MODE_UNMASKED,
         c->masked && c->requested && !vectored(c->now, pin));
    if (c->rirr && changed & 0xff) {
        was.vector_changed |= bit(pin);
        was.old_vector[pin] = (uint8_t)c->old->rte[pin];
    }
}

static void after_low(const struct ioapic *io, unsigned pin, uint64_t value)
{
    struct change c = change_of(io, pin);
    bool level = rte(io, pin, IOAPIC_RTE_LEVEL);
    bool open = !rte(io, pin, IOAPIC_RTE_MASKED);
    bool activated = !active(c.old, pin) && active(io, pin);

    meet(RULE_EDGE_BEFORE_MASK, c.waited && !c.masked && !open);
    meet(RULE_EDGE_UNMASKED_HIGH, !level && c.masked && open && !activated &&
                                      active(io, pin) && !c.waited);
    meet(RULE_POLARITY_UNMASKED, !level && c.masked && open && activated);
    meet(RULE_POLARITY_EDGE, !level && !c.masked && activated && c.requested);
    meet(RULE_EDGE_TO_LEVEL, !c.level && level && c.requested);
    meet(RULE_LEVEL_TO_EDGE, c.rirr && !level);
    meet(RULE_EDGE_TRICK, !c.level && c.requested && was.tricked & bit(pin));
    meet(RULE_RESERVED_WITHDRAWS, c.waited && !(pins(&io->waiting) & bit(pin)));
    meet(RULE_COLLIDE_EOI_WRITE,
         level && !c.rirr && rte(&was.start, pin, IOAPIC_RTE_REMOTE_IRR));
    meet(RULE_ANSWER_IGNORED, c.asked && !level);
    if (c.level && level)
        after_level_write(&c, value);
    was.tricked &= ~bit(pin);
    if (c.rirr && !level)
        was.tricked |= bit(pin);
    if (open)
        was.went &= ~bit(pin);
}

static void after_high(const struct ioapic *io, unsigned pin, uint64_t value)
{
    struct change c = change_of(io, pin);
    bool v11 = (io->config.version & 0xff) < 0x20;

    meet(RULE_RIRR_DEST, c.rirr && c.old->rte[pin] != io->rte[pin]);
    meet(RULE_REFUSED_HIGH, c.requested && was.refused & bit(pin));
    meet(RULE_EXTENDED_V11, v11 && value & 0x00ff0000);
    meet(RULE_DEST_V11,
         v11 && value >> 28 && !rte(io, pin, IOAPIC_RTE_LOGICAL));
}

static void after_window(const struct ioapic *io, const struct lockstep_op *op,
                         const uint32_t *seen)
{
    bool store = op->kind == OP_STORE;
    unsigned index = io->select;
    unsigned pin = (index - IOAPIC_AT_RTE_LOW) / 2;

    meet(RULE_INDEX_HOLE, seen[SEEN_WARNING] == IOAPIC_WARNING_INDEX);
    meet(RULE_READ_ONLY, seen[SEEN_WARNING] == IOAPIC_WARNING_READ_ONLY);
    meet(RULE_ID_WRITTEN, store && index == IOAPIC_AT_ID && io->id);
    meet(RULE_ARB_READ, !store && index == IOAPIC_AT_ARB && io->id);
    meet(RULE_VERSION_READ, !store && index == IOAPIC_AT_VERSION);
    meet(RULE_BOOT_CONFIG, store && index == IOAPIC_AT_BOOT_CONFIG &&
                               seen[SEEN_WARNING] == IOAPIC_WARNING_NONE);
    if (index < IOAPIC_AT_RTE_LOW || pin >= io->config.pins)
        return;
    meet(RULE_COLLIDE_READ_EOI,
         !store && index % 2 == 0 &&
             rte(&was.start, pin, IOAPIC_RTE_REMOTE_IRR) &&
             !rte(io, pin, IOAPIC_RTE_REMOTE_IRR));
    if (store && index % 2 == 0)
        after_low(io, pin, op->value);
    else if (store)
        after_high(io, pin, op->value);
}

/* Accesses of odd widths and places. */
static void after_odd(const struct ioapic *io, const struct lockstep_op *op,
                      const uint32_t *seen)
{
    bool store = op->kind == OP_STORE;
    bool window = op->address == IOAPIC_IOWIN;
    bool select = op->address == IOAPIC_IOREGSEL;
    bool wide = op->extra == 8;

    meet(RULE_SELECT_NARROW,
         store && select && !wide && io->select != was.old.select);
    meet(RULE_SELECT_UPPER, store && op->address - 1 < 3 && !wide);
    meet(RULE_WINDOW_NARROW, store && window && !wide);
    meet(RULE_READ_NARROW,
         !store && !wide && op->address - 0x10 < 4 && seen[SEEN_RDATA_LOW]);
    meet(RULE_READ_WIDE, !store && wide && window && seen[SEEN_RDATA_LOW]);
    meet(RULE_READ_CROSSING, !store && op->address - 0xc < 4 &&
                                 seen[SEEN_RDATA_LOW] | seen[SEEN_RDATA_HIGH]);
    meet(RULE_WRITE_WIDE, store && wide && (window || select));
}

static void after_access(const struct ioapic *io, const struct lockstep_op *op,
                         const uint32_t *seen)
{
    bool store = op->kind == OP_STORE;
    uint32_t warning = seen[SEEN_WARNING];
    bool eoi = store && op->address == IOAPIC_EOI;

    meet(RULE_HOLE, warning == IOAPIC_WARNING_HOLE);
    meet(RULE_WRITE_ONLY, warning == IOAPIC_WARNING_WRITE_ONLY);
    meet(RULE_PIN_ASSERTION,
         store && op->address == IOAPIC_PIN_ASSERTION && !warning);
    meet(RULE_EOI_REGISTER_V11, eoi && warning == IOAPIC_WARNING_HOLE);
    meet(RULE_EOI_REGISTER_BYTE,
         eoi && op->extra == 1 && warning == IOAPIC_WARNING_WIDTH);
    if (eoi && warning != IOAPIC_WARNING_HOLE && op->extra <= 4)
        after_eoi(io, (uint8_t)op->value, true);
    if (op->extra != 4 || op->address % 4 || op->address == 0xc)
        after_odd(io, op, seen);
    else if (op->address == IOAPIC_IOWIN)
        after_window(io, op, seen);
}

static void after_reset(const struct ioapic_node *n)
{
    meet(RULE_RESET_WAITING, pins(&was.old.waiting));
    meet(RULE_RESET_ASKED, pins(&was.old.asked));
    meet(RULE_RESET_SENDING,
         was.sending && !was.left && !event_scheduled(&n->send_event));
    ioapic_rules_power_up();
}

void ioapic_rules_after(const struct ioapic_node *n,
                        const struct lockstep_op *op, const uint32_t *seen)
{
    const struct ioapic *io = &n->ioapic;

    switch (op->kind) {
    case OP_ANSWER:
        after_answer(io, (unsigned)op->address, op->value != 0);
        break;
    case OP_EOI:
        after_eoi(io, (uint8_t)op->value, false);
        break;
    case OP_PIN:
        after_pin(io, (unsigned)op->address);
        break;
    case OP_RESET:
        after_reset(n);
        break;
    default:
        after_access(io, op, seen);
    }
    was.old = *io;
}

static void after_choice(const struct ioapic_node *n)
{
    const struct ioapic_costs *costs = &n->config.costs;
    pinset pin = bit(n->sending.pin), waiting = pins(&was.old.waiting);
    bool resend = n->sending.resend;

    meet(RULE_LOWEST_PIN_FIRST, waiting & ~pin);
    meet(RULE_COLLIDE_LEAVES, was.left);
    meet(RULE_COLLIDE_CHOICE,
         pins(&was.start.waiting) > pin && !(pins(&was.start.waiting) & pin));
    meet(RULE_RESEND_DELAY,
         resend && costs->eoi_to_message != costs->pin_to_message);
    meet(RULE_NO_DELAY, !resend && !costs->pin_to_message);
}

void ioapic_rules_cycle(const struct ioapic_node *n,
                        const struct lockstep_cycle *c)
{
    pinset before = pins(&was.old.waiting), now = pins(&n->ioapic.waiting);

    (void)c;
    if (before & ~now)
        after_choice(n);
    meet(RULE_WAITS_ITS_TURN, now && event_scheduled(&n->send_event));
}
