// How many guest instructions an engine retires each second on small kernels built by
// `gcc -m32 -march=i686 -O2` (bench/kernels/). Each kernel's checksum is compared with that of the
// same source built for the host.
//
//     build/release/bench/interpreter_bench
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

extern "C" {
#include <vcpu/engine.h>
#include <vcpu/image.h>
unsigned sieve_kernel(void);
unsigned crc_kernel(void);
unsigned matrix_kernel(void);
unsigned list_kernel(void);
unsigned recursion_kernel(void);
unsigned state_kernel(void);
unsigned copy_kernel(void);
unsigned doubles_kernel(void);
}

namespace
{

void run_kernel(benchmark::State &state, const char *engine_name, const char *name,
                unsigned (*native)(void))
{
    struct error error = ERROR_INIT;
    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
    std::string path = std::string(BENCH_KERNEL_DIR) + "/" + name + ".elf";
    if (vcpu_arena_create(64u << 20, &arena, &error) ||
        vcpu_image_load(arena, path.c_str(), &image, &error)) {
        state.SkipWithError(error.message);
        return;
    }
    struct vcpu_engine *engine = nullptr;
    const struct vcpu_engine_ops *ops = vcpu_engine_find(engine_name);
    if (!ops) {
        state.SkipWithError("this build has no such engine");
        return;
    }
    if (ops->create(&engine, &error)) {
        state.SkipWithError(error.message);
        return;
    }
    const unsigned expected = native();
    uint64_t retired = 0;
    for (auto _ : state) {
        struct vcpu_space space = {};
        struct vcpu vcpu = {};
        vcpu_space_init(&space, arena, image, 1u << 20);
        vcpu.space = &space;
        vcpu_reset(&vcpu, image->entry);
        struct vcpu_stop stop;
        vcpu_engine_run(engine, &vcpu, UINT64_MAX, &stop);
        retired += stop.retired;
        if (stop.reason != VCPU_STOP_TERMINATE || vcpu.gpr[VCPU_EAX] != expected) {
            state.SkipWithError("wrong result");
        }
        vcpu_space_fini(&space);
    }
    state.counters["instructions/s"] =
        benchmark::Counter(static_cast<double>(retired), benchmark::Counter::kIsRate);
    ops->destroy(engine);
    vcpu_image_release(image);
    vcpu_arena_destroy(arena);
}

// What pointing the engine at another node costs: one short run on each of many in turn, after each
// has touched its own memory.
void switch_nodes(benchmark::State &state)
{
    struct error error = ERROR_INIT;
    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
    struct vcpu_engine *engine = nullptr;
    const struct vcpu_engine_ops *ops = vcpu_engine_find("interpreter");
    std::string path = std::string(BENCH_KERNEL_DIR) + "/list.elf";
    if (vcpu_arena_create(1ull << 30, &arena, &error) ||
        vcpu_image_load(arena, path.c_str(), &image, &error) || ops->create(&engine, &error)) {
        state.SkipWithError(error.message);
        return;
    }
    const auto nodes = static_cast<size_t>(state.range(0));
    const auto budget = static_cast<uint64_t>(state.range(1));
    std::vector<struct vcpu> vcpus(nodes);
    std::vector<struct vcpu_space> spaces(nodes);
    struct vcpu_stop stop;
    for (size_t i = 0; i < nodes; i++) {
        vcpu_space_init(&spaces[i], arena, image, 1u << 20);
        vcpus[i].space = &spaces[i];
        vcpu_reset(&vcpus[i], image->entry);
        vcpu_engine_run(engine, &vcpus[i], 100000 + 37 * i, &stop);
    }
    size_t at = 0;
    for (auto _ : state) {
        vcpu_engine_run(engine, &vcpus[at], budget, &stop);
        if (++at == nodes) {
            at = 0;
        }
    }
    for (struct vcpu_space &space : spaces) {
        vcpu_space_fini(&space);
    }
    ops->destroy(engine);
    vcpu_image_release(image);
    vcpu_arena_destroy(arena);
}
BENCHMARK(switch_nodes)
    ->ArgNames({"nodes", "budget"})
    ->Args({1, 1})
    ->Args({1000, 1})
    ->Args({10000, 1})
    ->Args({1000, 100});

#define KERNEL(name)                                                                               \
    BENCHMARK_CAPTURE(run_kernel, name, "interpreter", #name, name##_kernel);                      \
    BENCHMARK_CAPTURE(run_kernel, name##_translator, "translator", #name, name##_kernel);          \
    BENCHMARK_CAPTURE(run_kernel, name##_unicorn, "unicorn", #name, name##_kernel)

KERNEL(sieve);
KERNEL(crc);
KERNEL(matrix);
KERNEL(list);
KERNEL(recursion);
KERNEL(state);
KERNEL(copy);
KERNEL(doubles);

} // namespace
