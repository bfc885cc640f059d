/* Combinations of the hypervisor's own features that cannot be, each with the
 * rule that forbids it. */
#include "sim/scenario/test/load_vm.h"

#define TIMER_CAPABILITY "platform.capabilities.apic_timer_virtualization=true"

static const struct kvm_mistake_row {
    const char *name, *vm, *set, *expected;
} kvm_mistakes[] = {
    {"nmi_injection_on_bare_metal",
     "hypervisor: none, features: {nmi_injection: true}", NULL,
     "nmi_injection needs 'hypervisor: kvm'"},
    {"nmi_injection_without_virtual_nmis",
     "hypervisor: kvm, features: {nmi_injection: true}",
     "platform.capabilities.virtual_nmis=false",
     "nmi_injection needs virtual_nmis, which the platform does not have"},
    {"nmi_injection_beside_eli",
     "hypervisor: kvm, apic: x2apic, features: {eli: true, nmi_injection: "
     "true}",
     NULL,
     "nmi_injection excludes eli: the shadow IDT hands the vectors of assigned "
     "devices to the guest"},
    {"pv_eoi_on_bare_metal", "hypervisor: none, features: {pv_eoi: true}", NULL,
     "pv_eoi needs 'hypervisor: kvm'"},
    {"pv_eoi_beside_virtual_interrupt_delivery",
     "hypervisor: kvm, features: {pv_eoi: true, tpr_shadow: true, "
     "virtual_interrupt_delivery: true}",
     NULL,
     "pv_eoi excludes virtual_interrupt_delivery: the processor ends "
     "interrupts itself"},
    {"pv_eoi_beside_eli",
     "hypervisor: kvm, apic: x2apic, features: {eli: true, pv_eoi: true}", NULL,
     "pv_eoi excludes eli: the exit of an injected interrupt's EOI ends "
     "injection mode"},
    {"mistake_on_bare_metal",
     "hypervisor: none, features: {mistake: open_before_entry}", NULL,
     "mistake needs 'hypervisor: kvm'"},
    {"mistake_about_a_descriptor_that_there_is_not",
     "hypervisor: kvm, features: {mistake: nv_not_switched}", NULL,
     "mistake is one about a descriptor: it needs 'posted_interrupts: true'"},
    {"mistake_about_an_eoi_that_the_host_serves",
     "hypervisor: kvm, features: {mistake: eoi_not_exiting}", NULL,
     "eoi_not_exiting needs 'virtual_interrupt_delivery: true'"},
    {"mistake_about_lines_that_there_are_not",
     "hypervisor: kvm, features: {mistake: eoi_not_exiting, tpr_shadow: true, "
     "virtual_interrupt_delivery: true}",
     NULL, "eoi_not_exiting needs a device with a line"},
    {"halt_poll_on_bare_metal", "hypervisor: none, features: {halt_poll: 20us}",
     NULL, "halt_poll needs 'hypervisor: kvm'"},
    {"halt_poll_below_its_first_window",
     "hypervisor: kvm, features: {halt_poll: 5us}", NULL,
     "halt_poll must not be less than halt_poll_grow_start: no window would "
     "fit"},
    {"guest_timer_on_bare_metal",
     "hypervisor: none, features: {guest_timer: preemption}", NULL,
     "guest_timer needs 'hypervisor: kvm'"},
    {"guest_timer_without_preemption_timer",
     "hypervisor: kvm, features: {guest_timer: preemption}",
     "platform.capabilities.preemption_timer=false",
     "guest_timer preemption needs preemption_timer, which the platform does "
     "not have"},
    {"guest_timer_beside_that_of_eli",
     "hypervisor: kvm, apic: x2apic, features: {eli: true, eli_timer: 10us, "
     "guest_timer: preemption}",
     NULL,
     "guest_timer preemption excludes eli_timer: a virtual CPU has one "
     "preemption timer"},
    {"guest_timer_without_apic_timer_virtualization",
     "hypervisor: kvm, features: {guest_timer: virtualized, tpr_shadow: true, "
     "virtual_interrupt_delivery: true}",
     NULL,
     "guest_timer virtualized needs apic_timer_virtualization, which the "
     "platform does not have"},
    {"guest_timer_virtualized_without_delivery",
     "hypervisor: kvm, features: {guest_timer: virtualized}", TIMER_CAPABILITY,
     "guest_timer virtualized needs 'virtual_interrupt_delivery: true': a VM "
     "entry with APIC-timer virtualization checks it"},
};

TEST_EACH(kvm_features, combination_is_refused_with_its_rule,
          struct kvm_mistake_row, kvm_mistakes)
{
    expect_refused(load_with("{cpus: 2}", SPR, row->vm, row->set),
                   row->expected);
}

TEST(kvm_features, each_is_accepted_alone_with_what_it_needs)
{
    static const char *const features[] = {
        "nmi_injection: true",
        "halt_poll: 10us",
        "pv_eoi: true",
        "guest_timer: preemption",
        "guest_timer: virtualized, tpr_shadow: true, "
        "virtual_interrupt_delivery: true",
    };

    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        expect_features_accepted(features[i], TIMER_CAPABILITY);
}

/* The host's, or with nmi_injection the guest's. */
TEST(kvm_features, nmis_of_an_assigned_device_are_accepted_both_ways)
{
    expect_features_accepted("", "devices.nic.delivery=nmi");
    expect_features_accepted("nmi_injection: true", "devices.nic.delivery=nmi");
}

TEST(kvm_features, tsc_deadline_on_bare_metal_needs_the_capability)
{
    static const char text[] =
        "title: t\nplatform: platforms/nehalem-x5570.yaml\nduration: 1ms\n"
        "programs:\n  - {name: p, kind: idle, timer: 1kHz, "
        "timer_mode: tsc_deadline}\n"
        "vms:\n  - {name: vm, hypervisor: none, program: p}\n";

    expect_refused(load_text(text, NULL, 0),
                   "needs TSC-deadline mode, which platform 'nehalem-x5570' "
                   "does not have");
}
