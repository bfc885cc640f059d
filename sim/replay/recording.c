/* Reads recordings; liblzma unpacks those that are packed. */
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "sim/replay/recording.h"

#define CHUNK 65536u
#define LINES_LOOKED_AT 1000u /* to find out the kind */

static const unsigned char xz_magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};

struct buffer {
    char *text;
    size_t bytes, capacity;
};

/* Room for at least `bytes` more. */
static void reserve(struct buffer *b, size_t bytes)
{
    if (b->capacity - b->bytes >= bytes)
        return;
    b->capacity = 2 * b->capacity + bytes;
    b->text = realloc(b->text, b->capacity);
    if (!b->text)
        abort();
}

static bool read_file(const char *path, struct buffer *b, struct diag *d)
{
    FILE *f = fopen(path, "rb");
    size_t got = 0;
    bool good = f;

    while (good) {
        reserve(b, CHUNK);
        got = fread(b->text + b->bytes, 1, CHUNK, f);
        b->bytes += got;
        if (got < CHUNK)
            break;
    }
    good = good && !ferror(f);
    if (!good)
        diag_error(d, (struct diag_place){path, 0, 0}, "cannot read: %s",
                   strerror(errno));
    if (f)
        fclose(f);
    return good;
}

static const char *why_damaged(lzma_ret ret)
{
    switch (ret) {
    case LZMA_BUF_ERROR:
        return "the packed file ends too early";
    case LZMA_OPTIONS_ERROR:
        return "the packed file uses options that are not supported";
    default:
        return "the packed file is damaged";
    }
}

/* Replaces what is packed by what it holds. */
static bool unpack(const char *path, struct buffer *b, struct diag *d)
{
    lzma_stream s = LZMA_STREAM_INIT;
    struct buffer out = {0};
    lzma_ret ret = lzma_stream_decoder(&s, UINT64_MAX, LZMA_CONCATENATED);

    s.next_in = (const uint8_t *)b->text;
    s.avail_in = b->bytes;
    while (ret == LZMA_OK) {
        reserve(&out, CHUNK);
        s.next_out = (uint8_t *)out.text + out.bytes;
        s.avail_out = out.capacity - out.bytes;
        ret = lzma_code(&s, LZMA_FINISH);
        out.bytes = out.capacity - s.avail_out;
    }
    lzma_end(&s);
    free(b->text);
    *b = out;
    if (ret != LZMA_STREAM_END)
        diag_error(d, (struct diag_place){path, 0, 0}, "%s", why_damaged(ret));
    return ret == LZMA_STREAM_END;
}

static void split(struct recording *r)
{
    const char *at = r->text, *end = r->text + r->bytes;
    uint32_t n = 0;

    for (const char *c = at; c < end; c++)
        n += *c == '\n';
    r->line = calloc(n + 1, sizeof *r->line);
    if (!r->line)
        abort();
    for (n = 0; at < end; n++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t bytes = (size_t)((stop ? stop : end) - at);

        r->line[n] = (struct recording_line){at, bytes};
        r->line[n].bytes -= bytes && at[bytes - 1] == '\r';
        at += bytes + 1;
    }
    r->line_count = n;
}

/* What the start of a line says; `%n` tells how far it fits. */
static const struct {
    const char *pattern;
    enum recording_kind kind;
} signs[] = {
    {"BEGIN lapic %n", RECORDING_LAPIC},
    {"BEGIN x2apic %n", RECORDING_X2APIC},
    {"BEGIN pic %n", RECORDING_PIC},
    {"BEGIN ioapic %n", RECORDING_IOAPIC},
    {"BEGIN vapic %n", RECORDING_VAPIC},
    {"T %*u ctl %n", RECORDING_VAPIC}, /* without its title */
    {"%*u irte[%n", RECORDING_VTD},
    {"%*u %*u.%*u t%*u %n", RECORDING_BOOT},
    {"%*u@%*u.%*u:%n", RECORDING_QEMU},
};
#define SIGNS (sizeof signs / sizeof signs[0])

static int sign_of(const struct recording_line *line)
{
    char start[64];
    int fits;

    snprintf(start, sizeof start, "%.*s ",
             (int)(line->bytes < 60 ? line->bytes : 60), line->text);
    for (size_t i = 0; i < SIGNS; i++) {
        fits = 0;
        sscanf(start, signs[i].pattern, &fits);
        if (fits)
            return (int)i;
    }
    return -1;
}

static bool find_kind(struct recording *r, struct diag *d)
{
    struct diag_place at = {r->path, 1, 1};
    int sign = -1;

    for (uint32_t i = 0; i < r->line_count && i < LINES_LOOKED_AT; i++) {
        sign = sign_of(&r->line[i]);
        if (sign >= 0)
            break;
    }
    if (sign < 0)
        diag_error(d, at, "not a recording of a kind that is known");
    else
        r->kind = signs[sign].kind;
    return sign >= 0;
}

/* Takes the text over. */
static struct recording *make(const char *path, struct buffer *b,
                              struct diag *d)
{
    struct recording *r = calloc(1, sizeof *r);

    if (!r)
        abort();
    r->path = strdup(path);
    r->text = b->text;
    r->bytes = b->bytes;
    split(r);
    if (find_kind(r, d))
        return r;
    recording_free(r);
    return NULL;
}

struct recording *recording_load(const char *path, struct diag *d)
{
    struct buffer b = {0};
    bool good = read_file(path, &b, d);

    if (good && b.bytes >= sizeof xz_magic &&
        !memcmp(b.text, xz_magic, sizeof xz_magic))
        good = unpack(path, &b, d);
    if (good)
        return make(path, &b, d);
    free(b.text);
    return NULL;
}

struct recording *recording_from(const char *path, const char *text,
                                 struct diag *d)
{
    struct buffer b = {0};

    reserve(&b, strlen(text) + 1);
    b.bytes = strlen(text);
    memcpy(b.text, text, b.bytes);
    return make(path, &b, d);
}

void recording_free(struct recording *r)
{
    if (!r)
        return;
    free(r->line);
    free(r->text);
    free(r->path);
    free(r);
}
