/* The local APIC: acceptance, priority, EOI, errors, software disable. */
#include "models/lapic/test/apic_fixture.h"

TEST_F(apic, higher_class_preempts_lower_one)
{
    serve(f, 0x35);
    edge(f, 0x3f);
    EXPECT_FALSE(f->out.intr, "the same class waits for the EOI");
    edge(f, 0x40);
    EXPECT_TRUE(f->out.intr, "a higher class preempts");
}

TEST_F(apic, same_class_follows_after_the_eoi)
{
    serve(f, 0x35);
    edge(f, 0x3f);
    EXPECT_FALSE(f->out.intr, "its class is frozen until then");
    eoi(f);
    EXPECT_TRUE(f->out.intr);
    EXPECT_EQ(acknowledge(f), 0x3f);
}

TEST_F(apic, tpr_blocks_its_own_class_and_those_below)
{
    put(f, LAPIC_TPR, 0x20);
    edge(f, 0x2f);
    EXPECT_FALSE(f->out.intr);
    edge(f, 0x30);
    EXPECT_TRUE(f->out.intr);
}

TEST_F(apic, tpr_of_class_15_blocks_every_fixed_interrupt)
{
    put(f, LAPIC_TPR, 0xf0);
    edge(f, 0xff);
    EXPECT_FALSE(f->out.intr);
}

TEST_F(apic, ppr_is_the_higher_of_tpr_and_isrv)
{
    put(f, LAPIC_TPR, 0x2f);
    EXPECT_EQ(get(f, LAPIC_PPR), 0x2f, "ISR empty: the whole TPR");
    serve(f, 0x31);
    EXPECT_EQ(get(f, LAPIC_PPR), 0x30, "ISRV higher: low nibble 0");
    put(f, LAPIC_TPR, 0x3a);
    EXPECT_EQ(get(f, LAPIC_PPR), 0x3a, "same class: low nibble of the TPR");
}

TEST_F(apic, the_highest_vector_is_acknowledged_first)
{
    edge(f, 0x66);
    edge(f, 0x78);
    EXPECT_EQ(acknowledge(f), 0x78);
    eoi(f);
    EXPECT_EQ(acknowledge(f), 0x66);
}

TEST_F(apic, every_legal_vector_passes_irr_and_isr)
{
    for (int v = 16; v < 256; v++) {
        EXPECT_EQ(edge(f, (uint8_t)v), LAPIC_FATE_ACCEPTED);
        EXPECT_EQ(get(f, LAPIC_IRR + (uint32_t)v / 32 * 16), 1u << v % 32);
        EXPECT_EQ(acknowledge(f), v);
        EXPECT_EQ(get(f, LAPIC_IRR + (uint32_t)v / 32 * 16), 0);
        EXPECT_EQ(get(f, LAPIC_ISR + (uint32_t)v / 32 * 16), 1u << v % 32);
        eoi(f);
        EXPECT_EQ(get(f, LAPIC_ISR + (uint32_t)v / 32 * 16), 0);
    }
}

TEST_F(apic, one_vector_is_held_once_in_irr_and_once_in_isr)
{
    EXPECT_EQ(edge(f, 0x50), LAPIC_FATE_ACCEPTED);
    EXPECT_EQ(edge(f, 0x50), LAPIC_FATE_MERGED);
    EXPECT_EQ(edge(f, 0x50), LAPIC_FATE_MERGED);
    EXPECT_EQ(acknowledge(f), 0x50);
    EXPECT_EQ(edge(f, 0x50), LAPIC_FATE_ACCEPTED, "during its handler");
    eoi(f);
    EXPECT_EQ(acknowledge(f), 0x50);
    eoi(f);
    EXPECT_FALSE(f->out.intr);
}

TEST_F(apic, acknowledge_without_eligible_vector_is_spurious)
{
    uint8_t vector;

    put(f, LAPIC_SVR, 0x1a3);
    edge(f, 0x50);
    put(f, LAPIC_TPR, 0xf0);
    f->out = lapic_acknowledge(&f->l, &vector);
    EXPECT_TRUE(f->out.spurious);
    EXPECT_EQ(vector, 0xa3);
    EXPECT_TRUE(vecset_empty(&f->l.isr));
    EXPECT_TRUE(vecset_has(&f->l.irr, 0x50));
}

TEST_F(apic, genuine_interrupt_on_the_spurious_vector_is_in_service)
{
    serve(f, 0xff);
    EXPECT_TRUE(vecset_has(&f->l.isr, 0xff));
}

TEST_F(apic, cr8_is_the_class_of_the_tpr)
{
    put(f, LAPIC_TPR, 0x3a);
    EXPECT_EQ(lapic_cr8(&f->l), 3);
    lapic_set_cr8(&f->l, 5);
    EXPECT_EQ(get(f, LAPIC_TPR), 0x50);
    EXPECT_TRUE(lapic_set_cr8(&f->l, 0x10).gp);
    EXPECT_EQ(get(f, LAPIC_TPR), 0x50);
}

