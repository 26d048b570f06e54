// What is the translator's alone: its cache when there is too little of it, its memory, and what a
// guest might hope to gain from it. That it computes what the interpreter does is form_test's and
// sequence_test's.
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>

#include <signal.h>
#include <sys/time.h>

#include <gtest/gtest.h>

#include "support/elf_builder.h"
#include "vcpu/oracle/machine.h"

extern "C" {
#include "translator/cache.h"
}

namespace
{

// An arena and an image with this code.
struct CodeGround {
    CodeGround(uint32_t address, const std::vector<uint8_t> &code)
    {
        std::vector<uint8_t> file = support::BuildElf(address, {{address, 0, code}});
        struct error error = ERROR_INIT;
        if (vcpu_arena_create(4u << 20, &arena, &error) != STATUS_OK ||
            vcpu_image_parse(arena, "code", file.data(), file.size(), &image, &error) !=
                STATUS_OK) {
            throw std::runtime_error(error.message);
        }
    }
    ~CodeGround()
    {
        vcpu_image_release(image);
        vcpu_arena_destroy(arena);
    }
    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
};

struct Runner {
    Runner(CodeGround &ground, const std::vector<uint8_t> &data, uint32_t entry)
        : arena(ground.arena)
    {
        vcpu_space_init(&space, ground.arena, ground.image, MEMORY_BYTES);
        vcpu.space = &space;
        vcpu_reset(&vcpu, entry);
        EXPECT_TRUE(vcpu_space_store(&space, DATA, data.data(), (uint32_t)data.size()));
    }
    ~Runner()
    {
        vcpu_space_fini(&space);
    }
    struct vcpu_arena *arena;
    struct vcpu vcpu = {};
    struct vcpu_space space = {};
};

std::string memory_difference(const Runner &a, const Runner &b)
{
    for (uint32_t page = 2; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
        const uint8_t *x = vcpu_frame_bytes(a.arena, vcpu_space_frame(&a.space, page));
        const uint8_t *y = vcpu_frame_bytes(b.arena, vcpu_space_frame(&b.space, page));
        if (x != y && memcmp(x, y, VCPU_PAGE_BYTES) != 0) {
            return " memory of page " + std::to_string(page);
        }
    }
    return a.space.private_count == b.space.private_count ? "" : " private pages";
}

class TranslatorTest : public testing::Test
{
  protected:
    TranslatorTest() : interpreter_("interpreter"), translator_("translator")
    {
    }

    void SetUp() override
    {
        if (!translator_.engine) {
            GTEST_SKIP() << "this build has no translator";
        }
    }

    // Runs both for `budget` and says what differs.
    std::string differs(Runner &a, Runner &b, uint64_t budget)
    {
        struct vcpu_stop stop_a = interpreter_.run(a.vcpu, budget);
        struct vcpu_stop stop_b = translator_.run(b.vcpu, budget);
        return difference(stop_a, stop_b) + difference(a.vcpu, b.vcpu) + memory_difference(a, b);
    }

