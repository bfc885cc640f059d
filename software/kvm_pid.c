/*
 * The posted-interrupt descriptor of a virtual CPU, kept with its state, so
 * that devices and processors that post to it tell the right CPU, or nobody:
 *
 *   running   the notification vector, to its CPU
 *   runnable  notifications are suppressed; what is posted is found in PIR
 *   blocked   the wakeup vector, to the CPU where it was last
 *
 * The two vectors differ because a virtual CPU that runs there would take the
 * notification for its own.
 */
#include "sim/core/pid.h"
#include "software/kvm_private.h"

static uint64_t control(const struct kvm *k, uint8_t vector)
{
    return (uint64_t)vector << PID_NV_SHIFT |
           (uint64_t)kvm_cpu_of(k)->config.ndst << PID_NDST_SHIFT;
}

/* Everything but ON is replaced; returns what was there. */
static uint64_t replace(const struct kvm *k, struct mem *m, uint64_t with)
{
    uint64_t at = kvm_descriptor(&k->config) + PID_CONTROL;
    uint64_t old = mem_read64(m, at);

    while (!mem_compare_exchange64(m, at, &old, with | (old & PID_ON)))
        ;
    return old;
}

static bool pir_is_empty(const struct kvm *k, struct mem *m)
{
    uint64_t pir = 0;

    for (unsigned i = 0; i < 4; i++)
        pir |= mem_read64(m, kvm_descriptor(&k->config) + PID_PIR + 8 * i);
    return !pir;
}

/* What came while SN was set has not set ON, which the next entry looks at. */
void kvm_pid_run(const struct kvm *k, struct mem *m)
{
    if (!kvm_is_posted_to(&k->config))
        return;
    replace(k, m, control(k, KVM_NOTIFICATION_VECTOR));
    if (k->config.mistake == KVM_PIR_NOT_RESCANNED)
        return;
    if (!pir_is_empty(k, m))
        mem_fetch_or64(m, kvm_descriptor(&k->config) + PID_CONTROL, PID_ON);
}

void kvm_pid_wait(const struct kvm *k, struct mem *m)
{
    if (kvm_is_posted_to(&k->config))
        replace(k, m, control(k, KVM_NOTIFICATION_VECTOR) | PID_SN);
}

bool kvm_pid_block(const struct kvm *k, struct mem *m)
{
    enum kvm_mistake mistake = k->config.mistake;
    uint8_t nv = mistake == KVM_NV_NOT_SWITCHED ? KVM_NOTIFICATION_VECTOR
                                                : KVM_WAKEUP_VECTOR;

    if (!kvm_is_posted_to(&k->config))
        return false;
    return (replace(k, m, control(k, nv)) & PID_ON) &&
           mistake != KVM_BLOCK_WITHOUT_LOOK;
}

bool kvm_pid_is_on(const struct kvm *k, struct mem *m)
{
    return kvm_is_posted_to(&k->config) &&
           (mem_read64(m, kvm_descriptor(&k->config) + PID_CONTROL) & PID_ON);
}
