/* Quantities with units; see value.h. */
#include "sim/scenario/value.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/diag.h"

#define UNITS_MAX 7

struct unit {
    const char *name;
    unsigned decimals; /* of the base unit in one of it, as a power of ten */
};

static const struct family {
    const char *noun, *example, *units;
    const char *finest; /* what a fraction of the base unit is called */
    struct unit unit[UNITS_MAX];
} families[QUANTITIES] = {
    [QUANTITY_COUNT] = {"a whole number", "4", "", "one", {{"", 0}}},
    [QUANTITY_CYCLES] = {"a number of cycles",
                         "1500 cycles",
                         "cycles",
                         "one cycle",
                         {{"cycles", 0}, {"cycle", 0}}},
    [QUANTITY_TIME] =
        {"a time",
         "20us",
         "fs, ps, ns, us, ms, s",
         "a femtosecond",
         {{"fs", 0}, {"ps", 3}, {"ns", 6}, {"us", 9}, {"ms", 12}, {"s", 15}}},
    [QUANTITY_FREQUENCY] = {"a frequency",
                            "2.93GHz",
                            "Hz, kHz, MHz, GHz",
                            "1 Hz",
                            {{"Hz", 0}, {"kHz", 3}, {"MHz", 6}, {"GHz", 9}}},
    [QUANTITY_RATE] = {"a data rate",
                       "10Gbps",
                       "bps, kbps, Mbps, Gbps",
                       "1 bps",
                       {{"bps", 0}, {"kbps", 3}, {"Mbps", 6}, {"Gbps", 9}}},
};

/* A number as it stands in the text: digits before and after the point. */
struct decimal {
    const char *whole, *fraction;
    size_t whole_digits, fraction_digits;
};

static size_t digits(const char *s)
{
    return strspn(s, "0123456789");
}

/* Returns what stands behind the number and blanks, or NULL: no number. */
static const char *read_decimal(const char *s, struct decimal *d)
{
    *d = (struct decimal){.whole = s, .whole_digits = digits(s)};
    if (!d->whole_digits)
        return NULL;
    s += d->whole_digits;
    if (*s == '.') {
        d->fraction = s + 1;
        d->fraction_digits = digits(s + 1);
        if (!d->fraction_digits)
            return NULL;
        s += 1 + d->fraction_digits;
    }
    return s + strspn(s, " ");
}

static bool append_digit(uint64_t *value, unsigned digit)
{
    return !__builtin_mul_overflow(*value, (uint64_t)10, value) &&
           !__builtin_add_overflow(*value, (uint64_t)digit, value);
}

enum scaled { SCALED, TOO_FINE, TOO_BIG };

/* The number times 10^decimals, exactly. */
static enum scaled scale(const struct decimal *d, unsigned decimals,
                         uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < d->whole_digits; i++)
        if (!append_digit(value, (unsigned)(d->whole[i] - '0')))
            return TOO_BIG;
    for (size_t i = 0; i < decimals; i++) {
        unsigned digit =
            i < d->fraction_digits ? (unsigned)(d->fraction[i] - '0') : 0;

        if (!append_digit(value, digit))
            return TOO_BIG;
    }
    for (size_t i = decimals; i < d->fraction_digits; i++)
        if (d->fraction[i] != '0')
            return TOO_FINE;
    return SCALED;
}

static const struct unit *find_unit(const struct family *f, const char *name)
{
    for (size_t i = 0; i < UNITS_MAX && f->unit[i].name; i++)
        if (!strcmp(f->unit[i].name, name))
            return &f->unit[i];
    return NULL;
}

static const char *nearest_unit(const struct family *f, const char *name)
{
    const char *names[UNITS_MAX];
    size_t n = 0;

    for (; n < UNITS_MAX && f->unit[n].name; n++) {
        names[n] = f->unit[n].name;
        if (!strcasecmp(names[n], name))
            return names[n];
    }
    return diag_nearest(name, names, n);
}

