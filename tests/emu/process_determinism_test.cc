/* Determinism of whole runs, as processes: programs of the guest kit on a TCP/IP stack. */
#include "denali_process.h"

using support::TemporaryFolder;

namespace
{

const std::string kScenarios = std::string(DENALI_SOURCE_DIR) + "/scenarios/";

class WholeRun : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!HasProgram("kademlia") || !HasProgram("echo-client")) {
            GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
        }
        Outcome engines = Denali(folder_, {"list", "engines"});
        for (const char *name : {"interpreter", "translator", "unicorn"}) {
            if (engines.out.find(name) != std::string::npos) {
                engines_.push_back(name);
            }
        }
    }

    std::string Digest(const std::string &scenario, std::vector<std::string> options)
    {
        std::string run = "run-" + std::to_string(runs_++);
        options.insert(options.begin(), {"run", kScenarios + scenario, "--quiet", "--out", run});
        Outcome outcome = Denali(folder_, options);
        /* 1: cut short, a run may miss what the scenario expects of it. */
        EXPECT_TRUE(outcome.code == 0 || outcome.code == 1) << outcome.err;
        std::string digest = DigestOfRun(folder_, run);
        EXPECT_EQ(digest.size(), 16u) << outcome.err;
        return digest;
    }

    void ExpectTheSameHoweverItRuns(const std::string &scenario,
                                    const std::vector<std::string> &common)
    {
        auto with = [&](const std::vector<std::string> &more) {
            std::vector<std::string> options = common;
            options.insert(options.end(), more.begin(), more.end());
            return Digest(scenario, options);
        };
        std::string digest = with({"--jobs", "1"});
        EXPECT_EQ(with({"--jobs", "1"}), digest) << "two runs";
        EXPECT_EQ(with({"--jobs", "2"}), digest) << "two threads";
        for (const std::string &engine : engines_) {
            EXPECT_EQ(with({"--engine", engine}), digest) << engine;
        }
        EXPECT_NE(with({"--seed", "4711"}), digest) << "another seed";
    }

    TemporaryFolder folder_;
    std::vector<std::string> engines_; // of this build

  private:
    int runs_ = 0;
};

TEST_F(WholeRun, EchoIsTheSameHoweverItRuns)
{
    /* It draws nothing from the seed; the seed itself is part of what a run is. */
    ExpectTheSameHoweverItRuns("echo.yaml", {});
}

TEST_F(WholeRun, PortsWithRulesAreTheSameHoweverTheyRun)
{
    const std::string plain = Digest("echo.yaml", {});
    const std::string bound = "groups.client.limits={bind_address: true, allow: [{group: server}]}";
    const std::string rates =
        "groups.server.limits={send_rate: 1kbit, send_burst: 1514B, receive_rate: 2kbit}";
    ExpectTheSameHoweverItRuns("echo.yaml", {"--set", bound, "--set", rates});
    /* Rules that nobody breaks change no exchange; one that shuts the server out does. */
    auto client = [&](const std::string &allowed) {
        std::string run = "client-" + allowed;
        Denali(folder_, {"run", kScenarios + "echo.yaml", "--quiet", "--out", run, "--set",
                         "groups.client.limits={allow: [{group: " + allowed + "}]}"});
        return folder_.read(run + "/nodes.csv");
    };
    const std::string free = client("server");
    const std::string shut = client("client");
    EXPECT_NE(free.find("drop_send_denied"), std::string::npos);
    EXPECT_NE(free.substr(free.rfind(',')), shut.substr(shut.rfind(',')));
    EXPECT_NE(plain, Digest("echo.yaml", {"--set", bound})) << "meters are state";
}

TEST_F(WholeRun, MachinesThatDifferAreTheSameHoweverTheyRun)
{
    ExpectTheSameHoweverItRuns("echo-mixed.yaml", {"--param", "sensors=5"});
}

TEST_F(WholeRun, LifeIsTheSameHoweverItRunsAndIsLookedAt)
{
    ExpectTheSameHoweverItRuns("life.yaml",
                               {"--until", "6s", "--set", "groups.life.screen=160x120"});
    EXPECT_EQ(Digest("life.yaml", {"--until", "6s", "--screenshot", "life@5.5s"}),
              Digest("life.yaml", {"--until", "6s"}));
}

TEST_F(WholeRun, ScenariosKeepWhatTheyExpect)
{
    for (const char *scenario : {"echo-mixed.yaml", "life.yaml"}) {
        Outcome outcome = Denali(
            folder_, {"run", kScenarios + scenario, "--out", std::string("expect-") + scenario});
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    }
}

TEST_F(WholeRun, PingIsTheSameHoweverItRuns)
{
    ExpectTheSameHoweverItRuns("ping.yaml", {});
}

TEST_F(WholeRun, KademliaIsTheSameHoweverItRuns)
{
    ExpectTheSameHoweverItRuns("kademlia-planetlab.yaml", {"--nodes", "40", "--until", "20s"});
}

} // namespace
