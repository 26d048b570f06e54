// Pages that are absent when an instruction wants them. Whatever stops at one has changed nothing
// by then, has everything it needs once it was let have its pages one by one, and ends as it does
// where all pages are there: every form of every instruction, on every engine, with every choice
// among the pages that it touches.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "vcpu/oracle/lockstep.h"
#include "vcpu/oracle/shrink.h"

namespace
{

constexpr unsigned CHOICES_MAX = 30; /* of a try; all if they are no more */
constexpr unsigned PER_AROUND = 3;   /* one form of so many is tried among others, too */
constexpr unsigned PROGRAMS = 150;   /* times oracle_scale() */
constexpr unsigned PER_UNICORN = 4;  /* tries for each that Unicorn does too */
constexpr unsigned FAILURES_MAX = 5;
constexpr uint32_t PAGES = MEMORY_BYTES / VCPU_PAGE_BYTES;
constexpr uint32_t FIRST_PAGE = 2;

enum Choice { THERE, NOT_TO_BE_WRITTEN, ABSENT };
using Choices = std::map<uint32_t, Choice>; /* by page; the others are there */

// A trial of which the pages of one machine come and go, beside one where they stay.
class PagedRun
{
  public:
    PagedRun(const Trial &trial, Engine &interpreter, struct vcpu_arena *arena,
             struct vcpu_image *image)
        : all_there_(trial), interpreter_(interpreter)
    {
        all_there_.paged = false;
        paged_ = all_there_;
        paged_.paged = true;
        a_ = std::make_unique<Side>(all_there_, arena, image);
        b_ = std::make_unique<Side>(paged_, arena, image);
        b_->at_page = [this](const struct vcpu_need &need) { AtPage(need); };
    }

    void Choose(const Choices &choices)
    {
        vcpu_space_let(&b_->space, FIRST_PAGE, PAGES - FIRST_PAGE, true);
        for (const auto &[page, choice] : choices) {
            if (choice != THERE) {
                vcpu_space_forget(&b_->space, page, 1, choice == NOT_TO_BE_WRITTEN);
            }
        }
    }

    // Has pages go at each stop and cut, but for those that the present instruction has asked for.
    void ComeAndGo(struct random_stream *random)
    {
        random_ = random;
    }

    // What differs from the machine whose pages are all there; or nothing.
    std::string Run(Engine &engine)
    {
        for (uint64_t cut : paged_.cuts) {
            b_->advance(std::min(cut, paged_.length), {&engine}, {});
            Forget();
        }
        b_->advance(paged_.length, {&engine}, {});
        Compare(" at the end:");
        if (wrong_.empty() && b_->done() != a_->done()) {
            wrong_ = " one has ended";
        }
        return wrong_;
    }

    std::vector<std::pair<uint32_t, bool>> needs; /* pages it stopped at, and whether to write */
    uint64_t Stops() const
    {
        return b_->pages;
    }
    uint64_t Retired() const
    {
        return b_->vcpu.retired;
    }

  private:
    void AtPage(const struct vcpu_need &need)
    {
        needs.push_back({need.page, need.write});
        Compare(" at page " + std::to_string(need.page) + (need.write ? " to write:" : ":"));
        if (at_retired_ != b_->vcpu.retired || at_served_ != b_->served) {
            at_retired_ = b_->vcpu.retired;
            at_served_ = b_->served;
            kept_.clear();
        }
        if (!kept_.insert(need.page << 1 | need.write).second) {
            wrong_ = " asks twice for page " + std::to_string(need.page);
        }
        if (!wrong_.empty()) {
            b_->broken = wrong_;
        }
        Forget();
    }

    void Forget()
    {
        for (uint32_t page = FIRST_PAGE; random_ && page < PAGES; page++) {
            uint64_t dice = random_next(random_) >> 60;
            if (dice < 8 && !kept_.count(page << 1) && !kept_.count(page << 1 | 1)) {
                vcpu_space_forget(&b_->space, page, 1, dice < 3);
            }
        }
    }

    void Compare(const std::string &where)
    {
        if (!wrong_.empty()) {
            return;
        }
        a_->catch_up(*b_, interpreter_);
        wrong_ =
            a_->broken + b_->broken + difference(a_->vcpu, b_->vcpu) + memory_difference(*a_, *b_);
        wrong_ = wrong_.empty() ? "" : where + wrong_;
    }

