// Names for people: every virtual register and interrupt has one.
#include <gtest/gtest.h>

#include <cstring>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

TEST(Names, AreOfTheVirtualRegistersThatCanBeRead)
{
    FakeMachine machine;
    struct dev_registers registers = {};
    for (uint32_t offset = 0; offset < 0x1000; offset += 4) {
        uint32_t value = 0;
        bool there =
            dev_registers_read(&registers, &machine.register_env, offset, &value) == DEV_DONE;
        EXPECT_EQ(dev_register_name(offset) != nullptr, there) << offset;
    }
    EXPECT_STREQ(dev_register_name(ABI_REG_TIME_LOW), "time_low");
    EXPECT_EQ(dev_register_name(ABI_REG_TIME_LOW + 1), nullptr);
}

TEST(Names, AreOfTheDevicesThatRaiseAnInterrupt)
{
    char text[32];
    dev_interrupts_name(ABI_IRQ_TIMER | ABI_IRQ_NIC, text, sizeof text);
    EXPECT_STREQ(text, "timer nic");
    dev_interrupts_name(0, text, sizeof text);
    EXPECT_STREQ(text, "none");
    dev_interrupts_name(0x80000000u, text, sizeof text);
    EXPECT_STREQ(text, "bit31");
    dev_interrupts_name(UINT32_MAX, text, sizeof text);
    EXPECT_EQ(std::strlen(text), sizeof text - 1) << "cut, and within its room";
}

} // namespace
