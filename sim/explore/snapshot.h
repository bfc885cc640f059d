/* Copies of a state, as the blocks in which it differs from the first one. */
#ifndef SIM_EXPLORE_SNAPSHOT_H
#define SIM_EXPLORE_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

struct snapshots {
    unsigned char *state, *first; /* `first`: a copy of the whole */
    size_t bytes;
};

struct snapshot; /* NULL: as the first one */

void snapshots_init(struct snapshots *s, void *state, size_t bytes);
void snapshots_free(struct snapshots *s);

/* To be freed by free(). */
struct snapshot *snapshot_take(const struct snapshots *s);
void snapshot_restore(const struct snapshots *s, const struct snapshot *copy);

/* For what the program cannot do without: ends it if memory is short. */
void *snapshot_memory(void *old, size_t bytes);

#endif
