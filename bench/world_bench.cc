// What a world costs: switching among nodes, and one more node in bytes.
//
//     build/release/bench/world_bench
//     build/release/bench/world_bench --scenario scenarios/kademlia-planetlab.yaml --until 30s
//
// The first runs the switching benchmark; the second runs the scenario to that virtual time and
// prints what a node of it costs, part by part, and how long snapshots of the world take.
#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure.h"

extern "C" {
#include <base/host_clock.h>
#include <emu/run.h>
#include <vcpu/engine.h>
#include <vcpu/image.h>
}

namespace
{

const uint64_t kQuantum = 100; // instructions between two switches
const unsigned kTurns = 16; // then a node goes back, so that one alone does what each of many does

void check(enum status status, const struct error &error)
{
    if (status) {
        throw std::runtime_error(error.message);
    }
}

// Nodes of one image that take turns; with one node, the same turns without a switch.
class Nodes
{
  public:
    Nodes(const struct vcpu_engine_ops *ops, unsigned count) : nodes_(count)
    {
        struct error error = ERROR_INIT;
        check(vcpu_arena_create(1ull << 30, &arena_, &error), error);
        check(vcpu_image_load(arena_, BENCH_KERNEL_DIR "/list.elf", &image_, &error), error);
        check(ops->create(&engine_, &error), error);
        struct vcpu_stop stop;
        for (Node &node : nodes_) {
            vcpu_space_init(&node.space, arena_, image_, 1u << 20);
            node.vcpu.space = &node.space;
            vcpu_reset(&node.vcpu, image_->entry);
            vcpu_engine_run(engine_, &node.vcpu, 1000, &stop); // its first pages are its own by now
            node.start = node.vcpu;
        }
    }

    ~Nodes()
    {
        for (Node &node : nodes_) {
            vcpu_space_fini(&node.space);
        }
        engine_->ops->destroy(engine_);
        vcpu_image_release(image_);
        vcpu_arena_destroy(arena_);
    }

    Nodes(const Nodes &) = delete;
    Nodes &operator=(const Nodes &) = delete;

    // Nanoseconds a turn.
    double take_turns(unsigned turns)
    {
        struct vcpu_stop stop;
        double before_ns = measure_ns();
        for (unsigned i = 0; i < turns; i++) {
            Node &node = nodes_[next_];
            vcpu_engine_run(engine_, &node.vcpu, kQuantum, &stop);
            if (++node.turns == kTurns) {
                node.turns = 0;
                node.vcpu = node.start;
            }
            next_ = next_ + 1 == nodes_.size() ? 0 : next_ + 1;
        }
        return (measure_ns() - before_ns) / turns;
    }

  private:
    struct Node {
        struct vcpu vcpu = {};
        struct vcpu start = {};
        struct vcpu_space space = {};
        unsigned turns = 0;
    };

    struct vcpu_arena *arena_ = nullptr;
    struct vcpu_image *image_ = nullptr;
    struct vcpu_engine *engine_ = nullptr;
    std::vector<Node> nodes_;
    size_t next_ = 0;
};

void print_switching(unsigned rounds)
{
    const unsigned counts[] = {1, 1000, 10000};
    std::printf("nanoseconds a turn of %" PRIu64 " instructions: median (least, greatest) of %u "
                "rounds\n\n%-12s",
                kQuantum, rounds, "");
    for (unsigned count : counts) {
        std::printf(" %6u node%-17s", count, count > 1 ? "s by turns" : " stays");
    }
    std::printf("\n");
    for (const struct vcpu_engine_ops *const *ops = vcpu_engines(); *ops; ops++) {
        std::vector<std::unique_ptr<Nodes>> nodes;
        std::vector<double> times[std::size(counts)];
        bool is_slow = std::strcmp((*ops)->name, "unicorn") == 0; // it moves pages at each switch
        for (unsigned count : counts) {
            nodes.push_back(std::make_unique<Nodes>(*ops, count));
        }
        for (unsigned round = 0; round < rounds; round++) {
            for (size_t i = 0; i < nodes.size(); i++) {
                times[i].push_back(nodes[i]->take_turns(is_slow ? 20000 : 200000));
            }
        }
        struct measure_spread spreads[std::size(counts)];
        std::printf("%-12s", (*ops)->name);
        for (size_t i = 0; i < nodes.size(); i++) {
            spreads[i] = measure_spread_of(times[i].data(), times[i].size());
            std::printf(" %6.0f (%6.0f, %6.0f)    ", spreads[i].median, spreads[i].least,
                        spreads[i].greatest);
        }
        for (size_t i = 1; i < nodes.size(); i++) {
            std::printf("%s%u: %+.0f ns, %.2f times", i > 1 ? "; " : " ", counts[i],
                        spreads[i].median - spreads[0].median,
                        spreads[i].median / spreads[0].median);
        }
        std::printf("\n");
        std::fflush(stdout);
    }
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
        sum.snapshot_bytes += cost.snapshot_bytes;
        sum.pager_bytes += cost.pager_bytes;
        sum.other_bytes += cost.other_bytes;
    }
    uint64_t total = sum.processor_bytes + sum.tables_bytes + sum.devices_bytes +
                     sum.network_bytes + sum.frames_bytes + sum.snapshot_bytes + sum.pager_bytes +
                     sum.other_bytes;
    std::printf("bytes a node, mean of %" PRIu32 ", at virtual time %.1f s\n", count,
                (double)scenario->duration_ns / 1e9);
    std::printf("  processor  %8" PRIu64 "\n", sum.processor_bytes / count);
    std::printf("  tables     %8" PRIu64 "\n", sum.tables_bytes / count);
    std::printf("  devices    %8" PRIu64 "\n", sum.devices_bytes / count);
    std::printf("  network    %8" PRIu64 "\n", sum.network_bytes / count);
    std::printf("  frames     %8" PRIu64 "  (private pages)\n", sum.frames_bytes / count);
    std::printf("  snapshot   %8" PRIu64 "\n", sum.snapshot_bytes / count);
    std::printf("  pager      %8" PRIu64 "\n", sum.pager_bytes / count);
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
    try {
        print_switching(7);
    } catch (const std::exception &wrong) {
        std::fprintf(stderr, "world_bench: %s\n", wrong.what());
        return 1;
    }
    return 0;
}
