// The Unicorn engine where its emulator has traps of its own: code that would end the process,
// code it has translated before, limits, breakpoints, memory of every size. The interpreter says
// what is right.
#include <cstring>

#include <gtest/gtest.h>

#include "vcpu/oracle/machine.h"

namespace
{

class UnicornTest : public testing::Test
{
  protected:
    UnicornTest() : interpreter_("interpreter"), unicorn_("unicorn")
    {
    }

    /* Both engines from the same state, for one budget; all that is left must be the same. */
    struct vcpu_stop both(Machine &a, Machine &b, uint64_t budget)
    {
        struct vcpu_stop stop_a = interpreter_.run(a.vcpu, budget);
        struct vcpu_stop stop_b = unicorn_.run(b.vcpu, budget);
        EXPECT_EQ(difference(stop_a, stop_b), "");
        EXPECT_EQ(difference(a.vcpu, b.vcpu), "");
        EXPECT_EQ(a.space.private_count, b.space.private_count);
        EXPECT_EQ(a.space.private_max, b.space.private_max);
        return stop_b;
    }

    void write(uint32_t address, const std::vector<uint8_t> &bytes)
    {
        a_.write(address, bytes.data(), (uint32_t)bytes.size());
        b_.write(address, bytes.data(), (uint32_t)bytes.size());
    }

    void set(enum vcpu_register number, uint32_t value)
    {
        a_.vcpu.gpr[number] = b_.vcpu.gpr[number] = value;
    }

    Ground ground_;
    Engine interpreter_;
    Engine unicorn_;
    Machine a_{ground_};
    Machine b_{ground_};
};

TEST_F(UnicornTest, FarCallToARegisterAheadDoesNotEndTheProcess)
{
    write(CODE, {0x40, 0x40, 0xff, 0xd8});
    struct vcpu_stop stop = both(a_, b_, 10);
    EXPECT_EQ(stop.reason, VCPU_STOP_FAULT);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_ILLEGAL);
    EXPECT_EQ(b_.vcpu.gpr[VCPU_EAX], 2u);
}

TEST_F(UnicornTest, FarJumpToARegisterBehindABranchDoesNotEndTheProcess)
{
    /* xor eax, eax; jz +2; ff e8; then through a register and a return to it */
    write(CODE, {0x31, 0xc0, 0x74, 0x02, 0xff, 0xe8, 0x40, 0xff, 0xe1});
    set(VCPU_ECX, CODE + 0x20);
    set(VCPU_ESP, STACK + 0x800);
    write(CODE + 0x20, {0x68, 0x04, 0x00, 0x02, 0x00, 0xc3}); /* push CODE + 4; ret */
    struct vcpu_stop stop = both(a_, b_, 100);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_ILLEGAL);
    EXPECT_EQ(stop.fault.eip, CODE + 4);
}

TEST_F(UnicornTest, StoreThatMakesTheNextInstructionAFarCallDoesNotEndTheProcess)
{
    /* mov word [next], 0xd8ff; next: nop nop */
    write(CODE, {0x40, 0x66, 0xc7, 0x05, 0x0a, 0x00, 0x02, 0x00, 0xff, 0xd8, 0x90, 0x90});
    struct vcpu_stop stop = both(a_, b_, 10);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_ILLEGAL);
    EXPECT_EQ(stop.retired, 2u);
}

TEST_F(UnicornTest, CallThatPushesOverItsTargetDoesNotEndTheProcess)
{
    /* The return address is the target's code: FF D8 is made of it by the address itself. */
    uint32_t call = 0x2d8ff - 5;
    write(call, {0xe8, 0x00, 0x10, 0x00, 0x00});
    uint32_t target = call + 5 + 0x1000;
    write(target, {0x40, 0x40, 0x40, 0x40, 0xeb, 0xfa});
    set(VCPU_ESP, target + 4);
    a_.vcpu.eip = b_.vcpu.eip = call;
    EXPECT_EQ(both(a_, b_, 10).fault.kind, VCPU_FAULT_ILLEGAL);
}

