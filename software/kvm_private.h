/* Shared by the files of the KVM-like hypervisor only. */
#ifndef SOFTWARE_KVM_PRIVATE_H
#define SOFTWARE_KVM_PRIVATE_H

#include "software/kvm.h"
#include "software/kvm_sched.h"

static inline void kvm_jump(const struct kvm *k, struct cpu_env *env,
                            enum kvm_label to)
{
    env->cpu->rip = k->label[to];
}

static inline void kvm_set_control(struct kvm *k, enum vmcs_field f,
                                   uint32_t bit, bool on)
{
    uint64_t value = vmcs_get(&k->vmcs, f) & ~(uint64_t)bit;

    vmcs_set(&k->vmcs, f, value | (on ? bit : 0));
}

/* An MSR's bit of the bitmap for reads, or for writes with this on top. */
#define KVM_MSR_WRITES (0x800u * 8)
void kvm_intercept_msr(const struct kvm *k, struct mem *m, uint32_t at,
                       bool exits);

/* Each of these is the code behind a CALL of kvm_text.c. */
cpu_call_fn kvm_call_exit;          /* save registers, go to the handler */
cpu_call_fn kvm_call_dispatch;      /* go to the handler */
cpu_call_fn kvm_call_queued;        /* RAX = is anything queued? */
cpu_call_fn kvm_call_route;         /* queued interrupt to the software APIC */
cpu_call_fn kvm_call_prepare_entry; /* choose what to inject; jumps */
cpu_call_fn kvm_call_load;          /* restore registers; jumps at launch */
cpu_call_fn kvm_call_failed;        /* a VM entry failed: our mistake */
cpu_call_fn kvm_call_halted;        /* the guest executed HLT */
cpu_call_fn kvm_call_skip;          /* the guest's op is done */
/* Emulate an access: RAX = more cycles; RBX = the host timer's new count, or 0;
 * RCX = IOREGSEL of the line to unmask if it is one of the first I/O APIC, or
 * 0, RSI = the same of the second, RDX = what to write to IOWIN. */
cpu_call_fn kvm_call_msr;
cpu_call_fn kvm_call_cr8; /* likewise */
cpu_call_fn kvm_call_ept;
cpu_call_fn kvm_call_apic_access;
cpu_call_fn kvm_call_apic_write;
cpu_call_fn kvm_call_eoi_induced;
cpu_call_fn kvm_call_other;
cpu_call_fn kvm_call_exception;

cpu_call_fn kvm_call_host_device; /* arg: index of the interrupt */

/* The CPU of the host that runs the virtual CPU's code. */
static inline struct kvm_cpu *kvm_cpu_of(const struct kvm *k)
{
    return &k->config.host->cpu[k->cpu];
}

/* A physical interrupt is in the hands of the CPU's handler. */
irq_id kvm_cpu_take(struct kvm_cpu *c, struct cpu_env *env);

/* What a CPU tells others: code that sends it, of the CPU's own or of a virtual
 * CPU's; one by one, as the ICR in x2APIC mode has it, or false. */
void kvm_cpu_build_ipis(struct kvm_cpu *c, struct text *t);
void kvm_build_ipis(struct kvm *k, struct text *t);
bool kvm_cpu_next_ipi(struct kvm_cpu *c, uint64_t *icr);

/* The initial count for the CPU's timer: the next tick or guest timer. */
uint64_t kvm_cpu_timer_count(const struct kvm_cpu *c, sim_time now);

/* An interrupt for a virtual CPU that is not the sender itself. */
struct kvm_sending {
    struct kvm_cpu *from;
    uint8_t mode; /* enum delivery_mode: fixed, NMI, INIT or SIPI */
    uint8_t vector;
    irq_id irq;
};
void kvm_send(struct kvm *k, struct cpu_env *env, const struct kvm_sending *s);

/* Likewise, of its device's irq[i]. */
void kvm_send_device(struct kvm *k, struct cpu_env *env, uint32_t i,
                     const struct kvm_sending *s);

/* Interrupts for it that wait where no processor sees them have come to a hop.
 */
void kvm_each_waiting(const struct kvm *k, struct cpu_env *env, enum hop hop);

/* Its posted-interrupt descriptor, if it has one: it runs, waits for a CPU, or
 * blocks, which returns whether something is posted already. */
void kvm_pid_run(const struct kvm *k, struct mem *m);
void kvm_pid_wait(const struct kvm *k, struct mem *m);
bool kvm_pid_block(const struct kvm *k, struct mem *m);
bool kvm_pid_is_on(const struct kvm *k, struct mem *m);

/* What others have sent is taken over by the software APIC. */
void kvm_inbox_sync(struct kvm *k, struct cpu_env *env);

/* INIT and SIPI: one more; before a VM entry those that are pending act. */
void kvm_start_accept(struct kvm *k, struct cpu_env *env,
                      const struct kvm_sending *s);
void kvm_start_take(struct kvm *k, struct cpu_env *env);

/* The software APIC. */
void kvm_vlapic_init(struct kvm *k, struct cpu_env *env); /* by INIT */
void kvm_vlapic_accept(struct kvm *k, struct cpu_env *env, uint8_t vector,
                       irq_id irq);
