/*
 * What every verb does that is given a recorded run: it takes a bundle for its directory, refuses
 * one that was changed since, and says of a torn one where it ends.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>

#include "record_fixture.h"

extern "C" {
#include <base/codec.h>
#include <base/hash.h>
#include <traces/bundle.h>
}

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
            bool verifies =
                arguments[0] == "verify"; /* it is not what the run was made of either */
            EXPECT_EQ(outcome.code, verifies ? 1 : 2) << Words(arguments);
            EXPECT_FALSE(folder.has("made")) << Words(arguments);
            const std::string &said = verifies ? outcome.out : outcome.err;
            EXPECT_NE(said.find(std::string(file) +
                                ": cannot be opened: No such file or directory; the run is made of "
                                "it: put it back, or record the run again\n"),
                      std::string::npos)
                << Words(arguments) << said;
        }
        ASSERT_EQ(mkfifo(folder.path(file).c_str(), 0600), 0);
        for (const auto &arguments : readers) {
            Outcome outcome = Read(folder, arguments);
            EXPECT_EQ(outcome.code, 2) << Words(arguments);
            EXPECT_NE(outcome.err.find(std::string(file) + ": is not a regular file"),
                      std::string::npos)
                << Words(arguments) << outcome.err;
        }
        std::filesystem::remove(folder.path(file));
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

/* A path of a hostile recording is quoted without what speaks to a terminal. */
TEST(RecordedRun, SaysNothingToATerminalByWhatItQuotes)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "20ms"));
    std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    size_t at = records[0].content.find("images/chatter.img");
    ASSERT_NE(at, std::string::npos);
    records[0].content[at + 9] = '\x1b';
    WriteRecords(folder.path("run"), records);
    std::filesystem::copy(folder.path("run/images/chatter.img"),
                          folder.path("run/images/ch\x1btter.img"));
    folder.write("run/images/ch\x1btter.img", "something else");
    for (const auto &arguments : Readers("run")) {
        Outcome outcome = Read(folder, arguments);
        EXPECT_NE(outcome.code, 0) << Words(arguments);
        EXPECT_NE((outcome.out + outcome.err).find("run/images/ch?tter.img is not what"),
                  std::string::npos)
            << Words(arguments);
        EXPECT_EQ((outcome.out + outcome.err).find('\x1b'), std::string::npos) << Words(arguments);
    }
}

/* Flips a bit of the content of each record that `wanted` picks; how many there were. */
size_t Damage(const TemporaryFolder &folder, const std::string &run,
              const std::function<bool(const struct trace_entry &)> &wanted)
{
    const std::string path = folder.path(run + "/trace/recording");
    struct error error = ERROR_INIT;
    struct trace_recording *recording = nullptr;
    EXPECT_EQ(trace_recording_open(path.c_str(), true, &recording, &error), STATUS_OK);
    size_t count = 0;
    size_t damaged = 0;
    const struct trace_entry *entries = trace_recording_entries(recording, &count);
    std::string bytes = folder.read(run + "/trace/recording");
    for (size_t i = 0; i < count; i++) {
        if (wanted(entries[i])) {
            bytes[entries[i].offset + 37] ^= 4; /* behind its header of 36 bytes */
            damaged++;
        }
    }
    trace_recording_close(recording);
    folder.write(run + "/trace/recording", bytes);
    return damaged;
}

bool IsCheckpoint(const struct trace_entry &entry)
{
    return entry.type == TRACE_RECORD_FULL || entry.type == TRACE_RECORD_DELTA;
}

const char *const kDamaged = ": the recording is damaged: ";

