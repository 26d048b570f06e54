/* For tests of hosts that look into them: what they tell a watcher, and what holds of any. */
#ifndef DENALI_TESTS_EMU_HOST_WATCH_H
#define DENALI_TESTS_EMU_HOST_WATCH_H

#include <algorithm>
#include <string>
#include <vector>

#include "world_fixture.h"

extern "C" {
#include <base/random.h>
#include <host/host.h>
}

/* What hosts told a watcher. */
struct HostTrace {
    std::vector<emu_host_note> notes;
    static void Watch(void *context, const emu_host_note *note)
    {
        static_cast<HostTrace *>(context)->notes.push_back(*note);
    }
    uint64_t Count(emu_host_act act) const
    {
        return (uint64_t)std::count_if(notes.begin(), notes.end(),
                                       [&](const auto &note) { return note.act == act; });
    }
};

inline emu_seat_report SeatReport(TestWorld &world, uint32_t node)
{
    emu_seat_report report;
    emu_world_seat_report(world.get(), node, &report);
    return report;
}

/* The digest at a time is one, whatever engine and threads, however the run is cut, and across
 * saved states. */
inline void ExpectOneDigest(const std::string &yaml, uint64_t end_ns, uint64_t seed)
{
    SCOPED_TRACE(yaml);
    struct random_stream random;
    random_init_seed(&random, seed);
    TestWorld whole(yaml);
    whole.Run(end_ns);
    for (const std::string &engine : EngineNames()) {
        TestWorld other(yaml, engine.c_str(), 3);
        other.Run(end_ns);
        EXPECT_EQ(other.Digest(), whole.Digest()) << engine;
    }
    TestWorld cut(yaml);
    for (uint64_t now_ns = 0; now_ns < end_ns;) {
        now_ns = std::min(end_ns, now_ns + 1 + random_below(&random, 60000));
        cut.Run(now_ns);
    }
    EXPECT_EQ(cut.Digest(), whole.Digest());
    for (int round = 0; round < 4; round++) {
        const uint64_t cut_ns = random_below(&random, end_ns);
        TestWorld before(yaml);
        before.Run(cut_ns);
        const std::vector<uint8_t> state = before.Save();
        TestWorld after(yaml, nullptr, 1 + round % 2);
        after.Run(random_below(&random, end_ns));
        ASSERT_EQ(after.Load(state), STATUS_OK) << "cut at " << cut_ns;
        EXPECT_EQ(after.Save(), state);
        after.Run(end_ns);
        EXPECT_EQ(after.Digest(), whole.Digest()) << "cut at " << cut_ns;
    }
}

/* Loads states of the world at 3 ms that have a wrong byte among the last `reach`, and runs what
 * passes for one on. How many were refused. */
inline uint32_t RefusedWhenDamaged(const std::string &yaml, uint64_t seed, uint32_t rounds,
                                   size_t reach)
{
    TestWorld before(yaml);
    before.Run(3000000);
    const std::vector<uint8_t> state = before.Save();
    struct random_stream random;
    random_init_seed(&random, seed);
    uint32_t refused = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        std::vector<uint8_t> damaged = state;
        const size_t at =
            damaged.size() - 1 - random_below(&random, std::min(reach, damaged.size()));
        damaged[at] ^= (uint8_t)(1 + random_below(&random, 255));
        TestWorld world(yaml);
        if (world.Load(damaged) == STATUS_OK) {
            world.Run(3300000);
        } else {
            refused++;
        }
    }
    return refused;
}

/* A state at end_ns is loaded as it is, and refused with what `damage` does to the first host. */
template <typename Damage>
void ExpectRefusedIfDamaged(const std::string &yaml, uint64_t end_ns, const Damage &damage)
{
    SCOPED_TRACE(yaml);
    TestWorld before(yaml);
    before.Run(end_ns);
    TestWorld after(yaml);
    EXPECT_EQ(after.Load(before.Save()), STATUS_OK);
    damage(emu_world_host(before.get(), 0));
    EXPECT_EQ(after.Load(before.Save()), STATUS_CORRUPT);
}

/* Of every host the time is somebody's, and what is counted of its machines is their sum. */
inline void ExpectExactAccount(TestWorld &world)
{
    for (uint32_t host = 0; host < emu_world_host_count(world.get()); host++) {
        emu_host_report report;
        emu_world_host_report(world.get(), host, &report);
        EXPECT_EQ(report.guest_ns + report.kernel_ns + report.idle_ns, report.total_ns);
        uint64_t faults = 0;
        uint64_t page_ins = 0;
        uint64_t wait_ns = 0;
        for (uint32_t node = 0; node < emu_world_node_count(world.get()); node++) {
            const emu_seat_report seat = SeatReport(world, node);
            faults += seat.host == host ? seat.paging.faults : 0;
            page_ins += seat.host == host ? seat.paging.page_ins : 0;
            wait_ns += seat.host == host ? seat.paging.page_wait_ns : 0;
        }
        EXPECT_EQ(faults, report.paging.faults);
        EXPECT_EQ(page_ins, report.paging.page_ins);
        EXPECT_EQ(wait_ns, report.paging.page_wait_ns);
    }
}

#endif