static bool explain_unit(const struct family *f, const char *unit,
                         char why[VALUE_TEXT])
{
    const char *near = *unit ? nearest_unit(f, unit) : NULL;

    if (!*f->units)
        snprintf(why, VALUE_TEXT, "expected %s without a unit, for instance %s",
                 f->noun, f->example);
    else if (!*unit)
        snprintf(why, VALUE_TEXT,
                 "the unit is missing; expected %s, for instance '%s'", f->noun,
                 f->example);
    else if (near)
        snprintf(why, VALUE_TEXT, "unknown unit '%.16s'; did you mean '%s'?",
                 unit, near);
    else
        snprintf(why, VALUE_TEXT,
                 "unknown unit '%.16s' (known: %s); expected %s, for instance "
                 "'%s'",
                 unit, f->units, f->noun, f->example);
    return false;
}

bool quantity_parse(enum quantity q, const char *text, uint64_t *value,
                    char why[VALUE_TEXT])
{
    const struct family *f = &families[q];
    struct decimal d;
    const char *rest = read_decimal(text, &d);
    const struct unit *unit;

    if (!rest) {
        snprintf(why, VALUE_TEXT, "expected %s, for instance '%s'", f->noun,
                 f->example);
        return false;
    }
    unit = find_unit(f, rest);
    if (!unit)
        return explain_unit(f, rest, why);
    switch (scale(&d, unit->decimals, value)) {
    case TOO_FINE:
        snprintf(why, VALUE_TEXT, "too fine: the least step is %s", f->finest);
        return false;
    case TOO_BIG:
        snprintf(why, VALUE_TEXT, "too large for %s", f->noun);
        return false;
    default:
        return true;
    }
}

void quantity_format(enum quantity q, uint64_t value, char out[VALUE_TEXT])
{
    const struct family *f = &families[q];
    const struct unit *best = &f->unit[0];
    uint64_t scale_by = 1, best_scale = 1;
    char fraction[24] = "";
    bool instant = q == QUANTITY_TIME && !value; /* 0s reads best */
    int n;

    for (size_t i = 1; i < UNITS_MAX && f->unit[i].decimals; i++) {
        scale_by *= 1000; /* units stand in steps of a thousand */
        if (value >= scale_by || instant) {
            best = &f->unit[i];
            best_scale = scale_by;
        }
    }
    if (value % best_scale) {
        n = snprintf(fraction, sizeof fraction, ".%0*llu", (int)best->decimals,
                     (unsigned long long)(value % best_scale));
        while (fraction[n - 1] == '0')
            fraction[--n] = 0;
    }
    snprintf(out, VALUE_TEXT, "%llu%s%s%s",
             (unsigned long long)(value / best_scale), fraction,
             q == QUANTITY_CYCLES ? " " : "", best->name);
}

const char *quantity_noun(enum quantity q)
{
    return families[q].noun;
}

const char *quantity_example(enum quantity q)
{
    return families[q].example;
}

const char *quantity_units(enum quantity q)
{
    return families[q].units;
}

void quantity_pattern(enum quantity q, char out[VALUE_TEXT])
{
    const struct family *f = &families[q];
    size_t used = 0;

    for (size_t i = 0; i < UNITS_MAX && f->unit[i].name; i++)
        used += (size_t)snprintf(out + used, VALUE_TEXT - used, "%c%s",
                                 i ? '|' : '(', f->unit[i].name);
    snprintf(out + used, VALUE_TEXT - used, ")");
}

bool number_parse(const char *text, double *value)
{
    const char *s = text + (*text == '-' || *text == '+');
    char *end;

    /* strtod() also reads "nan", "inf" and hexadecimal numbers */
    if (!isdigit((unsigned char)*s) ||
        text[strspn(text, "+-.0123456789eE")] != 0)
        return false;
    *value = strtod(text, &end);
    return !*end && isfinite(*value);
}

/* Whole numbers have no exponent: "9e+02" is text for many readers of YAML. */
void number_format(double value, char out[VALUE_TEXT])
{
    if (value == floor(value) && fabs(value) < 1e15) {
        snprintf(out, VALUE_TEXT, "%.0f", value);
        return;
    }
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(out, VALUE_TEXT, "%.*g", precision, value);
        if (strtod(out, NULL) == value)
            return;
    }
}
