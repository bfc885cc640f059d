#include "models/lapic/test/lapic_lockstep_rules.h"

uint64_t lapic_rule_hits[RULE_COUNT];

static struct {
    struct lapic old;   /* before the operation */
    struct lapic start; /* before the cycle */
    bool intr_high;     /* before the cycle */
    bool rising;        /* INTR was about to rise before the operation */
    bool sent_before_reset;
    uint32_t merged;
    int timer_vector; /* that the timer brought in this cycle, or -1 */
    bool expired;
} was;

static void meet(enum lapic_rule rule, bool met)
{
    lapic_rule_hits[rule] += met;
}

static bool same(const struct vecset *a, const struct vecset *b)
{
    return a->word[0] == b->word[0] && a->word[1] == b->word[1] &&
           a->word[2] == b->word[2] && a->word[3] == b->word[3];
}

static bool armed(const struct lapic *l)
{
    return l->timer_expiry || l->tsc_deadline;
}

static unsigned timer_mode(const struct lapic *l)
{
    return l->lvt[LVT_TIMER] >> 17 & 3;
}

static bool masked(const struct lapic *l, enum lapic_lvt entry)
{
    return (l->lvt[entry] & LAPIC_LVT_MASKED) != 0;
}

void lapic_rules_power_up(void)
{
    was.sent_before_reset = false;
}

void lapic_rules_before(const struct lapic_node *n)
{
    was.old = was.start = n->lapic;
    was.intr_high = n->intr_high;
    was.rising = event_scheduled(&n->intr_event);
}

void lapic_rules_due(const struct lapic_node *n)
{
    const struct lapic *old = &was.old, *l = &n->lapic;
    bool count_expired =
        old->timer_expiry && old->timer_expiry != l->timer_expiry;
    bool deadline_expired = old->tsc_deadline && !l->tsc_deadline;

    was.expired = count_expired || deadline_expired;
    was.timer_vector = was.expired && !masked(old, LVT_TIMER)
                           ? (int)(old->lvt[LVT_TIMER] & 0xff)
                           : -1;
    meet(RULE_TIMER_ONE_SHOT, count_expired && !l->timer_expiry);
    meet(RULE_TIMER_PERIODIC, count_expired && l->timer_expiry);
    meet(RULE_TIMER_MASKED, was.expired && masked(old, LVT_TIMER));
    meet(RULE_DEADLINE_FIRES, deadline_expired);
    was.old = *l;
    was.rising = event_scheduled(&n->intr_event);
}

/* Rules of acceptance: `vector` reached the APIC. */
static void after_fixed(const struct lapic *l, uint8_t vector, bool level)
{
    const struct lapic *old = &was.old;
    bool pending = vecset_has(&old->irr, vector);
    bool set = vecset_has(&l->irr, vector);
    bool was_level = vecset_has(&old->tmr, vector);

    meet(RULE_ACCEPT_DISABLED, !lapic_software_enabled(l));
    if (!lapic_software_enabled(l))
        return;
    meet(RULE_ACCEPT_ILLEGAL, vector < 16);
    meet(RULE_ACCEPT_EDGE, set && !pending && !level);
    meet(RULE_ACCEPT_LEVEL, set && !pending && level);
    meet(RULE_ACCEPT_MERGES, set && pending);
    meet(RULE_ACCEPT_MERGE_TRIGGER, set && pending && was_level != level);
    meet(RULE_ACCEPT_IN_SERVICE, set && vecset_has(&l->isr, vector));
    meet(RULE_COLLIDE_SAME_VECTOR, vector == was.timer_vector);
}

static void after_message(const struct lapic *l, uint64_t value)
{
    enum delivery_mode mode = (enum delivery_mode)(value >> 8 & 7);
    bool level = value >> 11 & 1;
    bool deassert = level && !(value >> 12 & 1);

    if (lapic_mode(l) == LAPIC_MODE_DISABLED) {
        meet(RULE_ACCEPT_GLOBALLY_DISABLED, true);
        return;
    }
    if (mode == DELIVERY_FIXED || mode == DELIVERY_LOWEST)
        after_fixed(l, (uint8_t)value, level);
    meet(RULE_FORWARD_NMI_DISABLED,
         mode == DELIVERY_NMI && !lapic_software_enabled(l));
    meet(RULE_FORWARD_SMI, mode == DELIVERY_SMI);
    meet(RULE_FORWARD_SIPI, mode == DELIVERY_SIPI);
    meet(RULE_FORWARD_INIT, mode == DELIVERY_INIT && !deassert);
    meet(RULE_INIT_DEASSERT, mode == DELIVERY_INIT && deassert);
    meet(RULE_MODE_RESERVED, mode == DELIVERY_RESERVED3);
    meet(RULE_EXTINT_LATCHED, mode == DELIVERY_EXTINT);
}

