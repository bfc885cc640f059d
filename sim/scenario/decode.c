/* Tree -> structs: groups, lists and what a key must have; see decode.h. */
#include "sim/scenario/decode.h"

#include <string.h>

static void *field(const struct key *k, void *base)
{
    return (char *)base + k->offset;
}

static bool is_group(const struct decoder *d, const struct key *k,
                     const struct node *n)
{
    if (n->kind == NODE_MAP)
        return true;
    mistake_add(d->m, n->at, "'%s': expected a group of keys, not %s", k->name,
                node_kind_name(n));
    return false;
}

static void report_unknown(const struct decoder *d, enum key_owner owner,
                           const struct node *n)
{
    const char *names[KEY_NAMES_MAX];
    enum key_owner second = owner == OWNER_SCENARIO ? OWNER_FILE : owner;

    key_names(owner, second, names);
    for (uint32_t i = 0; i < n->count; i++) {
        const struct entry *e = &n->entry[i];

        if (key_find(owner, e->key) || key_find(second, e->key))
            continue;
        mistake_add(d->m, e->key_at, "unknown key '%s' of a %s%s",
                    mistake_quote(d->m, e->key), owner_noun(owner),
                    mistake_suggestion(d->m, e->key, names));
    }
}

/*
 * A value of a platform: {value:, source:, certainty:, note:}.  The source is
 * only checked here; show.c reads it again from the tree.
 */
static void decode_sourced(const struct decoder *d, const struct key *k,
                           const struct node *n, void *base)
{
    struct scenario_sourced sourced = {0};
    const struct node *value = node_get(n, "value");

    if (n->kind != NODE_MAP) {
        mistake_add(d->m, n->at,
                    "'%s' needs its source: {value: ..., source: ..., "
                    "certainty: ...}",
                    k->name);
        return;
    }
    decode_group(d, OWNER_SOURCED, n, &sourced);
    if (value)
        decode_value(d, k, value, base);
}

static void decode_element(const struct decoder *d, const struct key *k,
                           const struct node *n, void *element)
{
    if (n->kind == NODE_MAP)
        decode_group(d, k->child, n, element);
    else
        mistake_add(d->m, n->at,
                    "'%s': expected a group of keys ('- name: ...'), not %s",
                    k->name, node_kind_name(n));
}

static void decode_list(const struct decoder *d, const struct key *k,
                        const struct node *n, void *base)
{
    uint32_t *count = (uint32_t *)((char *)base + k->count_offset);
    char *list = field(k, base);

    if (n->kind != NODE_LIST) {
        mistake_add(d->m, n->at, "'%s': expected a list ('- ...'), not %s",
                    k->name, node_kind_name(n));
        return;
    }
    for (uint32_t i = 0; i < n->count; i++) {
        if (i == k->capacity) {
            mistake_add(d->m, n->entry[i].value->at,
                        "'%s': at most %zu elements", k->name, k->capacity);
            return;
        }
        *count = i + 1;
        decode_element(d, k, n->entry[i].value, list + i * k->element_bytes);
    }
}

static void decode_key(const struct decoder *d, const struct key *k,
                       const struct node *n, void *base)
{
    if (k->sourced) {
        decode_sourced(d, k, n, base);
        return;
    }
    switch (k->type) {
    case KEY_PLATFORM:
        if (n->kind == NODE_SCALAR)
            break; /* a file that could not be read; that was reported */
        /* fall through */
    case KEY_GROUP:
        if (is_group(d, k, n))
            decode_group(d, k->child, n, field(k, base));
        break;
    case KEY_LIST:
        decode_list(d, k, n, base);
        break;
    case KEY_VARIANTS: /* scenario_load() takes them apart */
    case KEY_SOURCED_VALUE:
        break;
    default:
        decode_value(d, k, n, base);
    }
}

/* The default; a group that may be left out still has defaults inside. */
static void decode_missing(const struct decoder *d, const struct key *k,
                           const struct node *group, void *base)
{
    struct node absent = {.kind = NODE_SCALAR, .at = group->at};

    if (!k->fallback) {
        if (!d->partial)
            mistake_add(d->m, group->at, "missing key '%s': %s", k->name,
                        k->sentence);
        return;
    }
    absent.text = k->fallback;
    if (k->type == KEY_GROUP)
        absent.kind = NODE_MAP;
    else if (!*k->fallback)
        return;
    decode_key(d, k, &absent, base);
}

void decode_group(const struct decoder *d, enum key_owner owner,
                  const struct node *n, void *base)
{
    const struct key *k = NULL;

    report_unknown(d, owner, n);
    while ((k = key_next(owner, k))) {
        const struct node *value = node_get(n, k->name);

        if (value)
            decode_key(d, k, value, base);
        else
            decode_missing(d, k, n, base);
    }
}

void decode_scenario(const struct decoder *d, const struct node *root)
{
    decode_group(d, OWNER_SCENARIO, root, d->s);
}

static void check_expect(const struct decoder *d, const struct node *n,
                         struct scenario_expect *e)
{
    e->has_min = node_get(n, "min");
    e->has_max = node_get(n, "max");
    if (!node_get(n, "variant"))
        e->variant = -1;
    if (!e->has_min && !e->has_max)
        mistake_add(d->m, n->at, "an expectation needs 'min' or 'max'");
    else if (e->has_min && e->has_max && e->min > e->max)
        mistake_add(d->m, node_get(n, "min")->at,
                    "'min' is larger than 'max'; nothing lies between");
}

void decode_file(const struct decoder *d, const struct node *root)
{
    const struct node *expect = node_get(root, "expect");
    const struct key *k = NULL;

    while ((k = key_next(OWNER_FILE, k))) {
        const struct node *value = node_get(root, k->name);

        if (value)
            decode_key(d, k, value, d->set);
    }
    for (uint32_t i = 0; i < d->set->expect_count; i++)
        if (expect->entry[i].value->kind == NODE_MAP)
            check_expect(d, expect->entry[i].value, &d->set->expect[i]);
}
