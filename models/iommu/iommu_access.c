/* Registers as software sees them, and the commands of GCMD. */
#include <assert.h>

#include "models/iommu/iommu_private.h"

/* VER, CAP and ECAP, from the configuration. */
#define CAP_NFR_SHIFT 40
#define CAP_FRO_SHIFT 24
#define CAP_CM_SHIFT 7
#define CAP_PI_SHIFT 59
#define CAP_ESIRTPS_SHIFT 62
#define ECAP_QI (1u << 1)
#define ECAP_IR (1u << 3)
#define ECAP_EIM_SHIFT 4
#define ECAP_MHMV_SHIFT 20

struct row {
    uint16_t offset;
    uint8_t bytes, step, access;
    uint64_t reset, writable, clears;
};

static const struct row rows[IOMMU_REGS] = {
#define REG(name, offset, bytes, step, reset, writable, clears, access, title) \
    [IOMMU_##name] = {offset, bytes,    step,  IOMMU_REG_##access,             \
                      reset,  writable, clears},
#define OPTION(name, feature, bits)
#include "models/iommu/iommu_regs.def"
#undef REG
#undef OPTION
};

/* Where an access goes: a doubleword of a register. */
struct place {
    enum iommu_reg reg; /* IOMMU_REGS: nothing is there */
    unsigned record;    /* of a fault record's register */
    unsigned shift;     /* of the doubleword in the register */
};

static struct place place_of(const struct iommu *u, uint32_t offset)
{
    for (unsigned i = 0; i < IOMMU_REGS; i++) {
        const struct row *row = &rows[i];
        uint32_t past = offset - row->offset;
        unsigned record = row->step ? past / row->step : 0;

        if (offset < row->offset || record >= u->config.faults)
            continue;
        past -= record * row->step;
        if (past < row->bytes)
            return (struct place){(enum iommu_reg)i, record, 8 * past};
    }
    return (struct place){.reg = IOMMU_REGS};
}

