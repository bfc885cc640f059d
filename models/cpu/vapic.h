/*
 * APIC virtualization: what the processor does itself of the guest's local
 * APIC, over the VMCS and the virtual-APIC page in memory.
 *
 * Modelled: TPR shadow and threshold, the APIC-access page, x2APIC mode,
 * APIC-register virtualization, virtual-interrupt delivery, self-IPI and EOI
 * virtualization, posted-interrupt processing, IPI virtualization, the
 * guest's TSC deadline.  The
 * processor trusts RVI and SVI: it derives them from the page only where the
 * manual says so.  Left out: accesses to the page with another size than 1, 2,
 * 4 or 8 bytes.
 *
 * SDM vol. 3, chapter "APIC Virtualization and Virtual Interrupts".
 */
#ifndef MODELS_CPU_VAPIC_H
#define MODELS_CPU_VAPIC_H

#include "models/cpu/cpu.h"
#include "sim/core/bits.h"
#include "sim/core/pid.h"

enum vapic_offset {
#define VAPIC_REG(name, first, last, reads, writes, title) VAPIC_##name = first,
#include "models/cpu/vapic_regs.def"
#undef VAPIC_REG
    VAPIC_PPR = 0x0a0,
    VAPIC_SELF_IPI = 0x3f0,
};

#define VAPIC_MSR_FIRST 0x800u
#define VAPIC_MSR_LAST 0x8ffu

/* Exit qualification bits 15:12 of an APIC-access exit. */
enum vapic_access_type {
    VAPIC_READ = 0,
    VAPIC_WRITE = 1,
    VAPIC_FETCH = 2,
    VAPIC_EVENT_DELIVERY = 3,
    VAPIC_MONITORING = 4,
    VAPIC_PHYSICAL_EVENT_DELIVERY = 10,
    VAPIC_PHYSICAL_MONITORING = 11,
    VAPIC_PHYSICAL = 15, /* for a fetch or for execution: page walks */
};

/* The 256 bits of an array of the page, which begins at the address `at` of
 * memory: eight registers. */
struct vecset vapic_vectors(struct mem *m, uint64_t at);

/* The highest vector of the array, or 0, which also means none. */
uint8_t vapic_top(struct mem *m, uint64_t at);

/* One access of an operation to the APIC-access page. */
struct vapic_access {
    uint16_t offset; /* of its first byte in the page */
    uint8_t bytes;
    uint8_t type; /* enum vapic_access_type */
    uint32_t value;
};

/* What happened to an interrupt because of one call. */
enum vapic_event {
    VAPIC_NOTHING,
    VAPIC_ENDED,     /* EOI virtualization: `vector` left the VISR */
    VAPIC_REQUESTED, /* self-IPI: VIRR[vector] is set */
    VAPIC_POSTED,    /* IPI virtualization: PIR[vector] of `descriptor` is */
};

/* What one call makes the world outside see. */
struct vapic_out {
    bool gp;    /* #GP(0); nothing was changed */
    bool exits; /* `exit` follows; trap-like: RIP is behind the operation */
    struct cpu_exit exit;
    uint8_t event; /* enum vapic_event */
    uint8_t vector;
    bool merged; /* its bit was set already */
    uint64_t descriptor;
    /* A notification to send through the physical APIC. */
    struct pid_posted posted;
};

/* ---- VM entries and exits ---- */

/* Guest state has been loaded: loads RVI and SVI, and evaluates. */
void vapic_enter(struct cpu *c, struct mem *m);

/* A VM exit: saves RVI and SVI; what is left of APIC-write emulation is lost.
 */
void vapic_leave(struct cpu *c);

/* ---- virtual interrupts ---- */

/* Virtual-interrupt delivery up to the guest's IDT: the vector to deliver. */
uint8_t vapic_deliver(struct cpu *c, struct mem *m);

/* The vector that vapic_deliver() gave notifies of user interrupts: it is not
 * in service, and ends without an EOI exit.  What else is in VIRR waits for an
 * evaluation by something else. */
