/* The keys that the variants of a result have between them. */
#include "sim/report/figure_keys.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/figure_names.h"
#include "sim/report/text.h"

static bool in_earlier_column(const struct result *r, unsigned column,
                              const char *key)
{
    for (unsigned i = 0; i < column; i++)
        if (figures_find(&r->figures[i], key))
            return true;
    return false;
}

static void append(struct figure_keys *k, const char *key)
{
    if (k->count == k->capacity) {
        k->capacity = k->capacity ? 2 * k->capacity : 64;
        k->key = text_grown(k->key, k->capacity * sizeof *k->key);
    }
    snprintf(k->key[k->count++], FIGURE_KEY, "%s", key);
}

static void collect(struct figure_keys *k, const struct result *r,
                    const char *prefix)
{
    *k = (struct figure_keys){0};
    for (unsigned c = 0; c < r->variant_count; c++) {
        for (size_t i = 0; i < r->figures[c].count; i++) {
            const char *key = r->figures[c].list[i].key;

            if (strncmp(key, prefix, strlen(prefix)) == 0 &&
                !in_earlier_column(r, c, key))
                append(k, key);
        }
    }
}

static double largest(const struct result *r, const char *key)
{
    double most = 0;

    for (unsigned i = 0; i < r->variant_count; i++) {
        const struct figure *f = figures_find(&r->figures[i], key);

        if (f && f->real > most)
            most = f->real;
    }
    return most;
}

/* Sorts by ascending rank; equal ranks keep their order. */
static void sort(struct figure_keys *k, double *rank)
{
    for (size_t i = 1; i < k->count; i++) {
        char key[FIGURE_KEY];
        double mine = rank[i];
        size_t at = i;

        memcpy(key, k->key[i], sizeof key);
        for (; at > 0 && rank[at - 1] > mine; at--) {
            memcpy(k->key[at], k->key[at - 1], sizeof key);
            rank[at] = rank[at - 1];
        }
        memcpy(k->key[at], key, sizeof key);
        rank[at] = mine;
    }
}

void figure_keys_all(struct figure_keys *k, const struct result *r)
{
    double *rank;

    collect(k, r, "");
    rank = text_grown(NULL, (k->count + 1) * sizeof *rank);
    for (size_t i = 0; i < k->count; i++)
        rank[i] = figure_section_place(figure_section_of(k->key[i]));
    sort(k, rank);
    free(rank);
}

void figure_keys_as_measured(struct figure_keys *k, const struct result *r,
                             const char *prefix)
{
    collect(k, r, prefix);
}

void figure_keys_with_prefix(struct figure_keys *k, const struct result *r,
                             const char *prefix)
{
    double *rank;

    collect(k, r, prefix);
    rank = text_grown(NULL, (k->count + 1) * sizeof *rank);
    for (size_t i = 0; i < k->count; i++)
        rank[i] = -largest(r, k->key[i]);
    sort(k, rank);
    free(rank);
}

const char *figure_keys_unit(const struct result *r, const char *key)
{
    for (unsigned i = 0; i < r->variant_count; i++) {
        const struct figure *f = figures_find(&r->figures[i], key);

        if (f)
            return f->unit;
    }
    return "";
}

void figure_keys_free(struct figure_keys *k)
{
    free(k->key);
    *k = (struct figure_keys){0};
}
