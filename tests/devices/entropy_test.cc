// Entropy.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_machine.h"

extern "C" {
#include <base/random.h>
}

using support::FakeMachine;

namespace
{

constexpr uint32_t kDescriptor = 0x3000;
constexpr uint32_t kBytes = 0x4000;

class Entropy : public testing::Test
{
  protected:
    FakeMachine machine;

    uint32_t word()
    {
        uint32_t value = 0;
        EXPECT_EQ(machine.in(ABI_PORT_ENTROPY, 4, &value), DEV_DONE);
        return value;
    }
    dev_result fill(uint32_t address, uint32_t length_bytes)
    {
        machine.put(kDescriptor, abi_buffer{address, length_bytes});
        return machine.out(ABI_PORT_ENTROPY, 4, kDescriptor);
    }
};

TEST_F(Entropy, IsAFunctionOfTheMachinesKeyAndOfHowMuchWasTaken)
{
    for (uint64_t i = 0; i < 100; i++) {
        EXPECT_EQ(word(), static_cast<uint32_t>(random_at(machine.entropy_key, i) >> 32));
    }
    machine.reset(DEV_ENTROPY);
    uint32_t first = word();
    EXPECT_EQ(first, static_cast<uint32_t>(random_at(machine.entropy_key, 0) >> 32));
    FakeMachine other;
    other.entropy_key++;
    uint32_t others = 0;
    ASSERT_EQ(other.in(ABI_PORT_ENTROPY, 4, &others), DEV_DONE);
    EXPECT_NE(others, first);
}

TEST_F(Entropy, FillsWithTheWordsThatWouldHaveBeenRead)
{
    FakeMachine reader;
    ASSERT_EQ(fill(kBytes, ABI_ENTROPY_FILL_MAX), DEV_DONE);
    for (uint32_t i = 0; i < ABI_ENTROPY_FILL_MAX; i += 4) {
        uint32_t expected = 0;
        ASSERT_EQ(reader.in(ABI_PORT_ENTROPY, 4, &expected), DEV_DONE);
        EXPECT_EQ(machine.get<uint32_t>(kBytes + i), expected) << i;
    }
    EXPECT_EQ(machine.save(DEV_ENTROPY), reader.save(DEV_ENTROPY));
}

TEST_F(Entropy, WritesNotAByteMoreThanAskedFor)
{
    for (uint32_t length_bytes = 1; length_bytes <= ABI_ENTROPY_FILL_MAX; length_bytes++) {
        std::fill(machine.memory.begin() + kBytes, machine.memory.begin() + kBytes + 300, 0);
        machine.reset(DEV_ENTROPY);
        ASSERT_EQ(fill(kBytes + 1, length_bytes), DEV_DONE);
        EXPECT_EQ(machine.get<uint8_t>(kBytes), 0);
        EXPECT_EQ(machine.get<uint8_t>(kBytes + 1 + length_bytes), 0);
        FakeMachine reader;
        for (uint32_t taken = 0; taken < length_bytes; taken += 4) {
            uint32_t value;
            ASSERT_EQ(reader.in(ABI_PORT_ENTROPY, 4, &value), DEV_DONE);
        }
        EXPECT_EQ(machine.save(DEV_ENTROPY), reader.save(DEV_ENTROPY)) << "whole words are taken";
    }
}

TEST_F(Entropy, RefusesALengthOutOfBoundsAndABufferOutsideMemory)
{
    std::vector<uint8_t> before = machine.save(DEV_ENTROPY);
    EXPECT_EQ(fill(kBytes, 0), DEV_REFUSED);
    EXPECT_EQ(fill(kBytes, ABI_ENTROPY_FILL_MAX + 1), DEV_REFUSED);
    EXPECT_EQ(fill(kBytes, 0xffffffff), DEV_REFUSED);
    EXPECT_EQ(fill(FakeMachine::kMemoryBytes - 8, 9), DEV_REFUSED);
    EXPECT_EQ(fill(0xfffffffc, 8), DEV_REFUSED);
    EXPECT_EQ(fill(ABI_REGISTER_PAGE, 8), DEV_REFUSED);
    machine.stores_left = 0; // at the limit of private pages
    EXPECT_EQ(fill(kBytes, 8), DEV_REFUSED);
    EXPECT_EQ(machine.save(DEV_ENTROPY), before) << "what was refused took nothing";
}

} // namespace
