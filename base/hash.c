/* XXH3-64, through the system's xxHash. */
#include <base/hash.h>

#include <xxhash.h>

uint64_t hash_bytes(const void *data, size_t size_bytes)
{
    return XXH3_64bits(data, size_bytes);
}

uint64_t hash_chain(uint64_t chain, const void *data, size_t size_bytes)
{
    return XXH3_64bits_withSeed(data, size_bytes, chain);
}
