/* The features of vmx_features.def as a struct; a profile fills it. */
#ifndef MODELS_CPU_VMX_FEATURES_H
#define MODELS_CPU_VMX_FEATURES_H

#include <stdbool.h>

struct vmx_features {
#define VMX_FEATURE(name, msr, bits, sentence) bool name;
#include "models/cpu/vmx_features.def"
#undef VMX_FEATURE
};

/* All of them. */
static inline struct vmx_features vmx_all_features(void)
{
    return (struct vmx_features){
#define VMX_FEATURE(name, msr, bits, sentence) .name = true,
#include "models/cpu/vmx_features.def"
#undef VMX_FEATURE
    };
}

#endif
