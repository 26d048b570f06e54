// The console: bytes out, bytes in.
#include <gtest/gtest.h>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

class Console : public testing::Test
{
  protected:
    FakeMachine machine;

    dev_result print(uint32_t address, uint32_t length_bytes)
    {
        machine.put(0x3000, abi_buffer{address, length_bytes});
        return machine.out(ABI_PORT_CONSOLE_WRITE, 4, 0x3000);
    }
    uint32_t type(const std::string &text)
    {
        return dev_console_input(
            static_cast<dev_console *>(machine.state(DEV_CONSOLE)), &machine.envs[DEV_CONSOLE],
            reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(text.size()));
    }
    uint32_t next()
    {
        uint32_t value = 0;
        EXPECT_EQ(machine.in(ABI_PORT_CONSOLE_BYTE, 4, &value), DEV_DONE);
        return value;
    }
};

TEST_F(Console, TellsTheEndOfItsInputAfterTheLastByteAndOnlyOnce)
{
    auto *console = static_cast<dev_console *>(machine.state(DEV_CONSOLE));
    EXPECT_EQ(next(), ABI_CONSOLE_NONE);
    type("a");
    machine.irq_pending = 0;
    dev_console_end(console, &machine.envs[DEV_CONSOLE]);
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_CONSOLE);
    EXPECT_EQ(next(), 'a');
    EXPECT_EQ(next(), ABI_CONSOLE_END);
    EXPECT_EQ(next(), ABI_CONSOLE_END) << "it stays ended";
    machine.irq_pending = 0;
    dev_console_end(console, &machine.envs[DEV_CONSOLE]);
    EXPECT_EQ(machine.irq_pending, 0u);
}

TEST_F(Console, PrintsAByteAtATime)
{
    EXPECT_EQ(machine.out(ABI_PORT_CONSOLE_BYTE, 1, 'h'), DEV_DONE);
    EXPECT_EQ(machine.out(ABI_PORT_CONSOLE_BYTE, 1, 'i'), DEV_DONE);
    EXPECT_EQ(machine.console, "hi");
}

TEST_F(Console, PrintsABuffer)
{
    machine.put_text(0x4000, "hello, world\n");
    EXPECT_EQ(print(0x4000, 13), DEV_DONE);
    EXPECT_EQ(machine.console, "hello, world\n");
    EXPECT_EQ(print(0xffffffff, 0), DEV_DONE) << "no byte, no address";
    EXPECT_EQ(machine.console, "hello, world\n");
}

TEST_F(Console, PrintsTheLongestBufferWholeAndNoLongerOne)
{
    for (uint32_t i = 0; i < ABI_CONSOLE_WRITE_MAX; i++) {
        machine.memory[0x4000 + i] = static_cast<uint8_t>('a' + i % 26);
    }
    EXPECT_EQ(print(0x4000, ABI_CONSOLE_WRITE_MAX + 1), DEV_REFUSED);
    EXPECT_EQ(machine.console, "");
    EXPECT_EQ(print(0x4000, ABI_CONSOLE_WRITE_MAX), DEV_DONE);
    EXPECT_EQ(machine.console,
              std::string(machine.memory.begin() + 0x4000,
                          machine.memory.begin() + 0x4000 + ABI_CONSOLE_WRITE_MAX));
}

TEST_F(Console, PrintsNothingOfABufferThatLeavesMemory)
{
    EXPECT_EQ(print(FakeMachine::kMemoryBytes - 5000, 5001), DEV_REFUSED);
    EXPECT_EQ(print(0xfffffff0, 0x20), DEV_REFUSED);
    EXPECT_EQ(print(0x1000, 4), DEV_REFUSED);
    EXPECT_EQ(machine.console, "");
}

TEST_F(Console, GivesInputInOrderAndSaysWhenThereIsNone)
{
    EXPECT_EQ(next(), UINT32_MAX);
    EXPECT_EQ(type("ok"), 2u);
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_CONSOLE);
    EXPECT_EQ(next(), uint32_t{'o'});
    EXPECT_EQ(next(), uint32_t{'k'});
    EXPECT_EQ(next(), UINT32_MAX);
}

TEST_F(Console, DropsInputBeyondItsBound)
{
    EXPECT_EQ(type(std::string(DEV_CONSOLE_INPUT_MAX - 1, 'a')), DEV_CONSOLE_INPUT_MAX - 1);
    machine.irq_pending = 0;
    EXPECT_EQ(type("xyz"), 1u);
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_CONSOLE);
    machine.irq_pending = 0;
    EXPECT_EQ(type("z"), 0u);
    EXPECT_EQ(machine.irq_pending, 0u) << "nothing arrived";
    for (uint32_t i = 0; i < DEV_CONSOLE_INPUT_MAX - 1; i++) {
        ASSERT_EQ(next(), uint32_t{'a'});
    }
    EXPECT_EQ(next(), uint32_t{'x'});
    EXPECT_EQ(next(), UINT32_MAX);
}

} // namespace
