/* Shared by the files of sim/machine, and by sim/flows, which puts software of
 * its own onto its machines. */
#ifndef SIM_MACHINE_MACHINE_PRIVATE_H
#define SIM_MACHINE_MACHINE_PRIVATE_H

#include "models/cpu/cpu_node.h"
#include "models/ioapic/ioapic_node.h"
#include "models/iommu/iommu_node.h"
#include "models/lapic/lapic_node.h"
#include "models/pcie/hpet_node.h"
#include "models/pcie/nic_node.h"
#include "models/pcie/rogue_node.h"
#include "models/pic/pic_node.h"
#include "sim/core/arena.h"
#include "sim/core/irq.h"
#include "sim/core/mem.h"
#include "sim/core/twin.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"
#include "sim/machine/machine.h"
#include "sim/stats/histogram.h"
#include "software/kvm.h"
#include "software/kvm_irq_cpu.h"
#include "software/vtd.h"
#include "software/vtd_launch.h"
#include "software/workload.h"

/* The physical memory map: 64 KiB for each software, 64 KiB for each BAR.  The
 * first virtual CPU of a CPU has the CPU's place, all others those behind. */
#define HOST_MEMORY(place) (UINT64_C(0x100000000) + 0x20000u * (place))
#define WORKLOAD_MEMORY(place) (HOST_MEMORY(place) + 0x10000u)
#define IOAPIC_LOCK (HOST_MEMORY(0) + 0x8000u) /* of all hypervisors */
#define WRITEBACK_OFFSET 0x4000u /* of a device's counts, 16 bytes each */
#define BAR_BASE UINT64_C(0xf0000000)
#define BAR_STRIDE 0x10000u
#define IOAPIC_BASE UINT64_C(0xfec00000)
#define IOAPIC_BYTES 0x1000u
#define IOAPICS 2u /* at most; one page each */
/* bus F0h, device 1Fh and below, function 0 */
#define IOAPIC_REQUESTER(unit) ((uint16_t)(0xf0f8 - 8 * (unit)))
#define HPET_BASE UINT64_C(0xfed00000)
#define HPET_REQUESTER UINT16_C(0xf078) /* bus F0h, device 0Fh, function 0 */
#define UNIT_BASE UINT64_C(0xfed90000)  /* of the remapping units' registers */
#define UNIT_BYTES IOMMU_PAGE_BYTES
#define UNIT_MEMORY(unit) (UINT64_C(0x140000000) + 0x200000u * (unit))
#define MSI_BASE UINT64_C(0xfee00000)
#define MSI_BYTES UINT64_C(0x100000)

#define MOVES_MAX (SCENARIO_DEVICES * PCIE_VECTORS)
#define TEXT_OPS_PER_PLACE 2048u
#define MEM_PAGES_PER_PLACE 64u   /* for software */
#define MEM_PAGES_PER_UNIT 260u   /* of the largest table, queue and status */
#define MEM_PAGES_UNIT_BESIDES 4u /* its queue and status */
#define MEM_PAGES_OUTSIDE 8192u   /* 32 MiB for writes from outside */
#define IRQ_RECORDS_PER_CPU 2048u
#define IRQ_RECORDS_SMALL 64u /* of a machine whose state is copied */
#define MEM_PAGES_SMALL 32u
#define FABRIC_MESSAGES 1024u
#define POSTED_WRITES 64u
#define LATENCY_PAIRS 64u
#define SOURCE_NAME 80u
#define TWINS (SCENARIO_CPUS + IOAPICS + SCENARIO_UNITS + 1u)

struct machine_cpu {
    struct machine *machine;
    unsigned index;
    struct cpu_node node;
    struct lapic_node lapic;
    struct kvm_cpu *host;       /* NULL: no hypervisor runs here */
    struct vecset host_vectors; /* given to devices */
    /* Of the first virtual CPU that is here, or of bare metal. */
    const struct scenario_vm *vm; /* NULL: nothing runs here */
    struct kvm *kvm;              /* NULL: none, or bare metal */
    struct workload *workload;    /* NULL: nothing runs here */
};

/* What a workload runs on: a virtual CPU, or a CPU on bare metal. */
struct machine_vcpu {
    const struct scenario_vm *vm;
    unsigned index;  /* in its virtual machine */
    unsigned cpu;    /* where it is first */
    unsigned place;  /* of its memory */
    struct kvm *kvm; /* NULL: bare metal */
    struct workload *workload;
};

