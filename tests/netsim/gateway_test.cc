// The simulated gateway: ARP, forwarding, ICMP, and everything hostile.
#include "fake_world.h"

#include <algorithm>

static const uint64_t kDelay = 5000000;

class Gateway : public ::testing::Test
{
  protected:
    FakeWorld world{uniform_config(3, kDelay)};
    struct net_addressing a = net_addressing(world.network, 0);
    struct net_addressing b = net_addressing(world.network, 1);

    Bytes arp(uint32_t target, uint32_t operation = 1)
    {
        Bytes bytes = ethernet(kBroadcast, a.mac, 0x0806, 42);
        put16(bytes, 14, 1);
        put16(bytes, 16, 0x0800);
        bytes[18] = 6;
        bytes[19] = 4;
        put16(bytes, 20, operation);
        std::copy(a.mac, a.mac + 6, bytes.begin() + 22);
        put32(bytes, 28, a.address);
        std::fill(bytes.begin() + 32, bytes.begin() + 38, 0);
        put32(bytes, 38, target);
        return bytes;
    }
    // Sends and expects one drop of that cause, and no delivery to anybody else.
    void expect_drop(const Bytes &bytes, enum net_drop cause, size_t answers = 0)
    {
        world.drops.clear();
        world.deliveries.clear();
        world.send(0, world.now_ns + 1000000000, bytes);
        world.run();
        EXPECT_EQ(world.drops, (std::vector<Drop>{{0, cause, (uint32_t)bytes.size()}}));
        EXPECT_EQ(world.deliveries.size(), answers);
        EXPECT_EQ(world.delivered_to(0).size(), answers);
    }
    // The one answer to port 0, its Ethernet and IPv4 headers checked.
    Bytes icmp_answer()
    {
        EXPECT_EQ(world.deliveries.size(), 1u);
        Bytes bytes = world.deliveries.at(0).bytes;
        EXPECT_EQ(world.deliveries[0].port, 0u);
        EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + 6), Bytes(a.mac, a.mac + 6));
        EXPECT_EQ(Bytes(bytes.begin() + 6, bytes.begin() + 12),
                  Bytes(a.gateway_mac, a.gateway_mac + 6));
        EXPECT_EQ(get16(bytes, 12), 0x0800u);
        EXPECT_EQ(bytes[14], 0x45);
        EXPECT_EQ(get16(bytes, 16), bytes.size() - 14);
        EXPECT_EQ(checksum(bytes, 14, 34), 0u);
        EXPECT_EQ(bytes[23], 1);
        EXPECT_EQ(get32(bytes, 26), a.gateway);
        EXPECT_EQ(get32(bytes, 30), a.address);
        EXPECT_EQ(checksum(bytes, 34, bytes.size()), 0u);
        return bytes;
    }
    void expect_icmp_error(const Bytes &cause_packet, enum net_drop cause, uint8_t type,
                           uint8_t code)
    {
        expect_drop(cause_packet, cause, 1);
        Bytes answer = icmp_answer();
        EXPECT_EQ(answer[34], type);
        EXPECT_EQ(answer[35], code);
        EXPECT_EQ(get32(answer, 38), 0u);
        size_t quoted = (cause_packet[14] & 15u) * 4 + 8;
        EXPECT_EQ(Bytes(answer.begin() + 42, answer.end()),
                  Bytes(cause_packet.begin() + 14, cause_packet.begin() + 14 + quoted));
    }
    Bytes echo(uint32_t destination, size_t size)
    {
        Bytes bytes = packet(world.network, 0, destination, size, 1);
        bytes[34] = 8;
        bytes[35] = 0;
        put16(bytes, 36, 0);
        put16(bytes, 36, checksum(bytes, 34, size));
        return bytes;
    }
};

