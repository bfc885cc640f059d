/* All views of one result carry the same numbers. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/report/report.h"
#include "sim/report/summary.h"
#include "sim/report/test/sample.h"
#include "tests/gtest_c.h"

/* Walks nested objects to the number that a dotted key names. */
static json_t *json_figure(json_t *at, const char *key)
{
    const char *key_here;
    json_t *value;

    json_object_foreach(at, key_here, value)
    {
        size_t n = strlen(key_here);
        json_t *found = NULL;

        if (strcmp(key, key_here) == 0 && json_is_number(value))
            return value;
        if (strncmp(key, key_here, n) == 0 && key[n] == '.' &&
            json_is_object(value))
            found = json_figure(value, key + n + 1);
        if (found)
            return found;
    }
    return NULL;
}

static unsigned json_numbers(json_t *at)
{
    const char *key;
    json_t *value;
    unsigned n = 0;

    json_object_foreach(at, key, value) n +=
        json_is_object(value) ? json_numbers(value) : 1;
    return n;
}

TEST(views, json_has_every_figure_with_its_value_and_nothing_else)
{
    struct sample *s = sample_make();
    char *text = sample_view(s, report_json);
    json_t *top = json_loads(text, 0, NULL);
    json_t *variants = json_object_get(top, "variants");

    ASSERT_TRUE(top != NULL);
    for (unsigned c = 0; c < 4; c++) {
        json_t *own = json_object_get(variants, s->set.variant_name[c]);
        const struct figures *f = &s->result.figures[c];

        EXPECT_EQ(json_numbers(own), f->count);
        for (size_t i = 0; i < f->count; i++) {
            json_t *j = json_figure(own, f->list[i].key);

            EXPECT_EQ(json_is_integer(j), f->list[i].kind == FIGURE_COUNT);
            EXPECT_TRUE(json_number_value(j) == f->list[i].real, "%s",
                        f->list[i].key);
        }
    }
    json_decref(top);
    free(text);
    sample_free(s);
}

TEST(views, json_keeps_the_two_dots_of_a_latency_together)
{
    struct sample *s = sample_make();
    char *text = sample_view(s, report_json);
    json_t *top = json_loads(text, 0, NULL);
    double mean = 0;

    json_unpack(top, "{s:{s:{s:{s:{s:f}}}}}", "variants", "kvm-xapic",
                "latency_ns", "msi_write..guest_handler", "mean", &mean);
    EXPECT_TRUE(mean == 4600);
    json_decref(top);
    free(text);
    sample_free(s);
}

TEST(views, json_loses_no_figure_when_names_want_one_place)
{
    struct sample *s = sample_make();
    struct figures *f = &s->result.figures[0];
    char *text;
    json_t *top, *own;

    figures_add_count(f, "", 11, "exits.by_source.nic0.a");
    figures_add_count(f, "", 12, "exits.by_source.b.c");
    figures_add_count(f, "", 13, "exits.by_source.b");
    text = sample_view(s, report_json);
    top = json_loads(text, 0, NULL);
    own = json_object_get(json_object_get(top, "variants"), "kvm-xapic");
    EXPECT_EQ(json_numbers(own), f->count);
    EXPECT_EQ(json_integer_value(json_figure(own, "exits.by_source.nic0.a")),
              11);
    EXPECT_EQ(json_integer_value(json_figure(own, "exits.by_source.b.c")), 12);
    EXPECT_EQ(json_integer_value(json_figure(own, "exits.by_source.b")), 13);
    json_decref(top);
    free(text);
    sample_free(s);
}

TEST(views, json_takes_seeds_of_64_bits_and_names_that_are_not_utf8)
{
    struct sample *s = sample_make();
    char *text;
    json_t *top;

    for (unsigned i = 0; i < 4; i++)
        s->variant[i].seed = UINT64_MAX;
    snprintf(s->set.path, sizeof s->set.path, "caf\xe9.yaml");
    text = sample_view(s, report_json);
    top = json_loads(text, 0, NULL);
    EXPECT_STREQ(json_string_value(json_object_get(top, "seed")),
                 "18446744073709551615");
    EXPECT_STREQ(json_string_value(json_object_get(top, "scenario")),
                 "caf\xef\xbf\xbd.yaml");
    json_decref(top);
    free(text);
    sample_free(s);
}

