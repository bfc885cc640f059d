/*
 * A checked scenario: what the YAML says after every mistake was reported.
 * Building a machine from it cannot fail.  Units: times in femtoseconds,
 * work in cycles of the core clock, rates as the names say.
 *
 * The keys, their types, defaults, ranges and descriptions stand in one table
 * (scenario_keys.def) that feeds the loader, the JSON Schema and the manual.
 */
#ifndef SIM_SCENARIO_SCENARIO_H
#define SIM_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cpu/cpu_costs.h"
#include "models/cpu/vmx_features.h"
#include "models/ioapic/ioapic_node.h"
#include "models/iommu/iommu_node.h"
#include "models/lapic/lapic_node.h"
#include "models/pcie/nic_node.h"
#include "models/pic/pic_node.h"
#include "sim/machine/bus_costs.h"
#include "software/kvm_costs.h"
#include "software/kvm_features.h"

#define SCENARIO_NAME 64
#define SCENARIO_TEXT 512
#define SCENARIO_DEVICES 16
#define SCENARIO_BRIDGES 16
#define SCENARIO_VMS 8
#define SCENARIO_VM_VECTORS 64 /* of all devices of one VM */
#define SCENARIO_PROGRAMS 8
#define SCENARIO_VARIANTS 16
#define SCENARIO_EXPECTS 64
#define SCENARIO_PUBLISHED 32
#define SCENARIO_CURVES 16
#define SCENARIO_CPUS 64
#define SCENARIO_UNITS 8           /* remapping units */
#define SCENARIO_LAUNCH_SOURCES 64 /* that are remapped during a run */

struct platform {
    char name[SCENARIO_NAME];
    char title[SCENARIO_TEXT];
    struct clock_rates {
        uint64_t core, apic, apic_timer, pcie; /* Hz */
    } clocks;
    struct {
        bool x2apic, tsc_deadline, user_interrupts, uiret_uif;
        struct vmx_features vmx;
    } capabilities;
    struct cpu_costs cpu;
    struct lapic_costs lapic;
    struct ioapic_costs ioapic;
    struct iommu_costs iommu;
    struct pic_costs pic;
    struct pcie_costs pcie;
    struct bus_costs bus;
    struct kvm_costs kvm;
};

/* What acts as a block of the machine. */
enum implementation { IMPLEMENTATION_MODEL, IMPLEMENTATION_RTL };

enum scenario_hypervisor { HYPERVISOR_NONE, HYPERVISOR_KVM };
enum scenario_apic_mode { APIC_MODE_XAPIC, APIC_MODE_X2APIC };
enum scenario_program_kind {
    PROGRAM_STREAM,        /* sends messages through a NIC as fast as it can */
    PROGRAM_SPIN,          /* computes; handles interrupts as they come */
    PROGRAM_IDLE,          /* HLT between interrupts */
    PROGRAM_IPI,           /* each virtual CPU sends IPIs to the next one */
    PROGRAM_IPI_WAKE,      /* the first sends IPIs to the others, which halt */
    PROGRAM_USER_SENDER,   /* a user thread that notifies one elsewhere */
    PROGRAM_USER_RECEIVER, /* one that is notified while it computes */
    PROGRAM_USER_WAITER,   /* one that is notified while it waits */
};

/* How a user thread notifies another one. */
enum scenario_notification { NOTIFY_USER_INTERRUPT, NOTIFY_SIGNAL };
enum scenario_timer_mode {
    TIMER_MODE_PERIODIC,
    TIMER_MODE_ONE_SHOT,
    TIMER_MODE_TSC_DEADLINE,
};
enum scenario_message { MESSAGE_MSIX, MESSAGE_MSI, MESSAGE_INTX, MESSAGE_ISA };

/* How a message interrupts: by its vector, or without one. */
enum scenario_delivery { SIGNAL_FIXED, SIGNAL_NMI, SIGNAL_SMI };

/* Through what software takes a line's interrupts. */
enum scenario_controller { CONTROLLER_IOAPIC, CONTROLLER_PIC };

/* How the 8259s' INT reaches CPU 0; with none there are no 8259s. */
enum scenario_virtual_wire {
    VIRTUAL_WIRE_NONE,
    VIRTUAL_WIRE_LINT0,
    VIRTUAL_WIRE_IOAPIC,
};

/* How software ends their interrupts. */
enum scenario_pic_eoi {
    SCENARIO_EOI_SPECIFIC,
    SCENARIO_EOI_ROTATING,
    SCENARIO_EOI_AUTOMATIC,
};

