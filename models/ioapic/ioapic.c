/* The I/O APIC: pins, remote IRR, EOI and messages. */
#include "models/ioapic/ioapic.h"

#include <assert.h>
#include <stddef.h>

#include "models/ioapic/ioapic_private.h"

#define VERSION_8_BIT_DEST                                                     \
    0x20 /* before it: 4 bits of physical destination                          \
          */

/* The input after its polarity: 1 is asserted. */
static bool active(const struct ioapic *io, unsigned pin)
{
    return vecset_has(&io->high, (uint8_t)pin) !=
           rte_has(io, pin, IOAPIC_RTE_ACTIVE_LOW);
}

/* Level handshake: only what local APICs hold in their IRR has an EOI. */
static bool level_message(const struct ioapic *io, unsigned pin)
{
    return rte_has(io, pin, IOAPIC_RTE_LEVEL) &&
           mode_has_vector(rte_mode(io, pin));
}

static void merge(unsigned pin, enum irq_reason why, struct ioapic_out *out)
{
    out->merged = true;
    out->pin = (uint8_t)pin;
    out->why = (uint8_t)why;
}

/* The pin has something to send. */
static void request(struct ioapic *io, unsigned pin, struct ioapic_out *out)
{
    uint8_t p = (uint8_t)pin;

    if (mode_reserved(rte_mode(io, pin))) {
        vecset_add(&out->dropped, p);
    } else if (!vecset_has(&io->waiting, p)) {
        vecset_add(&io->waiting, p);
        vecset_add(&out->requested, p);
    }
}

/* A level-triggered entry looks at its pin.  Only with remote IRR it may ask
 * for the same assertion more than once: NMI, SMI, INIT and ExtINT are sent
 * once for each. */
static void sample_level(struct ioapic *io, unsigned pin,
                         struct ioapic_out *out)
{
    uint8_t p = (uint8_t)pin;

    if (!active(io, pin) ||
        rte_has(io, pin, IOAPIC_RTE_MASKED | IOAPIC_RTE_REMOTE_IRR))
        return;
    if (vecset_has(&io->asked, p)) {
        vecset_add(&io->again, p);
    } else if (mode_has_vector(rte_mode(io, pin))) {
        request(io, pin, out);
    } else if (!vecset_has(&io->told, p)) {
        vecset_add(&io->told, p);
        request(io, pin, out);
    }
}

/* A level-triggered pin becomes active while its last message is waiting or in
 * service. */
static void merge_level(const struct ioapic *io, unsigned pin,
                        struct ioapic_out *out)
{
    uint8_t p = (uint8_t)pin;

    if (vecset_has(&io->waiting, p))
        merge(pin, IRQ_MESSAGE_WAITING, out);
    else if (vecset_has(&io->asked, p) ||
             rte_has(io, pin, IOAPIC_RTE_REMOTE_IRR))
        merge(pin, IRQ_REMOTE_IRR_SET, out);
}

static void rise_edge(struct ioapic *io, unsigned pin, struct ioapic_out *out)
{
    if (vecset_has(&io->waiting, (uint8_t)pin))
        merge(pin, IRQ_MESSAGE_WAITING, out);
    else
        request(io, pin, out);
}

struct ioapic_out ioapic_set_pin(struct ioapic *io, unsigned pin, bool high)
{
    struct ioapic_out out = {0};
    uint8_t p = (uint8_t)pin;

    assert(pin < io->config.pins);
    if (vecset_has(&io->high, p) == high)
        return out;
    if (high)
        vecset_add(&io->high, p);
    else
        vecset_del(&io->high, p);
    if (!active(io, pin)) {
        vecset_del(&io->told, p); /* and nothing is retracted */
    } else if (rte_has(io, pin, IOAPIC_RTE_MASKED)) {
        return out; /* an edge is lost, a level is looked at later */
    } else if (rte_has(io, pin, IOAPIC_RTE_LEVEL)) {
        merge_level(io, pin, &out);
        sample_level(io, pin, &out);
    } else {
        rise_edge(io, pin, &out);
    }
    return out;
}

