// Memory as docs/isa.md has it: what is not memory, accesses across a page end, faults that leave
// no trace, repeated instructions and code that changes itself; on every engine.
#include <gtest/gtest.h>

#include "vcpu/guest.h"

namespace
{

using vcpu_test::Bytes;
using vcpu_test::Guest;
using vcpu_test::hex;
using vcpu_test::kCode;
using vcpu_test::kData;
using vcpu_test::kMemory;
using vcpu_test::kStack;

class IsaMemory : public testing::TestWithParam<const char *>
{
};

INSTANTIATE_TEST_SUITE_P(Engines, IsaMemory, testing::ValuesIn(vcpu_test::engine_names()),
                         [](const auto &info) { return std::string(info.param); });

TEST_P(IsaMemory, EveryKindOfAccessFaultsAtTheFirstByteThatIsNotMemory)
{
    const char *const codes[] = {
        "8b 03", // mov eax, [ebx]
        "89 03", // mov [ebx], eax
        "c7 03 01 00 00 00",
        "66 8b 03",
        "66 89 03",
        "01 03",       // add [ebx], eax
        "03 03",       // add eax, [ebx]
        "87 03",       // xchg
        "0f b1 13",    // cmpxchg
        "0f c1 13",    // xadd
        "0f c7 0b",    // cmpxchg8b
        "ff 33",       // push [ebx]
        "8f 03",       // pop [ebx]
        "ff 23",       // jmp [ebx]
        "ff 13",       // call [ebx]
        "d3 23",       // shl [ebx], cl
        "f7 33",       // div [ebx]
        "0f ba 2b 01", // bts [ebx], 1
        "0f a4 13 03", // shld
        "62 03",       // bound
        "dd 03",
        "dd 13",
        "db 2b",
        "db 3b", // fld fst m64, fld fstp m80
        "8b 43 00",
    };
    // One byte of the operand is memory, the rest is past the end.
    for (const char *code : codes) {
        for (uint32_t address : {kMemory - 1, kMemory, 0u, 0xffeu, 0xfffffffeu}) {
            Guest guest(code, GetParam());
            guest.vcpu.gpr[VCPU_EBX] = address;
            guest.vcpu.gpr[VCPU_ECX] = 3;
            guest.vcpu.eflags = VCPU_FLAG_CF | VCPU_FLAG_OF;
            std::string before = guest.state();
            struct vcpu_stop stop = guest.run(3);
            uint32_t bad = address == kMemory - 1 ? kMemory : address;
            EXPECT_EQ(stop.reason, VCPU_STOP_FAULT) << code;
            EXPECT_EQ(stop.fault.kind, VCPU_FAULT_MEMORY) << code;
            EXPECT_EQ(stop.fault.address, bad) << code << " at " << std::hex << address;
            EXPECT_EQ(stop.retired, 0u) << code;
            EXPECT_EQ(guest.state(), before) << code << " at " << std::hex << address;
        }
    }
}

TEST_P(IsaMemory, StackInstructionsFaultWithoutATrace)
{
    for (const char *code : {"50", "60", "9c", "6a 01", "66 50", "e8 00 00 00 00", "c8 08 00 00",
                             "1e", "ff 35 00 90 00 00"}) {
        for (uint32_t stack : {0u, 0x2000u, 0x2001u, kMemory + 0x100}) {
            Guest guest(code, GetParam());
            guest.vcpu.gpr[VCPU_ESP] = stack;
            std::string before = guest.state();
            struct vcpu_stop stop = guest.run(1);
            EXPECT_EQ(stop.reason, VCPU_STOP_FAULT) << code << " " << stack;
            EXPECT_EQ(guest.state(), before) << code;
        }
    }
    for (const char *code : {"58", "61", "9d", "c3", "c9", "8f 05 00 90 00 00"}) {
        for (uint32_t stack : {0u, 0x1ff0u, kMemory - 1, kMemory}) {
            Guest guest(code, GetParam());
            guest.vcpu.gpr[VCPU_ESP] = guest.vcpu.gpr[VCPU_EBP] = stack;
            std::string before = guest.state();
            struct vcpu_stop stop = guest.run(1);
            EXPECT_EQ(stop.reason, VCPU_STOP_FAULT) << code << " " << stack;
            EXPECT_EQ(guest.state(), before) << code;
        }
    }
    // A pop into memory that is not there leaves the stack pointer.
    Guest guest("8f 05 00 00 00 00", GetParam());
    std::string before = guest.state();
    EXPECT_EQ(guest.run(1).fault.address, 0u);
    EXPECT_EQ(guest.state(), before);
}

TEST_P(IsaMemory, AccessesAcrossAPageEndAreWhole)
{
    for (uint32_t address = kData + 0x1000 - 9; address <= kData + 0x1000; address++) {
        Guest guest("89 03 8b 0b 01 03 dd 03 db 7b 20 60 8b 7b 00", GetParam());
        guest.vcpu.gpr[VCPU_EBX] = address;
        guest.vcpu.gpr[VCPU_EAX] = 0x12345678;
        guest.vcpu.gpr[VCPU_ESP] = kData + 0x3000 + (address & 15);
        struct vcpu_stop stop = guest.run(7);
        ASSERT_EQ(stop.retired, 7u);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_ECX], 0x12345678u);
        EXPECT_EQ(guest.word(address), 0x2468acf0u);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_EDI], 0x2468acf0u);
        EXPECT_EQ(guest.word(guest.vcpu.gpr[VCPU_ESP] + 28), 0x12345678u);
    }
}