/* What a program's periodic timer is: that of its local APIC, or one of the
 * HPET, which sends messages, or has a line of its own or one of the legacy
 * replacement. */
enum scenario_timer_source {
    TIMER_LAPIC,
    TIMER_HPET_MESSAGE,
    TIMER_HPET_LINE,
    TIMER_HPET_LEGACY,
};

/* What runs in a guest, or on bare metal. */
struct scenario_program {
    char name[SCENARIO_NAME];
    enum scenario_program_kind kind;
    uint64_t message_work_cycles;  /* per message, interrupts on */
    uint64_t critical_work_cycles; /* per message, between CLI and STI */
    uint32_t messages_per_doorbell;
    uint32_t window; /* most messages without acknowledgement; then it waits */
    uint64_t handler_cycles;    /* fixed work of a device interrupt's handler */
    uint64_t completion_cycles; /* per completed or acknowledged message */
    bool eager_eoi; /* of a line, without waiting until it has fallen */
    uint64_t softirq_cycles; /* after the EOI, interrupts on, per interrupt */
    uint64_t timer_hz;       /* periodic timer; 0: none */
    enum scenario_timer_mode timer_mode; /* of an APIC timer */
    uint64_t timer_cycles;               /* its handler */
    enum scenario_timer_source timer_source;
    enum scenario_notification notification;
    /* of the kernel under a user thread */
    uint64_t system_call_cycles, signal_cycles, wake_cycles;
};

static inline bool scenario_is_user(const struct scenario_program *p)
{
    return p->kind >= PROGRAM_USER_SENDER;
}

struct scenario_iommu {
    uint32_t units; /* 0: interrupts are not remapped */
    uint32_t entries;
    uint32_t cache_entries, cache_ways;
    bool x2apic;
    bool source_check;
    bool compatibility;
    enum implementation implementation; /* of all units */
};

struct scenario_device {
    char name[SCENARIO_NAME];
    uint32_t unit;           /* the remapping unit whose scope has it */
    uint32_t vcpu;           /* that it interrupts, of its virtual machine */
    sim_time forge_interval; /* mean, of forged messages; 0: none */
    enum scenario_message message;
    enum scenario_delivery delivery;
    uint32_t vectors;       /* 1..32; 1 with a line */
    uint32_t pin;           /* of the I/O APIC, with INTx */
    uint32_t irq;           /* ISA's number of the line */
    uint32_t behind;        /* 0: the root bus; else a bridge's index + 1 */
    uint32_t slot;          /* its device number on that bus */
    uint32_t interrupt_pin; /* 0 to 3: INTA# to INTD# */
    enum scenario_controller controller;
    sim_time moderation;     /* least time between two interrupts of a vector */
    sim_time ack_moderation; /* the same of vector 1 in the closed loop */
    struct {
        uint32_t least_usecs, most_usecs; /* of its moderation; most 0: none */
        uint32_t few, many;               /* packets of an interrupt */
    } adaptive;
    struct {
        bool address_64bit, masking, extended_data;
        uint32_t granted; /* messages that software enables; 0: all */
    } msi;
    struct nic_config nic; /* seed and stream are set by the builder */
};

static inline bool scenario_has_line(const struct scenario_device *d)
{
    return d->message == MESSAGE_INTX || d->message == MESSAGE_ISA;
}

/* How many vectors software gives the device. */
static inline uint32_t scenario_granted(const struct scenario_device *d)
{
    return d->message == MESSAGE_MSI && d->msi.granted ? d->msi.granted
                                                       : d->vectors;
}

/* Vector 1 of the closed loop has its own moderation. */
static inline sim_time scenario_moderation(const struct scenario_device *d,
                                           unsigned k)
{
    return k == 1 && d->nic.pulse == PULSE_NONE ? d->ack_moderation
                                                : d->moderation;
}

/* What the handler of a program's timer does with its devices' interrupts. */
enum scenario_balance { BALANCE_NONE, BALANCE_FLUSH, BALANCE_NO_FLUSH };

/* How the host's tick switches assigned devices between posted and remapped
 * format; the last two are mistakes. */
enum scenario_switch {
    SWITCH_NONE,
    SWITCH_FLUSH,
    SWITCH_NO_FLUSH,
    SWITCH_EARLY_LOOK
};

