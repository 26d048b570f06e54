// What every device in the table must do, whatever it models. A device added to dev_table is held
// to this without a line here.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

class EveryDevice : public testing::TestWithParam<uint32_t>
{
  protected:
    uint32_t device = GetParam();
    const dev_ops *model = dev_table[GetParam()];

    // Brings the device into a state that is not its first one, if it can have one.
    static void make_busy(FakeMachine &machine)
    {
        const uint32_t descriptor = 0x3000;
        const uint64_t deadline_ns = 5'000'000'000;
        machine.put(descriptor, deadline_ns);
        EXPECT_EQ(machine.out(ABI_PORT_TIMER, 4, descriptor), DEV_DONE);
        machine.put_text(0x3100, "latency");
        abi_observation observation = {0x3100, 7, ABI_OBSERVE_MEASUREMENT, 0, 0};
        machine.put(descriptor, observation);
        EXPECT_EQ(machine.out(ABI_PORT_OBSERVE, 4, descriptor), DEV_DONE);

        uint32_t bits;
        EXPECT_EQ(machine.in(ABI_PORT_ENTROPY, 4, &bits), DEV_DONE);

        abi_framebuffer picture = {0x8000, 16, 12, 64, ABI_FRAMEBUFFER_XRGB8888, 0};
        machine.put(descriptor, picture);
        EXPECT_EQ(machine.out(ABI_PORT_FRAMEBUFFER, 4, descriptor), DEV_DONE);

        // Rings wrap: what is saved must not show where they start.
        auto *keyboard = static_cast<dev_keyboard *>(machine.state(DEV_KEYBOARD));
        for (uint32_t i = 0; i < DEV_KEYBOARD_QUEUE_MAX + 5; i++) {
            EXPECT_TRUE(dev_keyboard_event(keyboard, &machine.envs[DEV_KEYBOARD], 4 + i, i % 2));
            if (i < 20) {
                EXPECT_EQ(machine.in(ABI_PORT_KEYBOARD, 4, &bits), DEV_DONE);
            }
        }
        // Of three disk requests two are done and one is under way.
        for (uint32_t i = 0; i < 3; i++) {
            abi_disk_request request = {i / 2, ABI_DISK_READ, i, 0x4000, 0x100 + i};
            machine.put(descriptor, request);
            EXPECT_EQ(machine.out(ABI_PORT_DISK_SUBMIT, 4, descriptor), DEV_DONE);
        }
        machine.advance_to(1150);
        EXPECT_EQ(machine.out(ABI_PORT_SUPERVISOR_HOST, 4, 0x5000), DEV_DONE);

        auto *console = static_cast<dev_console *>(machine.state(DEV_CONSOLE));
        std::vector<uint8_t> input(DEV_CONSOLE_INPUT_MAX - 10, 'x');
        uint32_t value;
        dev_console_input(console, &machine.envs[DEV_CONSOLE], input.data(),
                          static_cast<uint32_t>(input.size()));
        for (int i = 0; i < 100; i++) {
            EXPECT_EQ(machine.in(ABI_PORT_CONSOLE_BYTE, 4, &value), DEV_DONE);
        }
        dev_console_input(console, &machine.envs[DEV_CONSOLE],
                          reinterpret_cast<const uint8_t *>("0123456789abcdefghij"), 20);

        // A card with rings that runs, and a frame in it.
        machine.put(0x3200, abi_pcnet_rings{0x3300, 2, 0x3400, 1});
        machine.put(0x3300, abi_pcnet_descriptor{0x5000, ABI_FRAME_MAX, 0, ABI_PCNET_OWN});
        machine.put(0x3310, abi_pcnet_descriptor{0x6000, ABI_FRAME_MAX, 0, ABI_PCNET_OWN});
        machine.put(0x3400, abi_pcnet_descriptor{});
        for (auto [number, content] : {std::pair<uint32_t, uint32_t>{ABI_PCNET_CSR1, 0x3200},
                                       {ABI_PCNET_CSR0, ABI_PCNET_INIT | ABI_PCNET_STRT}}) {
            EXPECT_EQ(machine.out(ABI_PORT_PCNET_ADDRESS, 2, number), DEV_DONE);
            EXPECT_EQ(machine.out(ABI_PORT_PCNET_DATA, 2, content), DEV_DONE);
        }
        std::vector<uint8_t> short_frame(ABI_FRAME_MIN, 7);
        for (int i = 0; i < 3; i++) {
            EXPECT_TRUE(dev_pcnet_deliver(static_cast<dev_pcnet *>(machine.state(DEV_PCNET)),
                                          &machine.envs[DEV_PCNET], short_frame.data(),
                                          ABI_FRAME_MIN));
        }
        EXPECT_EQ(machine.in(ABI_PORT_PCNET_DATA, 2, &bits), DEV_DONE);

        auto *nic = static_cast<dev_nic *>(machine.state(DEV_NIC));
        for (uint32_t i = 0; i < 5; i++) {
            std::vector<uint8_t> frame(ABI_FRAME_MIN + 100 * i, static_cast<uint8_t>(i));
            EXPECT_TRUE(dev_nic_deliver(nic, &machine.envs[DEV_NIC], frame.data(),
                                        static_cast<uint32_t>(frame.size())));
        }
    }
};

