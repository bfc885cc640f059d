/* User interrupts: MSRs, SENDUIPI, notification processing, and which user
 * interrupt comes next. */
#include "models/cpu/uintr.h"
#include "tests/gtest_c.h"

#define UPID_AT UINT64_C(0x3040)
#define UITT_AT UINT64_C(0x5010)
#define LAST_INDEX 3u
#define NOT_CANONICAL (UINT64_C(1) << 47)
#define NOTIFICATION 0xecu

struct user_interrupts {
    struct mem mem;
    struct mem_page page[16];
    struct uintr u;
};

static void put_entry(struct user_interrupts *f, uint64_t index, uint64_t word,
                      uint64_t upid)
{
    mem_write64(&f->mem, UITT_AT + 16 * index, word);
    mem_write64(&f->mem, UITT_AT + 16 * index + 8, upid);
}

/* Entry 3 is for user vector 5 of the UPID, whose APIC ID is 12345678h. */
static void user_interrupts_setup(struct user_interrupts *f)
{
    mem_init(&f->mem, f->page, 16);
    f->u = (struct uintr){
        .enabled = true,
        .uinv = NOTIFICATION,
        .uittsz = LAST_INDEX,
        .upidaddr = UPID_AT,
        .tt = UITT_AT | UINTR_TT_ENABLE,
    };
    put_entry(f, LAST_INDEX, 5 << 8 | UITTE_VALID, UPID_AT);
    mem_write64(&f->mem, UPID_AT,
                UINT64_C(0x12345678) << 32 | NOTIFICATION << 16);
}

static void user_interrupts_teardown(struct user_interrupts *f)
{
    EXPECT_STREQ(uintr_check(&f->u), NULL);
}

static uint64_t upid(struct user_interrupts *f)
{
    return mem_read64(&f->mem, UPID_AT);
}

static uint64_t puir(struct user_interrupts *f)
{
    return mem_read64(&f->mem, UPID_AT + 8);
}

static void set_upid(struct user_interrupts *f, uint64_t bits)
{
    mem_fetch_or64(&f->mem, UPID_AT, bits);
}

static struct uintr_sent send(struct user_interrupts *f, uint64_t index)
{
    struct uintr_path path = uintr_find(&f->u, &f->mem, index);

    return uintr_send(&f->mem, &path);
}

/* ---- MSRs ---- */

static const struct msr_row {
    const char *name;
    uint32_t msr;
    uint64_t value;
    bool legal;
} msr_rows[] = {
    {"rr_any_value", 0x985, UINT64_MAX, true},
    {"handler", 0x986, UINT64_C(0x7fffffffffff), true},
    {"handler_of_the_kernel", 0x986, UINT64_C(0xffff800000000000), true},
    {"handler_not_canonical", 0x986, NOT_CANONICAL, false},
    {"stackadjust_with_bit_0", 0x987, 0x1001, true},
    {"stackadjust_not_canonical", 0x987, NOT_CANONICAL, false},
    {"misc_all_defined", 0x988, UINT64_C(0xffffffffff), true},
    {"misc_bit_40", 0x988, UINT64_C(1) << 40, false},
    {"misc_bit_63", 0x988, UINT64_C(1) << 63, false},
    {"pd", 0x989, 0x3fc0, true},
    {"pd_bit_5", 0x989, 0x3020, false},
    {"pd_bit_0", 0x989, 0x3041, false},
    {"pd_not_canonical", 0x989, NOT_CANONICAL, false},
    {"tt_enabled", 0x98a, 0x5011, true},
    {"tt_bit_1", 0x98a, 0x5012, false},
    {"tt_bit_2", 0x98a, 0x5014, false},
    {"tt_bit_3", 0x98a, 0x5018, false},
    {"tt_not_canonical", 0x98a, NOT_CANONICAL, false},
};

TEST_EACH(user_interrupt_msr, takes_legal_values_and_keeps_the_rest_out,
          struct msr_row, msr_rows)
{
    struct uintr u = {0};

    EXPECT_TRUE(uintr_has_msr(row->msr));
    EXPECT_EQ(uintr_wrmsr(&u, row->msr, row->value), row->legal);
    EXPECT_EQ(uintr_rdmsr(&u, row->msr), row->legal ? row->value : 0);
    for (uint32_t other = 0x985; other <= 0x98a; other++)
        if (other != row->msr)
            EXPECT_EQ(uintr_rdmsr(&u, other), 0, "MSR %x", other);
}

TEST(user_interrupt_msrs, are_985h_to_98ah)
{
    EXPECT_FALSE(uintr_has_msr(0x984));
    EXPECT_TRUE(uintr_has_msr(0x985));
    EXPECT_TRUE(uintr_has_msr(0x98a));
    EXPECT_FALSE(uintr_has_msr(0x98b));
}

TEST_F(user_interrupts, misc_has_the_tables_size_and_uinv)
{
    EXPECT_EQ(uintr_rdmsr(&f->u, MSR_UINTR_MISC),
              UINT64_C(0xec) << 32 | LAST_INDEX);
    uintr_wrmsr(&f->u, MSR_UINTR_MISC, UINT64_C(0x4200000007));
    EXPECT_EQ(f->u.uittsz, 7);
    EXPECT_EQ(f->u.uinv, 0x42);
}

