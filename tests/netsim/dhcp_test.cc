// The DHCP server: every port gets the one address that is its own, and nobody gets another's.
#include <algorithm>
#include <optional>

#include "datagram.h"

namespace
{

const uint64_t kDelay = 5000000;
enum Type { kDiscover = 1, kOffer, kRequest, kDecline, kAck, kNak, kRelease, kInform };
using Options = std::map<uint8_t, Bytes>;

Bytes be32(uint32_t value)
{
    Bytes bytes(4);
    put32(bytes, 0, value);
    return bytes;
}

Bytes text(const std::string &string)
{
    return Bytes(string.begin(), string.end());
}

Bytes option_bytes(const Options &options)
{
    Bytes bytes;
    for (const auto &[code, value] : options) {
        bytes.insert(bytes.end(), {code, (uint8_t)value.size()});
        bytes.insert(bytes.end(), value.begin(), value.end());
    }
    bytes.push_back(255);
    return bytes;
}

struct Message {
    uint32_t flags = 0;
    uint32_t client = 0; // ciaddr
    uint32_t relay = 0;
    Bytes mac;
    Bytes options;

    Bytes bytes() const
    {
        Bytes out(240);
        out[0] = 1;
        out[1] = 1;
        out[2] = 6;
        out[3] = 9; // hops: none came back
        put32(out, 4, 0x12345678);
        put16(out, 8, 77);
        put16(out, 10, flags);
        put32(out, 12, client);
        put32(out, 24, relay);
        std::copy(mac.begin(), mac.end(), out.begin() + 28);
        std::fill(out.begin() + 44, out.begin() + 236, 0xee);
        put32(out, 236, 0x63825363);
        out.insert(out.end(), options.begin(), options.end());
        return out;
    }
};

struct Reply {
    Datagram datagram;
    Bytes ethernet_destination;
    uint32_t yours;
    uint32_t client;
    Options options;
    uint8_t type()
    {
        return options[53].at(0);
    }
};

} // namespace

class Dhcp : public ::testing::TestWithParam<bool>
{
  protected:
    struct net_link link = {0, 0, 0, 0, 1000};
    FakeWorld world{with_services(GetParam() ? lan_config(4, &link) : uniform_config(4, kDelay),
                                  NET_SERVICE_DHCP | NET_SERVICE_DNS)};
    struct net_addressing own = net_addressing(world.network, 1);
    Bytes host_mac = GetParam() ? Bytes{2, 1, 0, 0, 0, 0} : Bytes{2, 1, 0, 0, 0, 1};
    Bytes mac{own.mac, own.mac + 6};

    Message message(Options options)
    {
        return {0, 0, 0, mac, option_bytes(options)};
    }
    // Sends from port 1 to everybody, or to the server alone.
    void send(const Bytes &payload, bool alone = false)
    {
        Datagram datagram{alone ? own.address : 0, alone ? own.service : 0xffffffff, 68, 67,
                          payload};
        world.deliveries.clear();
        world.drops.clear();
        world.send(1, world.now_ns + 1000000,
                   datagram.frame(alone ? host_mac.data() : kBroadcast, own.mac));
        world.run();
    }
    std::optional<Reply> reply()
    {
        std::vector<Delivery> got = world.delivered_to(1);
        // A LAN's other nodes hear the broadcast, as on any LAN, and never an answer.
        for (const auto &delivery : world.deliveries) {
            EXPECT_TRUE(delivery.port == 1 || get16(delivery.bytes, 36) == 67);
        }
        if (got.size() != 1) {
            EXPECT_EQ(got.size(), 0u);
            return {};
        }
        Reply reply;
        reply.datagram = datagram_of(got[0].bytes);
        reply.ethernet_destination = Bytes(got[0].bytes.begin(), got[0].bytes.begin() + 6);
        EXPECT_EQ(Bytes(got[0].bytes.begin() + 6, got[0].bytes.begin() + 12), host_mac);
        EXPECT_EQ(reply.datagram.source, own.service);
        EXPECT_EQ(reply.datagram.from_port, 67);
        EXPECT_EQ(reply.datagram.to_port, 68);
        const Bytes &bytes = reply.datagram.payload;
        EXPECT_GE(bytes.size(), 300u);
        EXPECT_LE(bytes.size(), 548u);
        EXPECT_EQ(get32(bytes, 0), 0x02010600u);
        EXPECT_EQ(get32(bytes, 4), 0x12345678u);
        EXPECT_EQ(get16(bytes, 8), 0u);
        EXPECT_EQ(get32(bytes, 24), 0u);
        EXPECT_EQ(Bytes(bytes.begin() + 28, bytes.begin() + 34), mac);
        EXPECT_EQ(std::count(bytes.begin() + 34, bytes.begin() + 236, 0), 202);
        EXPECT_EQ(get32(bytes, 236), 0x63825363u);
        reply.client = get32(bytes, 12);
        reply.yours = get32(bytes, 16);
        size_t at = 240;
        while (bytes.at(at) != 255) {
            uint8_t length = bytes.at(at + 1);
            reply.options[bytes[at]] =
                Bytes(bytes.begin() + at + 2, bytes.begin() + at + 2 + length);
            at += 2 + length;
        }
        return reply;
    }
    void expect_lease(Reply &reply)
    {
        EXPECT_EQ(reply.yours, own.address);
        EXPECT_EQ(reply.options[54], be32(own.service));
        EXPECT_EQ(reply.options[51], be32(NET_LEASE_S));
        EXPECT_EQ(reply.options[58], be32(NET_LEASE_S / 2));
        EXPECT_EQ(reply.options[59], be32(NET_LEASE_S / 8 * 7));
        expect_parameters(reply);
    }
    void expect_parameters(Reply &reply)
    {
        EXPECT_EQ(reply.options[1], be32(~0u << (32 - own.prefix)));
        EXPECT_EQ(reply.options.count(3), GetParam() ? 0u : 1u);
        if (!GetParam()) {
            EXPECT_EQ(reply.options[3], be32(own.gateway));
        }
        EXPECT_EQ(reply.options[6], be32(own.service));
        EXPECT_EQ(reply.options[12], text("peer-0"));
        EXPECT_EQ(reply.options[15], text("denali"));
    }
    void expect_dropped(const Bytes &payload, enum net_drop cause, bool alone = false)
    {
        send(payload, alone);
        EXPECT_FALSE(reply());
        ASSERT_EQ(world.drops.size(), 1u);
        EXPECT_EQ(world.drops[0].port, 1u);
        EXPECT_EQ(world.drops[0].cause, cause);
    }
};

