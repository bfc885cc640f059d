/* The features of kvm_features.def as a struct, and others that scenarios have;
 * a scenario fills them. */
#ifndef SOFTWARE_KVM_FEATURES_H
#define SOFTWARE_KVM_FEATURES_H

#include <stdbool.h>

/* Who watches the deadline of the guest's timer while the guest runs. */
enum kvm_guest_timer {
    KVM_TIMER_HOST,
    KVM_TIMER_PREEMPTION,
    KVM_TIMER_VIRTUALIZED,
};

struct kvm_apicv {
#define KVM_APICV(name, capability, sentence) bool name;
#include "software/kvm_features.def"
#undef KVM_APICV
};

#endif
