// Templates: checked at load, expanded per node.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"

namespace
{

uint32_t address_of(void *context, uint32_t node)
{
    return *static_cast<uint32_t *>(context) + 4 * node + 2;
}

std::string argument_error(const std::string &argument)
{
    return error_of(small_with("count: 4", "count: 4\n    arguments: ['" + argument + "']"));
}

std::string expand(const std::string &argument, uint32_t node)
{
    Scenario s = load(small_with("count: 4", "count: 4\n    arguments: ['" + argument + "']"));
    if (!s) {
        return "does not load";
    }
    uint32_t base = 0x0a000000;
    char text[256];
    scn_template_expand(s.get(), node, s->groups[0].arguments[0], address_of, &base, text,
                        sizeof text);
    return text;
}

TEST(Template, EveryVariableExpands)
{
    EXPECT_EQ(expand("${node.index}", 3), "3");
    EXPECT_EQ(expand("${node.name}", 3), "peers-3");
    EXPECT_EQ(expand("${node.count}", 3), "5");
    EXPECT_EQ(expand("${node.address}", 3), "10.0.0.14");
    EXPECT_EQ(expand("${group.index}/${group.count}", 2), "2/4");
    EXPECT_EQ(expand("${group.name}", 0), "peers");
    EXPECT_EQ(expand("${address:peers:1}", 0), "10.0.0.6");
    EXPECT_EQ(expand("a${addresses:peers}b", 0), "a10.0.0.2,10.0.0.6,10.0.0.10,10.0.0.14b");
    EXPECT_EQ(expand("plain $$ and $${node.name}", 0), "plain $ and ${node.name}");
    EXPECT_EQ(expand("", 0), "");
}

TEST(Template, NodeSeedsComeFromTheRunsSeedAndDiffer)
{
    std::string first = expand("${node.seed}", 0);
    EXPECT_EQ(first, expand("${node.seed}", 0));
    EXPECT_NE(first, expand("${node.seed}", 1));
    EXPECT_LE(std::stoull(first), UINT32_MAX);
    Scenario s =
        load(small_with("count: 4", "arguments: ['${node.seed}']"), nullptr, {{}, "2", ""});
    ASSERT_TRUE(s);
    char text[32];
    scn_template_expand(s.get(), 0, s->groups[0].arguments[0], nullptr, nullptr, text, sizeof text);
    EXPECT_NE(first, text);
}

TEST(Template, LengthIsWholeAndTextIsCut)
{
    Scenario s = load(small_with("count: 4", "arguments: ['abc${node.index}']"));
    ASSERT_TRUE(s);
    char text[3] = "??";
    EXPECT_EQ(scn_template_expand(s.get(), 0, s->groups[0].arguments[0], address_of, nullptr, text,
                                  sizeof text),
              4u);
    EXPECT_STREQ(text, "ab");
}

TEST(Template, BadOnesAreRefusedAtLoad)
{
    EXPECT_EQ(argument_error("${node.indx}"),
              "test.yaml:12: groups.peers.arguments.0: expected a variable, found ${node.indx}; "
              "did you mean ${node.index}?");
    EXPECT_EQ(argument_error("${HOME}"),
              "test.yaml:12: groups.peers.arguments.0: expected ${...} of node.index, node.name, "
              "node.count, node.address, node.seed, group.index, group.name, group.count, "
              "address:GROUP:I or addresses:GROUP, found 'HOME'");
    EXPECT_EQ(argument_error("$5"), "test.yaml:12: groups.peers.arguments.0: expected ${...}, or "
                                    "$$ for a dollar sign, found '$5'");
    EXPECT_EQ(argument_error("x${node.index"),
              "test.yaml:12: groups.peers.arguments.0: expected ${...}, or $$ for a dollar sign, "
              "found '${node.index'");
    EXPECT_EQ(argument_error("cost $"),
              "test.yaml:12: groups.peers.arguments.0: expected ${...}, or $$ for a dollar sign, "
              "found '$'");
    EXPECT_EQ(argument_error("${address:nobody:0}"),
              "test.yaml:12: groups.peers.arguments.0: expected the name of a group, found "
              "'nobody:0'");
    EXPECT_EQ(argument_error("${address:lone:0}"),
              "test.yaml:12: groups.peers.arguments.0: expected a group that has a network, found "
              "'lone:0'");
    for (const char *index : {":4", "", ":", ":-1", ":x", ":0x", ":99999999999"}) {
        std::string message = argument_error(std::string("${address:peers") + index + "}");
        EXPECT_NE(message.find("expected address:peers:I with I from 0 to 3"), std::string::npos)
            << message;
    }
    EXPECT_EQ(error_of(small_with("network: none", "network: none\n    environment: {A: "
                                                   "'${node.address}'}")),
              "test.yaml:15: groups.lone.environment.A: expected no ${node.address}: this group "
              "has no network");
}

TEST(Template, WhatCannotFitTheBootTextIsRefused)
{
    std::string many = small_with("count: 4", "count: 200\n    arguments: ['${addresses:peers}']");
    EXPECT_EQ(error_of(many),
              "test.yaml:12: groups.peers.arguments: expected at most 2816 bytes of arguments and "
              "environment, found up to 3205 once expanded");
}

TEST(Template, BootTextIsTheProgramItsArgumentsAndItsEnvironment)
{
    Scenario s = load(small_with(
        "count: 4", "count: 4\n    arguments: ['-n', '${node.index}']\n    environment: {ME: "
                    "'${node.address}'}"));
    ASSERT_TRUE(s);
    uint32_t base = 0x0a000000;
    scn_boot_text text;
    scn_node_boot_text(s.get(), 1, address_of, &base, &text);
    EXPECT_EQ(text.argument_count, 3u);
    EXPECT_EQ(text.variable_count, 1u);
    EXPECT_EQ(std::string(text.bytes, text.size_bytes),
              std::string("peer\0-n\0001\0ME=10.0.0.6\0", 22));
}

TEST(Template, LongestBootTextThatIsAcceptedFits)
{
    // "peer" and its NUL, then one argument: as long as may be, and one byte more.
    auto with = [](size_t length) {
        return small_with("count: 4", "arguments: ['" + std::string(length, 'x') + "']");
    };
    Scenario s = load(with(SCN_BOOT_TEXT_MAX - SCN_BOOT_TEXT_FREE - 6));
    ASSERT_TRUE(s);
    scn_boot_text text;
    scn_node_boot_text(s.get(), 0, address_of, nullptr, &text);
    EXPECT_EQ(text.size_bytes, SCN_BOOT_TEXT_MAX - SCN_BOOT_TEXT_FREE);
    EXPECT_NE(error_of(with(SCN_BOOT_TEXT_MAX - SCN_BOOT_TEXT_FREE - 5)), "no error");
}

} // namespace
