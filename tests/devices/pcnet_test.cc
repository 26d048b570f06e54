// The register-programmed network card.
#include <gtest/gtest.h>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

constexpr uint32_t kRings = 0x3000;
constexpr uint32_t kReceive = 0x3100;
constexpr uint32_t kSend = 0x3200;
constexpr uint32_t kBuffers = 0x4000;

class Pcnet : public testing::Test
{
  public:
    FakeMachine machine;

    dev_result write(uint32_t number, uint32_t value)
    {
        dev_result result = machine.out(ABI_PORT_PCNET_ADDRESS, 2, number);
        return result == DEV_DONE ? machine.out(ABI_PORT_PCNET_DATA, 2, value) : result;
    }
    uint32_t read(uint32_t number)
    {
        uint32_t value = 0;
        EXPECT_EQ(machine.out(ABI_PORT_PCNET_ADDRESS, 2, number), DEV_DONE);
        EXPECT_EQ(machine.in(ABI_PORT_PCNET_DATA, 2, &value), DEV_DONE);
        return value;
    }
    dev_result tell_rings(const abi_pcnet_rings &rings)
    {
        machine.put(kRings, rings);
        EXPECT_EQ(write(ABI_PCNET_CSR1, kRings & 0xffff), DEV_DONE);
        EXPECT_EQ(write(ABI_PCNET_CSR2, kRings >> 16), DEV_DONE);
        return write(ABI_PCNET_CSR0, ABI_PCNET_INIT);
    }
    // Two descriptors of room, two to send.
    void start(uint32_t room = ABI_FRAME_MAX)
    {
        for (uint32_t i = 0; i < 2; i++) {
            machine.put(kReceive + 16 * i,
                        abi_pcnet_descriptor{kBuffers + 0x800 * i, room, 0, ABI_PCNET_OWN});
            machine.put(kSend + 16 * i, abi_pcnet_descriptor{});
        }
        ASSERT_EQ(tell_rings({kReceive, 2, kSend, 2}), DEV_DONE);
        ASSERT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_IDON | ABI_PCNET_STRT | ABI_PCNET_IENA),
                  DEV_DONE);
        machine.irq_pending = 0;
    }
    bool deliver(uint32_t size_bytes, uint8_t fill)
    {
        std::vector<uint8_t> frame(size_bytes, fill);
        return dev_pcnet_deliver(static_cast<dev_pcnet *>(machine.state(DEV_PCNET)),
                                 &machine.envs[DEV_PCNET], frame.data(), size_bytes);
    }
    abi_pcnet_descriptor receive(uint32_t i)
    {
        return machine.get<abi_pcnet_descriptor>(kReceive + 16 * i);
    }
    abi_pcnet_descriptor sent(uint32_t i)
    {
        return machine.get<abi_pcnet_descriptor>(kSend + 16 * i);
    }
};

TEST_F(Pcnet, SaysThatItHasReadItsRingsAndRuns)
{
    start();
    EXPECT_EQ(read(ABI_PCNET_CSR0), ABI_PCNET_RUNS | ABI_PCNET_IENA);
    EXPECT_EQ(read(ABI_PCNET_CSR1) | read(ABI_PCNET_CSR2) << 16, kRings);
}

TEST_F(Pcnet, InterruptsForAFrameAndPutsItIntoTheRingWhenItsStatusIsRead)
{
    start();
    ASSERT_TRUE(deliver(60, 0xaa));
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_PCNET);
    EXPECT_EQ(receive(0).status, ABI_PCNET_OWN) << "memory is touched in the guest's own time";
    EXPECT_EQ(read(ABI_PCNET_CSR0),
              ABI_PCNET_RINT | ABI_PCNET_INTR | ABI_PCNET_RUNS | ABI_PCNET_IENA);
    EXPECT_EQ(receive(0).status, 0u);
    EXPECT_EQ(receive(0).length_bytes, 60u);
    EXPECT_EQ(machine.memory[kBuffers + 59], 0xaa);
    EXPECT_EQ(machine.memory[kBuffers + 60], 0);
    EXPECT_EQ(machine.frames_taken_bytes, 60u);
    EXPECT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_RINT | ABI_PCNET_IENA), DEV_DONE);
    EXPECT_EQ(read(ABI_PCNET_CSR0) & ABI_PCNET_INTR, 0u);
}

