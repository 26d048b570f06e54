// summary.json, written and read back.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/temporary_folder.h"

extern "C" {
#include <traces/summary.h>
}

using support::TemporaryFolder;

namespace
{

class Summary : public testing::Test
{
  protected:
    TemporaryFolder folder;
    error failure = ERROR_INIT;
    trace_summary_file file = {};

    void SetUp() override
    {
        metrics[0] = {"lookup.hops", {3, 6, 2, 1, 2, 3, 3, 3, 3}};
        metrics[1] = {"never", {}};
        summary.scenario = "kademlia \"planetlab\"";
        summary.seed = UINT64_MAX;
        summary.engine = "interpreter";
        summary.jobs = 2;
        summary.nodes = 1000;
        summary.virtual_ns = 60'123'456'789;
        summary.wall_ns = 1'500'000'000;
        summary.instructions = 123456789012345;
        summary.frames_sent = 10;
        summary.frames_delivered = 9;
        summary.frames_dropped = 1;
        summary.peak_rss_bytes = 300 << 20;
        summary.digest = 0x00c0ffee12345678;
        summary.metrics = metrics;
        summary.metric_count = 2;
        summary.assertions = assertions;
        summary.assertion_count = 2;
        summary.faults = faults;
        summary.fault_count = 1;
    }
    void TearDown() override
    {
        trace_summary_file_fini(&file);
    }
    enum status write()
    {
        return trace_summary_write(&summary, folder.path("summary.json").c_str(), &failure);
    }
    enum status read()
    {
        trace_summary_file_fini(&file);
        failure = ERROR_INIT;
        return trace_summary_read(folder.path().c_str(), &file, &failure);
    }

