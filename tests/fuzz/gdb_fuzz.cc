// Fuzz target: gdb's remote protocol, from a socket. Whatever comes, a session of two small
// machines answers or says that it does not understand, and comes to an end; and what was only
// looked at, stepped and taken back has the digest that it has undisturbed.
//
// The input is lines; each is sent as the payload of a packet, one that begins with ~ as it is.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/elf_builder.h"

extern "C" {
#include <emu/debug.h>
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

namespace
{

constexpr uint64_t END_NS = 100000; /* 2000 instructions of each machine */

void require(bool condition, const char *what)
{
    if (!condition) {
        std::fprintf(stderr, "gdb_fuzz: %s\n", what);
        std::abort();
    }
}

/* Counts in memory, and waits a little now and then. */
const uint8_t PROGRAM[] = {
    0xff, 0x05, 0x00, 0x30, 0x01, 0x00, /* again: incl 0x13000 */
    0xa1, 0x00, 0x30, 0x01, 0x00,       /* movl 0x13000, %eax */
    0x24, 0x0f,                         /* andb $15, %al */
    0x75, 0xf1,                         /* jne again */
    0xa1, 0x08, 0x10, 0x00, 0x00,       /* movl 0x1008, %eax: a register */
    0x31, 0xd2,                         /* xorl %edx, %edx */
    0x05, 0x00, 0x20, 0x00, 0x00,       /* addl $0x2000, %eax */
    0x0f, 0x3f, 0x01,                   /* idle */
    0xeb, 0xe0,                         /* jmp again */
};

struct Image {
    Image() : handle(mkstemp(path))
    {
        std::vector<uint8_t> code(PROGRAM, PROGRAM + sizeof PROGRAM);
        std::vector<uint8_t> file = support::BuildElf(0x11000, {{0x11000, 0, code}});
        require(handle >= 0 && write(handle, file.data(), file.size()) == (ssize_t)file.size(),
                "room in /tmp");
    }
    ~Image()
    {
        unlink(path);
    }
    char path[32] = "/tmp/denali-gdb-fuzz-XXXXXX";
    int handle;
};

struct World {
    explicit World(const Image &image)
    {
        struct error error = ERROR_INIT;
        struct scn_file *file = nullptr;
        std::string yaml = std::string("general: {name: fuzz, duration: 1s}\n"
                                       "networks: [{name: lan, type: lan}]\n"
                                       "groups: [{name: a, image: ") +
                           image.path +
                           ", count: 2, network: lan, memory: 128KiB, cpu_hz: 20MHz}]\n";
        require(!scn_open_text(&file, "./fuzz.yaml", yaml.data(), yaml.size(), &error) &&
                    !scn_resolve(file, &scenario, &error),
                error.message);
        scn_close(file);
        struct emu_world_options options = {};
        options.memory_limit_bytes = 8u << 20;
        require(!emu_world_create(scenario, &options, &world, &error), error.message);
    }
    ~World()
    {
        emu_world_destroy(world);
        scn_scenario_destroy(scenario);
    }
    struct scn_scenario *scenario = nullptr;
    struct emu_world *world = nullptr;
};

uint64_t digest_at_end(struct emu_world *world)
{
    struct error error = ERROR_INIT;
    require(!emu_world_run(world, END_NS, &error), error.message);
    return emu_world_digest(world);
}

/* The bytes that the other side sends. Writes are told by the first letter of a packet. */
std::string wire(const uint8_t *data, size_t size_bytes, bool *may_write)
{
    std::string bytes;
    for (size_t at = 0; at < size_bytes;) {
        size_t end = at;
        while (end < size_bytes && data[end] != '\n') {
            end++;
        }
        std::string line(reinterpret_cast<const char *>(data) + at, end - at);
        at = end + 1;
        if (!line.empty() && line[0] == '~') {
            bytes += line.substr(1);
            *may_write = true; /* who knows what is in it */
            continue;
        }
        *may_write = *may_write ||
                     (!line.empty() && std::string("MXPG").find(line[0]) != std::string::npos) ||
                     line.find('$') != std::string::npos || line.find('}') != std::string::npos;
        unsigned sum = 0;
        for (unsigned char byte : line) {
            sum += byte;
        }
        char tail[4];
        std::snprintf(tail, sizeof tail, "#%02x", sum & 255);
        bytes += "$" + line + tail;
    }
    return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static Image image;
    static const uint64_t undisturbed = [] {
        World world(image);
        return digest_at_end(world.world);
    }();
    bool may_write = false;
    std::string bytes = wire(data, size_bytes < 4096 ? size_bytes : 4096, &may_write);
    int in = memfd_create("gdb_fuzz", 0);
    int out = open("/dev/null", O_WRONLY);
    require(in >= 0 && out >= 0 && write(in, bytes.data(), bytes.size()) == (ssize_t)bytes.size() &&
                lseek(in, 0, SEEK_SET) == 0,
            "memory for the input");
    World world(image);
    struct emu_debug_options options = {};
    options.end_ns = END_NS;
    struct emu_debug *debug = nullptr;
    struct error error = ERROR_INIT;
    require(!emu_debug_create(world.world, &options, &debug, &error), error.message);
    require(!emu_debug_serve(debug, in, out, nullptr, &error), error.message);
    emu_debug_destroy(debug);
    close(in);
    close(out);
    uint64_t digest = digest_at_end(world.world);
    require(may_write || digest == undisturbed, "looking has changed something");
    return 0;
}
