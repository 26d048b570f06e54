// The network card.
#include <gtest/gtest.h>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

constexpr uint32_t kDescriptor = 0x3000;
constexpr uint32_t kBuffer = 0x4000;
constexpr uint32_t kUntouched = 0xabadcafe;

class Nic : public testing::Test
{
  protected:
    FakeMachine machine;

    dev_result send(uint32_t address, uint32_t length_bytes)
    {
        machine.put(kDescriptor, abi_buffer{address, length_bytes});
        return machine.out(ABI_PORT_NIC_SEND, 4, kDescriptor);
    }
    dev_result receive(uint32_t address, uint32_t capacity_bytes)
    {
        machine.put(kDescriptor, abi_receive{address, capacity_bytes, kUntouched});
        return machine.out(ABI_PORT_NIC_RECEIVE, 4, kDescriptor);
    }
    uint32_t length()
    {
        return machine.get<abi_receive>(kDescriptor).length_bytes;
    }
    bool deliver(uint32_t size_bytes, uint8_t fill)
    {
        std::vector<uint8_t> frame(size_bytes, fill);
        return dev_nic_deliver(static_cast<dev_nic *>(machine.state(DEV_NIC)),
                               &machine.envs[DEV_NIC], frame.data(), size_bytes);
    }
    uint32_t waiting()
    {
        return static_cast<dev_nic *>(machine.state(DEV_NIC))->count;
    }
};

TEST_F(Nic, SendsTheFrameItIsPointedAt)
{
    for (uint32_t i = 0; i < ABI_FRAME_MAX; i++) {
        machine.memory[kBuffer + i] = static_cast<uint8_t>(i * 7);
    }
    for (uint32_t size : {ABI_FRAME_MIN, 60u, ABI_FRAME_MAX}) {
        machine.frames_sent.clear();
        ASSERT_EQ(send(kBuffer, size), DEV_DONE);
        ASSERT_EQ(machine.frames_sent.size(), 1u);
        EXPECT_EQ(machine.frames_sent[0],
                  std::vector<uint8_t>(machine.memory.begin() + kBuffer,
                                       machine.memory.begin() + kBuffer + size));
    }
    EXPECT_TRUE(machine.frames_refused.empty());
}

TEST_F(Nic, RefusesAndCountsTruncatedAndOversizedFrames)
{
    for (uint32_t size : {0u, 1u, ABI_FRAME_MIN - 1, ABI_FRAME_MAX + 1, 65536u, UINT32_MAX}) {
        EXPECT_EQ(send(kBuffer, size), DEV_REFUSED) << size;
        EXPECT_EQ(machine.frames_refused.back(), size);
    }
    EXPECT_TRUE(machine.frames_sent.empty());
}

TEST_F(Nic, RefusesAFrameThatIsNotAllMemory)
{
    for (uint32_t address :
         {0u, 0x1000u, 0x1ff8u, FakeMachine::kMemoryBytes - 59, 0xfffffff0u, 0xffffffffu}) {
        EXPECT_EQ(send(address, 60), DEV_REFUSED) << std::hex << address;
    }
    EXPECT_TRUE(machine.frames_sent.empty());
    EXPECT_EQ(machine.frames_refused.size(), 6u);
    EXPECT_EQ(send(FakeMachine::kMemoryBytes - 60, 60), DEV_DONE) << "the last bytes of memory";
}

TEST_F(Nic, SaysZeroWhenNoFrameWaits)
{
    EXPECT_EQ(receive(kBuffer, ABI_FRAME_MAX), DEV_DONE);
    EXPECT_EQ(length(), 0u);
}

TEST_F(Nic, ReceivesFramesInOrderOfArrivalAndRaisesItsInterrupt)
{
    EXPECT_TRUE(deliver(60, 1));
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_NIC);
    EXPECT_TRUE(deliver(100, 2));
    EXPECT_EQ(receive(kBuffer, ABI_FRAME_MAX), DEV_DONE);
    EXPECT_EQ(length(), 60u);
    EXPECT_EQ(machine.memory[kBuffer + 59], 1);
    EXPECT_EQ(machine.memory[kBuffer + 60], 0) << "no byte beyond the frame is written";
    EXPECT_EQ(receive(kBuffer, ABI_FRAME_MAX), DEV_DONE);
    EXPECT_EQ(length(), 100u);
    EXPECT_EQ(machine.memory[kBuffer + 99], 2);
    EXPECT_EQ(receive(kBuffer, ABI_FRAME_MAX), DEV_DONE);
    EXPECT_EQ(length(), 0u);
}

