/*
 * Recording and verifying: what was recorded is what runs again, on any engine, any number of
 * threads, from every checkpoint; and whatever is changed on purpose is found and named.
 */
#include <algorithm>

#include <sys/resource.h>

#include "record_fixture.h"
#include "world_fixture.h"

extern "C" {
#include <base/random.h>
#include <emu/record.h>
#include <emu/run.h>
#include <emu/verify.h>
#include <vcpu/memory.h>
}

/* Whether the files are as they were written: false also where there is nothing to look at. */
static bool AsWritten(const support::TemporaryFolder &folder)
{
    std::string path = folder.path("run");
    struct emu_verify_options options = {};
    options.path = path.c_str();
    options.quick = true;
    struct emu_verify_result result = {};
    struct error error = ERROR_INIT;
    return emu_verify(&options, &result, &error) == STATUS_OK && result.outcome == EMU_VERIFY_SAME;
}

static struct emu_verify_result Verify(const support::TemporaryFolder &folder,
                                       const struct vcpu_engine_ops *engine = nullptr,
                                       uint32_t jobs = 2, const char *from = nullptr)
{
    std::string path = folder.path("run");
    struct emu_verify_options options = {};
    options.path = path.c_str();
    options.engine = engine;
    options.jobs = jobs;
    options.from = from;
    options.memory_limit_bytes = 256u << 20;
    struct emu_verify_result result = {};
    struct error error = ERROR_INIT;
    EXPECT_EQ(emu_verify(&options, &result, &error), STATUS_OK) << error.message;
    return result;
}

TEST(Recording, LeavesTheRunAsItIs)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 4, "30ms"));
    Outcome plain = Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", "plain"});
    ASSERT_EQ(plain.code, 0) << plain.err;
    EXPECT_EQ(DigestOfRun(folder, "run"), DigestOfRun(folder, "plain"));
    EXPECT_EQ(folder.read("run/nodes.csv"), folder.read("plain/nodes.csv"))
        << "the account of pages too";
    EXPECT_EQ(folder.read("run/metrics.csv"), folder.read("plain/metrics.csv"));
}

TEST(Recording, TheRecordingItselfIsTheSameOnEveryEngineAndAnyJobs)
{
    std::string first;
    for (const std::string &engine : EngineNames()) {
        for (const char *jobs : {"1", "3"}) {
            support::TemporaryFolder folder;
            folder.write("scenario.yaml", LanOf("chatter", 4, "20ms"));
            Outcome outcome =
                Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", "run", "--record",
                                "--checkpoint-every", "5ms", "--engine", engine, "--jobs", jobs});
            ASSERT_EQ(outcome.code, 0) << outcome.err;
            std::string all;
            for (const RecordRead &record : ReadRecords(folder.path("run/trace/recording"))) {
                all += record.type == TRACE_RECORD_HEAD ? "" : record.content;
            }
            first = first.empty() ? all : first;
            EXPECT_TRUE(all == first) << engine << ", " << jobs << " jobs";
        }
    }
}

/* Times of the checkpoints of a recording. */
static std::vector<uint64_t> CheckpointTimes(const std::vector<RecordRead> &records)
{
    std::vector<uint64_t> times;
    for (const RecordRead &record : records) {
        if (record.type == TRACE_RECORD_FULL || record.type == TRACE_RECORD_DELTA) {
            times.push_back(record.time_ns);
        }
    }
    return times;
}

TEST(Recording, WhereNodesDoMuchCheckpointsComeSooner)
{
    auto times = [](const std::string &clock) {
        support::TemporaryFolder folder;
        Record(folder,
               "general: {name: one, duration: 3500ms}\n"
               "groups: [{name: m, count: 2, memory: 128KiB, network: none, image: " +
                   GuestImage("spin") + ", cpu_hz: " + clock + "}]\n",
               "100s");
        EXPECT_EQ(Verify(folder).outcome, EMU_VERIFY_SAME);
        return CheckpointTimes(ReadRecords(folder.path("run/trace/recording")));
    };
    EXPECT_EQ(times("1MHz"), (std::vector<uint64_t>{1000000000, 2000000000, 3000000000}));
    EXPECT_EQ(times("90kHz"), std::vector<uint64_t>{});
}

