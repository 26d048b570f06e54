/* The small version of every experiment that comes with denali: its claims hold. */
#include <algorithm>

#include "denali_process.h"

using support::TemporaryFolder;

namespace
{

const std::string kExperiments = std::string(DENALI_SOURCE_DIR) + "/scenarios/experiments/";

std::vector<std::string> AllExperiments()
{
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(kExperiments)) {
        names.push_back(entry.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

class EveryExperiment : public testing::TestWithParam<std::string>
{
};

TEST_P(EveryExperiment, HoldsWhatItClaims)
{
    if (!HasProgram("hello")) {
        GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
    }
    TemporaryFolder folder;
    Outcome outcome = Denali(folder, {"experiment", "--small", "--quiet", "--jobs", "1", "--out",
                                      "out", kExperiments + GetParam() + ".yaml"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_NE(outcome.out.find("ok "), std::string::npos) << outcome.out;
}

INSTANTIATE_TEST_SUITE_P(Experiments, EveryExperiment, testing::ValuesIn(AllExperiments()),
                         [](const testing::TestParamInfo<std::string> &info) {
                             std::string name = info.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
