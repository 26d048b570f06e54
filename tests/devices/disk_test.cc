// The disk device. The fake machine's disk 0 has 8 blocks, 1000 ns latency and 100 ns a block; disk
// 1 has one block and is read-only.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

constexpr uint32_t kDescriptor = 0x3000;
constexpr uint32_t kBlock = 0x5000;
constexpr uint64_t kFirst_ns = 1100; // when a lone request of time 0 is done

class Disk : public testing::Test
{
  protected:
    FakeMachine machine;

    dev_result ask(uint32_t disk, uint32_t operation, uint64_t block, uint32_t address,
                   uint32_t tag = 0)
    {
        machine.put(kDescriptor, abi_disk_request{disk, operation, block, address, tag});
        return machine.out(ABI_PORT_DISK_SUBMIT, 4, kDescriptor);
    }
    abi_disk_completion collect()
    {
        machine.put(kDescriptor, abi_disk_completion{0xdead, 0xbeef});
        EXPECT_EQ(machine.out(ABI_PORT_DISK_COMPLETE, 4, kDescriptor), DEV_DONE);
        return machine.get<abi_disk_completion>(kDescriptor);
    }
    abi_disk_info info(uint32_t disk)
    {
        abi_disk_info asked = {};
        std::memset(&asked, 0x77, sizeof asked);
        asked.disk = disk;
        machine.put(kDescriptor, asked);
        EXPECT_EQ(machine.out(ABI_PORT_DISK_INFO, 4, kDescriptor), DEV_DONE);
        return machine.get<abi_disk_info>(kDescriptor);
    }
    void fill_memory(uint32_t address, uint8_t byte)
    {
        std::fill_n(machine.memory.begin() + address, ABI_DISK_BLOCK_BYTES, byte);
    }
    void fill_block(uint64_t block, uint8_t byte)
    {
        std::fill_n(machine.disks[0].bytes.begin() + block * ABI_DISK_BLOCK_BYTES,
                    ABI_DISK_BLOCK_BYTES, byte);
    }
    bool memory_is(uint32_t address, uint8_t byte) const
    {
        return std::count(machine.memory.begin() + address,
                          machine.memory.begin() + address + ABI_DISK_BLOCK_BYTES,
                          byte) == ABI_DISK_BLOCK_BYTES;
    }
    bool block_is(uint64_t block, uint8_t byte) const
    {
        auto start = machine.disks[0].bytes.begin() + block * ABI_DISK_BLOCK_BYTES;
        return std::count(start, start + ABI_DISK_BLOCK_BYTES, byte) == ABI_DISK_BLOCK_BYTES;
    }
};

TEST_F(Disk, TellsOfEachDiskAndOfNothingPastTheLast)
{
    abi_disk_info first = info(0);
    EXPECT_STREQ(first.name, "first");
    EXPECT_EQ(first.block_count, 8u);
    EXPECT_EQ(first.flags, 0u);
    EXPECT_EQ(first.name[ABI_DISK_NAME_MAX - 1], '\0') << "what was there before is gone";
    abi_disk_info second = info(1);
    EXPECT_STREQ(second.name, "second");
    EXPECT_EQ(second.flags, ABI_DISK_READ_ONLY);
    for (uint32_t past : {2u, 16u, 0x80000000u, 0xffffffffu}) {
        abi_disk_info none = info(past);
        EXPECT_EQ(none.disk, past);
        EXPECT_EQ(none.block_count, 0u);
        EXPECT_STREQ(none.name, "");
    }
}

TEST_F(Disk, ReadsABlockWholeAtTheMomentItIsDone)
{
    fill_block(3, 0xaa);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 3, kBlock + 123, 42), DEV_DONE);
    machine.advance_to(kFirst_ns - 1);
    EXPECT_TRUE(memory_is(kBlock + 123, 0));
    EXPECT_EQ(collect().status, ABI_DISK_NONE);
    EXPECT_EQ(machine.irq_pending, 0u);
    machine.advance_to(kFirst_ns);
    EXPECT_TRUE(memory_is(kBlock + 123, 0xaa));
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_DISK);
    abi_disk_completion done = collect();
    EXPECT_EQ(done.status, ABI_DISK_DONE);
    EXPECT_EQ(done.tag, 42u);
    done = collect();
    EXPECT_EQ(done.status, ABI_DISK_NONE);
    EXPECT_EQ(done.tag, 0u);
}

