// The virtual-register page.
#include <gtest/gtest.h>

#include <set>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

class Registers : public testing::Test
{
  protected:
    FakeMachine machine;
    dev_registers registers = {};

    uint32_t read(uint32_t offset)
    {
        uint32_t value = 0xdeadbeef;
        EXPECT_EQ(dev_registers_read(&registers, &machine.register_env, offset, &value), DEV_DONE)
            << std::hex << offset;
        return value;
    }
    dev_result write(uint32_t offset, uint32_t value)
    {
        return dev_registers_write(&registers, &machine.register_env, offset, value);
    }
};

TEST_F(Registers, TellTheMachineWhatItIs)
{
    EXPECT_EQ(read(ABI_REG_ISA_VERSION), ABI_ISA_VERSION);
    EXPECT_EQ(read(ABI_REG_CPU_HZ_LOW), 2u);
    EXPECT_EQ(read(ABI_REG_CPU_HZ_HIGH), 1u);
    EXPECT_EQ(read(ABI_REG_MEMORY_SIZE), FakeMachine::kMemoryBytes);
    EXPECT_EQ(read(ABI_REG_NODE_INDEX), 7u);
    EXPECT_EQ(read(ABI_REG_NODE_COUNT), 1000u);
    EXPECT_EQ(read(ABI_REG_MAC_LOW), 0x00000002u);
    EXPECT_EQ(read(ABI_REG_MAC_HIGH), 0x00000701u);
    EXPECT_EQ(read(ABI_REG_BOOT_SIZE), 9u);
    EXPECT_EQ(read(ABI_REG_BOOT_ARGC), 2u);
    EXPECT_EQ(read(ABI_REG_BOOT_ENVC), 1u);
    EXPECT_EQ(read(ABI_REG_GENERATION), 6u);
}

TEST_F(Registers, LatchTheHighHalfOfTheClockWhenTheLowHalfIsRead)
{
    machine.now_ns = 0x1'ffff'ffff;
    EXPECT_EQ(read(ABI_REG_TIME_HIGH), 0u) << "nothing latched yet";
    EXPECT_EQ(read(ABI_REG_TIME_LOW), 0xffffffffu);
    machine.now_ns = 0x2'0000'0000;
    EXPECT_EQ(read(ABI_REG_TIME_HIGH), 1u);
    EXPECT_EQ(read(ABI_REG_TIME_LOW), 0u);
    EXPECT_EQ(read(ABI_REG_TIME_HIGH), 2u);
}

TEST_F(Registers, SaveAndLoadTheLatch)
{
    machine.now_ns = 0x5'0000'0000;
    read(ABI_REG_TIME_LOW);
    writer writer;
    writer_init(&writer);
    dev_registers_save(&registers, &writer);
    dev_registers loaded = {};
    reader reader;
    reader_init(&reader, writer.bytes, writer.size_bytes);
    dev_registers_load(&loaded, &reader);
    EXPECT_FALSE(reader.failed);
    EXPECT_EQ(reader_left(&reader), 0u);
    EXPECT_EQ(loaded.time_high, 5u);
    writer_fini(&writer);
}

TEST_F(Registers, KeepOneBitOfTheInterruptEnable)
{
    EXPECT_EQ(write(ABI_REG_IRQ_ENABLE, 0xffffffff), DEV_DONE);
    EXPECT_EQ(read(ABI_REG_IRQ_ENABLE), 1u);
    EXPECT_EQ(write(ABI_REG_IRQ_ENABLE, 0xfffffffe), DEV_DONE);
    EXPECT_EQ(read(ABI_REG_IRQ_ENABLE), 0u);
}

TEST_F(Registers, ClearPendingKindsByWritingOnes)
{
    machine.irq_pending = ABI_IRQ_TIMER | ABI_IRQ_NIC;
    EXPECT_EQ(write(ABI_REG_IRQ_PENDING, ABI_IRQ_TIMER | ABI_IRQ_CONSOLE), DEV_DONE);
    EXPECT_EQ(read(ABI_REG_IRQ_PENDING), ABI_IRQ_NIC);
}

TEST_F(Registers, HoldTheHandlerAndShowTheDeliveredKinds)
{
    EXPECT_EQ(write(ABI_REG_IRQ_HANDLER, 0x12345), DEV_DONE);
    EXPECT_EQ(read(ABI_REG_IRQ_HANDLER), 0x12345u);
    machine.irq_delivered = ABI_IRQ_CONSOLE;
    EXPECT_EQ(read(ABI_REG_IRQ_DELIVERED), ABI_IRQ_CONSOLE);
}

TEST_F(Registers, ReadZeroPastTheBootText)
{
    EXPECT_EQ(read(ABI_REG_BOOT_TEXT), 0x63620061u);
    EXPECT_EQ(read(ABI_REG_BOOT_TEXT + 4), 0x313d5800u);
    EXPECT_EQ(read(ABI_REG_BOOT_TEXT + 8), 0u);
    EXPECT_EQ(read(ABI_REG_BOOT_TEXT + ABI_BOOT_TEXT_MAX - 4), 0u);
    machine.boot.size_bytes = 2;
    EXPECT_EQ(read(ABI_REG_BOOT_TEXT), 0x00000061u);
}

TEST_F(Registers, AreNotThereAtAnyOtherOffset)
{
    const std::set<uint32_t> readable = {
        ABI_REG_ISA_VERSION, ABI_REG_FEATURES,      ABI_REG_CPU_HZ_LOW,  ABI_REG_CPU_HZ_HIGH,
        ABI_REG_MEMORY_SIZE, ABI_REG_TIME_LOW,      ABI_REG_TIME_HIGH,   ABI_REG_IRQ_ENABLE,
        ABI_REG_IRQ_PENDING, ABI_REG_IRQ_DELIVERED, ABI_REG_IRQ_HANDLER, ABI_REG_NODE_INDEX,
        ABI_REG_NODE_COUNT,  ABI_REG_MAC_LOW,       ABI_REG_MAC_HIGH,    ABI_REG_BOOT_SIZE,
        ABI_REG_BOOT_ARGC,   ABI_REG_BOOT_ENVC,     ABI_REG_GENERATION};
    const std::set<uint32_t> writable = {ABI_REG_IRQ_ENABLE, ABI_REG_IRQ_PENDING,
                                         ABI_REG_IRQ_HANDLER};
    for (uint32_t offset = 0; offset < 0x1010; offset++) {
        uint32_t value;
        bool text = offset >= ABI_REG_BOOT_TEXT && offset < 0x1000 && offset % 4 == 0;
        EXPECT_EQ(dev_registers_read(&registers, &machine.register_env, offset, &value),
                  readable.count(offset) || text ? DEV_DONE : DEV_NO_REGISTER)
            << std::hex << offset;
        EXPECT_EQ(write(offset, 0), writable.count(offset) ? DEV_DONE : DEV_NO_REGISTER)
            << std::hex << offset;
    }
}

} // namespace
