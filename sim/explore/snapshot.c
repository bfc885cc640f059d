/* Copies of a state. */
#include "sim/explore/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((size_t)256)

struct snapshot {
    size_t count;
    struct snapshot_block {
        size_t at;
        unsigned char byte[BLOCK];
    } block[];
};

void *snapshot_memory(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes);

    if (!memory) {
        fprintf(stderr, "virqsim: no memory for %zu bytes of states\n", bytes);
        exit(1);
    }
    return memory;
}

void snapshots_init(struct snapshots *s, void *state, size_t bytes)
{
    s->state = state;
    s->bytes = bytes;
    s->first = snapshot_memory(NULL, bytes);
    memcpy(s->first, state, bytes);
}

void snapshots_free(struct snapshots *s)
{
    free(s->first);
}

static size_t block_bytes(const struct snapshots *s, size_t at)
{
    return s->bytes - at < BLOCK ? s->bytes - at : BLOCK;
}

struct snapshot *snapshot_take(const struct snapshots *s)
{
    struct snapshot *copy = NULL;
    size_t count = 0, room = 0;

    for (size_t at = 0; at < s->bytes; at += BLOCK) {
        size_t bytes = block_bytes(s, at);

        if (!memcmp(s->state + at, s->first + at, bytes))
            continue;
        if (count == room) {
            room += 16 + room / 2;
            copy = snapshot_memory(copy,
                                   sizeof *copy + room * sizeof copy->block[0]);
        }
        copy->block[count].at = at;
        memcpy(copy->block[count++].byte, s->state + at, bytes);
    }
    if (copy)
        copy->count = count;
    return copy;
}

/* What is the same already is not written: reading is faster. */
void snapshot_restore(const struct snapshots *s, const struct snapshot *copy)
{
    for (size_t at = 0; at < s->bytes; at += BLOCK)
        if (memcmp(s->state + at, s->first + at, block_bytes(s, at)) != 0)
            memcpy(s->state + at, s->first + at, block_bytes(s, at));
    for (size_t i = 0; copy && i < copy->count; i++) {
        const struct snapshot_block *b = &copy->block[i];

        memcpy(s->state + b->at, b->byte, block_bytes(s, b->at));
    }
}