/* Interrupt messages on their way to one local APIC each, and EOI broadcasts on
 * theirs to the I/O APIC. */
struct fabric {
    uint16_t target;
    unsigned last_winner; /* of the last lowest-priority arbitration */
    uint32_t free_head;
    struct fabric_message {
        struct event event;
        struct msg msg;
        unsigned cpu;
        irq_id asked; /* whose answer the I/O APIC waits for; 0: nobody's */
        uint32_t next_free;
        bool in_use;
    } message[FABRIC_MESSAGES];
};

/* Register writes of CPUs on their way to devices, in order. */
struct posted {
    uint16_t target;
    struct event arrive;
    uint32_t first, count;
    struct posted_write {
        sim_time arrival;
        uint64_t addr;
        uint32_t value;
    } write[POSTED_WRITES];
};

/* A device's end of its interrupt line. */
struct intx_pin {
    struct machine *machine;
    unsigned device;
    bool asserted;
};

/* A device's way to the root. */
struct machine_function {
    struct machine *machine;
    unsigned device;
    uint16_t requester;        /* of its requests there */
    struct machine_unit *unit; /* that they go to; NULL: none */
};

struct latency {
    struct histogram *pair[HOP_COUNT][HOP_COUNT]; /* NULL: none yet */
    unsigned used;
    struct histogram *histogram;
};

/* What stood on the meters when the measurement began. */
struct meter_start {
    uint64_t messages;
    uint64_t host_interrupts;
};

/* A remapping unit, and the driver that all CPUs have of it. */
struct machine_unit {
    struct machine *machine;
    struct iommu_node node;
    struct vtd driver;
    struct iommu_counts start; /* what it had counted before the measurement */
};

/* Interrupt messages that devices have made up. */
struct forged {
    uint16_t source[SCENARIO_DEVICES];
    bool is[IRQ_SOURCES_MAX];        /* such a source */
    uint64_t hits[SCENARIO_CPUS][8]; /* by CPU and enum delivery_mode */
};

struct machine {
    struct arena arena;
    const struct scenario *scenario;
    const struct machine_twins *make_twin; /* NULL: there is no RTL */
    struct engine engine;
    struct irqs irqs;
    struct posted_irqs posted_irqs;
    struct mem mem;
    struct clock core, apic, apic_timer, pcie;
    sim_time measure_from, end;
    uint16_t control_target;
    struct event warmup_over;
    unsigned cpus, devices;
    struct machine_cpu *cpu;
    unsigned places, vcpus;
    struct machine_vcpu *vcpu;
    struct kvm_host *host;
    struct nic_node *device;
    unsigned ioapics;
    struct ioapic_node *ioapic; /* all units; NULL: there is none */
    struct pic_node *pic;       /* NULL: there are none */
    struct hpet_node *hpet;     /* NULL: there is none */
    uint32_t hpet_wires;        /* its lines that are high, by pin */
    unsigned units;
    struct machine_unit *unit;                            /* remapping units */
    uint32_t table_entry[SCENARIO_DEVICES][PCIE_VECTORS]; /* of messages */
    struct vtd_launch *launch;        /* NULL: remapped from the start */
    struct vtd_move *move[MOVES_MAX]; /* table entries that software moves */
    unsigned moves;
    struct forged forged;
    struct machine_function function[SCENARIO_DEVICES];
    struct intx_pin intx[SCENARIO_DEVICES];
    struct vecset line_vectors; /* of all CPUs */
    struct text text;
    struct fabric fabric;
    struct posted posted;
    struct latency latency;
    struct meter_start start;
    uint16_t outside_source;
    uint64_t window_refused;  /* CPUs' accesses to FEEx_xxxxh, no APIC's page */
    uint64_t outside_refused; /* accesses from outside that nothing can take */
    struct twin twin[TWINS];  /* that act in place of models */
    unsigned twins;
    char source_name[IRQ_SOURCES_MAX][SOURCE_NAME];
    char complaint[256];   /* what machine_finish() returns */
    char violation[1024];  /* the invariant that broke, or empty */
    uint64_t delivered;    /* interrupts that the invariants have seen so far */
    bool small;            /* see machine_build_small() */
    sim_time turned_round; /* what is closer may come in another order */
};

