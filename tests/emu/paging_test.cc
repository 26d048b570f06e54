/* Hosts that page: what may not show, what must, and sums. */
#include <algorithm>

#include "emu/host/pager_model.h"
#include "host_watch.h"

extern "C" {
#include <vcpu/image.h>
}

namespace
{

const uint64_t kEnd_ns = 16000000;

/* Hosts of several kinds, whose machines want more than there is. */
std::vector<std::string> Worlds()
{
    std::vector<std::string> worlds;
    const std::string guest = ", image: " + GuestPath("roam") + ", memory: 512KiB, network: lan";
    const std::string flash = ", disks: [{type: flash, size: 64MiB, read: 9us, write: 5us}]";
    const std::string disks =
        ", disks: [{count: 2, size: 256MiB, seek_track: 2us, seek_average: 5us, seek_full: 9us, "
        "rpm: 100000, overhead: 1us}]";
    for (const std::string &kind : std::vector<std::string>{
             ", memory: 400KiB, paging: {block: 4KiB, window: 300us, inactive: 1ms}" + flash,
             ", memory: 640KiB, processors: 2, paging: {block: 8KiB, writes: 3, window: 200us}" +
                 flash,
             ", memory: 1200KiB, processors: 3, paging: {block: 16KiB, window: 100us, inactive: "
             "300us}" +
                 flash,
             ", memory: 400KiB, interrupts: immediate, paging: {block: 4KiB, scan: 20}" + disks,
             ", memory: 400KiB, processors: 3, count: 2, minimum_free: 40KiB, paging: {block: "
             "4KiB, inactive: 500us}" +
                 flash}) {
        worlds.push_back("general: {name: paging, seed: 6, duration: 1s}\n"
                         "networks: [{name: lan, type: lan, latency: 20us}]\n"
                         "hosts: [{name: box, cpu_hz: 300MHz, quantum: 50us, costs: {switch: 3us, "
                         "trap: 900ns, page_fault: 2us, page_fill: 1us, disk: 4us}" +
                         kind +
                         "}]\n"
                         "groups:\n"
                         "- {name: a" +
                         guest +
                         ", count: 4, host: box, disks: [{name: d, size: 256KiB, on_host: true}, "
                         "{name: e, size: 4KiB}]}\n"
                         "- {name: floor" +
                         guest +
                         ", host: box, limits: {memory_floor: 64KiB, memory_ceiling: 128KiB}}\n"
                         "- {name: alone" +
                         guest +
                         ", cpu_hz: 70MHz}\n"
                         "- {name: mortal" +
                         guest + ", count: 4, host: box, arguments: [m]}\n");
    }
    /* Machines whose cards follow rings in memory. */
    worlds.push_back("general: {name: rings, seed: 7, duration: 1s}\n"
                     "networks: [{name: lan, type: lan, latency: 20us}]\n"
                     "hosts: [{name: box, cpu_hz: 300MHz, quantum: 50us, processors: 2, "
                     "interrupts: immediate, memory: 260KiB, card: {rate: 100Mbit}, costs: {trap: "
                     "900ns, page_fault: 2us}, paging: {block: 4KiB, window: 100us, inactive: "
                     "500us}" +
                     flash +
                     "}]\n"
                     "groups:\n"
                     "- {name: rings, image: " +
                     GuestPath("rings") +
                     ", memory: 128KiB, network: lan, count: 4, host: box, card: pcnet}\n"
                     "- {name: a" +
                     guest +
                     ", count: 3, host: box, disks: [{name: d, size: 256KiB, on_host: true}]}\n");
    return worlds;
}

uint64_t DigestOf(const std::string &yaml, const char *engine, uint32_t jobs)
{
    TestWorld world(yaml, engine, jobs);
    world.Run(kEnd_ns);
    return world.Digest();
}

struct emu_host_report HostReport(TestWorld &world, uint32_t host)
{
    struct emu_host_report report;
    emu_world_host_report(world.get(), host, &report);
    return report;
}

} // namespace

TEST(Paging, EnginesAndThreadsDoNotShow)
{
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        const uint64_t reference = DigestOf(yaml, nullptr, 1);
        for (const std::string &engine : EngineNames()) {
            EXPECT_EQ(DigestOf(yaml, engine.c_str(), 3), reference) << engine;
        }
    }
}

