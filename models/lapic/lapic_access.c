/* The local APIC's registers as software sees them: page and MSRs. */
#include <assert.h>
#include <stddef.h>

#include "models/lapic/lapic_private.h"

#define PAGE_BYTES 4096u
#define SLOT_BYTES 16u
#define SLOTS 64u /* that the table can describe */

#define SLOT(offset) ((offset) / SLOT_BYTES)

/* One register; of a slot without one everything is 0. */
struct row {
    uint32_t offset, reset, writable, reserved;
    uint8_t xapic, x2apic; /* enum lapic_access */
};

static const struct row rows[SLOTS] = {
/* clang-format off */
#define REG(name, offset, count, reset, writable, reserved, xapic, x2apic,     \
            title)                                                             \
    [SLOT(offset) ... SLOT(offset) + (count) - 1] = {                          \
        offset, reset, writable, reserved,                                     \
        LAPIC_ACCESS_##xapic, LAPIC_ACCESS_##x2apic},
/* clang-format on */
#define OPTION(name, feature, bits)
#include "models/lapic/lapic_regs.def"
#undef REG
#undef OPTION
};

/* Bits of a register that this part does not have. */
static uint32_t missing_bits(const struct lapic *l, uint32_t offset)
{
    uint32_t features = l->config.features;
    uint32_t missing = 0;

#define REG(name, offset, count, reset, writable, reserved, xapic, x2apic,     \
            title)
#define OPTION(name, feature, bits)                                            \
    if (offset == LAPIC_##name && !(features & LAPIC_HAS_##feature))           \
        missing = (bits);
#include "models/lapic/lapic_regs.def"
#undef REG
#undef OPTION
    return missing;
}

static const struct row *row_at(const struct lapic *l, uint32_t offset)
{
    static const struct row none;

    if (SLOT(offset) >= SLOTS || missing_bits(l, offset) == UINT32_MAX)
        return &none;
    return &rows[SLOT(offset)];
}

enum lapic_access lapic_page_access(const struct lapic *l, uint32_t offset)
{
    return (enum lapic_access)row_at(l, offset)->xapic;
}

static bool has(const struct lapic *l, enum lapic_feature feature)
{
    return (l->config.features & (uint32_t)feature) != 0;
}

/* The LVT entry at an offset, or -1. */
static int lvt_at(uint32_t offset)
{
    if (offset == LAPIC_LVT_CMCI)
        return LVT_CMCI;
    if (offset < LAPIC_LVT_TIMER || offset > LAPIC_LVT_ERROR)
        return -1;
    return LVT_TIMER + (int)((offset - LAPIC_LVT_TIMER) / SLOT_BYTES);
}

/* Where a register that is plain storage lives, or NULL. */
static uint32_t *stored(struct lapic *l, uint32_t offset)
{
    if (lvt_at(offset) >= 0)
        return &l->lvt[lvt_at(offset)];
    switch (offset) {
    case LAPIC_ID:
        return &l->id;
    case LAPIC_TPR:
        return &l->tpr;
    case LAPIC_LDR:
        return &l->ldr;
    case LAPIC_DFR:
        return &l->dfr;
    case LAPIC_SVR:
        return &l->svr;
    case LAPIC_ESR:
        return &l->esr;
    case LAPIC_ICR_LOW:
        return &l->icr_low;
    case LAPIC_ICR_HIGH:
        return &l->icr_high;
    case LAPIC_TMICT:
        return &l->tmict;
    case LAPIC_DCR:
        return &l->dcr;
    default:
        return NULL;
    }
}

void lapic_reset_registers(struct lapic *l)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        uint32_t *reg = stored(l, rows[i].offset);

        if (reg)
            *reg = rows[i].reset;
    }
    l->id = l->config.id << 24;
    l->irr = l->isr = l->tmr = (struct vecset){{0}};
    l->errors = 0;
    l->error_armed = true;
    l->timer_expiry = 0;
    l->tsc_deadline = 0;
    l->extint_latched = false;
}

static uint32_t version(const struct lapic *l)
{
    uint32_t value = rows[SLOT(LAPIC_VERSION)].reset;

    if (has(l, LAPIC_HAS_CMCI))
        value += 1u << 16; /* one more LVT entry */
    if (has(l, LAPIC_HAS_EOI_SUPPRESSION))
        value |= 1u << 24;
    return value;
}

/* x2APIC mode: the logical ID follows from the ID. */
static uint32_t derived_ldr(const struct lapic *l)
{
    uint32_t id = l->config.id;

    return (id >> 4 & 0xffff) << 16 | 1u << (id & 0xf);
}

static uint32_t value_of(struct lapic *l, uint32_t offset,
                         struct lapic_time now)
{
    bool x2apic = lapic_mode(l) == LAPIC_MODE_X2APIC;
    uint32_t *reg = stored(l, offset);
    uint32_t first = rows[SLOT(offset)].offset;
    uint32_t word = (offset - first) / SLOT_BYTES;

