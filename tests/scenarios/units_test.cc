// Quantities: read exactly, written so that they read back.
#include <gtest/gtest.h>

extern "C" {
#include "units.h"
}

namespace
{

std::string parse(unit_kind kind, const char *text)
{
    uint64_t value = 0;
    const char *reason = nullptr;
    if (unit_parse(kind, text, &value, &reason)) {
        return std::to_string(value);
    }
    return reason != nullptr ? reason : "no number";
}

TEST(Units, TimesAreExactNanoseconds)
{
    EXPECT_EQ(parse(UNIT_TIME, "250us"), "250000");
    EXPECT_EQ(parse(UNIT_TIME, "10ms"), "10000000");
    EXPECT_EQ(parse(UNIT_TIME, "60s"), "60000000000");
    EXPECT_EQ(parse(UNIT_TIME, "2min"), "120000000000");
    EXPECT_EQ(parse(UNIT_TIME, "1h"), "3600000000000");
    EXPECT_EQ(parse(UNIT_TIME, "0.000000001s"), "1");
    EXPECT_EQ(parse(UNIT_TIME, "1.5ns"), "is not a whole number of ns");
    EXPECT_EQ(parse(UNIT_TIME, "1.50us"), "1500");
    EXPECT_EQ(parse(UNIT_TIME, "0.1s"), "100000000");
}

TEST(Units, RatesSizesAndFrequenciesAreExact)
{
    EXPECT_EQ(parse(UNIT_RATE, "1.5Mbit"), "1500000");
    EXPECT_EQ(parse(UNIT_RATE, "10Gbit"), "10000000000");
    EXPECT_EQ(parse(UNIT_SIZE, "64KiB"), "65536");
    EXPECT_EQ(parse(UNIT_SIZE, "16MiB"), "16777216");
    EXPECT_EQ(parse(UNIT_SIZE, "1500B"), "1500");
    EXPECT_EQ(parse(UNIT_SIZE, "4kB"), "4000");
    EXPECT_EQ(parse(UNIT_SIZE, "0.5KiB"), "512");
    EXPECT_EQ(parse(UNIT_SIZE, "0.1KiB"), "is not a whole number of bytes");
    EXPECT_EQ(parse(UNIT_FREQUENCY, "100MHz"), "100000000");
    EXPECT_EQ(parse(UNIT_FREQUENCY, "2.5GHz"), "2500000000");
}

TEST(Units, NumberWithoutUnitIsRefused)
{
    EXPECT_EQ(parse(UNIT_TIME, "10"), "has no unit");
    EXPECT_EQ(parse(UNIT_RATE, "0"), "has no unit");
    EXPECT_EQ(parse(UNIT_NUMBER, "10"), "10");
}

TEST(Units, BadUnitsAndNumbersAreRefused)
{
    EXPECT_EQ(parse(UNIT_TIME, "10sec"), "has an unknown unit");
    EXPECT_EQ(parse(UNIT_TIME, "10 s"), "has a space before its unit");
    EXPECT_EQ(parse(UNIT_SIZE, "10KB"), "has an unknown unit");
    EXPECT_EQ(parse(UNIT_RATE, "10mbit"), "has an unknown unit");
    for (const char *text : {"", "s", "-1s", "+1s", ".5s", "1.s", "1.2.3s", "0x10s ", "fast"}) {
        std::string result = parse(UNIT_TIME, text);
        EXPECT_TRUE(result == "no number" || result == "has an unknown unit") << text << result;
    }
    EXPECT_EQ(parse(UNIT_NUMBER, "1e3"), "no number");
    EXPECT_EQ(parse(UNIT_NUMBER, "10s"), "no number");
}

TEST(Units, OverflowIsSeen)
{
    EXPECT_EQ(parse(UNIT_NUMBER, "18446744073709551615"), "18446744073709551615");
    EXPECT_EQ(parse(UNIT_NUMBER, "18446744073709551616"), "is too large");
    EXPECT_EQ(parse(UNIT_TIME, "18446744073.709551615s"), "18446744073709551615");
    EXPECT_EQ(parse(UNIT_TIME, "18446744073.709551616s"), "is too large");
    EXPECT_EQ(parse(UNIT_TIME, std::string(60, '9').append("s").c_str()), "is too large");
    EXPECT_EQ(parse(UNIT_TIME, std::string(38, '9').append("h").c_str()), "is too large");
    EXPECT_EQ(parse(UNIT_TIME, "0.0000000000000000001s"), "has too many decimals");
    EXPECT_EQ(parse(UNIT_TIME, ("1." + std::string(200, '0') + "s").c_str()), "1000000000");
}

TEST(Units, WhatIsWrittenReadsBack)
{
    const uint64_t values[] = {0,    1,     999,   1000,       1024,       1500,
                               4096, 60000, 65536, 3600000000, 1ull << 30, UINT64_MAX};
    for (unit_kind kind : {UNIT_NUMBER, UNIT_TIME, UNIT_RATE, UNIT_SIZE, UNIT_FREQUENCY}) {
        for (uint64_t value : values) {
            char text[UNIT_TEXT_MAX];
            unit_write(kind, value, text);
            EXPECT_EQ(parse(kind, text), std::to_string(value)) << text;
        }
    }
    char text[UNIT_TEXT_MAX];
    unit_write(UNIT_TIME, 90000000000, text);
    EXPECT_STREQ(text, "90s");
    unit_write(UNIT_TIME, 0, text);
    EXPECT_STREQ(text, "0s");
    unit_write(UNIT_SIZE, 65536, text);
    EXPECT_STREQ(text, "64KiB");
}

} // namespace
