// UDP datagrams to a network's services, and what comes back, checked down to the checksums.
#ifndef DENALI_TESTS_NETSIM_DATAGRAM_H
#define DENALI_TESTS_NETSIM_DATAGRAM_H

#include <string>

#include "fake_world.h"

// --- names: port p's node is called by the p-th of these ----------------------------------------

inline std::vector<std::string> &node_names()
{
    static std::vector<std::string> names = {"server", "peer-0", "peer-1", "Quiet_One"};
    return names;
}

inline struct net_names test_names()
{
    return {[](const void *, const char *name, uint32_t length, uint32_t *port) {
                for (size_t i = 0; i < node_names().size(); i++) {
                    if (node_names()[i].size() == length &&
                        strncasecmp(node_names()[i].data(), name, length) == 0) {
                        *port = (uint32_t)i;
                        return true;
                    }
                }
                return false;
            },
            [](const void *, uint32_t port, char name[NET_NAME_SIZE]) {
                if (port >= node_names().size()) {
                    return false;
                }
                snprintf(name, NET_NAME_SIZE, "%s", node_names()[port].c_str());
                return true;
            },
            nullptr};
}

inline struct net_config with_services(struct net_config config, uint32_t services)
{
    config.services = services;
    config.names = test_names();
    return config;
}

// --- datagrams ----------------------------------------------------------------------------------

inline uint32_t udp_checksum_of(const Bytes &frame)
{
    Bytes pseudo(frame.begin() + 26, frame.begin() + 34); // both addresses
    uint32_t udp_bytes = get16(frame, 38);
    pseudo.insert(pseudo.end(), {0, 17, 0, 0});
    put16(pseudo, 10, udp_bytes);
    pseudo.insert(pseudo.end(), frame.begin() + 34, frame.begin() + 34 + udp_bytes);
    return checksum(pseudo, 0, pseudo.size());
}

struct Datagram {
    uint32_t source = 0;
    uint32_t destination = 0;
    uint16_t from_port = 0;
    uint16_t to_port = 0;
    Bytes payload;

    Bytes frame(const uint8_t *to, const uint8_t *from) const
    {
        Bytes bytes = ethernet(to, from, 0x0800, 42);
        bytes[14] = 0x45;
        bytes[15] = 0;
        put16(bytes, 16, 28 + (uint32_t)payload.size());
        put32(bytes, 18, 0);
        bytes[22] = 64;
        bytes[23] = 17;
        put32(bytes, 26, source);
        put32(bytes, 30, destination);
        ip_checksum_fill(bytes);
        put16(bytes, 34, from_port);
        put16(bytes, 36, to_port);
        put16(bytes, 38, 8 + (uint32_t)payload.size());
        put16(bytes, 40, 0);
        bytes.insert(bytes.end(), payload.begin(), payload.end());
        uint32_t sum = udp_checksum_of(bytes);
        put16(bytes, 40, sum ? sum : 0xffff);
        return bytes;
    }
};

// A frame that carries an answer, taken apart with every header checked.
inline Datagram datagram_of(const Bytes &bytes)
{
    Datagram datagram;
    EXPECT_GE(bytes.size(), 42u);
    EXPECT_EQ(get16(bytes, 12), 0x0800u);
    EXPECT_EQ(bytes[14], 0x45);
    EXPECT_EQ(get16(bytes, 16), bytes.size() - 14);
    EXPECT_EQ(checksum(bytes, 14, 34), 0u);
    EXPECT_EQ(bytes[23], 17);
    EXPECT_EQ(get16(bytes, 38), bytes.size() - 34);
    EXPECT_NE(get16(bytes, 40), 0u);
    EXPECT_EQ(udp_checksum_of(bytes), 0u);
    datagram.source = get32(bytes, 26);
    datagram.destination = get32(bytes, 30);
    datagram.from_port = (uint16_t)get16(bytes, 34);
    datagram.to_port = (uint16_t)get16(bytes, 36);
    datagram.payload = Bytes(bytes.begin() + 42, bytes.end());
    return datagram;
}

#endif
