/*
 * Determinism is the product: the same world on each engine, on one and two threads, however its
 * run is cut, and across save and load, gives the same digest; and the digest sees every change.
 */
#include <algorithm>
#include <cfenv>

#include "world_fixture.h"

extern "C" {
#include <base/codec.h>
#include <base/random.h>
}

static const uint64_t kEnd_ns = 20000000;

/* Two LANs in one world and a few machines of their own, so that there are several processes. */
static std::string Chatter(uint64_t seed, const std::string &latency = "20us")
{
    std::string group = ", image: " + GuestPath("chatter") + ", memory: 1MiB, cpu_hz: 20MHz, ";
    return "general: {name: chatter, seed: " + std::to_string(seed) +
           ", duration: 1s}\n"
           "networks:\n"
           "- {name: left, type: lan, latency: " +
           latency + ", rate: 100Mbit}\n- {name: right, type: lan, latency: " + latency +
           ", rate: 10Mbit}\n"
           "groups:\n"
           "- {name: a" +
           group +
           "count: 3, network: left, spread: 1ms}\n"
           "- {name: b" +
           group +
           "count: 3, network: right, spread: 1ms}\n"
           "- {name: c, image: " +
           GuestPath("spin") +
           ", memory: 128KiB, cpu_hz: 1MHz, count: 2, "
           "network: none}\n";
}

static uint64_t DigestOf(const std::string &yaml, const char *engine, uint32_t jobs)
{
    TestWorld world(yaml, engine, jobs);
    world.Run(kEnd_ns);
    return world.Digest();
}

TEST(Determinism, TwoRunsGiveTheSameDigestAndNotes)
{
    TestWorld a(Chatter(1));
    TestWorld b(Chatter(1));
    a.Run(kEnd_ns);
    b.Run(kEnd_ns);
    EXPECT_EQ(a.Digest(), b.Digest());
    EXPECT_EQ(a.notes, b.notes);
    EXPECT_GT(a.Report(0).frames_received, 50u) << "the guests must talk for this to mean anything";
    EXPECT_GT(a.notes.size(), 10u);
}

TEST(Determinism, AnotherSeedGivesAnotherDigest)
{
    EXPECT_NE(DigestOf(Chatter(1), nullptr, 1), DigestOf(Chatter(2), nullptr, 1));
}

TEST(Determinism, ThreadsDoNotShow)
{
    uint64_t one = DigestOf(Chatter(3), nullptr, 1);
    for (uint32_t jobs : {2u, 3u, 8u}) {
        EXPECT_EQ(DigestOf(Chatter(3), nullptr, jobs), one) << jobs << " jobs";
    }
}

TEST(Determinism, EnginesDoNotShow)
{
    uint64_t reference = DigestOf(Chatter(4), nullptr, 1);
    for (const std::string &engine : EngineNames()) {
        EXPECT_EQ(DigestOf(Chatter(4), engine.c_str(), 2), reference) << engine;
    }
}

/* A program that links libdenali may have set its floating point; threads inherit it. */
TEST(Determinism, HowTheHostsProgramRoundsDoesNotShow)
{
    std::string yaml = "general: {name: floats, duration: 1s}\n"
                       "groups: [{name: a, image: " +
                       GuestPath("floats") +
                       ", memory: 128KiB, cpu_hz: 20MHz, count: 4, network: none}]\n";
    uint64_t reference = DigestOf(yaml, nullptr, 1);
    fenv_t usual;
    ASSERT_EQ(fegetenv(&usual), 0);
    for (const std::string &engine : EngineNames()) {
        for (uint32_t jobs : {1u, 4u}) {
            feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_INEXACT);
            fesetround(FE_UPWARD);
            int traps = fegetexcept(); /* not every host has them */
            uint64_t digest = DigestOf(yaml, engine.c_str(), jobs);
            EXPECT_EQ(fegetround(), FE_UPWARD) << engine;
            EXPECT_EQ(fegetexcept(), traps) << engine;
            fesetenv(&usual);
            EXPECT_EQ(digest, reference) << engine << ", " << jobs << " jobs";
        }
    }
}