TEST_F(Pcnet, KeepsWhatTheRingHasNoRoomForUntilThereIs)
{
    start();
    for (uint8_t i = 0; i < 3; i++) {
        ASSERT_TRUE(deliver(60, i));
    }
    read(ABI_PCNET_CSR0);
    EXPECT_EQ(receive(1).status, 0u);
    EXPECT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_RINT | ABI_PCNET_IENA), DEV_DONE);
    EXPECT_EQ(read(ABI_PCNET_CSR0) & ABI_PCNET_RINT, 0u) << "there is nothing new in the ring";
    abi_pcnet_descriptor again = receive(0);
    again.status = ABI_PCNET_OWN;
    machine.put(kReceive, again);
    EXPECT_NE(read(ABI_PCNET_CSR0) & ABI_PCNET_RINT, 0u) << "so a driver that looks again goes on";
    EXPECT_EQ(machine.memory[kBuffers], 2);
}

TEST_F(Pcnet, CutsAFrameToItsRoomAndSaysHowLongItWas)
{
    start(100);
    ASSERT_TRUE(deliver(200, 9));
    read(ABI_PCNET_CSR0);
    EXPECT_EQ(receive(0).length_bytes, 200u);
    EXPECT_EQ(machine.memory[kBuffers + 99], 9);
    EXPECT_EQ(machine.memory[kBuffers + 100], 0);
}

TEST_F(Pcnet, SendsWhatIsItsOwnInTheOrderOfTheRing)
{
    start();
    machine.memory[kBuffers] = 1;
    machine.memory[kBuffers + 0x800] = 2;
    for (uint32_t i = 0; i < 2; i++) {
        machine.put(kSend + 16 * i,
                    abi_pcnet_descriptor{kBuffers + 0x800 * i, 60 + i, 0, ABI_PCNET_OWN});
    }
    ASSERT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_TDMD | ABI_PCNET_IENA), DEV_DONE);
    ASSERT_EQ(machine.frames_sent.size(), 2u);
    EXPECT_EQ(machine.frames_sent[0].size(), 60u);
    EXPECT_EQ(machine.frames_sent[1].size(), 61u);
    EXPECT_EQ(machine.frames_sent[1][0], 2);
    EXPECT_EQ(sent(0).status, 0u);
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_PCNET);
    ASSERT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_TDMD | ABI_PCNET_IENA), DEV_DONE);
    EXPECT_EQ(machine.frames_sent.size(), 2u) << "nothing is its own any more";
}

TEST_F(Pcnet, GivesBackWhatItCannotSendWithAnError)
{
    start();
    machine.put(kSend, abi_pcnet_descriptor{0, 60, 0, ABI_PCNET_OWN});
    machine.put(kSend + 16, abi_pcnet_descriptor{kBuffers, 13, 0, ABI_PCNET_OWN});
    ASSERT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_TDMD | ABI_PCNET_IENA), DEV_DONE);
    EXPECT_TRUE(machine.frames_sent.empty());
    EXPECT_EQ(sent(0).status, ABI_PCNET_ERR);
    EXPECT_EQ(sent(1).status, ABI_PCNET_ERR);
    EXPECT_EQ(machine.frames_refused.size(), 2u);
}

TEST_F(Pcnet, RefusesRingsThatAreNoneAndRegistersThatAreNot)
{
    EXPECT_EQ(tell_rings({kReceive, 0, kSend, 1}), DEV_REFUSED);
    EXPECT_EQ(tell_rings({kReceive, ABI_PCNET_RING_MAX + 1, kSend, 1}), DEV_REFUSED);
    EXPECT_EQ(tell_rings({0, 1, kSend, 1}), DEV_REFUSED);
    EXPECT_EQ(tell_rings({kReceive, 1, FakeMachine::kMemoryBytes - 8, 1}), DEV_REFUSED);
    EXPECT_EQ(tell_rings({kReceive, 1, 0xffffffff, 1}), DEV_REFUSED);
    EXPECT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_STRT), DEV_REFUSED) << "there are no rings";
    EXPECT_EQ(write(ABI_PCNET_CSRS, 0), DEV_REFUSED);
}

TEST_F(Pcnet, StopsWhereItsRingMayNotBeWritten)
{
    start();
    ASSERT_TRUE(deliver(60, 1));
    machine.stores_left = 1; /* the frame, and not the descriptor */
    read(ABI_PCNET_CSR0);
    EXPECT_EQ(read(ABI_PCNET_CSR0) & ABI_PCNET_RUNS, 0u);
}

