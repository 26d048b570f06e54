// The hosts that services run on: the gateway's UDP, and on a LAN a host of its own beside the
// switch.
#include "datagram.h"

#include <algorithm>

namespace
{

const struct net_link kCable = {100000000, 100000000, 0, 0, 2000};

Bytes dns_query()
{
    return {1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 6, 's', 'e', 'r', 'v', 'e', 'r', 0, 0, 1, 0, 1};
}

} // namespace

class ServiceHost : public ::testing::Test
{
  protected:
    FakeWorld world{with_services(lan_config(3, &kCable), NET_SERVICE_DHCP | NET_SERVICE_DNS)};
    struct net_addressing own = net_addressing(world.network, 1);
    uint8_t host_mac[6] = {2, 1, 0, 0, 0, 0};

    Bytes datagram(uint16_t port, const Bytes &payload)
    {
        return Datagram{own.address, own.service, 5555, port, payload}.frame(host_mac, own.mac);
    }
    void send(const Bytes &bytes)
    {
        world.deliveries.clear();
        world.drops.clear();
        world.send(1, world.now_ns + 1000000, bytes);
        world.run();
    }
    void expect_drop(const Bytes &bytes, enum net_drop cause, size_t answers = 0)
    {
        send(bytes);
        EXPECT_EQ(world.drops, (std::vector<Drop>{{1, cause, (uint32_t)bytes.size()}}));
        EXPECT_EQ(world.deliveries.size(), answers);
    }
};

TEST_F(ServiceHost, IsAtTheFirstAddressOfTheSubnet)
{
    EXPECT_EQ(own.service, 0x0a000001u);
    EXPECT_EQ(own.gateway, 0u);
    EXPECT_EQ(net_addressing(world.network, 0).service, own.service);
    FakeWorld without{lan_config(3, &kCable)};
    EXPECT_EQ(net_addressing(without.network, 1).service, 0u);
}

TEST_F(ServiceHost, AnswersArpForItselfAndAllHearTheQuestion)
{
    Bytes arp = ethernet(kBroadcast, own.mac, 0x0806, 42);
    put16(arp, 14, 1);
    put16(arp, 16, 0x0800);
    arp[18] = 6;
    arp[19] = 4;
    put16(arp, 20, 1);
    std::copy(own.mac, own.mac + 6, arp.begin() + 22);
    put32(arp, 28, own.address);
    std::fill(arp.begin() + 32, arp.begin() + 38, 0);
    put32(arp, 38, own.service);
    send(arp);
    EXPECT_EQ(world.delivered_to(0).size(), 1u);
    EXPECT_EQ(world.delivered_to(2).size(), 1u);
    ASSERT_EQ(world.delivered_to(1).size(), 1u);
    Bytes answer = world.delivered_to(1)[0].bytes;
    EXPECT_EQ(get16(answer, 20), 2u);
    EXPECT_EQ(Bytes(answer.begin() + 22, answer.begin() + 28), Bytes(host_mac, host_mac + 6));
    EXPECT_EQ(get32(answer, 28), own.service);

    put32(arp, 38, net_addressing(world.network, 2).address);
    send(arp); // for somebody else
    EXPECT_TRUE(world.delivered_to(1).empty());
    EXPECT_EQ(world.delivered_to(2).size(), 1u);
    EXPECT_TRUE(world.drops.empty());
}

TEST_F(ServiceHost, AnswersTakeTheWayOfAnyFrame)
{
    Bytes query = datagram(53, dns_query());
    send(query);
    ASSERT_EQ(world.deliveries.size(), 1u);
    const Delivery &delivery = world.deliveries[0];
    // 80 ns a byte each way on 100 Mbit/s, 2 us of cable each way, 1 us at the host.
    uint64_t serialized = (query.size() + delivery.bytes.size()) * 80;
    EXPECT_EQ(delivery.serialized_ns, serialized);
    EXPECT_EQ(delivery.queued_ns, 0u);
    EXPECT_EQ(delivery.path_ns(), 5000u);
    // Two questions at once: the second answer waits for the first.
    world.deliveries.clear();
    world.send(1, world.now_ns + 1000000, query);
    world.send(1, world.now_ns, query);
    world.run();
    ASSERT_EQ(world.deliveries.size(), 2u);
    EXPECT_GT(world.deliveries[1].queued_ns, 0u);
    EXPECT_EQ(world.deliveries[1].path_ns(), 5000u);
}

