/* See hash128.h. */
#include "hash128.h"

#include <string.h>

#define BLOCK_BYTES 16u
#define PRIME_1     2654435761u
#define PRIME_2     2246822519u

static inline uint32_t rotate_left(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

/* For each word it is a bijection of the lane, and for each lane one of the word. */
static inline uint32_t mix(uint32_t lane, const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return rotate_left(lane + word * PRIME_2, 13) * PRIME_1;
}

static void add_blocks(uint32_t lanes[4], const uint8_t *bytes, size_t count)
{
    uint32_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
    for (; count > 0; count--, bytes += BLOCK_BYTES) {
        a = mix(a, bytes);
        b = mix(b, bytes + 4);
        c = mix(c, bytes + 8);
        d = mix(d, bytes + 12);
    }
    lanes[0] = a, lanes[1] = b, lanes[2] = c, lanes[3] = d;
}

void hash128_begin(struct hash128 *hash)
{
    *hash = (struct hash128){.lanes = {PRIME_1 + PRIME_2, PRIME_2, 0, 0u - PRIME_1}};
}

void hash128_add(struct hash128 *hash, const void *bytes, size_t length_bytes)
{
    const uint8_t *from = bytes;
    size_t held = hash->length_bytes % BLOCK_BYTES;
    hash->length_bytes += length_bytes;
    if (held) {
        size_t part = BLOCK_BYTES - held < length_bytes ? BLOCK_BYTES - held : length_bytes;
        memcpy(hash->block + held, from, part);
        from += part;
        length_bytes -= part;
        if (held + part < BLOCK_BYTES)
            return;
        add_blocks(hash->lanes, hash->block, 1);
    }
    add_blocks(hash->lanes, from, length_bytes / BLOCK_BYTES);
    if (length_bytes % BLOCK_BYTES)
        memcpy(hash->block, from + length_bytes / BLOCK_BYTES * BLOCK_BYTES,
               length_bytes % BLOCK_BYTES);
}

/* The rest, filled up with zeros, then a block of the length: two lengths never look alike. */
void hash128_end(const struct hash128 *hash, uint8_t digest[HASH128_BYTES])
{
    uint32_t lanes[4];
    uint8_t last[2 * BLOCK_BYTES] = {0};
    memcpy(lanes, hash->lanes, sizeof lanes);
    memcpy(last, hash->block, hash->length_bytes % BLOCK_BYTES);
    for (int i = 0; i < 8; i++) {
        last[BLOCK_BYTES + i] = (uint8_t)(hash->length_bytes >> (8 * i));
        last[BLOCK_BYTES + 8 + i] = last[BLOCK_BYTES + i];
    }
    add_blocks(lanes, last, 2);
    for (unsigned i = 0; i < HASH128_BYTES; i++)
        digest[i] = (uint8_t)(lanes[i / 4] >> (8 * (i % 4)));
}

void hash128_text(const uint8_t digest[HASH128_BYTES], char text[2 * HASH128_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < HASH128_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * HASH128_BYTES] = '\0';
}
