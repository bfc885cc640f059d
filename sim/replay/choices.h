/*
 * What a recording leaves open: whose timer expired, and which of several CPUs
 * took a vector.  The player takes the likeliest one, and where a difference
 * follows soon, goes back and takes another.  If none fits, those stand that
 * fit longest.
 */
#ifndef SIM_REPLAY_CHOICES_H
#define SIM_REPLAY_CHOICES_H

#include "sim/replay/player.h"

/* The likeliest first. */
struct candidates {
    unsigned count;
    uint8_t cpu[BOARD_CPUS];
};

struct choices *choices_new(void);
void choices_free(struct choices *c);

/* Puts a CPU to the front; false if it is no candidate. */
bool candidate_first(struct candidates *c, unsigned cpu);

/* The CPU to take now, before the operation at hand has changed anything. */
uint8_t choices_take(struct player *p, const struct candidates *c);

/* After a difference: back to a choice with a candidate that was not tried, so
 * that the operation at hand is the one to be played; false if there is none,
 * and then the operation at hand is played. */
bool choices_retreat(struct player *p);

#endif
