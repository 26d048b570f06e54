// Hits of a cache over a known sequence, against every choice there is.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

extern "C" {
#include <analysis/cache.h>
}

namespace
{

uint64_t Hits(enum ana_replacement replacement, const std::vector<uint32_t> &references,
              uint32_t capacity, uint64_t first = 0)
{
    return ana_cache_hits(replacement, references.data(), references.size(), first, capacity);
}

// The most hits by trying every victim.
uint64_t Best(const std::vector<uint32_t> &references, uint32_t capacity)
{
    std::map<std::set<uint32_t>, uint64_t> states = {{{}, 0}};
    for (uint32_t thing : references) {
        std::map<std::set<uint32_t>, uint64_t> next;
        auto reach = [&](const std::set<uint32_t> &held, uint64_t hits) {
            next[held] = std::max(next[held], hits);
        };
        for (const auto &[held, hits] : states) {
            std::set<uint32_t> with = held;
            with.insert(thing);
            if (held.count(thing)) {
                reach(held, hits + 1);
            } else if (with.size() <= capacity) {
                reach(with, hits);
            } else {
                for (uint32_t victim : held) {
                    std::set<uint32_t> without = with;
                    without.erase(victim);
                    reach(without, hits);
                }
            }
        }
        states = next;
    }
    uint64_t best = 0;
    for (const auto &state : states) {
        best = std::max(best, state.second);
    }
    return best;
}

TEST(Cache, OptimalIsTheBestThereIsAndRecentIsNoBetter)
{
    std::mt19937 random(7);
    bool differs = false;
    for (int round = 0; round < 300; round++) {
        std::vector<uint32_t> references(4 + random() % 14);
        for (uint32_t &thing : references) {
            thing = random() % 6;
        }
        uint32_t capacity = 1 + random() % 4;
        uint64_t best = Best(references, capacity);
        ASSERT_EQ(Hits(ANA_REPLACE_OPTIMAL, references, capacity), best) << "round " << round;
        uint64_t recent = Hits(ANA_REPLACE_RECENT, references, capacity);
        ASSERT_LE(recent, best);
        differs = differs || recent < best;
    }
    EXPECT_TRUE(differs);
}

TEST(Cache, RecentForgetsWhatWasWantedLeastRecently)
{
    EXPECT_EQ(Hits(ANA_REPLACE_RECENT, {1, 2, 1, 3, 1, 2}, 2), 2u);
    EXPECT_EQ(Hits(ANA_REPLACE_RECENT, {1, 2, 3, 1, 2, 3}, 2), 0u) << "Belady's loop";
    EXPECT_EQ(Hits(ANA_REPLACE_OPTIMAL, {1, 2, 3, 1, 2, 3}, 2), 2u);
    EXPECT_EQ(Hits(ANA_REPLACE_OPTIMAL, {1, 2, 3, 1, 2, 3}, 2, 4), 1u) << "but for the first four";
}

TEST(Cache, HitsNothingWithoutRoomOrReferences)
{
    EXPECT_EQ(Hits(ANA_REPLACE_OPTIMAL, {1, 1}, 0), 0u);
    EXPECT_EQ(Hits(ANA_REPLACE_OPTIMAL, {}, 2), 0u);
    EXPECT_EQ(Hits(ANA_REPLACE_OPTIMAL, {UINT32_MAX, UINT32_MAX}, 2), 0u);
}

} // namespace
