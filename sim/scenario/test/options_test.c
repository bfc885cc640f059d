/* What --set and --seed do, and how their mistakes read. */
#include "sim/scenario/keys.h"
#include "sim/scenario/test/load.h"
#include "tests/gtest_c.h"

static const struct option_row {
    const char *name, *option, *expected;
} bad_options[] = {
    {"no_value", "duration",
     "expected KEY=VALUE, for instance vms.guest.cpu=1"},
    {"no_key", "=1", "expected KEY=VALUE, for instance vms.guest.cpu=1"},
    {"unknown_key", "duratoin=1s",
     "unknown key 'duratoin' of a scenario; did you mean 'duration'?"},
    {"unknown_element", "vms.gust.cpu=1",
     "there is no virtual machine 'gust'; did you mean 'guest'?"},
    {"index_too_large", "vms.2.cpu=1", "there is no virtual machine '2'"},
    {"unknown_key_of_an_element", "vms.guest.cpux=1",
     "unknown key 'cpux' of a virtual machine; did you mean 'cpu'?"},
    {"path_into_a_value", "duration.length=1s",
     "'duration' is a single value; there is no 'length' in it"},
    {"path_ends_at_a_group", "machine=2",
     "'machine' is a group of keys; go on to one value, for instance "
     "'machine.cpus'"},
    {"path_ends_at_a_list", "vms=guest",
     "'vms' is a list; go on to one value, for instance 'vms.NAME.name'"},
    {"path_ends_at_an_element", "vms.guest=1",
     "'guest' is a virtual machine; go on to one of its keys, for instance "
     "'guest.hypervisor'"},
    {"key_of_the_file", "expect=1",
     "'expect' is a key of the file; it cannot be set"},
    {"value_without_unit", "duration=1",
     "'duration: 1': the unit is missing; expected a time, for instance "
     "'20us'"},
    {"value_out_of_range", "machine.cpus=65",
     "'cpus: 65': must lie in 1 .. 64"},
    {"broken_rule", "vms.guest.cpu=7",
     "CPU 7 does not exist: machine.cpus is 2 (0 .. 1)"},
    {"unknown_cost", "platform.cpu.vm_exits=1 cycles",
     "unknown key 'vm_exits' of a group of costs; did you mean 'vm_exit'?"},
    {"cost_in_a_wrong_unit", "platform.cpu.vm_exit=1us",
     "'vm_exit: 1us': unknown unit 'us' (known: cycles); expected a number of "
     "cycles, for instance '1500 cycles'"},
};

TEST_EACH(set_option, reports_its_mistake, struct option_row, bad_options)
{
    struct loaded l = load_text(load_base, &row->option, 1);
    char expected[512];

    snprintf(expected, sizeof expected, "--set %s: error: %s\n", row->option,
             row->expected);
    EXPECT_TRUE(l.set == NULL);
    EXPECT_STREQ(l.diag.text ? l.diag.text : "", expected);
    loaded_free(&l);
}

/* The path of a key in load_base. */
static void path_of(const struct key *k, char out[128])
{
    static const char *const element[OWNERS] = {
        [OWNER_BRIDGE] = "port",      [OWNER_DEVICE] = "nic",
        [OWNER_DELAY_TIMERS] = "nic", [OWNER_COALESCING] = "nic",
        [OWNER_ADAPTIVE] = "nic",     [OWNER_MSI] = "nic",
        [OWNER_PROGRAM] = "sender",   [OWNER_VM] = "guest",
        [OWNER_FEATURES] = "guest"};
    const char *path = owner_path(k->owner), *name = strstr(path, "NAME");

    if (name)
        snprintf(out, 128, "%.*s%s%s%s", (int)(name - path), path,
                 element[k->owner], name + 4, k->name);
    else
        snprintf(out, 128, "%s%s", path, k->name);
}

