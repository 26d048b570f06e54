// A host's disk: cases worked by hand, and random loads against a small model of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" {
#include <base/time.h>

#include "host/disk_model.h"
}

namespace
{

// 6,000 rpm: a revolution is 10 ms, of 100 sectors of 100 us. Two heads, 50 cylinders.
struct emu_disk_params round_figures()
{
    struct emu_disk_params params = {};
    params.kind = EMU_DISK_ROTATING;
    params.order = EMU_DISK_FIFO;
    params.sector_count = 10000;
    params.heads = 2;
    params.sectors_per_track = 100;
    params.rpm = 6000;
    params.seek_track_ns = 1000000;
    params.seek_average_ns = 4000000;
    params.seek_full_ns = 8000000;
    params.head_switch_ns = 500000;
    return params;
}

class Disk
{
  public:
    struct emu_disk_model *model = nullptr;

    Disk(const struct emu_disk_params &params, uint32_t requesters = 4)
    {
        struct error error = ERROR_INIT;
        EXPECT_EQ(emu_disk_model_create(&params, requesters, &model, &error), STATUS_OK)
            << error.message;
    }
    ~Disk()
    {
        emu_disk_model_destroy(model);
    }
    Disk(const Disk &) = delete;

    void submit(uint64_t now, uint64_t sector, uint32_t count, uint64_t tag = 0, bool write = false,
                uint32_t requester = 0)
    {
        struct emu_disk_request request = {requester, write, count, sector, tag};
        ASSERT_TRUE(emu_disk_model_submit(model, now, &request));
    }
    // When the next is done, having taken it.
    uint64_t done(uint64_t *tag = nullptr)
    {
        uint64_t at = emu_disk_model_next_ns(model);
        struct emu_disk_request request = emu_disk_model_complete(model);
        if (tag) {
            *tag = request.tag;
        }
        return at;
    }
    std::vector<uint64_t> order()
    {
        std::vector<uint64_t> tags;
        while (emu_disk_model_next_ns(model) != TIME_NEVER) {
            uint64_t tag;
            done(&tag);
            tags.push_back(tag);
        }
        return tags;
    }
    std::string saved() const
    {
        struct writer writer;
        writer_init(&writer);
        emu_disk_model_save(model, &writer);
        std::string bytes((const char *)writer.bytes, writer.size_bytes);
        writer_fini(&writer);
        return bytes;
    }
    bool load(const std::string &bytes)
    {
        struct reader reader;
        reader_init(&reader, bytes.data(), bytes.size());
        return emu_disk_model_load(model, &reader) && reader_left(&reader) == 0;
    }
};

TEST(DiskModel, WaitsUntilTheSectorComesRound)
{
    Disk disk(round_figures());
    disk.submit(0, 0, 1);
    EXPECT_EQ(disk.done(), 100000u) << "at time 0 sector 0 is under the head";
    disk.submit(100000, 0, 1);
    EXPECT_EQ(disk.done(), 10100000u) << "it has just gone by: a whole revolution";
    disk.submit(10100000, 50, 10);
    EXPECT_EQ(disk.done(), 16000000u);
    disk.submit(16000001, 60, 1);
    EXPECT_EQ(disk.done(), 26100000u) << "missed by a nanosecond";
}

TEST(DiskModel, SeeksAndSwitchesHeadsBeforeItWaits)
{
    Disk disk(round_figures());
    // Cylinder 1, head 0 from cylinder 0: 1 ms, sector 10 is there at 1 ms exactly.
    disk.submit(0, 210, 5);
    EXPECT_EQ(disk.done(), 1500000u);
    // Head 1 of the same cylinder: 0.5 ms.
    disk.submit(1500000, 320, 1);
    EXPECT_EQ(disk.done(), 2100000u);
    // The full stroke: 8 ms, to 10.1 ms; sector 0 comes round at 20 ms.
    disk.submit(2100000, 0, 1);
    disk.done();
    disk.submit(10100000, 9899, 1); // last cylinder, head 0, sector 99
    EXPECT_EQ(disk.done(), 20000000u) << "8 ms of seek end at 18.1 ms, sector 99 begins at 19.9";
}

TEST(DiskModel, CrossesTracksAndCylindersWithinARequest)
{
    struct emu_disk_params params = round_figures();
    Disk plain(params);
    // Sectors 95 to 104: five, 0.5 ms for the head, then the wait from 10.5 to 20 ms, five.
    plain.submit(0, 95, 10);
    EXPECT_EQ(plain.done(), 20500000u);
    params.track_skew_sectors = 5; // just hides the switch
    params.cylinder_skew_sectors = 10;
    Disk skewed(params);
    skewed.submit(0, 95, 10);
    EXPECT_EQ(skewed.done(), 11000000u);
    Disk whole(params);
    whole.submit(0, 0, 400); // four tracks, two switches of heads, one of cylinders
    EXPECT_EQ(whole.done(), 42000000u);
}

TEST(DiskModel, LosesNoRevolutionBetweenRequestsThatWaitInARow)
{
    struct emu_disk_params params = round_figures();
    params.rpm = 7200; // a sector takes 83,333.3 ns
    params.overhead_ns = 50000;
    Disk disk(params);
    for (uint32_t i = 0; i < 30; i++) {
        disk.submit(0, 1 + i, 1, i);
    }
    for (uint32_t i = 0; i < 30; i++) {
        EXPECT_EQ(disk.done(), ((i + 2) * 250000u + 2) / 3) << i;
    }
}

TEST(DiskModel, SeeksAsTheThreeFiguresOfADataSheetSay)
{
    struct emu_disk_params params = emu_disk_params_2002();
    const uint64_t tracks = (params.sector_count + 699) / 700;
    const uint64_t cylinders = (tracks + 3) / 4;
    EXPECT_EQ(emu_disk_seek_ns(&params, 0), 0u);
    EXPECT_EQ(emu_disk_seek_ns(&params, 1), 800000u);
    EXPECT_EQ(emu_disk_seek_ns(&params, cylinders / 3), 8500000u);
    EXPECT_EQ(emu_disk_seek_ns(&params, cylinders - 1), 17000000u);
    uint64_t before = 0;
    for (uint64_t distance = 1; distance < cylinders; distance += 7) {
        uint64_t seek = emu_disk_seek_ns(&params, distance);
        EXPECT_GE(seek, before);
        before = seek;
        if (distance <= cylinders / 3) {
            long double root = std::sqrt((long double)(distance - 1) / (cylinders / 3 - 1));
            EXPECT_NEAR((double)seek, (double)(800000 + 7700000 * root), 1.0) << distance;
        }
    }
}

TEST(DiskModel, SweepsAsAnElevatorOrServesInOrder)
{
    struct emu_disk_params params = round_figures();
    for (bool scan : {false, true}) {
        params.order = scan ? EMU_DISK_SCAN : EMU_DISK_FIFO;
        Disk disk(params);
        disk.submit(0, 5000, 1, 0); // in service; all others wait
        disk.submit(1, 9000, 1, 1);
        disk.submit(2, 1000, 1, 2);
        disk.submit(3, 6000, 1, 3);
        disk.submit(4, 4000, 1, 4);
        disk.submit(5, 6000, 1, 5);
        EXPECT_EQ(disk.order(), scan ? (std::vector<uint64_t>{0, 3, 5, 1, 4, 2})
                                     : (std::vector<uint64_t>{0, 1, 2, 3, 4, 5}));
    }
}

TEST(DiskModel, ServesAsManyAtATimeAsFlashHasChannels)
{
    struct emu_disk_params params = emu_disk_params_flash();
    params.channels = 2;
    params.overhead_ns = 0;
    params.rate_bytes_per_s = 512000000; // a sector in 1 us
    Disk disk(params);
    disk.submit(0, 0, 10, 1);
    disk.submit(0, 100, 20, 2);
    disk.submit(0, 200, 8, 3, true);
    uint64_t tag;
    EXPECT_EQ(disk.done(&tag), 90000u);
    EXPECT_EQ(tag, 1u);
    EXPECT_EQ(disk.done(&tag), 100000u);
    EXPECT_EQ(tag, 2u);
    EXPECT_EQ(disk.done(&tag), 90000u + 20000 + 8000);
    EXPECT_EQ(tag, 3u);
    EXPECT_EQ(emu_disk_model_total(disk.model).busy_ns, 90000u + 100000 + 28000);
    EXPECT_EQ(emu_disk_model_total(disk.model).wait_ns, 90000u);
}

TEST(DiskModel, RefusesWhatItsQueueCannotHold)
{
    struct emu_disk_params params = round_figures();
    params.queue_requests_max = 2;
    Disk disk(params);
    for (uint32_t i = 0; i < 3; i++) {
        disk.submit(0, i, 1);
    }
    const std::string before = disk.saved();
    struct emu_disk_request request = {0, false, 1, 9, 0};
    EXPECT_FALSE(emu_disk_model_submit(disk.model, 0, &request));
    EXPECT_EQ(disk.saved(), before);
    disk.done();
    EXPECT_TRUE(emu_disk_model_submit(disk.model, 100000, &request));
}

TEST(DiskModel, SaysWhichParameterIsWrong)
{
    auto refused = [](void (*spoil)(struct emu_disk_params *)) {
        struct emu_disk_params params = round_figures();
        spoil(&params);
        struct emu_disk_model *model = nullptr;
        struct error error = ERROR_INIT;
        EXPECT_EQ(emu_disk_model_create(&params, 1, &model, &error), STATUS_INVALID);
        EXPECT_EQ(model, nullptr);
        return std::string(error.message);
    };
    EXPECT_EQ(refused([](auto *p) { p->rpm = 0; }), "rpm is 0, expected 1 to 100000");
    EXPECT_EQ(refused([](auto *p) { p->seek_track_ns = 5000000; }),
              "seek_track_ns is 5000000, expected 0 to 4000000");
    EXPECT_EQ(refused([](auto *p) { p->track_skew_sectors = 100; }),
              "track_skew_sectors is 100, expected 0 to 99");
    EXPECT_EQ(refused([](auto *p) { p->sector_count = 0; }),
              "sector_count is 0, expected 1 to 1099511627776");
    EXPECT_EQ(refused([](auto *p) { p->kind = EMU_DISK_FLASH; }),
              "channels is 0, expected 1 to 64");
}

// The disk again, with times as whole numbers of 1 / units ns in 128 bits and everything looked for
// from the start.
class Model
{
  public:
    using Units = unsigned __int128;
    struct Request {
        struct emu_disk_request asked;
        uint64_t arrival;
        bool busy = false;
        Units end = 0;
        uint64_t from = 0;
    };
    struct emu_disk_params params;
    Units per_ns;
    bool down = false;
    uint64_t position = 0, track = 0;
    std::vector<Units> free; // of each channel
    std::vector<int> serving;
    std::deque<Request> all;
    std::vector<struct emu_disk_account> accounts;

