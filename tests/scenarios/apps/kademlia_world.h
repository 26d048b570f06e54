/*
 * A network of Kademlia nodes in one test: datagrams take a fixed delay for each pair of nodes, may
 * be lost, and are delivered in the order (time, number); time is virtual and jumps from event to
 * event. Node i has address 10.0.0.0 + i + 1 and port 4000.
 */
#ifndef TESTS_SCENARIOS_APPS_KADEMLIA_WORLD_H
#define TESTS_SCENARIOS_APPS_KADEMLIA_WORLD_H

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

extern "C" {
#include "node.h"
}

class KademliaWorld
{
  public:
    static constexpr uint64_t kMillisecond = 1000000;
    static constexpr uint64_t kSecond = 1000 * kMillisecond;
    static constexpr uint16_t kPort = 4000;

    struct Member {
        KademliaWorld *world;
        uint32_t index;
        bool alive = true;
        uint64_t scheduled_ns = KAD_NEVER; /* the wake-up that is queued */
        kad_node node;
        /* What else the machine runs: called with the node, says when it wants to be again. */
        std::function<void(uint64_t)> tick;
        std::function<uint64_t()> next_ns;
    };

    /* One-way delay of a pair in ns; most are tens of milliseconds, one pair in 64 a second. */
    std::function<uint64_t(uint32_t, uint32_t)> delay_ns = [](uint32_t a, uint32_t b) {
        uint64_t low = a < b ? a : b;
        uint64_t high = a < b ? b : a;
        uint64_t mixed = (low * 0x9e3779b97f4a7c15u + high) * 0xd1342543de82ef95u >> 33;
        return mixed % 64 == 0 ? 1200 * kMillisecond : (5 + mixed % 150) * kMillisecond;
    };
    uint32_t loss_per_mille = 0;
    uint64_t now_ns = 0;
    uint64_t datagrams = 0;
    uint64_t bytes = 0;

    KademliaWorld(uint32_t count, const kad_options &options, uint64_t seed)
    {
        kad_random_seed(&random_, seed, 0xbadcafe);
        for (uint32_t i = 0; i < count; i++) {
            members.push_back(std::make_unique<Member>());
            Member &member = *members.back();
            kad_id self;
            kad_id_of(&self, "node", i);
            member.world = this;
            member.index = i;
            kad_transport transport = {&member, &KademliaWorld::Send};
            kad_node_init(&member.node, &options, &self, seed, &transport);
        }
    }
    ~KademliaWorld()
    {
        for (auto &member : members) {
            kad_node_fini(&member->node);
        }
    }

    static uint32_t Address(uint32_t index)
    {
        return 0x0a000001u + index;
    }

    /* Joins through node 0 (which starts the network) at the given time. */
    void JoinAt(uint32_t index, uint64_t time_ns)
    {
        At(time_ns, index, [](Member &member, uint64_t now) {
            uint32_t address = Address(0);
            uint16_t port = kPort;
            kad_node_join(&member.node, now, &address, &port, member.index == 0 ? 0 : 1, false,
                          nullptr, nullptr);
        });
    }

    void At(uint64_t time_ns, uint32_t index, std::function<void(Member &, uint64_t)> action)
    {
        queue_.push({time_ns, number_++, index, 0, {}, std::move(action)});
    }

    /* Runs everything that is due up to and including until_ns. */
    void Run(uint64_t until_ns)
    {
        for (auto &member : members) {
            Schedule(*member);
        }
        while (!queue_.empty() && queue_.top().time_ns <= until_ns) {
            Event event = queue_.top();
            queue_.pop();
            now_ns = event.time_ns;
            Member &member = *members[event.to];
            if (!member.alive) {
                continue;
            }
            if (event.action) {
                event.action(member, now_ns);
            } else if (!event.bytes.empty()) {
                kad_node_receive(&member.node, now_ns, Address(event.from), kPort,
                                 event.bytes.data(), event.bytes.size());
            } else if (event.time_ns == member.scheduled_ns) {
                member.scheduled_ns = KAD_NEVER;
            }
            if (member.tick) {
                member.tick(now_ns);
            }
            kad_node_tick(&member.node, now_ns);
            Schedule(member);
        }
        now_ns = until_ns;
    }

    std::vector<std::unique_ptr<Member>> members;

  private:
    struct Event {
        uint64_t time_ns;
        uint64_t number;
        uint32_t to;
        uint32_t from;
        std::vector<uint8_t> bytes; /* empty: a wake-up */
        std::function<void(Member &, uint64_t)> action;
        bool operator<(const Event &other) const
        {
            return time_ns != other.time_ns ? time_ns > other.time_ns : number > other.number;
        }
    };

    static void Send(void *context, uint32_t address, uint16_t, const uint8_t *bytes,
                     size_t size_bytes)
    {
        auto *from = static_cast<Member *>(context);
        KademliaWorld *world = from->world;
        uint32_t to = address - Address(0);
        world->datagrams++;
        world->bytes += size_bytes;
        if (to >= world->members.size() ||
            kad_random_below(&world->random_, 1000) < world->loss_per_mille) {
            return;
        }
        world->queue_.push({world->now_ns + world->delay_ns(from->index, to),
                            world->number_++,
                            to,
                            from->index,
                            std::vector<uint8_t>(bytes, bytes + size_bytes),
                            {}});
    }

    void Schedule(Member &member)
    {
        uint64_t next = kad_node_next_ns(&member.node);
        if (member.next_ns) {
            uint64_t other = member.next_ns();
            next = other < next ? other : next;
        }
        if (next < now_ns) {
            next = now_ns;
        }
        if (next != KAD_NEVER && next < member.scheduled_ns) {
            member.scheduled_ns = next;
            queue_.push({next, number_++, member.index, 0, {}, {}});
        }
    }

    kad_random random_;
    uint64_t number_ = 0;
    std::priority_queue<Event> queue_;
};

#endif