/* A value that every type but text refuses. */
static void try_key(const struct key *k)
{
    char path[128], option[160], shown[160], blamed[192];
    const char *set = option;
    struct loaded l;

    path_of(k, path);
    snprintf(option, sizeof option, "%s=@", path);
    snprintf(shown, sizeof shown, "%s: \"@\"\n", k->name);
    snprintf(blamed, sizeof blamed, "--set %s: error: ", option);
    l = load_text(load_base, &set, 1);
    if (k->type == KEY_TEXT) {
        ASSERT_TRUE(l.set != NULL, "%s", path);
        EXPECT_TRUE(strstr(l.set->resolved[0], shown) != NULL, "%s", path);
    } else {
        ASSERT_TRUE(l.diag.text != NULL, "%s took '@'", path);
        EXPECT_TRUE(strstr(l.diag.text, "'@'") || strstr(l.diag.text, ": @'"),
                    "%s: %s", path, l.diag.text);
        EXPECT_TRUE(strstr(l.diag.text, blamed) != NULL, "%s: %s", path,
                    l.diag.text);
    }
    loaded_free(&l);
}

TEST(set_option, reaches_every_key)
{
    unsigned tried = 0;

    for (const struct key *k = scenario_keys; k->name; k++) {
        bool groups = k->type == KEY_GROUP || k->type == KEY_LIST;
        bool of_file = k->owner == OWNER_FILE || k->owner == OWNER_EXPECT ||
                       k->owner == OWNER_PUBLISHED || k->owner == OWNER_CURVE ||
                       k->owner == OWNER_SOURCED;

        if (groups || of_file)
            continue;
        try_key(k);
        tried++;
    }
    EXPECT_GT(tried, 90);
}

TEST(set_option, replaces_values_by_name_and_by_index)
{
    const char *const set[] = {
        "vms.guest.features.acknowledge_on_exit=true",
        "programs.0.handler=3000 cycles", "vms.other.assigned=[]",
        "vms.0.assigned=nic, clock", "vms.1.program=counter"};
    struct loaded l = load_text(load_base, set, 5);

    ASSERT_TRUE(l.set != NULL, "%s", l.diag.text);
    EXPECT_TRUE(l.set->variant[0].vm[0].features.acknowledge_on_exit);
    EXPECT_FALSE(l.set->variant[0].vm[1].features.acknowledge_on_exit);
    EXPECT_EQ(l.set->variant[0].program[0].handler_cycles, 3000);
    EXPECT_EQ(l.set->variant[0].vm[0].assigned_count, 2);
    EXPECT_EQ(l.set->variant[0].vm[0].assigned[1], 1);
    EXPECT_EQ(l.set->variant[0].vm[1].assigned_count, 0);
    loaded_free(&l);
}

TEST(set_option, over_a_platform_value_keeps_its_source)
{
    const char *const set[] = {"platform.cpu.vm_exit=777 cycles",
                               "platform.cpu.vm_exit.note=changed"};
    struct loaded l = load_text(load_base, set, 2);
    const char *shown;

    ASSERT_TRUE(l.set != NULL, "%s", l.diag.text);
    EXPECT_EQ(l.set->variant[0].platform.cpu.vm_exit, 777);
    shown = strstr(l.set->resolved[0], "vm_exit: {value: 777 cycles, source: ");
    ASSERT_TRUE(shown != NULL);
    EXPECT_TRUE(strstr(shown, "note: \"changed\"}") != NULL);
    loaded_free(&l);
}

TEST(set_option, comes_after_the_variants_own_keys)
{
    char *text = load_replaced(
        load_base, "vms:\n", "variants: {a: {seed: 2}, b: {seed: 3}}\nvms:\n");
    const char *const set[] = {"seed=4"};
    struct loaded l = load_text(text, set, 1);

    ASSERT_TRUE(l.set != NULL, "%s", l.diag.text);
    EXPECT_EQ(l.set->variant[0].seed, 4);
    EXPECT_EQ(l.set->variant[1].seed, 4);
    loaded_free(&l);
    free(text);
}

