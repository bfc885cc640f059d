/* Random streams: whole numbers only, so that every machine draws alike. */
#include "sim/core/rng.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

typedef unsigned __int128 u128;

#define LN2_Q58 UINT64_C(199786072581291495)
#define SQRT2_Q58 UINT64_C(407619307041649444)
#define FRACTION 58
#define ONE (UINT64_C(1) << FRACTION)

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* The output function of splitmix64: a bijection that leaves 0 alone. */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Stream 0 is splitmix64 seeded with `seed` itself. */
void rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed ^ mixed(stream);

    for (int i = 0; i < 4; i++)
        r->state[i] = mixed(x += UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    u128 product;
    uint64_t surplus;

    assert(n != 0);
    /* 2^64 mod n of the low halves are surplus: draw again for these. */
    surplus = -n % n;
    do
        product = (u128)rng_u64(r) * n;
    while ((uint64_t)product < surplus);
    return (uint64_t)(product >> 64);
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* A number below 1, with 64 bits of fraction in place of 58. */
static uint64_t fraction64(uint64_t x)
{
    return x << (64 - FRACTION);
}

/* With a factor of 64 bits of fraction the product is the upper half of 128
 * bits: no shift follows the multiplication. */
static uint64_t times(uint64_t a, uint64_t factor)
{
    return (uint64_t)(((u128)a * factor) >> 64);
}

/* Without a branch: which one it is of random numbers cannot be predicted. */
static uint64_t negated_if(bool negate, uint64_t x)
{
    uint64_t ones = -(uint64_t)negate;

    return (x ^ ones) - ones;
}

/*
 * The natural logarithm of m in [1, 2), all with 58 bits of fraction:
 * ln m = 2 artanh s = 2 (s + s^3/3 + s^5/5 + ...) with s = (m-1)/(m+1); above
 * the root of 2 it is ln 2 - ln (2/m), for which s = (2-m)/(2+m).  As s is at
 * most 3 - 2 sqrt 2, term k is below 2^-5.08k: twelve terms reach the last bit.
 * The first and the second of each pair of terms are summed apart, since each
 * step of a sum waits for the one before.
 */
static uint64_t natural_log(uint64_t m)
{
    static const uint64_t coefficient[][2] = {
        {ONE / 1, ONE / 3},   {ONE / 5, ONE / 7},   {ONE / 9, ONE / 11},
        {ONE / 13, ONE / 15}, {ONE / 17, ONE / 19}, {ONE / 21, ONE / 23},
    };
    bool upper = m > SQRT2_Q58;
    uint64_t nearer = ONE << upper, distance = negated_if(upper, m - nearer);
    uint64_t s = (uint64_t)(((u128)distance << FRACTION) / (m + nearer));
    uint64_t s64 = fraction64(s), square = times(s, s64);
    uint64_t square64 = fraction64(square);
    uint64_t fourth64 = fraction64(times(square, square64));
    uint64_t first = 0, second = 0, log;

    for (size_t k = sizeof coefficient / sizeof *coefficient; k-- > 0;) {
        first = coefficient[k][0] + times(first, fourth64);
        second = coefficient[k][1] + times(second, fourth64);
    }
    log = 2 * times(first + times(second, square64), s64);
    return negated_if(upper, log) + upper * LN2_Q58;
}

/* -ln u * mean, with u = x / 2^64 and x odd: never 0, never 1, no bias. */
uint64_t rng_exponential(struct rng *r, uint64_t mean)
{
    uint64_t x = rng_u64(r) | 1, minus_log;
    int zeros = __builtin_clzll(x);
    u128 value;

    x <<= zeros; /* m = x / 2^63, u = m / 2^(zeros + 1) */
    minus_log = (uint64_t)(zeros + 1) * LN2_Q58 - natural_log(x >> 5);
    value = (u128)minus_log * mean + (UINT64_C(1) << (FRACTION - 1));
    value >>= FRACTION;
    return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}
