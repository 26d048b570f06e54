/*
 * Disks of worlds: shared at first, each node's own once written, the same on every engine and
 * however the run is made.
 */
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "denali_process.h"
#include "world_fixture.h"

extern "C" {
#include "block_map.h"
#include <base/codec.h>
#include <base/random.h>
#include <vcpu/memory.h>
}

static const uint64_t kEnd_ns = 20000000;
static const uint64_t kBlock = 4096;

namespace
{

class Disks : public testing::Test
{
  protected:
    support::TemporaryFolder folder;

    void SetUp() override
    {
        std::string image(5 * kBlock + 100, '\0'); // block 1 is zeros, the last is not whole
        for (size_t i = 0; i < image.size(); i++) {
            image[i] = i / kBlock == 1 ? '\0' : static_cast<char>(i * 31 + i / kBlock);
        }
        folder.write("base.img", image);
    }

    std::string Yaml(const std::string &disk = "", const std::string &rest = "",
                     uint32_t count = 2) const
    {
        return "general: {name: disks, duration: 1s}\n"
               "groups:\n- {name: n, image: " +
               GuestPath("disks") +
               ", network: none, memory: 256KiB, cpu_hz: 20MHz, count: " + std::to_string(count) +
               rest + ", disks: [{name: data, image: " + folder.path("base.img") + disk + "}]}\n";
    }

    static std::map<uint64_t, std::string> Content(TestWorld &world, uint32_t node,
                                                   uint32_t disk = 0)
    {
        std::map<uint64_t, std::string> blocks;
        const void *bytes = nullptr;
        uint64_t block = emu_world_node_disk_next(world.get(), node, disk, 0, &bytes);
        while (block != EMU_BLOCK_NONE) {
            blocks[block] = std::string(static_cast<const char *>(bytes), kBlock);
            block = emu_world_node_disk_next(world.get(), node, disk, block + 1, &bytes);
        }
        return blocks;
    }
};

} // namespace

TEST_F(Disks, HoldTheImagePaddedWithZeros)
{
    TestWorld world(Yaml(", size: 64KiB"));
    auto content = Content(world, 0);
    EXPECT_EQ(content.size(), 5u) << "a block of zeros is none";
    std::string image = folder.read("base.img");
    image.resize(6 * kBlock, '\0');
    for (const auto &[block, bytes] : content) {
        EXPECT_EQ(bytes, image.substr(block * kBlock, kBlock)) << block;
    }
}

TEST_F(Disks, BelongToTheNodeThatWroteThem)
{
    std::string base = folder.read("base.img");
    TestWorld world(Yaml(", size: 64KiB"));
    auto before = Content(world, 0);
    world.Run(kEnd_ns);
    struct emu_node_report a = world.Report(0);
    struct emu_node_report b = world.Report(1);
    EXPECT_STREQ(a.state, "idle") << vcpu_fault_text(a.fault.kind);
    EXPECT_GT(a.disk_reads, 300u);
    EXPECT_GE(a.disk_reads, 3 * a.disk_writes - 3);
    EXPECT_LE(a.disk_reads, 3 * a.disk_writes + 3);
    EXPECT_EQ(a.disk_blocks_private, 16u) << "every block has been written by now";
    EXPECT_NE(Content(world, 0), before);
    EXPECT_NE(Content(world, 0), Content(world, 1));
    EXPECT_NE(a.digest, b.digest);
    EXPECT_EQ(folder.read("base.img"), base);
}

TEST_F(Disks, CostAnIdleNodeNothing)
{
    TestWorld with(Yaml());
    struct emu_node_cost cost;
    emu_world_node_cost(with.get(), 0, &cost);
    TestWorld without("general: {name: disks, duration: 1s}\ngroups: [{name: n, image: " +
                      GuestPath("disks") + ", network: none, memory: 256KiB, count: 2}]\n");
    struct emu_node_cost bare;
    emu_world_node_cost(without.get(), 0, &bare);
    EXPECT_EQ(cost.devices_bytes, bare.devices_bytes);
    EXPECT_EQ(cost.frames_bytes, bare.frames_bytes);
    EXPECT_EQ(cost.other_bytes, bare.other_bytes);
}

TEST_F(Disks, TakeNoMoreThanTheLimit)
{
    TestWorld world(Yaml(", size: 64KiB", ", limits: {disk: 12KiB}"));
    world.Run(kEnd_ns);
    struct emu_node_report report = world.Report(0);
    EXPECT_STREQ(report.state, "idle");
    EXPECT_EQ(report.disk_blocks_private, 3u);
    EXPECT_GT(report.disk_reads, 4 * report.disk_writes) << "most writes were refused";
    EXPECT_GT(report.disk_writes, 3u) << "what is its own may be written again";
}

