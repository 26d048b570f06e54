// Every instruction form over corner and random operands and flags: the engines agree exactly, and
// the host processor agrees with them in registers, defined flags, x87 and memory. What the host
// is known to do otherwise is listed in `deviations`, by name and with the reason.
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "vcpu/oracle/forms.h"
#include "vcpu/oracle/host.h"
#include "vcpu/oracle/machine.h"
#include "vcpu/x87_host.h"

namespace
{

constexpr unsigned TRIES = 8;         /* of each form, times oracle_scale() */
constexpr unsigned STEPS_MAX = 8;     /* iterations of a rep */
constexpr unsigned FAILURES_MAX = 10; /* reported of one test */
constexpr uint32_t REGIONS[][2] = {{DATA, DATA_BYTES}, {STACK, STACK_BYTES}};

/* One instruction, and the state it starts from. */
struct Case {
    std::vector<uint8_t> bytes;
    struct isa_instruction instruction;
    struct vcpu state;
    std::vector<uint8_t> data;
    std::vector<uint8_t> stack;
    bool wild; /* may reach memory that the host does not have */
};

/* Where the host is known to differ from the ISA. (Flags that x86 leaves undefined are known from
 * isa_instruction.flags_undefined.) */
struct Deviation {
    const char *name;
    const char *reason;
    bool (*applies)(const Case &one);
    uint32_t flags;     /* that are not compared */
    uint8_t conditions; /* of x87, likewise */
    bool x87_masks;     /* of the control word, likewise */
    bool result;        /* nor is anything else */
};

uint32_t count_of(const Case &one)
{
    const struct isa_operand &count = one.instruction.operand[one.instruction.operand_count - 1];
    return (one.instruction.counted_by_cl ? one.state.gpr[VCPU_ECX] : count.value) & 31;
}

const Deviation deviations[] = {
    {"shift by more than the width",
     "x86 leaves CF undefined after shl and shr of 8 or 16 bits by more than the width",
     [](const Case &one) {
         return (one.instruction.operation == ISA_SHL || one.instruction.operation == ISA_SHR) &&
                count_of(one) >= one.instruction.width_bits;
     },
     VCPU_FLAG_CF, 0, false, false},
    {"16-bit double shift by more than 16", "x86 leaves the result and the flags undefined",
     [](const Case &one) {
         return (one.instruction.operation == ISA_SHLD || one.instruction.operation == ISA_SHRD) &&
                one.instruction.width_bits == 16 && count_of(one) > 16;
     },
     0, 0, false, true},
    {"C1 after rounding and stack faults",
     "C1 tells the direction of rounding, or of a stack fault; here only fxam writes it",
     [](const Case &one) {
         return one.instruction.operation >= ISA_X87_FIRST && one.instruction.operation != ISA_FXAM;
     },
     0, 2, false, false},
    {"x87 exception masks", "the host lets fldcw clear them; here they are always set",
     [](const Case &one) { return one.instruction.operation == ISA_FLDCW; }, 0, 0, true, false},
};

bool is_string(unsigned operation)
{
    return operation == ISA_MOVS || operation == ISA_CMPS || operation == ISA_STOS ||
           operation == ISA_LODS || operation == ISA_SCAS;
}

class InstructionTest : public testing::Test
{
  protected:
    InstructionTest() : interpreter_("interpreter"), unicorn_("unicorn")
    {
        a_ = std::make_unique<Machine>(ground_);
        b_ = std::make_unique<Machine>(ground_);
    }