TEST(Verify, IsTheSameOnEveryEngineAndAnyJobs)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 4, "24ms"), "4ms");
    for (const std::string &engine : EngineNames()) {
        for (uint32_t jobs : {1u, 3u, 16u}) {
            struct emu_verify_result result =
                Verify(folder, vcpu_engine_find(engine.c_str()), jobs);
            EXPECT_EQ(result.outcome, EMU_VERIFY_SAME) << engine << ": " << result.text;
            EXPECT_EQ(result.checkpoints, 6u) << "one each 4 ms";
            EXPECT_EQ(result.to_ns, 24000000u);
        }
    }
}

TEST(Verify, IsTheSameFromEveryCheckpoint)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 4, "16ms"), "1ms");
    size_t count = 0;
    for (const RecordRead &record : ReadRecords(folder.path("run/trace/recording"))) {
        count += record.type == TRACE_RECORD_FULL || record.type == TRACE_RECORD_DELTA;
    }
    EXPECT_EQ(count, 16u) << "more than from one full checkpoint to the next";
    for (uint64_t at_ms = 1; at_ms <= 16; at_ms++) {
        std::string from = std::to_string(at_ms) + "ms";
        struct emu_verify_result result = Verify(folder, nullptr, 1, from.c_str());
        EXPECT_EQ(result.outcome, EMU_VERIFY_SAME) << from << ": " << result.text;
        EXPECT_EQ(result.from_ns, at_ms * 1000000);
    }
}

TEST(Verify, HoldsForDisks)
{
    support::TemporaryFolder folder;
    std::string blocks;
    for (int i = 0; i < 8; i++) {
        blocks += std::string(4096, (char)('a' + i));
    }
    folder.write("disk.img", blocks);
    Record(folder,
           "general: {name: disks, duration: 50ms}\n"
           "groups: [{name: m, image: " +
               GuestImage("disks") +
               ", count: 2, network: none, disks: [{name: base, image: disk.img, size: "
               "64KiB}, {name: scratch, size: 64KiB}]}]\n",
           "1ms");
    for (const std::string &engine : EngineNames()) {
        struct emu_verify_result result = Verify(folder, vcpu_engine_find(engine.c_str()), 3);
        EXPECT_EQ(result.outcome, EMU_VERIFY_SAME) << result.text;
        EXPECT_GT(result.checkpoints, 0u);
    }
}

TEST(Verify, TheCommandSaysSo)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    Outcome outcome = Denali(folder, {"verify", "run", "--engine", "interpreter", "--jobs", "2"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "the same: virtual time 0.000 s to 0.040 s, 4 checkpoints, digest " +
                               DigestOfRun(folder, "run") + "\n");
    outcome = Denali(folder, {"verify", "run", "--quick"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "as it was written: 0.040 s of virtual time, 4 checkpoints\n");
    Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", "one", "--record",
                    "--checkpoint-every", "30ms"});
    outcome = Denali(folder, {"verify", "one", "--quick"});
    EXPECT_EQ(outcome.out, "as it was written: 0.040 s of virtual time, 1 checkpoint\n");
    Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", "plain"});
    outcome = Denali(folder, {"verify", "plain"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("expected the directory of a run that was made with --record"),
              std::string::npos)
        << outcome.err;
}

/* --- what is changed on purpose --------------------------------------------------------------- */

