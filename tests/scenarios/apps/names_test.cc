/* What networks do for their machines, as programs see it: names, addresses that are asked for, and
 * ICMP, on both kinds of network; and that a lease costs next to nothing. */
#include "emu/denali_process.h"

using support::TemporaryFolder;

namespace
{

const std::string kImages = std::string(DENALI_BINARY_DIR) + "/images/";

class Names : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!HasProgram("ping")) {
            GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
        }
    }
    Outcome Run(const std::string &scenario, std::vector<std::string> options = {})
    {
        folder_.write("s.yaml", scenario);
        out_ = "run-" + std::to_string(runs_++);
        options.insert(options.begin(), {"run", "s.yaml", "--quiet", "--out", out_});
        return Denali(folder_, options);
    }
    std::string Console(const std::string &node)
    {
        return folder_.read(out_ + "/nodes/" + node + "/console.log");
    }

    TemporaryFolder folder_;
    std::string out_;

  private:
    int runs_ = 0;
};

TEST_F(Names, AddressesAndErrorsFindTheirWayOnEveryNetwork)
{
    for (const char *network : {"type: wan, delay: 3ms", "type: lan"}) {
        for (const char *services : {"[dns]", "[dhcp, dns]"}) {
            const std::string kind = std::string(network).substr(6, 3);
            std::string scenario = std::string("general: {duration: 40s}\nnetworks:\n") +
                                   "  - {name: here, " + network + ", services: " + services + R"(}
  - {name: there, type: lan, subnet: 192.168.0.0/24}
groups:
  - {name: first, image: )" + kImages +
                                   R"(test_neighbours.img, count: 3, network: here, spread: 1s,
     start: 100ms, arguments: [all, "${node.address}", "${address:peer:0}", )" +
                                   kind + R"(]}
  - {name: peer, image: echo-server, network: here}
  - {name: stranger, image: echo-server, network: there}
expectations:
  - {metric: run.nodes_terminated, equals: 3}
  - {metric: run.nodes_failed, equals: 0}
  - {metric: run.faults, equals: 0}
)";
            Outcome outcome = Run(scenario, {"--jobs", "1"});
            EXPECT_EQ(outcome.code, 0) << kind << services << outcome.err << Console("first-0");
            std::string digest = DigestOfRun(folder_, out_);
            EXPECT_EQ(Run(scenario, {"--jobs", "2"}).code, 0);
            EXPECT_EQ(DigestOfRun(folder_, out_), digest) << kind << services;
        }
    }
}

/* Machines whose links are full of other traffic hear neither of the services for forty seconds. */
TEST_F(Names, WhoHearsNothingIsToldSoAndAsksAgain)
{
    for (const char *mode : {"late", "deaf"}) {
        bool asks = std::string(mode) == "late";
        Outcome outcome = Run(R"(
general: {duration: 400s}
networks:
  - {name: net, type: wan, delay: 1ms, up: 1Mbit, down: 8kbit, queue_down: 1514B, services: [)" +
                              std::string(asks ? "dhcp, dns" : "dns") + R"(]}
groups:
  - {name: flood, image: echo-client, network: net,
     arguments: [--server, "${address:victim:0}", --count, 4000, --interval-ms, 10, --timeout-ms, 1]}
  - {name: victim, image: )" + kImages +
                              R"(test_neighbours.img, network: net, start: 3s, arguments: [)" +
                              mode + R"(]}
  - {name: peer, image: echo-server, network: net}
)");
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        std::string console = Console("victim");
        EXPECT_EQ(console.find("ilwaco: no DHCP server answered in 30 s") != std::string::npos,
                  asks);
        EXPECT_NE(console.find("neighbours: 0 checks failed"), std::string::npos) << console;
    }
}

TEST_F(Names, ALeaseIsRenewedAndCostsNextToNothing)
{
    for (const char *network : {"type: wan, delay: 3ms", "type: lan"}) {
        Outcome outcome = Run(std::string("general: {duration: 80h}\nnetworks:\n  - {name: net, ") +
                              network + R"(, services: [dhcp, dns]}
groups:
  - {name: quiet, image: echo-server, count: 2, network: net}
  - {name: visitor, image: ping, network: net, start: 79h, arguments: [quiet-0, quiet-1]}
expectations:
  - {metric: ping.success, statistic: sum, equals: 8}
)");
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        std::vector<std::string> wakeups = NodesColumn(folder_, out_, "wakeups");
        std::vector<std::string> sent = NodesColumn(folder_, out_, "frames_sent");
        for (int node = 0; node < 2; node++) {
            /* Half a lease is twelve hours, so six renewals, of a wake-up or two each. */
            EXPECT_GE(std::stoi(sent[node]), 3 + 6);
            EXPECT_LT(std::stoi(wakeups[node]), 60);
        }
    }
}

} // namespace