TEST(set_option, does_not_hide_a_mistake_of_the_file)
{
    char *text = load_replaced(load_base, "cpus: 2", "cpus: two");
    const char *const set[] = {"machine.cpus=2"};
    struct loaded l = load_text(text, set, 1);

    EXPECT_TRUE(l.set == NULL);
    EXPECT_STREQ(l.diag.text,
                 "x.yaml:5:17: error: 'cpus: two': expected a whole number, "
                 "for instance '4'\n");
    loaded_free(&l);
    free(text);
}

TEST(seed_option, replaces_the_seed_and_must_be_a_number)
{
    struct scenario_options opts = {.seed = "9", .platform_dir = "scenarios"};
    struct loaded l;

    opts.text = load_base;
    opts.text_bytes = strlen(load_base);
    diag_init(&l.diag);
    l.set = scenario_load("x.yaml", &opts, &l.diag);
    ASSERT_TRUE(l.set != NULL, "%s", l.diag.text);
    EXPECT_EQ(l.set->variant[0].seed, 9);
    loaded_free(&l);
    opts.seed = "nine";
    diag_init(&l.diag);
    l.set = scenario_load("x.yaml", &opts, &l.diag);
    EXPECT_STREQ(l.diag.text, "--seed: error: 'seed: nine': expected a whole "
                              "number, for instance '4'\n");
    loaded_free(&l);
}

TEST(capabilities, x2apic_mode_needs_a_processor_that_has_it)
{
    const char *const set[] = {"platform.capabilities.x2apic=false"};
    struct loaded l = load_text(load_base, set, 1);

    EXPECT_STREQ(l.diag.text,
                 "x.yaml:21:11: error: apic: x2apic needs x2APIC mode, which "
                 "platform 'nehalem-x5570' does not have\n");
    loaded_free(&l);
}

TEST(capabilities, kvm_needs_a_processor_with_ept_and_vpid)
{
    const char *const set[] = {"platform.capabilities.vpid=false"};
    struct loaded l = load_text(load_base, set, 1);

    EXPECT_STREQ(l.diag.text,
                 "x.yaml:20:17: error: hypervisor: kvm needs ept and vpid, "
                 "which platform 'nehalem-x5570' does not have\n"
                 "x.yaml:25:17: error: hypervisor: kvm needs ept and vpid, "
                 "which platform 'nehalem-x5570' does not have\n");
    loaded_free(&l);
}

TEST(capabilities, eli_needs_a_processor_with_descriptor_table_exiting)
{
    const char *const set[] = {
        "vms.guest.features.eli=true",
        "platform.capabilities.descriptor_table_exiting=false"};
    struct loaded l = load_text(load_base, set, 2);

    EXPECT_STREQ(l.diag.text,
                 "--set vms.guest.features.eli=true: error: eli needs "
                 "descriptor-table exiting, which platform 'nehalem-x5570' "
                 "does not have\n");
    loaded_free(&l);
}

TEST(capabilities, eli_timer_needs_a_processor_with_the_preemption_timer)
{
    const char *const set[] = {"vms.guest.features.eli=true",
                               "vms.guest.features.eli_timer=50us",
                               "platform.capabilities.preemption_timer=false"};
    struct loaded with = load_text(load_base, set, 2);
    struct loaded without = load_text(load_base, set, 3);

    ASSERT_TRUE(with.set != NULL, "%s", with.diag.text);
    EXPECT_EQ(with.set->variant[0].vm[0].features.eli_timer, 50 * SIM_US);
    EXPECT_STREQ(without.diag.text,
                 "--set vms.guest.features.eli_timer=50us: error: eli_timer "
                 "needs the preemption timer, which platform 'nehalem-x5570' "
                 "does not have\n");
    loaded_free(&with);
    loaded_free(&without);
}
