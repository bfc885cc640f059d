/* User threads that cannot be, each with the rule that forbids it. */
#include "sim/scenario/test/load.h"
#include "tests/gtest_c.h"

static const struct user_mistake {
    const char *name, *platform, *first, *second, *hypervisor, *expected;
} user_mistakes[] = {
    {"two_senders", "sapphire-rapids", "user_sender", "user_sender", "none",
     "'a' has nobody at the other end: there are 2 senders and 0 receivers or "
     "waiters"},
    {"receiver_alone", "sapphire-rapids", "user_receiver", "spin", "none",
     "'a' has nobody at the other end: there are 0 senders and 1 receivers"},
    {"in_a_guest", "sapphire-rapids", "user_sender", "user_waiter", "kvm",
     "the user thread 'one' runs on bare metal only"},
    {"part_without_user_interrupts", "nehalem-x5570", "user_sender",
     "user_receiver", "none",
     "the processor of this platform has no user interrupts; 'one' needs "
     "'notification: signal'"},
};

TEST_EACH(user_thread, scenario_is_refused, struct user_mistake, user_mistakes)
{
    struct loaded l;
    char text[1024];

    snprintf(text, sizeof text,
             "title: t\nplatform: platforms/%s.yaml\nduration: 1ms\n"
             "machine: {cpus: 2}\n"
             "programs:\n  - {name: one, kind: %s}\n"
             "  - {name: two, kind: %s}\nvms:\n"
             "  - {name: a, hypervisor: %s, program: one}\n"
             "  - {name: b, hypervisor: none, cpu: 1, program: two}\n",
             row->platform, row->first, row->second, row->hypervisor);
    l = load_text(text, NULL, 0);
    EXPECT_TRUE(!l.set, "a mistake must stop the load");
    EXPECT_TRUE(l.diag.text && strstr(l.diag.text, row->expected), "%s",
                l.diag.text ? l.diag.text : "");
    loaded_free(&l);
}
