/*
 * IPI virtualization against preemption.
 *
 * A guest on CPU 1 sends two IPIs to guest A, which the processor posts.  The
 * host's timer interrupts CPU 0 twice: at the first tick guest A is preempted
 * and guest B runs, at the second A comes back.  While SN = 1 a post sets PIR
 * only; so the host looks at PIR when it clears SN.  The mistake is to look at
 * ON alone.
 */
#include "sim/protocol/world.h"

#define X2APIC_ICR 0x830u
#define ICR_DEST_SHIFT 32u

enum {
    GUEST,
    SCHEDULE_OUT,
    ENTER_B,
    RUN_B,
    READ_CONTROL,
    SCHEDULE_IN,
    RESCAN,
    TEST_ON,
    CLEAR_ON,
    TAKE_PIR,
    ENTER,
};

static uint8_t guest(struct protocol_world *w)
{
    if (!world_guest_step(w))
        return GUEST;
    return w->s.ticks == 1 ? SCHEDULE_OUT : READ_CONTROL;
}

static uint8_t schedule_out(struct protocol_world *w)
{
    mem_fetch_or64(&w->mem, world_pid(GUEST_A) + PID_CONTROL, PID_SN);
    return ENTER_B;
}

static uint8_t enter_b(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_B);
    return RUN_B;
}

static uint8_t run_b(struct protocol_world *w)
{
    return world_guest_step(w) ? READ_CONTROL : RUN_B;
}

static uint8_t read_control(struct protocol_world *w)
{
    w->s.control = world_control(w);
    return SCHEDULE_IN;
}

static uint8_t schedule_in(struct protocol_world *w)
{
    bool good =
        mem_compare_exchange64(&w->mem, world_pid(GUEST_A) + PID_CONTROL,
                               &w->s.control, w->s.control & ~PID_SN);

    if (!good)
        return READ_CONTROL;
    return w->protocol->broken ? TEST_ON : RESCAN;
}

static uint8_t rescan(struct protocol_world *w)
{
    if (world_posted(w)) {
        world_set_on(w);
        world_notified(w); /* the CPU itself looks, next */
    }
    return TEST_ON;
}

static uint8_t test_on(struct protocol_world *w)
{
    return world_control(w) & PID_ON ? CLEAR_ON : ENTER;
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
    [GUEST] = {NULL, world_guest_ready, guest},
    [SCHEDULE_OUT] = {"host sets SN of A", NULL, schedule_out},
    [ENTER_B] = {"VM entry of guest B", NULL, enter_b},
    [RUN_B] = {NULL, world_guest_ready, run_b},
    [READ_CONTROL] = {"host reads NV, SN and ON of A", NULL, read_control},
    [SCHEDULE_IN] = {"host clears SN of A", NULL, schedule_in},
    [RESCAN] = {"host sets ON if PIR is not empty", NULL, rescan},
    [TEST_ON] = {"host tests ON", NULL, test_on},
    [CLEAR_ON] = {"host clears ON", NULL, clear_on},
    [TAKE_PIR] = {"host moves PIR to VIRR", NULL, take_pir},
    [ENTER] = {"VM entry of guest A", NULL, enter},
};

static uint8_t send(struct protocol_world *w)
{
    uint64_t icr =
        (uint64_t)GUEST_A << ICR_DEST_SHIFT | world_vector(w->s.posted++);
    struct vapic_out out = vapic_wrmsr(&w->cpu[1], &w->mem, X2APIC_ICR, icr);

    if (out.event != VAPIC_POSTED)
        w->wrong = "an IPI is posted without an exit";
    if (out.posted.notify)
        vecset_add(&w->s.flight, out.posted.nv);
    return w->s.posted < WORLD_POSTS ? 0 : FINISHED;
}

static const struct protocol_step sender[] = {
    {"guest: writes the ICR, the processor posts", NULL, send},
};

static const struct protocol_agent agents[] = {
    {"CPU 0", cpu_0},
    {"CPU 1", sender},
    {"interconnect", world_interconnect},
    {"timer", world_timer},
    {NULL, NULL},
};

static void setup(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_A);
    world_enter(w, 1, GUEST_SENDER);
}

const struct protocol ipiv_against_preempt = {
    .name = "ipiv-against-preemption",
    .title = "A guest sends IPIs to another one that is preempted and comes "
             "back.",
    .agents = agents,
    .setup = setup,
    .stuck = world_undelivered,
};

const struct protocol ipiv_without_rescan = {
    .name = "ipiv-without-rescan",
    .title = "The same with a mistake: PIR is not looked at when SN is "
             "cleared.",
    .broken = true,
    .agents = agents,
    .setup = setup,
    .stuck = world_undelivered,
};
