/*
 * What a processor's VMX can do, as it reports it: the capability MSRs, made
 * from the features of a platform profile.
 *
 * SDM vol. 3, appendix "VMX Capability Reporting Facility".  Left out: the
 * fixed bits of CR0 and CR4, EPT and VPID capabilities, VM functions; their
 * MSRs fault.
 */
#ifndef MODELS_CPU_VMX_CAPABILITIES_H
#define MODELS_CPU_VMX_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cpu/vmcs.h"
#include "models/cpu/vmx_features.h"

/* IA32_VMX_BASIC onwards; the numbers are 480h plus these. */
enum vmx_msr {
    VMX_MSR_BASIC = 0x0,
    VMX_MSR_PIN = 0x1,
    VMX_MSR_PRIMARY = 0x2,
    VMX_MSR_EXIT = 0x3,
    VMX_MSR_ENTRY = 0x4,
    VMX_MSR_MISC = 0x5,
    VMX_MSR_VMCS_ENUM = 0xa,
    VMX_MSR_SECONDARY = 0xb,
    VMX_MSR_TRUE_PIN = 0xd,
    VMX_MSR_TRUE_PRIMARY = 0xe,
    VMX_MSR_TRUE_EXIT = 0xf,
    VMX_MSR_TRUE_ENTRY = 0x10,
    VMX_MSR_TERTIARY = 0x12,
    VMX_MSR_SECONDARY_EXIT = 0x13,
    VMX_MSRS
};
#define MSR_VMX_BASIC 0x480u

/* IA32_VMX_BASIC. */
#define VMX_BASIC_TRUE_CONTROLS (UINT64_C(1) << 55)
#define VMX_BASIC_ANY_ERROR_CODE (UINT64_C(1) << 56)
#define VMX_BASIC_NESTED_EXCEPTION (UINT64_C(1) << 58)

/* IA32_VMX_MISC. */
#define VMX_MISC_ACTIVITY(activity) (1u << (5 + (activity))) /* 1..3 */
#define VMX_MISC_ZERO_LENGTH (1u << 30)

#define PHYSICAL_ADDRESS_BITS 46u /* of every profile */

/*
 * The value of each MSR; 0 for those that are left out.  Of controls the low
 * half has the bits that must be 1, the high half those that may be; of
 * tertiary and secondary VM-exit controls all 64 bits say what may be 1.
 */
struct vmx_capabilities {
    uint64_t msr[VMX_MSRS];
    unsigned physical_bits; /* MAXPHYADDR */
};

/* `timer_shift`: the preemption timer counts toggles of that bit of the TSC. */
struct vmx_capabilities vmx_capabilities_of(struct vmx_features f,
                                            unsigned timer_shift);

static inline bool vmx_has(const struct vmx_capabilities *c, enum vmx_msr msr,
                           uint64_t bits)
{
    return (c->msr[msr] & bits) == bits;
}

/* May the 32 control bits have this value? */
bool vmx_control_legal(const struct vmx_capabilities *c, enum vmx_msr msr,
                       uint32_t value);

/* Has this processor's VMCS the field?  "Field Encoding in VMCS" names the
 * control that each comes with. */
bool vmx_has_field(const struct vmx_capabilities *c, enum vmcs_field f);

/* RDMSR; false: there is no such capability MSR. */
bool vmx_rdmsr(const struct vmx_capabilities *c, uint32_t msr, uint64_t *value);

#endif
