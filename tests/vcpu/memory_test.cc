/* Frames and address spaces: what is mapped, what is shared, and what a write costs. */
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "support/elf_builder.h"

extern "C" {
#include <vcpu/image.h>
#include <vcpu/memory.h>
}

class Space : public testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(vcpu_arena_create(4u << 20, &arena, nullptr), STATUS_OK);
        std::vector<uint8_t> file =
            support::BuildElf(0x2000, {{0x2000, 0, std::vector<uint8_t>(4096, 0x11)},
                                       {0x4000, 0, std::vector<uint8_t>(4096, 0x22)}});
        ASSERT_EQ(vcpu_image_parse(arena, "t", file.data(), file.size(), &image, nullptr),
                  STATUS_OK);
        base_frames = vcpu_arena_frames_used(arena);
        vcpu_space_init(&space, arena, image, 0x20000);
    }
    void TearDown() override
    {
        vcpu_space_fini(&space);
        EXPECT_EQ(vcpu_arena_frames_used(arena), base_frames);
        vcpu_image_release(image);
        vcpu_arena_destroy(arena);
    }
    uint8_t Byte(uint32_t address)
    {
        uint8_t byte = 0xff;
        EXPECT_TRUE(vcpu_space_load(&space, address, &byte, 1));
        return byte;
    }
    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
    struct vcpu_space space = {};
    uint64_t base_frames = 0;
};

TEST_F(Space, HasNoMemoryInTheFirstTwoPagesNorPastTheEnd)
{
    for (uint32_t address : {0u, 0xfffu, 0x1000u, 0x1fffu, 0x20000u, 0xfffff000u, 0xffffffffu}) {
        EXPECT_EQ(vcpu_space_read_page(&space, address), nullptr) << std::hex << address;
        EXPECT_EQ(vcpu_space_write_page(&space, address), nullptr) << std::hex << address;
        uint8_t byte = 0;
        EXPECT_FALSE(vcpu_space_load(&space, address, &byte, 1)) << std::hex << address;
        EXPECT_FALSE(vcpu_space_store(&space, address, &byte, 1)) << std::hex << address;
    }
}

TEST_F(Space, ReadsTheImageWithoutAPrivateFrame)
{
    EXPECT_EQ(Byte(0x2fff), 0x11);
    EXPECT_EQ(Byte(0x3000), 0);
    EXPECT_EQ(Byte(0x4000), 0x22);
    EXPECT_EQ(Byte(0x1ffff), 0);
    EXPECT_EQ(space.private_count, 0u);
    EXPECT_EQ(vcpu_arena_frames_used(arena), base_frames);
}

TEST_F(Space, AWriteMakesOnePagePrivateAndLeavesTheImageAlone)
{
    uint8_t *byte = vcpu_space_write_page(&space, 0x2005);
    ASSERT_NE(byte, nullptr);
    *byte = 0x99;
    EXPECT_EQ(Byte(0x2005), 0x99);
    EXPECT_EQ(Byte(0x2004), 0x11) << "the rest of the page is a copy";
    EXPECT_EQ(space.private_count, 1u);
    EXPECT_TRUE(space.code_written);
    EXPECT_EQ(vcpu_frame_bytes(arena, image->frames[2])[5], 0x11);
    EXPECT_EQ(vcpu_space_write_entry(&space, 0x2000) + 0x2005, (uintptr_t)byte);
    EXPECT_EQ(vcpu_space_write_page(&space, 0x2005), byte) << "and is private but once";
    EXPECT_EQ(space.private_count, 1u);
}

TEST_F(Space, AReadEntryFollowsTheWrite)
{
    EXPECT_EQ(*vcpu_space_read_page(&space, 0x5000), 0);
    *vcpu_space_write_page(&space, 0x5000) = 7;
    uintptr_t entry = vcpu_space_read_entry(&space, 0x5000);
    EXPECT_EQ(*(const uint8_t *)(entry + 0x5000), 7);
}

TEST_F(Space, StoresAcrossPagesAreAllOrNothing)
{
    uint8_t bytes[16];
    std::memset(bytes, 0xab, sizeof bytes);
    EXPECT_FALSE(vcpu_space_store(&space, 0x1fff8, bytes, 16));
    EXPECT_EQ(Byte(0x1ffff), 0) << "nothing of it was written";
    EXPECT_TRUE(vcpu_space_store(&space, 0x2ff8, bytes, 16));
    EXPECT_EQ(Byte(0x2ff7), 0x11);
    EXPECT_EQ(Byte(0x2ff8), 0xab);
    EXPECT_EQ(Byte(0x3007), 0xab);
    EXPECT_EQ(Byte(0x3008), 0);
    EXPECT_FALSE(vcpu_space_store(&space, 0xfffffffc, bytes, 16)) << "around the end of addresses";
}

