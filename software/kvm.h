/*
 * A virtual CPU of a KVM-like hypervisor, without hardware help for the guest's
 * APIC, and ELI on top of it as a switch.
 *
 * Physical interrupts go to the host: the exit (or the host's own IDT, when
 * it runs) calls the host's handler, which writes the physical EOI and queues
 * the device's interrupt; queued interrupts are routed to the software APIC
 * before the next VM entry, which injects the highest eligible one or asks
 * for an interrupt window.  The guest's APIC accesses exit: by MSR bitmap in
 * x2APIC mode, by an unmapped page (EPT violation) in xAPIC mode.
 *
 * An assigned device with INTx holds its line until the guest's driver clears
 * its cause, so the host's handler masks the I/O APIC's entry before it writes
 * the EOI, and the guest's EOI unmasks it.  For the guest the interrupt is an
 * edge.
 *
 * ELI (Gordon et al., "ELI: Bare-Metal Performance for I/O Virtualization",
 * ASPLOS 2012): in guest mode the CPU vectors through a shadow IDT in which
 * only the assigned device's gates are present; every other interrupt is a
 * #NP exit.  To inject, the host changes to injection mode until that EOI.
 *
 * The software APIC is the model of models/lapic, used as a rule book.
 */
#ifndef SOFTWARE_KVM_H
#define SOFTWARE_KVM_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cpu/cpu_node.h"
#include "models/lapic/lapic.h"
#include "software/kvm_costs.h"
#include "software/kvm_features.h"
#include "software/kvm_host.h"
#include "software/text.h"
#include "software/vtd.h"

#define KVM_IRQS_MAX 64
#define KVM_IOAPICS 2
#define KVM_NMIS 2 /* of the guest that can wait: one runs, one follows */

/* An assigned device's interrupt: what the device sends, what the guest gets.
 */
struct kvm_irq {
    uint8_t host_vector, guest_vector;
    /* With INTx: IOREGSEL of the redirection table entry, and its low half
     * while it is open.  0: messages. */
    uint8_t rte_select;
    uint8_t ioapic; /* which unit */
    uint32_t rte_low;
    bool nmi; /* the guest gets an NMI instead */
    /* The host's tick switches its table entry between posted format, as it
     * begins, and remapped; NULL: it stays. */
    struct vtd_move *move;
    struct vtd_map
        *map; /* the guest asks for it by hypercall; NULL: it has it */
};

struct kvm_poll {
    sim_time window; /* of the next halt */
    sim_time since;  /* of this halt */
    bool looks;      /* the CPU is polling */
    bool asleep;     /* or has given up */
    bool off;        /* the guest wants none */
    struct kvm_poll_counts {
        uint64_t halts, polls, successes;
        sim_time polled;
    } counts;
};

struct kvm_config {
    struct kvm_host *host;
    uint32_t cpu;  /* of the host, where it is first, and its devices send */
    uint64_t cpus; /* those that it may run on */
    /* Of its virtual machine; the host numbers them one after the other. */
    uint32_t apic_id, first_vcpu, vcpus;
    bool x2apic; /* host and guest alike */
    bool acknowledge_on_exit;
    bool virtual_nmis; /* the processor has them */
    struct kvm_apicv apicv;
    bool eli, eli_exitless_eoi;
    uint64_t eli_timer; /* VMX-preemption timer value in guest mode; 0: off */
    enum kvm_guest_timer guest_timer;
    enum kvm_mistake mistake;
    struct kvm_poll_config poll;
    bool pv_eoi;
    unsigned preemption_timer_shift; /* it counts the TSC shifted by it */
    struct kvm_costs costs;
    struct clock timer_clock, core_clock;
    uint64_t memory;              /* base of 64 KiB of its own */
    uint64_t pid_pointers;        /* of its virtual machine */
    uint64_t ioapic[KVM_IOAPICS]; /* bases of the I/O APICs' registers */
    uint64_t ioapic_lock;         /* where the lock of all CPUs for them is */
    bool looks_early; /* a mistake: the last look before the entries change */
    uint16_t timer_source, ipi_source; /* of the guest's virtual interrupts */
    uint32_t irq_count;
    struct kvm_irq irq[KVM_IRQS_MAX];
    uint64_t guest_boot, guest_stack;
};

