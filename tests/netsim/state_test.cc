// Save and load: canonical, complete, and deaf to damaged input.
#include "datagram.h"

static const struct net_link kLink = {3000000, 5000000, 20000, 30000, 1500};

static struct net_config plain_config_of(enum net_kind kind, const struct net_matrix *matrix)
{
    switch (kind) {
    case NET_LAN:
        return lan_config(6, &kLink);
    case NET_WAN_UNIFORM:
        return uniform_config(6, 2000000, &kLink);
    default:
        return matrix_config(6, matrix, &kLink);
    }
}

static struct net_config config_of(enum net_kind kind, const struct net_matrix *matrix)
{
    return with_services(plain_config_of(kind, matrix), NET_SERVICE_DNS);
}

// A question for a name to the service there.
static Bytes question(const FakeWorld &world, uint32_t from)
{
    struct net_addressing own = net_addressing(world.network, from);
    bool lan = net_network_kind(world.network) == NET_LAN;
    uint8_t host_mac[6] = {2, 1, 0, 0, 0, (uint8_t)(lan ? 0 : from)};
    Bytes query = {1, 2,   1,   0,   0,   1,   0,   0, 0, 0, 0, 0,
                   6, 's', 'e', 'r', 'v', 'e', 'r', 0, 0, 1, 0, 1};
    return Datagram{own.address, own.service, 5555, 53, query}.frame(host_mac, own.mac);
}

// One scripted send; the same for every world of a kind.
static void script_step(FakeWorld &world, uint32_t i)
{
    uint32_t from = i * 5 % 6;
    uint32_t to = (i * i + i / 3 + 1) % 6;
    uint64_t time_ns = (uint64_t)i * 150000;
    world.run(time_ns);
    if (i % 4 == 3) {
        world.send(from, time_ns, question(world, from));
    } else if (net_network_kind(world.network) == NET_LAN) {
        world.send(from, time_ns,
                   ethernet(net_addressing(world.network, to).mac,
                            net_addressing(world.network, from).mac, 0x0800, 60 + i * 37 % 1400));
    } else if (i % 7 == 0) {
        world.send(from, time_ns, packet(world.network, from, 0x08080808));
    } else {
        world.send(from, time_ns, packet_to(world.network, from, to, 60 + i * 37 % 1400));
    }
}

class State : public ::testing::TestWithParam<enum net_kind>
{
  protected:
    uint64_t rtt_ns[9] = {0, 3000, 5000000, 3000, 0, 7000, 5000000, 7000, 0};
    struct net_matrix matrix = {3, rtt_ns};
    struct net_config config = config_of(GetParam(), &matrix);
};

// All of a world, as the world itself would save it: network and events in flight.
static void move_state(FakeWorld &from, FakeWorld &to)
{
    Bytes bytes = from.save();
    struct reader reader;
    reader_init(&reader, bytes.data(), bytes.size());
    ASSERT_TRUE(net_load(to.network, &reader));
    EXPECT_EQ(reader_left(&reader), 0u);
    EXPECT_EQ(to.save(), bytes);
    for (const auto &[key, frame] : from.events) {
        struct writer writer;
        writer_init(&writer);
        net_frame_save(frame, &writer);
        reader_init(&reader, writer.bytes, writer.size_bytes);
        to.events[key] = net_frame_load(&reader);
        ASSERT_NE(to.events[key], nullptr);
        writer_fini(&writer);
    }
}

TEST_P(State, LoadedNetworkGoesOnAsTheSavedOneWould)
{
    FakeWorld whole(config);
    FakeWorld first(config);
    FakeWorld second(config);
    for (uint32_t i = 0; i < 120; i++) {
        script_step(whole, i);
        if (i == 60) {
            script_step(first, i);
            ASSERT_FALSE(first.events.empty()) << "frames should be in flight";
            move_state(first, second);
        } else {
            script_step(i < 60 ? first : second, i);
        }
    }
    whole.run();
    second.run();
    EXPECT_TRUE(whole.save() == second.save());
    std::vector<Delivery> joined = first.deliveries;
    joined.insert(joined.end(), second.deliveries.begin(), second.deliveries.end());
    EXPECT_TRUE(whole.deliveries == joined);
    EXPECT_GT(whole.deliveries.size(), 60u);
}

TEST_P(State, HashSeesWhatBytesSee)
{
    FakeWorld a(config);
    FakeWorld b(config);
    EXPECT_EQ(a.hash(), b.hash());
    for (uint32_t i = 0; i < 20; i++) {
        script_step(a, i);
        EXPECT_NE(a.hash(), b.hash());
        script_step(b, i);
        EXPECT_EQ(a.hash(), b.hash());
        EXPECT_EQ(a.save(), b.save());
    }
}

