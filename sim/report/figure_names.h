/*
 * The names of all figures, from figure_names.def: what a key means, its unit
 * and its label.
 */
#ifndef SIM_REPORT_FIGURE_NAMES_H
#define SIM_REPORT_FIGURE_NAMES_H

#include <stdbool.h>
#include <stdio.h>

#define FIGURE_LABEL 200

struct figure_name {
    const char *pattern;  /* NULL: a section, with its title as the label */
    const char *unit;     /* "" for a pure count or ratio */
    bool zero_if_absent;  /* a run without the figure has counted none */
    const char *label;    /* a few words; may hold <WORDS> of the pattern */
    const char *sentence; /* what it is */
};

/* The name that a key is an instance of, or NULL. */
const struct figure_name *figure_name_of(const char *key);

/* The section that a key belongs to, or NULL if no name fits; and its place in
 * the document, after all others for NULL. */
const struct figure_name *figure_section_of(const char *key);
unsigned figure_section_place(const struct figure_name *section);

/* The label of a key in words; the key itself if no name fits. */
void figure_label(char out[FIGURE_LABEL], const char *key);

/* The table as Markdown: what docs/figures.md is. */
void report_figure_names(FILE *to);

#endif
