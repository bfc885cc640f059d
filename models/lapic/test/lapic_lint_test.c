/* The local APIC's local sources: LINT pins, performance counter and so on. */
#include "models/lapic/test/apic_fixture.h"

#define NMI (4u << 8)
#define SMI (2u << 8)
#define INIT (5u << 8)
#define EXTINT (7u << 8)
#define LEVEL LAPIC_LVT_LEVEL

static enum lapic_fate pin(struct apic *f, unsigned number, bool high)
{
    f->out = lapic_set_lint(&f->l, number, high);
    return (enum lapic_fate)f->out.taken.fate;
}

TEST_F(apic, lint_edge_sets_irr_at_the_rising_edge_only)
{
    put(f, LAPIC_LVT_LINT0, 0x50);
    EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_ACCEPTED);
    EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_NONE);
    EXPECT_EQ(pin(f, 0, false), LAPIC_FATE_NONE);
    EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_MERGED);
}

TEST_F(apic, active_low_lint_fires_at_the_falling_edge)
{
    pin(f, 1, true);
    put(f, LAPIC_LVT_LINT1, 0x50 | LAPIC_LVT_ACTIVE_LOW);
    EXPECT_EQ(pin(f, 1, false), LAPIC_FATE_ACCEPTED);
    EXPECT_EQ(pin(f, 1, true), LAPIC_FATE_NONE);
}

TEST_F(apic, masked_lint_edge_is_lost)
{
    EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_NONE);
    put(f, LAPIC_LVT_LINT0, 0x50);
    EXPECT_FALSE(f->out.intr);
}

TEST_F(apic, masked_lint_level_is_taken_on_unmask)
{
    put(f, LAPIC_LVT_LINT0, 0x50 | LEVEL | LAPIC_LVT_MASKED);
    EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_NONE);
    put(f, LAPIC_LVT_LINT0, 0x50 | LEVEL);
    EXPECT_EQ(f->out.taken.fate, LAPIC_FATE_ACCEPTED);
    EXPECT_TRUE(f->out.intr);
}

TEST_F(apic, lint_level_is_accepted_once_until_its_eoi)
{
    put(f, LAPIC_LVT_LINT0, 0x50 | LEVEL);
    EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_ACCEPTED);
    EXPECT_TRUE(vecset_has(&f->l.tmr, 0x50));
    EXPECT_EQ(get(f, LAPIC_LVT_LINT0), 0x50 | LEVEL | LAPIC_LVT_REMOTE_IRR);
    acknowledge(f);
    pin(f, 0, false);
    EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_NONE, "remote IRR is set");
    eoi(f);
    EXPECT_EQ(f->out.taken.fate, LAPIC_FATE_ACCEPTED, "still asserted");
    acknowledge(f);
    pin(f, 0, false);
    eoi(f);
    EXPECT_EQ(f->out.taken.fate, LAPIC_FATE_NONE);
    EXPECT_EQ(get(f, LAPIC_LVT_LINT0), 0x50 | LEVEL);
}

TEST_F(apic, eoi_of_another_vector_leaves_remote_irr)
{
    put(f, LAPIC_LVT_LINT0, 0x50 | LEVEL);
    pin(f, 0, true);
    pin(f, 0, false);
    serve(f, 0x60);
    eoi(f);
    EXPECT_EQ(get(f, LAPIC_LVT_LINT0), 0x50 | LEVEL | LAPIC_LVT_REMOTE_IRR);
}

TEST_F(apic, suppressed_eoi_broadcast_still_clears_remote_irr_of_lint0)
{
    f->l.config.features |= LAPIC_HAS_EOI_SUPPRESSION;
    put(f, LAPIC_SVR, 0x11ff);
    put(f, LAPIC_LVT_LINT0, 0x50 | LEVEL);
    pin(f, 0, true);
    acknowledge(f);
    pin(f, 0, false);
    eoi(f);
    EXPECT_FALSE(f->out.eoi_bcast);
    EXPECT_EQ(get(f, LAPIC_LVT_LINT0), 0x50 | LEVEL);
}

TEST_F(apic, edge_entry_has_no_remote_irr)
{
    put(f, LAPIC_LVT_LINT0, 0x50 | LEVEL);
    pin(f, 0, true);
    put(f, LAPIC_LVT_LINT0, 0x50);
    EXPECT_EQ(get(f, LAPIC_LVT_LINT0), 0x50);
}

