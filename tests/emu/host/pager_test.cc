// The pager against a small model of it, call by call, and what it promises by itself.
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "emu/host/pager_model.h"

extern "C" {
#include "host/pager.h"
}

namespace
{

// A pager whose callbacks are written down as the model writes its own.
class Traced
{
  public:
    struct emu_pager *pager = nullptr;
    std::vector<std::string> trace;
    std::vector<uint32_t> under_way;
    uint64_t pages_read = 0, pages_written = 0;

    Traced(const struct emu_pager_config &config)
    {
        static const struct emu_pager_ops ops = {on_transfer, on_forget, on_ready, on_low};
        struct error error = ERROR_INIT;
        EXPECT_EQ(emu_pager_create(&config, &ops, this, &pager, &error), STATUS_OK)
            << error.message;
    }
    ~Traced()
    {
        emu_pager_destroy(pager);
    }
    Traced(const Traced &) = delete;

    enum emu_page_outcome reference(uint64_t now, uint32_t machine, uint32_t page, bool write)
    {
        enum emu_page_outcome outcome = emu_pager_reference(pager, now, machine, page, write);
        trace.push_back(std::string("= ") + name(outcome));
        return outcome;
    }
    void finish(uint64_t now, uint32_t id)
    {
        under_way.erase(std::find(under_way.begin(), under_way.end(), id));
        emu_pager_transferred(pager, now, id);
    }
    // All that is under way, and what follows from it, in the order it was asked for.
    void settle(uint64_t now)
    {
        while (!under_way.empty()) {
            finish(now, under_way.front());
        }
    }
    std::string saved() const
    {
        struct writer writer;
        writer_init(&writer);
        emu_pager_save(pager, &writer);
        std::string bytes((const char *)writer.bytes, writer.size_bytes);
        writer_fini(&writer);
        return bytes;
    }
    bool load(const std::string &bytes)
    {
        struct reader reader;
        reader_init(&reader, bytes.data(), bytes.size());
        return emu_pager_load(pager, &reader) && reader_left(&reader) == 0;
    }

  private:
    static const char *name(enum emu_page_outcome outcome)
    {
        const char *names[] = {"hit", "filled", "copied", "read", "wait"};
        return names[outcome];
    }
    static void on_transfer(void *context, const struct emu_pager_transfer *transfer)
    {
        Traced *self = (Traced *)context;
        char text[120];
        snprintf(text, sizeof text, "%s %u: disk %u, %llu+%u for %u",
                 transfer->write ? "write" : "read", transfer->id, transfer->disk,
                 (unsigned long long)transfer->sector, transfer->sector_count, transfer->on_behalf);
        self->trace.push_back(text);
        EXPECT_EQ(std::count(self->under_way.begin(), self->under_way.end(), transfer->id), 0);
        self->under_way.push_back(transfer->id);
        (transfer->write ? self->pages_written : self->pages_read) += transfer->sector_count / 8;
    }
    static void on_forget(void *context, uint32_t machine, uint32_t page, uint32_t page_count,
                          bool writes_only)
    {
        char text[80];
        snprintf(text, sizeof text, "forget%s %u: %u+%u", writes_only ? " writes" : "", machine,
                 page, page_count);
        ((Traced *)context)->trace.push_back(text);
    }
    static void on_low(void *context)
    {
        ((Traced *)context)->trace.push_back("low");
    }
    static void on_ready(void *context, uint32_t machine, enum emu_page_outcome outcome)
    {
        ((Traced *)context)
            ->trace.push_back("ready " + std::to_string(machine) + " " + name(outcome));
    }
};

constexpr struct emu_pager_disk kDisks[] = {{1000, 40000}, {0, 60000}, {64, 40000}};

struct emu_pager_config config_of(uint32_t memory_pages, uint32_t block_pages)
{
    struct emu_pager_config config = {};
    config.memory_pages = memory_pages;
    config.block_pages = block_pages;
    config.machine_max = 8;
    config.disk_count = 3;
    config.disks = kDisks;
    config.window_ns = 50;
    config.inactive_ns = 2000;
    config.writes_max = 4;
    return config;
}

struct emu_pager_limits free_limits(uint32_t floor = 0, uint32_t ceiling = EMU_PAGER_NO_CEILING)
{
    return {floor, ceiling};
}

void add(struct emu_pager *pager, uint32_t machine, uint32_t pages,
         uint32_t image = EMU_PAGER_NO_IMAGE, struct emu_pager_limits limits = free_limits())
{
    struct error error = ERROR_INIT;
    ASSERT_EQ(emu_pager_machine_add(pager, machine, pages, image, &limits, &error), STATUS_OK)
        << error.message;
}

uint32_t image_add(struct emu_pager *pager, uint32_t pages)
{
    uint32_t image = 0;
    struct error error = ERROR_INIT;
    EXPECT_EQ(emu_pager_image_add(pager, pages, &image, &error), STATUS_OK) << error.message;
    return image;
}

// The same random calls to the pager and to the model.
class Both
{
  public:
    static constexpr int kMachines = 6;
    struct emu_pager_config config;
    std::unique_ptr<Traced> real;
    PagerModel model;
    std::mt19937_64 random;
    uint64_t now = 0;
    const bool mostly_writes;

