/* What halt polling did: figures of all virtual CPUs together. */
#include "sim/machine/machine_private.h"

void polls_begin(struct machine *m)
{
    for (unsigned i = 0; i < m->vcpus; i++)
        if (m->vcpu[i].kvm)
            m->vcpu[i].kvm->poll.counts = (struct kvm_poll_counts){0};
}

static struct kvm_poll_counts total(const struct machine *m)
{
    struct kvm_poll_counts t = {0};

    for (unsigned i = 0; i < m->vcpus; i++) {
        const struct kvm *k = m->vcpu[i].kvm;

        t.halts += k ? k->poll.counts.halts : 0;
        t.polls += k ? k->poll.counts.polls : 0;
        t.successes += k ? k->poll.counts.successes : 0;
        t.polled += k ? k->poll.counts.polled : 0;
    }
    return t;
}

void poll_figures(const struct machine *m, struct figures *out)
{
    struct kvm_poll_counts t = total(m);

    if (!t.halts)
        return;
    figures_add_count(out, "", t.halts, "halt_polls.halts");
    figures_add_count(out, "", t.polls, "halt_polls.attempted");
    figures_add_count(out, "", t.successes, "halt_polls.successful");
    figures_add_count(out, "cycles", t.polled / m->core.period,
                      "halt_polls.cycles");
}
