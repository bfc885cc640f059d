/*
 * The MSR lists of VM entries and exits.  Of the MSRs that they can name none
 * is modelled, so that loading and storing changes nothing but what happens
 * if a list names one that it must not: 800H-8FFH belong to the local APIC.
 *
 * SDM vol. 3, "Loading MSRs" of the chapters "VM Entries" and "VM Exits",
 * "VMX Aborts".
 */
#ifndef MODELS_CPU_VMX_MSR_LISTS_H
#define MODELS_CPU_VMX_MSR_LISTS_H

#include "models/cpu/vmcs.h"
#include "sim/core/mem.h"

/* VMX-abort indicators. */
enum vmx_abort {
    VMX_ABORT_NONE = 0,
    VMX_ABORT_STORE = 1, /* guest MSRs could not be stored */
    VMX_ABORT_LOAD = 4,  /* host MSRs could not be loaded */
};

/* The number, from 1, of the first entry that VM entry cannot load; 0: none. */
uint32_t vmx_entry_msrs_failure(const struct vmcs *v, struct mem *m);

/* What the list of host MSRs leads to, also where a VM entry fails. */
enum vmx_abort vmx_host_msrs_failure(const struct vmcs *v, struct mem *m);

/* What the lists of a VM exit lead to. */
enum vmx_abort vmx_exit_msrs_failure(const struct vmcs *v, struct mem *m);

#endif