    Both(uint32_t block_pages, uint64_t seed)
        : config(config_of(80 * block_pages + block_pages / 2, block_pages)),
          real(std::make_unique<Traced>(config)),
          model(80, (int)block_pages, 8, config.window_ns, config.inactive_ns, config.writes_max,
                {{1000, 40000}, {0, 60000}, {64, 40000}}),
          random(seed), mostly_writes(seed % 5 < 2)
    {
        if (seed % 4 == 3) { // decisions look at a few blocks only
            config.scan_max = 5;
            model.scan_max = 5;
            real = std::make_unique<Traced>(config);
        }
        for (int pages : {30, 21}) {
            image_add(real->pager, pages);
            model.image_add(pages);
        }
        for (int m = 0; m < kMachines; m++) {
            machine_add(m);
        }
    }
    int below(int bound)
    {
        return (int)(random() % (uint64_t)bound);
    }
    struct emu_pager_limits limits()
    {
        uint32_t block = config.block_pages;
        // Floors of 4 blocks at most and 8 pinned, of six machines, fit 80.
        uint32_t ceiling = below(3) ? EMU_PAGER_NO_CEILING : (8u + below(8)) * block + below(3);
        return {(uint32_t)below((int)(4 * block) + 1), ceiling};
    }
    static int ceiling_of(const struct emu_pager_limits &limits)
    {
        return limits.ceiling_pages == EMU_PAGER_NO_CEILING ? INT32_MAX : (int)limits.ceiling_pages;
    }
    // A list of whom to take from, also of machines that there are not; now and then none.
    void choose()
    {
        std::vector<struct emu_pager_choice> list(below(4) ? below(6) : below(65));
        std::deque<std::pair<int, uint64_t>> its;
        for (struct emu_pager_choice &choice : list) {
            choice = {(uint32_t)below(8), 1u + (uint32_t)below(below(5) ? 20 : 100000)};
            its.push_back({(int)choice.machine, choice.block_count});
        }
        const uint32_t low = (uint32_t)below(30);
        emu_pager_choose(real->pager, list.data(), (uint32_t)list.size(), low);
        model.choose(its, low);
    }
    void machine_add(int m)
    {
        struct emu_pager_limits its = limits();
        int pages = 40 + below(50) + (int)its.floor_pages;
        int image = below(3) - 1;
        add(real->pager, m, pages, image < 0 ? EMU_PAGER_NO_IMAGE : (uint32_t)image, its);
        model.add(m, pages, image, (int)its.floor_pages, ceiling_of(its));
    }
    void step()
    {
        now += below(20);
        int m = below(kMachines);
        int what = below(1000);
        if (what < 250 && !real->under_way.empty()) {
            uint32_t id = real->under_way[below((int)real->under_way.size())];
            ASSERT_TRUE(emu_pager_transfer_valid(real->pager, id));
            real->finish(now, id);
            model.transferred((int)id, now);
        } else if (what < 400) {
            uint64_t ran = below(4) ? below(40) : 0;
            emu_pager_ran(real->pager, now, m, ran);
            model.ran(m, now, ran);
        } else if (what < 404) {
            emu_pager_machine_remove(real->pager, now, m);
            model.remove(m, now);
            machine_add(m);
        } else if (what < 410) {
            struct emu_pager_limits its = limits();
            its.floor_pages = std::min(its.floor_pages, 40u);
            struct error error = ERROR_INIT;
            ASSERT_EQ(emu_pager_limits_set(real->pager, now, m, &its, &error), STATUS_OK)
                << error.message;
            model.limits(m, now, (int)its.floor_pages, ceiling_of(its));
        } else if (what < 420) {
            choose();
        } else if (!emu_pager_waits(real->pager, m)) {
            int pages = model.machines[m].pages;
            int page = below(3) ? below(std::min(pages, 12)) : below(pages);
            bool write = mostly_writes ? below(8) != 0 : below(3) == 0;
            real->reference(now, m, page, write);
            model.reference(m, now, page, write);
        }
    }
    void compare(const char *where)
    {
        ASSERT_EQ(real->trace, model.trace) << where;
        real->trace.clear();
        model.trace.clear();
        for (int m = 0; m < kMachines; m++) {
            struct emu_pager_account account = emu_pager_account(real->pager, m);
            const PagerModel::Machine &its = model.machines[m];
            ASSERT_EQ(account.faults, its.faults);
            ASSERT_EQ(account.page_ins, its.page_ins);
            ASSERT_EQ(account.page_outs, its.page_outs);
            ASSERT_EQ(account.evicted, its.evicted);
            ASSERT_EQ(account.evictions_caused, its.caused);
            ASSERT_EQ(account.wait_ns, its.wait_ns);
            ASSERT_EQ(account.resident, its.frames.size() * config.block_pages);
            ASSERT_EQ(emu_pager_waits(real->pager, m), its.wait != PagerModel::Machine::kNone);
        }
    }
    // Every page of memory and every page transferred is somebody's.
    void sums()
    {
        struct emu_pager_total total = emu_pager_total(real->pager);
        ASSERT_EQ(total.machines.evictions_caused, total.machines.evicted + total.image_evicted);
        const struct emu_pager_chosen chosen = emu_pager_chosen(real->pager);
        ASSERT_EQ(chosen.taken, model.taken);
        ASSERT_EQ(chosen.missed, model.missed);
        ASSERT_EQ(chosen.left, model.left());
        ASSERT_EQ(total.machines.page_ins, real->pages_read);
        ASSERT_EQ(total.machines.page_outs, real->pages_written);
        uint64_t orphans = 0;
        for (const PagerModel::Frame &frame : model.frames) {
            orphans += frame.state == PagerModel::Frame::kOrphan;
        }
        ASSERT_EQ(total.machines.resident + total.image_resident + total.free +
                      orphans * config.block_pages,
                  80u * config.block_pages);
    }
};

TEST(Pager, DoesWhatTheModelDoesOverRandomReferences)
{
    uint64_t waits = 0, evictions = 0, taken = 0, missed = 0, in_vain = 0;
    for (uint64_t seed = 0; seed < 24; seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Both both(seed % 3 == 0 ? 1 : seed % 3 == 1 ? 2 : 8, seed);
        for (int i = 0; i < 4000; i++) {
            both.step();
            if (i % 50 == 0) {
                both.compare(("step " + std::to_string(i)).c_str());
                both.sums();
            }
            if (testing::Test::HasFatalFailure()) {
                return;
            }
        }
        both.compare("the end");
        struct emu_pager_total total = emu_pager_total(both.real->pager);
        waits += total.machines.wait_ns;
        evictions += total.machines.evicted;
        taken += both.model.taken;
        missed += both.model.missed;
        in_vain += both.model.in_vain;
    }
    // Otherwise the traces agreed about nothing.
    EXPECT_GT(waits, 100000u);
    EXPECT_GT(evictions, 10000u);
    EXPECT_GT(taken, 1000u);
    EXPECT_LT(taken, evictions * 3 / 4) << "the clock has to be tested too";
    EXPECT_GT(missed, 100u);
    EXPECT_GT(in_vain, 20u);
}

TEST(Pager, GoesOnFromASavedStateAsIfNothingHadBeen)
{
    for (uint64_t seed = 100; seed < 108; seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Both both(seed % 2 ? 4 : 1, seed);
        for (int i = 0; i < 2000; i++) {
            both.step();
            if (i % 97 == 0) {
                std::string bytes = both.real->saved();
                auto again = std::make_unique<Traced>(both.config);
                ASSERT_TRUE(again->load(bytes));
                ASSERT_TRUE(again->saved() == bytes);
                again->trace = both.real->trace;
                again->under_way = both.real->under_way;
                again->pages_read = both.real->pages_read;
                again->pages_written = both.real->pages_written;
                both.real = std::move(again);
            }
            if (testing::Test::HasFatalFailure()) {
                return;
            }
        }
        both.compare("the end");
        both.sums();
    }
}

TEST(Pager, RefusesDamagedStatesAndIsEmptyThen)
{
    Both both(1, 7);
    for (int i = 0; i < 1500; i++) {
        both.step();
    }
    const std::string bytes = both.real->saved();
    Traced fresh(both.config);
    const std::string empty = fresh.saved();
    for (size_t size = 0; size < bytes.size(); size += 1 + size / 50) {
        ASSERT_FALSE(fresh.load(bytes.substr(0, size)));
        ASSERT_TRUE(fresh.saved() == empty);
    }
    std::mt19937_64 random(11);
    size_t taken = 0;
    for (int i = 0; i < 4000; i++) {
        std::string damaged = bytes;
        damaged[random() % damaged.size()] ^= (char)(1 + random() % 255);
        if (!fresh.load(damaged)) {
            ASSERT_TRUE(fresh.saved() == empty);
            continue;
        }
        // Taken for whole: then it is a state, and all that is asked of a pager holds.
        taken++;
        ASSERT_TRUE(fresh.saved() == damaged);
        fresh.under_way.clear();
        for (uint32_t id = 0; id < 80; id++) {
            if (emu_pager_transfer_valid(fresh.pager, id)) {
                fresh.under_way.push_back(id);
            }
        }
        fresh.settle(UINT64_MAX / 2);
    }
    EXPECT_GT(taken, 0u) << "times and counts may be anything";
}

TEST(Pager, FillsWithZerosWithoutATransfer)
{
    Traced traced(config_of(100, 1));
    add(traced.pager, 0, 50);
    EXPECT_EQ(traced.reference(0, 0, 3, false), EMU_PAGE_FILLED);
    EXPECT_EQ(traced.reference(1, 0, 3, true), EMU_PAGE_HIT);
    EXPECT_TRUE(traced.under_way.empty());
    EXPECT_EQ(emu_pager_account(traced.pager, 0).filled, 1u);
    EXPECT_TRUE(emu_pager_resident(traced.pager, 0, 3));
    EXPECT_FALSE(emu_pager_resident(traced.pager, 0, 4));
}

TEST(Pager, KeepsAnImagesPageOnceForAllAndCopiesItForWhoWrites)
{
    Traced traced(config_of(100, 1));
    uint32_t image = image_add(traced.pager, 10);
    for (uint32_t m = 0; m < 3; m++) {
        add(traced.pager, m, 50, image);
    }
    EXPECT_EQ(traced.reference(0, 0, 5, false), EMU_PAGE_WAIT);
    EXPECT_EQ(traced.reference(1, 1, 5, false), EMU_PAGE_WAIT);
    EXPECT_EQ(traced.under_way.size(), 1u) << "one read serves both";
    traced.settle(10);
    EXPECT_FALSE(emu_pager_waits(traced.pager, 0));
    EXPECT_FALSE(emu_pager_waits(traced.pager, 1));
    EXPECT_EQ(traced.reference(11, 2, 5, true), EMU_PAGE_COPIED);
    EXPECT_EQ(emu_pager_total(traced.pager).image_resident, 1u);
    EXPECT_EQ(emu_pager_account(traced.pager, 2).resident, 1u);
    EXPECT_EQ(emu_pager_account(traced.pager, 0).resident, 0u);
    EXPECT_EQ(emu_pager_account(traced.pager, 0).wait_ns, 10u);
    EXPECT_EQ(emu_pager_account(traced.pager, 1).wait_ns, 9u);
}

TEST(Pager, WritesADirtyPageBeforeItsMemoryIsAnothers)
{
    struct emu_pager_config config = config_of(16, 1);
    config.machine_max = 2;
    Traced traced(config);
    add(traced.pager, 0, 40);
    add(traced.pager, 1, 40);
    for (uint32_t page = 0; page < 16; page++) {
        ASSERT_EQ(traced.reference(page, 0, page, true), EMU_PAGE_FILLED);
        emu_pager_ran(traced.pager, page, 0, 1000); // each older than the window at the next
    }
    EXPECT_EQ(traced.reference(20, 1, 0, false), EMU_PAGE_WAIT);
    ASSERT_FALSE(traced.under_way.empty());
    EXPECT_EQ(traced.pages_read, 0u);
    EXPECT_GE(traced.pages_written, 1u);
    EXPECT_EQ(emu_pager_account(traced.pager, 0).evicted, 0u) << "not before it is written";
    traced.finish(30, traced.under_way.front());
    EXPECT_FALSE(emu_pager_waits(traced.pager, 1));
    EXPECT_EQ(emu_pager_account(traced.pager, 0).evicted, 1u);
    EXPECT_EQ(emu_pager_account(traced.pager, 1).evictions_caused, 1u);
}

// Machine 1 has nearly all of memory and writes it again as fast as it is written to disk; whoever
// chooses names it again whenever there is a chance to.
TEST(Pager, AListThatIsRenewedForEverHoldsAFaultUpForOneWriteOnly)
{
    struct emu_pager_config config = config_of(24, 1);
    config.machine_max = 3;
    config.window_ns = 1000;
    Traced traced(config);
    for (uint32_t machine = 0; machine < 3; machine++) {
        add(traced.pager, machine, 60);
    }
    uint64_t now = 0;
    for (; now < 4; now++) { // clean ones, for the clock
        ASSERT_EQ(traced.reference(now, 2, (uint32_t)now, false), EMU_PAGE_FILLED);
        emu_pager_ran(traced.pager, now, 2, 10);
    }
    auto meanwhile = [&] {
        const struct emu_pager_choice choice = {1, 1000};
        emu_pager_choose(traced.pager, &choice, 1, 0);
        for (uint32_t page = 0; page < 20; page++) {
            ASSERT_NE(traced.reference(now, 1, page, true), EMU_PAGE_WAIT);
            emu_pager_ran(traced.pager, now, 1, 1);
        }
    };
    meanwhile();
    for (uint32_t page = 0; page < 4; page++) {
        meanwhile();
        EXPECT_EQ(traced.reference(++now, 0, page, false), EMU_PAGE_WAIT);
        ASSERT_EQ(traced.under_way.size(), 1u);
        meanwhile();
        traced.finish(++now, traced.under_way.front());
        EXPECT_FALSE(emu_pager_waits(traced.pager, 0)) << "the clock has taken another's";
        EXPECT_EQ(emu_pager_account(traced.pager, 1).resident, 20u);
        emu_pager_ran(traced.pager, now, 0, 1);
    }
}

TEST(Pager, TakesFromWhomIsChosenDownToTheirFloor)
{
    struct emu_pager_config config = config_of(40, 1);
    config.machine_max = 3;
    Traced traced(config);
    add(traced.pager, 0, 60);
    add(traced.pager, 1, 60, EMU_PAGER_NO_IMAGE, free_limits(5));
    add(traced.pager, 2, 60);
    for (uint32_t page = 0; page < 15; page++) {
        for (uint32_t machine : {1u, 2u}) {
            ASSERT_EQ(traced.reference(0, machine, page, false), EMU_PAGE_FILLED);
            emu_pager_ran(traced.pager, 0, machine, 1);
        }
    }
    for (uint32_t page = 0; page < 10; page++) {
        ASSERT_EQ(traced.reference(0, 0, page, false), EMU_PAGE_FILLED);
        emu_pager_ran(traced.pager, 0, 0, 1);
    }
    traced.trace.clear();
    const struct emu_pager_choice list[] = {{1, 6}, {2, 3}, {1, 100}, {0, 1}};
    emu_pager_choose(traced.pager, list, 4, 7);
    auto resident = [&](uint32_t machine) {
        return emu_pager_account(traced.pager, machine).resident;
    };
    auto fault = [&](uint32_t page) {
        EXPECT_EQ(traced.reference(1, 0, page, false), EMU_PAGE_FILLED);
        emu_pager_ran(traced.pager, 1, 0, 1);
    };
    for (uint32_t page = 10; page < 19; page++) {
        fault(page);
    }
    EXPECT_EQ(resident(1), 9u);
    EXPECT_EQ(resident(2), 12u);
    for (uint32_t page = 19; page < 23; page++) {
        fault(page);
    }
    EXPECT_EQ(resident(1), 5u);
    EXPECT_EQ(std::count(traced.trace.begin(), traced.trace.end(), "low"), 0);
    fault(23);
    EXPECT_EQ(std::count(traced.trace.begin(), traced.trace.end(), "low"), 1);
    EXPECT_EQ(resident(1), 5u) << "it keeps its floor";
    EXPECT_EQ(resident(2), 12u);
    EXPECT_EQ(resident(0), 23u) << "its own";
    const struct emu_pager_chosen chosen = emu_pager_chosen(traced.pager);
    EXPECT_EQ(chosen.taken, 14u);
    EXPECT_EQ(chosen.missed, 96u);
    EXPECT_EQ(chosen.left, 0u);
}

TEST(Pager, GivesAnInstructionAllItsPagesWhateverOthersDo)
{
    // Two machines in the least memory, each of whose instructions touches eight pages.
    struct emu_pager_config config = config_of(16, 1);
    config.machine_max = 2;
    Traced traced(config);
    add(traced.pager, 0, 200);
    add(traced.pager, 1, 200);
    uint64_t now = 0;
    uint32_t instructions[2] = {0, 0};
    uint32_t tries = 0;
    while (instructions[0] + instructions[1] < 100) {
        ASSERT_LT(++tries, 10000u) << "they keep each other from going on";
        for (uint32_t m = 0; m < 2; m++) {
            uint32_t touched = 0;
            while (touched < 8 && !emu_pager_waits(traced.pager, m) &&
                   traced.reference(now, m, (instructions[m] * 8 + touched) % 200, true) !=
                       EMU_PAGE_WAIT) {
                touched++;
            }
            if (touched == 8) {
                instructions[m]++;
                emu_pager_ran(traced.pager, now, m, 1);
            }
        }
        now += 1;
        if (!traced.under_way.empty()) {
            traced.finish(now, traced.under_way.front());
        }
    }
    EXPECT_GT(instructions[0], 10u);
    EXPECT_GT(instructions[1], 10u);
}

TEST(Pager, LeavesAMachineItsFloorAndHoldsItToItsCeiling)
{
    struct emu_pager_config config = config_of(64, 1);
    config.machine_max = 2;
    Traced traced(config);
    add(traced.pager, 0, 200, EMU_PAGER_NO_IMAGE, free_limits(20));
    add(traced.pager, 1, 200, EMU_PAGER_NO_IMAGE, free_limits(0, 30));
    for (uint32_t page = 0; page < 25; page++) {
        traced.reference(page, 0, page, true);
        emu_pager_ran(traced.pager, page, 0, 1);
    }
    for (uint32_t page = 0; page < 200; page++) { // long after machine 0 has last run
        uint64_t now = 1000000 + page;
        traced.reference(now, 1, page, true);
        traced.settle(now);
        emu_pager_ran(traced.pager, now, 1, 100);
        ASSERT_LE(emu_pager_account(traced.pager, 1).resident, 30u);
        ASSERT_GE(emu_pager_account(traced.pager, 0).resident, 20u);
    }
    EXPECT_EQ(emu_pager_account(traced.pager, 1).resident, 30u);
    // Without the ceiling it takes what is left above the other's floor, and no more.
    struct emu_pager_limits limits = free_limits();
    struct error error = ERROR_INIT;
    ASSERT_EQ(emu_pager_limits_set(traced.pager, 2000000, 1, &limits, &error), STATUS_OK);
    for (uint32_t page = 0; page < 200; page++) {
        uint64_t now = 3000000 + page;
        traced.reference(now, 1, page, true);
        traced.settle(now);
        emu_pager_ran(traced.pager, now, 1, 1);
    }
    EXPECT_EQ(emu_pager_account(traced.pager, 0).resident, 20u);
    EXPECT_EQ(emu_pager_account(traced.pager, 1).resident, 44u);
}

TEST(Pager, ReadsAndWritesWholeBlocks)
{
    Traced traced(config_of(128, 8));
    add(traced.pager, 0, 203); // the last block is short
    uint64_t now = 0;
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t page = 0; page < 203; page += 8) {
            now += 10000;
            traced.reference(now, 0, page, true);
            traced.settle(now);
            emu_pager_ran(traced.pager, now, 0, 10000);
        }
    }
    for (const std::string &line : traced.trace) {
        if (line.rfind("read ", 0) == 0 || line.rfind("write", 0) == 0) {
            EXPECT_TRUE(line.find("+64 ") != std::string::npos ||
                        line.find("+24 ") != std::string::npos)
                << line;
        }
    }
    EXPECT_GT(traced.pages_read, 100u);
}

