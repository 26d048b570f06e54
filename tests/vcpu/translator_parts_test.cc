// The translator's parts by themselves: what a description of flags stands for, against the host
// processor; and which accesses of a block are checked as one.
#include <vector>

#include <gtest/gtest.h>

extern "C" {
#include <base/random.h>

#include "translator/block.h"
#include "translator/flags.h"
}

namespace
{

constexpr uint32_t SEEN =
    VCPU_FLAG_CF | VCPU_FLAG_PF | VCPU_FLAG_AF | VCPU_FLAG_ZF | VCPU_FLAG_SF | VCPU_FLAG_OF;

// The host's flags after an instruction on a (and b), of which `undefined` are 0 in the ISA.
#define HOST(instruction, type)                                                                    \
    [](uint32_t a, uint32_t b, uint32_t carry) {                                                   \
        type value = (type)a, other = (type)b;                                                     \
        uint64_t flags;                                                                            \
        __asm__ volatile(                                                                          \
            "btl $0, %3\n\t" instruction                                                           \
            "\n\tlea -128(%%rsp), %%rsp\n\tpushfq\n\tpopq %1\n\tlea 128(%%rsp), %%rsp"             \
            : "+r"(value), "=r"(flags)                                                             \
            : "r"(other), "r"(carry), "c"((uint8_t)b)                                              \
            : "cc", "memory");                                                                     \
        return (uint32_t)flags & SEEN;                                                             \
    }

struct Case {
    const char *name;
    enum flags_kind kind;
    unsigned width_bits;
    uint32_t (*host)(uint32_t a, uint32_t b, uint32_t carry);
    uint32_t undefined;
    enum { ANY, CARRY, COUNT } second; // what b is
};

const uint32_t PRODUCT = VCPU_FLAG_PF | VCPU_FLAG_AF | VCPU_FLAG_ZF | VCPU_FLAG_SF;

const Case kCases[] = {
    {"sub32", FLAGS_SUB, 32, HOST("subl %2, %0", uint32_t), 0, Case::ANY},
    {"sub16", FLAGS_SUB, 16, HOST("subw %2, %0", uint16_t), 0, Case::ANY},
    {"sub8", FLAGS_SUB, 8, HOST("subb %2, %0", uint8_t), 0, Case::ANY},
    {"add32", FLAGS_ADD, 32, HOST("addl %2, %0", uint32_t), 0, Case::ANY},
    {"add16", FLAGS_ADD, 16, HOST("addw %2, %0", uint16_t), 0, Case::ANY},
    {"add8", FLAGS_ADD, 8, HOST("addb %2, %0", uint8_t), 0, Case::ANY},
    {"logic32", FLAGS_LOGIC, 32, HOST("testl %0, %0", uint32_t), VCPU_FLAG_AF, Case::ANY},
    {"logic16", FLAGS_LOGIC, 16, HOST("testw %0, %0", uint16_t), VCPU_FLAG_AF, Case::ANY},
    {"logic8", FLAGS_LOGIC, 8, HOST("testb %0, %0", uint8_t), VCPU_FLAG_AF, Case::ANY},
    {"inc32", FLAGS_INC, 32, HOST("incl %0", uint32_t), 0, Case::CARRY},
    {"inc16", FLAGS_INC, 16, HOST("incw %0", uint16_t), 0, Case::CARRY},
    {"inc8", FLAGS_INC, 8, HOST("incb %0", uint8_t), 0, Case::CARRY},
    {"dec32", FLAGS_DEC, 32, HOST("decl %0", uint32_t), 0, Case::CARRY},
    {"dec16", FLAGS_DEC, 16, HOST("decw %0", uint16_t), 0, Case::CARRY},
    {"dec8", FLAGS_DEC, 8, HOST("decb %0", uint8_t), 0, Case::CARRY},
    {"shl32", FLAGS_SHL, 32, HOST("shll %%cl, %0", uint32_t), VCPU_FLAG_AF, Case::COUNT},
    {"shl16", FLAGS_SHL, 16, HOST("shlw %%cl, %0", uint16_t), VCPU_FLAG_AF, Case::COUNT},
    {"shl8", FLAGS_SHL, 8, HOST("shlb %%cl, %0", uint8_t), VCPU_FLAG_AF, Case::COUNT},
    {"shr32", FLAGS_SHR, 32, HOST("shrl %%cl, %0", uint32_t), VCPU_FLAG_AF, Case::COUNT},
    {"shr16", FLAGS_SHR, 16, HOST("shrw %%cl, %0", uint16_t), VCPU_FLAG_AF, Case::COUNT},
    {"shr8", FLAGS_SHR, 8, HOST("shrb %%cl, %0", uint8_t), VCPU_FLAG_AF, Case::COUNT},
    {"sar32", FLAGS_SAR, 32, HOST("sarl %%cl, %0", uint32_t), VCPU_FLAG_AF, Case::COUNT},
    {"sar16", FLAGS_SAR, 16, HOST("sarw %%cl, %0", uint16_t), VCPU_FLAG_AF, Case::COUNT},
    {"sar8", FLAGS_SAR, 8, HOST("sarb %%cl, %0", uint8_t), VCPU_FLAG_AF, Case::COUNT},
    {"imul32", FLAGS_IMUL, 32, HOST("imull %2, %0", uint32_t), PRODUCT, Case::ANY},
    {"imul16", FLAGS_IMUL, 16, HOST("imulw %2, %0", uint16_t), PRODUCT, Case::ANY},
};

TEST(TranslatorFlags, AreThoseOfTheHostForEverySource)
{
    const uint32_t corners[] = {0,    1,      2,          0x7f,       0x80,       0xff,
                                0x80, 0x7fff, 0x8000,     0xffff,     0x10000,    0x7fffffff,
                                0xf,  0x10,   0x80000000, 0xfffffffe, 0xffffffff, 0x55555555};
    struct random_stream random;
    random_init_seed(&random, 1);
    for (const Case &c : kCases) {
        for (unsigned i = 0; i < 4000; i++) {
            uint32_t a = i < 324 ? corners[i / 18] : (uint32_t)random_next(&random);
            uint32_t b = i < 324 ? corners[i % 18] : (uint32_t)random_next(&random);
            uint32_t undefined = c.undefined;
            if (c.second == Case::COUNT) {
                b = 1 + b % (c.width_bits - 1);
                undefined |= b > 1 ? VCPU_FLAG_OF : 0;
            }
            uint32_t expected = c.host(a, b, c.second == Case::CARRY ? b & 1 : 0) & ~undefined;
            ASSERT_EQ(flags_of_gate(FLAGS_FORM(c.kind, c.width_bits), a, b), expected)
                << c.name << " of " << std::hex << a << ", " << b;
        }
    }
}

TEST(TranslatorFlags, KeptFormIsThereAndBackTheSame)
{
    for (unsigned bits = 0; bits < 64; bits++) {
        uint32_t flags = (bits & 1 ? VCPU_FLAG_CF : 0) | (bits & 2 ? VCPU_FLAG_PF : 0) |
                         (bits & 4 ? VCPU_FLAG_AF : 0) | (bits & 8 ? VCPU_FLAG_ZF : 0) |
                         (bits & 16 ? VCPU_FLAG_SF : 0) | (bits & 32 ? VCPU_FLAG_OF : 0);
        EXPECT_EQ(flags_of_gate(FLAGS_FORM(FLAGS_KEPT, 0), gate_flags_keep(flags), 0), flags);
    }
}

// --- groups ---

struct block analysed(const std::vector<uint8_t> &code)
{
    struct block block;
    block_analyse(&block, 0x2000, code.data(), code.size());
    return block;
}

TEST(TranslatorGroup, PushesAndFieldsOfTheirFrameAreOne)
{
    // push ebp; mov ebp, esp; push esi; sub esp, 16; mov [ebp - 12], eax; mov ecx, [esp + 4]; ret
    struct block block = analysed(
        {0x55, 0x89, 0xe5, 0x56, 0x83, 0xec, 0x10, 0x89, 0x45, 0xf4, 0x8b, 0x4c, 0x24, 0x04, 0xc3});
    ASSERT_EQ(block.count, 7u);
    ASSERT_EQ(block.group_count, 1u);
    EXPECT_EQ(block.groups[0].count, 5u);
    EXPECT_EQ(block.groups[0].first, 0u);
    EXPECT_EQ(block.groups[0].last, 6u);
    EXPECT_TRUE(block.groups[0].write);
    // From where ret reads, 24 bytes below the frame's begin, to the end of what the first push
    // wrote.
    EXPECT_EQ(block.groups[0].size_bytes, 24u);
    EXPECT_EQ(block.ops[0].access[ACCESS_STACK].group_offset, 20u);
    EXPECT_EQ(block.ops[6].access[ACCESS_STACK].group_offset, 0u);
    EXPECT_EQ(block.ops[4].access[ACCESS_OPERAND].group_offset, 8u);
    EXPECT_EQ(block.ops[5].access[ACCESS_OPERAND].group_offset, 4u);
}

TEST(TranslatorGroup, ARegisterThatIsLoadedBeginsAnother)
{
    // mov eax, [eax]; mov ecx, [eax + 4]; mov edx, [eax + 8]; ret
    struct block block = analysed({0x8b, 0x00, 0x8b, 0x48, 0x04, 0x8b, 0x50, 0x08, 0xc3});
    ASSERT_EQ(block.group_count, 1u);
    EXPECT_EQ(block.groups[0].first, 1u);
    EXPECT_EQ(block.groups[0].count, 2u);
    EXPECT_EQ(block.groups[0].size_bytes, 8u);
    EXPECT_EQ(block.ops[0].access[ACCESS_OPERAND].group, GROUP_NONE);
    EXPECT_FALSE(block.groups[0].write);
}

TEST(TranslatorGroup, FarAccessesAreNotOne)
{
    // mov eax, [ecx]; mov edx, [ecx + 0x1000]; ret
    struct block block = analysed({0x8b, 0x01, 0x8b, 0x91, 0x00, 0x10, 0x00, 0x00, 0xc3});
    EXPECT_EQ(block.group_count, 0u);
}

TEST(TranslatorGroup, DistancesGoRoundTheEndOfTheAddressSpace)
{
    // mov eax, [0xfffffffc]; mov ecx, [0]; ret
    struct block block =
        analysed({0xa1, 0xfc, 0xff, 0xff, 0xff, 0x8b, 0x0d, 0x00, 0x00, 0x00, 0x00, 0xc3});
    ASSERT_EQ(block.group_count, 1u);
    EXPECT_EQ(block.groups[0].size_bytes, 8u);
    EXPECT_EQ(block.ops[0].access[ACCESS_OPERAND].group_offset, 0u);
    EXPECT_EQ(block.ops[1].access[ACCESS_OPERAND].group_offset, 4u);
}

} // namespace
