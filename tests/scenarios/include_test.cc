// Scenarios that build on others, and values by name.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"
#include "support/temporary_folder.h"

using support::TemporaryFolder;

namespace
{

// Loads a file of the folder; null with message if it is refused, the folder's path cut from it.
Scenario LoadFile(const TemporaryFolder &folder, const std::string &name,
                  std::string *message = nullptr, const Overrides &overrides = {},
                  const std::vector<std::string> &parameters = {})
{
    struct error error = ERROR_INIT;
    scn_file *file = nullptr;
    scn_scenario *scenario = nullptr;
    enum status status = scn_open(&file, folder.path(name).c_str(), &error);
    for (const std::string &set : overrides.sets) {
        status = status == STATUS_OK ? scn_set(file, set.c_str(), &error) : status;
    }
    for (const std::string &parameter : parameters) {
        status = status == STATUS_OK ? scn_set_parameter(file, parameter.c_str(), &error) : status;
    }
    if (status == STATUS_OK && !overrides.nodes.empty()) {
        status = scn_set_nodes(file, overrides.nodes.c_str(), &error);
    }
    if (status == STATUS_OK) {
        status = scn_resolve(file, &scenario, &error);
    }
    scn_close(file);
    if (message != nullptr) {
        char line[1024] = "";
        if (status != STATUS_OK) {
            error_format(&error, line, sizeof line);
        }
        *message = line;
        const std::string prefix = folder.path() + "/";
        for (size_t at; (at = message->find(prefix)) != std::string::npos;) {
            message->erase(at, prefix.size());
        }
    }
    return Scenario(scenario);
}

std::string ErrorOf(const TemporaryFolder &folder, const std::string &name,
                    const Overrides &overrides = {},
                    const std::vector<std::string> &parameters = {})
{
    std::string message;
    Scenario scenario = LoadFile(folder, name, &message, overrides, parameters);
    return scenario ? "no error" : message;
}

TEST(Include, WhatIncludesSaysOnlyWhatIsDifferent)
{
    TemporaryFolder folder;
    folder.write("base.yaml", kSmall);
    folder.write("top.yaml", "include: base.yaml\n"
                             "general: {seed: 9}\n"
                             "networks:\n"
                             "  - {name: net, delay: 5ms}\n"
                             "  - {name: other, type: lan}\n"
                             "groups:\n"
                             "  - {name: lone, network: other}\n"
                             "  - {name: more, image: peer, network: net, arguments: [a]}\n");
    std::string message;
    Scenario s = LoadFile(folder, "top.yaml", &message);
    ASSERT_TRUE(s) << message;
    EXPECT_STREQ(s->name, "top") << "the file that includes names the run";
    EXPECT_EQ(s->seed, 9u);
    EXPECT_EQ(s->duration_ns, 10000000000u);
    ASSERT_EQ(s->network_count, 2u);
    EXPECT_EQ(s->networks[0].delay_ns, 5000000u);
    EXPECT_EQ(s->networks[0].type, SCN_NETWORK_WAN);
    ASSERT_EQ(s->group_count, 3u);
    EXPECT_STREQ(s->groups[0].name, "peers");
    EXPECT_EQ(s->groups[0].count, 4u);
    EXPECT_EQ(s->groups[1].network, 1u) << "lone moved to the other network";
    EXPECT_STREQ(s->groups[1].image, "watch");
    EXPECT_STREQ(s->groups[2].name, "more");
    EXPECT_EQ(s->expectation_count, 1u);
    Scenario again = load(resolved(s.get()), &message);
    ASSERT_TRUE(again) << message;
    EXPECT_TRUE(scn_scenario_equal(s.get(), again.get())) << "the resolved one is whole by itself";
}

TEST(Include, ListsWithoutNamesAreReplacedAndNothingTakesAway)
{
    TemporaryFolder folder;
    folder.write("base.yaml", kSmall + "  - {metric: c.d, at_most: 2}\n");
    folder.write("a.yaml", "include: base.yaml\n"
                           "groups:\n"
                           "  - {name: peers, count: ~, arguments: [x, y]}\n"
                           "expectations:\n  - {metric: e.f, equals: 1}\n");
    folder.write("b.yaml", "include: a.yaml\n"
                           "groups:\n"
                           "  - {name: peers, arguments: [z]}\n"
                           "expectations: ~\n");
    std::string message;
    Scenario a = LoadFile(folder, "a.yaml", &message);
    ASSERT_TRUE(a) << message;
    EXPECT_EQ(a->groups[0].count, 1u) << "the default again";
    EXPECT_EQ(a->groups[0].argument_count, 2u);
    ASSERT_EQ(a->expectation_count, 1u);
    EXPECT_STREQ(a->expectations[0].metric, "e.f");
    Scenario b = LoadFile(folder, "b.yaml", &message);
    ASSERT_TRUE(b) << message;
    EXPECT_EQ(b->expectation_count, 0u);
    ASSERT_EQ(b->groups[0].argument_count, 1u);
    EXPECT_STREQ(b->groups[0].arguments[0], "z");
}

TEST(Include, SeveralFilesAreMergedInOrderAndEachCountsOnce)
{
    TemporaryFolder folder;
    folder.write("base.yaml", kSmall);
    folder.write("slow.yaml", "include: base.yaml\nnetworks: [{name: net, delay: 900ms}]\n");
    folder.write("many.yaml", "include: [base.yaml]\ngroups: [{name: peers, count: 40}]\n");
    folder.write("top.yaml", "include: [slow.yaml, many.yaml, slow.yaml]\n");
    std::string message;
    Scenario s = LoadFile(folder, "top.yaml", &message);
    ASSERT_TRUE(s) << message;
    EXPECT_EQ(s->networks[0].delay_ns, 900000000u) << "base.yaml does not come back over slow.yaml";
    EXPECT_EQ(s->groups[0].count, 40u);
}

TEST(Include, PathsAreRelativeToTheFileTheyStandIn)
{
    TemporaryFolder folder;
    folder.write("lib/deep/m.rtt", "x");
    folder.write("lib/base.yaml",
                 small_with("    delay: 20ms\n", "    matrix: deep/m.rtt\n    site_delay: 1ms\n"));
    folder.write("top.yaml", "include: lib/base.yaml\n");
    std::string message;
    Scenario s = LoadFile(folder, "top.yaml", &message);
    ASSERT_TRUE(s) << message;
    EXPECT_TRUE(std::string(s->networks[0].matrix_path).ends_with("/lib/deep/m.rtt"));
}

TEST(Include, ErrorsNameTheFileAndLineOfTheValue)
{
    TemporaryFolder folder;
    folder.write("base.yaml", small_with("count: 4", "count: 0"));
    folder.write("top.yaml", "# nothing here\ninclude: base.yaml\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "base.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000, found "
              "'0'");
    folder.write("top.yaml", "include: base.yaml\ngroups:\n  - {name: peers, count: -1}\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "top.yaml:3: groups.peers.count: expected a whole number from 1 to 1000000, found "
              "'-1'");
    folder.write("base.yaml", small_with("count: 4", "cuont: 4"));
    folder.write("top.yaml", "include: base.yaml\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "base.yaml:11: groups.peers.cuont: expected a field of groups[], found an unknown "
              "one; did you mean 'count'?");
    folder.write("base.yaml", "a: [\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml").find("base.yaml:2: expected YAML"), 0u);
    folder.write("base.yaml", "- a\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "base.yaml:1: expected the fields general, networks, groups, ..., found a list");
    EXPECT_EQ(error_of("inculde: x\n" + kSmall),
              "test.yaml:1: inculde: expected a field of the file, found an unknown one; did you "
              "mean 'include'?");
}

TEST(Include, WhatIsNoFileIsToldWhereItIsNamed)
{
    TemporaryFolder folder;
    folder.write("sub/x", "");
    folder.write("top.yaml", "general: {duration: 1s}\ninclude:\n  - absent.yaml\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "top.yaml:3: include.0: expected a scenario file, relative to this one; there is no "
              "file absent.yaml");
    folder.write("top.yaml", "include: sub\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "top.yaml:1: include: expected a scenario file, relative to this one; sub is not a "
              "file");
    folder.write("top.yaml", "include:\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "top.yaml:1: include: expected a scenario file, relative to this one; found nothing");
    folder.write("top.yaml", "include: {a: b}\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "top.yaml:1: include: expected a scenario file, relative to this one; found a "
              "mapping");
    folder.write("top.yaml", "include: []\n");
    EXPECT_NE(ErrorOf(folder, "top.yaml").find("general"), std::string::npos);
    folder.write("top.yaml", kSmall);
    EXPECT_EQ(
        ErrorOf(folder, "top.yaml", {.sets = {"include=x"}, .seed = "", .nodes = ""}),
        "--set include=x: include: expected this in a file: files are read before anything is "
        "set");
}

TEST(Include, CirclesAndTowersAreRefused)
{
    TemporaryFolder folder;
    folder.write("a.yaml", "include: b.yaml\n");
    folder.write("b.yaml", "include: c.yaml\n");
    folder.write("c.yaml", "\ninclude: ./a.yaml\n");
    EXPECT_EQ(
        ErrorOf(folder, "a.yaml"),
        "c.yaml:2: include: expected a file that does not include this one, found './a.yaml': "
        "the includes go round in a circle");
    EXPECT_EQ(ErrorOf(folder, "b.yaml").find("./a.yaml:1: include: expected a file that does not"),
              0u);
    folder.write("self.yaml", "include: self.yaml\n");
    EXPECT_NE(ErrorOf(folder, "self.yaml").find("in a circle"), std::string::npos);

    for (int i = 0; i < 12; i++) {
        folder.write("t" + std::to_string(i) + ".yaml",
                     "include: t" + std::to_string(i + 1) + ".yaml\n");
    }
    folder.write("t12.yaml", kSmall);
    EXPECT_EQ(ErrorOf(folder, "t4.yaml"), "no error") << "8 deep";
    EXPECT_EQ(ErrorOf(folder, "t3.yaml"),
              "t11.yaml:1: include: expected at most 64 files, and files in files at most 8 deep");

    std::string wide = "include:\n";
    for (int i = 0; i < 70; i++) {
        folder.write("w" + std::to_string(i) + ".yaml", "general: {seed: 1}\n");
        wide += "  - w" + std::to_string(i) + ".yaml\n";
    }
    folder.write("wide.yaml", wide);
    EXPECT_NE(ErrorOf(folder, "wide.yaml").find("at most 64 files"), std::string::npos);
}

TEST(Include, MergedListsKeepToTheirBound)
{
    TemporaryFolder folder;
    std::string one = "groups:\n";
    std::string two = "include: one.yaml\ngroups:\n";
    for (int i = 0; i < 600; i++) {
        one += "  - {name: a" + std::to_string(i) + "}\n";
        two += "  - {name: b" + std::to_string(i) + "}\n";
    }
    folder.write("one.yaml", one);
    folder.write("two.yaml", two);
    EXPECT_EQ(ErrorOf(folder, "two.yaml"),
              "two.yaml:427: expected at most 1024 entries in a list or mapping, with those "
              "included");
}

TEST(Include, TwoEntriesOfOneNameInOneFileStayTwo)
{
    TemporaryFolder folder;
    folder.write("base.yaml", kSmall);
    folder.write("top.yaml", "include: base.yaml\ngroups:\n"
                             "  - {name: new, image: a, network: net}\n"
                             "  - {name: new, image: b, network: net}\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "top.yaml:4: groups.new.name: expected a name of its own, found 'new', which entry 2 "
              "has too");
}

TEST(Include, OverridesChangeTheMergedScenario)
{
    TemporaryFolder folder;
    folder.write("base.yaml", kSmall);
    folder.write("top.yaml", "include: base.yaml\n");
    Overrides overrides;
    overrides.sets = {"groups.peers.memory=1MiB"};
    overrides.nodes = "11";
    std::string message;
    Scenario s = LoadFile(folder, "top.yaml", &message, overrides);
    ASSERT_TRUE(s) << message;
    EXPECT_EQ(s->groups[0].memory_bytes, 1u << 20);
    EXPECT_EQ(s->node_count, 11u);
}

// kSmall with parameters and places where they are used.
std::string WithParameters(const std::string &parameters, const std::string &from,
                           const std::string &to)
{
    return "parameters: " + parameters + "\n" + small_with(from, to);
}

TEST(Parameters, ComeInPlaceOfTheirNamesInAnyValue)
{
    std::string message;
    Scenario s = load("parameters:\n"
                      "  delay: 10ms\n"
                      "  peers: 50\n"
                      "  rate: 1.5Mbit\n"
                      "  prefix: node\n"
                      "  title: \"${param.prefix}s: ${param.peers}\"\n"
                      "general: {duration: 1s, description: \"${param.title}!\"}\n"
                      "networks:\n"
                      "  - name: net\n"
                      "    type: wan\n"
                      "    delay: ${param.delay}\n"
                      "    up: ${param.rate}\n"
                      "groups:\n"
                      "  - name: ${param.prefix}\n"
                      "    image: peer\n"
                      "    network: net\n"
                      "    count: ${param.peers}\n"
                      "    arguments: [\"--delay=${param.delay}\", \"$${param.delay}\", "
                      "\"${node.index}/${param.peers}\"]\n",
                      &message);
    ASSERT_TRUE(s) << message;
    EXPECT_STREQ(s->description, "nodes: 50!");
    EXPECT_EQ(s->networks[0].delay_ns, 10000000u);
    EXPECT_EQ(s->networks[0].up_bps, 1500000u);
    EXPECT_STREQ(s->groups[0].name, "node");
    EXPECT_EQ(s->groups[0].count, 50u);
    EXPECT_STREQ(s->groups[0].arguments[0], "--delay=10ms");
    EXPECT_STREQ(s->groups[0].arguments[1], "$${param.delay}") << "a template's own dollar sign";
    EXPECT_STREQ(s->groups[0].arguments[2], "${node.index}/50");
    std::string text = resolved(s.get());
    EXPECT_EQ(text.find("parameters:"), std::string::npos);
    Scenario again = load(text, &message);
    ASSERT_TRUE(again) << message;
    EXPECT_TRUE(scn_scenario_equal(s.get(), again.get()));
}

TEST(Parameters, AreSetByOptionsAndByWhatIncludes)
{
    TemporaryFolder folder;
    std::string base =
        WithParameters("{delay: 10ms, peers: 5}", "delay: 20ms", "delay: ${param.delay}");
    base.replace(base.find("count: 4"), 8, "count: ${param.peers}");
    folder.write("base.yaml", base);
    folder.write("top.yaml", "include: base.yaml\nparameters: {peers: 7}\n");
    std::string message;
    Scenario s = LoadFile(folder, "top.yaml", &message);
    ASSERT_TRUE(s) << message;
    EXPECT_EQ(s->groups[0].count, 7u);
    EXPECT_EQ(s->networks[0].delay_ns, 10000000u);
    s = LoadFile(folder, "top.yaml", &message, {{"parameters.delay=30ms"}, "", "20"},
                 {"peers=9", "delay=40ms"});
    ASSERT_TRUE(s) << message;
    EXPECT_EQ(s->networks[0].delay_ns, 40000000u);
    EXPECT_EQ(s->node_count, 20u) << "--nodes counts what the parameters made";
    EXPECT_EQ(ErrorOf(folder, "top.yaml", {}, {"peers=many"}),
              "base.yaml:12: groups.peers.count: expected a whole number from 1 to 1000000, found "
              "'many' (parameter peers: --param peers=many)");
    EXPECT_EQ(
        ErrorOf(folder, "top.yaml", {}, {"peer=9"}),
        "--param peer=9: parameters.peer: expected a parameter that the scenario uses; nothing "
        "in it says ${param.peer}; did you mean 'peers'?");
    for (const char *bad : {"peers", "=5", "a.b=5", ""}) {
        EXPECT_NE(ErrorOf(folder, "top.yaml", {}, {bad}).find("expected NAME=VALUE"),
                  std::string::npos)
            << bad;
    }
}

struct ParameterCase {
    const char *parameters;
    const char *delay;
    const char *message;
};

TEST(Parameters, ThatAreWrongAreToldByLine)
{
    static const ParameterCase cases[] = {
        {"{delay: 1ms}", "${param.dealy}",
         "test.yaml:7: networks.net.delay: expected a parameter of the scenario, found 'dealy'; "
         "did "
         "you mean 'delay'?"},
        {"{delay: 1ms}", "20ms",
         "test.yaml:1: parameters.delay: expected a parameter that the scenario uses; nothing in "
         "it "
         "says ${param.delay}"},
        {"{delay: 20}", "${param.delay}",
         "test.yaml:7: networks.net.delay: expected a time such as 250us, 10ms or 2min; '20' has "
         "no "
         "unit (units: ns, us, ms, s, min, h) (parameter delay: test.yaml:1)"},
        {"{delay: ~}", "${param.delay}",
         "test.yaml:1: parameters.delay: expected a single value, found nothing"},
        {"{delay: [1ms]}", "${param.delay}",
         "test.yaml:1: parameters.delay: expected a single value, found a list"},
        {"[delay]", "${param.delay}",
         "test.yaml:1: parameters: expected a mapping of names to values, found a list"},
        {"{\"a b\": 1ms}", "${param.a b}",
         "test.yaml:1: parameters.a b: expected a name: a letter, then letters, digits, '-' and "
         "'_', 64 at most; found 'a b'"},
        {"{delay: 1ms}", "${param.delay",
         "test.yaml:7: networks.net.delay: expected '}' after the parameter's name, found "
         "'${param.delay'"},
        {"{delay: \"\"}", "${param.delay}",
         "test.yaml:7: networks.net.delay: expected a time such as 250us, 10ms or 2min, found '' "
         "(parameter delay: test.yaml:1)"},
        {"{a: \"${param.b}\", b: 1ms}", "${param.a}${param.b}",
         "test.yaml:1: parameters.a: expected a parameter that is defined above this one, found "
         "'b'"},
        {"{a: \"${param.a}\"}", "${param.a}",
         "test.yaml:1: parameters.a: expected a parameter that is defined above this one, found "
         "'a'"},
        {"{a: $, b: \"{param.a}\"}", "${param.a}${param.b}",
         "test.yaml:7: networks.net.delay: expected values that do not make another ${param....} "
         "(parameter b: test.yaml:1)"},
    };
    for (const ParameterCase &c : cases) {
        EXPECT_EQ(error_of(WithParameters(c.parameters, "20ms", c.delay)), c.message);
    }
    EXPECT_EQ(
        error_of(small_with("20ms", "${param.delay}")),
        "test.yaml:6: networks.net.delay: expected a parameter of the scenario, found 'delay': "
        "it has no `parameters`");
}

TEST(Parameters, CannotBeGrownWithoutBound)
{
    std::string text = "parameters:\n  p0: aaaaaaaaaaaaaaaa\n";
    for (int i = 1; i < 60; i++) {
        std::string before = "${param.p" + std::to_string(i - 1) + "}";
        text += "  p" + std::to_string(i) + ": \"" + before + before + "\"\n";
    }
    text += small_with("duration: 10s", "duration: 10s\n  description: ${param.p59}");
    EXPECT_NE(error_of(text).find("at most 1048576 bytes of text in all"), std::string::npos);
}

TEST(Parameters, AreUsedWhereTheirPlaceIsOverridden)
{
    const std::string text = WithParameters("{delay: 20ms}", "20ms", "${param.delay}");
    Scenario s = load(text, nullptr, {{"networks.net.delay=5ms"}, "", ""});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->networks[0].delay_ns, 5000000u);

    TemporaryFolder folder;
    folder.write("base.yaml", text);
    folder.write("top.yaml", "include: base.yaml\nnetworks: [{name: net, delay: 6ms}]\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"), "no error");
    folder.write("top.yaml", "include: base.yaml\nparameters: {unused: 1}\n");
    EXPECT_EQ(ErrorOf(folder, "top.yaml"),
              "top.yaml:2: parameters.unused: expected a parameter that the scenario uses; nothing "
              "in it says ${param.unused}");
}

TEST(Parameters, AreNamedWhereTheirValueIsRefused)
{
    TemporaryFolder folder;
    folder.write("t.yaml", WithParameters("{delay: 20}", "20ms", "${param.delay}"));
    EXPECT_TRUE(ErrorOf(folder, "t.yaml").ends_with(" (parameter delay: t.yaml:1)"));
    EXPECT_TRUE(ErrorOf(folder, "t.yaml", {}, {"delay=30"})
                    .ends_with(" (parameter delay: --param delay=30)"));
}

TEST(Parameters, HaveToBeQuotedBetweenBracketsAndBraces)
{
    for (const char *text : {"networks: [{delay: ${param.d}}]\n", "a:\n  [b, ${param.d}]\n"}) {
        EXPECT_NE(error_of(text).find("; quote ${...} inside [...] and {...}"), std::string::npos)
            << error_of(text);
    }
    EXPECT_EQ(error_of("a: [b c: ]d\n").find("quote ${...}"), std::string::npos);
}

} // namespace
