// What docs/isa.md decides where x86 leaves a choice: every row of its tables of ambiguous and
// undefined behaviour, run as guest code on every engine.
#include <gtest/gtest.h>

#include "vcpu/guest.h"

namespace
{

using vcpu_test::Guest;
using vcpu_test::hex;
using vcpu_test::kCode;
using vcpu_test::kData;
using vcpu_test::kStack;

class IsaMeaning : public testing::TestWithParam<const char *>
{
  protected:
    // Runs the code for so many instructions and expects it to get that far.
    static void run_all(Guest &guest, uint64_t count)
    {
        struct vcpu_stop stop = guest.run(count);
        ASSERT_EQ(stop.reason, VCPU_STOP_BUDGET);
        ASSERT_EQ(stop.retired, count);
    }

    // One instruction that faults and changes nothing.
    void expect_fault(const std::string &code, enum vcpu_fault_kind kind, uint32_t address = 0,
                      uint32_t flags = 0)
    {
        Guest guest(code, GetParam());
        for (int i = 0; i < 8; i++) {
            guest.vcpu.gpr[i] = i == VCPU_ESP ? kStack : kData + 0x10 * i;
        }
        guest.vcpu.eflags = flags;
        std::string before = guest.state();
        struct vcpu_stop stop = guest.run(10);
        EXPECT_EQ(stop.reason, VCPU_STOP_FAULT) << code;
        EXPECT_EQ(stop.retired, 0u) << code;
        EXPECT_EQ(stop.fault.kind, kind) << code;
        EXPECT_EQ(stop.fault.eip, kCode) << code;
        EXPECT_EQ(stop.fault.address, address) << code;
        EXPECT_EQ(guest.state(), before) << code;
    }
};

INSTANTIATE_TEST_SUITE_P(Engines, IsaMeaning, testing::ValuesIn(vcpu_test::engine_names()),
                         [](const auto &info) { return std::string(info.param); });

TEST_P(IsaMeaning, PushfPushesSevenFlagsAndNothingElse)
{
    Guest guest("9c", GetParam());
    guest.vcpu.eflags = VCPU_FLAG_ALL;
    run_all(guest, 1);
    EXPECT_EQ(guest.word(kStack - 4), VCPU_FLAG_ALL);
    EXPECT_EQ(guest.vcpu.eflags, VCPU_FLAG_ALL);

    Guest clear("9c", GetParam());
    clear.set_word(kStack - 4, 0x55555555);
    run_all(clear, 1);
    EXPECT_EQ(clear.word(kStack - 4), 0u) << "bit 1 reads 0 too";
}

TEST_P(IsaMeaning, PopfLoadsSevenFlagsAndNothingElse)
{
    Guest guest("9d 9c", GetParam());
    guest.set_word(kStack, 0xffffffff);
    run_all(guest, 2);
    EXPECT_EQ(guest.vcpu.eflags, VCPU_FLAG_ALL);
    EXPECT_EQ(guest.word(kStack), VCPU_FLAG_ALL);

    for (uint32_t flag = 1; flag; flag <<= 1) {
        Guest one("9d", GetParam());
        one.set_word(kStack, flag);
        run_all(one, 1);
        EXPECT_EQ(one.vcpu.eflags, flag & VCPU_FLAG_ALL);
        EXPECT_EQ(one.vcpu.gpr[VCPU_ESP], kStack + 4);
    }
}

TEST_P(IsaMeaning, SegmentRegistersReadAsConstants)
{
    const uint16_t constants[] = {ISA_SEGMENT_ES, ISA_SEGMENT_CS, ISA_SEGMENT_SS,
                                  ISA_SEGMENT_DS, ISA_SEGMENT_FS, ISA_SEGMENT_GS};
    for (unsigned i = 0; i < 6; i++) {
        uint8_t modrm = static_cast<uint8_t>(0xc3 | i << 3); // ebx
        Guest wide(vcpu_test::Bytes{0x8c, modrm}, GetParam());
        wide.vcpu.gpr[VCPU_EBX] = 0xffffffff;
        run_all(wide, 1);
        EXPECT_EQ(wide.vcpu.gpr[VCPU_EBX], constants[i]);

        Guest narrow(vcpu_test::Bytes{0x66, 0x8c, modrm}, GetParam());
        narrow.vcpu.gpr[VCPU_EBX] = 0xffffffff;
        run_all(narrow, 1);
        EXPECT_EQ(narrow.vcpu.gpr[VCPU_EBX], 0xffff0000u | constants[i]);

        Guest memory(vcpu_test::Bytes{0x8c, static_cast<uint8_t>(0x03 | i << 3)}, GetParam());
        memory.vcpu.gpr[VCPU_EBX] = kData;
        memory.set_word(kData, 0xffffffff);
        run_all(memory, 1);
        EXPECT_EQ(memory.word(kData), 0xffff0000u | constants[i]);
    }
    const struct {
        const char *code;
        uint16_t value;
    } pushes[] = {{"06", ISA_SEGMENT_ES}, {"0e", ISA_SEGMENT_CS},    {"16", ISA_SEGMENT_SS},
                  {"1e", ISA_SEGMENT_DS}, {"0f a0", ISA_SEGMENT_FS}, {"0f a8", ISA_SEGMENT_GS}};
    for (const auto &push : pushes) {
        Guest guest(push.code, GetParam());
        guest.set_word(kStack - 4, 0xffffffff);
        run_all(guest, 1);
        EXPECT_EQ(guest.word(kStack - 4), push.value);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_ESP], kStack - 4);
    }
}