TEST(Paging, HowTheRunIsCutDoesNotShow)
{
    struct random_stream random;
    random_init_seed(&random, 141);
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        const uint64_t whole = DigestOf(yaml, nullptr, 1);
        for (uint64_t longest_ns : {3000u, 60000u, 900000u}) {
            TestWorld world(yaml);
            uint64_t now_ns = longest_ns < 10000 ? kEnd_ns - 1500000 : 0;
            world.Run(now_ns);
            while (now_ns < kEnd_ns) {
                now_ns = std::min(kEnd_ns, now_ns + 1 + random_below(&random, longest_ns));
                world.Run(now_ns);
            }
            EXPECT_EQ(world.Digest(), whole) << "pieces of at most " << longest_ns << " ns";
        }
    }
}

TEST(Paging, SaveAndLoadAtARandomTimeDoNotShow)
{
    struct random_stream random;
    random_init_seed(&random, 143);
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        const uint64_t whole = DigestOf(yaml, nullptr, 1);
        for (int round = 0; round < 4; round++) {
            const uint64_t cut_ns = random_below(&random, kEnd_ns);
            TestWorld before(yaml);
            before.Run(cut_ns);
            const std::vector<uint8_t> state = before.Save();
            TestWorld after(yaml, nullptr, 1 + round % 2);
            after.Run(random_below(&random, kEnd_ns)); /* into one that is elsewhere */
            ASSERT_EQ(after.Load(state), STATUS_OK) << "cut at " << cut_ns;
            EXPECT_EQ(after.Save(), state);
            after.Run(kEnd_ns);
            EXPECT_EQ(after.Digest(), whole) << "cut at " << cut_ns;
        }
    }
}

/* A damaged state is refused, or is one that could have been: it runs on. */
TEST(Paging, ADamagedStateHarmsNobody)
{
    const std::string yaml = Worlds()[0];
    TestWorld before(yaml);
    before.Run(3000000);
    const std::vector<uint8_t> state = before.Save();
    struct random_stream random;
    random_init_seed(&random, 147);
    uint32_t refused = 0;
    const size_t hosts_bytes = 20000; /* they are the end of it */
    for (int round = 0; round < 400; round++) {
        std::vector<uint8_t> damaged = state;
        const size_t at = damaged.size() - 1 - random_below(&random, hosts_bytes);
        damaged[at] ^= (uint8_t)(1 + random_below(&random, 255));
        TestWorld world(yaml);
        if (world.Load(damaged) == STATUS_OK) {
            world.Run(3200000);
            HostReport(world, 0);
        } else {
            refused++;
        }
    }
    EXPECT_GT(refused, 40u);
}

TEST(Paging, EveryPageAndDiskOperationIsSomebodys)
{
    struct random_stream random;
    random_init_seed(&random, 153);
    uint64_t blocks = 0; /* of nodes' own disks on the host's */
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        TestWorld world(yaml);
        uint64_t now_ns = 0;
        for (int round = 0; round < 40; round++) {
            now_ns += 1 + random_below(&random, 800000);
            world.Run(now_ns);
            for (uint32_t host = 0; host < emu_world_host_count(world.get()); host++) {
                const struct emu_host_report report = HostReport(world, host);
                const struct emu_paging_report &sum = report.paging;
                EXPECT_EQ(report.guest_ns + report.kernel_ns + report.idle_ns, report.total_ns);
                EXPECT_LE(sum.pages_resident * 4096, report.memory_bytes);
                uint64_t sums[9] = {};
                for (uint32_t node = 0; node < emu_world_node_count(world.get()); node++) {
                    struct emu_seat_report seat;
                    emu_world_seat_report(world.get(), node, &seat);
                    if (seat.host != host) {
                        EXPECT_TRUE(seat.host != EMU_HOST_NONE || seat.paging.faults == 0);
                        continue;
                    }
                    const struct emu_paging_report &paging = seat.paging;
                    const uint64_t figures[9] = {
                        paging.faults,          paging.pages_filled, paging.pages_copied,
                        paging.page_ins,        paging.page_outs,    paging.page_wait_ns,
                        paging.disk_operations, paging.disk_wait_ns, paging.disk_busy_ns};
                    for (int i = 0; i < 9; i++) {
                        sums[i] += figures[i];
                    }
                    EXPECT_LE(paging.pages_resident, paging.pages_resident_max);
                }
                const uint64_t totals[9] = {
                    sum.faults,          sum.pages_filled, sum.pages_copied,
                    sum.page_ins,        sum.page_outs,    sum.page_wait_ns,
                    sum.disk_operations, sum.disk_wait_ns, sum.disk_busy_ns};
                for (int i = 0; i < 9; i++) {
                    EXPECT_EQ(sums[i], totals[i]) << "figure " << i;
                }
            }
        }
        EXPECT_GT(HostReport(world, 0).paging.page_ins, 5u);
        EXPECT_GT(HostReport(world, 0).paging.page_outs, 0u);
        for (uint32_t node = 0; node < 4; node++) {
            blocks += world.Report(node).disk_reads + world.Report(node).disk_writes;
        }
        EXPECT_GT(HostReport(world, 0).paging.pages_copied, 0u);
    }
    EXPECT_GT(blocks, 0u);
}

