/* The invariants of the local APIC: each is seen when it is broken, and a
 * state at its bound is not taken for a broken one. */
#include "models/lapic/test/apic_fixture.h"

#define TIMER_MODE(mode) ((uint32_t)(mode) << 17)

static void extd_alone(struct lapic *l)
{
    l->base = LAPIC_BASE_DEFAULT | LAPIC_BASE_EXTD;
}

static void open_first_entry(struct lapic *l)
{
    l->svr = 0xff;
    l->lvt[0] &= ~LAPIC_LVT_MASKED;
}

static void open_last_entry(struct lapic *l)
{
    l->svr = 0xff;
    l->lvt[LVT_COUNT - 1] &= ~LAPIC_LVT_MASKED;
}

static void vector_0_in_irr(struct lapic *l)
{
    vecset_add(&l->irr, 0);
}

static void vector_15_in_isr(struct lapic *l)
{
    vecset_add(&l->isr, 15);
}

static void vector_8_in_tmr(struct lapic *l)
{
    vecset_add(&l->tmr, 8);
}

static void vector_16(struct lapic *l)
{
    vecset_add(&l->irr, 16);
    vecset_add(&l->isr, 16);
    vecset_add(&l->tmr, 16);
}

static void remote_irr_of_an_edge(struct lapic *l)
{
    l->lvt[LVT_LINT0] |= LAPIC_LVT_REMOTE_IRR;
}

static void remote_irr_of_a_level(struct lapic *l)
{
    l->lvt[LVT_LINT0] |= LAPIC_LVT_REMOTE_IRR | LAPIC_LVT_LEVEL;
}

static void deadline_in(struct lapic *l, enum lapic_timer_mode mode)
{
    l->lvt[LVT_TIMER] = TIMER_MODE(mode);
    l->tsc_deadline = 1;
}

static void deadline_in_its_mode(struct lapic *l)
{
    deadline_in(l, TIMER_TSC_DEADLINE);
}

static void deadline_in_periodic(struct lapic *l)
{
    deadline_in(l, TIMER_PERIODIC);
}

static void count_in(struct lapic *l, enum lapic_timer_mode mode)
{
    l->lvt[LVT_TIMER] = TIMER_MODE(mode);
    l->tmict = 1;
    l->timer_expiry = 1;
}

static void count_in_one_shot(struct lapic *l)
{
    count_in(l, TIMER_ONE_SHOT);
}

static void count_in_periodic(struct lapic *l)
{
    count_in(l, TIMER_PERIODIC);
}

static void count_in_tsc_deadline(struct lapic *l)
{
    count_in(l, TIMER_TSC_DEADLINE);
}

static void count_in_reserved(struct lapic *l)
{
    count_in(l, TIMER_RESERVED);
}

static void count_of_nothing(struct lapic *l)
{
    count_in(l, TIMER_ONE_SHOT);
    l->tmict = 0;
}

#define OPEN "an LVT entry is open while software-disabled"
#define LOW "a vector below 16 is in IRR, ISR or TMR"
#define REMOTE "remote IRR of a LINT0 entry that is not level-triggered"
#define ARMED "IA32_TSC_DEADLINE is armed outside its mode"
#define COUNTS "the timer counts in a mode that does not count"
#define NOTHING "the timer counts without an initial count"

static const struct state {
    const char *name;
    void (*make)(struct lapic *l);
    const char *broken; /* NULL: nothing is */
} states[] = {
    {"extd_alone", extd_alone, "IA32_APIC_BASE has EXTD = 1 with EN = 0"},
    {"open_first_entry", open_first_entry, OPEN},
    {"open_last_entry", open_last_entry, OPEN},
    {"vector_0_in_irr", vector_0_in_irr, LOW},
    {"vector_15_in_isr", vector_15_in_isr, LOW},
    {"vector_8_in_tmr", vector_8_in_tmr, LOW},
    {"vector_16", vector_16, NULL},
    {"remote_irr_of_an_edge", remote_irr_of_an_edge, REMOTE},
    {"remote_irr_of_a_level", remote_irr_of_a_level, NULL},
    {"deadline_in_its_mode", deadline_in_its_mode, NULL},
    {"deadline_in_periodic", deadline_in_periodic, ARMED},
    {"count_in_one_shot", count_in_one_shot, NULL},
    {"count_in_periodic", count_in_periodic, NULL},
    {"count_in_tsc_deadline", count_in_tsc_deadline, COUNTS},
    {"count_in_reserved", count_in_reserved, COUNTS},
    {"count_of_nothing", count_of_nothing, NOTHING},
};

TEST_EACH(lapic_check, names_what_is_broken, struct state, states)
{
    struct apic f = {0};

    apic_setup(&f);
    row->make(&f.l);
    EXPECT_STREQ(lapic_check(&f.l), row->broken);
}
