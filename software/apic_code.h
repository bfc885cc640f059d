/*
 * How software reaches its local APIC: WRMSR in x2APIC mode, a store to the
 * xAPIC page otherwise.  Registers are named by their xAPIC page offset.
 */
#ifndef SOFTWARE_APIC_CODE_H
#define SOFTWARE_APIC_CODE_H

#include <stdbool.h>

#include "software/text.h"

#define APIC_PAGE UINT64_C(0xfee00000)
#define APIC_TPR 0x080u
#define APIC_EOI 0x0b0u
#define APIC_SVR 0x0f0u
#define APIC_ICR_LOW 0x300u
#define APIC_ICR_HIGH 0x310u
#define APIC_LVT_TIMER 0x320u
#define APIC_LVT_LINT0 0x350u
#define APIC_TMICT 0x380u
#define APIC_DCR 0x3e0u

#define MSR_APIC_BASE 0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC 0x800u
#define APIC_BASE_ENABLE (1u << 11)
#define APIC_BASE_EXTD (1u << 10)
#define SVR_ENABLE (1u << 8)
#define SPURIOUS_VECTOR 0xffu
#define DCR_DIVIDE_BY_1 0xbu
#define LVT_TIMER_MODES (3u << 17)
#define LVT_PERIODIC (1u << 17)
#define LVT_TSC_DEADLINE (2u << 17)
#define LVT_MASKED (1u << 16)
#define LVT_EXTINT (7u << 8)

/* APIC register = the register `reg`. */
void apic_code_write_reg(struct text *t, bool x2apic, uint32_t offset,
                         enum cpu_gpr reg);

/* APIC register = value; clobbers RAX. */
void apic_code_write(struct text *t, bool x2apic, uint32_t offset,
                     uint64_t value);

/* Enables the APIC in the wanted mode with spurious vector FFh; clobbers RAX.
 */
void apic_code_enable(struct text *t, bool x2apic, bool bsp);

#endif