INSTANTIATE_TEST_SUITE_P(Everywhere, Dhcp, ::testing::Bool(),
                         [](const auto &info) { return info.param ? "Lan" : "Wan"; });

TEST_P(Dhcp, OffersThePortsOwnAddressAndLeasesIt)
{
    send(message({{53, {kDiscover}}}).bytes());
    std::optional<Reply> offer = reply();
    ASSERT_TRUE(offer);
    EXPECT_EQ(offer->type(), kOffer);
    expect_lease(*offer);
    EXPECT_EQ(offer->datagram.destination, own.address);
    EXPECT_EQ(offer->ethernet_destination, mac);

    send(message({{53, {kRequest}}, {50, be32(offer->yours)}, {54, offer->options[54]}}).bytes());
    std::optional<Reply> ack = reply();
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->type(), kAck);
    expect_lease(*ack);
    EXPECT_TRUE(world.drops.empty());
}

TEST_P(Dhcp, AnswersToEverybodyWhoAsksForThat)
{
    Message discover = message({{53, {kDiscover}}});
    discover.flags = 0x8000;
    send(discover.bytes());
    std::optional<Reply> offer = reply();
    ASSERT_TRUE(offer);
    EXPECT_EQ(offer->datagram.destination, 0xffffffffu);
    EXPECT_EQ(offer->ethernet_destination, Bytes(6, 0xff));
    EXPECT_EQ(get16(offer->datagram.payload, 10), 0x8000u);
}

TEST_P(Dhcp, RenewsWithoutABroadcast)
{
    Message renewal = message({{53, {kRequest}}});
    renewal.client = own.address;
    send(renewal.bytes(), true);
    std::optional<Reply> ack = reply();
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->type(), kAck);
    EXPECT_EQ(ack->client, own.address);
    EXPECT_EQ(ack->datagram.destination, own.address);
    expect_lease(*ack);
    send(renewal.bytes()); // rebinding, to whoever hears it
    ASSERT_TRUE(ack = reply());
    EXPECT_EQ(ack->type(), kAck);
}

TEST_P(Dhcp, RefusesAnotherAddress)
{
    uint32_t other = net_addressing(world.network, 2).address;
    Message wrong_client = message({{53, {kRequest}}, {50, be32(own.address)}});
    wrong_client.client = other;
    Message renewal = message({{53, {kRequest}}});
    renewal.client = other;
    for (const Message &request :
         {message({{53, {kRequest}}, {50, be32(other)}}),
          message({{53, {kRequest}}, {50, be32(0xc0a80101)}, {54, be32(own.service)}}),
          wrong_client, renewal}) {
        send(request.bytes());
        std::optional<Reply> nak = reply();
        ASSERT_TRUE(nak);
        EXPECT_EQ(nak->type(), kNak);
        EXPECT_EQ(nak->yours, 0u);
        EXPECT_EQ(nak->datagram.destination, 0xffffffffu);
        EXPECT_EQ(nak->options[54], be32(own.service));
        EXPECT_EQ(nak->options.size(), 2u);
    }
}

TEST_P(Dhcp, InformsWithoutALease)
{
    Message inform = message({{53, {kInform}}});
    inform.client = own.address;
    send(inform.bytes(), true);
    std::optional<Reply> ack = reply();
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->type(), kAck);
    EXPECT_EQ(ack->yours, 0u);
    EXPECT_EQ(ack->options.count(51), 0u);
    EXPECT_EQ(ack->datagram.destination, own.address);
    expect_parameters(*ack);
}