TEST_F(Disk, WritesWhatMemoryHoldsWhenTheRequestIsDone)
{
    fill_memory(kBlock, 0x11);
    ASSERT_EQ(ask(0, ABI_DISK_WRITE, 7, kBlock), DEV_DONE);
    fill_memory(kBlock, 0x22);
    EXPECT_TRUE(block_is(7, 0));
    machine.advance_to(kFirst_ns);
    EXPECT_TRUE(block_is(7, 0x22));
    fill_memory(kBlock, 0x33);
    EXPECT_TRUE(block_is(7, 0x22));
    EXPECT_TRUE(block_is(6, 0));
    EXPECT_EQ(collect().status, ABI_DISK_DONE);
}

TEST_F(Disk, HidesItsLatencyButNotItsRate)
{
    for (uint32_t i = 0; i < 3; i++) {
        ASSERT_EQ(ask(0, ABI_DISK_READ, i, kBlock, i), DEV_DONE);
    }
    for (uint32_t i = 0; i < 3; i++) {
        machine.advance_to(kFirst_ns + 100 * i - 1);
        EXPECT_EQ(collect().status, ABI_DISK_NONE) << i;
        machine.advance_to(kFirst_ns + 100 * i);
        EXPECT_EQ(collect().tag, i);
    }
    /* A request to a disk that rests takes its own time only. */
    machine.advance_to(50'000);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_DONE);
    EXPECT_EQ(machine.deadlines_ns[DEV_DISK], 51'100u);
}

TEST_F(Disk, WorksBesideOtherDisks)
{
    machine.disks[1].latency_ns = 10;
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock, 1), DEV_DONE);
    ASSERT_EQ(ask(1, ABI_DISK_READ, 0, kBlock, 2), DEV_DONE);
    machine.advance_to(110);
    EXPECT_EQ(collect().tag, 2u);
    EXPECT_EQ(collect().status, ABI_DISK_NONE);
    machine.advance_to(kFirst_ns);
    EXPECT_EQ(collect().tag, 1u);
}

