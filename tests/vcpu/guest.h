// A guest in the smallest sense: some bytes of code in an image of their own, memory, a processor
// and an engine. No devices and no host: a test sees every stop itself.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/elf_builder.h"

extern "C" {
#include <base/codec.h>
#include <vcpu/engine.h>
#include <vcpu/image.h>
#include <vcpu/isa.h>
}

namespace vcpu_test
{

using Bytes = std::vector<uint8_t>;

// "b8 01 00 00 00" to bytes.
inline Bytes hex(const std::string &text)
{
    Bytes bytes;
    for (size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            at++;
            continue;
        }
        bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(at, 2), nullptr, 16)));
        at += 2;
    }
    return bytes;
}

// An ELF32 file of one segment that holds `content` at `address`; the entry is its first byte.
inline Bytes elf_of(const Bytes &content, uint32_t address)
{
    return support::BuildElf(address, {{address, 0, content}});
}

constexpr uint32_t kCode = 0x2000;
constexpr uint32_t kStack = 0x8000;
constexpr uint32_t kData = 0x9000;
constexpr uint32_t kMemory = 0x10000;

class Guest
{
  public:
    explicit Guest(const Bytes &code, const char *engine_name = "interpreter",
                   uint32_t address = kCode)
    {
        struct error error = ERROR_INIT;
        Bytes file = elf_of(code, address);
        if (vcpu_arena_create(4u << 20, &arena, &error) ||
            vcpu_image_parse(arena, "test", file.data(), file.size(), &image, &error) ||
            vcpu_engine_find(engine_name)->create(&engine, &error)) {
            throw std::runtime_error(error.message);
        }
        vcpu_space_init(&space, arena, image, kMemory);
        vcpu = {};
        vcpu.space = &space;
        vcpu_reset(&vcpu, image->entry);
        vcpu.gpr[VCPU_ESP] = kStack;
    }

    explicit Guest(const std::string &code, const char *engine_name = "interpreter")
        : Guest(hex(code), engine_name)
    {
    }

    ~Guest()
    {
        engine->ops->destroy(engine);
        vcpu_space_fini(&space);
        vcpu_image_release(image);
        vcpu_arena_destroy(arena);
    }

    Guest(const Guest &) = delete;
    Guest &operator=(const Guest &) = delete;

    struct vcpu_stop run(uint64_t budget)
    {
        struct vcpu_stop stop;
        vcpu_engine_run(engine, &vcpu, budget, &stop);
        return stop;
    }

    uint32_t word(uint32_t address)
    {
        uint32_t value = 0;
        if (!vcpu_space_load(&space, address, &value, sizeof value)) {
            throw std::out_of_range("not memory");
        }
        return value;
    }

    void set_word(uint32_t address, uint32_t value)
    {
        if (!vcpu_space_store(&space, address, &value, sizeof value)) {
            throw std::out_of_range("not memory");
        }
    }

    void set_bytes(uint32_t address, const Bytes &bytes)
    {
        if (!vcpu_space_store(&space, address, bytes.data(), static_cast<uint32_t>(bytes.size()))) {
            throw std::out_of_range("not memory");
        }
    }

    // Everything the guest can see, to compare two.
    std::string state()
    {
        struct writer writer;
        writer_init(&writer);
        vcpu_save(&vcpu, &writer);
        std::string text(reinterpret_cast<char *>(writer.bytes), writer.size_bytes);
        writer_fini(&writer);
        std::string memory(kMemory - kCode, '\0');
        if (!vcpu_space_load(&space, kCode, memory.data(), kMemory - kCode)) {
            throw std::out_of_range("not memory");
        }
        return text + memory;
    }

    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
    struct vcpu_engine *engine = nullptr;
    struct vcpu_space space = {};
    struct vcpu vcpu = {};
};

// The names of this build's engines, for TEST_P.
inline std::vector<const char *> engine_names()
{
    std::vector<const char *> names;
    for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
        names.push_back((*engine)->name);
    }
    return names;
}

} // namespace vcpu_test
