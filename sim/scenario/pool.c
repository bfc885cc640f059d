/* A growing pool of blocks; see pool.h. */
#include "sim/scenario/pool.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 65536u

struct pool_block {
    struct pool_block *next;
    size_t used, capacity;
    max_align_t bytes[];
};

void pool_free(struct pool *p)
{
    while (p->block) {
        struct pool_block *next = p->block->next;

        free(p->block);
        p->block = next;
    }
}

static _Noreturn void no_memory(void)
{
    fprintf(stderr, "virqsim: out of memory\n");
    exit(2);
}

static void add_block(struct pool *p, size_t bytes)
{
    size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct pool_block *b = malloc(sizeof *b + capacity);

    if (!b)
        no_memory();
    *b = (struct pool_block){.next = p->block, .capacity = capacity};
    p->block = b;
}

void *pool_take(struct pool *p, size_t count, size_t bytes)
{
    size_t align = _Alignof(max_align_t);
    size_t want = (count * bytes + align - 1) / align * align;
    unsigned char *at;

    if (!p->block || p->block->capacity - p->block->used < want)
        add_block(p, want);
    at = (unsigned char *)p->block->bytes + p->block->used;
    p->block->used += want;
    return memset(at, 0, want);
}

char *pool_text(struct pool *p, const void *text, size_t bytes)
{
    char *copy = pool_take(p, bytes + 1, 1);

    memcpy(copy, text, bytes);
    return copy;
}

char *pool_format(struct pool *p, const char *format, ...)
{
    va_list ap;
    char *whole = NULL, *text;
    int n;

    va_start(ap, format);
    n = vasprintf(&whole, format, ap);
    va_end(ap);
    if (n < 0)
        no_memory();
    text = pool_text(p, whole, (size_t)n);
    free(whole);
    return text;
}
