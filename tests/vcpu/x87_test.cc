/*
 * The x87 against the host processor: every form on random whole states, random sequences of forms,
 * and beside them figures from the manual, which hold on any host.
 */
#include <gtest/gtest.h>

#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "vcpu/x87_host.h"

extern "C" {
#include <base/hash.h>

#include "x87/x87.h"
#include "x87/x87_value.h"
}

namespace
{

constexpr uint64_t kSeed = 20020612;
constexpr unsigned kC1 = 2;

bool ConditionHolds(uint32_t eflags, unsigned condition)
{
    bool holds = false;
    switch (condition & 0xe) {
    case 0x2:
        holds = eflags & VCPU_FLAG_CF;
        break;
    case 0x4:
        holds = eflags & VCPU_FLAG_ZF;
        break;
    case 0x6:
        holds = eflags & (VCPU_FLAG_CF | VCPU_FLAG_ZF);
        break;
    case 0xa:
        holds = eflags & VCPU_FLAG_PF;
        break;
    }
    return holds != (condition & 1);
}

/* What an engine does with a form. */
void Apply(const struct x87_form *form, uint8_t modrm, uint8_t *memory, X87State *state)
{
    struct vcpu_x87 *x87 = &state->x87;
    unsigned index = modrm & 7;
    switch (form->kind) {
    case X87_REGISTER:
        form->run(x87, index);
        break;
    case X87_LOAD: {
        uint8_t bytes[10] = {};
        memcpy(bytes, memory, form->size_bytes);
        struct x87_operand operand = {};
        memcpy(&operand.low, bytes, 8);
        memcpy(&operand.high, bytes + 8, 2);
        form->load(x87, operand);
        break;
    }
    case X87_STORE: {
        struct x87_operand operand = form->store(x87);
        uint8_t bytes[10];
        memcpy(bytes, &operand.low, 8);
        memcpy(bytes + 8, &operand.high, 2);
        memcpy(memory, bytes, form->size_bytes);
        if (form->pop) {
            x87_pop(x87);
        }
        break;
    }
    case X87_FLAGS:
        state->eflags = (state->eflags & VCPU_FLAG_DF) | form->flags(x87, index);
        break;
    case X87_MOVE:
        form->move(x87, index, ConditionHolds(state->eflags, form->condition));
        break;
    case X87_STATUS_AX:
        state->eax = (state->eax & 0xffff0000u) | x87_status(x87);
        break;
    }
}

std::string Describe(const X87State &state)
{
    std::ostringstream text;
    text << std::hex << "control " << state.x87.control << " top " << unsigned(state.x87.top)
         << " conditions " << unsigned(state.x87.conditions) << " eflags " << state.eflags
         << " eax " << state.eax << "\n";
    for (unsigned i = 0; i < 8; i++) {
        unsigned physical = (state.x87.top + i) & 7;
        text << "  st" << i << " ";
        if (state.x87.valid >> physical & 1) {
            text << state.x87.sign_exponent[physical] << " " << state.x87.mantissa[physical];
        } else {
            text << "empty";
        }
        text << "\n";
    }
    text << "  memory";
    for (unsigned i = 0; i < 16; i++) {
        text << " " << unsigned(state.memory[i]);
    }
    text << "\n";
    return text.str();
}

/* Takes off the hardware's result what the ISA says otherwise (docs/isa.md, "x87"). */
void Adapt(X87State *hardware, const X87State &before, bool examined)
{
    hardware->x87.control =
        static_cast<uint16_t>((hardware->x87.control & X87_CONTROL_WRITABLE) | X87_CONTROL_FIXED);
    unsigned c1 = before.x87.conditions & kC1; /* nothing but fxam and fninit writes it */
    if (examined) {
        c1 = hardware->x87.conditions & kC1;
        if ((hardware->x87.conditions & ~kC1) == 0x9) {
            c1 = 0; /* an empty register has no sign here */
        }
    }
    hardware->x87.conditions = static_cast<uint8_t>((hardware->x87.conditions & ~kC1) | c1);
}

/* Equal in everything the guest can see; registers not in use are zeros on both sides. */
bool Same(const X87State &a, const X87State &b)
{
    return memcmp(a.x87.mantissa, b.x87.mantissa, sizeof a.x87.mantissa) == 0 &&
           memcmp(a.x87.sign_exponent, b.x87.sign_exponent, sizeof a.x87.sign_exponent) == 0 &&
           a.x87.control == b.x87.control && a.x87.top == b.x87.top &&
           a.x87.conditions == b.x87.conditions && a.x87.valid == b.x87.valid &&
           a.eflags == b.eflags && a.eax == b.eax &&
           memcmp(a.memory, b.memory, sizeof a.memory) == 0;
}

TEST(X87, EveryFormAgreesWithTheProcessorOnRandomStates)
{
    if (!X87HostIsThere()) {
        GTEST_SKIP() << "the host has no x87 to compare with";
    }
    X87Host host;
    for (const X87Instruction &instruction : X87AllInstructions()) {
        const struct x87_form *form = instruction.form;
        std::string name = form->name;
        struct random_stream random;
        random_init(&random, kSeed, name.c_str());
        host.Prepare({instruction.opcode, instruction.modrm});
        unsigned rounds = form->kind == X87_LOAD || form->kind == X87_STORE ? 20000 : 4000;
        for (unsigned round = 0; round < rounds; round++) {
            X87State before = X87RandomState(&random);
            if (form->kind == X87_LOAD) {
                X87RandomOperand(&random, form->size_bytes, before.memory);
            }
            X87State ours = before;
            X87State hardware = before;
            Apply(form, instruction.modrm, ours.memory, &ours);
            host.Run(&hardware);
            Adapt(&hardware, before, name == "fxam");
            if (name == "fninit") {
                hardware.x87.conditions &= static_cast<uint8_t>(~kC1);
            } else if (name == "fnstcw m16") {
                ASSERT_EQ(hardware.memory[0] & 0x3f, 0x3f);
            }
            ASSERT_TRUE(Same(ours, hardware))
                << name << ", seed " << kSeed << ", round " << round
                << "\nbefore: " << Describe(before) << "ours: " << Describe(ours)
                << "hardware: " << Describe(hardware);
        }
    }
}

TEST(X87, SequencesAgreeWithTheProcessor)
{
    if (!X87HostIsThere()) {
        GTEST_SKIP() << "the host has no x87 to compare with";
    }
    X87Host host;
    struct random_stream random;
    random_init(&random, kSeed, "sequences");
    for (unsigned round = 0; round < 20000; round++) {
        X87Sequence sequence = X87RandomSequence(&random, 24);
        host.Prepare(sequence.bytes);
        X87State ours = sequence.before;
        X87State hardware = sequence.before;
        for (const X87Instruction &one : sequence.instructions) {
            Apply(one.form, one.modrm, ours.memory + one.offset, &ours);
        }
        host.Run(&hardware);
        hardware.x87.control = static_cast<uint16_t>((hardware.x87.control & X87_CONTROL_WRITABLE) |
                                                     X87_CONTROL_FIXED);
        ours.x87.conditions &= static_cast<uint8_t>(~kC1);
        hardware.x87.conditions &= static_cast<uint8_t>(~kC1);
        ASSERT_TRUE(Same(ours, hardware))
            << "seed " << kSeed << ", round " << round << ": " << sequence.text
            << "\nbefore: " << Describe(sequence.before) << "ours: " << Describe(ours)
            << "hardware: " << Describe(hardware);
    }
}

/* --- what holds on any host, whatever implements x87_value.h there --- */

/* The states that all forms lead to, in one number, which is that of the hardware: the tests above
 * say so where there is an x87, and this one elsewhere. It changes when the states tried do. */
TEST(X87, GivesTheSameBitsOnEveryHost)
{
    struct random_stream random;
    random_init(&random, kSeed, "every host");
    uint64_t digest = 0;
    auto add = [&](const auto &part) { digest = hash_chain(digest, &part, sizeof part); };
    for (const X87Instruction &instruction : X87AllInstructions()) {
        for (unsigned round = 0; round < 500; round++) {
            X87State state = X87RandomState(&random);
            if (instruction.form->kind == X87_LOAD) {
                X87RandomOperand(&random, instruction.form->size_bytes, state.memory);
            }
            Apply(instruction.form, instruction.modrm, state.memory, &state);
            add(state.x87.mantissa);
            add(state.x87.sign_exponent);
            add(state.x87.control);
            add(state.x87.top);
            add(state.x87.conditions);
            add(state.x87.valid);
            add(state.eflags);
            add(state.eax);
            add(state.memory);
        }
    }
    EXPECT_EQ(digest, 0x438f7676a8924412u) << "0x" << std::hex << digest;
}

/* --- figures from the manual --- */

/* Runs the register form D8..DF, modrm >= C0. */
void Do(struct vcpu_x87 *x87, uint8_t opcode, uint8_t modrm)
{
    const struct x87_form *form = x87_form_find(opcode, modrm);
    ASSERT_NE(form, nullptr);
    ASSERT_EQ(form->kind, X87_REGISTER);
    form->run(x87, modrm & 7);
}

void Load80(struct vcpu_x87 *x87, uint16_t sign_exponent, uint64_t mantissa)
{
    x87_form_find(0xdb, 0x28)->load(x87, {mantissa, sign_exponent});
}

uint64_t Store(struct vcpu_x87 *x87, uint8_t opcode, uint8_t modrm)
{
    return x87_form_find(opcode, modrm)->store(x87).low;
}

struct x87_value Top(const struct vcpu_x87 &x87)
{
    return {x87.mantissa[x87.top], x87.sign_exponent[x87.top]};
}

TEST(X87, RoundsConstantsAsTheControlWordSays)
{
    /* Intel SDM vol. 1, 8.3.8: constants are kept with more bits and rounded when loaded. */
    static const struct {
        uint8_t modrm;
        uint16_t exponent;
        uint64_t down, nearest, up;
    } constants[] = {
        {0xe8, 0x3fff, 0x8000000000000000, 0x8000000000000000, 0x8000000000000000},
        {0xe9, 0x4000, 0xd49a784bcd1b8afe, 0xd49a784bcd1b8afe, 0xd49a784bcd1b8aff},
        {0xea, 0x3fff, 0xb8aa3b295c17f0bb, 0xb8aa3b295c17f0bc, 0xb8aa3b295c17f0bc},
        {0xeb, 0x4000, 0xc90fdaa22168c234, 0xc90fdaa22168c235, 0xc90fdaa22168c235},
        {0xec, 0x3ffd, 0x9a209a84fbcff798, 0x9a209a84fbcff799, 0x9a209a84fbcff799},
        {0xed, 0x3ffe, 0xb17217f7d1cf79ab, 0xb17217f7d1cf79ac, 0xb17217f7d1cf79ac},
        {0xee, 0x0000, 0, 0, 0},
    };
    for (const auto &constant : constants) {
        const uint64_t expected[] = {constant.nearest, constant.down, constant.up, constant.down};
        for (unsigned rounding = 0; rounding < 4; rounding++) {
            struct vcpu_x87 x87;
            x87_reset(&x87);
            x87.control = static_cast<uint16_t>(0x37f | rounding << 10);
            Do(&x87, 0xd9, constant.modrm);
            EXPECT_EQ(Top(x87).mantissa, expected[rounding]) << "rounding control " << rounding;
            EXPECT_EQ(Top(x87).sign_exponent, constant.exponent);
        }
    }
}

TEST(X87, RoundsToThePrecisionThatTheControlWordSays)
{
    static const uint64_t third[4] = {0xaaaaab0000000000, 0xaaaaaaaaaaaaaaab, 0xaaaaaaaaaaaaa800,
                                      0xaaaaaaaaaaaaaaab};
    for (unsigned precision = 0; precision < 4; precision++) {
        struct vcpu_x87 x87;
        x87_reset(&x87);
        x87.control = static_cast<uint16_t>(0x7f | precision << 8);
        Load80(&x87, 0x3fff, 0x8000000000000000);
        Load80(&x87, 0x4000, 0xc000000000000000);
        Do(&x87, 0xde, 0xf9); /* fdivp */
        EXPECT_EQ(Top(x87).mantissa, third[precision]) << "precision control " << precision;
        EXPECT_EQ(Top(x87).sign_exponent, 0x3ffd);
        EXPECT_EQ(x87.valid, 0x80);
    }
}

TEST(X87, ClassifiesEveryEncoding)
{
    static const struct {
        uint16_t sign_exponent;
        uint64_t mantissa;
        uint8_t conditions;
        const char *what;
    } classes[] = {
        {0x0000, 0, 0x8, "+0"},
        {0x8000, 0, 0xa, "-0"},
        {0x0000, 1, 0xc, "denormal"},
        {0x8000, 0x8000000000000000, 0xe, "-pseudo-denormal"},
        {0x3fff, 0x8000000000000000, 0x4, "1"},
        {0xbfff, 0x8000000000000000, 0x6, "-1"},
        {0x3fff, 0x4000000000000000, 0x0, "unnormal"},
        {0x3fff, 0, 0x0, "pseudo-zero"},
        {0x7fff, 0x8000000000000000, 0x5, "+infinity"},
        {0xffff, 0x8000000000000000, 0x7, "-infinity"},
        {0x7fff, 0xc000000000000000, 0x1, "quiet NaN"},
        {0xffff, 0x8000000000000001, 0x3, "-signalling NaN"},
        {0x7fff, 0, 0x0, "pseudo-infinity"},
        {0xffff, 0x4000000000000000, 0x2, "-pseudo-NaN"},
    };
    for (const auto &one : classes) {
        struct vcpu_x87 x87;
        x87_reset(&x87);
        Load80(&x87, one.sign_exponent, one.mantissa);
        Do(&x87, 0xd9, 0xe5);
        EXPECT_EQ(x87.conditions, one.conditions) << one.what;
    }
    struct vcpu_x87 x87;
    x87_reset(&x87);
    Do(&x87, 0xd9, 0xe5);
    EXPECT_EQ(x87.conditions, 0x9) << "empty";
}

TEST(X87, KeepsTheSignOfTheLastExaminationInC1)
{
    struct vcpu_x87 x87;
    x87_reset(&x87);
    Load80(&x87, 0xbfff, 0x8000000000000000);
    Do(&x87, 0xd9, 0xe5); /* fxam */
    EXPECT_EQ(x87_status(&x87) & 0x200, 0x200) << "gcc's signbit tests this";
    Do(&x87, 0xd8, 0xd0); /* fcom: equal */
    EXPECT_EQ(x87_status(&x87), 0x3800 | 0x4000 | 0x200);
    Do(&x87, 0xd9, 0xe1); /* fabs */
    Do(&x87, 0xd9, 0xe5);
    EXPECT_EQ(x87_status(&x87) & 0x200, 0);
}

TEST(X87, PutsTheIndefiniteValueWhereTheStackOverflows)
{
    struct vcpu_x87 x87;
    x87_reset(&x87);
    for (int i = 0; i < 8; i++) {
        Do(&x87, 0xd9, 0xe8);
        EXPECT_EQ(Top(x87).sign_exponent, 0x3fff);
    }
    EXPECT_EQ(x87.valid, 0xff);
    Do(&x87, 0xd9, 0xe8);
    EXPECT_EQ(Top(x87).sign_exponent, 0xffff);
    EXPECT_EQ(Top(x87).mantissa, 0xc000000000000000);
    EXPECT_EQ(x87.top, 7);
}

TEST(X87, ReadsEmptyRegistersAsTheIndefiniteValueOfEachFormat)
{
    struct vcpu_x87 x87;
    x87_reset(&x87);
    EXPECT_EQ(Store(&x87, 0xd9, 0x18), 0xffc00000u);
    EXPECT_EQ(Store(&x87, 0xdd, 0x18), 0xfff8000000000000u);
    EXPECT_EQ(Store(&x87, 0xdf, 0x18), 0x8000u);
    EXPECT_EQ(Store(&x87, 0xdb, 0x18), 0x80000000u);
    EXPECT_EQ(Store(&x87, 0xdf, 0x38), 0x8000000000000000u);
    struct x87_operand operand = x87_form_find(0xdb, 0x38)->store(&x87);
    EXPECT_EQ(operand.high, 0xffff);
    EXPECT_EQ(operand.low, 0xc000000000000000u);
    Do(&x87, 0xd8, 0xd1); /* fcom st1: unordered */
    EXPECT_EQ(x87.conditions, 0xd);
    Do(&x87, 0xde, 0xc1); /* faddp: the result is in use, whatever was empty */
    EXPECT_EQ(x87.valid, 0x02);
    EXPECT_EQ(Top(x87).sign_exponent, 0xffff);
}

TEST(X87, StoresIntegersAtTheEdgesOfTheirRange)
{
    struct vcpu_x87 x87;
    x87_reset(&x87);
    Load80(&x87, 0x401d, 0xffffffff00000000); /* 2147483647.5 */
    EXPECT_EQ(Store(&x87, 0xdb, 0x10), 0x80000000u) << "to nearest: out of range";
    x87.control = 0xf7f;
    EXPECT_EQ(Store(&x87, 0xdb, 0x10), 0x7fffffffu) << "toward zero";
    x87.control = 0x37f;
    Load80(&x87, 0xc01e, 0x8000000000000000); /* -2^31 */
    EXPECT_EQ(Store(&x87, 0xdb, 0x10), 0x80000000u);
    EXPECT_EQ(Store(&x87, 0xdf, 0x10), 0x8000u) << "m16: out of range";
    Load80(&x87, 0x403e, 0x8000000000000000); /* 2^63 */
    EXPECT_EQ(Store(&x87, 0xdf, 0x38), 0x8000000000000000u);
    Load80(&x87, 0x4000, 0xa000000000000000); /* 2.5: to even */
    EXPECT_EQ(Store(&x87, 0xdf, 0x10), 2u);
}

TEST(X87, KeepsTheMasksSetWhateverIsLoaded)
{
    struct vcpu_x87 x87;
    x87_reset(&x87);
    const struct x87_form *fldcw = x87_form_find(0xd9, 0x28);
    fldcw->load(&x87, {0x0000, 0});
    EXPECT_EQ(Store(&x87, 0xd9, 0x38), 0x007fu);
    fldcw->load(&x87, {0xffff, 0});
    EXPECT_EQ(Store(&x87, 0xd9, 0x38), 0x1f7fu);
}

TEST(X87, ArithmeticWithASignallingNanInMemoryDoesNotQuietItFirst)
{
    /* Intel SDM vol. 1, table 4-7: of an SNaN and a QNaN the QNaN wins, whichever is larger. */
    struct vcpu_x87 x87;
    x87_reset(&x87);
    Load80(&x87, 0x7fff, 0xc000000000000100);
    x87_form_find(0xdc, 0x00)->load(&x87, {0x7ff7ffffffffffff, 0}); /* fadd m64 */
    EXPECT_EQ(Top(x87).mantissa, 0xc000000000000100);
    /* Loaded, it is quiet, and then the larger significand wins. */
    x87_form_find(0xdd, 0x00)->load(&x87, {0x7ff7ffffffffffff, 0});
    Do(&x87, 0xde, 0xc1);
    EXPECT_EQ(Top(x87).mantissa, 0xfffffffffffff800);
}

TEST(X87, EmptyRegistersHoldNothing)
{
    struct vcpu_x87 x87, untouched;
    x87_reset(&x87);
    x87_reset(&untouched);
    Do(&x87, 0xd9, 0xeb); /* fldpi */
    Do(&x87, 0xdd, 0xd8); /* fstp st0 */
    EXPECT_EQ(memcmp(&x87, &untouched, sizeof x87), 0);
}

TEST(X87, CanonicalStateIsWhatAnyBytesBecome)
{
    struct vcpu_x87 x87;
    memset(&x87, 0xff, sizeof x87);
    x87.valid = 0x0f;
    x87_canonicalize(&x87);
    EXPECT_EQ(x87.control, 0x1f7f);
    EXPECT_EQ(x87.top, 7);
    EXPECT_EQ(x87.conditions, 0xf);
    EXPECT_EQ(x87.mantissa[3], ~0ull);
    EXPECT_EQ(x87.mantissa[4], 0u);
    EXPECT_EQ(x87.sign_exponent[4], 0u);
}

TEST(X87, HasNoFormForWhatTheIsaLeavesOut)
{
    static const struct {
        uint8_t opcode, modrm;
        const char *what;
    } absent[] = {
        {0xd9, 0xf0, "f2xm1"},   {0xd9, 0xf1, "fyl2x"},   {0xd9, 0xf2, "fptan"},
        {0xd9, 0xf3, "fpatan"},  {0xd9, 0xf4, "fxtract"}, {0xd9, 0xf5, "fprem1"},
        {0xd9, 0xf8, "fprem"},   {0xd9, 0xf9, "fyl2xp1"}, {0xd9, 0xfb, "fsincos"},
        {0xd9, 0xfd, "fscale"},  {0xd9, 0xfe, "fsin"},    {0xd9, 0xff, "fcos"},
        {0xd9, 0x30, "fnstenv"}, {0xd9, 0x20, "fldenv"},  {0xdd, 0x30, "fnsave"},
        {0xdd, 0x20, "frstor"},  {0xdf, 0x20, "fbld"},    {0xdf, 0x30, "fbstp"},
        {0xdb, 0x08, "fisttp"},  {0xdd, 0x08, "fisttp"},  {0xdf, 0x08, "fisttp"},
        {0xdf, 0xc0, "ffreep"},  {0xdc, 0xd0, "fcom2"},   {0xdb, 0xe0, "fneni"},
        {0xdb, 0xe4, "fnsetpm"}, {0xd9, 0xd1, "fnop+1"},  {0xdf, 0xe1, "fnstsw+1"},
        {0xd7, 0xc0, "xlat"},    {0xe0, 0xc0, "loopne"},
    };
    for (const auto &one : absent) {
        EXPECT_EQ(x87_form_find(one.opcode, one.modrm), nullptr) << one.what;
    }
}

} // namespace
