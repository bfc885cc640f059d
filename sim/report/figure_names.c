/* The names of all figures: matching keys with patterns, and the document. */
#include "sim/report/figure_names.h"

#include <stddef.h>
#include <string.h>

enum { UNKNOWN = false, ZERO = true };

static const struct figure_name names[] = {
#define FIGURE_SECTION(title, sentence) {NULL, "", false, title, sentence},
#define FIGURE_NAME(pattern, unit, absent, label, sentence)                    \
    {pattern, unit, absent, label, sentence},
#include "sim/report/figure_names.def"
#undef FIGURE_NAME
#undef FIGURE_SECTION
};

#define NAME_COUNT (sizeof names / sizeof *names)
#define PLACES 4

/* The text that stands for one <WORD> of a pattern. */
struct place {
    const char *word, *text;
    size_t word_length, text_length;
};

struct match {
    struct place place[PLACES];
    unsigned count;
};

static bool fits(const char *pattern, const char *key, struct match *m);

/* A <WORD> takes the shortest text, at least one character, that lets the rest
 * of the pattern fit. */
static bool word_fits(const char *pattern, const char *key, struct match *m)
{
    size_t word_length = strcspn(pattern, ">") + 1;
    unsigned mine = m->count;

    if (mine == PLACES)
        return false;
    for (size_t n = 1; n <= strlen(key); n++) {
        m->place[mine] = (struct place){pattern, key, word_length, n};
        m->count = mine + 1;
        if (fits(pattern + word_length, key + n, m))
            return true;
    }
    m->count = mine;
    return false;
}

static bool fits(const char *pattern, const char *key, struct match *m)
{
    for (; *pattern && *pattern != '<'; pattern++, key++)
        if (*pattern != *key)
            return false;
    return *pattern ? word_fits(pattern, key, m) : *key == '\0';
}

static const struct figure_name *find(const char *key, struct match *m)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        m->count = 0;
        if (names[i].pattern && fits(names[i].pattern, key, m))
            return &names[i];
    }
    return NULL;
}

const struct figure_name *figure_name_of(const char *key)
{
    struct match m;

    return find(key, &m);
}

const struct figure_name *figure_section_of(const char *key)
{
    const struct figure_name *name = figure_name_of(key);

    while (name && name->pattern)
        name--;
    return name;
}

unsigned figure_section_place(const struct figure_name *section)
{
    return section ? (unsigned)(section - names) : (unsigned)NAME_COUNT;
}

static const struct place *place_of(const struct match *m, const char *word)
{
    for (unsigned i = 0; i < m->count; i++)
        if (strncmp(m->place[i].word, word, m->place[i].word_length) == 0)
            return &m->place[i];
    return NULL;
}

void figure_label(char out[FIGURE_LABEL], const char *key)
{
    struct match m;
    const struct figure_name *name = find(key, &m);
    const char *label = name ? name->label : key;
    size_t used = 0;

    while (*label && used < FIGURE_LABEL - 1) {
        const struct place *p =
            *label == '<' && name ? place_of(&m, label) : NULL;
        size_t room = FIGURE_LABEL - 1 - used;
        size_t n = p ? p->text_length : 1;

        memcpy(out + used, p ? p->text : label, n < room ? n : room);
        used += n < room ? n : room;
        label += p ? p->word_length : 1;
    }
    out[used] = '\0';
}

void report_figure_names(FILE *to)
{
    fputs("# Figures\n\nWhat a run measures, under the same names in JSON, CSV,"
          " tables and expectations. This page is made from\n"
          "`sim/report/figure_names.def`; a test compares the two.\n\n"
          "- In JSON the dots of a name open nested objects; `..` inside the"
          " name of a latency does not.\n"
          "- `<WORDS>` stand for a name.\n"
          "- A figure marked with \\* counts as 0 in an expectation if a run"
          " does not have it.\n",
          to);
    for (size_t i = 0; i < NAME_COUNT; i++) {
        const struct figure_name *n = &names[i];

        if (n->pattern)
            fprintf(to, "| `%s`%s | %s | %s |\n", n->pattern,
                    n->zero_if_absent ? " \\*" : "", n->unit, n->sentence);
        else
            fprintf(to,
                    "\n## %s\n\n%s\n\n| figure | unit | what it is |\n"
                    "| --- | --- | --- |\n",
                    n->label, n->sentence);
    }
}