TEST_F(Nic, CutsAFrameToTheBufferAndTellsItsWholeLength)
{
    EXPECT_TRUE(deliver(200, 9));
    EXPECT_EQ(receive(kBuffer, 50), DEV_DONE);
    EXPECT_EQ(length(), 200u);
    EXPECT_EQ(machine.memory[kBuffer + 49], 9);
    EXPECT_EQ(machine.memory[kBuffer + 50], 0);
    EXPECT_EQ(waiting(), 0u) << "the rest is gone with the frame";
    EXPECT_TRUE(deliver(200, 9));
    EXPECT_EQ(receive(0, 0), DEV_DONE) << "no room asked for, no address needed";
    EXPECT_EQ(length(), 200u);
    EXPECT_EQ(waiting(), 0u);
}

TEST_F(Nic, DropsFrameWhenReceiveQueueIsFull)
{
    for (uint32_t i = 0; i < DEV_NIC_QUEUE_MAX; i++) {
        ASSERT_TRUE(deliver(60, static_cast<uint8_t>(i)));
    }
    machine.irq_pending = 0;
    EXPECT_FALSE(deliver(60, 0xff));
    EXPECT_EQ(machine.irq_pending, 0u);
    EXPECT_EQ(receive(kBuffer, ABI_FRAME_MAX), DEV_DONE);
    EXPECT_EQ(machine.memory[kBuffer], 0) << "the oldest stays, the newest is dropped";
    EXPECT_TRUE(deliver(60, 0xff));
}

TEST_F(Nic, TakesNoFrameThatIsNoFrame)
{
    EXPECT_FALSE(deliver(ABI_FRAME_MIN - 1, 0));
    EXPECT_FALSE(deliver(ABI_FRAME_MAX + 1, 0));
    EXPECT_EQ(machine.irq_pending, 0u);
    EXPECT_EQ(waiting(), 0u);
}

TEST_F(Nic, RefusesABufferThatOverlapsItsDescriptor)
{
    ASSERT_TRUE(deliver(60, 5));
    for (uint32_t address : {kDescriptor - 59, kDescriptor, kDescriptor + 4, kDescriptor + 11}) {
        EXPECT_EQ(receive(address, 60), DEV_REFUSED) << std::hex << address;
        EXPECT_EQ(length(), kUntouched);
    }
    EXPECT_EQ(waiting(), 1u);
    EXPECT_EQ(receive(kDescriptor - 60, 60), DEV_DONE) << "ends where the descriptor starts";
    ASSERT_TRUE(deliver(60, 5));
    EXPECT_EQ(receive(kDescriptor + 12, 60), DEV_DONE) << "starts where the descriptor ends";
}

TEST_F(Nic, RefusesABufferOutsideMemoryWhetherOrNotAFrameWaits)
{
    for (bool frame : {false, true}) {
        if (frame) {
            ASSERT_TRUE(deliver(60, 5));
        }
        for (uint32_t address :
             {0u, 0x1000u, 0x1fffu, FakeMachine::kMemoryBytes - 59, 0xfffffff0u}) {
            EXPECT_EQ(receive(address, 60), DEV_REFUSED) << std::hex << address;
            EXPECT_EQ(length(), kUntouched);
        }
        EXPECT_EQ(receive(kBuffer, UINT32_MAX), DEV_REFUSED) << "wraps";
    }
    EXPECT_EQ(waiting(), 1u);
}

TEST_F(Nic, LeavesMemoryAndQueueAloneWhenAPageCannotBeHad)
{
    ASSERT_TRUE(deliver(60, 5));
    for (uint32_t stores : {0u, 1u}) {
        machine.put(kDescriptor, abi_receive{kBuffer, 60, kUntouched});
        std::vector<uint8_t> before = machine.memory;
        machine.stores_left = stores;
        EXPECT_EQ(machine.out(ABI_PORT_NIC_RECEIVE, 4, kDescriptor), DEV_REFUSED) << stores;
        EXPECT_EQ(machine.memory, before);
        EXPECT_EQ(waiting(), 1u);
    }
}

} // namespace