    Trial all_there_, paged_;
    Engine &interpreter_;
    std::unique_ptr<Side> a_, b_;
    std::set<uint32_t> kept_;
    uint64_t at_retired_ = 0, at_served_ = 0;
    struct random_stream *random_ = nullptr;
    std::string wrong_;
};

class PageTest : public testing::Test
{
  protected:
    PageTest() : interpreter_("interpreter"), translator_("translator"), unicorn_("unicorn")
    {
        struct error error = ERROR_INIT;
        EXPECT_EQ(vcpu_arena_create(8u << 20, &arena_, &error), STATUS_OK) << error.message;
    }
    ~PageTest() override
    {
        vcpu_arena_destroy(arena_);
    }

    uint32_t below(uint32_t bound)
    {
        return (uint32_t)random_below(&random_, bound);
    }

    // Shortly before or behind the end of a page of data.
    uint32_t near_an_end()
    {
        return DATA + VCPU_PAGE_BYTES * (1 + below(2)) + 2 - below(12);
    }

    // One instruction of the form, where accesses and its own bytes often cross the end of a page.
    Trial alone(const Form &form)
    {
        Trial trial;
        std::vector<uint8_t> bytes;
        random_state(&random_, &trial.state);
        uint32_t *gpr = trial.state.gpr;
        for (int tries = 0; tries < 20; tries++) {
            struct isa_instruction instruction;
            form_instance(form, &random_, &bytes, &instruction);
            for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i++) {
                gpr[i] = near_an_end();
            }
            gpr[VCPU_ECX] = below(2) ? below(5) : gpr[VCPU_ECX];
            gpr[VCPU_ESP] = STACK + VCPU_PAGE_BYTES + 4 - below(40);
            if (instruction.operation >= ISA_BT && instruction.operation <= ISA_BTC &&
                instruction.operand[1].kind == ISA_OPERAND_REGISTER) {
                gpr[instruction.operand[1].number] = below(0x1000) - 0x800;
            }
            if (instruction.memory_operand == ISA_NO_OPERAND ||
                form_aim(instruction, &bytes, gpr, near_an_end())) {
                break;
            }
        }
        trial.state.eflags |= below(4) ? 0 : VCPU_FLAG_DF;
        trial.program.lines = {{bytes}, {{0x90}}, {{0x90}}, {{0x0f, 0x3f, 0x02}}};
        trial.address = CODE + VCPU_PAGE_BYTES - below(2) * (1 + below((uint32_t)bytes.size() + 1));
        trial.data_in_image = below(2);
        for (const auto &[address, size_bytes] :
             {std::pair(DATA, DATA_BYTES), {STACK, STACK_BYTES}}) {
            trial.memory.push_back({address, std::vector<uint8_t>(size_bytes)});
            for (uint8_t &byte : trial.memory.back().bytes) {
                byte = (uint8_t)random_next(&random_);
            }
        }
        trial.length = 12;
        return trial;
    }

    // All ways in which these pages may not be there; or some, if they are many.
    std::vector<Choices> choices_of(const std::vector<std::pair<uint32_t, bool>> &needs)
    {
        std::map<uint32_t, bool> written; /* pages, by whether they are */
        for (const auto &[page, write] : needs) {
            written[page] |= write;
        }
        uint64_t count = 1;
        for (const auto &[page, write] : written) {
            count *= write ? 3 : 2;
        }
        std::vector<Choices> result;
        for (uint64_t i = 0; i < std::min<uint64_t>(count, CHOICES_MAX); i++) {
            uint64_t number = count <= CHOICES_MAX ? i : random_below(&random_, count);
            Choices choices;
            for (const auto &[page, write] : written) {
                choices[page] = write ? (Choice)(number % 3) : number % 2 ? ABSENT : THERE;
                number /= write ? 3 : 2;
            }
            result.push_back(choices);
        }
        return result;
    }

    std::vector<Engine *> engines(uint64_t number)
    {
        std::vector<Engine *> result = {&interpreter_};
        if (translator_.engine) {
            result.push_back(&translator_);
        }
        if (unicorn_.engine && number % PER_UNICORN == 0) {
            result.push_back(&unicorn_);
        }
        return result;
    }

    std::string failure(const Trial &trial, const Engine &engine, const std::string &wrong,
                        const Choices &choices = {})
    {
        std::vector<uint8_t> bytes = trial.program.assemble(trial.address);
        std::string result = engine.engine->ops->name + wrong + "\n  " +
                             disassembly(bytes.data(), bytes.size(), trial.address) + "\n  " +
                             text(trial.state) + "\n ";
        for (const auto &[page, choice] : choices) {
            static const char *const names[] = {"there", "not to be written", "absent"};
            result += " page " + std::to_string(page) + " " + names[choice];
        }
        return result;
    }