TEST_F(apic, lowering_the_tpr_raises_intr)
{
    put(f, LAPIC_TPR, 0x60);
    edge(f, 0x55);
    EXPECT_FALSE(f->out.intr);
    EXPECT_TRUE(lapic_set_cr8(&f->l, 4).intr);
}

TEST_F(apic, eoi_clears_the_highest_vector_in_service)
{
    serve(f, 0x40);
    serve(f, 0x80);
    eoi(f);
    EXPECT_EQ(f->out.eoi_vector, 0x80);
    EXPECT_TRUE(vecset_has(&f->l.isr, 0x40));
}

TEST_F(apic, eoi_with_empty_isr_does_nothing)
{
    level(f, 0x60);
    acknowledge(f);
    eoi(f);
    eoi(f);
    EXPECT_FALSE(f->out.eoi);
    EXPECT_FALSE(f->out.eoi_bcast);
    EXPECT_TRUE(vecset_has(&f->l.tmr, 0x60), "TMR is kept by the EOI");
}

TEST_F(apic, eoi_of_a_level_vector_is_broadcast)
{
    level(f, 0x60);
    acknowledge(f);
    eoi(f);
    EXPECT_TRUE(f->out.eoi_bcast);
    EXPECT_EQ(f->out.eoi_vector, 0x60);
}

TEST_F(apic, edge_after_level_use_is_not_broadcast)
{
    level(f, 0x60);
    acknowledge(f);
    eoi(f);
    serve(f, 0x60);
    eoi(f);
    EXPECT_TRUE(f->out.eoi);
    EXPECT_FALSE(f->out.eoi_bcast);
}

TEST_F(apic, edge_while_level_is_in_service_takes_the_broadcast_away)
{
    level(f, 0x60);
    acknowledge(f);
    edge(f, 0x60);
    EXPECT_FALSE(vecset_has(&f->l.tmr, 0x60), "the last one wins");
    eoi(f);
    EXPECT_FALSE(f->out.eoi_bcast);
}

TEST_F(apic, suppressed_eoi_is_not_broadcast)
{
    f->l.config.features |= LAPIC_HAS_EOI_SUPPRESSION;
    put(f, LAPIC_SVR, 0x1ff | LAPIC_SVR_SUPPRESS_EOI);
    level(f, 0x60);
    acknowledge(f);
    eoi(f);
    EXPECT_TRUE(f->out.eoi);
    EXPECT_FALSE(f->out.eoi_bcast);
}

