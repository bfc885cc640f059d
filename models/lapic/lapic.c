/* The local APIC: acceptance, priority, EOI, local sources and reset. */
#include "models/lapic/lapic.h"

#include <assert.h>

#include "models/lapic/lapic_private.h"

#define FIRST_LEGAL_VECTOR 16

uint32_t lapic_id(const struct lapic *l)
{
    return lapic_mode(l) == LAPIC_MODE_X2APIC ? l->config.id : l->id >> 24;
}

uint32_t lapic_ppr(const struct lapic *l)
{
    int isrv = vecset_top(&l->isr);

    if (class_of((int)l->tpr) >= class_of(isrv))
        return l->tpr;
    return (uint32_t)isrv & 0xf0;
}

/* The lines are functions of the state: computed here, nowhere stored.  While
 * software-disabled the APIC keeps its IRR but requests nothing. */
bool lapic_intr_line(const struct lapic *l)
{
    int irrv_class = class_of(vecset_top(&l->irr));

    return lapic_software_enabled(l) && irrv_class > class_of((int)l->tpr) &&
           irrv_class > class_of(vecset_top(&l->isr));
}

static bool lint_asserted(const struct lapic *l, unsigned pin)
{
    bool active_low = (l->lvt[LVT_LINT0 + pin] & LAPIC_LVT_ACTIVE_LOW) != 0;

    return l->lint_high[pin] != active_low;
}

static bool lint_is_extint(const struct lapic *l, unsigned pin)
{
    enum lapic_lvt entry = LVT_LINT0 + pin;

    return !lvt_masked(l, entry) && lvt_mode(l, entry) == DELIVERY_EXTINT &&
           lint_asserted(l, pin);
}

bool lapic_extint_line(const struct lapic *l)
{
    if (lapic_mode(l) == LAPIC_MODE_DISABLED)
        return l->lint_high[0]; /* LINT0 is the core's INTR pin again */
    return l->extint_latched || lint_is_extint(l, 0) || lint_is_extint(l, 1);
}

static struct lapic_taken refused(uint8_t vector, enum irq_reason why)
{
    return (struct lapic_taken){
        .fate = LAPIC_FATE_REFUSED, .vector = vector, .why = (uint8_t)why};
}

static struct lapic_taken forwarded(uint8_t vector, enum delivery_mode mode)
{
    return (struct lapic_taken){
        .fate = LAPIC_FATE_FORWARDED, .vector = vector, .mode = (uint8_t)mode};
}

static struct lapic_taken set_irr(struct lapic *l, uint8_t vector, bool level)
{
    bool merged = vecset_has(&l->irr, vector);

    if (level)
        vecset_add(&l->tmr, vector);
    else
        vecset_del(&l->tmr, vector);
    vecset_add(&l->irr, vector);
    return (struct lapic_taken){.fate = merged ? LAPIC_FATE_MERGED
                                               : LAPIC_FATE_ACCEPTED,
                                .vector = vector};
}

struct lapic_taken lapic_raise_error(struct lapic *l, uint32_t bits)
{
    uint8_t vector = (uint8_t)l->lvt[LVT_ERROR];
    bool reports = l->error_armed && !lvt_masked(l, LVT_ERROR);

    l->errors |= bits;
    l->error_armed = false;
    if (reports && vector >= FIRST_LEGAL_VECTOR)
        return set_irr(l, vector, false);
    if (reports)
        l->errors |= LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR; /* no recursion */
    return (struct lapic_taken){0};
}

static struct lapic_fates only(struct lapic_taken taken)
{
    return (struct lapic_fates){.taken = taken};
}

