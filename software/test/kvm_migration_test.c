/* What goes along with a virtual CPU that changes its CPU. */
#include "software/test/rungs.h"

#define TIMER_HZ 4000

static const struct row {
    const char *name;
    enum kvm_guest_timer timer;
    enum scenario_timer_mode mode;
    enum scenario_program_kind kind;
    struct kvm_apicv apicv;
} rows[] = {
    {"host", KVM_TIMER_HOST, TIMER_MODE_PERIODIC, PROGRAM_SPIN, SOFTWARE},
    {"host_idle", KVM_TIMER_HOST, TIMER_MODE_PERIODIC, PROGRAM_IDLE, SOFTWARE},
    {"host_deadline", KVM_TIMER_HOST, TIMER_MODE_TSC_DEADLINE, PROGRAM_SPIN,
     APICV},
    {"preemption", KVM_TIMER_PREEMPTION, TIMER_MODE_ONE_SHOT, PROGRAM_SPIN,
     POSTED},
    {"preemption_idle", KVM_TIMER_PREEMPTION, TIMER_MODE_PERIODIC, PROGRAM_IDLE,
     SOFTWARE},
    {"virtualized", KVM_TIMER_VIRTUALIZED, TIMER_MODE_TSC_DEADLINE,
     PROGRAM_SPIN, APICV},
    {"virtualized_idle", KVM_TIMER_VIRTUALIZED, TIMER_MODE_TSC_DEADLINE,
     PROGRAM_IDLE, APICV},
    /* what the processor cannot virtualize is the host's to watch */
    {"virtualized_periodic", KVM_TIMER_VIRTUALIZED, TIMER_MODE_PERIODIC,
     PROGRAM_SPIN, APICV},
};

/* The first one may run on both CPUs, the other one on the first only: the
 * second CPU has no slices, and its timer nothing of its own to ring for. */
static struct scenario guests(const struct row *row)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);

    rig_without_devices(&s);
    s.machine.cpus = 2;
    for (uint32_t i = 0; i < 2; i++) {
        s.vm[i].cpu = 0;
        s.vm[i].features.apicv = row->apicv;
        s.vm[i].features.guest_timer = row->timer;
        s.program[i].timer_mode = row->mode;
        s.program[i].timer_hz = TIMER_HZ;
    }
    s.program[0].kind = row->kind;
    s.vm[0].cpus = 2;
    s.vm[0].pinned = false;
    return s;
}

TEST_EACH(kvm_migration, takes_the_guests_timer_along, struct row, rows)
{
    struct scenario s = guests(row);
    struct machine *m = machine_build(&s);
    struct figures f;

    rig_finish(m, &f);
    EXPECT_EQ(m->vcpu[0].kvm->cpu, 1, "it has found the free CPU");
    EXPECT_NEAR(rig_count(&f, "interrupts.by_source.vm0.timer.delivered"),
                5 * TIMER_HZ / 1000, 2);
    EXPECT_NEAR(rig_count(&f, "interrupts.by_source.vm1.timer.delivered"),
                5 * TIMER_HZ / 1000, 2);
    figures_free(&f);
    machine_free(m);
}
