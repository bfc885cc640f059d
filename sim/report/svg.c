/* Runs gnuplot and makes its SVG fit to stand inside a page. */
#include "sim/report/svg.h"

#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "sim/report/text.h"

#define PLOT_ID_MAX 32

/* Runs gnuplot on a script; false if it cannot be run or fails.  The user's
 * own settings and language must not show in a report. */
static bool run_gnuplot(FILE *script, FILE *drawing)
{
    char *argv[] = {"gnuplot", "--default-settings", NULL};
    char *envp[] = {"LC_ALL=C", NULL};
    posix_spawn_file_actions_t files;
    pid_t child;
    int status, error;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, fileno(script), 0);
    posix_spawn_file_actions_adddup2(&files, fileno(drawing), 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", 1, 0);
    error = posix_spawnp(&child, argv[0], &files, NULL, argv, envp);
    posix_spawn_file_actions_destroy(&files);
    return !error && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static char *read_all(FILE *from)
{
    char *text, buffer[4096];
    size_t bytes, n;
    FILE *to = text_stream(&text, &bytes);

    rewind(from);
    while ((n = fread(buffer, 1, sizeof buffer, from)) > 0)
        fwrite(buffer, 1, n, to);
    fclose(to);
    return text;
}

static char *gnuplot(const char *script)
{
    FILE *in = tmpfile(), *out = tmpfile();
    char *drawing = NULL;

    if (in && out) {
        fputs(script, in);
        rewind(in);
        if (run_gnuplot(in, out))
            drawing = read_all(out);
    }
    if (in)
        fclose(in);
    if (out)
        fclose(out);
    return drawing;
}

/* One replacement of gnuplot's words by the page's. */
struct change {
    const char *from, *to;
};

/* gnuplot's colour at `line` as the page's; the bytes read, or 0. */
static int put_colour(FILE *to, const char *line)
{
    int r, g, b, length = 0;

    if (sscanf(line, "rgb(%d,%d,%d)%n", &r, &g, &b, &length) != 3 || r != 0 ||
        g != 1)
        return 0;
    fprintf(to, "var(--c%x)", (unsigned)b);
    return length;
}

/* The change that fits at `line`; the bytes read, or 0.  '@' is the id. */
static int put_change(FILE *to, const char *line, const char *id)
{
    static const struct change change[] = {
        {"\"black\"", "\"currentColor\""},
        {"'black'", "'currentColor'"},
        {" font-family=\"sans-serif\"", ""},
        {" id=\"gnuplot_canvas\"", ""},
        {"\"gnuplot_plot", "\"@_plot"},
        {"'gp", "'@"},
        {"'#gp", "'#@"},
        {"xlink:href", "href"},
    };
    const struct change *c = change;
    const struct change *end = change + sizeof change / sizeof *change;

    while (c < end && strncmp(line, c->from, strlen(c->from)) != 0)
        c++;
    if (c == end)
        return 0;
    for (const char *t = c->to; *t; t++)
        fprintf(to, "%.*s", *t == '@' ? PLOT_ID_MAX : 1, *t == '@' ? id : t);
    return (int)strlen(c->from);
}

/* Only tags are changed, never a text between them. */
static void put_changed(FILE *to, const char *line, const char *id)
{
    bool tag = false;

    while (*line) {
        int done = tag ? put_colour(to, line) : 0;

        if (tag && !done)
            done = put_change(to, line, id);
        if (!done) {
            tag = *line == '<' || (tag && *line != '>');
            fputc(*line, to);
            done = 1;
        }
        line += done;
    }
}

/* Cuts the first stretch from `from` up to and with `to`; false if none. */
static bool cut(char *text, const char *from, const char *to)
{
    char *start = strstr(text, from);
    char *end = start ? strstr(start, to) : NULL;

    if (!end)
        return false;
    end += strlen(to);
    memmove(start, end, strlen(end) + 1);
    return true;
}

char *svg_draw(const char *script, const char *id, const char *title)
{
    char *drawing = gnuplot(script), *text, *body;
    int width, height;
    size_t bytes;
    FILE *to;

    if (!drawing)
        return NULL;
    body = strstr(drawing, "viewBox=");
    if (!body || sscanf(body, "viewBox=\"0 0 %d %d\"", &width, &height) != 2) {
        free(drawing);
        return NULL;
    }
    body = strchr(body, '>') + 1;
    cut(body, "<title>", "</title>\n"); /* the drawing's own, not a series' */
    cut(body, "<desc>", "</desc>\n");
    while (cut(body, "<filter", "</filter>\n"))
        ;
    to = text_stream(&text, &bytes);
    fprintf(to, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", width,
            height);
    text_html(to, title);
    fputs("\">", to);
    put_changed(to, body, id);
    fclose(to);
    free(drawing);
    return text;
}