TEST_F(Gateway, EveryPortHasItsOwnSubnet)
{
    EXPECT_EQ(a.address, 0x0a000002u);
    EXPECT_EQ(a.gateway, 0x0a000001u);
    EXPECT_EQ(a.prefix, 30u);
    EXPECT_EQ(b.address, 0x0a000006u);
    EXPECT_EQ(b.gateway, 0x0a000005u);
    EXPECT_EQ(Bytes(b.mac, b.mac + 6), (Bytes{2, 0, 0, 0, 0, 1}));
    EXPECT_EQ(Bytes(b.gateway_mac, b.gateway_mac + 6), (Bytes{2, 1, 0, 0, 0, 1}));
    EXPECT_EQ(net_port_of_address(world.network, b.address), 1u);
    for (uint32_t address : {a.gateway, a.address - 2, a.address + 1, 0x0a00000eu, 0x09ffffffu}) {
        EXPECT_EQ(net_port_of_address(world.network, address), UINT32_MAX) << std::hex << address;
    }
}

TEST_F(Gateway, AnswersArpForItsAddress)
{
    world.send(0, 500, arp(a.gateway));
    world.run();
    ASSERT_EQ(world.deliveries.size(), 1u);
    EXPECT_EQ(world.deliveries[0].port, 0u);
    EXPECT_EQ(world.deliveries[0].time_ns, 500u + 1000);
    Bytes expected = ethernet(a.mac, a.gateway_mac, 0x0806, 42);
    put16(expected, 14, 1);
    put16(expected, 16, 0x0800);
    expected[18] = 6;
    expected[19] = 4;
    put16(expected, 20, 2);
    std::copy(a.gateway_mac, a.gateway_mac + 6, expected.begin() + 22);
    put32(expected, 28, a.gateway);
    std::copy(a.mac, a.mac + 6, expected.begin() + 32);
    put32(expected, 38, a.address);
    EXPECT_EQ(world.deliveries[0].bytes, expected);
    EXPECT_TRUE(world.drops.empty());
}

TEST_F(Gateway, AnswersNoArpForAnybodyElse)
{
    expect_drop(arp(b.address), NET_DROP_ARP_IGNORED);
    expect_drop(arp(b.gateway), NET_DROP_ARP_IGNORED);
    expect_drop(arp(a.gateway, 2), NET_DROP_ARP_IGNORED);
}

TEST_F(Gateway, HearsAnAnnouncementWithoutAnswerOrDrop)
{
    Bytes announcement = arp(a.address);
    world.send(0, 1000, announcement);
    world.run();
    EXPECT_TRUE(world.drops.empty());
    EXPECT_TRUE(world.deliveries.empty());
}

TEST_F(Gateway, RefusesMalformedArp)
{
    for (size_t at : {14u, 16u, 18u, 19u}) {
        Bytes bytes = arp(a.gateway);
        bytes[at] ^= 0x40;
        expect_drop(bytes, NET_DROP_MALFORMED);
    }
    Bytes whole = arp(a.gateway);
    for (size_t size = 14; size < 42; size++) {
        expect_drop(Bytes(whole.begin(), whole.begin() + size), NET_DROP_MALFORMED);
    }
}

TEST_F(Gateway, ForwardsWithOneHopTakenAndAddressesRewritten)
{
    Bytes sent = packet_to(world.network, 0, 1, 200);
    world.send(0, 1000, sent);
    world.run();
    ASSERT_EQ(world.deliveries.size(), 1u);
    EXPECT_EQ(world.deliveries[0].port, 1u);
    EXPECT_EQ(world.deliveries[0].time_ns, 1000 + kDelay);
    Bytes expected = sent;
    std::copy(b.mac, b.mac + 6, expected.begin());
    std::copy(b.gateway_mac, b.gateway_mac + 6, expected.begin() + 6);
    expected[22] = 63;
    ip_checksum_fill(expected);
    EXPECT_EQ(world.deliveries[0].bytes, expected);
}

TEST_F(Gateway, MendsTheChecksumForEveryHeader)
{
    for (uint32_t id = 0; id < 65536; id++) {
        Bytes sent = packet_to(world.network, 0, 1, 34);
        put16(sent, 18, id);
        sent[22] = (uint8_t)(2 + id % 254);
        ip_checksum_fill(sent);
        world.send(0, 1000, sent);
        world.run();
        const Bytes &got = world.deliveries.back().bytes;
        ASSERT_EQ(checksum(got, 14, 34), 0u) << id;
        ASSERT_EQ(got[22], sent[22] - 1);
    }
    EXPECT_EQ(world.deliveries.size(), 65536u);
}

