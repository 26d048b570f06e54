// What a disk costs: a block read, written for the first time and written again, with everything
// between the guest's port and the block; and a node that has a disk and leaves it alone.
//
//     build/release/bench/disk_bench
//
// The guest program is a few instructions that ask for blocks without end, in assembly.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" {
#include <emu/world.h>
}

namespace
{

// Runs worlds of one node that moves one block after the other, one request at a time, on a disk
// that takes a microsecond for each.
class World
{
  public:
    World(const std::string &arguments, const std::string &disk, uint32_t count = 1)
    {
        struct error error = ERROR_INIT;
        std::string yaml = "general: {name: bench, duration: 1000s}\n"
                           "groups: [{name: n, image: " BENCH_GUEST ", network: none, memory: "
                           "128KiB, cpu_hz: 100MHz, count: " +
                           std::to_string(count) + ", arguments: [" + arguments + "]" + disk +
                           "}]\n";
        struct scn_file *file = nullptr;
        enum status status = scn_open_text(&file, "./bench.yaml", yaml.data(), yaml.size(), &error);
        if (!status) {
            status = scn_resolve(file, &scenario, &error);
        }
        scn_close(file);
        struct emu_world_options options = {};
        options.jobs = 1;
        if (!status) {
            status = emu_world_create(scenario, &options, &world, &error);
        }
        if (status) {
            std::fprintf(stderr, "disk_bench: %s\n", error.message);
            std::abort();
        }
    }
    ~World()
    {
        emu_world_destroy(world);
        scn_scenario_destroy(scenario);
    }
    void run_to(uint64_t until_ns)
    {
        struct error error = ERROR_INIT;
        if (emu_world_run(world, until_ns, &error)) {
            std::fprintf(stderr, "disk_bench: %s\n", error.message);
            std::abort();
        }
    }
    struct emu_node_report report() const
    {
        struct emu_node_report report;
        emu_world_node_report(world, 0, &report);
        return report;
    }

    struct emu_world *world = nullptr;

  private:
    struct scn_scenario *scenario = nullptr;
};

const char kDisk[] = ", disks: [{name: d, size: 1024GiB, latency: 0s, rate: 32768Mbit}]";
const uint64_t kSlice_ns = 1000000;

void move_blocks(benchmark::State &state, const char *operation, uint64_t warm_up_ns)
{
    World world(operation, kDisk);
    uint64_t now_ns = warm_up_ns;
    world.run_to(now_ns);
    struct emu_node_report before = world.report();
    for (auto _ : state) {
        world.run_to(now_ns += kSlice_ns);
    }
    struct emu_node_report after = world.report();
    double blocks = static_cast<double>(after.disk_reads - before.disk_reads + after.disk_writes -
                                        before.disk_writes);
    state.counters["time/block"] =
        benchmark::Counter(blocks, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["blocks/s"] = benchmark::Counter(blocks, benchmark::Counter::kIsRate);
    state.counters["instructions/block"] =
        static_cast<double>(after.instructions - before.instructions) / blocks;
}

// Host bytes of a node of a thousand that all have a disk of 1 TiB, and of one that has none.
void idle_nodes(benchmark::State &state)
{
    for (auto _ : state) {
        World with("r", kDisk, 1000);
        World without("r", "", 1000);
        struct emu_node_cost a;
        struct emu_node_cost b;
        emu_world_node_cost(with.world, 0, &a);
        emu_world_node_cost(without.world, 0, &b);
        auto all = [](const emu_node_cost &c) {
            return static_cast<double>(c.processor_bytes + c.tables_bytes + c.devices_bytes +
                                       c.network_bytes + c.frames_bytes + c.snapshot_bytes +
                                       c.pager_bytes + c.other_bytes);
        };
        state.counters["bytes"] = all(a);
        state.counters["bytes without a disk"] = all(b);
    }
}

BENCHMARK_CAPTURE(move_blocks, read, "r", 5000000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(move_blocks, write_again, "o", 5000000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(move_blocks, write_new, "w", 1000000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(200);
BENCHMARK(idle_nodes)->Iterations(1)->Name("a_node_that_leaves_its_disk_alone");

} // namespace