    /* Runs every form; the seed of each is its place, so that one can be repeated alone. */
    void check(const std::vector<Form> &forms)
    {
        ASSERT_FALSE(forms.empty());
        std::map<std::string, unsigned> operations;
        uint64_t number = 0;
        for (const Form &form : forms) {
            for (unsigned i = 0; i < TRIES * oracle_scale(); i++) {
                random_init_seed(&random_, oracle_seed() * 1000003 + number++);
                Case one;
                make(form, &one);
                std::string wrong = run(one);
                operations[isa_operation_name((enum isa_operation)one.instruction.operation)]++;
                if (!wrong.empty()) {
                    ADD_FAILURE() << wrong << "\n  "
                                  << disassembly(one.bytes.data(), one.bytes.size(), CODE)
                                  << "\n  from " << text(one.state, is_x87(one)) << "\n  form "
                                  << form.key << ", seed " << oracle_seed() << ", try "
                                  << number - 1;
                    if (++failures_ == FAILURES_MAX) {
                        return;
                    }
                    break; /* the next form */
                }
            }
        }
        RecordProperty("forms", std::to_string(forms.size()));
        RecordProperty("operations", std::to_string(operations.size()));
        RecordProperty("run_on_host", std::to_string(on_host_));
        printf("%zu forms of %zu operations, %llu tries, %llu of them on the host too\n",
               forms.size(), operations.size(), (unsigned long long)number,
               (unsigned long long)on_host_);
        if (!host_.why_not().empty()) {
            printf("without the host processor: %s\n", host_.why_not().c_str());
        } else {
            EXPECT_GT(on_host_, 0u);
        }
    }

  private:
    static bool is_x87(const Case &one)
    {
        return one.instruction.operation >= ISA_X87_FIRST;
    }

    uint32_t below(uint32_t bound)
    {
        return (uint32_t)random_below(&random_, bound);
    }

    uint32_t data_address()
    {
        switch (below(4)) {
        case 0: /* about a page's end */
            return DATA + 0x1000 * (1 + below(2)) - 12 + below(16);
        case 1:
            return DATA + 0x400 + 4 * below(0x800);
        default:
            return DATA + 0x400 + below(0x2000);
        }
    }

    uint32_t wild_address()
    {
        switch (below(5)) {
        case 0:
            return below(0x1000);
        case 1:
            return 0x1000 + 4 * below(0x400);
        case 2:
            return 0x1ff0 + below(0x20);
        case 3:
            return MEMORY_BYTES - 12 + below(16);
        default:
            return (uint32_t)random_next(&random_);
        }
    }

    void put(std::vector<uint8_t> *region, uint32_t begin, uint32_t address, const void *bytes,
             uint32_t size_bytes)
    {
        if (address >= begin && address - begin + size_bytes <= region->size()) {
            memcpy(region->data() + (address - begin), bytes, size_bytes);
        }
    }

    /* Chooses registers or displacement so that the memory operand is at a good place. */
    bool aim(Case *one, const struct isa_operand &operand, uint32_t target, size_t opcode_bytes)
    {
        uint32_t *gpr = one->state.gpr;
        uint32_t index = operand.index == ISA_NO_REGISTER ? 0 : gpr[operand.index] << operand.shift;
        if (operand.base != ISA_NO_REGISTER) {
            if (operand.base == operand.index) {
                return false;
            }
            gpr[operand.base] = target - index - operand.displacement;
            return true;
        }
        uint32_t displacement = target - index;
        for (size_t i = opcode_bytes; i + 4 <= one->bytes.size(); i++) {
            uint32_t found;
            memcpy(&found, one->bytes.data() + i, 4);
            if (found == operand.displacement) {
                memcpy(one->bytes.data() + i, &displacement, 4);
                return true;
            }
        }
        return false;
    }

    void make_jump(Case *one)
    {
        if (one->instruction.operation != ISA_JMP && one->instruction.operation != ISA_CALL &&
            one->instruction.operation != ISA_JCC && one->instruction.operation != ISA_LOOP &&
            one->instruction.operation != ISA_LOOPE && one->instruction.operation != ISA_LOOPNE &&
            one->instruction.operation != ISA_JECXZ) {
            return;
        }
        const struct isa_operand &operand = one->instruction.operand[0];
        if (one->instruction.operand_count && operand.kind == ISA_OPERAND_RELATIVE) {
            uint32_t distance = LANDING - (CODE + one->instruction.length_bytes);
            unsigned size_bytes = operand.width_bits / 8;
            memcpy(one->bytes.data() + one->bytes.size() - size_bytes, &distance, size_bytes);
        } else if (one->instruction.operand_count && operand.kind == ISA_OPERAND_REGISTER) {
            one->state.gpr[operand.number & 7] = LANDING;
        }
    }

