/* The APIC-access page, x2APIC mode and CR8. */
#include "models/cpu/test/vapic_rig.h"

/* Every control that can serve a register, AA apart. */
#define ALL (AA | REG | VID)

static void expect_untouched(struct vapic *f, uint32_t offset, uint32_t value)
{
    EXPECT_EQ(page_get(f, offset), value, "offset %x", offset);
}

/* ---- which accesses are virtualized ---- */

/* Bits: slots that a read or write of 32 bits is served in, by the control. */
#define SLOT(offset) (UINT64_C(1) << (offset) / 16)
#define SLOTS(first, last) (2 * SLOT(last) - SLOT(first))
#define REG_WRITES                                                             \
    (SLOT(0x20) | SLOT(0x80) | SLOT(0xb0) | SLOTS(0xd0, 0xf0) | SLOT(0x280) |  \
     SLOTS(0x300, 0x370) | SLOT(0x380) | SLOT(0x3e0))
#define REG_READS (REG_WRITES | SLOT(0x30) | SLOTS(0x100, 0x270))

static const struct served {
    const char *name;
    uint32_t secondary;
    bool ipiv;
    uint64_t reads, writes;
} served[] = {
    {"tpr_shadow", AA, false, SLOT(0x80), SLOT(0x80)},
    {"register_virtualization", AA | REG, false, REG_READS, REG_WRITES},
    {"virtual_interrupt_delivery", AA | VID, false,
     SLOT(0x80) | SLOT(0xb0) | SLOT(0x300),
     SLOT(0x80) | SLOT(0xb0) | SLOT(0x300)},
    {"ipi_virtualization", AA, true, SLOT(0x80), SLOT(0x80) | SLOT(0x300)},
    {"all_of_them", ALL, true, REG_READS, REG_WRITES},
};

TEST_EACH(vapic_page, offsets_served_with, struct served, served)
{
    struct vapic f = {0};

    vapic_setup(&f);
    if (row->ipiv)
        vapic_use_ipiv(&f);
    vapic_run(&f, row->secondary, 0, 0);
    for (uint16_t at = 0; at < 0x1000; at += 16) {
        bool low = at < 0x400;

        EXPECT_EQ(page_serves(&f, at, 4, VAPIC_READ),
                  low && (row->reads & SLOT(at & 0x3f0)), "read %x", at);
        EXPECT_EQ(page_serves(&f, at, 4, VAPIC_WRITE),
                  low && (row->writes & SLOT(at & 0x3f0)), "write %x", at);
    }
    vapic_teardown(&f);
}

TEST_F(vapic, access_must_lie_within_the_low_doubleword_of_a_slot)
{
    vapic_run(f, ALL, 0, 0);
    EXPECT_TRUE(page_serves(f, 0x80, 4, VAPIC_READ));
    EXPECT_TRUE(page_serves(f, 0x82, 2, VAPIC_READ));
    EXPECT_FALSE(page_serves(f, 0x84, 4, VAPIC_READ));
    EXPECT_FALSE(page_serves(f, 0x80, 8, VAPIC_READ));
    EXPECT_FALSE(page_serves(f, 0x82, 4, VAPIC_READ), "082 to 085");
    EXPECT_FALSE(page_serves(f, 0x81, 4, VAPIC_READ), "081 to 084");
    EXPECT_FALSE(page_serves(f, 0x8f, 1, VAPIC_WRITE));
}

TEST_F(vapic, sub_offset_is_served_with_register_virtualization_only)
{
    vapic_run(f, AA | VID, 0, 0);
    EXPECT_TRUE(page_serves(f, 0x80, 1, VAPIC_READ));
    EXPECT_FALSE(page_serves(f, 0x82, 2, VAPIC_READ), "not 080");
    EXPECT_FALSE(page_serves(f, 0xb1, 1, VAPIC_WRITE));
    vapic_leave_guest(f);
    vmcs_set(&f->r.vmcs, VMCS_SECONDARY_CONTROLS, ALL);
    vapic_reenter(f);
    EXPECT_TRUE(page_serves(f, 0x82, 2, VAPIC_READ));
    EXPECT_TRUE(page_serves(f, 0xb1, 1, VAPIC_WRITE));
}