static void after_lint(const struct lapic_node *n, unsigned pin, bool high)
{
    const struct lapic *old = &was.old, *l = &n->lapic;
    uint32_t before = old->lvt[LVT_LINT0 + pin];
    bool active = high != ((before & LAPIC_LVT_ACTIVE_LOW) != 0);
    bool fires =
        high != old->lint_high[pin] && active && !(before & LAPIC_LVT_MASKED);
    unsigned mode = before >> 8 & 7;
    bool level = (before & LAPIC_LVT_LEVEL) != 0;
    bool irr = !same(&old->irr, &l->irr);

    if (lapic_mode(l) == LAPIC_MODE_DISABLED) {
        meet(RULE_LINT_GLOBALLY_DISABLED, high);
        return;
    }
    meet(RULE_LINT_NMI, fires && mode == DELIVERY_NMI);
    meet(RULE_LINT_ACTIVE_LOW, fires && !high);
    meet(RULE_EXTINT_LINT, fires && mode == DELIVERY_EXTINT && n->extint_high &&
                               old->tpr >= 0xf0);
    if (!fires || mode != DELIVERY_FIXED)
        return;
    meet(RULE_LINT_EDGE, irr && !level);
    meet(RULE_LINT1_LEVEL_IS_EDGE, irr && level && pin == 1);
    meet(RULE_LINT0_LEVEL, pin == 0 && !(before & LAPIC_LVT_REMOTE_IRR) &&
                               l->lvt[LVT_LINT0] & LAPIC_LVT_REMOTE_IRR);
    meet(RULE_LINT0_HELD, pin == 0 && before & LAPIC_LVT_REMOTE_IRR);
}

static void after_local(const struct lapic *l, uint32_t kind)
{
    static const enum lapic_lvt entry[] = {
        [OP_CMCI] = LVT_CMCI,
        [OP_THERMAL] = LVT_THERMAL,
        [OP_PERFMON] = LVT_PERFMON,
    };
    static const enum lapic_rule fired[] = {
        [OP_CMCI] = RULE_CMCI,
        [OP_THERMAL] = RULE_THERMAL,
        [OP_PERFMON] = RULE_PERFMON_MASKS,
    };
    bool open = !masked(&was.old, entry[kind]);

    meet(RULE_LOCAL_MASKED, !open);
    meet(fired[kind], open && !same(&was.old.irr, &l->irr));
}

static void after_acknowledge(const struct lapic *l, const uint32_t *seen)
{
    uint8_t vector = (uint8_t)seen[SEEN_ACK_VECTOR];
    bool spurious = seen[SEEN_ACK_SPURIOUS] != 0;

    meet(RULE_ACK, !spurious);
    meet(RULE_ACK_NESTED, !spurious && !vecset_empty(&was.old.isr));
    meet(RULE_ACK_SPURIOUS, spurious);
    meet(RULE_ACK_SPURIOUS_PENDING,
         spurious && was.intr_high && !vecset_empty(&l->irr));
    meet(RULE_SVR_VECTOR_GENUINE, !spurious && vector == (l->svr & 0xff));
    meet(RULE_COLLIDE_ACK_ACCEPT, !same(&was.start.irr, &was.old.irr));
}

