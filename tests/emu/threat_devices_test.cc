/*
 * Guests that use devices and services as rudely as these allow, among guests that do not: each
 * keeps to its bounds, nobody else's digest is another, and all engines tell the same.
 * docs/threat-model.md names these tests.
 */
#include "world_fixture.h"

static const uint64_t kMs_ns = 1000000;
static const uint64_t kEnd_ns = 20 * kMs_ns;
static const uint32_t kNodes = 7;

/* Node 0 is the offender, with everything a machine can have; 1 and 2 share its LAN, which has
 * services; 3, 4 and 5 have another; 6 has none. */
static std::string Neighbourhood(char behaviour)
{
    std::string good = ", image: " + GuestPath("chatter") + ", memory: 1MiB, cpu_hz: 20MHz, ";
    return "general: {name: threat, seed: 5, duration: 1h}\n"
           "networks:\n"
           "- {name: near, type: lan, latency: 100us, rate: 100Mbit, queue: 16KiB,"
           " services: [dhcp, dns]}\n"
           "- {name: far, type: lan, latency: 100us, rate: 100Mbit, queue: 16KiB}\n"
           "groups:\n"
           "- {name: abuser, image: " +
           GuestPath("abuse") +
           ", memory: 256KiB, cpu_hz: 20MHz, network: near, screen: 64x48,"
           " disks: [{name: data, size: 1MiB, rate: 8000Mbit}], limits: {disk: 64KiB},"
           " keyboard: [{at: 1ms, every: 0s, keys: " +
           std::string(100, 'a') + "}], arguments: [\"" + behaviour + "\"]}\n- {name: near" + good +
           "count: 2, network: near, spread: 1ms}\n- {name: far" + good +
           "count: 3, network: far, spread: 1ms}\n- {name: alone, image: " + GuestPath("spin") +
           ", memory: 128KiB, cpu_hz: 1MHz, network: none}\n";
}

class ThreatToDevices : public testing::TestWithParam<std::string>
{
  protected:
    /* Runs the neighbourhood with the offender and with a quiet guest in its place; the nodes from
     * first_unhurt on have the same digests. The offender itself has the reference's. */
    struct emu_node_report RunBeside(char behaviour, uint32_t first_unhurt)
    {
        TestWorld peace(Neighbourhood('.'), GetParam().c_str());
        TestWorld world(Neighbourhood(behaviour), GetParam().c_str());
        TestWorld reference(Neighbourhood(behaviour), "interpreter");
        peace.Run(kEnd_ns);
        world.Run(kEnd_ns);
        reference.Run(kEnd_ns);
        EXPECT_STREQ(peace.Report(0).state, "idle");
        EXPECT_EQ(peace.Report(0).keys_dropped, 200u - 64u) << "nobody reads them";
        EXPECT_GT(peace.Report(1).frames_received, 10u)
            << "neighbours that do not talk show nothing";
        for (uint32_t node = first_unhurt; node < kNodes; node++) {
            EXPECT_EQ(world.Report(node).digest, peace.Report(node).digest) << "node " << node;
            EXPECT_EQ(world.Report(node).instructions, peace.Report(node).instructions);
        }
        EXPECT_EQ(world.Digest(), reference.Digest());
        struct emu_node_report report = world.Report(0);
        EXPECT_STREQ(report.state, "running")
            << vcpu_fault_text(report.fault.kind) << " at " << std::hex << report.fault.eip
            << ", exit code " << report.exit_code;
        screen_ = {};
        emu_world_node_screen(world.get(), 0, &screen_);
        free(screen_.rgb);
        return report;
    }

    struct emu_screen screen_ = {};
};

INSTANTIATE_TEST_SUITE_P(Engines, ThreatToDevices, testing::ValuesIn(EngineNames()),
                         [](const auto &info) { return info.param; });

TEST_P(ThreatToDevices, AConsolePrintedOnByteByByteHurtsNobody)
{
    struct emu_node_report report = RunBeside('b', 1);
    EXPECT_NEAR((double)report.console_bytes, (double)report.instructions / 3, 10)
        << "a byte each third instruction";
}

TEST_P(ThreatToDevices, ADiskFilledBeyondItsLimitKeepsToItAndHurtsNobody)
{
    struct emu_node_report report = RunBeside('d', 1);
    EXPECT_EQ(report.disk_blocks_private, 16u);
    EXPECT_GT(report.disk_writes, 16u) << "what is its own may be written again";
}

TEST_P(ThreatToDevices, EntropyDrawnWithoutEndIsNobodyElses)
{
    RunBeside('e', 1);
}

TEST_P(ThreatToDevices, AScreenSetWithoutEndHurtsNobodyAndCanBeLookedAt)
{
    RunBeside('f', 1);
    EXPECT_EQ(screen_.width, 64u);
    EXPECT_EQ(screen_.height, 48u);
}

TEST_P(ThreatToDevices, KeysAskedForWithoutEndHurtNobody)
{
    struct emu_node_report report = RunBeside('k', 1);
    EXPECT_EQ(report.keys_dropped, 200u - 64u) << "all are pressed at once";
}

TEST_P(ThreatToDevices, AFloodOfRequestsForAddressesStaysOnItsOwnNetwork)
{
    struct emu_node_report report = RunBeside('s', 3);
    EXPECT_GT(report.frames_sent, 10000u);
    EXPECT_GT(report.frames_received + Drops(report, "nic_full"), 200u)
        << "the good ones among them are answered";
}

TEST_P(ThreatToDevices, AFloodOfRequestsForNamesStaysOnItsOwnNetwork)
{
    struct emu_node_report report = RunBeside('n', 3);
    EXPECT_GT(report.frames_sent, 10000u);
    EXPECT_GT(report.frames_received + Drops(report, "nic_full"), 500u) << "it was answered";
}

/* In the wide area the gateway answers whoever asks, and nobody else hears of it. */
TEST_P(ThreatToDevices, InTheWideAreaAFloodOfRequestsIsNoticedByNobody)
{
    std::vector<uint64_t> digests[3];
    for (int i = 0; i < 3; i++) {
        char behaviour = ".sn"[i];
        SCOPED_TRACE(behaviour);
        std::string stream = GuestPath("stream") + ", memory: 256KiB, network: wan, arguments: ";
        TestWorld world("general: {name: wan, duration: 1s}\n"
                        "networks: [{name: wan, type: wan, delay: 1ms, up: 100Mbit,"
                        " down: 100Mbit, services: [dhcp, dns]}]\n"
                        "groups:\n- {name: abuser, image: " +
                            GuestPath("abuse") +
                            ", memory: 256KiB, network: wan, cpu_hz: 20MHz, arguments: [\"" +
                            behaviour + "\"]}\n- {name: sender, cpu_hz: 1MHz, image: " + stream +
                            "[\"p21\"]}\n- {name: receiver, cpu_hz: 1GHz, image: " + stream +
                            "[\"r\"]}\n",
                        GetParam().c_str());
        world.Run(kEnd_ns);
        struct emu_node_report report = world.Report(0);
        uint64_t answers = report.frames_received + Drops(report, "nic_full");
        if (behaviour == '.') {
            EXPECT_EQ(answers, 0u);
        } else {
            EXPECT_STREQ(report.state, "running");
            EXPECT_GT(answers, 200u);
        }
        EXPECT_GT(world.Report(2).frames_received, 1u) << "the others must have something to do";
        digests[i] = {world.Report(1).digest, world.Report(2).digest};
    }
    EXPECT_EQ(digests[0], digests[1]);
    EXPECT_EQ(digests[0], digests[2]);
}
