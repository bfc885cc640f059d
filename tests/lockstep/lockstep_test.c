/* The lock-step harness with a toy: an adder whose twin has a mistake. */
#include "tests/lockstep/lockstep.h"

#include <string.h>

#include "tests/gtest_c.h"

enum { TOY_ADD, TOY_ARM, TOY_NOISE };

/* The second side adds one too many if armed more than two cycles before. */
struct toy {
    bool wrong;
    uint32_t sum, armed_at;
};

static struct toy toys[2] = {{.wrong = false}, {.wrong = true}};

static void toy_power_up(void *ctx, const struct lockstep_setup *s)
{
    struct toy *t = ctx;

    t->sum = (uint32_t)s->value[0];
    t->armed_at = UINT32_MAX;
}

static void toy_cycle(void *ctx, const struct lockstep_cycle *c, uint32_t *seen)
{
    struct toy *t = ctx;

    for (uint32_t i = 0; i < c->ops; i++) {
        if (c->op[i].kind == TOY_ARM)
            t->armed_at = c->number;
        if (c->op[i].kind == TOY_ADD)
            t->sum += (uint32_t)c->op[i].value;
        if (c->op[i].kind == TOY_ADD && t->wrong && t->armed_at != UINT32_MAX &&
            c->number - t->armed_at > 2)
            t->sum++;
    }
    seen[0] = t->sum;
}

static const struct lockstep_block toy_block = {
    .name = "toy",
    .words = 1,
    .side = {{"first", &toys[0], toy_power_up, toy_cycle},
             {"second", &toys[1], toy_power_up, toy_cycle}},
};

struct lockstep_toy {
    struct lockstep_op op[400];
    struct lockstep_stimulus s;
    uint32_t seen[2][LOCKSTEP_WORDS_MAX];
};

/* Noise all over; armed at cycle 57, added from cycle 90 on. */
static void lockstep_toy_setup(struct lockstep_toy *f)
{
    f->s = (struct lockstep_stimulus){{{7}}, 200, 400, f->op};
    for (uint32_t i = 0; i < 400; i++)
        f->op[i] = (struct lockstep_op){.cycle = i / 2, .kind = TOY_NOISE};
    f->op[2 * 57].kind = TOY_ARM;
    for (uint32_t i = 2 * 90; i < 400; i += 9)
        f->op[i] = (struct lockstep_op){i / 2, TOY_ADD, 0, 5, 0};
}

static void lockstep_toy_teardown(struct lockstep_toy *f)
{
    (void)f;
}

TEST_F(lockstep_toy, replay_finds_the_first_difference)
{
    EXPECT_EQ(lockstep_replay(&toy_block, &f->s, f->seen), 90);
    EXPECT_EQ(f->seen[0][0], 12);
    EXPECT_EQ(f->seen[1][0], 13);
}

TEST_F(lockstep_toy, replay_of_sides_that_agree_finds_none)
{
    f->op[2 * 57].kind = TOY_NOISE;
    EXPECT_EQ(lockstep_replay(&toy_block, &f->s, f->seen), LOCKSTEP_SAME);
}

TEST_F(lockstep_toy, replay_begins_anew_each_time)
{
    lockstep_replay(&toy_block, &f->s, f->seen);
    EXPECT_EQ(lockstep_replay(&toy_block, &f->s, f->seen), 90);
    EXPECT_EQ(f->seen[0][0], 12);
}

TEST_F(lockstep_toy, shrinks_to_what_is_needed)
{
    lockstep_shrink(&toy_block, &f->s);
    ASSERT_EQ(f->s.ops, 2);
    EXPECT_EQ(f->s.op[0].kind, TOY_ARM);
    EXPECT_EQ(f->s.op[1].kind, TOY_ADD);
}

TEST_F(lockstep_toy, shrinks_idle_cycles_away)
{
    lockstep_shrink(&toy_block, &f->s);
    EXPECT_EQ(f->s.op[0].cycle, 0);
    EXPECT_EQ(f->s.op[1].cycle, 3, "the mistake needs more than two cycles");
    EXPECT_EQ(f->s.cycles, 4);
}

TEST_F(lockstep_toy, what_was_shrunk_still_differs)
{
    lockstep_shrink(&toy_block, &f->s);
    EXPECT_EQ(lockstep_replay(&toy_block, &f->s, f->seen), f->s.cycles - 1);
}
