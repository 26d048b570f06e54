/* Every scenario that comes with denali has one digest, on every engine, on one thread and on two,
 * and, recorded, is verified from every checkpoint on another. They are found in scenarios/, so a
 * new one is held to it as well. */
#include <algorithm>
#include <cstdlib>
#include <regex>

#include "denali_process.h"

using support::TemporaryFolder;

namespace
{

const std::string kScenarios = std::string(DENALI_SOURCE_DIR) + "/scenarios/";

/* A long scenario is cut where it has run so many instructions: Unicorn runs a million a second. */
constexpr uint64_t kInstructions = 4000000;

std::vector<std::string> AllScenarios()
{
    std::vector<std::string> names;
    for (const char *folder : {"", "denali/"}) {
        for (const auto &entry : std::filesystem::directory_iterator(kScenarios + folder)) {
            if (entry.path().extension() == ".yaml") {
                names.push_back(folder + entry.path().stem().string());
            }
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

class EveryScenario : public testing::TestWithParam<std::string>
{
  protected:
    void SetUp() override
    {
        if (!HasProgram("hello")) {
            GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
        }
        Outcome engines = Denali(folder_, {"list", "engines"});
        for (const char *name : {"translator", "interpreter", "unicorn"}) {
            if (engines.out.find(name) != std::string::npos) {
                engines_.push_back(name);
            }
        }
    }

    /* Runs it; the digest. */
    std::string Run(const std::string &until, const std::string &engine, const std::string &jobs,
                    const std::vector<std::string> &more = {})
    {
        std::filesystem::remove_all(folder_.path() / std::filesystem::path("run"));
        std::vector<std::string> arguments = {"run",     kScenarios + GetParam() + ".yaml",
                                              "--quiet", "--until",
                                              until,     "--engine",
                                              engine,    "--jobs",
                                              jobs,      "--out",
                                              "run"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Outcome outcome = Denali(folder_, arguments);
        /* 1: cut short, a run may miss what the scenario expects of it. */
        EXPECT_TRUE(outcome.code == 0 || outcome.code == 1) << outcome.err;
        std::string digest = DigestOfRun(folder_, "run");
        EXPECT_EQ(digest.size(), 16u) << outcome.err;
        return digest;
    }

    uint64_t Instructions()
    {
        std::smatch found;
        std::string summary = folder_.read("run/summary.json");
        return std::regex_search(summary, found, std::regex("\"instructions\": ([0-9]+)"))
                   ? std::strtoull(found[1].str().c_str(), nullptr, 10)
                   : 0;
    }

    TemporaryFolder folder_;
    std::vector<std::string> engines_; // of this build
};

TEST_P(EveryScenario, HasOneDigestOnAllEnginesAndThreads)
{
    Outcome resolved = Denali(folder_, {"check", kScenarios + GetParam() + ".yaml"});
    ASSERT_EQ(resolved.code, 0) << resolved.err;
    std::smatch found;
    ASSERT_TRUE(std::regex_search(resolved.out, found,
                                  std::regex("\n  duration: ([0-9]+)(ns|us|ms|s|min|h)\n")))
        << resolved.out;
    const std::string unit = found[2];
    double duration_us = std::strtod(found[1].str().c_str(), nullptr) * (unit == "h"     ? 3600e6
                                                                         : unit == "min" ? 60e6
                                                                         : unit == "s"   ? 1e6
                                                                         : unit == "ms"  ? 1e3
                                                                         : unit == "us"  ? 1
                                                                                         : 1e-3);
    /* From far below, so that a long one is not run whole to find that it is long. Where all begins
     * at once, before that. */
    std::string until, digest;
    uint64_t instructions = 0;
    double us = std::min(duration_us, 1000.0);
    for (bool enough = false; !enough; us = std::min(2 * us, duration_us)) {
        const std::string longer = std::to_string((uint64_t)us) + "us";
        const std::string found_digest = Run(longer, engines_[0], "1");
        if (instructions && Instructions() > 3 * kInstructions) {
            break;
        }
        until = longer;
        digest = found_digest;
        instructions = Instructions();
        enough = us >= duration_us || instructions >= kInstructions || HasFailure();
    }
    RecordProperty("until", until);
    printf("until %s, %llu instructions, digest %s\n", until.c_str(),
           (unsigned long long)instructions, digest.c_str());
    EXPECT_GT(instructions, 0u) << "nothing was run";
    for (const std::string &engine : engines_) {
        for (const char *jobs : {"1", "2"}) {
            EXPECT_EQ(Run(until, engine, jobs), digest) << engine << ", threads: " << jobs;
        }
    }

    /* Recorded with checkpoints, it is the same run, and is verified on from each of them. */
    const std::string every =
        std::to_string(std::max(std::strtoull(until.c_str(), nullptr, 10) / 4, 1ull)) + "us";
    EXPECT_EQ(Run(until, engines_[0], "2", {"--record", "--checkpoint-every", every}), digest);
    Outcome verified = Denali(folder_, {"verify", "run", "--engine", "interpreter"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    EXPECT_NE(verified.out.find("checkpoint"), std::string::npos) << verified.out;
}

/* Policies that are guest programs: each scenario expects what its policy is for. */
TEST(Scenarios, WhatASupervisorsPolicyIsForComesAbout)
{
    if (!HasProgram("stride")) {
        GTEST_SKIP() << "no guest kit in this build";
    }
    TemporaryFolder folder;
    for (const std::string name : {"stride", "smallest-first", "page-shares"}) {
        Outcome outcome = Denali(folder, {"run", kScenarios + "denali/" + name + ".yaml", "--quiet",
                                          "--out", "run-" + name});
        EXPECT_EQ(outcome.code, 0) << name << ": " << outcome.err;
    }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, EveryScenario, testing::ValuesIn(AllScenarios()),
                         [](const testing::TestParamInfo<std::string> &info) {
                             std::string name = info.param;
                             std::replace_if(
                                 name.begin(), name.end(),
                                 [](unsigned char letter) { return !isalnum(letter); }, '_');
                             return name;
                         });

} // namespace