    Model(const struct emu_disk_params &p, uint32_t requesters)
        : params(p), per_ns(p.kind == EMU_DISK_FLASH ? (Units)p.rate_bytes_per_s
                                                     : (Units)p.rpm * p.sectors_per_track),
          free(p.kind == EMU_DISK_FLASH ? p.channels : 1), serving(free.size(), -1),
          accounts(requesters)
    {
    }
    uint64_t up(Units time) const
    {
        return (uint64_t)((time + per_ns - 1) / per_ns);
    }
    int choose() const
    {
        int best = -1;
        for (bool back : {false, true}) {
            for (size_t i = 0; i < all.size() && best < 0; i++) {
                best = eligible(i, back) ? (int)i : -1;
            }
            for (size_t i = 0; i < all.size() && params.order == EMU_DISK_SCAN; i++) {
                bool downwards = down != back;
                if (eligible(i, back) && (downwards ? at(i) > at(best) : at(i) < at(best))) {
                    best = (int)i;
                }
            }
        }
        return best;
    }
    void submit(uint64_t now, const struct emu_disk_request &request)
    {
        all.push_back({request, now});
        for (size_t c = 0; c < free.size(); c++) {
            if (serving[c] < 0) {
                return serve(c);
            }
        }
    }
    // Time and tag of the next that is done.
    std::pair<uint64_t, uint64_t> complete()
    {
        int first = -1;
        for (size_t i = 0; i < all.size(); i++) {
            if (all[i].busy && (first < 0 || up(all[i].end) < up(all[first].end))) {
                first = (int)i;
            }
        }
        std::pair<uint64_t, uint64_t> result = {up(all[first].end), all[first].asked.tag};
        size_t channel = std::find(serving.begin(), serving.end(), first) - serving.begin();
        free[channel] = all[first].end;
        serving[channel] = -1;
        all.erase(all.begin() + first);
        for (int &index : serving) {
            index -= index > first;
        }
        if (choose() >= 0) {
            serve(channel);
        }
        return result;
    }