/* What an entry cannot be any more after its low half was written. */
static void forget_old_entry(struct ioapic *io, unsigned pin,
                             struct ioapic_out *out)
{
    uint8_t p = (uint8_t)pin;

    if (!rte_has(io, pin, IOAPIC_RTE_LEVEL)) {
        io->rte[pin] &= ~(uint64_t)IOAPIC_RTE_REMOTE_IRR;
        vecset_del(&io->asked, p);
        vecset_del(&io->again, p);
        vecset_del(&io->told, p);
    }
    if (!active(io, pin))
        vecset_del(&io->told, p);
    if (mode_reserved(rte_mode(io, pin)) && vecset_has(&io->waiting, p)) {
        vecset_del(&io->waiting, p);
        vecset_del(&io->resend, p);
        out->withdrawn = true;
        out->pin = p;
    }
}

/* What software should not have written. */
static enum ioapic_warning rte_warning(const struct ioapic *io, unsigned pin,
                                       uint64_t old)
{
    enum delivery_mode mode = rte_mode(io, pin);
    bool vectored = mode_has_vector(mode);

    if ((uint8_t)old != rte_vector(io, pin) &&
        rte_has(io, pin, IOAPIC_RTE_REMOTE_IRR))
        return IOAPIC_WARNING_VECTOR_CHANGED;
    if (rte_has(io, pin, IOAPIC_RTE_MASKED))
        return IOAPIC_WARNING_NONE;
    if (mode_reserved(mode))
        return IOAPIC_WARNING_RESERVED_MODE;
    if (!vectored && rte_has(io, pin, IOAPIC_RTE_LEVEL))
        return IOAPIC_WARNING_LEVEL_MODE;
    if (vectored && rte_vector(io, pin) < 16)
        return IOAPIC_WARNING_ILLEGAL_VECTOR;
    return IOAPIC_WARNING_NONE;
}

struct ioapic_out ioapic_rte_write_low(struct ioapic *io, unsigned pin,
                                       uint32_t value)
{
    const uint64_t own = ~(uint64_t)UINT32_MAX | IOAPIC_RTE_REMOTE_IRR;
    struct ioapic_out out = {0};
    uint64_t old = io->rte[pin];
    bool was_active = active(io, pin);
    bool activated;

    io->rte[pin] = (old & own) | value;
    forget_old_entry(io, pin, &out);
    activated = !was_active && active(io, pin);
    if (rte_has(io, pin, IOAPIC_RTE_LEVEL))
        sample_level(io, pin, &out);
    else if (activated && !((old | value) & IOAPIC_RTE_MASKED))
        rise_edge(io, pin, &out); /* by its polarity; unmasking sends nothing */
    out.warning = (uint8_t)rte_warning(io, pin, old);
    return out;
}

struct ioapic_out ioapic_rte_write_high(struct ioapic *io, unsigned pin,
                                        uint32_t value)
{
    struct ioapic_out out = {0};

    io->rte[pin] = (uint64_t)value << 32 | (uint32_t)io->rte[pin];
    if (rte_has(io, pin, IOAPIC_RTE_LEVEL))
        sample_level(io, pin, &out);
    return out;
}

static bool ends(const struct ioapic *io, unsigned pin, uint8_t vector)
{
    return rte_has(io, pin, IOAPIC_RTE_REMOTE_IRR) &&
           rte_vector(io, pin) == vector;
}

struct ioapic_out ioapic_eoi(struct ioapic *io, uint8_t vector)
{
    struct ioapic_out out = {0};

    for (unsigned pin = 0; pin < io->config.pins; pin++) {
        if (!ends(io, pin, vector))
            continue;
        io->rte[pin] &= ~(uint64_t)IOAPIC_RTE_REMOTE_IRR;
        sample_level(io, pin, &out);
    }
    for (unsigned i = 0; i < 4; i++)
        io->resend.word[i] |= out.requested.word[i];
    return out;
}

struct ioapic_out ioapic_answer(struct ioapic *io, unsigned pin, bool taken)
{
    struct ioapic_out out = {0};
    uint8_t p = (uint8_t)pin;
    bool again = vecset_has(&io->again, p);