TEST_P(EveryDevice, SaysWhatItIs)
{
    ASSERT_NE(model, nullptr);
    EXPECT_STRNE(model->name, "");
    EXPECT_STRNE(model->summary, "");
    EXPECT_GE(model->state_version, 1);
    EXPECT_GT(model->state_bytes, 0);
    EXPECT_GT(model->region_count, 0u);
    EXPECT_NE(model->feature, 0u);
    EXPECT_EQ(model->feature & (model->feature - 1), 0u) << "one feature bit";
}

TEST_P(EveryDevice, OwnsItsPortsAlone)
{
    for (uint32_t i = 0; i < model->region_count; i++) {
        uint32_t owner = UINT32_MAX;
        const dev_region *region = nullptr;
        EXPECT_EQ(dev_find_port(model->regions[i].port, &owner, &region), model);
        EXPECT_EQ(owner, device);
        EXPECT_EQ(region, &model->regions[i]) << "a second region claims the same port";
    }
}

TEST_P(EveryDevice, LeavesTheBusNoWidthItDidNotState)
{
    for (uint32_t i = 0; i < model->region_count; i++) {
        const dev_region &region = model->regions[i];
        EXPECT_TRUE(region.in_bytes || region.out_bytes);
        for (uint32_t width : {0u, 1u, 2u, 4u, 8u}) {
            FakeMachine machine;
            uint32_t value;
            if (width != region.out_bytes || width == 0) {
                EXPECT_EQ(machine.out(region.port, width, 0x3000), DEV_NO_REGISTER);
            }
            if (width != region.in_bytes || width == 0) {
                EXPECT_EQ(machine.in(region.port, width, &value), DEV_NO_REGISTER);
            }
        }
    }
}

TEST_P(EveryDevice, SavesTheSameBytesAfterALoad)
{
    FakeMachine machine;
    make_busy(machine);
    std::vector<uint8_t> saved = machine.save(device);
    FakeMachine idle;
    ASSERT_NE(idle.save(device), saved) << "make_busy must change this device's state";
    ASSERT_TRUE(idle.load(device, saved));
    EXPECT_EQ(idle.save(device), saved);
    EXPECT_EQ(idle.deadlines_ns[device], machine.deadlines_ns[device]);
    EXPECT_EQ(idle.irq_pending, 0u) << "pending interrupts are the processor's to restore";
    // Over a busy state too: what was there before is gone.
    machine.advance_to(1);
    ASSERT_TRUE(machine.load(device, saved));
    EXPECT_EQ(machine.save(device), saved);
}

TEST_P(EveryDevice, IsResetOnceHoweverOftenItIsReset)
{
    FakeMachine fresh;
    FakeMachine machine;
    make_busy(machine);
    machine.reset(device);
    std::vector<uint8_t> once = machine.save(device);
    EXPECT_EQ(once, fresh.save(device));
    EXPECT_EQ(machine.deadlines_ns[device], TIME_NEVER);
    machine.reset(device);
    EXPECT_EQ(machine.save(device), once);
}

TEST_P(EveryDevice, TouchesNoOtherDevice)
{
    FakeMachine machine;
    make_busy(machine);
    std::vector<uint8_t> saved = machine.save(device);
    std::vector<std::vector<uint8_t>> others;
    for (uint32_t i = 0; i < DEV_COUNT; i++) {
        others.push_back(machine.save(i));
    }
    machine.reset(device);
    ASSERT_TRUE(machine.load(device, saved));
    for (uint32_t i = 0; i < DEV_COUNT; i++) {
        EXPECT_EQ(machine.save(i), others[i]) << dev_table[i]->name;
    }
}

