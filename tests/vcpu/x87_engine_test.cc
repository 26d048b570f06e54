/*
 * x87 instructions as guest code: every engine of this build against the host processor, their
 * encodings against the decoder, and what a fault leaves behind. The values themselves are
 * x87_test.cc's.
 */
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include <elf.h>

#include "vcpu/x87_host.h"

extern "C" {
#include <vcpu/engine.h>
#include <vcpu/image.h>
#include <vcpu/isa.h>

#include "x87/x87.h"
}

namespace
{

constexpr uint64_t kSeed = 19990717;
constexpr uint32_t kCode = 0x2000;
constexpr uint32_t kData = 0x8000;
constexpr uint32_t kMemoryBytes = 0x10000;
constexpr unsigned kC1 = 2;

/* A node of 64 KiB whose image is a page of zeros at kCode. */
class Node
{
  public:
    Node()
    {
        struct {
            Elf32_Ehdr header;
            Elf32_Phdr segment;
        } file = {};
        memcpy(file.header.e_ident, ELFMAG, SELFMAG);
        file.header.e_ident[EI_CLASS] = ELFCLASS32;
        file.header.e_ident[EI_DATA] = ELFDATA2LSB;
        file.header.e_ident[EI_VERSION] = EV_CURRENT;
        file.header.e_type = ET_EXEC;
        file.header.e_machine = EM_386;
        file.header.e_version = EV_CURRENT;
        file.header.e_entry = kCode;
        file.header.e_phoff = sizeof file.header;
        file.header.e_ehsize = sizeof file.header;
        file.header.e_phentsize = sizeof file.segment;
        file.header.e_phnum = 1;
        file.segment.p_type = PT_LOAD;
        file.segment.p_offset = 0;
        file.segment.p_vaddr = kCode;
        file.segment.p_filesz = sizeof file;
        file.segment.p_memsz = VCPU_PAGE_BYTES;
        file.segment.p_flags = PF_R | PF_W | PF_X;
        struct error error = ERROR_INIT;
        EXPECT_EQ(vcpu_arena_create(4u << 20, &arena_, &error), STATUS_OK) << error.message;
        EXPECT_EQ(vcpu_image_parse(arena_, "test", &file, sizeof file, &image_, &error), STATUS_OK)
            << error.message;
        vcpu_space_init(&space_, arena_, image_, kMemoryBytes);
    }
    ~Node()
    {
        vcpu_space_fini(&space_);
        vcpu_image_release(image_);
        vcpu_arena_destroy(arena_);
    }
    Node(const Node &) = delete;
    Node &operator=(const Node &) = delete;

    /* Ready to run bytes from kCode with the state; memory at esi. */
    void Prepare(const std::vector<uint8_t> &bytes, const X87State &state, uint32_t esi)
    {
        vcpu_reset(&vcpu, kCode);
        vcpu.space = &space_;
        vcpu.x87 = state.x87;
        vcpu.eflags = state.eflags;
        vcpu.gpr[VCPU_EAX] = state.eax;
        vcpu.gpr[VCPU_ESI] = esi;
        ASSERT_TRUE(
            vcpu_space_store(&space_, kCode, bytes.data(), static_cast<uint32_t>(bytes.size())));
    }
    void Store(uint32_t address, const void *bytes, uint32_t size_bytes)
    {
        ASSERT_TRUE(vcpu_space_store(&space_, address, bytes, size_bytes));
    }
    void Load(uint32_t address, void *bytes, uint32_t size_bytes)
    {
        ASSERT_TRUE(vcpu_space_load(&space_, address, bytes, size_bytes));
    }

    struct vcpu vcpu = {};

  private:
    struct vcpu_arena *arena_ = nullptr;
    struct vcpu_image *image_ = nullptr;
    struct vcpu_space space_ = {};
};

class X87Engine : public testing::TestWithParam<const char *>
{
  protected:
    void SetUp() override
    {
        const struct vcpu_engine_ops *ops = vcpu_engine_find(GetParam());
        if (ops == nullptr) {
            GTEST_SKIP() << "this build has no engine " << GetParam();
        }
        struct error error = ERROR_INIT;
        ASSERT_EQ(ops->create(&engine_, &error), STATUS_OK) << error.message;
    }
    void TearDown() override
    {
        if (engine_ != nullptr) {
            engine_->ops->destroy(engine_);
        }
    }
    struct vcpu_stop Run(Node *node, uint64_t budget)
    {
        struct vcpu_stop stop;
        vcpu_engine_run(engine_, &node->vcpu, budget, &stop);
        return stop;
    }

