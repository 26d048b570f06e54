/*
 * What every verb does that is given a recorded run: it takes a bundle for its directory, refuses
 * one that was changed since, and says of a torn one where it ends.
 */
#include <sys/resource.h>

#include <cstdlib>

#include "record_fixture.h"

using support::TemporaryFolder;

namespace
{

/* Every way to read the run at `path`; what is made is in folder/made. */
std::vector<std::vector<std::string>> Readers(const std::string &path)
{
    return {
        {"verify", path},
        {"verify", path, "--quick"},
        {"replay", path, "--from", "5ms", "--to", "15ms", "--quiet", "--out", "made"},
        {"fork", path, "--at", "5ms", "--set", "cut=peer-0", "--quiet", "--out", "made"},
        {"why", path, "--node", "peer-1", "--frame", "3"},
        {"diff", path, path},
        {"debug", path, "--node", "peer-1", "--at", "5ms", "--pipe"},
    };
}

/* Runs it with temporary files in folder/temporary, and takes away what it made. */
Outcome Read(const TemporaryFolder &folder, const std::vector<std::string> &arguments)
{
    std::filesystem::remove_all(folder.path("made"));
    std::filesystem::create_directories(folder.path("temporary"));
    std::string temporary = folder.path("temporary");
    Outcome outcome =
        Denali(folder, arguments, "", [&] { setenv("TMPDIR", temporary.c_str(), 1); });
    EXPECT_TRUE(std::filesystem::is_empty(temporary)) << arguments[0] << " left something";
    return outcome;
}

std::string Words(const std::vector<std::string> &arguments)
{
    std::string words;
    for (const std::string &word : arguments) {
        words += word + " ";
    }
    return words;
}

TEST(RecordedRun, IsTakenFromABundleByEveryVerb)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "20ms"));
    Outcome outcome = Denali(folder, {"bundle", "run", "-o", "one.denali"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out.find("bundle: one.denali, 7 files, "), 0u) << outcome.out;
    std::vector<Outcome> wanted;
    for (const auto &arguments : Readers("run")) {
        wanted.push_back(Read(folder, arguments));
        EXPECT_EQ(wanted.back().code, 0) << Words(arguments) << wanted.back().err;
    }
    std::filesystem::rename(folder.path("run"), folder.path("away"));
    size_t number = 0;
    for (const auto &arguments : Readers("one.denali")) {
        outcome = Read(folder, arguments);
        EXPECT_EQ(outcome.code, 0) << Words(arguments) << outcome.err;
        EXPECT_EQ(outcome.out, wanted[number++].out) << Words(arguments);
    }
    outcome = Denali(folder, {"bundle", "one.denali", "-o", "two.denali"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("one.denali: is a bundle already"), std::string::npos)
        << outcome.err;
}

TEST(RecordedRun, IsRefusedByEveryVerbIfAFileIsNotWhatItWas)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "20ms"));
    for (const char *file : {"run/scenario.yaml", "run/images/chatter.img"}) {
        const std::string before = folder.read(file);
        folder.write(file, before + "\n");
        std::vector<std::vector<std::string>> readers = Readers("run");
        readers.push_back({"bundle", "run", "--out", "made"});
        for (const auto &arguments : readers) {
            Outcome outcome = Read(folder, arguments);
            bool verifies = arguments[0] == "verify";
            EXPECT_EQ(outcome.code, verifies ? 1 : 2) << Words(arguments);
            EXPECT_FALSE(folder.has("made")) << Words(arguments);
            const std::string &said = verifies ? outcome.out : outcome.err;
            for (const std::string &wanted :
                 {std::string(file) + " is not what the run was made of: recorded " +
                      std::to_string(before.size()) + " bytes with hash ",
                  ", now " + std::to_string(before.size() + 1) + " with ",
                  std::string("; put back the file as it was, or record the run again\n")}) {
                EXPECT_NE(said.find(wanted), std::string::npos) << Words(arguments) << said;
            }
        }
        std::filesystem::remove(folder.path(file));
        for (const auto &arguments : readers) {
            Outcome outcome = Read(folder, arguments);
            EXPECT_EQ(outcome.code, 2) << Words(arguments);
            EXPECT_NE(outcome.err.find(std::string(file) +
                                       ": cannot be opened: No such file or "
                                       "directory; the run is made of it: put it back, or record "
                                       "the run again\n"),
                      std::string::npos)
                << Words(arguments) << outcome.err;
        }
        folder.write(file, before);
    }
}

