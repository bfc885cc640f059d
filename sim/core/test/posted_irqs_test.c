/* Identities of what is posted to descriptors. */
#include "sim/core/posted_irqs.h"

#include "tests/gtest_c.h"

#define HERE UINT64_C(0x5000)
#define THERE UINT64_C(0x5040)

struct posted {
    struct irqs irqs;
    struct irq_record record[8];
    struct posted_irqs posted;
    struct posted_irqs_row row[2];
    uint16_t source;
};

static void posted_setup(struct posted *f)
{
    irqs_init(&f->irqs, f->record, 8);
    f->source = irqs_add_source(&f->irqs);
    posted_irqs_init(&f->posted, &f->irqs, f->row, 2);
    posted_irqs_add(&f->posted, HERE);
    posted_irqs_add(&f->posted, THERE);
}

static void posted_teardown(struct posted *f)
{
    irqs_forget_held(&f->irqs);
    posted_irqs_each_held(&f->posted, irqs_mark_held, &f->irqs);
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
}

static irq_id post(struct posted *f, uint64_t pid, uint8_t vector)
{
    irq_id irq = irq_birth(&f->irqs, f->source, HOP_ICR_WRITE, 0);

    posted_irqs_put(&f->posted, pid, vector, irq);
    return irq;
}

TEST_F(posted, is_found_again_by_descriptor_and_vector)
{
    irq_id here = post(f, HERE, 0x61), there = post(f, THERE, 0x61);

    EXPECT_EQ(posted_irqs_take(&f->posted, THERE, 0x61), there);
    EXPECT_EQ(posted_irqs_take(&f->posted, THERE, 0x61), 0, "once");
    EXPECT_EQ(posted_irqs_take(&f->posted, HERE, 0x62), 0, "another vector");
    EXPECT_EQ(posted_irqs_take(&f->posted, HERE, 0x61), here);
    irq_drop(&f->irqs, here, IRQ_UNHANDLED);
    irq_drop(&f->irqs, there, IRQ_UNHANDLED);
}

TEST_F(posted, merges_into_the_one_that_waits)
{
    irq_id first = post(f, HERE, 0x61);

    post(f, HERE, 0x61);
    EXPECT_EQ(f->irqs.count[f->source].by_reason[IRQ_PIR_SET], 1);
    EXPECT_EQ(posted_irqs_take(&f->posted, HERE, 0x61), first);
    irq_drop(&f->irqs, first, IRQ_UNHANDLED);
}

TEST_F(posted, is_dropped_where_no_descriptor_is_known)
{
    post(f, HERE + 0x80, 0x61);
    EXPECT_EQ(f->irqs.count[f->source].by_reason[IRQ_NO_TARGET], 1);
}

TEST_F(posted, stays_pending_until_it_is_taken)
{
    post(f, THERE, 0xff);
    EXPECT_EQ(irqs_pending(&f->irqs, f->source), 1);
}