struct scenario_vm {
    char name[SCENARIO_NAME];
    enum scenario_hypervisor hypervisor;
    uint32_t cpu; /* the first one that its virtual CPUs have */
    uint32_t vcpus;
    uint32_t cpus; /* that they have together; 0: as many as they are */
    bool pinned;   /* each has one of them, in turn */
    enum scenario_apic_mode apic; /* what the guest uses */
    struct {
        bool eli; /* exitless delivery of assigned devices */
        bool eli_exitless_eoi;
        bool acknowledge_on_exit;
        struct kvm_apicv apicv;
        enum kvm_guest_timer guest_timer;
        enum kvm_mistake mistake;
        struct kvm_poll_config poll;
        bool pv_eoi;
        bool vtd_posting;   /* the remapping unit posts to the guest */
        bool nmi_injection; /* its devices' NMIs are the guest's */
        sim_time eli_timer; /* preemption timer that bounds IF = 0 */
    } features;
    uint32_t assigned_count;
    uint32_t assigned[SCENARIO_DEVICES]; /* indices of devices */
    uint32_t program;                    /* index */
    enum scenario_balance balance;
    enum scenario_switch posting_switch;
    bool maps_by_hypercall; /* the guest asks for entries of its messages */
    sim_time late_launch;   /* its program's timer remaps then; 0: never */
};

static inline uint32_t scenario_cpus(const struct scenario_vm *vm)
{
    return vm->cpus ? vm->cpus : vm->vcpus;
}

/* The CPU that a virtual CPU is pinned to, or where it is first. */
static inline uint32_t scenario_cpu_of(const struct scenario_vm *vm,
                                       uint32_t vcpu)
{
    return vm->cpu + vcpu % scenario_cpus(vm);
}

#define SCENARIO_ROOT "root" /* the bus before all bridges */

enum scenario_bridge_kind {
    BRIDGE_PORT, /* of PCI Express: passes source-ids on */
    BRIDGE_PCI,  /* to conventional PCI, which has none */
};

/* A bridge before a bus of its own; it stands behind one that comes before it
 * in the list. */
struct scenario_bridge {
    char name[SCENARIO_NAME];
    uint32_t behind, slot; /* as a device's */
    enum scenario_bridge_kind kind;
};

struct scenario_expect {
    int variant; /* index into the variants, or -1: each of them */
    char figure[SCENARIO_NAME * 2];
    bool has_min, has_max;
    double min, max;
};

/* A number for each of some variants. */
struct scenario_numbers {
    bool has[SCENARIO_VARIANTS];
    double value[SCENARIO_VARIANTS];
};

/* A published row to show beside the simulated one. */
struct scenario_published {
    char figure[SCENARIO_NAME * 2];
    char label[SCENARIO_TEXT];
    char source[SCENARIO_TEXT];
    char certainty[SCENARIO_NAME]; /* primary, secondary, recalled */
    struct scenario_numbers values;
};

/* A curve of a plot: a figure of some variants against what they change. */
struct scenario_curve {
    char plot[SCENARIO_TEXT]; /* its title; curves of one figure share it */
    char figure[SCENARIO_NAME * 2];
    char axis[SCENARIO_TEXT]; /* what x is */
    char label[SCENARIO_NAME];
    struct scenario_numbers x;
};

struct scenario {
    char title[SCENARIO_TEXT];
    char question[SCENARIO_TEXT * 2];
    struct platform platform;
    uint64_t seed;
    sim_time duration, warmup; /* measured time; time before it */
    sim_time explore_window;   /* see struct explore_limits */
    struct {
        uint32_t cpus;
        uint64_t host_timer_hz; /* the host's own tick, per CPU; 0: none */
        bool irq_cpu;        /* the last CPU takes the interrupts of all VMs */
        sim_time time_slice; /* of a virtual CPU, while others wait */
        enum implementation lapic;
        struct scenario_iommu iommu;
        struct {
            enum scenario_virtual_wire virtual_wire;
            enum scenario_pic_eoi eoi;
            enum implementation implementation;
        } pic;
        struct {
            uint32_t pins;        /* 0: there is none */
            uint32_t second_pins; /* of the second unit, likewise */
            enum implementation implementation; /* of both */
            uint32_t unit; /* the remapping unit whose scope has them */
        } ioapic;
        struct {
            uint32_t timers; /* 0: there is none */
            uint64_t hz;     /* of the main counter */
            uint32_t unit;   /* the remapping unit whose scope has it */
        } hpet;
    } machine;
    uint32_t bridge_count, device_count, vm_count, program_count;
    struct scenario_bridge bridge[SCENARIO_BRIDGES];
    struct scenario_device device[SCENARIO_DEVICES];
    struct scenario_vm vm[SCENARIO_VMS];
    struct scenario_program program[SCENARIO_PROGRAMS];
};

/* The global system interrupt of a device with a line.  ISA's interrupts have
 * their own numbers, except the timer's, whose place the 8259s' INT has.  INTx
 * comes through the bridges to one of the root's four wires. */
