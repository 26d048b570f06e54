// Recordings: what was appended is what is read; a tear or a flipped byte anywhere is found, and
// what lies before it stays usable.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/temporary_folder.h"

extern "C" {
#include <base/hash.h>
#include <traces/checkpoint.h>
#include <traces/recording.h>
}

namespace
{

std::string head_of_three_nodes()
{
    struct trace_file files[] = {
        {const_cast<char *>("scenario.yaml"), 120, 0x1111},
        {const_cast<char *>("images/peer.img"), 9000, 0x2222},
    };
    struct trace_head head = {};
    head.version = const_cast<char *>("0.1.0");
    head.engine = const_cast<char *>("interpreter");
    head.seed = 42;
    head.node_count = 3;
    head.typed_input = true;
    head.duration_ns = 5000;
    head.interval_ns = 1000;
    head.checkpoint_ns = 2000;
    head.files = files;
    head.file_count = 2;
    struct writer writer;
    writer_init(&writer);
    trace_head_write(&head, &writer);
    std::string bytes(reinterpret_cast<char *>(writer.bytes), writer.size_bytes);
    writer_fini(&writer);
    return bytes;
}

std::string text_of(struct writer *writer)
{
    std::string bytes(reinterpret_cast<char *>(writer->bytes), writer->size_bytes);
    writer_fini(writer);
    writer_init(writer);
    return bytes;
}

std::vector<uint8_t> page_of(uint8_t filler, uint8_t middle)
{
    std::vector<uint8_t> page(TRACE_PAGE_BYTES, filler);
    page[2000] = middle;
    return page;
}

std::string checkpoint(bool full)
{
    struct trace_checkpoint_encoder *encoder = trace_checkpoint_encoder_create();
    std::vector<uint8_t> a = page_of(7, 1);
    std::vector<uint8_t> b = page_of(7, 2);
    const uint8_t part[] = "a part of the state, longer than one line of sixty-four bytes is.....";
    trace_checkpoint_begin(encoder, full);
    if (full) {
        trace_checkpoint_part(encoder, 0, nullptr, 0, part, sizeof part);
        trace_checkpoint_page(encoder, {0, 0, 5}, true, nullptr, a.data());
        trace_checkpoint_page(encoder, {2, 1, 9}, true, nullptr, a.data());
    } else {
        trace_checkpoint_part(encoder, 0, part, sizeof part, part, sizeof part);
        trace_checkpoint_page(encoder, {0, 0, 5}, false, a.data(), b.data());
        trace_checkpoint_page_gone(encoder, {2, 1, 9});
    }
    size_t size_bytes = 0;
    const uint8_t *bytes = trace_checkpoint_end(encoder, &size_bytes);
    std::string content(reinterpret_cast<const char *>(bytes), size_bytes);
    trace_checkpoint_encoder_destroy(encoder);
    return content;
}

struct Planned {
    uint32_t type;
    uint64_t time_ns;
    std::string content;
};

// One record of each type, and one that readers of this version pass over.
std::vector<Planned> planned()
{
    struct writer writer;
    writer_init(&writer);
    std::vector<Planned> all;
    all.push_back({TRACE_RECORD_HEAD, 0, head_of_three_nodes()});
    uint64_t before[3] = {0, 0, 0};
    const uint64_t first[3] = {11, 12, 13};
    const uint64_t second[3] = {11, 22, 13};
    trace_digests_write(before, first, 3, &writer);
    all.push_back({TRACE_RECORD_DIGESTS, 1000, text_of(&writer)});
    struct trace_input input = {1, 2, 3, 4, reinterpret_cast<const uint8_t *>("typed"), 5};
    trace_input_write(&input, &writer);
    all.push_back({TRACE_RECORD_INPUT, 1500, text_of(&writer)});
    trace_digests_write(before, second, 3, &writer);
    all.push_back({TRACE_RECORD_DIGESTS, 2000, text_of(&writer)});
    all.push_back({TRACE_RECORD_FULL, 2000, checkpoint(true)});
    all.push_back({TRACE_RECORD_MAY_IGNORE | 77, 3000, "of a later version"});
    all.push_back({TRACE_RECORD_DELTA, 4000, checkpoint(false)});
    struct trace_end end = {0xabcdef, 1234};
    trace_end_write(&end, &writer);
    all.push_back({TRACE_RECORD_END, 5000, text_of(&writer)});
    writer_fini(&writer);
    return all;
}

class Recording : public testing::Test
{
  protected:
    std::string write(const std::vector<Planned> &records, bool finish = true)
    {
        std::filesystem::remove_all(folder.path("trace"));
        struct error error = ERROR_INIT;
        struct trace_recording_writer *writer = nullptr;
        EXPECT_EQ(trace_recording_create(folder.path().c_str(), &writer, &error), STATUS_OK);
        for (const Planned &record : records) {
            EXPECT_EQ(trace_recording_append(writer, record.type, record.time_ns,
                                             record.content.data(), record.content.size(), &error),
                      STATUS_OK);
        }
        if (finish) {
            EXPECT_EQ(trace_recording_end(writer, &error), STATUS_OK);
        } else {
            trace_recording_abandon(writer);
        }
        return folder.read("trace/recording");
    }

