// What a host's own work costs the testbed, with few machines and with many idle ones: a switch and
// a frame of its kernel, with machines that do nothing else; and its models by themselves, a
// decision of the pager and a request of a disk.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

extern "C" {
#include <base/random.h>

#include "host/disk_model.h"
#include "host/pager.h"
#include <emu/world.h>
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

// 64 machines that touch four times what memory holds for them; all others have booted, are idle
// and keep what they have, for which there is memory beside.
struct Host {
    static constexpr uint32_t kBusy = 64, kPages = 4096;
    struct emu_pager *pager = nullptr;
    std::deque<uint32_t> under_way;
    struct random_stream random;
    uint64_t now = 0;

    Host(uint32_t idle, uint32_t scan_max)
    {
        static const struct emu_pager_ops ops = {on_transfer, on_forget, on_ready, nullptr};
        const struct emu_pager_disk disk = {0, 1ull << 36};
        struct emu_pager_config config = {};
        config.memory_pages = kBusy * kPages / 4 + idle * 24;
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

// A host's kernel with machines of the test guests: 1,000 that want its processor, and idle ones.
struct Kernel {
    struct scn_scenario *scenario = nullptr;
    struct emu_world *world = nullptr;
    uint64_t now_ns = 2000000; // all have started, those that are idle first

    Kernel(const char *guest, int64_t busy, int64_t idle, const char *host)
    {
        const std::string guests = ", memory: 128KiB, host: box, image: " BENCH_GUESTS "/";
        std::string yaml =
            "general: {name: bench, duration: 1h}\n"
            "networks: [{name: lan, type: lan, latency: 20us}]\n"
            "hosts: [{name: box, cpu_hz: 1GHz" +
            std::string(host) +
            "}]\ngroups:\n- {name: busy, network: lan, start: 1ms, count: " + std::to_string(busy) +
            guests + guest + ".img}\n";
        if (idle) {
            yaml += "- {name: idle, network: none, arguments: [s], count: " + std::to_string(idle) +
                    guests + "patience.img}\n";
        }
        struct error error = ERROR_INIT;
        struct scn_file *file = nullptr;
        must(scn_open_text(&file, "./bench.yaml", yaml.c_str(), yaml.size(), &error), error);
        must(scn_resolve(file, &scenario, &error), error);
        scn_close(file);
        struct emu_world_options options = {};
        options.jobs = 1;
        options.memory_limit_bytes = 4ull << 30;
        must(emu_world_create(scenario, &options, &world, &error), error);
        run(0);
    }
    ~Kernel()
    {
        emu_world_destroy(world);
        scn_scenario_destroy(scenario);
    }
    void run(uint64_t length_ns)
    {
        struct error error = ERROR_INIT;
        now_ns += length_ns;
        must(emu_world_run(world, now_ns, &error), error);
    }
    struct emu_host_report report() const
    {
        struct emu_host_report report;
        emu_world_host_report(world, 0, &report);
        return report;
    }
};

// Machines that never idle, and idle ones beside them. What a slice takes, with the 2,000
// instructions that are executed in it.
void KernelSwitch(benchmark::State &state)
{
    Kernel kernel("spin", state.range(0), state.range(1), ", quantum: 2us");
    kernel.run(10000000);
    uint64_t before = kernel.report().switches;
    for (auto _ : state) {
        kernel.run(20000000); // at the end of each, all consoles are looked at
    }
    state.counters["time_a_switch"] =
        benchmark::Counter((double)(kernel.report().switches - before),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(KernelSwitch)
    ->Args({1000, 0})
    ->Args({1000, 1000})
    ->Args({1000, 10000})
    ->Args({2, 0})
    ->Unit(benchmark::kMillisecond);

// Machines that send broadcasts through the host's card and take those of the others. What a frame
// that is received takes, with all that its machines do besides.
void KernelFrame(benchmark::State &state)
{
    Kernel kernel("restless", state.range(0), state.range(1), ", card: {rate: 1Gbit}");
    kernel.run(10000000);
    auto received = [&] {
        struct emu_totals totals;
        emu_world_totals(kernel.world, &totals);
        return totals.frames_delivered;
    };
    uint64_t before = received();
    for (auto _ : state) {
        kernel.run(20000000); // at the end of each, all consoles are looked at
    }
    state.counters["time_a_frame"] = benchmark::Counter(
        (double)(received() - before), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(KernelFrame)
    ->Args({100, 0})
    ->Args({100, 1000})
    ->Args({100, 10000})
    ->Args({1000, 0})
    ->Unit(benchmark::kMillisecond);

} // namespace