TEST_P(State, RefusesEveryTruncationAndStartsAnew)
{
    FakeWorld world(config);
    for (uint32_t i = 0; i < 30; i++) {
        script_step(world, i);
    }
    Bytes good = world.save();
    FakeWorld target(config);
    Bytes fresh = target.save();
    for (size_t size = 0; size < good.size(); size++) {
        Bytes cut(good.begin(), good.begin() + size);
        struct reader reader;
        reader_init(&reader, cut.data(), cut.size());
        ASSERT_FALSE(net_load(target.network, &reader)) << size;
        ASSERT_TRUE(reader.failed);
        ASSERT_EQ(target.save(), fresh);
    }
}

TEST_P(State, RefusesOrKeepsEveryAlteredByte)
{
    FakeWorld world(config);
    for (uint32_t i = 0; i < 30; i++) {
        script_step(world, i);
    }
    Bytes good = world.save();
    FakeWorld target(config);
    uint32_t refused = 0;
    for (size_t at = 0; at < good.size(); at++) {
        Bytes bad = good;
        bad[at] ^= 0x81;
        struct reader reader;
        reader_init(&reader, bad.data(), bad.size());
        if (net_load(target.network, &reader)) {
            ASSERT_EQ(target.save(), bad) << at; // canonical: nothing was read and forgotten
        } else {
            refused++;
        }
    }
    EXPECT_GE(refused, 11u); // at least the header
}

TEST_P(State, RefusesTheStateOfAnotherNetwork)
{
    FakeWorld world(config);
    Bytes bytes = world.save();
    struct net_config larger = config;
    larger.port_count = 7;
    struct net_config other = config_of(GetParam() == NET_LAN ? NET_WAN_UNIFORM : NET_LAN, &matrix);
    for (const struct net_config &wrong : {larger, other}) {
        FakeWorld target(wrong);
        struct reader reader;
        reader_init(&reader, bytes.data(), bytes.size());
        EXPECT_FALSE(net_load(target.network, &reader));
    }
}

TEST_P(State, KnowsWhichEventsAreItsOwn)
{
    FakeWorld world(config);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < 60; i++) {
        script_step(world, i);
        while (!world.events.empty() &&
               std::get<0>(world.events.begin()->first) < (i + 1) * 150000ull) {
            for (const auto &[key, frame] : world.events) {
                uint32_t kind = std::get<1>(key);
                ASSERT_TRUE(net_event_valid(world.network, kind, std::get<2>(key), frame));
                EXPECT_FALSE(net_event_valid(world.network, kind, 6, frame));
                if (GetParam() != NET_LAN) {
                    EXPECT_FALSE(net_event_valid(world.network, NET_EVENT_SWITCH, 0, frame));
                }
                EXPECT_FALSE(net_event_valid(world.network, NET_EVENT_KIND_COUNT, 0, frame));
                EXPECT_FALSE(net_event_valid(world.network, UINT32_MAX, 0, frame));
                seen |= 1u << kind;
            }
            world.step();
        }
    }
    EXPECT_EQ(seen, GetParam() == NET_LAN ? 7u : 6u) << "all kinds of events were seen";
    Bytes bytes(60, 1); // from a group address
    struct net_frame *frame = net_frame_create(bytes.data(), 60);
    EXPECT_FALSE(net_event_valid(world.network, NET_EVENT_DELIVER, 0, frame));
    net_frame_release(frame);
}

INSTANTIATE_TEST_SUITE_P(EveryKind, State,
                         ::testing::Values(NET_LAN, NET_WAN_UNIFORM, NET_WAN_MATRIX));

TEST(SwitchState, DoesNotDependOnWhereAnEntryLies)
{
    // The same addresses learned in two orders at the same times give the same bytes and answers.
    struct net_link link = {0, 0, 0, 0, 1000};
    struct net_config config = lan_config(2, &link);
    config.mac_table_entries = 8;
    FakeWorld a(config);
    FakeWorld b(config);
    for (int i = 0; i < 6; i++) {
        for (FakeWorld *world : {&a, &b}) {
            int which = world == &a ? i : 5 - i;
            uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)which};
            struct net_frame *frame =
                net_frame_create(ethernet(kBroadcast, mac, 0x0800, 60).data(), 60);
            world->handle({5000, NET_EVENT_SWITCH, 0, 0, (uint64_t)which}, frame);
        }
    }
    EXPECT_EQ(a.save(), b.save());
}
