/* "Checks on VM-Execution Control Fields", "VM-Exit Control Fields" and
 * "VM-Entry Control Fields". */
#include "models/cpu/cpu.h"
#include "models/cpu/vmx_checks.h"

#define VTPR 0x80u /* offset in the virtual-APIC page */

/* Is it aligned, and no longer than a physical address? */
static bool address_legal(const struct vmx_checked *c, uint64_t addr,
                          uint64_t alignment)
{
    return addr % alignment == 0 && addr >> c->vmx->physical_bits == 0;
}

/* Is every control one that the capability MSRs allow?  Secondary and
 * tertiary controls are not looked at while they are not activated. */
static bool allowed(const struct vmx_checked *c)
{
    const struct vmcs *v = c->vmcs;
    static const struct {
        enum vmcs_field field;
        enum vmx_msr msr;
    } pairs[] = {
        {VMCS_PIN_CONTROLS, VMX_MSR_TRUE_PIN},
        {VMCS_PRIMARY_CONTROLS, VMX_MSR_TRUE_PRIMARY},
        {VMCS_EXIT_CONTROLS, VMX_MSR_TRUE_EXIT},
        {VMCS_ENTRY_CONTROLS, VMX_MSR_TRUE_ENTRY},
    };

    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (!vmx_control_legal(c->vmx, pairs[i].msr,
                               vmcs_get32(v, pairs[i].field)))
            return false;
    return vmx_control_legal(c->vmx, VMX_MSR_SECONDARY, vmcs_secondary(v)) &&
           !(vmcs_tertiary(v) & ~c->vmx->msr[VMX_MSR_TERTIARY]);
}

