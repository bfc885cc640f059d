/* Struct -> YAML, as the table of keys says; see show.h. */
#include "sim/scenario/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/decode.h"

struct show {
    FILE *to;
    const struct scenario_set *set;
    unsigned variant;
    unsigned indent;
    bool dash; /* the next line is the first of a list's element */
};

static void show_group(struct show *w, enum key_owner owner, const void *base,
                       const struct node *n);

static void line(struct show *w, const char *name)
{
    fprintf(w->to, "%*s%s%s:", (int)(2 * w->indent - (w->dash ? 2 : 0)), "",
            w->dash ? "- " : "", name);
    w->dash = false;
}

/* Text was checked to hold printable characters and line breaks only. */
static void show_text(struct show *w, const char *text)
{
    fputc('"', w->to);
    for (; *text; text++) {
        if (*text == '\n')
            fputs("\\n", w->to);
        else if (*text == '"' || *text == '\\')
            fprintf(w->to, "\\%c", *text);
        else
            fputc(*text, w->to);
    }
    fputc('"', w->to);
}

static void show_number(struct show *w, double value)
{
    char text[VALUE_TEXT];

    number_format(value, text);
    fputs(text, w->to);
}

static void show_quantity(struct show *w, const struct key *k, const void *at)
{
    char text[VALUE_TEXT];
    uint32_t narrow;
    uint64_t value;

    memcpy(&narrow, at, sizeof narrow);
    value = narrow;
    if (k->bytes == sizeof value)
        memcpy(&value, at, sizeof value);
    quantity_format(k->quantity, value, text);
    fputs(text, w->to);
}

static void show_devices(struct show *w, const struct scenario_vm *vm)
{
    const struct scenario *s = &w->set->variant[w->variant];

    fputc('[', w->to);
    for (uint32_t i = 0; i < vm->assigned_count; i++)
        fprintf(w->to, "%s%s", i ? ", " : "", s->device[vm->assigned[i]].name);
    fputc(']', w->to);
}

static void show_variant_numbers(struct show *w,
                                 const struct scenario_numbers *p)
{
    fputc('{', w->to);
    if (p->has[w->variant]) {
        fprintf(w->to, "%s: ", w->set->variant_name[w->variant]);
        show_number(w, p->value[w->variant]);
    }
    fputc('}', w->to);
}

static uint32_t u32_at(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

/* What stands behind "key: ". */
static void show_bridge(struct show *w, uint32_t behind)
{
    const struct scenario *s = &w->set->variant[w->variant];

    fputs(behind ? s->bridge[behind - 1].name : SCENARIO_ROOT, w->to);
}

static void show_value(struct show *w, const struct key *k, const void *base)
{
    const char *at = (const char *)base + k->offset;
    double number;

    switch (k->type) {
    case KEY_QUANTITY:
        show_quantity(w, k, at);
        break;
    case KEY_NUMBER:
        memcpy(&number, at, sizeof number);
        show_number(w, number);
        break;
    case KEY_BOOL:
        fputs(*at ? "true" : "false", w->to);
        break;
    case KEY_CHOICE:
        fputs(k->choices[u32_at(at)], w->to);
        break;
    case KEY_TEXT:
        show_text(w, at);
        break;
    case KEY_BRIDGE:
        show_bridge(w, u32_at(at));
        break;
    case KEY_PROGRAM:
        fputs(w->set->variant[w->variant].program[u32_at(at)].name, w->to);
        break;
    case KEY_DEVICES:
        show_devices(w, base);
        break;
    case KEY_VARIANT:
        fputs(w->set->variant_name[w->variant], w->to);
        break;
    case KEY_VARIANT_NUMBERS:
        show_variant_numbers(w, (const void *)at);
        break;
    default: /* a name or a word */
        fputs(at, w->to);
    }
}

static void show_sourced(struct show *w, const struct key *k, const void *base,
                         const struct node *n)
{
    fputs(" {value: ", w->to);
    show_value(w, k, base);
    fputs(", source: ", w->to);
    show_text(w, node_get(n, "source")->text);
    fprintf(w->to, ", certainty: %s", node_get(n, "certainty")->text);
    if (node_get(n, "note")) {
        fputs(", note: ", w->to);
        show_text(w, node_get(n, "note")->text);
    }
    fputs("}\n", w->to);
}

/* One expectation, published row or curve may belong to other variants only. */
static bool belongs(const struct show *w, const struct key *k,
                    const void *element)
{
    const struct scenario_expect *expect = element;
    const struct scenario_published *published = element;
    const struct scenario_curve *curve = element;

    if (k->child == OWNER_EXPECT)
        return expect->variant == -1 || expect->variant == (int)w->variant;
    if (k->child == OWNER_PUBLISHED)
        return published->values.has[w->variant];
    if (k->child == OWNER_CURVE)
        return curve->x.has[w->variant];
    return true;
}

static void show_list(struct show *w, const struct key *k, const void *base,
                      const struct node *n)
{
    uint32_t count = u32_at((const char *)base + k->count_offset);
    const char *list = (const char *)base + k->offset;
    bool any = false;

    line(w, k->name);
    for (uint32_t i = 0; i < count; i++) {
        const char *element = list + i * k->element_bytes;

        if (!belongs(w, k, element))
            continue;
        fputs(any ? "" : "\n", w->to);
        any = true;
        w->indent += 2;
        w->dash = true;
        show_group(w, k->child, element, n ? n->entry[i].value : NULL);
        w->indent -= 2;
    }
    fputs(any ? "" : " []\n", w->to);
}

/* Keys of an expectation that were not given have no default to show. */
static bool left_out(const struct key *k, const void *base)
{
    const struct scenario_expect *e = base;

    if (k->owner == OWNER_EXPECT && k->type == KEY_VARIANT)
        return e->variant < 0;
    if (k->type == KEY_NUMBER)
        return k->offset == offsetof(struct scenario_expect, min) ? !e->has_min
                                                                  : !e->has_max;
    return false;
}

static void show_key(struct show *w, const struct key *k, const void *base,
                     const struct node *n)
{
    if (k->type == KEY_LIST) {
        show_list(w, k, base, n);
        return;
    }
    line(w, k->name);
    if (k->type == KEY_GROUP || k->type == KEY_PLATFORM) {
        fputc('\n', w->to);
        w->indent++;
        show_group(w, k->child, (const char *)base + k->offset, n);
        w->indent--;
    } else if (k->sourced) {
        show_sourced(w, k, base, n);
    } else if (k->type == KEY_VARIANTS) {
        fprintf(w->to, "\n  %s: {}\n", w->set->variant_name[w->variant]);
    } else {
        fputc(' ', w->to);
        show_value(w, k, base);
        fputc('\n', w->to);
    }
}

static void show_group(struct show *w, enum key_owner owner, const void *base,
                       const struct node *n)
{
    const struct key *k = NULL;

    while ((k = key_next(owner, k)))
        if (!left_out(k, base))
            show_key(w, k, base, node_get(n, k->name));
}

char *show_variant(const struct scenario_set *set, unsigned variant,
                   const struct node *root)
{
    char *text = NULL;
    size_t bytes = 0;
    struct show w = {open_memstream(&text, &bytes), set, variant, 0, false};

    if (!w.to)
        return NULL;
    show_group(&w, OWNER_SCENARIO, &set->variant[variant], root);
    show_group(&w, OWNER_FILE, set, NULL);
    fclose(w.to);
    return text;
}
