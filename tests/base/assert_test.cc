// Assertions, allocation, log and the host clock: what is told when something of ours is wrong.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>

extern "C" {
#include <base/alloc.h>
#include <base/assert.h>
#include <base/host_clock.h>
#include <base/log.h>
}

namespace
{

TEST(AssertDeath, SaysConditionFileAndTheRunsPosition)
{
    EXPECT_DEATH(
        {
            assert_position_set(17, 250000);
            ASSERT(1 + 1 == 3);
        },
        "assert_test.cc:[0-9]+: `1 \\+ 1 == 3` does not hold \\(node 17, virtual time 250000 "
        "ns\\)");
}

TEST(Assert, DoesNothingWhenItHolds)
{
    int evaluated = 0;
    ASSERT(++evaluated == 1);
    EXPECT_EQ(evaluated, 1);
}

TEST(Alloc, GivesZerosAndCopies)
{
    auto *bytes = static_cast<unsigned char *>(alloc_zeroed(100, 1));
    for (int i = 0; i < 100; i++) {
        ASSERT_EQ(bytes[i], 0);
    }
    bytes[99] = 7;
    bytes = static_cast<unsigned char *>(alloc_grow(bytes, 10000, 1));
    EXPECT_EQ(bytes[99], 7);
    free(bytes);
    char *text = alloc_text("denali");
    EXPECT_STREQ(text, "denali");
    free(text);
}

TEST(AllocDeath, ARequestThatOverflowsEndsTheProcessWithItsOwnCode)
{
    EXPECT_EXIT((void)alloc_grow(nullptr, SIZE_MAX / 2, 4), testing::ExitedWithCode(3),
                "out of memory");
}

TEST(Log, PrintsOnlyUpToTheLevelSet)
{
    testing::internal::CaptureStderr();
    log_message(LOG_WARNING, "one %d", 1);
    log_message(LOG_INFO, "two");
    log_level_set(LOG_DEBUG);
    log_message(LOG_DEBUG, "three");
    log_level_set(LOG_WARNING);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "denali: warning: one 1\ndenali: debug: three\n");
}

TEST(HostClock, DoesNotRunBackwards)
{
    uint64_t before_ns = host_clock_ns();
    EXPECT_GE(host_clock_ns(), before_ns);
    EXPECT_GT(host_peak_rss_bytes(), 1u << 20);
}

} // namespace