TEST_F(Disk, BeginsNoRequestSoonerThanItsLimitAllows)
{
    for (auto &disk : machine.disks) {
        disk.interval_ns = 5000;
    }
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock, 0), DEV_DONE);
    ASSERT_EQ(ask(1, ABI_DISK_READ, 0, kBlock, 1), DEV_DONE) << "one limit for all disks";
    ASSERT_EQ(ask(0, ABI_DISK_READ, 1, kBlock, 2), DEV_DONE);
    for (uint32_t i = 0; i < 3; i++) {
        machine.advance_to(kFirst_ns + 5000 * i - 1);
        EXPECT_EQ(collect().status, ABI_DISK_NONE) << i;
        machine.advance_to(kFirst_ns + 5000 * i);
        EXPECT_EQ(collect().tag, i);
    }
    /* It is kept to from a request to the next, though nothing is under way by then. */
    std::vector<uint8_t> saved = machine.save(DEV_DISK);
    machine.advance_to(13'000);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_DONE);
    EXPECT_EQ(machine.deadlines_ns[DEV_DISK], 16'100u);
    ASSERT_TRUE(machine.load(DEV_DISK, saved));
    ASSERT_EQ(ask(9, ABI_DISK_READ, 0, kBlock), DEV_DONE) << "nothing is read";
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_DONE);
    machine.advance_to(13'001);
    EXPECT_EQ(machine.deadlines_ns[DEV_DISK], 16'100u);
}

TEST_F(Disk, CountsANewLimitFromWhenItIsSet)
{
    const auto limit = [&](uint64_t interval_ns) {
        for (auto &disk : machine.disks) {
            disk.interval_ns = interval_ns;
        }

        dev_disk_interval_changed(static_cast<dev_disk *>(machine.state(DEV_DISK)),
                                  machine.env(DEV_DISK));
    };
    limit(1'000'000);
    for (uint32_t i = 0; i < 4; i++) {
        ASSERT_EQ(ask(0, ABI_DISK_READ, i, kBlock, i), DEV_DONE);
    }
    machine.advance_to(500);
    limit(5000); /* the first, which is on its way, is done no later */
    machine.advance_to(kFirst_ns);
    EXPECT_EQ(collect().tag, 0u);
    EXPECT_EQ(machine.deadlines_ns[DEV_DISK], 500 + 5000 + 1100u);
    machine.advance_to(500 + 5000 + 1100);
    EXPECT_EQ(collect().tag, 1u);
    limit(0);
    machine.advance_to(6600 + 1100);
    EXPECT_EQ(collect().tag, 2u);
    machine.advance_to(6600 + 1200);
    EXPECT_EQ(collect().tag, 3u);
    /* Nor does it hold up what is asked for next. */
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_DONE);
    EXPECT_EQ(machine.deadlines_ns[DEV_DISK], 7800 + 1100u);
}

TEST_F(Disk, HasAQueuedDiskBeginAsItsLimitAllows)
{
    machine.disks[0].queued = true;
    machine.disks[0].interval_ns = 5000;
    for (uint32_t i = 0; i < 3; i++) {
        ASSERT_EQ(ask(0, ABI_DISK_READ, i, kBlock, i), DEV_DONE);
    }
    for (uint32_t i = 0; i < 3; i++) {
        machine.advance_to(5000 * i);
        EXPECT_EQ(machine.disk_begun.size(), i + 1);
        machine.advance_to(5000 * i + 4999);
        EXPECT_EQ(machine.disk_begun.size(), i + 1);
    }
}

TEST_F(Disk, DoesOverlappingTransfersInTheirOrder)
{
    fill_block(0, 0xa0);
    fill_block(1, 0xa1);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_DONE);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 1, kBlock + 2048), DEV_DONE);
    ASSERT_EQ(ask(0, ABI_DISK_WRITE, 2, kBlock), DEV_DONE);
    machine.advance_to(5000);
    EXPECT_EQ(machine.memory[kBlock + 2047], 0xa0);
    EXPECT_TRUE(memory_is(kBlock + 2048, 0xa1));
    EXPECT_EQ(machine.disks[0].bytes[2 * ABI_DISK_BLOCK_BYTES], 0xa0);
    EXPECT_EQ(machine.disks[0].bytes[3 * ABI_DISK_BLOCK_BYTES - 1], 0xa1);
}

TEST_F(Disk, JudgesWhatARequestNamesWhenItIsDone)
{
    struct Case {
        uint32_t disk;
        uint32_t operation;
        uint64_t block;
        uint32_t status;
    };
    const Case cases[] = {
        {0, ABI_DISK_READ, 8, ABI_DISK_NO_BLOCK},
        {0, ABI_DISK_WRITE, UINT64_MAX, ABI_DISK_NO_BLOCK},
        {0, ABI_DISK_READ, uint64_t{1} << 32, ABI_DISK_NO_BLOCK},
        {0, 2, 0, ABI_DISK_NO_BLOCK},
        {0, UINT32_MAX, 0, ABI_DISK_NO_BLOCK},
        {2, ABI_DISK_READ, 0, ABI_DISK_NO_BLOCK},
        {UINT32_MAX, ABI_DISK_WRITE, 0, ABI_DISK_NO_BLOCK},
        {1, ABI_DISK_WRITE, 0, ABI_DISK_REFUSED},
        {1, ABI_DISK_READ, 0, ABI_DISK_DONE},
    };
    for (const Case &c : cases) {
        std::vector<uint8_t> before = machine.disks[0].bytes;
        ASSERT_EQ(ask(c.disk, c.operation, c.block, kBlock, 5), DEV_DONE);
        EXPECT_EQ(collect().status, ABI_DISK_NONE) << "not before the clock has moved";
        machine.advance_to(machine.now_ns + 2000);
        abi_disk_completion done = collect();
        EXPECT_EQ(done.status, c.status) << c.disk << " " << c.operation << " " << c.block;
        EXPECT_EQ(done.tag, 5u);
        EXPECT_EQ(machine.disks[0].bytes, before);
    }
}

TEST_F(Disk, WritesNothingBeyondItsLimit)
{
    machine.disk_writes_left = 1;
    fill_memory(kBlock, 0x44);
    ASSERT_EQ(ask(0, ABI_DISK_WRITE, 0, kBlock), DEV_DONE);
    ASSERT_EQ(ask(0, ABI_DISK_WRITE, 1, kBlock), DEV_DONE);
    machine.advance_to(5000);
    EXPECT_EQ(collect().status, ABI_DISK_DONE);
    EXPECT_EQ(collect().status, ABI_DISK_FULL);
    EXPECT_TRUE(block_is(0, 0x44));
    EXPECT_TRUE(block_is(1, 0));
}