TEST(Verify, FindsAFlippedByteAnywhere)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "30ms"));
    std::string whole = folder.read("run/trace/recording");
    ASSERT_GT(whole.size(), 500u);
    /* Every byte of a smaller one: tests/traces/recording_test.cc. */
    for (size_t at = 0; at < whole.size(); at += at < 200 ? 7 : whole.size() / 100) {
        std::string flipped = whole;
        flipped[at] = (char)(flipped[at] ^ 1 << at % 8);
        folder.write("run/trace/recording", flipped);
        ASSERT_FALSE(AsWritten(folder)) << "byte " << at;
    }
    folder.write("run/trace/recording", whole + "x");
    EXPECT_FALSE(AsWritten(folder)) << "one more byte";
    folder.write("run/trace/recording", whole);
    EXPECT_TRUE(AsWritten(folder));
    whole[whole.size() / 2] = (char)(whole[whole.size() / 2] ^ 1);
    folder.write("run/trace/recording", whole);
    Outcome outcome = Denali(folder, {"verify", "run"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.out.find("then the recording is damaged: trace/recording: "),
              std::string::npos)
        << outcome.out << outcome.err;
}

/* The run ends with an error, and what there is of it verifies. */
TEST(Recording, OnADiskThatFillsUpIsToldAndUsable)
{
    support::TemporaryFolder folder;
    folder.write("scenario.yaml", LanOf("chatter", 3, "3600s"));
    Outcome outcome = Denali(folder,
                             {"run", "scenario.yaml", "--quiet", "--out", "run", "--record",
                              "--checkpoint-every", "10ms"},
                             "", [] {
                                 struct rlimit limit = {60000, 60000};
                                 setrlimit(RLIMIT_FSIZE, &limit);
                             });
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_NE(outcome.err.find("cannot be written: "), std::string::npos) << outcome.err;
    EXPECT_TRUE(folder.has("run/INCOMPLETE"));
    outcome = Denali(folder, {"verify", "run"});
    EXPECT_EQ(outcome.code, 5) << outcome.out << outcome.err;
    EXPECT_NE(outcome.out.find("verified up to virtual time "), std::string::npos) << outcome.out;
}

TEST(Verify, WhatLiesBeforeATearIsVerified)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "50ms"));
    std::string whole = folder.read("run/trace/recording");
    uint64_t last_ns = 0;
    for (size_t size = 300; size < whole.size(); size += 1 + whole.size() / 40) {
        folder.write("run/trace/recording", whole.substr(0, size));
        struct emu_verify_result result = Verify(folder, nullptr, 1);
        EXPECT_EQ(result.outcome, EMU_VERIFY_TORN) << size << ": " << result.text;
        EXPECT_GE(result.to_ns, last_ns);
        last_ns = result.to_ns;
    }
    EXPECT_GE(last_ns, 40000000u);
    Outcome outcome = Denali(folder, {"verify", "run"});
    EXPECT_EQ(outcome.code, 5);
    EXPECT_NE(outcome.out.find("verified up to virtual time 0.0"), std::string::npos)
        << outcome.out;
}

/* Whichever checkpoint is damaged, what lies before is verified, from checkpoints that are not. */
TEST(Verify, WhatLiesBeforeADamagedCheckpointIsVerified)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "50ms"));
    const std::string whole = folder.read("run/trace/recording");
    struct error error = ERROR_INIT;
    struct trace_recording *recording = nullptr;
    std::string path = folder.path("run/trace/recording");
    ASSERT_EQ(trace_recording_open(path.c_str(), true, &recording, &error), STATUS_OK);
    size_t count = 0;
    size_t checkpoints = 0;
    const struct trace_entry *entries = trace_recording_entries(recording, &count);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].type != TRACE_RECORD_FULL && entries[i].type != TRACE_RECORD_DELTA) {
            continue;
        }
        std::string changed = whole;
        changed[entries[i].offset + 60] ^= 1;
        folder.write("run/trace/recording", changed);
        for (uint32_t jobs : {1u, 4u}) {
            struct emu_verify_result result = Verify(folder, nullptr, jobs);
            EXPECT_EQ(result.outcome, EMU_VERIFY_DAMAGED) << i << ": " << result.text;
            EXPECT_EQ(result.to_ns, entries[i - 1].time_ns) << i;
        }
        if (checkpoints++ > 0) {
            Outcome outcome = Denali(folder, {"verify", "run", "--from", "15ms"});
            EXPECT_EQ(outcome.code, 2) << outcome.err;
            EXPECT_EQ(outcome.out.find("verified from 0.010 s up to virtual time 0.0"), 0u)
                << outcome.out;
        }
    }
    EXPECT_EQ(checkpoints, 5u);
    trace_recording_close(recording);
    Outcome outcome = Denali(folder, {"verify", "run", "--from", "51ms"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--from 51ms: the recording, as far as it is not damaged, goes from "
                               "0s to 50ms"),
              std::string::npos)
        << outcome.err;
    outcome = Denali(folder, {"verify", "run", "--quick", "--from", "1ms"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--from 1ms: with --quick nothing is run again"), std::string::npos)
        << outcome.err;
}

TEST(Verify, FindsAChangedImage)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "20ms"));
    std::string image = folder.read("run/images/chatter.img");
    image[image.size() - 1] = (char)(image[image.size() - 1] ^ 1);
    folder.write("run/images/chatter.img", image);
    Outcome outcome = Denali(folder, {"verify", "run", "--quick"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.out.find("images/chatter.img is not what the run was made of"),
              std::string::npos)
        << outcome.out;
}