static void after_eoi(const struct lapic_node *n)
{
    const struct lapic *old = &was.old, *l = &n->lapic;
    int vector = vecset_top(&old->isr);
    bool remote = (old->lvt[LVT_LINT0] & LAPIC_LVT_REMOTE_IRR) != 0;
    bool remote_after = (l->lvt[LVT_LINT0] & LAPIC_LVT_REMOTE_IRR) != 0;
    bool level, ends_lint0, suppress;

    meet(RULE_EOI_EMPTY, vector < 0);
    if (vector < 0)
        return;
    level = vecset_has(&old->tmr, (uint8_t)vector);
    suppress = (old->svr & LAPIC_SVR_SUPPRESS_EOI) != 0;
    ends_lint0 = remote && vector == old->lint0_vector;
    meet(RULE_EOI_EDGE, !level);
    meet(RULE_EOI_LEVEL, level && !suppress);
    meet(RULE_EOI_SUPPRESSED, level && suppress);
    meet(RULE_EOI_NESTED, !vecset_empty(&l->isr));
    meet(RULE_EOI_NEXT, !was.rising && event_scheduled(&n->intr_event));
    meet(RULE_LINT0_EOI, ends_lint0 && !remote_after);
    meet(RULE_LINT0_AGAIN, ends_lint0 && remote_after);
    meet(RULE_COLLIDE_EOI_ACCEPT, !same(&was.start.irr, &old->irr));
}

static void after_timer_access(const struct lapic *l, uint32_t offset,
                               uint64_t value)
{
    const struct lapic *old = &was.old;
    unsigned mode = timer_mode(old), now = timer_mode(l);
    bool deadline_mode = mode == TIMER_TSC_DEADLINE;
    bool counting = old->timer_expiry != 0;

    if (offset == LAPIC_TMICT) {
        meet(RULE_TMICT_IGNORED, deadline_mode && value);
        meet(RULE_TIMER_RESTART, counting && value);
        meet(RULE_TIMER_STOP, counting && !value);
    } else if (offset == LAPIC_DCR) {
        meet(RULE_TIMER_DCR, counting && old->dcr != l->dcr);
    } else if (offset == LAPIC_LVT_TIMER) {
        meet(RULE_TIMER_MODE_KEEPS, counting && mode + now == 1);
        meet(RULE_TIMER_MODE_DISARMS,
             armed(old) && mode != now && (deadline_mode || now == 2));
        meet(RULE_TIMER_RESERVED, counting && now == TIMER_RESERVED);
    } else {
        return;
    }
    meet(RULE_COLLIDE_TIMER_ACCESS, was.expired);
}

static void after_icr(const struct lapic_node *n, uint64_t value)
{
    unsigned mode = value >> 8 & 7;
    bool sends = mode != DELIVERY_RESERVED3 && mode != DELIVERY_EXTINT &&
                 !(mode == DELIVERY_INIT && (value >> 14 & 3) == 2);

    meet(RULE_ICR_SENDS, sends);
    meet(RULE_ICR_NOTHING, !sends);
    meet(RULE_ICR_X2APIC,
         sends && lapic_mode(&n->lapic) == LAPIC_MODE_X2APIC && value >> 40);
    meet(RULE_SEND_ILLEGAL, sends && mode < 2 && (value & 0xff) < 16);
    meet(RULE_SEND_QUEUED, n->sending_count > 1);
}

/* A write that the mode allows; `value` is what software wrote. */
static void after_write(const struct lapic_node *n, uint32_t offset,
                        uint64_t value)
{
    const struct lapic *old = &was.old, *l = &n->lapic;
    bool disabled = !lapic_software_enabled(l);
    uint32_t lint0 = old->lvt[LVT_LINT0];

    after_timer_access(l, offset, value);
    if (offset == LAPIC_EOI)
        after_eoi(n);
    if (offset == LAPIC_ICR_LOW)
        after_icr(n, value);
    meet(RULE_SELF_IPI, offset == LAPIC_SELF_IPI);
    meet(RULE_ESR_LATCH, offset == LAPIC_ESR && old->errors);
    meet(RULE_SVR_LVT_STAYS_MASKED,
         disabled && offset == LAPIC_LVT_ERROR && !(value & LAPIC_LVT_MASKED));
    meet(RULE_LINT0_UNMASKED, offset == LAPIC_LVT_LINT0 &&
                                  lint0 & LAPIC_LVT_MASKED &&
                                  l->lvt[LVT_LINT0] & LAPIC_LVT_REMOTE_IRR);
    meet(RULE_COLLIDE_TPR_ACCEPT, offset == LAPIC_TPR && old->tpr != l->tpr &&
                                      !same(&was.start.irr, &old->irr));
    if (offset != LAPIC_SVR)
        return;
    meet(RULE_SVR_DISABLE,
         disabled && lapic_software_enabled(old) && !vecset_empty(&l->irr));
    meet(RULE_SVR_REENABLE, !disabled && !lapic_software_enabled(old) &&
                                event_scheduled(&n->intr_event));
}

