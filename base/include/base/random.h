/*
 * Named random streams. One seed in the scenario; every consumer draws from a stream of its own
 * name ("net/loss/17-42"), so that adding a consumer moves nobody else's numbers.
 *
 * The generator is xoshiro256** 1.0 (Blackman and Vigna 2018, public domain); its state comes from
 * SplitMix64 over XXH3-64 of the name, seeded with the scenario's seed.
 */
#ifndef DENALI_BASE_RANDOM_H
#define DENALI_BASE_RANDOM_H

#include <stdint.h>

struct random_stream {
    uint64_t state[4];
};

/* Starts the stream of that name under that seed. */
void random_init(struct random_stream *stream, uint64_t seed, const char *name);

/* Sets the state from one number by SplitMix64; for the published test vectors and for tests. */
void random_init_seed(struct random_stream *stream, uint64_t seed);

/*
 * Streams without state, for whoever can only afford a counter: the key of the stream of that name
 * under that seed, and 64 bits of it by their position. SplitMix64 is such a generator (Steele, Lea
 * and Flood 2014): its output is a mix of a counter.
 */
uint64_t random_key(uint64_t seed, const char *name);
uint64_t random_at(uint64_t key, uint64_t position);

/* The next 64 bits. */
uint64_t random_next(struct random_stream *stream);

/* Uniform in [0, bound), without bias (Lemire 2019). bound > 0. */
uint64_t random_below(struct random_stream *stream, uint64_t bound);

#endif