TEST_F(Disks, CannotBeWrittenWhereTheyAreReadOnly)
{
    TestWorld world(Yaml(", read_only: true"));
    auto before = Content(world, 1);
    world.Run(kEnd_ns);
    EXPECT_GT(world.Report(1).disk_reads, 300u);
    EXPECT_EQ(world.Report(1).disk_writes, 0u);
    EXPECT_EQ(Content(world, 1), before);
}

TEST_F(Disks, AreNotThereWithoutAScenarioThatGivesThem)
{
    TestWorld world("general: {name: disks, duration: 1s}\ngroups: [{name: n, image: " +
                    GuestPath("disks") + ", network: none, memory: 256KiB}]\n");
    world.Run(kEnd_ns);
    EXPECT_EQ(world.Report().fault.kind, VCPU_FAULT_PORT);
    EXPECT_EQ(world.Report().fault.address, 0x80u);
}

TEST_F(Disks, WorkTheSameOnEveryEngineAndOnAnyNumberOfThreads)
{
    std::string yaml = Yaml(", size: 256KiB", "", 6);
    TestWorld reference(yaml);
    reference.Run(kEnd_ns);
    for (const std::string &engine : EngineNames()) {
        for (uint32_t jobs : {1u, 2u}) {
            TestWorld world(yaml, engine.c_str(), jobs);
            world.Run(kEnd_ns);
            EXPECT_EQ(world.Digest(), reference.Digest()) << engine << " " << jobs;
            EXPECT_EQ(world.notes, reference.notes) << engine << " " << jobs;
        }
    }
}

TEST_F(Disks, GoOnFromASavedStateInTheMiddleOfARequest)
{
    std::string yaml = Yaml(", size: 256KiB");
    TestWorld whole(yaml);
    whole.Run(kEnd_ns);
    uint64_t digest = whole.Digest();
    struct random_stream random;
    random_init_seed(&random, 17);
    std::vector<std::string> engines = EngineNames();
    for (int round = 0; round < 8; round++) {
        uint64_t cut_ns = random_below(&random, kEnd_ns);
        TestWorld before(yaml, engines[(round + 1) % engines.size()].c_str());
        before.Run(cut_ns);
        std::vector<uint8_t> state = before.Save();
        TestWorld after(yaml, engines[round % engines.size()].c_str(), 1 + round % 2);
        after.Run(cut_ns / 3); // what it has written itself must go
        ASSERT_EQ(after.Load(state), STATUS_OK) << "cut at " << cut_ns;
        EXPECT_EQ(emu_world_state_hash(after.get()), emu_world_state_hash(before.get()));
        EXPECT_EQ(after.Save(), state);
        EXPECT_EQ(Content(after, 1), Content(before, 1));
        after.Run(kEnd_ns);
        EXPECT_EQ(after.Digest(), digest) << "cut at " << cut_ns;
    }
}

/* In a saved state a block is its number and its bytes: here one that says that the node has
 * written what the disk held anyway. */
TEST_F(Disks, CountInTheHashByTheirContentAlone)
{
    TestWorld world(Yaml());
    uint64_t hash = emu_world_state_hash(world.get());
    std::vector<uint8_t> state = world.Save();
    std::string image = folder.read("base.img");
    auto with_block = [&](uint64_t number, const std::string &bytes) {
        struct writer block;
        writer_init(&block);
        write_u64(&block, number);
        write_bytes(&block, bytes.data(), bytes.size());
        /* The last node's blocks are followed by all ones and the count of frame events. */
        std::vector<uint8_t> changed = state;
        changed.insert(changed.end() - 16, block.bytes, block.bytes + block.size_bytes);
        writer_fini(&block);
        return changed;
    };
    TestWorld same(Yaml());
    ASSERT_EQ(same.Load(with_block(2, image.substr(2 * kBlock, kBlock))), STATUS_OK);
    EXPECT_EQ(same.Report(1).disk_blocks_private, 1u);
    EXPECT_EQ(emu_world_state_hash(same.get()), hash);
    TestWorld other(Yaml());
    ASSERT_EQ(other.Load(with_block(2, image.substr(2 * kBlock + 1, kBlock))), STATUS_OK);
    EXPECT_NE(emu_world_state_hash(other.get()), hash);
    TestWorld beyond(Yaml());
    EXPECT_EQ(beyond.Load(with_block(6, std::string(kBlock, 'x'))), STATUS_CORRUPT);
    TestWorld read_only(Yaml(", read_only: true"));
    EXPECT_EQ(read_only.Load(with_block(0, std::string(kBlock, 'x'))), STATUS_CORRUPT);
    TestWorld limited(Yaml("", ", limits: {disk: 4KiB}"));
    EXPECT_EQ(limited.Load(with_block(2, std::string(kBlock, 'x'))), STATUS_OK);
}

