// The timer.
#include <gtest/gtest.h>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

class Timer : public testing::Test
{
  protected:
    FakeMachine machine;

    void arm(uint64_t deadline_ns)
    {
        machine.put(0x3000, deadline_ns);
        ASSERT_EQ(machine.out(ABI_PORT_TIMER, 4, 0x3000), DEV_DONE);
    }
};

TEST_F(Timer, FiresOnceAtItsDeadlineAndNotBefore)
{
    arm(1000);
    machine.advance_to(999);
    EXPECT_EQ(machine.irq_pending, 0u);
    machine.advance_to(1000);
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_TIMER);
    machine.irq_pending = 0;
    machine.advance_to(1'000'000);
    EXPECT_EQ(machine.irq_pending, 0u);
}

TEST_F(Timer, FiresAtOnceWhenItsDeadlineHasPassed)
{
    machine.now_ns = 5000;
    arm(0);
    EXPECT_EQ(machine.deadlines_ns[DEV_TIMER], 5000u) << "never an event in the past";
    machine.advance_to(5000);
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_TIMER);
    machine.irq_pending = 0;
    arm(5000);
    machine.advance_to(5000);
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_TIMER);
}

TEST_F(Timer, HoldsOnlyTheLastDeadline)
{
    arm(1000);
    arm(3000);
    machine.advance_to(2999);
    EXPECT_EQ(machine.irq_pending, 0u);
    arm(TIME_NEVER);
    machine.advance_to(10'000);
    EXPECT_EQ(machine.irq_pending, 0u);
    EXPECT_EQ(machine.deadlines_ns[DEV_TIMER], TIME_NEVER);
}

TEST_F(Timer, IgnoresAnEventItDidNotAskFor)
{
    dev_table[DEV_TIMER]->event(machine.state(DEV_TIMER), &machine.envs[DEV_TIMER]);
    EXPECT_EQ(machine.irq_pending, 0u);
    arm(1000);
    machine.now_ns = 999;
    dev_table[DEV_TIMER]->event(machine.state(DEV_TIMER), &machine.envs[DEV_TIMER]);
    EXPECT_EQ(machine.irq_pending, 0u);
}

TEST_F(Timer, AsksForItsEventAgainAfterALoad)
{
    arm(1000);
    std::vector<uint8_t> saved = machine.save(DEV_TIMER);
    FakeMachine other;
    ASSERT_TRUE(other.load(DEV_TIMER, saved));
    other.advance_to(1000);
    EXPECT_EQ(other.irq_pending, ABI_IRQ_TIMER);
}

} // namespace
