// The translator against the interpreter, on code that lies in an image (what a machine has written
// itself is interpreted): every instruction form after others that leave flags behind, and whole
// random programs in pieces. What the interpreter does is right: instruction_test holds it to the
// host processor.
#include <cstring>
#include <memory>

#include <gtest/gtest.h>

#include "support/elf_builder.h"
#include "vcpu/oracle/forms.h"
#include "vcpu/oracle/machine.h"
#include "vcpu/oracle/program.h"

namespace
{

constexpr unsigned FORM_TRIES = 12;    /* of each form, times oracle_scale() */
constexpr unsigned PROGRAMS = 300;     /* times oracle_scale() */
constexpr uint64_t PROGRAM_MAX = 6000; /* instructions of one */
constexpr unsigned FAILURES_MAX = 5;

// An arena and an image with this code.
struct CodeGround {
    CodeGround(uint32_t address, const std::vector<uint8_t> &code)
    {
        std::vector<uint8_t> file = support::BuildElf(address, {{address, 0, code}});
        struct error error = ERROR_INIT;
        if (vcpu_arena_create(4u << 20, &arena, &error) != STATUS_OK ||
            vcpu_image_parse(arena, "code", file.data(), file.size(), &image, &error) !=
                STATUS_OK) {
            throw std::runtime_error(error.message);
        }
    }
    ~CodeGround()
    {
        vcpu_image_release(image);
        vcpu_arena_destroy(arena);
    }
    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
};

struct Runner {
    Runner(CodeGround &ground, const std::vector<uint8_t> &data, uint32_t entry)
        : arena(ground.arena)
    {
        vcpu_space_init(&space, ground.arena, ground.image, MEMORY_BYTES);
        vcpu.space = &space;
        vcpu_reset(&vcpu, entry);
        EXPECT_TRUE(vcpu_space_store(&space, DATA, data.data(), (uint32_t)data.size()));
    }
    ~Runner()
    {
        vcpu_space_fini(&space);
    }
    struct vcpu_arena *arena;
    struct vcpu vcpu = {};
    struct vcpu_space space = {};
};

std::string memory_difference(const Runner &a, const Runner &b)
{
    for (uint32_t page = 2; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
        const uint8_t *x = vcpu_frame_bytes(a.arena, vcpu_space_frame(&a.space, page));
        const uint8_t *y = vcpu_frame_bytes(b.arena, vcpu_space_frame(&b.space, page));
        if (x != y && memcmp(x, y, VCPU_PAGE_BYTES) != 0) {
            return " memory of page " + std::to_string(page);
        }
    }
    return a.space.private_count == b.space.private_count ? "" : " private pages";
}

class TranslatorTest : public testing::Test
{
  protected:
    TranslatorTest() : interpreter_("interpreter"), translator_("translator")
    {
    }

    void SetUp() override
    {
        if (!translator_.engine) {
            GTEST_SKIP() << "this build has no translator";
        }
    }

    uint32_t below(uint32_t bound)
    {
        return (uint32_t)random_below(&random_, bound);
    }

    std::vector<uint8_t> random_bytes(uint32_t count)
    {
        std::vector<uint8_t> bytes(count);
        for (uint8_t &byte : bytes) {
            byte = (uint8_t)random_next(&random_);
        }
        return bytes;
    }

