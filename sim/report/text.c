/* Text of users into each output format. */
#include "sim/report/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Bytes of the UTF-8 sequence at `s`, or 0 if it is none. */
static size_t sequence(const unsigned char *s)
{
    static const struct {
        unsigned char mask, lead;
        unsigned long least;
    } form[] = {{0x80, 0, 0},
                {0xe0, 0xc0, 0x80},
                {0xf0, 0xe0, 0x800},
                {0xf8, 0xf0, 0x10000}};
    unsigned long code;
    size_t n = 0;

    while (n < 4 && (s[0] & form[n].mask) != form[n].lead)
        n++;
    if (n == 4)
        return 0;
    code = s[0] & (unsigned char)~form[n].mask;
    for (size_t i = 1; i <= n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    if (code < form[n].least || code > 0x10ffff ||
        (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return n + 1;
}

static bool control(const unsigned char *s)
{
    if (s[0] == 0xc2 && s[1] < 0xa0) /* U+0080..U+009F */
        return true;
    return (s[0] < 0x20 && s[0] != '\n' && s[0] != '\t') || s[0] == 0x7f;
}

bool text_next(const char **s, char out[TEXT_CHARACTER])
{
    const unsigned char *at = (const unsigned char *)*s;
    size_t n = sequence(at);

    if (*at == '\0')
        return false;
    if (n == 0 || control(at)) {
        strcpy(out, replacement);
        n = n ? n : 1;
    } else {
        memcpy(out, at, n);
        out[n] = '\0';
    }
    *s += n;
    return true;
}

int text_width(const char *s)
{
    char c[TEXT_CHARACTER];
    int width = 0;

    while (text_next(&s, c))
        width++;
    return width;
}

static void flatten(char c[TEXT_CHARACTER])
{
    if (c[0] == '\n' || c[0] == '\t')
        c[0] = ' ';
}

void text_plain(FILE *to, const char *s, int width)
{
    int fill = abs(width) - text_width(s);
    char c[TEXT_CHARACTER];

    fprintf(to, "%*s", width < 0 && fill > 0 ? fill : 0, "");
    while (text_next(&s, c)) {
        flatten(c);
        fputs(c, to);
    }
    fprintf(to, "%*s", width > 0 && fill > 0 ? fill : 0, "");
}

/* An underscore between letters or digits is never markup. */
static bool inside_word(const char *start, const char *after)
{
    return after - start >= 2 && isalnum((unsigned char)after[-2]) &&
           isalnum((unsigned char)after[0]);
}

void text_markdown(FILE *to, const char *s)
{
    const char *start = s;
    char c[TEXT_CHARACTER];

    while (text_next(&s, c)) {
        flatten(c);
        if (c[0] == '&')
            fputs("&amp;", to);
        else if (c[0] == '<')
            fputs("&lt;", to);
        else if (strchr("\\`*[]>|~#", c[0]) ||
                 (c[0] == '_' && !inside_word(start, s)))
            fprintf(to, "\\%s", c);
        else
            fputs(c, to);
    }
}

void text_html(FILE *to, const char *s)
{
    char c[TEXT_CHARACTER];

    while (text_next(&s, c)) {
        switch (c[0]) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        case '\'':
            fputs("&#39;", to);
            break;
        default:
            fputs(c, to);
        }
    }
}

void text_csv(FILE *to, const char *s)
{
    if (!strpbrk(s, "\",\r\n")) {
        fputs(s, to);
        return;
    }
    fputc('"', to);
    for (; *s; s++) {
        if (*s == '"')
            fputc('"', to);
        fputc(*s, to);
    }
    fputc('"', to);
}

static void no_memory(void)
{
    fputs("virqsim: no memory left for the report\n", stderr);
    exit(1);
}

void *text_grown(void *list, size_t bytes)
{
    list = realloc(list, bytes);
    if (!list)
        no_memory();
    return list;
}

FILE *text_stream(char **text, size_t *bytes)
{
    FILE *to = open_memstream(text, bytes);

    if (!to)
        no_memory();
    return to;
}

char *text_clean(const char *s)
{
    char *text, c[TEXT_CHARACTER];
    size_t bytes;
    FILE *to = text_stream(&text, &bytes);

    while (text_next(&s, c))
        fputs(c, to);
    fclose(to);
    return text;
}

void text_wrapped(FILE *to, int width, const char *lead, const char *text)
{
    int indent = text_width(lead), column = 0;

    while (*(text += strspn(text, " \n\t"))) {
        size_t n = strcspn(text, " \n\t");
        char *word = strndup(text, n);
        int wide = text_width(word);

        if (column == 0) {
            fputs(lead, to);
        } else if (indent + column + 1 + wide > width) {
            fprintf(to, "\n%*s", indent, "");
            column = 0;
        } else {
            fputc(' ', to);
            column++;
        }
        text_plain(to, word, 0);
        column += wide;
        free(word);
        text += n;
    }
    fputs(column ? "\n" : "", to);
}
