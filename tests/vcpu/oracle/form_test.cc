// Every instruction form among others, on the translator and on Unicorn: after some that leave
// flags behind, before some that read its own, in its block and in the next, with a fault, an
// interrupt or the end of a budget anywhere between. What the interpreter does is right:
// instruction_test holds it to the host processor, instruction by instruction.
#include <gtest/gtest.h>

#include "vcpu/oracle/shrink.h"

namespace
{

constexpr unsigned FORM_TRIES = 4;  /* of each form, times oracle_scale() */
constexpr uint64_t LENGTH_MAX = 60; /* instructions of a try */
constexpr unsigned FAILURES_MAX = 5;
constexpr unsigned PER_UNICORN = 4; /* tries for each that Unicorn does too */

class FormTest : public testing::Test
{
  protected:
    FormTest() : interpreter_("interpreter"), translator_("translator"), unicorn_("unicorn")
    {
    }

    uint32_t below(uint32_t bound)
    {
        return (uint32_t)random_below(&random_, bound);
    }

    Trial trial_of(const Form &form)
    {
        Trial trial;
        trial.address = CODE + below(2) * below(VCPU_PAGE_BYTES);
        trial.program = maker_.make_around(&random_, form);
        trial.data_in_image = below(2);
        trial.memory.push_back({DATA, std::vector<uint8_t>(DATA_BYTES)});
        for (uint8_t &byte : trial.memory[0].bytes) {
            byte = (uint8_t)random_next(&random_);
        }
        random_state(&random_, &trial.state);
        if (below(2)) {
            trial.state.gpr[VCPU_ECX] = below(40); /* a count, of iterations or bits */
        }
        trial.length = LENGTH_MAX;
        if (below(4) == 0) {
            trial.marks.push_back({1 + below(8), Mark::INTERRUPT});
        }
        uint32_t gap_max = below(3) * 4; /* none, each instruction its own call, or now and then */
        for (uint64_t at = 0; gap_max && at < LENGTH_MAX; at += 1 + below(gap_max - 3)) {
            if (at) {
                trial.cuts.push_back(at);
            }
        }
        return trial;
    }

    /* What differs between the interpreter and that engine, shrunk; or nothing. */
    std::string wrong(const Trial &trial, Engine &engine)
    {
        if (!engine.engine) {
            return "";
        }
        const std::vector<Engine *> others = {&engine};
        const std::string name = std::string(engine.engine->ops->name) + " ";
        if (alone_ && ends_the_process(trial, interpreter_, others)) {
            return name + explained(trial, interpreter_, others);
        }
        Lockstep lockstep(trial, interpreter_, others);
        if (lockstep.run().empty()) {
            retired_ += lockstep.b->vcpu.retired;
            return "";
        }
        return name + explained(trial, interpreter_, others);
    }

    void check(const std::vector<Form> &forms)
    {
        unsigned failures = 0;
        uint64_t number = 0, only = 0;
        alone_ = oracle_only(&only);
        for (const Form &form : forms) {
            for (unsigned i = 0; i < oracle_tries(FORM_TRIES); i++, number++) {
                if (alone_ && number != only) {
                    continue;
                }
                tell_if_a_signal_ends(number);
                random_init_seed(&random_, oracle_seed() * 7919 + number);
                Trial trial = trial_of(form);
                std::string text = wrong(trial, translator_);
                if (text.empty() && number % PER_UNICORN == 0) {
                    text = wrong(trial, unicorn_);
                }
                if (!text.empty()) {
                    ADD_FAILURE() << text << "\n  form " << form.key << how_to_repeat(number);
                    if (++failures == FAILURES_MAX) {
                        return;
                    }
                    break; /* the next form */
                }
            }
        }
        EXPECT_TRUE(alone_ || retired_ > number * 4) << "too few instructions to tell anything";
        printf("%zu forms, %llu tries, %llu instructions\n", forms.size(),
               (unsigned long long)number, (unsigned long long)retired_);
    }

    ProgramMaker maker_;
    Engine interpreter_;
    Engine translator_;
    Engine unicorn_;
    struct random_stream random_;
    uint64_t retired_ = 0;
    bool alone_ = false;
};

TEST_F(FormTest, OneByteOpcodes)
{
    check(forms_of(false, 0x00, 0xd7));
}

TEST_F(FormTest, X87Opcodes)
{
    check(forms_of(false, 0xd8, 0xdf));
}

TEST_F(FormTest, TheRestOfTheOneByteOpcodes)
{
    check(forms_of(false, 0xe0, 0xff));
}

TEST_F(FormTest, OpcodesAfter0F)
{
    check(forms_of(true, 0x00, 0xff));
}

} // namespace