/* Whitaker, Shaw and Gribble, OSDI 2002, section "Scaling Bottlenecks": 8,472 bytes of a machine
 * that is swapped out, nearly all of it a kernel stack. Nothing here has a stack. */
TEST(Paging, WhatIsKeptOfAMachineBesideItsPagesIsLessThanThePublishedKernelKept)
{
    std::string yaml = Worlds()[0];
    yaml += "- {name: out, image: " + GuestPath("spin") +
            ", memory: 512KiB, network: none, host: box, limits: {processor_cap: 1}}\n";
    TestWorld world(yaml);
    world.Run(kEnd_ns);
    uint32_t paged = 0;
    uint32_t out = 0;
    uint64_t out_bytes = 0;
    for (uint32_t i = 0; i < emu_world_node_count(world.get()); i++) {
        struct emu_node_cost cost;
        emu_world_node_cost(world.get(), i, &cost);
        const uint64_t kept = cost.processor_bytes + cost.tables_bytes + cost.devices_bytes +
                              cost.network_bytes + cost.pager_bytes + cost.other_bytes;
        paged += cost.pager_bytes > 0;
        EXPECT_LT(kept, 8472u);
        struct emu_seat_report seat;
        emu_world_seat_report(world.get(), i, &seat);
        const bool lives = cost.pager_bytes > 0;
        out += lives && seat.paging.pages_resident == 0;
        out_bytes += lives && seat.paging.pages_resident == 0 ? kept : 0;
    }
    EXPECT_GT(paged, 4u);
    EXPECT_GT(out, 0u) << "a spinning machine has no page of its own";
    EXPECT_LT(out, paged);
    EXPECT_EQ(HostReport(world, 0).swapped_out, out);
    EXPECT_EQ(HostReport(world, 0).swapped_out_bytes, out_bytes);
}

int ImagePages(const std::string &name)
{
    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
    EXPECT_EQ(vcpu_arena_create(4u << 20, &arena, nullptr), STATUS_OK);
    EXPECT_EQ(vcpu_image_load(arena, GuestPath(name).c_str(), &image, nullptr), STATUS_OK);
    const int pages = (int)image->page_count;
    vcpu_image_release(image);
    vcpu_arena_destroy(arena);
    return pages;
}

/* The pager's doings in a run, and a small model's that is told the same. */
class PagerWatch
{
  public:
    /* Machines below `first` are the supervisor, of image 0, those from there on of the last; two
     * of them have a floor. */
    PagerWatch(TestWorld &world, PagerModel &model, int floor_pages, int first = 0)
        : model_(model), floor_pages_(floor_pages), first_(first)
    {
        emu_hosts_watch(world.get(), Told, this);
    }
    std::vector<std::string> trace;

  private:
    static void Told(void *context, const struct emu_host_note *note)
    {
        static_cast<PagerWatch *>(context)->Take(*note);
    }
    void Take(const struct emu_host_note &note)
    {
        static const char *const outcomes[] = {"hit",  "filled", "copied", "read",
                                               "wait", "",       "",       ""};
        const int machine = (int)note.node;
        const uint64_t now_ns = note.time_ns;
        const std::string outcome = outcomes[note.detail >> 1 & 7];
        switch (note.act) {
        case EMU_HOST_ADMIT:
            model_.add(machine, machine < first_ ? 32 : 128, machine < first_ ? 0 : first_,
                       machine >= first_ && machine < first_ + 2 ? floor_pages_ : 0, INT32_MAX);
            break;
        case EMU_HOST_CHOOSE:
            list_.push_back({(int)(note.detail >> 32), (uint32_t)note.detail});
            break;
        case EMU_HOST_CHOSEN:
            model_.choose(list_, note.detail);
            list_.clear();
            break;
        case EMU_HOST_NEWS:
            if (note.detail == ABI_POLICY_PAGER) {
                trace.push_back("low");
            }
            break;
        case EMU_HOST_RAN:
            model_.ran(machine, now_ns, note.detail);
            break;
        case EMU_HOST_PAGE:
            trace.push_back("= " + outcome);
            model_.reference(machine, now_ns, (int)(note.detail >> 8), note.detail & 1);
            break;
        case EMU_HOST_PAGED:
            trace.push_back("ready " + std::to_string(machine) + " " + outcome);
            break;
        case EMU_HOST_TRANSFER:
            trace.push_back((note.detail & 1 ? "write " : "read ") +
                            std::to_string(note.detail >> 1) + " for " + std::to_string(machine));
            break;
        case EMU_HOST_TRANSFERRED:
            model_.transferred((int)(note.detail >> 1), now_ns);
            break;
        case EMU_HOST_GONE:
            model_.remove(machine, now_ns);
            break;
        default:
            break;
        }
    }
    PagerModel &model_;
    const int floor_pages_;
    const int first_;
    std::deque<std::pair<int, uint64_t>> list_;
};