TEST_F(UnicornTest, LeastDividendByMinusOneIsADivideFault)
{
    for (bool is_16 : {false, true}) {
        write(CODE, is_16 ? std::vector<uint8_t>{0x66, 0xf7, 0xf9}
                          : std::vector<uint8_t>{0xf7, 0xf9, 0x90}); /* idiv cx, ecx */
        set(VCPU_EAX, 0);
        set(VCPU_EDX, is_16 ? 0x8000 : 0x80000000);
        set(VCPU_ECX, 0xffffffff);
        EXPECT_EQ(both(a_, b_, 1).fault.kind, VCPU_FAULT_DIVIDE);
    }
}

TEST_F(UnicornTest, DivideFaultsDoNotAddUp)
{
    write(CODE, {0x40, 0xf7, 0xf1});
    set(VCPU_ECX, 0);
    for (int i = 0; i < 5; i++) {
        a_.vcpu.eip = b_.vcpu.eip = CODE;
        struct vcpu_stop stop = both(a_, b_, 10);
        EXPECT_EQ(stop.fault.kind, VCPU_FAULT_DIVIDE);
        EXPECT_EQ(stop.retired, 1u);
    }
}

TEST_F(UnicornTest, CodeRunsOnIntoTheEndOfMemoryAndFaultsThere)
{
    write(MEMORY_BYTES - 3, {0x40, 0x40, 0x40});
    a_.vcpu.eip = b_.vcpu.eip = MEMORY_BYTES - 3;
    EXPECT_EQ(both(a_, b_, 2).reason, VCPU_STOP_BUDGET);
    struct vcpu_stop stop = both(a_, b_, 10);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_MEMORY);
    EXPECT_EQ(stop.retired, 1u);
}

TEST_F(UnicornTest, JumpsToNowhereFaultAtTheirTarget)
{
    for (uint32_t target : {0u, 0x1000u, MEMORY_BYTES, 0xfffffff0u}) {
        write(CODE, {0x40, 0xff, 0xe1});
        set(VCPU_ECX, target);
        a_.vcpu.eip = b_.vcpu.eip = CODE;
        struct vcpu_stop stop = both(a_, b_, 10);
        EXPECT_EQ(stop.reason, VCPU_STOP_FAULT);
        EXPECT_EQ(stop.fault.eip, target);
        EXPECT_EQ(stop.retired, 2u);
    }
}

TEST_F(UnicornTest, StoreBeyondThePageLimitIsRefusedExactly)
{
    /* inc eax; mov [edi], eax; add edi, 0x1000; jmp back */
    write(CODE, {0x40, 0x89, 0x07, 0x81, 0xc7, 0x00, 0x10, 0x00, 0x00, 0xeb, 0xf5});
    set(VCPU_EDI, DATA);
    a_.space.private_limit = b_.space.private_limit = a_.space.private_count + 5;
    struct vcpu_stop stop = both(a_, b_, 1000);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_MEMORY);
    EXPECT_EQ(stop.fault.address, DATA + 5 * VCPU_PAGE_BYTES);
    EXPECT_EQ(b_.space.private_count, b_.space.private_limit);
}

TEST_F(UnicornTest, StoreAcrossTheEndOfMemoryWritesNothing)
{
    write(CODE, {0xa3, 0xfe, 0xff, 0x0f, 0x00}); /* mov [MEMORY_BYTES - 2], eax */
    set(VCPU_EAX, 0x11223344);
    struct vcpu_stop stop = both(a_, b_, 1);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_MEMORY);
    EXPECT_EQ(b_.read(MEMORY_BYTES - 2, 2), (std::vector<uint8_t>{0, 0}));
}

