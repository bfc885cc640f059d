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
static uint8_t guest(struct protocol_world *w)
{
    if (world_guest_ready(w)) {
        world_guest_step(w);
        return GUEST;
    }
    world_exit(w, &(struct cpu_exit){.reason = EXIT_HLT});
    w->s.has_blocked = true;
    return LINK;
}

static uint8_t link(struct protocol_world *w)
{
    w->s.linked = true;
    return READ_CONTROL;
}

static uint8_t read_control(struct protocol_world *w)
{
    w->s.control = world_control(w);
    return w->protocol->broken ? LOOK_AT_ON : SWITCH_NV;
}

static uint8_t switch_nv(struct protocol_world *w)
{
    uint64_t wanted = with_nv(w->s.control, WAKEUP_VECTOR);

    return mem_compare_exchange64(&w->mem, world_pid(GUEST_A) + PID_CONTROL,
                                  &w->s.control, wanted)
               ? LOOK_AT_ON
               : READ_CONTROL;
}

/* As it was when NV changed: later posts notify by the wakeup vector. */
static uint8_t look_at_on(struct protocol_world *w)
{
    if (w->protocol->broken)
        w->s.control = world_control(w);
    if (w->s.control & PID_ON)
        vecset_add(&w->s.flight, WAKEUP_VECTOR);
    return ENTER_B;
}

static uint8_t enter_b(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_B);
    return RUN_B;
}

static uint8_t run_b(struct protocol_world *w)
{
    return world_guest_step(w) ? WAKE_UP : RUN_B;
}

/* The handler of the wakeup vector goes through the CPU's list. */
static uint8_t wake_up(struct protocol_world *w)
{
    if (!w->s.linked || !(world_control(w) & PID_ON))
        return ENTER_B;
    w->s.linked = false;
    w->s.control = world_control(w);
    return SCHEDULE_IN;
}

static uint8_t schedule_in(struct protocol_world *w)
{
    uint64_t wanted = with_nv(w->s.control, NOTIFICATION_VECTOR) & ~PID_SN;

    return mem_compare_exchange64(&w->mem, world_pid(GUEST_A) + PID_CONTROL,
                                  &w->s.control, wanted)
               ? RESCAN
               : SCHEDULE_IN;
}

static uint8_t rescan(struct protocol_world *w)
{
    if (world_posted(w)) {
        world_set_on(w);
        world_notified(w); /* the CPU itself looks, next */
    }
    return CLEAR_ON;
}

static uint8_t clear_on(struct protocol_world *w)
{
    world_clear_on(w);
    return TAKE_PIR;
}

static uint8_t take_pir(struct protocol_world *w)
{
    world_take_pir(w);
    return ENTER;
}

static uint8_t enter(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_A);
    return GUEST;
}

static const struct protocol_step cpu_0[] = {
    [GUEST] = {NULL, guest_ready, guest},
    [LINK] = {"host puts A on the CPU's wake-up list", NULL, link},
    [READ_CONTROL] = {"host reads NV, SN and ON", NULL, read_control},
    [SWITCH_NV] = {"host has NV say the wakeup vector", NULL, switch_nv},
    [LOOK_AT_ON] = {"host looks at ON once more", NULL, look_at_on},
    [ENTER_B] = {"VM entry of guest B", NULL, enter_b},
    [RUN_B] = {NULL, world_guest_ready, run_b},
    [WAKE_UP] = {"host's wake-up handler looks for ON = 1", NULL, wake_up},
    [SCHEDULE_IN] = {"host has NV say the notification vector", NULL,
                     schedule_in},
    [RESCAN] = {"host sets ON if PIR is not empty", NULL, rescan},
    [CLEAR_ON] = {"host clears ON", NULL, clear_on},
    [TAKE_PIR] = {"host moves PIR to VIRR", NULL, take_pir},
    [ENTER] = {"VM entry of guest A", NULL, enter},
};

static uint8_t post(struct protocol_world *w)
{
    struct pid_posted p = pid_post(&w->mem, world_pid(GUEST_A),
                                   world_vector(w->s.posted++), false);

    if (p.notify)
        vecset_add(&w->s.flight, p.nv);
    return w->s.posted < WORLD_POSTS ? 0 : FINISHED;
}

static const struct protocol_step device[] = {
    {"an interrupt of it is posted", NULL, post},
};

static const struct protocol_agent agents[] = {
    {"CPU 0", cpu_0},
    {"device", device},
    {"interconnect", world_interconnect},
    {NULL, NULL},
};

static void setup(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_A);
}

const struct protocol posting_against_block = {
    .name = "posting-against-block",
    .title = "A device posts while its guest halts, blocks and wakes.",
    .agents = agents,
    .setup = setup,
    .stuck = world_undelivered,
};

const struct protocol posting_nv_not_switched = {
    .name = "posting-nv-not-switched",
    .title = "The same with a mistake: NV does not become the wakeup vector.",
    .broken = true,
    .agents = agents,
    .setup = setup,
    .stuck = world_undelivered,
};