TEST_P(IsaMeaning, RdtscReadsTheCyclesBeforeIt)
{
    Guest guest("90 90 0f 31 89 c3 0f 31", GetParam());
    guest.vcpu.cycles = 0x1fffffffeull;
    guest.vcpu.retired = 7;
    run_all(guest, 5);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EBX], 0u);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 2u);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EDX], 2u);
    EXPECT_EQ(guest.vcpu.cycles, 0x200000003ull);
    EXPECT_EQ(guest.vcpu.retired, 12u);
}

TEST_P(IsaMeaning, WhatIsIllegalFaultsAndChangesNothing)
{
    const char *const codes[] = {"0f 01 03",
                                 "0f 01 0b",
                                 "0f 00 03",
                                 "0f 00 c8",
                                 "0f 01 e0", // sgdt sidt sldt str smsw
                                 "0f 00 e0",
                                 "0f 00 e8",
                                 "0f 02 c3",
                                 "0f 03 c3",
                                 "63 c3", // verr verw lar lsl arpl
                                 "8e d8",
                                 "07",
                                 "17",
                                 "1f",
                                 "0f a1", // writes of segments
                                 "c4 03",
                                 "c5 03",
                                 "0f b2 03",
                                 "0f b4 03",
                                 "0f b5 03", // les lds lss lfs lgs
                                 "ff 1b",
                                 "ff 2b",
                                 "cb",
                                 "ca 04 00",
                                 "cf", // far, iret
                                 "cd 80",
                                 "cd 03",
                                 "cd 00",
                                 "f1", // int n, int1
                                 "fa",
                                 "fb",
                                 "f4",
                                 "6c",
                                 "6e", // cli sti hlt ins outs
                                 "0f a2",
                                 "0f 33",
                                 "0f 32",
                                 "0f 34",
                                 "0f 08", // cpuid rdpmc rdmsr ...
                                 "0f 09",
                                 "0f 0b",
                                 "0f 20 c0",
                                 "0f 06",
                                 "d6", // wbinvd ud2 cr0 clts salc
                                 "67 8b 03",
                                 "64 8b 03",
                                 "65 8b 03",
                                 "66 c3",
                                 "66 9c", // prefixes
                                 "f2 a4",
                                 "f3 01 d8",
                                 "f0 89 03",
                                 "f0 01 d8",
                                 "c8 08 00 01",
                                 "0f 77",
                                 "0f 10 c1",
                                 "f2 0f 10 c1",
                                 "0f ae e8",
                                 "d9 fe",
                                 "0f 3f 00",
                                 "0f 3f ff",
                                 "66 0f 3f 01",
                                 "9a 00 20 00 00 0b 00",
                                 "ea 00 20 00 00 0b 00"};
    for (const char *code : codes) {
        expect_fault(code, VCPU_FAULT_ILLEGAL);
    }
}

