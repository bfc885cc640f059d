/*
 * A YAML file as a tree whose nodes know where they stand.
 *
 * Trees are never changed once they are built: an alias shares its node, and
 * variants share what they do not override.  Changes make new nodes along the
 * path.
 */
#ifndef SIM_SCENARIO_TREE_H
#define SIM_SCENARIO_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/diag.h"
#include "sim/scenario/mistakes.h"
#include "sim/scenario/pool.h"

#define TREE_FILE_BYTES (4u << 20)
#define TREE_DEPTH 32
#define TREE_NODES 20000u
#define TREE_ANCHORS 256u

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node;

struct entry {
    const char *key; /* NULL in a list */
    struct diag_place key_at;
    const struct node *value;
};

struct node {
    enum node_kind kind;
    struct diag_place at;
    const char *text;    /* of a scalar */
    uint32_t count;      /* of `entry` */
    uint32_t nodes;      /* in this subtree, aliases counted in full */
    struct entry *entry; /* of a map or list */
};

/*
 * The one document of `text`; `file` is for places and must outlive the tree.
 * NULL after a mistake.
 * Refused: nothing or several documents, duplicate keys, keys that are not
 * scalars, tags, merge keys, aliases of an enclosing node, NUL characters,
 * and what exceeds the limits above.
 */
const struct node *tree_parse(struct mistakes *m, const char *file,
                              const char *text, size_t bytes);

/* The same for a file; `at` is blamed if it cannot be read. */
const struct node *tree_read(struct mistakes *m, const char *path,
                             struct diag_place at);

const struct node *node_scalar(struct pool *p, struct diag_place at,
                               const char *text);

/* An empty map. */
const struct node *node_map(struct pool *p, struct diag_place at);

/* The value of a key, or NULL also if `map` is NULL or no map. */
const struct node *node_get(const struct node *map, const char *key);
const struct entry *node_entry(const struct node *map, const char *key);

/* The list with item `i` replaced, or appended if `i` is its count. */
const struct node *node_with_item(struct pool *p, const struct node *list,
                                  uint32_t i, const struct node *value);

/* The map with the entry added, or in the place of the one of this key. */
const struct node *node_with(struct pool *p, const struct node *map,
                             struct entry entry);

/* The map without a key. */
const struct node *node_without(struct pool *p, const struct node *map,
                                const char *key);

/* "a value", "a list" or "a group of keys". */
const char *node_kind_name(const struct node *n);

#endif