TEST_F(Disk, ReadsNothingIntoMemoryThatMayNotBeHad)
{
    fill_block(0, 0x55);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_DONE);
    machine.stores_left = 0;
    machine.advance_to(kFirst_ns);
    EXPECT_TRUE(memory_is(kBlock, 0));
    EXPECT_EQ(collect().status, ABI_DISK_NO_MEMORY);
}

TEST_F(Disk, RefusesABlockThatIsNotAllMemory)
{
    const uint32_t end = FakeMachine::kMemoryBytes;
    for (uint32_t address : {0u, 0x1000u, FakeMachine::kMemoryStart - 1, end - 4095, end - 1, end,
                             0xfffff000u, 0xfffff001u, 0xffffffffu}) {
        EXPECT_EQ(ask(0, ABI_DISK_READ, 0, address), DEV_REFUSED) << std::hex << address;
        EXPECT_EQ(ask(0, ABI_DISK_WRITE, 0, address), DEV_REFUSED) << std::hex << address;
    }
    EXPECT_EQ(machine.deadlines_ns[DEV_DISK], TIME_NEVER);
    EXPECT_EQ(ask(0, ABI_DISK_READ, 0, FakeMachine::kMemoryStart), DEV_DONE);
    EXPECT_EQ(ask(0, ABI_DISK_READ, 0, end - 4096), DEV_DONE);
}

TEST_F(Disk, RefusesMoreRequestsThanItsQueueHolds)
{
    for (uint32_t i = 0; i < ABI_DISK_REQUESTS_MAX; i++) {
        ASSERT_EQ(ask(0, ABI_DISK_READ, i % 8, kBlock, i), DEV_DONE);
    }
    EXPECT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_REFUSED);
    machine.advance_to(1'000'000);
    EXPECT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_REFUSED) << "done, but not collected";
    EXPECT_EQ(collect().tag, 0u);
    EXPECT_EQ(ask(0, ABI_DISK_READ, 0, kBlock, 1000), DEV_DONE);
    for (uint32_t i = 1; i < ABI_DISK_REQUESTS_MAX; i++) {
        EXPECT_EQ(collect().tag, i);
    }
    EXPECT_EQ(collect().status, ABI_DISK_NONE);
    machine.advance_to(2'000'000);
    EXPECT_EQ(collect().tag, 1000u);
}

TEST_F(Disk, WhatWasAskedOfOneThatIsGoneComesToNothingAtItsTime)
{
    auto *disk = static_cast<dev_disk *>(machine.state(DEV_DISK));
    fill_block(0, 0xa0);
    fill_memory(kBlock + 0x1000, 0x11);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock, 1), DEV_DONE);
    machine.advance_to(kFirst_ns);
    ASSERT_EQ(ask(0, ABI_DISK_WRITE, 1, kBlock + 0x1000, 2), DEV_DONE);
    ASSERT_EQ(ask(1, ABI_DISK_READ, 0, kBlock + 0x2000, 3), DEV_DONE);
    dev_disk_gone(disk, 0);
    ASSERT_EQ(ask(0, ABI_DISK_WRITE, 2, kBlock + 0x1000, 4), DEV_DONE); /* of another disk 0 */
    std::vector<uint8_t> saved = machine.save(DEV_DISK);
    FakeMachine other;
    other.now_ns = kFirst_ns;
    ASSERT_TRUE(other.load(DEV_DISK, saved));
    EXPECT_EQ(other.save(DEV_DISK), saved);

    EXPECT_EQ(collect().status, ABI_DISK_DONE) << "what was done is done";
    machine.advance_to(2 * kFirst_ns - 1);
    EXPECT_EQ(collect().status, ABI_DISK_NONE);
    machine.advance_to(3 * kFirst_ns);
    for (const auto &[tag, status] : {std::pair(2u, ABI_DISK_NO_BLOCK),
                                      std::pair(3u, ABI_DISK_DONE), std::pair(4u, ABI_DISK_DONE)}) {
        const abi_disk_completion done = collect();
        EXPECT_EQ(done.tag, tag);
        EXPECT_EQ(done.status, status) << tag;
    }
    EXPECT_TRUE(block_is(1, 0));
    EXPECT_TRUE(block_is(2, 0x11));
}

