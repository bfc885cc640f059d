/* Posting to a descriptor in memory. */
#include "sim/core/pid.h"

#include "tests/gtest_c.h"

#define PID UINT64_C(0x5000)
#define NV 0xf2u
#define NDST 0x300u

struct descriptor {
    struct mem mem;
    struct mem_page page[2];
};

static void descriptor_setup(struct descriptor *f)
{
    mem_init(&f->mem, f->page, 2);
    mem_write64(&f->mem, PID + PID_CONTROL,
                (uint64_t)NV << PID_NV_SHIFT | (uint64_t)NDST
                                                   << PID_NDST_SHIFT);
}

static void descriptor_teardown(struct descriptor *f)
{
    uint64_t control = mem_read64(&f->mem, PID + PID_CONTROL);

    EXPECT_EQ(pid_nv(control), NV, "nobody but software changes it");
    EXPECT_EQ(pid_ndst(control), NDST);
    for (unsigned at = 40; at < PID_BYTES; at += 8)
        EXPECT_EQ(mem_read64(&f->mem, PID + at), 0, "reserved");
}

static uint64_t pir(struct descriptor *f, unsigned word)
{
    return mem_read64(&f->mem, PID + PID_PIR + 8 * word);
}

static uint64_t control(struct descriptor *f)
{
    return mem_read64(&f->mem, PID + PID_CONTROL) & (PID_ON | PID_SN);
}

static void suppress(struct descriptor *f)
{
    mem_fetch_or64(&f->mem, PID + PID_CONTROL, PID_SN);
}

TEST_F(descriptor, post_sets_pir_and_on_and_notifies_ndst_with_nv)
{
    struct pid_posted p = pid_post(&f->mem, PID, 0x61, false);

    EXPECT_EQ(pir(f, 1), UINT64_C(1) << 0x21);
    EXPECT_EQ(pir(f, 0) | pir(f, 2) | pir(f, 3), 0);
    EXPECT_EQ(control(f), PID_ON);
    EXPECT_TRUE(p.notify);
    EXPECT_FALSE(p.merged);
    EXPECT_EQ(p.nv, NV);
    EXPECT_EQ(p.ndst, NDST);
}

TEST_F(descriptor, two_posts_before_the_notification_is_taken_send_one)
{
    EXPECT_TRUE(pid_post(&f->mem, PID, 0x61, false).notify);
    EXPECT_FALSE(pid_post(&f->mem, PID, 0x62, false).notify);
    EXPECT_EQ(pir(f, 1), UINT64_C(3) << 0x21);
}

TEST_F(descriptor, post_of_a_vector_whose_pir_bit_is_set_is_no_second_request)
{
    pid_post(&f->mem, PID, 0xff, false);
    EXPECT_TRUE(pid_post(&f->mem, PID, 0xff, false).merged);
    EXPECT_EQ(pir(f, 3), UINT64_C(1) << 63);
}

TEST_F(descriptor, sn_leaves_on_0_and_suppresses_the_notification)
{
    suppress(f);
    EXPECT_FALSE(pid_post(&f->mem, PID, 0x61, false).notify);
    EXPECT_EQ(pir(f, 1), UINT64_C(1) << 0x21);
    EXPECT_EQ(control(f), PID_SN);
}

TEST_F(descriptor, urgent_post_ignores_sn_but_not_on)
{
    suppress(f);
    EXPECT_TRUE(pid_post(&f->mem, PID, 0x61, true).notify);
    EXPECT_EQ(control(f), PID_ON | PID_SN);
    EXPECT_FALSE(pid_post(&f->mem, PID, 0x62, true).notify);
}
