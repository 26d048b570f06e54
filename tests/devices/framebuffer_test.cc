// The framebuffer.
#include <gtest/gtest.h>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

constexpr uint32_t kDescriptor = 0x3000;
constexpr uint32_t kPixels = 0x8000;
constexpr uint32_t kPalette = 0x4000;
constexpr uint32_t kEnd = FakeMachine::kMemoryBytes;

class Framebuffer : public testing::Test
{
  protected:
    FakeMachine machine;

    dev_result show(const abi_framebuffer &picture)
    {
        machine.put(kDescriptor, picture);
        return machine.out(ABI_PORT_FRAMEBUFFER, 4, kDescriptor);
    }
    const abi_framebuffer *picture()
    {
        return static_cast<dev_framebuffer *>(machine.state(DEV_FRAMEBUFFER))->picture;
    }
    std::vector<uint8_t> row(uint32_t y)
    {
        std::vector<uint8_t> rgb(3 * picture()->width);
        dev_framebuffer_row(static_cast<dev_framebuffer *>(machine.state(DEV_FRAMEBUFFER)),
                            &machine.envs[DEV_FRAMEBUFFER], y, rgb.data());
        return rgb;
    }
};

TEST_F(Framebuffer, TellsTheSizeOfTheScreen)
{
    uint32_t size = 0;
    ASSERT_EQ(machine.in(ABI_PORT_FRAMEBUFFER, 4, &size), DEV_DONE);
    EXPECT_EQ(ABI_SCREEN_WIDTH(size), FakeMachine::kScreenWidth);
    EXPECT_EQ(ABI_SCREEN_HEIGHT(size), FakeMachine::kScreenHeight);
}

TEST_F(Framebuffer, ShowsWordsAsRedGreenAndBlueRowByRow)
{
    ASSERT_EQ(show({kPixels, 2, 2, 12, ABI_FRAMEBUFFER_XRGB8888, 0}), DEV_DONE);
    machine.put(kPixels, 0xff102030u);
    machine.put(kPixels + 4, 0x00405060u);
    machine.put(kPixels + 8, 0xffffffffu); // past the row's pixels
    machine.put(kPixels + 12, 0x00000001u);
    machine.put(kPixels + 16, 0x00ff0000u);
    EXPECT_EQ(row(0), (std::vector<uint8_t>{0x10, 0x20, 0x30, 0x40, 0x50, 0x60}));
    EXPECT_EQ(row(1), (std::vector<uint8_t>{0, 0, 1, 0xff, 0, 0}));
    machine.put(kPixels, 0u);
    EXPECT_EQ(row(0)[0], 0) << "what is shown is what memory holds now";
}

TEST_F(Framebuffer, ShowsBytesByThePalette)
{
    ASSERT_EQ(show({kPixels, 3, 1, 3, ABI_FRAMEBUFFER_INDEXED8, kPalette}), DEV_DONE);
    machine.put(kPalette, 0x00010203u);
    machine.put(kPalette + 4 * 255, 0x00aabbccu);
    machine.put(kPixels, uint8_t{255});
    machine.put(kPixels + 1, uint8_t{0});
    machine.put(kPixels + 2, uint8_t{7});
    EXPECT_EQ(row(0), (std::vector<uint8_t>{0xaa, 0xbb, 0xcc, 1, 2, 3, 0, 0, 0}));
}

TEST_F(Framebuffer, TakesAPictureThatFillsTheScreenAndOneThatEndsWithMemory)
{
    EXPECT_EQ(show({kPixels, FakeMachine::kScreenWidth, FakeMachine::kScreenHeight,
                    4 * FakeMachine::kScreenWidth, ABI_FRAMEBUFFER_XRGB8888, 0}),
              DEV_DONE);
    EXPECT_EQ(show({kEnd - 16, 2, 2, 8, ABI_FRAMEBUFFER_XRGB8888, 0}), DEV_DONE);
    EXPECT_EQ(row(1).size(), 6u);
    EXPECT_EQ(show({kPixels, 1, 1, ABI_FRAMEBUFFER_STRIDE_MAX, ABI_FRAMEBUFFER_INDEXED8,
                    kEnd - 4 * ABI_FRAMEBUFFER_PALETTE_COUNT}),
              DEV_DONE);
}