    struct vcpu random_state(uint32_t entry)
    {
        struct vcpu state = {};
        vcpu_reset(&state, entry);
        for (uint32_t &reg : state.gpr) {
            switch (below(4)) {
            case 0:
                reg = corner32(&random_);
                break;
            case 1:
                reg = below(40);
                break;
            default:
                reg = DATA + 0x400 + below(0x2000);
                break;
            }
        }
        state.eflags = (uint32_t)random_next(&random_) & VCPU_FLAG_ALL;
        if (below(2)) {
            state.x87.control = (uint16_t)(0x007fu | (random_next(&random_) & 0x1f00u));
            state.x87.top = (uint8_t)below(8);
            state.x87.conditions = (uint8_t)below(16);
            state.x87.valid = (uint8_t)random_next(&random_);
            for (unsigned i = 0; i < 8; i++) {
                if (state.x87.valid >> i & 1) {
                    state.x87.mantissa[i] =
                        below(2) ? random_next(&random_) | 1ull << 63 : (uint64_t)below(9) << 61;
                    state.x87.sign_exponent[i] =
                        (uint16_t)(below(2) ? 0x3ff0 + below(64) : random_next(&random_));
                }
            }
        }
        return state;
    }

    // Runs both for `budget` and says what differs.
    std::string differs(Runner &a, Runner &b, uint64_t budget)
    {
        struct vcpu_stop stop_a = interpreter_.run(a.vcpu, budget);
        struct vcpu_stop stop_b = translator_.run(b.vcpu, budget);
        return difference(stop_a, stop_b) + difference(a.vcpu, b.vcpu) + memory_difference(a, b);
    }

    void check_forms(const std::vector<Form> &forms)
    {
        unsigned failures = 0;
        uint64_t number = 0;
        std::vector<Form> before = forms_of(false, 0x00, 0x3f); // what leaves flags behind
        for (const Form &form : forms) {
            for (unsigned i = 0; i < FORM_TRIES * oracle_scale(); i++) {
                random_init_seed(&random_, oracle_seed() * 7919 + number++);
                std::vector<uint8_t> code;
                unsigned count = 0;
                for (unsigned left = below(3); left; left--, count++) {
                    std::vector<uint8_t> bytes;
                    struct isa_instruction instruction;
                    form_instance(before[below((uint32_t)before.size())], &random_, &bytes,
                                  &instruction);
                    code.insert(code.end(), bytes.begin(), bytes.end());
                }
                std::vector<uint8_t> bytes;
                struct isa_instruction instruction;
                form_instance(form, &random_, &bytes, &instruction);
                code.insert(code.end(), bytes.begin(), bytes.end());
                count++;
                std::vector<uint8_t> whole = code;
                whole.insert(whole.end(), {0x0f, 0x3f, 0x02});
                CodeGround ground(CODE, whole);
                std::vector<uint8_t> data = random_bytes(DATA_BYTES);
                Runner a(ground, data, CODE), b(ground, data, CODE);
                struct vcpu_space *space_a = a.vcpu.space, *space_b = b.vcpu.space;
                struct vcpu state = random_state(CODE);
                a.vcpu = b.vcpu = state;
                a.vcpu.space = space_a;
                b.vcpu.space = space_b;
                std::string wrong = differs(a, b, count);
                if (!wrong.empty()) {
                    std::string lines;
                    for (size_t at = 0; at < code.size();) {
                        struct isa_instruction one;
                        isa_decode(&code[at], code.size() - at, &one);
                        size_t length = one.length_bytes ? one.length_bytes : code.size() - at;
                        lines += "\n  " + disassembly(&code[at], length, CODE + (uint32_t)at);
                        at += length;
                    }
                    ADD_FAILURE() << wrong << lines << "\n  from " << text(state, true)
                                  << "\n  form " << form.key << ", seed " << oracle_seed()
                                  << ", try " << number - 1;
                    if (++failures == FAILURES_MAX) {
                        return;
                    }
                    break;
                }
            }
        }
    }

