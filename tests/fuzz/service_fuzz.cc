// Fuzz target of what a network says to its nodes: the gateway of a wide area, the service host of
// a LAN, DHCP and DNS. The first byte chooses the network and what the rest is: a whole frame, or
// the payload of a datagram to one of the services, whose headers are then right. Whatever comes,
// at most one answer goes back, to its sender alone, whole and with the right checksums; nothing of
// it changes what the next sender is told.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
#include <netsim/network.h>
}

namespace
{

using Bytes = std::vector<uint8_t>;

void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

uint32_t get16(const Bytes &bytes, size_t at)
{
    return (uint32_t)bytes.at(at) << 8 | bytes.at(at + 1);
}

void put16(Bytes &bytes, size_t at, uint32_t value)
{
    bytes[at] = (uint8_t)(value >> 8);
    bytes[at + 1] = (uint8_t)value;
}

void put32(Bytes &bytes, size_t at, uint32_t value)
{
    put16(bytes, at, value >> 16);
    put16(bytes, at + 2, value);
}

uint32_t checksum(const Bytes &bytes, size_t from, size_t to, uint64_t sum = 0)
{
    for (size_t i = from; i < to; i += 2) {
        sum += (uint64_t)bytes[i] << 8 | (i + 1 < to ? bytes[i + 1] : 0);
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint32_t)(~sum & 0xffff);
}

bool find(const void *, const char *name, uint32_t length, uint32_t *port)
{
    *port = 1;
    return length == 6 && memcmp(name, "server", 6) == 0;
}

bool name_of(const void *, uint32_t, char name[NET_NAME_SIZE])
{
    memset(name, 'n', NET_NAME_SIZE - 1); // the longest there is
    name[NET_NAME_SIZE - 1] = '\0';
    return true;
}

struct Event {
    enum net_event_kind kind;
    uint32_t destination;
    uint64_t time_ns;
    struct net_frame *frame;
};

// One network, with its events in the order of their creation: one frame is under way at a time.
class World
{
  public:
    std::vector<Bytes> answers; // to port 0
    struct net_network *network;

    explicit World(bool lan)
    {
        static const struct net_link link = {0, 0, 0, 0, 1000};
        struct net_config config = {};
        config.kind = lan ? NET_LAN : NET_WAN_UNIFORM;
        config.port_count = 3;
        config.links = &link;
        config.link_count = 1;
        config.delay_ns = lan ? 0 : 1000000;
        config.services = NET_SERVICE_DHCP | NET_SERVICE_DNS;
        config.names = {find, name_of, nullptr};
        struct error error = ERROR_INIT;
        require(net_network_create(&config, &network, &error) == STATUS_OK);
    }
    ~World()
    {
        net_network_destroy(network);
    }
    World(const World &) = delete;

    void send(const Bytes &bytes)
    {
        static const struct net_env_ops ops = {on_schedule, on_deliver, nullptr};
        struct net_env env = {&ops, this};
        answers.clear();
        now_ns += 1000000000;
        net_send(network, &env, 0, now_ns, bytes.data(), (uint32_t)bytes.size());
        for (size_t i = 0; i < events.size(); i++) {
            Event event = events[i];
            require(net_event_valid(network, event.kind, event.destination, event.frame));
            net_event(network, &env, event.kind, event.destination, event.time_ns, event.frame);
            require(events.size() < 16);
        }
        events.clear();
    }

  private:
    std::vector<Event> events;
    uint64_t now_ns = 0;

    static void on_schedule(void *world, uint64_t time_ns, enum net_event_kind kind,
                            uint32_t destination, uint32_t, uint64_t, struct net_frame *frame)
    {
        static_cast<World *>(world)->events.push_back({kind, destination, time_ns, frame});
    }
    static void on_deliver(void *world, uint32_t port, struct net_frame *frame)
    {
        if (port == 0) {
            static_cast<World *>(world)->answers.emplace_back(frame->bytes,
                                                              frame->bytes + frame->size_bytes);
        }
    }
};

// A datagram with right headers from port 0 to the service there.
Bytes datagram(const struct net_addressing &own, const uint8_t *host_mac, bool dhcp,
               const uint8_t *payload, size_t size)
{
    Bytes bytes(42);
    memcpy(bytes.data(), host_mac, 6);
    memcpy(bytes.data() + 6, own.mac, 6);
    put16(bytes, 12, 0x0800);
    bytes[14] = 0x45;
    put16(bytes, 16, (uint32_t)(28 + size));
    bytes[22] = 64;
    bytes[23] = 17;
    put32(bytes, 26, own.address);
    put32(bytes, 30, own.service);
    put16(bytes, 24, checksum(bytes, 14, 34));
    put16(bytes, 34, dhcp ? 68 : 40000);
    put16(bytes, 36, dhcp ? 67 : 53);
    put16(bytes, 38, (uint32_t)(8 + size));
    bytes.insert(bytes.end(), payload, payload + size);
    return bytes;
}

void check_answer(const Bytes &bytes, const struct net_addressing &own, const uint8_t *host_mac)
{
    static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    require(bytes.size() >= 42 && bytes.size() <= 1514);
    require(memcmp(bytes.data() + 6, host_mac, 6) == 0);
    require(memcmp(bytes.data(), own.mac, 6) == 0 || memcmp(bytes.data(), everybody, 6) == 0);
    if (get16(bytes, 12) == 0x0806) {
        return;
    }
    require(get16(bytes, 12) == 0x0800 && bytes[14] == 0x45);
    require(get16(bytes, 16) == bytes.size() - 14);
    require(checksum(bytes, 14, 34) == 0);
    if (bytes[23] == 1) {
        require(checksum(bytes, 34, bytes.size()) == 0);
        return;
    }
    require(bytes[23] == 17 && get16(bytes, 38) == bytes.size() - 34);
    uint64_t pseudo = 17 + get16(bytes, 38);
    for (size_t at = 26; at < 34; at += 2) {
        pseudo += get16(bytes, at);
    }
    require(checksum(bytes, 34, bytes.size(), pseudo) == 0);
    require(get16(bytes, 34) == 67 || get16(bytes, 34) == 53);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    bool lan = data[0] & 1;
    uint32_t form = data[0] >> 1 & 3;
    const uint8_t *rest = data + 1;
    size_t rest_bytes = size - 1 < 1400 ? size - 1 : 1400;
    World world(lan);
    struct net_addressing own = net_addressing(world.network, 0);
    static const uint8_t host_mac[6] = {2, 1, 0, 0, 0, 0};
    static const uint8_t probe[] = {1, 2,   1,   0,   0,   1,   0,   0, 0, 0, 0, 0,
                                    6, 's', 'e', 'r', 'v', 'e', 'r', 0, 0, 1, 0, 1};
    const Bytes question = datagram(own, host_mac, false, probe, sizeof probe);
    world.send(question);
    require(world.answers.size() == 1);
    const Bytes expected = world.answers[0];

    world.send(form < 2 ? datagram(own, host_mac, form == 0, rest, rest_bytes)
                        : Bytes(rest, rest + rest_bytes));
    require(world.answers.size() <= 1);
    for (const Bytes &answer : world.answers) {
        check_answer(answer, own, host_mac);
    }
    world.send(question);
    require(world.answers.size() == 1 && world.answers[0] == expected);
    return 0;
}