// Each access of memory may find its page absent, once: the instruction is then begun anew, and
// what came of it is what would have come of it. TINT, which it clears, is set by what it sends.
TEST_F(Pcnet, AnAccessThatIsBegunAnewGoesOnWhereItWas)
{
    constexpr uint32_t kCount = 5;
    auto prepare = [](Pcnet &test) {
        for (uint32_t i = 0; i < kCount; i++) {
            test.machine.put(kReceive + 16 * i,
                             abi_pcnet_descriptor{kBuffers + 0x100 * i, 0x100, 0, ABI_PCNET_OWN});
            test.machine.put(kSend + 16 * i,
                             abi_pcnet_descriptor{kBuffers + 0x800 + i, i == 1 ? 1 : 60 + i, 0,
                                                  i < kCount - 1 ? ABI_PCNET_OWN : 0});
        }
        ASSERT_EQ(test.tell_rings({kReceive, kCount, kSend, kCount}), DEV_DONE);
        ASSERT_EQ(test.write(ABI_PCNET_CSR0, ABI_PCNET_IDON | ABI_PCNET_STRT), DEV_DONE);
        for (uint8_t i = 0; i < 3; i++) {
            ASSERT_TRUE(test.deliver(60, i));
        }
    };
    class Whole : public Pcnet
    {
        void TestBody() override
        {
        }
    } whole;
    prepare(whole);
    const uint32_t value = ABI_PCNET_TDMD | ABI_PCNET_TINT | ABI_PCNET_IENA;
    ASSERT_EQ(whole.write(ABI_PCNET_CSR0, value), DEV_DONE);
    const uint32_t status = whole.read(ABI_PCNET_CSR0);
    EXPECT_EQ(whole.machine.frames_sent.size(), 3u);
    EXPECT_NE(status & ABI_PCNET_TINT, 0u);
    uint32_t anew = 0;
    for (uint32_t there = 0;; there++) {
        class Cut : public Whole
        {
        } cut;
        prepare(cut);
        cut.machine.there = there;
        cut.write(ABI_PCNET_CSR0, value);
        if (cut.machine.begins_anew) {
            cut.machine.begins_anew = false;
            ASSERT_EQ(cut.write(ABI_PCNET_CSR0, value), DEV_DONE);
            anew++;
        }
        uint32_t told = cut.read(ABI_PCNET_CSR0);
        if (cut.machine.begins_anew) {
            cut.machine.begins_anew = false;
            told = cut.read(ABI_PCNET_CSR0);
            anew++;
        }
        EXPECT_EQ(told, status) << there;
        EXPECT_EQ(cut.machine.memory, whole.machine.memory) << there;
        EXPECT_EQ(cut.machine.frames_sent, whole.machine.frames_sent) << there;
        EXPECT_EQ(cut.machine.frames_refused, whole.machine.frames_refused) << there;
        EXPECT_EQ(cut.machine.frames_taken_bytes, whole.machine.frames_taken_bytes) << there;
        if (anew == there) {
            break; /* it had all */
        }
    }
    EXPECT_GT(anew, 15u);
}

TEST_F(Pcnet, StoppedForgetsWhatWaited)
{
    start();
    ASSERT_TRUE(deliver(60, 1));
    ASSERT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_STOP), DEV_DONE);
    EXPECT_EQ(read(ABI_PCNET_CSR0), 0u);
    EXPECT_EQ(receive(0).status, ABI_PCNET_OWN);
    EXPECT_EQ(read(ABI_PCNET_CSR1), kRings & 0xffff) << "but for where the rings are";
}

TEST_F(Pcnet, DropsWhatComesWhileAsManyWaitAsMay)
{
    start();
    for (uint32_t i = 0; i < DEV_NIC_QUEUE_MAX; i++) {
        ASSERT_TRUE(deliver(60, 1));
    }
    EXPECT_FALSE(deliver(60, 1));
}

TEST_F(Pcnet, IsSilentUntilInterruptsAreEnabled)
{
    start();
    ASSERT_EQ(write(ABI_PCNET_CSR0, 0), DEV_DONE);
    ASSERT_TRUE(deliver(60, 1));
    EXPECT_EQ(machine.irq_pending, 0u);
    ASSERT_EQ(write(ABI_PCNET_CSR0, ABI_PCNET_IENA), DEV_DONE);
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_PCNET);
}

} // namespace