static inline uint32_t scenario_pin(const struct scenario *s,
                                    const struct scenario_device *d)
{
    uint32_t wire = d->interrupt_pin, slot = d->slot;
    uint32_t bus = d->behind;

    if (d->message == MESSAGE_ISA)
        return d->irq ? d->irq : 2;
    while (bus) {
        const struct scenario_bridge *b = &s->bridge[bus - 1];

        wire = intx_swizzle(wire, slot);
        slot = b->slot;
        bus = b->behind < bus ? b->behind : 0; /* a mistake else */
    }
    return d->pin + wire;
}

/* The number of the bus before which a bridge is; 0: the root's port. */
static inline uint32_t scenario_bus(uint32_t behind)
{
    return 1 + behind;
}

/* The device's own source-id.  Those on the root bus have device numbers of
 * their own; behind a bridge their slot, and functions if they share it. */
static inline uint16_t scenario_source_id(const struct scenario *s, uint32_t i)
{
    const struct scenario_device *d = &s->device[i];
    uint32_t function = 0;

    if (!d->behind)
        return source_id(scenario_bus(0), i, 0);
    for (uint32_t j = 0; j < i; j++)
        function +=
            s->device[j].behind == d->behind && s->device[j].slot == d->slot;
    return source_id(scenario_bus(d->behind), d->slot, function);
}

/* The bridge to PCI that is next to the root on the way to the device, which
 * requests of it come from; 0: they are the device's own. */
static inline uint32_t scenario_pci_bridge(const struct scenario *s, uint32_t i)
{
    uint32_t bus = s->device[i].behind, found = 0;

    while (bus) {
        const struct scenario_bridge *b = &s->bridge[bus - 1];

        found = b->kind == BRIDGE_PCI ? bus : found;
        bus = b->behind < bus ? b->behind : 0; /* a mistake else */
    }
    return found;
}

/* The source-id that the device's requests have at the root. */
static inline uint16_t scenario_requester(const struct scenario *s, uint32_t i)
{
    uint32_t bridge = scenario_pci_bridge(s, i);

    return bridge ? source_id_of_pci(scenario_bus(bridge))
                  : scenario_source_id(s, i);
}

static inline bool scenario_uses_hpet(const struct scenario *s, uint32_t vm)
{
    const struct scenario_program *p = &s->program[s->vm[vm].program];

    return p->timer_hz && p->timer_source != TIMER_LAPIC;
}

/* The timer of a virtual machine that uses the HPET: they have one each. */
static inline uint32_t scenario_hpet_timer(const struct scenario *s,
                                           uint32_t vm)
{
    uint32_t timer = 0;

    for (uint32_t i = 0; i < vm; i++)
        timer += scenario_uses_hpet(s, i);
    return timer;
}

#define SCENARIO_HPET_LINE 20u /* the first of four that timers can have */
#define SCENARIO_HPET_LINES 4u

/* The global system interrupt of such a timer, if it has a line. */
static inline uint32_t scenario_hpet_line(const struct scenario *s, uint32_t vm)
{
    uint32_t timer = scenario_hpet_timer(s, vm);

    if (s->program[s->vm[vm].program].timer_source == TIMER_HPET_LEGACY)
        return timer ? 8 : 2;
    return SCENARIO_HPET_LINE + timer;
}
static inline bool scenario_sends(const struct scenario *s, uint32_t vm)
{
    return s->program[s->vm[vm].program].kind == PROGRAM_USER_SENDER;
}

static inline bool scenario_is_notified(const struct scenario *s, uint32_t vm)
{
    return scenario_is_user(&s->program[s->vm[vm].program]) &&
           !scenario_sends(s, vm);
}

/* The other end: the n-th sender notifies the n-th of those that are notified;
 * vm_count: there is none. */
uint32_t scenario_peer(const struct scenario *s, uint32_t vm);

/* One file: its variants, each a whole scenario with its overrides applied. */
struct scenario_set {
    char path[SCENARIO_TEXT]; /* as the user named it */
    uint32_t variant_count;
    char variant_name[SCENARIO_VARIANTS][SCENARIO_NAME];
    struct scenario *variant; /* variant_count of them */
    uint32_t expect_count, published_count, curve_count;
    struct scenario_expect expect[SCENARIO_EXPECTS];
    struct scenario_published published[SCENARIO_PUBLISHED];
    struct scenario_curve curve[SCENARIO_CURVES];
    char *resolved[SCENARIO_VARIANTS]; /* what scenario_show() gives */
};

#endif
