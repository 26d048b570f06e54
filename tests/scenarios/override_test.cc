// --set, --seed and --nodes are held to the rules of the file, and named in errors.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"

namespace
{

std::string set_error(const std::string &set)
{
    return error_of(kSmall, {{set}, "", ""});
}

TEST(Override, PathsGoByNameAndByNumber)
{
    Scenario s =
        load(kSmall, nullptr,
             {{"groups.peers.count=50", "groups.1.image=other", "networks.net.delay=1s"}, "", ""});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->groups[0].count, 50u);
    EXPECT_STREQ(s->groups[1].image, "other");
    EXPECT_EQ(s->networks[0].delay_ns, 1000000000u);
    EXPECT_EQ(s->node_count, 51u);
}

TEST(Override, FieldsThatTheFileLacksAreAdded)
{
    Scenario s = load(kSmall, nullptr,
                      {{"general.name=renamed", "groups.peers.limits.memory=8KiB",
                        "groups.peers.arguments=[a, \"b c\"]", "groups.peers.arguments.0=z",
                        "groups.peers.environment.HOME=", "general.description=a=b"},
                       "",
                       ""});
    ASSERT_TRUE(s);
    EXPECT_STREQ(s->name, "renamed");
    EXPECT_STREQ(s->description, "a=b");
    EXPECT_EQ(s->groups[0].limits.memory_bytes, 8192u);
    ASSERT_EQ(s->groups[0].argument_count, 2u);
    EXPECT_STREQ(s->groups[0].arguments[0], "z");
    EXPECT_STREQ(s->groups[0].arguments[1], "b c");
    ASSERT_EQ(s->groups[0].variable_count, 1u);
    EXPECT_STREQ(s->groups[0].environment[0].value, "");
}

TEST(Override, LaterOnesWin)
{
    Scenario s = load(kSmall, nullptr, {{"groups.peers.count=5", "groups.peers.count=6"}, "", ""});
    EXPECT_EQ(s->groups[0].count, 6u);
}

TEST(Override, TildeTakesAFieldAway)
{
    Scenario s = load(kSmall, nullptr, {{"groups.peers.count=~"}, "", ""});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->groups[0].count, 1u);
    EXPECT_NE(set_error("networks.net.delay=~").find("expected this field or 'matrix'"),
              std::string::npos);
    EXPECT_NE(set_error("networks.net.dealy=~").find("did you mean 'delay'?"), std::string::npos);
}

TEST(Override, ErrorsNameTheOption)
{
    EXPECT_EQ(set_error("groups.peers.count=0"),
              "--set groups.peers.count=0: groups.peers.count: expected a whole number from 1 to "
              "1000000, found '0'");
    EXPECT_EQ(set_error("groups.peers.cuont=5"),
              "--set groups.peers.cuont=5: groups.peers.cuont: expected a field of groups[], found "
              "an unknown one; did you mean 'count'?");
    EXPECT_EQ(set_error("groups.pears.count=5"),
              "--set groups.pears.count=5: expected an item of groups, found 'pears'; did you mean "
              "'peers'?");
    EXPECT_EQ(set_error("groups.2.count=5"),
              "--set groups.2.count=5: expected an item of groups by its name or its number (0 to "
              "1), found '2'");
    EXPECT_EQ(set_error("groups.peers.count.x=5"),
              "--set groups.peers.count.x=5: expected a path to a field, found that "
              "groups.peers.count is a single value");
    EXPECT_EQ(set_error("groups.peers.count"),
              "--set groups.peers.count: expected PATH=VALUE, such as groups.peers.count=50");
    EXPECT_EQ(set_error("=5"), "--set =5: expected PATH=VALUE, such as groups.peers.count=50");
    EXPECT_EQ(set_error("groups..count=5"),
              "--set groups..count=5: expected a path such as groups.peers.count before the '='");
    EXPECT_EQ(set_error("groups.peers.count=[1"),
              "--set groups.peers.count=[1: expected YAML: did not find expected ',' or ']', while "
              "parsing a flow sequence that starts on line 1");
    EXPECT_EQ(set_error("groups.peers.count=&a 1"),
              "--set groups.peers.count=&a 1: expected no anchor ('&'): scenarios have none");
}

TEST(Override, PathThatIsNoUtf8IsCutInMessages)
{
    for (size_t length : {50, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 200}) {
        std::string message = set_error("groups." + std::string(length, '\xa1') + ".count=5");
        EXPECT_NE(message.find("expected an item of groups by its name"), std::string::npos);
        EXPECT_TRUE(message.ends_with("'")) << message;
    }
}

