// The DNS server: names, addresses back to names, what it refuses, and what it is not moved by.
#include "datagram.h"

#include <algorithm>

namespace
{

const uint64_t kDelay = 5000000;

// A name as labels; the empty one is the root.
Bytes labels(const std::string &name)
{
    Bytes bytes;
    for (size_t at = 0; at < name.size();) {
        size_t end = std::min(name.find('.', at), name.size());
        bytes.push_back((uint8_t)(end - at));
        bytes.insert(bytes.end(), name.begin() + at, name.begin() + end);
        at = end + 1;
    }
    bytes.push_back(0);
    return bytes;
}

Bytes query(const Bytes &name, uint32_t type = 1, uint32_t klass = 1, uint32_t flags = 0x0100)
{
    Bytes bytes(12);
    put16(bytes, 0, 0xbeef);
    put16(bytes, 2, flags);
    put16(bytes, 4, 1);
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes.resize(bytes.size() + 4);
    put16(bytes, bytes.size() - 4, type);
    put16(bytes, bytes.size() - 2, klass);
    return bytes;
}

Bytes query(const std::string &name, uint32_t type = 1)
{
    return query(labels(name), type);
}

enum { kNoError = 0, kFormat = 1, kNoName = 3, kNotThere = 4 };

} // namespace

class Dns : public ::testing::TestWithParam<bool>
{
  protected:
    struct net_link link = {0, 0, 0, 0, 1000};
    FakeWorld world{with_services(GetParam() ? lan_config(4, &link) : uniform_config(4, kDelay),
                                  NET_SERVICE_DNS)};
    struct net_addressing own = net_addressing(world.network, 0);
    uint8_t host_mac[6] = {2, 1, 0, 0, 0, 0};

    void send(const Bytes &payload)
    {
        Datagram datagram{own.address, own.service, 40000, 53, payload};
        world.deliveries.clear();
        world.drops.clear();
        world.send(0, world.now_ns + 1000000, datagram.frame(host_mac, own.mac));
        world.run();
    }
    // The payload of the one answer, its way back checked.
    Bytes answer()
    {
        EXPECT_EQ(world.deliveries.size(), 1u);
        if (world.deliveries.size() != 1) {
            return Bytes(12);
        }
        EXPECT_EQ(world.deliveries[0].port, 0u);
        Datagram datagram = datagram_of(world.deliveries[0].bytes);
        EXPECT_EQ(datagram.source, own.service);
        EXPECT_EQ(datagram.destination, own.address);
        EXPECT_EQ(datagram.from_port, 53);
        EXPECT_EQ(datagram.to_port, 40000);
        EXPECT_LE(datagram.payload.size(), 512u);
        return datagram.payload;
    }
    // Asks and expects that result and so many records; returns the first record's data.
    Bytes ask(const Bytes &question, uint32_t result, uint32_t records)
    {
        send(question);
        EXPECT_TRUE(world.drops.empty());
        Bytes bytes = answer();
        EXPECT_EQ(get16(bytes, 0), 0xbeefu);
        EXPECT_EQ(get16(bytes, 2) & 0x8680u, 0x8480u) << "an answer, authoritative, whole, final";
        EXPECT_EQ(get16(bytes, 2) & 0x0100u, get16(question, 2) & 0x0100u);
        EXPECT_EQ(get16(bytes, 2) & 15u, result);
        EXPECT_EQ(get16(bytes, 6), records);
        EXPECT_EQ(get32(bytes, 8), 0u);
        if (get16(bytes, 4) == 0) {
            EXPECT_EQ(bytes.size(), 12u);
            return {};
        }
        EXPECT_EQ(get16(bytes, 4), 1u);
        size_t end = 12;
        while (question[end] != 0) {
            end += 1 + question[end];
        }
        end += 5;
        EXPECT_EQ(Bytes(bytes.begin() + 12, bytes.begin() + end),
                  Bytes(question.begin() + 12, question.begin() + end));
        if (records == 0) {
            EXPECT_EQ(bytes.size(), end);
            return {};
        }
        EXPECT_EQ(get16(bytes, end), 0xc00cu);
        EXPECT_EQ(get16(bytes, end + 4), 1u);
        EXPECT_EQ(get32(bytes, end + 6), NET_NAME_TTL_S);
        EXPECT_EQ(get16(bytes, end + 10), bytes.size() - end - 12);
        return Bytes(bytes.begin() + end + 12, bytes.end());
    }
};

INSTANTIATE_TEST_SUITE_P(Everywhere, Dns, ::testing::Bool(),
                         [](const auto &info) { return info.param ? "Lan" : "Wan"; });

TEST_P(Dns, NamesHaveAddresses)
{
    for (uint32_t port = 0; port < 4; port++) {
        uint32_t address = net_addressing(world.network, port).address;
        for (std::string name : {node_names()[port], node_names()[port] + ".denali"}) {
            Bytes data = ask(query(name), kNoError, 1);
            ASSERT_EQ(data.size(), 4u) << name;
            EXPECT_EQ(get32(data, 0), address) << name;
        }
    }
}

TEST_P(Dns, CaseDoesNotMatter)
{
    for (const char *name : {"SERVER", "Server.DENALI", "sErVeR.denalI"}) {
        EXPECT_EQ(ask(query(name), kNoError, 1).size(), 4u) << name;
    }
    EXPECT_EQ(ask(query("quiet_one"), kNoError, 1).size(), 4u);
}