/* The verbs begin at the one before, come to the same, and say so. */
TEST(RecordedRun, ADamagedCheckpointIsDoneWithoutByEveryVerb)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    std::filesystem::copy(folder.path("run"), folder.path("good"),
                          std::filesystem::copy_options::recursive);
    for (uint64_t at_ms : {10u, 30u}) { /* a full one, and one against that before */
        folder.write("run/trace/recording", folder.read("good/trace/recording"));
        ASSERT_EQ(Damage(folder, "run",
                         [&](const struct trace_entry &entry) {
                             return IsCheckpoint(entry) && entry.time_ns == at_ms * 1000000;
                         }),
                  1u);
        const std::string from = std::to_string(at_ms + 3) + "ms";
        const std::string to = std::to_string(at_ms + 8) + "ms";
        const std::vector<std::vector<std::string>> verbs = {
            {"replay", "--from", from, "--to", to, "--quiet", "--out", "made",
             "--trace-instructions", "peer-1"},
            {"fork", "--at", from, "--set", "cut=peer-0", "--quiet", "--out", "made"},
            {"why", "--node", "peer-1", "--at", to},
            {"why", "--node", "peer-1", "--frame", "2"},
            {"diff", "good"},
        };
        for (std::vector<std::string> arguments : verbs) {
            bool compares = arguments[0] == "diff";
            arguments.push_back("good");
            Outcome wanted = Read(folder, arguments);
            const std::string digest = DigestOfRun(folder, "made");
            const std::string trace = folder.has("made/nodes/peer-1/instructions.txt")
                                          ? folder.read("made/nodes/peer-1/instructions.txt")
                                          : "";
            EXPECT_EQ(wanted.code, 0) << Words(arguments) << wanted.err;
            arguments.back() = "run";
            Outcome outcome = Read(folder, arguments);
            EXPECT_EQ(outcome.code, 0) << Words(arguments) << outcome.err;
            if (!compares) {
                EXPECT_EQ(outcome.out, wanted.out) << Words(arguments);
            }
            EXPECT_EQ(DigestOfRun(folder, "made"), digest) << Words(arguments);
            if (!trace.empty()) {
                EXPECT_EQ(folder.read("made/nodes/peer-1/instructions.txt"), trace);
            }
            bool early = arguments[0] == "why" && arguments[3] == "--frame"; /* not needed */
            EXPECT_TRUE(early ||
                        outcome.err.find(std::string("run") + kDamaged + "the checkpoint at " +
                                         std::to_string(at_ms) + "ms (byte ") != std::string::npos)
                << Words(arguments) << outcome.err;
        }
    }
    Outcome outcome = Denali(folder, {"diff", "good", "run"});
    EXPECT_EQ(
        outcome.out.find("the same as far as both are recorded and not damaged, up to virtual "
                         "time 0.040 s\n"),
        0u)
        << outcome.out;
}

