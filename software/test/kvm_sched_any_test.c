/*
 * Virtual machines of any size over any CPUs, with any virtualization of their
 * APICs: in each run the invariants hold and the books balance.
 */
#include "sim/core/rng.h"
#include "software/kvm_private.h"
#include "software/test/rungs.h"

#define SWEEPS 300

static uint32_t between(struct rng *r, uint32_t least, uint32_t most)
{
    return least + (uint32_t)rng_below(r, most - least + 1);
}

static const struct kvm_apicv rungs[] = {
    SOFTWARE, FLEXPRIORITY, APICV, POSTED, IPIV, IPIV_ALONE, IPIV_DELIVERY};

/* Where its virtual CPUs run. */
static void any_place(struct rng *r, struct scenario_vm *vm, uint32_t cpus)
{
    vm->cpu = between(r, 0, cpus - 1);
    vm->cpus = between(r, 1, cpus - vm->cpu);
    vm->pinned = rng_below(r, 2);
    vm->vcpus = vm->pinned ? vm->cpus : 1;
    if (rng_below(r, 2)) /* more than it has CPUs */
        vm->vcpus = between(r, vm->vcpus, vm->cpus + 2);
}

static void any_program(struct rng *r, struct scenario *s, uint32_t i)
{
    struct scenario_program *p = &s->program[i];
    bool several = s->vm[i].vcpus > 1;

    p->kind = (enum scenario_program_kind)between(
        r, PROGRAM_STREAM, several ? PROGRAM_IPI_WAKE : PROGRAM_IDLE);
    p->window = between(r, 16, 2000);
    p->message_work_cycles = between(r, 500, 60000);
    p->handler_cycles = between(r, 0, 5000);
    p->timer_hz = rng_below(r, 2) * between(r, 100, 8000);
    p->timer_mode = (enum scenario_timer_mode)between(r, TIMER_MODE_PERIODIC,
                                                      TIMER_MODE_TSC_DEADLINE);
    if (p->kind == PROGRAM_STREAM)
        return;
    s->device[i].vectors = between(r, 1, 4);
    s->device[i].moderation = 0;
    s->device[i].nic.pulse = PULSE_EXPONENTIAL;
    s->device[i].nic.pulse_interval = between(r, 5, 80) * SIM_US;
}

static void any_vm(struct rng *r, struct scenario *s, uint32_t i)
{
    struct scenario_vm *vm = &s->vm[i];

    vm->features.apicv = rungs[rng_below(r, sizeof rungs / sizeof *rungs)];
    vm->features.vtd_posting = s->machine.iommu.units &&
                               vm->features.apicv.posted_interrupts &&
                               rng_below(r, 2);
    vm->features.pv_eoi =
        !vm->features.apicv.virtual_interrupt_delivery && rng_below(r, 2);
    vm->features.guest_timer = (enum kvm_guest_timer)between(
        r, KVM_TIMER_HOST,
        vm->features.apicv.virtual_interrupt_delivery ? KVM_TIMER_VIRTUALIZED
                                                      : KVM_TIMER_PREEMPTION);
    if (rng_below(r, 2))
        vm->features.poll = (struct kvm_poll_config){
            between(r, 5, 100) * SIM_US, 5 * SIM_US, 2, between(r, 0, 2)};
    vm->apic = s->machine.iommu.x2apic ? APIC_MODE_X2APIC : APIC_MODE_XAPIC;
}

/* 1 to 3 CPUs for 2 to 4 virtual machines; another CPU may take interrupts. */
static struct scenario any_scenario(struct rng *r)
{
    struct scenario s = {.platform = rig_platform(), .seed = rng_u64(r)};
    uint32_t vms = between(r, 2, 4), cpus = between(r, 1, 3);

    s.duration = between(r, 500, 2000) * SIM_US;
    s.warmup = between(r, 0, 300) * SIM_US;
    s.machine.host_timer_hz = rng_below(r, 2) * between(r, 100, 5000);
    s.machine.time_slice = between(r, 10, 300) * SIM_US;
    s.machine.iommu.units = between(r, 0, 1);
    s.machine.iommu.entries = 64;
    s.machine.iommu.x2apic = rng_below(r, 2);
    for (uint32_t i = 0; i < vms; i++) {
        rig_add_vm(&s, RIG_KVM, PROGRAM_SPIN);
        any_place(r, &s.vm[i], cpus);
        any_program(r, &s, i);
        any_vm(r, &s, i);
    }
    s.machine.irq_cpu = rng_below(r, 2);
    s.machine.cpus = cpus + s.machine.irq_cpu;
    return s;
}

/* Long enough for the host to do all that it has to do between two looks. */
#define OVERDUE (50 * SIM_US)

/* Somebody rings for the timer of a guest that sleeps or runs; what waits for a
 * CPU has time. */
static void expect_no_forgotten_timer(struct machine *m, unsigned n)
{
    for (unsigned v = 0; v < m->vcpus; v++) {
        const struct kvm *k = m->vcpu[v].kvm;
        bool in_guest = k->mode == KVM_IN_GUEST &&
                        k->config.guest_timer != KVM_TIMER_VIRTUALIZED;

        if (k->state == KVM_RUNNABLE || !(k->blocked || in_guest))
            continue;
        if (k->state == KVM_BLOCKED && k->woken)
            continue;
        EXPECT_GT(kvm_vlapic_due(k), machine_now(m) - OVERDUE,
                  "virtual CPU %u of machine %u", v, n);
    }
}

TEST(kvm_sched_any, machine_keeps_its_invariants_and_books)
{
    uint64_t switches = 0, migrations = 0, wakeups = 0;
    struct rng r;

    rng_init(&r, 20261122, 0);
    for (unsigned i = 0; i < SWEEPS; i++) {
        struct scenario s = any_scenario(&r);
        struct machine *m = machine_build(&s);
        struct figures f;

        rig_finish_nth(m, i, &f);
        expect_no_forgotten_timer(m, i);
        switches += m->host->counts.switches;
        migrations += m->host->counts.migrations;
        wakeups += m->host->counts.wakeups;
        figures_free(&f);
        machine_free(m);
    }
    EXPECT_GT(switches, 1000);
    EXPECT_GT(migrations, 100);
    EXPECT_GT(wakeups, 1000);
}