    switch (first) {
    case LAPIC_ID:
        return x2apic ? l->config.id : l->id;
    case LAPIC_LDR:
        return x2apic ? derived_ldr(l) : l->ldr;
    case LAPIC_VERSION:
        return version(l);
    case LAPIC_PPR:
        return lapic_ppr(l);
    case LAPIC_ISR:
        return vecset_word32(&l->isr, word);
    case LAPIC_TMR:
        return vecset_word32(&l->tmr, word);
    case LAPIC_IRR:
        return vecset_word32(&l->irr, word);
    case LAPIC_TMCCT:
        return lapic_tmcct(l, now);
    default:
        return reg ? *reg : 0;
    }
}

static struct lapic_fates write_lvt(struct lapic *l, enum lapic_lvt entry,
                                    uint32_t value)
{
    enum lapic_timer_mode old = lapic_timer_mode(l);

    l->lvt[entry] = value;
    if (!lapic_software_enabled(l))
        l->lvt[entry] |= LAPIC_LVT_MASKED;
    if (entry == LVT_TIMER)
        lapic_set_timer_mode(l, old);
    if (entry == LVT_LINT0)
        return lapic_sample_lint0(l); /* an unmasked level is taken */
    return LAPIC_NO_FATES;
}

static void write_esr(struct lapic *l)
{
    l->esr = l->errors;
    l->errors = 0;
    l->error_armed = true;
}

/* A legal write of one register. */
struct reg_write {
    uint32_t offset, value;
    struct lapic_time now;
};

/* What the register holds after a write to it. */
static uint32_t stored_value(struct lapic *l, const struct reg_write *w)
{
    uint32_t writable =
        row_at(l, w->offset)->writable & ~missing_bits(l, w->offset);

    return (*stored(l, w->offset) & ~writable) | (w->value & writable);
}

static void write_svr(struct lapic *l, uint32_t value)
{
    l->svr = value;
    for (int i = 0; i < LVT_COUNT && !lapic_software_enabled(l); i++)
        l->lvt[i] |= LAPIC_LVT_MASKED;
}

/* A register that keeps what is written. */
static struct lapic_out write_stored(struct lapic *l, const struct reg_write *w)
{
    uint32_t value = stored_value(l, w);
    struct lapic_fates fates = LAPIC_NO_FATES;
    struct lapic_out out;

    if (lvt_at(w->offset) >= 0)
        fates = write_lvt(l, (enum lapic_lvt)lvt_at(w->offset), value);
    else if (w->offset == LAPIC_TMICT)
        lapic_write_tmict(l, value, w->now);
    else if (w->offset == LAPIC_DCR)
        lapic_write_dcr(l, value, w->now);
    else if (w->offset == LAPIC_SVR)
        write_svr(l, value);
    else
        *stored(l, w->offset) = value;
    out = lapic_seen(l, fates);
    out.timer_changed = w->offset == LAPIC_LVT_TIMER ||
                        w->offset == LAPIC_TMICT || w->offset == LAPIC_DCR;
    return out;
}

static struct lapic_out write_register(struct lapic *l,
                                       const struct reg_write *w)
{
    switch (w->offset) {
    case LAPIC_EOI:
        return lapic_eoi(l);
    case LAPIC_ESR:
        write_esr(l);
        return lapic_seen(l, LAPIC_NO_FATES);
    case LAPIC_ICR_LOW:
        return lapic_write_icr(l, stored_value(l, w));
    case LAPIC_SELF_IPI:
        return lapic_write_self_ipi(l, w->value);
    default:
        return write_stored(l, w);
    }
}

/* A reserved slot of the page is read or written. */
static struct lapic_out illegal_address(struct lapic *l)
{
    return lapic_seen(
        l, (struct lapic_fates){
               .error = lapic_raise_error(l, LAPIC_ESR_ILLEGAL_ADDRESS)});
}

/* Undefined accesses (other bytes of a slot, other widths) do nothing. */
static bool inside_register(const struct lapic_mmio *a)
{
    return a->offset % SLOT_BYTES + a->bytes <= 4;
}

struct lapic_out lapic_read(struct lapic *l, struct lapic_mmio *a,
                            struct lapic_time now)
{
    uint32_t offset = a->offset & ~(SLOT_BYTES - 1);
    uint64_t mask = UINT64_MAX >> (64 - 8 * a->bytes);

    a->value = 0;
    if (lapic_mode(l) != LAPIC_MODE_XAPIC)
        a->value = mask;
    else if (inside_register(a) &&
             row_at(l, offset)->xapic == LAPIC_ACCESS_NONE)
        return illegal_address(l);
    else if (inside_register(a))
        a->value = value_of(l, offset, now) >> (8 * (a->offset % 4)) & mask;
    return lapic_seen(l, LAPIC_NO_FATES);
}

struct lapic_out lapic_write(struct lapic *l, const struct lapic_mmio *a,
                             struct lapic_time now)
{
    struct reg_write w = {a->offset, (uint32_t)a->value, now};
    uint8_t access = row_at(l, a->offset)->xapic;