  private:
    uint64_t at(int i) const
    {
        return all[i].asked.sector;
    }
    bool eligible(size_t i, bool back) const
    {
        if (all[i].busy) {
            return false;
        }
        bool downwards = down != back;
        return params.order == EMU_DISK_FIFO ||
               (downwards ? at((int)i) <= position : at((int)i) >= position);
    }
    void serve(size_t channel)
    {
        int i = choose();
        Request &request = all[i];
        if (params.order == EMU_DISK_SCAN && at(i) != position) {
            down = at(i) < position;
        } else if (params.order == EMU_DISK_SCAN && !eligible(i, false)) {
            down = !down;
        }
        position = at(i);
        Units begin = std::max(free[channel], request.arrival * per_ns);
        Units time = std::max(free[channel], (request.arrival + params.overhead_ns) * per_ns);
        if (params.kind == EMU_DISK_FLASH) {
            time += (request.asked.write ? params.write_ns : params.read_ns) * per_ns;
            time += (Units)request.asked.sector_count * 512 * 1000000000;
        } else {
            const Units sector = 60000000000;
            const uint64_t spt = params.sectors_per_track;
            for (uint32_t n = 0; n < request.asked.sector_count; n++) {
                uint64_t s = request.asked.sector + n, to = s / spt;
                uint64_t a = track / params.heads, b = to / params.heads;
                time += per_ns * (a != b        ? emu_disk_seek_ns(&params, a < b ? b - a : a - b)
                                  : track != to ? params.head_switch_ns
                                                : 0);
                track = to;
                uint64_t skew =
                    (to - b) * params.track_skew_sectors + b * params.cylinder_skew_sectors;
                Units angle = (s % spt + skew) % spt * sector, turn = sector * spt;
                time += (angle + turn - time % turn) % turn + sector;
            }
        }
        request.busy = true;
        request.end = time;
        request.from = up(begin);
        serving[channel] = i;
        struct emu_disk_account &account = accounts[request.asked.requester];
        uint64_t bytes = request.asked.sector_count * 512ull;
        (request.asked.write ? account.writes : account.reads)++;
        (request.asked.write ? account.bytes_written : account.bytes_read) += bytes;
        account.wait_ns += up(begin) - request.arrival;
        account.busy_ns += up(time) - up(begin);
    }
};

struct emu_disk_params params_of(uint64_t seed)
{
    std::mt19937_64 random(seed);
    struct emu_disk_params params = round_figures();
    params.order = seed & 1 ? EMU_DISK_SCAN : EMU_DISK_FIFO;
    params.overhead_ns = random() % 300000;
    params.rpm = 3600 + random() % 12000;
    params.heads = 1 + random() % 5;
    params.sectors_per_track = 20 + random() % 200;
    params.track_skew_sectors = random() % 20;
    params.cylinder_skew_sectors = random() % 20;
    if (seed % 3 == 0) {
        params.kind = EMU_DISK_FLASH;
        params.channels = 1 + random() % 6;
        params.read_ns = random() % 100000;
        params.write_ns = random() % 100000;
        params.rate_bytes_per_s = 1000000 + random() % 500000007;
    }
    return params;
}

// saving: every so often the model is saved and another one goes on with it.
void compare(uint64_t seed, bool saving)
{
    SCOPED_TRACE("seed " + std::to_string(seed));
    const struct emu_disk_params params = params_of(seed);
    std::mt19937_64 random(seed);
    auto disk = std::make_unique<Disk>(params, 5);
    Model model(params, 5);
    uint64_t now = 0, tag = 0;
    const uint64_t pace = 1 + random() % (params.kind == EMU_DISK_FLASH ? 60000 : 20000000);
    for (int i = 0; i < 3000; i++) {
        now += random() % pace;
        while (emu_disk_model_next_ns(disk->model) <= now) {
            uint64_t got;
            uint64_t at = disk->done(&got);
            ASSERT_EQ(std::make_pair(at, got), model.complete());
        }
        if (emu_disk_model_queued(disk->model) > 40) {
            now += 50 * pace;
            continue;
        }
        struct emu_disk_request request = {(uint32_t)(random() % 5), random() % 2 == 0,
                                           (uint32_t)(1 + random() % 60),
                                           random() % (params.sector_count - 60), ++tag};
        if (random() % 4 == 0) {
            request.sector = model.position;
        }
        ASSERT_TRUE(emu_disk_model_submit(disk->model, now, &request));
        model.submit(now, request);
        if (saving && i % 37 == 0) {
            const std::string bytes = disk->saved();
            auto again = std::make_unique<Disk>(params, 5);
            ASSERT_TRUE(again->load(bytes));
            ASSERT_TRUE(again->saved() == bytes);
            disk = std::move(again);
        }
    }
    struct emu_disk_account sum = {}, total = emu_disk_model_total(disk->model);
    for (uint32_t r = 0; r < 5; r++) {
        struct emu_disk_account its = emu_disk_model_account(disk->model, r);
        const struct emu_disk_account &expected = model.accounts[r];
        EXPECT_EQ(its.reads, expected.reads);
        EXPECT_EQ(its.writes, expected.writes);
        EXPECT_EQ(its.bytes_read, expected.bytes_read);
        EXPECT_EQ(its.bytes_written, expected.bytes_written);
        EXPECT_EQ(its.wait_ns, expected.wait_ns);
        EXPECT_EQ(its.busy_ns, expected.busy_ns);
        sum.reads += its.reads;
        sum.bytes_read += its.bytes_read;
        sum.writes += its.writes;
        sum.bytes_written += its.bytes_written;
        sum.wait_ns += its.wait_ns;
        sum.busy_ns += its.busy_ns;
    }
    EXPECT_EQ(sum.reads, total.reads);
    EXPECT_EQ(sum.writes, total.writes);
    EXPECT_EQ(sum.bytes_read, total.bytes_read);
    EXPECT_EQ(sum.bytes_written, total.bytes_written);
    EXPECT_EQ(sum.wait_ns, total.wait_ns);
    EXPECT_EQ(sum.busy_ns, total.busy_ns);
    EXPECT_GT(total.wait_ns, 0u) << "nobody ever waited: the order was not tried";
}

TEST(DiskModel, TakesTheTimeThatASmallModelTakesOverRandomLoads)
{
    for (uint64_t seed = 0; seed < 18; seed++) {
        compare(seed, false);
    }
}

TEST(DiskModel, GoesOnFromASavedStateAsIfNothingHadBeen)
{
    for (uint64_t seed = 30; seed < 36; seed++) {
        compare(seed, true);
    }
}

TEST(DiskModel, RefusesDamagedStates)
{
    const struct emu_disk_params params = round_figures();
    Disk disk(params);
    for (uint32_t i = 0; i < 20; i++) {
        disk.submit(i, i * 17 % 9000, 1 + i, i, i % 2, i % 4);
    }
    const std::string bytes = disk.saved();
    Disk fresh(params);
    const std::string empty = fresh.saved();
    for (size_t size = 0; size < bytes.size(); size++) {
        ASSERT_FALSE(fresh.load(bytes.substr(0, size)));
        ASSERT_TRUE(fresh.saved() == empty);
    }
    std::mt19937_64 random(5);
    for (int i = 0; i < 3000; i++) {
        std::string damaged = bytes;
        damaged[random() % damaged.size()] ^= (char)(1 + random() % 255);
        if (fresh.load(damaged)) {
            fresh.order(); // whatever it is, it comes to an end
        }
    }
}

} // namespace
