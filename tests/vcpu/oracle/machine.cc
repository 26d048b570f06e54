// A machine without devices: state, memory, and how two of them are compared.
#include "vcpu/oracle/machine.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support/elf_builder.h"
#include <capstone/capstone.h>

#include <gtest/gtest.h>

Ground::Ground()
{
    std::vector<uint8_t> file =
        support::BuildElf(CODE, {{CODE, 0, std::vector<uint8_t>(VCPU_PAGE_BYTES)}});
    struct error error = ERROR_INIT;
    if (vcpu_arena_create(64u << 20, &arena, &error) != STATUS_OK ||
        vcpu_image_parse(arena, "oracle", file.data(), file.size(), &image, &error) != STATUS_OK) {
        fprintf(stderr, "oracle: %s\n", error.message);
        abort();
    }
}

Ground::~Ground()
{
    vcpu_image_release(image);
    vcpu_arena_destroy(arena);
}

Machine::Machine(Ground &ground, uint32_t size_bytes)
{
    vcpu_space_init(&space, ground.arena, ground.image, size_bytes);
    vcpu_reset(&vcpu, CODE);
    vcpu.space = &space;
}

Machine::~Machine()
{
    vcpu_space_fini(&space);
}

void Machine::write(uint32_t address, const void *bytes, uint32_t size_bytes)
{
    ASSERT_TRUE(vcpu_space_store(&space, address, bytes, size_bytes));
}

std::vector<uint8_t> Machine::read(uint32_t address, uint32_t size_bytes)
{
    std::vector<uint8_t> bytes(size_bytes);
    EXPECT_TRUE(vcpu_space_load(&space, address, bytes.data(), size_bytes));
    return bytes;
}

Engine::Engine(const char *name) : Engine(vcpu_engine_find(name))
{
}

Engine::Engine(const struct vcpu_engine_ops *ops)
{
    struct error error = ERROR_INIT;
    if (ops && ops->create(&engine, &error) != STATUS_OK) {
        fprintf(stderr, "oracle: %s\n", error.message);
        abort();
    }
}

Engine::~Engine()
{
    if (engine) {
        engine->ops->destroy(engine);
    }
}

struct vcpu_stop Engine::run(struct vcpu &vcpu, uint64_t budget)
{
    struct vcpu_stop stop;
    vcpu_engine_run(engine, &vcpu, budget, &stop);
    return stop;
}

static const char *const REGISTER_NAMES[] = {"eax", "ecx", "edx", "ebx",
                                             "esp", "ebp", "esi", "edi"};

static std::string format(const char *form, ...) __attribute__((format(printf, 1, 2)));
static std::string format(const char *form, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(line, sizeof line, form, arguments);
    va_end(arguments);
    return line;
}

std::string difference(const struct vcpu &a, const struct vcpu &b, uint32_t flags_ignored)
{
    std::string result;
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        if (a.gpr[i] != b.gpr[i]) {
            result += format(" %s %08x/%08x", REGISTER_NAMES[i], a.gpr[i], b.gpr[i]);
        }
    }
    if (a.eip != b.eip) {
        result += format(" eip %08x/%08x", a.eip, b.eip);
    }
    uint32_t flags = (a.eflags ^ b.eflags) & ~flags_ignored;
    if (flags) {
        result += format(" flags %03x/%03x (differ: %03x)", a.eflags, b.eflags, flags);
    }
    if (a.retired != b.retired || a.cycles != b.cycles) {
        result += format(" retired %llu/%llu cycles %llu/%llu", (unsigned long long)a.retired,
                         (unsigned long long)b.retired, (unsigned long long)a.cycles,
                         (unsigned long long)b.cycles);
    }
    if (a.x87.control != b.x87.control || a.x87.top != b.x87.top ||
        a.x87.conditions != b.x87.conditions || a.x87.valid != b.x87.valid) {
        result += format(" x87 control %04x/%04x top %d/%d conditions %x/%x valid %02x/%02x",
                         a.x87.control, b.x87.control, a.x87.top, b.x87.top, a.x87.conditions,
                         b.x87.conditions, a.x87.valid, b.x87.valid);
    }
    for (int i = 0; i < 8; i++) {
        if (a.x87.mantissa[i] != b.x87.mantissa[i] ||
            a.x87.sign_exponent[i] != b.x87.sign_exponent[i]) {
            result += format(" r%d %04x:%016llx/%04x:%016llx", i, a.x87.sign_exponent[i],
                             (unsigned long long)a.x87.mantissa[i], b.x87.sign_exponent[i],
                             (unsigned long long)b.x87.mantissa[i]);
        }
    }
    return result;
}