TEST_F(apic, lint1_stores_the_level_bit_and_behaves_as_edge)
{
    put(f, LAPIC_LVT_LINT1, 0x50 | LEVEL);
    EXPECT_EQ(get(f, LAPIC_LVT_LINT1), 0x50 | LEVEL);
    EXPECT_EQ(pin(f, 1, true), LAPIC_FATE_ACCEPTED);
    EXPECT_FALSE(vecset_has(&f->l.tmr, 0x50));
    acknowledge(f);
    eoi(f);
    EXPECT_FALSE(f->out.intr);
}

TEST_F(apic, lint_level_with_illegal_vector_has_no_remote_irr)
{
    put(f, LAPIC_LVT_LINT0, 0x05 | LEVEL);
    EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_REFUSED);
    EXPECT_EQ(get(f, LAPIC_LVT_LINT0), 0x05 | LEVEL);
    EXPECT_EQ(errors(f), LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
}

TEST_F(apic, nmi_smi_and_init_pins_are_edges_whatever_bit_15_says)
{
    static const uint32_t modes[] = {NMI, SMI, INIT};

    for (int i = 0; i < 3; i++) {
        put(f, LAPIC_LVT_LINT0, modes[i] | LEVEL);
        EXPECT_EQ(pin(f, 0, true), LAPIC_FATE_FORWARDED);
        EXPECT_EQ(f->out.taken.mode, modes[i] >> 8);
        EXPECT_EQ(pin(f, 0, false), LAPIC_FATE_NONE);
    }
}

TEST_F(apic, extint_follows_the_pin_whatever_the_tpr)
{
    put(f, LAPIC_TPR, 0xff);
    put(f, LAPIC_LVT_LINT0, EXTINT);
    EXPECT_FALSE(f->out.extint);
    pin(f, 0, true);
    EXPECT_TRUE(f->out.extint);
    EXPECT_FALSE(f->out.intr);
    EXPECT_TRUE(lapic_acknowledge_extint(&f->l).extint, "the pin is high");
    pin(f, 0, false);
    EXPECT_FALSE(f->out.extint);
}

TEST_F(apic, extint_is_taken_on_unmask)
{
    put(f, LAPIC_LVT_LINT0, EXTINT | LAPIC_LVT_MASKED);
    pin(f, 0, true);
    EXPECT_FALSE(f->out.extint);
    put(f, LAPIC_LVT_LINT0, EXTINT);
    EXPECT_TRUE(f->out.extint);
    put(f, LAPIC_SVR, 0xff);
    EXPECT_FALSE(f->out.extint, "software disable masks the entry");
}

TEST_F(apic, thermal_monitor_interrupts_as_its_entry_says)
{
    EXPECT_EQ(lapic_local(&f->l, LVT_THERMAL).taken.fate, LAPIC_FATE_NONE);
    put(f, LAPIC_LVT_THERMAL, 0x50);
    EXPECT_EQ(lapic_local(&f->l, LVT_THERMAL).taken.fate, LAPIC_FATE_ACCEPTED);
    put(f, LAPIC_LVT_THERMAL, SMI);
    EXPECT_EQ(lapic_local(&f->l, LVT_THERMAL).taken.fate, LAPIC_FATE_FORWARDED);
}

TEST_F(apic, performance_counter_masks_itself_when_delivered)
{
    put(f, LAPIC_LVT_PERFMON, NMI);
    EXPECT_EQ(lapic_local(&f->l, LVT_PERFMON).taken.fate, LAPIC_FATE_FORWARDED);
    EXPECT_EQ(get(f, LAPIC_LVT_PERFMON), NMI | LAPIC_LVT_MASKED);
}

TEST_F(apic, init_and_extint_are_for_the_lint_pins_only)
{
    put(f, LAPIC_LVT_THERMAL, INIT);
    EXPECT_EQ(lapic_local(&f->l, LVT_THERMAL).taken.fate, LAPIC_FATE_NONE);
    put(f, LAPIC_LVT_THERMAL, EXTINT);
    f->out = lapic_local(&f->l, LVT_THERMAL);
    EXPECT_EQ(f->out.taken.fate, LAPIC_FATE_NONE);
    EXPECT_FALSE(f->out.extint);
}