TEST_F(Space, RefusesPagesBeyondItsLimit)
{
    space.private_limit = 2;
    EXPECT_NE(vcpu_space_write_page(&space, 0x5000), nullptr);
    uint8_t bytes[8192] = {1};
    EXPECT_FALSE(vcpu_space_store(&space, 0x6000, bytes, sizeof bytes));
    EXPECT_EQ(Byte(0x6000), 0);
    EXPECT_EQ(space.private_count, 2u);
}

TEST_F(Space, SharingClearsWriteEntriesAndTheNextWriteCopies)
{
    *vcpu_space_write_page(&space, 0x5000) = 1;
    uint32_t frame = vcpu_space_frame(&space, 5);
    vcpu_frame_retain(arena, frame); /* a snapshot's reference */
    vcpu_space_share(&space);
    EXPECT_EQ(vcpu_space_write_entry(&space, 0x5000), 0u);
    EXPECT_EQ(vcpu_frame_state(arena, frame), VCPU_FRAME_SHARED);
    *vcpu_space_write_page(&space, 0x5000) = 2;
    EXPECT_EQ(*vcpu_frame_bytes(arena, frame), 1) << "the snapshot keeps what it had";
    EXPECT_EQ(Byte(0x5000), 2);
    vcpu_frame_release(arena, frame);
}

TEST_F(Space, APageCanBeSetAndReset)
{
    uint8_t bytes[VCPU_PAGE_BYTES];
    std::memset(bytes, 0x33, sizeof bytes);
    EXPECT_TRUE(vcpu_space_page_set(&space, 2, bytes));
    EXPECT_EQ(Byte(0x2000), 0x33);
    vcpu_space_page_reset(&space, 2);
    EXPECT_EQ(Byte(0x2000), 0x11);
    EXPECT_EQ(space.private_count, 0u);
    EXPECT_FALSE(vcpu_space_page_set(&space, 0, bytes));
    EXPECT_FALSE(vcpu_space_page_set(&space, 0x20, bytes));
}

TEST_F(Space, TablesAreAsLongAsTheHighestPageTouched)
{
    EXPECT_EQ(space.page_count, 0u);
    Byte(0x2000);
    EXPECT_LE(space.page_count, 8u);
    Byte(0x1ffff);
    EXPECT_EQ(space.page_count, 32u);
}

/* Else a guest that walks its memory upwards has gigabytes of tables copied. */
TEST_F(Space, LongTablesGrowByAShareOfTheirLength)
{
    const uint32_t pages = 0x40000000u >> VCPU_PAGE_BITS;
    struct vcpu_space large = {};
    vcpu_space_init(&large, arena, image, 0x40000000u);
    uint32_t growths = 0;
    for (uint32_t page = 2; page < pages; page++) {
        uint32_t before = large.page_count;
        ASSERT_NE(vcpu_space_read_page(&large, page << VCPU_PAGE_BITS), nullptr);
        ASSERT_GT(large.page_count, page);
        growths += large.page_count != before;
    }
    EXPECT_LT(growths, 150u);
    EXPECT_EQ(large.page_count, pages) << "and no longer than the memory";
    vcpu_space_fini(&large);
}

TEST(Arena, SaysWhenItIsFullAndGivesZeroedFramesAgain)
{
    struct vcpu_arena *arena = nullptr;
    ASSERT_EQ(vcpu_arena_create(2u << 20, &arena, nullptr), STATUS_OK);
    std::vector<uint32_t> frames;
    for (;;) {
        uint32_t frame = vcpu_frame_take(arena, VCPU_FRAME_PRIVATE);
        if (frame == VCPU_FRAME_NONE) {
            break;
        }
        std::memset(vcpu_frame_bytes(arena, frame), 0xff, VCPU_PAGE_BYTES);
        frames.push_back(frame);
    }
    EXPECT_EQ(frames.size(), 510u); /* 512, less frame 0 and the page of zeros */
    EXPECT_TRUE(vcpu_arena_exhausted(arena));
    vcpu_frame_release(arena, frames[17]);
    uint32_t again = vcpu_frame_take(arena, VCPU_FRAME_PRIVATE);
    EXPECT_EQ(again, frames[17]);
    for (uint32_t i = 0; i < VCPU_PAGE_BYTES; i++) {
        ASSERT_EQ(vcpu_frame_bytes(arena, again)[i], 0);
    }
    for (uint32_t frame : frames) {
        vcpu_frame_release(arena, frame);
    }
    EXPECT_EQ(vcpu_arena_frames_used(arena), 0u);
    vcpu_arena_destroy(arena);
}

