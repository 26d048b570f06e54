/* A host's card against a model: queues and turns written once more, without events. */
#include <deque>
#include <map>

#include "host_load.h"

#include "host_watch.h"

namespace
{

class CardModel
{
  public:
    CardModel(uint64_t rate_bps, size_t send_queue) : rate_bps_(rate_bps), send_queue_(send_queue)
    {
    }

    static void Watch(void *context, const emu_host_note *note)
    {
        static_cast<CardModel *>(context)->Take(*note);
    }

    uint64_t sent = 0;
    uint64_t dropped = 0;
    uint64_t turns = 0;   /* of another machine than the one before */
    uint64_t at_once = 0; /* handed over with another by the same machine */
    std::map<uint32_t, uint64_t> bytes_of;

  private:
    void Take(const emu_host_note &note)
    {
        if (note.act == EMU_HOST_SEND) {
            auto &queue = queues_[note.node];
            at_once += handed_ns_[note.node] == note.time_ns;
            handed_ns_[note.node] = note.time_ns;
            if (queue.size() == send_queue_) {
                must_drop_ = true;
                return;
            }
            queue.push_back(note.detail);
            if (queue.size() == 1) {
                ring_.push_back(note.node);
            }
            if (ring_.size() == 1 && queue.size() == 1) {
                Begin(note.time_ns, 0);
            }
        } else if (note.act == EMU_HOST_SEND_FULL) {
            EXPECT_TRUE(must_drop_);
            must_drop_ = false;
            dropped++;
        } else if (note.act == EMU_HOST_SENT) {
            ASSERT_FALSE(ring_.empty());
            EXPECT_EQ(note.node, ring_.front()) << "out of turn at " << note.time_ns;
            EXPECT_EQ(note.time_ns, done_ns_);
            auto &queue = queues_[note.node];
            EXPECT_EQ(note.detail, queue.front());
            queue.pop_front();
            ring_.pop_front();
            if (!queue.empty()) {
                ring_.push_back(note.node);
            }
            sent++;
            turns += last_ != note.node;
            last_ = note.node;
            bytes_of[note.node] += note.detail;
            if (!ring_.empty()) {
                Begin(note.time_ns, rest_);
            }
        }
    }

    void Begin(uint64_t now_ns, uint64_t rest)
    {
        const uint64_t work = queues_[ring_.front()].front() * 8000000000u + rest;
        done_ns_ = now_ns + work / rate_bps_;
        rest_ = work % rate_bps_;
    }

    const uint64_t rate_bps_;
    const size_t send_queue_;
    std::map<uint32_t, std::deque<uint64_t>> queues_;
    std::map<uint32_t, uint64_t> handed_ns_;
    std::deque<uint32_t> ring_;
    bool must_drop_ = false;
    uint64_t done_ns_ = 0;
    uint64_t rest_ = 0;
    uint32_t last_ = UINT32_MAX;
};

std::string Card(const std::string &fields, const std::string &more = "")
{
    return ", quantum: 50us, card: {" + fields + "}" + more;
}

} // namespace

TEST(HostCard, EveryFrameIsTheModelsOverRandomLoads)
{
    struct random_stream random;
    random_init_seed(&random, 77);
    uint64_t dropped = 0;
    uint64_t turns = 0;
    uint64_t at_once = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        const uint64_t rate_bps = 300000 + random_below(&random, 40000000);
        const uint64_t queue = 1 + random_below(&random, 6);
        const std::string fields =
            Card("rate: " + std::to_string(rate_bps) + "bit, send_queue: " + std::to_string(queue),
                 ", processors: " + std::to_string(1 + random_below(&random, 4)));
        SCOPED_TRACE(fields);
        const bool rings = seed % 3 == 0; /* a card that is given several frames at once */
        TestWorld world(HostLoad(seed, 2 + (uint32_t)random_below(&random, 20), fields,
                                 rings ? ", card: pcnet" : "", rings ? "rings" : "restless"));
        CardModel model(rate_bps, queue);
        emu_hosts_watch(world.get(), CardModel::Watch, &model);
        world.Run(20000000);
        EXPECT_GT(model.sent, 5u);
        emu_host_report report;
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_EQ(report.card_frames, model.sent);
        uint64_t drops = 0;
        for (uint32_t node = 0; node < emu_world_node_count(world.get()); node++) {
            emu_seat_report seat;
            emu_world_seat_report(world.get(), node, &seat);
            EXPECT_EQ(seat.card_bytes, model.bytes_of[node]) << node;
            drops += Drops(world.Report(node), "card_full");
        }
        EXPECT_EQ(drops, model.dropped);
        at_once += model.at_once;
        dropped += model.dropped;
        turns += model.turns;
        if (testing::Test::HasFailure()) {
            return;
        }
    }
    EXPECT_GT(dropped, 100u);
    EXPECT_GT(at_once, 1000u);
    EXPECT_GT(turns, 100u);
}