    Engine interpreter_;
    Engine translator_;
};

// A guest that calls 400 little functions by turns, through a table, and hashes as it goes. All of
// them translated take many times the room that the tests below leave.
std::vector<uint8_t> wanderer()
{
    std::vector<uint8_t> code;
    auto put = [&](const std::vector<uint8_t> &bytes) {
        code.insert(code.end(), bytes.begin(), bytes.end());
    };
    auto put32 = [&](uint32_t value) {
        for (int i = 0; i < 4; i++) {
            code.push_back((uint8_t)(value >> 8 * i));
        }
    };
    // loop: imul ebx, ebx, 1664525; add ebx, 1013904223; mov ecx, ebx; shr ecx, 20; and ecx, 0x3ff
    // cmp ecx, 400; jae loop; shl ecx, 4; lea ecx, [ecx + functions]; call ecx; jmp loop
    put({0x69, 0xdb});
    put32(1664525);
    put({0x81, 0xc3});
    put32(1013904223);
    put({0x89, 0xd9, 0xc1, 0xe9, 0x14, 0x81, 0xe1});
    put32(0x3ff);
    put({0x81, 0xf9});
    put32(400);
    put({0x73, (uint8_t)(0 - (code.size() + 2))});
    put({0xc1, 0xe1, 0x04, 0x8d, 0x89});
    put32(CODE + 0x100);
    put({0xff, 0xd1});
    put({0xeb, (uint8_t)(0 - (code.size() + 2))});
    code.resize(0x100, 0x90);
    for (uint32_t i = 0; i < 400; i++) {
        size_t start = code.size();
        put({0x35}); // xor eax, i * 2654435761
        put32(i * 2654435761u);
        put({0xd1, 0xc0, 0x01, 0x05}); // rol eax, 1; add [DATA + 4 i], eax
        put32(DATA + 4 * i);
        put({0xc3});
        code.resize(start + 16, 0x90);
    }
    return code;
}

TEST_F(TranslatorTest, ASmallCacheForgetsAndGoesOn)
{
    CodeGround ground(CODE, wanderer());
    struct cache *cache = cache_of(ground.image, TRANSLATOR_SLOT);
    cache->half_bytes = 8192;
    std::vector<uint8_t> data(DATA_BYTES);
    Runner a(ground, data, CODE), b(ground, data, CODE);
    a.vcpu.gpr[VCPU_ESP] = b.vcpu.gpr[VCPU_ESP] = STACK;
    for (int i = 0; i < 50; i++) {
        ASSERT_EQ(differs(a, b, 3000 + (uint64_t)i), "") << i;
    }
    EXPECT_GT(cache->generation, 20u) << "the test did not fill it";
    EXPECT_LE(cache->used_bytes, cache->half_bytes);
}

// While one engine stays in an old generation nothing is overwritten; the others interpret.
TEST_F(TranslatorTest, WhoIsInAnOldGenerationKeepsIt)
{
    CodeGround ground(CODE, wanderer());
    struct cache *cache = cache_of(ground.image, TRANSLATOR_SLOT);
    cache->half_bytes = 8192;
    int other = 0;
    struct cache_user *user = cache_enter(cache, &other);
    std::vector<uint8_t> data(DATA_BYTES);
    Runner a(ground, data, CODE), b(ground, data, CODE);
    a.vcpu.gpr[VCPU_ESP] = b.vcpu.gpr[VCPU_ESP] = STACK;
    ASSERT_EQ(differs(a, b, 100000), "");
    EXPECT_EQ(cache->generation, user->generation + 1) << "the other half may be filled, once";
    cache_leave(user);
    ASSERT_EQ(differs(a, b, 100000), "");
    EXPECT_GT(cache->generation, 3u);
}

TEST_F(TranslatorTest, ThreadsShareACacheThatIsTooSmall)
{
    CodeGround ground(CODE, wanderer());
    cache_of(ground.image, TRANSLATOR_SLOT)->half_bytes = 8192;
    constexpr unsigned kThreads = 4;
    std::vector<uint8_t> data(DATA_BYTES);
    std::vector<std::unique_ptr<Runner>> runners;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; i++) {
        runners.push_back(std::make_unique<Runner>(ground, data, CODE));
        runners[i]->vcpu.gpr[VCPU_ESP] = STACK;
        runners[i]->vcpu.gpr[VCPU_EBX] = i;
    }
    for (auto &runner : runners) {
        threads.emplace_back([&runner] {
            Engine engine("translator");
            for (unsigned piece = 0; piece < 300; piece++) {
                engine.run(runner->vcpu, 1000);
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    for (unsigned i = 0; i < kThreads; i++) {
        Runner alone(ground, data, CODE);
        alone.vcpu.gpr[VCPU_ESP] = STACK;
        alone.vcpu.gpr[VCPU_EBX] = i;
        interpreter_.run(alone.vcpu, 300000);
        EXPECT_EQ(difference(alone.vcpu, runners[i]->vcpu) + memory_difference(alone, *runners[i]),
                  "")
            << i;
    }
}

// A signal that comes while translated code runs has a stack to run on, and changes nothing.
volatile sig_atomic_t signals_seen;

void on_signal(int)
{
    volatile uint8_t used[16384];
    memset((void *)used, 0xa5, sizeof used);
    signals_seen = signals_seen + 1;
}

TEST_F(TranslatorTest, SignalsFindAStackInTranslatedCode)
{
    CodeGround ground(CODE, wanderer());
    std::vector<uint8_t> data(DATA_BYTES);
    Runner a(ground, data, CODE), b(ground, data, CODE);
    a.vcpu.gpr[VCPU_ESP] = b.vcpu.gpr[VCPU_ESP] = STACK;
    struct sigaction action = {}, before = {};
    action.sa_handler = on_signal;
    ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
    struct itimerval every = {{0, 200}, {0, 200}}, never = {};
    ASSERT_EQ(setitimer(ITIMER_REAL, &every, nullptr), 0);
    signals_seen = 0;
    std::string wrong;
    for (int i = 0; wrong.empty() && i < 100 && signals_seen < 20; i++) {
        wrong = differs(a, b, 1000000);
    }
    ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
    ASSERT_EQ(sigaction(SIGALRM, &before, nullptr), 0);
    EXPECT_EQ(wrong, "");
    EXPECT_GE(signals_seen, 20);
}

// One function entered with flags of more different sources than there are versions of it.
TEST_F(TranslatorTest, MoreKindsOfFlagsThanVersionsAreExact)
{
    std::vector<uint8_t> code;
    auto put = [&](const std::vector<uint8_t> &bytes) {
        code.insert(code.end(), bytes.begin(), bytes.end());
    };
    // function: adc ebx, ecx; setc dl; pushes and pops; ret
    put({0x11, 0xcb, 0x0f, 0x92, 0xc2, 0x53, 0x5b, 0xc3});
    size_t loop = code.size();
    const std::vector<uint8_t> writers[] = {
        {0x01, 0xc8},
        {0x29, 0xd8},
        {0x39, 0xcb},
        {0x83, 0xc0, 0x07},
        {0x83, 0xe8, 0x09},
        {0x21, 0xd9},
        {0x85, 0xc0},
        {0x40},
        {0x49},
        {0xc1, 0xe8, 0x03},
        {0xd1, 0xe0},
        {0xf7, 0xd8},
        {0x0f, 0xaf, 0xc1},
        {0x31, 0xc0},
        {0x38, 0xd1},
        {0x66, 0x39, 0xd8},
    };
    for (const std::vector<uint8_t> &writer : writers) {
        put(writer);
        uint32_t back = (uint32_t)(0 - (code.size() + 5));
        put({0xe8, (uint8_t)back, (uint8_t)(back >> 8), (uint8_t)(back >> 16),
             (uint8_t)(back >> 24)});
    }
    uint32_t back = (uint32_t)(loop - (code.size() + 5));
    put({0xe9, (uint8_t)back, (uint8_t)(back >> 8), (uint8_t)(back >> 16), (uint8_t)(back >> 24)});
    CodeGround ground(CODE, code);
    std::vector<uint8_t> data(DATA_BYTES);
    Runner a(ground, data, CODE + (uint32_t)loop), b(ground, data, CODE + (uint32_t)loop);
    a.vcpu.gpr[VCPU_ESP] = b.vcpu.gpr[VCPU_ESP] = STACK;
    for (uint64_t budget = 1; budget < 400; budget++) {
        ASSERT_EQ(differs(a, b, budget), "") << budget;
    }
}

// Pieces that end in conditional and direct branches with flags of their own, so that edges have
// versions: with too little room, generations pass while a thread is about to link an edge.
TEST_F(TranslatorTest, ThreadsLinkEdgesInACacheThatIsTooSmall)
{
    std::vector<uint8_t> code;
    constexpr uint32_t kPieces = 512, kBytes = 32;
    for (uint32_t i = 0; i < kPieces; i++) {
        // imul ebx, ebx, odd; add ebx, i; cmp ebx, ecx; ja to one piece; jmp to another
        std::vector<uint8_t> piece = {0x69, 0xdb, 0x0d, 0x66,       0x19,
                                      0x00, 0x81, 0xc3, (uint8_t)i, (uint8_t)(i >> 8),
                                      0,    0,    0x39, 0xcb};
        auto put32 = [&](uint32_t value) {
            for (int j = 0; j < 4; j++) {
                piece.push_back((uint8_t)(value >> 8 * j));
            }
        };
        piece.insert(piece.end(), {0x0f, 0x87});
        put32((i * 37 + 11) % kPieces * kBytes - (i * kBytes + (uint32_t)piece.size() + 4));
        piece.push_back(0xe9);
        put32((i * 101 + 7) % kPieces * kBytes - (i * kBytes + (uint32_t)piece.size() + 4));
        piece.resize(kBytes, 0x90);
        code.insert(code.end(), piece.begin(), piece.end());
    }
    CodeGround ground(CODE, code);
    cache_of(ground.image, TRANSLATOR_SLOT)->half_bytes = 4096;
    constexpr unsigned kThreads = 4;
    std::vector<uint8_t> data(DATA_BYTES);
    std::vector<std::unique_ptr<Runner>> runners;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; i++) {
        runners.push_back(std::make_unique<Runner>(ground, data, CODE));
        runners[i]->vcpu.gpr[VCPU_EBX] = i * 0x9e3779b9u;
        runners[i]->vcpu.gpr[VCPU_ECX] = 0x80000000u + i;
    }
    for (auto &runner : runners) {
        threads.emplace_back([&runner] {
            Engine engine("translator");
            for (unsigned piece = 0; piece < 600; piece++) {
                engine.run(runner->vcpu, 1000);
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    for (unsigned i = 0; i < kThreads; i++) {
        Runner alone(ground, data, CODE);
        alone.vcpu.gpr[VCPU_EBX] = i * 0x9e3779b9u;
        alone.vcpu.gpr[VCPU_ECX] = 0x80000000u + i;
        interpreter_.run(alone.vcpu, 600000);
        EXPECT_EQ(difference(alone.vcpu, runners[i]->vcpu), "") << i;
    }
}

TEST_F(TranslatorTest, NoMemoryIsBothWritableAndExecutable)
{
    CodeGround ground(CODE, wanderer());
    std::vector<uint8_t> data(DATA_BYTES);
    Runner a(ground, data, CODE), b(ground, data, CODE);
    a.vcpu.gpr[VCPU_ESP] = b.vcpu.gpr[VCPU_ESP] = STACK;
    ASSERT_EQ(differs(a, b, 10000), "");
    std::ifstream maps("/proc/self/maps");
    unsigned views = 0;
    for (std::string line; std::getline(maps, line);) {
        EXPECT_EQ(line.find(" rwx"), std::string::npos) << line;
        views += line.find("translated code") != std::string::npos;
    }
    EXPECT_GE(views, 2u);
}

// A function that calls itself for ever: its stack is the guest's, and runs out there.
TEST_F(TranslatorTest, CallsWithoutEndUseNoHostStack)
{
    CodeGround ground(CODE, {0x40, 0xe8, 0xfa, 0xff, 0xff, 0xff}); // inc eax; call -6
    std::vector<uint8_t> data(DATA_BYTES);
    Runner a(ground, data, CODE), b(ground, data, CODE);
    a.vcpu.gpr[VCPU_ESP] = b.vcpu.gpr[VCPU_ESP] = CODE - 4096; // down to the register page
    EXPECT_EQ(differs(a, b, 1000000), "");
    EXPECT_GT(b.vcpu.gpr[VCPU_EAX], 10000u);
    EXPECT_LT(b.vcpu.retired, 1000000u) << "it did not run out";
}

// Jumps to where no code can be, and to guest address 0, which an empty slot must not look like.
TEST_F(TranslatorTest, JumpsToNowhereAreFaultsThere)
{
    for (uint32_t target : {0u, 1u, 0x4000u, 0x1000u, MEMORY_BYTES, 0xfffffffcu}) {
        CodeGround ground(CODE, {0xff, 0xe0}); // jmp eax
        Runner a(ground, {0}, CODE), b(ground, {0}, CODE);
        a.vcpu.gpr[VCPU_EAX] = b.vcpu.gpr[VCPU_EAX] = target;
        EXPECT_EQ(differs(a, b, 2), "") << target;
    }
}

} // namespace
