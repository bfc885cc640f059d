/*
 * When the CPU acts: what each op costs, and whom it tells.
 *
 * The node takes one step after another: an op, a delivery, an exit, an
 * entry, a wake-up.  A step takes whole cycles of the core clock; a WORK op is
 * cut at the edge where an event is recognized.  Every cycle is accounted for
 * in exactly one share.
 */
#ifndef MODELS_CPU_CPU_NODE_H
#define MODELS_CPU_CPU_NODE_H

#include "models/cpu/cpu.h"
#include "models/cpu/cpu_costs.h"
#include "sim/core/irq.h"
#include "sim/core/mem.h"
#include "sim/core/msg.h"
#include "sim/core/posted_irqs.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"

/* Where a cycle goes. */
enum cpu_share {
    SHARE_GUEST,      /* the workload: a guest, or an OS on bare metal */
    SHARE_GUEST_IRQ,  /* its interrupt handlers, delivery included */
    SHARE_HOST,       /* the hypervisor's software */
    SHARE_TRANSITION, /* hardware VM exits and entries */
    SHARE_IDLE,       /* halted, waking up included */
    SHARE_COUNT
};

#define NO_EXIT_YET EXIT_REASON_LIMIT /* host time before the first exit */

struct cpu_account {
    uint64_t cycles[SHARE_COUNT];
    uint64_t host_by_reason[EXIT_REASON_LIMIT + 1];
    uint64_t exits[EXIT_REASON_LIMIT];
    uint64_t exits_by_source[IRQ_SOURCES_MAX];
    uint64_t injections;   /* VM entries that inject an external interrupt */
    uint64_t handled;      /* interrupts whose handler a guest has entered, or
                              an OS on bare metal */
    uint64_t nmis, smis;   /* delivered through vector 2; taken */
    uint64_t virtual_nmis; /* VM entries that inject an NMI */
    uint64_t pollution;    /* part of the guest's cycles: refilling caches */
};

/* What an interrupt acknowledge gives. */
struct cpu_ack {
    uint8_t vector;
    bool no_eoi; /* who delivers the interrupt must also finish it */
    irq_id irq;  /* 0: spurious, or nobody's */
};

/* The local APIC as its CPU reaches it; false is #GP(0). */
struct cpu_apic_port {
    void *apic;
    bool (*rdmsr)(void *apic, uint32_t msr, uint64_t *value);
    bool (*wrmsr)(void *apic, uint32_t msr, uint64_t value);
    void (*set_cr8)(void *apic, uint8_t cr8);
    uint8_t (*cr8)(void *apic);
    struct cpu_ack (*acknowledge)(void *apic);
    struct cpu_ack (*inta)(void *apic); /* INTA cycles at the 8259s */
    void (*init)(void *apic);           /* the CPU obeys an INIT */
    /* What the processor itself does: EOI, and a fixed interrupt to a
     * posted-interrupt descriptor's NDST. */
    void (*eoi)(void *apic);
    void (*notify)(void *apic, uint8_t vector, uint32_t ndst);
};

enum cpu_region { REGION_MEMORY, REGION_APIC, REGION_DEVICE };

/* What is behind addresses that are not memory: 32-bit registers, and the I/O
 * ports: bytes. */
struct cpu_bus_port {
    void *bus;
    enum cpu_region (*region)(void *bus, uint64_t addr);
    uint32_t (*read)(void *bus, uint64_t addr);
    void (*write)(void *bus, uint64_t addr, uint32_t value);
    uint8_t (*in)(void *bus, uint16_t port);
    void (*out)(void *bus, uint16_t port, uint8_t value);
};

/* IA32_VMX_MISC bits 4:0 on the processors of the profiles. */
#define PREEMPTION_TIMER_SHIFT 5

