/*
 * 160-bit identifiers, the XOR metric, SHA-1, and the peer's random numbers.
 *
 * Nodes and keys live in the same space, and d(x, y) = x XOR y read as an integer (Maymounkov and
 * Mazieres 2002, 2.1). A word holds 32 bits of the identifier, word[0] the most significant; on the
 * wire every word is in network byte order.
 */
#ifndef KADEMLIA_ID_H
#define KADEMLIA_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KAD_ID_BITS  160
#define KAD_ID_WORDS 5
#define KAD_ID_BYTES 20

struct kad_id {
    uint32_t word[KAD_ID_WORDS];
};

/* SplitMix64 (Steele, Lea and Flood 2014): one 64-bit state, integers only. */
struct kad_random {
    uint64_t state;
};

void kad_random_seed(struct kad_random *random, uint64_t seed, uint64_t stream);
uint64_t kad_random_next(struct kad_random *random);
/* Uniform in 0..limit-1 (by multiplication; the bias is below 2^-32 for limits below 2^32). */
uint32_t kad_random_below(struct kad_random *random, uint32_t limit);

/* SHA-1 (FIPS 180-4) of a text: where the identifiers of nodes and keys come from. */
void kad_id_hash(struct kad_id *id, const void *bytes, size_t size_bytes);
/* SHA-1 of "<prefix>-<number>". */
void kad_id_of(struct kad_id *id, const char *prefix, uint32_t number);

void kad_id_random(struct kad_id *id, struct kad_random *random);
/* A random identifier at a distance of 2^bucket .. 2^(bucket+1)-1 from self (paper, 2.3: bucket
 * refresh). */
void kad_id_random_in_bucket(struct kad_id *id, const struct kad_id *self, int bucket,
                             struct kad_random *random);

/* Network byte order. Every machine that this program runs on is little-endian. */
static inline uint32_t kad_load_32(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
    return __builtin_bswap32(word);
}

static inline void kad_store_32(uint8_t *bytes, uint32_t word)
{
    word = __builtin_bswap32(word);
    memcpy(bytes, &word, sizeof(word));
}

/* Inline and without a loop: twenty identifiers pass through here for most messages. */
static inline void kad_id_write(const struct kad_id *id, uint8_t *bytes)
{
    kad_store_32(bytes, id->word[0]);
    kad_store_32(bytes + 4, id->word[1]);
    kad_store_32(bytes + 8, id->word[2]);
    kad_store_32(bytes + 12, id->word[3]);
    kad_store_32(bytes + 16, id->word[4]);
}

static inline void kad_id_read(struct kad_id *id, const uint8_t *bytes)
{
    id->word[0] = kad_load_32(bytes);
    id->word[1] = kad_load_32(bytes + 4);
    id->word[2] = kad_load_32(bytes + 8);
    id->word[3] = kad_load_32(bytes + 12);
    id->word[4] = kad_load_32(bytes + 16);
}

static inline bool kad_id_equal(const struct kad_id *a, const struct kad_id *b)
{
    for (int i = 0; i < KAD_ID_WORDS; i++) {
        if (a->word[i] != b->word[i]) {
            return false;
        }
    }
    return true;
}

/* Below 0 if a is closer to target than b, 0 if they are the same identifier, above 0 if farther.
 * Distances to one target are equal only for equal identifiers (paper, 2.1: XOR is
 * unidirectional). */
static inline int kad_id_compare(const struct kad_id *a, const struct kad_id *b,
                                 const struct kad_id *target)
{
    for (int i = 0; i < KAD_ID_WORDS; i++) {
        uint32_t distance_a = a->word[i] ^ target->word[i];
        uint32_t distance_b = b->word[i] ^ target->word[i];
        if (distance_a != distance_b) {
            return distance_a < distance_b ? -1 : 1;
        }
    }
    return 0;
}

/* The i with 2^i <= d(a, b) < 2^(i+1), the k-bucket of one in the other's table; -1 if equal. */
static inline int kad_id_bucket(const struct kad_id *a, const struct kad_id *b)
{
    for (int i = 0; i < KAD_ID_WORDS; i++) {
        uint32_t distance = a->word[i] ^ b->word[i];
        if (distance != 0) {
            return KAD_ID_BITS - 1 - 32 * i - __builtin_clz(distance);
        }
    }
    return -1;
}

#endif