    trace_summary_metric metrics[2];
    trace_summary_assertion assertions[2] = {{"a", true, "1 of 1"}, {"b", false, "0.5 < 0.9"}};
    trace_summary_fault faults[1] = {{"divide", 4}};
    trace_summary summary = {};
};

TEST_F(Summary, ReadsBackWhatWasWritten)
{
    ASSERT_EQ(write(), STATUS_OK) << failure.message;
    ASSERT_EQ(read(), STATUS_OK) << failure.message;
    const trace_summary &got = file.summary;
    EXPECT_STREQ(got.scenario, summary.scenario);
    EXPECT_EQ(got.seed, summary.seed);
    EXPECT_STREQ(got.engine, summary.engine);
    EXPECT_EQ(got.jobs, 2u);
    EXPECT_EQ(got.nodes, 1000u);
    EXPECT_EQ(got.virtual_ns, summary.virtual_ns);
    EXPECT_EQ(got.wall_ns, summary.wall_ns);
    EXPECT_EQ(got.instructions, summary.instructions);
    EXPECT_EQ(got.frames_sent, 10u);
    EXPECT_EQ(got.frames_delivered, 9u);
    EXPECT_EQ(got.frames_dropped, 1u);
    EXPECT_EQ(got.peak_rss_bytes, summary.peak_rss_bytes);
    EXPECT_EQ(got.digest, summary.digest);
    ASSERT_EQ(got.metric_count, 2u);
    EXPECT_STREQ(got.metrics[0].name, "lookup.hops");
    EXPECT_EQ(got.metrics[0].statistics.count, 3u);
    EXPECT_EQ(got.metrics[0].statistics.mean, 2);
    EXPECT_EQ(got.metrics[0].statistics.p95, 3);
    EXPECT_EQ(got.metrics[1].statistics.count, 0u);
    ASSERT_EQ(got.assertion_count, 2u);
    EXPECT_TRUE(got.assertions[0].passed);
    EXPECT_FALSE(got.assertions[1].passed);
    EXPECT_STREQ(got.assertions[1].detail, "0.5 < 0.9");
    ASSERT_EQ(got.fault_count, 1u);
    EXPECT_STREQ(got.faults[0].kind, "divide");
    EXPECT_EQ(got.faults[0].count, 4u);
}

TEST_F(Summary, HasExactlyTheDocumentedFieldsAndTheDocumentSaysAllOfThem)
{
    ASSERT_EQ(write(), STATUS_OK);
    const std::string text = folder.read("summary.json");
    std::ifstream stream(DENALI_SOURCE_DIR "/docs/run-directory.md");
    const std::string document((std::istreambuf_iterator<char>(stream)),
                               std::istreambuf_iterator<char>());
    for (const char *field : {"scenario",
                              "seed",
                              "engine",
                              "jobs",
                              "nodes",
                              "virtual_seconds",
                              "wall_seconds",
                              "instructions",
                              "frames_sent",
                              "frames_delivered",
                              "frames_dropped",
                              "peak_rss_bytes",
                              "digest",
                              "metrics",
                              "assertions",
                              "faults",
                              "count",
                              "mean",
                              "min",
                              "p50",
                              "p90",
                              "p95",
                              "p99",
                              "max",
                              "sum",
                              "name",
                              "passed",
                              "detail"}) {
        const std::string quoted = std::string("\"") + field + "\":";
        EXPECT_NE(text.find(quoted), std::string::npos) << field;
        EXPECT_NE(document.find(std::string("`") + field + "`"), std::string::npos) << field;
    }
    EXPECT_NE(text.find("\"digest\": \"00c0ffee12345678\""), std::string::npos) << text;
}

TEST_F(Summary, SaysOfWhatARunIsAFork)
{
    ASSERT_EQ(write(), STATUS_OK);
    ASSERT_EQ(read(), STATUS_OK) << failure.message;
    EXPECT_EQ(file.summary.fork, nullptr);
    EXPECT_EQ(folder.read("summary.json").find("fork"), std::string::npos);
    const char *const changes[] = {"seed=3", "cut=\xff"};
    trace_summary_fork fork = {"runs/a", true, 0x0123456789abcdef, 5'000'000'001, changes, 2};
    summary.fork = &fork;
    ASSERT_EQ(write(), STATUS_OK);
    ASSERT_EQ(read(), STATUS_OK) << failure.message;
    const trace_summary_fork *got = file.summary.fork;
    ASSERT_NE(got, nullptr);
    EXPECT_STREQ(got->of, "runs/a");
    EXPECT_TRUE(got->has_digest);
    EXPECT_EQ(got->digest, fork.digest);
    EXPECT_EQ(got->at_ns, fork.at_ns);
    ASSERT_EQ(got->change_count, 2u);
    EXPECT_STREQ(got->changes[0], "seed=3");
    EXPECT_STREQ(got->changes[1], "cut=?");
    const std::string good = folder.read("summary.json");
    for (auto [from, to] : {std::pair{"\"of\": \"runs/a\"", "\"of\": 3"},
                            {"\"digest\": \"0123456789abcdef\"", "\"digest\": \"x\""},
                            {"\"at_seconds\": 5", "\"at_seconds\": -5"},
                            {"\"seed=3\"", "3"},
                            {"\"changes\": [", "\"change\": ["},
                            {"\"fork\": {", "\"fork\": 3, \"spoon\": {"}}) {
        std::string bad = good;
        size_t at = bad.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        bad.replace(at, std::string(from).size(), to);
        folder.write("summary.json", bad);
        EXPECT_EQ(read(), STATUS_CORRUPT) << to;
    }
    fork.has_digest = false;
    ASSERT_EQ(write(), STATUS_OK);
    ASSERT_EQ(read(), STATUS_OK) << failure.message;
    EXPECT_FALSE(file.summary.fork->has_digest);
}

TEST_F(Summary, WritesNullForWhatIsNoNumber)
{
    metrics[0].statistics.sum = std::numeric_limits<double>::infinity();
    ASSERT_EQ(write(), STATUS_OK);
    EXPECT_NE(folder.read("summary.json").find("\"sum\": null"), std::string::npos);
    EXPECT_EQ(read(), STATUS_OK) << failure.message;
}

TEST_F(Summary, KeepsTextThatIsNotUtf8Readable)
{
    summary.scenario = "caf\xe9";
    assertions[0].detail = "\xff";
    ASSERT_EQ(write(), STATUS_OK);
    ASSERT_EQ(read(), STATUS_OK) << failure.message;
    EXPECT_STREQ(file.summary.scenario, "caf?");
    EXPECT_STREQ(file.summary.assertions[0].detail, "?");
}

TEST_F(Summary, IsNotReadFromARunThatDidNotFinish)
{
    ASSERT_EQ(write(), STATUS_OK);
    folder.write("INCOMPLETE", "This run did not finish: the disk was full\n");
    EXPECT_EQ(read(), STATUS_CORRUPT);
    EXPECT_NE(std::string(failure.message).find("the disk was full"), std::string::npos);
    folder.write("INCOMPLETE", "");
    EXPECT_EQ(read(), STATUS_CORRUPT);
}

TEST_F(Summary, RefusesEveryDamageWithTheFieldItIsIn)
{
    EXPECT_EQ(read(), STATUS_NOT_FOUND);
    for (const char *text : {"", "{", "[]", "3", "{}", "{\"seed\":1,\"seed\":2}", "\xff\xff"}) {
        folder.write("summary.json", text);
        EXPECT_EQ(read(), STATUS_CORRUPT) << text;
    }
    ASSERT_EQ(write(), STATUS_OK);
    const std::string good = folder.read("summary.json");
    const std::pair<const char *, const char *> damages[] = {
        {"\"jobs\": 2", "\"jobs\": -2"},
        {"\"jobs\": 2", "\"jobs\": 99999999999"},
        {"\"jobs\": 2", "\"jobs\": \"two\""},
        {"\"seed\": \"18446744073709551615\"", "\"seed\": \"18446744073709551616\""},
        {"\"digest\": \"00c0ffee12345678\"", "\"digest\": \"c0ffee\""},
        {"\"digest\": \"00c0ffee12345678\"", "\"digest\": \"+0c0ffee12345678\""},
        {"\"virtual_seconds\": ", "\"virtual_seconds\": -"},
        {"\"passed\": true", "\"passed\": 1"},
        {"\"count\": 3", "\"count\": 0"},
        {"\"divide\": 4", "\"divide\": -4"},
        {"\"engine\"", "\"motor\""},
    };
    for (const auto &[from, to] : damages) {
        std::string bad = good;
        size_t at = bad.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        bad.replace(at, std::string(from).size(), to);
        folder.write("summary.json", bad);
        EXPECT_EQ(read(), STATUS_CORRUPT) << to;
        EXPECT_NE(std::string(failure.message).find("expected"), std::string::npos) << to;
    }
    for (size_t size = 0; size + 2 < good.size(); size += 13) {
        folder.write("summary.json", good.substr(0, size));
        EXPECT_EQ(read(), STATUS_CORRUPT) << size;
    }
}

} // namespace