/* Makes `change` of the recording, with every checksum right. */
static void Forge(const support::TemporaryFolder &folder,
                  const std::function<void(std::vector<RecordRead> &)> &change)
{
    std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    change(records);
    WriteRecords(folder.path("run"), records);
}

/* Where registers stand in a node's part: behind its state and activity, exit code, fault, end,
 * digest and the version of the processor's layout (docs/saved-state.md). */
static const size_t kRegisters = 1 + 1 + 8 + 4 + 12 + 8 + 8 + 2;

TEST(Verify, NamesTheRegisterThatACheckpointHasOtherwise)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    Forge(folder, [](std::vector<RecordRead> &records) {
        auto record = std::find_if(records.begin(), records.end(), [](const RecordRead &candidate) {
            return candidate.type == TRACE_RECORD_FULL;
        });
        ASSERT_NE(record, records.end());
        record->content =
            Recode(record->content, [](const struct trace_item &item, std::vector<uint8_t> &now) {
                if (item.kind == TRACE_ITEM_PART && item.part == 1 + 1) {
                    now[kRegisters + 4 * VCPU_EBP] ^= 0x80;
                }
            });
    });
    for (const char *jobs : {"1", "4"}) {
        Outcome outcome = Denali(folder, {"verify", "run", "--jobs", jobs});
        EXPECT_EQ(outcome.code, 1) << outcome.err;
        EXPECT_NE(
            outcome.out.find("at virtual time 0.010000000 s: node peer-1, in its state at the "
                             "checkpoint\nebp: recorded 00000080, run again 00000000\n"),
            std::string::npos)
            << outcome.out;
    }
}