    if (!vecset_has(&io->asked, p))
        return out;
    vecset_del(&io->asked, p);
    vecset_del(&io->again, p);
    if (taken)
        io->rte[pin] |= IOAPIC_RTE_REMOTE_IRR;
    else if (again)
        sample_level(io, pin, &out);
    return out;
}

/* Destination as local APICs of today read it: FFh is the broadcast. */
static uint32_t destination(const struct ioapic *io, unsigned pin)
{
    uint32_t dest = (uint32_t)(io->rte[pin] >> 56);

    if (rte_has(io, pin, IOAPIC_RTE_LOGICAL) ||
        ioapic_since(io, VERSION_8_BIT_DEST))
        return dest;
    return (dest & 0xf) == 0xf ? 0xff : dest & 0xf;
}

/* "Message Address Register Format", "Message Data Register Format". */
static struct ioapic_message compose(const struct ioapic *io, unsigned pin)
{
    enum delivery_mode mode = rte_mode(io, pin);
    uint32_t extended = (uint32_t)(io->rte[pin] >> 48) & 0xff;
    uint32_t hint = mode == DELIVERY_LOWEST;
    uint32_t logical = rte_has(io, pin, IOAPIC_RTE_LOGICAL);
    uint32_t level = level_message(io, pin);

    return (struct ioapic_message){
        .addr = 0xfee00000u | destination(io, pin) << 12 | extended << 4 |
                hint << 3 | logical << 2,
        .data =
            level << 15 | 1u << 14 | (uint32_t)mode << 8 | rte_vector(io, pin),
    };
}

static unsigned lowest(const struct vecset *s)
{
    unsigned i = 0;

    while (!s->word[i])
        i++;
    return 64 * i + (unsigned)__builtin_ctzll(s->word[i]);
}

struct ioapic_sent ioapic_take(struct ioapic *io)
{
    uint8_t pin = (uint8_t)lowest(&io->waiting);
    struct ioapic_sent sent = {
        .pin = pin,
        .level = level_message(io, pin),
        .resend = vecset_has(&io->resend, pin),
        .message = compose(io, pin),
    };

    vecset_del(&io->waiting, pin);
    vecset_del(&io->resend, pin);
    if (sent.level)
        vecset_add(&io->asked, pin);
    return sent;
}

void ioapic_reset(struct ioapic *io)
{
    static const struct vecset none;

    ioapic_reset_registers(io);
    io->waiting = io->resend = io->asked = io->again = io->told = none;
}

void ioapic_init(struct ioapic *io, const struct ioapic_config *config)
{
    assert(config->pins >= 1 && config->pins <= IOAPIC_PINS_MAX);
    *io = (struct ioapic){.config = *config};
    ioapic_reset(io);
}

static const char *check_pin(const struct ioapic *io, unsigned pin)
{
    uint8_t p = (uint8_t)pin;
    bool level = rte_has(io, pin, IOAPIC_RTE_LEVEL);
    bool serving = rte_has(io, pin, IOAPIC_RTE_REMOTE_IRR);
    bool asked = vecset_has(&io->asked, p);
    bool waiting = vecset_has(&io->waiting, p);

    if ((serving || asked) && !level)
        return "an edge-triggered entry expects an EOI";
    if (serving + asked + waiting > 1)
        return "a pin has two messages at once";
    if (waiting && mode_reserved(rte_mode(io, pin)))
        return "a message of a reserved delivery mode waits";
    if (vecset_has(&io->resend, p) && !waiting)
        return "an EOI set off a message that does not wait";
    if (vecset_has(&io->again, p) && !asked)
        return "a message that was not sent is to be tried again";
    if (vecset_has(&io->told, p) && !(level && active(io, pin)))
        return "a pin that is not active has had its message";
    return NULL;
}

const char *ioapic_check(const struct ioapic *io)
{
    for (unsigned pin = 0; pin < io->config.pins; pin++)
        if (check_pin(io, pin))
            return check_pin(io, pin);
    return NULL;
}

const char *ioapic_warning_name(enum ioapic_warning warning)
{
    static const char *const name[] = {
        "none",
#define WARNING(name, text, rule) text,
#include "models/ioapic/ioapic_warnings.def"
#undef WARNING
    };

    return name[warning];
}
