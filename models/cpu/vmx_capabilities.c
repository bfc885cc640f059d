/* Capability MSRs from features; the rules are in vmx_capabilities.h. */
#include "models/cpu/vmx_capabilities.h"

/* What every processor with VMX has had from the first. */
#define PIN_ALWAYS                                                             \
    (PIN_DEFAULT1 | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING)
#define PRIMARY_ALWAYS                                                         \
    (PRIMARY_DEFAULT1 | PRIMARY_INTERRUPT_WINDOW | PRIMARY_HLT_EXITING |       \
     PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING |                    \
     PRIMARY_MSR_BITMAPS | PRIMARY_PAUSE_EXITING | PRIMARY_TSC_OFFSETTING |    \
     PRIMARY_RDTSC_EXITING | PRIMARY_UNCONDITIONAL_IO | PRIMARY_IO_BITMAPS |   \
     PRIMARY_WITHOUT_OPS)
#define EXIT_ALWAYS                                                            \
    (EXIT_CTL_DEFAULT1 | EXIT_CTL_HOST_64 | EXIT_CTL_ACKNOWLEDGE)
#define ENTRY_ALWAYS (ENTRY_CTL_DEFAULT1 | ENTRY_CTL_GUEST_64)

#define BASIC_REVISION 1u
#define BASIC_REGION_BYTES (UINT64_C(4096) << 32)
#define BASIC_WRITE_BACK (UINT64_C(6) << 50)

#define ALL_ACTIVITIES                                                         \
    (VMX_MISC_ACTIVITY(ACTIVITY_HLT) | VMX_MISC_ACTIVITY(ACTIVITY_SHUTDOWN) |  \
     VMX_MISC_ACTIVITY(ACTIVITY_WAIT_FOR_SIPI))

/* Does the MSR have its allowed 1-settings in its high half? */
static bool has_halves(enum vmx_msr msr)
{
    return msr != VMX_MSR_BASIC && msr != VMX_MSR_MISC &&
           msr != VMX_MSR_TERTIARY && msr != VMX_MSR_SECONDARY_EXIT;
}

bool vmx_has_field(const struct vmx_capabilities *c, enum vmcs_field f)
{
    static const struct {
        enum vmx_msr msr;
        uint32_t control;
    } needs[] = {
#define VMCS_FIELD(name, encoding, msr, control, title)                        \
    {VMX_MSR_##msr, control},
#include "models/cpu/vmcs_fields.def"
#undef VMCS_FIELD
    };
    uint64_t bits = needs[f].control;

    return vmx_has(c, needs[f].msr,
                   has_halves(needs[f].msr) ? bits << 32 : bits);
}

/* Of a field that exists, where encodings have the index. */
static uint32_t highest_index(const struct vmx_capabilities *c)
{
    uint32_t highest = 0;

    for (unsigned f = 0; f < VMCS_FIELD_COUNT; f++) {
        uint32_t index = vmcs_encoding((enum vmcs_field)f) & VMCS_INDEX_BITS;

        if (index > highest && vmx_has_field(c, (enum vmcs_field)f))
            highest = index;
    }
    return highest;
}

static void allow(struct vmx_capabilities *c, enum vmx_msr msr, uint64_t bits)
{
    c->msr[msr] |= has_halves(msr) ? bits << 32 : bits;
}

/* Controls that come with others. */
static void allow_companions(struct vmx_capabilities *c)
{
    if (c->msr[VMX_MSR_SECONDARY])
        allow(c, VMX_MSR_TRUE_PRIMARY, PRIMARY_SECONDARY);
    if (c->msr[VMX_MSR_TERTIARY])
        allow(c, VMX_MSR_TRUE_PRIMARY, PRIMARY_TERTIARY);
    if (vmx_has(c, VMX_MSR_TRUE_PIN, (uint64_t)PIN_VIRTUAL_NMIS << 32))
        allow(c, VMX_MSR_TRUE_PRIMARY, PRIMARY_NMI_WINDOW);
    if (vmx_has(c, VMX_MSR_TRUE_ENTRY, (uint64_t)ENTRY_CTL_LOAD_UINV << 32))
        allow(c, VMX_MSR_TRUE_EXIT, EXIT_CTL_CLEAR_UINV);
    if (vmx_has(c, VMX_MSR_TRUE_PIN, (uint64_t)PIN_PREEMPTION_TIMER << 32))
        allow(c, VMX_MSR_TRUE_EXIT, EXIT_CTL_SAVE_PREEMPTION_TIMER);
}

struct vmx_capabilities vmx_capabilities_of(struct vmx_features f,
                                            unsigned timer_shift)
{
    struct vmx_capabilities c = {
        .physical_bits = PHYSICAL_ADDRESS_BITS,
        .msr = {
            [VMX_MSR_BASIC] = BASIC_REVISION | BASIC_REGION_BYTES |
                              BASIC_WRITE_BACK | VMX_BASIC_TRUE_CONTROLS,
            [VMX_MSR_MISC] = timer_shift | ALL_ACTIVITIES,
            [VMX_MSR_TRUE_PIN] = PIN_DEFAULT1,
            [VMX_MSR_TRUE_PRIMARY] =
                PRIMARY_DEFAULT1 & ~PRIMARY_DEFAULT1_OPTIONAL,
            [VMX_MSR_TRUE_EXIT] =
                EXIT_CTL_DEFAULT1 & ~EXIT_CTL_DEFAULT1_OPTIONAL,
            [VMX_MSR_TRUE_ENTRY] =
                ENTRY_CTL_DEFAULT1 & ~ENTRY_CTL_DEFAULT1_OPTIONAL,
        }};

    allow(&c, VMX_MSR_TRUE_PIN, PIN_ALWAYS);
    allow(&c, VMX_MSR_TRUE_PRIMARY, PRIMARY_ALWAYS);
    allow(&c, VMX_MSR_TRUE_EXIT, EXIT_ALWAYS);
    allow(&c, VMX_MSR_TRUE_ENTRY, ENTRY_ALWAYS);
#define VMX_FEATURE(name, msr, bits, sentence)                                 \
    if (f.name)                                                                \
        allow(&c, VMX_MSR_##msr, bits);
#include "models/cpu/vmx_features.def"
#undef VMX_FEATURE
    allow_companions(&c);
    c.msr[VMX_MSR_VMCS_ENUM] = highest_index(&c);
    /* the older MSRs: all default-1 bits must be 1 */
    c.msr[VMX_MSR_PIN] = c.msr[VMX_MSR_TRUE_PIN] | PIN_DEFAULT1;
    c.msr[VMX_MSR_PRIMARY] = c.msr[VMX_MSR_TRUE_PRIMARY] | PRIMARY_DEFAULT1;
    c.msr[VMX_MSR_EXIT] = c.msr[VMX_MSR_TRUE_EXIT] | EXIT_CTL_DEFAULT1;
    c.msr[VMX_MSR_ENTRY] = c.msr[VMX_MSR_TRUE_ENTRY] | ENTRY_CTL_DEFAULT1;
    return c;
}

bool vmx_control_legal(const struct vmx_capabilities *c, enum vmx_msr msr,
                       uint32_t value)
{
    uint32_t must = (uint32_t)c->msr[msr];
    uint32_t may = (uint32_t)(c->msr[msr] >> 32);

    return (value & must) == must && !(value & ~may);
}

bool vmx_rdmsr(const struct vmx_capabilities *c, uint32_t msr, uint64_t *value)
{
    if (msr - MSR_VMX_BASIC >= VMX_MSRS)
        return false;
    *value = c->msr[msr - MSR_VMX_BASIC];
    return *value != 0;
}