static struct lapic_fates accept_fixed(struct lapic *l, uint8_t vector,
                                       bool level)
{
    struct lapic_fates fates = {.taken = refused(vector, IRQ_ILLEGAL_VECTOR)};

    if (!lapic_software_enabled(l))
        return only(refused(vector, IRQ_APIC_DISABLED));
    if (vector >= FIRST_LEGAL_VECTOR)
        return only(set_irr(l, vector, level));
    fates.error = lapic_raise_error(l, LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
    return fates;
}

static struct lapic_taken latch_extint(struct lapic *l)
{
    struct lapic_taken taken = forwarded(0, DELIVERY_EXTINT);

    if (l->extint_latched)
        taken.fate = LAPIC_FATE_MERGED;
    l->extint_latched = true;
    return taken;
}

static struct lapic_fates accept(struct lapic *l, const struct msg_apic *m)
{
    bool deassert = m->level_trigger && !m->assert_level;

    if (lapic_mode(l) == LAPIC_MODE_DISABLED)
        return only(refused(m->vector, IRQ_APIC_DISABLED));
    switch (m->mode) {
    case DELIVERY_FIXED:
    case DELIVERY_LOWEST:
        return accept_fixed(l, m->vector, m->level_trigger);
    case DELIVERY_INIT:
        if (deassert)
            return only(refused(m->vector, IRQ_UNSUPPORTED_MODE));
        return only(forwarded(m->vector, DELIVERY_INIT));
    case DELIVERY_NMI:
    case DELIVERY_SMI:
    case DELIVERY_SIPI:
        return only(forwarded(m->vector, (enum delivery_mode)m->mode));
    case DELIVERY_EXTINT:
        return only(latch_extint(l));
    default:
        return only(refused(m->vector, IRQ_UNSUPPORTED_MODE));
    }
}

struct lapic_out lapic_accept(struct lapic *l, const struct msg_apic *m)
{
    return lapic_seen(l, accept(l, m));
}

struct lapic_fates lapic_fire(struct lapic *l, enum lapic_lvt entry)
{
    bool lint = entry == LVT_LINT0 || entry == LVT_LINT1;
    enum delivery_mode mode = lvt_mode(l, entry);
    uint8_t vector = (uint8_t)l->lvt[entry];

    if (lvt_masked(l, entry))
        return LAPIC_NO_FATES;
    if (mode == DELIVERY_FIXED)
        return accept_fixed(l, vector, false);
    if (mode == DELIVERY_SMI || mode == DELIVERY_NMI ||
        (mode == DELIVERY_INIT && lint))
        return only(forwarded(vector, mode));
    return LAPIC_NO_FATES;
}

/* Only LINT0 in fixed mode is level-triggered: LINT1 stores the bit and
 * behaves as edge. */
static bool lint0_is_level(const struct lapic *l)
{
    return (l->lvt[LVT_LINT0] & LAPIC_LVT_LEVEL) &&
           lvt_mode(l, LVT_LINT0) == DELIVERY_FIXED;
}

struct lapic_fates lapic_sample_lint0(struct lapic *l)
{
    uint32_t *lvt = &l->lvt[LVT_LINT0];
    struct lapic_fates fates;

    if (!lint0_is_level(l)) {
        *lvt &= ~LAPIC_LVT_REMOTE_IRR;
        return LAPIC_NO_FATES;
    }
    if (*lvt & (LAPIC_LVT_MASKED | LAPIC_LVT_REMOTE_IRR) ||
        !lint_asserted(l, 0))
        return LAPIC_NO_FATES;
    fates = accept_fixed(l, (uint8_t)*lvt, true);
    if (fates.taken.fate != LAPIC_FATE_REFUSED) {
        *lvt |= LAPIC_LVT_REMOTE_IRR;
        l->lint0_vector = (uint8_t)*lvt;
    }
    return fates;
}

struct lapic_out lapic_set_lint(struct lapic *l, unsigned pin, bool high)
{
    struct lapic_fates fates = LAPIC_NO_FATES;
    bool was_high = l->lint_high[pin];
    bool was_asserted = lint_asserted(l, pin);
    bool activated;

    l->lint_high[pin] = high;
    activated = !was_asserted && lint_asserted(l, pin);
    if (lapic_mode(l) == LAPIC_MODE_DISABLED) {
        if (pin == 1 && high && !was_high) /* the core's NMI pin again */
            fates = only(forwarded(0, DELIVERY_NMI));
    } else if (activated && pin == 0 && lint0_is_level(l)) {
        fates = lapic_sample_lint0(l);
    } else if (activated) {
        fates = lapic_fire(l, LVT_LINT0 + pin);
    }
    return lapic_seen(l, fates);
}

struct lapic_out lapic_local(struct lapic *l, enum lapic_lvt source)
{
    struct lapic_fates fates = lapic_fire(l, source);

    assert(source == LVT_CMCI || source == LVT_THERMAL ||
           source == LVT_PERFMON);
    if (source == LVT_PERFMON && fates.taken.fate != LAPIC_FATE_NONE)
        l->lvt[LVT_PERFMON] |= LAPIC_LVT_MASKED;
    return lapic_seen(l, fates);
}

struct lapic_out lapic_acknowledge(struct lapic *l, uint8_t *vector)
{
    bool spurious = !lapic_intr_line(l);

    if (spurious) {
        *vector = (uint8_t)l->svr;
    } else {
        *vector = (uint8_t)vecset_top(&l->irr);
        vecset_del(&l->irr, *vector);
        vecset_add(&l->isr, *vector);
    }
    return (struct lapic_out){
        .intr = lapic_intr_line(l),
        .extint = lapic_extint_line(l),
        .spurious = spurious,
    };
}

struct lapic_out lapic_acknowledge_extint(struct lapic *l)
{
    l->extint_latched = false;
    return lapic_seen(l, LAPIC_NO_FATES);
}

/* LINT0 is level-triggered and this vector is its own. */
static struct lapic_fates end_lint0(struct lapic *l, uint8_t vector)
{
    uint32_t *lvt = &l->lvt[LVT_LINT0];

    if (!(*lvt & LAPIC_LVT_REMOTE_IRR) || l->lint0_vector != vector)
        return LAPIC_NO_FATES;
    *lvt &= ~LAPIC_LVT_REMOTE_IRR;
    return lapic_sample_lint0(l);
}

struct lapic_out lapic_eoi(struct lapic *l)
{
    int isrv = vecset_top(&l->isr);
    uint8_t vector = (uint8_t)isrv;
    bool bcast =
        vecset_has(&l->tmr, vector) && !(l->svr & LAPIC_SVR_SUPPRESS_EOI);
    struct lapic_fates fates;

    if (isrv < 0)
        return lapic_seen(l, LAPIC_NO_FATES);
    vecset_del(&l->isr, vector);
    fates = end_lint0(l, vector);
    return (struct lapic_out){
        .intr = lapic_intr_line(l),
        .extint = lapic_extint_line(l),
        .eoi = true,
        .eoi_bcast = bcast,
        .eoi_vector = vector,
        .taken = fates.taken,
        .error = fates.error,
    };
}

uint8_t lapic_cr8(const struct lapic *l)
{
    return (uint8_t)(l->tpr >> 4);
}

struct lapic_out lapic_set_cr8(struct lapic *l, uint64_t cr8)
{
    if (cr8 > 15)
        return lapic_fault(l);
    l->tpr = (uint32_t)cr8 << 4;
    return lapic_seen(l, LAPIC_NO_FATES);
}

struct lapic_out lapic_reset(struct lapic *l, enum lapic_reset how)
{
    struct lapic_out out;

    if (how == LAPIC_RESET)
        l->base = LAPIC_BASE_DEFAULT | LAPIC_BASE_EN |
                  (l->config.bsp ? LAPIC_BASE_BSP : 0);
    lapic_reset_registers(l);
    out = lapic_seen(l, LAPIC_NO_FATES);
    out.cleared = true;
    out.timer_changed = true;
    return out;
}

void lapic_init(struct lapic *l, const struct lapic_config *config)
{
    *l = (struct lapic){.config = *config};
    lapic_reset(l, LAPIC_RESET);
}

static const char *check_vectors(const struct lapic *l)
{
    uint64_t low = l->irr.word[0] | l->isr.word[0] | l->tmr.word[0];

    if (low & ((1u << FIRST_LEGAL_VECTOR) - 1))
        return "a vector below 16 is in IRR, ISR or TMR";
    if (l->lvt[LVT_LINT0] & LAPIC_LVT_REMOTE_IRR && !lint0_is_level(l))
        return "remote IRR of a LINT0 entry that is not level-triggered";
    return NULL;
}

static const char *check_timer(const struct lapic *l)
{
    enum lapic_timer_mode mode = lapic_timer_mode(l);

    if (l->tsc_deadline && mode != TIMER_TSC_DEADLINE)
        return "IA32_TSC_DEADLINE is armed outside its mode";
    if (l->timer_expiry && mode != TIMER_ONE_SHOT && mode != TIMER_PERIODIC)
        return "the timer counts in a mode that does not count";
    if (l->timer_expiry && !l->tmict)
        return "the timer counts without an initial count";
    return NULL;
}

const char *lapic_check(const struct lapic *l)
{
    if ((l->base & (LAPIC_BASE_EN | LAPIC_BASE_EXTD)) == LAPIC_BASE_EXTD)
        return "IA32_APIC_BASE has EXTD = 1 with EN = 0";
    for (int i = 0; i < LVT_COUNT && !lapic_software_enabled(l); i++)
        if (!lvt_masked(l, (enum lapic_lvt)i))
            return "an LVT entry is open while software-disabled";
    if (check_vectors(l))
        return check_vectors(l);
    return check_timer(l);
}
