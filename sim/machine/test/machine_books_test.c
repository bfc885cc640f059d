/* Conservation of interrupts and accounting of cycles hold in every run, and
 * a machine that loses something is found out. */
#include "sim/core/rng.h"
#include "sim/machine/test/rig.h"

/* ---- any scenario ---- */

#define SWEEPS 120

static uint64_t between(struct rng *r, uint64_t low, uint64_t high)
{
    return low + rng_below(r, high - low + 1);
}

static void any_costs(struct rng *r, struct platform *p)
{
    struct cpu_costs none = {0};
    uint64_t *cpu = &p->cpu.vm_exit;
    uint64_t *kvm = &p->kvm.switch_out;
    size_t cpu_costs = (sizeof p->cpu - sizeof none.none) / sizeof *cpu;

    for (size_t i = 0; i < cpu_costs; i++)
        cpu[i] = between(r, 0, rng_below(r, 4) ? 300 : 4000);
    for (size_t i = 0; i < sizeof p->kvm / sizeof *kvm; i++)
        kvm[i] = between(r, 0, 5000);
    p->lapic.accept_to_intr = between(r, 0, 20);
    p->lapic.eoi_to_intr = between(r, 0, 20);
    p->bus.msi_to_lapic = between(r, 0, SIM_US);
    p->pcie.msi_write = between(r, 0, SIM_US);
    p->pcie.dma_write = between(r, 0, SIM_US);
    p->pcie.mmio_write = between(r, 0, SIM_US);
}

static void any_device(struct rng *r, struct scenario_device *d, unsigned i)
{
    *d = rig_device();
    snprintf(d->name, sizeof d->name, "nic%u", i);
    d->message = rng_below(r, 2) ? MESSAGE_MSIX : MESSAGE_MSI;
    d->vectors = d->message == MESSAGE_MSI ? 1u << rng_below(r, 5)
                                           : (uint32_t)between(r, 1, 16);
    d->moderation = rng_below(r, 2) * between(r, 0, 50 * SIM_US);
    d->ack_moderation = rng_below(r, 2) * between(r, 0, 50 * SIM_US);
    d->nic.complete_every = (uint32_t)between(r, 1, 32);
    d->nic.ack_every = (uint32_t)between(r, 1, 32);
    d->nic.round_trip = between(r, 0, 30 * SIM_US);
    d->nic.round_trip_jitter = rng_below(r, 2) * SIM_US;
}

static void any_program(struct rng *r, struct scenario_program *p)
{
    static const enum scenario_program_kind kinds[] = {
        PROGRAM_STREAM, PROGRAM_SPIN, PROGRAM_IDLE};

    *p = rig_program(kinds[rng_below(r, 3)]);
    p->message_work_cycles = between(r, 0, 3000);
    p->critical_work_cycles = rng_below(r, 2) * between(r, 1, 3000);
    p->messages_per_doorbell = (uint32_t)between(r, 1, 32);
    p->window = (uint32_t)between(r, 1, 200);
    p->handler_cycles = between(r, 0, 3000);
    p->softirq_cycles = between(r, 0, 3000);
    p->timer_hz = rng_below(r, 2) * between(r, 100, 20000);
}

/* Any of the combinations that VM entries allow. */
static void any_apicv(struct rng *r, struct scenario_vm *vm)
{
    struct kvm_apicv *f = &vm->features.apicv;

    if (vm->hypervisor == HYPERVISOR_NONE || vm->features.eli)
        return;
    f->apic_access_page = rng_below(r, 2);
    f->tpr_shadow = rng_below(r, 4);
    if (!f->tpr_shadow)
        return;
    f->x2apic_virt = rng_below(r, 2);
    f->apic_register_virtualization = rng_below(r, 2);
    f->virtual_interrupt_delivery = rng_below(r, 2);
    f->ipiv = rng_below(r, 2);
    f->posted_interrupts = f->virtual_interrupt_delivery &&
                           vm->features.acknowledge_on_exit && rng_below(r, 2);
}

/* A CPU that takes the others' interrupts has no room for vectors side by
 * side, and ELI wants its own. */
static bool may_share_irq_cpu(const struct scenario *s)
{
    for (uint32_t i = 0; i < s->vm_count; i++)
        if (s->vm[i].features.eli)
            return false;
    for (uint32_t i = 0; i < s->device_count; i++)
        if (s->device[i].message != MESSAGE_MSIX)
            return false;
    return true;
}