TEST(views, seeds_that_differ_are_all_said)
{
    struct sample *s = sample_make();
    char *text, *terminal;
    json_t *top, *seeds;

    s->variant[1].seed = 7;
    text = sample_view(s, report_json);
    terminal = sample_view(s, report_terminal);
    top = json_loads(text, 0, NULL);
    seeds = json_object_get(top, "seed");
    EXPECT_EQ(json_integer_value(json_array_get(seeds, 1)), 7);
    EXPECT_EQ(json_array_size(seeds), 4);
    EXPECT_TRUE(strstr(terminal, "seed 42, 7,") != NULL);
    json_decref(top);
    free(text);
    free(terminal);
    sample_free(s);
}

TEST(views, csv_has_a_line_for_every_figure)
{
    static const char *const quoted[] = {"kvm-xapic", "kvm-x2apic", "eli",
                                         "\"a,\"\"b\"\" |<i>&`*c*\""};
    struct sample *s = sample_make();
    char *text = sample_view(s, report_csv), *expected;
    size_t bytes;
    FILE *to = text_stream(&expected, &bytes);

    fprintf(to, "variant,figure,value,unit\r\n");
    for (unsigned c = 0; c < 4; c++) {
        for (size_t i = 0; i < s->result.figures[c].count; i++) {
            const struct figure *f = &s->result.figures[c].list[i];
            char value[NUMBER_TEXT];

            number_exact(value, f);
            fprintf(to, "%s,%s,%s,%s\r\n", quoted[c], f->key, value, f->unit);
        }
    }
    fclose(to);
    EXPECT_TRUE(strcmp(text, expected) == 0);
    free(expected);
    free(text);
    sample_free(s);
}

/* The text between the `n`-th `open` and the next `close` after `at`. */
static char *cell(const char *at, unsigned n, const char *open,
                  const char *close)
{
    const char *end;

    for (unsigned i = 0; at && i <= n; i++) {
        at = strstr(at, open);
        at = at ? at + strlen(open) : NULL;
    }
    end = at ? strstr(at, close) : NULL;
    return end ? strndup(at, (size_t)(end - at)) : strdup("");
}

/* Where a page lets a long name go on in another line. */
static void drop_breaks(char *html)
{
    static const char mark[] = "<wbr>";
    char *to = html;

    for (const char *from = html; (*to = *from) != 0;) {
        bool found = strncmp(from, mark, strlen(mark)) == 0;

        from += found ? strlen(mark) : 1;
        to += !found;
    }
}

TEST(views, markdown_and_html_have_every_figure_as_it_is_formatted)
{
    struct sample *s = sample_make();
    char *markdown = sample_view(s, report_markdown);
    char *html = sample_view(s, report_html), *all;

    drop_breaks(html);
    all = strstr(html, "<details>"); /* expectations name figures before */
    ASSERT_TRUE(all != NULL);
    for (unsigned c = 0; c < 4; c++) {
        for (size_t i = 0; i < s->result.figures[c].count; i++) {
            const struct figure *f = &s->result.figures[c].list[i];
            char row[FIGURE_KEY + 64], value[NUMBER_TEXT], *found;

            number_pretty(value, f);
            snprintf(row, sizeof row, "\n| %s | %s |", f->key, f->unit);
            found = cell(strstr(markdown, row), 2 + c, "| ", " |");
            EXPECT_STREQ(found, value, "%s", f->key);
            free(found);
            snprintf(row, sizeof row, "<td class=\"key\">%s</td>", f->key);
            found = cell(strstr(all, row), c, "<td class=\"n\">", "</td>");
            EXPECT_STREQ(found, value, "%s", f->key);
            free(found);
        }
    }
    free(markdown);
    free(html);
    sample_free(s);
}

/* The line of `text` that begins, after blanks, with `start`. */
static char *line_of(const char *text, const char *start)
{
    for (; text; text = strchr(text, '\n')) {
        text += *text == '\n';
        if (strncmp(text + strspn(text, " "), start, strlen(start)) == 0)
            return strndup(text, strcspn(text, "\n"));
    }
    return strdup("");
}

static void expect_cells(const struct summary_row *row, const char *line)
{
    const char *at = line + strspn(line, " ") + strlen(row->label);

    for (unsigned c = 0; c < 4; c++) {
        const char *value = strstr(at, row->cell[c].value);

        EXPECT_TRUE(value != NULL, "%s: %s", row->label, row->cell[c].value);
        at = value ? value + strlen(row->cell[c].value) : at;
        value = strstr(at, row->cell[c].ratio);
        EXPECT_TRUE(value != NULL, "%s: %s", row->label, row->cell[c].ratio);
    }
}