TEST_F(vapic, nothing_is_served_without_the_tpr_shadow)
{
    vapic_controls(f, AA);
    vmcs_set(&f->r.vmcs, VMCS_PRIMARY_CONTROLS,
             rig_get(&f->r, VMCS_PRIMARY_CONTROLS) &
                 ~(uint64_t)PRIMARY_TPR_SHADOW);
    rig_enter(&f->r);
    EXPECT_TRUE(vapic_claims(&f->r.cpu, ACCESS_AT + 0x80));
    EXPECT_FALSE(page_serves(f, 0x80, 4, VAPIC_READ));
    EXPECT_FALSE(page_serves(f, 0x80, 4, VAPIC_WRITE));
}

TEST_F(vapic, page_is_claimed_in_non_root_operation_with_its_control_only)
{
    vapic_run(f, AA, 0, 0);
    EXPECT_TRUE(vapic_claims(&f->r.cpu, ACCESS_AT));
    EXPECT_TRUE(vapic_claims(&f->r.cpu, ACCESS_AT + 0xfff));
    EXPECT_FALSE(vapic_claims(&f->r.cpu, ACCESS_AT + 0x1000));
    EXPECT_FALSE(vapic_claims(&f->r.cpu, ACCESS_AT - 1));
    vapic_leave_guest(f);
    EXPECT_FALSE(vapic_claims(&f->r.cpu, ACCESS_AT));
    vmcs_set(&f->r.vmcs, VMCS_SECONDARY_CONTROLS, 0);
    vapic_reenter(f);
    EXPECT_FALSE(vapic_claims(&f->r.cpu, ACCESS_AT));
}

/* ---- exit 44 ---- */

static const struct qualified {
    const char *name;
    enum vapic_access_type type;
    uint64_t qualification;
} qualified[] = {
    {"read", VAPIC_READ, 0x0090},
    {"write", VAPIC_WRITE, 0x1090},
    {"fetch", VAPIC_FETCH, 0x2090},
    {"event_delivery", VAPIC_EVENT_DELIVERY, 0x3090},
    {"monitoring", VAPIC_MONITORING, 0x4090},
    {"page_walk_for_event_delivery", VAPIC_PHYSICAL_EVENT_DELIVERY, 0xa090},
    {"asynchronous_page_walk", VAPIC_PHYSICAL_MONITORING, 0xb090},
    {"page_walk", VAPIC_PHYSICAL, 0xf090},
};

TEST_EACH(vapic_page, exit_qualification_of, struct qualified, qualified)
{
    struct vapic_access a = {0x90, 4, (uint8_t)row->type, 0};
    struct cpu_exit x = vapic_access_exit(&a);

    EXPECT_EQ(x.reason, EXIT_APIC_ACCESS);
    EXPECT_EQ(x.qualification, row->qualification);
    EXPECT_EQ(x.instruction_length, 1, "fault-like");
}

TEST_F(vapic, fetches_and_page_walks_are_never_virtualized)
{
    vapic_run(f, ALL, 0, 0);
    for (unsigned type = VAPIC_FETCH; type <= VAPIC_PHYSICAL; type++)
        EXPECT_FALSE(page_serves(f, 0x80, 4, (enum vapic_access_type)type),
                     "type %u", type);
}

TEST_F(vapic, access_of_an_op_exits_unless_it_is_virtualized)
{
    struct cpu_exit x;

    vapic_run(f, ALL, 0, 0);
    EXPECT_FALSE(cpu_access_exits(&f->r.cpu, ACCESS_AT + 0x20, false, &x));
    ASSERT_TRUE(cpu_access_exits(&f->r.cpu, ACCESS_AT + 0xa0, false, &x),
                "PPR, whatever REG says");
    EXPECT_EQ(x.reason, EXIT_APIC_ACCESS);
    EXPECT_EQ(x.qualification, 0xa0);
    ASSERT_TRUE(cpu_access_exits(&f->r.cpu, ACCESS_AT + 0x30, true, &x));
    EXPECT_EQ(x.qualification, 0x1030);
    ASSERT_TRUE(cpu_access_exits(&f->r.cpu, ACCESS_AT + 0x200, true, &x));
    expect_untouched(f, 0x30, 0);
    expect_untouched(f, 0x200, 0);
}

TEST_F(vapic, ept_violation_wins_over_an_apic_access)
{
    struct cpu_exit x;

    f->r.vmcs.hole_base = ACCESS_AT;
    f->r.vmcs.hole_bytes = MEM_PAGE_BYTES;
    vapic_run(f, ALL | SECONDARY_EPT, 0, 0);
    ASSERT_TRUE(cpu_access_exits(&f->r.cpu, ACCESS_AT + 0x80, false, &x));
    EXPECT_EQ(x.reason, EXIT_EPT_VIOLATION);
}

