/* The machine as a guest sees it: guests in assembly that check it from the inside, on each
 * engine. */
#include <cstring>

#include "world_fixture.h"

class Machine : public testing::TestWithParam<std::string>
{
};

INSTANTIATE_TEST_SUITE_P(Engines, Machine, testing::ValuesIn(EngineNames()),
                         [](const auto &info) { return info.param; });

TEST_P(Machine, PrintsAndReturnsItsExitCode)
{
    TestWorld world(OneMachine("hello"), GetParam().c_str());
    world.Run(1000000);
    EXPECT_STREQ(world.Report().state, "terminated");
    EXPECT_EQ(world.Report().exit_code, 7u);
    /* 28 bytes in one instruction: a cycle more for each 16. */
    EXPECT_EQ(world.Report().cycles, world.Report().instructions + 1);
    ASSERT_EQ(world.consoles.size(), 1u);
    EXPECT_EQ(world.consoles[0], "hello from the bare machine\n");
}

TEST_P(Machine, ItsMemoryIsReadAllOrNothing)
{
    TestWorld world(OneMachine("hello"), GetParam().c_str());
    world.Run(1000000);
    const struct vcpu *cpu = emu_world_node_cpu(world.get(), 0);
    uint8_t code[3] = {};
    ASSERT_TRUE(emu_world_node_read(world.get(), 0, cpu->eip - 3, code, sizeof code));
    const uint8_t terminate[] = {0x0f, 0x3f, 0x02};
    EXPECT_EQ(memcmp(code, terminate, sizeof code), 0) << "it retired `terminate` last";
    const uint32_t end = 1u << 20; /* of its memory */
    uint8_t bytes[4] = {1, 2, 3, 4};
    EXPECT_TRUE(emu_world_node_read(world.get(), 0, end - 4, bytes, sizeof bytes));
    EXPECT_EQ(bytes[3], 0);
    bytes[0] = 9;
    EXPECT_FALSE(emu_world_node_read(world.get(), 0, end - 3, bytes, sizeof bytes));
    EXPECT_FALSE(emu_world_node_read(world.get(), 0, 0, bytes, sizeof bytes));
    EXPECT_EQ(bytes[0], 9) << "nothing was copied";
}

TEST_P(Machine, KeepsTheInterruptRules)
{
    TestWorld world(OneMachine("interrupts"), GetParam().c_str());
    world.Run(10000000000);
    EXPECT_STREQ(world.Report().state, "terminated")
        << vcpu_fault_text(world.Report().fault.kind) << std::hex << " at "
        << world.Report().fault.eip << ", " << world.Report().fault.address;
    EXPECT_EQ(world.Report().exit_code, 0u) << "the number of the check in interrupts.S";
    EXPECT_EQ(world.Report().interrupts_delivered, 3u);
}

TEST_P(Machine, HasEveryVirtualRegister)
{
    TestWorld world(OneMachine("registers"), GetParam().c_str());
    world.Run(100000000000);
    EXPECT_STREQ(world.Report().state, "terminated")
        << vcpu_fault_text(world.Report().fault.kind) << std::hex << " at "
        << world.Report().fault.eip << ", " << world.Report().fault.address;
    EXPECT_EQ(world.Report().exit_code, 0u) << "the number of the check in registers.S";
}

TEST_P(Machine, ReadsWhatTheScenarioTypesUntilItEnds)
{
    std::string yaml = OneMachine("reader");
    TestWorld nothing(yaml, GetParam().c_str());
    nothing.Run(1000000);
    EXPECT_STREQ(nothing.Report().state, "terminated") << "no input is input that has ended";
    EXPECT_EQ(nothing.Report().exit_code, 0u);

    std::string end = "arguments: [one]}";
    size_t at = yaml.find(end);
    ASSERT_NE(at, std::string::npos);
    yaml.replace(at, end.size(),
                 "console_input: [{at: 1ms, text: \"ab\\n\"}, {at: 3ms, text: \"cd\"}]}");
    TestWorld typed(yaml, GetParam().c_str());
    typed.Run(2000000);
    EXPECT_STREQ(typed.Report().state, "idle");
    typed.Run(4000000);
    EXPECT_STREQ(typed.Report().state, "terminated");
    EXPECT_EQ(typed.Report().exit_code, 5u);
    EXPECT_EQ(typed.Report().end_ns / 1000000, 3u);
}

