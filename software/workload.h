/*
 * The workload: an operating system with one program, the same code in a
 * guest and on bare metal.
 *
 * At boot it sets up its IDT, local APIC and timer, then runs the
 * program, one of its own or a user thread (user_thread.h).  A device
 * interrupt's handler acknowledges first (EOI), does its
 * fixed work with interrupts off, then the work per completed message and the
 * softirq work with interrupts on, as Linux does for edge interrupts with
 * NAPI.  That of a line asks each of its devices for its causes, clears them,
 * reads them back so that the line has fallen (unless it is eager), does the
 * device's work, and acknowledges last, as Linux does for level interrupts, at
 * the local APIC or, if the line comes through the 8259s, at these.  An
 * interrupt that comes meanwhile leaves its softirq work to the one that it
 * interrupted, so that handlers never nest deeper.  The driver's set-up of the
 * device happens before the run, by the machine's builder, and takes no time.
 */
#ifndef SOFTWARE_WORKLOAD_H
#define SOFTWARE_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cpu/cpu_node.h"
#include "software/hpet_code.h"
#include "software/pic_code.h"
#include "software/text.h"
#include "software/throttle.h"
#include "software/user_thread.h"
#include "software/vtd.h"
#include "software/vtd_launch.h"

#define WORKLOAD_VECTORS_MAX 64
#define WORKLOAD_DEVICES_MAX 16

enum workload_kind {
    WORKLOAD_STREAM,
    WORKLOAD_SPIN,
    WORKLOAD_IDLE,
    WORKLOAD_IPI,      /* each virtual CPU sends to the next one */
    WORKLOAD_IPI_WAKE, /* the first one sends to the others, which halt */
    WORKLOAD_USER_THREAD,
};

/* How the APIC timer is used: one that is not periodic is set again by its
 * handler. */
enum workload_timer {
    WORKLOAD_TIMER_PERIODIC,
    WORKLOAD_TIMER_ONE_SHOT,
    WORKLOAD_TIMER_TSC_DEADLINE,
};

/* One interrupt vector of a device, as the driver sees it. */
struct workload_irq {
    uint8_t vector;
    uint8_t device; /* the workload's own number of it */
    /* With INTx: where the device says what holds its line, and is told that
     * it was taken care of; the devices of a line have the same vector.
     * 0: a message. */
    uint64_t cause;
    bool pic;      /* the line goes through the 8259s */
    bool nmi, smi; /* the message has no vector; an SMI is the firmware's */
    /* Where the device is told that these causes were served, at the end of
     * its work; 0: it need not know. */
    uint64_t served;
    uint32_t causes;
    /* The throttle register that adapts to what comes, and what is in it. */
    uint64_t throttle;
    struct throttle_rule rule; /* most 0: nobody writes it */
    uint32_t interval_us;
    bool acknowledges; /* received are acknowledgements of what was produced */
    /* Where the device counts messages; 0: this vector does not tell that. */
    uint64_t sent, received;
    /* The MSI-X table entry that the guest programs at boot with what its
     * hypervisor gives it for the message; 0: it was programmed before. */
    uint64_t mapped_at;
    /* The timer's handler moves it between CPUs, this being one of their
     * places; NULL: it stays. */
    struct vtd_move *move;
    uint32_t place; /* 0: that of the CPU that moves it */
};

struct workload_config {
    enum workload_kind kind;
    bool x2apic, bsp;
    uint32_t vcpu, vcpus; /* its own ID, and how many there are */
    bool pv_eoi;          /* the host offers it */
    bool enables_eli;     /* the guest's helper asks for ELI by VMCALL */
    uint64_t message_work, critical_work;
    uint32_t messages_per_doorbell, window;
    uint64_t handler, completion, softirq, timer_work; /* cycles */
    enum workload_timer timer_mode;
    uint64_t timer_count;  /* initial count of the APIC timer; 0: no timer */
    uint64_t timer_period; /* the same in cycles of the TSC */
    struct hpet_code hpet; /* the timer in its place */
    uint64_t memory;       /* base of 64 KiB of its own */
    uint64_t doorbell;     /* address of the NIC's TXDOORBELL; 0: none */
    uint8_t pic_base;      /* of the 8259s' 16 vectors; 0: there are none */
    bool pic_on_lint0;     /* their INT comes through the local APIC's LINT0 */
    enum pic_code_eoi pic_eoi;
    bool eager_eoi; /* of a line: without waiting until it has fallen */
    struct user_thread_config thread;
    struct vtd_launch *launch; /* by the timer's handler; NULL: none */
    uint32_t irq_count;
    struct workload_irq irq[WORKLOAD_VECTORS_MAX];
};

struct workload {
    struct workload_config config;
    uint64_t boot; /* RIP of its first op */
    uint64_t idt, stack;
    uint64_t produced, acknowledged; /* messages */
    uint32_t unannounced;            /* produced since the last doorbell */
    /* counts already handled, by device */
    uint64_t seen_sent[WORKLOAD_DEVICES_MAX];
    uint64_t seen_received[WORKLOAD_DEVICES_MAX];
    uint64_t told[WORKLOAD_VECTORS_MAX]; /* packets of the last interrupt */
    bool in_softirq;
    uint64_t softirq_left; /* cycles of softirq work still to be done */
    uint64_t deadline;     /* the timer's next; 0: none was set yet */
    uint64_t faults;       /* exceptions taken: none expected */
    uint64_t nmis;         /* runs of the NMI's handler */
    uint64_t spurious;     /* interrupts of the 8259s that were none */
    struct user_thread thread;
};

#define WORKLOAD_TIMER_VECTOR 0xef
#define WORKLOAD_IPI_VECTOR 0xee

/* Assembles the workload's text and fills its IDT; returns nothing to fail. */
void workload_build(struct workload *w, const struct workload_config *c,
                    struct text *t, struct mem *m);

/* A handler for an interrupt that another CPU's workload moves here; nothing
 * happens if there is no room for one more. */
void workload_take_over(struct workload *w, const struct workload_irq *irq,
                        struct text *t, struct mem *m);

#endif
