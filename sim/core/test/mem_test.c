/* Simulated memory: sparse, little endian, whole across its seams. */
#include "sim/core/mem.h"

#include <string.h>

#include "sim/core/rng.h"
#include "sim/core/test/dies.h"
#include "tests/gtest_c.h"

#define PAGES 16

/* Memory with another one behind it, at OUTSIDE. */
struct memory {
    struct mem mem;
    struct mem_page page[PAGES];
    uint8_t behind[256];
    unsigned calls;
};

#define OUTSIDE UINT64_C(0xfee00ff0) /* crosses a page, ends inside one */

static void outside_read(void *ctx, uint64_t addr, void *data, size_t n)
{
    struct memory *f = ctx;

    ASSERT_LE(addr - OUTSIDE + n, sizeof f->behind);
    memcpy(data, f->behind + (addr - OUTSIDE), n);
    f->calls++;
}

static void outside_write(void *ctx, uint64_t addr, const void *data, size_t n)
{
    struct memory *f = ctx;

    ASSERT_LE(addr - OUTSIDE + n, sizeof f->behind);
    memcpy(f->behind + (addr - OUTSIDE), data, n);
    f->calls++;
}

static void memory_setup(struct memory *f)
{
    mem_init(&f->mem, f->page, PAGES);
}

static void open_outside(struct memory *f)
{
    const struct mem_outside outside = {
        .base = OUTSIDE,
        .bytes = sizeof f->behind,
        .read = outside_read,
        .write = outside_write,
        .ctx = f,
    };

    mem_set_outside(&f->mem, &outside);
}

/* As many pages are taken as are counted. */
static void memory_teardown(struct memory *f)
{
    unsigned taken = 0;

    for (unsigned i = 0; i < PAGES; i++)
        taken += f->page[i].number != 0;
    EXPECT_EQ(f->mem.used, taken);
}

TEST_F(memory, reads_zero_where_nothing_was_written_and_takes_no_page)
{
    EXPECT_EQ(mem_read64(&f->mem, 0), 0);
    EXPECT_EQ(mem_read32(&f->mem, UINT64_C(0xfffffffffffff000)), 0);
    EXPECT_EQ(f->mem.used, 0);
}

TEST_F(memory, is_little_endian)
{
    uint8_t bytes[8];

    mem_write64(&f->mem, 0x1000, UINT64_C(0x8877665544332211));
    mem_read(&f->mem, 0x1000, bytes, 8);
    for (unsigned i = 0; i < 8; i++)
        EXPECT_EQ(bytes[i], 0x11 * (i + 1));
    EXPECT_EQ(mem_read32(&f->mem, 0x1004), 0x88776655);
    mem_write32(&f->mem, 0x1000, 0xddccbbaa);
    EXPECT_EQ(mem_read64(&f->mem, 0x1000), UINT64_C(0x88776655ddccbbaa));
}

TEST_F(memory, keeps_accesses_whole_across_pages)
{
    mem_write64(&f->mem, 0x1ffd, UINT64_C(0x8877665544332211));
    EXPECT_EQ(mem_read64(&f->mem, 0x1ffd), UINT64_C(0x8877665544332211));
    EXPECT_EQ(mem_read32(&f->mem, 0x2000), 0x77665544);
    EXPECT_EQ(f->mem.used, 2);
}

TEST_F(memory, keeps_pages_apart_that_differ_in_high_address_bits_only)
{
    for (uint64_t i = 0; i < 15; i++)
        mem_write64(&f->mem, i << 48 | 0x5000, i + 1);
    for (uint64_t i = 0; i < 15; i++)
        EXPECT_EQ(mem_read64(&f->mem, i << 48 | 0x5000), i + 1);
}

TEST_F(memory, moves_blocks_longer_than_a_page)
{
    static uint8_t in[10000], out[10000];

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 7 + 1);
    mem_write(&f->mem, 0x12345, in, sizeof in);
    mem_read(&f->mem, 0x12345, out, sizeof out);
    EXPECT_EQ(memcmp(in, out, sizeof in), 0);
    EXPECT_EQ(mem_read32(&f->mem, 0x12345 - 4), 0, "nothing before it");
    EXPECT_EQ(mem_read32(&f->mem, 0x12345 + sizeof in), 0, "nor after it");
}

TEST_F(memory, gives_the_old_value_of_atomic_operations)
{
    uint64_t expected = 7;

    EXPECT_EQ(mem_exchange64(&f->mem, 0x100, 5), 0);
    EXPECT_EQ(mem_fetch_or64(&f->mem, 0x100, 0x12), 5);
    EXPECT_FALSE(mem_compare_exchange64(&f->mem, 0x100, &expected, 1));
    EXPECT_EQ(expected, 0x17, "what was found");
    EXPECT_EQ(mem_read64(&f->mem, 0x100), 0x17);
    EXPECT_TRUE(mem_compare_exchange64(&f->mem, 0x100, &expected, 1));
    EXPECT_EQ(expected, 0x17);
    EXPECT_EQ(mem_read64(&f->mem, 0x100), 1);
    EXPECT_EQ(mem_fetch_and64(&f->mem, 0x100, 2), 1);
    EXPECT_EQ(mem_read64(&f->mem, 0x100), 0);
}

TEST_F(memory, forwards_accesses_to_the_outside)
{
    open_outside(f);
    mem_write32(&f->mem, OUTSIDE + 8, 0x04030201);
    EXPECT_EQ(f->behind[8], 1);
    EXPECT_EQ(f->behind[11], 4);
    EXPECT_EQ(mem_fetch_or64(&f->mem, OUTSIDE + 8, 2), 0x04030201);
    EXPECT_EQ(f->behind[8], 3);
    EXPECT_EQ(f->mem.used, 0);
}

