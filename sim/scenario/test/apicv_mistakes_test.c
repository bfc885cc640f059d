/* Combinations of APIC virtualization that no VM entry, part or machine
 * allows, each with the rule that forbids it. */
#include "sim/scenario/test/load_vm.h"

static const struct apicv_mistake {
    const char *name, *platform, *hypervisor, *features, *expected;
} apicv_mistakes[] = {
    {"bare_metal", SPR, "none", "tpr_shadow: true",
     "tpr_shadow needs 'hypervisor: kvm'"},
    {"part_without_it", NEHALEM, "kvm",
     "tpr_shadow: true, virtual_interrupt_delivery: true",
     "virtual_interrupt_delivery needs virtual_interrupt_delivery, which "
     "platform 'nehalem-x5570' does not have"},
    {"x2apic_without_shadow", SPR, "kvm", "x2apic_virt: true",
     "x2apic_virt needs 'tpr_shadow: true': a VM entry with \"use TPR shadow\" "
     "= 0 needs that control to be 0"},
    {"registers_without_shadow", SPR, "kvm",
     "apic_register_virtualization: true",
     "apic_register_virtualization needs 'tpr_shadow: true'"},
    {"delivery_without_shadow", SPR, "kvm", "virtual_interrupt_delivery: true",
     "virtual_interrupt_delivery needs 'tpr_shadow: true'"},
    {"ipiv_without_shadow", SPR, "kvm", "ipiv: true",
     "ipiv needs 'tpr_shadow: true'"},
    {"posted_without_delivery", SPR, "kvm",
     "acknowledge_on_exit: true, tpr_shadow: true, posted_interrupts: true",
     "posted_interrupts needs 'virtual_interrupt_delivery: true': a VM entry "
     "that processes posted interrupts checks it"},
    {"posted_without_acknowledge", SPR, "kvm",
     "tpr_shadow: true, virtual_interrupt_delivery: true, posted_interrupts: "
     "true",
     "posted_interrupts needs 'acknowledge_on_exit: true'"},
    {"delivery_with_eli", SPR, "kvm",
     "eli: true, tpr_shadow: true, virtual_interrupt_delivery: true",
     "virtual_interrupt_delivery excludes eli: a VM entry with it needs "
     "external-interrupt exiting, which eli turns off"},
    {"x2apic_virt_with_eli", SPR, "kvm",
     "eli: true, tpr_shadow: true, x2apic_virt: true",
     "x2apic_virt excludes eli: both decide about the MSR bitmap"},
};

TEST_EACH(apicv, combination_is_refused_with_its_rule, struct apicv_mistake,
          apicv_mistakes)
{
    char vm[256];

    snprintf(vm, sizeof vm, "hypervisor: %s, apic: x2apic, features: {%s}",
             row->hypervisor, row->features);
    expect_refused(load_with("{cpus: 2}", row->platform, vm, NULL),
                   row->expected);
}

TEST(apicv, every_rung_is_accepted_alone_with_what_it_needs)
{
    static const char *const rungs[] = {
        "tpr_shadow: true",
        "apic_access_page: true",
        "tpr_shadow: true, apic_access_page: true, x2apic_virt: true",
        "tpr_shadow: true, apic_register_virtualization: true",
        "tpr_shadow: true, virtual_interrupt_delivery: true",
        "tpr_shadow: true, ipiv: true",
        "acknowledge_on_exit: true, tpr_shadow: true, "
        "virtual_interrupt_delivery: true, posted_interrupts: true",
    };

    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
        expect_features_accepted(rungs[i], NULL);
}

/* ---- machine.irq_cpu ---- */

TEST(irq_cpu, runs_no_virtual_machine)
{
    expect_refused(
        load_with("{cpus: 1, irq_cpu: true}", SPR, "hypervisor: kvm", NULL),
        "CPU 0 is the one that machine.irq_cpu keeps for "
        "interrupts");
}

TEST(irq_cpu, takes_messages_only)
{
    struct loaded l =
        load_text("title: t\nplatform: platforms/sapphire-rapids.yaml\n"
                  "duration: 1ms\n"
                  "machine: {cpus: 2, irq_cpu: true, ioapic: {pins: 24}}\n"
                  "devices:\n  - {name: nic, message: intx, pulse: periodic, "
                  "pulse_interval: 50us}\n"
                  "programs:\n  - {name: counter, kind: spin}\nvms:\n"
                  "  - {name: vm, assigned: [nic], program: counter, "
                  "hypervisor: kvm}\n",
                  NULL, 0);

    expect_refused(l, "machine.irq_cpu needs devices with messages: the "
                      "interrupts of 'nic' come through a line");
}

TEST(irq_cpu, takes_single_messages_of_msi_only)
{
    struct loaded l =
        load_text("title: t\nplatform: platforms/sapphire-rapids.yaml\n"
                  "duration: 1ms\nmachine: {cpus: 2, irq_cpu: true}\n"
                  "devices:\n  - {name: nic, message: msi, vectors: 2, pulse: "
                  "periodic, pulse_interval: 50us}\n"
                  "programs:\n  - {name: counter, kind: spin}\nvms:\n"
                  "  - {name: vm, assigned: [nic], program: counter, "
                  "hypervisor: kvm}\n",
                  NULL, 0);

    expect_refused(l, "machine.irq_cpu needs 'message: msix' for several "
                      "vectors");
}

/* Five virtual machines with a device of `vectors` vectors each. */
static struct loaded load_five(unsigned vectors)
{
    char text[2048];
    int n = snprintf(text, sizeof text,
                     "title: t\nplatform: platforms/sapphire-rapids.yaml\n"
                     "duration: 1ms\nmachine: {cpus: 6, irq_cpu: true}\n"
                     "devices:\n");

    for (int i = 0; i < 5; i++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "  - {name: d%d, vectors: %u, pulse: periodic, "
                      "pulse_interval: 50us}\n",
                      i, vectors);
    n += snprintf(text + n, sizeof text - (size_t)n,
                  "programs:\n  - {name: counter, kind: spin}\nvms:\n");
    for (int i = 0; i < 5; i++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "  - {name: vm%d, cpu: %d, assigned: [d%d], program: "
                      "counter, hypervisor: kvm}\n",
                      i, i, i);
    return load_text(text, NULL, 0);
}

TEST(irq_cpu, has_room_for_128_vectors)
{
    struct loaded l = load_five(25);

    EXPECT_TRUE(l.set != NULL, "%s", l.diag.text ? l.diag.text : "");
    loaded_free(&l);
    expect_refused(load_five(26), "machine.irq_cpu: the devices of all virtual "
                                  "machines have 130 vectors; one CPU has room "
                                  "for 128");
}

TEST(irq_cpu, excludes_eli)
{
    expect_refused(load_with("{cpus: 2, irq_cpu: true}", SPR,
                             "hypervisor: kvm, apic: x2apic, features: {eli: "
                             "true}",
                             NULL),
                   "eli needs its devices' interrupts on its own CPU");
}