TEST(Determinism, HowTheRunIsCutDoesNotShow)
{
    uint64_t whole = DigestOf(Chatter(5), nullptr, 1);
    struct random_stream random;
    random_init_seed(&random, 99);
    for (int round = 0; round < 5; round++) {
        TestWorld world(Chatter(5));
        uint64_t now_ns = 0;
        while (now_ns < kEnd_ns) {
            now_ns += 1 + random_below(&random, 3000000);
            world.Run(now_ns < kEnd_ns ? now_ns : kEnd_ns);
        }
        EXPECT_EQ(world.Digest(), whole) << "round " << round;
    }
}

TEST(Determinism, SaveAndLoadAtARandomInstructionDoNotShow)
{
    uint64_t whole = DigestOf(Chatter(6), nullptr, 1);
    struct random_stream random;
    random_init_seed(&random, 7);
    for (int round = 0; round < 10; round++) {
        uint64_t cut_ns = random_below(&random, kEnd_ns);
        TestWorld before(Chatter(6));
        before.Run(cut_ns);
        std::vector<uint8_t> state = before.Save();
        uint64_t hash = emu_world_state_hash(before.get());
        /* Into another engine where there is one, and other jobs. */
        std::vector<std::string> engines = EngineNames();
        TestWorld after(Chatter(6), engines[round % engines.size()].c_str(), 1 + round % 2);
        ASSERT_EQ(after.Load(state), STATUS_OK) << "cut at " << cut_ns;
        EXPECT_EQ(emu_world_state_hash(after.get()), hash);
        EXPECT_EQ(after.Save(), state) << "save, load, save gives the same bytes";
        after.Run(kEnd_ns);
        EXPECT_EQ(after.Digest(), whole) << "cut at " << cut_ns;
    }
}

/* Streams over a wide area: at any time frames are on their way from one process to another. */
static std::string Streams()
{
    std::string yaml = "general: {name: streams, duration: 1s}\n"
                       "networks: [{name: net, type: wan, delay: 10ms, up: 8Mbit, down: 4Mbit}]\n"
                       "groups:\n";
    for (const char *stream : {"p11", "p22", "p02"}) {
        yaml += "- {name: from-" + std::string(stream) + ", image: " + GuestPath("stream") +
                ", memory: 256KiB, network: net, arguments: [\"" + stream + "\"]}\n";
    }
    return yaml;
}

TEST(Determinism, WhatAWorldDidBeforeALoadDoesNotShow)
{
    const uint64_t cut_ns = 133333333;
    const uint64_t end_ns = 300000000;
    TestWorld before(Streams());
    before.Run(cut_ns);
    std::vector<uint8_t> state = before.Save();
    uint64_t received = before.Report(1).frames_received;
    EXPECT_GT(received, 10u);
    before.Run(end_ns);
    for (uint64_t used_ns : {0u, 40000000u, 200000000u}) {
        TestWorld after(Streams(), nullptr, 2);
        after.Run(used_ns);
        ASSERT_EQ(after.Load(state), STATUS_OK);
        EXPECT_EQ(after.Save(), state) << "used for " << used_ns << " ns";
        EXPECT_EQ(after.Report(1).frames_received, received);
        after.Run(end_ns);
        EXPECT_EQ(after.Digest(), before.Digest()) << "used for " << used_ns << " ns";
    }
}

/* Taken at random moments of a busy run, kept or not: nothing of it shows, the account included. */
TEST(Snapshots, DoNotShow)
{
    TestWorld plain(Chatter(12));
    plain.Run(kEnd_ns);
    struct random_stream random;
    random_init_seed(&random, 21);
    for (const std::string &engine : EngineNames()) {
        TestWorld world(Chatter(12), engine.c_str(), 2);
        std::vector<struct emu_snapshot *> kept;
        for (uint64_t now_ns = 0; now_ns < kEnd_ns;) {
            now_ns += 1 + random_below(&random, 700000);
            world.Run(now_ns < kEnd_ns ? now_ns : kEnd_ns);
            kept.push_back(emu_world_snapshot(world.get()));
            if (random_below(&random, 2)) {
                emu_snapshot_destroy(kept.front());
                kept.erase(kept.begin());
            }
        }
        EXPECT_EQ(world.Digest(), plain.Digest()) << engine;
        EXPECT_EQ(world.Save(), plain.Save()) << engine << ": down to the account of pages";
        EXPECT_GT(kept.size(), 5u);
        for (struct emu_snapshot *snapshot : kept) {
            emu_snapshot_destroy(snapshot);
        }
    }
}