    support::TemporaryFolder folder;
};

// What opening and reading everything comes to.
struct Seen {
    enum status status = STATUS_OK;
    enum trace_recording_ending ending = TRACE_ENDING_WHOLE;
    std::vector<Planned> records;
    std::string message;
};

Seen read(const std::string &bytes, bool check)
{
    Seen seen;
    struct error error = ERROR_INIT;
    struct trace_recording *recording = nullptr;
    seen.status =
        trace_recording_open_bytes("test", bytes.data(), bytes.size(), check, &recording, &error);
    if (!seen.status) {
        size_t count = 0;
        const struct trace_entry *entries = trace_recording_entries(recording, &count);
        seen.ending = trace_recording_ending(recording);
        for (size_t i = 0; i < count && !seen.status; i++) {
            const uint8_t *content = nullptr;
            seen.status = trace_recording_read(recording, i, &content, &error);
            if (!seen.status) {
                seen.records.push_back(
                    {entries[i].type, entries[i].time_ns,
                     std::string(reinterpret_cast<const char *>(content), entries[i].size_bytes)});
            }
        }
        trace_recording_close(recording);
    }
    seen.message = error.message;
    return seen;
}

void expect_planned(const std::vector<Planned> &records, size_t count)
{
    std::vector<Planned> all = planned();
    ASSERT_LE(count, all.size());
    ASSERT_EQ(records.size(), count);
    for (size_t i = 0; i < count; i++) {
        EXPECT_EQ(records[i].type, all[i].type) << i;
        EXPECT_EQ(records[i].time_ns, all[i].time_ns) << i;
        EXPECT_TRUE(records[i].content == all[i].content) << i;
    }
}

TEST_F(Recording, GivesBackWhatWasAppended)
{
    std::string bytes = write(planned());
    for (bool check : {false, true}) {
        Seen seen = read(bytes, check);
        EXPECT_EQ(seen.status, STATUS_OK) << seen.message;
        EXPECT_EQ(seen.ending, TRACE_ENDING_WHOLE);
        expect_planned(seen.records, planned().size());
    }
}

TEST_F(Recording, AFlippedBitInAnyByteIsFound)
{
    std::string bytes = write(planned());
    size_t whole = planned().size();
    for (size_t at = 0; at < bytes.size(); at++) {
        std::string flipped = bytes;
        flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
        Seen seen = read(flipped, true);
        ASSERT_FALSE(seen.status == STATUS_OK && seen.ending == TRACE_ENDING_WHOLE) << at;
        expect_planned(seen.records, seen.records.size());
        // Without looking at everything it may go unnoticed only where nothing was handed out.
        Seen quick = read(flipped, false);
        if (quick.status == STATUS_OK && quick.records.size() == whole) {
            expect_planned(quick.records, whole);
        }
    }
}

TEST_F(Recording, AReadThatFailsIsNotDamage)
{
    struct trace_recording *recording = nullptr;
    struct error error = ERROR_INIT;
    const uint8_t *bytes = nullptr;
    write(planned());
    const std::string path = folder.path("trace/recording");
    ASSERT_EQ(trace_recording_open(path.c_str(), false, &recording, &error), STATUS_OK);
    /* Its file is no longer one that can be read. */
    int file = -1;
    for (int i = 3; i < 256 && file < 0; i++) {
        std::error_code none;
        const auto link = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(i), none);
        file = !none && std::filesystem::equivalent(link, path, none) ? i : -1;
    }
    ASSERT_GE(file, 0);
    const int kept = dup(file);
    const int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dup2(directory, file);
    EXPECT_EQ(trace_recording_read(recording, 1, &bytes, &error), STATUS_IO);
    EXPECT_NE(std::string(error.message).find(strerror(EISDIR)), std::string::npos)
        << error.message;
    dup2(kept, file);
    EXPECT_EQ(trace_recording_read(recording, 1, &bytes, nullptr), STATUS_OK);
    close(directory);
    close(kept);
    trace_recording_close(recording);
}

