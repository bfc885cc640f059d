/* Scenarios of one virtual machine, and what is wrong with them. */
#ifndef SIM_SCENARIO_TEST_LOAD_VM_H
#define SIM_SCENARIO_TEST_LOAD_VM_H

#include "sim/scenario/test/load.h"
#include "tests/gtest_c.h"

#define SPR "sapphire-rapids"
#define NEHALEM "nehalem-x5570"

/* `machine` and `vm` as YAML; an option "KEY=VALUE", or NULL. */
static inline struct loaded load_with(const char *machine, const char *platform,
                                      const char *vm, const char *set)
{
    char text[1024];

    snprintf(text, sizeof text,
             "title: t\nplatform: platforms/%s.yaml\nduration: 1ms\n"
             "machine: %s\ndevices:\n"
             "  - {name: nic, pulse: periodic, pulse_interval: 50us}\n"
             "programs:\n  - {name: counter, kind: spin}\nvms:\n"
             "  - {name: vm, assigned: [nic], program: counter, %s}\n",
             platform, machine, vm);
    return load_text(text, &set, set ? 1 : 0);
}

static inline void expect_refused(struct loaded l, const char *expected)
{
    EXPECT_TRUE(l.set == NULL, "a mistake must stop the load");
    ASSERT_TRUE(l.diag.text != NULL);
    EXPECT_TRUE(strstr(l.diag.text, expected) != NULL, "%s", l.diag.text);
    loaded_free(&l);
}

/* Features of KVM, as YAML; an option "KEY=VALUE", or NULL. */
static inline void expect_features_accepted(const char *features,
                                            const char *set)
{
    char vm[256];
    struct loaded l;

    snprintf(vm, sizeof vm, "hypervisor: kvm, features: {%s}", features);
    l = load_with("{cpus: 2}", SPR, vm, set);
    EXPECT_TRUE(l.set != NULL, "%s: %s", features,
                l.diag.text ? l.diag.text : "");
    loaded_free(&l);
}

#endif
