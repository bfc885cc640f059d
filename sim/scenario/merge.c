/* Laying one tree over another; see merge.h. */
#include "sim/scenario/merge.h"

#include <string.h>

#define NO_ITEM UINT32_MAX

static uint32_t item_named(const struct node *list, const char *name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct node *n = node_get(list->entry[i].value, "name");

        if (n && n->kind == NODE_SCALAR && !strcmp(n->text, name))
            return i;
    }
    return NO_ITEM;
}

static void report_no_item(struct mistakes *m, const struct key *k,
                           const struct node *list, const struct entry *named)
{
    const char **names =
        pool_take(m->pool, list->count + 1u, sizeof(const char *));
    uint32_t n = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct node *name = node_get(list->entry[i].value, "name");

        if (name && name->kind == NODE_SCALAR)
            names[n++] = name->text;
    }
    mistake_add(m, named->key_at, "there is no %s '%s'%s", owner_noun(k->child),
                mistake_quote(m, named->key),
                mistake_suggestion(m, named->key, names));
}

static const struct node *merge_item(struct mistakes *m, const struct key *k,
                                     const struct node *old,
                                     const struct node *over)
{
    if (old->kind == NODE_MAP && over->kind == NODE_MAP)
        return merge_group(m, k->child, old, over);
    return over;
}

static const struct node *merge_list(struct mistakes *m, const struct key *k,
                                     const struct node *base,
                                     const struct node *over)
{
    const struct node *merged = base;

    if (base->kind != NODE_LIST || over->kind == NODE_SCALAR)
        return over;
    for (uint32_t i = 0; i < over->count; i++) {
        struct entry e = over->entry[i];
        const struct node *name = node_get(e.value, "name");
        uint32_t at;

        if (!e.key && name && name->kind == NODE_SCALAR)
            e.key = name->text;
        at = e.key ? item_named(merged, e.key) : NO_ITEM;
        if (at != NO_ITEM)
            merged = node_with_item(
                m->pool, merged, at,
                merge_item(m, k, merged->entry[at].value, e.value));
        else if (over->kind == NODE_LIST)
            merged = node_with_item(m->pool, merged, merged->count, e.value);
        else
            report_no_item(m, k, merged, &e);
    }
    return merged;
}

static const struct node *merge_value(struct mistakes *m, const struct key *k,
                                      const struct node *base,
                                      const struct node *over)
{
    bool maps = base && base->kind == NODE_MAP;

    if (!base)
        return over;
    if (k->type == KEY_LIST)
        return merge_list(m, k, base, over);
    if (k->sourced && maps && over->kind == NODE_SCALAR)
        return node_with(m->pool, base,
                         (struct entry){"value", over->at, over});
    if (!maps || over->kind != NODE_MAP)
        return over;
    if (k->sourced)
        return merge_group(m, OWNER_SOURCED, base, over);
    if (k->type == KEY_GROUP || k->type == KEY_PLATFORM)
        return merge_group(m, k->child, base, over);
    return over;
}

const struct node *merge_group(struct mistakes *m, enum key_owner owner,
                               const struct node *base, const struct node *over)
{
    for (uint32_t i = 0; i < over->count; i++) {
        struct entry e = over->entry[i];
        const struct key *k = key_find(owner, e.key);

        if (k)
            e.value = merge_value(m, k, node_get(base, e.key), e.value);
        base = node_with(m->pool, base, e);
    }
    return base;
}

const struct node *merge_variant(struct mistakes *m, const struct node *base,
                                 const struct node *over)
{
    for (uint32_t i = 0; i < over->count; i++) {
        const struct entry *e = &over->entry[i];
        struct node one = {
            .kind = NODE_MAP, .count = 1, .entry = over->entry + i};

        if (key_find(OWNER_FILE, e->key))
            mistake_add(m, e->key_at,
                        "'%s' is a key of the file; a variant cannot have it",
                        e->key);
        else if (strchr(e->key, '.'))
            base = merge_path(m, base, *e);
        else
            base = merge_group(m, OWNER_SCENARIO, base, &one);
    }
    return base;
}

/* A dotted path on its way down. */
struct walk {
    struct mistakes *m;
    struct diag_place at;
    const struct node *value;
    bool option; /* of the command line: a list is written 'a,b' */
};

static const struct node *set_in_group(const struct walk *w,
                                       enum key_owner owner,
                                       const struct node *group,
                                       const char *path);

/* Cuts the first part of the path off; *rest is NULL if it was the last. */
static const char *first_part(struct pool *p, const char *path,
                              const char **rest)
{
    size_t bytes = strcspn(path, ".");

    *rest = path[bytes] ? path + bytes + 1 : NULL;
    return pool_text(p, path, bytes);
}

/* "a, b" or "[a, b]" as a list of texts. */
static const struct node *list_of(const struct walk *w, const char *text)
{
    struct node *list = pool_take(w->m->pool, 1, sizeof *list);
    const struct node *result = list;

    *list = (struct node){.kind = NODE_LIST, .at = w->at, .nodes = 1};
    text += strspn(text, "[], ");
    while (*text) {
        size_t bytes = strcspn(text, ",] ");

        result = node_with_item(
            w->m->pool, result, result->count,
            node_scalar(w->m->pool, w->at, pool_text(w->m->pool, text, bytes)));
        text += bytes;
        text += strspn(text, ",] ");
    }
    return result;
}

static bool is_scalar(const struct node *n)
{
    return n->kind == NODE_SCALAR;
}

