// pcapng: what is written is read again, byte for byte what the format says; damage is refused.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/temporary_folder.h"

extern "C" {
#include <traces/capture.h>
#include <traces/pcapng.h>
}

namespace
{

using Bytes = std::vector<uint8_t>;

const uint8_t kFrame[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6, 0x55};

trace_pcapng_interface Interface()
{
    trace_pcapng_interface interface = {};
    interface.application = "denali 0";
    interface.comment = "which run";
    interface.name = "peer-17";
    interface.mac[0] = 2;
    interface.mac[5] = 17;
    interface.has_address = true;
    interface.address = 0x0a000006;
    interface.prefix = 30;
    interface.up_bps = 1000000;
    interface.down_bps = 2000000;
    return interface;
}

trace_pcapng_packet Packet(uint64_t time_ns, const char *comment)
{
    trace_pcapng_packet packet = {};
    packet.time_ns = time_ns;
    packet.direction = TRACE_SENT;
    packet.bytes = kFrame;
    packet.size_bytes = sizeof kFrame;
    packet.comment = comment;
    return packet;
}

Bytes Small()
{
    struct writer writer;
    writer_init(&writer);
    trace_pcapng_interface interface = Interface();
    trace_pcapng_packet packet = Packet(0x123456789abcull, "peer-17, instruction 5");
    trace_pcapng_section_write(&writer, &interface);
    trace_pcapng_packet_write(&writer, &packet);
    packet.direction = TRACE_RECEIVED;
    packet.lost = 3;
    packet.comment = nullptr;
    trace_pcapng_packet_write(&writer, &packet);
    trace_pcapng_statistics_write(&writer, 0x123456789abdull, 4, 3, "why");
    Bytes bytes(writer.bytes, writer.bytes + writer.size_bytes);
    writer_fini(&writer);
    return bytes;
}

// Reads all; the last block read is in *block. On an error its text is in *message.
std::vector<trace_pcapng_block> Read(const Bytes &bytes, std::string *message = nullptr)
{
    struct trace_pcapng_reader reader;
    struct error error = ERROR_INIT;
    std::vector<trace_pcapng_block> blocks;
    trace_pcapng_reader_init(&reader, "x.pcapng", bytes.data(), bytes.size());
    for (;;) {
        trace_pcapng_block block;
        if (trace_pcapng_read(&reader, &block, &error)) {
            if (message) {
                *message = error.message;
            }
            return blocks;
        }
        if (block.kind == TRACE_PCAPNG_END) {
            return blocks;
        }
        blocks.push_back(block);
    }
}

std::string Text(const trace_pcapng_block &block)
{
    return block.text ? std::string(block.text, block.text_bytes) : "(none)";
}

TEST(Pcapng, IsReadAsItWasWritten)
{
    const Bytes bytes = Small();
    std::string message;
    auto blocks = Read(bytes, &message);
    ASSERT_EQ(blocks.size(), 5u) << message;
    EXPECT_EQ(blocks[0].kind, TRACE_PCAPNG_SECTION);
    EXPECT_EQ(Text(blocks[0]), "which run");
    EXPECT_EQ(blocks[1].kind, TRACE_PCAPNG_INTERFACE);
    EXPECT_EQ(Text(blocks[1]), "peer-17");
    EXPECT_EQ(blocks[2].kind, TRACE_PCAPNG_PACKET);
    EXPECT_EQ(Text(blocks[2]), "peer-17, instruction 5");
    EXPECT_EQ(blocks[2].time_ns, 0x123456789abcull);
    EXPECT_EQ(blocks[2].direction, TRACE_SENT);
    EXPECT_EQ(blocks[2].original_bytes, sizeof kFrame);
    EXPECT_EQ(Bytes(blocks[2].bytes, blocks[2].bytes + blocks[2].size_bytes),
              Bytes(kFrame, kFrame + sizeof kFrame));
    EXPECT_EQ(blocks[2].lost, 0u);
    EXPECT_EQ(blocks[3].direction, TRACE_RECEIVED);
    EXPECT_EQ(blocks[3].lost, 3u);
    EXPECT_EQ(Text(blocks[3]), "(none)");
    EXPECT_EQ(blocks[4].kind, TRACE_PCAPNG_STATISTICS);
    EXPECT_EQ(blocks[4].time_ns, 0x123456789abdull);
    EXPECT_EQ(blocks[4].came, 4u);
    EXPECT_EQ(Text(blocks[4]), "why");
    EXPECT_EQ(blocks[4].lost, 3u);
}

// The bytes of draft-ietf-opsawg-pcapng, sections 4.1 to 4.3, by hand.
TEST(Pcapng, IsByteForByteWhatTheFormatSays)
{
    struct writer writer;
    writer_init(&writer);
    trace_pcapng_interface interface = {};
    interface.name = "n";
    interface.mac[0] = 2;
    interface.up_bps = interface.down_bps = 256;
    trace_pcapng_section_write(&writer, &interface);
    trace_pcapng_packet packet = Packet(0x100000002ull, "c");
    trace_pcapng_packet_write(&writer, &packet);
    const Bytes expected = {
        // section header: type, length 32, byte order, 1.0, length unknown, no options, length
        0x0a, 0x0d, 0x0d, 0x0a, 32, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255,
        255, 255, 255, 255, 0, 0, 0, 0, 32, 0, 0, 0,
        // interface: Ethernet, no limit
        1, 0, 0, 0, 64, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        // if_name, if_MACaddr, if_speed, if_tsresol, end
        2, 0, 1, 0, 'n', 0, 0, 0, 6, 0, 6, 0, 2, 0, 0, 0, 0, 0, 0, 0, 8, 0, 8, 0, 0, 1, 0, 0, 0, 0,
        0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0,
        // packet: interface 0, time high then low, 15 bytes of 15
        6, 0, 0, 0, 68, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 15, 0, 0, 0, 15, 0, 0, 0, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6, 0x55, 0,
        // opt_comment, epb_flags (outbound, broadcast), end
        1, 0, 1, 0, 'c', 0, 0, 0, 2, 0, 4, 0, 0xe, 0, 0, 0, 0, 0, 0, 0, 68, 0, 0, 0};
    EXPECT_EQ(Bytes(writer.bytes, writer.bytes + writer.size_bytes), expected);
    writer_fini(&writer);
}

TEST(Pcapng, CutAnywhereIsReadUpToThereOrRefused)
{
    const Bytes bytes = Small();
    size_t whole = 0;
    for (size_t size = 0; size <= bytes.size(); size++) {
        std::string message;
        const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
        auto blocks = Read(cut, &message);
        whole += message.empty();
        EXPECT_TRUE(message.empty() || message.find("is cut off") != std::string::npos) << message;
    }
    EXPECT_EQ(whole, 6u) << "only where a block ends, and before the first";
}

TEST(Pcapng, RefusesWhatItCannotReadAndSaysWhere)
{
    struct Case {
        size_t at;
        uint8_t value;
        const char *message;
    };
    const Bytes bytes = Small();
    auto blocks = Read(bytes);
    size_t section = bytes[4];
    size_t packet = section + bytes[section + 4];
    for (const Case &c : {Case{8, 0x1a, "is a section that is not little-endian"},
                          Case{12, 2, "is of another version of pcapng"},
                          Case{0, 0x0b, "is not a section header: this is no pcapng file"},
                          Case{4, 33, "has a length that no block has"},
                          Case{4, 8, "has a length that no block has"},
                          Case{section - 4, 8, "ends with another length than it begins with"},
                          Case{section + 8, 9, "is an interface of another kind than Ethernet"},
                          Case{packet + 8, 1, "names an interface that was not described"},
                          Case{packet + 21, 1, "is a packet that reaches past its end"}}) {
        Bytes bad = bytes;
        bad[c.at] = c.value;
        std::string message;
        Read(bad, &message);
        EXPECT_NE(message.find(c.message), std::string::npos) << c.message << ": " << message;
        EXPECT_NE(message.find(c.at >= packet    ? std::to_string(packet)
                               : c.at >= section ? std::to_string(section)
                                                 : "byte 0 "),
                  std::string::npos)
            << message;
    }
}

// --- captures of a run -------------------------------------------------------------------------

struct CapturedRun {
    support::TemporaryFolder folder;
    trace_run *run = nullptr;
    struct error error = ERROR_INIT;

