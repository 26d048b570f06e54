// Statistics, by hand-worked values and against a plain second computation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

extern "C" {
#include <analysis/metrics.h>
}

namespace
{

class Metrics : public testing::Test
{
  protected:
    ana_metrics *metrics = ana_metrics_create();

    ~Metrics() override
    {
        ana_metrics_destroy(metrics);
    }
    void measure(const char *name, double value)
    {
        ana_metrics_add(metrics, 0, TRACE_MEASUREMENT, name, value);
    }
    trace_statistics find(const char *name)
    {
        trace_statistics statistics;
        EXPECT_TRUE(ana_metrics_find(metrics, name, &statistics)) << name;
        return statistics;
    }
};

TEST_F(Metrics, KeepSoManyNamesApartAndNoMore)
{
    const uint32_t more = 1000;
    for (uint32_t i = 0; i < ANA_METRICS_MAX + more; i++) {
        measure(("m" + std::to_string(i)).c_str(), i);
    }
    measure("m0", 5); // known names go on
    ana_metrics_add_figure(metrics, "run.faults", 3);
    uint32_t count = 0;
    ana_metrics_list(metrics, &count);
    EXPECT_EQ(count, ANA_METRICS_MAX + 1) << "and the one that holds the others";
    EXPECT_EQ(find("m0").count, 2u);
    EXPECT_EQ(find("m65535").max, 65535);
    trace_statistics none;
    EXPECT_FALSE(ana_metrics_find(metrics, "m65536", &none));
    EXPECT_EQ(find(ANA_METRICS_OTHERS).count, more);
    EXPECT_EQ(find(ANA_METRICS_OTHERS).min, 65536);
    EXPECT_EQ(find("run.faults").max, 3);
}

TEST(Statistics, AreByNearestRank)
{
    // The textbook's five values (nearest rank: ceil(p/100 * n)).
    std::vector<double> five = {50, 15, 40, 20, 35};
    trace_statistics s = ana_statistics_of(five.data(), five.size());
    EXPECT_EQ(s.count, 5u);
    EXPECT_EQ(s.sum, 160);
    EXPECT_EQ(s.mean, 32);
    EXPECT_EQ(s.min, 15);
    EXPECT_EQ(s.p50, 35);
    EXPECT_EQ(s.p90, 50);
    EXPECT_EQ(s.max, 50);

    std::vector<double> hundred;
    for (int i = 100; i >= 1; i--) {
        hundred.push_back(i);
    }
    s = ana_statistics_of(hundred.data(), hundred.size());
    EXPECT_EQ(s.p50, 50);
    EXPECT_EQ(s.p90, 90);
    EXPECT_EQ(s.p95, 95);
    EXPECT_EQ(s.p99, 99);

    std::vector<double> two = {2, 1};
    s = ana_statistics_of(two.data(), two.size());
    EXPECT_EQ(s.p50, 1);
    EXPECT_EQ(s.p90, 2);
    std::vector<double> one = {7};
    s = ana_statistics_of(one.data(), one.size());
    EXPECT_EQ(s.p50, 7);
    EXPECT_EQ(s.p99, 7);
    s = ana_statistics_of(nullptr, 0);
    EXPECT_EQ(s.count, 0u);
    EXPECT_EQ(s.p99, 0);
}

TEST(Statistics, HaveNamesThatLeadBack)
{
    for (int i = 0; i < ANA_STATISTIC_COUNT; i++) {
        enum ana_statistic statistic = ANA_STATISTIC_COUNT;
        const char *name = ana_statistic_name(static_cast<ana_statistic>(i));
        ASSERT_TRUE(ana_statistic_of_name(name, &statistic)) << name;
        EXPECT_EQ(statistic, i);
    }
    enum ana_statistic statistic;
    EXPECT_FALSE(ana_statistic_of_name("median", &statistic));
    EXPECT_FALSE(ana_statistic_of_name("", &statistic));
    const trace_statistics s = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const ana_statistic order[] = {ANA_COUNT, ANA_SUM, ANA_MEAN, ANA_MIN, ANA_P50,
                                   ANA_P90,   ANA_P95, ANA_P99,  ANA_MAX};
    for (int i = 0; i < 9; i++) {
        EXPECT_EQ(ana_statistic_value(&s, order[i]), i + 1);
    }
}

TEST_F(Metrics, DoNotDependOnTheOrderOfObservations)
{
    std::mt19937 random(1);
    std::vector<double> values = {0.0, -0.0};
    for (int i = 0; i < 10000; i++) {
        values.push_back(
            std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 60)));
    }
    for (double value : values) {
        measure("a", value);
    }
    std::shuffle(values.begin(), values.end(), random);
    for (double value : values) {
        measure("b", value);
    }
    trace_statistics a = find("a");
    trace_statistics b = find("b");
    EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0);
    EXPECT_TRUE(std::signbit(a.min));
    std::sort(values.begin(), values.end());
    EXPECT_EQ(a.p99, values[static_cast<size_t>(std::ceil(0.99 * 10002)) - 1]);
}