/* Of memory's pages those that software on the CPUs is to have. */
static inline uint32_t pages_of_software(const struct machine *m)
{
    return (m->small ? MEM_PAGES_SMALL : MEM_PAGES_PER_PLACE) * m->places;
}

/* bus.c: where accesses and writes of devices go. */
void bus_init(struct machine *m);
void bus_connect_cpu(struct machine *m, struct machine_cpu *c,
                     struct cpu_node_config *config);
void bus_upstream(void *machine, const struct msg *msg);
void bus_from_function(void *machine_function, const struct msg *msg);
struct nic_node *bus_device_at(struct machine *m, uint64_t addr);

/* lines.c: the interrupt lines and the controllers at their ends. */
void lines_build(struct machine *m);
struct port lines_intx(struct machine *m, unsigned device);

/* One pin of one I/O APIC. */
struct pin {
    unsigned unit; /* machine.ioapics: there is no such pin */
    unsigned number;
};

/* Where a global system interrupt ends: the units' pins one after the other. */
struct pin lines_pin(const struct machine *m, uint32_t gsi);

struct port lines_hpet(struct machine *m);

/* hpet.c: the HPET, and the timer of a program in its place. */
void hpet_build(struct machine *m);
struct hpet_node *hpet_at(struct machine *m, uint64_t addr);
struct hpet_code hpet_timer_of(struct machine *m, const struct machine_vcpu *v);

/* remap.c: remapping units, and what is in their scopes. */
void remap_build(struct machine *m);
struct machine_unit *remap_unit_at(struct machine *m, uint64_t addr);

/* Table entries for messages of a device are valid for its requests only; a
 * bridge to PCI may put any bus behind it in its place. */
void remap_check_device(const struct machine *m, unsigned device,
                        struct vtd_target *to);

/* The unit that a source's requests go to, or NULL: they are not remapped. */
struct machine_unit *remap_unit_of(struct machine *m, uint16_t requester);

/* Table entries side by side for `n` (a power of two) messages of one source,
 * whose vectors are side by side from the target's on; the first index. */
uint32_t remap_entries(struct machine_unit *u, const struct vtd_target *to,
                       uint32_t n);

/* The target is for requests of this source alone, if the scenario wants it. */
struct vtd_target remap_checked(const struct machine *m,
                                const struct vtd_target *to);

/* The way of an MSI, and of the I/O APIC's messages, from their sources. */
void remap_from_device(struct machine *m, const struct msg *write);
void remap_from_function(const struct machine_function *f,
                         const struct msg *write);
void remap_from_ioapic(void *machine, const struct msg *write);

void remap_begin(struct machine *m);
void remap_figures(const struct machine *m, struct figures *out);

/* moves.c: table entries that software moves; one of a source. */
struct vtd_move *moves_add(struct machine *m, uint16_t sid, uint32_t index,
                           bool flush);
void moves_begin(struct machine *m);
void moves_figures(const struct machine *m, struct figures *out);

/* launch.c: interrupts that are remapped during the run.  Whose program does
 * it, or NULL: they are from the start. */
const struct scenario_vm *launch_vm(const struct machine *m);
void launch_prepare(struct machine *m);
void launch_figures(const struct machine *m, struct figures *out);

/* balance.c: interrupts that software moves between CPUs. */
bool balance_on(const struct machine *m);
struct vtd_move *balance_move(struct machine *m, const struct machine_cpu *c,
                              const struct workload_irq *irq, unsigned k);
void balance_install(struct machine *m);

/* poll_figures.c */
void polls_begin(struct machine *m);
void poll_figures(const struct machine *m, struct figures *out);

/* forged.c: interrupt messages that devices have made up. */
void forged_build(struct machine *m);
void forged_identify(struct machine *m, unsigned device, struct msg *write);
void forged_arrives(struct machine *m, unsigned cpu, const struct msg *msg);
void forged_begin(struct machine *m);
void forged_figures(const struct machine *m, struct figures *out);

/* fabric.c: interrupt messages between local APICs and from devices. */
void fabric_init(struct machine *m);
void fabric_from_device(struct machine *m, const struct msg *write);
void fabric_from_ioapic(struct machine *m, const struct msg *write);
void fabric_from_unit(struct machine *m, const struct msg *msg);
void fabric_from_lapic(void *machine_cpu, const struct msg *msg);
void fabric_each_held(const struct machine *m,
                      void (*each)(void *ctx, irq_id id), void *ctx);

