// The real gdb, driven by scripts, at nodes of worlds that `denali debug` runs.
#include <regex>
#include <thread>

#include "denali_process.h"

extern "C" {
#include <traces/recording.h>
}

namespace
{

#define REQUIRE_GDB()                                                                              \
    if (system("gdb --version >/dev/null 2>&1") != 0) {                                            \
        GTEST_SKIP() << "gdb is not installed; it is in .ci/packages";                             \
    }

std::string Shell(const support::TemporaryFolder &folder, const std::string &command)
{
    std::string text;
    FILE *pipe = popen(("cd " + folder.path() + " && " + command + " 2>&1").c_str(), "r");
    char piece[512];
    while (size_t got = fread(piece, 1, sizeof piece, pipe)) {
        text.append(piece, got);
    }
    pclose(pipe);
    return text;
}

/* gdb with a script; `remote` is what follows `target remote`. */
std::string Gdb(const support::TemporaryFolder &folder, const std::string &remote,
                const std::string &script)
{
    folder.write("script.gdb", "set pagination off\nset confirm off\nset width 0\n"
                               "set debuginfod enabled off\ntarget remote " +
                                   remote + "\n" + script);
    return Shell(folder, "timeout 120 gdb -nx -batch -x script.gdb");
}

const std::string kDenali = DENALI_BINARY_DIR "/denali";

std::string Piped(const std::string &arguments)
{
    return "| " + kDenali + " debug " + arguments + " --pipe";
}

/* The texts come one after the other. */
void ExpectInOrder(const std::string &all, const std::vector<std::string> &texts)
{
    size_t at = 0;
    for (const std::string &text : texts) {
        size_t found = all.find(text, at);
        ASSERT_NE(found, std::string::npos) << "missing after what came before: " << text << "\n"
                                            << all;
        at = found + text.size();
    }
}

class RealGdb : public testing::Test
{
  protected:
    /* The example of docs/debugging.md, with symbols. */
    void SetUp() override
    {
        REQUIRE_GDB();
        const std::string example = DENALI_SOURCE_DIR "/docs/examples/wrong-mean/";
        for (const char *name : {DENALI_EXAMPLE_SOURCES}) {
            std::filesystem::copy_file(example + name, folder.path() + "/" + name);
        }
        ASSERT_EQ(
            Shell(folder, "make --no-print-directory -s DENALI_CC=" DENALI_BINARY_DIR "/denali-cc"),
            "");
    }

