/* Numbers as text, independent of the locale. */
#include "sim/report/number.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* printf of one double in the C locale, whatever the host program has set. */
static void c_format(char out[NUMBER_TEXT], const char *conversion,
                     int precision, double value)
{
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    locale_t before = uselocale(c);

    switch (*conversion) {
    case 'e':
        snprintf(out, NUMBER_TEXT, "%.*e", precision, value);
        break;
    default:
        snprintf(out, NUMBER_TEXT, "%.*f", precision, value);
        break;
    }
    uselocale(before);
    freelocale(c);
}

static double c_parse(const char *text)
{
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    locale_t before = uselocale(c);
    double value = strtod(text, NULL);

    uselocale(before);
    freelocale(c);
    return value;
}

/* The power of ten of the first digit once `value` has `digits` of them. */
static int exponent_of(double value, int digits)
{
    char text[NUMBER_TEXT];

    c_format(text, "e", digits - 1, value);
    return (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

static int shortest_digits(double value)
{
    char text[NUMBER_TEXT];
    int digits = 1;

    for (; digits < 17; digits++) {
        c_format(text, "e", digits - 1, value);
        if (c_parse(text) == value)
            break;
    }
    return digits;
}

void number_exact_real(char out[NUMBER_TEXT], double value)
{
    int digits = shortest_digits(value);
    int exponent = exponent_of(value, digits);
    int decimals = digits - 1 - exponent;

    if (exponent < -5 || exponent > 16)
        c_format(out, "e", digits - 1, value);
    else
        c_format(out, "f", decimals > 1 ? decimals : 1, value);
}

void number_exact(char out[NUMBER_TEXT], const struct figure *f)
{
    if (f->kind == FIGURE_COUNT)
        snprintf(out, NUMBER_TEXT, "%" PRIu64, f->count);
    else
        number_exact_real(out, f->real);
}

/* Puts commas between groups of three digits of the integer part. */
static void group_digits(char out[NUMBER_TEXT])
{
    size_t start = out[0] == '-';
    size_t end = start + strspn(out + start, "0123456789");

    for (size_t at = end; at > start + 3; at -= 3) {
        memmove(out + at - 2, out + at - 3, strlen(out + at - 3) + 1);
        out[at - 3] = ',';
    }
}

static void significant(char out[NUMBER_TEXT], double value, int digits)
{
    int exponent = exponent_of(value, digits);
    int decimals = digits - 1 - exponent;

    if (value == 0) {
        snprintf(out, NUMBER_TEXT, "0");
        return;
    }
    if (exponent < -4 || exponent > 15) {
        c_format(out, "e", digits - 1, value);
        return;
    }
    c_format(out, "f", decimals > 0 ? decimals : 0, value);
    group_digits(out);
}

void number_pretty_real(char out[NUMBER_TEXT], double value)
{
    significant(out, value, 4);
}

void number_pretty(char out[NUMBER_TEXT], const struct figure *f)
{
    if (f->kind == FIGURE_REAL && strcmp(f->unit, "%") == 0) {
        number_percent(out, f->real);
        return;
    }
    if (f->kind == FIGURE_REAL) {
        number_pretty_real(out, f->real);
        return;
    }
    snprintf(out, NUMBER_TEXT, "%" PRIu64, f->count);
    group_digits(out);
}

static void drop_point_zero(char out[NUMBER_TEXT])
{
    size_t n = strlen(out);

    if (n > 2 && strcmp(out + n - 2, ".0") == 0)
        out[n - 2] = '\0';
}

void number_percent(char out[NUMBER_TEXT], double value)
{
    if (value != 0 && fabs(value) < 0.005)
        significant(out, value, 2);
    else
        c_format(out, "f", 2, value);
}

void number_limit(char out[NUMBER_TEXT], double value)
{
    number_exact_real(out, value);
    drop_point_zero(out);
    group_digits(out);
}

void number_ratio(char out[NUMBER_TEXT], double value)
{
    if (value > 0 && value < 0.0005) {
        strcpy(out, "<0.001x");
        return;
    }
    if (value >= 9.995)
        significant(out, value, 3);
    else
        c_format(out, "f", value == 0 ? 0 : value < 0.095 ? 3 : 2, value);
    strcat(out, "x");
}

void number_difference(char out[NUMBER_TEXT], double percent)
{
    double size = fabs(percent);
    char digits[NUMBER_TEXT];

    if (size < 0.05) { /* no "-0.0" */
        snprintf(out, NUMBER_TEXT, "0.0 %%");
        return;
    }
    if (size < 1000)
        c_format(digits, "f", 1, size);
    else
        significant(digits, size, 4);
    snprintf(out, NUMBER_TEXT, "%c%.32s %%", percent < 0 ? '-' : '+', digits);
}

void number_time(char out[NUMBER_TEXT], double nanoseconds)
{
    static const struct {
        const char *name;
        double nanoseconds;
    } unit[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
    unsigned i = 0;

    if (nanoseconds >= 1000) /* whole cycles are never a round time */
        nanoseconds = round(nanoseconds);
    while (i < 3 && nanoseconds < unit[i].nanoseconds)
        i++;
    number_exact_real(out, nanoseconds / unit[i].nanoseconds);
    drop_point_zero(out);
    strcat(strcat(out, " "), unit[i].name);
}
