/* Which rule an access breaks. */
#include "models/lapic/lapic_warning.h"

#include "models/lapic/lapic_private.h"

#define VECTOR_LEAST 16u

static bool illegal_vector(uint32_t value)
{
    uint32_t mode = value >> 8 & 7;

    return (mode == DELIVERY_FIXED || mode == DELIVERY_LOWEST) &&
           (value & 0xff) < VECTOR_LEAST;
}

static enum lapic_warning icr_warning(uint32_t value)
{
    uint32_t mode = value >> 8 & 7;

    if (mode == DELIVERY_RESERVED3 || mode == DELIVERY_EXTINT)
        return LAPIC_WARNING_RESERVED_MODE;
    return illegal_vector(value) ? LAPIC_WARNING_ILLEGAL_VECTOR
                                 : LAPIC_WARNING_NONE;
}

/* A value that reaches a register. */
static enum lapic_warning value_warning(const struct lapic *l, uint32_t offset,
                                        uint32_t value)
{
    bool lvt = offset == LAPIC_LVT_CMCI ||
               (offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR);

    if (offset == LAPIC_ICR_LOW)
        return icr_warning(value);
    if (offset == LAPIC_TMICT && lapic_timer_mode(l) == TIMER_TSC_DEADLINE)
        return LAPIC_WARNING_TIMER_MODE;
    if ((offset == LAPIC_SELF_IPI || (lvt && !(value & LAPIC_LVT_MASKED))) &&
        illegal_vector(value))
        return LAPIC_WARNING_ILLEGAL_VECTOR;
    return LAPIC_WARNING_NONE;
}

static enum lapic_warning page_warning(const struct lapic *l,
                                       const struct lapic_request *req)
{
    uint32_t offset = req->access.address;
    bool store = req->kind == LAPIC_REQUEST_STORE;
    enum lapic_access access = lapic_page_access(l, offset);

    if (lapic_mode(l) != LAPIC_MODE_XAPIC)
        return LAPIC_WARNING_PAGE_MODE;
    if (req->access.bytes != 4 || offset % 16)
        return LAPIC_WARNING_WIDTH;
    if (access == LAPIC_ACCESS_NONE)
        return LAPIC_WARNING_HOLE;
    if (store && access == LAPIC_ACCESS_RO)
        return LAPIC_WARNING_READ_ONLY;
    if (!store && access == LAPIC_ACCESS_WO)
        return LAPIC_WARNING_WRITE_ONLY;
    return store ? value_warning(l, offset, (uint32_t)req->access.value)
                 : LAPIC_WARNING_NONE;
}

static bool is_register(uint32_t msr)
{
    return msr >= LAPIC_MSR_FIRST && msr <= LAPIC_MSR_LAST;
}

static enum lapic_warning refusal(const struct lapic *l, uint32_t msr)
{
    if (msr == LAPIC_MSR_APIC_BASE)
        return LAPIC_WARNING_APIC_BASE;
    if (!is_register(msr))
        return LAPIC_WARNING_OTHER_MSR;
    return lapic_mode(l) == LAPIC_MODE_X2APIC ? LAPIC_WARNING_MSR_ACCESS
                                              : LAPIC_WARNING_MSR_MODE;
}

static enum lapic_warning wrmsr_warning(const struct lapic *l,
                                        const struct lapic_request *req)
{
    uint32_t msr = req->access.address;

    if (msr == LAPIC_MSR_TSC_DEADLINE &&
        lapic_timer_mode(l) != TIMER_TSC_DEADLINE)
        return LAPIC_WARNING_TIMER_MODE;
    if (!is_register(msr))
        return LAPIC_WARNING_NONE;
    return value_warning(l, (msr - LAPIC_MSR_FIRST) * 16,
                         (uint32_t)req->access.value);
}

enum lapic_warning lapic_warning_of(const struct lapic *l,
                                    const struct lapic_request *req, bool gp)
{
    switch (req->kind) {
    case LAPIC_REQUEST_LOAD:
    case LAPIC_REQUEST_STORE:
        return page_warning(l, req);
    case LAPIC_REQUEST_RDMSR:
        return gp ? refusal(l, req->access.address) : LAPIC_WARNING_NONE;
    case LAPIC_REQUEST_WRMSR:
        return gp ? refusal(l, req->access.address) : wrmsr_warning(l, req);
    case LAPIC_REQUEST_SET_CR8:
        return gp ? LAPIC_WARNING_CR8 : LAPIC_WARNING_NONE;
    default:
        return LAPIC_WARNING_NONE;
    }
}

const char *lapic_warning_name(enum lapic_warning warning)
{
    static const char *const name[] = {
        "none",
#define WARNING(name, text, rule) text,
#include "models/lapic/lapic_warnings.def"
#undef WARNING
    };

    return name[warning];
}