TEST_P(IsaMeaning, TrapsHaveFaultsOfTheirOwn)
{
    expect_fault("cc", VCPU_FAULT_BREAKPOINT);
    expect_fault("ce", VCPU_FAULT_OVERFLOW, 0, VCPU_FLAG_OF);
    Guest quiet("ce 90", GetParam());
    quiet.vcpu.eflags = VCPU_FLAG_ALL & ~VCPU_FLAG_OF;
    run_all(quiet, 2);

    const struct {
        uint32_t index;
        bool fits;
    } indices[] = {{4, false}, {5, true}, {7, true}, {8, false}, {0xffffffff, false}};
    for (const auto &row : indices) {
        Guest guest("62 03 90", GetParam()); // bound eax, [ebx]
        guest.vcpu.gpr[VCPU_EAX] = row.index;
        guest.vcpu.gpr[VCPU_EBX] = kData;
        guest.set_word(kData, 5);
        guest.set_word(kData + 4, 7);
        struct vcpu_stop stop = guest.run(2);
        EXPECT_EQ(stop.retired, row.fits ? 2u : 0u) << row.index;
        if (!row.fits) {
            EXPECT_EQ(stop.fault.kind, VCPU_FAULT_BOUND);
        }
    }
}

TEST_P(IsaMeaning, DivisionFaultsWhenTheQuotientDoesNotFit)
{
    const struct {
        const char *code;
        uint32_t eax, edx, ebx;
        bool faults;
    } rows[] = {
        {"f7 f3", 1, 0, 0, true},
        {"f7 f3", 0, 1, 1, true},
        {"f7 f3", 0, 1, 2, false},
        {"f7 fb", 0x80000000, 0xffffffff, 0xffffffff, true},
        {"f7 fb", 0, 0x80000000, 0xffffffff, true},
        {"f7 fb", 0x80000001, 0xffffffff, 0xffffffff, false},
        {"f6 f3", 0x100, 0, 1, true},
        {"f6 f3", 0xff, 0, 1, false},
        {"f6 fb", 0xff80, 0, 0xff, true},
        {"66 f7 f3", 0, 1, 1, true},
        {"66 f7 fb", 0x8000, 0xffff, 0xffff, true},
        {"d4 00", 5, 0, 0, true},
        {"d4 03", 5, 0, 0, false},
    };
    for (const auto &row : rows) {
        Guest guest(std::string(row.code) + " 90", GetParam());
        guest.vcpu.gpr[VCPU_EAX] = row.eax;
        guest.vcpu.gpr[VCPU_EDX] = row.edx;
        guest.vcpu.gpr[VCPU_EBX] = row.ebx;
        guest.vcpu.eflags = VCPU_FLAG_CF | VCPU_FLAG_PF;
        std::string before = guest.state();
        struct vcpu_stop stop = guest.run(2);
        EXPECT_EQ(stop.retired, row.faults ? 0u : 2u) << row.code << " " << std::hex << row.eax;
        if (row.faults) {
            EXPECT_EQ(stop.fault.kind, VCPU_FAULT_DIVIDE);
            EXPECT_EQ(guest.state(), before);
        }
    }
}