TEST_P(Machine, DrawsBitsOfItsOwnThatTheSeedAndItsNameDecide)
{
    auto draw = [](const std::string &machines, const std::string &seed) {
        std::string yaml = "general: {name: test, duration: 1s, seed: " + seed + "}\ngroups:\n";
        for (char name : machines) {
            yaml += std::string("- {name: ") + name + ", image: " + GuestPath("draw") +
                    ", network: none}\n";
        }
        TestWorld world(yaml, GetParam().c_str());
        world.Run(1000000);
        return world.consoles;
    };
    std::vector<std::string> both = draw("ab", "1");
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(both[0].size(), 13u);
    EXPECT_NE(both[0], both[1]);
    EXPECT_EQ(both, draw("ab", "1"));
    EXPECT_EQ(both[1], draw("b", "1")[0]) << "another machine beside it changes nothing";
    EXPECT_NE(both[0], draw("ab", "2")[0]);
}

struct WrongAccess {
    const char *letter;
    enum vcpu_fault_kind kind;
    uint32_t address;
};

TEST_P(Machine, FaultsOnEveryWrongAccess)
{
    static const WrongAccess cases[] = {
        {"a", VCPU_FAULT_REGISTER, 0x1000}, /* byte read */
        {"b", VCPU_FAULT_REGISTER, 0x1002}, /* misaligned */
        {"c", VCPU_FAULT_REGISTER, 0x1200}, /* unknown register */
        {"d", VCPU_FAULT_REGISTER, 0x1010}, /* read only */
        {"e", VCPU_FAULT_REGISTER, 0x102c}, /* read-modify-write */
        {"f", VCPU_FAULT_REGISTER, 0x102c}, /* 16-bit write */
        {"g", VCPU_FAULT_REGISTER, 0x1000}, /* push from it */
        {"h", VCPU_FAULT_MEMORY, 0x1400},   /* execute it */
        {"i", VCPU_FAULT_REGISTER, 0x1ffe}, /* straddling its end */
        {"p", VCPU_FAULT_PORT, 0x7777},     /* no such port */
        {"q", VCPU_FAULT_PORT, 0x10},       /* wrong width */
        {"r", VCPU_FAULT_PORT, 0x20},       /* wrong direction */
        {"s", VCPU_FAULT_DEVICE, 0x20},     /* descriptor outside memory */
    };
    for (const WrongAccess &wrong : cases) {
        TestWorld world(OneMachine("access", wrong.letter), GetParam().c_str());
        world.Run(1000000000);
        struct emu_node_report report = world.Report();
        EXPECT_STREQ(report.state, "faulted") << wrong.letter << ", exit " << report.exit_code;
        EXPECT_EQ(report.fault.kind, wrong.kind) << wrong.letter;
        EXPECT_EQ(report.fault.address, wrong.address) << wrong.letter;
    }
}

/* Destroying the world finds the timer's and the console's events in their queues. */
TEST_P(Machine, EndsWithEventsThatNeverCame)
{
    std::string yaml = OneMachine("patience", "t");
    yaml.insert(yaml.rfind('}'), ", console_input: [{at: 50s, text: late}]");
    TestWorld world(yaml, GetParam().c_str());
    world.Run(1000000000);
    EXPECT_STREQ(world.Report().state, "idle");
    EXPECT_EQ(emu_world_next_ns(world.get()) / 1000000000, 2u);
}

TEST_P(Machine, SleepsBeyondAnyEnd)
{
    TestWorld world(OneMachine("patience", "e"), GetParam().c_str());
    for (uint64_t until_ns : {uint64_t{1000000000}, uint64_t{1} << 63, UINT64_MAX - 2}) {
        world.Run(until_ns);
        EXPECT_EQ(emu_world_now_ns(world.get()), until_ns);
        EXPECT_STREQ(world.Report().state, "idle");
    }
    EXPECT_EQ(emu_world_next_ns(world.get()), UINT64_MAX - 1);
}

/* Looking at a console is not typing on it. */
TEST_P(Machine, TypingNothingIsNothing)
{
    TestWorld world(OneMachine("patience", "s"), GetParam().c_str());
    world.Run(1000000000);
    uint64_t digest = world.Digest();
    EXPECT_EQ(emu_world_console_type(world.get(), 0, "", 0), 0u);
    EXPECT_EQ(world.Digest(), digest);
    EXPECT_EQ(emu_world_console_type(world.get(), 0, "x", 1), 1u);
    EXPECT_NE(world.Digest(), digest);
}

TEST_P(Machine, SpinsExactlyAsLongAsTheRun)
{
    TestWorld world(OneMachine("spin"), GetParam().c_str());
    world.Run(12345678); /* 100 MHz: 10 ns an instruction */
    EXPECT_EQ(world.Report().instructions, 1234568u);
    EXPECT_STREQ(world.Report().state, "running");
}