TEST(views, terminal_markdown_and_html_show_the_same_summary)
{
    struct sample *s = sample_make();
    char *terminal = sample_view(s, report_terminal);
    char *markdown = sample_view(s, report_markdown);
    char *html = sample_view(s, report_html);
    struct summary sum;

    summary_make(&sum, &s->result);
    EXPECT_GT(sum.count, 18);
    for (size_t i = 0; i < sum.count; i++) {
        char start[FIGURE_LABEL + 64], *line;

        snprintf(start, sizeof start, "%s  ", sum.row[i].label);
        line = line_of(terminal, start);
        expect_cells(&sum.row[i], line);
        free(line);
        snprintf(start, sizeof start, "| %s | %s |", sum.row[i].label,
                 sum.row[i].unit);
        line = line_of(markdown, start);
        expect_cells(&sum.row[i], line);
        free(line);
        snprintf(start, sizeof start, "<tr><th scope=\"row\">%s</th>",
                 sum.row[i].label);
        line = line_of(html, start);
        expect_cells(&sum.row[i], line);
        free(line);
    }
    summary_free(&sum);
    free(terminal);
    free(markdown);
    free(html);
    sample_free(s);
}

/* Validates with the schema of the documents; false if it does not fit. */
static bool fits_schema(const char *json)
{
    char path[] = "/tmp/virqsim-result-XXXXXX", command[512];
    const char *python = getenv("PYTHON");
    int fd = mkstemp(path);
    bool fits;

    EXPECT_EQ(write(fd, json, strlen(json)), (ssize_t)strlen(json));
    close(fd);
    snprintf(command, sizeof command,
             "%s -c 'import json, jsonschema, sys\n"
             "schema, result = (json.load(open(f)) for f in sys.argv[1:])\n"
             "jsonschema.Draft7Validator.check_schema(schema)\n"
             "if any(jsonschema.Draft7Validator(schema).iter_errors(result)):\n"
             "    sys.exit(3)' docs/schema/result.schema.json %s",
             python ? python : "/usr/bin/python3", path);
    fits = system(command) == 0;
    unlink(path);
    return fits;
}

TEST(views, json_fits_its_schema)
{
    struct sample *s = sample_make();
    char *text = sample_view(s, report_json), *verdict, *count;

    EXPECT_TRUE(fits_schema(text));
    verdict = strstr(text, "\"held\"");
    memcpy(verdict, "\"holy\"", 6);
    EXPECT_FALSE(fits_schema(text), "the schema accepts any verdict");
    memcpy(verdict, "\"held\"", 6);
    count = strstr(text, "\"delivered\": ");
    memcpy(count + strlen("\"delivered\": "), "-1", 2);
    EXPECT_FALSE(fits_schema(text), "the schema accepts negative counts");
    free(text);
    sample_free(s);
}

TEST(views, forged_messages_are_told_victim_by_victim)
{
    static void (*const view[])(FILE *, const struct result *) = {
        report_terminal, report_markdown, report_html};
    struct sample *s = sample_make();

    for (unsigned i = 0; i < 2; i++) {
        struct figures *f = &s->result.figures[i];

        figures_add_count(f, "", 3 - i, "forged.by_victim.one.interrupts");
        figures_add_count(f, "", 0, "forged.by_victim.one.init");
        figures_add_count(f, "", 700, "forged.by_victim.two.interrupts");
    }
    for (unsigned i = 0; i < 3; i++) {
        char *text = sample_view(s, view[i]);
        char *group = strstr(text, "Forged messages");
        char *one = group ? strstr(group, "one: forged interrupts") : NULL;
        char *spared = one ? strstr(one, "one: forged INITs") : NULL;

        EXPECT_TRUE(spared && strstr(spared, "two: forged interrupts"));
        free(text);
    }
    sample_free(s);
}

TEST(views, runs_without_forgers_and_remapping_do_not_mention_them)
{
    struct sample *s = sample_make();
    char *text = sample_view(s, report_terminal);

    EXPECT_TRUE(!strstr(text, "Forged messages"));
    EXPECT_TRUE(!strstr(text, "Remapping"));
    free(text);
    sample_free(s);
}
