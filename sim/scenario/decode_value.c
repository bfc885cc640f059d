/* Single values and references into fields; see decode.h. */
#include "sim/scenario/decode.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void *field(const struct key *k, void *base)
{
    return (char *)base + k->offset;
}

static void store(void *to, size_t bytes, uint64_t value)
{
    uint32_t narrow = (uint32_t)value;

    if (bytes == sizeof value)
        memcpy(to, &value, sizeof value);
    else
        memcpy(to, &narrow, sizeof narrow);
}

static void decode_quantity(const struct decoder *d, const struct key *k,
                            const struct node *n, void *base)
{
    uint64_t value, most = k->bytes == sizeof value ? UINT64_MAX : UINT32_MAX;
    char why[VALUE_TEXT], limit[VALUE_TEXT];

    if (!quantity_parse(k->quantity, n->text, &value, why)) {
        mistake_add(d->m, n->at, "'%s: %s': %s", k->name,
                    mistake_quote(d->m, n->text), why);
        return;
    }
    if (k->max)
        most = key_limit(k, k->max);
    if (value > most || (k->min && value < key_limit(k, k->min))) {
        quantity_format(k->quantity, most, limit);
        mistake_add(d->m, n->at, "'%s: %s': must lie in %s .. %s", k->name,
                    mistake_quote(d->m, n->text), k->min ? k->min : "0",
                    k->max ? k->max : limit);
        return;
    }
    store(field(k, base), k->bytes, value);
}

static void decode_bool(const struct decoder *d, const struct key *k,
                        const struct node *n, void *base)
{
    bool value = !strcmp(n->text, "true");

    if (!value && strcmp(n->text, "false") != 0)
        mistake_add(d->m, n->at, "'%s: %s': expected true or false", k->name,
                    mistake_quote(d->m, n->text));
    else
        memcpy(field(k, base), &value, sizeof value);
}

static void decode_number(const struct decoder *d, const struct key *k,
                          const struct node *n, double *to)
{
    if (!number_parse(n->text, to))
        mistake_add(d->m, n->at,
                    "'%s: %s': expected a number, for instance 1.5", k->name,
                    mistake_quote(d->m, n->text));
}

static const char *joined(struct pool *p, const char *const *words)
{
    const char *text = words[0];

    for (size_t i = 1; words[i]; i++)
        text = pool_format(p, "%s, %s", text, words[i]);
    return text;
}

static void decode_choice(const struct decoder *d, const struct key *k,
                          const struct node *n, void *base)
{
    for (uint32_t i = 0; k->choices[i]; i++) {
        if (strcmp(k->choices[i], n->text) != 0)
            continue;
        if (k->type == KEY_WORD)
            strcpy(field(k, base), n->text); /* words of the table fit */
        else
            store(field(k, base), k->bytes, i);
        return;
    }
    mistake_add(d->m, n->at, "'%s: %s': expected one of %s%s", k->name,
                mistake_quote(d->m, n->text), joined(d->m->pool, k->choices),
                mistake_suggestion(d->m, n->text, k->choices));
}

/* The character at `s` and its length; the text is valid UTF-8. */
static uint32_t character(const unsigned char *s, size_t *bytes)
{
    uint32_t c = *s;

    *bytes = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (*bytes > 1)
        c &= 0x7fu >> *bytes;
    for (size_t i = 1; i < *bytes; i++)
        c = c << 6 | (s[i] & 0x3fu);
    return c;
}

/* What a report and a YAML file can hold without escapes, and line breaks. */
static bool printable(uint32_t c)
{
    return c == '\n' || (c >= 0x20 && c <= 0x7e) ||
           (c >= 0xa0 && c <= 0xd7ff && c != 0x2028 && c != 0x2029) ||
           (c >= 0xe000 && c <= 0xfffd && c != 0xfeff) ||
           (c >= 0x10000 && c <= 0x10ffff);
}

static void decode_text(const struct decoder *d, const struct key *k,
                        const struct node *n, void *base)
{
    const unsigned char *s = (const unsigned char *)n->text;
    size_t bytes = strlen(n->text), step;

    for (size_t i = 0; i < bytes; i += step) {
        if (printable(character(s + i, &step)))
            continue;
        mistake_add(d->m, n->at, "'%s': a control character in the text",
                    k->name);
        return;
    }
    if (bytes >= k->bytes)
        mistake_add(d->m, n->at, "'%s': longer than %zu bytes", k->name,
                    k->bytes - 1);
    else if (!bytes && !k->fallback)
        mistake_add(d->m, n->at, "'%s': the text is empty", k->name);
    else
        memcpy(field(k, base), n->text, bytes + 1);
}

bool decode_name_is_good(struct mistakes *m, struct diag_place at,
                         const char *name)
{
    const char *s = name;

    while (isascii(*s) && (isalnum(*s) || *s == '_' || *s == '-'))
        s++;
    if (!*s && isalpha(*name) && strlen(name) < SCENARIO_NAME)
        return true;
    mistake_add(m, at,
                "bad name '%s': a letter, then letters, digits, '_' and '-', "
                "at most %d in all",
                mistake_quote(m, name), SCENARIO_NAME - 1);
    return false;
}

/* A bad name is kept too, so that what refers to it is found. */
static void decode_name(const struct decoder *d, const struct key *k,
                        const struct node *n, void *base)
{
    decode_name_is_good(d->m, n->at, n->text);
    snprintf(field(k, base), k->bytes, "%s", n->text);
}