static void after_page(const struct lapic_node *n, const struct lockstep_op *op)
{
    const struct lapic *old = &was.old, *l = &n->lapic;
    uint32_t offset = (uint32_t)op->address;
    bool xapic = lapic_mode(l) == LAPIC_MODE_XAPIC;
    bool store = op->kind == OP_STORE;
    bool whole = offset % 16 == 0 && op->extra == 4;
    bool inside = offset % 16 + op->extra <= 4;

    meet(RULE_LOAD_NOT_CLAIMED, !store && !xapic);
    if (!xapic)
        return;
    meet(RULE_LOAD_PART, !store && inside && op->extra < 4);
    meet(RULE_ACCESS_UNDEFINED, store ? !whole : !inside);
    meet(RULE_ILLEGAL_ADDRESS, (l->errors & ~old->errors) >> 7 & 1);
    meet(RULE_STORE_READ_ONLY, store && whole && offset == LAPIC_PPR);
    if (store && whole)
        after_write(n, offset, (uint32_t)op->value);
}

static void after_base(const struct lapic *l, bool fault)
{
    const struct lapic *old = &was.old;
    enum lapic_mode from = lapic_mode(old), to = lapic_mode(l);

    meet(RULE_BASE_ILLEGAL, fault);
    meet(RULE_BASE_TO_X2APIC,
         from == LAPIC_MODE_XAPIC && to == LAPIC_MODE_X2APIC);
    meet(RULE_BASE_DISABLE, from != to && to == LAPIC_MODE_DISABLED && l->tpr);
    meet(RULE_BASE_ENABLE, from != to && from == LAPIC_MODE_DISABLED);
    meet(RULE_BASE_MOVED, old->base >> 12 != l->base >> 12);
}

static void after_deadline(const struct lapic *l, uint64_t value)
{
    bool mode = timer_mode(&was.old) == TIMER_TSC_DEADLINE;

    meet(RULE_DEADLINE_PAST, mode && value && !l->tsc_deadline);
    meet(RULE_DEADLINE_DISARM, mode && !value && was.old.tsc_deadline);
    meet(RULE_DEADLINE_IGNORED, !mode && value);
}

static void after_msr(const struct lapic_node *n, const struct lockstep_op *op,
                      bool fault)
{
    bool write = op->kind == OP_WRMSR;
    uint32_t msr = (uint32_t)op->address;
    uint32_t offset = (msr - LAPIC_MSR_FIRST) * 16;

    meet(RULE_MSR_FAULT, fault && !write);
    if (write && msr == LAPIC_MSR_APIC_BASE)
        after_base(&n->lapic, fault);
    else if (write && msr == LAPIC_MSR_TSC_DEADLINE && !fault)
        after_deadline(&n->lapic, op->value);
    else if (write && !fault)
        after_write(n, offset, op->value);
    if (!write || !fault || lapic_mode(&n->lapic) != LAPIC_MODE_X2APIC)
        return;
    meet(RULE_MSR_RESERVED, offset == LAPIC_SVR);
    meet(RULE_EOI_X2APIC_NONZERO, offset == LAPIC_EOI);
}

static void after_reset(const struct lapic_node *n, uint32_t kind)
{
    bool was_x2apic = lapic_mode(&was.old) == LAPIC_MODE_X2APIC;

    meet(RULE_INIT_KEEPS_MODE, was_x2apic && kind == OP_INIT);
    meet(RULE_RESET_LEAVES_X2APIC, was_x2apic && kind == OP_RESET);
    was.sent_before_reset = n->sending_count > 0;
}