/* Bits that this unit does not have. */
static uint64_t missing(const struct iommu *u, enum iommu_reg reg)
{
#define REG(name, offset, bytes, step, reset, writable, clears, access, title)
#define OPTION(name, feature, bits)                                            \
    if (reg == IOMMU_##name && !u->config.feature)                             \
        return bits;
#include "models/iommu/iommu_regs.def"
#undef REG
#undef OPTION
    return 0;
}

void registers_reset(struct iommu *u)
{
    for (unsigned i = 0; i < IOMMU_REGS; i++)
        u->reg[i] = rows[i].reset;
}

static uint64_t cap(const struct iommu_config *c)
{
    return (uint64_t)c->caching << CAP_CM_SHIFT |
           (uint64_t)IOMMU_AT_FRCD_LOW / 16 << CAP_FRO_SHIFT |
           (uint64_t)(c->faults - 1u) << CAP_NFR_SHIFT |
           (uint64_t)c->posting << CAP_PI_SHIFT |
           (uint64_t)c->esirtps << CAP_ESIRTPS_SHIFT;
}

static uint64_t ecap(const struct iommu_config *c)
{
    return (c->coherent ? 1u : 0u) | ECAP_QI | ECAP_IR |
           (uint64_t)c->extended << ECAP_EIM_SHIFT |
           (uint64_t)c->mhmv << ECAP_MHMV_SHIFT;
}

static uint64_t value_of(const struct iommu *u, const struct place *p)
{
    switch (p->reg) {
    case IOMMU_CAP:
        return cap(&u->config);
    case IOMMU_ECAP:
        return ecap(&u->config);
    case IOMMU_FSTS:
        return fault_status(u);
    case IOMMU_FRCD_LOW:
        return u->record[p->record][0];
    case IOMMU_FRCD_HIGH:
        return u->record[p->record][1];
    default:
        return u->reg[p->reg];
    }
}

static uint32_t read_dword(const struct iommu *u, uint32_t offset)
{
    struct place p = place_of(u, offset);

    return p.reg == IOMMU_REGS ? 0 : (uint32_t)(value_of(u, &p) >> p.shift);
}

/* ---- commands ---- */

static void set_table(struct iommu *u)
{
    u->table = u->reg[IOMMU_IRTA];
    if (u->config.esirtps)
        cache_invalidate_all(u);
}

/* The level commands become statuses; what cannot be done stays as it was. */
static void set_levels(struct iommu *u, struct iommu_out *out)
{
    uint32_t levels = u->command & IOMMU_LEVEL_COMMANDS;
    uint32_t changed = (uint32_t)u->reg[IOMMU_GSTS] ^ levels;

    changed &= IOMMU_LEVEL_COMMANDS;
    if ((changed & IOMMU_QIE) && !queue_enable(u, levels & IOMMU_QIE)) {
        out->warning = IOMMU_WARNING_QUEUE_IN_USE;
        changed &= ~IOMMU_QIE;
    }
    if ((changed & levels & IOMMU_IRE) && !gsts_has(u, IOMMU_SIRTP))
        out->warning = IOMMU_WARNING_NO_TABLE;
    u->reg[IOMMU_GSTS] ^= changed;
}

void command_run(struct iommu *u, struct iommu_out *out)
{
    if (!u->commanded || !iommu_idle(u))
        return;
    u->commanded = false;
    if (u->command & IOMMU_SIRTP)
        set_table(u);
    /* of the one-shot commands the write-buffer flush leaves nothing */
    u->reg[IOMMU_GSTS] |= u->command & (IOMMU_SRTP | IOMMU_SIRTP);
    set_levels(u, out);
}

/* Requests in the unit end under the old rules; the statuses of one-shot
 * commands are 0 until they are done. */
static void command(struct iommu *u, uint32_t value, struct iommu_out *out)
{
    uint32_t asked = value & IOMMU_ONE_SHOTS;
    uint32_t changed = (uint32_t)u->reg[IOMMU_GSTS] ^ value;

    asked |= changed & IOMMU_LEVEL_COMMANDS;
    if (asked & (asked - 1))
        out->warning = IOMMU_WARNING_SEVERAL_COMMANDS;
    if (u->commanded)
        value |= u->command & IOMMU_ONE_SHOTS;
    u->command = value;
    u->commanded = true;
    u->reg[IOMMU_GSTS] &= ~(uint64_t)(value & IOMMU_ONE_SHOTS);
    command_run(u, out);
}

/* ---- writes ---- */

static void completion_cleared(struct iommu *u)
{
    if (!(u->reg[IOMMU_ICS] & IOMMU_ICS_IWC))
        u->reg[IOMMU_IECTL] &= ~(uint64_t)IOMMU_EVENT_PENDING;
}

/* What a write does beside being stored. */
static void follow_write(struct iommu *u, const struct place *p, uint32_t value,
                         struct iommu_out *out)
{
    switch (p->reg) {
    case IOMMU_GCMD:
        command(u, value, out);
        break;
    case IOMMU_FECTL:
        event_controlled(u, IOMMU_FAULT_EVENT, out);
        break;
    case IOMMU_IECTL:
        event_controlled(u, IOMMU_INVALIDATION_EVENT, out);
        break;
    case IOMMU_FSTS:
    case IOMMU_FRCD_HIGH:
        fault_cleared(u);
        break;
    case IOMMU_ICS:
        completion_cleared(u);
        break;
    case IOMMU_IQT:
        if (!p->shift)
            queue_tail_written(u);
        break;
    default:
        break;
    }
}

static void write_dword(struct iommu *u, uint32_t offset, uint32_t value,
                        struct iommu_out *out)
{
    struct place p = place_of(u, offset);
    uint64_t bits, store;
    uint64_t *reg;

    if (p.reg == IOMMU_REGS)
        return;
    reg = p.reg == IOMMU_FRCD_HIGH ? &u->record[p.record][1] : &u->reg[p.reg];
    bits = (uint64_t)value << p.shift;
    store = rows[p.reg].writable & ~missing(u, p.reg) &
            UINT64_C(0xffffffff) << p.shift;
    *reg = ((*reg & ~store) | (bits & store)) & ~(bits & rows[p.reg].clears);
    follow_write(u, &p, value, out);
}

static enum iommu_warning access_warning(const struct iommu *u,
                                         const struct iommu_mmio *a,
                                         enum iommu_reg_access refused)
{
    struct place p = place_of(u, a->offset & ~3u);

    if (p.reg == IOMMU_REGS)
        return IOMMU_WARNING_HOLE;
    if (a->bytes < 4 || a->offset % a->bytes)
        return IOMMU_WARNING_WIDTH;
    if (rows[p.reg].access == refused)
        return refused == IOMMU_REG_RO ? IOMMU_WARNING_READ_ONLY
                                       : IOMMU_WARNING_WRITE_ONLY;
    return IOMMU_WARNING_NONE;
}

struct iommu_out iommu_read(const struct iommu *u, struct iommu_mmio *a)
{
    uint32_t aligned = a->offset & ~3u;
    uint64_t both =
        (uint64_t)read_dword(u, aligned + 4) << 32 | read_dword(u, aligned);

    assert(a->bytes && a->bytes <= 8);
    a->value = both >> 8 * (a->offset % 4) & ~UINT64_C(0) >> 8 * (8 - a->bytes);
    return (struct iommu_out){.warning =
                                  (uint8_t)access_warning(u, a, IOMMU_REG_WO)};
}

struct iommu_out iommu_write(struct iommu *u, const struct iommu_mmio *a)
{
    struct iommu_out out = {.warning =
                                (uint8_t)access_warning(u, a, IOMMU_REG_RO)};

    if (out.warning == IOMMU_WARNING_WIDTH)
        return out;
    write_dword(u, a->offset, (uint32_t)a->value, &out);
    if (a->bytes == 8)
        write_dword(u, a->offset + 4, (uint32_t)(a->value >> 32), &out);
    queue_run(u, &out);
    return out;
}
