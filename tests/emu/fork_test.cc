/* Forking a recorded run and comparing two: they share everything up to the change, and the first
 * difference is where it was made. */
#include <regex>
#include <sstream>

#include "record_fixture.h"

static Outcome Fork(const support::TemporaryFolder &folder, const std::string &change,
                    const std::string &out, const std::string &at = "20ms")
{
    return Denali(folder, {"fork", "run", "--at", at, "--set", change, "--out", out, "--quiet",
                           "--checkpoint-every", "10ms"});
}

/* Lines of metrics.csv before a time. */
static std::string Before(const std::string &table, uint64_t time_ns)
{
    std::istringstream stream(table);
    std::string kept;
    for (std::string line; std::getline(stream, line);) {
        uint64_t at_ns = std::strtoull(line.c_str(), nullptr, 10);
        kept += at_ns < time_ns ? line + "\n" : "";
    }
    return kept;
}

TEST(Fork, IsTheSameUpToTheChangeAndVerifiesItself)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    std::string metrics = folder.read("run/metrics.csv");
    ASSERT_NE(Before(metrics, 20000000), metrics);
    int number = 0;
    for (const char *change : {"drop=peer-1", "drop=peer-1:7", "cut=peer-2", "poke=peer-0:0x9000=1",
                               "poke=peer-0:received=0x55"}) {
        std::string out = "fork" + std::to_string(number++);
        Outcome outcome = Fork(folder, change, out);
        ASSERT_EQ(outcome.code, 0) << change << ": " << outcome.err;
        EXPECT_NE(DigestOfRun(folder, out), DigestOfRun(folder, "run")) << change;
        EXPECT_EQ(Before(folder.read(out + "/metrics.csv"), 20000000), Before(metrics, 20000000));
        outcome = Denali(folder, {"verify", out, "--engine", "interpreter", "--jobs", "3"});
        EXPECT_EQ(outcome.code, 0) << change << ": " << outcome.out << outcome.err;
        outcome = Denali(folder, {"verify", out, "--from", "30ms"});
        EXPECT_EQ(outcome.code, 0) << "a checkpoint after the change has it: " << outcome.out;
        /* And may be forked once more: what was done first is done again. */
        if (number == 1) {
            outcome = Denali(folder, {"fork", out, "--at", "30ms", "--set", "cut=peer-0", "--out",
                                      "again", "--quiet"});
            EXPECT_EQ(outcome.code, 0) << outcome.err;
            EXPECT_EQ(Denali(folder, {"verify", "again"}).code, 0);
        }
    }
}

