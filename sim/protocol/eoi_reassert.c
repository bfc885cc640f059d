/*
 * EOI exit against re-assertion of a level-triggered line.
 *
 * A device raises its line at a virtual I/O APIC twice.  The guest's handler
 * makes the device lower it, and ends with an EOI, whose exit tells the virtual
 * I/O APIC to clear remote IRR; if the line is high again by then it posts
 * anew.  While remote IRR is set a rising line posts nothing.  The mistake is
 * to leave the vector out of the EOI-exit bitmap.
 */
#include "sim/protocol/world.h"

enum { GUEST, TELL_IOAPIC, POST_AGAIN, TEST_ON, CLEAR_ON, TAKE_PIR, ENTER };

static enum way guest(struct protocol_world *w)
{
    if (*world_in_handler(w) && !w->s.processing && !w->s.serviced) {
        w->s.line = false;
        w->s.serviced = true;
        return ONWARD;
    }
    return world_guest_step(w);
}

/* Under the lock of the virtual I/O APIC, and so one step. */
static enum way tell_ioapic(struct protocol_world *w)
{
    w->s.remote_irr = w->s.line;
    return w->s.line ? ONWARD : ASIDE;
}

static void set_pir_0(struct protocol_world *w)
{
    w->s.posted = 0; /* always the same vector */
    world_set_pir(w);
}

/* The CPU itself looks at ON afterwards: nobody has to be notified. */
static enum way post_again(struct protocol_world *w)
{
    set_pir_0(w);
    return world_set_on_if_posted(w);
}

static const struct protocol_step cpu_0[] = {
    [GUEST] = {NULL, world_guest_ready, guest, {GUEST, TELL_IOAPIC}},
    [TELL_IOAPIC] = {"host clears remote IRR, and sets it if the line is high",
                     NULL,
                     tell_ioapic,
                     {POST_AGAIN, TEST_ON}},
    [POST_AGAIN] = {"host posts the interrupt again",
                    NULL,
                    post_again,
                    {TEST_ON}},
    [TEST_ON] = {WORLD_TEST_ON, {CLEAR_ON, ENTER}},
    [CLEAR_ON] = {WORLD_CLEAR_ON, {TAKE_PIR}},
    [TAKE_PIR] = {WORLD_TAKE_PIR, {ENTER}},
    [ENTER] = {WORLD_ENTER_A, {GUEST}},
};

enum { RAISE, SET_PIR, SET_ON };

static bool low(struct protocol_world *w)
{
    return !w->s.line;
}

static enum way next_raise(struct protocol_world *w)
{
    return w->s.raised < 2 ? ASIDE : ASTRAY;
}

/* Under the lock of the virtual I/O APIC, and so one step. */
static enum way raise(struct protocol_world *w)
{
    w->s.line = true;
    w->s.raised++;
    if (w->s.remote_irr)
        return next_raise(w);
    w->s.remote_irr = true;
    return ONWARD;
}

static enum way set_pir(struct protocol_world *w)
{
    set_pir_0(w);
    return ONWARD;
}

static enum way set_on(struct protocol_world *w)
{
    if (world_set_on(w))
        vecset_add(&w->s.flight, NOTIFICATION_VECTOR);
    world_notified(w);
    return next_raise(w);
}

static const struct protocol_step device[] = {
    [RAISE] = {"raises its line at the virtual I/O APIC",
               low,
               raise,
               {SET_PIR, RAISE, FINISHED}},
    [SET_PIR] = {"host thread sets the bit of PIR", NULL, set_pir, {SET_ON}},
    [SET_ON] = {"host thread sets ON, and notifies if it was 0",
                NULL,
                set_on,
                {[ASIDE] = RAISE, [ASTRAY] = FINISHED}},
};

static const struct protocol_agent agents[] = {
    {"CPU 0", cpu_0},
    {"device", device},
    {"interconnect", world_interconnect},
    {NULL, NULL},
};

static void setup(struct protocol_world *w)
{
    uint8_t vector = world_vector(0);

    if (!w->protocol->broken)
        vmcs_set(&w->vmcs[GUEST_A],
                 (enum vmcs_field)(VMCS_EOI_EXIT_BITMAP_0 + vector / 64),
                 UINT64_C(1) << vector % 64);
    world_enter(w, 0, GUEST_A);
}

static const char *stuck(struct protocol_world *w)
{
    return w->s.line ? "no level-triggered line stays asserted without an "
                       "interrupt"
                     : NULL;
}

static const struct protocol_parts parts = {agents, setup, stuck};

const struct protocol eoi_against_reassert = {
    .name = "eoi-against-reassert",
    .title = "A level-triggered line rises again while the guest ends its "
             "interrupt.",
    .parts = &parts,
};

const struct protocol eoi_without_exit = {
    .name = "eoi-without-exit",
    .title = "The same with a mistake: the EOI of the vector does not exit.",
    .broken = true,
    .parts = &parts,
};
