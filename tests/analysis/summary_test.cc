// The summary as a person reads it.
#include <gtest/gtest.h>

#include "support/temporary_folder.h"

extern "C" {
#include <analysis/summary.h>
}

namespace
{

template <typename Print> std::string captured(Print print)
{
    char *text = nullptr;
    size_t size_bytes = 0;
    FILE *stream = open_memstream(&text, &size_bytes);
    print(stream);
    fclose(stream);
    std::string result(text, size_bytes);
    free(text);
    return result;
}

class PrintedSummary : public testing::Test
{
  protected:
    void SetUp() override
    {
        metrics[0] = {"lookup.latency_ms", {12000, 0, 123.456, 0.0861, 110.25, 300.5, 0, 450, 1e9}};
        metrics[1] = {"lookup.success", {12000, 12000, 1, 1, 1, 1, 1, 1, 1}};
        metrics[2] = {"never", {}};
        summary.scenario = "kademlia-planetlab";
        summary.seed = 7;
        summary.engine = "interpreter";
        summary.jobs = 2;
        summary.nodes = 1000;
        summary.virtual_ns = 60'000'000'000;
        summary.wall_ns = 30'000'000'000;
        summary.instructions = 3'000'000'000;
        summary.frames_sent = 1234567;
        summary.frames_delivered = 1234000;
        summary.frames_dropped = 567;
        summary.peak_rss_bytes = 100 << 20;
        summary.digest = 0xabc;
        summary.metrics = metrics;
        summary.metric_count = 3;
        summary.assertions = assertions;
        summary.assertion_count = 2;
    }

    trace_summary_metric metrics[3];
    trace_summary_assertion assertions[2] = {{"lookups succeed", true, "mean is 1"},
                                             {"few hops", false, "p99 is 9"}};
    trace_summary_fault faults[2] = {{"divide", 4}, {"memory", 1}};
    trace_summary summary = {};
};

TEST_F(PrintedSummary, ReadsAsItShould)
{
    EXPECT_EQ(captured([&](FILE *stream) { ana_summary_print(&summary, 998, 3, stream); }),
              R"(kademlia-planetlab, seed 7, engine interpreter, 2 jobs
  nodes         1,000, 998 up at the end, 3 still queued for their host's memory
  time          60.000 s virtual in 30.000 s (2x real time)
  instructions  3,000,000,000 (100.0 MIPS)
  frames        1,234,567 sent, 1,234,000 delivered, 567 dropped (41152 frames/s)
  memory        100.0 MiB at most
  faults        none
  digest        0000000000000abc

  metric                     count        mean         min         p50         p90         p99         max
  lookup.latency_ms         12,000     123.456     0.08610     110.250     300.500         450       1e+09
  lookup.success            12,000           1           1           1           1           1           1
  never                          0

  pass  lookups succeed (mean is 1)
  FAIL  few hops (p99 is 9)
  1 of 2 expectations hold
)");
}

TEST_F(PrintedSummary, LeavesOutWhatThereIsNot)
{
    summary.metric_count = 0;
    summary.assertion_count = 0;
    summary.wall_ns = 0;
    summary.faults = faults;
    summary.fault_count = 2;
    summary.jobs = 1;
    const std::string text =
        captured([&](FILE *stream) { ana_summary_print(&summary, UINT32_MAX, 0, stream); });
    EXPECT_EQ(text, R"(kademlia-planetlab, seed 7, engine interpreter, 1 job
  nodes         1,000
  time          60.000 s virtual in 0.000 s
  instructions  3,000,000,000
  frames        1,234,567 sent, 1,234,000 delivered, 567 dropped
  memory        100.0 MiB at most
  faults        4 divide, 1 memory (events.log says where)
  digest        0000000000000abc
)");
}

TEST_F(PrintedSummary, IsTheSameFromARunDirectory)
{
    support::TemporaryFolder folder;
    error failure = ERROR_INIT;
    ASSERT_EQ(trace_summary_write(&summary, folder.path("summary.json").c_str(), &failure),
              STATUS_OK);
    const std::string direct =
        captured([&](FILE *stream) { ana_summary_print(&summary, UINT32_MAX, 0, stream); });
    const std::string read = captured([&](FILE *stream) {
        EXPECT_EQ(ana_summary_print_run(folder.path().c_str(), stream, &failure), STATUS_OK)
            << failure.message;
    });
    EXPECT_EQ(read, direct);
    captured([&](FILE *stream) {
        EXPECT_EQ(ana_summary_print_run(folder.path("none").c_str(), stream, &failure),
                  STATUS_NOT_FOUND);
    });
}

} // namespace
