// The codec: exact bytes, hashing while writing, and reading what somebody else wrote.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

extern "C" {
#include <base/codec.h>
#include <base/hash.h>
#include <base/random.h>
}

namespace
{

std::vector<uint8_t> Bytes(const struct writer &writer)
{
    return std::vector<uint8_t>(writer.bytes, writer.bytes + writer.size_bytes);
}

TEST(Codec, WritesLittleEndianWithoutPadding)
{
    struct writer writer;
    writer_init(&writer);
    write_u8(&writer, 0x01);
    write_u32(&writer, 0x05040302);
    write_u16(&writer, 0x0706);
    write_u64(&writer, 0x0f0e0d0c0b0a0908);
    write_string(&writer, "hi");
    EXPECT_EQ(Bytes(writer), (std::vector<uint8_t>{1,  2,  3,  4,  5, 6, 7, 8, 9,   10, 11,
                                                   12, 13, 14, 15, 2, 0, 0, 0, 'h', 'i'}));
    writer_fini(&writer);
    EXPECT_EQ(writer.bytes, nullptr);
}

TEST(Codec, ReadsBackWhatWasWritten)
{
    struct random_stream random;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct writer writer;
        writer_init(&writer);
        random_init(&random, seed, "codec");
        for (int i = 0; i < 300; i++) {
            uint64_t value = random_next(&random);
            switch (random_below(&random, 5)) {
            case 0:
                write_u8(&writer, static_cast<uint8_t>(value));
                break;
            case 1:
                write_u16(&writer, static_cast<uint16_t>(value));
                break;
            case 2:
                write_u32(&writer, static_cast<uint32_t>(value));
                break;
            case 3:
                write_u64(&writer, value);
                break;
            default:
                write_bytes(&writer, &value, value % 9);
                break;
            }
        }
        struct reader reader;
        reader_init(&reader, writer.bytes, writer.size_bytes);
        random_init(&random, seed, "codec");
        for (int i = 0; i < 300; i++) {
            uint64_t value = random_next(&random), back = 0, expected = 0;
            switch (random_below(&random, 5)) {
            case 0:
                ASSERT_EQ(read_u8(&reader), static_cast<uint8_t>(value));
                break;
            case 1:
                ASSERT_EQ(read_u16(&reader), static_cast<uint16_t>(value));
                break;
            case 2:
                ASSERT_EQ(read_u32(&reader), static_cast<uint32_t>(value));
                break;
            case 3:
                ASSERT_EQ(read_u64(&reader), value);
                break;
            default:
                read_bytes(&reader, &back, value % 9);
                memcpy(&expected, &value, value % 9);
                ASSERT_EQ(back, expected);
                break;
            }
        }
        EXPECT_FALSE(reader.failed);
        EXPECT_EQ(reader_left(&reader), 0u);
        writer_fini(&writer);
    }
}

TEST(Codec, AShortReadFailsForGoodAndYieldsZeros)
{
    const uint8_t input[] = {1, 2, 3, 4, 5};
    struct reader reader;
    reader_init(&reader, input, sizeof input);
    EXPECT_EQ(read_u32(&reader), 0x04030201u);
    EXPECT_EQ(reader_left(&reader), 1u);
    EXPECT_EQ(read_u16(&reader), 0u);
    EXPECT_TRUE(reader.failed);
    EXPECT_EQ(read_u8(&reader), 0u) << "the byte that is left must not be had any more";
    EXPECT_EQ(reader_left(&reader), 0u);
    uint8_t target[3] = {9, 9, 9};
    read_bytes(&reader, target, sizeof target);
    EXPECT_EQ(target[0] | target[1] | target[2], 0);
    EXPECT_EQ(read_view(&reader, 0 + 1), nullptr);
}