static void after_errors(const struct lapic *l)
{
    const struct lapic *old = &was.old;
    bool recorded = (l->errors & ~old->errors) != 0;
    bool open = !masked(old, LVT_ERROR);
    bool legal = (old->lvt[LVT_ERROR] & 0xff) >= 16;

    meet(RULE_ERROR_INTERRUPT,
         old->error_armed && !l->error_armed && open && legal);
    meet(RULE_ERROR_VECTOR_ILLEGAL,
         old->error_armed && !l->error_armed && open && !legal);
    meet(RULE_ERROR_NOT_ARMED, recorded && !old->error_armed && open);
}

void lapic_rules_after(const struct lapic_node *n, const struct lockstep_op *op,
                       const uint32_t *seen)
{
    const struct lapic *l = &n->lapic;

    switch (op->kind) {
    case OP_MESSAGE:
        after_message(l, op->value);
        break;
    case OP_LINT0:
    case OP_LINT1:
        after_lint(n, op->kind - OP_LINT0, op->value != 0);
        break;
    case OP_CMCI:
    case OP_THERMAL:
    case OP_PERFMON:
        after_local(l, op->kind);
        break;
    case OP_LOAD:
    case OP_STORE:
        after_page(n, op);
        break;
    case OP_RDMSR:
    case OP_WRMSR:
        after_msr(n, op, seen[SEEN_FAULT] != 0);
        break;
    case OP_SET_CR8:
        meet(seen[SEEN_FAULT] ? RULE_CR8_FAULT : RULE_CR8, true);
        break;
    case OP_ACK:
        after_acknowledge(l, seen);
        break;
    case OP_ACK_EXTINT:
        meet(RULE_EXTINT_ACKNOWLEDGED, was.old.extint_latched);
        break;
    default:
        after_reset(n, op->kind);
    }
    after_errors(l);
    meet(RULE_INTR_RISE_CANCELLED,
         was.rising && !event_scheduled(&n->intr_event));
    was.old = *l;
    was.rising = event_scheduled(&n->intr_event);
}

static void after_match(const struct lapic *l, const struct lockstep_op *op,
                        bool match)
{
    bool dest8 = op->extra >> 3 & 1, logical = op->extra >> 2 & 1;
    bool broadcast = (uint32_t)op->value == (dest8 ? 0xffu : 0xffffffffu);
    bool x2apic = lapic_mode(l) == LAPIC_MODE_X2APIC;

    meet(RULE_MATCH_NOT, !match);
    if (!match || op->extra & 3)
        return;
    meet(RULE_MATCH_BROADCAST, broadcast && logical && !x2apic && !l->ldr);
    if (broadcast || (uint32_t)op->value == 0xff)
        return;
    meet(RULE_MATCH_PHYSICAL, !logical);
    meet(RULE_MATCH_X2APIC, logical && x2apic);
    meet(RULE_MATCH_FLAT, logical && !x2apic && l->dfr >> 28 == 0xf);
    meet(RULE_MATCH_CLUSTER, logical && !x2apic && l->dfr >> 28 == 0);
}

void lapic_rules_cycle(const struct lapic_node *n,
                       const struct lockstep_cycle *c, const uint32_t *seen)
{
    const struct lapic *l = &n->lapic;
    int irr = class_of(vecset_top(&l->irr)), isr = vecset_top(&l->isr);
    uint32_t ppr = lapic_ppr(l);
    bool left = seen[SEEN_OUT_VALID] != 0;

    for (uint32_t i = 0; i < c->ops; i++)
        if (c->op[i].kind == OP_MATCH)
            after_match(l, &c->op[i], seen[SEEN_MATCH] != 0);
    meet(RULE_INTR_RISES, !was.intr_high && n->intr_high);
    meet(RULE_INTR_FALLS, was.intr_high && !n->intr_high);
    meet(RULE_SAME_CLASS_WAITS, irr && irr == class_of((int)ppr));
    meet(RULE_PPR_FROM_ISR, isr >= 0 && class_of(isr) > class_of((int)l->tpr));
    meet(RULE_PPR_TIE, isr >= 0 && class_of(isr) == class_of((int)l->tpr));
    meet(RULE_SEND_EARLY, left && n->sending_count == LAPIC_SEND_MAX);
    meet(RULE_RESET_MESSAGE_LEAVES, left && was.sent_before_reset);
    if (left)
        was.sent_before_reset = false;
}