    void make(const Form &form, Case *one)
    {
        bool aimed = false;
        for (int tries = 0; tries < 20 && !aimed; tries++) {
            form_instance(form, &random_, &one->bytes, &one->instruction);
            aimed = make_state(form, one);
        }
        ASSERT_TRUE(aimed) << form.key;
        isa_decode(one->bytes.data(), one->bytes.size(), &one->instruction);
    }

    bool make_state(const Form &form, Case *one)
    {
        const struct isa_instruction &instruction = one->instruction;
        struct vcpu &state = one->state;
        state = {};
        vcpu_reset(&state, CODE);
        for (uint32_t &gpr : state.gpr) {
            gpr = corner32(&random_);
        }
        state.eflags = (uint32_t)random_next(&random_) & VCPU_FLAG_ALL;
        state.cycles = state.retired = random_next(&random_) >> 8;
        if (is_x87(*one)) {
            state.x87 = X87RandomState(&random_).x87;
        }
        state.gpr[VCPU_ESP] = STACK + 0x1000 - 64 + below(128);
        if (instruction.operation == ISA_ENTER || instruction.operation == ISA_LEAVE) {
            state.gpr[VCPU_EBP] = STACK + 0x1000 - 64 + below(256);
        }
        one->wild = below(64) == 0;
        if (one->wild && below(2)) {
            state.gpr[VCPU_ESP] = wild_address();
        }
        one->data.assign(noise_.begin() + below(4096), noise_.begin() + 4096 + DATA_BYTES);
        one->data.resize(DATA_BYTES);
        one->stack.assign(noise_.begin() + below(4096), noise_.begin() + 4096 + STACK_BYTES);
        one->stack.resize(STACK_BYTES);
        if (is_string(instruction.operation) || instruction.operation == ISA_XLAT) {
            state.gpr[VCPU_ESI] = data_address();
            state.gpr[VCPU_EDI] = data_address();
            state.gpr[VCPU_EBX] = data_address();
            if (instruction.repeat != ISA_REPEAT_NONE) {
                state.gpr[VCPU_ECX] = below(6);
            }
            if (below(2)) { /* equal runs, so that the comparing ones go on */
                memset(one->data.data(), (int)below(3), one->data.size());
                state.gpr[VCPU_EAX] &= 0x03030303;
            }
        }
        if (instruction.operation == ISA_DIV || instruction.operation == ISA_IDIV) {
            if (below(3)) {
                uint32_t high = below(2) ? 0 : (uint32_t)((int32_t)state.gpr[VCPU_EAX] >> 31);
                state.gpr[VCPU_EDX] = instruction.width_bits == 32 ? high : high ^ below(2);
                if (instruction.width_bits == 8) {
                    state.gpr[VCPU_EAX] &= 0xfff;
                }
            }
        }
        make_jump(one);
        uint32_t landing = LANDING;
        if (instruction.operation == ISA_RET) {
            put(&one->stack, STACK, state.gpr[VCPU_ESP], &landing, 4);
        }
        if (instruction.memory_operand == ISA_NO_OPERAND) {
            return true;
        }
        const struct isa_operand &operand = instruction.operand[instruction.memory_operand];
        if (instruction.operand_count > 1 && instruction.operation >= ISA_BT &&
            instruction.operation <= ISA_BTC &&
            instruction.operand[1].kind == ISA_OPERAND_REGISTER) {
            uint32_t &offset = state.gpr[instruction.operand[1].number & 7];
            offset = (uint32_t)((int32_t)below(0x1000) - 0x800);
            one->wild |= instruction.operand[1].number == operand.base ||
                         instruction.operand[1].number == operand.index;
        }
        uint32_t target = one->wild ? wild_address() : data_address();
        uint8_t value[16];
        for (int i = 0; i < 4; i++) {
            uint32_t word = corner32(&random_);
            memcpy(value + 4 * i, &word, 4);
        }
        if (is_x87(*one) && operand.width_bits >= 16 && instruction.operation != ISA_FLDCW) {
            X87RandomOperand(&random_, operand.width_bits / 8, value);
        }
        if (instruction.operation == ISA_JMP || instruction.operation == ISA_CALL) {
            memcpy(value, &landing, 4);
        }
        put(&one->data, DATA, target, value, sizeof value);
        return aim(one, operand, target, form.opcode.size());
    }