TEST(RecordedRun, ThatIsTornIsSaidToBeByEveryVerb)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    const std::string recording = folder.read("run/trace/recording");
    folder.write("run/trace/recording", recording.substr(0, recording.size() / 2));
    Outcome outcome = Denali(folder, {"bundle", "run", "--out", "one.denali"});
    EXPECT_EQ(outcome.code, 0);
    const std::string torn = ": the recording ends before the run did: it reaches virtual time ";
    EXPECT_NE(outcome.err.find("run" + torn), std::string::npos) << outcome.err;
    for (const std::string path : {"run", "one.denali"}) {
        for (const auto &arguments : Readers(path)) {
            outcome = Read(folder, arguments);
            bool verifies = arguments[0] == "verify";
            EXPECT_EQ(outcome.code, verifies ? 5 : 0) << Words(arguments) << outcome.err;
            EXPECT_NE(verifies ? outcome.out.find("then the recording is torn: ")
                      : arguments[0] == "debug"
                          ? outcome.err.find("the recording ends before the run did")
                          : outcome.err.find(path + torn),
                      std::string::npos)
                << Words(arguments) << outcome.out << outcome.err;
        }
    }
    outcome = Denali(folder, {"replay", "run", "--to", "40ms", "--quiet"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--to 40ms: the recording, which is torn, goes from 0s to "),
              std::string::npos)
        << outcome.err;
}

/* What is given as a recorded run and is none. */
TEST(RecordedRun, IsNotTakenFromJustAnyFile)
{
    TemporaryFolder folder;
    folder.write("notes.txt", "not a bundle");
    for (const auto &arguments : Readers("notes.txt")) {
        Outcome outcome = Read(folder, arguments);
        EXPECT_EQ(outcome.code, 2) << Words(arguments);
        EXPECT_FALSE(folder.has("made"));
        EXPECT_NE(outcome.err.find(arguments[0] == "debug" ? "notes.txt" : "is not a bundle"),
                  std::string::npos)
            << Words(arguments) << outcome.err;
    }
    for (const auto &arguments : Readers("nothing")) {
        EXPECT_EQ(Read(folder, arguments).code, 2) << Words(arguments);
    }
}

/* A bundle is unpacked where there is room, and where there is none that is said. */
TEST(RecordedRun, WithoutRoomForABundleSaysWhatToDo)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "20ms"));
    ASSERT_EQ(Denali(folder, {"bundle", "run", "-o", "one.denali"}).code, 0);
    Outcome outcome = Denali(folder, {"verify", "one.denali"}, "",
                             [] { setenv("TMPDIR", "/nowhere/at/all", 1); });
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("set TMPDIR to where there is room"), std::string::npos)
        << outcome.err;
    outcome = Denali(folder, {"verify", "one.denali"}, "", [] {
        struct rlimit limit = {4000, 4000};
        setrlimit(RLIMIT_FSIZE, &limit);
    });
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("set TMPDIR to where there is room"), std::string::npos)
        << outcome.err;
    outcome = Denali(folder, {"bundle", "run", "-o", "no/such/folder.denali"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("choose another place with --out"), std::string::npos)
        << outcome.err;
}

TEST(RecordedRun, WhatIsFoundAndCannotBePrintedIsExitCode2)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "20ms"));
    ASSERT_EQ(Denali(folder, {"fork", "run", "--at", "5ms", "--set", "cut=peer-0", "--quiet",
                              "--out", "other"})
                  .code,
              0);
    const std::vector<std::vector<std::string>> verbs = {
        {"diff", "run", "other"},
        {"fork", "run", "--at", "5ms", "--set", "cut=peer-1", "--out", "third"},
        {"why", "run", "--node", "peer-1", "--frame", "3"},
        {"bundle", "run", "--out", "one.denali"},
    };
    for (const auto &arguments : verbs) {
        Outcome outcome = Denali(folder, arguments, "", [] {
            int full = open("/dev/full", O_WRONLY);
            dup2(full, 1);
        });
        EXPECT_EQ(outcome.code, 2) << Words(arguments);
        EXPECT_NE(outcome.err.find("cannot write to standard output: No space left on device"),
                  std::string::npos)
            << Words(arguments) << outcome.err;
    }
}

/* What a failed fork leaves does not look whole, and is told. */
TEST(RecordedRun, AForkThatFailsLeavesADirectoryMarkedSo)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    for (RecordRead &record : records) {
        if (record.type == TRACE_RECORD_DIGESTS && record.time_ns == 20000000) {
            record.content[7] = (char)(record.content[7] ^ 1);
        }
    }
    WriteRecords(folder.path("run"), records);
    Outcome outcome = Denali(
        folder, {"fork", "run", "--at", "30ms", "--set", "cut=peer-0", "--quiet", "--out", "made"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("what there is of the run is in made, marked INCOMPLETE\n"),
              std::string::npos)
        << outcome.err;
    EXPECT_TRUE(folder.has("made/INCOMPLETE"));
    EXPECT_FALSE(folder.has("made/summary.json"));
}

} // namespace
