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

static enum way guest(struct protocol_world *w)
{
    if (world_guest_step(w) == ONWARD)
        return ONWARD;
    return w->s.ticks == 1 ? ASIDE : ASTRAY;
}

static enum way schedule_out(struct protocol_world *w)
{
    mem_fetch_or64(&w->mem, world_pid(GUEST_A) + PID_CONTROL, PID_SN);
    return ONWARD;
}

static enum way schedule_in(struct protocol_world *w)
{
    enum way way = world_replace_control(w, w->s.control & ~PID_SN);

    return way == ASIDE ? ASIDE : WAY(w, ONWARD);
}

static const struct protocol_step cpu_0[] = {
    [GUEST] = {NULL,
               world_guest_ready,
               guest,
               {GUEST, SCHEDULE_OUT, READ_CONTROL}},
    [SCHEDULE_OUT] = {"host sets SN of A", NULL, schedule_out, {ENTER_B}},
    [ENTER_B] = {WORLD_ENTER_B, {RUN_B}},
    [RUN_B] = {NULL,
               world_guest_ready,
               world_guest_step,
               {RUN_B, READ_CONTROL}},
    [READ_CONTROL] = {"host reads NV, SN and ON of A",
                      NULL,
                      world_read_control,
                      {SCHEDULE_IN}},
    [SCHEDULE_IN] = {"host clears SN of A",
                     NULL,
                     schedule_in,
                     {RESCAN, READ_CONTROL, TEST_ON}},
    [RESCAN] = {WORLD_RESCAN, {TEST_ON}},
    [TEST_ON] = {WORLD_TEST_ON, {CLEAR_ON, ENTER}},
    [CLEAR_ON] = {WORLD_CLEAR_ON, {TAKE_PIR}},
    [TAKE_PIR] = {WORLD_TAKE_PIR, {ENTER}},
    [ENTER] = {WORLD_ENTER_A, {GUEST}},
};

static enum way send(struct protocol_world *w)
{
    uint64_t icr =
        (uint64_t)GUEST_A << ICR_DEST_SHIFT | world_vector(w->s.posted++);
    struct vapic_out out = vapic_wrmsr(&w->cpu[1], &w->mem, X2APIC_ICR, icr);

    if (out.event != VAPIC_POSTED)
        w->wrong = "an IPI is posted without an exit";
    if (out.posted.notify)
        vecset_add(&w->s.flight, out.posted.nv);
    return w->s.posted < WORLD_POSTS ? ONWARD : ASIDE;
}

static const struct protocol_step sender[] = {
    {"guest: writes the ICR, the processor posts", NULL, send, {0, FINISHED}},
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

static const struct protocol_parts parts = {agents, setup, world_undelivered};

const struct protocol ipiv_against_preempt = {
    .name = "ipiv-against-preemption",
    .title = "A guest sends IPIs to another one that is preempted and comes "
             "back.",
    .parts = &parts,
};

const struct protocol ipiv_without_rescan = {
    .name = "ipiv-without-rescan",
    .title = "The same with a mistake: PIR is not looked at when SN is "
             "cleared.",
    .broken = true,
    .parts = &parts,
};