static bool nmi_controls_legal(const struct vmcs *v)
{
    uint32_t pin = vmcs_get32(v, VMCS_PIN_CONTROLS);
    bool virtual_nmis = pin & PIN_VIRTUAL_NMIS;

    if (virtual_nmis && !(pin & PIN_NMI_EXITING))
        return false;
    return virtual_nmis ||
           !(vmcs_get32(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_NMI_WINDOW);
}

/* Without VID the threshold has 4 bits, and unless APIC accesses are
 * virtualized it must not lie above VTPR already. */
static bool threshold_legal(const struct vmx_checked *c)
{
    uint32_t threshold = vmcs_get32(c->vmcs, VMCS_TPR_THRESHOLD);
    uint64_t page = vmcs_get(c->vmcs, VMCS_VIRTUAL_APIC_ADDRESS);
    uint32_t secondary = vmcs_secondary(c->vmcs);

    if (secondary & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY)
        return true;
    if (threshold >> 4)
        return false;
    return (secondary & SECONDARY_VIRTUALIZE_APIC_ACCESSES) ||
           threshold <= (mem_read32(c->mem, page + VTPR) >> 4 & 0xf);
}

#define NEEDS_TPR_SHADOW                                                       \
    (SECONDARY_VIRTUALIZE_X2APIC | SECONDARY_APIC_REGISTER_VIRTUALIZATION |    \
     SECONDARY_VIRTUAL_INTERRUPT_DELIVERY)

static bool tpr_shadow_legal(const struct vmx_checked *c)
{
    const struct vmcs *v = c->vmcs;

    if (!(vmcs_get32(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_TPR_SHADOW))
        return !(vmcs_secondary(v) & NEEDS_TPR_SHADOW) &&
               !(vmcs_tertiary(v) & TERTIARY_IPI_VIRTUALIZATION);
    return address_legal(c, vmcs_get(v, VMCS_VIRTUAL_APIC_ADDRESS),
                         MEM_PAGE_BYTES) &&
           threshold_legal(c);
}

static bool apic_access_legal(const struct vmx_checked *c)
{
    uint32_t secondary = vmcs_secondary(c->vmcs);

    if (!(secondary & SECONDARY_VIRTUALIZE_APIC_ACCESSES))
        return true;
    return !(secondary & SECONDARY_VIRTUALIZE_X2APIC) &&
           address_legal(c, vmcs_get(c->vmcs, VMCS_APIC_ACCESS_ADDRESS),
                         MEM_PAGE_BYTES);
}

/* VID, and what is built on it. */
static bool virtual_delivery_legal(const struct vmx_checked *c)
{
    const struct vmcs *v = c->vmcs;
    uint32_t pin = vmcs_get32(v, VMCS_PIN_CONTROLS);
    bool vid = vmcs_secondary(v) & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY;

    if (vid && !(pin & PIN_EXTERNAL_INTERRUPT_EXITING))
        return false;
    if (!(pin & PIN_POSTED_INTERRUPTS))
        return true;
    return vid && (vmcs_get32(v, VMCS_EXIT_CONTROLS) & EXIT_CTL_ACKNOWLEDGE) &&
           !(vmcs_get32(v, VMCS_NOTIFICATION_VECTOR) >> 8) &&
           address_legal(c, vmcs_get(v, VMCS_POSTED_DESCRIPTOR_ADDRESS), 64);
}

static bool ipi_virtualization_legal(const struct vmx_checked *c)
{
    uint64_t table = vmcs_get(c->vmcs, VMCS_PID_POINTER_TABLE_ADDRESS);
    uint64_t last = 8 * vmcs_get(c->vmcs, VMCS_LAST_PID_POINTER_INDEX);

    if (!(vmcs_tertiary(c->vmcs) & TERTIARY_IPI_VIRTUALIZATION))
        return true;
    return address_legal(c, table, 8) && address_legal(c, table + last, 8);
}

static bool apic_timer_legal(const struct vmcs *v)
{
    if (!(vmcs_tertiary(v) & TERTIARY_APIC_TIMER_VIRTUALIZATION))
        return true;
    return (vmcs_secondary(v) & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY) &&
           !(vmcs_get32(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_RDTSC_EXITING) &&
           !(vmcs_get32(v, VMCS_VIRTUAL_TIMER_VECTOR) >> 8);
}

static bool msr_areas_legal(const struct vmx_checked *c)
{
    static const struct {
        enum vmcs_field count, address;
    } lists[] = {
        {VMCS_EXIT_MSR_STORE_COUNT, VMCS_EXIT_MSR_STORE_ADDRESS},
        {VMCS_EXIT_MSR_LOAD_COUNT, VMCS_EXIT_MSR_LOAD_ADDRESS},
        {VMCS_ENTRY_MSR_LOAD_COUNT, VMCS_ENTRY_MSR_LOAD_ADDRESS},
    };

    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        uint64_t bytes = 16 * vmcs_get(c->vmcs, lists[i].count);
        uint64_t at = vmcs_get(c->vmcs, lists[i].address);

        if (bytes && (!address_legal(c, at, 16) ||
                      (at + bytes - 1) >> c->vmx->physical_bits))
            return false;
    }
    return true;
}

static bool bitmaps_legal(const struct vmx_checked *c)
{
    static const struct {
        uint32_t control;
        enum vmcs_field address;
    } bitmaps[] = {
        {PRIMARY_MSR_BITMAPS, VMCS_MSR_BITMAP},
        {PRIMARY_IO_BITMAPS, VMCS_IO_BITMAP_A},
        {PRIMARY_IO_BITMAPS, VMCS_IO_BITMAP_B},
    };
    uint32_t primary = vmcs_get32(c->vmcs, VMCS_PRIMARY_CONTROLS);

    for (unsigned i = 0; i < sizeof bitmaps / sizeof bitmaps[0]; i++)
        if ((primary & bitmaps[i].control) &&
            !address_legal(c, vmcs_get(c->vmcs, bitmaps[i].address),
                           MEM_PAGE_BYTES))
            return false;
    return true;
}

static bool timer_controls_legal(const struct vmcs *v)
{
    return (vmcs_get32(v, VMCS_PIN_CONTROLS) & PIN_PREEMPTION_TIMER) ||
           !(vmcs_get32(v, VMCS_EXIT_CONTROLS) &
             EXIT_CTL_SAVE_PREEMPTION_TIMER);
}

/* Type and vector of the event to inject. */
static bool injected_event_legal(const struct vmx_checked *c, uint32_t info)
{
    uint32_t vector = INTR_INFO_VECTOR(info);
    uint64_t mtf = (uint64_t)PRIMARY_MONITOR_TRAP_FLAG << 32;

    switch (INTR_INFO_TYPE(info)) {
    case INTR_TYPE_RESERVED:
        return false;
    case INTR_TYPE_NMI:
        return vector == 2;
    case INTR_TYPE_HARDWARE_EXCEPTION:
        return vector <= 31;
    case INTR_TYPE_OTHER:
        return vector == INTR_OTHER_MTF &&
               vmx_has(c->vmx, VMX_MSR_TRUE_PRIMARY, mtf);
    default:
        return true;
    }
}

static bool injected_error_code_legal(const struct vmx_checked *c,
                                      uint32_t info)
{
    bool delivers = info & INTR_INFO_ERROR_CODE;
    bool exception = INTR_INFO_TYPE(info) == INTR_TYPE_HARDWARE_EXCEPTION;
    bool has = exception && cpu_has_error_code(INTR_INFO_VECTOR(info));

    if (vmx_has(c->vmx, VMX_MSR_BASIC, VMX_BASIC_ANY_ERROR_CODE) && exception)
        has = delivers;
    return delivers == has &&
           !(delivers && vmcs_get32(c->vmcs, VMCS_ENTRY_ERROR_CODE) >> 16);
}

#define INFO_RESERVED 0x7ffff000u
#define INFO_NESTED (1u << 13)

/* The fields for event injection. */
static bool injection_legal(const struct vmx_checked *c)
{
    uint32_t info = vmcs_get32(c->vmcs, VMCS_ENTRY_INTR_INFO);
    uint32_t length = vmcs_get32(c->vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH);
    bool nested = vmx_has(c->vmx, VMX_MSR_BASIC, VMX_BASIC_NESTED_EXCEPTION);
    bool zero = vmx_has(c->vmx, VMX_MSR_MISC, VMX_MISC_ZERO_LENGTH);

    if (!(info & INTR_INFO_VALID))
        return true;
    if (info & (nested ? INFO_RESERVED & ~INFO_NESTED : INFO_RESERVED))
        return false;
    if (!injected_event_legal(c, info) || !injected_error_code_legal(c, info))
        return false;
    return !intr_type_is_software(INTR_INFO_TYPE(info)) ||
           (length <= 15 && (length || zero));
}

bool vmx_controls_legal(const struct vmx_checked *c)
{
    return allowed(c) && nmi_controls_legal(c->vmcs) && tpr_shadow_legal(c) &&
           apic_access_legal(c) && virtual_delivery_legal(c) &&
           ipi_virtualization_legal(c) && apic_timer_legal(c->vmcs) &&
           msr_areas_legal(c) && bitmaps_legal(c) &&
           timer_controls_legal(c->vmcs) && injection_legal(c);
}