TEST(Verify, NamesTheByteOfMemoryThatACheckpointHasOtherwise)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    char expected[64] = "";
    Forge(folder, [&](std::vector<RecordRead> &records) {
        std::string &content =
            std::find_if(records.begin(), records.end(), [](const RecordRead &r) {
                return r.type == TRACE_RECORD_FULL;
            })->content;
        content = Recode(content, [&](const struct trace_item &item, std::vector<uint8_t> &now) {
            if (item.kind == TRACE_ITEM_PAGE_FIRST && item.place.node == 2 && !expected[0]) {
                size_t line = 0;
                while (!(item.lines.mask[line / 8] >> line % 8 & 1)) {
                    line++;
                }
                uint8_t &byte = now[line * TRACE_LINE_BYTES + 5];
                std::snprintf(expected, sizeof expected,
                              "memory at %08x: recorded %02x, run again %02x",
                              (unsigned)(item.place.number * 4096 + line * TRACE_LINE_BYTES + 5),
                              byte ^ 1, byte);
                byte ^= 1;
            }
        });
    });
    ASSERT_NE(expected[0], '\0');
    Outcome outcome = Denali(folder, {"verify", "run"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_NE(outcome.out.find("node peer-2"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find(expected), std::string::npos) << expected << "\n" << outcome.out;
}

TEST(Verify, NamesTheNodeWhoseDigestIsAnother)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"), "0s");
    Forge(folder, [](std::vector<RecordRead> &records) {
        for (RecordRead &record : records) {
            if (record.type == TRACE_RECORD_DIGESTS) {
                record.content[4 + 8 * 2 + 3] = (char)(record.content[4 + 8 * 2 + 3] ^ 1);
            }
        }
    });
    Outcome outcome = Denali(folder, {"verify", "run"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_NE(outcome.out.find("node peer-2, in what it exchanged with the outside"),
              std::string::npos)
        << outcome.out;
}

/* As an older recording has them: it is verified from its start, by what nodes exchanged. */
TEST(Verify, CheckpointsOfAnotherVersionAreDoneWithout)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    Forge(folder, [](std::vector<RecordRead> &records) {
        for (RecordRead &record : records) {
            if (record.type == TRACE_RECORD_FULL || record.type == TRACE_RECORD_DELTA) {
                record.content = Recode(
                    record.content, [](const struct trace_item &item, std::vector<uint8_t> &now) {
                        if (item.kind == TRACE_ITEM_PART && item.part == 0) {
                            now[4] -= 1;
                        }
                    });
            }
        }
    });
    Outcome outcome = Denali(folder, {"verify", "run", "--jobs", "3", "--from", "30ms"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("virtual time 0.000 s to 0.040 s, 0 checkpoints"), std::string::npos)
        << outcome.out;
    EXPECT_NE(outcome.out.find("by digests of nodes alone"), std::string::npos) << outcome.out;
    EXPECT_EQ(Denali(folder, {"replay", "run", "--from", "30ms", "--quiet"}).code, 0);
    Forge(folder, [](std::vector<RecordRead> &records) {
        for (RecordRead &record : records) {
            if (record.type == TRACE_RECORD_DIGESTS && record.time_ns == 30000000) {
                record.content[5] = (char)(record.content[5] ^ 1);
            }
        }
    });
    EXPECT_EQ(Denali(folder, {"verify", "run"}).code, 1);
}

/* Checksums that are right say nothing of who wrote them: states that never were are refused, or
 * run and are told; nothing else happens. */
TEST(Verify, WildCheckpointsAreRefusedOrTold)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "25ms"));
    std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    struct random_stream random;
    random_init_seed(&random, 17);
    for (int round = 0; round < 24; round++) {
        std::vector<RecordRead> wild = records;
        for (RecordRead &record : wild) {
            bool is_checkpoint =
                record.type == TRACE_RECORD_FULL || record.type == TRACE_RECORD_DELTA;
            if (is_checkpoint && round % 2) {
                record.content = Recode(
                    record.content, [&](const struct trace_item &, std::vector<uint8_t> &now) {
                        if (!now.empty() && random_below(&random, 4) == 0) {
                            now[random_below(&random, now.size())] = (uint8_t)random_next(&random);
                        }
                    });
            } else if (record.type != TRACE_RECORD_HEAD) {
                size_t at = random_below(&random, record.content.size());
                record.content[at] = (char)random_next(&random);
            }
        }
        WriteRecords(folder.path("run"), wild);
        std::string path = folder.path("run");
        for (const char *from : {"0s", "10ms", "20ms"}) {
            struct emu_verify_options options = {};
            options.path = path.c_str();
            options.jobs = 1;
            options.from = from;
            options.memory_limit_bytes = 256u << 20;
            struct emu_verify_result result = {};
            struct error error = ERROR_INIT;
            if (emu_verify(&options, &result, &error)) {
                EXPECT_NE(error.message[0], '\0');
            } else if (result.outcome == EMU_VERIFY_DIFFERENT) {
                EXPECT_NE(result.text[0], '\0');
            }
        }
    }
}

/* --- what comes from outside ------------------------------------------------------------------ */