TEST(Fork, ItsDirectorySaysThatItIsOneAndOfWhat)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    EXPECT_EQ(folder.read("run/summary.json").find("\"fork\""), std::string::npos);
    Outcome outcome = Denali(folder, {"fork", "run", "--at", "20.5ms", "--set", "cut=peer-1",
                                      "--set", "poke=peer-0:received=0x55", "--out", "fork"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("of run at 0.0205 s: cut=peer-1, poke=peer-0:received=0x55\n"),
              std::string::npos)
        << outcome.out;
    std::string events = folder.read("fork/events.log");
    EXPECT_EQ(events.find("0.000000000 - fork of run at 20500us\n"), 0u) << events;
    EXPECT_NE(events.find("\n0.020500000 - change cut=peer-1\n"
                          "0.020500000 - change poke=peer-0:received=0x55\n"),
              std::string::npos)
        << events;
    std::string summary = folder.read("fork/summary.json");
    EXPECT_NE(summary.find("\"digest\": \"" + DigestOfRun(folder, "run") + "\""), std::string::npos)
        << summary;
    EXPECT_NE(summary.find("\"at_seconds\": 0.0205"), std::string::npos) << summary;
    /* The same scenario is the run that it is a fork of. */
    outcome = Denali(folder, {"run", "fork/scenario.yaml", "--quiet", "--out", "again"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(DigestOfRun(folder, "again"), DigestOfRun(folder, "run"));
}

TEST(Fork, WhatIsLostIsOnTheAccount)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    EXPECT_EQ(Fork(folder, "drop=peer-1:7", "drop").code, 0);
    EXPECT_EQ(NodesColumn(folder, "drop", "drop_no_link"),
              (std::vector<std::string>{"0", "7", "0"}));
    EXPECT_EQ(Fork(folder, "cut=peer-1", "cut").code, 0);
    std::vector<std::string> lost = NodesColumn(folder, "cut", "drop_no_link");
    EXPECT_GT(std::stoi(lost[1]), 10) << "what it sends, and what is sent to it";
    EXPECT_EQ(lost[0], "0");
}

TEST(Fork, AnotherSeedIsOtherEntropyFromThereOn)
{
    support::TemporaryFolder folder;
    if (!HasProgram("kademlia")) {
        GTEST_SKIP() << "needs the guest kit";
    }
    Outcome outcome = Denali(folder, {"run", "kademlia-planetlab.yaml", "--nodes", "12", "--until",
                                      "12s", "--record", "--out", "run", "--quiet"});
    ASSERT_TRUE(outcome.code == 0 || outcome.code == 1) << outcome.err;
    Denali(folder, {"fork", "run", "--at", "5", "--set", "seed=99", "--out", "fork", "--quiet"});
    EXPECT_EQ(Denali(folder, {"verify", "fork", "--jobs", "2"}).code, 0);
    outcome = Denali(folder, {"diff", "run", "fork"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out.find("only in fork: at 5.000000000 s, all nodes: entropy of another "
                               "seed, 99\ndifferent: between virtual time "),
              0u)
        << outcome.out;
    EXPECT_NE(outcome.out.find("first difference: virtual time 5.000000000 s, node "),
              std::string::npos)
        << "when it was made, and not before: " << outcome.out;
}

TEST(Diff, NamesTheChangeAndTheNode)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    ASSERT_EQ(Fork(folder, "drop=peer-1", "fork").code, 0);
    Outcome outcome = Denali(folder, {"diff", "run", "fork"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    for (const char *wanted :
         {"only in fork: at 0.020000000 s, node peer-1: frames lost, the next 1 that would reach "
          "it\n"
          "different: between virtual time 0.020000000 s and 0.030000000 s: node peer-",
          "first difference: virtual time 0.0", ", node peer-1, instruction ",
          "frames dropped                          9           10\n", "\nreceived "}) {
        EXPECT_NE(outcome.out.find(wanted), std::string::npos) << wanted << "\n" << outcome.out;
    }
    outcome = Denali(folder, {"diff", "run", "run"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.out.find("the same as far as both are recorded, up to virtual time 0.040 s"),
              0u)
        << outcome.out;
}

/* A change that no node ever tells: only the state at the end has it. */
TEST(Diff, FindsWhatNobodyToldOf)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    ASSERT_EQ(Fork(folder, "poke=peer-2:0xf0000=0xaa", "fork").code, 0);
    Outcome outcome = Denali(folder, {"diff", "run", "fork"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    for (const char *wanted : {"node peer-2: a byte of memory changed, at 000f0000 to aa\n",
                               "not in what nodes exchanged, but in their state",
                               "first difference: virtual time 0.020000000 s, node peer-2",
                               "before it: what they are given from outside then\n",
                               "memory at 000f0000: run 00, fork aa\n"}) {
        EXPECT_NE(outcome.out.find(wanted), std::string::npos) << wanted << "\n" << outcome.out;
    }
}

/* Whatever it came to. */
TEST(Diff, ListsAllThatOnlyOneWasGiven)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    auto fork = [&](const std::string &of, const std::string &at,
                    const std::vector<std::string> &changes, const std::string &out) {
        std::vector<std::string> arguments = {"fork", of, "--at", at, "--out", out, "--quiet"};
        for (const std::string &change : changes) {
            arguments.insert(arguments.end(), {"--set", change});
        }
        EXPECT_EQ(Denali(folder, arguments).code, 0);
    };
    const std::string fork1 = "only in fork1: at 0.020000000 s, ";
    const std::string seed = "all nodes: entropy of another seed, 18446744073709551615\n";
    const std::string poke = "node peer-2: a byte of memory changed, at 000f0000 to aa\n";
    const std::string cut = "node peer-0: the link cut\n";
    fork("run", "20ms", {"seed=18446744073709551615", "drop=peer-1:7", "poke=peer-2:0xf0000=0xaa"},
         "fork1");
    Outcome outcome = Denali(folder, {"diff", "run", "fork1"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_EQ(outcome.out.find(fork1 + seed + fork1 +
                               "node peer-1: frames lost, the next 7 that would reach it\n" +
                               fork1 + poke + "different: "),
              0u)
        << outcome.out;
    /* What both were given is no difference. */
    fork("run", "20ms", {"drop=peer-1:7", "poke=peer-2:0xf0000=0xaa"}, "fork2");
    fork("fork2", "30ms", {"cut=peer-0"}, "fork3");
    outcome = Denali(folder, {"diff", "fork1", "fork3"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_EQ(
        outcome.out.find(fork1 + seed + "only in fork3: at 0.030000000 s, " + cut + "different: "),
        0u)
        << outcome.out;
    /* A change that changes nothing: the byte was that. */
    fork("run", "20ms", {"poke=peer-2:0xf0000=0"}, "fork4");
    outcome = Denali(folder, {"diff", "run", "fork4"});
    EXPECT_NE(outcome.out.find("only in fork4: at 0.020000000 s, node peer-2: a byte of memory "
                               "changed, at 000f0000 to 00\n"),
              std::string::npos)
        << outcome.out;
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_NE(outcome.out.find("\nthe same as far as both are recorded, up to virtual time 0.040 "),
              std::string::npos)
        << outcome.out;
    std::vector<std::string> many;
    for (int i = 0; i < 20; i++) {
        many.push_back("poke=peer-2:0xf0000=" + std::to_string(i));
    }
    fork("run", "20ms", many, "fork5");
    outcome = Denali(folder, {"diff", "run", "fork5"});
    EXPECT_NE(outcome.out.find("to 0f\nonly in fork5: 4 more\ndifferent: "), std::string::npos)
        << outcome.out;
}

TEST(Diff, ANodeThatHasNotBootedHasNoInstruction)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    ASSERT_EQ(Fork(folder, "cut=peer-1", "fork", "0").code, 0);
    Outcome outcome = Denali(folder, {"diff", "run", "fork"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_NE(outcome.out.find("first difference: virtual time 0.000000000 s, node peer-1, which "
                               "has not booted\n"),
              std::string::npos)
        << outcome.out;
    EXPECT_EQ(outcome.out.find("no memory here"), std::string::npos) << outcome.out;
}

/* Nor does the fork's end, as its recording is torn: only that one of them was given something. */
TEST(Diff, FindsAChangeInATornRecordingThatNobodyToldOf)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    ASSERT_EQ(Fork(folder, "poke=peer-2:0xf0000=0xaa", "fork").code, 0);
    std::vector<RecordRead> records = ReadRecords(folder.path("fork/trace/recording"));
    ASSERT_EQ(records.back().type, (uint32_t)TRACE_RECORD_END);
    records.pop_back();
    WriteRecords(folder.path("fork"), records);
    std::string shorter = folder.read("fork/trace/recording");
    folder.write("fork/trace/recording", shorter.substr(0, shorter.size() - 20));
    Outcome outcome = Denali(folder, {"diff", "run", "fork"});
    EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
    EXPECT_NE(outcome.err.find("fork: the recording ends before the run did"), std::string::npos)
        << outcome.err;
    for (const char *wanted : {"only in fork: at 0.020000000 s, node peer-2: a byte of memory",
                               "memory at 000f0000: run 00, fork aa\n"}) {
        EXPECT_NE(outcome.out.find(wanted), std::string::npos) << wanted << "\n" << outcome.out;
    }
    /* Before the change they are the same. */
    while (records.back().time_ns > 15000000) {
        records.pop_back();
    }
    WriteRecords(folder.path("fork"), records);
    shorter = folder.read("fork/trace/recording");
    folder.write("fork/trace/recording", shorter.substr(0, shorter.size() - 20));
    outcome = Denali(folder, {"diff", "run", "fork"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out.find("the same as far as both are recorded, up to virtual time 0.010 s"),
              0u)
        << outcome.out;
}

TEST(Diff, OfOtherScenariosStopsAtTheInterval)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    folder.write("scenario.yaml", LanOf("chatter", 3, "40ms"));
    Outcome other = Denali(folder, {"run", "scenario.yaml", "--seed", "6", "--quiet", "--out",
                                    "other", "--record", "--checkpoint-every", "10ms"});
    ASSERT_EQ(other.code, 0) << other.err;
    Outcome outcome = Denali(folder, {"diff", "run", "other"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_NE(outcome.out.find("between virtual time 0.000000000 s and 0.010000000 s"),
              std::string::npos)
        << outcome.out;
    EXPECT_NE(outcome.out.find("no instruction is looked for"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find(" -\n"), std::string::npos) << outcome.out;
    Record(folder, LanOf("spin", 3, "40ms"), "10ms", "silent");
    outcome = Denali(folder, {"diff", "run", "silent"});
    EXPECT_TRUE(std::regex_search(outcome.out,
                                  std::regex("\nreceived +[0-9]+ +0 +[0-9.]+ +- +[0-9.]+ +-\n")))
        << "nothing is said of what was never observed: " << outcome.out;
}

TEST(Diff, SaysWhyThereAreNoFigures)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "20ms"));
    const std::string summary = folder.read("run/summary.json");
    std::filesystem::copy(folder.path("run"), folder.path("copy"),
                          std::filesystem::copy_options::recursive);
    folder.write("copy/summary.json", "{");
    Outcome outcome = Denali(folder, {"diff", "run", "copy"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("\nno figures: copy/summary.json: is not JSON: "), std::string::npos)
        << outcome.out;
    outcome = Denali(folder, {"bundle", "copy", "-o", "copy.denali"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("without good figures: copy/summary.json: is not JSON: "),
              std::string::npos)
        << outcome.err;
    outcome = Denali(folder, {"diff", "copy.denali", "run"});
    EXPECT_NE(outcome.out.find("\nno figures: copy.denali/summary.json: is not JSON: "),
              std::string::npos)
        << outcome.out;
    folder.write("copy/summary.json", summary);
    folder.write("copy/INCOMPLETE", "");
    outcome = Denali(folder, {"diff", "run", "copy"});
    EXPECT_NE(outcome.out.find("\nno figures: copy/INCOMPLETE: This run did not finish."),
              std::string::npos)
        << outcome.out;
    outcome = Denali(folder, {"bundle", "run", "-o", "run.denali"});
    EXPECT_EQ(outcome.err, "");
    outcome = Denali(folder, {"bundle", "run", "-o", ""});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--out FILE is empty; expected"), std::string::npos) << outcome.err;
}

TEST(Fork, BadArgumentsAreToldInOneLine)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "20ms"));
    static const struct {
        std::vector<std::string> options;
        std::string wanted;
    } cases[] = {
        {{"--at", "5ms"}, "fork: --set is missing; expected both --at and --set"},
        {{"--set", "cut=peer-0"}, "fork: --at is missing"},
        {{"--at", "1s", "--set", "cut=peer-0"},
         "--at 1s: the recording goes from 0s to 20ms; expected a moment in it, "
         "before its end"},
        {{"--at", "20ms", "--set", "cut=peer-0"}, "--at 20ms: the recording goes from 0s to 20ms"},
        {{"--at", "5ms", "--set", "cut=nobody"}, "--set: no node `nobody`"},
        {{"--at", "5ms", "--set", "cut=peer-0:1"},
         "--set: `cut=peer-0:1`: `1` is too much; expected cut=NODE"},
        {{"--at", "5ms", "--set", "drop=peer-0:0"},
         "`0` is no number of frames; expected 1 to 4294967295"},
        {{"--at", "5ms", "--set", "seed=x"},
         "--set: `seed=x`: `x` is no seed; expected a whole number"},
        {{"--at", "5ms", "--set", "burn=peer-0"}, "--set: `burn=peer-0`; expected seed=N, cut="},
        {{"--at", "5ms", "--set", "poke=peer-0"}, "has no address; expected poke=NODE:ADDRESS="},
        {{"--at", "5ms", "--set", "poke=peer-0:0x9000"}, "`0x9000` has no byte; expected poke="},
        {{"--at", "5ms", "--set", "poke=peer-0:none=1"}, "`none` is no address; expected a number"},
        {{"--at", "5ms", "--set", "poke=peer-0:0x1ff0=1"}, "the node has no such memory"},
        {{"--at", "5ms", "--set", "poke=peer-0:0x9000=256"}, "`256` is no byte; expected 0 to 255"},
        {{"--at", "5ms", "--set", "poke=peer-0:0xffffffff=1"}, "the node has no such memory"},
    };
    for (const auto &tried : cases) {
        std::vector<std::string> arguments = {"fork", "run", "--quiet"};
        arguments.insert(arguments.end(), tried.options.begin(), tried.options.end());
        Outcome outcome = Denali(folder, arguments);
        EXPECT_EQ(outcome.code, 2) << tried.wanted;
        EXPECT_FALSE(folder.has("runs")) << "nothing is made for it: " << tried.wanted;
        EXPECT_NE(outcome.err.find(tried.wanted), std::string::npos) << outcome.err;
    }
}
