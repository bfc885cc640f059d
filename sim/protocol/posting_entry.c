/*
 * Posting against VM entry.
 *
 * A host thread on CPU 1 posts two interrupts to guest A: it sets PIR, then ON,
 * then sends a notification if the guest-mode flag is set; else the CPU is in
 * root operation and will look at ON before it enters.  CPU 0 sets the flag
 * first and tests ON afterwards, so that one of the two sees the other.  The
 * mistake is the other order: a post in between is seen by nobody.
 */
#include "sim/protocol/world.h"

enum {
    SET_MODE,
    TEST_ON,
    CLEAR_ON,
    TAKE_PIR,
    ENTER,
    GUEST,
    CLEAR_MODE,
    HANDLE
};

/* The entry follows, in the mistaken order by way of the flag. */
static uint8_t synced(struct protocol_world *w)
{
    return w->protocol->broken ? SET_MODE : ENTER;
}

static uint8_t set_mode(struct protocol_world *w)
{
    w->s.guest_mode = true;
    return w->protocol->broken ? ENTER : TEST_ON;
}

static uint8_t test_on(struct protocol_world *w)
{
    return world_control(w) & PID_ON ? CLEAR_ON : synced(w);
}

static uint8_t clear_on(struct protocol_world *w)
{
    world_clear_on(w);
    return TAKE_PIR;
}

static uint8_t take_pir(struct protocol_world *w)
{
    world_take_pir(w);
    return synced(w);
}

static uint8_t enter(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_A);
    return GUEST;
}

static uint8_t guest(struct protocol_world *w)
{
    return world_guest_step(w) ? CLEAR_MODE : GUEST;
}

static uint8_t clear_mode(struct protocol_world *w)
{
    w->s.guest_mode = false;
    return HANDLE;
}

/* The host's handler of a notification does nothing but its EOI. */
static uint8_t handle(struct protocol_world *w)
{
    w->s.irr = (struct vecset){0};
    return w->protocol->broken ? TEST_ON : SET_MODE;
}

static const struct protocol_step cpu_0[] = {
    [SET_MODE] = {"host sets the guest-mode flag", NULL, set_mode},
    [TEST_ON] = {"host tests ON", NULL, test_on},
    [CLEAR_ON] = {"host clears ON", NULL, clear_on},
    [TAKE_PIR] = {"host moves PIR to VIRR", NULL, take_pir},
    [ENTER] = {"VM entry", NULL, enter},
    [GUEST] = {NULL, world_guest_ready, guest},
    [CLEAR_MODE] = {"host clears the guest-mode flag", NULL, clear_mode},
    [HANDLE] = {"host takes its interrupts", NULL, handle},
};

enum { SET_PIR, SET_ON, NOTIFY };

static uint8_t next_post(struct protocol_world *w)
{
    return w->s.posted < WORLD_POSTS ? SET_PIR : FINISHED;
}

static uint8_t set_pir(struct protocol_world *w)
{
    world_set_pir(w);
    return SET_ON;
}

static uint8_t set_on(struct protocol_world *w)
{
    return world_set_on(w) ? NOTIFY : next_post(w);
}

static uint8_t notify(struct protocol_world *w)
{
    if (w->s.guest_mode)
        vecset_add(&w->s.flight, NOTIFICATION_VECTOR);
    world_notified(w);
    return next_post(w);
}

static const struct protocol_step poster[] = {
    [SET_PIR] = {"sets a bit of PIR", NULL, set_pir},
    [SET_ON] = {"sets ON", NULL, set_on},
    [NOTIFY] = {"tests the guest-mode flag, and notifies if it is set", NULL,
                notify},
};

static const struct protocol_agent agents[] = {
    {"CPU 0", cpu_0},
    {"poster", poster},
    {"interconnect", world_interconnect},
    {"timer", world_timer},
    {NULL, NULL},
};

static void setup(struct protocol_world *w)
{
    w->s.at[0] = w->protocol->broken ? TEST_ON : SET_MODE;
}

const struct protocol posting_against_entry = {
    .name = "posting-against-entry",
    .title = "A thread posts while a CPU goes in and out of the guest.",
    .agents = agents,
    .setup = setup,
    .stuck = world_undelivered,
};

const struct protocol posting_on_tested_early = {
    .name = "posting-on-tested-early",
    .title = "The same with a mistake: ON is tested before the guest-mode flag "
             "is set.",
    .broken = true,
    .agents = agents,
    .setup = setup,
    .stuck = world_undelivered,
};