static struct cpu_result delivered_onto(struct vapic *f, uint64_t rsp)
{
    f->r.cpu.rsp = rsp;
    return rig_deliver(&f->r, 0x61, INTR_TYPE_EXTERNAL);
}

TEST_F(vapic, delivery_that_pushes_onto_the_page_exits_with_type_3)
{
    struct cpu_result r;

    vapic_run(f, ALL, 0, 0x31);
    page_set(f, VAPIC_ISR, 0x31);
    r = delivered_onto(f, ACCESS_AT + 0xc0);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.reason, EXIT_APIC_ACCESS);
    EXPECT_EQ(r.exit.qualification, 0x30b8);
    EXPECT_EQ(r.exit.idt_vectoring_info, EXTERNAL(0x61));
    EXPECT_FALSE(f->r.cpu.vapic.written, "no APIC-write emulation");
    EXPECT_FALSE(vapic_complete(&f->r.cpu, &f->r.mem).exits);
    EXPECT_EQ(vapic_status(f), 0x3100);
}

/* ---- APIC-write emulation ---- */

TEST_F(vapic, byte_written_to_tpr_clears_the_other_bytes)
{
    struct vapic_access a = {0x80, 1, VAPIC_WRITE, 0x40};

    page_put(f, VAPIC_TPR, 0xabcdef00);
    vapic_run(f, ALL, 0, 0);
    vapic_write(&f->r.cpu, &f->r.mem, &a);
    EXPECT_EQ(page_get(f, VAPIC_TPR), 0xabcdef40, "stored as it came");
    EXPECT_NO_EXIT(vapic_complete(&f->r.cpu, &f->r.mem));
    EXPECT_EQ(page_get(f, VAPIC_TPR), 0x40);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x40);
}

TEST_F(vapic, eoi_write_is_virtualized_with_delivery_and_exits_without)
{
    page_set(f, VAPIC_ISR, 0x61);
    vapic_run(f, ALL, 0, 0x61);
    EXPECT_NO_EXIT(page_store(f, VAPIC_EOI, 0x5555));
    EXPECT_EQ(page_get(f, VAPIC_EOI), 0);
    EXPECT_EQ(vapic_status(f), 0);
    vapic_leave_guest(f);
    vmcs_set(&f->r.vmcs, VMCS_SECONDARY_CONTROLS, AA | REG);
    vapic_reenter(f);
    EXPECT_TRAP(page_store(f, VAPIC_EOI, 0x5555), EXIT_APIC_WRITE, 0xb0);
    EXPECT_EQ(page_get(f, VAPIC_EOI), 0x5555, "the value is in the page");
}

static const struct self_ipi {
    const char *name;
    uint32_t command;
    bool exits;
} self_ipis[] = {
    {"shorthand_self", 0x000400f3, false},
    {"level_bit_14_is_not_examined", 0x000440f3, false},
    {"destination_mode_bit_11_is_not_examined", 0x000408f3, false},
    {"own_id_without_shorthand", 0x000000f3, true},
    {"shorthand_all", 0x000800f3, true},
    {"shorthand_others", 0x000c00f3, true},
    {"vector_0f", 0x0004000f, true},
    {"vector_10", 0x00040010, false},
    {"level_trigger", 0x000480f3, true},
    {"delivery_mode_lowest", 0x000401f3, true},
    {"delivery_mode_smi", 0x000402f3, true},
    {"delivery_mode_nmi", 0x000404f3, true},
    {"delivery_status_bit_12", 0x000410f3, true},
    {"reserved_bit_13", 0x000420f3, true},
    {"reserved_bit_16", 0x000500f3, true},
    {"reserved_bit_17", 0x000600f3, true},
    {"reserved_bit_20", 0x001400f3, true},
    {"reserved_bit_31", 0x800400f3, true},
};

TEST_EACH(vapic_self_ipi, form_on_the_page, struct self_ipi, self_ipis)
{
    struct vapic f = {0};
    struct vapic_out out;

    vapic_setup(&f);
    vapic_run(&f, ALL, 0, 0);
    out = page_store(&f, VAPIC_ICR_LOW, row->command);
    EXPECT_EQ(page_get(&f, VAPIC_ICR_LOW), row->command);
    EXPECT_EQ(page_has(&f, VAPIC_IRR, (uint8_t)row->command), !row->exits);
    EXPECT_EQ(vapic_status(&f), row->exits ? 0 : row->command & 0xff);
    if (row->exits)
        EXPECT_TRAP(out, EXIT_APIC_WRITE, 0x300);
    else
        EXPECT_NO_EXIT(out);
    vapic_teardown(&f);
}