static void any_vm(struct rng *r, struct scenario *s, unsigned i)
{
    enum rig_variant v = (enum rig_variant)rng_below(r, 4);
    struct scenario_vm *vm = &s->vm[i];

    rig_add_vm(s, v, PROGRAM_SPIN);
    any_program(r, &s->program[i]);
    any_device(r, &s->device[i], i);
    if (s->program[i].kind != PROGRAM_STREAM) {
        s->device[i].nic.pulse = (enum pulse_distribution)between(
            r, PULSE_PERIODIC, PULSE_EXPONENTIAL);
        s->device[i].nic.pulse_interval = between(r, SIM_US, 60 * SIM_US);
    }
    vm->features.acknowledge_on_exit = rng_below(r, 2);
    vm->features.eli_timer = rng_below(r, 2) * between(r, 1, 200) * SIM_US;
    if (!vm->features.eli && rng_below(r, 2))
        vm->apic = APIC_MODE_XAPIC;
    any_apicv(r, vm);
}

/* 1-4 CPUs and devices; one of the CPUs may have no software or take the
 * others' interrupts, and the first VM may have one more device, a pulse
 * source. */
static struct scenario any_scenario(struct rng *r)
{
    struct scenario s = {.platform = rig_platform(), .seed = rng_u64(r)};
    unsigned vms = (unsigned)between(r, 1, 3);

    any_costs(r, &s.platform);
    s.duration = between(r, 500, 2000) * SIM_US;
    s.warmup = rng_below(r, 2) * between(r, 0, 300) * SIM_US;
    s.machine.host_timer_hz = rng_below(r, 2) * between(r, 100, 5000);
    for (unsigned i = 0; i < vms; i++)
        any_vm(r, &s, i);
    if (rng_below(r, 2))
        s.machine.cpus++;
    if (rng_below(r, 2)) {
        s.device_count++;
        any_device(r, &s.device[vms], vms);
        s.device[vms].nic.pulse = PULSE_EXPONENTIAL;
        s.device[vms].nic.pulse_interval = 20 * SIM_US;
        s.vm[0].assigned[s.vm[0].assigned_count++] = vms;
    }
    if (s.machine.cpus > vms)
        s.machine.irq_cpu = may_share_irq_cpu(&s) && rng_below(r, 2);
    return s;
}

static void expect_no_warning(const struct figures *f, unsigned sweep)
{
    for (size_t i = 0; i < f->count; i++)
        EXPECT_TRUE(strncmp(f->list[i].key, "warnings.", 9) != 0,
                    "scenario %u: %s = %ju", sweep, f->list[i].key,
                    (uintmax_t)f->list[i].count);
}

TEST(machine_books, balance_in_every_scenario)
{
    struct rng r;

    rng_init(&r, 20240607, 0);
    for (unsigned i = 0; i < SWEEPS; i++) {
        struct scenario s = any_scenario(&r);
        struct machine *m = machine_build(&s);
        struct figures f;

        rig_finish_nth(m, i, &f);
        EXPECT_LE(rig_real(&f, "time_in_guest.percent"), 100.0, "scenario %u",
                  i);
        expect_no_warning(&f, i);
        figures_free(&f);
        machine_free(m);
    }
}

/* ---- a machine that cheats ---- */

/* Runs on after a fraud; what machine_finish() says about it must contain
 * `who`. */
static void expect_found_out(struct machine *m, const char *who)
{
    const char *complaint;
    struct figures f;

    figures_init(&f);
    machine_run(m, machine_end(m));
    complaint = machine_finish(m, &f);
    EXPECT_TRUE(complaint && strstr(complaint, who), "%s: %s", who,
                complaint ? complaint : "no complaint");
    EXPECT_EQ(f.count, 0, "no figures of a run that does not add up");
    figures_free(&f);
    machine_free(m);
}

static struct machine *idle_guests(enum rig_variant v)
{
    static struct scenario s;

    s = rig_scenario(v, PROGRAM_IDLE);
    rig_pulses(&s, PULSE_EXPONENTIAL, 30 * SIM_US);
    s.warmup = 0;
    return machine_build(&s);
}

/* One run each, of the second CPU or device. */
static bool irr_is_set(struct machine *m)
{
    struct lapic_node *l = &m->cpu[1].lapic;

    return machine_now(m) > SIM_MS && !vecset_empty(&l->lapic.irr);
}