TEST_F(Disk, OfAQueuedOneThatIsGoneNothingBeginsAndWhatBeganComesToNothing)
{
    auto *disk = static_cast<dev_disk *>(machine.state(DEV_DISK));
    machine.disks[0].queued = true;
    fill_block(0, 0xa0);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock, 1), DEV_DONE);
    machine.advance_to(1);
    ASSERT_EQ(machine.disk_begun.size(), 1u);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock, 2), DEV_DONE);
    dev_disk_gone(disk, 0);
    machine.advance_to(2);
    EXPECT_EQ(machine.disk_begun.size(), 1u);
    EXPECT_EQ(collect().tag, 2u);
    EXPECT_EQ(collect().status, ABI_DISK_NONE) << "the other is under way";
    machine.now_ns = 500;
    EXPECT_TRUE(dev_disk_done(disk, &machine.envs[DEV_DISK], machine.disk_begun[0].ticket));
    const abi_disk_completion done = collect();
    EXPECT_EQ(done.tag, 1u);
    EXPECT_EQ(done.status, ABI_DISK_NO_BLOCK);
    EXPECT_TRUE(memory_is(kBlock, 0));
}

TEST_F(Disk, HoldsNoMemoryWhileNothingIsAsked)
{
    auto *disk = static_cast<dev_disk *>(machine.state(DEV_DISK));
    EXPECT_EQ(disk->requests, nullptr);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock), DEV_DONE);
    EXPECT_NE(disk->requests, nullptr);
    machine.advance_to(kFirst_ns);
    collect();
    EXPECT_EQ(disk->requests, nullptr);
}

TEST_F(Disk, ForgetsItsRequestsWhenItIsReset)
{
    fill_memory(kBlock, 0x66);
    ASSERT_EQ(ask(0, ABI_DISK_WRITE, 0, kBlock), DEV_DONE);
    machine.reset(DEV_DISK);
    machine.advance_to(10'000);
    EXPECT_TRUE(block_is(0, 0));
    EXPECT_EQ(machine.irq_pending, 0u);
    EXPECT_EQ(collect().status, ABI_DISK_NONE);
}

TEST_F(Disk, GoesOnWithItsRequestsWhereTheyWereSaved)
{
    fill_block(1, 0x77);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 0, kBlock, 10), DEV_DONE);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 1, kBlock, 11), DEV_DONE);
    machine.advance_to(kFirst_ns);
    std::vector<uint8_t> saved = machine.save(DEV_DISK);

    FakeMachine other;
    std::copy(machine.disks[0].bytes.begin(), machine.disks[0].bytes.end(),
              other.disks[0].bytes.begin());
    other.now_ns = kFirst_ns;
    ASSERT_TRUE(other.load(DEV_DISK, saved));
    EXPECT_EQ(other.deadlines_ns[DEV_DISK], kFirst_ns + 100);
    other.advance_to(kFirst_ns + 100);
    EXPECT_EQ(other.memory[kBlock], 0x77);
    for (uint32_t tag : {10u, 11u}) {
        ASSERT_EQ(other.out(ABI_PORT_DISK_COMPLETE, 4, kDescriptor), DEV_DONE);
        EXPECT_EQ(other.get<abi_disk_completion>(kDescriptor).tag, tag);
    }
}

