/* libyaml's events -> tree, within limits; see tree.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "sim/scenario/tree.h"

/* A map or list that is still being read. */
struct level {
    struct node *node;
    uint32_t capacity;
    const char *key; /* of the value to come, or NULL */
    struct diag_place key_at;
};

struct anchor {
    const char *name;
    const struct node *node;
    bool open; /* it is being read: an alias would be a cycle */
};

struct parse {
    struct mistakes *m;
    const char *file;
    yaml_parser_t yaml;
    struct level level[TREE_DEPTH];
    unsigned depth;
    struct anchor anchor[TREE_ANCHORS];
    unsigned anchors;
    uint32_t nodes;
    unsigned documents;
    const struct node *root;
    bool failed;
};

static struct diag_place place(const struct parse *p, yaml_mark_t mark)
{
    return (struct diag_place){p->file, (unsigned)mark.line + 1,
                               (unsigned)mark.column + 1};
}

#define FAIL(p, at, ...)                                                       \
    do {                                                                       \
        mistake_add((p)->m, (at), __VA_ARGS__);                                \
        (p)->failed = true;                                                    \
    } while (0)

/* Where byte `offset` stands, for errors that libyaml gives no mark. */
static struct diag_place place_of_byte(const char *file, const char *text,
                                       size_t offset)
{
    struct diag_place at = {file, 1, 1};

    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            at.line++;
            at.column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

/* The finished value goes to the map or list around it. */
static void attach(struct parse *p, const struct node *n)
{
    struct level *l;
    struct entry *e;

    if (!p->depth) {
        p->root = n;
        return;
    }
    l = &p->level[p->depth - 1];
    if (l->node->count == l->capacity) {
        struct entry *old = l->node->entry;

        l->capacity = l->capacity ? 2 * l->capacity : 8;
        l->node->entry = pool_take(p->m->pool, l->capacity, sizeof *e);
        if (old)
            memcpy(l->node->entry, old, l->node->count * sizeof *e);
    }
    e = &l->node->entry[l->node->count++];
    *e = (struct entry){l->key, l->key ? l->key_at : n->at, n};
    l->node->nodes += n->nodes;
    l->key = NULL;
}

static bool wants_key(const struct parse *p)
{
    const struct level *l = p->depth ? &p->level[p->depth - 1] : NULL;

    return l && l->node->kind == NODE_MAP && !l->key;
}

static void take_key(struct parse *p, const char *key, struct diag_place at)
{
    struct level *l = &p->level[p->depth - 1];
    const struct entry *first = node_entry(l->node, key);

    if (first)
        FAIL(p, at, "duplicate key '%s'; first in line %u",
             mistake_quote(p->m, key), first->key_at.line);
    else if (!strcmp(key, "<<"))
        FAIL(p, at,
             "merge keys ('<<') are not supported; use an alias of the whole "
             "value, or a variant");
    l->key = key;
    l->key_at = at;
}

/* Counts nodes, an alias in full: this is what stops an alias bomb. */
static bool within_budget(struct parse *p, uint32_t more, struct diag_place at)
{
    if (more <= TREE_NODES - p->nodes) {
        p->nodes += more;
        return true;
    }
    FAIL(p, at, "more than %u values, aliases counted in full", TREE_NODES);
    return false;
}

static void add_anchor(struct parse *p, const yaml_char_t *name,
                       const struct node *n)
{
    if (!name)
        return;
    if (p->anchors == TREE_ANCHORS) {
        FAIL(p, n->at, "more than %u anchors", TREE_ANCHORS);
        return;
    }
    p->anchor[p->anchors++] =
        (struct anchor){pool_text(p->m->pool, name, strlen((const char *)name)),
                        n, n->kind != NODE_SCALAR};
}

static void on_alias(struct parse *p, const yaml_event_t *ev)
{
    const char *name = (const char *)ev->data.alias.anchor;
    struct diag_place at = place(p, ev->start_mark);
    unsigned i = p->anchors;

    if (wants_key(p)) {
        FAIL(p, at, "a key must be plain text, not an alias");
        return;
    }
    while (i && strcmp(p->anchor[i - 1].name, name) != 0)
        i--;
    if (!i)
        FAIL(p, at, "there is no anchor '&%s' before this alias",
             mistake_quote(p->m, name));
    else if (p->anchor[i - 1].open)
        FAIL(p, at, "the alias '*%s' stands inside what it names",
             mistake_quote(p->m, name));
    else if (within_budget(p, p->anchor[i - 1].node->nodes, at))
        attach(p, p->anchor[i - 1].node);
}

static void on_scalar(struct parse *p, const yaml_event_t *ev)
{
    struct diag_place at = place(p, ev->start_mark);
    size_t bytes = ev->data.scalar.length;
    const char *text = pool_text(p->m->pool, ev->data.scalar.value, bytes);
    const struct node *n;

    if (ev->data.scalar.tag)
        FAIL(p, at, "tags ('%s') are not supported",
             mistake_quote(p->m, (const char *)ev->data.scalar.tag));
    else if (strlen(text) != bytes)
        FAIL(p, at, "a NUL character in a text");
    if (p->failed || !within_budget(p, 1, at))
        return;
    if (wants_key(p)) {
        take_key(p, text, at);
        return;
    }
    n = node_scalar(p->m->pool, at, text);
    add_anchor(p, ev->data.scalar.anchor, n);
    attach(p, n);
}

static void open_level(struct parse *p, const yaml_event_t *ev,
                       enum node_kind kind)
{
    bool map = kind == NODE_MAP;
    struct diag_place at = place(p, ev->start_mark);
    const yaml_char_t *tag =
        map ? ev->data.mapping_start.tag : ev->data.sequence_start.tag;
    struct node *n = pool_take(p->m->pool, 1, sizeof *n);

    *n = (struct node){.kind = kind, .at = at, .nodes = 1};
    if (tag)
        FAIL(p, at, "tags ('%s') are not supported",
             mistake_quote(p->m, (const char *)tag));
    else if (wants_key(p))
        FAIL(p, at, "a key must be plain text, not %s", node_kind_name(n));
    else if (p->depth == TREE_DEPTH)
        FAIL(p, at, "nested deeper than %d levels", TREE_DEPTH);
    if (p->failed || !within_budget(p, 1, at))
        return;
    p->level[p->depth++] = (struct level){.node = n};
    add_anchor(
        p, map ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor,
        n);
}

static void close_level(struct parse *p)
{
    const struct node *n = p->level[--p->depth].node;

    for (unsigned i = p->anchors; i; i--)
        if (p->anchor[i - 1].node == n)
            p->anchor[i - 1].open = false;
    attach(p, n);
}

static void on_event(struct parse *p, const yaml_event_t *ev)
{
    switch (ev->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (p->documents++)
            FAIL(p, place(p, ev->start_mark),
                 "a second document; a file holds exactly one");
        break;
    case YAML_ALIAS_EVENT:
        on_alias(p, ev);
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(p, ev);
        break;
    case YAML_MAPPING_START_EVENT:
        open_level(p, ev, NODE_MAP);
        break;
    case YAML_SEQUENCE_START_EVENT:
        open_level(p, ev, NODE_LIST);
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        close_level(p);
        break;
    default:
        break;
    }
}

static void syntax_error(struct parse *p, const char *text)
{
    const yaml_parser_t *y = &p->yaml;
    const char *problem = y->problem ? y->problem : "cannot be read as YAML";

    if (y->error == YAML_READER_ERROR)
        FAIL(p, place_of_byte(p->file, text, y->problem_offset), "not YAML: %s",
             problem);
    else
        FAIL(p, place(p, y->problem_mark), "not YAML: %s%s%s", problem,
             y->context ? ", " : "", y->context ? y->context : "");
}

static void parse_events(struct parse *p, const char *text)
{
    bool end = false;

    while (!end && !p->failed) {
        yaml_event_t ev;

        if (!yaml_parser_parse(&p->yaml, &ev)) {
            syntax_error(p, text);
            return;
        }
        on_event(p, &ev);
        end = ev.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&ev);
    }
}

