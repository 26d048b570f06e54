// Expectations: what holds, what does not, and what is said about it.
#include <gtest/gtest.h>

#include <string>

extern "C" {
#include <analysis/metrics.h>
}

namespace
{

class Expectation : public testing::Test
{
  protected:
    ana_metrics *metrics = ana_metrics_create();
    char detail[ANA_DETAIL_BYTES] = "";

    void SetUp() override
    {
        for (double value : {1.0, 1.0, 1.0, 0.0}) {
            ana_metrics_add(metrics, 0, TRACE_MEASUREMENT, "lookup.success", value);
        }
        ana_metrics_add_figure(metrics, "run.faults", 2);
    }
    ~Expectation() override
    {
        ana_metrics_destroy(metrics);
    }
    bool check(ana_expectation expectation)
    {
        return ana_expectation_check(metrics, &expectation, detail);
    }
};

TEST_F(Expectation, HoldsAtItsBoundAndNotBeyond)
{
    ana_expectation expectation = {};
    expectation.metric = "lookup.success";
    expectation.statistic = ANA_MEAN;
    expectation.has_at_least = true;
    expectation.at_least = 0.75;
    EXPECT_TRUE(check(expectation));
    EXPECT_STREQ(detail, "mean is 0.75, expected at least 0.75");
    expectation.at_least = 0.999;
    EXPECT_FALSE(check(expectation));
    EXPECT_STREQ(detail, "mean is 0.75, expected at least 0.999");

    expectation.at_least = 0.5;
    expectation.has_at_most = true;
    expectation.at_most = 0.75;
    EXPECT_TRUE(check(expectation));
    expectation.at_most = 0.7;
    EXPECT_FALSE(check(expectation)) << "every bound must hold";

    expectation = {};
    expectation.metric = "lookup.success";
    expectation.statistic = ANA_COUNT;
    expectation.has_equals = true;
    expectation.equals = 4;
    EXPECT_TRUE(check(expectation));
    expectation.equals = 5;
    EXPECT_FALSE(check(expectation));
}

TEST_F(Expectation, SeesTheRunsOwnFigures)
{
    ana_expectation expectation = {};
    expectation.metric = "run.faults";
    expectation.statistic = ANA_SUM;
    expectation.has_equals = true;
    expectation.equals = 0;
    EXPECT_FALSE(check(expectation));
    expectation.equals = 2;
    EXPECT_TRUE(check(expectation));
    expectation.statistic = ANA_MAX;
    EXPECT_TRUE(check(expectation));
}

TEST_F(Expectation, OfWhatWasNeverObservedHoldsOnlyForItsCountAndSum)
{
    ana_expectation expectation = {};
    expectation.metric = "nothing";
    expectation.has_at_most = true;
    expectation.at_most = 10;
    for (int statistic = 0; statistic < ANA_STATISTIC_COUNT; statistic++) {
        expectation.statistic = static_cast<ana_statistic>(statistic);
        bool zero = statistic == ANA_COUNT || statistic == ANA_SUM;
        EXPECT_EQ(check(expectation), zero) << ana_statistic_name(expectation.statistic);
        EXPECT_EQ(std::string(detail).find("never observed") == std::string::npos, zero);
    }
}

TEST_F(Expectation, SaysItInBoundedWords)
{
    const std::string name(5000, 'n');
    ana_expectation expectation = {};
    expectation.metric = name.c_str();
    expectation.statistic = ANA_MAX;
    EXPECT_FALSE(check(expectation));
    EXPECT_LT(std::string(detail).size(), ANA_DETAIL_BYTES);
}

} // namespace
