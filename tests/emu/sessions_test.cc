/* scenarios/denali/sessions.yaml: clones of a warm server, started by a host's supervisor. */
#include "denali_process.h"

using support::TemporaryFolder;

namespace
{

const std::string kScenario = std::string(DENALI_SOURCE_DIR) + "/scenarios/denali/sessions.yaml";

class Sessions : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!HasProgram("primes")) {
            GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
        }
    }
    TemporaryFolder folder_;
};

} // namespace

TEST_F(Sessions, AreAnsweredRightWarmAndColdAndWarmOnesAtOnce)
{
    Outcome outcome = Denali(folder_, {"run", kScenario, "--out", "run"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST_F(Sessions, HaveOneDigestOnAllEnginesAndThreads)
{
    Outcome engines = Denali(folder_, {"list", "engines"});
    std::string digest;
    for (const char *engine : {"translator", "interpreter", "unicorn"}) {
        if (engines.out.find(engine) == std::string::npos) {
            continue;
        }
        for (const char *jobs : {"1", "2"}) {
            const std::string out = std::string(engine) + jobs;
            /* A smaller table, so that there are sessions before long: its expectations are not
             * for that. */
            Outcome outcome =
                Denali(folder_, {"run", kScenario, "--set", "parameters.primes=1000", "--until",
                                 "215ms", "--engine", engine, "--jobs", jobs, "--out", out});
            ASSERT_TRUE(outcome.code == 0 || outcome.code == 1) << outcome.err;
            const std::string metrics = folder_.read(out + "/metrics.csv");
            EXPECT_NE(metrics.find("warm.first_answer_ms"), std::string::npos) << metrics;
            EXPECT_NE(metrics.find("cold.first_answer_ms"), std::string::npos) << metrics;
            digest = digest.empty() ? DigestOfRun(folder_, out) : digest;
            EXPECT_EQ(DigestOfRun(folder_, out), digest) << out;
        }
    }
    EXPECT_EQ(digest.size(), 16u);
}
