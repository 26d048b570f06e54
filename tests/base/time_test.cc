// Virtual time and its exact conversion to and from cycles.
#include <gtest/gtest.h>

#include <vector>

extern "C" {
#include <base/random.h>
#include <base/time.h>
}

namespace
{

const std::vector<uint64_t> kSpeeds = {1,          3,          32768,      1000000,   999999999,
                                       1000000000, 1000000001, 2400000000, 3333333333};

TEST(Time, WholeSecondsOfCyclesAreWholeSeconds)
{
    for (uint64_t cpu_hz : kSpeeds) {
        EXPECT_EQ(time_of_cycles(0, cpu_hz), 0u);
        EXPECT_EQ(time_of_cycles(cpu_hz, cpu_hz), TIME_NS_PER_S);
        EXPECT_EQ(time_to_cycles(TIME_NS_PER_S, cpu_hz), cpu_hz);
        /* A day later there is still no error. */
        EXPECT_EQ(time_of_cycles(cpu_hz * 86400, cpu_hz), TIME_NS_PER_S * 86400);
        EXPECT_EQ(time_to_cycles(TIME_NS_PER_S * 86400, cpu_hz), cpu_hz * 86400);
    }
}

TEST(Time, ReadsRoundDown)
{
    EXPECT_EQ(time_of_cycles(1, 3), 333333333u);
    EXPECT_EQ(time_of_cycles(2, 3), 666666666u);
    EXPECT_EQ(time_of_cycles(3, 3), 1000000000u);
    EXPECT_EQ(time_of_cycles(1, 2400000000), 0u);
    EXPECT_EQ(time_of_cycles(12, 2400000000), 5u);
}

TEST(Time, ADeadlineIsTheFirstCycleAtOrAfterIt)
{
    struct random_stream random;
    random_init(&random, 1, "time");
    for (uint64_t cpu_hz : kSpeeds) {
        for (int i = 0; i < 5000; i++) {
            uint64_t time_ns = random_next(&random) >> (random_below(&random, 60) + 3);
            uint64_t cycles = time_to_cycles(time_ns, cpu_hz);
            ASSERT_GE(time_of_cycles(cycles, cpu_hz), time_ns) << time_ns << " at " << cpu_hz;
            if (cycles > 0) {
                ASSERT_LT(time_of_cycles(cycles - 1, cpu_hz), time_ns)
                    << time_ns << " at " << cpu_hz;
            }
        }
    }
}

TEST(Time, StepsLoseNothing)
{
    /* The remainder is carried: a clock read after each cycle moves by the right total. */
    const uint64_t cpu_hz = 700000001;
    uint64_t sum = 0, last = 0;
    for (uint64_t cycles = 1; cycles <= 100000; cycles++) {
        uint64_t now = time_of_cycles(cycles, cpu_hz);
        sum += now - last;
        last = now;
    }
    EXPECT_EQ(sum, 142857u); /* 100000 cycles of 1/0.700000001 ns, rounded down once */
}

TEST(Time, ADeadlineBeyondAllCyclesSaturates)
{
    EXPECT_EQ(time_to_cycles(TIME_NEVER, 2400000000), UINT64_MAX);
    EXPECT_LT(time_to_cycles(TIME_NEVER, 100000000), UINT64_MAX);
}

} // namespace