TEST(HostCard, AFrameThatWouldNeverBeSentIsRefusedWithItsState)
{
    const std::string yaml = HostLoad(3, 6, Card("rate: 2Mbit"));
    const auto late = [](uint64_t by_ns) {
        return [=](emu_host *host) {
            ASSERT_NE(host->card.sends, nullptr);
            host->card.event.base.key.time_ns += by_ns;
        };
    };
    ExpectRefusedIfDamaged(yaml, 3000000, late(3600000000000));
    ExpectRefusedIfDamaged(yaml, 3000000, late(1514 * 8 * 500)); /* as long as a frame takes */
}

TEST(HostCard, WithoutARateNothingWaits)
{
    TestWorld none(HostLoad(3, 6, ", quantum: 50us"));
    TestWorld queues(HostLoad(3, 6, Card("send_queue: 1")));
    none.Run(8000000);
    queues.Run(8000000);
    EXPECT_EQ(none.Digest(), queues.Digest());
    EXPECT_GT(none.Report(0).frames_sent, 0u);
}

/* What lazy receiver processing is for: the flooded machine pays, not its neighbour. */
TEST(HostCard, AFrameIsPaidForByItsReceiverUnlessTheCardIsEager)
{
    auto neighbours_kernel_ns = [](const std::string &card) {
        /* One spins; the others send to each other. */
        TestWorld world(HostLoad(8, 6, ", quantum: 200us, costs: {frame_receive: 3us}" + card,
                                 "}\n- {name: never, memory: 128KiB, network: none, host: box, "
                                 "image: " +
                                     GuestPath("spin")));
        world.Run(8000000);
        struct emu_seat_report seat;
        emu_world_seat_report(world.get(), 6, &seat);
        EXPECT_GT(world.Report(0).frames_received, 0u);
        return seat.kernel_ns;
    };
    EXPECT_EQ(neighbours_kernel_ns(""), 0u);
    EXPECT_GT(neighbours_kernel_ns(", card: {eager: true}"), 10000u);
}

/* The rules of a port hold for machines on hosts, with and without a card that makes them wait. */
TEST(HostCard, APortsRulesHoldOnHosts)
{
    for (const char *card : {"", ", card: {rate: 20Mbit}"}) {
        TestWorld world(HostLoad(5, 6, std::string(", quantum: 50us") + card,
                                 ", limits: {send_rate: 100kbit, send_burst: 1514B}"));
        world.Run(20000000);
        uint64_t sent = 0;
        uint64_t dropped = 0;
        for (uint32_t node = 0; node < 6; node++) {
            sent += world.Report(node).frames_sent;
            dropped += Drops(world.Report(node), "send_rate");
        }
        /* Each may send 1514 bytes and 250 more, in frames of 60. */
        EXPECT_LE(sent - dropped, 6u * 30) << card;
        EXPECT_GT(dropped, 100u) << card;
        /* What is refused is on nobody's wire. */
        emu_host_report report;
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_LE(report.card_frames, sent - dropped) << card;
        EXPECT_EQ(report.card_frames > 0, *card != 0);
    }
}

TEST(HostCard, AFullReceiveQueueDropsAndTheReceiverIsTold)
{
    TestWorld wide(HostLoad(5, 12, Card("receive_queue: 64", "")));
    TestWorld narrow(HostLoad(5, 12, Card("receive_queue: 1", "")));
    uint64_t drops[2] = {};
    TestWorld *worlds[] = {&wide, &narrow};
    for (int i = 0; i < 2; i++) {
        worlds[i]->Run(20000000);
        for (uint32_t node = 0; node < 12; node++) {
            drops[i] += Drops(worlds[i]->Report(node), "nic_full");
        }
    }
    EXPECT_GT(drops[1], drops[0]);
}

/* The same queue, whichever card the guest has; this one takes nothing out of it. */
TEST(HostCard, ThePcnetsReceiveQueueHasTheHostsLengthToo)
{
    for (uint32_t length : {1u, 5u, 64u}) {
        TestWorld world(HostLoad(5, 6, Card("receive_queue: " + std::to_string(length)),
                                 "}\n- {name: deaf, memory: 128KiB, network: lan, host: box, card: "
                                 "pcnet, image: " +
                                     GuestPath("spin")));
        world.Run(20000000);
        EXPECT_EQ(world.Report(6).frames_received, length);
        EXPECT_GT(Drops(world.Report(6), "nic_full"), 50u);
    }
}
