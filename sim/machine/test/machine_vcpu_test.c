/* Devices that interrupt another virtual CPU than the first one of their
 * virtual machine: its handlers, its CPU, its descriptor. */
#include "sim/machine/test/rig.h"
#include "software/test/rungs.h"

#define PIN 16u

/* Two virtual machines of two virtual CPUs and two devices each, of which the
 * second interrupts the second one. */
static struct scenario machines(struct kvm_apicv apicv)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);

    s.machine.cpus = 4;
    s.warmup = 0;
    for (uint32_t i = 0; i < 2; i++) {
        struct scenario_vm *vm = &s.vm[i];
        uint32_t second = s.device_count++;

        vm->cpu = 2 * i;
        vm->vcpus = 2;
        vm->features.apicv = apicv;
        vm->assigned[vm->assigned_count++] = second;
        s.device[second] = rig_device();
        s.device[second].vcpu = 1;
        snprintf(s.device[second].name, sizeof s.device[second].name, "nic%u",
                 second);
    }
    rig_pulses(&s, PULSE_PERIODIC, 50 * SIM_US);
    return s;
}

static void set_lines(struct scenario *s)
{
    s->machine.ioapic.pins = 24;
    for (uint32_t i = 0; i < s->device_count; i++) {
        s->device[i].message = MESSAGE_INTX;
        s->device[i].pin = PIN + i;
    }
}

static void set_posting(struct scenario *s)
{
    s->machine.iommu.units = 1;
    s->machine.iommu.entries = 64;
    s->machine.iommu.x2apic = true;
    s->vm[0].features.vtd_posting = s->vm[1].features.vtd_posting = true;
}

static void set_irq_cpu(struct scenario *s)
{
    s->machine.cpus = 5;
    s->machine.irq_cpu = true;
}

static void set_hypercall(struct scenario *s)
{
    set_posting(s);
    s->vm[0].features.vtd_posting = s->vm[1].features.vtd_posting = false;
    s->vm[0].maps_by_hypercall = s->vm[1].maps_by_hypercall = true;
}

static void set_floating(struct scenario *s)
{
    for (uint32_t i = 0; i < 2; i++) {
        s->vm[i].cpu = 0;
        s->vm[i].cpus = 2;
        s->vm[i].pinned = false;
    }
}

static const struct way_row {
    const char *name;
    struct kvm_apicv apicv;
    void (*set)(struct scenario *s);
    bool exits; /* an interrupt makes its CPU's guest exit */
} way_rows[] = {
    {"message", SOFTWARE, NULL, true},
    {"message_of_apicv", APICV, NULL, true},
    {"line", SOFTWARE, set_lines, true},
    {"line_of_apicv", APICV, set_lines, true},
    {"posted_by_the_remapping_unit", POSTED, set_posting, false},
    {"by_another_cpu", APICV, set_irq_cpu, true},
    {"posted_by_another_cpu", POSTED, set_irq_cpu, false},
    {"mapped_by_hypercall", SOFTWARE, set_hypercall, true},
};

/* What virtual CPU `i` has handled of the device. */
static uint64_t seen(const struct machine *m, unsigned vcpu, unsigned device)
{
    return m->vcpu[vcpu].workload->seen_received[device];
}

TEST_EACH(machine_vcpu, device_interrupts_the_virtual_cpu_that_it_names,
          struct way_row, way_rows)
{
    struct scenario s = machines(row->apicv);
    struct machine *m;
    struct figures f;

    if (row->set)
        row->set(&s);
    m = machine_build(&s);
    rig_finish(m, &f);
    for (unsigned vm = 0; vm < 2; vm++)
        for (unsigned i = 0; i < 2; i++) {
            unsigned vcpu = 2 * vm + i, device = vm + 2 * i;
            uint64_t n = seen(m, vcpu, device);

            EXPECT_GT(n, 80, "virtual CPU %u, device %u", vcpu, device);
            EXPECT_EQ(seen(m, vcpu, vm + 2 * (1 - i)), 0, "the other one's");
            EXPECT_NEAR(m->cpu[vcpu].node.account.exits[1], row->exits ? n : 0,
                        n / 10 + 2);
        }
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    figures_free(&f);
    machine_free(m);
}

TEST(machine_vcpu, device_finds_a_virtual_cpu_that_runs_elsewhere)
{
    struct scenario s = machines((struct kvm_apicv)POSTED);
    struct machine *m;
    struct figures f;

    set_floating(&s);
    s.vm[1].vcpus = 3; /* an odd number makes them change places */
    m = machine_build(&s);
    rig_finish(m, &f);
    EXPECT_GT(seen(m, 1, 2), 30);
    EXPECT_GT(seen(m, 3, 3), 30);
    EXPECT_GT(m->host->counts.migrations, 5);
    figures_free(&f);
    machine_free(m);
}