TEST_F(Disks, OfAnotherImageAreAnotherWorlds)
{
    TestWorld world(Yaml());
    std::vector<uint8_t> state = world.Save();
    folder.write("base.img", folder.read("base.img") + "x");
    TestWorld other(Yaml());
    EXPECT_EQ(other.Load(state), STATUS_CORRUPT);
    TestWorld larger(Yaml(", size: 64KiB"));
    EXPECT_EQ(larger.Load(state), STATUS_CORRUPT);
}

TEST_F(Disks, SurviveAnySavedState)
{
    std::string yaml = Yaml(", size: 64KiB", ", limits: {disk: 32KiB}");
    TestWorld world(yaml);
    world.Run(kEnd_ns / 4);
    std::vector<uint8_t> state = world.Save();
    struct random_stream random;
    random_init_seed(&random, 5);
    for (int round = 0; round < 60; round++) {
        std::vector<uint8_t> wild = state;
        for (int i = 0; i < 4; i++) {
            wild[random_below(&random, wild.size())] = (uint8_t)random_next(&random);
        }
        TestWorld other(yaml);
        if (other.Load(wild) == STATUS_OK) {
            other.Run(kEnd_ns / 2);
        }
    }
}

TEST_F(Disks, AreKeptWithTheRunAndRunAgainFromItsDirectory)
{
    folder.write("s.yaml", Yaml(", size: 64KiB, keep: true"));
    Outcome first = Denali(folder, {"run", "s.yaml", "--until", "20ms", "--out", "one"});
    ASSERT_EQ(first.code, 0) << first.err;
    TestWorld world(Yaml(", size: 64KiB"));
    world.Run(kEnd_ns);
    for (uint32_t node = 0; node < 2; node++) {
        std::string expected(16 * kBlock, '\0');
        for (const auto &[block, bytes] : Content(world, node)) {
            expected.replace(block * kBlock, kBlock, bytes);
        }
        std::string name = "/nodes/n-" + std::to_string(node) + "/data.img";
        EXPECT_EQ(folder.read("one" + name), expected);
    }
    std::filesystem::remove(folder.path("base.img"));
    Outcome again = Denali(folder, {"run", "one/scenario.yaml", "--out", "two"});
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(folder.read("two/nodes.csv"), folder.read("one/nodes.csv"));
    EXPECT_EQ(folder.read("two/nodes/n-1/data.img"), folder.read("one/nodes/n-1/data.img"));
}

TEST_F(Disks, VolumesAreFilledAndKeptLikewiseWithWhatTheirMachinesLeftOnThem)
{
    folder.write("s.yaml",
                 "general: {name: volumes, duration: 5ms}\n"
                 "hosts: [{name: box, count: 2, cpu_hz: 1GHz, disks: [{type: flash, size: 1MiB}], "
                 "volumes: [{name: v, count: 2, image: base.img, size: 64KiB, keep: true}, "
                 "{name: w, size: 4KiB}]}]\n"
                 "groups: [{name: n, image: " +
                     GuestPath("tenant") +
                     ", network: none, host: box, memory: 256KiB}]\n"
                     "schedule: [{at: 1ms, action: attach, group: n, value: 1}]\n");
    Outcome first =
        Denali(folder, {"run", "s.yaml", "--record", "--checkpoint-every", "1ms", "--out", "one"});
    ASSERT_EQ(first.code, 0) << first.err;
    std::string expected = folder.read("base.img");
    expected.resize(16 * kBlock, '\0');
    EXPECT_EQ(folder.read("one/hosts/box-0/v-0.img"), expected) << "nobody had it";
    std::string left = folder.read("one/hosts/box-0/v-1.img");
    ASSERT_EQ(left.size(), expected.size());
    EXPECT_NE(left.substr(0, 4), expected.substr(0, 4));
    EXPECT_EQ(left.substr(4), expected.substr(4)) << "the image, but for what was written";
    EXPECT_FALSE(folder.has("one/hosts/box-0/w.img"));
    EXPECT_FALSE(folder.has("one/hosts/box-1")) << "no node is there";
    std::filesystem::remove(folder.path("base.img"));
    Outcome again = Denali(folder, {"run", "one/scenario.yaml", "--out", "two"});
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(folder.read("two/hosts/box-0/v-1.img"), left);
    EXPECT_EQ(DigestOfRun(folder, "two"), DigestOfRun(folder, "one"));
    Outcome same = Denali(folder, {"verify", "one"});
    EXPECT_EQ(same.code, 0) << same.out << same.err;
    Outcome bundled = Denali(folder, {"bundle", "one", "--out", "one.denali"});
    ASSERT_EQ(bundled.code, 0) << bundled.err;
    std::filesystem::remove_all(folder.path("one"));
    same = Denali(folder, {"verify", "one.denali"});
    EXPECT_EQ(same.code, 0) << same.out << same.err;
}

