// How fast each engine runs code beside the processor itself: the same kernels (bench/kernels/)
// compiled by `gcc -m32 -march=i686 -O2` for the guest and for the host, by turns in one go, so
// that a noisy machine is noisy for all of them. Times are processor times.
//
//     build/release/bench/processor_bench [--rounds N] [--engine NAME]... [KERNEL...]
//
// Prints native milliseconds and, for each engine, the median over the rounds of native time /
// engine time, with the least and the greatest, and guest instructions a second; then the geometric
// means of all three and the worst kernel's. Checksums are compared.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include "measure.h"

extern "C" {
#include <vcpu/engine.h>
#include <vcpu/image.h>
}

namespace
{

const char *const kKernels[] = {BENCH_KERNELS};

struct Timing {
    unsigned checksum = 0;
    double ns = 0;
    uint64_t instructions = 0;
};

// The 32-bit program of all kernels, at the other end of two pipes.
class Native
{
  public:
    Native()
    {
        int down[2], up[2];
        if (pipe(down) || pipe(up)) {
            throw std::runtime_error("no pipe");
        }
        if (fork() == 0) {
            dup2(down[0], 0);
            dup2(up[1], 1);
            close(down[1]);
            close(up[0]);
            execl(BENCH_KERNEL_DIR "/native", "native", (char *)nullptr);
            _exit(127);
        }
        close(down[0]);
        close(up[1]);
        to_ = fdopen(down[1], "w");
        from_ = fdopen(up[0], "r");
    }

    ~Native()
    {
        fclose(to_);
        fclose(from_);
    }

    Native(const Native &) = delete;
    Native &operator=(const Native &) = delete;

    Timing run(const char *kernel)
    {
        Timing timing;
        fprintf(to_, "%s\n", kernel);
        fflush(to_);
        if (fscanf(from_, "%u %lf", &timing.checksum, &timing.ns) != 2) {
            throw std::runtime_error(BENCH_KERNEL_DIR "/native does not answer");
        }
        return timing;
    }

  private:
    FILE *to_;
    FILE *from_;
};

class Guest
{
  public:
    explicit Guest(const char *kernel)
    {
        struct error error = ERROR_INIT;
        std::string path = std::string(BENCH_KERNEL_DIR) + "/" + kernel + ".elf";
        if (vcpu_arena_create(64u << 20, &arena_, &error) ||
            vcpu_image_load(arena_, path.c_str(), &image_, &error)) {
            throw std::runtime_error(error.message);
        }
    }

    ~Guest()
    {
        vcpu_image_release(image_);
        vcpu_arena_destroy(arena_);
    }

    Guest(const Guest &) = delete;
    Guest &operator=(const Guest &) = delete;

    Timing run(struct vcpu_engine *engine)
    {
        struct vcpu_space space = {};
        struct vcpu vcpu = {};
        vcpu_space_init(&space, arena_, image_, 4u << 20);
        vcpu.space = &space;
        vcpu_reset(&vcpu, image_->entry);
        struct vcpu_stop stop;
        double start_ns = measure_ns();
        vcpu_engine_run(engine, &vcpu, UINT64_MAX, &stop);
        double took_ns = measure_ns() - start_ns;
        vcpu_space_fini(&space);
        if (stop.reason != VCPU_STOP_TERMINATE) {
            throw std::runtime_error("a kernel did not come to its end");
        }
        return {vcpu.gpr[VCPU_EAX], took_ns, stop.retired};
    }

  private:
    struct vcpu_arena *arena_ = nullptr;
    struct vcpu_image *image_ = nullptr;
};

// Over kernels: sums of logarithms, and the kernel with the lowest median.
struct Mean {
    double median = 0, least = 0, greatest = 0, worst = HUGE_VAL;
    std::string worst_kernel;
    unsigned count = 0;