/* Records a world that is typed on, poked and ended by hand; folder/run can be verified then. */
static void RecordByHand(const support::TemporaryFolder &folder)
{
    std::string yaml = "general: {name: typed, duration: 100ms}\ngroups: [{name: m, image: " +
                       GuestImage("reader") +
                       ", memory: 128KiB, cpu_hz: 1MHz, count: 2, network: none}]\n";
    folder.write("run/scenario.yaml", yaml);
    struct error error = ERROR_INIT;
    struct scn_scenario *scenario = nullptr;
    ASSERT_EQ(scn_load(&scenario, folder.path("run/scenario.yaml").c_str(), &error), STATUS_OK);
    struct emu_world_options options = {};
    options.typed_input = true;
    options.memory_limit_bytes = 64u << 20;
    struct emu_world *world = nullptr;
    ASSERT_EQ(emu_world_create(scenario, &options, &world, &error), STATUS_OK) << error.message;
    static const char *const files[] = {"scenario.yaml"};
    std::string directory = folder.path("run");
    struct emu_recorder_options recorder_options = {};
    recorder_options.directory = directory.c_str();
    recorder_options.files = files;
    recorder_options.file_count = 1;
    recorder_options.interval_ns = 2000000;
    recorder_options.checkpoint_ns = 10000000;
    struct emu_recorder *recorder = nullptr;
    ASSERT_EQ(emu_recorder_create(world, &recorder_options, &recorder, &error), STATUS_OK)
        << error.message;
    auto run = [&](uint64_t until_ns) {
        while (emu_world_now_ns(world) < until_ns) {
            uint64_t mark_ns = emu_recorder_next_ns(recorder);
            ASSERT_EQ(emu_world_run(world, std::min(mark_ns, until_ns), &error), STATUS_OK);
            ASSERT_EQ(emu_recorder_mark(recorder, &error), STATUS_OK) << error.message;
        }
    };
    run(5100000);
    EXPECT_EQ(emu_world_console_type(world, 0, "abc", 3), 3u);
    EXPECT_EQ(emu_world_console_type(world, 1, "defgh", 5), 5u);
    run(20000000);
    EXPECT_EQ(emu_world_console_type(world, 0, "ij", 2), 2u);
    emu_world_node_register_set(world, 1, VCPU_EBX, 40);
    run(40000000);
    ASSERT_TRUE(emu_world_node_poke(world, 1, 0x8000, 7));
    emu_world_console_end(world, 0);
    emu_world_console_end(world, 1);
    run(100000000);
    struct emu_node_report report;
    emu_world_node_report(world, 0, &report);
    EXPECT_EQ(report.exit_code, 5u) << "what was typed was counted";
    emu_world_node_report(world, 1, &report);
    EXPECT_EQ(report.exit_code, 40u);
    EXPECT_EQ(emu_recorder_end(recorder, emu_world_digest(world), &error), STATUS_OK);
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
}

TEST(Verify, WhatWasTypedAndChangedByHandIsTypedAndChangedAgain)
{
    support::TemporaryFolder folder;
    RecordByHand(folder);
    for (const std::string &engine : EngineNames()) {
        for (const char *from : {"0s", "10ms", "20ms", "30ms", "40ms"}) {
            struct emu_verify_result result =
                Verify(folder, vcpu_engine_find(engine.c_str()), 2, from);
            EXPECT_EQ(result.outcome, EMU_VERIFY_SAME) << from << ": " << result.text;
        }
    }
    /* The log of it is as long as what came from outside, whatever the run's length. */
    size_t input_bytes = 0;
    for (const RecordRead &record : ReadRecords(folder.path("run/trace/recording"))) {
        input_bytes += record.type == TRACE_RECORD_INPUT ? 36 + record.content.size() : 0;
    }
    EXPECT_EQ(input_bytes, 7 * (36u + 20) + 3 + 5 + 2);
    /* And without it the run is another. */
    std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    std::erase_if(records, [](const RecordRead &record) {
        return record.type == TRACE_RECORD_INPUT && record.time_ns == 20000000;
    });
    WriteRecords(folder.path("run"), records);
    EXPECT_EQ(Verify(folder).outcome, EMU_VERIFY_DIFFERENT);
}

/* --- an engine with one wrong instruction ----------------------------------------------------- */

/* Executes as the interpreter does, but where it has executed `imul $100000, %ecx, %ecx` (of
 * chatter) for the n-th time ECX is off by one: one instruction at a time from there on. */