    // One instruction, with all choices among its pages.
    std::string wrong_alone(const Trial &trial, uint64_t number)
    {
        const Image image(trial_image(trial, arena_));
        PagedRun all(trial, interpreter_, arena_, image.get());
        std::string wrong = all.Run(interpreter_);
        if (!wrong.empty()) {
            return failure(trial, interpreter_, wrong);
        }
        retired_ += all.Retired();
        for (const Choices &choices : choices_of(all.needs)) {
            std::vector<std::pair<uint32_t, bool>> needs;
            for (Engine *engine : engines(number)) {
                PagedRun run(trial, interpreter_, arena_, image.get());
                run.Choose(choices);
                wrong = run.Run(*engine);
                if (engine != &interpreter_ && wrong.empty() && run.needs != needs) {
                    wrong = " stops at other pages";
                }
                if (!wrong.empty()) {
                    return failure(trial, *engine, wrong, choices);
                }
                needs = run.needs;
                stops_ += run.Stops();
                runs_++;
            }
        }
        return "";
    }

    // A program whose pages come and go all the time.
    std::string wrong_among_others(const Trial &trial, uint64_t number)
    {
        const Image image(trial_image(trial, arena_));
        for (Engine *engine : engines(number)) {
            PagedRun run(trial, interpreter_, arena_, image.get());
            run.ComeAndGo(&random_);
            const std::string wrong = run.Run(*engine);
            if (!wrong.empty()) {
                return failure(trial, *engine, wrong);
            }
            stops_ += run.Stops();
            retired_ += run.Retired();
            runs_++;
        }
        return "";
    }

    // Tries of every `per`th form.
    void check_forms(unsigned per, const std::function<std::string(const Form &, uint64_t)> &wrong)
    {
        std::vector<Form> forms = forms_of(false, 0, 0xff);
        std::vector<Form> more = forms_of(true, 0, 0xff);
        forms.insert(forms.end(), more.begin(), more.end());
        unsigned failures = 0;
        uint64_t number = 0, only = 0;
        bool alone = oracle_only(&only);
        for (size_t f = oracle_seed() % per; f < forms.size(); f += per) {
            for (unsigned i = 0; i < oracle_tries(1); i++, number++) {
                if (alone && number != only) {
                    continue;
                }
                random_init_seed(&random_, oracle_seed() * 7907 + number);
                const std::string text = wrong(forms[f], number);
                if (!text.empty()) {
                    ADD_FAILURE() << text << "\n  form " << forms[f].key << how_to_repeat(number);
                    if (++failures == FAILURES_MAX) {
                        return;
                    }
                    break;
                }
            }
        }
        printf("%zu forms, %llu runs, %llu stops at pages, %llu instructions\n", forms.size(),
               (unsigned long long)runs_, (unsigned long long)stops_, (unsigned long long)retired_);
        EXPECT_TRUE(alone || stops_ > runs_);
        EXPECT_TRUE(alone || retired_ > number);
    }

    Trial around(const Form &form)
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
        trial.length = 60;
        for (uint64_t at = 20 + below(20); below(2) && at < trial.length; at += 20) {
            trial.cuts.push_back(at);
        }
        return trial;
    }

    struct Release {
        void operator()(struct vcpu_image *image) const
        {
            vcpu_image_release(image);
        }
    };
    using Image = std::unique_ptr<struct vcpu_image, Release>;

    struct vcpu_arena *arena_ = nullptr;
    ProgramMaker maker_;
    Engine interpreter_, translator_, unicorn_;
    struct random_stream random_;
    uint64_t runs_ = 0, stops_ = 0, retired_ = 0;
};

TEST_F(PageTest, EveryFormWithEveryChoiceAmongItsPages)
{
    check_forms(
        1, [this](const Form &form, uint64_t number) { return wrong_alone(alone(form), number); });
}

TEST_F(PageTest, EveryFormAmongOthersWhilePagesComeAndGo)
{
    check_forms(PER_AROUND, [this](const Form &form, uint64_t number) {
        return wrong_among_others(around(form), number);
    });
}

TEST_F(PageTest, ProgramsWhosePagesComeAndGo)
{
    uint64_t only = 0;
    bool alone = oracle_only(&only);
    for (uint64_t number = 0; number < oracle_tries(PROGRAMS) && !HasFailure(); number++) {
        if (alone && number != only) {
            continue;
        }
        Trial trial = random_trial(maker_, number, 1500);
        trial.marks.clear();
        trial.companion = false;
        trial.pages_max = UINT32_MAX;
        random_init_seed(&random_, oracle_seed() * 7919 + number);
        const std::string wrong = wrong_among_others(trial, number);
        EXPECT_EQ(wrong, "") << how_to_repeat(number);
    }
    EXPECT_TRUE(alone || stops_ > PROGRAMS);
}

} // namespace