TEST_P(EveryDevice, RefusesDescriptorsOutsideMemory)
{
    for (uint32_t i = 0; i < model->region_count; i++) {
        if (model->regions[i].out_bytes != 4) {
            continue;
        }
        for (uint32_t address :
             {0u, 4u, 0x1000u, 0x1ffcu, FakeMachine::kMemoryBytes - 4, FakeMachine::kMemoryBytes,
              0x80000000u, 0xfffffff8u, 0xffffffffu}) {
            FakeMachine machine;
            make_busy(machine);
            std::vector<uint8_t> before = machine.save(device);
            std::vector<uint8_t> memory = machine.memory;
            EXPECT_EQ(machine.out(model->regions[i].port, 4, address), DEV_REFUSED)
                << model->name << " at " << std::hex << address;
            EXPECT_EQ(machine.save(device), before);
            EXPECT_EQ(machine.memory, memory);
            EXPECT_TRUE(machine.frames_sent.empty());
            EXPECT_TRUE(machine.console.empty());
            EXPECT_EQ(machine.observations.size(), 1u);
        }
    }
}

TEST_P(EveryDevice, RejectsEveryTruncationOfItsState)
{
    FakeMachine machine;
    make_busy(machine);
    std::vector<uint8_t> saved = machine.save(device);
    size_t step = saved.size() > 512 ? 7 : 1;
    for (size_t size = 0; size < saved.size(); size += step) {
        std::vector<uint8_t> cut(saved.begin(), saved.begin() + static_cast<ptrdiff_t>(size));
        FakeMachine target;
        EXPECT_FALSE(target.load(device, cut)) << size << " of " << saved.size();
        machine.advance_to(machine.now_ns + 1);
        target.reset(device);
        EXPECT_EQ(target.save(device), FakeMachine().save(device));
    }
}

TEST_P(EveryDevice, SurvivesWildState)
{
    const uint32_t seed = 1;
    std::mt19937 random(seed);
    for (int round = 0; round < 2000; round++) {
        std::vector<uint8_t> bytes(random() % 64);
        for (uint8_t &byte : bytes) {
            byte = static_cast<uint8_t>(random() % 3 ? random() % 4 : random());
        }
        FakeMachine machine;
        bool taken = machine.load(device, bytes);
        if (taken) {
            ASSERT_EQ(machine.save(device), bytes) << "seed " << seed << " round " << round;
        }
        uint32_t value;
        for (uint32_t i = 0; i < model->region_count; i++) {
            machine.out(model->regions[i].port, model->regions[i].out_bytes, 0x3000);
            machine.in(model->regions[i].port, model->regions[i].in_bytes, &value);
        }
        machine.advance_to(1'000'000'000);
    }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryDevice, testing::Range(0u, static_cast<uint32_t>(DEV_COUNT)),
                         [](const testing::TestParamInfo<uint32_t> &info) {
                             return std::string(dev_table[info.param]->name);
                         });

TEST(DeviceTable, GivesEveryDeviceAFeatureAndANameOfItsOwn)
{
    std::set<std::string> names;
    uint32_t features = 0;
    for (const dev_ops *model : dev_table) {
        EXPECT_TRUE(names.insert(model->name).second) << model->name;
        EXPECT_EQ(features & model->feature, 0u) << model->name;
        features |= model->feature;
    }
    FakeMachine machine;
    dev_registers registers = {};
    uint32_t announced = 0;
    ASSERT_EQ(dev_registers_read(&registers, &machine.register_env, ABI_REG_FEATURES, &announced),
              DEV_DONE);
    EXPECT_EQ(announced, features | ABI_FEATURE_X87);
}

TEST(DeviceTable, AnnouncesOnlyWhatTheMachineHas)
{
    FakeMachine machine;
    dev_registers registers = {};
    for (uint32_t device = 0; device < DEV_COUNT; device++) {
        uint32_t all = 0;
        uint32_t announced = 0;
        machine.absent.clear();
        dev_registers_read(&registers, &machine.register_env, ABI_REG_FEATURES, &all);
        machine.absent = {device};
        dev_registers_read(&registers, &machine.register_env, ABI_REG_FEATURES, &announced);
        EXPECT_EQ(announced, all & ~dev_table[device]->feature) << dev_table[device]->name;
    }
}

TEST(DeviceTable, KnowsNoPortThatNoDeviceStates)
{
    std::set<uint16_t> stated;
    for (const dev_ops *model : dev_table) {
        for (uint32_t i = 0; i < model->region_count; i++) {
            stated.insert(model->regions[i].port);
        }
    }
    for (uint32_t port = 0; port <= UINT16_MAX; port++) {
        uint32_t device;
        const dev_region *region;
        bool found = dev_find_port(static_cast<uint16_t>(port), &device, &region) != nullptr;
        ASSERT_EQ(found, stated.count(static_cast<uint16_t>(port)) == 1) << port;
    }
}

} // namespace