/* Names keys, not a value: somebody forgot the end of the path. */
static bool needs_more(const struct walk *w, const struct key *k)
{
    return is_scalar(w->value) && (k->type == KEY_GROUP || k->type == KEY_LIST);
}

static const struct node *set_last(const struct walk *w, const struct key *k,
                                   const struct node *old)
{
    if (needs_more(w, k)) {
        const struct key *inner = key_next(k->child, NULL);

        mistake_add(w->m, w->at,
                    "'%s' is a %s; go on to one value, for instance "
                    "'%s%s.%s'",
                    k->name, k->type == KEY_LIST ? "list" : "group of keys",
                    k->name, k->type == KEY_LIST ? ".NAME" : "", inner->name);
        return NULL;
    }
    if (w->option && k->type == KEY_DEVICES)
        return list_of(w, w->value->text);
    return merge_value(w->m, k, old, w->value);
}

/* By name, else by number from 0; NO_ITEM after a mistake. */
static uint32_t find_item(const struct walk *w, const struct key *k,
                          const struct node *list, const char *part)
{
    struct entry named = {part, w->at, NULL};
    uint32_t at = item_named(list, part);
    uint64_t number;
    char why[VALUE_TEXT];

    if (at != NO_ITEM)
        return at;
    if (quantity_parse(QUANTITY_COUNT, part, &number, why) &&
        number < list->count)
        return (uint32_t)number;
    report_no_item(w->m, k, list, &named);
    return NO_ITEM;
}

static const struct node *set_in_list(const struct walk *w, const struct key *k,
                                      const struct node *list, const char *path)
{
    static const struct node none = {.kind = NODE_LIST};
    const char *rest, *part = first_part(w->m->pool, path, &rest);
    const struct node *old, *new = NULL;
    uint32_t at;

    if (!list || list->kind != NODE_LIST)
        list = &none;
    at = find_item(w, k, list, part);
    if (at == NO_ITEM)
        return NULL;
    old = list->entry[at].value;
    if (rest)
        new = set_in_group(w, k->child, old, rest);
    else if (is_scalar(w->value))
        mistake_add(w->m, w->at,
                    "'%s' is a %s; go on to one of its keys, for instance "
                    "'%s.%s'",
                    part, owner_noun(k->child), part,
                    key_next(k->child, key_next(k->child, NULL))->name);
    else
        new = merge_item(w->m, k, old, w->value);
    return new ? node_with_item(w->m->pool, list, at, new) : NULL;
}

static const struct node *set_inside(const struct walk *w, const struct key *k,
                                     const struct node *old, const char *path)
{
    if (k->type == KEY_LIST)
        return set_in_list(w, k, old, path);
    if (k->type == KEY_PLATFORM && old && is_scalar(old))
        return NULL; /* a file that could not be read; that was reported */
    if (k->type == KEY_GROUP || k->type == KEY_PLATFORM)
        return set_in_group(w, k->child, old, path);
    if (k->sourced)
        return set_in_group(w, OWNER_SOURCED, old, path);
    mistake_add(w->m, w->at, "'%s' is a single value; there is no '%s' in it",
                k->name, mistake_quote(w->m, path));
    return NULL;
}

static void report_no_key(const struct walk *w, enum key_owner owner,
                          const char *name)
{
    const char *names[KEY_NAMES_MAX];

    key_names(owner, owner, names);
    if (owner == OWNER_SCENARIO && key_find(OWNER_FILE, name))
        mistake_add(w->m, w->at, "'%s' is a key of the file; it cannot be set",
                    name);
    else
        mistake_add(w->m, w->at, "unknown key '%s' of a %s%s",
                    mistake_quote(w->m, name), owner_noun(owner),
                    mistake_suggestion(w->m, name, names));
}

static const struct node *set_in_group(const struct walk *w,
                                       enum key_owner owner,
                                       const struct node *group,
                                       const char *path)
{
    const char *rest, *part = first_part(w->m->pool, path, &rest);
    const struct key *k = key_find(owner, part);
    const struct node *old, *new;

    if (!k) {
        report_no_key(w, owner, part);
        return NULL;
    }
    if (!group || group->kind != NODE_MAP)
        group = node_map(w->m->pool, w->at);
    old = node_get(group, part);
    new = rest ? set_inside(w, k, old, rest) : set_last(w, k, old);
    if (!new)
        return NULL;
    return node_with(w->m->pool, group, (struct entry){part, w->at, new});
}

static const struct node *walk_path(const struct walk *w,
                                    const struct node *base, const char *path)
{
    const struct node *set = set_in_group(w, OWNER_SCENARIO, base, path);

    return set ? set : base;
}

const struct node *merge_path(struct mistakes *m, const struct node *base,
                              struct entry e)
{
    struct walk w = {m, e.key_at, e.value, false};

    return walk_path(&w, base, e.key);
}

const struct node *merge_option(struct mistakes *m, const struct node *base,
                                const char *option)
{
    const char *equals = strchr(option, '=');
    struct walk w = {.m = m, .option = true};

    w.at.file = pool_format(m->pool, "--set %s", mistake_quote(m, option));
    if (!equals || equals == option) {
        mistake_add(m, w.at,
                    "expected KEY=VALUE, for instance vms.guest.cpu=1");
        return base;
    }
    w.value = node_scalar(m->pool, w.at, equals + 1);
    return walk_path(&w, base,
                     pool_text(m->pool, option, (size_t)(equals - option)));
}
