/* Files, platform profiles, variants and options; see scenario_load.h. */
#include "sim/scenario/scenario_load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/scenario/check.h"
#include "sim/scenario/decode.h"
#include "sim/scenario/merge.h"
#include "sim/scenario/show.h"

struct load {
    struct pool pool;
    struct mistakes m;
    const char *path;
    struct scenario_options opts;
    struct scenario_set *set;
    const struct node *root; /* the file */
    const struct node *base; /* without the keys of the file itself */
    const struct node *over[SCENARIO_VARIANTS];
    const struct node *tree[SCENARIO_VARIANTS]; /* as they are decoded */
};

/* ---- the platform's file ------------------------------------------------ */

static const char *beside(struct load *l, const char *dir, size_t dir_bytes,
                          const char *name)
{
    return pool_format(&l->pool, "%.*s/%s", (int)dir_bytes, dir, name);
}

/* Relative to the scenario's folder, else to the search folder. */
static const char *platform_path(struct load *l, const char *name)
{
    const char *slash = strrchr(l->path, '/');
    const char *near, *far;

    if (*name == '/')
        return name;
    near = slash ? beside(l, l->path, (size_t)(slash - l->path), name) : name;
    if (!l->opts.platform_dir || access(near, R_OK) == 0)
        return near;
    far = beside(l, l->opts.platform_dir, strlen(l->opts.platform_dir), name);
    return access(far, R_OK) == 0 ? far : near;
}

/* A platform that is named by its file becomes its keys. */
static const struct node *with_platform(struct load *l, const struct node *tree)
{
    const struct entry *e = node_entry(tree, "platform");
    struct entry loaded;

    if (!e || e->value->kind != NODE_SCALAR)
        return tree;
    loaded = *e;
    loaded.value =
        tree_read(&l->m, platform_path(l, e->value->text), e->value->at);
    if (!loaded.value) /* reported; the name stays, the rest goes on */
        return tree;
    return node_with(&l->pool, tree, loaded);
}

/* ---- variants ----------------------------------------------------------- */

static bool read_root(struct load *l)
{
    struct diag_place whole = {l->path, 0, 0};

    l->root = l->opts.text
                  ? tree_parse(&l->m, l->path, l->opts.text, l->opts.text_bytes)
                  : tree_read(&l->m, l->path, whole);
    if (!l->root)
        return false;
    if (l->root->kind != NODE_MAP) {
        mistake_add(&l->m, l->root->at,
                    "expected the keys of a scenario, not %s",
                    node_kind_name(l->root));
        return false;
    }
    l->base = l->root;
    for (const struct key *k = NULL; (k = key_next(OWNER_FILE, k));)
        l->base = node_without(&l->pool, l->base, k->name);
    l->base = with_platform(l, l->base);
    return true;
}

static const struct node *overrides(struct load *l, const struct entry *e)
{
    if (e->value->kind == NODE_MAP)
        return e->value;
    if (e->value->kind != NODE_SCALAR || *e->value->text)
        mistake_add(&l->m, e->value->at,
                    "variant '%s': expected the keys that differ, not %s",
                    mistake_quote(&l->m, e->key), node_kind_name(e->value));
    return node_map(&l->pool, e->value->at);
}

static void add_variant(struct load *l, const struct entry *e)
{
    uint32_t i = l->set->variant_count;

    if (!decode_name_is_good(&l->m, e->key_at, e->key))
        return;
    if (i == SCENARIO_VARIANTS) {
        mistake_add(&l->m, e->key_at, "at most %d variants", SCENARIO_VARIANTS);
        return;
    }
    memcpy(l->set->variant_name[i], e->key, strlen(e->key) + 1);
    l->over[i] = overrides(l, e);
    l->set->variant_count++;
}

