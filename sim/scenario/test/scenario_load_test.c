/* What a file means: defaults, variants, platforms, and what show prints. */
#include "sim/scenario/keys.h"
#include "sim/scenario/test/load.h"
#include "tests/gtest_c.h"

struct variants {
    char *text;
    struct loaded l;
};

/* load_base with the text before its vms; the set must load. */
static void variants_load(struct variants *f, const char *more)
{
    char joined[2048];

    snprintf(joined, sizeof joined, "%s\nvms:\n", more);
    f->text = load_replaced(load_base, "vms:\n", joined);
    f->l = load_text(f->text, NULL, 0);
    ASSERT_TRUE(f->l.set != NULL, "%s", f->l.diag.text);
}

static void variants_setup(struct variants *f)
{
    *f = (struct variants){0};
}

static void variants_teardown(struct variants *f)
{
    loaded_free(&f->l);
    free(f->text);
}

TEST_F(variants, a_file_without_them_has_one_called_base)
{
    variants_load(f, "");
    EXPECT_EQ(f->l.set->variant_count, 1);
    EXPECT_STREQ(f->l.set->variant_name[0], "base");
    EXPECT_EQ(f->l.set->variant[0].device[0].vectors, 2);
    EXPECT_EQ(f->l.set->variant[0].device[1].vectors, 1, "the default");
    EXPECT_EQ(f->l.set->variant[0].duration, 10 * SIM_MS);
    EXPECT_EQ(f->l.set->variant[0].vm[1].assigned[0], 1);
    EXPECT_EQ(f->l.set->variant[0].vm[1].program, 1);
}

TEST_F(variants, change_named_elements_and_leave_the_others)
{
    variants_load(f, "variants:\n"
                     "  plain: {}\n"
                     "  map: {vms: {other: {apic: x2apic}}}\n"
                     "  list: {vms: [{name: other, apic: x2apic}]}\n"
                     "  path: {vms.other.apic: x2apic}\n"
                     "  index: {vms.1.apic: x2apic}\n");
    ASSERT_EQ(f->l.set->variant_count, 5);
    EXPECT_EQ(f->l.set->variant[0].vm[1].apic, APIC_MODE_XAPIC);
    for (unsigned i = 1; i < 5; i++) {
        EXPECT_EQ(f->l.set->variant[i].vm_count, 2);
        EXPECT_EQ(f->l.set->variant[i].vm[1].apic, APIC_MODE_X2APIC, "%u", i);
        EXPECT_EQ(f->l.set->variant[i].vm[1].cpu, 1, "%u", i);
        EXPECT_EQ(f->l.set->variant[i].vm[0].cpu, 0, "%u", i);
    }
}

TEST_F(variants, add_elements_in_the_list_form_only)
{
    variants_load(f, "variants:\n"
                     "  two: {}\n"
                     "  three:\n"
                     "    machine: {cpus: 3}\n"
                     "    vms: [{name: third, hypervisor: kvm, cpu: 2, "
                     "program: counter}]\n");
    EXPECT_EQ(f->l.set->variant[0].vm_count, 2);
    EXPECT_EQ(f->l.set->variant[1].vm_count, 3);
    EXPECT_STREQ(f->l.set->variant[1].vm[2].name, "third");
}

TEST_F(variants, change_a_platform_value_and_keep_its_source)
{
    variants_load(f, "variants:\n"
                     "  path: {platform.cpu.vm_exit: 901 cycles}\n"
                     "  map: {platform: {cpu: {vm_exit: 902 cycles}}}\n"
                     "  whole: {platform.cpu.vm_exit: {value: 903 cycles, "
                     "source: me, certainty: assumed}}\n");
    EXPECT_EQ(f->l.set->variant[0].platform.cpu.vm_exit, 901);
    EXPECT_EQ(f->l.set->variant[1].platform.cpu.vm_exit, 902);
    EXPECT_EQ(f->l.set->variant[2].platform.cpu.vm_exit, 903);
    EXPECT_TRUE(strstr(f->l.set->resolved[0], "{value: 901 cycles, source: ") !=
                NULL);
    EXPECT_TRUE(strstr(f->l.set->resolved[2],
                       "{value: 903 cycles, source: \"me\"") != NULL);
}