TEST(Snapshots, BringTheWorldBackAnyNumberOfTimes)
{
    for (const std::string &engine : EngineNames()) {
        TestWorld world(Streams(), engine.c_str(), 2);
        world.Run(70000000);
        std::vector<uint8_t> early = world.Save();
        struct emu_snapshot *first = emu_world_snapshot(world.get());
        world.Run(133333333);
        std::vector<uint8_t> late = world.Save();
        struct emu_snapshot *second = emu_world_snapshot(world.get());
        struct emu_node_cost cost;
        emu_world_node_cost(world.get(), 0, &cost);
        EXPECT_GT(cost.snapshot_bytes, sizeof(uint32_t) * world.Report(0).pages_private);
        world.Run(200000000);
        uint64_t digest = world.Digest();
        EXPECT_EQ(emu_snapshot_time_ns(second), 133333333u);
        for (int round = 0; round < 3; round++) {
            ASSERT_EQ(emu_world_restore(world.get(), second, nullptr), STATUS_OK);
            EXPECT_EQ(world.Save(), late);
            ASSERT_EQ(emu_world_restore(world.get(), first, nullptr), STATUS_OK);
            EXPECT_EQ(world.Save(), early);
            world.Run(133333333);
            EXPECT_EQ(world.Save(), late) << engine;
            world.Run(200000000);
            EXPECT_EQ(world.Digest(), digest) << engine;
        }
        emu_snapshot_destroy(first);
        emu_snapshot_destroy(second);
    }
}

TEST(Snapshots, AreOfOneWorldOnly)
{
    TestWorld a(Chatter(13));
    TestWorld b(Chatter(13));
    struct emu_snapshot *snapshot = emu_world_snapshot(a.get());
    EXPECT_EQ(emu_world_restore(b.get(), snapshot, nullptr), STATUS_INVALID);
    emu_snapshot_destroy(snapshot);
}

/* A page that a snapshot holds too is still the node's own: writing it again asks for no more. */
TEST(Snapshots, LeaveTheMemoryLimitAsItIs)
{
    std::string yaml = "general: {name: limit, duration: 1s}\n"
                       "networks: [{name: net, type: lan, latency: 20us}]\n"
                       "groups: [{name: a, image: " +
                       GuestPath("chatter") +
                       ", memory: 1MiB, cpu_hz: 20MHz, count: 3, network: net, limits: {memory: "
                       "40KiB}}]\n";
    for (const std::string &engine : EngineNames()) {
        TestWorld plain(yaml, engine.c_str());
        TestWorld world(yaml, engine.c_str());
        for (uint64_t now_ns = 100000; now_ns <= kEnd_ns; now_ns += 100000) {
            world.Run(now_ns);
            emu_snapshot_destroy(emu_world_snapshot(world.get()));
        }
        plain.Run(kEnd_ns);
        EXPECT_EQ(world.Report().pages_private_max, plain.Report().pages_private_max) << engine;
        EXPECT_EQ(plain.Report().pages_private_max, 10u) << "it came to its limit";
        EXPECT_EQ(world.Digest(), plain.Digest()) << engine;
    }
}

TEST(Determinism, TheDigestSeesOneChangedByte)
{
    TestWorld a(Chatter(8));
    a.Run(kEnd_ns);
    uint64_t digest = a.Digest();
    ASSERT_TRUE(emu_world_node_poke(a.get(), 2, 0x9000, 1));
    EXPECT_NE(a.Digest(), digest) << "a byte of a page";
    ASSERT_TRUE(emu_world_node_poke(a.get(), 2, 0x9000, 0));
    EXPECT_EQ(a.Digest(), digest) << "content counts, not that it was written";
}

TEST(Determinism, TheDigestSeesOneChangedRegister)
{
    TestWorld a(Chatter(8));
    a.Run(kEnd_ns);
    uint64_t digest = a.Digest();
    uint32_t value = emu_world_node_cpu(a.get(), 1)->gpr[VCPU_ESI];
    emu_world_node_register_set(a.get(), 1, VCPU_ESI, value ^ 1);
    EXPECT_NE(a.Digest(), digest);
}