TEST_F(Gateway, ForwardsOptionsAndFragmentsAndTrimsPadding)
{
    Bytes options = packet_to(world.network, 0, 1, 100);
    options[14] = 0x4f; // 60 bytes of header
    ip_checksum_fill(options);
    Bytes fragment = packet_to(world.network, 0, 1, 100);
    put16(fragment, 20, 0x2010);
    ip_checksum_fill(fragment);
    Bytes padded = packet_to(world.network, 0, 1, 40);
    padded.resize(60, 0xee);
    for (const Bytes &bytes : {options, fragment, padded}) {
        world.send(0, 0, bytes);
    }
    world.run();
    ASSERT_EQ(world.deliveries.size(), 3u);
    EXPECT_EQ(checksum(world.deliveries[0].bytes, 14, 74), 0u);
    EXPECT_EQ(get16(world.deliveries[1].bytes, 20), 0x2010u);
    EXPECT_EQ(world.deliveries[2].bytes.size(), 40u);
}

TEST_F(Gateway, ReachesItsOwnNodeThroughTheLoop)
{
    world.send(0, 100, packet_to(world.network, 0, 0));
    world.run();
    ASSERT_EQ(world.delivered_to(0).size(), 1u);
    EXPECT_EQ(world.deliveries[0].time_ns, 1100u);
}

TEST_F(Gateway, AnswersEchoToItself)
{
    for (size_t size : {42u, 43u, 98u, 1514u}) {
        world.deliveries.clear();
        Bytes sent = echo(a.gateway, size);
        world.send(0, world.now_ns, sent);
        world.run();
        Bytes answer = icmp_answer();
        EXPECT_EQ(answer[34], 0);
        EXPECT_EQ(Bytes(answer.begin() + 38, answer.end()), Bytes(sent.begin() + 38, sent.end()));
    }
    EXPECT_TRUE(world.drops.empty());
}

TEST_F(Gateway, RefusesBadEchoAndOtherServices)
{
    Bytes wrong_sum = echo(a.gateway, 98);
    wrong_sum[60] ^= 1;
    expect_drop(wrong_sum, NET_DROP_MALFORMED);
    expect_drop(packet(world.network, 0, a.gateway, 41, 1), NET_DROP_MALFORMED); // 7 bytes of ICMP
    Bytes reply = echo(a.gateway, 98);
    reply[34] = 0;
    put16(reply, 36, 0);
    put16(reply, 36, checksum(reply, 34, 98));
    expect_drop(reply, NET_DROP_GATEWAY_REFUSED);
    Bytes fragment = echo(a.gateway, 98);
    put16(fragment, 20, 0x2000);
    ip_checksum_fill(fragment);
    expect_drop(fragment, NET_DROP_GATEWAY_REFUSED);
    expect_icmp_error(packet(world.network, 0, a.gateway, 60, 17), NET_DROP_GATEWAY_REFUSED, 3, 3);
    expect_icmp_error(packet(world.network, 0, a.gateway, 60, 6), NET_DROP_GATEWAY_REFUSED, 3, 2);
}

TEST_F(Gateway, TellsTheSenderThatTheTimeToLiveExpired)
{
    expect_icmp_error(packet(world.network, 0, b.address, 60, 17, 1), NET_DROP_TTL_EXPIRED, 11, 0);
    expect_icmp_error(packet(world.network, 0, b.address, 60, 17, 0), NET_DROP_TTL_EXPIRED, 11, 0);
    Bytes options = packet(world.network, 0, b.address, 100, 17, 1);
    options[14] = 0x4f;
    ip_checksum_fill(options);
    expect_icmp_error(options, NET_DROP_TTL_EXPIRED, 11, 0);
    // Two hops are enough.
    world.deliveries.clear();
    world.send(0, world.now_ns, packet(world.network, 0, b.address, 60, 17, 2));
    world.run();
    EXPECT_EQ(world.delivered_to(1).size(), 1u);
}

