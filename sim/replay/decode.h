/* What the decoders share: the words of a line, and where a mistake is. */
#ifndef SIM_REPLAY_DECODE_H
#define SIM_REPLAY_DECODE_H

#include <string.h>

#include "sim/replay/op.h"

#define DECODE_WORDS 64u /* more than any line that is understood has */

struct word {
    const char *text;
    size_t bytes;
};

struct decoder {
    const struct recording *recording;
    struct ops *ops;
    struct diag *diag;
    /* The line at hand. */
    uint32_t line;
    struct word word[DECODE_WORDS];
    unsigned words; /* beyond DECODE_WORDS none is seen */
    bool unscored;  /* it ends in " ?", which is no word */
    bool bad;       /* a mistake was found in it */
};

/* Takes the line with this number apart. */
void decode_split(struct decoder *c, uint32_t line);

/* A mistake at word `i`, or behind the last one. */
void decode_error(struct decoder *c, unsigned i, const char *what);

/* Numbers; a mistake if it is none, or above `max`.  `decode_number` takes
 * hexadecimal with 0x, else decimal. */
uint64_t decode_hex(struct decoder *c, unsigned i, uint64_t max);
uint64_t decode_decimal(struct decoder *c, unsigned i, uint64_t max);
uint64_t decode_number(struct decoder *c, unsigned i, uint64_t max);

/* A number behind a word's first letters: cpu1, t17536, =3f. */
uint64_t decode_behind(struct decoder *c, unsigned i, const char *letters,
                       unsigned base);

static inline bool word_is(const struct word *w, const char *text)
{
    return w->bytes == strlen(text) && !memcmp(w->text, text, w->bytes);
}

static inline bool word_starts(const struct word *w, const char *text)
{
    size_t bytes = strlen(text);

    return w->bytes >= bytes && !memcmp(w->text, text, bytes);
}

/* A mistake unless the line has so many words. */
bool decode_expect_words(struct decoder *c, unsigned words);

/* Appends an operation of this line, if the line has no mistake. */
void decode_emit(struct decoder *c, struct op op);

void decode_short(struct decoder *c); /* lapic, x2apic, pic, ioapic */
void decode_boot(struct decoder *c);
void decode_qemu(struct decoder *c);

#endif
