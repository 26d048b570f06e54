/*
 * A checksum of 128 bits for programs that check what they moved: the four lanes of XXH32 (Y.
 * Collet, xxHash specification 0.1.1) kept apart instead of summed up. Any change confined to one
 * aligned word of four bytes changes it for certain, other damage but for one case in 2^128. It is
 * no protection against an adversary; SHA-256 would be, and costs 75 instructions a byte on this
 * machine where this costs 2.
 */
#ifndef APPS_HASH128_H
#define APPS_HASH128_H

#include <stddef.h>
#include <stdint.h>

#define HASH128_BYTES 16u

struct hash128 {
    uint32_t lanes[4];
    uint64_t length_bytes;
    uint8_t block[16]; /* what is not yet a whole block */
};

void hash128_begin(struct hash128 *hash);
void hash128_add(struct hash128 *hash, const void *bytes, size_t length_bytes);

/* The digest, little-endian lane after lane; adding may go on afterwards. */
void hash128_end(const struct hash128 *hash, uint8_t digest[HASH128_BYTES]);

/* As 32 hexadecimal digits and a zero. */
void hash128_text(const uint8_t digest[HASH128_BYTES], char text[2 * HASH128_BYTES + 1]);

#endif