    void add(const struct measure_spread &ratio, const std::string &kernel)
    {
        median += std::log(ratio.median);
        least += std::log(ratio.least);
        greatest += std::log(ratio.greatest);
        count++;
        if (ratio.median < worst) {
            worst = ratio.median;
            worst_kernel = kernel;
        }
    }
    double of(double logarithms) const
    {
        return std::exp(logarithms / count);
    }
};

struct Sample {
    std::vector<double> ratios; // native time / engine time
    double instructions_per_second = 0;
};

int measure(unsigned rounds, const std::vector<std::string> &names,
            const std::vector<std::string> &kernels)
{
    Native native;
    std::vector<struct vcpu_engine *> engines;
    for (const std::string &name : names) {
        struct error error = ERROR_INIT;
        const struct vcpu_engine_ops *ops = vcpu_engine_find(name.c_str());
        struct vcpu_engine *engine = nullptr;
        if (!ops || ops->create(&engine, &error)) {
            fprintf(stderr, "processor_bench: no engine %s here\n", name.c_str());
            return 2;
        }
        engines.push_back(engine);
    }
    printf(
        "native: milliseconds of the host itself. Engines: native time / engine time; millions of "
        "guest\ninstructions a second. Each: median (least, greatest) of %u rounds.\n\n%-10s %-24s",
        rounds, "", "native");
    for (const std::string &name : names) {
        printf("  %-30s", name.c_str());
    }
    printf("\n");
    std::vector<Mean> means(names.size());
    for (const std::string &kernel : kernels) {
        Guest guest(kernel.c_str());
        std::vector<Sample> samples(engines.size());
        std::vector<double> native_ms;
        unsigned expected = native.run(kernel.c_str()).checksum;
        for (unsigned round = 0; round < rounds; round++) {
            for (size_t i = 0; i < engines.size(); i++) {
                double native_ns = native.run(kernel.c_str()).ns;
                Timing timing = guest.run(engines[i]);
                if (timing.checksum != expected) {
                    fprintf(stderr, "processor_bench: %s on %s: checksum %08x, not %08x\n",
                            kernel.c_str(), names[i].c_str(), timing.checksum, expected);
                    return 1;
                }
                native_ms.push_back(native_ns / 1e6);
                samples[i].ratios.push_back(native_ns / timing.ns);
                samples[i].instructions_per_second =
                    std::max(samples[i].instructions_per_second,
                             (double)timing.instructions / timing.ns * 1e9);
            }
        }
        struct measure_spread ms = measure_spread_of(native_ms.data(), native_ms.size());
        printf("%-10s %6.2f (%.2f, %.2f)%*s", kernel.c_str(), ms.median, ms.least, ms.greatest,
               ms.greatest < 10 ? 5 : 4, "");
        for (size_t i = 0; i < engines.size(); i++) {
            struct measure_spread ratio =
                measure_spread_of(samples[i].ratios.data(), samples[i].ratios.size());
            means[i].add(ratio, kernel);
            printf("  %.3f (%.3f, %.3f) %5.0f M/s ", ratio.median, ratio.least, ratio.greatest,
                   samples[i].instructions_per_second / 1e6);
        }
        printf("\n");
        fflush(stdout);
    }
    printf("%-10s %-24s", "geometric", "");
    for (const Mean &mean : means) {
        printf("  %.3f (%.3f, %.3f)           ", mean.of(mean.median), mean.of(mean.least),
               mean.of(mean.greatest));
    }
    printf("\n%-10s %-24s", "worst", "");
    for (size_t i = 0; i < engines.size(); i++) {
        printf("  %.3f %-24s", means[i].worst, means[i].worst_kernel.c_str());
        engines[i]->ops->destroy(engines[i]);
    }
    printf("\n");
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    unsigned rounds = 7;
    std::vector<std::string> names;
    std::vector<std::string> kernels;
    for (int i = 1; i < argc; i++) {
        if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = (unsigned)std::max(1, std::atoi(argv[++i]));
        } else if (std::strcmp(argv[i], "--engine") == 0 && i + 1 < argc) {
            names.push_back(argv[++i]);
        } else if (std::find(std::begin(kKernels), std::end(kKernels), std::string(argv[i])) !=
                   std::end(kKernels)) {
            kernels.push_back(argv[i]);
        } else {
            fprintf(stderr, "usage: processor_bench [--rounds N] [--engine NAME]... [KERNEL...]\n");
            return 2;
        }
    }
    if (names.empty()) {
        for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
            names.push_back((*engine)->name);
        }
    }
    if (kernels.empty()) {
        kernels.assign(std::begin(kKernels), std::end(kKernels));
    }
    try {
        return measure(rounds, names, kernels);
    } catch (const std::exception &wrong) {
        fprintf(stderr, "processor_bench: %s\n", wrong.what());
        return 1;
    }
}
