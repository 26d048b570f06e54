/* For tests of recordings: a run recorded through the command, and what is changed in its file. */
#ifndef DENALI_TESTS_EMU_RECORD_FIXTURE_H
#define DENALI_TESTS_EMU_RECORD_FIXTURE_H

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "denali_process.h"

extern "C" {
#include <base/random.h>
#include <traces/checkpoint.h>
#include <traces/recording.h>
}

inline std::string LanOf(const std::string &guest, int count, const std::string &duration)
{
    return "general: {name: lan, seed: 5, duration: " + duration +
           "}\n"
           "networks: [{name: net, type: lan, latency: 20us, rate: 10Mbit}]\n"
           "groups: [{name: peer, image: " +
           GuestImage(guest) + ", memory: 1MiB, cpu_hz: 20MHz, count: " + std::to_string(count) +
           ", network: net, spread: 1ms}]\n";
}

/* Records into folder/run; the run must come to its end. */
inline void Record(const support::TemporaryFolder &folder, const std::string &yaml,
                   const std::string &every = "10ms", const std::string &run = "run")
{
    folder.write("scenario.yaml", yaml);
    Outcome outcome = Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", run, "--record",
                                      "--checkpoint-every", every});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
}

struct RecordRead {
    uint32_t type;
    uint64_t time_ns;
    std::string content;
};

inline std::vector<RecordRead> ReadRecords(const std::string &path)
{
    std::vector<RecordRead> records;
    struct error error = ERROR_INIT;
    struct trace_recording *recording = nullptr;
    EXPECT_EQ(trace_recording_open(path.c_str(), true, &recording, &error), STATUS_OK)
        << error.message;
    size_t count = 0;
    const struct trace_entry *entries = trace_recording_entries(recording, &count);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = nullptr;
        EXPECT_EQ(trace_recording_read(recording, i, &bytes, &error), STATUS_OK);
        records.push_back(
            {entries[i].type, entries[i].time_ns,
             std::string(reinterpret_cast<const char *>(bytes), entries[i].size_bytes)});
    }
    trace_recording_close(recording);
    return records;
}

/* As a forger would: with every checksum right. */
inline void WriteRecords(const std::string &directory, const std::vector<RecordRead> &records)
{
    struct error error = ERROR_INIT;
    struct trace_recording_writer *writer = nullptr;
    std::filesystem::remove_all(directory + "/trace");
    ASSERT_EQ(trace_recording_create(directory.c_str(), &writer, &error), STATUS_OK);
    for (const RecordRead &record : records) {
        ASSERT_EQ(trace_recording_append(writer, record.type, record.time_ns, record.content.data(),
                                         record.content.size(), &error),
                  STATUS_OK);
    }
    ASSERT_EQ(trace_recording_end(writer, &error), STATUS_OK);
}

/* A checkpoint's content again, after `edit` had a look at what each item's lines make of zeros. */
inline std::string
Recode(const std::string &content,
       const std::function<void(const struct trace_item &, std::vector<uint8_t> &)> &edit)
{
    bool full = false;
    std::list<std::vector<uint8_t>> kept; /* until the encoder has done */
    std::map<std::tuple<uint32_t, uint32_t, uint64_t>, std::vector<uint8_t> *> pages;
    struct trace_checkpoint_decoder *decoder = trace_checkpoint_decoder_create(
        reinterpret_cast<const uint8_t *>(content.data()), content.size(), &full);
    struct trace_checkpoint_encoder *encoder = trace_checkpoint_encoder_create();
    trace_checkpoint_begin(encoder, full);
    struct trace_item item = {};
    item.kind = TRACE_ITEM_PART;
    while (item.kind != TRACE_ITEM_END) {
        EXPECT_EQ(trace_checkpoint_next(decoder, &item), STATUS_OK);
        if (item.kind == TRACE_ITEM_END || item.kind == TRACE_ITEM_PAGE_GONE) {
            EXPECT_EQ(item.kind, TRACE_ITEM_END) << "not expected in these runs";
            continue;
        }
        std::vector<uint8_t> &now = kept.emplace_back(item.size_bytes);
        std::vector<uint8_t> &before = kept.emplace_back(item.size_bytes);
        if (item.kind == TRACE_ITEM_PAGE_SAME) {
            now = *pages[{item.source.node, item.source.space, item.source.number}];
        } else {
            trace_lines_apply(&item.lines, now.data(), now.size());
        }
        /* Other bytes in just the lines that the item has: they are written again. */
        before = now;
        for (size_t at = 0; at < now.size(); at++) {
            size_t line = at / TRACE_LINE_BYTES;
            bool given =
                item.kind == TRACE_ITEM_PAGE_SAME || (item.lines.mask[line / 8] >> line % 8 & 1);
            before[at] = given ? (uint8_t)~now[at] : now[at];
        }
        edit(item, now);
        if (item.kind == TRACE_ITEM_PART) {
            trace_checkpoint_part(encoder, item.part, before.data(), before.size(), now.data(),
                                  now.size());
        } else {
            pages[{item.place.node, item.place.space, item.place.number}] = &now;
            trace_checkpoint_page(encoder, item.place, item.kind != TRACE_ITEM_PAGE, before.data(),
                                  now.data());
        }
    }
    size_t size_bytes = 0;
    const uint8_t *bytes = trace_checkpoint_end(encoder, &size_bytes);
    std::string result(reinterpret_cast<const char *>(bytes), size_bytes);
    trace_checkpoint_encoder_destroy(encoder);
    trace_checkpoint_decoder_destroy(decoder);
    return result;
}

/* Kills runs while they are being recorded, at moments of their own; what there is verifies. */
inline void KillInTheMiddle(int rounds, uint64_t seed)
{
    struct random_stream random;
    random_init_seed(&random, seed);
    support::TemporaryFolder folder;
    folder.write("scenario.yaml", LanOf("chatter", 6, "3600s"));
    for (int round = 0; round < rounds; round++) {
        std::string run = "run" + std::to_string(round);
        DenaliProcess process(folder, {"run", "scenario.yaml", "--quiet", "--out", run, "--record",
                                       "--checkpoint-every", "20ms"});
        std::string recording = folder.path(run + "/trace/recording");
        uint64_t enough = 4000 + random_below(&random, 400000);
        for (int wait = 0; wait < 5000; wait++) {
            std::error_code none;
            if (std::filesystem::file_size(recording, none) >= enough && !none) {
                break;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        process.Signal(SIGKILL);
        EXPECT_EQ(process.Wait().code, 1000 + SIGKILL);
        Outcome outcome = Denali(folder, {"verify", run, "--engine", "interpreter"});
        EXPECT_EQ(outcome.code, 5) << run << ": " << outcome.out << outcome.err;
        EXPECT_NE(outcome.out.find("verified up to virtual time"), std::string::npos)
            << outcome.out;
        std::filesystem::remove_all(folder.path(run));
    }
}

#endif