static void find_variants(struct load *l)
{
    const struct node *variants = node_get(l->root, "variants");
    struct entry base = {"base", l->root->at, node_map(&l->pool, l->root->at)};

    if (variants && variants->kind != NODE_MAP)
        mistake_add(&l->m, variants->at,
                    "'variants': expected names with the keys that differ, "
                    "not %s",
                    node_kind_name(variants));
    else if (variants)
        for (uint32_t i = 0; i < variants->count && i <= SCENARIO_VARIANTS; i++)
            add_variant(l, &variants->entry[i]);
    if (!l->set->variant_count)
        add_variant(l, &base);
}

/* ---- one variant -------------------------------------------------------- */

static void decode_only(struct load *l, const struct node *tree)
{
    struct scenario *scratch = pool_take(&l->pool, 1, sizeof *scratch);
    struct decoder d = {&l->m, l->set, scratch, true};

    decode_scenario(&d, tree);
}

static const struct node *with_options(struct load *l, const struct node *tree)
{
    struct diag_place at = {"--seed", 0, 0};
    struct entry seed = {"seed", at, NULL};

    for (size_t i = 0; i < l->opts.set_count; i++)
        tree = with_platform(l, merge_option(&l->m, tree, l->opts.set[i]));
    if (!l->opts.seed)
        return tree;
    seed.value = node_scalar(&l->pool, at, l->opts.seed);
    return merge_path(&l->m, tree, seed);
}

static void load_variant(struct load *l, uint32_t i)
{
    struct scenario *s = &l->set->variant[i];
    struct decoder d = {&l->m, l->set, s, false};
    const struct node *tree = merge_variant(&l->m, l->base, l->over[i]);

    tree = with_platform(l, tree);
    if (l->opts.set_count || l->opts.seed)
        decode_only(l, tree); /* mistakes that an option would hide */
    l->tree[i] = with_options(l, tree);
    decode_scenario(&d, l->tree[i]);
}

/* Rules between keys make sense only if the keys themselves are good. */
static void check_variants(struct load *l)
{
    if (l->m.failed)
        return;
    for (uint32_t i = 0; i < l->set->variant_count; i++)
        check_scenario(&l->m, &l->set->variant[i], l->tree[i],
                       i ? l->set->variant_name[i] : NULL);
    check_devices_are_used(&l->m, l->set, l->tree);
}

/* ---- the whole file ----------------------------------------------------- */

static void load_all(struct load *l)
{
    struct decoder d = {.m = &l->m, .set = l->set};

    if (!read_root(l))
        return;
    find_variants(l);
    l->set->variant = calloc(l->set->variant_count, sizeof(struct scenario));
    if (!l->set->variant) {
        mistake_add(&l->m, l->root->at, "out of memory");
        return;
    }
    decode_only(l, l->base); /* mistakes that every variant overrides */
    for (uint32_t i = 0; i < l->set->variant_count; i++)
        load_variant(l, i);
    decode_file(&d, l->root);
    check_variants(l);
    for (uint32_t i = 0; !l->m.failed && i < l->set->variant_count; i++)
        l->set->resolved[i] = show_variant(l->set, i, l->tree[i]);
}

struct scenario_set *scenario_load(const char *path,
                                   const struct scenario_options *opts,
                                   struct diag *d)
{
    struct load *l = calloc(1, sizeof *l);
    struct scenario_set *set = calloc(1, sizeof *set);
    bool failed = true;

    if (l && set) {
        l->m.pool = &l->pool;
        l->m.file = path;
        l->path = path;
        l->set = set;
        if (opts)
            l->opts = *opts;
        snprintf(set->path, sizeof set->path, "%s", path);
        load_all(l);
        mistakes_print(&l->m, d);
        failed = l->m.failed;
        pool_free(&l->pool);
    }
    free(l);
    if (failed) {
        scenario_free(set);
        return NULL;
    }
    return set;
}

void scenario_free(struct scenario_set *set)
{
    if (!set)
        return;
    for (unsigned i = 0; i < SCENARIO_VARIANTS; i++)
        free(set->resolved[i]);
    free(set->variant);
    free(set);
}

char *scenario_show(const struct scenario_set *set, unsigned variant)
{
    return strdup(set->resolved[variant]);
}
