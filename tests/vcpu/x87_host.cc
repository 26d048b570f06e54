// Runs x87 instructions on the host processor itself: the oracle of the x87 tests.
#include "vcpu/x87_host.h"

#include <cstring>
#include <stdexcept>

#include <sys/mman.h>

#if defined(__x86_64__)

bool X87HostIsThere()
{
    return true;
}

namespace
{

constexpr size_t kCodeBytes = 4096;

/* The image of fnsave and frstor in 32-bit protected-mode format (Intel SDM vol. 1, 8.1.10). */
struct __attribute__((packed)) SaveImage {
    uint16_t control, unused0;
    uint16_t status, unused1;
    uint16_t tags, unused2;
    uint32_t pointers[4];
    struct __attribute__((packed)) {
        uint64_t mantissa;
        uint16_t sign_exponent;
    } stack[8]; /* st(0) first */
};
static_assert(sizeof(SaveImage) == 108);

struct Frame {
    uint64_t eflags;
    uint64_t eax;
};

using Thunk = void (*)(SaveImage *, uint8_t *memory, Frame *);

} // namespace

X87Host::X87Host()
{
    void *page = mmap(nullptr, kCodeBytes, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        throw std::runtime_error("no executable page for the oracle");
    }
    code_ = static_cast<uint8_t *>(page);
}

X87Host::~X87Host()
{
    munmap(code_, kCodeBytes);
}

void X87Host::Prepare(const std::vector<uint8_t> &bytes)
{
    const uint8_t before[] = {
        0xdd, 0x27,       /* frstor [rdi] */
        0x8b, 0x42, 0x08, /* mov eax, [rdx + 8] */
        0xff, 0x32,       /* push qword [rdx] */
        0x9d,             /* popf */
    };
    const uint8_t after[] = {
        0x9c,             /* pushf */
        0x8f, 0x02,       /* pop qword [rdx] */
        0xfc,             /* cld, as the ABI wants it */
        0x89, 0x42, 0x08, /* mov [rdx + 8], eax */
        0xdd, 0x37,       /* fnsave [rdi], which also resets the x87 */
        0xc3,             /* ret */
    };
    if (sizeof before + bytes.size() + sizeof after > kCodeBytes) {
        throw std::length_error("too many instructions for the oracle's page");
    }
    uint8_t *at = code_;
    memcpy(at, before, sizeof before);
    at += sizeof before;
    memcpy(at, bytes.data(), bytes.size());
    at += bytes.size();
    memcpy(at, after, sizeof after);
}

void X87Host::Run(X87State *state)
{
    SaveImage image = {};
    struct vcpu_x87 *x87 = &state->x87;
    image.control = x87->control;
    image.status = x87_status(x87);
    for (unsigned i = 0; i < 8; i++) {
        bool valid = x87->valid >> i & 1;
        image.tags |= static_cast<uint16_t>((valid ? 0u : 3u) << 2 * i);
        unsigned index = (i - x87->top) & 7;
        /* What an empty register holds must not matter: not a zero, then. */
        image.stack[index].mantissa = valid ? x87->mantissa[i] : 0xdeadbeefdeadbeefu;
        image.stack[index].sign_exponent = valid ? x87->sign_exponent[i] : 0x4123;
    }
    Frame frame = {state->eflags, state->eax};
    reinterpret_cast<Thunk>(code_)(&image, state->memory, &frame);
    state->eflags = static_cast<uint32_t>(frame.eflags) & VCPU_FLAG_ALL;
    state->eax = static_cast<uint32_t>(frame.eax);
    x87->control = image.control;
    x87->top = image.status >> 11 & 7;
    x87->conditions = static_cast<uint8_t>((image.status >> 8 & 7) | (image.status >> 11 & 8));
    x87->valid = 0;
    for (unsigned i = 0; i < 8; i++) {
        bool valid = (image.tags >> 2 * i & 3) != 3;
        unsigned index = (i - x87->top) & 7;
        x87->valid |= static_cast<uint8_t>(valid << i);
        x87->mantissa[i] = valid ? image.stack[index].mantissa : 0;
        x87->sign_exponent[i] = valid ? image.stack[index].sign_exponent : 0;
    }
}

#else

bool X87HostIsThere()
{
    return false;
}

X87Host::X87Host() : code_(nullptr)
{
    throw std::logic_error("this host has no x87");
}

X87Host::~X87Host() = default;

void X87Host::Prepare(const std::vector<uint8_t> &)
{
}

void X87Host::Run(X87State *)
{
}

#endif
