/* The features of kvm_features.def as a struct; a scenario fills it. */
#ifndef SOFTWARE_KVM_FEATURES_H
#define SOFTWARE_KVM_FEATURES_H

#include <stdbool.h>

struct kvm_apicv {
#define KVM_APICV(name, capability, sentence) bool name;
#include "software/kvm_features.def"
#undef KVM_APICV
};

#endif
