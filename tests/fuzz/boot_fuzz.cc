// Fuzz target: an image from somewhere else, booted: two machines of it with everything a machine
// can have, on a network with services. Whatever it holds and does, the world runs on or refuses
// the image with a message, every engine of the build gives the same digest, and so does a world
// that another engine finishes from a saved state.
//
// The input is an ELF file; or, if it does not begin like one, a few segments of one: the number
// of them and where in the first one to begin, then for each its address, size, permission and
// bytes.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "support/elf_builder.h"

extern "C" {
#include <emu/world.h>
}

namespace
{

constexpr uint64_t HALF_NS = 100000;
constexpr uint64_t END_NS = 200000; /* 4000 instructions of each machine */
constexpr size_t FILE_MAX_BYTES = 65536;

void require(bool condition, const char *what)
{
    if (!condition) {
        std::fprintf(stderr, "boot_fuzz: %s\n", what);
        std::abort();
    }
}

/* What all runs did, told at the end. */
struct Account {
    uint64_t inputs = 0;
    uint64_t booted = 0;
    uint64_t instructions = 0;
    ~Account()
    {
        std::fprintf(stderr, "boot_fuzz: %llu inputs, %llu booted, %llu instructions\n",
                     (unsigned long long)inputs, (unsigned long long)booted,
                     (unsigned long long)instructions);
    }
};

/* Worlds read images from files. */
struct ImageFile {
    ImageFile() : handle(mkstemp(path))
    {
        require(handle >= 0, "a file for the image in /tmp");
    }
    ~ImageFile()
    {
        unlink(path);
    }
    void write(const std::vector<uint8_t> &file)
    {
        require(ftruncate(handle, 0) == 0 &&
                    pwrite(handle, file.data(), file.size(), 0) == (ssize_t)file.size(),
                "room in /tmp");
    }
    char path[32] = "/tmp/denali-boot-fuzz-XXXXXX";
    int handle;
};

std::vector<uint8_t> image_of(const uint8_t *data, size_t size_bytes)
{
    if (size_bytes < 2 || memcmp(data, ELFMAG, 2) == 0) {
        return {data, data + size_bytes};
    }
    constexpr size_t SEGMENT_HEAD_BYTES = 6;
    uint32_t count = 1 + data[0] % 4, offset = data[1];
    size_t at = 2;
    std::vector<support::ElfSegment> segments;
    std::vector<uint8_t> permissions;
    while (segments.size() < count && size_bytes - at >= SEGMENT_HEAD_BYTES) {
        const uint8_t *head = data + at;
        at += SEGMENT_HEAD_BYTES;
        uint32_t address = (uint32_t)(head[0] | head[1] << 8) << 4; /* anywhere in 1 MiB */
        size_t length = head[2] | (size_t)(head[3] & 3) << 8;
        length = length < size_bytes - at ? length : size_bytes - at;
        uint32_t more = head[4] * 64u;
        segments.push_back({address, (uint32_t)length + more, {data + at, data + at + length}});
        permissions.push_back(head[5] & 7);
        at += length;
    }
    uint32_t entry = segments.empty() ? 0 : segments[0].address + offset;
    std::vector<uint8_t> file = support::BuildElf(entry, segments);
    for (size_t i = 0; i < segments.size(); i++) {
        support::ElfProgram(file, i)->p_flags = permissions[i];
    }
    return file;
}

struct scn_scenario *scenario_of(const std::string &image)
{
    std::string text = "general: {name: boot, duration: 1s}\n"
                       "networks: [{name: lan, type: lan, latency: 10us, services: [dhcp, dns]}]\n"
                       "groups:\n- {name: n, image: " +
                       image +
                       ", count: 2, network: lan, memory: 1MiB, cpu_hz: 20MHz, screen: 16x16,\n"
                       "   disks: [{name: data, size: 64KiB, latency: 1us}],"
                       " limits: {disk: 8KiB, memory: 512KiB},\n"
                       "   keyboard: [{at: 10us, every: 1us, keys: abc}],"
                       " console_input: [{at: 10us, text: abc}]}\n";
    struct error error = ERROR_INIT;
    struct scn_file *file = nullptr;
    struct scn_scenario *scenario = nullptr;
    if (scn_open_text(&file, "./fuzz.yaml", text.c_str(), text.size(), &error) != STATUS_OK ||
        scn_resolve(file, &scenario, &error) != STATUS_OK) {
        std::fprintf(stderr, "boot_fuzz: %s\n", error.message);
        std::abort();
    }
    scn_close(file);
    return scenario;
}

struct emu_world *world_of(const struct scn_scenario *scenario,
                           const struct vcpu_engine_ops *engine, enum status *status)
{
    struct emu_world_options options = {};
    options.engine = engine;
    options.jobs = 1;
    options.memory_limit_bytes = 64u << 20;
    struct emu_world *world = nullptr;
    struct error error = ERROR_INIT;
    *status = emu_world_create(scenario, &options, &world, &error);
    require((*status == STATUS_OK) == (world != nullptr), "a world comes with success only");
    require(*status == STATUS_OK || error.message[0], "an error says what is wrong");
    return world;
}

void run(struct emu_world *world, uint64_t until_ns)
{
    struct error error = ERROR_INIT;
    if (emu_world_run(world, until_ns, &error) != STATUS_OK) {
        std::fprintf(stderr, "boot_fuzz: %s\n", error.message);
        std::abort();
    }
}

size_t engine_count()
{
    size_t count = 0;
    while (vcpu_engines()[count]) {
        count++;
    }
    return count;
}

/* The digest of what an engine makes of a world's saved state. */
uint64_t finished(const struct scn_scenario *scenario, struct emu_world *world,
                  const struct vcpu_engine_ops *engine)
{
    size_t state_bytes = 0;
    uint8_t *state = emu_world_state_save(world, &state_bytes);
    enum status status;
    struct emu_world *other = world_of(scenario, engine, &status);
    struct error error = ERROR_INIT;
    require(status == STATUS_OK &&
                emu_world_state_load(other, state, state_bytes, &error) == STATUS_OK,
            "a saved state is loaded");
    free(state);
    run(other, END_NS);
    uint64_t digest = emu_world_digest(other);
    emu_world_destroy(other);
    return digest;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static Account account;
    static ImageFile image;
    std::vector<uint8_t> file =
        image_of(data, size_bytes < FILE_MAX_BYTES ? size_bytes : FILE_MAX_BYTES);
    image.write(file);
    static struct scn_scenario *const scenario = scenario_of(image.path); /* read when booted */
    account.inputs++;
    enum status first = STATUS_OK;
    uint64_t digest = 0;
    const struct vcpu_engine_ops *const *engines = vcpu_engines();
    for (size_t i = 0; engines[i]; i++) {
        enum status status;
        struct emu_world *world = world_of(scenario, engines[i], &status);
        first = i ? first : status;
        require(status == first, "all engines take the image, or none");
        if (!world) {
            continue;
        }
        account.booted += i == 0;
        run(world, HALF_NS);
        if (i == 0) {
            digest = finished(scenario, world, engines[size_bytes % engine_count()]);
        }
        run(world, END_NS);
        if (emu_world_digest(world) != digest) {
            std::fprintf(stderr, "boot_fuzz: on engine %s:\n", engines[i]->name);
            require(false, "all engines give one digest");
        }
        struct emu_totals totals;
        emu_world_totals(world, &totals);
        account.instructions += totals.instructions;
        emu_world_destroy(world);
    }
    return 0;
}