// Every flag x86 leaves undefined is 0 here, whatever it was before.
TEST_P(IsaMeaning, UndefinedFlagsAreZero)
{
    const struct {
        const char *code;
        uint32_t zero;
    } rows[] = {
        {"21 d8", VCPU_FLAG_AF},
        {"09 d8", VCPU_FLAG_AF},
        {"31 d8", VCPU_FLAG_AF},
        {"85 d8", VCPU_FLAG_AF},
        {"c1 e0 01", VCPU_FLAG_AF},
        {"c1 e8 01", VCPU_FLAG_AF},
        {"c1 f8 01", VCPU_FLAG_AF},
        {"c1 e0 03", VCPU_FLAG_AF | VCPU_FLAG_OF},
        {"d3 e8", VCPU_FLAG_AF | VCPU_FLAG_OF},
        {"d3 c0", VCPU_FLAG_OF},
        {"d3 c8", VCPU_FLAG_OF},
        {"c1 d0 05", VCPU_FLAG_OF},
        {"c1 d8 05", VCPU_FLAG_OF},
        {"0f a4 d8 07", VCPU_FLAG_AF | VCPU_FLAG_OF},
        {"0f ad d8", VCPU_FLAG_AF | VCPU_FLAG_OF},
        {"f7 e3", VCPU_FLAG_SF | VCPU_FLAG_ZF | VCPU_FLAG_AF | VCPU_FLAG_PF},
        {"f7 eb", VCPU_FLAG_SF | VCPU_FLAG_ZF | VCPU_FLAG_AF | VCPU_FLAG_PF},
        {"0f af c3", VCPU_FLAG_SF | VCPU_FLAG_ZF | VCPU_FLAG_AF | VCPU_FLAG_PF},
        {"6b c3 09", VCPU_FLAG_SF | VCPU_FLAG_ZF | VCPU_FLAG_AF | VCPU_FLAG_PF},
        {"f7 f3", VCPU_FLAG_ALL & ~VCPU_FLAG_DF},
        {"f7 fb", VCPU_FLAG_ALL & ~VCPU_FLAG_DF},
        {"0f bc c3", VCPU_FLAG_CF | VCPU_FLAG_OF | VCPU_FLAG_SF | VCPU_FLAG_AF | VCPU_FLAG_PF},
        {"0f bd c3", VCPU_FLAG_CF | VCPU_FLAG_OF | VCPU_FLAG_SF | VCPU_FLAG_AF | VCPU_FLAG_PF},
        {"0f a3 d8", VCPU_FLAG_OF | VCPU_FLAG_SF | VCPU_FLAG_AF | VCPU_FLAG_PF},
        {"0f ba e8 03", VCPU_FLAG_OF | VCPU_FLAG_SF | VCPU_FLAG_AF | VCPU_FLAG_PF},
        {"37", VCPU_FLAG_OF | VCPU_FLAG_SF | VCPU_FLAG_ZF | VCPU_FLAG_PF},
        {"3f", VCPU_FLAG_OF | VCPU_FLAG_SF | VCPU_FLAG_ZF | VCPU_FLAG_PF},
        {"d4 0a", VCPU_FLAG_OF | VCPU_FLAG_AF | VCPU_FLAG_CF},
        {"d5 0a", VCPU_FLAG_OF | VCPU_FLAG_AF | VCPU_FLAG_CF},
        {"27", VCPU_FLAG_OF},
        {"2f", VCPU_FLAG_OF},
    };
    for (const auto &row : rows) {
        for (uint32_t before : {0u, VCPU_FLAG_ALL}) {
            Guest guest(row.code, GetParam());
            guest.vcpu.gpr[VCPU_EAX] = 0x40000085;
            guest.vcpu.gpr[VCPU_EBX] = 0x80000007;
            guest.vcpu.gpr[VCPU_ECX] = 5;
            guest.vcpu.gpr[VCPU_EDX] = 0;
            guest.vcpu.eflags = before;
            run_all(guest, 1);
            EXPECT_EQ(guest.vcpu.eflags & row.zero, 0u) << row.code << " from " << before;
            EXPECT_EQ(guest.vcpu.eflags & VCPU_FLAG_DF, before & VCPU_FLAG_DF) << row.code;
        }
    }
}

TEST_P(IsaMeaning, ShiftsByZeroChangeNoFlag)
{
    for (const char *code : {"d3 e0", "d3 e8", "d3 f8", "d3 c0", "d3 c8", "d3 d0", "d3 d8",
                             "0f a5 d8", "0f ad d8", "c1 e0 00", "c1 e0 20"}) {
        for (uint32_t flags : {0u, VCPU_FLAG_ALL, VCPU_FLAG_OF, VCPU_FLAG_AF | VCPU_FLAG_CF}) {
            Guest guest(code, GetParam());
            guest.vcpu.gpr[VCPU_EAX] = 0x12345678;
            guest.vcpu.gpr[VCPU_ECX] = 0x20;
            guest.vcpu.eflags = flags;
            run_all(guest, 1);
            EXPECT_EQ(guest.vcpu.eflags, flags) << code;
            EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 0x12345678u) << code;
        }
    }
}