TEST_P(IsaMemory, ALimitOnPrivatePagesIsAFault)
{
    Guest guest("89 03 89 83 00 10 00 00", GetParam());
    guest.space.private_limit = 1;
    guest.vcpu.gpr[VCPU_EBX] = kData;
    struct vcpu_stop stop = guest.run(5);
    EXPECT_EQ(stop.retired, 1u);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_MEMORY);
    EXPECT_EQ(stop.fault.address, kData + 0x1000);
}

TEST_P(IsaMemory, AFetchFromNowhereFaultsThere)
{
    for (uint32_t target : {0u, 0x1000u, 0x1ffcu, kMemory, 0xc0000000u, 0xffffffffu}) {
        Guest guest("ff e0", GetParam());
        guest.vcpu.gpr[VCPU_EAX] = target;
        struct vcpu_stop stop = guest.run(5);
        EXPECT_EQ(stop.retired, 1u);
        EXPECT_EQ(stop.reason, VCPU_STOP_FAULT);
        EXPECT_EQ(stop.fault.kind, VCPU_FAULT_MEMORY);
        EXPECT_EQ(stop.fault.eip, target);
        EXPECT_EQ(stop.fault.address, target);
        EXPECT_EQ(guest.vcpu.eip, target);
    }
    // An instruction that begins in memory and goes on past its end.
    Guest guest("ff e0", GetParam());
    guest.set_bytes(kMemory - 3, hex("b8 01 02"));
    guest.vcpu.gpr[VCPU_EAX] = kMemory - 3;
    struct vcpu_stop stop = guest.run(5);
    EXPECT_EQ(stop.retired, 1u);
    EXPECT_EQ(stop.fault.eip, kMemory - 3);
    EXPECT_EQ(stop.fault.address, kMemory);
}

TEST_P(IsaMemory, InstructionsMayStraddlePages)
{
    for (uint32_t offset = 0; offset < 8; offset++) {
        Bytes code(0x2000, 0x90);
        Bytes body = hex("05 78 56 34 12 05 01 00 00 00 0f 3f 02");
        memcpy(&code[0x1000 - offset], body.data(), body.size());
        Guest guest(code, GetParam());
        guest.vcpu.eip = kCode + 0x1000 - offset;
        struct vcpu_stop stop = guest.run(100);
        EXPECT_EQ(stop.reason, VCPU_STOP_TERMINATE) << offset;
        EXPECT_EQ(stop.retired, 2u);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 0x12345679u);
    }
}

// --- repeated instructions ----------------------------------------------------------------------

TEST_P(IsaMemory, EachIterationOfARepIsAnInstruction)
{
    Guest guest("f3 a4 90", GetParam());
    guest.vcpu.gpr[VCPU_ESI] = kData;
    guest.vcpu.gpr[VCPU_EDI] = kData + 0x100;
    guest.vcpu.gpr[VCPU_ECX] = 5;
    guest.set_bytes(kData, hex("01 02 03 04 05"));
    for (uint32_t done = 1; done <= 5; done++) {
        struct vcpu_stop stop = guest.run(1);
        EXPECT_EQ(stop.retired, 1u);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_ECX], 5 - done);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_ESI], kData + done);
        EXPECT_EQ(guest.vcpu.eip, done < 5 ? kCode : kCode + 2);
    }
    EXPECT_EQ(guest.word(kData + 0x100), 0x04030201u);
    EXPECT_EQ(guest.vcpu.retired, 5u);
}