TEST_F(Disks, VolumesThatFindNoRoomInOnePieceAreRefused)
{
    folder.write("s.yaml", "general: {name: volumes, duration: 5ms}\n"
                           "hosts: [{name: box, disks: [{count: 2, size: 1MiB}],\n"
                           "  volumes: [{name: v, count: 3, size: 600KiB}]}]\n"
                           "groups: [{name: n, image: " +
                               GuestPath("tenant") +
                               ", network: none, host: box, memory: 256KiB}]\n");
    Outcome outcome = Denali(folder, {"run", "s.yaml", "--out", "o"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("s.yaml:3: hosts.box.volumes: volume 'v-2' finds no room in one "
                               "piece"),
              std::string::npos)
        << outcome.err;
    EXPECT_FALSE(folder.has("o"));
}

TEST_F(Disks, WhoseImageDoesNotFitAreToldByTheirPlace)
{
    folder.write("s.yaml", Yaml());
    folder.write("base.img", std::string(6 << 20, 'x'));
    Outcome outcome = Denali(folder, {"run", "s.yaml", "--out", "o", "--memory-limit", "4"});
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_NE(outcome.err.find("groups.n.disks.data.image: "), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("--memory-limit"), std::string::npos) << outcome.err;
    EXPECT_FALSE(folder.has("o"));
    folder.write("v.yaml", "general: {name: volumes, duration: 5ms}\n"
                           "hosts: [{name: box, disks: [{size: 1GiB}], "
                           "volumes: [{name: v, image: base.img}]}]\n"
                           "groups: [{name: n, image: " +
                               GuestPath("tenant") +
                               ", network: none, host: box, memory: 256KiB}]\n");
    outcome = Denali(folder, {"run", "v.yaml", "--out", "o", "--memory-limit", "4"});
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_NE(outcome.err.find("hosts.box.volumes.v.image: "), std::string::npos) << outcome.err;
}

TEST(BlockMap, FindsWhatWasPutAndNothingElse)
{
    for (uint64_t block_count : {1ull, 64ull, 65ull, 4096ull, 4097ull, 1ull << 28}) {
        struct emu_block_map map = {};
        std::map<uint64_t, uint32_t> expected;
        struct random_stream random;
        random_init_seed(&random, block_count);
        EXPECT_EQ(emu_block_map_next(&map, 0), EMU_BLOCK_END);
        for (uint32_t i = 1; i < 300; i++) {
            uint64_t block = i == 1 ? block_count - 1 : random_below(&random, block_count);
            *emu_block_map_slot(&map, block_count, block) = i;
            expected[block] = i;
        }
        uint64_t from = 0;
        for (const auto &[block, frame] : expected) {
            EXPECT_EQ(emu_block_map_next(&map, from), block);
            EXPECT_EQ(emu_block_map_next(&map, block), block);
            EXPECT_EQ(emu_block_map_find(&map, block), frame);
            from = block + 1;
        }
        EXPECT_EQ(emu_block_map_next(&map, from), EMU_BLOCK_END);
        EXPECT_EQ(emu_block_map_next(&map, UINT64_MAX - 1), EMU_BLOCK_END);
        for (uint32_t i = 0; i < 300; i++) {
            uint64_t block = random_below(&random, block_count);
            EXPECT_EQ(emu_block_map_find(&map, block),
                      expected.count(block) ? expected[block] : 0u);
        }
        emu_block_map_fini(&map);
        EXPECT_EQ(map.root, nullptr);
    }
}