TEST_F(Gateway, TellsTheSenderThatNobodyIsThere)
{
    expect_icmp_error(packet(world.network, 0, 0x0a00000e), NET_DROP_NO_HOST, 3, 1);
    expect_icmp_error(packet(world.network, 0, b.gateway), NET_DROP_NO_HOST, 3, 1);
    expect_icmp_error(packet(world.network, 0, 0x08080808), NET_DROP_NO_ROUTE, 3, 0);
}

TEST_F(Gateway, QuotesNoMoreThanThePacketHas)
{
    Bytes bytes = packet(world.network, 0, 0x08080808, 14 + 20 + 3);
    bytes.resize(60, 0xee); // padding is not quoted
    expect_drop(bytes, NET_DROP_NO_ROUTE, 1);
    EXPECT_EQ(icmp_answer().size(), 14u + 20 + 8 + 23);
}

TEST_F(Gateway, SendsNoErrorAboutErrorsAndLaterFragments)
{
    for (uint8_t type : {3, 4, 5, 11, 12}) {
        Bytes error = packet(world.network, 0, 0x08080808, 60, 1);
        error[34] = type;
        expect_drop(error, NET_DROP_NO_ROUTE);
    }
    Bytes fragment = packet(world.network, 0, 0x08080808);
    put16(fragment, 20, 1);
    ip_checksum_fill(fragment);
    expect_drop(fragment, NET_DROP_NO_ROUTE);
    expect_drop(packet(world.network, 0, 0x08080808, 34, 1), NET_DROP_NO_ROUTE); // no type at all
    Bytes ping = packet(world.network, 0, 0x08080808, 60, 1);
    ping[34] = 8;
    expect_drop(ping, NET_DROP_NO_ROUTE, 1);
}

TEST_F(Gateway, BoundsTheRateOfItsErrors)
{
    Bytes bytes = packet(world.network, 0, 0x08080808);
    for (int i = 0; i < 1000; i++) {
        world.send(0, 0, bytes);
    }
    EXPECT_EQ(world.events.size(), NET_ICMP_BURST);
    world.run();
    world.send(0, NET_ICMP_INTERVAL_NS - 1, bytes);
    EXPECT_EQ(world.events.size(), 0u);
    world.send(0, NET_ICMP_INTERVAL_NS, bytes);
    EXPECT_EQ(world.events.size(), 1u);
    world.run();
    // A second of flooding gets what the rate allows and the burst, not more.
    for (uint64_t i = 0; i < 100000; i++) {
        world.send(0, 1000000000 + i * 10000, bytes);
    }
    EXPECT_EQ(world.events.size(), 100u + NET_ICMP_BURST - 1);
    EXPECT_EQ(world.drop_count(0, NET_DROP_NO_ROUTE), 101002u);
    // The burst of another port's gateway is its own.
    size_t before = world.events.size();
    world.send(1, 0, packet(world.network, 1, 0x08080808));
    EXPECT_EQ(world.events.size(), before + 1);
}

TEST_F(Gateway, DropsWhatIsNotForIt)
{
    Bytes bytes = packet_to(world.network, 0, 1);
    for (int i = 0; i < 6; i++) {
        Bytes other = bytes;
        other[i] ^= 0x02;
        expect_drop(other, NET_DROP_NOT_FOR_GATEWAY);
    }
    Bytes broadcast = bytes;
    std::copy(kBroadcast, kBroadcast + 6, broadcast.begin());
    expect_drop(broadcast, NET_DROP_BROADCAST);
    expect_drop(packet(world.network, 0, 0xffffffff), NET_DROP_BROADCAST);
    expect_drop(packet(world.network, 0, 0xe0000001), NET_DROP_BROADCAST);
    expect_drop(packet(world.network, 0, a.address + 1), NET_DROP_BROADCAST);
    expect_drop(ethernet(a.gateway_mac, a.mac, 0x86dd, 60), NET_DROP_PROTOCOL);
    expect_drop(ethernet(a.gateway_mac, a.mac, 60, 60), NET_DROP_PROTOCOL);
}

