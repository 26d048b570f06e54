/*
 * Recording and verifying: what was recorded is what runs again, on any engine, any number of
 * threads, from every checkpoint; and whatever is changed on purpose is found and named.
 */
#include <algorithm>

#include "record_fixture.h"
#include "world_fixture.h"

extern "C" {
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
    Record(folder, LanOf("chatter", 4, "60ms"));
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
            folder.write("scenario.yaml", LanOf("chatter", 4, "60ms"));
            Outcome outcome =
                Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", "run", "--record",
                                "--checkpoint-every", "10ms", "--engine", engine, "--jobs", jobs});
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

TEST(Verify, IsTheSameOnEveryEngineAndAnyJobs)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 4, "60ms"));
    for (const std::string &engine : EngineNames()) {
        for (uint32_t jobs : {1u, 3u, 16u}) {
            struct emu_verify_result result =
                Verify(folder, vcpu_engine_find(engine.c_str()), jobs);
            EXPECT_EQ(result.outcome, EMU_VERIFY_SAME) << engine << ": " << result.text;
            EXPECT_EQ(result.checkpoints, 6u) << "one each 10 ms";
            EXPECT_EQ(result.to_ns, 60000000u);
        }
    }
}

TEST(Verify, IsTheSameFromEveryCheckpoint)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 4, "160ms"));
    size_t count = 0;
    for (const RecordRead &record : ReadRecords(folder.path("run/trace/recording"))) {
        count += record.type == TRACE_RECORD_FULL || record.type == TRACE_RECORD_DELTA;
    }
    EXPECT_EQ(count, 16u) << "more than from one full checkpoint to the next";
    for (uint64_t at_ms = 10; at_ms <= 160; at_ms += 10) {
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
    Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", "plain"});
    outcome = Denali(folder, {"verify", "plain"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("expected the recording of a run that was made with --record"),
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
        EXPECT_NE(outcome.out.find("and 0.010000000 s: node peer-1, in its state at the "
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

/* --- killed ----------------------------------------------------------------------------------- */

TEST(Recording, VerifiesUpToItsTailAfterAKill)
{
    KillInTheMiddle(3, 41);
}
