/* Rules of the HPET, and of the programs whose timer is one of its. */
#include "sim/scenario/check_private.h"

#define TIMERS_LEAST 3u
#define LEGACY_TIMERS 2u

static struct element hpet_of(const struct check *c)
{
    const struct node *machine = node_get(c->root, "machine");

    return (struct element){c, node_get(machine, "hpet")};
}

/* Who else has a pin of the I/O APIC, or NULL. */
static const char *device_of_pin(const struct scenario *s, uint32_t pin)
{
    for (uint32_t i = 0; i < s->device_count; i++)
        if (scenario_has_line(&s->device[i]) &&
            scenario_pin(s, &s->device[i]) == pin)
            return s->device[i].name;
    return NULL;
}

static void check_line_of(const struct check *c, uint32_t vm,
                          struct diag_place at)
{
    const struct scenario *s = c->s;
    uint32_t pin = scenario_hpet_line(s, vm);
    const char *device = device_of_pin(s, pin);

    if (pin >= s->machine.ioapic.pins)
        broken(c, at,
               "the HPET's line is pin %u of the I/O APIC, which does not "
               "exist: machine.ioapic.pins is %u",
               pin, s->machine.ioapic.pins);
    if (device)
        broken(c, at, "the HPET's line is pin %u, which '%s' has", pin, device);
}

static void check_timer(const struct check *c, uint32_t vm)
{
    const struct scenario *s = c->s;
    const struct scenario_program *p = &s->program[s->vm[vm].program];
    struct diag_place at =
        place_of(element(c, "programs", s->vm[vm].program), "timer_source");
    uint32_t timer = scenario_hpet_timer(s, vm);
    uint32_t lines = p->timer_source == TIMER_HPET_LEGACY ? LEGACY_TIMERS
                                                          : SCENARIO_HPET_LINES;

    if (s->vm[vm].hypervisor != HYPERVISOR_NONE)
        broken(c, at,
               "timers of the HPET are for programs on bare metal; '%s' has a "
               "hypervisor",
               s->vm[vm].name);
    else if (timer >= s->machine.hpet.timers)
        broken(c, at,
               "'%s' needs timer %u of the HPET: machine.hpet.timers is %u",
               s->vm[vm].name, timer, s->machine.hpet.timers);
    else if (p->timer_source != TIMER_HPET_MESSAGE && timer >= lines)
        broken(c, at, "'%s' has timer %u of the HPET; only %u can have lines",
               s->vm[vm].name, timer, lines);
    else if (p->timer_source != TIMER_HPET_MESSAGE)
        check_line_of(c, vm, at);
}

void check_hpet(const struct check *c)
{
    const struct scenario *s = c->s;
    uint32_t timers = s->machine.hpet.timers;

    if (timers && timers < TIMERS_LEAST)
        broken(c, place_of(hpet_of(c), "timers"),
               "an HPET has at least %u 'timers', not %u", TIMERS_LEAST,
               timers);
    if (timers)
        check_unit(c, s->machine.hpet.unit, place_of(hpet_of(c), "iommu"));
    for (uint32_t vm = 0; vm < s->vm_count; vm++)
        if (scenario_uses_hpet(s, vm))
            check_timer(c, vm);
}