TEST_F(variants, are_where_expectations_and_measurements_point)
{
    variants_load(f, "variants: {a: {}, b: {}}\n"
                     "expect:\n"
                     "  - {figure: exits.total, min: 1}\n"
                     "  - {figure: exits.total, variant: b, max: 2.5}\n"
                     "published:\n"
                     "  - {figure: exits.total, label: l, source: s, "
                     "certainty: recalled, values: {b: 7}}\n");
    ASSERT_EQ(f->l.set->expect_count, 2);
    EXPECT_EQ(f->l.set->expect[0].variant, -1);
    EXPECT_TRUE(f->l.set->expect[0].has_min && !f->l.set->expect[0].has_max);
    EXPECT_EQ(f->l.set->expect[1].variant, 1);
    EXPECT_TRUE(f->l.set->expect[1].max == 2.5);
    ASSERT_EQ(f->l.set->published_count, 1);
    EXPECT_FALSE(f->l.set->published[0].values.has[0]);
    EXPECT_TRUE(f->l.set->published[0].values.value[1] == 7);
    EXPECT_STREQ(f->l.set->published[0].certainty, "recalled");
    EXPECT_TRUE(strstr(f->l.set->resolved[0], "published: []") != NULL);
}

TEST_F(variants, are_the_points_of_curves)
{
    variants_load(f, "variants: {a: {}, b: {}}\n"
                     "curves:\n"
                     "  - {plot: p, figure: exits.total, axis: x, label: l, "
                     "x: {b: 7.5}}\n");
    ASSERT_EQ(f->l.set->curve_count, 1);
    EXPECT_FALSE(f->l.set->curve[0].x.has[0]);
    EXPECT_TRUE(f->l.set->curve[0].x.value[1] == 7.5);
    EXPECT_TRUE(strstr(f->l.set->resolved[0], "curves: []") != NULL);
    EXPECT_TRUE(strstr(f->l.set->resolved[1], "x: {b: 7.5}") != NULL);
}

TEST(aliases, stand_for_whole_values)
{
    char *text = load_replaced(load_base, "machine: {cpus: 2}",
                               "machine: &m {cpus: 2}\nvariants: {a: {machine: "
                               "*m}}");
    struct loaded l = load_text(text, NULL, 0);

    ASSERT_TRUE(l.set != NULL, "%s", l.diag.text);
    EXPECT_EQ(l.set->variant[0].machine.cpus, 2);
    loaded_free(&l);
    free(text);
}

/* ---- platform profiles -------------------------------------------------- */

static const struct platform_row {
    const char *name, *from, *to, *expected;
} bad_platforms[] = {
    {"value_without_source", "source: \"s\", certainty: assumed}", "a: 1}",
     "missing key 'source'"},
    {"plain_value", "{value: 1MHz, source: \"s\", certainty: assumed}", "1MHz",
     "'core' needs its source: {value: ..., source: ..., certainty: ...}"},
    {"no_certainty", ", certainty: assumed", "", "missing key 'certainty'"},
    {"unknown_certainty", "certainty: assumed", "certainty: asumed",
     "; did you mean 'assumed'?"},
    {"wrong_unit", "1MHz", "1us", "expected a frequency"},
    {"out_of_range", "1MHz", "1kHz", "must lie in 1MHz .. 100GHz"},
    {"missing_group", "clocks:", "clock:",
     "unknown key 'clock' of a platform; did you mean 'clocks'?"},
    {"missing_costs",
     "clocks:", "clocks:", "missing key 'kvm': What the KVM-like hypervisor's"},
};

TEST_EACH(platforms, need_every_value_with_its_source, struct platform_row,
          bad_platforms)
{
    static const char inner[] =
        "platform: {name: p, title: t, clocks: {core: {value: 1MHz, source: "
        "\"s\", certainty: assumed}}}";
    char *platform = load_replaced(inner, row->from, row->to);
    char *text = load_replaced(
        load_base, "platform: platforms/nehalem-x5570.yaml", platform);
    struct loaded l = load_text(text, NULL, 0);

    ASSERT_TRUE(l.diag.text != NULL);
    EXPECT_TRUE(strstr(l.diag.text, row->expected) != NULL, "%s", l.diag.text);
    loaded_free(&l);
    free(text);
    free(platform);
}

TEST(platforms, may_be_files_or_stand_inside_the_scenario)
{
    struct loaded file = load_text(load_base, NULL, 0), inside;

    ASSERT_TRUE(file.set != NULL, "%s", file.diag.text);
    inside = load_text(file.set->resolved[0], NULL, 0);
    ASSERT_TRUE(inside.set != NULL, "%s", inside.diag.text);
    EXPECT_EQ(memcmp(&file.set->variant[0], &inside.set->variant[0],
                     sizeof(struct scenario)),
              0, "what is shown means the same, to the byte");
    loaded_free(&file);
    loaded_free(&inside);
}

