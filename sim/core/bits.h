/*
 * Sets of interrupt vectors: 256 bits, as IRR, ISR and TMR hold them.
 * Vectors are 0..255; no function checks it beyond the type.
 */
#ifndef SIM_CORE_BITS_H
#define SIM_CORE_BITS_H

#include <stdbool.h>
#include <stdint.h>

struct vecset {
    uint64_t word[4];
};

static inline void vecset_add(struct vecset *s, uint8_t vector)
{
    s->word[vector / 64] |= UINT64_C(1) << (vector % 64);
}

static inline void vecset_del(struct vecset *s, uint8_t vector)
{
    s->word[vector / 64] &= ~(UINT64_C(1) << (vector % 64));
}

static inline bool vecset_has(const struct vecset *s, uint8_t vector)
{
    return (s->word[vector / 64] >> (vector % 64)) & 1;
}

/* The highest vector of the set, or -1 if it is empty.  No loop: which word
 * it is cannot be predicted, and selects cost less than a wrong guess. */
static inline int vecset_top(const struct vecset *s)
{
    int upper = s->word[3] ? 3 : 2;
    int lower = s->word[1] ? 1 : 0;
    int i = s->word[3] | s->word[2] ? upper : lower;

    return s->word[i] ? 64 * i + 63 - __builtin_clzll(s->word[i]) : -1;
}

static inline bool vecset_empty(const struct vecset *s)
{
    return !(s->word[0] | s->word[1] | s->word[2] | s->word[3]);
}

/* Vectors 32i..32i+31, lowest in bit 0: one register of the APIC's arrays. */
static inline uint32_t vecset_word32(const struct vecset *s, unsigned i)
{
    return (uint32_t)(s->word[i / 2] >> (32 * (i % 2)));
}

/* The priority class of a vector, or of a TPR or PPR value: bits 7:4. */
static inline int class_of(int vector)
{
    return vector < 0 ? 0 : vector >> 4;
}

/* Bits 63:47 of a linear address are the same. */
static inline bool is_canonical(uint64_t addr)
{
    return addr >> 47 == 0 || addr >> 47 == 0x1ffff;
}

#endif
