/* The arena: zeroed, aligned, bounded. */
#include "sim/core/arena.h"

#include <stdint.h>
#include <string.h>

#include "sim/core/test/dies.h"
#include "tests/gtest_c.h"

struct arena_of_4096 {
    struct arena arena;
};

static void arena_of_4096_setup(struct arena_of_4096 *f)
{
    arena_init(&f->arena, 4096);
}

static void arena_of_4096_teardown(struct arena_of_4096 *f)
{
    arena_free(&f->arena);
    EXPECT_TRUE(f->arena.base == NULL);
}

TEST_F(arena_of_4096, gives_zeroed_memory_aligned_to_64_bytes)
{
    for (size_t bytes = 1; bytes < 64; bytes *= 3) {
        unsigned char *p = arena_take(&f->arena, 3, bytes);

        EXPECT_EQ((uintptr_t)p % 64, 0);
        for (size_t i = 0; i < 3 * bytes; i++)
            EXPECT_EQ(p[i], 0);
        memset(p, 0xff, 3 * bytes);
    }
}

TEST_F(arena_of_4096, gives_each_byte_once)
{
    unsigned char *a = arena_take(&f->arena, 1, 65);
    unsigned char *b = arena_take(&f->arena, 1, 64);

    EXPECT_EQ(b - a, 128);
    EXPECT_EQ(f->arena.used, 192);
}

TEST_F(arena_of_4096, can_be_used_up_to_the_last_byte)
{
    unsigned char *p = arena_take(&f->arena, 64, 64);

    p[4095] = 1;
    EXPECT_EQ(f->arena.used, 4096);
    EXPECT_EQ(arena_take(&f->arena, 0, 64) != NULL, true, "nothing fits");
}

static void take_one_byte_more(void *fixture)
{
    struct arena_of_4096 *f = fixture;

    arena_take(&f->arena, 1, 64);
    arena_take(&f->arena, 1, 4096 - 63);
}

static void take_an_overflow(void *fixture)
{
    struct arena_of_4096 *f = fixture;

    arena_take(&f->arena, SIZE_MAX / 4 + 1, 4); /* 0 modulo 2^64 */
}

TEST_F(arena_of_4096, takes_being_full_for_our_mistake)
{
    EXPECT_TRUE(dies(take_one_byte_more, f));
    EXPECT_TRUE(dies(take_an_overflow, f));
}

TEST(arena, may_be_empty)
{
    struct arena a;

    arena_init(&a, 0);
    EXPECT_EQ(a.capacity, 0);
    arena_free(&a);
}
