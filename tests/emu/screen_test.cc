/* Machines that are typed on and looked at: keys in, pictures out, and both the same in every run.
 */
#include "world_fixture.h"

#include "denali_process.h"

extern "C" {
#include <traces/png.h>
}

using support::TemporaryFolder;

namespace
{

std::string Drawing(const std::string &argument = "x", const std::string &keys = "abc<Escape>")
{
    return "general: {name: test, duration: 10s}\n"
           "groups:\n- {name: machine, image: " +
           GuestPath("draws") + ", network: none, memory: 1MiB, screen: 8x4, arguments: [" +
           argument + "],\n   keyboard: [{at: 1s, every: 1s, keys: \"" + keys + "\"}]}\n";
}

std::vector<uint32_t> Screen(TestWorld &world)
{
    struct emu_screen screen;
    emu_world_node_screen(world.get(), 0, &screen);
    EXPECT_EQ(screen.width, 8u);
    EXPECT_EQ(screen.height, 4u);
    std::vector<uint32_t> pixels;
    for (uint32_t i = 0; i < 32; i++) {
        const uint8_t *rgb = screen.rgb + 3 * i;
        pixels.push_back(static_cast<uint32_t>(rgb[0] << 16 | rgb[1] << 8 | rgb[2]));
    }
    free(screen.rgb);
    return pixels;
}

class Screens : public testing::TestWithParam<std::string>
{
};

INSTANTIATE_TEST_SUITE_P(Engines, Screens, testing::ValuesIn(EngineNames()),
                         [](const auto &info) { return info.param; });

TEST_P(Screens, ShowWhatTheGuestDrawsOfWhatIsTyped)
{
    TestWorld world(Drawing(), GetParam().c_str());
    std::vector<uint32_t> expected(32, 0);
    EXPECT_EQ(Screen(world), expected) << "black before the machine boots";
    world.Run(1500000000);
    expected[0] = 4;
    EXPECT_EQ(Screen(world), expected);
    world.Run(3500000000);
    expected[1] = 5;
    expected[2] = 6;
    EXPECT_EQ(Screen(world), expected);
    EXPECT_STREQ(world.Report().state, "idle");
    world.Run(5000000000);
    expected[3] = 0x29;
    EXPECT_STREQ(world.Report().state, "terminated");
    EXPECT_EQ(Screen(world), expected) << "what it left on its screen can still be seen";
    EXPECT_EQ(world.Report().keys_dropped, 0u);
}

TEST_P(Screens, AndKeysAreInTheSavedState)
{
    for (uint64_t cut_ns : {0ull, 500000000ull, 1000000001ull, 2300000000ull}) {
        TestWorld straight(Drawing(), GetParam().c_str());
        TestWorld before(Drawing(), GetParam().c_str());
        TestWorld after(Drawing());
        straight.Run(5000000000);
        before.Run(cut_ns);
        ASSERT_EQ(after.Load(before.Save()), STATUS_OK);
        EXPECT_EQ(after.Save(), before.Save());
        EXPECT_EQ(Screen(after), Screen(before));
        after.Run(5000000000);
        EXPECT_EQ(after.Digest(), straight.Digest()) << cut_ns;
        EXPECT_EQ(Screen(after), Screen(straight));
    }
}

TEST_P(Screens, OtherKeysAreAnotherDigest)
{
    TestWorld one(Drawing(), GetParam().c_str());
    TestWorld other(Drawing("x", "abd<Escape>"), GetParam().c_str());
    one.Run(5000000000);
    other.Run(5000000000);
    EXPECT_NE(one.Digest(), other.Digest());
}

TEST_P(Screens, APictureThatIsNotAllMemoryIsAFaultOfTheGuests)
{
    TestWorld world(Drawing("p"), GetParam().c_str());
    world.Run(1000000);
    EXPECT_STREQ(world.Report().state, "faulted");
    EXPECT_EQ(world.Report().fault.kind, VCPU_FAULT_DEVICE);
    EXPECT_EQ(world.Report().fault.address, 0x70u);
    EXPECT_EQ(Screen(world), std::vector<uint32_t>(32, 0));
}

TEST(Keyboard, CountsWhatAGuestThatDoesNotReadLoses)
{
    std::string yaml = OneMachine("patience", "e");
    yaml.insert(yaml.rfind('}'),
                ", keyboard: [{at: 1s, every: 0s, keys: " + std::string(40, 'a') + "}]");
    TestWorld world(yaml);
    world.Run(2000000000);
    EXPECT_EQ(world.Report().keys_dropped, 80u - 64u);
}

/* Without them in the scenario their ports are not there, nor their features. */
TEST(Screens, AreOnlyOnMachinesThatTheScenarioGivesThem)
{
    std::string yaml = Drawing();
    size_t at = yaml.find("screen: 8x4, ");
    yaml.erase(at, strlen("screen: 8x4, "));
    TestWorld blind(yaml);
    blind.Run(1000000);
    EXPECT_EQ(blind.Report().fault.kind, VCPU_FAULT_PORT);
    EXPECT_EQ(blind.Report().fault.address, 0x70u);
    struct emu_screen screen;
    emu_world_node_screen(blind.get(), 0, &screen);
    EXPECT_EQ(screen.rgb, nullptr);

    yaml = Drawing();
    at = yaml.find(",\n   keyboard");
    yaml.erase(at, yaml.rfind('}') - at);
    TestWorld untyped(yaml);
    untyped.Run(1000000);
    EXPECT_STREQ(untyped.Report().state, "idle") << "nobody types, nothing happens";
}

std::vector<uint8_t> ReadPng(const std::string &path, uint32_t width, uint32_t height)
{
    uint32_t read_width = 0;
    uint32_t read_height = 0;
    uint8_t *rgb = nullptr;
    struct error error = ERROR_INIT;
    EXPECT_EQ(trace_png_read(path.c_str(), &read_width, &read_height, &rgb, &error), STATUS_OK)
        << path << ": " << error.message;
    EXPECT_EQ(read_width, width);
    EXPECT_EQ(read_height, height);
    std::vector<uint8_t> pixels(rgb, rgb + (rgb ? 3 * read_width * read_height : 0));
    free(rgb);
    return pixels;
}

TEST(Screenshots, OfARunAreInItsDirectoryAndChangeNothingInIt)
{
    TemporaryFolder folder;
    folder.write("s.yaml", Drawing());
    Outcome plain = Denali(folder, {"run", "s.yaml", "--out", "plain", "--quiet"});
    ASSERT_EQ(plain.code, 0) << plain.err;
    Outcome seen = Denali(folder, {"run", "s.yaml", "--out", "seen", "--quiet", "--screenshot",
                                   "machine@2.5s", "--screenshot", "all@0s", "--screenshot",
                                   "machine", "--screenshot", "machine@2500ms"});
    ASSERT_EQ(seen.code, 0) << seen.err;
    EXPECT_EQ(DigestOfRun(folder, "seen"), DigestOfRun(folder, "plain"));
    EXPECT_FALSE(folder.has("plain/nodes/machine"));
    const std::string node = folder.path("seen/nodes/machine/");
    std::vector<uint8_t> expected(3 * 32, 0);
    EXPECT_EQ(ReadPng(node + "screen-0s.png", 8, 4), expected);
    expected[2] = 4;
    expected[5] = 5;
    EXPECT_EQ(ReadPng(node + "screen-2500ms.png", 8, 4), expected);
    expected[8] = 6;
    expected[11] = 0x29;
    EXPECT_EQ(ReadPng(node + "screen-end.png", 8, 4), expected);
}

TEST(Screenshots, ThatCannotBeAreToldBeforeTheRun)
{
    TemporaryFolder folder;
    folder.write("s.yaml",
                 Drawing() + "- {name: blind, network: none, image: " + GuestPath("hello") + "}\n");
    static const struct {
        const char *text;
        const char *wanted;
    } cases[] = {
        {"blind", "blind has no screen"},
        {"machine@soon", "`soon`; expected a virtual time"},
        {"machine@11s", "within the run"},
        {"machin@1s", "did you mean machine?"},
        {"machine@", "expected a virtual time"},
        {"@1s", "no node"},
    };
    for (const auto &bad : cases) {
        Outcome outcome = Denali(folder, {"run", "s.yaml", "--screenshot", bad.text});
        EXPECT_EQ(outcome.code, 2) << bad.text;
        EXPECT_NE(outcome.err.find(bad.wanted), std::string::npos) << outcome.err;
        EXPECT_FALSE(folder.has("runs"));
    }
}

TEST(Screenshots, OfABootAreWhereTheUserSays)
{
    TemporaryFolder folder;
    Outcome outcome =
        Denali(folder, {"boot", GuestImage("hello"), "--screenshot", "a.png", "--screen", "20x10"});
    EXPECT_EQ(outcome.code, 7) << outcome.err;
    EXPECT_EQ(ReadPng(folder.path("a.png"), 20, 10), std::vector<uint8_t>(600, 0));
    outcome = Denali(folder, {"boot", GuestImage("hello"), "--screenshot", "no/a.png"});
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    outcome = Denali(folder, {"boot", GuestImage("hello"), "--screen", "20"});
    EXPECT_NE(outcome.err.find("--screen: expected WIDTHxHEIGHT"), std::string::npos)
        << outcome.err;
}

} // namespace