/* ---- XSAVE ---- */

TEST_F(user_interrupts, xsaves_clears_uinv_and_has_uif_in_misc_63)
{
    struct uintr_xsave area;

    f->u.uif = true;
    f->u.uirr = 0x20;
    f->u.uihandler = 0x1111;
    f->u.uistackadjust = 0x80;
    area = uintr_xsaves(&f->u);
    EXPECT_EQ(f->u.uinv, 0);
    EXPECT_EQ(area.uihandler, 0x1111);
    EXPECT_EQ(area.uistackadjust, 0x80);
    EXPECT_EQ(area.misc, UINT64_C(1) << 63 | UINT64_C(0xec) << 32 | LAST_INDEX);
    EXPECT_EQ(area.upidaddr, UPID_AT);
    EXPECT_EQ(area.uirr, 0x20);
    EXPECT_EQ(area.uittaddr, UITT_AT | 1);
}

TEST_F(user_interrupts, xrstors_brings_back_what_xsaves_saved)
{
    struct uintr_xsave area;
    struct uintr before;

    f->u.uif = true;
    f->u.uirr = 0x20;
    f->u.uihandler = 0x1111;
    f->u.uistackadjust = 0x81;
    before = f->u;
    area = uintr_xsaves(&f->u);
    f->u = (struct uintr){.enabled = true};
    EXPECT_TRUE(uintr_xrstors(&f->u, &area));
    EXPECT_EQ(f->u.uif, before.uif);
    for (uint32_t msr = 0x985; msr <= 0x98a; msr++)
        EXPECT_EQ(uintr_rdmsr(&f->u, msr), uintr_rdmsr(&before, msr));
}

TEST_F(user_interrupts, xsaves_has_0_for_uif_0)
{
    EXPECT_EQ(uintr_xsaves(&f->u).misc, UINT64_C(0xec) << 32 | LAST_INDEX);
}

TEST_F(user_interrupts, xrstors_faults_while_uinv_is_not_0)
{
    struct uintr_xsave area = {.uirr = 1};

    EXPECT_FALSE(uintr_xrstors(&f->u, &area));
    EXPECT_EQ(f->u.uirr, 0);
}

/* ---- SENDUIPI ---- */

TEST_F(user_interrupts, senduipi_sets_puir_and_on_and_notifies)
{
    struct uintr_sent s = send(f, LAST_INDEX);

    EXPECT_FALSE(s.fault);
    EXPECT_TRUE(s.notify);
    EXPECT_EQ(s.vector, NOTIFICATION);
    EXPECT_EQ(s.ndst, 0x12345678);
    EXPECT_EQ(puir(f), 1u << 5);
    EXPECT_EQ(upid(f),
              UINT64_C(0x12345678) << 32 | NOTIFICATION << 16 | UPID_ON);
}

TEST_F(user_interrupts, sn_sets_puir_without_a_notification_and_on_stays_0)
{
    set_upid(f, UPID_SN);
    EXPECT_FALSE(send(f, LAST_INDEX).notify);
    EXPECT_EQ(puir(f), 1u << 5);
    EXPECT_FALSE(upid(f) & UPID_ON);
}

TEST_F(user_interrupts, on_sets_puir_without_another_notification)
{
    send(f, LAST_INDEX);
    put_entry(f, 0, 63 << 8 | UITTE_VALID, UPID_AT);
    EXPECT_FALSE(send(f, 0).notify);
    EXPECT_EQ(puir(f), UINT64_C(1) << 63 | 1u << 5);
}

/* Each index leads to an entry that would be legal. */
TEST_F(user_interrupts, index_above_uittsz_faults_in_all_64_bits)
{
    put_entry(f, LAST_INDEX + 1, UITTE_VALID, UPID_AT);
    put_entry(f, UINT64_C(1) << 32 | LAST_INDEX, UITTE_VALID, UPID_AT);
    EXPECT_FALSE(send(f, LAST_INDEX).fault);
    EXPECT_TRUE(send(f, LAST_INDEX + 1).fault);
    EXPECT_TRUE(send(f, UINT64_C(1) << 32 | LAST_INDEX).fault);
}

static const struct entry_row {
    const char *name;
    uint64_t word, upid;
    bool legal;
} entry_rows[] = {
    {"legal", 5 << 8 | 1, UPID_AT, true},
    {"not_valid", 5 << 8, UPID_AT, false},
    {"reserved_bit_1", 5 << 8 | 3, UPID_AT, false},
    {"reserved_bit_7", 5 << 8 | 1 << 7 | 1, UPID_AT, false},
    {"user_vector_63", 63 << 8 | 1, UPID_AT, true},
    {"user_vector_64", 64 << 8 | 1, UPID_AT, false},
    {"user_vector_128", 128 << 8 | 1, UPID_AT, false},
    {"reserved_bit_16", 1 << 16 | 1, UPID_AT, false},
    {"reserved_bit_63", UINT64_C(1) << 63 | 1, UPID_AT, false},
    {"upid_not_aligned", 1, UPID_AT + 0x20, false},
    {"upid_not_canonical", 1, NOT_CANONICAL, false},
};

