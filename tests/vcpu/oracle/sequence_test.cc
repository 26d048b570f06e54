// Random programs on all engines in lockstep: whatever the budgets, and whichever engine runs which
// stretch, the state after the same number of instructions is the same. A difference is shrunk to
// the smallest program that shows it.
//
// DENALI_ORACLE_SCALE=100 runs a hundred times as many programs, DENALI_ORACLE_SEED=2 others, and
// DENALI_ORACLE_PROGRAM=17 only that one.
#include <array>
#include <memory>

#include <gtest/gtest.h>

#include "vcpu/oracle/shrink.h"

namespace
{

constexpr unsigned PROGRAMS = 500;     /* of each test, times oracle_scale() */
constexpr uint64_t PROGRAM_MAX = 4000; /* instructions of one */
constexpr unsigned FAILURES_MAX = 3;

class SequenceTest : public testing::Test
{
  protected:
    SequenceTest() : interpreter_("interpreter"), translator_("translator"), unicorn_("unicorn")
    {
    }

    void explain(const Trial &trial, uint64_t number, const std::string &wrong,
                 const std::vector<Engine *> &engines)
    {
        ADD_FAILURE() << "program " << number << ":" << wrong
                      << "\nshrunk: " << explained(trial, interpreter_, engines)
                      << how_to_repeat(number);
    }

    /* Two programs at a time by turns, so that an engine also changes between machines with
     * different code at the same addresses. */
    void check(const std::vector<Engine *> &engines, bool in_image, bool in_pieces)
    {
        for (Engine *engine : engines) {
            if (!engine->engine) {
                GTEST_SKIP() << "an engine that this build has not";
            }
        }
        ProgramMaker maker;
        uint64_t first = 0, count = oracle_tries(PROGRAMS);
        if (oracle_only(&first)) {
            count = 1;
        }
        unsigned failures = 0;
        uint64_t retired = 0, unchanged = 0, faults = 0, pages = 0, ended = 0, lost = 0;
        for (uint64_t number = first; number < first + count; number += 2) {
            std::array<Trial, 2> trials;
            std::array<std::unique_ptr<Lockstep>, 2> runs;
            std::array<bool, 2> goes;
            for (unsigned i = 0; i < 2; i++) {
                trials[i] = random_trial(maker, number + i, PROGRAM_MAX);
                trials[i].in_image = in_image;
                if (!in_pieces) {
                    trials[i].cuts.clear();
                }
                if (count == 1 && ends_the_process(trials[i], interpreter_, engines)) {
                    return explain(trials[i], number + i, " a signal", engines);
                }
                runs[i] = std::make_unique<Lockstep>(trials[i], interpreter_, engines);
                goes[i] = true;
            }
            while (goes[0] || goes[1]) {
                for (unsigned i = 0; i < 2; i++) {
                    tell_if_a_signal_ends(number + i);
                    goes[i] = goes[i] && runs[i]->step();
                }
            }
            for (unsigned i = 0; i < 2; i++) {
                retired += runs[i]->b->vcpu.retired;
                unchanged += runs[i]->b->retired_unchanged;
                faults += runs[i]->b->faults;
                pages += runs[i]->b->pages;
                bool terminated = runs[i]->b->stop.reason == VCPU_STOP_TERMINATE;
                ended += terminated;
                lost += runs[i]->b->done() && !terminated;
                if (!runs[i]->wrong.empty()) {
                    explain(trials[i], number + i, runs[i]->wrong, engines);
                    if (++failures == FAILURES_MAX) {
                        return;
                    }
                }
            }
        }
        printf("%llu instructions, %llu of them of unchanged images, %llu faults; of %llu programs "
               "%llu ended, %llu got lost\n",
               (unsigned long long)retired, (unsigned long long)unchanged,
               (unsigned long long)faults, (unsigned long long)count, (unsigned long long)ended,
               (unsigned long long)lost);
        if (count == 1) {
            return;
        }
        EXPECT_GT(pages, count) << "pages that were absent";
        EXPECT_GT(retired, count * 500) << "the programs die too early to tell anything";
        if (in_image) {
            EXPECT_GT(unchanged, retired / 2) << "what has changed itself is interpreted";
        }
    }

    Engine interpreter_;
    Engine translator_;
    Engine unicorn_;
};

TEST_F(SequenceTest, TranslatorInPiecesIsTheInterpreterInOne)
{
    check({&translator_}, true, true);
}

TEST_F(SequenceTest, TranslatorInOneIsTheInterpreterInOne)
{
    check({&translator_}, true, false);
}

TEST_F(SequenceTest, UnicornInPiecesIsTheInterpreterInOne)
{
    check({&unicorn_}, true, true);
}

TEST_F(SequenceTest, UnicornOnWrittenCodeIsTheInterpreterInOne)
{
    check({&unicorn_}, false, true);
}

TEST_F(SequenceTest, EnginesChangeInMidRun)
{
    check({&interpreter_, &translator_, &unicorn_}, true, true);
}

TEST_F(SequenceTest, EnginesChangeInMidRunOfWrittenCode)
{
    check({&interpreter_, &unicorn_}, false, true);
}

TEST_F(SequenceTest, InterpreterInPiecesIsTheInterpreterInOne)
{
    check({&interpreter_}, true, true);
}

} // namespace
