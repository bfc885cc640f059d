/* Walks over the MSR lists; the rules are in vmx_msr_lists.h. */
#include "models/cpu/vmx_msr_lists.h"

#include <stdbool.h>

#define ENTRY_BYTES 16u
#define MSR_X2APIC_FIRST 0x800u
#define MSR_X2APIC_COUNT 0x100u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u

/* First doubleword: the MSR; second: reserved. */
static bool legal(uint64_t word, bool load)
{
    uint32_t msr = (uint32_t)word;

    if (msr - MSR_X2APIC_FIRST < MSR_X2APIC_COUNT || word >> 32)
        return false;
    /* FS and GS come from the guest- and host-state areas */
    return !load || (msr != MSR_FS_BASE && msr != MSR_GS_BASE);
}

/* The number of the first entry that is not legal; 0: all are. */
static uint32_t first_illegal(struct mem *m, uint64_t at, uint64_t count,
                              bool load)
{
    for (uint32_t i = 0; i < count; i++)
        if (!legal(mem_read64(m, at + ENTRY_BYTES * i), load))
            return i + 1;
    return 0;
}

uint32_t vmx_entry_msrs_failure(const struct vmcs *v, struct mem *m)
{
    return first_illegal(m, vmcs_get(v, VMCS_ENTRY_MSR_LOAD_ADDRESS),
                         vmcs_get(v, VMCS_ENTRY_MSR_LOAD_COUNT), true);
}

enum vmx_abort vmx_host_msrs_failure(const struct vmcs *v, struct mem *m)
{
    return first_illegal(m, vmcs_get(v, VMCS_EXIT_MSR_LOAD_ADDRESS),
                         vmcs_get(v, VMCS_EXIT_MSR_LOAD_COUNT), true)
               ? VMX_ABORT_LOAD
               : VMX_ABORT_NONE;
}

enum vmx_abort vmx_exit_msrs_failure(const struct vmcs *v, struct mem *m)
{
    if (first_illegal(m, vmcs_get(v, VMCS_EXIT_MSR_STORE_ADDRESS),
                      vmcs_get(v, VMCS_EXIT_MSR_STORE_COUNT), false))
        return VMX_ABORT_STORE;
    return vmx_host_msrs_failure(v, m);
}
