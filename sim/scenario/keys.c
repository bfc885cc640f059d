/* The table of keys, built from scenario_keys.def; see keys.h. */
#include "sim/scenario/keys.h"

#include <assert.h>
#include <string.h>

/* The C struct that holds the fields of an owner's keys. */
#define STRUCT_SCENARIO struct scenario
#define STRUCT_MACHINE struct scenario
#define STRUCT_MACHINE_LAPIC struct scenario
#define STRUCT_MACHINE_IOMMU struct scenario
#define STRUCT_MACHINE_PIC struct scenario
#define STRUCT_MACHINE_IOAPIC struct scenario
#define STRUCT_MACHINE_HPET struct scenario
#define STRUCT_BRIDGE struct scenario_bridge
#define STRUCT_DEVICE struct scenario_device
#define STRUCT_ADAPTIVE struct scenario_device
#define STRUCT_DELAY_TIMERS struct scenario_device
#define STRUCT_COALESCING struct scenario_device
#define STRUCT_MSI struct scenario_device
#define STRUCT_PROGRAM struct scenario_program
#define STRUCT_VM struct scenario_vm
#define STRUCT_FEATURES struct scenario_vm
#define STRUCT_FILE struct scenario_set
#define STRUCT_EXPECT struct scenario_expect
#define STRUCT_PUBLISHED struct scenario_published
#define STRUCT_CURVE struct scenario_curve
#define STRUCT_PLATFORM struct platform
#define STRUCT_CLOCKS struct platform
#define STRUCT_CAPABILITIES struct platform
#define STRUCT_CPU struct cpu_costs
#define STRUCT_LAPIC struct lapic_costs
#define STRUCT_IOAPIC struct ioapic_costs
#define STRUCT_IOMMU struct iommu_costs
#define STRUCT_PIC struct pic_costs
#define STRUCT_PCIE struct pcie_costs
#define STRUCT_BUS struct bus_costs
#define STRUCT_KVM struct kvm_costs
#define STRUCT_SOURCED struct scenario_sourced

static const char *const implementation_words[] = {
    [IMPLEMENTATION_MODEL] = "model", [IMPLEMENTATION_RTL] = "rtl", NULL};
static const char *const message_words[] = {[MESSAGE_MSIX] = "msix",
                                            [MESSAGE_MSI] = "msi",
                                            [MESSAGE_INTX] = "intx",
                                            [MESSAGE_ISA] = "isa",
                                            NULL};
static const char *const delivery_words[] = {
    [SIGNAL_FIXED] = "fixed", [SIGNAL_NMI] = "nmi", [SIGNAL_SMI] = "smi", NULL};
static const char *const controller_words[] = {
    [CONTROLLER_IOAPIC] = "ioapic", [CONTROLLER_PIC] = "pic", NULL};
static const char *const virtual_wire_words[] = {[VIRTUAL_WIRE_NONE] = "none",
                                                 [VIRTUAL_WIRE_LINT0] = "lint0",
                                                 [VIRTUAL_WIRE_IOAPIC] =
                                                     "ioapic",
                                                 NULL};
static const char *const pic_eoi_words[] = {
    [SCENARIO_EOI_SPECIFIC] = "specific",
    [SCENARIO_EOI_ROTATING] = "rotating",
    [SCENARIO_EOI_AUTOMATIC] = "automatic",
    NULL};
static const char *const timer_source_words[] = {
    [TIMER_LAPIC] = "lapic",
    [TIMER_HPET_MESSAGE] = "hpet_message",
    [TIMER_HPET_LINE] = "hpet_line",
    [TIMER_HPET_LEGACY] = "hpet_legacy",
    NULL};
static const char *const bridge_kind_words[] = {
    [BRIDGE_PORT] = "port", [BRIDGE_PCI] = "pci", NULL};
static const char *const interrupt_pin_words[] = {"a", "b", "c", "d", NULL};
static const char *const pulse_words[] = {[PULSE_NONE] = "none",
                                          [PULSE_PERIODIC] = "periodic",
                                          [PULSE_UNIFORM] = "uniform",
                                          [PULSE_EXPONENTIAL] = "exponential",
                                          NULL};
