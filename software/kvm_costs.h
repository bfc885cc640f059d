/* The costs of kvm_costs.def as a struct; a profile fills it. */
#ifndef SOFTWARE_KVM_COSTS_H
#define SOFTWARE_KVM_COSTS_H

#include <stdint.h>

struct kvm_costs {
#define COST(name, unit, sentence) uint64_t name;
#include "software/kvm_costs.def"
#undef COST
};

#endif