/* Names that a reference may have: `names` of `count` elements. */
struct known_names {
    const char *what;
    uint32_t count;
    const char *name[SCENARIO_DEVICES + SCENARIO_VARIANTS + 1];
};

static struct known_names devices_of(const struct scenario *s)
{
    struct known_names known = {.what = "device", .count = s->device_count};

    for (uint32_t i = 0; i < s->device_count; i++)
        known.name[i] = s->device[i].name;
    return known;
}

static struct known_names programs_of(const struct scenario *s)
{
    struct known_names known = {.what = "program", .count = s->program_count};

    for (uint32_t i = 0; i < s->program_count; i++)
        known.name[i] = s->program[i].name;
    return known;
}

/* 0 is the root bus. */
static struct known_names buses_of(const struct scenario *s)
{
    struct known_names known = {.what = "bridge",
                                .count = s->bridge_count + 1,
                                .name = {SCENARIO_ROOT}};

    for (uint32_t i = 0; i < s->bridge_count; i++)
        known.name[i + 1] = s->bridge[i].name;
    return known;
}

static struct known_names variants_of(const struct scenario_set *set)
{
    struct known_names known = {.what = "variant", .count = set->variant_count};

    for (uint32_t i = 0; i < set->variant_count; i++)
        known.name[i] = set->variant_name[i];
    return known;
}

/* The index of the name, or `count` after a mistake. */
static uint32_t look_up(const struct decoder *d,
                        const struct known_names *known, struct diag_place at,
                        const char *name)
{
    uint32_t i = 0;
    bool nameless = false; /* one of them: that was reported, and enough */

    while (i < known->count && strcmp(known->name[i], name) != 0)
        nameless |= !*known->name[i++];
    if (i == known->count && !nameless && !d->partial)
        mistake_add(d->m, at, "there is no %s '%s'%s", known->what,
                    mistake_quote(d->m, name),
                    mistake_suggestion(d->m, name, known->name));
    return i;
}

static void decode_reference(const struct decoder *d, const struct key *k,
                             const struct node *n, void *base)
{
    struct known_names known = k->type == KEY_PROGRAM  ? programs_of(d->s)
                               : k->type == KEY_BRIDGE ? buses_of(d->s)
                                                       : variants_of(d->set);
    uint32_t i = look_up(d, &known, n->at, n->text);

    if (i < known.count)
        store(field(k, base), k->bytes, i);
}

static void decode_devices(const struct decoder *d, const struct key *k,
                           const struct node *n, struct scenario_vm *vm)
{
    struct known_names known = devices_of(d->s);

    if (n->kind != NODE_LIST) {
        mistake_add(d->m, n->at,
                    "'%s': expected a list of devices ('[nic]'), not %s",
                    k->name, node_kind_name(n));
        return;
    }
    for (uint32_t i = 0; i < n->count; i++) {
        const struct node *item = n->entry[i].value;
        uint32_t device;

        if (item->kind != NODE_SCALAR) {
            mistake_add(d->m, item->at, "expected the name of a device, not %s",
                        node_kind_name(item));
            continue;
        }
        device = look_up(d, &known, item->at, item->text);
        if (device < known.count && vm->assigned_count < SCENARIO_DEVICES)
            vm->assigned[vm->assigned_count++] = device;
    }
}

static void decode_variant_numbers(const struct decoder *d, const struct key *k,
                                   const struct node *n,
                                   struct scenario_numbers *p)
{
    struct known_names known = variants_of(d->set);

    if (n->kind != NODE_MAP) {
        mistake_add(d->m, n->at,
                    "'%s': expected a number for each variant ('NAME: 1.5'), "
                    "not %s",
                    k->name, node_kind_name(n));
        return;
    }
    for (uint32_t i = 0; i < n->count; i++) {
        const struct entry *e = &n->entry[i];
        uint32_t variant = look_up(d, &known, e->key_at, e->key);

        if (e->value->kind != NODE_SCALAR) {
            mistake_add(d->m, e->value->at, "expected a number, not %s",
                        node_kind_name(e->value));
        } else if (variant < known.count) {
            p->has[variant] = true;
            decode_number(d, k, e->value, &p->value[variant]);
        }
    }
}

static void decode_scalar(const struct decoder *d, const struct key *k,
                          const struct node *n, void *base)
{
    switch (k->type) {
    case KEY_QUANTITY:
        decode_quantity(d, k, n, base);
        break;
    case KEY_NUMBER:
        decode_number(d, k, n, field(k, base));
        break;
    case KEY_BOOL:
        decode_bool(d, k, n, base);
        break;
    case KEY_CHOICE:
    case KEY_WORD:
        decode_choice(d, k, n, base);
        break;
    case KEY_TEXT:
        decode_text(d, k, n, base);
        break;
    case KEY_NAME:
        decode_name(d, k, n, base);
        break;
    default:
        decode_reference(d, k, n, base);
    }
}

void decode_value(const struct decoder *d, const struct key *k,
                  const struct node *n, void *base)
{
    if (k->type == KEY_DEVICES)
        decode_devices(d, k, n, base);
    else if (k->type == KEY_VARIANT_NUMBERS)
        decode_variant_numbers(d, k, n, field(k, base));
    else if (n->kind == NODE_SCALAR)
        decode_scalar(d, k, n, base);
    else
        mistake_add(d->m, n->at, "'%s': expected a single value, not %s",
                    k->name, node_kind_name(n));
}