TEST_F(Metrics, CountAMilestoneWithItsMomentInSeconds)
{
    ana_metrics_add(metrics, 2'500'000'000, TRACE_MILESTONE, "joined", 99);
    ana_metrics_add(metrics, 1'000'000'000, TRACE_MILESTONE, "joined", 99);
    EXPECT_EQ(find("joined").max, 2.5);
    EXPECT_EQ(find("joined").min, 1);
    EXPECT_EQ(find("joined").count, 2u);
}

TEST_F(Metrics, KeepAMeasurementAndAMilestoneOfOneNameApart)
{
    ana_metrics_add(metrics, 3'000'000'000, TRACE_MILESTONE, "x", 0);
    measure("x", 7);
    EXPECT_EQ(find("x").max, 7);
    EXPECT_EQ(find("x@milestone").max, 3);
    uint32_t count;
    const trace_summary_metric *list = ana_metrics_list(metrics, &count);
    ASSERT_EQ(count, 2u);
    EXPECT_STREQ(list[0].name, "x");
    EXPECT_STREQ(list[1].name, "x@milestone");
}

TEST_F(Metrics, AreListedByNameAndFiguresAreNot)
{
    for (int i = 999; i >= 0; i--) {
        char name[16];
        snprintf(name, sizeof name, "m%03d", i);
        measure(name, i);
    }
    ana_metrics_add_figure(metrics, "run.faults", 3);
    uint32_t count;
    const trace_summary_metric *list = ana_metrics_list(metrics, &count);
    ASSERT_EQ(count, 1000u);
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%03u", i);
        ASSERT_STREQ(list[i].name, name);
        ASSERT_EQ(list[i].statistics.max, i);
    }
    EXPECT_EQ(find("run.faults").sum, 3);
    trace_statistics none;
    EXPECT_FALSE(ana_metrics_find(metrics, "m1000", &none));
    EXPECT_EQ(none.count, 0u);
}

TEST_F(Metrics, AreTheSameWhenReadBackFromTheRun)
{
    support::TemporaryFolder folder;
    error failure = ERROR_INIT;
    trace_run *run = nullptr;
    const std::string path = folder.path("out");
    trace_run_options options = {path.c_str(), nullptr, "x", 1};
    ASSERT_EQ(trace_run_create(&options, &run, &failure), STATUS_OK);
    std::mt19937 random(2);
    for (uint64_t i = 0; i < 5000; i++) {
        double value = static_cast<double>(random()) / 3;
        trace_observation_kind kind = i % 7 ? TRACE_MEASUREMENT : TRACE_MILESTONE;
        const char *name = i % 2 ? "odd" : "even";
        ana_metrics_add(metrics, i, kind, name, value);
        trace_run_observation_write(run, i, "n", kind, name, value, &failure);
    }
    trace_summary summary = {};
    summary.scenario = summary.engine = "x";
    ASSERT_EQ(trace_run_finish(run, &summary, &failure), STATUS_OK);

    ana_metrics *read = ana_metrics_create();
    ASSERT_EQ(ana_metrics_add_run(read, path.c_str(), &failure), STATUS_OK) << failure.message;
    uint32_t count;
    uint32_t read_count;
    const trace_summary_metric *list = ana_metrics_list(metrics, &count);
    const trace_summary_metric *read_list = ana_metrics_list(read, &read_count);
    ASSERT_EQ(read_count, count);
    ASSERT_EQ(count, 4u);
    for (uint32_t i = 0; i < count; i++) {
        EXPECT_STREQ(read_list[i].name, list[i].name);
        EXPECT_EQ(
            std::memcmp(&read_list[i].statistics, &list[i].statistics, sizeof list[i].statistics),
            0);
    }
    ana_metrics_destroy(read);

    read = ana_metrics_create();
    failure = ERROR_INIT;
    EXPECT_EQ(ana_metrics_add_run(read, folder.path("none").c_str(), &failure), STATUS_NOT_FOUND);
    ana_metrics_destroy(read);
}

} // namespace
