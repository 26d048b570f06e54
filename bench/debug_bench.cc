// What going backwards costs in a debugged world: from a moment of it, single steps back, all of a
// node's life back to its first instruction, and the same for a node that nobody has looked at.
//
//     build/release/bench/debug_bench scenarios/kademlia-planetlab.yaml 17 70s [NODES]
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" {
#include <base/host_clock.h>
#include <emu/debug.h>
#include <emu/run.h>
#include <scenarios/select.h>
}

namespace
{

void require(enum status status, const struct error &error)
{
    if (status) {
        std::fprintf(stderr, "debug_bench: %s\n", error.message);
        std::exit(status_exit_code(status));
    }
}

// Milliseconds of host time that one move takes.
double resume_ms(struct emu_debug *debug, enum emu_debug_direction direction, bool step)
{
    struct error error = ERROR_INIT;
    struct emu_debug_stop stop = {};
    struct emu_debug_span span = {step, 0, 0};
    uint64_t start_ns = host_clock_ns();
    require(emu_debug_resume(debug, direction, span, &stop, &error), error);
    return (double)(host_clock_ns() - start_ns) / 1e6;
}

// Single steps back: the first, the median of the others, the slowest.
void steps_back(struct emu_debug *debug, const char *what)
{
    std::vector<double> times;
    double first = resume_ms(debug, EMU_DEBUG_BACKWARD, true);
    for (int i = 0; i < 200; i++) {
        times.push_back(resume_ms(debug, EMU_DEBUG_BACKWARD, true));
    }
    std::sort(times.begin(), times.end());
    std::printf("step back, %s: first %.2f ms, median %.2f ms, slowest %.2f ms\n", what, first,
                times[times.size() / 2], times.back());
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 4) {
        std::fprintf(stderr, "usage: debug_bench SCENARIO NODE-NUMBER TIME [NODES]\n");
        return 2;
    }
    struct error error = ERROR_INIT;
    struct emu_run_options run_options = {};
    struct scn_scenario *scenario = nullptr;
    run_options.scenario_path = argv[1];
    run_options.nodes = argc > 4 ? argv[4] : nullptr;
    require(emu_run_scenario_load(&run_options, &scenario, &error), error);
    struct emu_world_options world_options = {};
    struct emu_world *world = nullptr;
    world_options.image_directory = BENCH_IMAGE_DIR;
    world_options.jobs = 2;
    require(emu_world_create(scenario, &world_options, &world, &error), error);
    struct emu_debug_options options = {};
    options.node = (uint32_t)std::strtoul(argv[2], nullptr, 10);
    options.end_ns = scenario->duration_ns;
    require(scn_moment_parse("TIME", argv[3], &options.at_ns, &error), error);
    uint32_t nodes = emu_world_node_count(world);
    if (options.node + 1 >= nodes) {
        std::fprintf(stderr, "debug_bench: NODE-NUMBER; expected 0 to %u\n", nodes - 2);
        return 2;
    }
    struct emu_debug *debug = nullptr;
    uint64_t start_ns = host_clock_ns();
    require(emu_debug_create(world, &options, &debug, &error), error);
    std::printf("%u nodes to %s: %.1f s of host time\n", nodes, argv[3],
                (double)(host_clock_ns() - start_ns) / 1e9);
    steps_back(debug, "the debugged node");
    uint64_t instructions = emu_debug_position(debug).retired;
    std::printf("all of its life back, %" PRIu64 " instructions: %.1f ms\n", instructions,
                resume_ms(debug, EMU_DEBUG_BACKWARD, false));
    emu_debug_node_set(debug, options.node + 1);
    steps_back(debug, "another node");
    std::printf("memory: %.0f MiB\n", (double)host_peak_rss_bytes() / (1 << 20));
    emu_debug_destroy(debug);
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
    return 0;
}
