/* Which accesses are warned of; what they do is shown by the other tests. */
#include "models/lapic/lapic_warning.h"

#include <string.h>

#include "models/lapic/test/apic_fixture.h"

#define DEADLINE (2u << 17)

/* Carries out an access and says which rule it breaks. */
static enum lapic_warning after(struct apic *f, struct lapic_request req)
{
    struct lapic_out out = lapic_perform(&f->l, &req, f->now);

    return lapic_warning_of(&f->l, &req, out.gp);
}

static enum lapic_warning load(struct apic *f, uint32_t offset, unsigned bytes)
{
    return after(f, (struct lapic_request){.kind = LAPIC_REQUEST_LOAD,
                                           .access = {offset, bytes, 0}});
}

static enum lapic_warning store(struct apic *f, uint32_t offset, uint64_t value)
{
    return after(f, (struct lapic_request){.kind = LAPIC_REQUEST_STORE,
                                           .access = {offset, 4, value}});
}

static enum lapic_warning write_msr(struct apic *f, uint32_t msr,
                                    uint64_t value)
{
    return after(f, (struct lapic_request){.kind = LAPIC_REQUEST_WRMSR,
                                           .access = {msr, 0, value}});
}

static enum lapic_warning read_msr(struct apic *f, uint32_t msr)
{
    return after(f, (struct lapic_request){.kind = LAPIC_REQUEST_RDMSR,
                                           .access = {.address = msr}});
}

TEST_F(apic, warns_of_accesses_to_the_page_of_wrong_width_or_place)
{
    static const unsigned widths[] = {1, 2, 8};

    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(load(f, LAPIC_TPR, widths[i]), LAPIC_WARNING_WIDTH);
        EXPECT_EQ(after(f, (struct lapic_request){.kind = LAPIC_REQUEST_STORE,
                                                  .access = {LAPIC_TPR,
                                                             widths[i], 0x50}}),
                  LAPIC_WARNING_WIDTH);
    }
    EXPECT_EQ(load(f, LAPIC_TPR + 4, 4), LAPIC_WARNING_WIDTH);
    EXPECT_EQ(load(f, LAPIC_TPR, 4), LAPIC_WARNING_NONE);
    EXPECT_EQ(get(f, LAPIC_TPR), 0, "and nothing was written");
}

TEST_F(apic, warns_of_holes_and_of_the_wrong_direction_in_the_page)
{
    EXPECT_EQ(load(f, 0x040, 4), LAPIC_WARNING_HOLE);
    EXPECT_EQ(store(f, 0x3f0, 0x50), LAPIC_WARNING_HOLE, "SELF IPI");
    EXPECT_EQ(load(f, 0xff0, 4), LAPIC_WARNING_HOLE);
    EXPECT_EQ(store(f, LAPIC_VERSION, 1), LAPIC_WARNING_READ_ONLY);
    EXPECT_EQ(store(f, LAPIC_IRR + 0x70, 1), LAPIC_WARNING_READ_ONLY);
    EXPECT_EQ(load(f, LAPIC_EOI, 4), LAPIC_WARNING_WRITE_ONLY);
    EXPECT_EQ(store(f, LAPIC_EOI, 0), LAPIC_WARNING_NONE);
}

TEST_F(apic, warns_of_the_page_outside_xapic_mode)
{
    enter_x2apic(f);
    EXPECT_EQ(load(f, LAPIC_TPR, 4), LAPIC_WARNING_PAGE_MODE);
    EXPECT_EQ(store(f, LAPIC_TPR, 0x50), LAPIC_WARNING_PAGE_MODE);
    wrmsr(f, LAPIC_MSR_APIC_BASE, LAPIC_BASE_DEFAULT);
    EXPECT_EQ(load(f, LAPIC_TPR, 4), LAPIC_WARNING_PAGE_MODE);
}

