/*
 * What nothing costs: machines that only wait, for days of virtual time.
 */
#include <cstdlib>

#include <gtest/gtest.h>

#include "emu/denali_process.h"

using support::TemporaryFolder;

namespace
{

// The number after "name": in a run's summary.
uint64_t figure(const TemporaryFolder &folder, const std::string &run, const std::string &name)
{
    std::string summary = folder.read(run + "/summary.json");
    size_t at = summary.find("\"" + name + "\": ");
    return at == std::string::npos ? 0 : std::strtoull(&summary[at + name.size() + 4], nullptr, 10);
}

TEST(Silence, ThreeDaysOfKeepAlivesTakeHalfAMillisecondAnHourAtMost)
{
    if (!HasProgram("keep-alive")) {
        GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
    }
    TemporaryFolder folder;
    Outcome outcome =
        Denali(folder, {"run", std::string(DENALI_SOURCE_DIR) + "/scenarios/idle-72h.yaml",
                        "--param", "pairs=4", "--quiet", "--out", "run"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    constexpr uint64_t kNodeHours = 8 * 72;
    // A frame out and one in, an hour and node; and 50,000 instructions, which are half a
    // millisecond.
    EXPECT_GE(figure(folder, "run", "frames_sent"), 2 * kNodeHours);
    EXPECT_LE(figure(folder, "run", "frames_sent"), 3 * kNodeHours);
    EXPECT_LE(figure(folder, "run", "instructions"), 50000 * kNodeHours);
}

} // namespace