    if (lapic_mode(l) != LAPIC_MODE_XAPIC || a->offset % SLOT_BYTES ||
        a->bytes != 4 || access == LAPIC_ACCESS_RO)
        return lapic_seen(l, LAPIC_NO_FATES);
    if (access == LAPIC_ACCESS_NONE)
        return illegal_address(l);
    return write_register(l, &w);
}

static bool base_legal(const struct lapic *l, uint64_t value)
{
    unsigned width = l->config.maxphyaddr ? l->config.maxphyaddr : 52;
    uint64_t reserved = UINT64_C(0x2ff) | ~UINT64_C(0) << width;
    bool en = (value & LAPIC_BASE_EN) != 0;
    bool extd = (value & LAPIC_BASE_EXTD) != 0;

    if (value & reserved || (extd && !en) ||
        (extd && !has(l, LAPIC_HAS_X2APIC)))
        return false;
    switch (lapic_mode(l)) {
    case LAPIC_MODE_DISABLED:
        return !extd;
    case LAPIC_MODE_X2APIC:
        return extd || !en;
    default:
        return true;
    }
}

static struct lapic_out write_base(struct lapic *l, uint64_t value)
{
    enum lapic_mode old = lapic_mode(l);
    uint32_t tpr = l->tpr;
    bool disabled, entered_x2apic;
    struct lapic_out out;

    l->base = value;
    disabled = old != LAPIC_MODE_DISABLED && !(value & LAPIC_BASE_EN);
    entered_x2apic = old == LAPIC_MODE_XAPIC && (value & LAPIC_BASE_EXTD);
    if (disabled) {
        lapic_reset_registers(l);
        l->tpr = tpr; /* one storage cell with CR8, which goes on */
    }
    if (entered_x2apic)
        l->icr_high = 0;
    out = lapic_seen(l, LAPIC_NO_FATES);
    out.cleared = disabled;
    out.timer_changed = disabled;
    return out;
}

static struct lapic_out write_deadline(struct lapic *l, uint64_t value)
{
    struct lapic_out out;

    lapic_write_tsc_deadline(l, value);
    out = lapic_seen(l, LAPIC_NO_FATES);
    out.timer_changed = true;
    return out;
}

static bool x2apic_write_legal(const struct lapic *l, uint32_t offset,
                               uint64_t value)
{
    const struct row *row = row_at(l, offset);
    uint32_t reserved = row->reserved | missing_bits(l, offset);
    bool writable =
        row->x2apic == LAPIC_ACCESS_RW || row->x2apic == LAPIC_ACCESS_WO;
    bool fits = !(value >> 32) || offset == LAPIC_ICR_LOW;

    return writable && fits && !((uint32_t)value & reserved);
}

static bool is_register(const struct lapic *l, uint32_t msr)
{
    return msr >= LAPIC_MSR_FIRST && msr <= LAPIC_MSR_LAST &&
           lapic_mode(l) == LAPIC_MODE_X2APIC;
}

struct lapic_out lapic_wrmsr(struct lapic *l, uint32_t msr, uint64_t value,
                             struct lapic_time now)
{
    uint32_t offset = (msr - LAPIC_MSR_FIRST) * SLOT_BYTES;
    struct reg_write w = {offset, (uint32_t)value, now};

    if (msr == LAPIC_MSR_APIC_BASE && base_legal(l, value))
        return write_base(l, value);
    if (msr == LAPIC_MSR_TSC_DEADLINE && has(l, LAPIC_HAS_TSC_DEADLINE))
        return write_deadline(l, value);
    if (!is_register(l, msr) || !x2apic_write_legal(l, offset, value))
        return lapic_fault(l);
    if (offset == LAPIC_ICR_LOW)
        l->icr_high = (uint32_t)(value >> 32);
    return write_register(l, &w);
}

static bool x2apic_readable(const struct lapic *l, uint32_t offset)
{
    uint8_t access = row_at(l, offset)->x2apic;

    return access == LAPIC_ACCESS_RO || access == LAPIC_ACCESS_RW;
}

struct lapic_out lapic_rdmsr(struct lapic *l, uint32_t msr,
                             struct lapic_time now, uint64_t *value)
{
    uint32_t offset = (msr - LAPIC_MSR_FIRST) * SLOT_BYTES;

    *value = 0;
    if (msr == LAPIC_MSR_APIC_BASE)
        *value = l->base;
    else if (msr == LAPIC_MSR_TSC_DEADLINE && has(l, LAPIC_HAS_TSC_DEADLINE))
        *value = l->tsc_deadline;
    else if (!is_register(l, msr) || !x2apic_readable(l, offset))
        return lapic_fault(l);
    else if (offset == LAPIC_ICR_LOW)
        *value = (uint64_t)l->icr_high << 32 | l->icr_low;
    else
        *value = value_of(l, offset, now);
    return lapic_seen(l, LAPIC_NO_FATES);
}

bool lapic_claims(const struct lapic *l, uint64_t addr)
{
    uint64_t page = ~(uint64_t)(PAGE_BYTES - 1);

    return lapic_mode(l) == LAPIC_MODE_XAPIC &&
           (addr & page) == (l->base & page);
}
