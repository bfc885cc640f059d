/* Worlds as systems whose orders of steps can be searched. */
#include "sim/protocol/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/cpu/vmx_features.h"
#include "sim/explore/hash.h"
#include "sim/explore/snapshot.h"
#include "sim/protocol/world.h"

static const char *const invariants[] = {
    "every interrupt that is posted is delivered",
    "a posted interrupt waits only where a notification comes or a CPU looks",
    "no interrupt is delivered twice",
    "no interrupt is delivered while RFLAGS.IF is 0",
    "RVI and SVI are the highest bits of the virtual-APIC page",
    "no level-triggered line stays asserted without an interrupt",
    "every VM entry succeeds",
    NULL,
};

/* ---- agents ---- */

static const struct protocol_step *step_of(const struct protocol_world *w,
                                           unsigned agent)
{
    return w->s.at[agent] == FINISHED
               ? NULL
               : &w->protocol->parts->agents[agent].step[w->s.at[agent]];
}

/* Who can do something has an event, now. */
static void set_events(struct protocol_world *w)
{
    for (unsigned i = 0; w->protocol->parts->agents[i].name; i++) {
        const struct protocol_step *step = step_of(w, i);
        bool ready = step && (!step->ready || step->ready(w));

        if (!ready)
            engine_cancel(&w->engine, &w->event[i]);
        else if (!event_scheduled(&w->event[i]))
            engine_schedule(&w->engine, &w->event[i], 0);
    }
}

static void on_event(void *world, struct event *ev)
{
    struct protocol_world *w = world;

    const struct protocol_step *step = step_of(w, ev->what);

    w->s.at[ev->what] = step->next[step->run(w)];
    set_events(w);
}

/* ---- the search's view ---- */

/* Accounts, positions and the queue's order do not count. */
static uint64_t hash(void *world)
{
    struct protocol_world *w = world;
    uint64_t h = 0;

    h = hash_bytes(h, &w->s, sizeof w->s);
    for (unsigned i = 0; i < WORLD_PAGES; i++)
        if (w->page[i].number)
            h = hash_bytes(h, &w->page[i], sizeof w->page[i]);
    for (unsigned i = 0; i < WORLD_GUESTS; i++)
        h = hash_bytes(h, w->vmcs[i].field, sizeof w->vmcs[i].field);
    for (unsigned i = 0; i < WORLD_CPUS; i++) {
        struct cpu copy = w->cpu[i];

        copy.vmcs = NULL;
        h = hash_bytes(h, &copy, sizeof copy);
    }
    return h;
}

static int top_of(struct protocol_world *w, uint64_t at)
{
    for (int i = 7; i >= 0; i--) {
        uint32_t word = mem_read32(&w->mem, at + 0x10u * (unsigned)i);

        if (word)
            return 32 * i + 31 - __builtin_clz(word);
    }
    return 0;
}

static const char *broken(void *world)
{
    struct protocol_world *w = world;

    for (unsigned i = 0; i < WORLD_CPUS && !w->wrong; i++) {
        const struct cpu *c = &w->cpu[i];
        uint64_t page;

        if (!c->non_root || (!i && w->s.processing))
            continue;
        page = vmcs_get(c->vmcs, VMCS_VIRTUAL_APIC_ADDRESS);
        if (c->vapic.rvi != top_of(w, page + VAPIC_IRR) ||
            c->vapic.svi != top_of(w, page + VAPIC_ISR))
            return "RVI and SVI are the highest bits of the virtual-APIC page";
    }
    if (!w->wrong && world_forgotten(w))
        return "a posted interrupt waits only where a notification comes or a "
               "CPU looks";
    return w->wrong;
}

const struct protocol *const protocols[] = {
    &posting_against_entry,
    &posting_on_tested_early,
    &posting_against_block,
    &posting_nv_not_switched,
    &posting_against_processing,
    &posting_on_cleared_late,
    &ipiv_against_preempt,
    &ipiv_without_rescan,
    &eoi_against_reassert,
    &eoi_without_exit,
    NULL,
};

static const char *stuck(void *world)
{
    struct protocol_world *w = world;

    return w->protocol->parts->stuck(w);
}

static const char *guest_words(struct protocol_world *w)
{
    if (w->s.processing)
        return world_processing(w);
    switch (world_recognized(w)) {
    case CPU_EVENT_NONE:
        return *world_in_handler(w) ? "guest: the handler goes on"
                                    : "guest: HLT";
    case CPU_EVENT_VIRTUAL_DELIVERY:
        return "guest: a virtual interrupt is delivered";
    default:
        return vecset_top(&w->s.irr) == NOTIFICATION_VECTOR
                   ? world_processing(w)
                   : "guest: VM exit by an external interrupt";
    }
}

static void describe(void *world, const struct event *ev, char *text)
{
    struct protocol_world *w = world;
    const char *words = step_of(w, ev->what)->text;

    snprintf(text, EXPLORE_TEXT, "%s: %s",
             w->protocol->parts->agents[ev->what].name,
             words ? words : guest_words(w));
}

/* ---- the whole ---- */

static void init(struct protocol_world *w, const struct protocol *p)
{
    uint16_t target;

    memset(w, 0, sizeof *w);
    w->protocol = p;
    engine_init(&w->engine, WORLD_AGENTS, w->heap);
    target = engine_add_target(&w->engine, on_event, w);
    for (unsigned i = 0; i < WORLD_AGENTS; i++)
        event_init(&w->event[i], target, (uint16_t)i);
    mem_init(&w->mem, w->page, WORLD_PAGES);
    for (unsigned i = 0; i < WORLD_CPUS; i++) {
        w->cpu[i].vmx = vmx_capabilities_of(vmx_all_features(), 0);
        cpu_reset(&w->cpu[i], rip_of(2), 0);
        w->cpu[i].vmx_on = true;
    }
    for (unsigned i = 0; i < WORLD_GUESTS; i++)
        world_add_guest(w, i);
    p->parts->setup(w);
    set_events(w);
}

void protocol_explore(const struct protocol *p, const struct explore_limits *l,
                      struct explore_result *result)
{
    struct protocol_world *w = snapshot_memory(NULL, sizeof *w);
    struct explore_system system = {
        .self = w,
        .state = w,
        .bytes = sizeof *w,
        .engine = &w->engine,
        .hash = hash,
        .broken = broken,
        .stuck = stuck,
        .invariants = invariants,
        .describe = describe,
    };

    init(w, p);
    explore(&system, l, result);
    free(w);
}
