// What a network may not be made of, and what the error says.
#include "fake_world.h"

static std::string message_of(const struct net_config &config)
{
    struct net_network *network = nullptr;
    struct error error = ERROR_INIT;
    enum status status = net_network_create(&config, &network, &error);
    EXPECT_EQ(network == nullptr, status != STATUS_OK);
    net_network_destroy(network);
    EXPECT_TRUE(status == STATUS_OK || status == STATUS_INVALID);
    return status == STATUS_OK ? "" : error.message;
}

static void expect_error(const struct net_config &config, const char *piece)
{
    std::string message = message_of(config);
    EXPECT_NE(message.find(piece), std::string::npos) << "'" << message << "' without " << piece;
}

TEST(Config, RefusesLinksBelowAMicrosecondInALan)
{
    struct net_link link = {0, 0, 0, 0, 999};
    expect_error(lan_config(2, &link), "latency of 999 ns: expected 1000 ns");
    link.latency_ns = 1000;
    EXPECT_EQ(message_of(lan_config(2, &link)), "");
    EXPECT_EQ(message_of(uniform_config(2, 1000)), "");
    expect_error(uniform_config(2, 999), "delay of 999 ns");
    expect_error(uniform_config(2, 0), "delay of 0 ns");
    expect_error(uniform_config(2, NET_LATENCY_MAX_NS + 1), "delay of 8000000001 ns");
    link.latency_ns = NET_LATENCY_MAX_NS + 1;
    expect_error(uniform_config(2, 1000, &link), "latency");
}

TEST(Config, RefusesBadRatesAndQueues)
{
    struct net_link link = {999, 0, 0, 0, 0};
    expect_error(uniform_config(2, 1000, &link), "link class 0: up rate of 999 bit/s");
    link = {0, NET_RATE_MAX_BPS + 1, 0, 0, 0};
    expect_error(uniform_config(2, 1000, &link), "down rate");
    link = {0, 0, 1513, 0, 0};
    expect_error(uniform_config(2, 1000, &link), "up queue of 1513 bytes: expected at least 1514");
    link = {0, 0, 0, 1, 0};
    expect_error(uniform_config(2, 1000, &link), "down queue");
}

TEST(Config, RefusesBadCountsAndIndices)
{
    expect_error(uniform_config(0, 1000), "port count");
    struct net_config config = uniform_config(2, 1000);
    config.link_count = 0;
    expect_error(config, "link classes");
    uint16_t classes[2] = {0, 1};
    config = uniform_config(2, 1000);
    config.link_of_port = classes;
    expect_error(config, "link class 1 of port 1: expected 0 to 0");
    struct net_link lan = {0, 0, 0, 0, 1000};
    config = lan_config(2, &lan);
    for (uint32_t entries : {1u, 4u, 12u, 1u << 25}) {
        config.mac_table_entries = entries;
        expect_error(config, "switch table");
    }
}

TEST(Config, RefusesSubnetsThatAreTooSmallOrNotUnicast)
{
    struct net_config config = uniform_config(64, 1000);
    config.subnet_address = 0xc0a80000;
    config.subnet_prefix = 24;
    EXPECT_EQ(message_of(config), "");
    config.port_count = 65;
    expect_error(config, "256 addresses, but the ports need 260");
    config.port_count = 1;
    config.subnet_address = 0xc0a80001;
    expect_error(config, "outside the prefix");
    for (uint32_t address : {0x00000000u, 0x7f000000u, 0xe0000000u}) {
        config.subnet_address = address;
        expect_error(config, "unicast");
    }
    config.subnet_address = 0x0a000000;
    config.subnet_prefix = 31;
    expect_error(config, "prefix");
    struct net_link lan = {0, 0, 0, 0, 1000};
    config = lan_config(253, &lan);
    config.subnet_address = 0xc0a80000;
    config.subnet_prefix = 24;
    EXPECT_EQ(message_of(config), "");
    config.port_count = 254;
    expect_error(config, "need 257");
    EXPECT_EQ(message_of(uniform_config(1u << 20, 1000)), "");
}

TEST(Config, RefusesMatricesWithoutAnExactHalf)
{
    expect_error(matrix_config(2, nullptr), "matrix");
    uint64_t rtt_ns[4] = {0, 2000, 2000, 0};
    struct net_matrix matrix = {2, rtt_ns};
    EXPECT_EQ(message_of(matrix_config(2, &matrix)), "");
    for (uint64_t bad : {0ull, 1998ull, 2001ull, NET_RTT_MAX_NS + 2}) {
        rtt_ns[2] = bad;
        expect_error(matrix_config(2, &matrix), "from site 1 to 0");
    }
    rtt_ns[2] = 2000;
    uint32_t sites[2] = {0, 2};
    struct net_config config = matrix_config(2, &matrix);
    config.site_of_port = sites;
    expect_error(config, "site 2 of port 1: expected 0 to 1");
}

TEST(Config, NamesEveryCauseOfDrops)
{
    EXPECT_STREQ(net_drop_name(NET_DROP_UPLINK_FULL), "uplink_full");
    EXPECT_STREQ(net_drop_text(NET_DROP_UPLINK_FULL), "uplink queue full");
    for (int cause = 0; cause < NET_DROP_COUNT; cause++) {
        EXPECT_GT(strlen(net_drop_name((enum net_drop)cause)), 0u);
        EXPECT_GT(strlen(net_drop_text((enum net_drop)cause)), 0u);
    }
}

TEST(Config, MacsFollowTheNodeIndex)
{
    struct net_config config = uniform_config(2, 1000);
    config.mac_base = 0x01020304;
    FakeWorld world(config);
    struct net_addressing addressing = net_addressing(world.network, 1);
    EXPECT_EQ(Bytes(addressing.mac, addressing.mac + 6), (Bytes{2, 0, 1, 2, 3, 5}));
    EXPECT_EQ(Bytes(addressing.gateway_mac, addressing.gateway_mac + 6), (Bytes{2, 1, 1, 2, 3, 5}));
}

TEST(Config, APortIsSmall)
{
    EXPECT_LE(net_port_bytes(), 192u);
}