/* What came from outside cannot be done without, from its moment on. */
TEST(RecordedRun, DamagedInputIsRefusedBeforeThereIsADirectory)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    ASSERT_EQ(Denali(folder, {"fork", "run", "--at", "15ms", "--set", "cut=peer-0", "--quiet",
                              "--out", "forked", "--checkpoint-every", "10ms"})
                  .code,
              0);
    ASSERT_EQ(
        Damage(folder, "forked",
               [](const struct trace_entry &entry) { return entry.type == TRACE_RECORD_INPUT; }),
        1u);
    const std::vector<std::vector<std::string>> refused = {
        {"replay", "forked", "--quiet", "--out", "made"},
        {"replay", "forked", "--from", "35ms", "--quiet", "--out", "made"},
        {"fork", "forked", "--at", "20ms", "--set", "cut=peer-1", "--quiet", "--out", "made"},
        {"why", "forked", "--node", "peer-1", "--at", "39ms"},
        {"debug", "forked", "--node", "peer-1", "--at", "39ms", "--pipe"},
    };
    const std::string words = "what came from outside at 15ms (byte ";
    for (const auto &arguments : refused) {
        Outcome outcome = Read(folder, arguments);
        EXPECT_EQ(outcome.code, 2) << Words(arguments) << outcome.err;
        EXPECT_FALSE(folder.has("made")) << Words(arguments);
        EXPECT_NE(outcome.err.find(words), std::string::npos) << Words(arguments) << outcome.err;
    }
    const std::vector<std::vector<std::string>> before = {
        {"replay", "forked", "--from", "5ms", "--to", "14ms", "--quiet", "--out", "made"},
        {"why", "forked", "--node", "peer-1", "--frame", "2"},
        {"debug", "forked", "--node", "peer-1", "--at", "12ms", "--pipe"},
    };
    for (const auto &arguments : before) {
        Outcome outcome = Read(folder, arguments);
        EXPECT_EQ(outcome.code, 0) << Words(arguments) << outcome.err;
        if (arguments[0] == "debug") { /* where it is over, for who goes on */
            EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
            EXPECT_NE(outcome.err.find("up to there it can be debugged"), std::string::npos);
        }
    }
    Outcome outcome = Denali(folder, {"diff", "run", "forked"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_NE(outcome.err.find(std::string("forked") + kDamaged + "what came from outside at 15ms"),
              std::string::npos)
        << outcome.err;
    EXPECT_EQ(outcome.out.find("different: between virtual time "), 0u) << outcome.out;
    EXPECT_NE(outcome.out.find("no instruction can be named: "), std::string::npos) << outcome.out;
}

/* Digests and the end are only compared with. */
TEST(RecordedRun, DamagedDigestsAreSaidToBeAndNotComparedWith)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    std::filesystem::copy(folder.path("run"), folder.path("good"),
                          std::filesystem::copy_options::recursive);
    ASSERT_EQ(Damage(folder, "run",
                     [](const struct trace_entry &entry) {
                         return entry.type == TRACE_RECORD_DIGESTS && entry.time_ns >= 20000000;
                     }),
              3u);
    const std::string words = std::string("run") + kDamaged + "the digests at 20ms (byte ";
    const std::vector<std::vector<std::string>> verbs = {
        {"replay", "run", "--from", "15ms", "--quiet", "--out", "made"},
        {"fork", "run", "--at", "35ms", "--set", "cut=peer-0", "--quiet", "--out", "made"},
        {"why", "run", "--node", "peer-1", "--at", "39ms"},
        {"diff", "good", "run"},
    };
    for (const auto &arguments : verbs) {
        Outcome outcome = Read(folder, arguments);
        EXPECT_EQ(outcome.code, 0) << Words(arguments) << outcome.err;
        EXPECT_NE(outcome.err.find(words), std::string::npos) << Words(arguments) << outcome.err;
        EXPECT_NE(outcome.err.find("but for what nodes exchanged after digests that are damaged"),
                  std::string::npos)
            << outcome.err;
    }
    /* With the end too there is nothing but the digests before. */
    ASSERT_EQ(
        Damage(folder, "good",
               [](const struct trace_entry &entry) { return entry.type == TRACE_RECORD_END; }),
        1u);
    Outcome outcome = Denali(folder, {"diff", "good", "run"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find(std::string("good") + kDamaged + "the digest of the run at 40ms"),
              std::string::npos)
        << outcome.err;
    EXPECT_EQ(
        outcome.out.find("the same as far as both are recorded and not damaged, up to virtual "
                         "time 0.010 s\n"),
        0u)
        << outcome.out;
    EXPECT_EQ(Denali(folder, {"replay", "good", "--quiet"}).code, 0);
}

/* A run that was killed at once, and a recording of which only the index is not good. */
TEST(RecordedRun, ThatIsAllButEmptyOrHasNoIndexIsSaidToBe)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    const std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    const std::string whole = folder.read("run/trace/recording");
    const size_t head_end = 12 + 36 + records[0].content.size();
    std::filesystem::copy(folder.path("run"), folder.path("good"),
                          std::filesystem::copy_options::recursive);
    for (size_t size : {(size_t)0, (size_t)7, (size_t)11, (size_t)12, (size_t)40, head_end - 1}) {
        folder.write("run/trace/recording", whole.substr(0, size));
        for (const auto &arguments : Readers("run")) {
            Outcome outcome = Read(folder, arguments);
            bool verifies = arguments[0] == "verify";
            EXPECT_EQ(outcome.code, verifies ? 5 : 2) << size << ": " << Words(arguments);
            EXPECT_FALSE(folder.has("made"));
            EXPECT_NE((verifies ? outcome.out : outcome.err)
                          .find("the run was stopped before anything of it was recorded"),
                      std::string::npos)
                << Words(arguments) << outcome.out << outcome.err;
        }
    }
    folder.write("run/trace/recording", whole.substr(0, head_end + 3));
    for (const auto &arguments : Readers("run")) {
        if (arguments[0] != "verify" && arguments[0] != "diff") {
            Outcome outcome = Read(folder, arguments);
            EXPECT_EQ(outcome.code, 2) << Words(arguments);
            EXPECT_FALSE(folder.has("made"));
            EXPECT_NE(outcome.err.find("run: nothing but the start of the run was recorded"),
                      std::string::npos)
                << Words(arguments) << outcome.err;
        }
    }
    EXPECT_EQ(Denali(folder, {"verify", "run"}).code, 5);
    Outcome outcome = Denali(folder, {"diff", "good", "run"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find("up to virtual time 0.000 s: of one of them nothing but the start"),
              std::string::npos)
        << outcome.out;

    std::string flipped = whole;
    flipped[flipped.size() - 20] ^= 1;
    folder.write("run/trace/recording", flipped);
    for (const auto &arguments : Readers("run")) {
        outcome = Read(folder, arguments);
        bool verifies = arguments[0] == "verify";
        EXPECT_EQ(outcome.code, verifies ? 2 : 0) << Words(arguments) << outcome.err;
        EXPECT_NE((verifies ? outcome.out : outcome.err)
                      .find("all of the run is there, but the index is damaged"),
                  std::string::npos)
            << Words(arguments) << outcome.out << outcome.err;
        EXPECT_EQ(outcome.err.find("ends before the run did"), std::string::npos) << outcome.err;
    }
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
    std::filesystem::create_directories(folder.path("plain"));
    for (const std::string path : {"nothing", "no/thing", "plain"}) {
        for (const auto &arguments : Readers(path)) {
            Outcome outcome = Read(folder, arguments);
            EXPECT_EQ(outcome.code, 2) << Words(arguments);
            EXPECT_FALSE(folder.has("made"));
            for (const char *wanted : {path.c_str(), "; expected the directory of a r", "bundle"}) {
                EXPECT_NE(outcome.err.find(wanted), std::string::npos)
                    << Words(arguments) << outcome.err;
            }
        }
    }
    const char *const only[] = {"notes.txt"};
    struct error error = ERROR_INIT;
    ASSERT_EQ(trace_bundle_write(folder.path().c_str(), only, 1,
                                 folder.path("notes.denali").c_str(), &error),
              STATUS_OK)
        << error.message;
    for (const auto &arguments : Readers("notes.denali")) {
        Outcome outcome = Read(folder, arguments);
        EXPECT_EQ(outcome.code, 2) << Words(arguments);
        EXPECT_NE(outcome.err.find("notes.denali: is not a recorded run: it has no trace/"),
                  std::string::npos)
            << Words(arguments) << outcome.err;
    }
    Outcome outcome = Denali(folder, {"bundle", "plain"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--out FILE is missing; expected the file to write"),
              std::string::npos)
        << outcome.err;
    outcome = Denali(folder, {"why", "plain", "--node", "peer-1", "--frame", "0"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--frame: `0`; expected a whole number from 1 on\n"),
              std::string::npos)
        << outcome.err;
}

/* What is wrong inside a bundle is told by names that are still there afterwards. */
TEST(RecordedRun, OfWhatIsWrongInABundleTheBundleAndThePathInsideAreNamed)
{
    TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "20ms"));
    std::vector<std::string> paths;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder.path("run"))) {
        if (entry.is_regular_file()) {
            paths.push_back(entry.path().lexically_relative(folder.path("run")).string());
        }
    }
    for (const auto &[path, damage] : std::vector<std::pair<std::string, std::string>>{
             {"trace/recording", "this is no recording"},
             {"trace/recording", folder.read("run/trace/recording").substr(0, 60)},
             {"scenario.yaml", "general: {nome: x}\n"}}) {
        const std::string whole = folder.read("run/" + path);
        folder.write("run/" + path, damage);
        std::vector<const char *> names;
        for (const std::string &name : paths) {
            names.push_back(name.c_str());
        }
        struct error error = ERROR_INIT;
        std::filesystem::remove(folder.path("bad.denali"));
        ASSERT_EQ(trace_bundle_write(folder.path("run").c_str(), names.data(),
                                     (uint32_t)names.size(), folder.path("bad.denali").c_str(),
                                     &error),
                  STATUS_OK)
            << error.message;
        for (const auto &arguments : Readers("bad.denali")) {
            const Outcome outcome = Read(folder, arguments);
            const std::string told = outcome.err + outcome.out;
            EXPECT_NE(outcome.code, 0) << Words(arguments);
            EXPECT_EQ(told.find("denali-bundle-"), std::string::npos) << Words(arguments) << told;
            EXPECT_NE(told.find(path), std::string::npos) << Words(arguments) << told;
            EXPECT_EQ(folder.has("made"), false);
        }
        folder.write("run/" + path, whole);
    }
}