struct WrongEngine {
    struct vcpu_engine engine;
    struct vcpu_engine *right;
};

static uint64_t wrong_from_cycles;

static enum status WrongCreate(struct vcpu_engine **engine, struct error *error);

static void WrongDestroy(struct vcpu_engine *engine)
{
    if (engine) {
        auto *wrong = reinterpret_cast<WrongEngine *>(engine);
        wrong->right->ops->destroy(wrong->right);
        delete wrong;
    }
}

static void WrongRun(struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget,
                     struct vcpu_stop *stop)
{
    auto *wrong = reinterpret_cast<WrongEngine *>(engine);
    uint64_t done = 0;
    *stop = {};
    while (done < budget && stop->reason == VCPU_STOP_BUDGET) {
        uint8_t code[2] = {0, 0};
        bool is_imul = vcpu_space_load(vcpu->space, vcpu->eip, code, 2) && code[0] == 0x69 &&
                       vcpu->cycles >= wrong_from_cycles;
        wrong->right->ops->run(wrong->right, vcpu, 1, stop);
        if (is_imul && stop->retired) {
            vcpu->gpr[VCPU_ECX] += 1;
        }
        done += stop->retired;
    }
    stop->retired = done;
}

static struct vcpu_engine_ops WrongOps()
{
    struct vcpu_engine_ops ops = *vcpu_engine_find("interpreter");
    ops.name = "wrong";
    ops.create = WrongCreate;
    ops.destroy = WrongDestroy;
    ops.run = WrongRun;
    return ops;
}

static const struct vcpu_engine_ops wrong_ops = WrongOps();

static enum status WrongCreate(struct vcpu_engine **engine, struct error *error)
{
    auto *wrong = new WrongEngine{};
    wrong->engine.ops = &wrong_ops;
    *engine = &wrong->engine;
    return vcpu_engine_find("interpreter")->create(&wrong->right, error);
}

TEST(Verify, NamesTheInstructionThatAnEngineExecutesWrong)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "60ms"));
    wrong_from_cycles = 20 * 33000; /* 33 ms at 20 MHz */
    for (uint32_t jobs : {1u, 4u}) {
        struct emu_verify_result result = Verify(folder, &wrong_ops, jobs);
        EXPECT_EQ(result.outcome, EMU_VERIFY_DIFFERENT);
        std::string text = result.text;
        EXPECT_NE(text.find("first difference: virtual time 0.03"), std::string::npos) << text;
        EXPECT_NE(text.find("node peer-"), std::string::npos) << text;
        EXPECT_NE(text.find("  inc ecx\n  -> "), std::string::npos) << text;
        EXPECT_NE(text.find("imul ecx, ecx, 0x186a0\n"), std::string::npos) << text;
        EXPECT_NE(text.find(", wrong 000"), std::string::npos) << text;
        EXPECT_NE(text.find("\necx: "), std::string::npos) << text;
    }
}

static struct emu_verify_result VerifyBetween(const support::TemporaryFolder &folder,
                                              const struct vcpu_engine_ops *recorded_with,
                                              const struct vcpu_engine_ops *engine)
{
    std::string path = folder.path("run");
    struct emu_verify_options options = {};
    options.path = path.c_str();
    options.engine = engine;
    options.recorded_with = recorded_with;
    options.memory_limit_bytes = 256u << 20;
    struct emu_verify_result result = {};
    struct error error = ERROR_INIT;
    EXPECT_EQ(emu_verify(&options, &result, &error), STATUS_OK) << error.message;
    return result;
}

