// A host's models by themselves: what one decision of the pager and one request of a disk cost the
// testbed, with few machines and with many idle ones.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <deque>
#include <vector>

extern "C" {
#include <base/random.h>

#include "host/disk_model.h"
#include "host/pager.h"
}

namespace
{

void must(enum status status, const struct error &error)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
}

// 64 machines that touch four times what memory holds; all others have booted and are idle.
struct Host {
    static constexpr uint32_t kBusy = 64, kPages = 4096;
    struct emu_pager *pager = nullptr;
    std::deque<uint32_t> under_way;
    struct random_stream random;
    uint64_t now = 0;

    Host(uint32_t idle, uint32_t scan_max)
    {
        static const struct emu_pager_ops ops = {on_transfer, on_forget, on_ready};
        const struct emu_pager_disk disk = {0, 1ull << 36};
        struct emu_pager_config config = {};
        config.memory_pages = kBusy * kPages / 4 + idle * 32;
        config.block_pages = 1;
        config.machine_max = kBusy + idle;
        config.disk_count = 1;
        config.disks = &disk;
        config.window_ns = 100000;
        config.inactive_ns = 1ull << 40; // the idle keep what they have
        config.writes_max = 32;
        config.scan_max = scan_max;
        struct error error = ERROR_INIT;
        must(emu_pager_create(&config, &ops, this, &pager, &error), error);
        const struct emu_pager_limits free_limits = {0, EMU_PAGER_NO_CEILING};
        const struct emu_pager_limits idle_limits = {24, EMU_PAGER_NO_CEILING};
        for (uint32_t m = 0; m < kBusy + idle; m++) {
            must(emu_pager_machine_add(pager, m, kPages, EMU_PAGER_NO_IMAGE,
                                       m < kBusy ? &free_limits : &idle_limits, &error),
                 error);
        }
        for (uint32_t m = kBusy; m < kBusy + idle; m++) {
            for (uint32_t page = 0; page < 24; page++) {
                emu_pager_reference(pager, 0, m, page, true);
            }
            emu_pager_ran(pager, 0, m, 1);
        }
        random_init(&random, 1, "bench");
    }
    ~Host()
    {
        emu_pager_destroy(pager);
    }
    void step()
    {
        now += 1000;
        uint32_t machine = (uint32_t)random_below(&random, kBusy);
        if (!emu_pager_waits(pager, machine)) {
            emu_pager_reference(pager, now, machine, (uint32_t)random_below(&random, kPages),
                                random_below(&random, 4) == 0);
            emu_pager_ran(pager, now, machine, 1000);
        }
        if (under_way.size() > 16 || (!under_way.empty() && emu_pager_waits(pager, machine))) {
            uint32_t id = under_way.front();
            under_way.pop_front();
            emu_pager_transferred(pager, now, id);
        }
    }
    static void on_transfer(void *context, const struct emu_pager_transfer *transfer)
    {
        ((Host *)context)->under_way.push_back(transfer->id);
    }
    static void on_forget(void *, uint32_t, uint32_t, uint32_t, bool)
    {
    }
    static void on_ready(void *, uint32_t, enum emu_page_outcome)
    {
    }
};

// A step: a reference, and all that it leads to; the time over page_ins_per_step is a page-in's.
// Machines that are idle, blocks a decision looks at.
void PagerPageIn(benchmark::State &state)
{
    Host host((uint32_t)state.range(0), (uint32_t)state.range(1));
    for (int i = 0; i < 400000; i++) {
        host.step();
    }
    uint64_t before = emu_pager_total(host.pager).machines.page_ins;
    for (auto _ : state) {
        host.step();
    }
    uint64_t page_ins = emu_pager_total(host.pager).machines.page_ins - before;
    state.counters["page_ins_per_step"] = (double)page_ins / (double)state.iterations();
}
BENCHMARK(PagerPageIn)->Args({0, 256})->Args({1000, 256})->Args({4000, 256})->Args({0, 0});

void PagerHit(benchmark::State &state)
{
    Host host(0, 256);
    emu_pager_reference(host.pager, 0, 0, 1, true);
    for (auto _ : state) {
        benchmark::DoNotOptimize(emu_pager_reference(host.pager, 0, 0, 1, false));
    }
}
BENCHMARK(PagerHit);

// One request, submitted and completed, with that many waiting.
void DiskRequest(benchmark::State &state)
{
    struct emu_disk_params params = emu_disk_params_2002();
    params.order = state.range(1) ? EMU_DISK_SCAN : EMU_DISK_FIFO;
    struct emu_disk_model *model = nullptr;
    struct error error = ERROR_INIT;
    must(emu_disk_model_create(&params, 4, &model, &error), error);
    struct random_stream random;
    random_init(&random, 1, "bench");
    uint64_t now = 0;
    auto submit = [&] {
        struct emu_disk_request request = {(uint32_t)random_below(&random, 4), false, 8,
                                           random_below(&random, params.sector_count - 8), 0};
        if (!emu_disk_model_submit(model, now, &request)) {
            exit(1);
        }
    };
    for (int64_t i = 0; i <= state.range(0); i++) {
        submit();
    }
    for (auto _ : state) {
        now = emu_disk_model_next_ns(model);
        emu_disk_model_complete(model);
        submit();
    }
    emu_disk_model_destroy(model);
}
BENCHMARK(DiskRequest)->Args({0, 1})->Args({10, 1})->Args({1000, 1})->Args({1000, 0});

} // namespace
