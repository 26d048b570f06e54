// Hashing against the published values of XXH3-64.
#include <gtest/gtest.h>

#include <cstring>

extern "C" {
#include <base/hash.h>
}

namespace
{

TEST(Hash, IsXxh3)
{
    /* Of the empty input: xxHash's specification and its own sanity test. */
    EXPECT_EQ(hash_bytes("", 0), 0x2d06800538d394c2u);
}

TEST(Hash, AChainStartsAsThePlainHashAndThenKeepsWhatCameBefore)
{
    EXPECT_EQ(hash_chain(0, "frame", 5), hash_bytes("frame", 5));
    uint64_t ab = hash_chain(hash_chain(0, "a", 1), "b", 1);
    uint64_t ba = hash_chain(hash_chain(0, "b", 1), "a", 1);
    EXPECT_NE(ab, ba);
    EXPECT_NE(hash_chain(ab, "", 0), ab) << "even an empty piece leaves its mark";
}

} // namespace
