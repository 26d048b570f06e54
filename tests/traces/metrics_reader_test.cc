// metrics.csv read back.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/temporary_folder.h"

extern "C" {
#include <traces/metrics_reader.h>
}

using support::TemporaryFolder;

namespace
{

const std::string kHeader = "time_ns,node,kind,name,value\n";

class MetricsReader : public testing::Test
{
  protected:
    TemporaryFolder folder;
    error failure = ERROR_INIT;
    uint64_t count = 0;

    enum status read_all(const std::string &text)
    {
        folder.write("metrics.csv", text);
        trace_metrics_reader *reader = nullptr;
        failure = ERROR_INIT;
        count = 0;
        enum status status = trace_metrics_reader_create(folder.path().c_str(), &reader, &failure);
        bool more = status == STATUS_OK;
        while (more) {
            trace_observation observation;
            status = trace_metrics_reader_next(reader, &observation, &more, &failure);
            count += more;
        }
        trace_metrics_reader_destroy(reader);
        return status;
    }
};

TEST_F(MetricsReader, GivesBackEveryBitOfWhatWasWritten)
{
    using limits = std::numeric_limits<double>;
    const std::vector<double> values = {
        0.0, -0.0, 0.1, 1.0 / 3, limits::max(), -1, 1e-5, limits::min(), limits::denorm_min()};
    trace_run *run = nullptr;
    const std::string path = folder.path("out");
    trace_run_options options = {path.c_str(), nullptr, "x", 1};
    ASSERT_EQ(trace_run_create(&options, &run, &failure), STATUS_OK);
    for (size_t i = 0; i < values.size(); i++) {
        trace_run_observation_write(run, UINT64_MAX - i, "node-1", TRACE_MILESTONE, "a.b",
                                    values[i], &failure);
    }
    trace_summary summary = {};
    summary.scenario = summary.engine = "x";
    ASSERT_EQ(trace_run_finish(run, &summary, &failure), STATUS_OK);

    trace_metrics_reader *reader = nullptr;
    ASSERT_EQ(trace_metrics_reader_create(path.c_str(), &reader, &failure), STATUS_OK);
    trace_observation observation;
    bool more;
    for (size_t i = 0; i < values.size(); i++) {
        ASSERT_EQ(trace_metrics_reader_next(reader, &observation, &more, &failure), STATUS_OK);
        ASSERT_TRUE(more);
        EXPECT_EQ(observation.time_ns, UINT64_MAX - i);
        EXPECT_STREQ(observation.node, "node-1");
        EXPECT_STREQ(observation.name, "a.b");
        EXPECT_EQ(observation.kind, TRACE_MILESTONE);
        EXPECT_EQ(observation.value, values[i]);
        EXPECT_EQ(std::signbit(observation.value), std::signbit(values[i]));
    }
    ASSERT_EQ(trace_metrics_reader_next(reader, &observation, &more, &failure), STATUS_OK);
    EXPECT_FALSE(more);
    trace_metrics_reader_destroy(reader);
}

TEST_F(MetricsReader, NamesTheLineThatIsDamaged)
{
    EXPECT_EQ(read_all(kHeader), STATUS_OK);
    EXPECT_EQ(count, 0u);
    EXPECT_EQ(read_all(kHeader + "1,n,measurement,x,2\n"), STATUS_OK);
    EXPECT_EQ(count, 1u);
    for (const char *line :
         {"\n", "1,n,measurement,x\n", "1,n,measurement,x,2,3\n", "-1,n,measurement,x,2\n",
          "18446744073709551616,n,measurement,x,2\n", "1,../n,measurement,x,2\n",
          "1,n,measure,x,2\n", "1,n,measurement,,2\n", "1,n,measurement,x,\n",
          "1,n,measurement,x@y,2\n", "1,n,measurement,x,0x2\n", "1,n,measurement,x,nan\n",
          "1,n,measurement,x,inf\n", "1,n,measurement,x,1e999\n", "1,n,measurement,x,2 \n",
          "1,n,measurement,x, 2\n", "1,n,measurement,x,2"}) {
        EXPECT_EQ(read_all(kHeader + "1,n,measurement,x,2\n" + line), STATUS_CORRUPT) << line;
        EXPECT_EQ(failure.line, 3) << line;
        EXPECT_EQ(count, 1u);
    }
    EXPECT_EQ(read_all(kHeader + std::string(600, '1') + "\n"), STATUS_CORRUPT);
    EXPECT_EQ(read_all(""), STATUS_CORRUPT);
    EXPECT_EQ(read_all("time,node\n"), STATUS_CORRUPT);
    EXPECT_EQ(read_all(std::string("\0\0\n", 3)), STATUS_CORRUPT);
}

TEST_F(MetricsReader, SaysWhenThereIsNoSuchFile)
{
    trace_metrics_reader *reader = nullptr;
    EXPECT_EQ(trace_metrics_reader_create(folder.path("none").c_str(), &reader, &failure),
              STATUS_NOT_FOUND);
    EXPECT_EQ(reader, nullptr);
}

} // namespace