TEST(machine_books, name_the_source_of_an_interrupt_lost_in_irr)
{
    struct machine *m = idle_guests(RIG_BARE_METAL);
    struct lapic_node *l = &m->cpu[1].lapic;
    uint8_t v;

    ASSERT_TRUE(rig_run_until(m, irr_is_set));
    v = (uint8_t)vecset_top(&l->lapic.irr);
    vecset_del(&l->lapic.irr, v);
    l->irr_irq[v] = 0;
    expect_found_out(m, "nic1");
}

static bool irq_of_cpu1_is_delivered(struct machine *m)
{
    return machine_now(m) > SIM_MS && m->cpu[1].node.vectored_irq;
}

TEST(machine_books, name_the_source_of_an_interrupt_lost_in_delivery)
{
    struct machine *m = idle_guests(RIG_BARE_METAL);

    ASSERT_TRUE(rig_run_until(m, irq_of_cpu1_is_delivered));
    m->cpu[1].node.vectored_irq = 0;
    expect_found_out(m, "nic1");
}

static bool fabric_is_used(struct machine *m)
{
    const struct fabric *f = &m->fabric;

    return machine_now(m) > SIM_MS && f->free_head != 0 &&
           f->message[0].in_use && f->message[0].cpu == 1;
}

TEST(machine_books, name_the_source_of_an_interrupt_lost_in_the_fabric)
{
    struct machine *m = idle_guests(RIG_BARE_METAL);
    struct fabric_message *f = &m->fabric.message[0];

    ASSERT_TRUE(rig_run_until(m, fabric_is_used));
    engine_cancel(&m->engine, &f->event);
    f->in_use = false;
    expect_found_out(m, "nic1");
}

static bool an_irq_is_queued(struct machine *m)
{
    return machine_now(m) > SIM_MS && m->cpu[1].kvm->queued;
}

TEST(machine_books, name_the_source_of_an_interrupt_lost_in_the_host)
{
    struct machine *m = idle_guests(RIG_KVM);
    struct kvm *k = m->cpu[1].kvm;

    ASSERT_TRUE(rig_run_until(m, an_irq_is_queued));
    m->cpu[1].node.delivered_irq = 0;
    k->queued_irq[0] = 0;
    k->queued = 0;
    expect_found_out(m, "nic1");
}

static bool a_virtual_irr_is_set(struct machine *m)
{
    return machine_now(m) > SIM_MS && !vecset_empty(&m->cpu[1].kvm->vlapic.irr);
}

TEST(machine_books, name_the_source_of_an_interrupt_lost_in_the_guests_apic)
{
    struct machine *m = idle_guests(RIG_KVM);
    struct kvm *k = m->cpu[1].kvm;
    uint8_t v;

    ASSERT_TRUE(rig_run_until(m, a_virtual_irr_is_set));
    v = (uint8_t)vecset_top(&k->vlapic.irr);
    vecset_del(&k->vlapic.irr, v);
    k->vmcs.virr_irq[v] = 0;
    m->cpu[1].node.delivered_irq = 0;
    expect_found_out(m, "nic1");
}

TEST(machine_books, name_the_source_of_an_interrupt_counted_twice)
{
    struct machine *m = idle_guests(RIG_BARE_METAL);

    machine_run(m, 2 * SIM_MS);
    m->irqs.count[m->device[1].fn.config.irq_source].delivered++;
    expect_found_out(m, "nic1");
}

TEST(machine_books, name_the_cpu_that_lost_a_cycle)
{
    struct machine *m = idle_guests(RIG_KVM);

    machine_run(m, 2 * SIM_MS);
    m->cpu[1].node.account.cycles[SHARE_HOST]--;
    expect_found_out(m, "CPU 1");
}

TEST(machine_books, name_the_cpu_that_counts_a_cycle_twice)
{
    struct machine *m = idle_guests(RIG_KVM);

    machine_run(m, 2 * SIM_MS);
    m->cpu[1].node.account.cycles[SHARE_GUEST]++;
    expect_found_out(m, "CPU 1");
}

TEST(machine_books, name_the_cpu_whose_host_cycles_have_no_exit_reason)
{
    struct machine *m = idle_guests(RIG_KVM);

    machine_run(m, 2 * SIM_MS);
    m->cpu[1].node.account.host_by_reason[EXIT_HLT]--;
    expect_found_out(m, "CPU 1");
}
