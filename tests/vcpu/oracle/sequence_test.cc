// Random programs on both engines: whatever the budgets, and whichever engine runs which stretch,
// the state after the same number of instructions is the same.
#include <cstring>
#include <memory>

#include <gtest/gtest.h>

#include "vcpu/oracle/machine.h"
#include "vcpu/oracle/program.h"

namespace
{

constexpr unsigned PROGRAMS = 250;     /* times oracle_scale() */
constexpr uint64_t PROGRAM_MAX = 6000; /* instructions of one */

class SequenceTest : public testing::Test
{
  protected:
    SequenceTest() : interpreter_("interpreter"), unicorn_("unicorn")
    {
    }

    struct Program {
        uint64_t seed;
        uint32_t address;
        std::vector<uint8_t> code;
        std::vector<uint8_t> data;
        std::unique_ptr<Machine> a;
        std::unique_ptr<Machine> b;
        bool ended = false;
    };

    std::unique_ptr<Machine> start(const Program &program)
    {
        auto machine = std::make_unique<Machine>(ground_);
        machine->write(program.address, program.code.data(), (uint32_t)program.code.size());
        machine->write(DATA, program.data.data(), DATA_BYTES);
        vcpu_reset(&machine->vcpu, program.address);
        for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
            machine->vcpu.gpr[i] = (uint32_t)(program.seed * 0x9e3779b9u * (i + 1));
        }
        return machine;
    }

    Program make(uint64_t seed)
    {
        struct random_stream random;
        random_init_seed(&random, oracle_seed() * 1000003 + seed);
        Program program;
        program.seed = seed;
        /* Often so that it crosses a page's end. */
        program.address = CODE + (uint32_t)random_below(&random, VCPU_PAGE_BYTES);
        program.code = maker_.make(&random, program.address);
        program.data.resize(DATA_BYTES);
        for (uint8_t &byte : program.data) {
            byte = (uint8_t)random_next(&random);
        }
        uint32_t rounds = 1 + (uint32_t)random_below(&random, 30);
        memcpy(program.data.data(), &rounds, sizeof rounds);
        program.a = start(program);
        program.b = start(program);
        return program;
    }

    /* What the host does at a stop, the same for every engine. False if the machine is done. */
    static bool serve(struct vcpu &vcpu, const struct vcpu_stop &stop)
    {
        switch (stop.reason) {
        case VCPU_STOP_BUDGET:
            return true;
        case VCPU_STOP_PORT:
        case VCPU_STOP_REGISTER:
            vcpu_access_complete(&vcpu, &stop.access, (uint32_t)(vcpu.retired * 0x01000193));
            return true;
        case VCPU_STOP_IDLE:
            vcpu.cycles += 1000;
            vcpu_idle_complete(&vcpu);
            return true;
        default:
            return false;
        }
    }

    /* Runs until the machine has retired `until` or is done; pieces: how long one call may be. */
    bool advance(Machine &machine, uint64_t until, struct random_stream *random, int pieces,
                 Engine *engine, struct vcpu_stop *stop)
    {
        while (machine.vcpu.retired < until) {
            uint64_t budget = until - machine.vcpu.retired;
            if (pieces) {
                static const uint32_t bounds[] = {2, 8, 64, 2000};
                uint64_t piece = 1 + random_below(random, bounds[random_below(random, 4)]);
                budget = piece < budget ? piece : budget;
            }
            Engine *chosen = engine ? engine : random_below(random, 2) ? &interpreter_ : &unicorn_;
            uint64_t before = machine.vcpu.retired;
            *stop = chosen->run(machine.vcpu, budget);
            EXPECT_EQ(machine.vcpu.retired - before, stop->retired);
            EXPECT_LE(stop->retired, budget);
            EXPECT_EQ(stop->reason == VCPU_STOP_BUDGET, stop->retired == budget);
            stop->retired = 0; /* depends on the pieces */
            if (!serve(machine.vcpu, *stop)) {
                return false;
            }
        }
        return true;
    }

