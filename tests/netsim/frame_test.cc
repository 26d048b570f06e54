// Frames: their lifetime and how they are counted.
#include "fake_world.h"

TEST(Frame, CopiesItsBytes)
{
    Bytes bytes(60, 7);
    struct net_frame *frame = net_frame_create(bytes.data(), 60);
    bytes[0] = 8;
    EXPECT_EQ(frame->bytes[0], 7);
    EXPECT_EQ(frame->size_bytes, 60u);
    net_frame_release(frame);
    net_frame_release(nullptr);
}

TEST(Frame, LivesUntilTheLastReferenceIsReleased)
{
    Bytes bytes(14, 1);
    struct net_frame *frame = net_frame_create(bytes.data(), 14);
    net_frame_retain(frame);
    net_frame_release(frame);
    EXPECT_EQ(frame->bytes[13], 1); // the address sanitizer sees it if it was freed
    net_frame_release(frame);
}

static Bytes saved(const struct net_frame *frame)
{
    struct writer writer;
    writer_init(&writer);
    net_frame_save(frame, &writer);
    Bytes bytes(writer.bytes, writer.bytes + writer.size_bytes);
    writer_fini(&writer);
    return bytes;
}

TEST(Frame, SaveLoadSaveGivesTheSameBytes)
{
    for (uint32_t size : {NET_FRAME_MIN, 61u, NET_FRAME_MAX}) {
        Bytes bytes(size);
        for (uint32_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(i * 7);
        }
        struct net_frame *frame = net_frame_create(bytes.data(), size);
        frame->sent_ns = 1;
        frame->queued_ns = 1ull << 40;
        frame->serialized_ns = 3;
        Bytes first = saved(frame);
        struct reader reader;
        reader_init(&reader, first.data(), first.size());
        struct net_frame *loaded = net_frame_load(&reader);
        ASSERT_NE(loaded, nullptr);
        EXPECT_EQ(reader_left(&reader), 0u);
        EXPECT_EQ(loaded->queued_ns, 1ull << 40);
        EXPECT_EQ(Bytes(loaded->bytes, loaded->bytes + loaded->size_bytes), bytes);
        EXPECT_EQ(saved(loaded), first);
        net_frame_release(frame);
        net_frame_release(loaded);
    }
}

TEST(Frame, RefusesEveryTruncationAndBadSizes)
{
    Bytes bytes(20, 1);
    struct net_frame *frame = net_frame_create(bytes.data(), 20);
    Bytes good = saved(frame);
    net_frame_release(frame);
    for (size_t size = 0; size < good.size(); size++) {
        struct reader reader;
        reader_init(&reader, good.data(), size);
        EXPECT_EQ(net_frame_load(&reader), nullptr);
        EXPECT_TRUE(reader.failed);
    }
    const size_t size_at = good.size() - 20 - 2;
    for (uint32_t size : {0u, 13u, 1515u, 65535u}) {
        Bytes bad = good;
        bad.resize(70000);
        bad[size_at] = (uint8_t)size;
        bad[size_at + 1] = (uint8_t)(size >> 8);
        struct reader reader;
        reader_init(&reader, bad.data(), bad.size());
        EXPECT_EQ(net_frame_load(&reader), nullptr) << size;
    }
    Bytes other_version = good;
    other_version[0]++;
    struct reader reader;
    reader_init(&reader, other_version.data(), other_version.size());
    EXPECT_EQ(net_frame_load(&reader), nullptr);
}
