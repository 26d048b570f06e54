// How fast nodes boot: from the first instruction of Ilwaco to `main`, of one image, after the
// first of them, whose translation or decoding the others share.
//
//     build/release/bench/boot_bench [--nodes N] [--rounds N] [--engine NAME]... [IMAGE...]
//
// Prints, for each image and engine, the median over the rounds of boots a second of processor time
// (one thread), with the least and the greatest; and the same with the time that making the nodes
// takes before.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include "measure.h"

extern "C" {
#include <emu/run.h>
#include <vcpu/program.h>
}

namespace
{

const uint64_t kInstructionNs = 10; // of the scenario's processors
const uint64_t kMainMaxNs = 1000000000;

void check(enum status status, const struct error &error)
{
    if (status) {
        throw std::runtime_error(error.message);
    }
}

// One node at once, and `nodes` more from start_ns on.
class World
{
  public:
    World(const std::string &image, unsigned nodes, uint64_t start_ns, const char *engine)
    {
        char path[] = "/tmp/boot_bench.XXXXXX";
        int file = mkstemp(path);
        if (file < 0) {
            throw std::runtime_error("no temporary file");
        }
        close(file);
        std::ofstream text(path);
        text << "general: {name: boot, duration: 10s}\n"
                "networks: [{name: internet, type: wan, delay: 10ms}]\n"
                "groups:\n"
                "  - {name: first, image: "
             << image << ", network: internet, cpu_hz: 100MHz}\n";
        if (nodes) {
            text << "  - {name: rest, image: " << image << ", count: " << nodes
                 << ", network: internet, cpu_hz: 100MHz, start: " << start_ns << "ns}\n";
        }
        text.close();
        struct error error = ERROR_INIT;
        struct emu_run_options run = {};
        run.scenario_path = path;
        enum status status = emu_run_scenario_load(&run, &scenario_, &error);
        unlink(path);
        check(status, error);
        struct emu_world_options options = {};
        options.image_directory = BENCH_IMAGE_DIR;
        options.engine = vcpu_engine_find(engine);
        double before_ns = measure_ns();
        check(emu_world_create(scenario_, &options, &world, &error), error);
        made_ns = measure_ns() - before_ns;
    }

    ~World()
    {
        emu_world_destroy(world);
        scn_scenario_destroy(scenario_);
    }

    World(const World &) = delete;
    World &operator=(const World &) = delete;

    void run(uint64_t until_ns)
    {
        struct error error = ERROR_INIT;
        check(emu_world_run(world, until_ns, &error), error);
    }

    struct emu_world *world = nullptr;
    double made_ns = 0;

  private:
    struct scn_scenario *scenario_ = nullptr;
};

struct Boot {
    uint64_t virtual_ns;
    uint64_t instructions;
};

// When the first node comes to main, by going there instruction by instruction.
Boot find_main(const std::string &image, const char *engine)
{
    struct error error = ERROR_INIT;
    struct vcpu_program *program = nullptr;
    std::string path = std::string(BENCH_IMAGE_DIR) + "/" + image + ".img";
    check(vcpu_program_load(path.c_str(), &program, &error), error);
    const struct vcpu_symbol *symbol = vcpu_program_symbol_find(program, "main");
    uint32_t address = symbol ? symbol->address : 0;
    vcpu_program_destroy(program);
    World one(image, 0, 0, engine);
    const struct vcpu *cpu = emu_world_node_cpu(one.world, 0);
    uint64_t now_ns = 0;
    while (address && now_ns < kMainMaxNs) {
        now_ns = std::max(now_ns, emu_world_next_ns(one.world)) + kInstructionNs;
        one.run(now_ns);
        if (cpu->eip == address) {
            return {now_ns, cpu->retired};
        }
    }
    throw std::runtime_error(image + " does not come to a main");
}

struct Rates {
    std::vector<double> boots, all;
};

std::string text_of(std::vector<double> values)
{
    struct measure_spread spread = measure_spread_of(values.data(), values.size());
    char text[64];
    snprintf(text, sizeof text, "%8.0f (%.0f, %.0f)", spread.median, spread.least, spread.greatest);
    return text;
}

void measure(const std::string &image, const std::string &engine, unsigned nodes, unsigned rounds)
{
    Boot boot = find_main(image, engine.c_str());
    uint64_t start_ns = boot.virtual_ns + 1000000;
    double one_made_ns = World(image, 0, 0, engine.c_str()).made_ns;
    Rates rates;
    uint64_t pages = 0;
    for (unsigned round = 0; round < rounds; round++) {
        World world(image, nodes, start_ns, engine.c_str());
        world.run(start_ns);
        double before_ns = measure_ns();
        world.run(start_ns + boot.virtual_ns);
        double took_ns = measure_ns() - before_ns;
        struct emu_totals totals;
        emu_world_totals(world.world, &totals);
        if (totals.nodes_up + totals.nodes_terminated != nodes + 1) {
            throw std::runtime_error(image + ": not all nodes have booted");
        }
        struct emu_node_report report;
        emu_world_node_report(world.world, nodes, &report);
        if (report.instructions + 100 < boot.instructions) {
            throw std::runtime_error(image + ": the last node is not at its main yet");
        }
        pages = report.pages_private;
        rates.boots.push_back(nodes / took_ns * 1e9);
        rates.all.push_back(nodes / (took_ns + std::max(0.0, world.made_ns - one_made_ns)) * 1e9);
    }
    printf("%-14s %-12s %6llu %6llu   %-28s %-28s\n", image.c_str(), engine.c_str(),
           (unsigned long long)boot.instructions, (unsigned long long)pages,
           text_of(rates.boots).c_str(), text_of(rates.all).c_str());
    fflush(stdout);
}

} // namespace

int main(int argc, char **argv)
{
    unsigned nodes = 1000, rounds = 7;
    std::vector<std::string> engines, images;
    for (int i = 1; i < argc; i++) {
        if (std::strcmp(argv[i], "--nodes") == 0 && i + 1 < argc) {
            nodes = (unsigned)std::max(1, std::atoi(argv[++i]));
        } else if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = (unsigned)std::max(1, std::atoi(argv[++i]));
        } else if (std::strcmp(argv[i], "--engine") == 0 && i + 1 < argc) {
            engines.push_back(argv[++i]);
        } else if (argv[i][0] != '-') {
            images.push_back(argv[i]);
        } else {
            fprintf(stderr,
                    "usage: boot_bench [--nodes N] [--rounds N] [--engine NAME]... [IMAGE...]\n");
            return 2;
        }
    }
    if (engines.empty()) {
        for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
            engines.push_back((*engine)->name);
        }
    }
    if (images.empty()) {
        images = {"hello", "kademlia", "http-server"};
    }
    printf("%u nodes after the first, median (least, greatest) of %u rounds\n"
           "%-14s %-12s %6s %6s   %-28s %-28s\n",
           nodes, rounds, "image", "engine", "instr", "pages", "boots/s", "with their making");
    try {
        for (const std::string &image : images) {
            for (const std::string &engine : engines) {
                measure(image, engine, nodes, rounds);
            }
        }
    } catch (const std::exception &wrong) {
        fprintf(stderr, "boot_bench: %s\n", wrong.what());
        return 1;
    }
    return 0;
}