static const char *const kind_words[] = {[PROGRAM_STREAM] = "stream",
                                         [PROGRAM_SPIN] = "spin",
                                         [PROGRAM_IDLE] = "idle",
                                         [PROGRAM_IPI] = "ipi",
                                         [PROGRAM_IPI_WAKE] = "ipi_wake",
                                         [PROGRAM_USER_SENDER] = "user_sender",
                                         [PROGRAM_USER_RECEIVER] =
                                             "user_receiver",
                                         [PROGRAM_USER_WAITER] = "user_waiter",
                                         NULL};
static const char *const notification_words[] = {[NOTIFY_USER_INTERRUPT] =
                                                     "user_interrupt",
                                                 [NOTIFY_SIGNAL] = "signal",
                                                 NULL};
static const char *const timer_mode_words[] = {
    [TIMER_MODE_PERIODIC] = "periodic",
    [TIMER_MODE_ONE_SHOT] = "one_shot",
    [TIMER_MODE_TSC_DEADLINE] = "tsc_deadline",
    NULL};
static const char *const balance_words[] = {[BALANCE_NONE] = "none",
                                            [BALANCE_FLUSH] = "flush",
                                            [BALANCE_NO_FLUSH] = "no_flush",
                                            NULL};
static const char *const switch_words[] = {[SWITCH_NONE] = "none",
                                           [SWITCH_FLUSH] = "flush",
                                           [SWITCH_NO_FLUSH] = "no_flush",
                                           [SWITCH_EARLY_LOOK] = "early_look",
                                           NULL};
static const char *const hypervisor_words[] = {
    [HYPERVISOR_NONE] = "none", [HYPERVISOR_KVM] = "kvm", NULL};
static const char *const apic_words[] = {
    [APIC_MODE_XAPIC] = "xapic", [APIC_MODE_X2APIC] = "x2apic", NULL};
static const char *const guest_timer_words[] = {
    [KVM_TIMER_HOST] = "host",
    [KVM_TIMER_PREEMPTION] = "preemption",
    [KVM_TIMER_VIRTUALIZED] = "virtualized",
    NULL};
static const char *const mistake_words[] = {
    [KVM_NO_MISTAKE] = "none",
    [KVM_OPEN_BEFORE_ENTRY] = "open_before_entry",
    [KVM_NV_NOT_SWITCHED] = "nv_not_switched",
    [KVM_BLOCK_WITHOUT_LOOK] = "block_without_look",
    [KVM_PIR_NOT_RESCANNED] = "pir_not_rescanned",
    [KVM_EOI_NOT_EXITING] = "eoi_not_exiting",
    NULL};
static const char *const certainty_words[] = {
    "primary", "secondary", "recalled", "fitted", "assumed", NULL};

#define REQUIRED NULL
#define NOTHING ""
#define TEXT_OF_EXPANDED(x) #x
#define TEXT_OF(x) TEXT_OF_EXPANDED(x)

