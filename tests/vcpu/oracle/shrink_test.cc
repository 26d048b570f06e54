// Does the lockstep find what is wrong, and does shrinking leave what one wants to see? Engines
// with one mistake each: the interpreter, but for one instruction form in one circumstance.
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>

#include "vcpu/oracle/shrink.h"

namespace
{

constexpr uint64_t PROGRAMS_MAX = 1000;
constexpr uint64_t PROGRAM_MAX = 3000;

struct Step {
    struct isa_instruction instruction; /* that was run */
    const struct vcpu &before;
    struct vcpu &vcpu; /* after it; to be spoiled */
    const struct vcpu_stop &stop;
    uint64_t done;   /* instructions of this call before it */
    uint64_t budget; /* of this call */
};

/* A mistake: changes what came out of an instruction, retired or not, if this is the one. */
struct Mistake {
    const char *name;
    unsigned operation; /* that must be in the shrunk program */
    unsigned size_max;  /* instructions of that */
    void (*spoil)(const Step &step);
    const char *shown; /* and what must be in the report */
};

uint32_t pair_flags(const Step &step)
{
    return step.before.eflags & (VCPU_FLAG_CF | VCPU_FLAG_ZF);
}

/* Of the last cmp that a mistake has seen. */
uint32_t cmp_flags;
uint64_t cmp_retired;

const Mistake MISTAKES[] = {
    {"adc with a register forgets the carry", ISA_ADC, 1,
     [](const Step &step) {
         const struct isa_instruction &one = step.instruction;
         if (one.operation == ISA_ADC && one.width_bits == 32 &&
             one.operand[0].kind == ISA_OPERAND_REGISTER &&
             one.operand[1].kind == ISA_OPERAND_REGISTER && (step.before.eflags & VCPU_FLAG_CF)) {
             step.vcpu.gpr[one.operand[0].number]--;
         }
     },
     "adc e"},
    {"jbe looks at the carry alone", ISA_JCC, 1,
     [](const Step &step) {
         if (step.instruction.operation == ISA_JCC && step.instruction.condition == 6 &&
             pair_flags(step) == VCPU_FLAG_ZF) {
             step.vcpu.eip = step.before.eip + step.instruction.length_bytes;
         }
     },
     "jbe "},
    {"push across a page's end writes no upper half", ISA_PUSH, 2,
     [](const Step &step) {
         uint32_t top = step.vcpu.gpr[VCPU_ESP], zero = 0;
         if (step.instruction.operation == ISA_PUSH && step.instruction.width_bits == 32 &&
             (top & VCPU_PAGE_MASK) == VCPU_PAGE_BYTES - 2) {
             (void)vcpu_space_store(step.vcpu.space, top + 2, &zero, 2);
         }
     },
     "push"},
    {"the last but one of a budget loses its sign flag", ISA_NONE, 3,
     [](const Step &step) {
         if (step.budget > 3 && step.done == step.budget - 2) {
             step.vcpu.eflags &= ~VCPU_FLAG_SF;
         }
     },
     "instructions in all"},
    {"a popped direction flag is not there", ISA_POPF, 2,
     [](const Step &step) {
         if (step.instruction.operation == ISA_POPF) {
             step.vcpu.eflags &= ~VCPU_FLAG_DF;
         }
     },
     "popf"},
    {"a push that faults has moved the stack pointer", ISA_PUSH, 1,
     [](const Step &step) {
         if (step.instruction.operation == ISA_PUSH && step.stop.reason == VCPU_STOP_FAULT) {
             step.vcpu.gpr[VCPU_ESP] -= 4;
         }
     },
     "push"},
    {"flags at a fault are those before the block's last cmp", ISA_CMP, 2,
     [](const Step &step) {
         if (step.instruction.operation == ISA_CMP) {
             cmp_flags = step.before.eflags;
             cmp_retired = step.vcpu.retired;
         } else if (step.stop.reason == VCPU_STOP_FAULT && cmp_retired == step.vcpu.retired) {
             step.vcpu.eflags = cmp_flags;
         }
     },
     "cmp"},
    {"fsub comes out as fsubr", ISA_FSUB, 4,
     [](const Step &step) {
         struct vcpu_x87 &x87 = step.vcpu.x87;
         if (step.instruction.operation == ISA_FSUB && (x87.valid >> x87.top & 1) &&
             x87.mantissa[x87.top] != 0) {
             x87.sign_exponent[x87.top] ^= 0x8000;
         }
     },
     "fsub"},
};

/* vcpu_engine_ops has no place for a mistake, so the engine that is being made finds it here. */
const Mistake *present_mistake;

struct WrongEngine {
    struct vcpu_engine engine; /* first: vcpu/engine.h */
    struct vcpu_engine *inner;
    const Mistake *mistake;
};

const struct vcpu_engine_ops WRONG_OPS = {
    "wrong",
    "the interpreter with a mistake",
    0,
    [](struct vcpu_engine **engine, struct error *error) {
        auto *wrong = new WrongEngine{{&WRONG_OPS, nullptr, 0}, nullptr, present_mistake};
        *engine = &wrong->engine;
        return vcpu_engine_find("interpreter")->create(&wrong->inner, error);
    },
    [](struct vcpu_engine *engine) {
        auto *wrong = (WrongEngine *)engine;
        wrong->inner->ops->destroy(wrong->inner);
        delete wrong;
    },
    [](struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget, struct vcpu_stop *stop) {
        auto *wrong = (WrongEngine *)engine;
        *stop = {};
        for (uint64_t done = 0; done < budget && stop->reason == VCPU_STOP_BUDGET;) {
            struct vcpu before = *vcpu;
            uint8_t bytes[ISA_INSTRUCTION_MAX_BYTES] = {};
            uint32_t readable = ISA_INSTRUCTION_MAX_BYTES;
            while (readable && !vcpu_space_load(vcpu->space, vcpu->eip, bytes, readable)) {
                readable--;
            }
            Step step = {{}, before, *vcpu, *stop, done, budget};
            isa_decode(bytes, readable, &step.instruction);
            vcpu_engine_run(wrong->inner, vcpu, 1, stop);
            wrong->mistake->spoil(step);
            done += stop->retired;
            stop->retired = done;
        }
    },
};

class ShrinkTest : public testing::TestWithParam<size_t>
{
};

TEST_P(ShrinkTest, AMistakeIsFoundAndIsAllThatIsLeft)
{
    const Mistake &mistake = MISTAKES[GetParam()];
    present_mistake = &mistake;
    Engine right("interpreter"), wrong(&WRONG_OPS);
    const std::vector<Engine *> others = {&wrong};
    ProgramMaker maker;
    unsigned found = 0;
    for (uint64_t number = 0; number < PROGRAMS_MAX && found < 3; number++) {
        Trial trial = random_trial(maker, number, PROGRAM_MAX);
        if (Lockstep(trial, right, others).run().empty()) {
            continue;
        }
        found++;
        Trial small = shrunk(trial, right, others);
        std::string text = report(small, right, others);
        EXPECT_FALSE(Lockstep(small, right, others).run().empty());
        EXPECT_LE(size_of(small), mistake.size_max) << text;
        EXPECT_LE(small.length, mistake.size_max + 1u) << text;
        EXPECT_NE(text.find(mistake.shown), std::string::npos) << text;
        bool has_it = mistake.operation == ISA_NONE;
        for (const Line &line : small.program.lines) {
            struct isa_instruction one;
            isa_decode(line.bytes.data(), line.bytes.size(), &one);
            has_it |= one.operation == mistake.operation;
        }
        EXPECT_TRUE(has_it) << text;
    }
    EXPECT_EQ(found, 3u) << "random programs do not find it";
}

INSTANTIATE_TEST_SUITE_P(EveryMistake, ShrinkTest,
                         testing::Range<size_t>(0, sizeof MISTAKES / sizeof *MISTAKES),
                         [](const testing::TestParamInfo<size_t> &info) {
                             std::string name = MISTAKES[info.param].name;
                             for (char &letter : name) {
                                 letter = isalnum((unsigned char)letter) ? letter : '_';
                             }
                             return name;
                         });

TEST(Shrink, WhatEndsTheProcessIsShrunkInOthers)
{
    static const Mistake fatal = {"bswap is fatal", ISA_BSWAP, 1,
                                  [](const Step &step) {
                                      if (step.instruction.operation == ISA_BSWAP) {
                                          raise(SIGFPE);
                                      }
                                  },
                                  ""};
    present_mistake = &fatal;
    Engine right("interpreter"), wrong(&WRONG_OPS);
    ProgramMaker maker;
    for (uint64_t number = 0; number < PROGRAMS_MAX; number++) {
        Trial trial = random_trial(maker, number, PROGRAM_MAX);
        if (ends_the_process(trial, right, {&wrong})) {
            std::string text = explained(trial, right, {&wrong});
            EXPECT_NE(text.find("signal " + std::to_string(SIGFPE)), std::string::npos) << text;
            EXPECT_NE(text.find("bswap"), std::string::npos) << text;
            EXPECT_NE(text.find("1 instructions in all"), std::string::npos) << text;
            return;
        }
    }
    ADD_FAILURE() << "random programs do not find it";
}

TEST(Shrink, EnginesThatAgreeAreNotTold)
{
    static const Mistake none = {"none", ISA_NONE, 0, [](const Step &) {}, ""};
    present_mistake = &none;
    Engine right("interpreter"), same(&WRONG_OPS);
    ProgramMaker maker;
    for (uint64_t number = 0; number < 30; number++) {
        Trial trial = random_trial(maker, number, PROGRAM_MAX);
        EXPECT_EQ(Lockstep(trial, right, {&same}).run(), "") << number;
    }
}

} // namespace
