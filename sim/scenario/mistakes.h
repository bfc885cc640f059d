/*
 * The mistakes of one load, before they become diagnostics: each is kept once
 * (every variant reads the same lines again) and all are sorted by file, line
 * and column.
 */
#ifndef SIM_SCENARIO_MISTAKES_H
#define SIM_SCENARIO_MISTAKES_H

#include <stdbool.h>

#include "sim/core/diag.h"
#include "sim/scenario/pool.h"

#define MISTAKES_MAX 200

struct mistake {
    struct diag_place at;
    const char *text;
    bool warning;
    unsigned file_rank; /* 0: the scenario; others as they came */
    unsigned order;     /* of arrival */
};

struct mistakes {
    struct pool *pool;
    const char *file; /* the scenario, whose mistakes come first */
    unsigned count;   /* of `list`; beyond MISTAKES_MAX nothing is kept */
    bool failed;      /* an error, not only warnings */
    struct mistake list[MISTAKES_MAX];
};

void mistake_add(struct mistakes *m, struct diag_place at, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));
void mistake_warn(struct mistakes *m, struct diag_place at, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

/* "; did you mean 'x'?" if one of the NULL-terminated `names` is near, else
 * "".  The text lives in the pool. */
const char *mistake_suggestion(struct mistakes *m, const char *name,
                               const char *const *names);

/* `text` for a message: cut to a length that fits a line. */
const char *mistake_quote(struct mistakes *m, const char *text);

void mistakes_print(struct mistakes *m, struct diag *d);

#endif