TEST_P(IsaMemory, ARepOfNothingRetiresOne)
{
    for (const char *code : {"f3 a4", "f3 ab", "f3 ad", "f3 a6", "f2 ae"}) {
        Guest guest(std::string(code) + " 90", GetParam());
        guest.vcpu.gpr[VCPU_ECX] = 0;
        guest.vcpu.eflags = VCPU_FLAG_CF;
        struct vcpu_stop stop = guest.run(1);
        EXPECT_EQ(stop.retired, 1u) << code;
        EXPECT_EQ(guest.vcpu.eip, kCode + 2) << code;
        EXPECT_EQ(guest.vcpu.eflags, VCPU_FLAG_CF) << code;
    }
}

TEST_P(IsaMemory, RepeatedComparesEndWithTheirCondition)
{
    Guest scan("f2 ae 90", GetParam());
    scan.set_bytes(kData, hex("41 42 43 00 44"));
    scan.vcpu.gpr[VCPU_EDI] = kData;
    scan.vcpu.gpr[VCPU_ECX] = 100;
    struct vcpu_stop stop = scan.run(4);
    EXPECT_EQ(stop.retired, 4u);
    EXPECT_EQ(scan.vcpu.eip, kCode + 2);
    EXPECT_EQ(scan.vcpu.gpr[VCPU_ECX], 96u);
    EXPECT_EQ(scan.vcpu.gpr[VCPU_EDI], kData + 4);
    EXPECT_TRUE(scan.vcpu.eflags & VCPU_FLAG_ZF);

    Guest compare("fd f3 a7 90", GetParam()); // std; repe cmpsd, downwards
    compare.set_word(kData + 0x108, 1);
    compare.vcpu.gpr[VCPU_ESI] = kData + 0x10;
    compare.vcpu.gpr[VCPU_EDI] = kData + 0x110;
    compare.vcpu.gpr[VCPU_ECX] = 5;
    stop = compare.run(100);
    EXPECT_EQ(compare.vcpu.gpr[VCPU_ECX], 2u);
    EXPECT_EQ(compare.vcpu.gpr[VCPU_ESI], kData + 4);
    EXPECT_TRUE(compare.vcpu.eflags & VCPU_FLAG_CF);
}

TEST_P(IsaMemory, ARepThatFaultsHasDoneWhatCameBefore)
{
    Guest guest("90 f3 ab", GetParam());
    guest.vcpu.gpr[VCPU_EAX] = 0x11111111;
    guest.vcpu.gpr[VCPU_EDI] = kMemory - 10;
    guest.vcpu.gpr[VCPU_ECX] = 5;
    struct vcpu_stop stop = guest.run(100);
    EXPECT_EQ(stop.reason, VCPU_STOP_FAULT);
    EXPECT_EQ(stop.retired, 3u);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_MEMORY);
    EXPECT_EQ(stop.fault.eip, kCode + 1);
    EXPECT_EQ(stop.fault.address, kMemory);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EDI], kMemory - 2);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_ECX], 3u);
    uint16_t last = 1;
    ASSERT_TRUE(vcpu_space_load(&guest.space, kMemory - 2, &last, sizeof last));
    EXPECT_EQ(last, 0u) << "the faulting iteration wrote nothing";
}

TEST_P(IsaMemory, OverlappingCopiesGoElementByElement)
{
    Guest guest("f3 a4", GetParam());
    guest.set_bytes(kData, hex("aa"));
    guest.vcpu.gpr[VCPU_ESI] = kData;
    guest.vcpu.gpr[VCPU_EDI] = kData + 1;
    guest.vcpu.gpr[VCPU_ECX] = 0x1800; // across a page end
    EXPECT_EQ(guest.run(0x1800).retired, 0x1800u);
    EXPECT_EQ(guest.word(kData + 0x17fc), 0xaaaaaaaau);
    Guest wide("f3 a5", GetParam());
    wide.set_word(kData, 0x44332211);
    wide.set_word(kData + 4, 0x88776655);
    wide.vcpu.gpr[VCPU_ESI] = kData;
    wide.vcpu.gpr[VCPU_EDI] = kData + 2;
    wide.vcpu.gpr[VCPU_ECX] = 2;
    EXPECT_EQ(wide.run(2).retired, 2u);
    EXPECT_EQ(wide.word(kData + 2), 0x44332211u);
    EXPECT_EQ(wide.word(kData + 6), 0x88774433u);
}

