/* The HTTP programs on machines: pages from a disk, and the whole scenario that ships. */
#include "emu/denali_process.h"

using support::TemporaryFolder;

namespace
{

TEST(Http, ServersOnDisksAnswerTheirReadersTheSameHoweverTheyRun)
{
    if (!HasProgram("http-server")) {
        GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
    }
    TemporaryFolder folder;
    auto run = [&](const std::string &jobs) {
        Outcome outcome = Denali(
            folder, {"run", std::string(DENALI_SOURCE_DIR) + "/scenarios/http-wan.yaml", "--set",
                     "groups.reader.count=4", "--set", "groups.visitor.count=2", "--set",
                     "groups.downloader.count=2", "--quiet", "--jobs", jobs, "--out", jobs});
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        return DigestOfRun(folder, jobs);
    };
    std::string digest = run("1");
    EXPECT_EQ(digest.size(), 16u);
    EXPECT_EQ(run("2"), digest) << "two threads";
}

TEST(Http, AFullServerLetsOthersWaitAndAnIdleClientGo)
{
    if (!HasProgram("http-server")) {
        GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
    }
    TemporaryFolder folder;
    /* Two at a time; who thinks for longer than the server is patient finds the connection closed
     * and makes another. */
    folder.write("s.yaml", R"(
general: {duration: 300s}
networks: [{name: path, type: wan, delay: 5ms, up: 10Mbit, down: 10Mbit}]
groups:
  - {name: server, image: http-server, network: path,
     arguments: [--connections, 2, --idle-ms, 500]}
  - {name: client, image: http-client, count: 3, network: path, start: 10ms, spread: 1s,
     arguments: [--server, "${address:server:0}", --connections, 3, --requests, 6,
                 --paths, "/bytes/10,/chunked/30000", --think-ms, 700, --timeout-ms, 60000,
                 --seed, "${node.seed}"]}
expectations:
  - {metric: http.success, statistic: count, equals: 54}
  - {metric: http.success, statistic: min, equals: 1}
  - {metric: http.connect_ms, statistic: count, at_least: 20}
  - {metric: run.nodes_failed, equals: 0}
)");
    Outcome outcome = Denali(folder, {"run", "s.yaml", "--out", "run"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST(Http, ALoadThatFailsSaysSo)
{
    if (!HasProgram("http-server")) {
        GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
    }
    TemporaryFolder folder;
    folder.write("s.yaml", R"(
general: {duration: 100s}
networks: [{name: path, type: wan, delay: 5ms, up: 10Mbit, down: 10Mbit}]
groups:
  - {name: server, image: http-server, network: path}
  - {name: missing, image: http-client, network: path, start: 10ms,
     arguments: [--server, "${address:server:0}", --paths, "/nothing", --think-ms, 1]}
  - {name: asked, image: http-client, network: path, start: 10ms,
     arguments: [--server, "${address:server:0}", --paths, "/nothing", --think-ms, 1,
                 --expect, 404]}
  - {name: refused, image: http-client, network: path, start: 10ms,
     arguments: [--server, "${address:asked:0}", --think-ms, 1]}
expectations:
  - {metric: http.success, statistic: sum, equals: 10}
  - {metric: http.success, statistic: count, equals: 30}
  - {metric: http.answer_status, statistic: min, equals: 404}
  - {metric: run.nodes_failed, equals: 2}
)");
    Outcome outcome = Denali(folder, {"run", "s.yaml", "--out", "run"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_NE(folder.read("run/nodes/missing/console.log").find("GET /nothing: status 404"),
              std::string::npos);
}

} // namespace