TEST_F(Disk, RefusesAStateThatItCouldNotHaveSaved)
{
    auto state = [](std::vector<std::pair<uint64_t, int>> fields) {
        writer writer;
        writer_init(&writer);
        for (auto [value, size_bytes] : fields) {
            size_bytes == 8 ? write_u64(&writer, value)
                            : write_u32(&writer, static_cast<uint32_t>(value));
        }
        std::vector<uint8_t> bytes(writer.bytes, writer.bytes + writer.size_bytes);
        writer_fini(&writer);
        return bytes;
    };
    EXPECT_TRUE(machine.load(DEV_DISK, state({{0, 4}, {0, 4}, {0, 4}, {0, 8}})));
    EXPECT_TRUE(machine.load(DEV_DISK,
                             state({{1, 4}, {1, 4}, {0, 4}, {0, 8}, {7, 4}, {ABI_DISK_FULL, 4}})));
    EXPECT_FALSE(machine.load(DEV_DISK,
                              state({{1, 4}, {1, 4}, {0, 4}, {0, 8}, {7, 4}, {ABI_DISK_NONE, 4}})));
    EXPECT_FALSE(machine.load(DEV_DISK, state({{1, 4}, {1, 4}, {0, 4}, {0, 8}, {7, 4}, {6, 4}})));
    EXPECT_FALSE(machine.load(DEV_DISK, state({{0, 4}, {1, 4}, {0, 4}, {0, 8}, {7, 4}, {0, 4}})))
        << "more are done than there are";
    EXPECT_FALSE(machine.load(DEV_DISK, state({{0, 4}, {0, 4}, {0, 4}, {TIME_NEVER, 8}})))
        << "no request would ever begin, and each would need a ticket";
    EXPECT_FALSE(machine.load(DEV_DISK, state({{65, 4}, {0, 4}, {0, 4}, {0, 8}})));
    auto waiting = [&](uint64_t first_ns, uint64_t second_ns) {
        return state({{2, 4},
                      {0, 4},
                      {9, 4},
                      {0, 8},
                      {1, 4},
                      {0, 4},
                      {0, 4},
                      {0, 8},
                      {kBlock, 4},
                      {first_ns, 8},
                      {2, 4},
                      {0, 4},
                      {0, 4},
                      {1, 8},
                      {kBlock, 4},
                      {second_ns, 8}});
    };
    EXPECT_TRUE(machine.load(DEV_DISK, waiting(10, 10)));
    EXPECT_FALSE(machine.load(DEV_DISK, waiting(11, 10))) << "out of order";
    EXPECT_FALSE(machine.load(DEV_DISK, waiting(10, TIME_NEVER))) << "it has no ticket";
    EXPECT_EQ(static_cast<dev_disk *>(machine.state(DEV_DISK))->count, 0u);
}

TEST_F(Disk, OfAQueuedDiskTheMachineSaysWhenAndInWhatOrder)
{
    machine.disks[0].queued = true;
    fill_block(2, 0x22);
    fill_block(5, 0x55);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 2, kBlock, 1), DEV_DONE);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 5, kBlock + 0x1000, 2), DEV_DONE);
    ASSERT_EQ(ask(0, ABI_DISK_READ, 99, kBlock, 3), DEV_DONE) << "no such block";
    EXPECT_TRUE(machine.disk_begun.empty()) << "in an event, not before";
    machine.advance_to(machine.now_ns);
    ASSERT_EQ(machine.disk_begun.size(), 2u);
    EXPECT_EQ(collect().status, ABI_DISK_NO_BLOCK);
    machine.advance_to(1000000);
    EXPECT_EQ(collect().status, ABI_DISK_NONE);
    machine.irq_pending = 0;

    const std::vector<uint8_t> state = machine.save(DEV_DISK);
    ASSERT_TRUE(machine.load(DEV_DISK, state));
    EXPECT_EQ(machine.save(DEV_DISK), state);
    auto *disk = static_cast<dev_disk *>(machine.state(DEV_DISK));
    const dev_env *env = machine.env(DEV_DISK);
    EXPECT_FALSE(dev_disk_done(disk, env, machine.disk_begun[1].ticket + 1));
    EXPECT_TRUE(dev_disk_done(disk, env, machine.disk_begun[1].ticket));
    EXPECT_EQ(machine.irq_pending, ABI_IRQ_DISK);
    EXPECT_TRUE(memory_is(kBlock + 0x1000, 0x55));
    EXPECT_TRUE(memory_is(kBlock, 0));
    EXPECT_EQ(collect().tag, 2u);
    EXPECT_EQ(collect().status, ABI_DISK_NONE);
    EXPECT_TRUE(dev_disk_done(disk, env, machine.disk_begun[0].ticket));
    EXPECT_FALSE(dev_disk_done(disk, env, machine.disk_begun[0].ticket));
    EXPECT_TRUE(memory_is(kBlock, 0x22));
    EXPECT_EQ(collect().tag, 1u);
}

} // namespace