std::string difference(const struct vcpu_stop &a, const struct vcpu_stop &b)
{
    std::string result;
    if (a.reason != b.reason || a.retired != b.retired) {
        result += format(" reason %d/%d retired %llu/%llu", a.reason, b.reason,
                         (unsigned long long)a.retired, (unsigned long long)b.retired);
    } else if (a.reason == VCPU_STOP_FAULT &&
               (a.fault.kind != b.fault.kind || a.fault.eip != b.fault.eip ||
                a.fault.address != b.fault.address)) {
        result += format(" fault %s/%s at %x/%x address %x/%x", vcpu_fault_text(a.fault.kind),
                         vcpu_fault_text(b.fault.kind), a.fault.eip, b.fault.eip, a.fault.address,
                         b.fault.address);
    } else if ((a.reason == VCPU_STOP_PORT || a.reason == VCPU_STOP_REGISTER) &&
               (a.access.write != b.access.write || a.access.size_bytes != b.access.size_bytes ||
                (!a.access.write && a.access.reg != b.access.reg) ||
                a.access.instruction_bytes != b.access.instruction_bytes ||
                a.access.address != b.access.address ||
                (a.access.write && a.access.value != b.access.value))) {
        result += format(" access to %x/%x differs", a.access.address, b.access.address);
    }
    return result;
}

std::string disassembly(const uint8_t *bytes, size_t size_bytes, uint32_t address)
{
    std::string result;
    for (size_t i = 0; i < size_bytes; i++) {
        result += format("%02x ", bytes[i]);
    }
    csh capstone;
    if (cs_open(CS_ARCH_X86, CS_MODE_32, &capstone) != CS_ERR_OK) {
        return result;
    }
    cs_insn *instruction = nullptr;
    size_t count = cs_disasm(capstone, bytes, size_bytes, address, 0, &instruction);
    for (size_t i = 0; i < count; i++) {
        result += format("%s %s %s", i ? ";" : "", instruction[i].mnemonic, instruction[i].op_str);
    }
    if (count) {
        cs_free(instruction, count);
    }
    cs_close(&capstone);
    return result;
}

std::string text(const struct vcpu &vcpu, bool with_x87)
{
    std::string result;
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        result += format("%s=%08x ", REGISTER_NAMES[i], vcpu.gpr[i]);
    }
    result += format("eip=%08x flags=%03x", vcpu.eip, vcpu.eflags);
    if (with_x87) {
        result += format("\n  x87 control=%04x top=%d conditions=%x valid=%02x", vcpu.x87.control,
                         vcpu.x87.top, vcpu.x87.conditions, vcpu.x87.valid);
        for (int i = 0; i < 8; i++) {
            result += format(" r%d=%04x:%016llx", i, vcpu.x87.sign_exponent[i],
                             (unsigned long long)vcpu.x87.mantissa[i]);
        }
    }
    return result;
}

unsigned oracle_tries(unsigned tries)
{
#ifdef __SANITIZE_ADDRESS__
    tries = (tries + 7) / 8;
#endif
    return tries * oracle_scale();
}

unsigned oracle_scale()
{
    const char *value = getenv("DENALI_ORACLE_SCALE");
    unsigned long scale = value ? strtoul(value, nullptr, 10) : 1;
    return scale > 0 && scale < 1000000 ? (unsigned)scale : 1;
}

uint64_t oracle_seed()
{
    const char *value = getenv("DENALI_ORACLE_SEED");
    return value ? strtoull(value, nullptr, 0) : 1;
}

uint32_t corner32(struct random_stream *random)
{
    static const uint32_t corners[] = {
        0,      1,      2,       0x7f,       0x80,       0xff,       0x100,      0x7fff,
        0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
    uint64_t draw = random_next(random);
    switch (draw >> 60 & 3) {
    case 0:
        return corners[draw % (sizeof corners / sizeof *corners)];
    case 1:
        return (uint32_t)draw & 0xff;
    default:
        return (uint32_t)draw;
    }
}