TEST_F(apic, warns_of_msrs_that_fault)
{
    EXPECT_EQ(read_msr(f, 0x808), LAPIC_WARNING_MSR_MODE, "in xAPIC mode");
    EXPECT_EQ(write_msr(f, 0x8ff, 0), LAPIC_WARNING_MSR_MODE);
    EXPECT_EQ(write_msr(f, LAPIC_MSR_APIC_BASE, ENABLED | 1u << 9),
              LAPIC_WARNING_APIC_BASE);
    enter_x2apic(f);
    EXPECT_EQ(read_msr(f, 0x808), LAPIC_WARNING_NONE);
    EXPECT_EQ(read_msr(f, 0x80e), LAPIC_WARNING_MSR_ACCESS, "a hole");
    EXPECT_EQ(write_msr(f, 0x80d, 0), LAPIC_WARNING_MSR_ACCESS, "read-only");
    EXPECT_EQ(read_msr(f, 0x80b), LAPIC_WARNING_MSR_ACCESS, "write-only");
    EXPECT_EQ(write_msr(f, 0x808, 0x100), LAPIC_WARNING_MSR_ACCESS,
              "reserved bits");
    EXPECT_EQ(write_msr(f, LAPIC_MSR_APIC_BASE, ENABLED),
              LAPIC_WARNING_APIC_BASE, "x2APIC to xAPIC");
    f->l.config.features &= ~(uint32_t)LAPIC_HAS_TSC_DEADLINE;
    EXPECT_EQ(read_msr(f, LAPIC_MSR_TSC_DEADLINE), LAPIC_WARNING_OTHER_MSR);
}

TEST_F(apic, warns_of_a_cr8_above_15)
{
    EXPECT_EQ(after(f, (struct lapic_request){.kind = LAPIC_REQUEST_SET_CR8,
                                              .access = {.value = 0x10}}),
              LAPIC_WARNING_CR8);
    EXPECT_EQ(after(f, (struct lapic_request){.kind = LAPIC_REQUEST_SET_CR8,
                                              .access = {.value = 0xf}}),
              LAPIC_WARNING_NONE);
}

TEST_F(apic, warns_of_illegal_vectors_and_reserved_modes_where_they_are_written)
{
    EXPECT_EQ(store(f, LAPIC_ICR_LOW, 0x0f), LAPIC_WARNING_ILLEGAL_VECTOR);
    EXPECT_EQ(store(f, LAPIC_ICR_LOW, 0x10f), LAPIC_WARNING_ILLEGAL_VECTOR);
    EXPECT_EQ(store(f, LAPIC_ICR_LOW, 0x608), LAPIC_WARNING_NONE, "SIPI");
    EXPECT_EQ(store(f, LAPIC_ICR_LOW, 0x350), LAPIC_WARNING_RESERVED_MODE);
    EXPECT_EQ(store(f, LAPIC_ICR_LOW, 0x750), LAPIC_WARNING_RESERVED_MODE);
    EXPECT_EQ(store(f, LAPIC_ICR_LOW, 0x10), LAPIC_WARNING_NONE, "the least");
    EXPECT_EQ(store(f, LAPIC_ICR_LOW, 0x50), LAPIC_WARNING_NONE);
    EXPECT_EQ(store(f, LAPIC_LVT_TIMER, 0x0f), LAPIC_WARNING_ILLEGAL_VECTOR);
    EXPECT_EQ(store(f, LAPIC_LVT_TIMER, 0x1000f), LAPIC_WARNING_NONE, "masked");
    EXPECT_EQ(store(f, LAPIC_LVT_LINT1, 0x400), LAPIC_WARNING_NONE, "NMI");
    enter_x2apic(f);
    EXPECT_EQ(write_msr(f, 0x83f, 0x0f), LAPIC_WARNING_ILLEGAL_VECTOR);
    EXPECT_EQ(write_msr(f, 0x830, 0x0f), LAPIC_WARNING_ILLEGAL_VECTOR);
}

TEST_F(apic, warns_of_writes_that_belong_to_another_timer_mode)
{
    EXPECT_EQ(write_msr(f, LAPIC_MSR_TSC_DEADLINE, 1000),
              LAPIC_WARNING_TIMER_MODE);
    put(f, LAPIC_LVT_TIMER, DEADLINE | 0x50);
    EXPECT_EQ(write_msr(f, LAPIC_MSR_TSC_DEADLINE, 1000), LAPIC_WARNING_NONE);
    EXPECT_EQ(store(f, LAPIC_TMICT, 100), LAPIC_WARNING_TIMER_MODE);
}

TEST(lapic_warning, each_has_a_name_of_its_own)
{
    for (int w = 1; w < LAPIC_WARNING_COUNT; w++) {
        const char *name = lapic_warning_name((enum lapic_warning)w);

        for (int other = 0; other < w; other++)
            EXPECT_NE(
                strcmp(name, lapic_warning_name((enum lapic_warning)other)), 0,
                "%s", name);
    }
}
