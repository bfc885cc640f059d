/* The local APIC's modes: IA32_APIC_BASE, x2APIC faults, RESET and INIT. */
#include "models/lapic/test/apic_fixture.h"

#define DISABLED LAPIC_BASE_DEFAULT
#define XAPIC ENABLED
#define X2APIC (ENABLED | LAPIC_BASE_EXTD)
#define INVALID (LAPIC_BASE_DEFAULT | LAPIC_BASE_EXTD)

static const struct transition {
    const char *name;
    uint64_t from, to;
    bool legal;
} transitions[] = {
    {"disabled_to_disabled", DISABLED, DISABLED, true},
    {"disabled_to_xapic", DISABLED, XAPIC, true},
    {"disabled_to_x2apic", DISABLED, X2APIC, false},
    {"disabled_to_invalid", DISABLED, INVALID, false},
    {"xapic_to_disabled", XAPIC, DISABLED, true},
    {"xapic_to_xapic", XAPIC, XAPIC, true},
    {"xapic_to_x2apic", XAPIC, X2APIC, true},
    {"xapic_to_invalid", XAPIC, INVALID, false},
    {"x2apic_to_disabled", X2APIC, DISABLED, true},
    {"x2apic_to_xapic", X2APIC, XAPIC, false},
    {"x2apic_to_x2apic", X2APIC, X2APIC, true},
    {"x2apic_to_invalid", X2APIC, INVALID, false},
};

TEST_EACH(lapic_transition, is_as_the_manual_says, struct transition,
          transitions)
{
    struct apic f = {0};

    apic_setup(&f);
    ASSERT_TRUE(wrmsr(&f, LAPIC_MSR_APIC_BASE, row->from));
    EXPECT_EQ(wrmsr(&f, LAPIC_MSR_APIC_BASE, row->to), row->legal);
    EXPECT_EQ(rdmsr(&f, LAPIC_MSR_APIC_BASE), row->legal ? row->to : row->from);
    apic_teardown(&f);
}

TEST_F(apic, base_register_faults_on_reserved_bits)
{
    f->l.config.maxphyaddr = 40;
    EXPECT_FALSE(wrmsr(f, LAPIC_MSR_APIC_BASE, ENABLED | 1u << 9));
    EXPECT_FALSE(wrmsr(f, LAPIC_MSR_APIC_BASE, ENABLED | 1u << 7));
    EXPECT_FALSE(wrmsr(f, LAPIC_MSR_APIC_BASE, ENABLED | UINT64_C(1) << 40));
    EXPECT_TRUE(wrmsr(f, LAPIC_MSR_APIC_BASE, ENABLED | UINT64_C(1) << 39));
}

TEST_F(apic, x2apic_mode_faults_on_a_part_without_it)
{
    f->l.config.features = 0;
    EXPECT_FALSE(wrmsr(f, LAPIC_MSR_APIC_BASE, X2APIC));
}

TEST_F(apic, page_moves_with_the_base_and_keeps_the_registers)
{
    put(f, LAPIC_TPR, 0x30);
    EXPECT_TRUE(lapic_claims(&f->l, 0xfee00080));
    wrmsr(f, LAPIC_MSR_APIC_BASE, 0x12345000 | LAPIC_BASE_EN);
    EXPECT_FALSE(lapic_claims(&f->l, 0xfee00080));
    EXPECT_TRUE(lapic_claims(&f->l, 0x12345fff));
    EXPECT_EQ(get(f, LAPIC_TPR), 0x30);
}

TEST_F(apic, page_is_not_claimed_outside_xapic_mode)
{
    struct lapic_mmio load = {.offset = LAPIC_VERSION, .bytes = 4};
    struct lapic_mmio store = {LAPIC_TPR, 4, 0x50};
    static const uint64_t bases[] = {X2APIC, DISABLED};

    for (int i = 0; i < 2; i++) {
        ASSERT_TRUE(wrmsr(f, LAPIC_MSR_APIC_BASE, bases[i]));
        EXPECT_FALSE(lapic_claims(&f->l, 0xfee00000));
        lapic_read(&f->l, &load, f->now);
        EXPECT_EQ(load.value, 0xffffffff);
        lapic_write(&f->l, &store, f->now);
        EXPECT_EQ(lapic_cr8(&f->l), 0);
    }
}