/* What the model said, but for what shows in no note: what becomes of what is forgotten shows in
 * what guests ask for next, and where something lies is another test's. */
std::vector<std::string> Noted(const PagerModel &model)
{
    std::vector<std::string> noted;
    for (const std::string &line : model.trace) {
        const size_t colon = line.find(':');
        if (!line.starts_with("forget")) {
            noted.push_back(colon == std::string::npos
                                ? line
                                : line.substr(0, colon) + line.substr(line.find(" for ")));
        }
    }
    return noted;
}

/* A supervisor, and machines that want more memory than there is. */
std::string ChosenWorld(uint32_t seed, uint32_t block_pages)
{
    const std::string guest =
        ", image: " + GuestPath("roam") + ", memory: 512KiB, network: lan, host: box";
    return "general: {name: chosen, seed: " + std::to_string(seed) +
           ", duration: 1s}\nnetworks: [{name: lan, type: lan, latency: 20us}]\n"
           "hosts: [{name: box, cpu_hz: 300MHz, quantum: 50us, processors: " +
           std::to_string(1 + seed % 3) + (seed % 4 == 3 ? ", interrupts: immediate" : "") +
           ", memory: " + std::to_string(120 * 4 * block_pages) +
           "KiB, disks: [{type: flash, size: 64MiB, read: 9us, count: 2}], paging: "
           "{window: 300us, inactive: 1ms, writes: 4, block: " +
           std::to_string(4 * block_pages) +
           "KiB}}]\n"
           "groups:\n- {name: porter, supervisor: true, network: none, memory: 128KiB, host: box, "
           "arguments: [" +
           (seed % 2 ? "r" : "t") + "], image: " + GuestPath("porter") + "}\n- {name: floor" +
           guest + ", count: 2, limits: {memory_floor: 32KiB}}\n- {name: a" + guest +
           ", count: 4}\n- {name: mortal" + guest + ", count: 4, arguments: [m]}\n";
}

TEST(Paging, ThePagersTraceInARunIsTheModels)
{
    for (uint32_t block_pages : {1u, 2u, 8u}) {
        SCOPED_TRACE(block_pages);
        const std::string guest =
            ", image: " + GuestPath("roam") + ", memory: 512KiB, network: lan, host: box";
        TestWorld world(
            "general: {name: trace, seed: 8, duration: 1s}\n"
            "networks: [{name: lan, type: lan, latency: 20us}]\n"
            "hosts: [{name: box, cpu_hz: 300MHz, processors: 2, quantum: 50us, memory: " +
            std::to_string(110 * 4 * block_pages) +
            "KiB, disks: [{type: flash, size: 64MiB, read: 9us, count: 2}], paging: "
            "{window: 300us, inactive: 1ms, writes: 4, block: " +
            std::to_string(4 * block_pages) +
            "KiB}}]\n"
            "groups:\n"
            "- {name: floor" +
            guest +
            ", count: 2, limits: {memory_floor: 32KiB}}\n"
            "- {name: a" +
            guest +
            ", count: 4}\n"
            "- {name: mortal" +
            guest + ", count: 4, arguments: [m]}\n");
        PagerModel model(110, (int)block_pages, 10, 300000, 1000000, 4, {{0, 131072}, {0, 131072}});
        model.image_add(ImagePages("roam"));
        PagerWatch watch(world, model, 8);
        world.Run(40000000);
        const std::vector<std::string> expected = Noted(model);
        EXPECT_GT(expected.size(), 500u);
        EXPECT_TRUE(watch.trace == expected);
    }
}

