/* The local APIC: sending interrupts, and whom a message names. */
#include "models/lapic/lapic_private.h"

#define CLUSTER_MODEL 0x0u /* DFR bits 31:28 */
#define FLAT_MODEL 0xfu

#define BROADCAST8 0xffu
#define BROADCAST32 0xffffffffu

/* Level and trigger mean nothing but in the one encoding that does nothing:
 * INIT level de-assert. */
static bool sends_nothing(uint32_t icr_low)
{
    enum delivery_mode mode = (enum delivery_mode)(icr_low >> 8 & 7);
    bool assert_level = icr_low >> 14 & 1;
    bool level_trigger = icr_low >> 15 & 1;

    return mode == DELIVERY_RESERVED3 || mode == DELIVERY_EXTINT ||
           (mode == DELIVERY_INIT && level_trigger && !assert_level);
}

static struct lapic_out send(struct lapic *l, uint32_t icr_low)
{
    bool dest8 = lapic_mode(l) == LAPIC_MODE_XAPIC;
    uint8_t mode = icr_low >> 8 & 7;
    uint8_t vector = (uint8_t)icr_low;
    struct lapic_fates fates = LAPIC_NO_FATES;
    struct lapic_out out;

    if (sends_nothing(icr_low))
        return lapic_seen(l, fates);
    if (mode <= DELIVERY_LOWEST && vector < 16)
        fates.error = lapic_raise_error(l, LAPIC_ESR_SEND_ILLEGAL_VECTOR);
    out = lapic_seen(l, fates);
    out.send = true;
    out.message = (struct msg_apic){
        .dest = dest8 ? l->icr_high >> 24 : l->icr_high,
        .sender = lapic_id(l),
        .vector = vector,
        .mode = mode,
        .shorthand = icr_low >> 18 & 3,
        .logical = icr_low >> 11 & 1,
        .assert_level = true,
        .dest8 = dest8,
    };
    return out;
}

struct lapic_out lapic_write_icr(struct lapic *l, uint32_t value)
{
    l->icr_low = value;
    return send(l, value);
}

struct lapic_out lapic_write_self_ipi(struct lapic *l, uint32_t value)
{
    return send(l, (uint32_t)SHORTHAND_SELF << 18 | (value & 0xff));
}

static bool physical_match(const struct lapic *l, const struct msg_apic *m)
{
    return m->dest == (m->dest8 ? BROADCAST8 : BROADCAST32) ||
           m->dest == lapic_id(l);
}

static bool xapic_logical_match(const struct lapic *l, uint32_t mda)
{
    uint32_t logical_id = l->ldr >> 24;

    /* before the LDR is looked at: an LDR of 0 matches too */
    if (mda == BROADCAST8 || mda == BROADCAST32)
        return true;
    switch (l->dfr >> 28) {
    case FLAT_MODEL:
        return (logical_id & mda) != 0;
    case CLUSTER_MODEL:
        return logical_id >> 4 == mda >> 4 && (logical_id & mda & 0xf);
    default:
        return false;
    }
}

static bool x2apic_logical_match(const struct lapic *l, uint32_t dest)
{
    uint32_t cluster = l->config.id >> 4 & 0xffff;
    uint32_t member = 1u << (l->config.id & 0xf);

    return dest == BROADCAST32 || (dest >> 16 == cluster && (dest & member));
}

bool lapic_matches(const struct lapic *l, const struct msg_apic *m)
{
    bool mine = m->sender == lapic_id(l);

    switch (m->shorthand) {
    case SHORTHAND_SELF:
        return mine;
    case SHORTHAND_ALL:
        return true;
    case SHORTHAND_OTHERS:
        return !mine;
    default:
        break;
    }
    if (!m->logical)
        return physical_match(l, m);
    if (lapic_mode(l) == LAPIC_MODE_X2APIC)
        return x2apic_logical_match(l, m->dest);
    return xapic_logical_match(l, m->dest);
}