TEST_F(apic, global_disable_loses_everything_but_the_tpr)
{
    put(f, LAPIC_TPR, 0x10);
    put(f, LAPIC_LVT_TIMER, 0x40);
    put(f, LAPIC_TMICT, 1000);
    edge(f, 0x50);
    wrmsr(f, LAPIC_MSR_APIC_BASE, DISABLED);
    EXPECT_TRUE(f->out.cleared);
    EXPECT_FALSE(f->out.intr);
    EXPECT_EQ(lapic_timer_due(&f->l).clock, LAPIC_DUE_NEVER);
    EXPECT_EQ(lapic_cr8(&f->l), 1, "CR8 goes on");
    lapic_set_cr8(&f->l, 3);
    wrmsr(f, LAPIC_MSR_APIC_BASE, XAPIC);
    EXPECT_EQ(get(f, LAPIC_TPR), 0x30, "one cell with CR8");
    EXPECT_EQ(get(f, LAPIC_SVR), 0xff);
    EXPECT_EQ(get(f, LAPIC_IRR + 0x20), 0);
    EXPECT_EQ(get(f, LAPIC_LVT_TIMER), 0x10000);
}

TEST_F(apic, global_disable_gives_the_lint_pins_back_to_the_core)
{
    wrmsr(f, LAPIC_MSR_APIC_BASE, DISABLED);
    EXPECT_TRUE(lapic_set_lint(&f->l, 0, true).extint, "LINT0 is INTR");
    f->out = lapic_set_lint(&f->l, 1, true);
    EXPECT_EQ(f->out.taken.fate, LAPIC_FATE_FORWARDED);
    EXPECT_EQ(f->out.taken.mode, DELIVERY_NMI, "LINT1 is NMI");
    EXPECT_EQ(lapic_set_lint(&f->l, 1, true).taken.fate, LAPIC_FATE_NONE);
    EXPECT_FALSE(lapic_set_lint(&f->l, 0, false).extint);
}

TEST_F(apic, entering_x2apic_keeps_what_is_pending)
{
    put(f, LAPIC_ICR_HIGH, 0x12000000);
    put(f, LAPIC_LDR, 0x55000000);
    put(f, LAPIC_LVT_TIMER, 0x40);
    put(f, LAPIC_TPR, 0x20);
    edge(f, 0x50);
    enter_x2apic(f);
    EXPECT_TRUE(f->out.intr);
    EXPECT_EQ(get(f, LAPIC_TPR), 0x20);
    EXPECT_EQ(get(f, LAPIC_LVT_TIMER), 0x40);
    EXPECT_EQ(get(f, LAPIC_LDR), 1, "derived from the ID");
    EXPECT_EQ(rdmsr(f, 0x830), 0, "the ICR's upper half is lost");
}

TEST_F(apic, written_id_is_dropped_by_x2apic_mode)
{
    f->l.config.id = 0x25;
    f->l.config.features |= LAPIC_HAS_ID_WRITABLE;
    lapic_reset(&f->l, LAPIC_RESET);
    put(f, LAPIC_ID, 0x77000000);
    EXPECT_EQ(get(f, LAPIC_ID), 0x77000000);
    EXPECT_EQ(lapic_id(&f->l), 0x77);
    enter_x2apic(f);
    EXPECT_EQ(get(f, LAPIC_ID), 0x25);
    wrmsr(f, LAPIC_MSR_APIC_BASE, DISABLED);
    wrmsr(f, LAPIC_MSR_APIC_BASE, XAPIC);
    EXPECT_EQ(get(f, LAPIC_ID), 0x25000000);
}

TEST_F(apic, x2apic_faults_change_nothing)
{
    enter_x2apic(f);
    serve(f, 0x50);
    EXPECT_FALSE(wrmsr(f, 0x80b, 1), "EOI takes 0 only");
    EXPECT_TRUE(vecset_has(&f->l.isr, 0x50));
    EXPECT_FALSE(wrmsr(f, 0x808, 0x100), "TPR");
    EXPECT_FALSE(wrmsr(f, 0x80f, 0x3ff), "SVR bit 9");
    EXPECT_FALSE(wrmsr(f, 0x80d, 0), "LDR");
    EXPECT_FALSE(wrmsr(f, 0x828, 1), "ESR takes 0 only");
    EXPECT_TRUE(rdmsr_faults(f, 0x80b), "EOI");
    EXPECT_TRUE(rdmsr_faults(f, 0x83f), "SELF IPI");
    EXPECT_TRUE(rdmsr_faults(f, 0x80e), "DFR");
    EXPECT_TRUE(rdmsr_faults(f, 0x831), "ICR high");
    EXPECT_TRUE(rdmsr_faults(f, 0x8ff), "beyond the registers");
    EXPECT_TRUE(rdmsr_faults(f, 0x900), "not the APIC's");
    EXPECT_EQ(errors(f), 0, "a fault never touches ESR");
}

