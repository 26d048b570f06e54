// The instruction set as a function of bytes: what is in, what is out, how long, of what class.
#include <gtest/gtest.h>

#include "vcpu/guest.h"

namespace
{

using vcpu_test::Bytes;
using vcpu_test::hex;

struct isa_instruction decode(const std::string &text)
{
    Bytes bytes = hex(text);
    struct isa_instruction instruction;
    isa_decode(bytes.data(), bytes.size(), &instruction);
    return instruction;
}

struct Row {
    const char *bytes;
    enum isa_operation operation;
    enum isa_class kind;
    unsigned length;
    unsigned width;
};

const Row kLegal[] = {
    {"01 d8", ISA_ADD, ISA_CLASS_ORDINARY, 2, 32},
    {"66 01 d8", ISA_ADD, ISA_CLASS_ORDINARY, 3, 16},
    {"00 d8", ISA_ADD, ISA_CLASS_ORDINARY, 2, 8},
    {"82 c0 05", ISA_ADD, ISA_CLASS_ORDINARY, 3, 8},
    {"83 c0 ff", ISA_ADD, ISA_CLASS_ORDINARY, 3, 32},
    {"f0 01 03", ISA_ADD, ISA_CLASS_ORDINARY, 3, 32},
    {"f6 c8 01", ISA_TEST, ISA_CLASS_ORDINARY, 3, 8},
    {"d1 e0", ISA_SHL, ISA_CLASS_ORDINARY, 2, 32},
    {"d1 f0", ISA_SHL, ISA_CLASS_ORDINARY, 2, 32},
    {"d3 f8", ISA_SAR, ISA_CLASS_ORDINARY, 2, 32},
    {"c0 d0 03", ISA_RCL, ISA_CLASS_ORDINARY, 3, 8},
    {"0f a4 d8 05", ISA_SHLD, ISA_CLASS_ORDINARY, 4, 32},
    {"0f ad d8", ISA_SHRD, ISA_CLASS_ORDINARY, 3, 32},
    {"f7 e3", ISA_MUL, ISA_CLASS_ORDINARY, 2, 32},
    {"6b c3 07", ISA_IMUL, ISA_CLASS_ORDINARY, 3, 32},
    {"0f af c3", ISA_IMUL, ISA_CLASS_ORDINARY, 3, 32},
    {"f7 fb", ISA_IDIV, ISA_CLASS_ORDINARY, 2, 32},
    {"89 d8", ISA_MOV, ISA_CLASS_ORDINARY, 2, 32},
    {"8b 03", ISA_MOV, ISA_CLASS_MOVE32, 2, 32},
    {"89 03", ISA_MOV, ISA_CLASS_MOVE32, 2, 32},
    {"a1 00 10 00 00", ISA_MOV, ISA_CLASS_MOVE32, 5, 32},
    {"c7 03 01 00 00 00", ISA_MOV, ISA_CLASS_MOVE32, 6, 32},
    {"66 8b 03", ISA_MOV, ISA_CLASS_ORDINARY, 3, 16},
    {"8a 03", ISA_MOV, ISA_CLASS_ORDINARY, 2, 8},
    {"8c d8", ISA_MOV_SEGMENT, ISA_CLASS_DEFINED, 2, 32},
    {"8c 03", ISA_MOV_SEGMENT, ISA_CLASS_DEFINED, 2, 16},
    {"1e", ISA_PUSH_SEGMENT, ISA_CLASS_DEFINED, 1, 32},
    {"0f b6 c3", ISA_MOVZX, ISA_CLASS_ORDINARY, 3, 32},
    {"0f bf c3", ISA_MOVSX, ISA_CLASS_ORDINARY, 3, 32},
    {"0f 44 c3", ISA_CMOV, ISA_CLASS_ORDINARY, 3, 32},
    {"0f c8", ISA_BSWAP, ISA_CLASS_ORDINARY, 2, 32},
    {"0f c1 d8", ISA_XADD, ISA_CLASS_ORDINARY, 3, 32},
    {"0f b1 d9", ISA_CMPXCHG, ISA_CLASS_ORDINARY, 3, 32},
    {"f0 0f c7 0b", ISA_CMPXCHG8B, ISA_CLASS_ORDINARY, 4, 32},
    {"8d 04 8b", ISA_LEA, ISA_CLASS_ORDINARY, 3, 32},
    {"f3 a5", ISA_MOVS, ISA_CLASS_ORDINARY, 2, 32},
    {"f2 ae", ISA_SCAS, ISA_CLASS_ORDINARY, 2, 8},
    {"66 f3 ab", ISA_STOS, ISA_CLASS_ORDINARY, 3, 16},
    {"eb fe", ISA_JMP, ISA_CLASS_ORDINARY, 2, 32},
    {"3e 74 00", ISA_JCC, ISA_CLASS_ORDINARY, 3, 32},
    {"0f 8f 00 00 00 00", ISA_JCC, ISA_CLASS_ORDINARY, 6, 32},
    {"e3 00", ISA_JECXZ, ISA_CLASS_ORDINARY, 2, 32},
    {"ff d0", ISA_CALL, ISA_CLASS_ORDINARY, 2, 32},
    {"c2 04 00", ISA_RET, ISA_CLASS_ORDINARY, 3, 32},
    {"f3 c3", ISA_RET, ISA_CLASS_ORDINARY, 2, 32},
    {"6a ff", ISA_PUSH, ISA_CLASS_ORDINARY, 2, 32},
    {"66 6a ff", ISA_PUSH, ISA_CLASS_ORDINARY, 3, 16},
    {"60", ISA_PUSHA, ISA_CLASS_ORDINARY, 1, 32},
    {"9c", ISA_PUSHF, ISA_CLASS_DEFINED, 1, 32},
    {"9d", ISA_POPF, ISA_CLASS_DEFINED, 1, 32},
    {"c8 10 00 00", ISA_ENTER, ISA_CLASS_ORDINARY, 4, 32},
    {"0f ab 03", ISA_BTS, ISA_CLASS_ORDINARY, 3, 32},
    {"0f bc c3", ISA_BSF, ISA_CLASS_ORDINARY, 3, 32},
    {"f3 0f bc c3", ISA_BSF, ISA_CLASS_DEFINED, 4, 32},
    {"0f 94 c0", ISA_SETCC, ISA_CLASS_ORDINARY, 3, 8},
    {"d4 0a", ISA_AAM, ISA_CLASS_ORDINARY, 2, 8},
    {"90", ISA_NOP, ISA_CLASS_ORDINARY, 1, 32},
    {"f3 90", ISA_NOP, ISA_CLASS_ORDINARY, 2, 32},
    {"0f 1f 44 00 00", ISA_NOP, ISA_CLASS_ORDINARY, 5, 32},
    {"66 2e 0f 1f 84 00 00 00 00 00", ISA_NOP, ISA_CLASS_ORDINARY, 10, 16},
    {"f3 0f 1e fb", ISA_NOP, ISA_CLASS_ORDINARY, 4, 32},
    {"0f 31", ISA_RDTSC, ISA_CLASS_DEFINED, 2, 32},
    {"ec", ISA_IN, ISA_CLASS_PORT, 1, 8},
    {"e5 10", ISA_IN, ISA_CLASS_PORT, 2, 32},
    {"66 ef", ISA_OUT, ISA_CLASS_PORT, 2, 16},
    {"cc", ISA_INT3, ISA_CLASS_TRAP, 1, 32},
    {"ce", ISA_INTO, ISA_CLASS_TRAP, 1, 32},
    {"62 03", ISA_BOUND, ISA_CLASS_TRAP, 2, 32},
    {"0f 3f 01", ISA_IDLE, ISA_CLASS_IDLE, 3, 32},
    {"0f 3f 02", ISA_TERMINATE, ISA_CLASS_TERMINATE, 3, 32},
    {"dd 03", ISA_FLD, ISA_CLASS_ORDINARY, 2, 32},
    {"df e0", ISA_FNSTSW, ISA_CLASS_ORDINARY, 2, 32},
    {"9b", ISA_FWAIT, ISA_CLASS_ORDINARY, 1, 32},
};

TEST(Decode, KnowsEveryLegalFormByClassLengthAndWidth)
{
    for (const Row &row : kLegal) {
        struct isa_instruction instruction = decode(row.bytes);
        EXPECT_EQ(instruction.kind, row.kind) << row.bytes;
        EXPECT_EQ(instruction.operation, row.operation) << row.bytes;
        EXPECT_EQ(instruction.length_bytes, row.length) << row.bytes;
        if (row.operation < ISA_X87_FIRST && row.operation != ISA_AAM) {
            EXPECT_EQ(instruction.width_bits, row.width) << row.bytes;
        }
    }
}

const char *const kIllegal[] = {
    "0f 0b",                                        // ud2
    "0f a2",                                        // cpuid
    "0f 01 03",                                     // sgdt
    "0f 01 0b",                                     // sidt
    "0f 00 03",                                     // sldt
    "0f 00 0b",                                     // str
    "0f 01 e0",                                     // smsw
    "0f 00 e0",                                     // verr
    "0f 00 e8",                                     // verw
    "0f 02 c3",                                     // lar
    "0f 03 c3",                                     // lsl
    "63 c3",                                        // arpl
    "8e d8",                                        // mov ds, ax
    "1f",                                           // pop ds
    "0f a1",                                        // pop fs
    "c4 03",                                        // les
    "c5 03",                                        // lds
    "0f b2 03",                                     // lss
    "0f b4 03",                                     // lfs
    "0f b5 03",                                     // lgs
    "9a 00 00 00 00 0b 00",                         // call far
    "ea 00 00 00 00 0b 00",                         // jmp far
    "ff 1b",                                        // call far [ebx]
    "ff 2b",                                        // jmp far [ebx]
    "cb",                                           // retf
    "ca 04 00",                                     // retf 4
    "cf",                                           // iret
    "cd 80",                                        // int 0x80
    "cd 03",                                        // int 3, in two bytes
    "f1",                                           // int1
    "fa",                                           // cli
    "fb",                                           // sti
    "f4",                                           // hlt
    "6c",                                           // insb
    "6f",                                           // outsd
    "0f 33",                                        // rdpmc
    "0f 32",                                        // rdmsr
    "0f 30",                                        // wrmsr
    "0f 34",                                        // sysenter
    "0f 05",                                        // syscall
    "0f 08",                                        // invd
    "0f 09",                                        // wbinvd
    "0f 01 f9",                                     // rdtscp
    "0f 20 c0",                                     // mov eax, cr0
    "0f 21 c0",                                     // mov eax, dr0
    "0f 06",                                        // clts
    "d6",                                           // salc
    "67 8b 03",                                     // 16-bit addressing
    "67 e3 00",                                     // jcxz
    "64 8b 03",                                     // fs:
    "65 8b 03",                                     // gs:
    "66 e9 00 00",                                  // jmp with a 16-bit target
    "66 c3",                                        // ret to a 16-bit target
    "66 60",                                        // pusha of 16 bits
    "66 9c",                                        // pushf of 16 bits
    "c8 10 00 01",                                  // enter with nesting
    "f2 a4",                                        // repne movsb
    "f3 01 d8",                                     // rep add
    "f3 0f bd c3",                                  // lzcnt
    "f3 0f b8 c3",                                  // popcnt
    "f0 89 03",                                     // lock mov
    "f0 01 d8",                                     // lock add to a register
    "66 0f c8",                                     // bswap of 16 bits
    "0f 0d 03",                                     // prefetchw
    "0f 18 03",                                     // prefetch
    "0f 19 03",                                     // a reserved nop
    "0f 1e c3",                                     // a reserved nop
    "f3 0f 1e fa",                                  // endbr64
    "0f 77",                                        // emms
    "0f 6f c1",                                     // movq mm0, mm1
    "0f 10 c1",                                     // movups
    "f2 0f 10 c1",                                  // movsd xmm0, xmm1
    "f2 0f c2 c1 00",                               // cmpsd xmm0, xmm1
    "0f ae e8",                                     // lfence
    "0f ae 03",                                     // fxsave
    "0f c7 f0",                                     // rdrand
    "0f 38 f0 03",                                  // movbe
    "c5 f8 77",                                     // vzeroupper
    "db 0b",                                        // fisttp
    "d9 fe",                                        // fsin
    "d9 f8",                                        // fprem
    "d9 23",                                        // fldenv
    "dd 33",                                        // fnsave
    "df 23",                                        // fbld
    "dc d0",                                        // fcom by an alias
    "0f 3f 00",                                     // no virtual instruction
    "0f 3f 03",                                     // no virtual instruction
    "66 0f 3f 01",                                  // idle takes no prefix
    "8d c0",                                        // lea of a register
    "fe d0",                                        // no such operation in group 4
    "ff f8",                                        // no such operation in group 5
    "66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", // fits
};

TEST(Decode, RefusesWhatIsNotInTheIsa)
{
    for (const char *text : kIllegal) {
        struct isa_instruction instruction = decode(text);
        if (std::string(text).ends_with("90")) {
            EXPECT_EQ(instruction.kind, ISA_CLASS_ORDINARY) << "15 bytes are still legal";
            continue;
        }
        EXPECT_EQ(instruction.kind, ISA_CLASS_ILLEGAL)
            << text << ": " << isa_operation_name((enum isa_operation)instruction.operation);
        EXPECT_EQ(instruction.length_bytes, 0) << text;
    }
}

TEST(Decode, RefusesSixteenBytes)
{
    EXPECT_EQ(decode("66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90").kind, ISA_CLASS_ILLEGAL);
}

TEST(Decode, EveryProperBeginningOfALegalInstructionIsTruncated)
{
    for (const Row &row : kLegal) {
        Bytes bytes = hex(row.bytes);
        for (size_t size = 0; size < bytes.size(); size++) {
            struct isa_instruction instruction;
            isa_decode(bytes.data(), size, &instruction);
            bool shorter = std::string(row.bytes) == "9b"; // a prefix to some, complete alone
            EXPECT_EQ(instruction.kind, ISA_CLASS_TRUNCATED)
                << row.bytes << " cut to " << size << (shorter ? " " : "");
        }
    }
}

TEST(Decode, GivesOperandsInAFormOfOurOwn)
{
    struct isa_instruction instruction = decode("8b 84 8d 78 56 34 12"); // mov eax,[ebp+ecx*4+..]
    ASSERT_EQ(instruction.operand_count, 2);
    EXPECT_EQ(instruction.operand[0].kind, ISA_OPERAND_REGISTER);
    EXPECT_EQ(instruction.operand[0].number, VCPU_EAX);
    EXPECT_EQ(instruction.operand[1].kind, ISA_OPERAND_MEMORY);
    EXPECT_EQ(instruction.operand[1].base, VCPU_EBP);
    EXPECT_EQ(instruction.operand[1].index, VCPU_ECX);
    EXPECT_EQ(instruction.operand[1].shift, 2);
    EXPECT_EQ(instruction.operand[1].displacement, 0x12345678u);
    EXPECT_EQ(instruction.memory_operand, 1);

    instruction = decode("a3 00 90 00 00"); // mov [0x9000], eax
    EXPECT_EQ(instruction.operand[0].base, ISA_NO_REGISTER);
    EXPECT_EQ(instruction.operand[0].index, ISA_NO_REGISTER);
    EXPECT_EQ(instruction.operand[0].displacement, 0x9000u);

    instruction = decode("b4 80"); // mov ah, 0x80
    EXPECT_EQ(instruction.operand[0].number, 4);
    EXPECT_EQ(instruction.operand[0].width_bits, 8);

    instruction = decode("83 c0 80"); // add eax, -128
    EXPECT_EQ(instruction.operand[1].value, 0xffffff80u);

    instruction = decode("7f 80"); // jg .-126
    EXPECT_EQ(instruction.operand[0].kind, ISA_OPERAND_RELATIVE);
    EXPECT_EQ(instruction.operand[0].value, 0xffffff80u);
    EXPECT_EQ(instruction.condition, 15);
}

TEST(Decode, TellsWhichFlagsX86LeavesUndefined)
{
    EXPECT_EQ(decode("01 d8").flags_undefined, 0);
    EXPECT_EQ(decode("21 d8").flags_undefined, VCPU_FLAG_AF);
    EXPECT_EQ(decode("c1 e0 00").flags_undefined, 0);
    EXPECT_EQ(decode("c1 e0 01").flags_undefined, VCPU_FLAG_AF);
    EXPECT_EQ(decode("d1 e0").flags_undefined, VCPU_FLAG_AF);
    EXPECT_EQ(decode("c1 e0 05").flags_undefined, VCPU_FLAG_AF | VCPU_FLAG_OF);
    EXPECT_EQ(decode("c1 c0 05").flags_undefined, VCPU_FLAG_OF);
    EXPECT_EQ(decode("d3 e0").flags_undefined, VCPU_FLAG_AF | VCPU_FLAG_OF);
    EXPECT_TRUE(decode("d3 e0").counted_by_cl);
    EXPECT_FALSE(decode("c1 e0 05").counted_by_cl);
    EXPECT_TRUE(decode("0f a5 d8").counted_by_cl);
    EXPECT_EQ(decode("f7 f3").flags_undefined, VCPU_FLAG_ALL & ~VCPU_FLAG_DF);
}

TEST(Decode, LooksAtNoByteBeyondTheInstruction)
{
    for (const Row &row : kLegal) {
        Bytes bytes = hex(row.bytes);
        struct isa_instruction alone;
        isa_decode(bytes.data(), bytes.size(), &alone);
        for (uint8_t filler : {0x00, 0x66, 0xff}) {
            Bytes longer = bytes;
            longer.resize(ISA_INSTRUCTION_MAX_BYTES, filler);
            struct isa_instruction instruction;
            isa_decode(longer.data(), longer.size(), &instruction);
            EXPECT_EQ(memcmp(&alone, &instruction, sizeof alone), 0) << row.bytes;
        }
    }
}

} // namespace
