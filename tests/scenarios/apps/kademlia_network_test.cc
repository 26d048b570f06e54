/* Whole networks of Kademlia nodes in virtual time: joining, finding, losing, forgetting. */
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "kademlia_world.h"

extern "C" {
#include "workload.h"
}

namespace
{
constexpr uint64_t kSecond = KademliaWorld::kSecond;
constexpr uint64_t kMillisecond = KademliaWorld::kMillisecond;

/* What workload.c reports. */
std::map<std::string, std::vector<double>> observed;
} // namespace

extern "C" void denali_observe(const char *name, double value)
{
    observed[name].push_back(value);
}

extern "C" void denali_milestone(const char *name)
{
    observed[name].push_back(0);
}

namespace
{

kad_options Options()
{
    kad_options options;
    kad_options_default(&options);
    return options;
}

/* Everybody joins within spread_ns, node 0 first. */
void JoinAll(KademliaWorld &world, uint64_t spread_ns)
{
    uint64_t count = world.members.size();
    for (uint32_t i = 0; i < count; i++) {
        world.JoinAt(i, world.now_ns + spread_ns * i / count);
    }
}

struct Outcome {
    bool done = false;
    kad_result result = {};
    std::string value;
};

void Keep(void *context, uint64_t, const kad_result *result)
{
    auto *outcome = (Outcome *)context;
    outcome->done = true;
    outcome->result = *result;
    if (result->value) {
        outcome->value.assign((const char *)result->value, result->value_bytes);
    }
}

kad_id Key(uint32_t number)
{
    kad_id key;
    kad_id_of(&key, "key", number);
    return key;
}

void Publish(KademliaWorld &world, uint32_t node, uint32_t number, Outcome *outcome)
{
    world.At(world.now_ns, node, [number, outcome](KademliaWorld::Member &member, uint64_t now) {
        kad_id key = Key(number);
        std::string value = "value " + std::to_string(number);
        ASSERT_TRUE(kad_node_search(&member.node, now, KAD_SEARCH_STORE, &key,
                                    (const uint8_t *)value.data(), (uint16_t)value.size(), Keep,
                                    outcome));
    });
}

void Find(KademliaWorld &world, uint32_t node, uint32_t number, Outcome *outcome)
{
    world.At(world.now_ns, node, [number, outcome](KademliaWorld::Member &member, uint64_t now) {
        kad_id key = Key(number);
        ASSERT_TRUE(
            kad_node_search(&member.node, now, KAD_SEARCH_VALUE, &key, nullptr, 0, Keep, outcome));
    });
}

/* The living members, closest to the key first. */
std::vector<KademliaWorld::Member *> ByDistance(KademliaWorld &world, const kad_id &key)
{
    std::vector<KademliaWorld::Member *> members;
    for (auto &member : world.members) {
        if (member->alive) {
            members.push_back(member.get());
        }
    }
    std::sort(members.begin(), members.end(), [&key](auto *a, auto *b) {
        return kad_id_compare(&a->node.table.self, &b->node.table.self, &key) < 0;
    });
    return members;
}

TEST(KademliaNetwork, StoresOnTheNodesClosestToTheKey)
{
    KademliaWorld world(250, Options(), 1);
    JoinAll(world, 20 * kSecond);
    world.Run(60 * kSecond);
    for (auto &member : world.members) {
        ASSERT_TRUE(member->node.join.joined) << member->index;
    }
    std::vector<Outcome> stored(50);
    for (uint32_t i = 0; i < 50; i++) {
        Publish(world, 5 * i, i, &stored[i]);
    }
    world.Run(90 * kSecond);
    for (uint32_t i = 0; i < 50; i++) {
        ASSERT_TRUE(stored[i].result.success);
        EXPECT_EQ(stored[i].result.copies, 20u);
        kad_id key = Key(i);
        auto closest = ByDistance(world, key);
        for (int rank = 0; rank < 20; rank++) {
            EXPECT_TRUE(kad_store_get(&closest[rank]->node.store, &key, world.now_ns))
                << "key " << i << " rank " << rank;
        }
    }
}

TEST(KademliaNetwork, FindsEveryValueFromEverywhereInSpiteOfLoss)
{
    KademliaWorld world(250, Options(), 2);
    world.loss_per_mille = 30;
    JoinAll(world, 20 * kSecond);
    world.Run(80 * kSecond);
    std::vector<Outcome> stored(250);
    for (uint32_t i = 0; i < 250; i++) {
        Publish(world, i, i, &stored[i]);
    }
    world.Run(120 * kSecond);
    std::vector<Outcome> found(250 * 8);
    for (uint32_t i = 0; i < found.size(); i++) {
        Find(world, i % 250, (i * 37 + i / 250) % 250, &found[i]);
    }
    world.Run(160 * kSecond);
    uint32_t hops_max = 0;
    for (uint32_t i = 0; i < found.size(); i++) {
        ASSERT_TRUE(found[i].done) << i;
        ASSERT_EQ(found[i].value, "value " + std::to_string((i * 37 + i / 250) % 250));
        hops_max = std::max(hops_max, found[i].result.hops);
    }
    EXPECT_GE(hops_max, 2u); /* somebody had to be told the way */
    EXPECT_LE(hops_max, 6u);
}

TEST(KademliaNetwork, FindsValuesAfterAThirdOfTheNodesFellSilent)
{
    KademliaWorld world(240, Options(), 3);
    JoinAll(world, 20 * kSecond);
    world.Run(60 * kSecond);
    std::vector<Outcome> stored(60), found(60);
    for (uint32_t i = 0; i < 60; i++) {
        Publish(world, i, i, &stored[i]);
    }
    world.Run(90 * kSecond);
    for (auto &member : world.members) {
        member->alive = member->index % 3 != 1;
    }
    for (uint32_t i = 0; i < 60; i++) {
        Find(world, 3 * i, i, &found[i]);
    }
    world.Run(150 * kSecond);
    uint64_t timeouts = 0;
    for (uint32_t i = 0; i < 60; i++) {
        EXPECT_TRUE(found[i].result.success) << i;
        timeouts += found[i].result.timeouts;
    }
    EXPECT_GT(timeouts, 0u);
}

TEST(KademliaNetwork, SaysSoWhenThereIsNoSuchValue)
{
    KademliaWorld world(50, Options(), 4);
    JoinAll(world, 5 * kSecond);
    world.Run(30 * kSecond);
    Outcome found;
    Find(world, 7, 123, &found);
    world.Run(60 * kSecond);
    EXPECT_TRUE(found.done);
    EXPECT_FALSE(found.result.success);
    EXPECT_EQ(found.result.timeouts, 0u);
}

TEST(KademliaNetwork, LeavesACopyAtTheClosestNodeThatLackedTheValue)
{
    kad_options options = Options();
    options.k = 4;
    KademliaWorld world(200, options, 5);
    JoinAll(world, 10 * kSecond);
    world.Run(60 * kSecond);
    Outcome stored;
    Publish(world, 3, 0, &stored);
    world.Run(70 * kSecond);
    std::vector<Outcome> found(100);
    for (uint32_t i = 0; i < 100; i++) {
        Find(world, 2 * i, 0, &found[i]);
    }
    world.Run(100 * kSecond);
    uint32_t cached = 0;
    uint64_t day_ns = (uint64_t)options.expire_s * kSecond;
    kad_id key = Key(0);
    for (auto &member : world.members) {
        const kad_pair *pair = kad_store_get(&member->node.store, &key, world.now_ns);
        if (pair && pair->cached) {
            cached++;
            EXPECT_LT(pair->expires_ns - pair->stored_ns, day_ns);
        }
    }
    EXPECT_GT(cached, 0u);
}

TEST(KademliaNetwork, HandsPairsToNodesThatComeLater)
{
    KademliaWorld world(230, Options(), 6);
    for (uint32_t i = 0; i < 30; i++) {
        world.JoinAt(i, i * 100 * kMillisecond);
    }
    world.Run(30 * kSecond);
    std::vector<Outcome> stored(20);
    for (uint32_t i = 0; i < 20; i++) {
        Publish(world, i, i, &stored[i]);
    }
    world.Run(60 * kSecond);
    for (uint32_t i = 30; i < 230; i++) {
        world.JoinAt(i, world.now_ns + i * 100 * kMillisecond);
    }
    world.Run(150 * kSecond);
    for (uint32_t i = 0; i < 20; i++) {
        kad_id key = Key(i);
        KademliaWorld::Member *closest = ByDistance(world, key)[0];
        EXPECT_TRUE(kad_store_get(&closest->node.store, &key, world.now_ns)) << i;
    }
}

TEST(KademliaNetwork, KeepsAValueAliveByRepublishingWhileItsHoldersDie)
{
    kad_options options = Options();
    options.republish_s = 300;
    options.refresh_s = 300;
    KademliaWorld world(120, options, 7);
    JoinAll(world, 10 * kSecond);
    world.Run(60 * kSecond);
    Outcome stored, found;
    Publish(world, 5, 0, &stored);
    world.Run(70 * kSecond);
    kad_id key = Key(0);
    /* Twice, all but four of those who hold it fall silent, with time for a republication. */
    for (int round = 1; round <= 2; round++) {
        auto closest = ByDistance(world, key);
        for (int rank = 4; rank < 30; rank++) {
            if (kad_store_get(&closest[rank]->node.store, &key, world.now_ns)) {
                closest[rank]->alive = false;
            }
        }
        world.Run(world.now_ns + 600 * kSecond);
    }
    auto closest = ByDistance(world, key);
    uint32_t copies = 0;
    for (auto *member : closest) {
        copies += kad_store_get(&member->node.store, &key, world.now_ns) != nullptr;
    }
    EXPECT_GE(copies, 18u);
    Find(world, closest.back()->index, 0, &found);
    world.Run(world.now_ns + 30 * kSecond);
    EXPECT_TRUE(found.result.success);
}

TEST(KademliaNetwork, ForgetsAValueThatItsPublisherNoLongerPublishes)
{
    kad_options options = Options();
    options.expire_s = 1000;
    options.republish_s = 200;
    KademliaWorld world(60, options, 8);
    JoinAll(world, 5 * kSecond);
    world.Run(30 * kSecond);
    Outcome stored, found;
    Publish(world, 5, 0, &stored);
    world.Run(1100 * kSecond);
    for (auto &member : world.members) {
        kad_id key = Key(0);
        EXPECT_FALSE(kad_store_get(&member->node.store, &key, world.now_ns)) << member->index;
    }
}

TEST(KademliaNetwork, IsSilentWhenNothingIsToBeDone)
{
    KademliaWorld world(60, Options(), 9);
    JoinAll(world, 5 * kSecond);
    world.Run(60 * kSecond);
    uint64_t before = world.datagrams;
    world.Run(3000 * kSecond); /* bucket refreshes are hourly */
    EXPECT_EQ(world.datagrams, before);
    for (auto &member : world.members) {
        EXPECT_GT(kad_node_next_ns(&member->node), 3000 * kSecond);
    }
}

TEST(KademliaNetwork, RunsTheSameTwice)
{
    uint64_t bytes[2], datagrams[2];
    for (int run = 0; run < 2; run++) {
        KademliaWorld world(100, Options(), 10);
        world.loss_per_mille = 20;
        JoinAll(world, 5 * kSecond);
        world.Run(40 * kSecond);
        bytes[run] = world.bytes;
        datagrams[run] = world.datagrams;
    }
    EXPECT_EQ(bytes[0], bytes[1]);
    EXPECT_EQ(datagrams[0], datagrams[1]);
    EXPECT_GT(datagrams[0], 1000u);
}

TEST(KademliaNetwork, TriesTheNextBootstrapNodeWhenOneIsSilent)
{
    KademliaWorld world(10, Options(), 11);
    world.JoinAt(0, 0);
    for (uint32_t i = 1; i < 10; i++) {
        world.At(kSecond, i, [](KademliaWorld::Member &member, uint64_t now) {
            uint32_t addresses[] = {KademliaWorld::Address(5000), KademliaWorld::Address(0),
                                    KademliaWorld::Address(5001)};
            uint16_t ports[] = {4000, 4000, 4000};
            kad_node_join(&member.node, now, addresses, ports, 3, false, nullptr, nullptr);
        });
    }
    world.Run(60 * kSecond);
    for (auto &member : world.members) {
        EXPECT_TRUE(member->node.join.joined);
        EXPECT_EQ(member->node.table.contact_count, 9u);
    }
}

TEST(KademliaNetwork, BootstrapNodesThatGreetEachOtherFormOneNetwork)
{
    for (uint64_t seed = 1; seed <= 20; seed++) { /* some of them would pair off */
        KademliaWorld world(4, Options(), seed);
        for (uint32_t i = 0; i < 4; i++) {
            world.At(0, i, [](KademliaWorld::Member &member, uint64_t now) {
                uint32_t addresses[3];
                uint16_t ports[3] = {4000, 4000, 4000};
                for (uint32_t other = 0, count = 0; other < 4; other++) {
                    if (other != member.index) {
                        addresses[count++] = KademliaWorld::Address(other);
                    }
                }
                kad_node_join(&member.node, now, addresses, ports, 3, true, nullptr, nullptr);
            });
        }
        world.Run(20 * kSecond);
        for (auto &member : world.members) {
            EXPECT_TRUE(member->node.join.joined);
            EXPECT_EQ(member->node.table.contact_count, 3u) << "seed " << seed;
        }
    }
}

/* A node that has just greeted 10.0.0.2, and what is needed to answer in its stead. */
struct Greeting {
    KademliaWorld world{1, Options(), 15};
    kad_node *node = &world.members[0]->node;
    kad_message reply = {};

