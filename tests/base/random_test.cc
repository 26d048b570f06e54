// Random streams against the published test vectors.
#include <gtest/gtest.h>

#include <set>
#include <vector>

extern "C" {
#include <base/hash.h>
#include <base/random.h>
}

namespace
{

TEST(Random, SeedsByTheReferenceSplitMix64)
{
    /* https://prng.di.unimi.it/splitmix64.c, started at 0. */
    struct random_stream stream;
    random_init_seed(&stream, 0);
    EXPECT_EQ(stream.state[0], 0xe220a8397b1dcdafu);
    EXPECT_EQ(stream.state[1], 0x6e789e6aa1b965f4u);
    EXPECT_EQ(stream.state[2], 0x06c45d188009454fu);
    EXPECT_EQ(stream.state[3], 0xf88bb8a8724c81ecu);
    /* And at 1234567, the vector that Rosetta Code publishes. */
    random_init_seed(&stream, 1234567);
    EXPECT_EQ(stream.state[0], 6457827717110365317u);
    EXPECT_EQ(stream.state[1], 3203168211198807973u);
    EXPECT_EQ(stream.state[2], 9817491932198370423u);
    EXPECT_EQ(stream.state[3], 4593380528125082431u);
}

TEST(Random, AStreamWithoutStateIsTheReferenceSplitMix64ByPosition)
{
    EXPECT_EQ(random_at(0, 0), 0xe220a8397b1dcdafu);
    EXPECT_EQ(random_at(0, 3), 0xf88bb8a8724c81ecu);
    EXPECT_EQ(random_at(1234567, 3), 4593380528125082431u);
    EXPECT_EQ(random_key(7, "entropy/a"), hash_chain(7, "entropy/a", 9));
}

TEST(Random, DrawsByTheReferenceXoshiro256StarStar)
{
    /* https://prng.di.unimi.it/xoshiro256starstar.c from the state 1, 2, 3, 4. */
    struct random_stream stream = {{1, 2, 3, 4}};
    const uint64_t expected[] = {11520u,
                                 0u,
                                 1509978240u,
                                 1215971899390074240u,
                                 1216172134540287360u,
                                 607988272756665600u,
                                 16172922978634559625u,
                                 8476171486693032832u,
                                 10595114339597558777u,
                                 2904607092377533576u};
    for (uint64_t value : expected) {
        EXPECT_EQ(random_next(&stream), value);
    }
}

TEST(Random, AStreamIsAFunctionOfSeedAndName)
{
    struct random_stream a, b, other_name, other_seed;
    random_init(&a, 7, "net/loss/17-42");
    random_init(&b, 7, "net/loss/17-42");
    random_init(&other_name, 7, "net/loss/17-43");
    random_init(&other_seed, 8, "net/loss/17-42");
    std::set<uint64_t> seen;
    for (int i = 0; i < 100; i++) {
        uint64_t value = random_next(&a);
        EXPECT_EQ(value, random_next(&b));
        seen.insert(value);
        seen.insert(random_next(&other_name));
        seen.insert(random_next(&other_seed));
    }
    EXPECT_EQ(seen.size(), 300u);
}

TEST(Random, NamedStreamsStayWhatTheyAre)
{
    /* Recorded runs depend on the derivation: SplitMix64 over XXH3-64 of the name with the seed. */
    struct random_stream named, derived;
    random_init(&named, 7, "entropy");
    random_init_seed(&derived, hash_chain(7, "entropy", 7));
    for (int i = 0; i < 4; i++) {
        EXPECT_EQ(named.state[i], derived.state[i]);
    }
}

TEST(Random, BelowStaysBelowItsBound)
{
    struct random_stream random;
    random_init(&random, 3, "below");
    for (uint64_t bound : {1ull, 2ull, 3ull, 1000ull, 1ull << 63, ~0ull}) {
        for (int i = 0; i < 2000; i++) {
            ASSERT_LT(random_below(&random, bound), bound);
        }
    }
}

TEST(Random, BelowHasNoBiasWhereTheBoundDoesNotDivide)
{
    /* With bound 3 * 2^62 a draw by plain modulus would hit the lowest third half the time. */
    struct random_stream random;
    random_init(&random, 4, "bias");
    const uint64_t third = 1ull << 62;
    const int draws = 30000;
    std::vector<int> count(3);
    for (int i = 0; i < draws; i++) {
        count[random_below(&random, 3 * third) / third]++;
    }
    for (int one : count) {
        EXPECT_NEAR(one, draws / 3, 5 * 82); /* five standard deviations */
    }
}

} // namespace
