/* Register accesses of apic_code.h. */
#include "software/apic_code.h"

#define APIC_BASE_BSP (1u << 8)

void apic_code_write_reg(struct text *t, bool x2apic, uint32_t offset,
                         enum cpu_gpr reg)
{
    if (x2apic)
        text_op(t, OP_WRMSR, reg, MSR_X2APIC + offset / 16);
    else
        text_op(t, OP_STORE, reg, APIC_PAGE + offset);
}

void apic_code_write(struct text *t, bool x2apic, uint32_t offset,
                     uint64_t value)
{
    text_op(t, OP_MOV, RAX, value);
    apic_code_write_reg(t, x2apic, offset, RAX);
}

void apic_code_enable(struct text *t, bool x2apic, bool bsp)
{
    uint64_t base = APIC_PAGE | APIC_BASE_ENABLE | (bsp ? APIC_BASE_BSP : 0);

    if (x2apic) {
        text_op(t, OP_MOV, RAX, base | APIC_BASE_EXTD);
        text_op(t, OP_WRMSR, RAX, MSR_APIC_BASE);
    }
    apic_code_write(t, x2apic, APIC_SVR, SVR_ENABLE | SPURIOUS_VECTOR);
}
