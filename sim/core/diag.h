/*
 * Diagnostics for the user's files and options: every mistake is collected
 * with file, line and column, then all are printed.  Never used for what a
 * guest does wrong (that is a warning event) or for our own mistakes (assert).
 */
#ifndef SIM_CORE_DIAG_H
#define SIM_CORE_DIAG_H

#include <stdbool.h>
#include <stdio.h>

/* A place in a user's file; line and column count from 1, 0 = unknown. */
struct diag_place {
    const char *file;
    unsigned line, column;
};

struct diag {
    unsigned errors, warnings;
    size_t used, capacity;
    char *text; /* what diag_print prints, one mistake a line */
};

void diag_init(struct diag *d);
void diag_free(struct diag *d);

/* At most 100 mistakes are kept as text; the rest is only counted. */
void diag_error(struct diag *d, struct diag_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_warning(struct diag *d, struct diag_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Everything collected, then a line that counts it; nothing if there is
 * nothing.  Lines are "file:line:column: error: text"; what is unknown of the
 * place is left out. */
void diag_print(const struct diag *d, FILE *to);

/* The nearest of `names` (count of them) to `name` by edit distance, if near
 * enough to be a slip of the pen (a third of its letters, one to three), else
 * NULL.  Names of more than 64 bytes are near to nothing. */
const char *diag_nearest(const char *name, const char *const *names,
                         size_t count);

#endif
