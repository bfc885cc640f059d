/* Hashes of states: 64 bits, the same on every machine. */
#ifndef SIM_EXPLORE_HASH_H
#define SIM_EXPLORE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    uint64_t x =
        (a ^ (b + UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xff51afd7ed558ccd);

    x = (x ^ x >> 32) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 29;
}

/* `hash` and then the bytes. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    uint64_t word;

    for (; bytes >= sizeof word; bytes -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        hash = hash_mix(hash, word);
    }
    word = 0;
    if (bytes) /* of nothing there may be no address */
        memcpy(&word, p, bytes);
    return hash_mix(hash, word);
}

#endif