/* When machines go on, by what was moved for them; those from `first` on have a rate. */
class PaceWatch
{
  public:
    PaceWatch(TestWorld &world, uint64_t block_ns, uint32_t first)
        : block_ns_(block_ns), first_(first)
    {
        emu_hosts_watch(world.get(), Told, this);
    }
    uint64_t waited = 0; /* longer than for the page */

  private:
    static void Told(void *context, const struct emu_host_note *note)
    {
        static_cast<PaceWatch *>(context)->Take(*note);
    }
    void Take(const struct emu_host_note &note)
    {
        uint64_t &paced_ns = paced_ns_[note.node];
        if (note.act == EMU_HOST_TRANSFER && note.node >= first_) {
            paced_ns = std::max(paced_ns, note.time_ns) + block_ns_;
        } else if (note.act == EMU_HOST_PAGED) {
            due_ns_[note.node] = std::max(paced_ns, note.time_ns);
            waited += paced_ns > note.time_ns;
        } else if (note.act == EMU_HOST_READY && due_ns_.count(note.node)) {
            EXPECT_EQ(note.time_ns, due_ns_[note.node]) << note.node;
            due_ns_.erase(note.node);
        } else if (note.act == EMU_HOST_GONE) {
            due_ns_.erase(note.node);
        }
    }
    const uint64_t block_ns_;
    const uint32_t first_;
    std::map<uint32_t, uint64_t> paced_ns_;
    std::map<uint32_t, uint64_t> due_ns_;
};

TEST(Paging, AMachineGoesOnOnceWhatWasMovedForItHasPassedAtItsRate)
{
    for (uint32_t block_pages : {1u, 4u}) {
        const std::string guest =
            ", image: " + GuestPath("roam") + ", memory: 512KiB, network: none, host: box";
        TestWorld world("general: {name: pace, seed: 9, duration: 1s}\n"
                        "hosts: [{name: box, cpu_hz: 300MHz, processors: 2, quantum: 50us, "
                        "interrupts: immediate, memory: " +
                        std::to_string(110 * 4 * block_pages) +
                        "KiB, disks: [{type: flash, size: 64MiB, read: 9us, count: 2}], paging: "
                        "{window: 300us, inactive: 1ms, writes: 4, block: " +
                        std::to_string(4 * block_pages) + "KiB}}]\ngroups:\n- {name: a" + guest +
                        ", count: 3}\n- {name: b" + guest +
                        ", count: 4, limits: {disk_rate: 40Mbit}}\n- {name: mortal" + guest +
                        ", count: 3, arguments: [m], limits: {disk_rate: 40Mbit}}\n");
        PaceWatch watch(world, 819200 * block_pages, 3);
        world.Run(40000000);
        EXPECT_GT(watch.waited, 30u) << block_pages;
    }
}

/* A supervisor that chooses by its random numbers, also machines that there are not, and gives the
 * policy back now and then. */
TEST(Paging, WhoIsTakenFromAsTheSupervisorChoosesIsTheModels)
{
    uint64_t taken = 0;
    uint64_t missed = 0;
    uint64_t lows = 0;
    for (uint32_t seed = 1; seed <= 8; seed++) {
        SCOPED_TRACE(seed);
        const uint32_t block_pages = 1u << seed % 3;
        TestWorld world(ChosenWorld(seed, block_pages));
        PagerModel model(120, (int)block_pages, 11, 300000, 1000000, 4, {{0, 131072}, {0, 131072}});
        model.image_add(ImagePages("porter"));
        model.image_add(ImagePages("roam"));
        PagerWatch watch(world, model, 8, 1);
        world.Run(30000000);
        const std::vector<std::string> expected = Noted(model);
        EXPECT_GT(expected.size(), 500u);
        EXPECT_TRUE(watch.trace == expected);
        EXPECT_STRNE(world.Report(0).state, "faulted");
        taken += model.taken;
        missed += model.missed;
        lows += (uint64_t)std::count(expected.begin(), expected.end(), "low");
    }
    EXPECT_GT(taken, 300u);
    EXPECT_GT(missed, 500u);
    EXPECT_GT(lows, 10u);
}

TEST(Paging, WhomTheSupervisorChoosesIsTheSameOnAnyEngineAndAcrossSavedStates)
{
    for (uint32_t seed : {1, 2, 3}) {
        ExpectOneDigest(ChosenWorld(seed, 1), 6000000, seed);
    }
}