TEST_F(Recording, WhatLiesBeforeATearIsThere)
{
    std::string bytes = write(planned());
    size_t most = 0;
    for (size_t size = 0; size < bytes.size(); size++) {
        for (bool check : {false, true}) {
            Seen seen = read(bytes.substr(0, size), check);
            if (seen.status == STATUS_OK) {
                ASSERT_EQ(seen.ending, TRACE_ENDING_TORN) << size;
                expect_planned(seen.records, seen.records.size());
                EXPECT_GE(seen.records.size(), most);
                most = seen.records.size();
            } else {
                EXPECT_EQ(seen.status, STATUS_TORN) << size;
                EXPECT_EQ(most, 0u) << "once there is a head there is something";
            }
        }
    }
    EXPECT_EQ(most, planned().size());
}

TEST_F(Recording, OfARunThatDidNotEndIsTorn)
{
    std::vector<Planned> records = planned();
    records.pop_back();
    Seen seen = read(write(records, false), true);
    EXPECT_EQ(seen.status, STATUS_OK);
    EXPECT_EQ(seen.ending, TRACE_ENDING_TORN);
    expect_planned(seen.records, records.size());
}

TEST_F(Recording, ARecordThatWasMovedIsFound)
{
    std::string bytes = write(planned());
    std::vector<Planned> two = {planned()[0],
                                {TRACE_RECORD_DIGESTS, 1000, planned()[1].content},
                                {TRACE_RECORD_DIGESTS, 1000, planned()[1].content}};
    std::string doubled = write(two, false);
    size_t record = 36 + two[1].content.size();
    // The first of two equal records once more in the place of the second.
    std::string moved = doubled;
    moved.replace(moved.size() - record, record,
                  doubled.substr(doubled.size() - 2 * record, record));
    Seen seen = read(moved, true);
    EXPECT_EQ(seen.ending, TRACE_ENDING_DAMAGED);
    EXPECT_EQ(seen.records.size(), 2u);
}

TEST_F(Recording, ARecordThatMustBeKnownIsRefusedWhereItIsNot)
{
    std::vector<Planned> records = planned();
    records.insert(records.begin() + 2, {99, 1000, "must be known"});
    for (bool check : {false, true}) {
        Seen seen = read(write(records, false), check);
        EXPECT_EQ(seen.status, STATUS_UNSUPPORTED);
        EXPECT_NE(seen.message.find("a record of type 99"), std::string::npos) << seen.message;
    }
}