    struct vcpu_engine *engine_ = nullptr;
};

bool SameX87(const struct vcpu_x87 &a, const struct vcpu_x87 &b)
{
    return memcmp(a.mantissa, b.mantissa, sizeof a.mantissa) == 0 &&
           memcmp(a.sign_exponent, b.sign_exponent, sizeof a.sign_exponent) == 0 &&
           a.control == b.control && a.top == b.top && a.conditions == b.conditions &&
           a.valid == b.valid;
}

TEST_P(X87Engine, RunsEveryFormAsTheProcessorDoes)
{
    if (!X87HostIsThere()) {
        GTEST_SKIP() << "the host has no x87 to compare with";
    }
    X87Host host;
    Node node;
    struct random_stream random;
    random_init(&random, kSeed, "engine");
    for (const X87Instruction &instruction : X87AllInstructions()) {
        const struct x87_form *form = instruction.form;
        std::string name = form->name;
        const std::vector<uint8_t> bytes = {instruction.opcode, instruction.modrm};
        host.Prepare(bytes);
        for (int round = 0; round < 60; round++) {
            X87State before = X87RandomState(&random);
            if (form->kind == X87_LOAD) {
                X87RandomOperand(&random, form->size_bytes, before.memory);
            }
            X87State expected = before;
            host.Run(&expected);
            expected.x87.control = static_cast<uint16_t>(
                (expected.x87.control & X87_CONTROL_WRITABLE) | X87_CONTROL_FIXED);
            if (name != "fxam" && name != "fninit") {
                expected.x87.conditions = static_cast<uint8_t>((expected.x87.conditions & ~kC1) |
                                                               (before.x87.conditions & kC1));
            } else if (name == "fninit" || (expected.x87.conditions & ~kC1) == 0x9) {
                expected.x87.conditions &= static_cast<uint8_t>(~kC1);
            }
            /* Now and then across the end of a page. */
            uint32_t esi = kData;
            if (form->size_bytes > 1 && round % 4 == 0) {
                esi += VCPU_PAGE_BYTES - 1 -
                       static_cast<uint32_t>(random_below(&random, form->size_bytes - 1u));
            }
            node.Prepare(bytes, before, esi);
            node.Store(esi, before.memory, sizeof before.memory);
            struct vcpu_stop stop = Run(&node, 1);
            std::string where =
                name + ", seed " + std::to_string(kSeed) + ", round " + std::to_string(round);
            ASSERT_EQ(stop.reason, VCPU_STOP_BUDGET) << where;
            ASSERT_EQ(stop.retired, 1u) << where;
            ASSERT_EQ(node.vcpu.eip, kCode + 2) << where;
            ASSERT_TRUE(SameX87(node.vcpu.x87, expected.x87)) << where;
            ASSERT_EQ(node.vcpu.eflags, expected.eflags) << where;
            ASSERT_EQ(node.vcpu.gpr[VCPU_EAX], expected.eax) << where;
            uint8_t after[sizeof expected.memory];
            node.Load(esi, after, sizeof after);
            ASSERT_EQ(memcmp(after, expected.memory, sizeof after), 0) << where;
        }
    }
}

TEST_P(X87Engine, RunsSequencesAsTheProcessorDoes)
{
    if (!X87HostIsThere()) {
        GTEST_SKIP() << "the host has no x87 to compare with";
    }
    X87Host host;
    Node node;
    struct random_stream random;
    random_init(&random, kSeed, "engine sequences");
    for (unsigned round = 0; round < 400; round++) {
        X87Sequence sequence = X87RandomSequence(&random, 24);
        X87State expected = sequence.before;
        host.Prepare(sequence.bytes);
        host.Run(&expected);
        /* The jump keeps an engine that decodes ahead out of what was there before. */
        std::vector<uint8_t> code = sequence.bytes;
        code.insert(code.end(), {0xeb, 0xfe});
        node.Prepare(code, sequence.before, kData);
        node.Store(kData, sequence.before.memory, sizeof sequence.before.memory);
        struct vcpu_stop stop = Run(&node, sequence.count);
        std::string where = "seed " + std::to_string(kSeed) + ", round " + std::to_string(round) +
                            ": " + sequence.text;
        ASSERT_EQ(stop.reason, VCPU_STOP_BUDGET) << where;
        ASSERT_EQ(node.vcpu.eip, kCode + sequence.bytes.size()) << where;
        expected.x87.control = static_cast<uint16_t>((expected.x87.control & X87_CONTROL_WRITABLE) |
                                                     X87_CONTROL_FIXED);
        expected.x87.conditions &= static_cast<uint8_t>(~kC1);
        node.vcpu.x87.conditions &= static_cast<uint8_t>(~kC1);
        ASSERT_TRUE(SameX87(node.vcpu.x87, expected.x87)) << where;
        ASSERT_EQ(node.vcpu.eflags, expected.eflags) << where;
        uint8_t after[sizeof expected.memory];
        node.Load(kData, after, sizeof after);
        ASSERT_EQ(memcmp(after, expected.memory, sizeof after), 0) << where;
    }
}

TEST_P(X87Engine, AFaultingOperandChangesNothing)
{
    static const struct {
        std::vector<uint8_t> bytes;
        const char *name;
    } instructions[] = {
        {{0xdd, 0x1e}, "fstp m64"},  {{0xdb, 0x3e}, "fstp m80"}, {{0xdf, 0x3e}, "fistp m64"},
        {{0xdd, 0x16}, "fst m64"},   {{0xdd, 0x06}, "fld m64"},  {{0xdc, 0x06}, "fadd m64"},
        {{0xdc, 0x1e}, "fcomp m64"},
    };
    static const struct {
        uint32_t esi;
        enum vcpu_fault_kind kind;
        uint32_t address;
    } places[] = {
        {0x10, VCPU_FAULT_MEMORY, 0x10},
        {0x1000, VCPU_FAULT_REGISTER, 0x1000},
        {kMemoryBytes - 4, VCPU_FAULT_MEMORY, kMemoryBytes},
        {0xfffffffc, VCPU_FAULT_MEMORY, 0xfffffffc},
    };
    Node node;
    struct random_stream random;
    random_init(&random, kSeed, "fault");
    for (const auto &instruction : instructions) {
        for (const auto &place : places) {
            X87State before = X87RandomState(&random);
            node.Prepare(instruction.bytes, before, place.esi);
            uint32_t last = 0x12345678, after = 0;
            node.Store(kMemoryBytes - 4, &last, 4);
            struct vcpu_stop stop = Run(&node, 1);
            EXPECT_EQ(stop.reason, VCPU_STOP_FAULT) << instruction.name << " at " << place.esi;
            EXPECT_EQ(stop.fault.kind, place.kind) << instruction.name << " at " << place.esi;
            EXPECT_EQ(stop.fault.address, place.address) << instruction.name;
            EXPECT_EQ(stop.retired, 0u);
            EXPECT_EQ(node.vcpu.eip, kCode);
            EXPECT_TRUE(SameX87(node.vcpu.x87, before.x87)) << instruction.name;
            EXPECT_EQ(node.vcpu.eflags, before.eflags) << instruction.name;
            node.Load(kMemoryBytes - 4, &after, 4);
            EXPECT_EQ(after, last) << instruction.name;
        }
    }
}

TEST_P(X87Engine, AddressesItsOperandLikeAnyOtherInstruction)
{
    /* fld qword [ebx + 4 * ecx - 8]; fmul qword [ebx + 4 * ecx]; fstp qword [0x8010] */
    const std::vector<uint8_t> bytes = {0xdd, 0x44, 0x8b, 0xf8, 0xdc, 0x0c, 0x8b,
                                        0xdd, 0x1d, 0x10, 0x80, 0x00, 0x00};
    Node node;
    X87State state = {};
    x87_reset(&state.x87);
    node.Prepare(bytes, state, 0);
    node.vcpu.gpr[VCPU_EBX] = kData;
    node.vcpu.gpr[VCPU_ECX] = 2;
    const uint64_t factors[2] = {0x4008000000000000, 0xc014000000000000}; /* 3.0, -5.0 */
    node.Store(kData, factors, sizeof factors);
    struct vcpu_stop stop = Run(&node, 3);
    ASSERT_EQ(stop.reason, VCPU_STOP_BUDGET);
    uint64_t product = 0;
    node.Load(0x8010, &product, sizeof product);
    EXPECT_EQ(product, 0xc02e000000000000u); /* -15.0 */
    EXPECT_EQ(node.vcpu.x87.valid, 0);
}

INSTANTIATE_TEST_SUITE_P(All, X87Engine, testing::Values("interpreter", "unicorn"),
                         [](const auto &info) { return std::string(info.param); });

TEST(X87Decode, IsLegalExactlyWhereThereIsAForm)
{
    for (unsigned opcode = 0xd8; opcode <= 0xdf; opcode++) {
        for (unsigned modrm = 0; modrm < 0x100; modrm++) {
            const uint8_t bytes[15] = {static_cast<uint8_t>(opcode), static_cast<uint8_t>(modrm)};
            struct isa_instruction instruction;
            isa_decode(bytes, sizeof bytes, &instruction);
            bool in_isa = x87_form_find(bytes[0], bytes[1]) != nullptr;
            EXPECT_EQ(instruction.kind != ISA_CLASS_ILLEGAL, in_isa)
                << std::hex << opcode << " " << modrm;
            if (in_isa) {
                EXPECT_GE(instruction.operation, ISA_X87_FIRST);
                EXPECT_EQ(instruction.opcode, opcode);
                EXPECT_EQ(instruction.modrm, modrm);
            }
        }
    }
}

TEST(X87Decode, TakesNoPrefixButTheFlatSegments)
{
    struct isa_instruction instruction;
    for (uint8_t prefix : {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x64, 0x65}) {
        const uint8_t bytes[15] = {prefix, 0xdd, 0x06};
        isa_decode(bytes, sizeof bytes, &instruction);
        EXPECT_EQ(instruction.kind, ISA_CLASS_ILLEGAL) << unsigned(prefix);
    }
    const uint8_t flat[15] = {0x36, 0xdd, 0x06}; /* ss: */
    isa_decode(flat, sizeof flat, &instruction);
    EXPECT_EQ(instruction.operation, ISA_FLD);
    EXPECT_EQ(instruction.length_bytes, 3);
}

} // namespace