    void place(Machine *machine, const Case &one)
    {
        struct vcpu_space *space = machine->vcpu.space;
        machine->vcpu = one.state;
        machine->vcpu.space = space;
        uint8_t code[16];
        memset(code, 0x90, sizeof code);
        memcpy(code, one.bytes.data(), one.bytes.size());
        machine->write(CODE, code, sizeof code);
        machine->write(DATA, one.data.data(), DATA_BYTES);
        machine->write(STACK, one.stack.data(), STACK_BYTES);
    }

    std::string memory_difference()
    {
        for (uint32_t page = 2; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
            const uint8_t *a = vcpu_frame_bytes(ground_.arena, vcpu_space_frame(&a_->space, page));
            const uint8_t *b = vcpu_frame_bytes(ground_.arena, vcpu_space_frame(&b_->space, page));
            for (uint32_t i = 0; a != b && memcmp(a, b, VCPU_PAGE_BYTES) && i < VCPU_PAGE_BYTES;
                 i++) {
                if (a[i] != b[i]) {
                    char line[80];
                    snprintf(line, sizeof line, " [%x] %02x/%02x", page * VCPU_PAGE_BYTES + i, a[i],
                             b[i]);
                    return line;
                }
            }
        }
        return "";
    }

    std::string run(const Case &one)
    {
        place(a_.get(), one);
        place(b_.get(), one);
        struct vcpu_stop stop_a = {};
        for (unsigned step = 0; step < STEPS_MAX; step++) {
            stop_a = interpreter_.run(a_->vcpu, 1);
            struct vcpu_stop stop_b = unicorn_.run(b_->vcpu, 1);
            std::string wrong = difference(stop_a, stop_b) + difference(a_->vcpu, b_->vcpu);
            if (!wrong.empty()) {
                return "interpreter/unicorn:" + wrong;
            }
            if (stop_a.reason != VCPU_STOP_BUDGET || a_->vcpu.eip != CODE) {
                break;
            }
        }
        std::string wrong = memory_difference();
        if (!wrong.empty()) {
            return "interpreter/unicorn:" + wrong;
        }
        return host_.why_not().empty() ? run_on_host(one, stop_a) : "";
    }