struct cpu_node_config {
    struct engine *engine;
    struct irqs *irqs;
    struct posted_irqs *posted;
    struct mem *mem;
    struct clock clock; /* core clock; the TSC counts it */
    struct cpu_costs costs;
    sim_time device_read;            /* round trip of a device register read */
    sim_time port_access;            /* round trip of IN and OUT */
    sim_time inta;                   /* round trip of the INTA cycles */
    unsigned preemption_timer_shift; /* IA32_VMX_MISC bits 4:0 */
    struct vmx_features vmx;
    bool user_interrupts; /* the processor has them */
    uint16_t user_source; /* of those that it sends */
    bool uiret_uif;       /* its UIRET can leave UIF = 0 */
    const struct op *text;
    struct cpu_apic_port apic;
    struct cpu_bus_port bus;
};

enum cpu_step {
    STEP_WAIT, /* nothing to do until an event is recognized */
    STEP_WAKE,
    STEP_WORK,
    STEP_OP,
    STEP_INTA,      /* a delivery follows */
    STEP_INTA_EXIT, /* an exit follows */
    STEP_DELIVERY,
    STEP_POSTED,      /* posted-interrupt processing */
    STEP_GUEST_TIMER, /* a guest-timer event */
    STEP_USER_DELIVERY,
    STEP_EXIT,
    STEP_ENTRY,
    STEP_SMI,
    STEP_INIT,
};

struct cpu_node {
    struct cpu cpu;
    struct cpu_node_config config;
    struct event step_event;
    struct event timer_event;       /* the VMX-preemption timer runs out */
    struct event guest_timer_event; /* the guest's deadline is reached */
    struct cpu_account account;
    uint64_t op_cost[OP_COUNT]; /* cycles, of ops whose cost is fixed */
    enum cpu_step step;
    enum cpu_share share; /* of the step */
    sim_time start;       /* of the step */
    sim_time settled;     /* every cycle before it is accounted for */
    bool in_step;         /* the node itself is executing */
    bool awake;           /* woken from HLT, the event is still to be taken */
    bool root_is_host;    /* root operation is a hypervisor, not a workload */
    bool attributed;      /* the current exit has its source */
    unsigned exit_reason; /* of the last exit, or NO_EXIT_YET */
    uint64_t stall;       /* cycles of this WORK step that are pollution */
    uint64_t pollution;   /* cycles of guest work still to be lost */
    struct cpu_exit exit; /* STEP_EXIT */
    struct cpu_vectored vectored;  /* STEP_DELIVERY */
    irq_id vectored_irq;           /* acknowledged, no handler entered yet */
    bool vectored_no_eoi;          /* it ends when its handler is entered */
    irq_id delivered_irq;          /* of the handler entered last */
    irq_id uirr_irq[USER_VECTORS]; /* user interrupts in UIRR */
};

/* What the software's own code sees and changes in a CALL. */
struct cpu_env {
    struct cpu_node *node;
    struct cpu *cpu; /* setting rip jumps */
    struct mem *mem;
    struct irqs *irqs;
    sim_time now;
};

/* It waits for a SIPI. */
void cpu_node_init(struct cpu_node *n, const struct cpu_node_config *c);

/* Starts executing at the next edge of the core clock. */
void cpu_node_start(struct cpu_node *n, uint64_t rip, uint64_t rsp);

/* The local APIC's INTR line has changed. */
void cpu_node_intr(struct cpu_node *n, bool high);

/* MSG_LINE: one of the lines from the local APIC, enum core_line. */
void cpu_node_receive(struct cpu_node *n, const struct msg *m);

/* Events may have changed: a CPU that waits or works looks at them at the next
 * edge, others do at the next instruction boundary. */
void cpu_node_look(struct cpu_node *n);

/* The interrupt that the current exit is about; the first call counts. */
void cpu_node_attribute_exit(struct cpu_node *n, irq_id irq);

/* Accounts for everything up to `now`, an edge of the core clock. */
void cpu_node_settle(struct cpu_node *n, sim_time now);

/* Interrupts that are acknowledged and not yet handed to a handler. */
void cpu_node_each_held(const struct cpu_node *n,
                        void (*each)(void *ctx, irq_id id), void *ctx);

#endif