TEST_F(Gateway, DropsForgedSources)
{
    for (uint32_t source : {b.address, a.gateway, 0u, 0x08080808u}) {
        Bytes bytes = packet_to(world.network, 0, 1);
        put32(bytes, 26, source);
        ip_checksum_fill(bytes);
        expect_drop(bytes, NET_DROP_SPOOFED);
    }
}

TEST_F(Gateway, DropsBadHeaders)
{
    Bytes good = packet_to(world.network, 0, 1, 60);
    auto with = [&](size_t at, uint8_t value) {
        Bytes bytes = good;
        bytes[at] = value;
        ip_checksum_fill(bytes);
        return bytes;
    };
    expect_drop(with(14, 0x65), NET_DROP_IP_HEADER); // version 6
    expect_drop(with(14, 0x44), NET_DROP_IP_HEADER); // 16 bytes of header
    expect_drop(with(14, 0x40), NET_DROP_IP_HEADER);
    expect_drop(with(14, 0x4f), NET_DROP_IP_HEADER); // 60, longer than the packet
    expect_drop(with(17, 19), NET_DROP_IP_HEADER);   // total shorter than the header
    expect_drop(with(17, 47), NET_DROP_IP_HEADER);   // total longer than the frame
    expect_drop(with(16, 0xff), NET_DROP_IP_HEADER);
    for (size_t bit = 0; bit < 160; bit++) { // any one bit of the header
        Bytes bytes = good;
        bytes[14 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        world.drops.clear();
        world.send(0, world.now_ns, bytes);
        ASSERT_EQ(world.drops.size(), 1u) << bit;
        EXPECT_TRUE(world.drops[0].cause == NET_DROP_IP_CHECKSUM ||
                    world.drops[0].cause == NET_DROP_IP_HEADER)
            << bit;
    }
    EXPECT_TRUE(world.events.empty());
    for (size_t size = 14; size < 60; size++) { // cut short
        Bytes bytes(good.begin(), good.begin() + size);
        expect_drop(bytes, NET_DROP_IP_HEADER);
    }
}

TEST_F(Gateway, DropsFramesOfImpossibleSize)
{
    Bytes good = packet_to(world.network, 0, 1, 1514);
    for (size_t size : {0u, 1u, 13u, 1515u, 9000u, 65536u}) {
        Bytes bytes = good;
        bytes.resize(size);
        bytes.shrink_to_fit(); // so that the address sanitizer sees a read past the end
        expect_drop(bytes, NET_DROP_MALFORMED);
    }
    EXPECT_EQ(net_counters(world.network, 0).frames_sent, 6u);
}

TEST_F(Gateway, SurvivesRandomFrames)
{
    uint64_t random = 1;
    auto next = [&] { return random = random * 6364136223846793005u + 1442695040888963407u; };
    for (int i = 0; i < 200000; i++) {
        Bytes bytes = i % 2 ? packet_to(world.network, 0, 1, 60) : arp(a.gateway);
        bytes.resize(14 + (next() >> 33) % (bytes.size() - 13));
        bytes.shrink_to_fit();
        for (int flips = 0; flips < 4; flips++) {
            bytes[(next() >> 33) % bytes.size()] = (uint8_t)(next() >> 40);
        }
        if (bytes.size() >= 34 && i % 4 == 1 && (size_t)(bytes[14] & 15) * 4 + 14 <= bytes.size()) {
            ip_checksum_fill(bytes);
        }
        world.send(0, (uint64_t)i * 1000, bytes);
        world.run();
    }
    uint64_t dropped = 0;
    for (int cause = 0; cause < NET_DROP_COUNT; cause++) {
        dropped += world.drop_count(0, (enum net_drop)cause);
    }
    EXPECT_EQ(net_counters(world.network, 0).frames_sent, 200000u);
    EXPECT_GT(dropped, 100000u);
    EXPECT_LE(dropped, 200000u);
}