    CapturedRun()
    {
        const std::string path = folder.path("run");
        trace_run_options options = {path.c_str(), nullptr, "x", 1};
        EXPECT_EQ(trace_run_create(&options, &run, &error), STATUS_OK) << error.message;
    }
    void Begin(const std::string &node, uint64_t limit_bytes = TRACE_CAPTURE_LIMIT_BYTES)
    {
        trace_pcapng_interface interface = Interface();
        EXPECT_EQ(trace_run_capture_begin(run, node.c_str(), &interface, limit_bytes, &error),
                  STATUS_OK);
    }
    Bytes File(const std::string &node)
    {
        const std::string text = folder.read("run/nodes/" + node + "/" + node + ".pcapng");
        return Bytes(text.begin(), text.end());
    }
};

TEST(Capture, IsAFileEvenOfANodeThatWasSilent)
{
    CapturedRun run;
    run.Begin("a");
    run.Begin("b");
    trace_pcapng_packet packet = Packet(7, "b, instruction 1");
    packet.direction = TRACE_RECEIVED;
    trace_run_capture_lost(run.run, 1);
    trace_run_capture_lost(run.run, 1);
    EXPECT_EQ(trace_run_capture_packet(run.run, 1, &packet, &run.error), STATUS_OK);
    trace_run_capture_lost(run.run, 1);
    EXPECT_EQ(trace_run_captures_end(run.run, 100, &run.error), STATUS_OK);
    trace_run_abandon(run.run, "the test is over");
    const Bytes silent_bytes = run.File("a");
    const Bytes bytes = run.File("b");
    auto silent = Read(silent_bytes);
    ASSERT_EQ(silent.size(), 3u);
    EXPECT_EQ(silent[2].came, 0u);
    auto blocks = Read(bytes);
    ASSERT_EQ(blocks.size(), 4u);
    EXPECT_EQ(blocks[2].lost, 2u);
    EXPECT_EQ(blocks[3].came, 4u);
    EXPECT_EQ(blocks[3].lost, 3u);
}

TEST(Capture, OfManyNodesStaysInBoundsAndIsWhole)
{
    const uint32_t nodes = 300;
    const uint32_t packets = 2000;
    CapturedRun run;
    for (uint32_t i = 0; i < nodes; i++) {
        run.Begin("n" + std::to_string(i));
    }
    trace_pcapng_packet packet = Packet(0, "n, instruction 1234567890");
    for (uint32_t i = 0; i < packets; i++) {
        packet.time_ns = i;
        for (uint32_t node = 0; node < nodes; node += 1 + (i % 7 ? nodes : 0)) {
            ASSERT_EQ(trace_run_capture_packet(run.run, node, &packet, &run.error), STATUS_OK);
        }
    }
    EXPECT_GT(run.File("n0").size(), 64u << 10) << "written before the end";
    EXPECT_EQ(run.File("n1").size(), 0u) << "gathered until there is enough";
    EXPECT_EQ(trace_run_captures_end(run.run, packets, &run.error), STATUS_OK);
    trace_run_abandon(run.run, "the test is over");
    for (uint32_t node : {0u, 1u, nodes - 1}) {
        const Bytes bytes = run.File("n" + std::to_string(node));
        auto blocks = Read(bytes);
        EXPECT_EQ(blocks.size(), 3u + (node ? (packets + 6) / 7 : packets)) << node;
    }
}

TEST(Capture, IsCutAtItsLimitAndSaysSo)
{
    CapturedRun run;
    run.Begin("a", 1000);
    trace_pcapng_packet packet = Packet(7, "a, instruction 1");
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(trace_run_capture_packet(run.run, 0, &packet, &run.error), STATUS_OK);
        packet.size_bytes = i % 2 ? sizeof kFrame : 1;
    }
    EXPECT_EQ(trace_run_captures_end(run.run, 100, &run.error), STATUS_OK);
    trace_run_abandon(run.run, "the test is over");
    const Bytes bytes = run.File("a");
    EXPECT_LT(bytes.size(), 1500u);
    auto blocks = Read(bytes);
    const size_t packets = blocks.size() - 3;
    EXPECT_GT(packets, 5u);
    EXPECT_EQ(Text(blocks.back()), "cut: " + std::to_string(100 - packets) +
                                       " packets more would have gone beyond the limit of this "
                                       "file");
}

TEST(Capture, OfAnInterruptedRunIsThereUpToTheInterruption)
{
    CapturedRun run;
    run.Begin("a");
    trace_pcapng_packet packet = Packet(7, nullptr);
    EXPECT_EQ(trace_run_capture_packet(run.run, 0, &packet, &run.error), STATUS_OK);
    trace_run_abandon(run.run, "interrupted");
    const Bytes bytes = run.File("a");
    EXPECT_EQ(Read(bytes).size(), 3u);
}

} // namespace