TEST(Determinism, TheDigestSeesOneAlteredFrame)
{
    uint64_t digest = DigestOf(Chatter(9), nullptr, 1);
    TestWorld a(Chatter(9));
    a.Run(kEnd_ns / 2);
    uint64_t sent = a.Report(0).frames_sent;
    /* What the guest puts into its next frames, and back again: memory is as it would have been. */
    const uint32_t mark = 0x9000; /* MARK in guests/guest.h */
    ASSERT_TRUE(emu_world_node_poke(a.get(), 0, mark, 1));
    for (uint64_t now_ns = kEnd_ns / 2; a.Report(0).frames_sent == sent; now_ns += 50000) {
        ASSERT_LT(now_ns, kEnd_ns);
        a.Run(now_ns);
    }
    ASSERT_TRUE(emu_world_node_poke(a.get(), 0, mark, 0));
    a.Run(kEnd_ns);
    EXPECT_NE(a.Digest(), digest);
}

TEST(Determinism, ANodeWithoutALinkToItDoesNotNoticeAnother)
{
    TestWorld a(Chatter(10));
    TestWorld b(Chatter(10));
    a.Run(kEnd_ns / 2);
    b.Run(kEnd_ns / 2);
    ASSERT_TRUE(emu_world_node_poke(b.get(), 0, 0x9000, 9)); /* spoils what 0 on `left` sends */
    a.Run(kEnd_ns);
    b.Run(kEnd_ns);
    EXPECT_NE(a.Report(1).digest, b.Report(1).digest) << "its neighbour does notice";
    for (uint32_t node = 3; node < 8; node++) {
        EXPECT_EQ(a.Report(node).digest, b.Report(node).digest) << "node " << node;
    }
}

/* A clock that wraps around would have its process run a node that gets nowhere, for ever. */
TEST(SavedState, IsRefusedWhereANodesClockIsBeyondAllTime)
{
    TestWorld a(OneMachine("spin"));
    a.Run(1000000);
    std::vector<uint8_t> state = a.Save();
    struct writer clocks; /* retired and cycles lie side by side */
    writer_init(&clocks);
    write_u64(&clocks, a.Report().instructions);
    write_u64(&clocks, a.Report().cycles);
    auto at = std::search(state.begin(), state.end(), clocks.bytes, clocks.bytes + 16);
    writer_fini(&clocks);
    ASSERT_NE(at, state.end());
    for (uint8_t last : {0x00, 0x01, 0x7f, 0xff}) {
        std::vector<uint8_t> wild = state;
        size_t cycles = (size_t)(at - state.begin()) + 8;
        std::fill_n(wild.begin() + (long)cycles, 7, last ? 0xff : 0x01);
        wild[cycles + 7] = last;
        TestWorld b(OneMachine("spin"));
        EXPECT_EQ(b.Load(wild), STATUS_CORRUPT) << (int)last;
    }
    TestWorld b(OneMachine("spin"));
    EXPECT_EQ(b.Load(state), STATUS_OK);
}

TEST(SavedState, IsRefusedWhenDamagedOrForeign)
{
    TestWorld a(Chatter(11));
    a.Run(kEnd_ns / 4);
    std::vector<uint8_t> state = a.Save();
    {
        TestWorld b(Chatter(11));
        std::vector<uint8_t> cut(state.begin(), state.begin() + (long)state.size() / 2);
        EXPECT_EQ(b.Load(cut), STATUS_CORRUPT);
    }
    {
        TestWorld b(OneMachine("hello"));
        EXPECT_EQ(b.Load(state), STATUS_CORRUPT);
    }
    struct random_stream random;
    random_init_seed(&random, 5);
    for (int round = 0; round < 50; round++) {
        std::vector<uint8_t> wild = state;
        for (int i = 0; i < 4; i++) {
            wild[random_below(&random, wild.size())] = (uint8_t)random_next(&random);
        }
        TestWorld b(Chatter(11));
        if (b.Load(wild) == STATUS_OK) {
            b.Run(kEnd_ns / 2); /* another state than the one saved, but a legal one */
        }
    }
}