TEST_P(Dhcp, HearsWhatNeedsNoAnswer)
{
    Message release = message({{53, {kRelease}}, {54, be32(own.service)}});
    release.client = own.address;
    uint64_t before = world.hash();
    send(release.bytes(), true);
    EXPECT_FALSE(reply());
    EXPECT_TRUE(world.drops.empty());
    EXPECT_NE(world.hash(), before) << "the frame was counted";
    send(message({{53, {kDecline}}, {50, be32(own.address)}}).bytes());
    EXPECT_FALSE(reply());
    EXPECT_TRUE(world.drops.empty());
    // The client took another server's offer.
    send(message({{53, {kRequest}}, {50, be32(own.address)}, {54, be32(0x01020304)}}).bytes());
    EXPECT_FALSE(reply());
    EXPECT_TRUE(world.drops.empty());
}

TEST_P(Dhcp, TheClientsIdentifierComesBack)
{
    Bytes identifier{1, 2, 3, 4, 5, 6, 7, 8, 9};
    send(message({{53, {kDiscover}}, {61, identifier}}).bytes());
    std::optional<Reply> offer = reply();
    ASSERT_TRUE(offer);
    EXPECT_EQ(offer->options[61], identifier);
    // The longest leaves no room for what may be left out.
    identifier = Bytes(255, 0x55);
    send(message({{53, {kDiscover}}, {61, identifier}}).bytes());
    ASSERT_TRUE(offer = reply());
    EXPECT_EQ(offer->options[51], be32(NET_LEASE_S));
    EXPECT_TRUE(offer->options[61] == identifier || offer->options.count(61) == 0);
}

TEST_P(Dhcp, OptionsMayGoOnInOtherFields)
{
    Message request = message({{52, {3}}});
    Bytes bytes = request.bytes();
    Bytes file = option_bytes({{53, {kRequest}}});
    Bytes name = option_bytes({{50, be32(own.address)}});
    std::copy(file.begin(), file.end(), bytes.begin() + 108);
    std::copy(name.begin(), name.end(), bytes.begin() + 44);
    send(bytes);
    std::optional<Reply> ack = reply();
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->type(), kAck);
}

TEST_P(Dhcp, PaddingAndUnknownOptionsArePassedOver)
{
    Message discover = message({});
    discover.options = {0, 0, 80, 0, 0, 55, 3, 1, 3, 6, 200, 1, 9, 53, 1, kDiscover};
    send(discover.bytes()); // without an end mark
    EXPECT_TRUE(reply());
}

TEST_P(Dhcp, AForeignHardwareAddressIsNotHeard)
{
    Message discover = message({{53, {kDiscover}}});
    struct net_addressing other = net_addressing(world.network, 2);
    discover.mac = Bytes(other.mac, other.mac + 6);
    expect_dropped(discover.bytes(), NET_DROP_SPOOFED);
    Message inform = message({{53, {kInform}}});
    inform.client = other.address;
    expect_dropped(inform.bytes(), NET_DROP_SPOOFED);
    Message has = message({{53, {kDiscover}}});
    has.client = other.address;
    expect_dropped(has.bytes(), NET_DROP_SPOOFED);
}

TEST_P(Dhcp, MalformedMessagesAreNotHeard)
{
    Bytes whole = message({{53, {kDiscover}}}).bytes();
    for (size_t size = 0; size < 242; size++) {
        expect_dropped(Bytes(whole.begin(), whole.begin() + size), NET_DROP_MALFORMED);
    }
    for (size_t at : {0u, 1u, 2u, 24u, 236u, 239u}) {
        Bytes bytes = whole;
        bytes[at] ^= 0x80;
        expect_dropped(bytes, NET_DROP_MALFORMED);
    }
    for (Bytes options :
         {Bytes{}, Bytes{255}, Bytes{53}, Bytes{53, 1}, Bytes{53, 0, 255}, Bytes{53, 2, 1, 1, 255},
          Bytes{53, 1, 9, 255}, Bytes{53, 1, 0, 255}, Bytes{53, 1, kOffer, 255},
          Bytes{53, 1, 1, 50, 3, 1, 2, 3, 255}, Bytes{53, 1, 1, 54, 5, 1, 2, 3, 4, 5},
          Bytes{53, 1, 1, 61, 1, 1}, Bytes{53, 1, 1, 52, 1, 4}, Bytes{53, 1, 1, 52, 0},
          Bytes{53, 1, 1, 99, 200, 1}, Bytes{53, 1, kRequest, 255},
          Bytes{53, 1, 1, 52, 1, 1, 255}}) {
        Message bad = message({});
        bad.options = options;
        expect_dropped(bad.bytes(), NET_DROP_MALFORMED);
    }
}

TEST_P(Dhcp, StateIsNotKept)
{
    send(message({{53, {kDiscover}}}).bytes());
    std::optional<Reply> first = reply();
    send(message({{53, {kDiscover}}}).bytes());
    std::optional<Reply> second = reply();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->datagram.payload, second->datagram.payload);
}