TEST_F(Framebuffer, RefusesWhatIsLargerThanTheScreenOrNotAllMemory)
{
    const abi_framebuffer good = {kPixels, 16, 8, 64, ABI_FRAMEBUFFER_XRGB8888, 0};
    ASSERT_EQ(show(good), DEV_DONE);
    std::vector<uint8_t> before = machine.save(DEV_FRAMEBUFFER);
    auto refused = [&](auto change) {
        abi_framebuffer picture = good;
        change(picture);
        EXPECT_EQ(show(picture), DEV_REFUSED)
            << std::hex << picture.address << " " << picture.width << "x" << picture.height << " "
            << picture.stride_bytes << " " << picture.format << " " << picture.palette_address;
        EXPECT_EQ(machine.save(DEV_FRAMEBUFFER), before);
    };
    refused([](auto &p) { p.width = 0; });
    refused([](auto &p) { p.height = 0; });
    refused([](auto &p) { p.width = FakeMachine::kScreenWidth + 1, p.stride_bytes = 4096; });
    refused([](auto &p) { p.height = FakeMachine::kScreenHeight + 1; });
    refused([](auto &p) { p.width = 0x40000001; });
    refused([](auto &p) { p.height = 0xffffffff; });
    refused([](auto &p) { p.stride_bytes = 63; });
    refused([](auto &p) { p.stride_bytes = ABI_FRAMEBUFFER_STRIDE_MAX + 1; });
    refused([](auto &p) { p.stride_bytes = 0xffffffff; });
    refused([](auto &p) { p.format = 2; });
    refused([](auto &p) { p.palette_address = kPalette; });
    refused([](auto &p) { p.address = 0; });
    refused([](auto &p) { p.address = ABI_REGISTER_PAGE; });
    refused([](auto &p) { p.address = kEnd - 64 * 8 + 1; });
    refused([](auto &p) { p.address = 0xfffffff0; });
    refused([](auto &p) { p.format = ABI_FRAMEBUFFER_INDEXED8; });
    refused([](auto &p) {
        p.format = ABI_FRAMEBUFFER_INDEXED8;
        p.palette_address = kEnd - 4 * ABI_FRAMEBUFFER_PALETTE_COUNT + 1;
    });
    refused([](auto &p) { p = {0, 0, 0, 64, 0, 0}; });
    EXPECT_EQ(row(0).size(), 48u) << "the picture before is still shown";
}

TEST_F(Framebuffer, ShowsNothingOnceToldSo)
{
    ASSERT_EQ(show({kPixels, 16, 8, 64, ABI_FRAMEBUFFER_XRGB8888, 0}), DEV_DONE);
    ASSERT_EQ(show({}), DEV_DONE);
    EXPECT_EQ(picture(), nullptr);
    EXPECT_EQ(machine.save(DEV_FRAMEBUFFER), FakeMachine().save(DEV_FRAMEBUFFER));
}

TEST_F(Framebuffer, TakesBackNoStateOfAPictureThatCouldNotHaveBeenSet)
{
    ASSERT_EQ(show({kPixels, 16, 8, 64, ABI_FRAMEBUFFER_XRGB8888, 0}), DEV_DONE);
    std::vector<uint8_t> saved = machine.save(DEV_FRAMEBUFFER);
    FakeMachine other;
    ASSERT_TRUE(other.load(DEV_FRAMEBUFFER, saved));
    saved[1 + 3] = 0xff; // the address's high byte
    EXPECT_FALSE(other.load(DEV_FRAMEBUFFER, saved));
    EXPECT_EQ(other.save(DEV_FRAMEBUFFER), FakeMachine().save(DEV_FRAMEBUFFER));
}

} // namespace
