// What the user gets wrong is told in one line: file, line, field, what was expected, what was
// found.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"

namespace
{

struct Case {
    const char *name;
    const char *from; // in kSmall
    const char *to;
    const char *message; // whole, or the beginning where it ends in "..."
};

std::ostream &operator<<(std::ostream &stream, const Case &c)
{
    return stream << c.name;
}

class Refuses : public testing::TestWithParam<Case>
{
};

TEST_P(Refuses, WithOneClearLine)
{
    const Case &c = GetParam();
    std::string message = error_of(small_with(c.from, c.to));
    std::string expected = c.message;
    if (expected.ends_with("...")) {
        expected.resize(expected.size() - 3);
        message = message.substr(0, expected.size());
    }
    EXPECT_EQ(message, expected);
    EXPECT_EQ(message.find('\n'), std::string::npos);
}

const Case kCases[] = {
    {"UnknownField", "count: 4", "cuont: 4",
     "test.yaml:11: groups.peers.cuont: expected a field of groups[], found an unknown one; did "
     "you mean 'count'?"},
    {"UnknownSection", "networks:", "netwroks:",
     "test.yaml:3: netwroks: expected a field of the file, found an unknown one; did you mean "
     "'networks'?"},
    {"UnknownFieldUnlikeAny", "count: 4", "zzzzzz: 4",
     "test.yaml:11: groups.peers.zzzzzz: expected one of name, image, count, ..."},
    {"WrongTypeText", "count: 4", "count: many",
     "test.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000, found 'many'"},
    {"WrongTypeList", "count: 4", "count: [4]",
     "test.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000, found a list"},
    {"WrongTypeMapping", "image: peer", "image: {a: b}",
     "test.yaml:9: groups.peers.image: expected an image file or a program's name, found a "
     "mapping"},
    {"NoMapping", "duration: 10s", "- 10s",
     "test.yaml:1: general: expected a mapping of fields, found a list"},
    {"NothingAtAll", "count: 4", "count:",
     "test.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000, found nothing"},
    {"LimitsBurstAlone", "count: 4", "count: 4\n    limits: {send_burst: 9KiB}",
     "test.yaml:12: groups.peers.limits.send_burst: expected no burst without a rate"},
    {"LimitsSmallBurst", "count: 4",
     "count: 4\n    limits: {receive_rate: 1Mbit, receive_burst: 1KiB}",
     "test.yaml:12: groups.peers.limits.receive_burst: ..."},
    {"AllowNobody", "count: 4", "count: 4\n    limits: {allow: [{port: 80}]}",
     "test.yaml:12: groups.peers.limits.allow.0.group: expected either 'group' or 'subnet'"},
    {"AllowBoth", "count: 4", "count: 4\n    limits: {allow: [{group: peers, subnet: 10.0.0.0/9}]}",
     "test.yaml:12: groups.peers.limits.allow.0.group: expected either 'group' or 'subnet'"},
    {"AllowUnknown", "count: 4", "count: 4\n    limits: {allow: [{group: pers}]}",
     "test.yaml:12: groups.peers.limits.allow.0.group: expected the name of a group; found "
     "'pers'; "
     "did you mean 'peers'?"},
    {"AllowPort", "count: 4", "count: 4\n    limits: {allow: [{group: peers, port: 65536}]}",
     "test.yaml:12: groups.peers.limits.allow.0.port: expected a whole number from 1 to 65535, "
     "found '65536'"},
    {"ZeroCount", "count: 4", "count: 0",
     "test.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000, found '0'"},
    {"NegativeCount", "count: 4", "count: -1",
     "test.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000, found '-1'"},
    {"CountTooLarge", "count: 4", "count: 1000001",
     "test.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000, found "
     "'1000001'"},
    {"CountsTooLargeTogether", "count: 4", "count: 1000000",
     "test.yaml:12: groups.lone.count: expected at most 1000000 nodes in all groups together, "
     "found 1000001 up to here"},
    {"CountOverflows", "count: 4", "count: 99999999999999999999999999",
     "test.yaml:11: groups.peers.count: expected a whole number from 1 to 1000000; "
     "'99999999999999999999999999' is too large"},
    {"BadUnit", "delay: 20ms", "delay: 20msec",
     "test.yaml:6: networks.net.delay: expected a time such as 250us, 10ms or 2min; '20msec' has "
     "an unknown unit (units: ns, us, ms, s, min, h)"},
    {"NoUnit", "delay: 20ms", "delay: 20",
     "test.yaml:6: networks.net.delay: expected a time such as 250us, 10ms or 2min; '20' has no "
     "unit (units: ns, us, ms, s, min, h)"},
    {"DelayTooSmall", "delay: 20ms", "delay: 999ns",
     "test.yaml:6: networks.net.delay: expected from 1us to 8s, found '999ns'"},
    {"MemoryNoMultiple", "count: 4", "memory: 100000B",
     "test.yaml:11: groups.peers.memory: expected a multiple of 4KiB, found '100000B'"},
    {"MemoryTooSmall", "count: 4", "memory: 60KiB",
     "test.yaml:11: groups.peers.memory: expected from 64KiB to 3GiB, found '60KiB'"},
    {"MissingRequired", "    image: peer\n", "",
     "test.yaml:8: groups.peers.image: expected this field, found none: it is required (..."},
    {"MissingSection", "general:\n  duration: 10s\n", "",
     "test.yaml:1: general: expected this field, found none: it is required (..."},
    {"GroupWithoutNetwork", "    network: net\n", "",
     "test.yaml:8: groups.peers.network: expected this field, found none: it is required (Name of "
     "a network, or `none` for nodes that have none on purpose.)"},
    {"UnknownNetwork", "network: net\n", "network: nett\n",
     "test.yaml:10: groups.peers.network: expected the name of a network, or 'none'; found "
     "'nett'; did you mean 'net'?"},
    {"NoGroups", "groups:\n", "groups: []\nxgroups:\n",
     "test.yaml:8: xgroups: expected a field of the file, found an unknown one; did you mean "
     "'groups'?"},
    {"DuplicateGroup", "name: lone", "name: peers",
     "test.yaml:12: groups.peers.name: expected a name of its own, found 'peers', which entry 0 "
     "has too"},
    {"DuplicateKey", "count: 4", "image: other",
     "test.yaml:11: expected each field once, found 'image' again (first on line 9)"},
    {"CollidingNodeName", "name: lone", "name: peers-3",
     "test.yaml:12: groups.peers-3.name: expected another name: a node of group 'peers' is called "
     "'peers-3'"},
    {"CollidingNodeNameInAnotherCase", "name: lone", "name: Peers-3",
     "test.yaml:12: groups.Peers-3.name: expected another name: a node of group 'peers' is called "
     "'Peers-3'"},
    {"NamesThatDifferInCase", "name: lone", "name: Peers",
     "test.yaml:12: groups.Peers.name: expected a name that differs from 'peers' in more than "
     "case"},
    {"ServiceUnknown", "delay: 20ms", "services: [dns, dncp]",
     "test.yaml:6: networks.net.services.1: expected one of dhcp, dns, found 'dncp'"},
    {"ServiceAloneUnknown", "delay: 20ms", "services: none",
     "test.yaml:6: networks.net.services: expected one of dhcp, dns, found 'none'"},
    {"ServiceNoWord", "delay: 20ms", "services: {dns: true}",
     "test.yaml:6: networks.net.services: expected one of dhcp, dns, found a mapping"},
    {"BadName", "name: lone", "name: ../etc",
     "test.yaml:12: groups.../etc.name: expected a name: a letter, then letters, digits, '-' and "
     "'_', 64 at most, found '../etc'"},
    {"NameTooLong", "name: lone",
     "name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "test.yaml:12: "
     "groups.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.name:..."},
    {"NetworkCalledNone", "name: net\n", "name: none\n",
     "test.yaml:4: networks.none.name: expected another name: 'none' means no network"},
    {"UnknownType", "type: wan", "type: wifi",
     "test.yaml:5: networks.net.type: expected one of wan, lan, found 'wifi'"},
    {"FieldOfOtherType", "type: wan", "type: lan",
     "test.yaml:6: networks.net.delay: expected a field of type 'lan', found one that only type "
     "'wan' has; there are name, type, subnet, ..."},
    {"NoDelay", "    delay: 20ms\n", "",
     "test.yaml:4: networks.net.delay: expected this field or 'matrix', found neither: they say "
     "how far nodes are apart"},
    {"SiteDelayWithoutMatrix", "delay: 20ms", "delay: 20ms\n    site_delay: 1ms",
     "test.yaml:7: networks.net.site_delay: expected no such field without 'matrix': there are no "
     "sites"},
    {"MissingMatrix", "delay: 20ms", "matrix: no/such.gz",
     "test.yaml:6: networks.net.matrix: expected a file, relative to the scenario file; there is "
     "no file ./no/such.gz"},
    {"MissingImage", "image: peer", "image: no-such.img",
     "test.yaml:9: groups.peers.image: expected an image file, relative to the scenario file; "
     "there is no file ./no-such.img"},
    {"ImageIsAFolder", "image: peer", "image: /",
     "test.yaml:9: groups.peers.image: expected an image file, relative to the scenario file; / "
     "is not a file"},
    {"SubnetTooSmall", "delay: 20ms", "delay: 20ms\n    subnet: 10.0.0.0/29",
     "test.yaml:7: networks.net.subnet: expected a subnet with addresses for the 4 nodes on this "
     "network, found one for 2"},
    {"SubnetRagged", "delay: 20ms", "subnet: 10.0.0.1/8",
     "test.yaml:6: networks.net.subnet: expected a subnet whose bits after the prefix are 0, "
     "found '10.0.0.1/8'"},
    {"SubnetNoSubnet", "delay: 20ms", "subnet: 10.0.0/8",
     "test.yaml:6: networks.net.subnet: expected a subnet such as 10.0.0.0/8, prefix length 8 to "
     "30, found '10.0.0/8'"},
    {"SubnetReserved", "delay: 20ms", "subnet: 127.0.0.0/8",
     "test.yaml:6: networks.net.subnet: expected a subnet of ordinary addresses, ..."},
    {"SiteWithoutMatrix", "count: 4", "site: 3",
     "test.yaml:11: groups.peers.site: expected no site: the group's network has no matrix"},
    {"BoolNoBool", "count: 4", "scale: yes",
     "test.yaml:11: groups.peers.scale: expected true or false, found 'yes'"},
    {"TwoScale", "count: 4\n  - name: lone", "scale: true\n  - name: lone\n    scale: true",
     "test.yaml:13: groups.lone.scale: expected one group to scale, found 'peers' before"},
    {"BadVariable", "count: 4", "environment: {A-B: c}",
     "test.yaml:11: groups.peers.environment.A-B: expected a variable's name: ..."},
    {"ReservedVariable", "count: 4", "environment: {DENALI_IP: 10.0.0.1}",
     "test.yaml:11: groups.peers.environment.DENALI_IP: expected another name: those that begin "
     "with DENALI_ are the machine's own"},
    {"LanLatencyUneven", "type: wan\n    delay: 20ms", "type: lan\n    latency: 2001ns",
     "test.yaml:6: networks.net.latency: expected a multiple of 2ns, found '2001ns'"},
    {"InputsOutOfOrder", "count: 4",
     "console_input:\n      - {at: 2s, text: a}\n      - {at: 1s, text: b}",
     "test.yaml:13: groups.peers.console_input.1.at: expected a time not before the entry above"},
    {"ArgumentIsNothing", "count: 4", "arguments: [a, ~]",
     "test.yaml:11: groups.peers.arguments.1: expected text (\"\" if it is to be empty), found "
     "nothing"},
    {"NoBound", "    at_least: 0.5\n", "",
     "test.yaml:16: expectations.0.at_least: expected a bound: 'at_least', 'at_most' or 'equals', "
     "found none"},
    {"EqualsAndMore", "at_least: 0.5", "at_least: 0.5\n    equals: 1",
     "test.yaml:18: expectations.0.equals: expected no other bound beside 'equals'"},
    {"BoundsCross", "at_least: 0.5", "at_least: 0.5\n    at_most: 0.25",
     "test.yaml:18: expectations.0.at_most: expected at least 0.5, which is 'at_least', found "
     "0.25"},
    {"BoundNoNumber", "at_least: 0.5", "at_least: 50%",
     "test.yaml:17: expectations.0.at_least: expected a number such as 0.999, found '50%'"},
    {"BadStatistic", "at_least: 0.5", "statistic: median",
     "test.yaml:17: expectations.0.statistic: expected one of count, mean, min, max, p50, p90, "
     "p95, p99, sum, found 'median'"},
    {"UnknownFigure", "metric: a.b", "metric: run.falts",
     "test.yaml:16: expectations.0.metric: expected a counter of the run, such as run.faults, "
     "found 'run.falts'"},
    {"BadMetric", "metric: a.b", "metric: a..b",
     "test.yaml:16: expectations.0.metric: expected a metric's name such as lookup.success: ..."},
    {"SyntaxIndent", "  duration: 10s", "  duration: 10s\n bad: 1",
     "test.yaml:3: expected YAML: did not find expected key, while parsing a block mapping that "
     "starts on line 1"},
    {"SyntaxTab", "  duration: 10s", "\tduration: 10s",
     "test.yaml:2: expected YAML: found character that cannot start any token, while scanning for "
     "the next token that starts on line 2"},
    {"ControlCharacters", "name: lone", "name: \"a\\nb\"",
     "test.yaml:12: groups.a?b.name: expected a name: a letter, then letters, digits, '-' and "
     "'_', 64 at most, found 'a?b'"},
};

INSTANTIATE_TEST_SUITE_P(BadScenario, Refuses, testing::ValuesIn(kCases),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(BadFile, IsMissing)
{
    scn_scenario *scenario = nullptr;
    struct error error = ERROR_INIT;
    EXPECT_EQ(scn_load(&scenario, "/no/such.yaml", &error), STATUS_NOT_FOUND);
    EXPECT_STREQ(error.file, "/no/such.yaml");
    EXPECT_STREQ(error.message, "expected a YAML file: No such file or directory");
    EXPECT_EQ(status_exit_code(error.status), 2);
    EXPECT_EQ(scenario, nullptr);
}

TEST(BadFile, IsAFolderOrADevice)
{
    scn_scenario *scenario = nullptr;
    struct error error = ERROR_INIT;
    EXPECT_EQ(scn_load(&scenario, "/", &error), STATUS_INVALID);
    EXPECT_STREQ(error.message, "expected a YAML file, found a folder");
    struct error device = ERROR_INIT;
    EXPECT_EQ(scn_load(&scenario, "/dev/zero", &device), STATUS_INVALID);
    EXPECT_STREQ(device.message, "expected a YAML file, found something that is not a file");
}

TEST(BadFile, IsEmpty)
{
    EXPECT_EQ(error_of(""), "test.yaml: expected a scenario, found an empty file");
    EXPECT_EQ(error_of("# nothing\n\n"),
              "test.yaml: expected a scenario, found nothing but white space and comments");
    EXPECT_EQ(error_of("--- ~\n"),
              "test.yaml:1: expected the fields general, networks, groups, ..., found nothing");
    EXPECT_EQ(error_of("- a\n"),
              "test.yaml:1: expected the fields general, networks, groups, ..., found a list");
}

} // namespace