/* What every row has. */
#define ROW(owner_, name_, field, fallback_, sentence_)                        \
    .owner = OWNER_##owner_, .name = #name_, .fallback = (fallback_),          \
    .offset = offsetof(STRUCT_##owner_, field),                                \
    .bytes = sizeof(((STRUCT_##owner_ *)0)->field), .sentence = (sentence_)

#define QUANTITY(o, n, unit, field, fallback, least, most, sentence)           \
    {ROW(o, n, field, fallback, sentence), .type = KEY_QUANTITY,               \
     .quantity = QUANTITY_##unit, .min = (least), .max = (most)},
#define SOURCED(o, n, unit, field, least, most, sentence)                      \
    {ROW(o, n, field, REQUIRED, sentence),                                     \
     .type = KEY_QUANTITY,                                                     \
     .quantity = QUANTITY_##unit,                                              \
     .min = (least),                                                           \
     .max = (most),                                                            \
     .sourced = true},
#define NUMBER(o, n, field, sentence)                                          \
    {ROW(o, n, field, NOTHING, sentence), .type = KEY_NUMBER},
#define BOOL(o, n, field, fallback, sentence)                                  \
    {ROW(o, n, field, fallback, sentence), .type = KEY_BOOL},
#define SOURCED_BOOL(o, n, field, sentence)                                    \
    {ROW(o, n, field, REQUIRED, sentence), .type = KEY_BOOL, .sourced = true},
#define CHOICE(o, n, field, words, fallback, sentence)                         \
    {ROW(o, n, field, fallback, sentence), .type = KEY_CHOICE,                 \
     .choices = (words)},
#define WORD(o, n, field, words, fallback, sentence)                           \
    {ROW(o, n, field, fallback, sentence), .type = KEY_WORD,                   \
     .choices = (words)},
#define TEXT(o, n, field, fallback, sentence)                                  \
    {ROW(o, n, field, fallback, sentence), .type = KEY_TEXT},
#define NAME(o, n, field, sentence)                                            \
    {ROW(o, n, field, REQUIRED, sentence), .type = KEY_NAME},
#define SPECIAL(o, n, type_, field, fallback, sentence)                        \
    {ROW(o, n, field, fallback, sentence), .type = KEY_##type_,                \
     .child = OWNER_PLATFORM},
#define GROUP(o, n, child_, place, fallback_, sentence_)                       \
    {.owner = OWNER_##o,                                                       \
     .name = #n,                                                               \
     .type = KEY_GROUP,                                                        \
     .offset = (place),                                                        \
     .child = OWNER_##child_,                                                  \
     .fallback = (fallback_),                                                  \
     .sentence = (sentence_)},
#define LIST(o, n, child_, field, count, fallback, sentence)                   \
    {ROW(o, n, field, fallback, sentence),                                     \
     .type = KEY_LIST,                                                         \
     .child = OWNER_##child_,                                                  \
     .count_offset = offsetof(STRUCT_##o, count),                              \
     .element_bytes = sizeof(((STRUCT_##o *)0)->field[0]),                     \
     .capacity = sizeof(((STRUCT_##o *)0)->field) /                            \
                 sizeof(((STRUCT_##o *)0)->field[0])},

/* The widest range that a cost can have. */
#define LEAST_CYCLES "0 cycles"
#define MOST_CYCLES "1000000000 cycles"
/* Where 0 would let time stand still. */
#define QUANTITY_SOME_CYCLES QUANTITY_CYCLES
#define LEAST_SOME_CYCLES "1 cycles"
#define MOST_SOME_CYCLES MOST_CYCLES
#define LEAST_TIME "0s"
#define MOST_TIME "1s"
#define COST_KEY(o, n, unit, sentence)                                         \
    SOURCED(o, n, unit, n, LEAST_##unit, MOST_##unit, sentence)

const struct key scenario_keys[] = {
#include "sim/scenario/scenario_keys.def"
    {.name = NULL}};

static const struct {
    const char *id, *path, *noun, *sentence;
} owners[OWNERS] = {
    [OWNER_SCENARIO] = {"scenario", "", "scenario",
                        "The top level of a scenario."},
    [OWNER_MACHINE] = {"machine", "machine.", "machine", "The host machine."},
    [OWNER_MACHINE_LAPIC] = {"machine_lapic", "machine.lapic.",
                             "group of local APICs",
                             "What all local APICs have in common."},
    [OWNER_MACHINE_IOAPIC] = {"machine_ioapic", "machine.ioapic.", "I/O APIC",
                              "The I/O APIC of the machine."},
    [OWNER_MACHINE_PIC] = {"machine_pic", "machine.pic.", "group of the 8259s",
                           "The pair of 8259A interrupt controllers, their INT "
                           "wired to LINT0 of CPU 0's local APIC and to pin 0 "
                           "of the I/O APIC."},
    [OWNER_MACHINE_HPET] =
        {"machine_hpet", "machine.hpet.", "HPET",
         "The high precision event timers: a counter and timers that "
         "interrupt when it reaches their comparators."},
    [OWNER_BRIDGE] =
        {"bridge", "bridges.NAME.", "bridge",
         "One PCI bridge, or the port of a PCI Express switch. It "
         "passes the INTx of the devices behind it on, each on the "
         "wire that their device number gives."},
    [OWNER_MACHINE_IOMMU] = {"machine_iommu", "machine.iommu.",
                             "group of remapping units",
                             "What all remapping units have in common."},
    [OWNER_DEVICE] = {"device", "devices.NAME.", "device",
                      "One PCI Express function: a network adapter with a "
                      "closed-loop peer, or an open-loop pulse source."},
    [OWNER_ADAPTIVE] =
        {"adaptive", "devices.NAME.adaptive.", "group of adaptive moderation",
         "The driver begins with `moderation`, then writes the throttle "
         "register of a vector by what its interrupts bring."},
    [OWNER_DELAY_TIMERS] =
        {"delay_timers", "devices.NAME.delay_timers.", "group of delay timers",
         "Either timer's expiry sets the cause and stops both; they act before "
         "`moderation`. Not together with coalescing of the same direction."},
    [OWNER_COALESCING] =
        {"coalescing", "devices.NAME.coalescing.",
         "group of coalescing parameters",
         "Whichever limit is hit first sets the cause, and both count anew; "
         "they act before `moderation`."},
    [OWNER_MSI] = {"msi", "devices.NAME.msi.", "group of MSI",
                   "The layout of the MSI capability, and what software "
                   "enables of it."},
    [OWNER_PROGRAM] =
        {"program", "programs.NAME.", "program",
         "One program that a virtual machine or bare metal can run."},
    [OWNER_VM] = {"vm", "vms.NAME.", "virtual machine",
                  "One virtual machine or, with "
                  "`hypervisor: none`, a program on bare metal."},
    [OWNER_FEATURES] = {"features", "vms.NAME.features.", "group of features",
                        "Switches of the hypervisor for one virtual machine."},
    [OWNER_FILE] = {"file", "", "file",
                    "Keys of a file that belong to no variant; `--set` cannot "
                    "reach them."},
    [OWNER_EXPECT] = {"expectation", "expect.", "expectation",
                      "A range for a figure: `min`, `max` or both."},
    [OWNER_PUBLISHED] = {"published", "published.", "published row",
                         "A published measurement."},
    [OWNER_CURVE] = {"curve", "curves.", "curve",
                     "A curve of a plot in the HTML report."},
    [OWNER_PLATFORM] = {"platform", "platform.", "platform",
                        "A platform profile: how long everything takes. A file "
                        "of its own, or keys inside the scenario."},
    [OWNER_CLOCKS] = {"clocks", "platform.clocks.", "group of clocks",
                      "Frequencies of the clock domains."},
    [OWNER_CAPABILITIES] = {"capabilities", "platform.capabilities.",
                            "group of capabilities",
                            "What the processor can do."},
    [OWNER_CPU] = {"cpu", "platform.cpu.", "group of costs",
                   "In cycles of the core clock."},
    [OWNER_LAPIC] = {"lapic", "platform.lapic.", "group of costs",
                     "In cycles of the APIC clock."},
    [OWNER_IOAPIC] = {"ioapic", "platform.ioapic.", "group of costs",
                      "In cycles of the APIC clock."},
    [OWNER_PIC] = {"pic", "platform.pic.", "group of costs",
                   "In cycles of the APIC clock."},
    [OWNER_IOMMU] = {"iommu", "platform.iommu.", "group of costs",
                     "Cycles of the APIC clock, and times of accesses to "
                     "memory."},
    [OWNER_PCIE] = {"pcie", "platform.pcie.", "group of delays", "Times."},
    [OWNER_BUS] = {"bus", "platform.bus.", "group of delays", "Times."},
    [OWNER_KVM] = {"kvm", "platform.kvm.", "group of costs",
                   "In cycles of the core clock; the hardware's exit and entry "
                   "come on top."},
    [OWNER_SOURCED] =
        {"sourced", "", "sourced value",
         "Every value of a platform profile says where it comes from: "
         "`vm_exit: {value: 500 cycles, source: ..., certainty: assumed}`."},
};

const struct key *key_next(enum key_owner owner, const struct key *k)
{
    for (k = k ? k + 1 : scenario_keys; k->name; k++)
        if (k->owner == owner)
            return k;
    return NULL;
}

const struct key *key_find(enum key_owner owner, const char *name)
{
    const struct key *k = NULL;

    while ((k = key_next(owner, k)))
        if (!strcmp(k->name, name))
            return k;
    return NULL;
}

void key_names(enum key_owner owner, enum key_owner second,
               const char *names[KEY_NAMES_MAX])
{
    size_t n = 0;

    for (const struct key *k = scenario_keys; k->name; k++)
        if (k->owner == owner || k->owner == second) {
            assert(n + 1 < KEY_NAMES_MAX);
            names[n++] = k->name;
        }
    names[n] = NULL;
}

uint64_t key_limit(const struct key *k, const char *limit)
{
    char why[VALUE_TEXT];
    uint64_t value = 0;
    bool good = quantity_parse(k->quantity, limit, &value, why);

    assert(good);
    (void)good;
    return value;
}

const char *owner_path(enum key_owner owner)
{
    return owners[owner].path;
}

const char *owner_id(enum key_owner owner)
{
    return owners[owner].id;
}

const char *owner_sentence(enum key_owner owner)
{
    return owners[owner].sentence;
}

const char *owner_noun(enum key_owner owner)
{
    return owners[owner].noun;
}