TEST_F(vapic, self_ipi_on_the_page_has_every_reserved_bit_0)
{
    vapic_run(f, ALL, 0, 0);
    for (unsigned bit = 20; bit < 32; bit++)
        EXPECT_TRAP(page_store(f, VAPIC_ICR_LOW, 0x400f3 | 1u << bit),
                    EXIT_APIC_WRITE, 0x300);
    EXPECT_EQ(vapic_status(f), 0);
}

TEST_F(vapic, self_ipi_on_the_page_needs_virtual_interrupt_delivery)
{
    vapic_run(f, AA | REG, 0, 0);
    EXPECT_TRAP(page_store(f, VAPIC_ICR_LOW, 0x400f3), EXIT_APIC_WRITE, 0x300);
    EXPECT_FALSE(page_has(f, VAPIC_IRR, 0xf3));
}

TEST_F(vapic, write_of_icr_high_keeps_its_top_byte_and_does_not_exit)
{
    vapic_run(f, ALL, 0, 0);
    EXPECT_NO_EXIT(page_store(f, VAPIC_ICR_HIGH, 0xab123456));
    EXPECT_EQ(page_get(f, VAPIC_ICR_HIGH), 0xab000000);
}

TEST_F(vapic, write_of_another_register_is_stored_and_exits_behind_it)
{
    vapic_run(f, ALL, 0, 0);
    EXPECT_TRAP(page_store(f, VAPIC_SVR, 0x1ff), EXIT_APIC_WRITE, 0xf0);
    EXPECT_EQ(page_get(f, VAPIC_SVR), 0x1ff);
}

TEST_F(vapic, sub_offset_of_tpr_eoi_and_icr_is_any_other_write)
{
    static const uint16_t offsets[] = {0x81, 0x83, 0xb1, 0xb3, 0x301, 0x313};

    page_set(f, VAPIC_ISR, 0x61);
    vapic_run(f, ALL, 0, 0x61);
    for (unsigned i = 0; i < 6; i++) {
        struct vapic_access a = {offsets[i], 1, VAPIC_WRITE, 0x40};

        vapic_write(&f->r.cpu, &f->r.mem, &a);
        EXPECT_TRAP(vapic_complete(&f->r.cpu, &f->r.mem), EXIT_APIC_WRITE,
                    offsets[i]);
    }
    EXPECT_EQ(vapic_status(f), 0x6100, "no EOI");
}

TEST_F(vapic, read_modify_write_of_one_register_is_virtualized_as_a_whole)
{
    struct vapic_access a = {0x80, 4, VAPIC_WRITE, 0x20};

    vapic_run(f, ALL, 0, 0);
    EXPECT_TRUE(page_serves(f, 0x80, 4, VAPIC_READ));
    vapic_write(&f->r.cpu, &f->r.mem, &a);
    EXPECT_TRUE(page_serves(f, 0x80, 4, VAPIC_WRITE), "the same again");
    EXPECT_FALSE(page_serves(f, 0x80, 1, VAPIC_WRITE), "another size");
    EXPECT_FALSE(page_serves(f, 0xb0, 4, VAPIC_WRITE), "another register");
    EXPECT_FALSE(page_serves(f, 0x80, 4, VAPIC_READ),
                 "a read behind the write");
    EXPECT_NO_EXIT(vapic_complete(&f->r.cpu, &f->r.mem));
    EXPECT_TRUE(page_serves(f, 0x80, 4, VAPIC_READ), "the next operation");
}

TEST_F(vapic, exit_before_the_operation_is_complete_loses_its_emulation)
{
    struct vapic_access a = {0xb0, 4, VAPIC_WRITE, 0};

    page_set(f, VAPIC_ISR, 0x61);
    vapic_run(f, ALL, 0, 0x61);
    vapic_write(&f->r.cpu, &f->r.mem, &a);
    vapic_leave_guest(f);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_INTERRUPT_STATUS), 0x6100);
    vapic_reenter(f);
    EXPECT_NO_EXIT(vapic_complete(&f->r.cpu, &f->r.mem));
    EXPECT_TRUE(page_has(f, VAPIC_ISR, 0x61), "no EOI");
}