TEST(Pager, RefusesTheImpossibleWithTheSumThatDoesNotWorkOut)
{
    struct emu_pager_config config = config_of(100, 1);
    Traced traced(config);
    add(traced.pager, 0, 60, EMU_PAGER_NO_IMAGE, free_limits(50));
    auto refused = [&](uint32_t pages, struct emu_pager_limits limits) {
        struct error error = ERROR_INIT;
        EXPECT_EQ(
            emu_pager_machine_add(traced.pager, 1, pages, EMU_PAGER_NO_IMAGE, &limits, &error),
            STATUS_INVALID);
        return std::string(error.message);
    };
    EXPECT_EQ(refused(60, free_limits(40)),
              "floors and 8 blocks for each machine come to 58 + 48 = 106 blocks of 1 pages, and "
              "the host has 100");
    EXPECT_EQ(refused(60, free_limits(20, 10)), "the floor, 20 pages, is above the ceiling, 10");
    EXPECT_EQ(refused(60, free_limits(0, 7)),
              "the ceiling is 7 pages, expected at least 8 blocks of 1 pages: 8");
    EXPECT_EQ(refused(10, free_limits(11)),
              "the floor, 11 pages, is more than the machine's memory, 10");
    EXPECT_EQ(refused(10000, free_limits()),
              "the machine's swap region needs 80000 sectors in one piece on a disk of the host; "
              "the disk with most room has 59520 left in all");
    add(traced.pager, 1, 60, EMU_PAGER_NO_IMAGE, free_limits(34));

    struct emu_pager *none = nullptr;
    struct error error = ERROR_INIT;
    config.block_pages = 3;
    EXPECT_EQ(emu_pager_create(&config, nullptr, nullptr, &none, &error), STATUS_INVALID);
    EXPECT_STREQ(error.message, "block_pages is 3, expected a power of two");
}

} // namespace