TEST_P(Dns, AddressesHaveNames)
{
    for (uint32_t port = 0; port < 4; port++) {
        uint32_t address = net_addressing(world.network, port).address;
        std::string reverse;
        for (int i = 0; i < 4; i++) {
            reverse += std::to_string(address >> 8 * i & 255) + ".";
        }
        EXPECT_EQ(ask(query(reverse + "in-addr.arpa", 12), kNoError, 1),
                  labels(node_names()[port] + ".denali"));
        EXPECT_EQ(ask(query(reverse + "IN-ADDR.ARPA", 12), kNoError, 1),
                  labels(node_names()[port] + ".denali"));
        ask(query(reverse + "in-addr.arpa", 1), kNoError, 0);
    }
}

TEST_P(Dns, UnknownNamesDoNotExist)
{
    for (const char *name :
         {"nobody", "server.example", "www.server.denali", "", "denali.server", "serve", "serverx",
          "0.0.0.10.in-addr.arpa", "2.0.0.10.in-addr.arpax", "2.0.0.10.x.arpa", "0.10.in-addr.arpa",
          "02.0.0.10.in-addr.arpa", "256.0.0.10.in-addr.arpa", "x.0.0.10.in-addr.arpa",
          "1.2.0.0.10.in-addr.arpa", "2000.0.0.10.in-addr.arpa", "99.0.0.10.in-addr.arpa"}) {
        ask(query(name), kNoName, 0);
        ask(query(name, 12), kNoName, 0);
    }
    ask(query(Bytes{6, 's', 'e', 0, 'v', 'e', 'r', 0}), kNoName, 0); // a label is bytes, no text
}

TEST_P(Dns, OtherTypesOfANameAreEmpty)
{
    for (uint32_t type : {28u, 2u, 5u, 6u, 12u, 15u, 16u, 33u, 65u}) {
        ask(query("peer-1", type), kNoError, 0);
    }
    ask(query("denali"), kNoError, 0);
    EXPECT_EQ(ask(query("peer-1", 255), kNoError, 1).size(), 4u);
    EXPECT_EQ(ask(query(labels("peer-1"), 1, 255), kNoError, 1).size(), 4u);
}

TEST_P(Dns, WhatItDoesNotDoIsNotImplemented)
{
    for (uint32_t type : {251u, 252u, 253u, 254u}) {
        ask(query("server", type), kNotThere, 0);
    }
    ask(query(labels("server"), 1, 3), kNotThere, 0);
    for (uint32_t operation = 1; operation < 16; operation++) {
        ask(query(labels("server"), 1, 1, operation << 11), kNotThere, 0);
    }
}

TEST_P(Dns, QuestionsItCannotReadAreFormatErrors)
{
    Bytes loop = query(Bytes{0xc0, 12}); // a name that is itself
    ask(loop, kFormat, 0);
    ask(query(Bytes{6, 's', 'e', 'r', 'v', 'e', 'r', 0xc0, 12}), kFormat, 0);
    ask(query(Bytes{0x41, 'x', 0}), kFormat, 0);
    Bytes long_name;
    for (int i = 0; i < 64; i++) {
        long_name.insert(long_name.end(), {3, 'a', 'b', 'c'});
    }
    long_name.push_back(0);
    ask(query(long_name), kFormat, 0);
    Bytes whole = query("server");
    for (size_t size = 12; size < whole.size(); size++) {
        ask(Bytes(whole.begin(), whole.begin() + size), kFormat, 0);
    }
    for (uint32_t count : {0u, 2u, 65535u}) {
        Bytes bytes = whole;
        put16(bytes, 4, count);
        ask(bytes, kFormat, 0);
    }
    for (size_t section : {6u, 8u}) {
        Bytes bytes = whole;
        put16(bytes, section, 1);
        ask(bytes, kFormat, 0);
    }
}

TEST_P(Dns, ALongestNameIsAnsweredWhole)
{
    Bytes name;
    for (int i = 0; i < 63; i++) {
        name.insert(name.end(), {3, 'a', 'b', 'c'});
    }
    name.insert(name.end(), {1, 'x', 0}); // 255 bytes
    ask(query(name), kNoName, 0);
}

TEST_P(Dns, EdnsIsPassedOver)
{
    Bytes bytes = query("server");
    put16(bytes, 10, 1);
    bytes.insert(bytes.end(), {0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0});
    EXPECT_EQ(ask(bytes, kNoError, 1).size(), 4u);
    bytes.erase(bytes.end() - 5, bytes.end()); // and what is wrong with it is too
    EXPECT_EQ(ask(bytes, kNoError, 1).size(), 4u);
}

TEST_P(Dns, AnswersAreNotAnswered)
{
    send(query(labels("server"), 1, 1, 0x8180));
    EXPECT_TRUE(world.deliveries.empty());
    EXPECT_EQ(world.drop_count(0, NET_DROP_MALFORMED), 1u);
    for (size_t size = 0; size < 12; size++) {
        send(Bytes(size));
        EXPECT_TRUE(world.deliveries.empty());
    }
    EXPECT_EQ(world.drop_count(0, NET_DROP_MALFORMED), 13u);
}

TEST_P(Dns, NodesWithoutANameHaveNone)
{
    std::vector<std::string> saved = node_names();
    node_names().resize(2);
    ask(query("peer-1"), kNoName, 0);
    uint32_t address = net_addressing(world.network, 2).address;
    ask(query(std::to_string(address & 255) + ".0.0.10.in-addr.arpa", 12), kNoName, 0);
    node_names() = saved;
}