TEST(Override, DeepPathIsRefused)
{
    std::string path = "general";
    for (int i = 0; i < 1000; i++) {
        path += ".a";
    }
    EXPECT_NE(set_error(path + "=1").find("expected a path such as"), std::string::npos);
}

TEST(Override, SeedIsTheScenariosSeed)
{
    EXPECT_EQ(load(kSmall, nullptr, {{}, "18446744073709551615", ""})->seed, UINT64_MAX);
    EXPECT_EQ(load(kSmall, nullptr, {{}, "0", ""})->seed, 0u);
    EXPECT_EQ(error_of(kSmall, {{}, "-1", ""}),
              "--seed -1: expected a whole number from 0 to 18446744073709551615, found '-1'");
    EXPECT_EQ(error_of(kSmall, {{}, "18446744073709551616", ""}),
              "--seed 18446744073709551616: expected a whole number from 0 to "
              "18446744073709551615, found '18446744073709551616'");
}

TEST(Override, UntilIsTheDuration)
{
    struct error error = ERROR_INIT;
    scn_file *file = nullptr;
    scn_scenario *scenario = nullptr;
    ASSERT_EQ(scn_open_text(&file, "t.yaml", kSmall.data(), kSmall.size(), &error), STATUS_OK);
    ASSERT_EQ(scn_set_duration(file, "2min", &error), STATUS_OK);
    ASSERT_EQ(scn_resolve(file, &scenario, &error), STATUS_OK);
    scn_close(file);
    EXPECT_EQ(scenario->duration_ns, 120000000000u);
    scn_scenario_destroy(scenario);

    ASSERT_EQ(scn_open_text(&file, "t.yaml", kSmall.data(), kSmall.size(), &error), STATUS_OK);
    ASSERT_EQ(scn_set_duration(file, "120", &error), STATUS_OK);
    EXPECT_EQ(scn_resolve(file, &scenario, &error), STATUS_INVALID);
    scn_close(file);
    EXPECT_STREQ(error.file, "--until 120");
    EXPECT_EQ(error.line, 0);
}

TEST(Override, NodesCountsAllAndScalesTheMarkedGroup)
{
    Scenario s = load(kSmall, nullptr, {{"groups.lone.scale=true"}, "", "100"});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->groups[0].count, 4u);
    EXPECT_EQ(s->groups[1].count, 96u);
    EXPECT_EQ(s->node_count, 100u);
}

TEST(Override, NodesScalesTheLargestGroupWhereNoneIsMarked)
{
    Scenario s = load(kSmall, nullptr, {{}, "", "2000"});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->groups[0].count, 1999u);
    EXPECT_EQ(s->groups[1].count, 1u);
}

TEST(Override, NodesComesAfterEverySet)
{
    Scenario s = load(kSmall, nullptr, {{"groups.lone.count=10"}, "", "20"});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->groups[0].count, 4u);
    EXPECT_EQ(s->groups[1].count, 16u);
}

TEST(Override, TooFewOrTooManyNodesAreRefused)
{
    EXPECT_EQ(error_of(kSmall, {{}, "", "1"}),
              "--nodes 1: expected at least 2: the groups that do not scale have 1 nodes");
    EXPECT_EQ(error_of(kSmall, {{}, "", "0"}),
              "--nodes 0: expected a whole number from 1 to 1000000, found '0'");
    EXPECT_EQ(error_of(kSmall, {{}, "", "1000001"}),
              "--nodes 1000001: expected a whole number from 1 to 1000000, found '1000001'");
    EXPECT_EQ(error_of(kSmall, {{}, "", "many"}),
              "--nodes many: expected a whole number from 1 to 1000000, found 'many'");
}

TEST(Override, NodesLeavesBadCountsToValidation)
{
    EXPECT_EQ(error_of(small_with("count: 4", "count: x"), {{"groups.lone.scale=true"}, "", "9"}),
              "test.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000, found "
              "'x'");
    EXPECT_EQ(error_of("groups: 7\n", {{}, "", "9"}).substr(0, 19), "test.yaml:1: genera");
}

TEST(Override, NodesIsNamedWhereItBreaksARule)
{
    EXPECT_EQ(
        error_of(small_with("delay: 20ms", "delay: 20ms\n    subnet: 10.0.0.0/24"), {{}, "", "66"}),
        "test.yaml:7: networks.net.subnet: expected a subnet with addresses for the 65 nodes "
        "on this network, found one for 64");
}

} // namespace