TEST_P(IsaMeaning, SixteenBitDoubleShiftsBeyondSixteenGoOnWithTheDestination)
{
    Guest left("66 0f a4 d8 14", GetParam()); // shld ax, bx, 20
    left.vcpu.gpr[VCPU_EAX] = 0x1234;
    left.vcpu.gpr[VCPU_EBX] = 0xabcd;
    run_all(left, 1);
    EXPECT_EQ(left.vcpu.gpr[VCPU_EAX], 0xbcd1u);

    Guest right("66 0f ac d8 14", GetParam()); // shrd ax, bx, 20
    right.vcpu.gpr[VCPU_EAX] = 0x1234;
    right.vcpu.gpr[VCPU_EBX] = 0xabcd;
    run_all(right, 1);
    EXPECT_EQ(right.vcpu.gpr[VCPU_EAX], 0x4abcu);
}

TEST_P(IsaMeaning, ScansOfZeroLeaveTheTarget)
{
    for (const char *code : {"0f bc c3", "0f bd c3", "f3 0f bc c3", "66 0f bc c3"}) {
        Guest guest(code, GetParam());
        guest.vcpu.gpr[VCPU_EAX] = 0xdeadbeef;
        guest.vcpu.gpr[VCPU_EBX] = 0;
        guest.vcpu.eflags = VCPU_FLAG_CF;
        run_all(guest, 1);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 0xdeadbeefu) << code;
        EXPECT_EQ(guest.vcpu.eflags, VCPU_FLAG_ZF) << code;
    }
    Guest guest("f3 0f bc c3", GetParam()); // bsf, not tzcnt
    guest.vcpu.gpr[VCPU_EBX] = 1;
    guest.vcpu.eflags = VCPU_FLAG_ALL;
    run_all(guest, 1);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 0u);
    EXPECT_EQ(guest.vcpu.eflags, VCPU_FLAG_DF) << "tzcnt would set ZF";
}

TEST_P(IsaMeaning, LahfReadsBitOneAsOne)
{
    Guest guest("9f", GetParam());
    run_all(guest, 1);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 0x200u);
    Guest all("9f", GetParam());
    all.vcpu.eflags = VCPU_FLAG_ALL;
    run_all(all, 1);
    EXPECT_EQ(all.vcpu.gpr[VCPU_EAX], 0xd700u);
    Guest back("9e", GetParam());
    back.vcpu.gpr[VCPU_EAX] = 0xff00;
    back.vcpu.eflags = VCPU_FLAG_OF | VCPU_FLAG_DF;
    run_all(back, 1);
    EXPECT_EQ(back.vcpu.eflags, VCPU_FLAG_ALL);
}

TEST_P(IsaMeaning, SegmentPrefixesOfTheFlatSegmentsAreIgnored)
{
    for (const char *prefix : {"26", "2e", "36", "3e"}) {
        Guest guest(std::string(prefix) + " 8b 03", GetParam());
        guest.vcpu.gpr[VCPU_EBX] = kData;
        guest.set_word(kData, 42);
        run_all(guest, 1);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 42u) << prefix;
    }
}

TEST_P(IsaMeaning, PushOfTheStackPointerPushesItsOldValue)
{
    Guest guest("54", GetParam());
    run_all(guest, 1);
    EXPECT_EQ(guest.word(kStack - 4), kStack);
    Guest pop("5c", GetParam());
    pop.set_word(kStack, 0x1234);
    run_all(pop, 1);
    EXPECT_EQ(pop.vcpu.gpr[VCPU_ESP], 0x1234u);
    Guest memory("8f 04 24", GetParam()); // pop [esp]: the address is formed with the new ESP
    memory.set_word(kStack, 0x77);
    run_all(memory, 1);
    EXPECT_EQ(memory.word(kStack + 4), 0x77u);
    EXPECT_EQ(memory.vcpu.gpr[VCPU_ESP], kStack + 4);
}

TEST_P(IsaMeaning, BitOffsetsInARegisterReachBeyondTheOperand)
{
    Guest guest("0f ab 03", GetParam()); // bts [ebx], eax
    guest.vcpu.gpr[VCPU_EBX] = kData;
    guest.vcpu.gpr[VCPU_EAX] = 100;
    run_all(guest, 1);
    EXPECT_EQ(guest.word(kData + 12), 1u << 4);
    Guest down("0f ab 03", GetParam());
    down.vcpu.gpr[VCPU_EBX] = kData;
    down.vcpu.gpr[VCPU_EAX] = static_cast<uint32_t>(-1);
    run_all(down, 1);
    EXPECT_EQ(down.word(kData - 4), 0x80000000u);
}

