/* A lock in memory that CPUs spin on, with interrupts off while it is held. */
#ifndef SOFTWARE_LOCK_H
#define SOFTWARE_LOCK_H

#include "software/text.h"

/* Code that takes, and that releases, the lock whose 64 bits are at `*at`;
 * clobbers RAX. */
void lock_build_take(uint64_t *at, struct text *t);
void lock_build_release(const uint64_t *at, struct text *t);

#endif