TEST_F(vapic, read_of_a_part_gives_its_bytes)
{
    struct vapic_access part = {0x32, 2, VAPIC_READ, 0};
    struct vapic_access whole = {0x30, 4, VAPIC_READ, 0};

    page_put(f, 0x30, 0x92345678);
    vapic_run(f, ALL, 0, 0);
    EXPECT_EQ(vapic_read(&f->r.cpu, &f->r.mem, &part), 0x9234);
    EXPECT_EQ(vapic_read(&f->r.cpu, &f->r.mem, &whole), 0x92345678);
}

/* ---- x2APIC mode ---- */

TEST_F(vapic, rdmsr_serves_tpr_only_without_register_virtualization)
{
    page_put(f, VAPIC_TPR, 0x12345678);
    page_put(f, VAPIC_TPR + 4, 0x9abcdef0);
    vapic_run(f, X2 | VID, 0, 0);
    for (uint32_t msr = 0x7ff; msr <= 0x900; msr++)
        EXPECT_EQ(vapic_has_rdmsr(&f->r.cpu, msr), msr == 0x808, "%x", msr);
    EXPECT_EQ(vapic_rdmsr(&f->r.cpu, &f->r.mem, 0x808),
              UINT64_C(0x9abcdef012345678), "8 bytes");
}

TEST_F(vapic, rdmsr_serves_every_x2apic_msr_with_register_virtualization)
{
    page_put(f, VAPIC_PPR, 0x77);
    page_put(f, 0x390, 0x1234);
    page_put(f, 0xff0, 0x5678);
    vapic_run(f, X2 | REG, 0, 0);
    for (uint32_t msr = 0x7ff; msr <= 0x900; msr++)
        EXPECT_EQ(vapic_has_rdmsr(&f->r.cpu, msr), msr >= 0x800 && msr <= 0x8ff,
                  "%x", msr);
    EXPECT_EQ(vapic_rdmsr(&f->r.cpu, &f->r.mem, 0x80a), 0x77, "PPR");
    EXPECT_EQ(vapic_rdmsr(&f->r.cpu, &f->r.mem, 0x839), 0x1234, "stale");
    EXPECT_EQ(vapic_rdmsr(&f->r.cpu, &f->r.mem, 0x8ff), 0x5678, "undefined");
}

static const struct wrmsr_served {
    const char *name;
    uint32_t secondary;
    bool ipiv, eoi, icr, self_ipi;
} wrmsr_served[] = {
    {"x2apic_alone", X2, false, false, false, false},
    {"register_virtualization", X2 | REG, false, false, false, false},
    {"virtual_interrupt_delivery", X2 | VID, false, true, false, true},
    {"ipi_virtualization", X2, true, false, true, false},
    {"all_of_them", X2 | REG | VID, true, true, true, true},
};

TEST_EACH(vapic_wrmsr, serves_with, struct wrmsr_served, wrmsr_served)
{
    struct vapic f = {0};

    vapic_setup(&f);
    if (row->ipiv)
        vapic_use_ipiv(&f);
    vapic_run(&f, row->secondary, 0, 0);
    for (uint32_t msr = 0x800; msr <= 0x8ff; msr++) {
        bool serves = msr == 0x808 || (msr == 0x80b && row->eoi) ||
                      (msr == 0x830 && row->icr) ||
                      (msr == 0x83f && row->self_ipi);

        EXPECT_EQ(vapic_has_wrmsr(&f.r.cpu, msr), serves, "%x", msr);
    }
    vapic_teardown(&f);
}

static const struct reserved {
    const char *name;
    uint32_t msr;
    uint64_t value;
} reserved[] = {
    {"tpr_bit_8", 0x808, 0x100},
    {"tpr_high_half", 0x808, UINT64_C(1) << 32},
    {"eoi_of_anything_but_0", 0x80b, 1},
    {"eoi_high_half", 0x80b, UINT64_C(1) << 63},
    {"self_ipi_bit_8", 0x83f, 0x100},
    {"self_ipi_high_half", 0x83f, UINT64_C(1) << 32},
    {"icr_bit_13", 0x830, 0x2031},
    {"icr_bit_16", 0x830, 0x10031},
    {"icr_bit_17", 0x830, 0x20031},
    {"icr_bit_20", 0x830, 0x100031},
    {"icr_bit_31", 0x830, 0x80000031},
};

