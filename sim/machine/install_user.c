/* User threads and their kernels, as an operating system sets them up. */
#include "sim/machine/machine_private.h"

#define THREAD_OFFSET 0x8000u /* its page, in the workload's memory */

struct user_thread_config install_user_thread(struct machine *m,
                                              const struct machine_vcpu *v)
{
    static const enum user_role roles[] = {
        [PROGRAM_USER_SENDER] = USER_SENDER,
        [PROGRAM_USER_RECEIVER] = USER_RECEIVER,
        [PROGRAM_USER_WAITER] = USER_WAITER,
    };
    const struct scenario *s = m->scenario;
    uint32_t vm = (uint32_t)(v->vm - s->vm), peer = scenario_peer(s, vm);
    uint32_t sender = scenario_sends(s, vm) ? vm : peer;
    uint32_t receiver = sender == vm ? peer : vm;
    const struct scenario_program *p = &s->program[v->vm->program];
    struct user_thread_config u = {
        .role = roles[p->kind],
        .signals =
            s->program[s->vm[sender].program].notification == NOTIFY_SIGNAL,
        .x2apic = v->vm->apic == APIC_MODE_X2APIC,
        .memory = WORKLOAD_MEMORY(v->place) + THREAD_OFFSET,
        .receiver = WORKLOAD_MEMORY(s->vm[receiver].cpu) + THREAD_OFFSET,
        .receiver_id = s->vm[receiver].cpu,
        .work = p->message_work_cycles,
        .handler = p->handler_cycles,
        .system_call = p->system_call_cycles,
        .signal = p->signal_cycles,
        .wake = p->wake_cycles,
    };

    if (sender == vm) {
        u.source = machine_add_source(m, "%s.notifications", v->vm->name);
        m->cpu[v->cpu].node.config.user_source = u.source;
    } else {
        posted_irqs_add(&m->posted_irqs, u.receiver + USER_THREAD_UPID);
    }
    return u;
}