TEST_F(ServiceHost, AFullLinkDropsAnswersToo)
{
    struct net_link narrow = kCable;
    narrow.down_bps = 8000;
    narrow.down_queue_bytes = NET_QUEUE_MIN_BYTES;
    FakeWorld tight{with_services(lan_config(2, &narrow), NET_SERVICE_DNS)};
    Bytes query = datagram(53, dns_query());
    for (int i = 0; i < 100; i++) {
        tight.send(1, 1000 + i, query);
    }
    tight.run();
    EXPECT_GT(tight.drop_count(1, NET_DROP_DOWNLINK_FULL), 0u);
    EXPECT_EQ(tight.deliveries.size() + tight.drop_count(1, NET_DROP_DOWNLINK_FULL), 100u);
}

TEST_F(ServiceHost, AnswersEcho)
{
    Bytes echo = ethernet(host_mac, own.mac, 0x0800, 98);
    echo[14] = 0x45;
    echo[15] = 0;
    put16(echo, 16, 84);
    put32(echo, 18, 0);
    echo[22] = 1; // no hop lies between
    echo[23] = 1;
    put32(echo, 26, own.address);
    put32(echo, 30, own.service);
    ip_checksum_fill(echo);
    echo[34] = 8;
    echo[35] = 0;
    put16(echo, 36, 0);
    put16(echo, 36, checksum(echo, 34, 98));
    send(echo);
    ASSERT_EQ(world.deliveries.size(), 1u);
    EXPECT_EQ(world.deliveries[0].bytes[34], 0);
    EXPECT_EQ(world.deliveries[0].bytes.size(), echo.size());
}

TEST_F(ServiceHost, RefusesWhatItDoesNotOffer)
{
    expect_drop(datagram(54, dns_query()), NET_DROP_GATEWAY_REFUSED, 1);
    EXPECT_EQ(world.deliveries[0].bytes[34], 3); // port unreachable
    EXPECT_EQ(world.deliveries[0].bytes[35], 3);
    Bytes other = datagram(53, dns_query());
    put16(other, 12, 0x86dd);
    expect_drop(other, NET_DROP_PROTOCOL);
    Bytes routed =
        Datagram{own.address, own.address + 1, 5, 53, dns_query()}.frame(host_mac, own.mac);
    expect_drop(routed, NET_DROP_NO_ROUTE);
    Bytes spoofed =
        Datagram{own.address + 1, own.service, 5, 53, dns_query()}.frame(host_mac, own.mac);
    expect_drop(spoofed, NET_DROP_SPOOFED);
    Bytes unnamed = Datagram{0, own.service, 5, 53, dns_query()}.frame(host_mac, own.mac);
    expect_drop(unnamed, NET_DROP_SPOOFED);
}

TEST_F(ServiceHost, RefusesWhatIsBroken)
{
    Bytes whole = datagram(53, dns_query());
    for (size_t at : {(size_t)35, (size_t)40, (size_t)45, whole.size() - 1}) {
        Bytes bytes = whole;
        bytes[at] ^= 1;
        expect_drop(bytes, NET_DROP_MALFORMED); // the checksum says so
    }
    Bytes unsummed = whole;
    put16(unsummed, 40, 0);
    send(unsummed); // none was computed
    EXPECT_EQ(world.deliveries.size(), 1u);
    for (uint32_t length : {0u, 7u, (uint32_t)whole.size()}) {
        Bytes bytes = unsummed;
        put16(bytes, 38, length);
        expect_drop(bytes, NET_DROP_MALFORMED);
    }
    Bytes tiny = unsummed;
    put16(tiny, 16, 20 + 7);
    ip_checksum_fill(tiny);
    expect_drop(tiny, NET_DROP_MALFORMED);
    Bytes fragment = unsummed;
    put16(fragment, 20, 0x2000);
    ip_checksum_fill(fragment);
    expect_drop(fragment, NET_DROP_GATEWAY_REFUSED);
    Bytes header = unsummed;
    header[24] ^= 1;
    expect_drop(header, NET_DROP_IP_CHECKSUM);
}