TEST_F(apic, x2apic_registers_but_icr_have_32_bits)
{
    enter_x2apic(f);
    EXPECT_FALSE(wrmsr(f, 0x808, UINT64_C(1) << 32));
    EXPECT_FALSE(wrmsr(f, 0x838, UINT64_C(1) << 63));
    EXPECT_TRUE(wrmsr(f, 0x830, UINT64_C(0x123456780000c0a5)));
    EXPECT_EQ(rdmsr(f, 0x830), UINT64_C(0x123456780000c0a5));
}

TEST_F(apic, read_only_lvt_bits_may_be_written)
{
    enter_x2apic(f);
    EXPECT_TRUE(wrmsr(f, 0x835, 0x15050));
    EXPECT_EQ(rdmsr(f, 0x835), 0x10050);
}

TEST_F(apic, x2apic_msrs_fault_in_the_other_modes)
{
    EXPECT_TRUE(rdmsr_faults(f, 0x803));
    EXPECT_FALSE(wrmsr(f, 0x808, 0));
    wrmsr(f, LAPIC_MSR_APIC_BASE, DISABLED);
    EXPECT_TRUE(rdmsr_faults(f, 0x803));
}

TEST_F(apic, init_keeps_mode_base_and_id)
{
    f->l.config.id = 0x25;
    wrmsr(f, LAPIC_MSR_APIC_BASE, 0x12345000 | LAPIC_BASE_EN);
    wrmsr(f, LAPIC_MSR_APIC_BASE, 0x12345000 | LAPIC_BASE_EN | LAPIC_BASE_EXTD);
    put(f, LAPIC_TPR, 0x20);
    edge(f, 0x50);
    f->out = lapic_reset(&f->l, LAPIC_INIT);
    EXPECT_TRUE(f->out.cleared);
    EXPECT_FALSE(f->out.intr);
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_APIC_BASE),
              0x12345000 | LAPIC_BASE_EN | LAPIC_BASE_EXTD);
    EXPECT_EQ(get(f, LAPIC_ID), 0x25);
    EXPECT_EQ(get(f, LAPIC_SVR), 0xff);
    EXPECT_EQ(get(f, LAPIC_TPR), 0);
    EXPECT_EQ(get(f, LAPIC_IRR + 0x20), 0);
}

TEST_F(apic, reset_returns_to_xapic_mode)
{
    enter_x2apic(f);
    f->l.config.bsp = true;
    lapic_reset(&f->l, LAPIC_RESET);
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_APIC_BASE), 0xfee00900);
    f->l.config.bsp = false;
    lapic_reset(&f->l, LAPIC_RESET);
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_APIC_BASE), 0xfee00800);
}

TEST_F(apic, only_aligned_doublewords_are_written)
{
    struct lapic_mmio a = {LAPIC_TPR, 2, 0x50};

    lapic_write(&f->l, &a, f->now);
    a.offset = LAPIC_TPR + 4;
    a.bytes = 4;
    lapic_write(&f->l, &a, f->now);
    EXPECT_EQ(get(f, LAPIC_TPR), 0);
    EXPECT_EQ(errors(f), 0);
}

TEST_F(apic, loads_inside_a_register_give_its_bytes)
{
    struct lapic_mmio byte = {.offset = LAPIC_VERSION + 2, .bytes = 1};
    struct lapic_mmio word = {.offset = LAPIC_VERSION, .bytes = 2};
    struct lapic_mmio quad = {.offset = LAPIC_VERSION, .bytes = 8};
    struct lapic_mmio beside = {.offset = LAPIC_VERSION + 4, .bytes = 4};

    lapic_read(&f->l, &byte, f->now);
    lapic_read(&f->l, &word, f->now);
    lapic_read(&f->l, &quad, f->now);
    lapic_read(&f->l, &beside, f->now);
    EXPECT_EQ(byte.value, 0x05);
    EXPECT_EQ(word.value, 0x0014);
    EXPECT_EQ(quad.value, 0, "reaches beyond the register");
    EXPECT_EQ(beside.value, 0);
}
