/* The features of kvm_features.def as a struct, and others that scenarios have;
 * a scenario fills them. */
#ifndef SOFTWARE_KVM_FEATURES_H
#define SOFTWARE_KVM_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/sim_time.h"

/* Who watches the deadline of the guest's timer while the guest runs. */
enum kvm_guest_timer {
    KVM_TIMER_HOST,
    KVM_TIMER_PREEMPTION,
    KVM_TIMER_VIRTUALIZED,
};

/* The guest's MSR that allows halt polling, and its only bit. */
#define MSR_KVM_POLL_CONTROL 0x4b564d05u
#define KVM_POLL_ON 1u

/* Halt polling: the longest window, 0: none; the first one; by which factor it
 * grows and shrinks, with 0 not at all, or to nothing. */
struct kvm_poll_config {
    sim_time most, grow_start;
    uint32_t grow, shrink;
};

/* What the hypervisor does wrong, so that interrupts can be lost. */
enum kvm_mistake {
    KVM_NO_MISTAKE,
    KVM_OPEN_BEFORE_ENTRY,  /* IF = 1 from the last look to the VM entry */
    KVM_NV_NOT_SWITCHED,    /* to the wakeup vector */
    KVM_BLOCK_WITHOUT_LOOK, /* at ON */
    KVM_PIR_NOT_RESCANNED,  /* when SN is cleared */
    KVM_EOI_NOT_EXITING,    /* of a line */
};

struct kvm_apicv {
#define KVM_APICV(name, capability, sentence) bool name;
#include "software/kvm_features.def"
#undef KVM_APICV
};

#endif