enum kvm_label {
    KVM_REENTER,     /* interrupts on: route what is queued, then enter */
    KVM_AGAIN,       /* the same, with interrupts still off */
    KVM_SCHEDULE_IN, /* its VMCS becomes the CPU's, then the same */
    KVM_INJECT,      /* enter with an event */
    KVM_WINDOW,      /* enter and ask for an interrupt window */
    KVM_ENTER,       /* enter */
    KVM_LAUNCH,      /* the first entry */
    KVM_BLOCK,       /* another virtual CPU, or halt until an interrupt */
    KVM_POLL,        /* look again whether it has an interrupt */
    KVM_SLEEP,       /* polling has not helped */
    KVM_AWAKE,       /* it has an interrupt, and has not slept */
    KVM_WAKE,        /* the blocked virtual CPU has an interrupt */
    KVM_SWITCH,      /* to another virtual CPU */
    KVM_ON_INTR,     /* exit handlers, by what happened */
    KVM_ON_WINDOW,
    KVM_ON_NMI_WINDOW,
    KVM_ON_HLT,
    KVM_ON_MSR,
    KVM_ON_CR8,
    KVM_ON_EPT,
    KVM_ON_TIMER,
    KVM_ON_TPR,
    KVM_ON_APIC_ACCESS,
    KVM_ON_APIC_WRITE,
    KVM_ON_EOI,
    KVM_ON_EXCEPTION,
    KVM_ON_NMI, /* the host's, whoever runs */
    KVM_ON_OTHER,
    KVM_ELI_VECTORED, /* #NP while an unassigned interrupt was delivered */
    KVM_ELI_EOI,      /* an EOI of the guest, passed to the physical APIC */
    KVM_ELI_ANY_EXIT, /* the unconditional EOI, then the exit's handler */
    KVM_LABELS
};

enum kvm_state {
    KVM_RUNNABLE, /* waits for a CPU */
    KVM_RUNNING,  /* on its CPU, in the guest or in the host */
    KVM_BLOCKED,  /* its guest halts */
};

/* What others look at before they interrupt the CPU where it runs. */
enum kvm_mode {
    KVM_OUTSIDE_GUEST, /* it looks for what was sent before it enters */
    KVM_IN_GUEST,      /* from that look to the exit */
    KVM_EXITING_GUEST, /* the same, and somebody has sent a kick */
};

/* A virtual CPU after an INIT is blocked until it starts. */
enum kvm_start {
    KVM_STARTED,
    KVM_WAITS_FOR_SIPI,
    KVM_STARTS,    /* with the next VM entry */
    KVM_SHUT_DOWN, /* nothing stood where it was to start */
};

/* An event to inject that is not the software APIC's. */
struct kvm_event {
    uint32_t info; /* VM-entry interruption information; 0: none */
    uint32_t error_code, instruction_length;
    irq_id irq;
};

struct kvm {
    struct kvm_config config;
    struct vmcs vmcs;
    uint64_t gpr[GPR_COUNT]; /* the guest's, while the host runs */
    struct lapic vlapic;
    enum kvm_state state;
    enum kvm_mode mode;
    bool woken;     /* since it looked last; its CPU is still its own */
    uint32_t index; /* among the host's */
    uint32_t cpu;   /* of the host: where it is, or was last */
    sim_time since; /* waiting for a CPU */
    uint64_t label[KVM_LABELS];
    uint64_t shadow_idt, msr_bitmap;

    uint64_t queued; /* bit i: irq[i] waits for routing */
    irq_id queued_irq[KVM_IRQS_MAX];
    struct vecset inbox; /* what others have sent it without posting */
    irq_id inbox_irq[256];
    struct kvm_event again; /* to be injected before anything else */
    unsigned nmis_waiting;  /* the guest's */
    irq_id nmi_irq[KVM_NMIS];
    bool init_pending, sipi_pending;
    uint8_t sipi_vector;
    enum kvm_start start;
    bool blocked;     /* the guest executed HLT, or waits for a SIPI */
    bool switch_due;  /* the host's tick wants its entries switched */
    bool posting_off; /* no entry posts: the descriptor is not looked at */
    struct kvm_poll poll;
    uint64_t pv_eoi_msr;
    bool pv_eoi_offered; /* the guest may skip its next EOI */
    bool timer_on_host;  /* the host's timer watches the guest's deadline */

    bool eli_on;         /* the guest asked for it */
    bool injection_mode; /* else the CPU uses the shadow IDT */
    bool one_entry;      /* injection mode ends with the next exit */
    struct cpu_idtr guest_idt;

    uint64_t unexpected; /* exits that nothing here should cause */
};

/* Assembles its text, fills its VMCS, and gives its devices handlers on its
 * CPU, which was built before.  It becomes the host's next virtual CPU. */
void kvm_build(struct kvm *k, const struct kvm_config *c, struct text *t,
               struct mem *m);

/* Where its posted-interrupt descriptor is, and whether anybody posts to it:
 * IPI virtualization does also where this processor does not process it. */
uint64_t kvm_descriptor(const struct kvm_config *c);
bool kvm_is_posted_to(const struct kvm_config *c);

/* Interrupts in the hypervisor's hands. */
void kvm_each_held(const struct kvm *k, void (*each)(void *ctx, irq_id id),
                   void *ctx);

#endif
