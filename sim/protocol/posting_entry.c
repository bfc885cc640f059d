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

static enum way set_mode(struct protocol_world *w)
{
    w->s.guest_mode = true;
    return WAY(w, ONWARD);
}

static enum way test_on(struct protocol_world *w)
{
    return world_test_on(w) == ONWARD ? ONWARD : WAY(w, ASIDE);
}

static enum way take_pir(struct protocol_world *w)
{
    return WAY(w, world_take_pir(w));
}

static enum way clear_mode(struct protocol_world *w)
{
    w->s.guest_mode = false;
    return ONWARD;
}

/* The host's handler of a notification does nothing but its EOI. */
static enum way handle(struct protocol_world *w)
{
    w->s.irr = (struct vecset){0};
    return WAY(w, ONWARD);
}

static const struct protocol_step cpu_0[] = {
    [SET_MODE] = {"host sets the guest-mode flag",
                  NULL,
                  set_mode,
                  {[ONWARD] = TEST_ON, [ASTRAY] = ENTER}},
    [TEST_ON] = {"host tests ON", NULL, test_on, {CLEAR_ON, ENTER, SET_MODE}},
    [CLEAR_ON] = {WORLD_CLEAR_ON, {TAKE_PIR}},
    [TAKE_PIR] = {"host moves PIR to VIRR",
                  NULL,
                  take_pir,
                  {[ONWARD] = ENTER, [ASTRAY] = SET_MODE}},
    [ENTER] = {WORLD_ENTER_A, {GUEST}},
    [GUEST] = {NULL, world_guest_ready, world_guest_step, {GUEST, CLEAR_MODE}},
    [CLEAR_MODE] = {"host clears the guest-mode flag",
                    NULL,
                    clear_mode,
                    {HANDLE}},
    [HANDLE] = {"host takes its interrupts",
                NULL,
                handle,
                {[ONWARD] = SET_MODE, [ASTRAY] = TEST_ON}},
};

enum { SET_PIR, SET_ON, NOTIFY };

static enum way set_pir(struct protocol_world *w)
{
    world_set_pir(w);
    return ONWARD;
}

static enum way next_post(struct protocol_world *w)
{
    return w->s.posted < WORLD_POSTS ? ASIDE : ASTRAY;
}

static enum way set_on(struct protocol_world *w)
{
    return world_set_on(w) ? ONWARD : next_post(w);
}

static enum way notify(struct protocol_world *w)
{
    if (w->s.guest_mode)
        vecset_add(&w->s.flight, NOTIFICATION_VECTOR);
    world_notified(w);
    return next_post(w);
}

static const struct protocol_step poster[] = {
    [SET_PIR] = {"sets a bit of PIR", NULL, set_pir, {SET_ON}},
    [SET_ON] = {"sets ON", NULL, set_on, {NOTIFY, SET_PIR, FINISHED}},
    [NOTIFY] = {"tests the guest-mode flag, and notifies if it is set",
                NULL,
                notify,
                {[ASIDE] = SET_PIR, [ASTRAY] = FINISHED}},
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

static const struct protocol_parts parts = {agents, setup, world_undelivered};

const struct protocol posting_against_entry = {
    .name = "posting-against-entry",
    .title = "A thread posts while a CPU goes in and out of the guest.",
    .parts = &parts,
};

const struct protocol posting_on_tested_early = {
    .name = "posting-on-tested-early",
    .title = "The same with a mistake: ON is tested before the guest-mode flag "
             "is set.",
    .broken = true,
    .parts = &parts,
};
