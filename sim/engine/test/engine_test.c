#include "sim/engine/engine.h"
#include "tests/gtest_c.h"
static void nop(void *n, struct event *e)
{
    ++*(int *)n;
    (void)e;
}
TEST(engine, smoke)
{
    struct engine e;
    struct engine_slot h[4];
    struct event a, b;
    int n = 0;
    engine_init(&e, h, 4);
    uint16_t t = engine_add_target(&e, nop, &n);
    event_init(&a, t, 0);
    event_init(&b, t, 0);
    engine_schedule(&e, &a, 5);
    engine_schedule(&e, &b, 7);
    EXPECT_EQ(engine_run(&e, 5), 1);
    engine_cancel(&e, &b);
    EXPECT_EQ(engine_run(&e, 9), 0);
    EXPECT_EQ(n, 1);
}
