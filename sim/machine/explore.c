/* A machine as a system whose orders of events can be searched. */
#include <assert.h>
#include <stdio.h>

#include "sim/machine/machine_private.h"
#include "sim/machine/state.h"

static const char *const invariants[] = {
#define INVARIANT(name, sentence) sentence,
#include "sim/machine/invariants.def"
#undef INVARIANT
    NULL,
};

static uint64_t hash(void *machine)
{
    return machine_hash(machine);
}

static const char *broken(void *machine)
{
    struct machine *m = machine;
    const char *what = invariants_broken_at_all(m);

    return what ? what : audit_interrupts(m);
}

static const char *stuck(void *machine)
{
    struct machine *m = machine;

    for (uint16_t s = 0; s < m->irqs.sources; s++)
        if (irqs_pending(&m->irqs, s)) {
            snprintf(m->complaint, sizeof m->complaint,
                     "nothing is left to happen, and an interrupt of %s was "
                     "not delivered",
                     m->source_name[s]);
            return m->complaint;
        }
    return NULL;
}

static bool ended(void *machine)
{
    struct machine *m = machine;

    return engine_next(&m->engine) > m->end;
}

static void describe(void *machine, const struct event *ev, char *text)
{
    machine_describe(machine, ev, (struct words){text, EXPLORE_TEXT});
}

static bool has_rtl(const struct scenario *s)
{
    return s->machine.lapic == IMPLEMENTATION_RTL ||
           s->machine.ioapic.implementation == IMPLEMENTATION_RTL ||
           s->machine.pic.implementation == IMPLEMENTATION_RTL ||
           s->machine.iommu.implementation == IMPLEMENTATION_RTL;
}

const char *machine_unexplorable(const struct scenario *s)
{
    if (has_rtl(s))
        return "the state of RTL cannot be copied: use implementation: model";
    for (uint32_t i = 0; i < s->device_count; i++)
        if (s->device[i].forge_interval)
            return "devices that forge messages at random have no end of "
                   "states";
    return NULL;
}

struct explore_system machine_system(struct machine *m)
{
    return (struct explore_system){
        .self = m,
        .state = m->arena.base,
        .bytes = m->arena.used,
        .engine = &m->engine,
        .hash = hash,
        .broken = broken,
        .stuck = stuck,
        .ended = ended,
        .invariants = invariants,
        .describe = describe,
    };
}

void machine_explore(struct machine *m, const struct explore_limits *l,
                     struct explore_result *result)
{
    struct explore_system system = machine_system(m);

    assert(!machine_unexplorable(m->scenario));
    m->turned_round = l->window;
    explore(&system, l, result);
    m->turned_round = 0;
}
