/*
 * Seeded random streams: xoshiro256** seeded by splitmix64 (Blackman and
 * Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021).  Each user
 * has a stream of its own, named by a number, so that adding one source
 * leaves the draws of the others alone.
 */
#ifndef SIM_CORE_RNG_H
#define SIM_CORE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_u64(struct rng *r);

/* Uniform in 0..n-1 without bias; n must not be 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

/* Uniform in [0, 1), 53 bits. */
double rng_unit(struct rng *r);

/* Exponential with the given mean, rounded to an integer; computed with
 * integer arithmetic so that every machine gives the same value.  At most 44.4
 * times the mean, and at most UINT64_MAX. */
uint64_t rng_exponential(struct rng *r, uint64_t mean);

#endif