TEST_F(Recording, ALaterVersionIsRefused)
{
    std::string bytes = write(planned());
    bytes[8] = 2;
    Seen seen = read(bytes, true);
    EXPECT_EQ(seen.status, STATUS_UNSUPPORTED);
    EXPECT_NE(seen.message.find("version 2"), std::string::npos) << seen.message;
}

void expect_golden_records(const std::vector<Planned> &records)
{
    struct trace_head head;
    ASSERT_TRUE(trace_head_read(&head, records[0].content.data(), records[0].content.size()));
    EXPECT_STREQ(head.version, "0.1.0");
    EXPECT_STREQ(head.engine, "interpreter");
    EXPECT_EQ(head.seed, 42u);
    EXPECT_EQ(head.node_count, 3u);
    EXPECT_TRUE(head.typed_input);
    EXPECT_EQ(head.duration_ns, 5000u);
    EXPECT_EQ(head.interval_ns, 1000u);
    EXPECT_EQ(head.checkpoint_ns, 2000u);
    ASSERT_EQ(head.file_count, 2u);
    EXPECT_STREQ(head.files[1].path, "images/peer.img");
    EXPECT_EQ(head.files[1].size_bytes, 9000u);
    EXPECT_EQ(head.files[1].hash, 0x2222u);
    trace_head_fini(&head);
    for (const char *name : {"interpreter", "0.1.0"}) { // both are shown
        std::string hostile = records[0].content;
        hostile[hostile.find(name) + 1] = '\x1b';
        EXPECT_FALSE(trace_head_read(&head, hostile.data(), hostile.size())) << name;
        trace_head_fini(&head);
    }
    uint64_t chains[3] = {0, 0, 0};
    ASSERT_TRUE(
        trace_digests_read(chains, 3, records[1].content.data(), records[1].content.size()));
    EXPECT_EQ(chains[0] * 10000 + chains[1] * 100 + chains[2], 111213u);
    ASSERT_TRUE(
        trace_digests_read(chains, 3, records[3].content.data(), records[3].content.size()));
    EXPECT_EQ(chains[0] * 10000 + chains[1] * 100 + chains[2], 112213u);
    struct trace_input input;
    ASSERT_TRUE(trace_input_read(&input, records[2].content.data(), records[2].content.size()));
    EXPECT_EQ(input.kind * 1000 + input.node * 100 + input.a * 10 + input.b, 1234u);
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(input.bytes), input.size_bytes), "typed");
    struct trace_end end;
    ASSERT_TRUE(trace_end_read(&end, records[7].content.data(), records[7].content.size()));
    EXPECT_EQ(end.digest, 0xabcdefu);
    EXPECT_EQ(end.instructions, 1234u);
}

