/* xoshiro256** 1.0 (Blackman and Vigna 2018), seeded by SplitMix64, as its authors advise. */
#include <base/random.h>

#include <string.h>

#include <base/assert.h>
#include <base/hash.h>

static uint64_t rotate_left(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

uint64_t random_at(uint64_t key, uint64_t position)
{
    uint64_t z = key + (position + 1) * 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint64_t random_key(uint64_t seed, const char *name)
{
    return hash_chain(seed, name, strlen(name));
}

void random_init_seed(struct random_stream *stream, uint64_t seed)
{
    for (uint64_t i = 0; i < 4; i++) {
        stream->state[i] = random_at(seed, i);
    }
}

void random_init(struct random_stream *stream, uint64_t seed, const char *name)
{
    random_init_seed(stream, random_key(seed, name));
}

uint64_t random_next(struct random_stream *stream)
{
    uint64_t *s = stream->state;
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

uint64_t random_below(struct random_stream *stream, uint64_t bound)
{
    ASSERT(bound > 0);
    unsigned __int128 product = (unsigned __int128)random_next(stream) * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = -bound % bound;
        while ((uint64_t)product < threshold) {
            product = (unsigned __int128)random_next(stream) * bound;
        }
    }
    return (uint64_t)(product >> 64);
}
