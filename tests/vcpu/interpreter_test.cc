// What is the interpreter's own: decoded code that threads share, the bound on how much of it there
// can be, and code in pages of a node's own.
#include <gtest/gtest.h>

#include <thread>

#include "vcpu/guest.h"

extern "C" {
#include <interpreter/block.h>
}

namespace
{

using vcpu_test::Bytes;
using vcpu_test::Guest;
using vcpu_test::hex;
using vcpu_test::kCode;
using vcpu_test::kData;
using vcpu_test::kMemory;
using vcpu_test::kStack;

// Many blocks: `add eax, imm32; jmp next`, and back to the first.
Bytes chain(unsigned links)
{
    Bytes code;
    for (unsigned i = 0; i < links; i++) {
        Bytes link = hex("05 00 00 00 00 eb 00");
        link[1] = static_cast<uint8_t>(i);
        code.insert(code.end(), link.begin(), link.end());
    }
    int32_t back = -static_cast<int32_t>(code.size()) - 5;
    code.push_back(0xe9);
    for (int i = 0; i < 4; i++) {
        code.push_back(static_cast<uint8_t>(back >> 8 * i));
    }
    return code;
}

TEST(Interpreter, ThreadsShareWhatIsDecodedOfAnImage)
{
    constexpr unsigned kThreads = 4;
    constexpr unsigned kLinks = 1000;
    Guest guest(chain(kLinks));
    uint32_t results[kThreads] = {};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; i++) {
        threads.emplace_back([&guest, &results, i] {
            struct error error = ERROR_INIT;
            struct vcpu_engine *engine = nullptr;
            const struct vcpu_engine_ops *ops = vcpu_engine_find("interpreter");
            if (ops->create(&engine, &error)) {
                return;
            }
            struct vcpu_space space = {};
            vcpu_space_init(&space, guest.arena, guest.image, kMemory);
            struct vcpu vcpu = {};
            vcpu.space = &space;
            vcpu_reset(&vcpu, guest.image->entry);
            struct vcpu_stop stop;
            for (unsigned round = 0; round < 20; round++) {
                vcpu_engine_run(engine, &vcpu, 2 * kLinks + 1, &stop);
            }
            results[i] = vcpu.gpr[VCPU_EAX];
            vcpu_space_fini(&space);
            ops->destroy(engine);
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    uint32_t expected = 0;
    for (unsigned i = 0; i < kLinks; i++) {
        expected += 20 * (i & 0xff);
    }
    for (uint32_t result : results) {
        EXPECT_EQ(result, expected);
    }
    auto *cache = static_cast<struct code_cache *>(guest.image->engine[0].cache);
    EXPECT_GE(cache->size_bytes, kLinks * 2 * sizeof(struct op));
    EXPECT_LT(cache->size_bytes, kLinks * 4 * sizeof(struct op) + 3 * sizeof(struct code_page))
        << "decoded more than once";
}

TEST(Interpreter, AGuestThatEntersEveryByteIsBounded)
{
    // A large image of `inc eax`, entered at each byte in turn: a block of 32 ops for each.
    constexpr uint32_t kBytes = 0xc000;
    Bytes code(kBytes, 0x40);
    Guest guest(code);
    uint32_t expected = 0;
    for (int round = 0; round < 2; round++) {
        for (uint32_t at = 0; at < kBytes - 1; at++) {
            guest.vcpu.eip = kCode + at;
            expected += static_cast<uint32_t>(guest.run(1).retired);
        }
    }
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], expected);
    EXPECT_EQ(expected, 2 * (kBytes - 1));
    auto *cache = static_cast<struct code_cache *>(guest.image->engine[0].cache);
    EXPECT_LE(cache->size_bytes, CODE_CACHE_MAX_BYTES);
}

TEST(Interpreter, AFullCacheOnlyCostsTime)
{
    Guest guest(chain(100));
    guest.run(10);
    auto *cache = static_cast<struct code_cache *>(guest.image->engine[0].cache);
    cache->size_bytes = CODE_CACHE_MAX_BYTES;
    struct vcpu_stop stop = guest.run(1000);
    EXPECT_EQ(stop.retired, 1000u);
    EXPECT_TRUE(cache->full);
    EXPECT_EQ(cache->size_bytes, CODE_CACHE_MAX_BYTES);

    Guest unbounded(chain(100));
    unbounded.run(1010);
    EXPECT_EQ(guest.state(), unbounded.state());
}

TEST(Interpreter, CodeInAPageThatIsAlsoWrittenRunsLikeAnyOther)
{
    // The counter lies in the page of the loop: inc [counter]; dec ecx; jnz.
    Guest guest("ff 05 00 21 00 00 49 75 f7 0f 3f 02");
    guest.vcpu.gpr[VCPU_ECX] = 1000;
    struct vcpu_stop stop = guest.run(1u << 20);
    EXPECT_EQ(stop.reason, VCPU_STOP_TERMINATE);
    EXPECT_EQ(stop.retired, 3000u);
    EXPECT_EQ(guest.word(0x2100), 1000u);
}

TEST(Interpreter, ASnapshotThatSharesPagesDoesNotBringBackTheImagesCode)
{
    Guest guest("b8 01 00 00 00 eb f9");
    guest.run(2);
    guest.set_bytes(kCode + 1, hex("02"));
    vcpu_space_share(&guest.space);
    guest.run(2);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 2u);
    vcpu_space_page_reset(&guest.space, kCode >> VCPU_PAGE_BITS);
    guest.run(2);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 1u);
}

} // namespace