TEST_P(IsaMeaning, PortAccessesStopBeforeTheInstruction)
{
    const struct {
        const char *code;
        bool write;
        uint8_t size;
        uint32_t port;
        uint32_t value;
    } rows[] = {
        {"e4 10", false, 1, 0x10, 0},       {"ec", false, 1, 0x1234, 0},
        {"66 ed", false, 2, 0x1234, 0},     {"e5 ff", false, 4, 0xff, 0},
        {"e6 10", true, 1, 0x10, 0xdd},     {"ee", true, 1, 0x1234, 0xdd},
        {"66 ef", true, 2, 0x1234, 0xccdd}, {"ef", true, 4, 0x1234, 0xaabbccdd},
    };
    for (const auto &row : rows) {
        Guest guest(std::string("90 ") + row.code + " 90", GetParam());
        guest.vcpu.gpr[VCPU_EAX] = 0xaabbccdd;
        guest.vcpu.gpr[VCPU_EDX] = 0x55551234;
        struct vcpu_stop stop = guest.run(10);
        EXPECT_EQ(stop.reason, VCPU_STOP_PORT) << row.code;
        EXPECT_EQ(stop.retired, 1u) << row.code;
        EXPECT_EQ(guest.vcpu.eip, kCode + 1) << row.code;
        EXPECT_EQ(stop.access.write, row.write) << row.code;
        EXPECT_EQ(stop.access.size_bytes, row.size) << row.code;
        EXPECT_EQ(stop.access.address, row.port) << row.code;
        EXPECT_EQ(stop.access.value, row.value) << row.code;
        vcpu_access_complete(&guest.vcpu, &stop.access, 0x11223344);
        EXPECT_EQ(guest.vcpu.eip, kCode + 1 + hex(row.code).size()) << row.code;
        uint32_t expected = row.write       ? 0xaabbccdd
                            : row.size == 1 ? 0xaabbcc44
                            : row.size == 2 ? 0xaabb3344
                                            : 0x11223344;
        EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], expected) << row.code;
        run_all(guest, 1);
    }
}

TEST_P(IsaMeaning, AlignedThirtyTwoBitMovesReachVirtualRegisters)
{
    Guest load("8b 8b 18 10 00 00", GetParam()); // mov ecx, [ebx + 0x1018]
    load.vcpu.gpr[VCPU_EBX] = 4;
    struct vcpu_stop stop = load.run(5);
    EXPECT_EQ(stop.reason, VCPU_STOP_REGISTER);
    EXPECT_FALSE(stop.access.write);
    EXPECT_EQ(stop.access.address, 0x1cu);
    EXPECT_EQ(stop.access.reg, VCPU_ECX);
    EXPECT_EQ(stop.access.instruction_bytes, 6);
    vcpu_access_complete(&load.vcpu, &stop.access, 99);
    EXPECT_EQ(load.vcpu.gpr[VCPU_ECX], 99u);
    EXPECT_EQ(load.vcpu.eip, kCode + 6);

    for (const char *code : {"89 0d 20 10 00 00", "c7 05 20 10 00 00 01 00 00 00"}) {
        Guest store(code, GetParam());
        store.vcpu.gpr[VCPU_ECX] = 1;
        stop = store.run(5);
        EXPECT_EQ(stop.reason, VCPU_STOP_REGISTER);
        EXPECT_TRUE(stop.access.write);
        EXPECT_EQ(stop.access.address, 0x20u);
        EXPECT_EQ(stop.access.value, 1u);
        EXPECT_EQ(stop.retired, 0u);
    }
    Guest moffs("a1 fc 1f 00 00", GetParam());
    stop = moffs.run(5);
    EXPECT_EQ(stop.reason, VCPU_STOP_REGISTER);
    EXPECT_EQ(stop.access.address, 0xffcu);
    EXPECT_EQ(stop.access.reg, VCPU_EAX);
}