TEST(Arena, ServesSeveralThreads)
{
    struct vcpu_arena *arena = nullptr;
    ASSERT_EQ(vcpu_arena_create(8u << 20, &arena, nullptr), STATUS_OK);
    auto work = [arena](uint8_t mark) {
        for (int round = 0; round < 200; round++) {
            uint32_t frames[4];
            for (uint32_t &frame : frames) {
                frame = vcpu_frame_take(arena, VCPU_FRAME_PRIVATE);
                std::memset(vcpu_frame_bytes(arena, frame), mark, VCPU_PAGE_BYTES);
            }
            for (uint32_t frame : frames) {
                ASSERT_EQ(vcpu_frame_bytes(arena, frame)[4095], mark);
                vcpu_frame_release(arena, frame);
            }
        }
    };
    std::thread a(work, 1), b(work, 2);
    a.join();
    b.join();
    EXPECT_EQ(vcpu_arena_frames_used(arena), 0u);
    vcpu_arena_destroy(arena);
}

/* Pages that a pager has not let the node have. */
TEST_F(Space, AnAbsentPageHasNoEntryUntilItIsLet)
{
    Byte(0x2000);
    ASSERT_NE(vcpu_space_write_page(&space, 0x8000), nullptr);
    vcpu_space_paging_begin(&space);
    for (uint32_t address = 0x2000; address < 0x20000; address += VCPU_PAGE_BYTES) {
        EXPECT_EQ(vcpu_space_read_entry(&space, address), 0u);
        EXPECT_EQ(vcpu_space_read_page(&space, address), nullptr);
        EXPECT_EQ(vcpu_space_write_page(&space, address), nullptr);
    }
    EXPECT_FALSE(vcpu_space_absent(&space, 0, false)) << "what is no memory is not absent";
    EXPECT_FALSE(vcpu_space_absent(&space, 0x20, true));
    vcpu_space_let(&space, 8, 1, false);
    EXPECT_NE(vcpu_space_read_page(&space, 0x8000), nullptr);
    EXPECT_EQ(vcpu_space_write_page(&space, 0x8000), nullptr);
    vcpu_space_let(&space, 8, 100, true); /* some past the end */
    EXPECT_NE(vcpu_space_write_page(&space, 0x8000), nullptr);
    vcpu_space_forget(&space, 8, 1, true);
    EXPECT_EQ(vcpu_space_write_entry(&space, 0x8000), 0u);
    EXPECT_NE(vcpu_space_read_entry(&space, 0x8000), 0u);
    vcpu_space_forget(&space, 8, 1, false);
    EXPECT_EQ(vcpu_space_read_entry(&space, 0x8000), 0u);
    vcpu_space_paging_end(&space);
    EXPECT_NE(vcpu_space_write_page(&space, 0x8000), nullptr);
}

TEST_F(Space, TheHostReadsAndWritesAbsentPages)
{
    vcpu_space_paging_begin(&space);
    EXPECT_EQ(Byte(0x2fff), 0x11);
    const uint8_t bytes[4] = {1, 2, 3, 4};
    EXPECT_TRUE(vcpu_space_store(&space, 0x2ffe, bytes, sizeof bytes));
    EXPECT_EQ(Byte(0x2fff), 2);
    EXPECT_EQ(Byte(0x3001), 4);
    EXPECT_EQ(vcpu_space_read_entry(&space, 0x2ffe), 0u);
    EXPECT_EQ(vcpu_space_write_entry(&space, 0x2ffe), 0u);
    /* What the guest may read is what the host has written. */
    vcpu_space_let(&space, 4, 1, false);
    const uint8_t *guest = vcpu_space_read_page(&space, 0x4000);
    ASSERT_NE(guest, nullptr);
    EXPECT_EQ(*guest, 0x22);
    EXPECT_TRUE(vcpu_space_store(&space, 0x4000, bytes, sizeof bytes));
    EXPECT_EQ(*vcpu_space_read_page(&space, 0x4000), 1);
    EXPECT_EQ(vcpu_space_write_entry(&space, 0x4000), 0u);
    uint32_t page = 0;
    EXPECT_TRUE(vcpu_space_lacks(&space, 0x4ffe, 4, false, &page));
    EXPECT_EQ(page, 5u);
    EXPECT_FALSE(vcpu_space_lacks(&space, 0x4ffc, 4, false, &page));
    EXPECT_FALSE(vcpu_space_lacks(&space, 0xfffffffc, 8, false, &page));
}