void vapic_end_notification(struct cpu *c, struct mem *m);

/* The notification of a SENDUIPI, where the TPR shadow is in use: as a write
 * of the interrupt command. */
bool vapic_has_senduipi(const struct cpu *c);
struct vapic_out vapic_senduipi(struct cpu *c, struct mem *m, uint8_t vector,
                                uint32_t ndst);

/* What posted-interrupt processing has found in PIR; `merged` are those of
 * them that were in VIRR already. */
struct vapic_taken {
    struct vecset vectors, merged;
};

/*
 * Posted-interrupt processing, access by access: other agents can post between
 * any two of them.  ON is cleared; each group of 64 vectors is moved from PIR
 * to VIRR; at the end RVI follows, and pending virtual interrupts are
 * evaluated.
 */
#define VAPIC_PIR_GROUPS 4u
void vapic_clear_on(const struct cpu *c, struct mem *m);
void vapic_take_pir(const struct cpu *c, struct mem *m, unsigned group,
                    struct vapic_taken *taken);
void vapic_end_posted(struct cpu *c, struct mem *m,
                      const struct vapic_taken *taken);

/* All of it after the clearing of ON. */
struct vapic_taken vapic_take_posted(struct cpu *c, struct mem *m);

/* Does the acknowledged vector notify of posted interrupts? */
bool vapic_notifies(const struct cpu *c, uint8_t vector);

/* ---- the guest's accesses ---- */

/* Does the page at this physical address belong to the guest's APIC? */
static inline bool vapic_claims(const struct cpu *c, uint64_t addr)
{
    return cpu_secondary(c, SECONDARY_VIRTUALIZE_APIC_ACCESSES) &&
           (addr & ~(uint64_t)(MEM_PAGE_BYTES - 1)) ==
               vmcs_get(c->vmcs, VMCS_APIC_ACCESS_ADDRESS);
}

/* Is the access served by the virtual-APIC page?  If not, it exits. */
bool vapic_virtualizes(const struct cpu *c, const struct vapic_access *a);
struct cpu_exit vapic_access_exit(const struct vapic_access *a);

/* An access that is virtualized.  A write has its effect in
 * vapic_complete(). */
uint32_t vapic_read(struct cpu *c, struct mem *m, const struct vapic_access *a);
void vapic_write(struct cpu *c, struct mem *m, const struct vapic_access *a);

/* The operation has been completed: APIC-write emulation, if it wrote. */
struct vapic_out vapic_complete(struct cpu *c, struct mem *m);

/* MOV to and from CR8, if the TPR shadow serves them. */
bool vapic_has_cr8(const struct cpu *c);
uint8_t vapic_cr8(const struct cpu *c, struct mem *m);
struct vapic_out vapic_set_cr8(struct cpu *c, struct mem *m, uint8_t cr8);

/* RDMSR and WRMSR of 800h to 8FFh that are not intercepted, if the page serves
 * them. */
bool vapic_has_rdmsr(const struct cpu *c, uint32_t msr);
bool vapic_has_wrmsr(const struct cpu *c, uint32_t msr);
uint64_t vapic_rdmsr(const struct cpu *c, struct mem *m, uint32_t msr);
struct vapic_out vapic_wrmsr(struct cpu *c, struct mem *m, uint32_t msr,
                             uint64_t value);

/* ---- the guest's timer ---- */

/* IA32_TSC_DEADLINE, whose accesses APIC-timer virtualization serves by
 * vapic_rdmsr() and vapic_wrmsr(). */
#define VAPIC_MSR_TSC_DEADLINE 0x6e0u

bool vapic_has_timer(const struct cpu *c);

/* The guest sets its deadline, in its own TSC; 0 disarms.  When the physical
 * TSC has reached VMCS_GUEST_DEADLINE, cpu.vapic.timer_due is to be set. */
void vapic_set_deadline(struct cpu *c, uint64_t deadline);

/* The guest-timer event: requests the virtual timer vector. */
struct vapic_out vapic_timer_event(struct cpu *c, struct mem *m);

#endif
