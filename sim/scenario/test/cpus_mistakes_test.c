/* What virtual machines that share a CPU cannot have. */
#include "sim/scenario/test/load.h"
#include "tests/gtest_c.h"

#define POSTING                                                                \
    "posting_switch: flush, features: {acknowledge_on_exit: true, "            \
    "tpr_shadow: true, virtual_interrupt_delivery: true, posted_interrupts: "  \
    "true, vtd_posting: true}"

/* Two virtual machines with five devices each, on one CPU. */
static const struct cpus_mistake {
    const char *name, *device, *first, *expected;
} cpus_mistakes[] = {
    {"devices_that_are_switched_to_posting", "vectors: 1", POSTING,
     "posting_switch needs a CPU of its own: while it does not run the host "
     "posts to it"},
    {"messages_side_by_side", "message: msi, vectors: 4", "cpu: 0",
     "'a0' needs 'message: msix' for several vectors: those of MSI lie side by "
     "side, for which a CPU that virtual machines share may have no room"},
    {"more_vectors_than_one_cpu_has_room_for", "vectors: 13", "cpu: 0",
     "the devices of the virtual machines on CPU 0 have 130 vectors; one CPU "
     "has room for 128"},
};

TEST_EACH(shared_cpu, has_no_room_for, struct cpus_mistake, cpus_mistakes)
{
    char text[4096];
    struct loaded l;
    int n = snprintf(
        text, sizeof text,
        "title: t\nplatform: platforms/sapphire-rapids.yaml\nduration: 1ms\n"
        "machine: {cpus: 1, host_timer: 1kHz, iommu: {units: 1, x2apic: "
        "false}}\nprograms:\n  - {name: counter, kind: spin}\nvms:\n"
        "  - {name: first, hypervisor: kvm, assigned: [a0, a1, a2, a3, a4], "
        "program: counter, %s}\n"
        "  - {name: second, hypervisor: kvm, assigned: [b0, b1, b2, b3, b4], "
        "program: counter}\ndevices:\n",
        row->first);

    for (int i = 0; i < 10; i++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "  - {name: %c%d, pulse: periodic, pulse_interval: "
                      "50us, %s}\n",
                      "ab"[i / 5], i % 5, row->device);
    l = load_text(text, NULL, 0);
    EXPECT_TRUE(l.set == NULL, "a mistake must stop the load");
    ASSERT_TRUE(l.diag.text != NULL);
    EXPECT_TRUE(strstr(l.diag.text, row->expected) != NULL, "%s", l.diag.text);
    loaded_free(&l);
}

/* ---- the virtual CPU that a device interrupts ---- */

/* Two devices of a virtual machine with as many virtual CPUs. */
static struct loaded load_devices(const char *first, const char *second,
                                  const char *kind)
{
    char text[1024];

    snprintf(text, sizeof text,
             "title: t\nplatform: platforms/sapphire-rapids.yaml\n"
             "duration: 1ms\nmachine: {cpus: 2, ioapic: {pins: 24}}\n"
             "programs:\n  - {name: runs, kind: %s}\nvms:\n"
             "  - {name: guest, hypervisor: kvm, vcpus: 2, assigned: [a, b], "
             "program: runs}\n"
             "devices:\n  - {name: a, %s}\n  - {name: b, %s}\n",
             kind, first, second);
    return load_text(text, NULL, 0);
}

#define PULSES "pulse: periodic, pulse_interval: 50us"

static const struct target_mistake {
    const char *name, *first, *second, *kind, *expected;
} target_mistakes[] = {
    {"that_does_not_exist", PULSES, PULSES ", vcpu: 2", "spin",
     "x.yaml:11:60: error: virtual CPU 2 does not exist: 'vcpus' of 'guest' is "
     "2 (0 "
     ".. 1)"},
    {"other_than_the_streams", PULSES, "vcpu: 1", "stream",
     "a stream runs on virtual CPU 0, which 'b' has to interrupt"},
    {"other_than_its_lines", PULSES ", message: intx",
     PULSES ", message: intx, vcpu: 1", "spin",
     "pin 16 is that of 'a' too; devices of one line need the same 'vcpu'"},
};

TEST_EACH(device_vcpu, cannot_be_one, struct target_mistake, target_mistakes)
{
    struct loaded l = load_devices(row->first, row->second, row->kind);

    EXPECT_TRUE(l.set == NULL, "a mistake must stop the load");
    ASSERT_TRUE(l.diag.text != NULL);
    EXPECT_TRUE(strstr(l.diag.text, row->expected) != NULL, "%s", l.diag.text);
    loaded_free(&l);
}

/* Of two virtual machines on the same CPUs, 80 vectors on each. */
TEST(device_vcpu, takes_vectors_of_its_own_cpu_alone)
{
    char text[4096];
    struct loaded l;
    int n = snprintf(
        text, sizeof text,
        "title: t\nplatform: platforms/sapphire-rapids.yaml\nduration: 1ms\n"
        "machine: {cpus: 2}\nprograms:\n  - {name: counter, kind: spin}\nvms:\n"
        "  - {name: first, hypervisor: kvm, vcpus: 2, assigned: [a0, a1, a2, "
        "a3], program: counter}\n"
        "  - {name: second, hypervisor: kvm, vcpus: 2, assigned: [b0, b1, b2, "
        "b3], program: counter}\ndevices:\n");

    for (int i = 0; i < 8; i++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "  - {name: %c%d, vectors: 16, vcpu: %d, " PULSES "}\n",
                      "ab"[i / 4], i % 4, i % 2);
    l = load_text(text, NULL, 0);
    EXPECT_TRUE(l.set != NULL, "%s", l.diag.text ? l.diag.text : "");
    loaded_free(&l);
}