/* Records the run of folder/run once more, with the wrong engine. */
static void RecordWrong(const support::TemporaryFolder &folder)
{
    const std::string directory = folder.path("run");
    const std::string path = directory + "/scenario.yaml";
    std::filesystem::remove_all(directory + "/trace");
    std::filesystem::remove(directory + "/summary.json"); /* of the other */
    struct error error = ERROR_INIT;
    struct scn_scenario *scenario = nullptr;
    struct emu_run_options load = {};
    load.scenario_path = path.c_str();
    ASSERT_EQ(emu_run_scenario_load(&load, &scenario, &error), STATUS_OK) << error.message;
    struct emu_world_options world_options = {};
    world_options.engine = &wrong_ops;
    world_options.memory_limit_bytes = 256u << 20;
    struct emu_world *world = nullptr;
    ASSERT_EQ(emu_world_create(scenario, &world_options, &world, &error), STATUS_OK);
    const char *file = "scenario.yaml";
    struct emu_recorder_options options = {directory.c_str(), &file, 1, 0, 10000000};
    struct emu_recorder *recorder = nullptr;
    ASSERT_EQ(emu_recorder_create(world, &options, &recorder, &error), STATUS_OK);
    while (emu_world_now_ns(world) < scenario->duration_ns) {
        uint64_t next_ns = std::min(emu_recorder_next_ns(recorder), scenario->duration_ns);
        ASSERT_EQ(emu_world_run(world, next_ns, &error), STATUS_OK);
        ASSERT_EQ(emu_recorder_mark(recorder, &error), STATUS_OK);
    }
    ASSERT_EQ(emu_recorder_end(recorder, emu_world_digest(world), &error), STATUS_OK);
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
}

static void ExpectTheImul(const std::string &text, const std::string &a, const std::string &b)
{
    EXPECT_NE(text.find("first difference: virtual time 0.03"), std::string::npos) << text;
    EXPECT_NE(text.find("  inc ecx\n  -> "), std::string::npos) << text;
    EXPECT_NE(text.find("imul ecx, ecx, 0x186a0\n"), std::string::npos) << text;
    size_t registers = text.find("\necx: ");
    ASSERT_NE(registers, std::string::npos) << text;
    size_t first = text.find(a + " 000", registers);
    size_t second = text.find(b + " 000", registers);
    EXPECT_NE(first, std::string::npos) << text;
    EXPECT_NE(second, std::string::npos) << text;
    EXPECT_LT(first, second) << text;
}

TEST(Verify, NamesTheInstructionThatTheRecordingEngineExecutedWrong)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "60ms"));
    wrong_from_cycles = 20 * 33000;
    RecordWrong(folder);
    EXPECT_EQ(VerifyBetween(folder, nullptr, &wrong_ops).outcome, EMU_VERIFY_SAME);
    const struct vcpu_engine_ops *right = vcpu_engine_find("interpreter");
    struct emu_verify_result result = VerifyBetween(folder, &wrong_ops, right);
    EXPECT_EQ(result.outcome, EMU_VERIFY_DIFFERENT);
    ExpectTheImul(result.text, "wrong", "interpreter");

    /* Without it there is nothing to execute the recorded side with. */
    result = VerifyBetween(folder, nullptr, right);
    EXPECT_EQ(result.outcome, EMU_VERIFY_DIFFERENT);
    std::string text = result.text;
    EXPECT_NE(text.find("between virtual time 0.03"), std::string::npos) << text;
    EXPECT_NE(text.find("no engine of this build gives what wrong recorded"), std::string::npos)
        << text;
}

TEST(Verify, AnotherEngineStandsForTheOneThatRecordedAndDiffersNow)
{
    /* Recorded by an engine that was right then, and is another in this build. */
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "60ms"));
    wrong_from_cycles = UINT64_MAX;
    RecordWrong(folder);
    wrong_from_cycles = 20 * 33000;
    struct emu_verify_result result = VerifyBetween(folder, nullptr, &wrong_ops);
    EXPECT_EQ(result.outcome, EMU_VERIFY_DIFFERENT);
    const std::string other = vcpu_engines()[0]->name;
    EXPECT_NE(std::string(result.text).find(other + " gives what wrong recorded"),
              std::string::npos)
        << result.text;
    ExpectTheImul(result.text, other, "wrong");
}

/* --- killed ----------------------------------------------------------------------------------- */

TEST(Recording, VerifiesUpToItsTailAfterAKill)
{
    KillInTheMiddle(3, 41);
}