TEST_EACH(vapic_wrmsr, reserved_bit_is_gp_and_changes_nothing, struct reserved,
          reserved)
{
    struct vapic f = {0};
    struct vapic_out out;

    vapic_setup(&f);
    vapic_use_ipiv(&f);
    page_set(&f, VAPIC_ISR, 0x61);
    vapic_run(&f, X2 | REG | VID, 0, 0x61);
    out = wrmsr(&f, row->msr, row->value);
    EXPECT_TRUE(out.gp);
    EXPECT_FALSE(out.exits);
    EXPECT_EQ(page_get(&f, (row->msr & 0xff) << 4), 0);
    EXPECT_EQ(vapic_status(&f), 0x6100);
    vapic_teardown(&f);
}

TEST_F(vapic, wrmsr_stores_8_bytes_and_has_the_effect_of_the_register)
{
    page_set(f, VAPIC_ISR, 0x61);
    page_put(f, VAPIC_EOI, 0x55);
    page_put(f, VAPIC_TPR + 4, 0x55);
    vapic_run(f, X2 | VID, 0, 0x61);
    EXPECT_NO_EXIT(wrmsr(f, 0x808, 0x35));
    EXPECT_EQ(page_get(f, VAPIC_TPR), 0x35);
    EXPECT_EQ(page_get(f, VAPIC_TPR + 4), 0);
    EXPECT_NO_EXIT(wrmsr(f, 0x80b, 0));
    EXPECT_EQ(page_get(f, VAPIC_EOI), 0);
    EXPECT_EQ(vapic_status(f), 0);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x35);
}

TEST_F(vapic, wrmsr_of_self_ipi_sends_it_or_exits_below_16)
{
    vapic_run(f, X2 | VID, 0, 0);
    EXPECT_NO_EXIT(wrmsr(f, 0x83f, 0x10));
    EXPECT_EQ(vapic_status(f), 0x10);
    EXPECT_EQ(page_get(f, VAPIC_SELF_IPI), 0x10, "stored");
    EXPECT_TRAP(wrmsr(f, 0x83f, 0x0f), EXIT_APIC_WRITE, 0x3f0);
    EXPECT_EQ(page_get(f, VAPIC_SELF_IPI), 0x0f);
    EXPECT_FALSE(page_has(f, VAPIC_IRR, 0x0f));
}

TEST_F(vapic, msr_bitmap_comes_before_virtualization)
{
    struct op op = {.kind = OP_WRMSR, .imm = 0x80b};
    struct cpu_exit x;

    vapic_run(f, X2 | VID, 0, 0);
    EXPECT_FALSE(cpu_intercepts(&f->r.cpu, &f->r.mem, &op, &x));
    mem_write32(&f->r.mem, MSR_BITMAP_AT + 0x800 + 0x100, 1u << 11);
    ASSERT_TRUE(cpu_intercepts(&f->r.cpu, &f->r.mem, &op, &x));
    EXPECT_EQ(x.reason, EXIT_MSR_WRITE);
    EXPECT_EQ(x.instruction_length, 1, "nothing was done");
}

/* ---- CR8 ---- */

TEST_F(vapic, cr8_is_the_class_of_vtpr_and_clears_the_rest)
{
    page_put(f, VAPIC_TPR, 0x12345697);
    vapic_run(f, 0, 0, 0);
    ASSERT_TRUE(vapic_has_cr8(&f->r.cpu));
    EXPECT_EQ(vapic_cr8(&f->r.cpu, &f->r.mem), 9);
    EXPECT_NO_EXIT(vapic_set_cr8(&f->r.cpu, &f->r.mem, 3));
    EXPECT_EQ(page_get(f, VAPIC_TPR), 0x30);
}

TEST_F(vapic, cr8_exits_before_the_tpr_shadow_is_asked)
{
    struct op to = {.kind = OP_MOV_CR8, .reg = RBX};
    struct op from = {.kind = OP_MOV_FROM_CR8, .reg = RBX};
    struct cpu_exit x;

    rig_set(&f->r, VMCS_PRIMARY_CONTROLS,
            PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING);
    vapic_run(f, 0, 0, 0);
    ASSERT_TRUE(cpu_intercepts(&f->r.cpu, &f->r.mem, &to, &x));
    EXPECT_EQ(x.reason, EXIT_CR_ACCESS);
    EXPECT_EQ(x.qualification, 0x308, "MOV to CR8 from RBX");
    ASSERT_TRUE(cpu_intercepts(&f->r.cpu, &f->r.mem, &from, &x));
    EXPECT_EQ(x.qualification, 0x318, "MOV from CR8 to RBX");
}

TEST_F(vapic, cr8_is_the_physical_one_without_the_tpr_shadow)
{
    rig_enter(&f->r);
    EXPECT_FALSE(vapic_has_cr8(&f->r.cpu));
}