    std::string memory_difference(Machine &a, Machine &b)
    {
        for (uint32_t page = 2; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
            const uint8_t *x = vcpu_frame_bytes(ground_.arena, vcpu_space_frame(&a.space, page));
            const uint8_t *y = vcpu_frame_bytes(ground_.arena, vcpu_space_frame(&b.space, page));
            if (x != y && memcmp(x, y, VCPU_PAGE_BYTES) != 0) {
                uint32_t i = 0;
                while (x[i] == y[i]) {
                    i++;
                }
                char line[64];
                snprintf(line, sizeof line, " [%x] %02x/%02x", page * VCPU_PAGE_BYTES + i, x[i],
                         y[i]);
                return line;
            }
        }
        return a.space.private_count == b.space.private_count ? "" : " private pages";
    }

    /* Repeats the program instruction by instruction to say where the engines part. */
    std::string locate(const Program &program)
    {
        std::unique_ptr<Machine> a = start(program);
        std::unique_ptr<Machine> b = start(program);
        for (uint64_t i = 0; i < PROGRAM_MAX; i++) {
            struct vcpu before = a->vcpu;
            std::vector<uint8_t> bytes(ISA_INSTRUCTION_MAX_BYTES);
            (void)vcpu_space_load(&a->space, before.eip, bytes.data(), (uint32_t)bytes.size());
            struct vcpu_stop stop_a = interpreter_.run(a->vcpu, 1);
            struct vcpu_stop stop_b = unicorn_.run(b->vcpu, 1);
            std::string wrong = difference(stop_a, stop_b) + difference(a->vcpu, b->vcpu) +
                                memory_difference(*a, *b);
            if (!wrong.empty()) {
                return "instruction " + std::to_string(i) + ":" + wrong + "\n  " +
                       disassembly(bytes.data(), bytes.size(), before.eip) + "\n  from " +
                       text(before, true);
            }
            if (!serve(a->vcpu, stop_a) || !serve(b->vcpu, stop_b)) {
                break;
            }
        }
        return "not when run instruction by instruction";
    }

    bool compare(Program &program, const struct vcpu_stop &a, const struct vcpu_stop &b)
    {
        std::string wrong = difference(a, b) + difference(program.a->vcpu, program.b->vcpu) +
                            memory_difference(*program.a, *program.b);
        if (!wrong.empty()) {
            ADD_FAILURE() << "program " << program.seed << ", seed " << oracle_seed() << ", after "
                          << program.a->vcpu.retired << " instructions:" << wrong << "\n"
                          << locate(program);
        }
        return wrong.empty();
    }

    /* Two programs at a time by turns, so that an engine also changes between machines with
     * different code at the same addresses. engine: of the second machine; nullptr: by turns. */
    void check(uint64_t first_seed, Engine *engine)
    {
        struct random_stream random;
        random_init(&random, oracle_seed() + first_seed, "oracle/pieces");
        uint64_t retired = 0;
        uint64_t terminated = 0;
        unsigned failures = 0;
        for (uint64_t seed = first_seed; seed < first_seed + PROGRAMS * oracle_scale(); seed += 2) {
            Program programs[2] = {make(seed), make(seed + 1)};
            for (uint64_t until = 0; until < PROGRAM_MAX;) {
                until += 1 + random_below(&random, 1500);
                for (Program &program : programs) {
                    if (program.ended) {
                        continue;
                    }
                    struct vcpu_stop stop_a = {}, stop_b = {};
                    bool goes = advance(*program.a, until, &random, 0, &interpreter_, &stop_a);
                    advance(*program.b, until, &random, 1, engine, &stop_b);
                    program.ended = !goes || !compare(program, stop_a, stop_b);
                    terminated += !goes && stop_a.reason == VCPU_STOP_TERMINATE;
                    failures += HasFailure();
                    if (failures > 2) {
                        return;
                    }
                }
            }
            retired += programs[0].a->vcpu.retired + programs[1].a->vcpu.retired;
        }
        printf("%llu instructions, %llu of %u programs came to their end\n",
               (unsigned long long)retired, (unsigned long long)terminated,
               PROGRAMS * oracle_scale());
        EXPECT_GT(retired, PROGRAMS * 500u) << "the programs die too early to tell anything";
    }

    Ground ground_;
    Engine interpreter_;
    Engine unicorn_;
    ProgramMaker maker_;
};

TEST_F(SequenceTest, UnicornInPiecesIsTheInterpreterInOne)
{
    check(0, &unicorn_);
}

TEST_F(SequenceTest, EnginesChangeInMidRun)
{
    check(100000, nullptr);
}

TEST_F(SequenceTest, InterpreterInPiecesIsTheInterpreterInOne)
{
    check(200000, &interpreter_);
}

} // namespace
