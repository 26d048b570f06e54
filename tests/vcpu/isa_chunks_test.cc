// Batch size never shows: a random program run in one go, one instruction at a time and in random
// chunks is in the same state at every point where two of them meet.
#include <gtest/gtest.h>

#include "vcpu/guest.h"

extern "C" {
#include <base/random.h>
}

namespace
{

using vcpu_test::Bytes;
using vcpu_test::Guest;
using vcpu_test::hex;
using vcpu_test::kCode;
using vcpu_test::kData;
using vcpu_test::kStack;

constexpr unsigned kPrograms = 150;
constexpr uint64_t kInstructions = 600;

// Pieces that stay within the data page (ebx), the stack and each other, of every family.
const char *const kPieces[] = {
    "01 c8",
    "29 d0",
    "11 d1",
    "19 c2",
    "31 c8",
    "21 d0",
    "09 ca",
    "40",
    "49",
    "f7 d8",
    "f7 d2",
    "05 78 56 34 12",
    "83 e9 03",
    "3c 07",
    "00 e0",
    "28 d4",
    "66 01 c8",
    "66 ff c1",
    "03 43 10",
    "01 43 10",
    "29 53 24",
    "ff 43 08",
    "80 43 09 05",
    "f7 5b 0c",
    "66 31 43 1e",
    "89 43 40",
    "8b 53 40",
    "88 63 41",
    "8a 4b 42",
    "c7 43 44 99 88 77 66",
    "66 89 4b 46",
    "0f b6 43 40",
    "0f be 53 41",
    "0f b7 4b 42",
    "0f bf 43 44",
    "0f b6 c4",
    "d1 e0",
    "c1 e9 05",
    "d3 fa",
    "d3 c0",
    "c0 c8 03",
    "c1 d1 04",
    "d3 5b 20",
    "0f a4 c2 07",
    "0f ad d0",
    "0f af c2",
    "6b c9 1d",
    "f7 e2",
    "f6 e9",
    "0f c8",
    "0f c1 d0",
    "0f c1 43 30",
    "0f b1 53 34",
    "0f c7 4b 38",
    "91",
    "87 53 28",
    "0f 44 c2",
    "0f 4c 4b 40",
    "0f 95 c2",
    "0f 92 43 50",
    "0f a3 d0",
    "83 e1 1f 0f ab 4b 60",
    "0f ba 73 64 07",
    "0f bc c2",
    "0f bd ca",
    "98",
    "99",
    "66 98",
    "66 99",
    "8d 44 8a 11",
    "8d 4b 70",
    "f8",
    "f9",
    "f5",
    "9f",
    "9e",
    "27",
    "2f",
    "37",
    "3f",
    "d4 0a",
    "d5 0a",
    "90",
    "0f 31",
    "8c d8",
    "50 59",
    "52 58",
    "6a 7f 58",
    "9c 5a",
    "60 61",
    "50 9d",
    "ff 73 10 8f 43 14",
    "66 50 66 5a",
    "74 02 01 c8",
    "7f 03 0f af c2",
    "e3 01 40",
    "eb 00",
    "e8 00 00 00 00 5a",
    "c8 10 00 00 c9",
    // ecx = 9, esi, edi in the data page; then repeat
    "b9 09 00 00 00 8d 73 20 8d 7b 60 f3 a4",
    "b9 05 00 00 00 8d 7b 70 f3 ab",
    "b9 03 00 00 00 8d 7b 70 fd f3 66 ab fc",
    "b9 08 00 00 00 8d 73 20 8d 7b 60 f3 a6",
    "b9 0c 00 00 00 8d 7b 30 f2 ae",
    "b9 04 00 00 00 8d 73 20 f3 ad",
    "a4",
    "a5",
    "ac",
    "ab",
    "ae",
    // across the end of the page
    "89 83 fe 0f 00 00",
    "03 93 fd 0f 00 00",
    "01 8b ff 0f 00 00",
    // into its own future: the immediate of the add that follows
    "88 0d 00 00 00 00 05 01 00 00 00",
};

Bytes random_program(struct random_stream *random)
{
    Bytes code = hex("bb 00 90 00 00 be 00 91 00 00 bf 00 92 00 00");
    while (code.size() < 1800) {
        const char *text = kPieces[random_below(random, sizeof kPieces / sizeof kPieces[0])];
        Bytes piece = hex(text);
        if (piece.size() == 11 && piece[0] == 0x88 && piece[6] == 0x05) {
            uint32_t target = kCode + static_cast<uint32_t>(code.size()) + 7; // its immediate
            memcpy(&piece[2], &target, sizeof target);
        }
        code.insert(code.end(), piece.begin(), piece.end());
        // Strings move esi and edi: bring them back now and then.
        if (random_below(random, 8) == 0) {
            Bytes home = hex("8d b3 00 01 00 00 8d bb 00 02 00 00");
            code.insert(code.end(), home.begin(), home.end());
        }
    }
    Bytes end = hex("0f 3f 02");
    code.insert(code.end(), end.begin(), end.end());
    return code;
}

void prepare(Guest &guest, uint64_t seed)
{
    struct random_stream random;
    random_init_seed(&random, seed);
    for (int i = 0; i < 8; i++) {
        guest.vcpu.gpr[i] = static_cast<uint32_t>(random_next(&random));
    }
    guest.vcpu.gpr[VCPU_ESP] = kStack - 0x100;
    guest.vcpu.eflags = static_cast<uint32_t>(random_next(&random)) & VCPU_FLAG_ALL & ~VCPU_FLAG_DF;
    for (uint32_t at = 0; at < 0x400; at += 4) {
        guest.set_word(kData + at, static_cast<uint32_t>(random_next(&random)));
    }
}

class IsaChunks : public testing::TestWithParam<const char *>
{
};

INSTANTIATE_TEST_SUITE_P(Engines, IsaChunks, testing::ValuesIn(vcpu_test::engine_names()),
                         [](const auto &info) { return std::string(info.param); });

TEST_P(IsaChunks, OneAtATimeAndAllAtOnceAndAtRandomAreTheSame)
{
    struct random_stream random;
    random_init_seed(&random, 20241);
    uint64_t total = 0;
    bool reference = std::string(GetParam()) == "interpreter";
    unsigned programs = reference ? kPrograms : kPrograms / 10;
    for (unsigned program = 0; program < programs; program++) {
        Bytes code = random_program(&random);
        Guest whole(code, GetParam());
        Guest single(code, GetParam());
        Guest chunks(code, GetParam());
        for (Guest *guest : {&whole, &single, &chunks}) {
            prepare(*guest, program);
        }
        struct vcpu_stop all = whole.run(kInstructions);
        uint64_t steps = 0;
        struct vcpu_stop one;
        do {
            one = single.run(1);
            steps += one.retired;
        } while (one.reason == VCPU_STOP_BUDGET && steps < kInstructions);
        uint64_t done = 0;
        struct vcpu_stop some;
        do {
            uint64_t budget = random_below(&random, 23);
            some = chunks.run(budget < kInstructions - done ? budget : kInstructions - done);
            done += some.retired;
        } while (some.reason == VCPU_STOP_BUDGET && done < kInstructions);

        EXPECT_EQ(all.retired, steps) << "program " << program;
        EXPECT_EQ(all.retired, done) << "program " << program;
        EXPECT_EQ(all.reason, one.reason) << "program " << program;
        EXPECT_EQ(all.fault.kind, one.fault.kind) << "program " << program;
        EXPECT_EQ(all.fault.address, one.fault.address) << "program " << program;
        ASSERT_EQ(whole.state(), single.state()) << "program " << program;
        ASSERT_EQ(whole.state(), chunks.state()) << "program " << program;
        total += all.retired;
    }
    EXPECT_GT(total, programs * kInstructions / 2) << "the programs end too soon to tell";
}

TEST_P(IsaChunks, TheReferenceAgreesAtEveryInstruction)
{
    struct random_stream random;
    random_init_seed(&random, 77);
    for (unsigned program = 0; program < 6; program++) {
        Bytes code = random_program(&random);
        Guest reference(code);
        Guest other(code, GetParam());
        prepare(reference, program);
        prepare(other, program);
        for (uint64_t step = 0; step < kInstructions; step++) {
            struct vcpu_stop a = reference.run(1);
            struct vcpu_stop b = other.run(1);
            ASSERT_EQ(a.reason, b.reason);
            ASSERT_EQ(reference.state(), other.state())
                << "program " << program << " step " << step << " eip " << std::hex
                << reference.vcpu.eip;
            if (a.reason != VCPU_STOP_BUDGET) {
                break;
            }
        }
    }
}

// Bytes that nobody meant as code: whatever they do, they do the same one at a time and at once,
// and the same on every engine.
TEST_P(IsaChunks, GarbageIsTheSameToAll)
{
    struct random_stream random;
    random_init_seed(&random, 4711);
    bool reference = std::string(GetParam()) == "interpreter";
    uint64_t total = 0;
    for (unsigned program = 0; program < (reference ? 400 : 40); program++) {
        Bytes code(256);
        for (uint8_t &byte : code) {
            byte = static_cast<uint8_t>(random_next(&random));
        }
        Guest whole(code, GetParam());
        Guest single(code);
        for (Guest *guest : {&whole, &single}) {
            prepare(*guest, program);
        }
        for (unsigned start = 0; start < 30; start++) {
            uint32_t eip = kCode + static_cast<uint32_t>(random_below(&random, 240));
            for (Guest *guest : {&whole, &single}) {
                guest->vcpu.eip = eip;
                for (int i : {VCPU_EAX, VCPU_EBX, VCPU_ESP, VCPU_EBP, VCPU_ESI, VCPU_EDI}) {
                    guest->vcpu.gpr[i] = kData + 0x80 * i;
                }
            }
            struct vcpu_stop all = whole.run(100);
            uint64_t steps = 0;
            struct vcpu_stop one;
            do {
                one = single.run(1);
                steps += one.retired;
            } while (one.reason == VCPU_STOP_BUDGET && steps < 100);
            total += steps;
            ASSERT_EQ(all.retired, steps) << "program " << program << " start " << start;
            ASSERT_EQ(all.reason, one.reason) << "program " << program << " start " << start;
            ASSERT_EQ(all.fault.kind, one.fault.kind) << "program " << program;
            ASSERT_EQ(all.fault.address, one.fault.address) << "program " << program;
            ASSERT_TRUE(whole.state() == single.state())
                << "program " << program << " start " << start << " from " << std::hex << eip;
        }
    }
    EXPECT_GT(total, reference ? 20000u : 2000u) << "the programs end too soon to tell";
}

TEST_P(IsaChunks, ABudgetOfNothingChangesNothing)
{
    Guest guest("40 90", GetParam());
    std::string before = guest.state();
    struct vcpu_stop stop = guest.run(0);
    EXPECT_EQ(stop.reason, VCPU_STOP_BUDGET);
    EXPECT_EQ(stop.retired, 0u);
    EXPECT_EQ(guest.state(), before);
}

TEST_P(IsaChunks, BreakpointsStopBeforeTheInstructionUnlessTheRunBeginsThere)
{
    Guest guest("40 40 40 eb fb", GetParam()); // inc, inc, inc, back to the first
    const uint32_t places[] = {kCode + 1, kCode + 3};
    guest.engine->breakpoints = places;
    guest.engine->breakpoint_count = 2;
    const uint64_t retired[] = {1, 2, 2, 2};
    const uint32_t eips[] = {kCode + 1, kCode + 3, kCode + 1, kCode + 3};
    for (int i = 0; i < 4; i++) {
        struct vcpu_stop stop = guest.run(100);
        EXPECT_EQ(stop.reason, VCPU_STOP_BREAKPOINT);
        EXPECT_EQ(stop.retired, retired[i]) << i;
        EXPECT_EQ(guest.vcpu.eip, eips[i]) << i;
    }
    guest.engine->breakpoint_count = 0;
    EXPECT_EQ(guest.run(100).reason, VCPU_STOP_BUDGET);
}

TEST_P(IsaChunks, OneEngineServesManyNodesInTurns)
{
    // Two nodes of one image, one of which has changed its code; and a node of another image.
    Guest first("05 01 00 00 00 eb f9", GetParam());
    struct vcpu_space space = {};
    vcpu_space_init(&space, first.arena, first.image, vcpu_test::kMemory);
    struct vcpu second = {};
    second.space = &space;
    vcpu_reset(&second, first.image->entry);
    uint8_t three = 3;
    ASSERT_TRUE(vcpu_space_store(&space, kCode + 1, &three, 1));
    Guest other("05 05 00 00 00 eb f9", GetParam());
    for (int turn = 0; turn < 10; turn++) {
        struct vcpu_stop stop;
        first.run(7);
        vcpu_engine_run(first.engine, &second, 7, &stop);
        vcpu_engine_run(first.engine, &other.vcpu, 7, &stop);
    }
    EXPECT_EQ(first.vcpu.gpr[VCPU_EAX], 35u);
    EXPECT_EQ(second.gpr[VCPU_EAX], 105u);
    EXPECT_EQ(other.vcpu.gpr[VCPU_EAX], 175u);
    vcpu_space_fini(&space);
}

} // namespace
