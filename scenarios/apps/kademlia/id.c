/* Identifiers, SHA-1 and random numbers; see id.h. Knows nothing of nodes or networks. */
#include "id.h"

#include <string.h>

void kad_random_seed(struct kad_random *random, uint64_t seed, uint64_t stream)
{
    /* One step on the seed, then the stream: neighbouring streams of one seed do not overlap. */
    random->state = seed;
    random->state = kad_random_next(random) ^ (stream * UINT64_C(0xd1342543de82ef95));
    (void)kad_random_next(random);
}

uint64_t kad_random_next(struct kad_random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint32_t kad_random_below(struct kad_random *random, uint32_t limit)
{
    uint32_t draw = (uint32_t)(kad_random_next(random) >> 32);
    return (uint32_t)(((uint64_t)draw * limit) >> 32);
}

static uint32_t rotate_left(uint32_t word, unsigned count)
{
    return (word << count) | (word >> (32 - count));
}

/* FIPS 180-4, 6.1.2: one 64-byte block. */
static void sha1_block(uint32_t hash[5], const uint8_t *block)
{
    uint32_t schedule[80];
    for (int t = 0; t < 16; t++) {
        schedule[t] = kad_load_32(block + 4 * t);
    }
    for (int t = 16; t < 80; t++) {
        schedule[t] =
            rotate_left(schedule[t - 3] ^ schedule[t - 8] ^ schedule[t - 14] ^ schedule[t - 16], 1);
    }
    uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (int t = 0; t < 80; t++) {
        uint32_t mix;
        if (t < 20) {
            mix = ((b & c) | (~b & d)) + 0x5a827999u;
        } else if (t < 40) {
            mix = (b ^ c ^ d) + 0x6ed9eba1u;
        } else if (t < 60) {
            mix = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
        } else {
            mix = (b ^ c ^ d) + 0xca62c1d6u;
        }
        uint32_t next = rotate_left(a, 5) + mix + e + schedule[t];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
}

void kad_id_hash(struct kad_id *id, const void *bytes, size_t size_bytes)
{
    static const uint32_t initial[KAD_ID_WORDS] = {0x67452301u, 0xefcdab89u, 0x98badcfeu,
                                                   0x10325476u, 0xc3d2e1f0u};
    const uint8_t *rest = bytes;
    size_t left = size_bytes;
    memcpy(id->word, initial, sizeof(initial));
    while (left >= 64) {
        sha1_block(id->word, rest);
        rest += 64;
        left -= 64;
    }
    uint8_t last[128] = {0};
    if (left > 0) {
        memcpy(last, rest, left);
    }
    last[left] = 0x80;
    size_t padded = left < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)size_bytes * 8;
    kad_store_32(last + padded - 8, (uint32_t)(bits >> 32));
    kad_store_32(last + padded - 4, (uint32_t)bits);
    sha1_block(id->word, last);
    if (padded == 128) {
        sha1_block(id->word, last + 64);
    }
}

void kad_id_of(struct kad_id *id, const char *prefix, uint32_t number)
{
    char text[48];
    size_t length = 0;
    while (prefix[length] != '\0' && length < sizeof(text) - 12) {
        text[length] = prefix[length];
        length++;
    }
    text[length++] = '-';
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0) {
        text[length++] = digits[--count];
    }
    kad_id_hash(id, text, length);
}

void kad_id_random(struct kad_id *id, struct kad_random *random)
{
    uint64_t first = kad_random_next(random);
    uint64_t second = kad_random_next(random);
    id->word[0] = (uint32_t)first;
    id->word[1] = (uint32_t)(first >> 32);
    id->word[2] = (uint32_t)second;
    id->word[3] = (uint32_t)(second >> 32);
    id->word[4] = (uint32_t)kad_random_next(random);
}

void kad_id_random_in_bucket(struct kad_id *id, const struct kad_id *self, int bucket,
                             struct kad_random *random)
{
    struct kad_id noise;
    kad_id_random(&noise, random);
    int split = KAD_ID_WORDS - 1 - bucket / 32; /* the word with the highest differing bit */
    uint32_t bit = UINT32_C(1) << (bucket % 32);
    for (int i = 0; i < KAD_ID_WORDS; i++) {
        if (i < split) {
            id->word[i] = self->word[i];
        } else if (i == split) {
            id->word[i] = self->word[i] ^ bit ^ (noise.word[i] & (bit - 1));
        } else {
            id->word[i] = noise.word[i];
        }
    }
}
