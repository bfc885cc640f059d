/* Nodes of a YAML tree; see tree.h. */
#include "sim/scenario/tree.h"

#include <string.h>

static struct node *new_node(struct pool *p, enum node_kind kind,
                             struct diag_place at)
{
    struct node *n = pool_take(p, 1, sizeof *n);

    *n = (struct node){.kind = kind, .at = at, .nodes = 1};
    return n;
}

const struct node *node_scalar(struct pool *p, struct diag_place at,
                               const char *text)
{
    struct node *n = new_node(p, NODE_SCALAR, at);

    n->text = text;
    return n;
}

const struct node *node_map(struct pool *p, struct diag_place at)
{
    return new_node(p, NODE_MAP, at);
}

const struct entry *node_entry(const struct node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->count; i++)
        if (!strcmp(map->entry[i].key, key))
            return &map->entry[i];
    return NULL;
}

const struct node *node_get(const struct node *map, const char *key)
{
    const struct entry *e = node_entry(map, key);

    return e ? e->value : NULL;
}

/* A copy with room for one entry more. */
static struct node *copy_of(struct pool *p, const struct node *n)
{
    struct node *copy = pool_take(p, 1, sizeof *copy);

    *copy = *n;
    copy->entry = pool_take(p, n->count + 1u, sizeof *copy->entry);
    for (uint32_t i = 0; i < n->count; i++)
        copy->entry[i] = n->entry[i];
    return copy;
}

const struct node *node_with_item(struct pool *p, const struct node *list,
                                  uint32_t i, const struct node *value)
{
    struct node *copy = copy_of(p, list);

    copy->entry[i] = (struct entry){.key_at = value->at, .value = value};
    if (i == list->count)
        copy->count++;
    return copy;
}

const struct node *node_with(struct pool *p, const struct node *map,
                             struct entry entry)
{
    struct node *copy = copy_of(p, map);
    uint32_t i = 0;

    while (i < map->count && strcmp(map->entry[i].key, entry.key) != 0)
        i++;
    copy->entry[i] = entry;
    if (i == map->count)
        copy->count++;
    return copy;
}

const struct node *node_without(struct pool *p, const struct node *map,
                                const char *key)
{
    struct node *copy = copy_of(p, map);

    copy->count = 0;
    for (uint32_t i = 0; i < map->count; i++)
        if (strcmp(map->entry[i].key, key) != 0)
            copy->entry[copy->count++] = map->entry[i];
    return copy;
}

const char *node_kind_name(const struct node *n)
{
    switch (n->kind) {
    case NODE_SCALAR:
        return "a value";
    case NODE_LIST:
        return "a list";
    default:
        return "a group of keys";
    }
}