    struct random_stream random_;
    Engine interpreter_;
    Engine translator_;
};

TEST_F(TranslatorTest, OneByteOpcodes)
{
    check_forms(forms_of(false, 0x00, 0xd7));
}

TEST_F(TranslatorTest, X87Opcodes)
{
    check_forms(forms_of(false, 0xd8, 0xdf));
}

TEST_F(TranslatorTest, TheRestOfTheOneByteOpcodes)
{
    check_forms(forms_of(false, 0xe0, 0xff));
}

TEST_F(TranslatorTest, OpcodesAfter0F)
{
    check_forms(forms_of(true, 0x00, 0xff));
}

TEST_F(TranslatorTest, ProgramsInPiecesAreTheInterpretersInOne)
{
    ProgramMaker maker;
    unsigned failures = 0;
    uint64_t retired = 0;
    for (uint64_t seed = 0; seed < PROGRAMS * oracle_scale(); seed++) {
        random_init_seed(&random_, oracle_seed() * 1000003 + seed);
        uint32_t address = CODE + below(VCPU_PAGE_BYTES);
        std::vector<uint8_t> code = maker.make(&random_, address);
        CodeGround ground(address, code);
        std::vector<uint8_t> data = random_bytes(DATA_BYTES);
        uint32_t rounds = 1 + below(30);
        memcpy(data.data(), &rounds, sizeof rounds);
        auto at = [&](Engine &engine, uint64_t until, bool pieces, struct vcpu_stop *stop) {
            auto runner = std::make_unique<Runner>(ground, data, address);
            for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
                runner->vcpu.gpr[i] = (uint32_t)(seed * 0x9e3779b9u * (i + 1));
            }
            struct random_stream cuts;
            random_init_seed(&cuts, seed);
            while (runner->vcpu.retired < until) {
                uint64_t budget = until - runner->vcpu.retired;
                if (pieces) {
                    static const uint32_t bounds[] = {2, 8, 64, 2000};
                    uint64_t piece = 1 + random_below(&cuts, bounds[random_below(&cuts, 4)]);
                    budget = piece < budget ? piece : budget;
                }
                *stop = engine.run(runner->vcpu, budget);
                stop->retired = 0;
                if (stop->reason == VCPU_STOP_PORT || stop->reason == VCPU_STOP_REGISTER) {
                    vcpu_access_complete(&runner->vcpu, &stop->access,
                                         (uint32_t)(runner->vcpu.retired * 0x01000193));
                } else if (stop->reason == VCPU_STOP_IDLE) {
                    runner->vcpu.cycles += 1000;
                    vcpu_idle_complete(&runner->vcpu);
                } else if (stop->reason != VCPU_STOP_BUDGET) {
                    break;
                }
            }
            return runner;
        };
        auto wrong_at = [&](uint64_t until, bool pieces) {
            struct vcpu_stop stop_a = {}, stop_b = {};
            auto a = at(interpreter_, until, false, &stop_a);
            auto b = at(translator_, until, pieces, &stop_b);
            retired += b->vcpu.retired;
            return difference(stop_a, stop_b) + difference(a->vcpu, b->vcpu) +
                   memory_difference(*a, *b);
        };
        for (bool pieces : {false, true}) {
            std::string wrong = wrong_at(PROGRAM_MAX, pieces);
            if (wrong.empty()) {
                continue;
            }
            uint64_t good = 0, bad = PROGRAM_MAX;
            while (bad - good > 1) {
                uint64_t middle = good + (bad - good) / 2;
                (wrong_at(middle, pieces).empty() ? good : bad) = middle;
            }
            struct vcpu_stop stop;
            auto before = at(interpreter_, good, false, &stop);
            uint8_t bytes[ISA_INSTRUCTION_MAX_BYTES] = {};
            (void)vcpu_space_load(&before->space, before->vcpu.eip, bytes, sizeof bytes);
            ADD_FAILURE() << "program " << seed << ", seed " << oracle_seed()
                          << (pieces ? ", in pieces" : "") << ": instruction " << good << ":"
                          << wrong_at(bad, pieces) << "\n  "
                          << disassembly(bytes, sizeof bytes, before->vcpu.eip) << "\n  from "
                          << text(before->vcpu);
            if (++failures == FAILURES_MAX) {
                return;
            }
            break;
        }
    }
    printf("%llu instructions\n", (unsigned long long)retired);
}

} // namespace
