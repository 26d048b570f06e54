// Names of nodes and stretches of a run, as options give them.
#include <gtest/gtest.h>

#include <cinttypes>

#include "fixture.h"

extern "C" {
#include "scenarios/select.h"
}

namespace
{

Scenario Groups()
{
    std::string message;
    Scenario scenario = load("general: {name: t, duration: 1s}\n"
                             "networks: [{name: lan, type: lan}]\n"
                             "groups:\n"
                             "- {name: server, image: x, count: 1, network: lan}\n"
                             "- {name: peer, image: x, count: 12, network: lan}\n"
                             "- {name: far-peer, image: x, count: 3, network: lan}\n",
                             &message);
    EXPECT_TRUE(scenario) << message;
    return scenario;
}

// The numbers of the nodes, or the error.
std::string Select(const scn_scenario *scenario, const std::string &text)
{
    struct error error = ERROR_INIT;
    struct scn_nodes nodes = {};
    if (scn_nodes_select(scenario, "--pcap", text.c_str(), &nodes, &error)) {
        return error.message;
    }
    std::string all;
    for (uint32_t i = 0; i < nodes.count; i++) {
        all += (i ? " " : "") + std::to_string(nodes.numbers[i]);
    }
    scn_nodes_fini(&nodes);
    return all;
}

std::string Find(const scn_scenario *scenario, const std::string &text)
{
    struct error error = ERROR_INIT;
    uint32_t node = 0;
    return scn_node_find(scenario, "--node", text.c_str(), &node, &error) ? error.message
                                                                          : std::to_string(node);
}

std::string Stretch(const std::string &text)
{
    struct error error = ERROR_INIT;
    struct scn_stretch stretch;
    if (scn_stretch_parse("--trace", text.c_str(), &stretch, &error)) {
        return error.message;
    }
    return std::string(stretch.in_instructions ? "instructions " : "ns ") +
           std::to_string(stretch.from) + " " +
           (stretch.to == UINT64_MAX ? "end" : std::to_string(stretch.to));
}

TEST(Select, TakesNodesGroupsRangesAndAll)
{
    Scenario scenario = Groups();
    EXPECT_EQ(Select(scenario.get(), "server"), "0");
    EXPECT_EQ(Select(scenario.get(), "peer-0"), "1");
    EXPECT_EQ(Select(scenario.get(), "peer-11"), "12");
    EXPECT_EQ(Select(scenario.get(), "far-peer"), "13 14 15");
    EXPECT_EQ(Select(scenario.get(), "peer-3..5"), "4 5 6");
    EXPECT_EQ(Select(scenario.get(), "far-peer-1..1"), "14");
    EXPECT_EQ(Select(scenario.get(), "all"), "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
}

TEST(Select, NamesEachNodeOnceInTheWorldsOrder)
{
    Scenario scenario = Groups();
    EXPECT_EQ(Select(scenario.get(), "far-peer-2,peer-3..4,server,peer-4,peer-4..5"), "0 4 5 6 15");
}

TEST(Select, SaysWhichNameIsWrongAndWhatWouldBeRight)
{
    Scenario scenario = Groups();
    EXPECT_EQ(Select(scenario.get(), "server,peer-12"),
              "--pcap: no node `peer-12`: group peer has nodes peer-0 to peer-11");
    EXPECT_EQ(Select(scenario.get(), "peer-9..12"),
              "--pcap: no node `peer-9..12`: group peer has nodes peer-0 to peer-11");
    EXPECT_EQ(Select(scenario.get(), "peer-5..3"),
              "--pcap: no node `peer-5..3`: group peer has nodes peer-0 to peer-11");
    EXPECT_EQ(Select(scenario.get(), "server-0"),
              "--pcap: no node `server-0`: group server has one node, server");
    EXPECT_EQ(Select(scenario.get(), "pere-3"),
              "--pcap: no node `pere-3`: did you mean peer? (group peer has nodes peer-0 to "
              "peer-11)");
    EXPECT_EQ(Select(scenario.get(), "servr"),
              "--pcap: no node `servr`: did you mean server? (group server has one node, server)");
    const std::string nothing = "expected names of nodes or groups, ranges such as peer-3..9, or "
                                "all; the first group is server";
    EXPECT_EQ(Select(scenario.get(), ""),
              "--pcap: ``: no node is named; expected names of nodes or groups, ranges such as "
              "peer-3..9, or all");
    for (const std::string text : {"peer,", ",peer", ",", "peer,,server"}) {
        EXPECT_EQ(Select(scenario.get(), text),
                  "--pcap: `" + text +
                      "`: no node is named before or behind a comma; expected "
                      "names of nodes or groups, ranges such as peer-3..9, or all");
    }
    EXPECT_EQ(Select(scenario.get(), "somebody else"),
              "--pcap: no node `somebody else`: " + nothing);
}

TEST(Select, RefusesWhatNoNameCouldBe)
{
    Scenario scenario = Groups();
    for (const char *text :
         {"..", "peer..", "peer-..", "peer-1..", "..3", "-", "peer-+1", "peer-99999999999999999999",
          "peer-1..99999999999999999999", "server..0", "server-0..0", "peer-1...3"}) {
        EXPECT_NE(Select(scenario.get(), text).find("--pcap: no node `"), std::string::npos)
            << text;
    }
    EXPECT_NE(Select(scenario.get(), std::string(5000, 'x')).find("no node `xxx"),
              std::string::npos);
}

TEST(Select, FindsOneNode)
{
    Scenario scenario = Groups();
    for (const char *several : {"all", "server,peer-1", "peer-1..3"}) {
        EXPECT_NE(Find(scenario.get(), several).find("; expected one node; give the option once"),
                  std::string::npos)
            << several;
    }
    EXPECT_EQ(Find(scenario.get(), "server"), "0");
    EXPECT_EQ(Find(scenario.get(), "peer-3"), "4");
    EXPECT_EQ(Find(scenario.get(), "peer"),
              "--node: `peer` is a group; expected one node, peer-0 to peer-11");
    EXPECT_EQ(Find(scenario.get(), "peer-20"),
              "--node: no node `peer-20`: group peer has nodes peer-0 to peer-11");
}

TEST(Stretch, IsInVirtualTimeOrInInstructions)
{
    EXPECT_EQ(Stretch("1s-1.5s"), "ns 1000000000 1500000000");
    EXPECT_EQ(Stretch("10ms-"), "ns 10000000 end");
    EXPECT_EQ(Stretch("-3us"), "ns 0 3000");
    EXPECT_EQ(Stretch("100-250"), "instructions 100 250");
    EXPECT_EQ(Stretch("7-"), "instructions 7 end");
    EXPECT_EQ(Stretch("-20"), "instructions 0 20");
    EXPECT_EQ(Stretch("-"), "ns 0 end");
}

TEST(Stretch, RefusesWhatIsNone)
{
    for (const char *text : {"", "5", "5-5", "9-3", "1s-20", "20-1s", "1s-1s", "a-b", "1-2-3",
                             "1s--2s", "-1x", "1.5-3", "99999999999999999999-"}) {
        EXPECT_EQ(Stretch(text), "--trace: `" + std::string(text) +
                                     "`; expected FROM-TO in virtual time such as 1s-1.5s, or in "
                                     "instructions such as 100-250, FROM before TO");
    }
    EXPECT_NE(Stretch(std::string(3000, '1') + "-").find("expected FROM-TO"), std::string::npos);
}

} // namespace