bool kvm_vlapic_eligible(const struct kvm *k);
/* The interrupt that would be injected next, or 0. */
irq_id kvm_vlapic_next_irq(const struct kvm *k);
uint8_t kvm_vlapic_take(struct kvm *k, irq_id *irq);
irq_id kvm_vlapic_expire(struct kvm *k, struct cpu_env *env);
struct lapic_time kvm_vlapic_time(const struct kvm *k, sim_time now);
/* When the guest's timer is due, or SIM_TIME_NEVER. */
sim_time kvm_vlapic_due(const struct kvm *k);

/* An access of the guest that the processor has stored already, or an EOI that
 * it has done; the registers as of kvm_call_msr. */
void kvm_vlapic_write(struct kvm *k, struct cpu_env *env,
                      const struct lapic_mmio *a);
void kvm_vlapic_wrmsr(struct kvm *k, struct cpu_env *env, uint32_t msr,
                      uint64_t value);
/* An EOI that nobody has written. */
void kvm_vlapic_eoi(struct kvm *k, struct cpu_env *env);
void kvm_vlapic_ended(struct kvm *k, struct cpu_env *env, uint8_t vector);

/* The guest's timer: what its host timer has to ring for; the guest has changed
 * it, registers as of kvm_call_msr; code for a guest that blocks, that is to
 * run again, and for the preemption timer's end; around a VM entry. */
sim_time kvm_timer_host_due(const struct kvm *k);
/* Has an access other than to the timer taken it from the processor? */
bool kvm_timer_is_unwatched(const struct kvm *k);
void kvm_timer_changed(struct kvm *k, struct cpu_env *env);
void kvm_timer_build_block(struct kvm *k, struct text *t);
void kvm_timer_build_resume(struct kvm *k, struct text *t);
void kvm_timer_build_expiry(struct kvm *k, struct text *t);
void kvm_timer_store(struct kvm *k, struct mem *m, sim_time now);
void kvm_timer_load(struct kvm *k);

/* Halt polling: the guest halts; nothing has come for it, or something has,
 * and where to go; a halt that an INIT ends; the code. */
void kvm_poll_begin(struct kvm *k, sim_time now);
enum kvm_label kvm_poll_wait(struct kvm *k, sim_time now);
enum kvm_label kvm_poll_end(struct kvm *k, sim_time now);
void kvm_poll_leave(struct kvm *k, sim_time now);

/* The guest's MSR for it; false: #GP(0). */
uint64_t kvm_poll_rdmsr(const struct kvm *k);
bool kvm_poll_wrmsr(struct kvm *k, uint64_t value);
void kvm_poll_build(struct kvm *k, struct text *t);

/* PV EOI: the guest's write of its MSR, false: #GP(0); before an entry, and at
 * an exit, where an EOI that the guest has skipped takes effect; INIT. */
bool kvm_pv_eoi_write_msr(struct kvm *k, uint64_t value);
void kvm_pv_eoi_offer(struct kvm *k, struct mem *m);
void kvm_pv_eoi_take_back(struct kvm *k, struct cpu_env *env);
void kvm_pv_eoi_forget(struct kvm *k);

/* NMIs of the guest: one more; those that an entry finds too many become one;
 * whether one can be injected now, and that one; INIT. */
void kvm_nmi_accept(struct kvm *k, struct cpu_env *env, irq_id irq);
void kvm_nmi_merge(struct kvm *k, struct cpu_env *env);
bool kvm_nmi_injectable(const struct kvm *k);
struct kvm_event kvm_nmi_take(struct kvm *k);
void kvm_nmi_forget(struct kvm *k, struct cpu_env *env);

/* The processor's APIC virtualization: the VMCS before the first entry; what it
 * needs for an entry; what it has changed, after an exit; what was posted. */
void kvm_apicv_build(struct kvm *k, struct mem *m);
void kvm_apicv_store(struct kvm *k, struct mem *m, sim_time now);
void kvm_apicv_load(struct kvm *k, struct mem *m);
void kvm_apicv_sync(struct kvm *k, struct cpu_env *env);

/* Lines.  The line whose guest vector this is, or NULL; code that masks a line,
 * with interrupts off; code that gives the line of RCX or RSI, if one is not
 * 0, the entry of RDX, with interrupts on. */
const struct kvm_irq *kvm_line(const struct kvm *k, uint8_t guest_vector);
void kvm_line_mask(struct kvm *k, struct text *t, const struct kvm_irq *irq);
void kvm_line_unmask(struct kvm *k, struct text *t);

/* Code that switches the entries that can be switched, if the host's tick wants
 * it; with interrupts on, off meanwhile. */
void kvm_switch_build(struct kvm *k, struct text *t);

/* ELI. */
bool kvm_eli_guest_mode(const struct kvm *k);
void kvm_eli_enable(struct kvm *k, struct mem *m);
void kvm_eli_disable(struct kvm *k, struct mem *m);
void kvm_eli_enter_guest_mode(struct kvm *k, struct mem *m);
void kvm_eli_enter_injection_mode(struct kvm *k, struct mem *m);

#endif