TEST_F(apic, vectors_below_16_are_refused_and_recorded)
{
    EXPECT_EQ(edge(f, 15), LAPIC_FATE_REFUSED);
    EXPECT_EQ(f->out.taken.why, IRQ_ILLEGAL_VECTOR);
    EXPECT_TRUE(vecset_empty(&f->l.irr));
    EXPECT_EQ(errors(f), LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
}

TEST_F(apic, nmi_smi_init_and_sipi_go_to_the_core_without_vector_check)
{
    static const enum delivery_mode modes[] = {DELIVERY_NMI, DELIVERY_SMI,
                                               DELIVERY_INIT, DELIVERY_SIPI};

    put(f, LAPIC_TPR, 0xff);
    for (int i = 0; i < 4; i++) {
        EXPECT_EQ(arrive_mode(f, modes[i], 8), LAPIC_FATE_FORWARDED);
        EXPECT_EQ(f->out.taken.mode, modes[i]);
        EXPECT_EQ(f->out.taken.vector, 8);
    }
    EXPECT_EQ(errors(f), 0);
    EXPECT_TRUE(vecset_empty(&f->l.irr));
}

TEST_F(apic, init_deassert_resets_nobody)
{
    EXPECT_EQ(arrive(f, (struct msg_apic){.mode = DELIVERY_INIT,
                                          .level_trigger = true}),
              LAPIC_FATE_REFUSED);
}

TEST_F(apic, reserved_delivery_mode_is_refused)
{
    EXPECT_EQ(arrive_mode(f, DELIVERY_RESERVED3, 0x50), LAPIC_FATE_REFUSED);
    EXPECT_EQ(f->out.taken.why, IRQ_UNSUPPORTED_MODE);
}

TEST_F(apic, extint_message_requests_until_it_is_acknowledged)
{
    put(f, LAPIC_TPR, 0xff);
    EXPECT_EQ(arrive_mode(f, DELIVERY_EXTINT, 0), LAPIC_FATE_FORWARDED);
    EXPECT_TRUE(f->out.extint, "the TPR does not hold it back");
    EXPECT_EQ(arrive_mode(f, DELIVERY_EXTINT, 0), LAPIC_FATE_MERGED);
    EXPECT_FALSE(f->out.intr);
    EXPECT_FALSE(lapic_acknowledge_extint(&f->l).extint);
}

TEST_F(apic, esr_shows_errors_only_after_it_is_written)
{
    get(f, 0x040);
    EXPECT_EQ(get(f, LAPIC_ESR), 0, "the old latched value");
    put(f, LAPIC_ESR, 0x55);
    EXPECT_EQ(get(f, LAPIC_ESR), LAPIC_ESR_ILLEGAL_ADDRESS);
    EXPECT_EQ(get(f, LAPIC_ESR), LAPIC_ESR_ILLEGAL_ADDRESS, "reads keep it");
    EXPECT_EQ(errors(f), 0, "nothing new in between");
}

TEST_F(apic, writes_to_read_only_registers_are_no_errors)
{
    put(f, LAPIC_VERSION, 0xffffffff);
    put(f, LAPIC_IRR, 0xffffffff);
    EXPECT_EQ(get(f, LAPIC_VERSION), 0x50014);
    EXPECT_EQ(get(f, LAPIC_IRR), 0);
    EXPECT_EQ(errors(f), 0);
}

TEST_F(apic, first_error_since_the_esr_write_interrupts)
{
    put(f, LAPIC_LVT_ERROR, 0x70);
    put(f, 0x3f0, 1);
    EXPECT_EQ(f->out.error.fate, LAPIC_FATE_ACCEPTED);
    EXPECT_EQ(f->out.error.vector, 0x70);
    EXPECT_EQ(acknowledge(f), 0x70);
    eoi(f);
    get(f, 0x3f0);
    EXPECT_EQ(f->out.error.fate, LAPIC_FATE_NONE, "not armed");
    put(f, LAPIC_ESR, 0);
    get(f, 0x3f0);
    EXPECT_EQ(f->out.error.fate, LAPIC_FATE_ACCEPTED, "armed again");
}

TEST_F(apic, masked_error_entry_still_records)
{
    get(f, 0x040);
    EXPECT_EQ(f->out.error.fate, LAPIC_FATE_NONE);
    EXPECT_EQ(errors(f), LAPIC_ESR_ILLEGAL_ADDRESS);
}

TEST_F(apic, illegal_vector_of_the_error_entry_does_not_recurse)
{
    put(f, LAPIC_LVT_ERROR, 0x0f);
    get(f, 0x040);
    EXPECT_EQ(f->out.error.fate, LAPIC_FATE_NONE);
    EXPECT_EQ(errors(f),
              LAPIC_ESR_ILLEGAL_ADDRESS | LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
}

TEST_F(apic, software_disable_masks_every_lvt_entry_for_good)
{
    put(f, LAPIC_LVT_TIMER, 0x40);
    put(f, LAPIC_LVT_LINT1, 0x400);
    put(f, LAPIC_SVR, 0xff);
    EXPECT_EQ(get(f, LAPIC_LVT_TIMER), 0x10040);
    EXPECT_EQ(get(f, LAPIC_LVT_LINT1), 0x10400);
    put(f, LAPIC_LVT_TIMER, 0x41);
    EXPECT_EQ(get(f, LAPIC_LVT_TIMER), 0x10041, "the mask stays");
    put(f, LAPIC_SVR, 0x1ff);
    EXPECT_EQ(get(f, LAPIC_LVT_TIMER), 0x10041, "enabling does not unmask");
    put(f, LAPIC_LVT_TIMER, 0x41);
    EXPECT_EQ(get(f, LAPIC_LVT_TIMER), 0x41);
}

TEST_F(apic, software_disabled_refuses_fixed_and_takes_nmi)
{
    put(f, LAPIC_SVR, 0xff);
    EXPECT_EQ(edge(f, 0x50), LAPIC_FATE_REFUSED);
    EXPECT_EQ(f->out.taken.why, IRQ_APIC_DISABLED);
    EXPECT_EQ(edge(f, 0x05), LAPIC_FATE_REFUSED);
    EXPECT_EQ(arrive_mode(f, DELIVERY_NMI, 0), LAPIC_FATE_FORWARDED);
    put(f, LAPIC_SVR, 0x1ff);
    EXPECT_FALSE(f->out.intr);
    EXPECT_EQ(errors(f), 0, "no vector check either");
}

TEST_F(apic, software_disabled_holds_irr_and_isr)
{
    serve(f, 0x40);
    edge(f, 0x50);
    put(f, LAPIC_SVR, 0xff);
    EXPECT_FALSE(f->out.intr);
    EXPECT_EQ(acknowledge(f), -1);
    eoi(f);
    EXPECT_EQ(f->out.eoi_vector, 0x40, "EOI works");
    put(f, LAPIC_SVR, 0x1ff);
    EXPECT_TRUE(f->out.intr, "the request comes back");
    EXPECT_EQ(acknowledge(f), 0x50);
}

TEST_F(apic, globally_disabled_refuses_everything)
{
    wrmsr(f, LAPIC_MSR_APIC_BASE, LAPIC_BASE_DEFAULT);
    EXPECT_EQ(edge(f, 0x50), LAPIC_FATE_REFUSED);
    EXPECT_EQ(f->out.taken.why, IRQ_APIC_DISABLED);
    EXPECT_EQ(arrive_mode(f, DELIVERY_NMI, 0), LAPIC_FATE_REFUSED);
}