    std::string run_on_host(const Case &one, const struct vcpu_stop &stop)
    {
        uint8_t kind = one.instruction.kind;
        bool divides = stop.reason == VCPU_STOP_FAULT && stop.fault.kind == VCPU_FAULT_DIVIDE;
        bool goes = a_->vcpu.eip == CODE + one.bytes.size() || a_->vcpu.eip == LANDING;
        if (one.wild || (kind != ISA_CLASS_ORDINARY && kind != ISA_CLASS_MOVE32) ||
            !(divides || (stop.reason == VCPU_STOP_BUDGET && goes))) {
            return "";
        }
        on_host_++;
        memcpy(host_.memory(CODE), one.bytes.data(), one.bytes.size());
        memcpy(host_.memory(DATA), one.data.data(), DATA_BYTES);
        memcpy(host_.memory(STACK), one.stack.data(), STACK_BYTES);
        struct vcpu state = one.state;
        Host::Outcome outcome = host_.run((unsigned)one.bytes.size(), &state);
        if (divides || outcome == Host::DIVIDE_ERROR || outcome == Host::OTHER_SIGNAL) {
            return divides == (outcome == Host::DIVIDE_ERROR) ? ""
                                                              : "interpreter/host: only one faults";
        }
        state.eip = outcome == Host::LANDS ? LANDING : (uint32_t)(CODE + one.bytes.size());
        state.retired = a_->vcpu.retired;
        state.cycles = a_->vcpu.cycles;
        uint32_t ignored = ignored_flags(one);
        for (const Deviation &deviation : deviations) {
            if (!deviation.applies(one)) {
                continue;
            }
            if (deviation.result) {
                return "";
            }
            ignored |= deviation.flags;
            state.x87.conditions &= (uint8_t)~deviation.conditions;
            state.x87.conditions |= a_->vcpu.x87.conditions & deviation.conditions;
            if (deviation.x87_masks) {
                state.x87.control = (state.x87.control & 0x1f00) | 0x7f;
            }
        }
        std::string wrong = difference(a_->vcpu, state, ignored);
        for (const auto &region : REGIONS) {
            std::vector<uint8_t> bytes = a_->read(region[0], region[1]);
            const uint8_t *host = host_.memory(region[0]);
            auto at = std::mismatch(bytes.begin(), bytes.end(), host);
            if (at.first != bytes.end()) {
                char line[80];
                snprintf(line, sizeof line, " [%x] %02x/%02x",
                         (unsigned)(region[0] + (at.first - bytes.begin())), *at.first, *at.second);
                wrong += line;
            }
        }
        return wrong.empty() ? "" : "interpreter/host:" + wrong;
    }

    uint32_t ignored_flags(const Case &one)
    {
        uint32_t ignored = one.instruction.flags_undefined;
        if (one.instruction.counted_by_cl) {
            uint32_t count = count_of(one);
            ignored = count == 0 ? 0 : count == 1 ? ignored & ~VCPU_FLAG_OF : ignored;
        }
        return ignored;
    }

    Ground ground_;
    Engine interpreter_;
    Engine unicorn_;
    Host host_;
    std::unique_ptr<Machine> a_;
    std::unique_ptr<Machine> b_;
    struct random_stream random_;
    uint64_t on_host_ = 0;
    unsigned failures_ = 0;
    const std::vector<uint8_t> noise_ = make_noise();

    static std::vector<uint8_t> make_noise()
    {
        struct random_stream random;
        random_init(&random, oracle_seed(), "oracle/noise");
        std::vector<uint8_t> noise(4096 + DATA_BYTES);
        for (uint8_t &byte : noise) {
            byte = (uint8_t)random_next(&random);
        }
        return noise;
    }
};

TEST_F(InstructionTest, ArithmeticOpcodesAgreeOnAllOracles)
{
    check(forms_of(false, 0x00, 0x3f));
}

TEST_F(InstructionTest, StackAndJumpOpcodesAgreeOnAllOracles)
{
    check(forms_of(false, 0x40, 0x7f));
}

TEST_F(InstructionTest, MoveAndStringOpcodesAgreeOnAllOracles)
{
    check(forms_of(false, 0x80, 0xbf));
}

TEST_F(InstructionTest, ShiftAndGroupOpcodesAgreeOnAllOracles)
{
    check(forms_of(false, 0xc0, 0xd7));
}

TEST_F(InstructionTest, X87OpcodesAgreeOnAllOracles)
{
    check(forms_of(false, 0xd8, 0xdf));
}

TEST_F(InstructionTest, ControlOpcodesAgreeOnAllOracles)
{
    check(forms_of(false, 0xe0, 0xff));
}

TEST_F(InstructionTest, TwoByteOpcodesAgreeOnAllOracles)
{
    check(forms_of(true, 0x00, 0xff));
}

} // namespace