void expect_golden_checkpoints(const std::string &full, const std::string &delta)
{
    bool is_full = false;
    const auto *bytes = reinterpret_cast<const uint8_t *>(full.data());
    auto *decoder = trace_checkpoint_decoder_create(bytes, full.size(), &is_full);
    ASSERT_NE(decoder, nullptr);
    EXPECT_TRUE(is_full);
    struct trace_item item;
    ASSERT_EQ(trace_checkpoint_next(decoder, &item), STATUS_OK);
    ASSERT_EQ(item.kind, TRACE_ITEM_PART);
    std::vector<uint8_t> part(item.size_bytes);
    trace_lines_apply(&item.lines, part.data(), part.size());
    EXPECT_EQ(std::memcmp(part.data(), "a part of the state, longer than one line", 41), 0);
    ASSERT_EQ(trace_checkpoint_next(decoder, &item), STATUS_OK);
    ASSERT_EQ(item.kind, TRACE_ITEM_PAGE_FIRST);
    std::vector<uint8_t> page(TRACE_PAGE_BYTES);
    trace_lines_apply(&item.lines, page.data(), page.size());
    EXPECT_EQ(page, page_of(7, 1));
    ASSERT_EQ(trace_checkpoint_next(decoder, &item), STATUS_OK);
    ASSERT_EQ(item.kind, TRACE_ITEM_PAGE_SAME) << "a content is written once";
    EXPECT_EQ(item.place.node * 100 + item.place.space * 10 + item.place.number, 219u);
    EXPECT_EQ(item.source.node * 100 + item.source.space * 10 + item.source.number, 5u);
    ASSERT_EQ(trace_checkpoint_next(decoder, &item), STATUS_OK);
    EXPECT_EQ(item.kind, TRACE_ITEM_END);
    EXPECT_EQ(trace_checkpoint_next(decoder, &item), STATUS_CORRUPT) << "nothing follows";
    trace_checkpoint_decoder_destroy(decoder);
    bytes = reinterpret_cast<const uint8_t *>(delta.data());
    decoder = trace_checkpoint_decoder_create(bytes, delta.size(), &is_full);
    ASSERT_NE(decoder, nullptr);
    EXPECT_FALSE(is_full);
    ASSERT_EQ(trace_checkpoint_next(decoder, &item), STATUS_OK);
    ASSERT_EQ(item.kind, TRACE_ITEM_PAGE) << "the part is as it was";
    trace_lines_apply(&item.lines, page.data(), page.size());
    EXPECT_EQ(page, page_of(7, 2));
    ASSERT_EQ(trace_checkpoint_next(decoder, &item), STATUS_OK);
    EXPECT_EQ(item.kind, TRACE_ITEM_PAGE_GONE);
    trace_checkpoint_decoder_destroy(decoder);
}

// What the first version wrote is read for good.
TEST_F(Recording, TheGoldenFileOfVersion1IsRead)
{
    std::ifstream stream(DENALI_SOURCE_DIR "/tests/traces/golden/recording-1", std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    for (bool check : {false, true}) {
        Seen seen = read(bytes, check);
        ASSERT_EQ(seen.status, STATUS_OK) << seen.message;
        EXPECT_EQ(seen.ending, TRACE_ENDING_WHOLE);
        ASSERT_EQ(seen.records.size(), 8u);
        expect_golden_records(seen.records);
        expect_golden_checkpoints(seen.records[4].content, seen.records[6].content);
    }
}

TEST(CheckpointLines, RandomPartsAndPagesComeBack)
{
    uint32_t seed = 1;
    auto random = [&seed]() { return seed = seed * 1664525 + 1013904223, seed >> 8; };
    for (int round = 0; round < 200; round++) {
        std::vector<uint8_t> before(random() % 700);
        std::vector<uint8_t> now(random() % 700 + 1);
        for (uint8_t &byte : before) {
            byte = static_cast<uint8_t>(random());
        }
        for (size_t i = 0; i < now.size(); i++) {
            now[i] =
                i < before.size() && random() % 100 ? before[i] : static_cast<uint8_t>(random());
        }
        struct trace_checkpoint_encoder *encoder = trace_checkpoint_encoder_create();
        trace_checkpoint_begin(encoder, false);
        trace_checkpoint_part(encoder, 3, before.data(), before.size(), now.data(), now.size());
        size_t size_bytes = 0;
        const uint8_t *bytes = trace_checkpoint_end(encoder, &size_bytes);
        bool full = true;
        auto *decoder = trace_checkpoint_decoder_create(bytes, size_bytes, &full);
        struct trace_item item;
        ASSERT_EQ(trace_checkpoint_next(decoder, &item), STATUS_OK);
        if (before != now) {
            ASSERT_EQ(item.kind, TRACE_ITEM_PART);
            EXPECT_EQ(item.size_bytes, now.size());
            std::vector<uint8_t> target = before;
            target.resize(item.size_bytes);
            trace_lines_apply(&item.lines, target.data(), target.size());
            EXPECT_EQ(target, now) << "round " << round;
        }
        trace_checkpoint_decoder_destroy(decoder);
        trace_checkpoint_encoder_destroy(encoder);
    }
}

} // namespace