const struct node *tree_parse(struct mistakes *m, const char *file,
                              const char *text, size_t bytes)
{
    struct parse *p = pool_take(m->pool, 1, sizeof *p);
    const char *nul = memchr(text, 0, bytes);
    size_t bom = bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;

    p->m = m;
    p->file = file;
    if (nul) {
        FAIL(p, place_of_byte(file, text, (size_t)(nul - text)),
             "a NUL character; this is not a text file");
        return NULL;
    }
    if (!yaml_parser_initialize(&p->yaml)) {
        FAIL(p, ((struct diag_place){file, 0, 0}), "out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&p->yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p->yaml, (const unsigned char *)text + bom,
                                 bytes - bom);
    parse_events(p, text + bom);
    yaml_parser_delete(&p->yaml);
    if (!p->failed && !p->root)
        FAIL(p, ((struct diag_place){file, 1, 1}), "the file is empty");
    return p->failed ? NULL : p->root;
}

/* All of it into the pool, at most one byte more than the limit. */
static char *read_all(struct mistakes *m, FILE *f, size_t *bytes)
{
    char *text = malloc(TREE_FILE_BYTES + 1);
    char *copy = NULL;

    if (!text)
        return NULL;
    *bytes = fread(text, 1, TREE_FILE_BYTES + 1, f);
    if (!ferror(f))
        copy = pool_text(m->pool, text, *bytes);
    free(text);
    return copy;
}

const struct node *tree_read(struct mistakes *m, const char *path,
                             struct diag_place at)
{
    FILE *f = fopen(path, "rb");
    size_t bytes = 0;
    char *text = f ? read_all(m, f, &bytes) : NULL;
    int why = errno;

    if (f)
        fclose(f);
    if (!text) {
        mistake_add(m, at, "cannot read '%s': %s", mistake_quote(m, path),
                    strerror(why));
        return NULL;
    }
    if (bytes > TREE_FILE_BYTES) {
        mistake_add(m, (struct diag_place){path, 0, 0},
                    "the file is larger than %u MiB", TREE_FILE_BYTES >> 20);
        return NULL;
    }
    return tree_parse(m, path, text, bytes);
}
