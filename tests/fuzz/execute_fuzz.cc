// Fuzz target: random bytes as a guest's code and registers. The interpreter runs them in one
// stretch, Unicorn in pieces; whatever the bytes are, both end in the same state, and neither
// crashes or hangs.
//
// The input: eight registers, flags (2 bytes), where in the page the code begins (1), the seed of
// the pieces (1), then code.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vcpu/oracle/machine.h"

namespace
{

constexpr size_t HEADER_BYTES = 8 * 4 + 2 + 1 + 1;
constexpr size_t CODE_MAX_BYTES = 512;
constexpr uint64_t INSTRUCTIONS_MAX = 2000;

/* What a host would do at a stop. False if the machine is done. */
bool serve(struct vcpu &vcpu, const struct vcpu_stop &stop)
{
    switch (stop.reason) {
    case VCPU_STOP_BUDGET:
        return true;
    case VCPU_STOP_PORT:
    case VCPU_STOP_REGISTER:
        vcpu_access_complete(&vcpu, &stop.access, (uint32_t)(vcpu.retired * 0x01000193));
        return true;
    case VCPU_STOP_IDLE:
        vcpu.cycles += 1000;
        vcpu_idle_complete(&vcpu);
        return true;
    default:
        return false;
    }
}

struct vcpu_stop run(Engine &engine, Machine &machine, uint64_t piece_max)
{
    struct vcpu_stop stop = {};
    while (machine.vcpu.retired < INSTRUCTIONS_MAX) {
        uint64_t left = INSTRUCTIONS_MAX - machine.vcpu.retired;
        stop = engine.run(machine.vcpu, left < piece_max ? left : piece_max);
        stop.retired = 0; /* depends on the pieces */
        if (!serve(machine.vcpu, stop)) {
            break;
        }
    }
    return stop;
}

std::string memory_difference(const Ground &ground, const Machine &a, const Machine &b)
{
    for (uint32_t page = 2; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
        const uint8_t *x = vcpu_frame_bytes(ground.arena, vcpu_space_frame(&a.space, page));
        const uint8_t *y = vcpu_frame_bytes(ground.arena, vcpu_space_frame(&b.space, page));
        if (memcmp(x, y, VCPU_PAGE_BYTES) != 0) {
            return " page " + std::to_string(page);
        }
    }
    return "";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    /* Kept from input to input, so that what an engine remembers is put to the test as well. */
    static Ground ground;
    static Engine interpreter("interpreter");
    static Engine unicorn("unicorn");
    if (size_bytes <= HEADER_BYTES) {
        return 0;
    }
    size_t code_bytes = size_bytes - HEADER_BYTES;
    code_bytes = code_bytes < CODE_MAX_BYTES ? code_bytes : CODE_MAX_BYTES;
    uint32_t address = CODE + VCPU_PAGE_BYTES - data[HEADER_BYTES - 2];
    Machine a(ground), b(ground);
    for (Machine *machine : {&a, &b}) {
        if (!vcpu_space_store(&machine->space, address, data + HEADER_BYTES,
                              (uint32_t)code_bytes)) {
            abort();
        }
        vcpu_reset(&machine->vcpu, address);
        memcpy(machine->vcpu.gpr, data, sizeof machine->vcpu.gpr);
        machine->vcpu.eflags = (data[32] | (uint32_t)data[33] << 8) & VCPU_FLAG_ALL;
    }
    struct vcpu_stop stop_a = run(interpreter, a, INSTRUCTIONS_MAX);
    struct vcpu_stop stop_b = run(unicorn, b, 1 + data[HEADER_BYTES - 1]);
    std::string wrong =
        difference(stop_a, stop_b) + difference(a.vcpu, b.vcpu) + memory_difference(ground, a, b);
    if (!wrong.empty()) {
        fprintf(stderr, "execute_fuzz: interpreter/unicorn:%s\n  code at %x: %s\n", wrong.c_str(),
                address, disassembly(data + HEADER_BYTES, code_bytes, address).c_str());
        abort();
    }
    return 0;
}
