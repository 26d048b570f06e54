/*
 * Hashing for digests: XXH3-64, little-endian input only. Nothing security depends on it.
 */
#ifndef DENALI_BASE_HASH_H
#define DENALI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH3-64 of size_bytes at data. */
uint64_t hash_bytes(const void *data, size_t size_bytes);

/* XXH3-64 of data with chain as the seed: the next value of a chained digest. */
uint64_t hash_chain(uint64_t chain, const void *data, size_t size_bytes);

#endif
