// OPT against one that looks for the best page by looking at all of the future, and against all
// choices that there are.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

extern "C" {
#include <analysis/replacement.h>
}

namespace
{

ana_replacement judge(enum ana_victim victim, const std::vector<uint64_t> &references,
                      uint64_t capacity, size_t warm = 0)
{
    ana_replacement result;
    ana_replacement_judge(victim, references.data(), references.size(), warm, capacity, &result);
    return result;
}

ana_replacement optimal(const std::vector<uint64_t> &references, uint64_t capacity)
{
    return judge(ANA_VICTIM_OPTIMAL, references, capacity);
}

uint64_t least_recent_first(const std::vector<uint64_t> &references, uint64_t capacity)
{
    std::vector<uint64_t> memory; // the least recent first
    uint64_t misses = 0;
    for (uint64_t page : references) {
        auto at = std::find(memory.begin(), memory.end(), page);
        if (at != memory.end()) {
            memory.erase(at);
        } else {
            misses++;
            if (memory.size() == capacity) {
                memory.erase(memory.begin());
            }
        }
        memory.push_back(page);
    }
    return misses;
}

uint64_t farthest_first(const std::vector<uint64_t> &references, uint64_t capacity)
{
    std::set<uint64_t> memory;
    uint64_t misses = 0;
    for (size_t i = 0; i < references.size(); i++) {
        if (memory.count(references[i])) {
            continue;
        }
        misses++;
        if (memory.size() == capacity) {
            uint64_t victim = 0;
            size_t farthest = 0;
            for (uint64_t page : memory) {
                size_t next =
                    std::find(references.begin() + i, references.end(), page) - references.begin();
                if (next >= farthest) {
                    farthest = next;
                    victim = page;
                }
            }
            memory.erase(victim);
        }
        memory.insert(references[i]);
    }
    return misses;
}

// The least over every choice of every victim.
uint64_t least(const std::vector<uint64_t> &references, size_t at, const std::set<uint64_t> &memory,
               uint64_t capacity, std::map<std::pair<size_t, std::set<uint64_t>>, uint64_t> &known)
{
    while (at < references.size() && memory.count(references[at])) {
        at++;
    }
    if (at == references.size()) {
        return 0;
    }
    auto key = std::make_pair(at, memory);
    if (known.count(key)) {
        return known[key];
    }
    uint64_t best = UINT64_MAX;
    if (memory.size() < capacity) {
        std::set<uint64_t> more = memory;
        more.insert(references[at]);
        best = 1 + least(references, at + 1, more, capacity, known);
    } else {
        for (uint64_t victim : memory) {
            std::set<uint64_t> other = memory;
            other.erase(victim);
            other.insert(references[at]);
            best = std::min(best, 1 + least(references, at + 1, other, capacity, known));
        }
    }
    return known[key] = best;
}

} // namespace

TEST(Replacement, IsWhatThePaperSays)
{
    // Belady's example of FIFO's anomaly; OPT has 7 and 6 misses.
    const std::vector<uint64_t> string = {1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};
    EXPECT_EQ(optimal(string, 3).misses, 7u);
    EXPECT_EQ(optimal(string, 4).misses, 6u);
    EXPECT_EQ(optimal(string, 5).misses, 5u);
    EXPECT_EQ(optimal(string, 3).first, 5u);
    EXPECT_EQ(optimal(string, 3).references, 12u);
    EXPECT_EQ(optimal(string, 1).misses, 12u);
    EXPECT_EQ(optimal({}, 1).misses, 0u);
    EXPECT_EQ(optimal({7, 7, 7}, UINT64_MAX).misses, 1u);
}

TEST(Replacement, NoChoiceOfVictimsIsBetter)
{
    std::mt19937_64 random(1);
    for (int round = 0; round < 150; round++) {
        std::vector<uint64_t> string(4 + random() % 12);
        for (uint64_t &page : string) {
            page = (random() % 5) * 0x4000000000000001u;
        }
        for (uint64_t capacity = 1; capacity <= 4; capacity++) {
            std::map<std::pair<size_t, std::set<uint64_t>>, uint64_t> known;
            EXPECT_EQ(optimal(string, capacity).misses, least(string, 0, {}, capacity, known));
        }
    }
}

TEST(Replacement, TakesWhatIsWantedAgainLast)
{
    std::mt19937_64 random(2);
    for (int round = 0; round < 60; round++) {
        std::vector<uint64_t> string(random() % 400);
        const uint64_t pages = 1 + random() % 40;
        for (uint64_t &page : string) {
            page = random() % 3 ? random() % (1 + pages / 4) : random() % pages;
        }
        const uint64_t capacity = 1 + random() % pages;
        EXPECT_EQ(optimal(string, capacity).misses, farthest_first(string, capacity));
        const uint64_t recent = judge(ANA_VICTIM_RECENT, string, capacity).misses;
        EXPECT_EQ(recent, least_recent_first(string, capacity));
        EXPECT_GE(recent, optimal(string, capacity).misses);
    }
}

TEST(Replacement, TheRecentLoseInALoop)
{
    const std::vector<uint64_t> loop = {1, 2, 3, 1, 2, 3};
    EXPECT_EQ(judge(ANA_VICTIM_RECENT, loop, 2).misses, 6u);
    EXPECT_EQ(judge(ANA_VICTIM_OPTIMAL, loop, 2).misses, 4u);
}

TEST(Replacement, CountsNothingWhileItWarmsUp)
{
    const ana_replacement warm = judge(ANA_VICTIM_OPTIMAL, {1, 2, 3, 1, 2, 3}, 2, 4);
    EXPECT_EQ(warm.references, 2u);
    EXPECT_EQ(warm.misses, 1u);
    EXPECT_EQ(warm.first, 0u);
    EXPECT_EQ(judge(ANA_VICTIM_RECENT, {1, 2}, 2, 5).references, 0u);
}
