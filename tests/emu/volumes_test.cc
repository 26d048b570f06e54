/* scenarios/denali/volumes.yaml: work on volumes that a host's supervisor hands from machine to
 * machine, one of which fails. */
#include <utility>
#include <vector>

#include "denali_process.h"

using support::TemporaryFolder;

namespace
{

const std::string kScenario = std::string(DENALI_SOURCE_DIR) + "/scenarios/denali/volumes.yaml";

class Volumes : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!HasProgram("volume-keeper")) {
            GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
        }
    }
    TemporaryFolder folder_;
};

} // namespace

TEST_F(Volumes, AreDoneRightByWhoeverHasThemAndAreTheSameWhenTheRunIsVerified)
{
    Outcome outcome = Denali(folder_, {"run", kScenario, "--quiet", "--record",
                                       "--checkpoint-every", "70ms", "--out", "run"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    /* From each checkpoint to the next: what volumes hold is in them. */
    outcome = Denali(folder_, {"verify", "run", "--jobs", "2"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST_F(Volumes, HaveOneDigestOnAllEnginesAndThreads)
{
    Outcome engines = Denali(folder_, {"list", "engines"});
    std::string digest;
    const std::vector<std::pair<std::string, std::string>> ways = {
        {"translator", "1"}, {"translator", "2"}, {"interpreter", "2"}, {"unicorn", "1"}};
    for (const auto &[engine, jobs] : ways) {
        if (engines.out.find(engine) == std::string::npos) {
            continue;
        }
        const std::string out = engine + jobs;
        /* Small ones; the frail machine fails all the same: its expectations are not for that. */
        Outcome outcome = Denali(
            folder_, {"run", kScenario, "--quiet", "--set", "parameters.volumes=2", "--set",
                      "parameters.blocks=16", "--set", "groups.frail.arguments=[--fail-after, '1']",
                      "--until", "600ms", "--engine", engine, "--jobs", jobs, "--out", out});
        ASSERT_TRUE(outcome.code == 0 || outcome.code == 1) << outcome.err;
        const std::string metrics = folder_.read(out + "/metrics.csv");
        EXPECT_NE(metrics.find("volume.unfinished"), std::string::npos) << metrics;
        EXPECT_NE(metrics.find("volume.all_ms"), std::string::npos) << metrics;
        digest = digest.empty() ? DigestOfRun(folder_, out) : digest;
        EXPECT_EQ(DigestOfRun(folder_, out), digest) << out;
    }
    EXPECT_EQ(digest.size(), 16u);
}
