/* The protocols that keep every interrupt, and the mistakes that lose one. */
#include "sim/protocol/protocol.h"

#include <string.h>

#include "tests/gtest_c.h"

static const char forgotten[] =
    "a posted interrupt waits only where a notification comes or a CPU looks";

static const struct explore_limits limits = {0, 200000, 1000};

static const struct protocol *protocol_of(const char *name)
{
    const struct protocol *const *p = protocols;

    while (*p && strcmp((*p)->name, name) != 0)
        p++;
    return *p;
}

static struct explore_result explored(const char *name)
{
    const struct protocol *p = protocol_of(name);
    struct explore_result r = {0};

    EXPECT_TRUE(p, "%s", name);
    if (p)
        protocol_explore(p, &limits, &r);
    return r;
}

static void expect_all_held(const char *name)
{
    struct explore_result r = explored(name);

    EXPECT_FALSE(r.violated, "%s", r.violation);
    for (uint32_t i = 0; i < r.trace_steps; i++)
        EXPECT_TRUE(false, "%u: %s", i + 1, r.trace[i].text);
    EXPECT_TRUE(r.exhausted);
    EXPECT_GT(r.states, 50, "there is something to choose");
    explore_free(&r);
}

static bool tells(const struct explore_result *r, const char *words)
{
    for (uint32_t i = 0; i < r->trace_steps; i++)
        if (strstr(r->trace[i].text, words))
            return true;
    return false;
}

static struct explore_result found(const char *name, const char *invariant)
{
    struct explore_result r = explored(name);

    EXPECT_TRUE(r.violated, "%s is to be found", name);
    EXPECT_STREQ(r.violation, invariant);
    return r;
}

TEST(protocol, posting_against_vm_entry_loses_nothing)
{
    expect_all_held("posting-against-entry");
}

TEST(protocol, posting_against_block_and_wake_loses_nothing)
{
    expect_all_held("posting-against-block");
}

TEST(protocol, posting_against_posted_processing_loses_nothing)
{
    expect_all_held("posting-against-processing");
}

TEST(protocol, ipi_virtualization_against_preemption_loses_nothing)
{
    expect_all_held("ipiv-against-preemption");
}

TEST(protocol, eoi_exit_against_reassertion_loses_nothing)
{
    expect_all_held("eoi-against-reassert");
}

TEST(protocol, testing_on_before_the_guest_mode_flag_is_set_loses_a_wake_up)
{
    struct explore_result r = found("posting-on-tested-early", forgotten);

    EXPECT_TRUE(tells(&r, "CPU 0: host tests ON"));
    EXPECT_TRUE(tells(&r, "poster: sets ON"));
    explore_free(&r);
}

TEST(protocol, leaving_nv_at_the_notification_vector_loses_a_wake_up)
{
    struct explore_result r = found("posting-nv-not-switched", forgotten);

    EXPECT_TRUE(tells(&r, "CPU 0: VM entry of guest B"));
    EXPECT_TRUE(tells(&r, "device: an interrupt of it is posted"));
    explore_free(&r);
}

TEST(protocol, reading_pir_before_on_is_cleared_loses_a_wake_up)
{
    struct explore_result r = found("posting-on-cleared-late", forgotten);

    EXPECT_TRUE(tells(&r, "processing takes vectors 40 to 7f from PIR"));
    EXPECT_TRUE(tells(&r, "processing clears ON"));
    explore_free(&r);
}

TEST(protocol, clearing_sn_without_a_look_at_pir_loses_an_ipi)
{
    struct explore_result r = found("ipiv-without-rescan", forgotten);

    EXPECT_TRUE(tells(&r, "CPU 0: host sets SN of A"));
    explore_free(&r);
}

TEST(protocol, eoi_that_does_not_exit_leaves_a_line_without_an_interrupt)
{
    struct explore_result r =
        found("eoi-without-exit",
              "no level-triggered line stays asserted without an interrupt");

    explore_free(&r);
}

TEST(protocol, every_protocol_has_a_name_of_its_own)
{
    for (const struct protocol *const *p = protocols; *p; p++)
        EXPECT_TRUE(protocol_of((*p)->name) == *p, "%s", (*p)->name);
}