/* machine.c: the machine owns a twin. */
void machine_add_twin(struct machine *m, const struct twin_calls *call,
                      void *of);

/* install.c: software onto the CPUs. */
void install_software(struct machine *m);
uint16_t machine_add_source(struct machine *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* install_message.c: what a device writes to signal, programmed. */
struct message_signal {
    uint32_t addr;
    uint16_t data;
};

static inline uint32_t message_entry(unsigned k) /* of the MSI-X table */
{
    return NIC_REG_MSIX_TABLE + PCIE_MSIX_ENTRY_BYTES * k;
}

void message_program_msix(struct nic_node *d, unsigned k,
                          const struct message_signal *s);
void message_program_msi(struct nic_node *d, unsigned granted,
                         const struct message_signal *s);

/* install_line.c: the controllers of lines, as a boot loader and drivers leave
 * them.  What stands in the low half of a line's redirection table entry. */
uint32_t line_rte_low(const struct scenario_device *d, uint8_t vector);
void install_pin(struct machine *m, const struct scenario_device *d,
                 unsigned cpu, uint8_t vector);
void install_edge(struct machine *m, uint32_t gsi, unsigned cpu,
                  uint8_t vector);
void install_pic(struct machine *m, const struct scenario_vm *vm,
                 uint8_t vector_base);

/* install_kvm.c: the hypervisor; its CPUs come before what runs on them. */
struct kvm_cpu *install_host_cpu(struct machine *m, unsigned cpu,
                                 enum scenario_apic_mode apic);
void install_host(struct machine *m);
void install_kvm(struct machine *m, struct machine_vcpu *v,
                 const struct kvm_config *devices);

/* install_user.c: a user thread's configuration; its books are opened. */
struct user_thread_config install_user_thread(struct machine *m,
                                              const struct machine_vcpu *v);

/* install_irq_cpu.c: the CPU that takes interrupts for the others. */
bool irq_cpu_takes(const struct machine *m, const struct scenario_vm *vm);
void install_irq_cpu(struct machine *m);

/* measure.c: latencies while running, figures at the end. */
void measure_init(struct machine *m);
void measure_begin(struct machine *m);
void measure_figures(struct machine *m, struct figures *out);

/* invariants.c: what holds at every event.  A violation stops the run. */
void invariants_init(struct machine *m);

/* Between two events: NULL, or the invariant that the state breaks. */
const char *invariants_broken(struct machine *m);

/* The same, and whether an interrupt is lost or was delivered twice. */
const char *invariants_broken_at_all(struct machine *m);

/* An interrupt is pending, and nobody has it. */
const char *invariants_lost(struct machine *m, irq_id irq);

/* books.c: what tells registers and the ledger of interrupts apart. */
struct misfit {
    bool lost;         /* else a vector stands for no interrupt */
    irq_id irq;        /* the one that is lost */
    const char *array; /* where the vector is, or should be */
    const char *owner; /* of it, with its number */
    unsigned index;
    uint8_t vector;
};

/* False: they tell the same. */
bool books_differ(struct machine *m, struct misfit *found);

/* The first vector without an interrupt, or -1. */
int books_unknown_vector(const struct vecset *vectors, const irq_id *irq);

/* An array of vectors in a virtual-APIC page. */
struct vecset books_page_vectors(struct machine *m, const struct vmcs *v,
                                 uint32_t offset);

/* explore.c: what its orders are searched for by. */
struct explore_system machine_system(struct machine *m);

/* describe.c: what an event is, before it runs. */
struct words {
    char *text;
    size_t bytes;
};
void machine_describe(const struct machine *m, const struct event *ev,
                      struct words w);

/* audit.c: NULL, or the source whose interrupts are lost or there twice. */
const char *audit_interrupts(struct machine *m);

/* audit.c: NULL, or what does not add up. */
const char *audit(struct machine *m);

/* The 16 bytes where a device counts what it has sent and what the other
 * side has acknowledged, in the memory of the software that owns it. */
static inline uint64_t writeback_at(unsigned place, unsigned device)
{
    return WORKLOAD_MEMORY(place) + WRITEBACK_OFFSET + 16u * device;
}

#endif