TEST_EACH(user_interrupt_entry, faults_where_its_bits_are_wrong,
          struct entry_row, entry_rows)
{
    struct user_interrupts f = {0};

    user_interrupts_setup(&f);
    put_entry(&f, 1, row->word, row->upid);
    EXPECT_EQ(send(&f, 1).fault, !row->legal);
    EXPECT_EQ(puir(&f) != 0, row->legal);
}

static const struct reserved_row {
    const char *name;
    unsigned bit;
    bool legal;
} reserved_rows[] = {
    {"on", 0, true},       {"sn", 1, true},    {"bit_2", 2, false},
    {"bit_15", 15, false}, {"nv", 16, true},   {"bit_24", 24, false},
    {"bit_31", 31, false}, {"ndst", 32, true},
};

TEST_EACH(user_interrupt_descriptor, with_reserved_bits_faults_the_sender,
          struct reserved_row, reserved_rows)
{
    struct user_interrupts f = {0};
    uint64_t before;

    user_interrupts_setup(&f);
    set_upid(&f, UINT64_C(1) << row->bit);
    before = upid(&f);
    EXPECT_EQ(send(&f, LAST_INDEX).fault, !row->legal);
    EXPECT_EQ(puir(&f) != 0, row->legal, "else unchanged");
    if (!row->legal)
        EXPECT_EQ(upid(&f), before);
}

TEST_F(user_interrupts, senduipi_needs_cr4_uintr_and_tt_0)
{
    EXPECT_TRUE(uintr_can_send(&f->u));
    f->u.enabled = false;
    EXPECT_FALSE(uintr_can_send(&f->u), "#UD");
    f->u.enabled = true;
    f->u.tt &= ~UINT64_C(1);
    EXPECT_FALSE(uintr_can_send(&f->u), "#UD");
}

/* ---- notifications ---- */

TEST_F(user_interrupts, processing_clears_on_alone_and_moves_puir)
{
    set_upid(f, UPID_SN | UPID_ON);
    mem_write64(&f->mem, UPID_AT + 8, 0x22);
    f->u.uirr = 0x3;
    uintr_process(&f->u, &f->mem);
    EXPECT_EQ(f->u.uirr, 0x23);
    EXPECT_EQ(puir(f), 0);
    EXPECT_EQ(upid(f),
              UINT64_C(0x12345678) << 32 | NOTIFICATION << 16 | UPID_SN);
}

TEST_F(user_interrupts, processing_does_not_check_reserved_bits)
{
    set_upid(f, UPID_ON | 1u << 2);
    mem_write64(&f->mem, UPID_AT + 8, 1);
    uintr_process(&f->u, &f->mem);
    EXPECT_EQ(f->u.uirr, 1);
    EXPECT_TRUE(upid(f) & 1u << 2, "kept");
}

TEST_F(user_interrupts, vector_uinv_is_a_notification_only_when_enabled)
{
    EXPECT_TRUE(uintr_identifies(&f->u, NOTIFICATION));
    EXPECT_FALSE(uintr_identifies(&f->u, NOTIFICATION + 1));
    f->u.enabled = false;
    EXPECT_FALSE(uintr_identifies(&f->u, NOTIFICATION));
}

TEST_F(user_interrupts, notification_after_xsaves_is_an_ordinary_interrupt)
{
    send(f, LAST_INDEX);
    uintr_xsaves(&f->u);
    EXPECT_FALSE(uintr_identifies(&f->u, NOTIFICATION));
    EXPECT_TRUE(upid(f) & UPID_ON);
    EXPECT_EQ(puir(f), 1u << 5);
}

/* ---- delivery ---- */

TEST_F(user_interrupts, highest_vector_comes_first_and_clears_uif)
{
    f->u.uirr = UINT64_C(0x8000000000000001);
    f->u.uif = true;
    EXPECT_EQ(uintr_vector(&f->u), 63);
    uintr_take(&f->u);
    EXPECT_EQ(f->u.uirr, 1);
    EXPECT_FALSE(uintr_deliverable(&f->u), "UIF = 0 until UIRET or STUI");
    f->u.uif = true;
    EXPECT_TRUE(uintr_deliverable(&f->u));
    EXPECT_EQ(uintr_vector(&f->u), 0);
}

TEST_F(user_interrupts, delivery_needs_cr4_uintr_uif_and_uirr)
{
    f->u.uif = true;
    EXPECT_FALSE(uintr_deliverable(&f->u));
    f->u.uirr = 1;
    EXPECT_TRUE(uintr_deliverable(&f->u));
    f->u.enabled = false;
    EXPECT_FALSE(uintr_deliverable(&f->u));
}

TEST_F(user_interrupts, stack_is_adjusted_and_then_aligned)
{
    f->u.uistackadjust = 0x80;
    EXPECT_EQ(uintr_stack(&f->u, 0x1008), 0xf80);
    f->u.uistackadjust = 0x7009;
    EXPECT_EQ(uintr_stack(&f->u, 0x1008), 0x7000, "bit 0: loaded");
}