TEST(Paging, ADamagedListHarmsNobody)
{
    const std::string yaml = ChosenWorld(2, 1);
    TestWorld before(yaml);
    before.Run(3000000);
    const std::vector<uint8_t> state = before.Save();
    struct random_stream random;
    random_init_seed(&random, 149);
    uint32_t refused = 0;
    for (int round = 0; round < 200; round++) {
        std::vector<uint8_t> damaged = state;
        const size_t at = damaged.size() - 1 - random_below(&random, 12000);
        damaged[at] ^= (uint8_t)(1 + random_below(&random, 255));
        TestWorld world(yaml);
        if (world.Load(damaged) == STATUS_OK) {
            world.Run(3200000);
        } else {
            refused++;
        }
    }
    EXPECT_GT(refused, 20u);
}

TEST(Paging, TheAccountIsExactWhoeverChooses)
{
    TestWorld world(ChosenWorld(5, 2));
    for (uint64_t now_ns = 111111; now_ns < 12000000; now_ns += 111111) {
        world.Run(now_ns);
        ExpectExactAccount(world);
    }
}

/* What a guest computes and says is what it would without a pager: only its times differ. A machine
 * whose random numbers do not depend on time ends with the same memory and the same text. */
TEST(Paging, AGuestSeesTimeAndNothingElse)
{
    auto yaml = [](const std::string &place, const std::string &host) {
        return "general: {name: same, seed: 3, duration: 9s}\n"
               "hosts: [{name: box, cpu_hz: 300MHz" +
               host +
               "}]\n"
               "groups: [{name: r, image: " +
               GuestPath("roam") + ", memory: 512KiB, network: none, arguments: [m], count: 3, " +
               place + "}]\n";
    };
    TestWorld own(yaml("cpu_hz: 300MHz", ""));
    TestWorld paged(yaml("host: box", ", memory: 200KiB, paging: {block: 4KiB}, disks: [{type: "
                                      "flash, size: 64MiB}]"));
    own.Run(4000000000);
    paged.Run(4000000000);
    EXPECT_GT(HostReport(paged, 0).paging.page_ins, 100u);
    for (uint32_t node = 0; node < 3; node++) {
        ASSERT_STREQ(own.Report(node).state, "terminated") << node;
        ASSERT_STREQ(paged.Report(node).state, "terminated") << node;
        EXPECT_GT(own.Report(node).console_bytes, 80000u) << node;
        EXPECT_TRUE(own.consoles[node] == paged.consoles[node]) << node;
    }
}

/* What a device operation was let have it may use although it is taken away meanwhile, so that it
 * comes to an end. What the processor was let have long before is not meant. */
TEST(Paging, AnOperationAsksForWhatIsNotThereAnyMore)
{
    TestWorld world("general: {name: recall, duration: 1s}\n"
                    "hosts: [{name: box, cpu_hz: 100MHz, quantum: 200us, memory: 512KiB, disks: "
                    "[{type: flash, size: 64MiB}], paging: {block: 4KiB, references: true}}]\n"
                    "groups: [{name: r, network: none, memory: 128KiB, host: box, image: " +
                    GuestPath("recall") + "}]\n");
    uint64_t asked = 0;
    emu_hosts_watch(
        world.get(),
        [](void *context, const struct emu_host_note *note) {
            *static_cast<uint64_t *>(context) +=
                note->act == EMU_HOST_PAGE && note->detail >> 8 == 0x18;
        },
        &asked);
    world.Run(50000000);
    const uint64_t rounds = world.Report(0).console_bytes / 4;
    EXPECT_GT(rounds, 10u);
    /* With `references` all is taken away at the end of each slice: once by the processor, once by
     * the console. */
    EXPECT_NEAR((double)asked, 2.0 * (double)rounds, 1.0);
}

/* Its rings lie across the ends of pages, which come and go. */
TEST(Paging, APcnetFollowsItsRingsOverPagesThatAreNotThere)
{
    TestWorld world(Worlds().back());
    world.Run(4 * kEnd_ns);
    for (uint32_t node = 0; node < 4; node++) {
        const struct emu_node_report rings = world.Report(node);
        struct emu_seat_report seat;
        emu_world_seat_report(world.get(), node, &seat);
        EXPECT_GT(seat.paging.faults, 100u);
        EXPECT_GT(rings.frames_sent, 100u);
        EXPECT_GT(rings.frames_received, 100u);
        EXPECT_EQ(Drops(rings, "refused"), 0u);
    }
}