    support::TemporaryFolder folder;
};

TEST_F(RealGdb, ReverseContinueEndsAtTheInstructionThatWroteInAnotherFile)
{
    std::string said = Gdb(folder, Piped("wrong-mean.yaml --node tally"),
                           "break 37\ncontinue\nprint mean\nprint ledger\ndelete\n"
                           "watch ledger.sensors\nreverse-continue\nbacktrace\nx/i $pc\nup\n"
                           "print message\nprint value\nmonitor time\nreverse-continue\n"
                           "reverse-continue\nmonitor time\n");
    ExpectInOrder(said, {
                            "main () at tally.c:37",
                            "$1 = 3",
                            "sensors = 243",
                            "hit Hardware watchpoint 2: ledger.sensors",
                            "Old value = 243",
                            "New value = 242",
                            "in ledger_note (",
                            "sensor=4, value=243) at ledger.c:6",
                            "latest[sensor] = value;",
                            "#1 ",
                            "take_reading (",
                            "at tally.c:20",
                            "=> ",
                            "mov ",
                            "$3 = \"4 243",
                            "$4 = 243",
                            "tally: 0.5",
                            "this is its past",
                            "Old value = 242",
                            "New value = 241",
                            "Old value = 241",
                            "New value = 240",
                        });
}

/* The example's run, recorded, into `run`. */
void RecordExample(const support::TemporaryFolder &folder)
{
    Outcome outcome = Denali(folder, {"run", "wrong-mean.yaml", "--quiet", "--record",
                                      "--checkpoint-every", "100ms", "--out", "run"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(RealGdb, ComesIntoARecordedRunAndGoesBackBeyondItsCheckpointsToTheWriter)
{
    RecordExample(folder);
    std::string said = Gdb(folder, Piped("run --node tally --at 1500ms"),
                           "print ledger\nwatch ledger.sensors\nreverse-continue\nbacktrace\n"
                           "monitor time\ndelete\nreverse-continue\n"
                           "print $pc == (void *)_start\nmonitor time\ncontinue\n"
                           "monitor goto 200ms\nmonitor goto 1900ms\nmonitor node sensor-2\n"
                           "thread 4\nreverse-stepi\nreverse-continue\nmonitor time\n");
    ExpectInOrder(said, {
                            "sensors = 243",
                            "Old value = 243",
                            "New value = 242",
                            "in ledger_note (",
                            "sensor=4, value=243) at ledger.c:6",
                            "latest[sensor] = value;",
                            "take_reading (",
                            "at tally.c:20",
                            "tally: 0.5",
                            "this is its past",
                            "the world: 1.500000000 s",
                            "No more reverse-execution history.",
                            "= 1",
                            "tally: 0.000000000 s, 0 instructions",
                            "[tally ended with exit code 0]",
                            "the world: 0.200000000 s",
                            "the world: 1.900000000 s",
                            "Switching to thread 4", /* which ended long before its checkpoint */
                            "No more reverse-execution history.",
                            "sensor-2: 0.1",
                            " s, 0 instructions",
                        });
}

/* What came from outside belongs to a node's past as frames do. */
TEST_F(RealGdb, GivesANodesPastWhatCameFromOutsideAgain)
{
    RecordExample(folder);
    Outcome forked = Denali(folder, {"fork", "run", "--quiet", "--at", "525ms", "--set",
                                     "poke=tally:ledger=3", "--out", "changed"});
    ASSERT_EQ(forked.code, 0) << forked.err;
    std::string said = Gdb(folder, Piped("changed --node tally --at 1500ms"),
                           "print ledger.latest[0]\nbreak ledger_note if sensor == 3\n"
                           "reverse-continue\nmonitor time\nprint ledger.latest[0]\ndelete\n"
                           "break ledger_mean\ncontinue\nprint ledger.latest[0]\nmonitor time\n");
    ExpectInOrder(said, {"$1 = 3", "sensor=3", "this is its past", "$2 = 203", "ledger_mean (",
                         "$3 = 3", "this is its past"});
}

TEST_F(RealGdb, StepsBothWaysThroughSourceAndFrames)
{
    std::string said = Gdb(folder, Piped("wrong-mean.yaml --node tally --jobs 2"),
                           "break ledger_note\ncontinue\nfinish\nnext\nreverse-next\n"
                           "reverse-finish\nreverse-continue\ninfo registers eip eflags fctrl\n"
                           "delete\nreverse-continue\nprint $pc == (void *)_start\n"
                           "continue\n");
    ExpectInOrder(said, {
                            "hit Breakpoint 1, ledger_note (",
                            "take_reading (s=3) at tally.c:",
                            "main () at tally.c:33",
                            "hit Breakpoint 1, ledger_note (", /* reverse-next */
                            "in take_reading (s=3) at tally.c:20",
                            "No more reverse-execution history.",
                            "_start ()",
                            "fctrl          0x37f",
                            "No more reverse-execution history.",
                            "_start ()",
                            "$1 = 1",
                            "mean: 3",
                            "[tally ended with exit code 0]",
                        });
}

TEST_F(RealGdb, SeesNodesAsThreadsAndStepsTheOneThatIsSelected)
{
    std::string said = Gdb(folder, Piped("wrong-mean.yaml --node sensor-2 --at 350ms"),
                           "info threads\nmonitor time\nthread 1\nstepi\nmonitor time\n"
                           "reverse-stepi\nmonitor node sensor-4\nmonitor goto 400ms\n"
                           "maintenance flush register-cache\nthread 6\nmonitor time\n"
                           "monitor frames\nmonitor interrupts\n");
    ExpectInOrder(said, {
                            "Thread 1 \"tally\"",
                            "Thread 2 \"sensor-0\"",
                            "Thread 4 \"sensor-2\" (idle, debugged)",
                            "Thread 6 \"sensor-4\"",
                            "sensor-2: 0.350000000 s",
                            "Switching to thread 1",
                            "tally: 0.4", /* it waited for a reading */
                            "for thread 6",
                            "the world: 0.400000000 s",
                            "Switching to thread 6",
                            "sensor-4: 0.400000000 s",
                            "on their way to it",
                            "sensor-4: pending: none",
                        });
}

TEST_F(RealGdb, ContinuesInTheThreadThatWasSelected)
{
    std::string said = Gdb(folder, Piped("wrong-mean.yaml --node sensor-2 --at 350ms"),
                           "break main\nbreak _exit\nthread 3\ncontinue\n"
                           "thread apply all print $pc\ninfo threads\nreverse-stepi\n"
                           "monitor time\ndelete 2\nthread 5\nreverse-continue\nthread 6\n"
                           "thread apply all print $pc\nreverse-continue\nmonitor time\n");
    ExpectInOrder(said, {"Switching to thread 3", "now for sensor-1",
                         "Thread 3 \"sensor-1\" hit Breakpoint 2, ", "sensor-1: 0.",
                         "this is its past", "Switching to thread 5", "now for sensor-3",
                         "Thread 5 \"sensor-3\" hit Breakpoint 1, main (", "Switching to thread 6",
                         "now for sensor-4", "Thread 6 \"sensor-4\" hit Breakpoint 1, main (",
                         "sensor-4: 0.1"});
}

/* What is shipped beside the command has gdb look again where the world was taken elsewhere. */
TEST_F(RealGdb, GoesToATimeWithTheShippedCommands)
{
    std::string said = Gdb(folder, Piped("wrong-mean.yaml --node tally --at 300ms"),
                           "source " DENALI_BINARY_DIR "/denali.gdb\nprint ledger.sensors\n"
                           "goto 700ms\nprint ledger.sensors\nmonitor goto 300ms\n"
                           "print ledger.sensors\nmonitor goto 1000s\nmonitor time\n");
    ExpectInOrder(said,
                  {"$1 = ", "the world: 0.700000000 s", "#0 ", "$2 = 243",
                   "the world: 0.300000000 s", "$3 = ", "monitor goto 1000s: the run ends at ",
                   "expected a time from 0 to that", "the world: 0.300000000 s"});
    EXPECT_EQ(said.find("Register cache flushed"), std::string::npos) << said;
    auto value = [&](const std::string &name) {
        size_t at = said.find("$" + name + " = ");
        return said.substr(at + 5, said.find('\n', at) - at - 5);
    };
    EXPECT_EQ(value("1"), value("3"));
}

/* gdb keeps the value of what is watched, too. */
TEST_F(RealGdb, WhatIsWatchedHasTheOldValueOfTheTimeGoneTo)
{
    std::string said = Gdb(folder, Piped("wrong-mean.yaml --node tally --at 700ms"),
                           "source " DENALI_BINARY_DIR "/denali.gdb\nwatch ledger.sensors\n"
                           "watch ledger.latest[0]\ndisable 2\nprint ledger.sensors\ngoto 300ms\n"
                           "continue\ninfo breakpoints\n");
    ExpectInOrder(said, {"$1 = 243", "hit Hardware watchpoint 1: ledger.sensors", "Old value = 240",
                         "New value = 241", "keep y", "keep n"});
}

TEST_F(RealGdb, WhatIsWatchedByItsAddressHasTheOldValueOfTheTimeGoneTo)
{
    const std::string load = "source " DENALI_BINARY_DIR "/denali.gdb\n";
    std::string said = Gdb(folder, Piped("wrong-mean.yaml --node tally"),
                           load + "goto 0.35s\nwatch -l ledger.sensors\ngoto 0.5s\n"
                                  "print ledger.sensors\nreverse-continue\nreverse-continue\n"
                                  "monitor time\n");
    ExpectInOrder(said, {"$1 = 242", "hit Hardware watchpoint 1: -location ledger.sensors",
                         "Old value = 242", "New value = 241", "Old value = 241",
                         "New value = 240", "this is its past"});
    said = Gdb(folder, Piped("wrong-mean.yaml --node tally"),
               load + "goto 0.5s\nwatch -location ledger.latest[0]\ngoto 0.25s\n"
                      "print ledger.latest[0]\ncontinue\n");
    ExpectInOrder(said, {"$1 = 200", "Old value = 200", "New value = 201"});
}

/* Where one goes to, names may mean something else: the parameter `ledger` of ledger_note. */
TEST_F(RealGdb, LooksAgainAtWhatIsWatchedWhereItsNamesMeanTheSame)
{
    const std::string begin =
        "source " DENALI_BINARY_DIR "/denali.gdb\nbreak tally.c:37\ncontinue\ndelete\n";
    std::string said =
        Gdb(folder, Piped("wrong-mean.yaml --node tally"),
            begin + "watch ledger.sensors\nreverse-continue\nup\nmonitor time\nprint message\n"
                    "reverse-continue\nmonitor help\nreverse-continue\nreverse-continue\n"
                    "monitor time\ninfo breakpoints\n");
    ExpectInOrder(said, {"Old value = 243", "New value = 242", "take_reading (s=3)",
                         "this is its past", "= \"4 243", "Old value = 242", "New value = 241",
                         "Old value = 241", "New value = 240", "Old value = 240",
                         "New value = 4", "this is its past", "ledger.sensors",
                         "already hit 4 times"});
    EXPECT_EQ(said.find("deleted"), std::string::npos) << said;
    EXPECT_EQ(said.find("rror"), std::string::npos) << said;
    /* And one of that parameter, as long as its function is executed. */
    said = Gdb(folder, Piped("wrong-mean.yaml --node tally --at 450ms"),
               "source " DENALI_BINARY_DIR "/denali.gdb\nbreak ledger_note\ncontinue\ndelete\n"
               "watch ledger->sensors\nup\nmonitor time\ncontinue\n");
    ExpectInOrder(said, {"the world: ", "hit Hardware watchpoint 2: ledger->sensors",
                         "Old value = 242", "New value = 243"});
}

TEST_F(RealGdb, IsToldWhyNothingIsWrittenInThePast)
{
    const std::string why = "the debugged node is at a moment of its past, where nothing can be "
                            "written: `monitor goto` takes the whole world to a time";
    const std::string past = "watch ledger.sensors\nreverse-continue\nmonitor time\n";
    const std::string at = "wrong-mean.yaml --node tally --at 700ms";
    std::string said = Gdb(folder, Piped(at), past + "print $eax = 4\n");
    ExpectInOrder(said, {"this is its past", "E." + why});
    said = Gdb(folder, Piped(at), past + "set var ledger.sensors = 3\n");
    ExpectInOrder(said, {"this is its past", "denali: " + why, "Cannot access memory"});
}

TEST_F(RealGdb, ADamagedCheckpointIsPassedOver)
{
    RecordExample(folder);
    struct error error = ERROR_INIT;
    struct trace_recording *recording = nullptr;
    const std::string path = folder.path("run/trace/recording");
    ASSERT_EQ(trace_recording_open(path.c_str(), true, &recording, &error), STATUS_OK);
    size_t count = 0;
    const struct trace_entry *entries = trace_recording_entries(recording, &count);
    std::string bytes = folder.read("run/trace/recording");
    size_t damaged = 0;
    for (size_t i = 0; i < count; i++) {
        bool late = entries[i].time_ns >= 500000000 && entries[i].time_ns <= 900000000;
        bool compared = entries[i].type == TRACE_RECORD_DELTA ||
                        entries[i].type == TRACE_RECORD_FULL ||
                        entries[i].type == TRACE_RECORD_DIGESTS;
        if (late && compared) {
            bytes[entries[i].offset + 40] ^= 4; /* of its content, or of its own checksum */
            damaged++;
        }
    }
    trace_recording_close(recording);
    ASSERT_GT(damaged, 2u);
    folder.write("run/trace/recording", bytes);
    std::string said = Gdb(folder, Piped("run --node tally --at 300ms"),
                           "monitor goto 950ms\nmonitor time\nmonitor goto 700ms\n"
                           "monitor goto 100ms\nreverse-continue\ncontinue\nmonitor time\n");
    ExpectInOrder(said, {"is damaged: came from the one before]", "the world: 0.950000000 s",
                         "the world: 0.700000000 s", "the world: 0.100000000 s",
                         "[tally ended with exit code 0]", "tally: "});
}

TEST_F(RealGdb, CallsFunctionsOfANodeThatWaits)
{
    std::string said = Gdb(folder, Piped("wrong-mean.yaml --node tally --at 1ms"),
                           "monitor time\nprint ledger_mean(&ledger)\nset var ledger.sensors = 2\n"
                           "set var ledger.latest[1] = 14\nprint ledger_mean(&ledger)\n"
                           "reverse-stepi\ncontinue\n");
    ExpectInOrder(said, {"$1 = 0", "$2 = 7", "No more reverse-execution history.",
                         "mean: ", "[tally ended with exit code 0]"});
}

/* `denali debug` on a port of its own choosing, told on stderr. */
TEST_F(RealGdb, ComesInByALoopbackPort)
{
    DenaliProcess denali(folder, {"debug", "wrong-mean.yaml", "--node", "tally", "--port", "0"});
    std::smatch port;
    std::string said;
    for (int i = 0; i < 500 && port.empty(); i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        said = folder.read(".stderr");
        std::regex_search(said, port, std::regex("target remote 127\\.0\\.0\\.1:([0-9]+)"));
    }
    ASSERT_FALSE(port.empty()) << said;
    std::string answer = Gdb(folder, "127.0.0.1:" + port[1].str(), "break main\ncontinue\nkill\n");
    EXPECT_NE(answer.find("Breakpoint 1, main () at tally.c:"), std::string::npos) << answer;
    EXPECT_EQ(denali.Wait().code, 0);
}

TEST(DebugVerb, RefusesWhatItCannotDo)
{
    support::TemporaryFolder folder;
    folder.write("one.yaml", "general: {name: one, duration: 1s}\n"
                             "groups: [{name: m, image: " +
                                 GuestImage("spin") + ", count: 2, network: none}]\n");
    Outcome outcome = Denali(folder, {"debug", "one.yaml", "--node", "m-2"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--node"), std::string::npos) << outcome.err;
    outcome = Denali(folder, {"debug", "one.yaml", "--at", "1001ms"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--at 1001ms"), std::string::npos) << outcome.err;
    outcome = Denali(folder, {"debug", "one.yaml", "--pipe", "--port", "7"});
    EXPECT_EQ(outcome.code, 2);
    outcome = Denali(folder, {"debug", "one.yaml", "--port", "65536"});
    EXPECT_EQ(outcome.code, 2);
    outcome = Denali(folder, {"debug", "one.yaml", "--pipe"}); /* nobody is there */
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
}

} // namespace