TEST_P(IsaMeaning, AnyOtherAccessToVirtualRegistersFaults)
{
    const struct {
        const char *code;
        uint32_t address;
    } rows[] = {
        {"8b 0d 21 10 00 00", 0x1021},    // misaligned
        {"8b 0d fe 1f 00 00", 0x1ffe},    // half in the page after
        {"8a 0d 20 10 00 00", 0x1020},    // 8 bits
        {"66 8b 0d 20 10 00 00", 0x1020}, // 16 bits
        {"0f b6 0d 20 10 00 00", 0x1020}, // movzx
        {"03 0d 20 10 00 00", 0x1020},    // add from
        {"01 0d 20 10 00 00", 0x1020},    // add to
        {"ff 35 20 10 00 00", 0x1020},    // push
        {"8f 05 20 10 00 00", 0x1020},    // pop
        {"87 0d 20 10 00 00", 0x1020},    // xchg
        {"39 0d 20 10 00 00", 0x1020},    // cmp
        {"ff 25 20 10 00 00", 0x1020},    // jmp
        {"0f 44 0d 20 10 00 00", 0x1020}, // cmov
        {"8c 1d 20 10 00 00", 0x1020},    // mov from a segment register
        {"dd 05 20 10 00 00", 0x1020},    // fld
        {"0f c7 0d 20 10 00 00", 0x1020}, // cmpxchg8b
    };
    for (const auto &row : rows) {
        expect_fault(row.code, VCPU_FAULT_REGISTER, row.address);
    }
    expect_fault("8b 0d fe 0f 00 00", VCPU_FAULT_MEMORY, 0xffe); // begins in page 0
}

TEST_P(IsaMeaning, IdleAndTerminateStopBeforeTheInstruction)
{
    Guest idle("90 0f 3f 01 90", GetParam());
    struct vcpu_stop stop = idle.run(10);
    EXPECT_EQ(stop.reason, VCPU_STOP_IDLE);
    EXPECT_EQ(stop.retired, 1u);
    EXPECT_EQ(idle.vcpu.eip, kCode + 1);
    idle.vcpu.irq_pending = 5;
    vcpu_idle_complete(&idle.vcpu);
    EXPECT_EQ(idle.vcpu.gpr[VCPU_EAX], 5u);
    EXPECT_EQ(idle.vcpu.eip, kCode + 4);
    run_all(idle, 1);

    Guest end("0f 3f 02", GetParam());
    stop = end.run(10);
    EXPECT_EQ(stop.reason, VCPU_STOP_TERMINATE);
    EXPECT_EQ(stop.retired, 0u);
}

TEST_P(IsaMeaning, TheReturnFromAnInterruptKeepsTheFlags)
{
    // Handler: eax = 1; store IRQ_ENABLE; popf; ret. Main: cmp; nop; nop.
    Guest guest("39 c0 90 90 b8 01 00 00 00 a3 20 10 00 00 9d c3", GetParam());
    guest.vcpu.irq_handler = kCode + 4;
    guest.vcpu.irq_enabled = true;
    run_all(guest, 2);
    uint32_t flags = guest.vcpu.eflags;
    EXPECT_EQ(flags, VCPU_FLAG_ZF | VCPU_FLAG_PF);
    guest.vcpu.irq_pending = 3;
    struct vcpu_fault fault;
    ASSERT_TRUE(vcpu_interrupt_deliver(&guest.vcpu, &fault));
    EXPECT_EQ(guest.vcpu.irq_delivered, 3u);
    EXPECT_FALSE(guest.vcpu.irq_enabled);
    EXPECT_EQ(guest.word(guest.vcpu.gpr[VCPU_ESP]), flags);
    EXPECT_EQ(guest.word(guest.vcpu.gpr[VCPU_ESP] + 4), kCode + 3);
    struct vcpu_stop stop = guest.run(10);
    ASSERT_EQ(stop.reason, VCPU_STOP_REGISTER);
    EXPECT_EQ(stop.access.address, 0x20u);
    guest.vcpu.irq_enabled = true;
    vcpu_access_complete(&guest.vcpu, &stop.access, 0);
    run_all(guest, 2);
    EXPECT_EQ(guest.vcpu.eip, kCode + 3);
    EXPECT_EQ(guest.vcpu.eflags, flags);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_ESP], kStack);
}

} // namespace