/* ---- every mistake at once ---------------------------------------------- */

TEST(mistakes_together, are_all_reported_in_the_order_of_the_lines)
{
    static const char text[] =
        "title: t\n"
        "platfrom: p.yaml\n"
        "duration: 10\n"
        "warmup: 1 ns2\n"
        "machine: {cpus: 99}\n"
        "programs: [{name: p, kind: run}]\n"
        "vms: [{name: v, hypervisor: kvm, program: q}]\n";
    struct loaded l = load_text(text, NULL, 0);

    EXPECT_EQ(l.diag.errors, 7);
    EXPECT_STREQ(
        l.diag.text,
        "x.yaml:1:1: error: missing key 'platform': The platform profile: the "
        "name of its file, relative to this one, or its keys themselves.\n"
        "x.yaml:2:1: error: unknown key 'platfrom' of a scenario; did you mean "
        "'platform'?\n"
        "x.yaml:3:11: error: 'duration: 10': the unit is missing; expected a "
        "time, for instance '20us'\n"
        "x.yaml:4:9: error: 'warmup: 1 ns2': unknown unit 'ns2'; did you mean "
        "'ns'?\n"
        "x.yaml:5:17: error: 'cpus: 99': must lie in 1 .. 64\n"
        "x.yaml:6:28: error: 'kind: run': expected one of stream, spin, idle, "
        "ipi, ipi_wake, user_sender, user_receiver, user_waiter\n"
        "x.yaml:7:43: error: there is no program 'q'\n");
    loaded_free(&l);
}

TEST(mistakes_together, are_reported_once_for_all_variants)
{
    char *text = load_replaced(
        load_base, "vms:\n", "variants: {a: {}, b: {}, c: {}}\nsed: 1\nvms:\n");
    struct loaded l = load_text(text, NULL, 0);

    EXPECT_EQ(l.diag.errors, 1, "%s", l.diag.text);
    loaded_free(&l);
    free(text);
}

TEST(warnings, do_not_stop_a_load)
{
    char *text = load_replaced(load_base, "[clock]", "[]");
    struct loaded l = load_text(text, NULL, 0);

    EXPECT_TRUE(l.set != NULL);
    EXPECT_STREQ(l.diag.text,
                 "x.yaml:9:11: warning: device 'clock' is assigned "
                 "to nobody: it does nothing\n");
    loaded_free(&l);
    free(text);
}

/* ---- shipped scenarios and the table ------------------------------------ */

static const struct shipped_row {
    const char *name, *path;
} shipped[] = {
    {"first_interrupt", "scenarios/first-interrupt.yaml"},
    {"eli_netperf", "scenarios/eli-netperf.yaml"},
};

TEST_EACH(shipped, shows_what_loads_to_the_same_again, struct shipped_row,
          shipped)
{
    struct loaded l;

    diag_init(&l.diag);
    l.set = scenario_load(row->path, NULL, &l.diag);
    ASSERT_TRUE(l.set != NULL, "%s", l.diag.text);
    EXPECT_EQ(l.diag.errors + l.diag.warnings, 0, "%s", l.diag.text);
    for (unsigned i = 0; i < l.set->variant_count; i++) {
        char *shown = scenario_show(l.set, i);
        struct loaded again = load_text(shown, NULL, 0);

        ASSERT_TRUE(again.set != NULL, "%s", again.diag.text);
        EXPECT_STREQ(again.set->resolved[0], shown);
        EXPECT_STREQ(again.set->variant_name[0], l.set->variant_name[i]);
        loaded_free(&again);
        free(shown);
    }
    loaded_free(&l);
}

TEST(keys, defaults_and_limits_fit_their_types)
{
    for (const struct key *k = scenario_keys; k->name; k++) {
        const char *text[] = {k->fallback, k->min, k->max};
        char why[VALUE_TEXT] = "";
        uint64_t value;

        EXPECT_TRUE(strlen(k->sentence) >= 3, "%s", k->name);
        for (size_t i = 0; i < 3; i++)
            if (k->type == KEY_QUANTITY && text[i] && *text[i])
                EXPECT_TRUE(quantity_parse(k->quantity, text[i], &value, why),
                            "%s: %s: %s", k->name, text[i], why);
        if (k->fallback && k->min)
            EXPECT_GE(key_limit(k, k->fallback), key_limit(k, k->min));
    }
}