TEST(Codec, EveryTruncationOfARecordIsNoticed)
{
    struct writer writer;
    writer_init(&writer);
    write_u16(&writer, 1);
    write_string(&writer, "abc");
    write_u64(&writer, 2);
    for (size_t size_bytes = 0; size_bytes <= writer.size_bytes; size_bytes++) {
        std::vector<uint8_t> cut(writer.bytes, writer.bytes + size_bytes);
        struct reader reader;
        reader_init(&reader, cut.data(), cut.size());
        (void)read_u16(&reader);
        uint32_t length = read_u32(&reader);
        const void *text = read_view(&reader, length);
        (void)read_u64(&reader);
        EXPECT_EQ(reader.failed, size_bytes < writer.size_bytes) << size_bytes;
        if (size_bytes >= 9) {
            ASSERT_NE(text, nullptr);
            EXPECT_EQ(memcmp(text, "abc", 3), 0);
        }
    }
    writer_fini(&writer);
}

TEST(Codec, AHugeLengthDoesNotOverflowTheCheck)
{
    const uint8_t input[4] = {};
    struct reader reader;
    reader_init(&reader, input, sizeof input);
    (void)read_u8(&reader);
    EXPECT_EQ(read_view(&reader, SIZE_MAX), nullptr);
    EXPECT_TRUE(reader.failed);
}

TEST(Codec, ADecoderCanRefuseAValue)
{
    const uint8_t input[2] = {1, 2};
    struct reader reader;
    reader_init(&reader, input, sizeof input);
    reader_fail(&reader);
    EXPECT_EQ(read_u8(&reader), 0u);
    EXPECT_EQ(reader_left(&reader), 0u);
}

uint64_t HashOf(const std::vector<uint8_t> &bytes, const std::vector<size_t> &cuts)
{
    struct writer writer;
    writer_init_hash(&writer);
    size_t at = 0;
    for (size_t cut : cuts) {
        write_bytes(&writer, bytes.data() + at, cut - at);
        at = cut;
    }
    write_bytes(&writer, bytes.data() + at, bytes.size() - at);
    EXPECT_EQ(writer.size_bytes, bytes.size());
    uint64_t hash = writer_hash(&writer);
    writer_fini(&writer);
    return hash;
}

TEST(Codec, TheHashDoesNotDependOnHowTheWritesWereCut)
{
    struct random_stream random;
    random_init(&random, 5, "cuts");
    for (size_t size_bytes : {0u, 1u, 255u, 256u, 257u, 511u, 512u, 5000u}) {
        std::vector<uint8_t> bytes(size_bytes);
        for (uint8_t &byte : bytes) {
            byte = static_cast<uint8_t>(random_next(&random));
        }
        uint64_t whole = HashOf(bytes, {});
        for (int round = 0; round < 50; round++) {
            std::vector<size_t> cuts;
            for (size_t at = 0; at < size_bytes;) {
                at += random_below(&random, 300);
                cuts.push_back(at < size_bytes ? at : size_bytes);
            }
            ASSERT_EQ(HashOf(bytes, cuts), whole) << size_bytes << " bytes, round " << round;
        }
    }
}

TEST(Codec, TheHashSeesEveryBitAndTheLength)
{
    std::vector<uint8_t> bytes(600, 0);
    uint64_t whole = HashOf(bytes, {});
    for (size_t i = 0; i < bytes.size(); i++) {
        bytes[i] ^= static_cast<uint8_t>(1u << i % 8);
        EXPECT_NE(HashOf(bytes, {}), whole) << "byte " << i;
        bytes[i] ^= static_cast<uint8_t>(1u << i % 8);
    }
    bytes.push_back(0);
    EXPECT_NE(HashOf(bytes, {}), whole);
    EXPECT_NE(HashOf(std::vector<uint8_t>(512), {}), HashOf(std::vector<uint8_t>(256), {}));
}

TEST(Codec, TheSameWalkFeedsBufferAndHash)
{
    auto walk = [](struct writer *writer) {
        for (uint32_t i = 0; i < 1000; i++) {
            write_u32(writer, i);
            write_u8(writer, static_cast<uint8_t>(i));
        }
    };
    struct writer buffer, hash;
    writer_init(&buffer);
    writer_init_hash(&hash);
    walk(&buffer);
    walk(&hash);
    EXPECT_EQ(writer_hash(&hash), HashOf(Bytes(buffer), {}));
    EXPECT_EQ(hash.bytes, nullptr);
    writer_fini(&buffer);
    writer_fini(&hash);
}

} // namespace