TEST_F(ServiceHost, ItsAddressIsNobodyElses)
{
    // A node that claims the host's Ethernet address gets nothing that is for the host.
    Bytes claim = ethernet(own.mac, host_mac, 0x1234, 60);
    world.send(2, 1000, claim);
    world.run();
    send(datagram(53, dns_query()));
    EXPECT_TRUE(world.delivered_to(2).empty());
    EXPECT_EQ(world.delivered_to(1).size(), 1u);
}

TEST_F(ServiceHost, IsNotThereWithoutServices)
{
    FakeWorld without{lan_config(3, &kCable)};
    without.send(1, 1000, datagram(53, dns_query()));
    without.run();
    EXPECT_EQ(without.deliveries.size(), 2u) << "flooded as any unknown address is";
    EXPECT_TRUE(without.drops.empty());
}

TEST(GatewayServices, OnlyWhatIsOfferedIsHeard)
{
    FakeWorld world{with_services(uniform_config(2, 5000000), NET_SERVICE_DNS)};
    struct net_addressing own = net_addressing(world.network, 0);
    Bytes discover(300);
    Bytes broadcast = Datagram{0, 0xffffffff, 68, 67, discover}.frame(kBroadcast, own.mac);
    world.send(0, 1000, broadcast);
    world.run();
    EXPECT_EQ(world.drop_count(0, NET_DROP_BROADCAST), 1u);
    world.send(
        0, 2000,
        Datagram{own.address, own.gateway, 68, 67, discover}.frame(own.gateway_mac, own.mac));
    world.run();
    EXPECT_EQ(world.drop_count(0, NET_DROP_GATEWAY_REFUSED), 1u);
    world.deliveries.clear();
    // DNS does not hear broadcasts.
    world.send(0, 3000,
               Datagram{own.address, 0xffffffff, 9, 53, dns_query()}.frame(kBroadcast, own.mac));
    world.run();
    EXPECT_EQ(world.drop_count(0, NET_DROP_BROADCAST), 2u);
    EXPECT_TRUE(world.deliveries.empty());
}

TEST(GatewayServices, EveryGatewayKnowsEveryName)
{
    FakeWorld world{with_services(uniform_config(4, 5000000), NET_SERVICE_DNS)};
    for (uint32_t port = 0; port < 4; port++) {
        struct net_addressing own = net_addressing(world.network, port);
        EXPECT_EQ(own.service, own.gateway);
        world.deliveries.clear();
        world.send(
            port, world.now_ns + 1000,
            Datagram{own.address, own.gateway, 9, 53, dns_query()}.frame(own.gateway_mac, own.mac));
        world.run();
        ASSERT_EQ(world.delivered_to(port).size(), 1u);
        Bytes payload = datagram_of(world.deliveries[0].bytes).payload;
        EXPECT_EQ(get32(payload, payload.size() - 4), net_addressing(world.network, 0).address);
    }
}

TEST(GatewayServices, UnknownServicesAreRefused)
{
    struct net_network *network;
    struct error error = ERROR_INIT;
    struct net_config config = with_services(uniform_config(2, 5000000), 4);
    EXPECT_EQ(net_network_create(&config, &network, &error), STATUS_INVALID);
    EXPECT_NE(std::string(error.message).find("services"), std::string::npos);
}

TEST(GatewayServices, AnAnswerInFlightIsAnEventOfALanWithServices)
{
    FakeWorld with{with_services(lan_config(2, &kCable), NET_SERVICE_DNS)};
    FakeWorld without{lan_config(2, &kCable)};
    uint8_t mac[6] = {2, 0, 0, 0, 0, 0};
    Bytes bytes = ethernet(mac, mac, 0x0800, 60);
    struct net_frame *frame = net_frame_create(bytes.data(), 60);
    EXPECT_TRUE(net_event_valid(with.network, NET_EVENT_ARRIVE, 1, frame));
    EXPECT_FALSE(net_event_valid(without.network, NET_EVENT_ARRIVE, 1, frame));
    net_frame_release(frame);
}