TEST(RecordedRun, ABundleThatWouldFillTheDiskIsNotUnpacked)
{
    TemporaryFolder folder;
    struct writer writer;
    writer_init(&writer);
    write_bytes(&writer, "DNLBUNDL", 8);
    write_u32(&writer, 1);
    const size_t start = writer.size_bytes;
    write_u8(&writer, 1);
    write_string(&writer, "trace/recording");
    write_u64(&writer, UINT64_C(1) << 60);
    write_u64(&writer, 0);
    write_u64(&writer, hash_bytes(writer.bytes + start, writer.size_bytes - start));
    folder.write("bomb.denali", std::string((const char *)writer.bytes, writer.size_bytes));
    writer_fini(&writer);
    for (const auto &arguments : Readers("bomb.denali")) {
        const Outcome outcome = Read(folder, arguments);
        EXPECT_EQ(outcome.code, 2) << Words(arguments);
        for (const char *wanted : {"bomb.denali: the bundle holds more than the ", "set TMPDIR"}) {
            EXPECT_NE(outcome.err.find(wanted), std::string::npos)
                << Words(arguments) << outcome.err;
        }
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
    outcome = Denali(folder, {"bundle", "run", "-o", "/dev/full"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("/dev/full: exists and is no file; choose another name with --out"),
              std::string::npos)
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