TEST_F(UnicornTest, PopaThatFaultsHalfWayChangesNothing)
{
    write(CODE, {0x61});
    set(VCPU_ESP, MEMORY_BYTES - 12);
    write(MEMORY_BYTES - 12, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    EXPECT_EQ(both(a_, b_, 1).fault.kind, VCPU_FAULT_MEMORY);
}

TEST_F(UnicornTest, StopsBeforeBreakpointsButNotWhereARunBegins)
{
    write(CODE, {0x40, 0x43, 0x41, 0xeb, 0xfb}); /* inc eax; inc ebx; inc ecx; jmp back */
    uint32_t breakpoints[] = {CODE + 1, CODE + 3};
    for (Engine *engine : {&interpreter_, &unicorn_}) {
        engine->engine->breakpoints = breakpoints;
        engine->engine->breakpoint_count = 2;
    }
    for (uint64_t retired : {1, 2, 2, 2}) {
        struct vcpu_stop stop = both(a_, b_, 100);
        EXPECT_EQ(stop.reason, VCPU_STOP_BREAKPOINT);
        EXPECT_EQ(stop.retired, retired);
    }
}

TEST_F(UnicornTest, ChangedCodeOfAnotherMachineIsSeen)
{
    Machine c(ground_);
    for (int round = 0; round < 3; round++) {
        for (Machine *machine : {&a_, &c}) {
            uint8_t code[] = {0xb8, (uint8_t)(machine == &a_ ? 1 : 2), 0, 0, (uint8_t)round, 0xeb,
                              0xf9};
            machine->write(CODE, code, sizeof code);
            machine->vcpu.eip = CODE;
            unicorn_.run(machine->vcpu, 3);
            EXPECT_EQ(machine->vcpu.gpr[VCPU_EAX],
                      (machine == &a_ ? 1u : 2u) | (uint32_t)round << 24);
        }
    }
}

TEST_F(UnicornTest, MemoriesOfManySizesAreKeptApart)
{
    /* The address of the last word of memory, one word beyond it, and more sizes than an engine
     * keeps instances for. */
    for (int round = 0; round < 2; round++) {
        for (uint32_t size_bytes = 0x30000; size_bytes < 0x40000; size_bytes += 0x1000) {
            Machine a(ground_, size_bytes), b(ground_, size_bytes);
            for (Machine *machine : {&a, &b}) {
                uint8_t code[] = {0x89, 0x0f, 0x83, 0xc7, 0x04, 0xeb, 0xf9};
                machine->write(CODE, code, sizeof code);
                machine->vcpu.gpr[VCPU_EDI] = size_bytes - 4;
            }
            EXPECT_EQ(both(a, b, 100).fault.address, size_bytes);
        }
    }
}

TEST_F(UnicornTest, LargestMemoryWorksToItsLastByte)
{
    Machine a(ground_, VCPU_MEMORY_MAX_BYTES), b(ground_, VCPU_MEMORY_MAX_BYTES);
    for (Machine *machine : {&a, &b}) {
        uint8_t code[] = {0x88, 0x0f, 0x47, 0xeb, 0xfb};
        machine->write(CODE, code, sizeof code);
        machine->vcpu.gpr[VCPU_EDI] = VCPU_MEMORY_MAX_BYTES - 1;
    }
    EXPECT_EQ(both(a, b, 100).fault.address, VCPU_MEMORY_MAX_BYTES);
}

TEST_F(UnicornTest, LongRunsOfCodeAreLookedAtToTheirEnd)
{
    std::vector<uint8_t> code(0x10000, 0x40); /* 64 Ki of inc eax, then a far call */
    code[0xfff0] = 0xff;
    code[0xfff1] = 0xd8;
    write(CODE, code);
    struct vcpu_stop stop = both(a_, b_, 1000000);
    EXPECT_EQ(stop.fault.kind, VCPU_FAULT_ILLEGAL);
    EXPECT_EQ(stop.retired, 0xfff0u);
}

TEST_F(UnicornTest, CodeThatChangesForEverUsesUpNothing)
{
    /* More than WINDOW_TRANSLATED_MAX instructions in all, so that instances are replaced; two
     * machines by turns, so that also under the other one. */
    std::vector<uint8_t> code(600, 0x40);
    for (uint32_t round = 0; round < 800; round++) {
        code[round % 500] ^= 1; /* inc eax or inc ecx */
        write(CODE, code);
        a_.vcpu.eip = b_.vcpu.eip = CODE;
        ASSERT_EQ(both(a_, b_, 599).reason, VCPU_STOP_BUDGET);
    }
}

} // namespace
