// What a world costs: switching among nodes, and one more node in bytes.
//
//     build/release/bench/world_bench
//     build/release/bench/world_bench --scenario scenarios/kademlia-planetlab.yaml --until 30s
//
// The first runs the switching benchmark; the second runs the scenario to that virtual time and
// prints what a node of it costs, part by part, and how long snapshots of the world take.
#include <benchmark/benchmark.h>

#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include <base/host_clock.h>
#include <emu/run.h>
#include <vcpu/engine.h>
#include <vcpu/image.h>
}

namespace
{

const uint64_t kQuantum = 100; // instructions between two switches

// Nodes of one image that take turns; with one node, the same quanta without a switch.
void take_turns(benchmark::State &state, const char *engine_name)
{
    struct error error = ERROR_INIT;
    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
    struct vcpu_engine *engine = nullptr;
    const struct vcpu_engine_ops *ops = vcpu_engine_find(engine_name);
    std::string path = std::string(BENCH_KERNEL_DIR) + "/list.elf";
    if (!ops || vcpu_arena_create(1ull << 30, &arena, &error) ||
        vcpu_image_load(arena, path.c_str(), &image, &error) || ops->create(&engine, &error)) {
        state.SkipWithError(error.message);
        return;
    }
    struct Node {
        struct vcpu vcpu = {};
        struct vcpu_space space = {};
    };
    std::vector<Node> nodes(state.range(0));
    struct vcpu_stop stop;
    for (Node &node : nodes) {
        vcpu_space_init(&node.space, arena, image, 1u << 20);
        node.vcpu.space = &node.space;
        vcpu_reset(&node.vcpu, image->entry);
        vcpu_engine_run(engine, &node.vcpu, 1000, &stop); // its first pages are its own by now
    }
    uint64_t retired = 0;
    size_t next = 0;
    for (auto _ : state) {
        Node &node = nodes[next];
        vcpu_engine_run(engine, &node.vcpu, kQuantum, &stop);
        retired += stop.retired;
        if (stop.reason != VCPU_STOP_BUDGET) {
            vcpu_reset(&node.vcpu, image->entry); // the kernel ended: once more
        }
        next = next + 1 == nodes.size() ? 0 : next + 1;
    }
    state.counters["instructions/s"] =
        benchmark::Counter((double)retired, benchmark::Counter::kIsRate);
    for (Node &node : nodes) {
        vcpu_space_fini(&node.space);
    }
    engine->ops->destroy(engine);
    vcpu_image_release(image);
    vcpu_arena_destroy(arena);
}

// Takes snapshots of a world that runs on between them, and goes back to each.
enum status print_snapshots(struct emu_world *world, uint64_t now_ns, struct error *error)
{
    const int rounds = 8;
    std::vector<double> take_ms;
    std::vector<double> back_ms;
    enum status status = STATUS_OK;
    for (int i = 0; i < rounds && !status; i++) {
        uint64_t begin_ns = host_clock_ns();
        struct emu_snapshot *snapshot = emu_world_snapshot(world);
        take_ms.push_back((double)(host_clock_ns() - begin_ns) / 1e6);
        status = emu_world_run(world, now_ns += 1000000000, error);
        begin_ns = host_clock_ns();
        status = status ? status : emu_world_restore(world, snapshot, error);
        back_ms.push_back((double)(host_clock_ns() - begin_ns) / 1e6);
        status = status ? status : emu_world_run(world, now_ns, error);
        emu_snapshot_destroy(snapshot);
    }
    std::sort(take_ms.begin(), take_ms.end());
    std::sort(back_ms.begin(), back_ms.end());
    if (!status) {
        std::printf(
            "a snapshot after each second: %.1f ms at the median, %.1f at most; back to it: "
            "%.1f, %.1f\n",
            take_ms[rounds / 2], take_ms.back(), back_ms[rounds / 2], back_ms.back());
    }
    return status;
}

int print_cost(const char *scenario_path, const char *until, const char *nodes,
               const char *image_directory)
{
    struct emu_run_options run_options = {};
    run_options.scenario_path = scenario_path;
    run_options.until = until;
    run_options.nodes = nodes;
    struct error error = ERROR_INIT;
    struct scn_scenario *scenario = nullptr;
    struct emu_world *world = nullptr;
    struct emu_world_options options = {};
    options.image_directory = image_directory;
    uint64_t before_bytes = host_peak_rss_bytes();
    enum status status = emu_run_scenario_load(&run_options, &scenario, &error);
    if (!status) {
        status = emu_world_create(scenario, &options, &world, &error);
    }
    uint64_t created_bytes = host_peak_rss_bytes();
    if (!status) {
        status = emu_world_run(world, scenario->duration_ns, &error);
    }
    if (status) {
        std::fprintf(stderr, "world_bench: %s: %s\n", error.file, error.message);
        return status_exit_code(status);
    }
    struct emu_node_cost sum = {};
    uint32_t count = emu_world_node_count(world);
    for (uint32_t i = 0; i < count; i++) {
        struct emu_node_cost cost;
        emu_world_node_cost(world, i, &cost);
        sum.processor_bytes += cost.processor_bytes;
        sum.tables_bytes += cost.tables_bytes;
        sum.devices_bytes += cost.devices_bytes;
        sum.network_bytes += cost.network_bytes;
        sum.frames_bytes += cost.frames_bytes;
        sum.other_bytes += cost.other_bytes;
    }
    uint64_t total = sum.processor_bytes + sum.tables_bytes + sum.devices_bytes +
                     sum.network_bytes + sum.frames_bytes + sum.other_bytes;
    std::printf("bytes a node, mean of %" PRIu32 ", at virtual time %.1f s\n", count,
                (double)scenario->duration_ns / 1e9);
    std::printf("  processor  %8" PRIu64 "\n", sum.processor_bytes / count);
    std::printf("  tables     %8" PRIu64 "\n", sum.tables_bytes / count);
    std::printf("  devices    %8" PRIu64 "\n", sum.devices_bytes / count);
    std::printf("  network    %8" PRIu64 "\n", sum.network_bytes / count);
    std::printf("  frames     %8" PRIu64 "  (private pages)\n", sum.frames_bytes / count);
    std::printf("  other      %8" PRIu64 "\n", sum.other_bytes / count);
    std::printf("  sum        %8" PRIu64 "\n", total / count);
    std::printf("resident memory of the process: %" PRIu64 " bytes before, %" PRIu64
                " with all nodes made, %" PRIu64 " at most: %" PRIu64 " a node\n",
                before_bytes, created_bytes, host_peak_rss_bytes(),
                (host_peak_rss_bytes() - before_bytes) / count);
    status = print_snapshots(world, scenario->duration_ns, &error);
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
    return status_exit_code(status);
}

} // namespace

int main(int argc, char **argv)
{
    const char *scenario = nullptr;
    const char *until = nullptr;
    const char *nodes = nullptr;
    for (int i = 1; i + 1 < argc; i++) {
        if (std::strcmp(argv[i], "--scenario") == 0) {
            scenario = argv[i + 1];
        } else if (std::strcmp(argv[i], "--until") == 0) {
            until = argv[i + 1];
        } else if (std::strcmp(argv[i], "--nodes") == 0) {
            nodes = argv[i + 1];
        }
    }
    if (scenario) {
        return print_cost(scenario, until, nodes, BENCH_IMAGE_DIR);
    }
    for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
        const char *name = (*engine)->name;
        auto *bench = benchmark::RegisterBenchmark(
            (std::string("turns_of_100/") + name).c_str(),
            [name](benchmark::State &state) { take_turns(state, name); });
        bench->ArgName("nodes")->Arg(1);
        // The Unicorn engine moves pages at each switch; a thousand nodes are enough to see it.
        bench->Arg(1000);
        if (std::strcmp(name, "unicorn") != 0) {
            bench->Arg(10000);
        }
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
