/* The scenario that ships, whole: 8 MiB both ways over each of its paths, at the rates it expects.
 */
#include "emu/denali_process.h"

TEST(TransferScenario, MeetsItsExpectations)
{
    if (!HasProgram("tcp-transfer")) {
        GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
    }
    support::TemporaryFolder folder;
    Outcome outcome =
        Denali(folder, {"run", std::string(DENALI_SOURCE_DIR) + "/scenarios/tcp-transfer.yaml",
                        "--out", "run"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}