    Greeting()
    {
        uint32_t address = KademliaWorld::Address(1);
        uint16_t port = 4000;
        kad_node_join(node, 0, &address, &port, 1, false, nullptr, nullptr);
        reply.type = KAD_PONG;
        reply.rpc = node->rpcs[0].id;
        kad_id_of(&reply.sender, "node", 1);
    }
    void Deliver(uint32_t address, uint16_t port)
    {
        uint8_t bytes[KAD_MESSAGE_MAX];
        size_t size = kad_message_write(&reply, bytes);
        kad_node_receive(node, kSecond / 2, address, port, bytes, size);
    }
};

TEST(KademliaNetwork, BelievesNoReplyFromAnotherAddress)
{
    Greeting greeting;
    greeting.Deliver(KademliaWorld::Address(2), 4000);
    greeting.Deliver(KademliaWorld::Address(1), 4001);
    EXPECT_EQ(greeting.node->table.contact_count, 0u);
    EXPECT_EQ(greeting.node->counters.malformed, 2u);
    greeting.Deliver(KademliaWorld::Address(1), 4000);
    EXPECT_EQ(greeting.node->table.contact_count, 1u);
    EXPECT_EQ(greeting.node->counters.malformed, 2u);
}

TEST(KademliaNetwork, ForgetsAContactWhenAnotherNodeAnswersAtItsAddress)
{
    Greeting greeting;
    greeting.Deliver(KademliaWorld::Address(1), 4000);
    ASSERT_EQ(greeting.node->rpc_count, 1u); /* the self-lookup asks the one known contact */
    kad_id before = greeting.reply.sender;
    greeting.reply.rpc = greeting.node->rpcs[0].id;
    kad_id_of(&greeting.reply.sender, "somebody else", 1);
    greeting.Deliver(KademliaWorld::Address(1), 4000);
    EXPECT_FALSE(kad_table_find(&greeting.node->table, &before));
    EXPECT_TRUE(kad_table_find(&greeting.node->table, &greeting.reply.sender));
}

TEST(KademliaNetwork, BelievesNoReplyThatItDidNotAskFor)
{
    KademliaWorld world(3, Options(), 13);
    JoinAll(world, kSecond);
    world.Run(20 * kSecond);
    kad_node *node = &world.members[0]->node;
    uint32_t contacts = node->table.contact_count;
    kad_message reply = {};
    uint8_t bytes[KAD_MESSAGE_MAX];
    reply.type = KAD_PONG;
    kad_id_of(&reply.sender, "stranger", 1);
    kad_id_of(&reply.rpc, "guess", 1);
    size_t size = kad_message_write(&reply, bytes);
    kad_node_receive(node, world.now_ns, 0x0a00ffff, 4000, bytes, size);
    EXPECT_EQ(node->table.contact_count, contacts);
    EXPECT_EQ(node->counters.malformed, 1u);
}

TEST(KademliaNetwork, SurvivesRandomDatagramsAndDamagedOnes)
{
    KademliaWorld world(8, Options(), 14);
    JoinAll(world, kSecond);
    world.Run(20 * kSecond);
    kad_random random;
    kad_random_seed(&random, 99, 0);
    kad_node *node = &world.members[0]->node;
    for (int i = 0; i < 20000; i++) {
        std::vector<uint8_t> bytes(kad_random_below(&random, 1300));
        for (auto &byte : bytes) {
            byte = (uint8_t)kad_random_next(&random);
        }
        if (bytes.size() >= 4 && i % 4 != 0) { /* mostly with a header that is nearly right */
            bytes[0] = KAD_MAGIC;
            bytes[1] = KAD_VERSION;
            bytes[2] = (uint8_t)kad_random_below(&random, 10);
            bytes[3] = (uint8_t)kad_random_below(&random, 3);
            bytes.resize(std::min<size_t>(bytes.size(), 44 + 26 * kad_random_below(&random, 3)));
        }
        kad_node_receive(node, world.now_ns, 0x0a000000u + kad_random_below(&random, 9), 4000,
                         bytes.data(), bytes.size());
    }
    EXPECT_GT(node->counters.malformed, 10000u);
    Outcome stored, found;
    Publish(world, 1, 0, &stored);
    world.Run(60 * kSecond);
    Find(world, 2, 0, &found);
    world.Run(90 * kSecond);
    EXPECT_TRUE(found.result.success);
}

/* --- The experiment as the scenario runs it --------------------------------------------------- */

TEST(KademliaWorkload, FindsAllValuesAndObservesEveryLookupOnce)
{
    constexpr uint32_t kNodes = 200;
    peer_options common;
    std::string name = "kademlia";
    std::vector<std::string> words = {name,  "--join-spread",   "10",   "--store-at",
                                      "20",  "--store-spread",  "5",    "--lookups-from",
                                      "40",  "--lookups-until", "70.5", "--rate",
                                      "0.5", "--seed",          "7"};
    std::vector<char *> argv;
    for (auto &word : words) {
        argv.push_back(word.data());
    }
    ASSERT_TRUE(peer_options_parse(&common, 0, kNodes, (int)argv.size(), argv.data()));
    EXPECT_EQ(common.lookups_until_ns, 70500 * kMillisecond);
    EXPECT_EQ(common.rate_nanohertz, 500000000u);

    observed.clear();
    KademliaWorld world(kNodes, common.kad, 7);
    world.loss_per_mille = 5;
    std::vector<peer_options> options(kNodes, common);
    std::vector<workload> workloads(kNodes);
    for (uint32_t i = 0; i < kNodes; i++) {
        workload *load = &workloads[i];
        options[i].index = i;
        workload_init(load, &options[i], &world.members[i]->node);
        load->is_bootstrap = i < 2;
        for (uint32_t bootstrap = 0; bootstrap < 2; bootstrap++) {
            if (bootstrap != i) {
                load->addresses[load->bootstrap_count] = KademliaWorld::Address(bootstrap);
                load->ports[load->bootstrap_count++] = KademliaWorld::kPort;
            }
        }
        world.members[i]->tick = [load](uint64_t now) { workload_tick(load, now); };
        world.members[i]->next_ns = [load] { return workload_next_ns(load); };
    }
    world.Run(90 * kSecond);

    EXPECT_EQ(observed["joined"].size(), kNodes);
    EXPECT_EQ(observed["stored"].size(), kNodes);
    size_t lookups = observed["lookup.success"].size();
    EXPECT_NEAR((double)lookups, kNodes * 0.5 * 30.5, kNodes); /* at most one a peer off */
    EXPECT_EQ(observed["lookup.hops"].size(), lookups);
    EXPECT_EQ(observed["lookup.latency_ms"].size(), lookups);
    EXPECT_EQ(observed["rpc.timeouts"].size(), lookups);
    for (double success : observed["lookup.success"]) {
        EXPECT_EQ(success, 1);
    }
    uint32_t counted = 0;
    for (const workload &load : workloads) {
        counted += load.lookups;
        EXPECT_TRUE(load.reported);
    }
    EXPECT_EQ(counted, lookups);
}

TEST(KademliaOptions, AreRefusedWithAMessageWhenTheyAreWrong)
{
    const std::vector<std::vector<std::string>> wrong = {
        {"--k", "0"},
        {"--k", "41"},
        {"--k", "x"},
        {"--k"},
        {"--port", "65536"},
        {"--rate", "1.2.3"},
        {"--rate", "-1"},
        {"--join-at", ""},
        {"--alpha", "21"},
        {"--nonsense", "1"},
        {"--rate", ".5"},
        {"--cache", "2"},
        {"--join-at", "1.0000000001"},
    };
    for (auto words : wrong) {
        std::string program = "kademlia";
        std::vector<char *> argv = {program.data()};
        for (auto &word : words) {
            argv.push_back(word.data());
        }
        peer_options options;
        testing::internal::CaptureStdout();
        bool parsed = peer_options_parse(&options, 0, 10, (int)argv.size(), argv.data());
        std::string message = testing::internal::GetCapturedStdout();
        EXPECT_FALSE(parsed) << words[0];
        EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 1) << message;
    }
}

} // namespace
