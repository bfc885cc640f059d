/*
 * The virtual-machine control structure: fields by name, as one array.
 *
 * SDM vol. 3, chapter "Virtual Machine Control Structures".  The VMCS's own
 * memory format is not architectural; it is a C struct here.  Left out: what
 * does not concern interrupts (segments, control registers, MSR areas).
 */
#ifndef MODELS_CPU_VMCS_H
#define MODELS_CPU_VMCS_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cpu/vmx_controls.h"
#include "sim/core/irq.h"

/* Bit 0 of an encoding: the high half of a 64-bit field. */
#define VMCS_ACCESS_HIGH 1u
#define VMCS_INDEX_BITS 0x3feu

enum vmcs_field {
#define VMCS_FIELD(name, encoding, msr, control, title) VMCS_##name,
#include "models/cpu/vmcs_fields.def"
#undef VMCS_FIELD
    VMCS_FIELD_COUNT
};

enum exit_reason {
#define EXIT_REASON(name, number, sentence) EXIT_##name = number,
#include "models/cpu/exit_reasons.def"
#undef EXIT_REASON
    EXIT_REASON_LIMIT = 72
};

#define EXIT_REASON_ENTRY_FAILURE 0x80000000u

/* Interruption information. */
#define INTR_INFO_VALID (1u << 31)
#define INTR_INFO_ERROR_CODE (1u << 11)
#define INTR_INFO_NMI_UNBLOCKING (1u << 12) /* due to IRET */
#define INTR_INFO_NMI 0x80000202u
#define INTR_INFO_TYPE(info) (((info) >> 8) & 7)
#define INTR_INFO_VECTOR(info) ((info)&0xff)

enum intr_type {
    INTR_TYPE_EXTERNAL = 0,
    INTR_TYPE_RESERVED = 1,
    INTR_TYPE_NMI = 2,
    INTR_TYPE_HARDWARE_EXCEPTION = 3,
    INTR_TYPE_SOFTWARE_INTERRUPT = 4,
    INTR_TYPE_PRIVILEGED_EXCEPTION = 5,
    INTR_TYPE_SOFTWARE_EXCEPTION = 6,
    INTR_TYPE_OTHER = 7,
};

#define INTR_OTHER_MTF 0 /* vector of INTR_TYPE_OTHER: a pending MTF exit */

/* Events that return behind the instruction that caused them. */
static inline bool intr_type_is_software(uint32_t type)
{
    return type >= INTR_TYPE_SOFTWARE_INTERRUPT &&
           type <= INTR_TYPE_SOFTWARE_EXCEPTION;
}

/* Guest interruptibility and activity. */
#define BLOCKING_BY_STI (1u << 0)
#define BLOCKING_BY_MOV_SS (1u << 1)
#define BLOCKING_BY_SMI (1u << 2)
#define BLOCKING_BY_NMI (1u << 3)

/* Pending debug exceptions. */
#define PENDING_DEBUG_BREAKPOINTS 0xfu
#define PENDING_DEBUG_ENABLED (1u << 12)
#define PENDING_DEBUG_BS (1u << 14)

enum cpu_activity {
    ACTIVITY_ACTIVE,
    ACTIVITY_HLT,
    ACTIVITY_SHUTDOWN,
    ACTIVITY_WAIT_FOR_SIPI,
};

/* VM-instruction errors. */
enum vm_instruction_error {
    VMERR_NONE = 0,
    VMERR_VMCALL_IN_ROOT = 1,
    VMERR_LAUNCH_NOT_CLEAR = 4,
    VMERR_RESUME_NOT_LAUNCHED = 5,
    VMERR_CONTROLS = 7,
    VMERR_HOST_STATE = 8,
    VMERR_UNSUPPORTED_FIELD = 12,
    VMERR_READ_ONLY_FIELD = 13,
    VMERR_VMXON_IN_ROOT = 15,
    VMERR_BLOCKED_BY_MOV_SS = 26,
};

struct vmcs {
    uint64_t field[VMCS_FIELD_COUNT];
    bool launched;
    uint32_t abort; /* VMX-abort indicator */
    /*
     * Nested paging is an identity map with one hole (hole_bytes = 0: none):
     * a guest access there is an EPT violation.  EPTP is not walked.
     */
    uint64_t hole_base, hole_bytes;
    /* Beside the architecture: identity and accounting. */
    irq_id inject_irq; /* of the interrupt that the next entry injects */
    uint64_t exits[EXIT_REASON_LIMIT]; /* that left this guest, for accounts */
    irq_id virr_irq[256], visr_irq[256]; /* of the virtual APIC's vectors */
    /* of what the guest sends, and of its timer, without an exit */
    uint16_t ipi_source, timer_source;
    uint64_t frames; /* the guest's handler nesting, see cpu.h */
};

static inline uint64_t vmcs_get(const struct vmcs *v, enum vmcs_field f)
{
    return v->field[f];
}

static inline void vmcs_set(struct vmcs *v, enum vmcs_field f, uint64_t value)
{
    v->field[f] = value;
}

static inline uint32_t vmcs_get32(const struct vmcs *v, enum vmcs_field f)
{
    return (uint32_t)v->field[f];
}

/* Secondary and tertiary controls count as 0 until they are activated. */
static inline uint32_t vmcs_secondary(const struct vmcs *v)
{
    return vmcs_get32(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_SECONDARY
               ? vmcs_get32(v, VMCS_SECONDARY_CONTROLS)
               : 0;
}

static inline uint64_t vmcs_tertiary(const struct vmcs *v)
{
    return vmcs_get32(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_TERTIARY
               ? vmcs_get(v, VMCS_TERTIARY_CONTROLS)
               : 0;
}

/* The guest's privilege level: the DPL of SS. */
static inline uint8_t vmcs_guest_cpl(const struct vmcs *v)
{
    return vmcs_get32(v, VMCS_GUEST_SS_ACCESS_RIGHTS) >> 5 & 3;
}

static inline void vmcs_set_guest_cpl(struct vmcs *v, uint8_t cpl)
{
    uint64_t rights = vmcs_get(v, VMCS_GUEST_SS_ACCESS_RIGHTS);

    vmcs_set(v, VMCS_GUEST_SS_ACCESS_RIGHTS,
             (rights & ~(UINT64_C(3) << 5)) | (uint64_t)cpl << 5);
}

/* A VMCS that software has begun to fill: launch state clear, controls at
 * their default-1 settings, RFLAGS and the link pointer at legal values. */
void vmcs_init(struct vmcs *v);

/* The interrupts that the guest has or will get. */
void vmcs_each_held(const struct vmcs *v, void (*each)(void *ctx, irq_id id),
                    void *ctx);

/* The field of an encoding, of either half, or VMCS_FIELD_COUNT. */
enum vmcs_field vmcs_field_of(uint32_t encoding);
bool vmcs_field_writable(enum vmcs_field f); /* no exit information */
uint32_t vmcs_encoding(enum vmcs_field f);

/* The bits that a field has, by its width; 64 of a natural-width one. */
uint64_t vmcs_field_mask(enum vmcs_field f);

/* The SDM's name of a basic exit reason, or NULL. */
const char *exit_reason_name(unsigned reason);

#endif
