/*
 * Posting against block and wake.
 *
 * Guest A executes HLT; its host thread blocks, and guest B runs on the CPU.  A
 * device posts two interrupts through the remapping hardware, which takes NV
 * from the descriptor.  So the host has NV say the wakeup vector before it lets
 * B run, and looks at ON once more: B's CPU exits for that vector, and its
 * handler finds ON = 1.  The mistake is to leave NV as it is: B's processor
 * takes the notification for its own.
 */
#include "sim/protocol/world.h"

enum {
    GUEST,
    LINK,
    READ_CONTROL,
    SWITCH_NV,
    LOOK_AT_ON,
    ENTER_B,
    RUN_B,
    WAKE_UP,
    SCHEDULE_IN,
    RESCAN,
    CLEAR_ON,
    TAKE_PIR,
    ENTER,
};

static uint64_t with_nv(uint64_t control, uint64_t nv)
{
    return (control & ~(UINT64_C(0xff) << PID_NV_SHIFT)) | nv << PID_NV_SHIFT;
}

static bool guest_ready(struct protocol_world *w)
{
    return world_guest_ready(w) || !w->s.has_blocked;
}

/* An idle guest halts, once. */
static enum way guest(struct protocol_world *w)
{
    if (world_guest_ready(w)) {
        world_guest_step(w);
        return ONWARD;
    }
    world_exit(w, &(struct cpu_exit){.reason = EXIT_HLT});
    w->s.has_blocked = true;
    return ASIDE;
}

static enum way link(struct protocol_world *w)
{
    w->s.linked = true;
    return ONWARD;
}

static enum way read_control(struct protocol_world *w)
{
    return WAY(w, world_read_control(w));
}

static enum way switch_nv(struct protocol_world *w)
{
    return world_replace_control(w, with_nv(w->s.control, WAKEUP_VECTOR));
}

/* As it was when NV changed: later posts notify by the wakeup vector. */
static enum way look_at_on(struct protocol_world *w)
{
    if (w->protocol->broken)
        world_read_control(w);
    if (w->s.control & PID_ON)
        vecset_add(&w->s.flight, WAKEUP_VECTOR);
    return ONWARD;
}

/* The handler of the wakeup vector goes through the CPU's list. */
static enum way wake_up(struct protocol_world *w)
{
    if (!w->s.linked || world_test_on(w) == ASIDE)
        return ASIDE;
    w->s.linked = false;
    return world_read_control(w);
}

static enum way schedule_in(struct protocol_world *w)
{
    uint64_t wanted = with_nv(w->s.control, NOTIFICATION_VECTOR) & ~PID_SN;

    return world_replace_control(w, wanted);
}

static const struct protocol_step cpu_0[] = {
    [GUEST] = {NULL, guest_ready, guest, {GUEST, LINK}},
    [LINK] = {"host puts A on the CPU's wake-up list",
              NULL,
              link,
              {READ_CONTROL}},
    [READ_CONTROL] = {"host reads NV, SN and ON",
                      NULL,
                      read_control,
                      {[ONWARD] = SWITCH_NV, [ASTRAY] = LOOK_AT_ON}},
    [SWITCH_NV] = {"host has NV say the wakeup vector",
                   NULL,
                   switch_nv,
                   {LOOK_AT_ON, READ_CONTROL}},
    [LOOK_AT_ON] = {"host looks at ON once more", NULL, look_at_on, {ENTER_B}},
    [ENTER_B] = {WORLD_ENTER_B, {RUN_B}},
    [RUN_B] = {NULL, world_guest_ready, world_guest_step, {RUN_B, WAKE_UP}},
    [WAKE_UP] = {"host's wake-up handler looks for ON = 1",
                 NULL,
                 wake_up,
                 {SCHEDULE_IN, ENTER_B}},
    [SCHEDULE_IN] = {"host has NV say the notification vector",
                     NULL,
                     schedule_in,
                     {RESCAN, SCHEDULE_IN}},
    [RESCAN] = {WORLD_RESCAN, {CLEAR_ON}},
    [CLEAR_ON] = {WORLD_CLEAR_ON, {TAKE_PIR}},
    [TAKE_PIR] = {WORLD_TAKE_PIR, {ENTER}},
    [ENTER] = {WORLD_ENTER_A, {GUEST}},
};

static const struct protocol_agent agents[] = {
    {"CPU 0", cpu_0},
    {"device", world_device},
    {"interconnect", world_interconnect},
    {NULL, NULL},
};

static const struct protocol_parts parts = {agents, world_guest_a_runs,
                                            world_undelivered};

const struct protocol posting_against_block = {
    .name = "posting-against-block",
    .title = "A device posts while its guest halts, blocks and wakes.",
    .parts = &parts,
};

const struct protocol posting_nv_not_switched = {
    .name = "posting-nv-not-switched",
    .title = "The same with a mistake: NV does not become the wakeup vector.",
    .broken = true,
    .parts = &parts,
};
