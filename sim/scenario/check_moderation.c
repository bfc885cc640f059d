/* Rules between the keys of how a device holds interrupts back, and of its
 * MSI capability. */
#include "sim/scenario/check_private.h"

/* The keys of one direction. */
struct direction_keys {
    const char *packet, *absolute;
    const char *coalescing[4]; /* usecs, frames, the same with _irq */
};

static const struct direction_keys rx_keys = {
    "rx_packet",
    "rx_absolute",
    {"rx_usecs", "rx_frames", "rx_usecs_irq", "rx_frames_irq"}};
static const struct direction_keys tx_keys = {
    "tx_packet",
    "tx_absolute",
    {"tx_usecs", "tx_frames", "tx_usecs_irq", "tx_frames_irq"}};

/* The first coalescing parameter that is not 0, or NULL. */
static const char *coalescing_key(const struct nic_moderation *m,
                                  const struct direction_keys *k)
{
    const uint32_t value[] = {m->usecs, m->frames, m->usecs_irq, m->frames_irq};

    for (unsigned i = 0; i < 4; i++)
        if (value[i])
            return k->coalescing[i];
    return NULL;
}

static void check_direction(struct element e, const struct nic_moderation *m,
                            const struct direction_keys *k)
{
    const char *parameter = coalescing_key(m, k);

    if (m->absolute_timer && !m->packet_timer)
        broken(e.c, place_of(e, k->absolute),
               "'%s' needs '%s': without it each packet interrupts at once",
               k->absolute, k->packet);
    if (m->packet_timer && parameter)
        broken(e.c, place_of(e, parameter),
               "'%s' and '%s' exclude each other: delay timers or coalescing",
               parameter, k->packet);
    if (m->frames > 1 && !m->usecs)
        mistake_warn(e.c->m, place_of(e, k->coalescing[1]),
                     "'%s' without '%s': fewer packets than that are never "
                     "told",
                     k->coalescing[1], k->coalescing[0]);
}

static void check_adaptive(struct element e, const struct scenario_device *d)
{
    if (!d->adaptive.most_usecs)
        return;
    if (scenario_has_line(d) || d->delivery != SIGNAL_FIXED)
        broken(e.c, place_of(e, "most_usecs"),
               "adaptive moderation needs interrupts by messages with a "
               "vector");
    if (scenario_granted(d) != d->vectors)
        broken(e.c, place_of(e, "granted"),
               "adaptive moderation needs a message for each of the %u "
               "'vectors'",
               d->vectors);
    if (d->adaptive.least_usecs > d->adaptive.most_usecs)
        broken(e.c, place_of(e, "least_usecs"),
               "'least_usecs' (%u) is above 'most_usecs' (%u)",
               d->adaptive.least_usecs, d->adaptive.most_usecs);
    if (d->adaptive.few >= d->adaptive.many)
        broken(e.c, place_of(e, "few"), "'few' (%u) must be below 'many' (%u)",
               d->adaptive.few, d->adaptive.many);
}

/* A source of pulses receives only. */
void check_moderation(const struct check *c, uint32_t i)
{
    const struct nic_config *nic = &c->s->device[i].nic;
    struct element e = element(c, "devices", i);
    const char *parameter = coalescing_key(&nic->tx, &tx_keys);

    check_direction(e, &nic->rx, &rx_keys);
    check_direction(e, &nic->tx, &tx_keys);
    check_adaptive(e, &c->s->device[i]);
    if (nic->tx.packet_timer)
        parameter = tx_keys.packet;
    if (nic->pulse != PULSE_NONE && parameter)
        broken(c, place_of(e, parameter),
               "'%s' needs 'pulse: none': a source of pulses sends nothing",
               parameter);
}

void check_granted(const struct check *c, uint32_t i)
{
    const struct scenario_device *d = &c->s->device[i];
    struct diag_place at = place_of(element(c, "devices", i), "granted");
    uint32_t granted = d->msi.granted;

    if (granted && d->message != MESSAGE_MSI)
        broken(c, at, "'granted' needs 'message: msi'");
    if ((granted & (granted - 1)) || granted > d->vectors)
        broken(c, at,
               "'granted' must be a power of two up to 'vectors' (%u), not %u",
               d->vectors, granted);
}