// --- code that changes itself -------------------------------------------------------------------

TEST_P(IsaMemory, TheVeryNextInstructionMayBeTheModifiedOne)
{
    // mov byte [next + 1], 7; next: mov al, 1; then the same again on the page that is now private.
    Guest guest("c6 05 08 20 00 00 07  b0 01  c6 05 11 20 00 00 09  b0 01  0f 3f 02", GetParam());
    struct vcpu_stop stop = guest.run(2);
    EXPECT_EQ(stop.retired, 2u);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 7u);
    stop = guest.run(10);
    EXPECT_EQ(stop.reason, VCPU_STOP_TERMINATE);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 9u);
}

TEST_P(IsaMemory, ALoopThatRewritesItsOwnOperandSeesEachChange)
{
    // again: add eax, 0 (imm patched); inc byte [again + 1]; dec ecx; jnz again
    Guest guest("05 00 00 00 00  fe 05 01 20 00 00  49  75 f2  0f 3f 02", GetParam());
    guest.vcpu.gpr[VCPU_ECX] = 20;
    struct vcpu_stop stop = guest.run(1000);
    EXPECT_EQ(stop.reason, VCPU_STOP_TERMINATE);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX], 190u);
    EXPECT_EQ(stop.retired, 80u);
}

TEST_P(IsaMemory, ARepMayOverwriteItself)
{
    // rep stosb over itself: the second iteration's bytes are already nops.
    for (bool already_private : {false, true}) {
        Guest guest("f3 aa 90 90 90 90 0f 3f 02", GetParam());
        if (already_private) {
            guest.set_bytes(kCode, hex("f3"));
        }
        guest.vcpu.gpr[VCPU_EAX] = 0x90;
        guest.vcpu.gpr[VCPU_EDI] = kCode + 1; // f3 aa becomes f3 90: pause
        guest.vcpu.gpr[VCPU_ECX] = 4;
        struct vcpu_stop stop = guest.run(100);
        EXPECT_EQ(stop.reason, VCPU_STOP_TERMINATE);
        EXPECT_EQ(stop.retired, 6u);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_ECX], 3u);
    }
}

TEST_P(IsaMemory, CodeMayBeWrittenAnywhereAndRun)
{
    Guest guest("ff e0", GetParam());
    for (uint8_t value = 1; value < 5; value++) {
        guest.set_bytes(kData, Bytes{0xb3, value, 0x0f, 0x3f, 0x02}); // mov bl, value; terminate
        guest.vcpu.eip = kCode;
        guest.vcpu.gpr[VCPU_EAX] = kData;
        EXPECT_EQ(guest.run(10).reason, VCPU_STOP_TERMINATE);
        EXPECT_EQ(guest.vcpu.gpr[VCPU_EBX], value);
    }
}

TEST_P(IsaMemory, AStoreAcrossAPageEndIntoTheNextInstructionCounts)
{
    // mov dword [page end - 2], eax writes the first two bytes of the next page, where we go on.
    Bytes code(0x1010, 0x90);
    Bytes body = hex("a3 fe 2f 00 00 eb 02");
    memcpy(&code[0x1000 - 9], body.data(), body.size());
    code[0x1000] = 0xb0; // mov al, 1
    code[0x1001] = 0x01;
    Bytes end = hex("0f 3f 02");
    memcpy(&code[0x1002], end.data(), end.size());
    Guest guest(code, GetParam());
    guest.vcpu.eip = kCode + 0x1000 - 9;
    guest.vcpu.gpr[VCPU_EAX] = 0x55b09090; // becomes mov al, 0x55
    struct vcpu_stop stop = guest.run(100);
    EXPECT_EQ(stop.reason, VCPU_STOP_TERMINATE);
    EXPECT_EQ(guest.vcpu.gpr[VCPU_EAX] & 0xff, 0x55u);
}

} // namespace
