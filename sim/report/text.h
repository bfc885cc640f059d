/*
 * Text of users (names, titles, paths) into each output format.  Bytes that
 * are not UTF-8 and control characters other than newline and tab appear as
 * U+FFFD, so that no name can disturb a terminal or a document.
 */
#ifndef SIM_REPORT_TEXT_H
#define SIM_REPORT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#define TEXT_CHARACTER 5

/* The next character of *s as UTF-8; false at the end. */
bool text_next(const char **s, char out[TEXT_CHARACTER]);

/* Characters in `s`: columns on a terminal, except for wide scripts. */
int text_width(const char *s);

/* On one line, filled up with spaces: to the right if width > 0, to the left
 * if width < 0. */
void text_plain(FILE *to, const char *s, int width);

/* `lead`, then the words over as many lines of `width` characters as it takes,
 * all indented alike; nothing for no words. */
void text_wrapped(FILE *to, int width, const char *lead, const char *text);

/* On one line, nothing of it taken as markup. */
void text_markdown(FILE *to, const char *s);

/* For element content and quoted attributes; newlines stay. */
void text_html(FILE *to, const char *s);

/* A field as RFC 4180 has it, quoted where it must be.  Bytes stay. */
void text_csv(FILE *to, const char *s);

/* realloc() that exits with a message if the host has no memory left. */
void *text_grown(void *list, size_t bytes);

/* A copy with every character cleaned; to be freed. */
char *text_clean(const char *s);

/* Opens a stream whose text is in *text after fclose(); to be freed. */
FILE *text_stream(char **text, size_t *bytes);

#endif
