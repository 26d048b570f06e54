// The keyboard.
#include <gtest/gtest.h>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

class Keyboard : public testing::Test
{
  protected:
    FakeMachine machine;

    bool event(uint32_t usage, bool pressed)
    {
        return dev_keyboard_event(static_cast<dev_keyboard *>(machine.state(DEV_KEYBOARD)),
                                  &machine.envs[DEV_KEYBOARD], usage, pressed);
    }
    uint32_t next()
    {
        uint32_t value = 0xdeadbeef;
        EXPECT_EQ(machine.in(ABI_PORT_KEYBOARD, 4, &value), DEV_DONE);
        return value;
    }
};

TEST_F(Keyboard, GivesEventsInTheirOrderAndThenNone)
{
    EXPECT_EQ(next(), ABI_KEYBOARD_NONE);
    EXPECT_TRUE(event(0x04, true));
    EXPECT_TRUE(event(0xe1, true));
    EXPECT_TRUE(event(0x04, false));
    EXPECT_EQ(next(), 0x04u | ABI_KEYBOARD_PRESSED);
    EXPECT_EQ(next(), 0xe1u | ABI_KEYBOARD_PRESSED);
    EXPECT_EQ(next(), 0x04u);
    EXPECT_EQ(next(), ABI_KEYBOARD_NONE);
}

TEST_F(Keyboard, RaisesItsInterruptForEveryEventItKeeps)
{
    EXPECT_TRUE(event(0x28, true));
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_KEYBOARD);
    machine.irq_pending = 0;
    EXPECT_FALSE(event(0x03, true)) << "an error code of the HID page, no key";
    EXPECT_FALSE(event(0xe8, true));
    EXPECT_FALSE(event(0, true));
    EXPECT_FALSE(event(0x10028, true));
    EXPECT_EQ(machine.irq_pending, 0u);
    EXPECT_EQ(next(), 0x28u | ABI_KEYBOARD_PRESSED);
    EXPECT_EQ(next(), ABI_KEYBOARD_NONE);
}

TEST_F(Keyboard, DropsWhatComesWhenItsQueueIsFull)
{
    for (uint32_t i = 0; i < DEV_KEYBOARD_QUEUE_MAX; i++) {
        EXPECT_TRUE(event(ABI_KEY_FIRST + i, true));
    }
    machine.irq_pending = 0;
    EXPECT_FALSE(event(0x29, true));
    EXPECT_EQ(machine.irq_pending, 0u);
    EXPECT_EQ(next(), ABI_KEY_FIRST | ABI_KEYBOARD_PRESSED);
    EXPECT_TRUE(event(0x29, false)) << "there is room again";
    for (uint32_t i = 1; i < DEV_KEYBOARD_QUEUE_MAX; i++) {
        EXPECT_EQ(next(), (ABI_KEY_FIRST + i) | ABI_KEYBOARD_PRESSED);
    }
    EXPECT_EQ(next(), 0x29u);
    EXPECT_EQ(next(), ABI_KEYBOARD_NONE);
}

TEST_F(Keyboard, TakesNoMemoryUntilItIsTypedOn)
{
    auto *state = static_cast<dev_keyboard *>(machine.state(DEV_KEYBOARD));
    EXPECT_EQ(next(), ABI_KEYBOARD_NONE);
    EXPECT_EQ(state->queue, nullptr);
    EXPECT_TRUE(event(0x04, true));
    EXPECT_NE(state->queue, nullptr);
    machine.reset(DEV_KEYBOARD);
    EXPECT_EQ(state->queue, nullptr);
}

} // namespace
