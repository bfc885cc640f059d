/*
 * The result as JSON.  jansson holds the tree; the numbers are written here,
 * because every real must be the shortest text that reads back the same.
 */
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/number.h"
#include "sim/report/report.h"
#include "sim/report/text.h"

/* jansson refuses what is not UTF-8, for instance a file's name. */
static json_t *string(const char *s)
{
    json_t *plain = json_string(s);
    char *clean;

    if (plain)
        return plain;
    clean = text_clean(s);
    plain = json_string(clean);
    free(clean);
    return plain;
}

/* The same for a key; json_object_set_new() would lose the value. */
static void set(json_t *object, const char *key, json_t *value)
{
    char *clean;

    if (json_object_set(object, key, value) != 0) {
        clean = text_clean(key);
        json_object_set(object, clean, value);
        free(clean);
    }
    json_decref(value);
}

/* Seeds use all 64 bits, jansson's integers 63: the rest goes as text. */
static json_t *seed(uint64_t value)
{
    char text[NUMBER_TEXT];

    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *number(const struct figure *f)
{
    if (f->kind == FIGURE_REAL)
        return json_real(f->real);
    assert(f->count <= INT64_MAX);
    return json_integer((json_int_t)f->count);
}

/* Bytes of the key's first part: up to a single dot, not to a "..". */
static size_t part_length(const char *key)
{
    size_t n = 0;

    while (key[n] && !(key[n] == '.' && key[n + 1] != '.'))
        n += key[n] == '.' ? 2 : 1;
    return n;
}

/* The object for the part at *key, made if it is not there; NULL if a number
 * stands in its place. */
static json_t *descend(json_t *at, const char *part)
{
    json_t *next = json_object_get(at, part);

    if (!next) {
        next = json_object();
        set(at, part, next); /* `at` holds it from here on */
    }
    return json_is_object(next) ? next : NULL;
}

/* Dots in a user's names can make two keys want one place: the later figure
 * then stands at the top, under its whole key. */
static void place(json_t *top, const struct figure *f)
{
    const char *key = f->key;
    char part[FIGURE_KEY];
    json_t *at = top;

    for (size_t n = part_length(key); at && key[n]; n = part_length(key)) {
        memcpy(part, key, n);
        part[n] = '\0';
        at = descend(at, part);
        key += n + 1;
    }
    if (!at || json_object_get(at, key)) {
        at = top;
        key = f->key;
    }
    set(at, key, number(f));
}

static json_t *variants(const struct result *r)
{
    json_t *all = json_object();

    for (unsigned i = 0; i < r->variant_count; i++) {
        json_t *figures = json_object();

        for (size_t k = 0; k < r->figures[i].count; k++)
            place(figures, &r->figures[i].list[k]);
        set(all, result_name(r, i), figures);
    }
    return all;
}

static json_t *expectations(const struct result *r)
{
    static const char *const verdict[] = {"held", "failed", "no_figure"};
    struct result_check c = {0};
    json_t *list = json_array();

    while (result_next_check(r, &c)) {
        json_t *row = json_object();

        json_object_set_new(row, "variant", string(result_name(r, c.column)));
        json_object_set_new(row, "figure", string(c.expect->figure));
        if (c.expect->has_min)
            json_object_set_new(row, "min", json_real(c.expect->min));
        if (c.expect->has_max)
            json_object_set_new(row, "max", json_real(c.expect->max));
        json_object_set_new(row, "verdict", json_string(verdict[c.verdict]));
        if (c.figure)
            json_object_set_new(row, "value", number(c.figure));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *published(const struct result *r)
{
    struct result_published p = {0};
    json_t *list = json_array();

    while (result_next_published(r, &p)) {
        json_t *row = json_object();

        json_object_set_new(row, "variant", string(result_name(r, p.column)));
        json_object_set_new(row, "figure", string(p.row->figure));
        json_object_set_new(row, "label", string(p.row->label));
        json_object_set_new(row, "published", json_real(p.published));
        if (p.simulated)
            json_object_set_new(row, "simulated", number(p.simulated));
        if (p.has_error)
            json_object_set_new(row, "error_percent",
                                json_real(p.error_percent));
        json_object_set_new(row, "certainty", string(p.row->certainty));
        json_object_set_new(row, "source", string(p.row->source));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *resolved(const struct result *r)
{
    json_t *all = json_object();

    for (unsigned i = 0; i < r->variant_count; i++)
        if (r->resolved[i])
            set(all, result_name(r, i), string(r->resolved[i]));
    return all;
}

/* The value itself if all columns have it, else an array of theirs. */
static json_t *one_or_all(const struct result *r,
                          json_t *(*of)(const struct scenario *))
{
    json_t *all = json_array(), *first;
    bool same = true;

    for (unsigned i = 0; i < r->variant_count; i++) {
        json_array_append_new(all, of(result_scenario(r, i)));
        same =
            same && json_equal(json_array_get(all, 0), json_array_get(all, i));
    }
    if (!same || r->variant_count == 0)
        return all;
    first = json_incref(json_array_get(all, 0));
    json_decref(all);
    return first;
}

static json_t *profile_of(const struct scenario *s)
{
    return string(s->platform.name);
}

static json_t *seed_of(const struct scenario *s)
{
    return seed(s->seed);
}

static void put_indent(FILE *to, int depth)
{
    fprintf(to, "\n%*s", 2 * depth, "");
}

static void put(FILE *to, const json_t *j, int depth);

static void put_string(FILE *to, const char *s)
{
    json_t *j = json_string(s);
    char *text = json_dumps(j, JSON_ENCODE_ANY);

    fputs(text, to);
    free(text);
    json_decref(j);
}

static void put_object(FILE *to, const json_t *j, int depth)
{
    json_t *object = (json_t *)(uintptr_t)j; /* iterators take no const */
    const char *key, *comma = "";
    json_t *value;

    fputc('{', to);
    json_object_foreach(object, key, value)
    {
        fputs(comma, to);
        put_indent(to, depth + 1);
        put_string(to, key);
        fputs(": ", to);
        put(to, value, depth + 1);
        comma = ",";
    }
    if (*comma)
        put_indent(to, depth);
    fputc('}', to);
}

static void put_array(FILE *to, const json_t *j, int depth)
{
    for (size_t i = 0; i < json_array_size(j); i++) {
        fputc(i ? ',' : '[', to);
        put_indent(to, depth + 1);
        put(to, json_array_get(j, i), depth + 1);
    }
    if (json_array_size(j))
        put_indent(to, depth);
    fputs(json_array_size(j) ? "]" : "[]", to);
}

static void put(FILE *to, const json_t *j, int depth)
{
    char text[NUMBER_TEXT];

    switch (json_typeof(j)) {
    case JSON_OBJECT:
        put_object(to, j, depth);
        break;
    case JSON_ARRAY:
        put_array(to, j, depth);
        break;
    case JSON_STRING:
        put_string(to, json_string_value(j));
        break;
    case JSON_REAL:
        number_exact_real(text, json_real_value(j));
        fputs(text, to);
        break;
    default:
        fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
        break;
    }
}

void report_json(FILE *to, const struct result *r)
{
    json_t *top = json_object();

    json_object_set_new(top, "scenario", string(r->set->path));
    json_object_set_new(top, "profile", one_or_all(r, profile_of));
    json_object_set_new(top, "seed", one_or_all(r, seed_of));
    json_object_set_new(top, "version", string(r->version));
    json_object_set_new(top, "variants", variants(r));
    json_object_set_new(top, "expect", expectations(r));
    json_object_set_new(top, "published", published(r));
    json_object_set_new(top, "resolved", resolved(r));
    put(to, top, 0);
    fputc('\n', to);
    json_decref(top);
}