TEST_F(memory, forwards_an_access_that_crosses_a_page_in_one_piece)
{
    open_outside(f);
    mem_write64(&f->mem, OUTSIDE + 12, 1);
    EXPECT_EQ(f->calls, 1);
}

TEST_F(memory, splits_accesses_at_the_borders_of_the_outside)
{
    uint8_t last = sizeof f->behind - 1;

    open_outside(f);
    mem_write64(&f->mem, OUTSIDE - 4, UINT64_C(0x8877665544332211));
    EXPECT_EQ(f->behind[0], 0x55);
    EXPECT_EQ(mem_read64(&f->mem, OUTSIDE - 4), UINT64_C(0x8877665544332211));
    mem_write64(&f->mem, OUTSIDE + last, UINT64_C(0x8877665544332211));
    EXPECT_EQ(f->behind[last], 0x11);
    EXPECT_EQ(mem_read64(&f->mem, OUTSIDE + last),
              UINT64_C(0x8877665544332211));
    mem_set_outside(&f->mem, &(struct mem_outside){0});
    EXPECT_EQ(mem_read64(&f->mem, OUTSIDE - 4), 0x44332211);
    EXPECT_EQ(mem_read64(&f->mem, OUTSIDE + last),
              UINT64_C(0x8877665544332200));
}

TEST_F(memory, forwards_accesses_to_a_page_that_was_used_before)
{
    mem_write64(&f->mem, OUTSIDE, 1);
    EXPECT_EQ(mem_read64(&f->mem, OUTSIDE), 1);
    open_outside(f);
    EXPECT_EQ(mem_read64(&f->mem, OUTSIDE), 0);
    mem_write64(&f->mem, OUTSIDE, 2);
    EXPECT_EQ(f->behind[0], 2);
}

TEST_F(memory, goes_on_the_same_in_a_copy)
{
    struct memory copy;

    mem_write64(&f->mem, 0x1000, 1);
    mem_write64(&f->mem, 0x2000, 2);
    copy = *f;
    copy.mem.page = copy.page;
    mem_write64(&f->mem, 0x2000, 3);
    EXPECT_EQ(mem_read64(&copy.mem, 0x2000), 2);
    EXPECT_EQ(mem_read64(&copy.mem, 0x1000), 1);
}

static void touch_every_page(void *memory)
{
    struct memory *f = memory;

    for (uint64_t i = 0; i < PAGES; i++)
        mem_write64(&f->mem, i * MEM_PAGE_BYTES, 1);
}

TEST_F(memory, takes_a_full_pool_for_our_mistake)
{
    EXPECT_TRUE(dies(touch_every_page, f));
}

#define AREA (5 * MEM_PAGE_BYTES)
#define AREA_BASE (OUTSIDE - 2 * MEM_PAGE_BYTES)

/* Two entries of the pool stay free in any case. */
TEST_F(memory, has_room_for_what_leaves_the_reserve_or_takes_no_page)
{
    uint32_t most = PAGES - 2, reserve = 2;

    for (uint64_t i = 0; i < most - reserve; i++) {
        EXPECT_TRUE(mem_has_room(&f->mem, i * MEM_PAGE_BYTES, 8, reserve));
        mem_write64(&f->mem, i * MEM_PAGE_BYTES, 1);
    }
    EXPECT_FALSE(mem_has_room(&f->mem, AREA_BASE, 8, reserve));
    EXPECT_TRUE(mem_has_room(&f->mem, AREA_BASE, 8, reserve - 1));
    EXPECT_FALSE(
        mem_has_room(&f->mem, (AREA_BASE | 0xfff) - 3, 8, reserve - 1));
    EXPECT_TRUE(mem_has_room(&f->mem, 0, 8, PAGES));
    EXPECT_TRUE(mem_has_room(&f->mem, MEM_PAGE_BYTES - 4, 8, PAGES));
}

/* A random access, in the same way to the memory and to a plain array. */
static bool access_agrees(struct memory *f, struct rng *r, uint8_t plain[AREA])
{
    uint8_t data[64] = {0};
    uint64_t size[] = {4, 8, rng_below(r, sizeof data) + 1};
    uint64_t kind = rng_below(r, 6), n = size[kind % 3];
    uint64_t at = rng_below(r, AREA - n), value = rng_u64(r);

    if (kind == 0)
        return memcmp(&(uint32_t){mem_read32(&f->mem, AREA_BASE + at)},
                      plain + at, n) == 0;
    if (kind == 1)
        return memcmp(&(uint64_t){mem_read64(&f->mem, AREA_BASE + at)},
                      plain + at, n) == 0;
    if (kind == 2) {
        mem_read(&f->mem, AREA_BASE + at, data, n);
        return memcmp(data, plain + at, n) == 0;
    }
    memcpy(data + rng_below(r, 57), &value, sizeof value);
    if (kind == 3)
        mem_write32(&f->mem, AREA_BASE + at, (uint32_t)value);
    else if (kind == 4)
        mem_write64(&f->mem, AREA_BASE + at, value);
    else
        mem_write(&f->mem, AREA_BASE + at, data, n);
    memcpy(plain + at, kind == 5 ? data : (uint8_t *)&value, n);
    return true;
}

TEST_F(memory, agrees_with_a_plain_array_in_random_accesses)
{
    static uint8_t plain[AREA];
    struct rng r;

    rng_init(&r, 1, 0);
    memset(plain, 0, sizeof plain);
    open_outside(f);
    for (int step = 0; step < 200000; step++)
        ASSERT_TRUE(access_agrees(f, &r, plain), "step %d", step);
}
