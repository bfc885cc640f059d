/* Rules of user threads. */
#include "sim/scenario/check_private.h"

static uint32_t count(const struct scenario *s,
                      bool (*is)(const struct scenario *s, uint32_t vm))
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->vm_count; i++)
        n += is(s, i);
    return n;
}

uint32_t scenario_peer(const struct scenario *s, uint32_t vm)
{
    bool sends = scenario_sends(s, vm);
    uint32_t before = 0;

    for (uint32_t i = 0; i < vm; i++)
        before += sends ? scenario_sends(s, i) : scenario_is_notified(s, i);
    for (uint32_t i = 0; i < s->vm_count; i++) {
        bool other = sends ? scenario_is_notified(s, i) : scenario_sends(s, i);

        if (other && !before--)
            return i;
    }
    return s->vm_count;
}

void check_user(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    const struct scenario_program *p = &c->s->program[vm->program];
    struct element e = element(c, "vms", i);

    if (!scenario_is_user(p))
        return;
    if (vm->hypervisor != HYPERVISOR_NONE)
        broken(c, place_of(e, "hypervisor"),
               "the user thread '%s' runs on bare metal only: 'hypervisor: "
               "none'",
               p->name);
    if (scenario_peer(c->s, i) == c->s->vm_count)
        broken(c, place_of(e, "program"),
               "'%s' has nobody at the other end: there are %u senders and %u "
               "receivers or waiters",
               vm->name, count(c->s, scenario_sends),
               count(c->s, scenario_is_notified));
    if (p->kind == PROGRAM_USER_SENDER &&
        p->notification == NOTIFY_USER_INTERRUPT &&
        !c->s->platform.capabilities.user_interrupts)
        broken(c, place_of(e, "program"),
               "the processor of this platform has no user interrupts; '%s' "
               "needs 'notification: signal'",
               p->name);
}
