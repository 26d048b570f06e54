// The supervisor's device: what it takes from a guest, and when it answers.
#include <gtest/gtest.h>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

constexpr uint32_t kDescriptor = 0x3000;
constexpr uint32_t kList = 0x4000;

TEST(Supervisor, AnswersInAnEventOfTheSameMoment)
{
    FakeMachine machine;
    machine.now_ns = 500;
    machine.put(kDescriptor, abi_supervisor_control{ABI_CONTROL_PAUSE, 3, 0, 0, 0});
    EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_CONTROL, 4, kDescriptor), DEV_DONE);
    EXPECT_TRUE(machine.supervised.empty());
    EXPECT_EQ(machine.deadlines_ns[DEV_SUPERVISOR], 500u);
    machine.advance_to(500);
    EXPECT_EQ(machine.supervised, std::vector<uint16_t>{ABI_PORT_SUPERVISOR_CONTROL});
    EXPECT_EQ(machine.get<abi_supervisor_control>(kDescriptor).status, 99u);
    EXPECT_EQ(machine.save(DEV_SUPERVISOR), FakeMachine().save(DEV_SUPERVISOR));
}

TEST(Supervisor, AQuestionListsAsManyAsThereIsRoomFor)
{
    for (uint32_t capacity : {0u, 2u, 3u, 4u, ABI_SUPERVISOR_LIST_MAX}) {
        FakeMachine machine;
        for (uint32_t i = 0; i < 4; i++) {
            machine.put(kList + 4 * i, 0xffu);
        }
        machine.put(kDescriptor, abi_supervisor_question{kList, capacity, 0, 0, 0, 0});
        EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_QUESTION, 4, kDescriptor), DEV_DONE);
        machine.advance_to(1);
        const auto question = machine.get<abi_supervisor_question>(kDescriptor);
        EXPECT_EQ(question.sequence, 7u);
        EXPECT_EQ(question.candidate_count, 3u);
        for (uint32_t i = 0; i < 4; i++) {
            EXPECT_EQ(machine.get<uint32_t>(kList + 4 * i), i < capacity && i < 3 ? 10 + i : 0xff);
        }
    }
}

TEST(Supervisor, TheGateListsAsManyAsThereIsRoomFor)
{
    for (uint32_t capacity : {0u, 2u, 3u, 4u}) {
        FakeMachine machine;
        machine.put(kDescriptor, abi_supervisor_gate{kList, capacity, 0, 0, 0});
        EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_GATE, 4, kDescriptor), DEV_DONE);
        machine.advance_to(1);
        EXPECT_EQ(machine.get<abi_supervisor_gate>(kDescriptor).waiting_count, 3u);
        for (uint32_t i = 0; i < 4; i++) {
            const auto waiting = machine.get<abi_supervisor_waiting>(kList + 16 * i);
            const bool listed = i < capacity && i < 3;
            EXPECT_EQ(waiting.machine, listed ? 20 + i : 0);
            EXPECT_EQ(waiting.need_bytes, listed ? 4096u << i : 0);
        }
    }
}

TEST(Supervisor, AListOfWhomToTakeFromIsReadAndNotWritten)
{
    FakeMachine machine;
    for (uint32_t i = 0; i < ABI_SUPERVISOR_TAKE_MAX; i++) {
        machine.put(kList + 8 * i, abi_supervisor_taken_from{i, 100 + i});
    }
    for (uint32_t count : {0u, 1u, 3u, ABI_SUPERVISOR_TAKE_MAX}) {
        machine.put(kDescriptor, abi_supervisor_take{kList, count, 0, 0, 0, 0, 0, 0});
        EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_TAKE, 4, kDescriptor), DEV_DONE);
        machine.advance_to(machine.now_ns + 1);
        EXPECT_EQ(machine.get<abi_supervisor_take>(kDescriptor).left_blocks,
                  100 * count + count * (count - 1) / 2);
    }
    machine.put(kDescriptor,
                abi_supervisor_take{kList, ABI_SUPERVISOR_TAKE_MAX + 1, 0, 0, 0, 0, 0, 0});
    EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_TAKE, 4, kDescriptor), DEV_REFUSED);
    EXPECT_EQ(machine.get<abi_supervisor_taken_from>(kList).block_count, 100u);
}

TEST(Supervisor, RefusesWhatIsNotMemoryAndChangesNothing)
{
    FakeMachine machine;
    for (uint16_t port :
         {ABI_PORT_SUPERVISOR_HOST, ABI_PORT_SUPERVISOR_MACHINE, ABI_PORT_SUPERVISOR_CONTROL,
          ABI_PORT_SUPERVISOR_QUESTION, ABI_PORT_SUPERVISOR_ANSWER, ABI_PORT_SUPERVISOR_GATE,
          ABI_PORT_SUPERVISOR_ADMIT, ABI_PORT_SUPERVISOR_LIMITS, ABI_PORT_SUPERVISOR_SNAPSHOT,
          ABI_PORT_SUPERVISOR_PAGED, ABI_PORT_SUPERVISOR_TAKE, ABI_PORT_SUPERVISOR_VOLUME}) {
        for (uint32_t address : {0u, 0x1ff8u, FakeMachine::kMemoryBytes - 4, 0xfffffffcu}) {
            EXPECT_EQ(machine.out(port, 4, address), DEV_REFUSED);
        }
        machine.stores_left = 0; // at the limit of private pages
        EXPECT_EQ(machine.out(port, 4, kDescriptor), DEV_REFUSED);
    }
    const abi_supervisor_question bad[] = {
        {kList, ABI_SUPERVISOR_LIST_MAX + 1, 0, 0, 0, 0},
        {kList, UINT32_MAX, 0, 0, 0, 0},
        {FakeMachine::kMemoryBytes - 4, 2, 0, 0, 0, 0},
        {0, 1, 0, 0, 0, 0},
        {kDescriptor + 8, 1, 0, 0, 0, 0},
        {kDescriptor - 4, 2, 0, 0, 0, 0},
    };
    for (const auto &question : bad) { /* all that have a list begin alike */
        machine.put(kDescriptor, question);
        EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_QUESTION, 4, kDescriptor), DEV_REFUSED);
        EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_GATE, 4, kDescriptor), DEV_REFUSED);
        EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_TAKE, 4, kDescriptor), DEV_REFUSED);
    }
    machine.advance_to(10);
    EXPECT_TRUE(machine.supervised.empty());
    EXPECT_EQ(machine.save(DEV_SUPERVISOR), FakeMachine().save(DEV_SUPERVISOR));
}

} // namespace
