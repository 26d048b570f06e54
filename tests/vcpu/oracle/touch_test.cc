// isa_touches says before an instruction which memory it reads and writes. Held against what the
// interpreter does with every form of every instruction: no byte outside the writes changes, and no
// byte outside the reads makes a difference.
#include <gtest/gtest.h>

#include <set>

#include "vcpu/oracle/forms.h"

extern "C" {
#include <vcpu/touch.h>
}

namespace
{

const uint32_t kRegions[][2] = {{CODE, CODE_BYTES}, {DATA, DATA_BYTES}, {STACK, STACK_BYTES}};

struct Touches {
    struct isa_touch touch[ISA_TOUCHES_MAX];
    uint32_t count;

    bool Reads(uint32_t address) const
    {
        return Has(address, false);
    }
    bool Writes(uint32_t address) const
    {
        return Has(address, true);
    }

  private:
    bool Has(uint32_t address, bool write) const
    {
        for (uint32_t i = 0; i < count; i++) {
            if ((write ? touch[i].write : touch[i].read) &&
                address - touch[i].address < touch[i].size_bytes) {
                return true;
            }
        }
        return false;
    }
};

// A machine with random data that is to run an instruction of that form.
void Prepare(Machine &machine, const Form &form, struct random_stream *random)
{
    std::vector<uint8_t> data(DATA_BYTES);
    for (uint8_t &byte : data) {
        byte = (uint8_t)random_below(random, 256);
    }
    machine.write(DATA, data.data(), DATA_BYTES);
    machine.write(STACK, data.data(), STACK_BYTES);
    for (int tries = 0; tries < 20; tries++) {
        std::vector<uint8_t> code;
        struct isa_instruction instruction;
        form_instance(form, random, &code, &instruction);
        vcpu_reset(&machine.vcpu, CODE);
        for (uint32_t &reg : machine.vcpu.gpr) {
            reg = DATA + 0x1000 + (uint32_t)random_below(random, 0x1000);
        }
        machine.vcpu.gpr[VCPU_ECX] &= 3; /* iterations, and shifts */
        machine.vcpu.gpr[VCPU_ESP] = STACK + 0x1000 + (uint32_t)random_below(random, 64);
        if (instruction.operation >= ISA_BT && instruction.operation <= ISA_BTC &&
            instruction.operand[1].kind == ISA_OPERAND_REGISTER) {
            uint32_t bit = (uint32_t)random_below(random, 0x2000) - 0x1000;
            machine.vcpu.gpr[instruction.operand[1].number] = bit;
        }
        if (instruction.memory_operand == ISA_NO_OPERAND ||
            form_aim(instruction, &code, machine.vcpu.gpr,
                     DATA + 0x1000 + (uint32_t)random_below(random, 0x1000))) {
            machine.write(CODE, code.data(), (uint32_t)code.size());
            return;
        }
    }
}

// In other, every byte that is neither read nor code of the instruction is another one.
void Spoil(Machine &machine, Machine &other, const Touches &touches, uint32_t eip, uint32_t length)
{
    other.vcpu = machine.vcpu;
    other.vcpu.space = &other.space;
    for (const auto &region : kRegions) {
        std::vector<uint8_t> bytes = machine.read(region[0], region[1]);
        for (uint32_t i = 0; i < region[1]; i++) {
            uint32_t address = region[0] + i;
            if (!touches.Reads(address) && address - eip >= length) {
                bytes[i] ^= 0x5a;
            }
        }
        other.write(region[0], bytes.data(), region[1]);
    }
}

// Runs the instruction at EIP of machine; false if it did not retire.
bool Check(Ground &ground, Engine &engine, Machine &machine, Touches *touches, std::string *what)
{
    uint32_t eip = machine.vcpu.eip;
    std::vector<uint8_t> bytes = machine.read(eip, ISA_INSTRUCTION_MAX_BYTES);
    struct isa_instruction instruction;
    isa_decode(bytes.data(), bytes.size(), &instruction);
    touches->count = isa_touches(&instruction, machine.vcpu.gpr, touches->touch);
    *what = disassembly(bytes.data(), instruction.length_bytes, eip) + " " + text(machine.vcpu);
    std::vector<std::vector<uint8_t>> before;
    for (const auto &region : kRegions) {
        before.push_back(machine.read(region[0], region[1]));
    }
    Machine other(ground);
    Spoil(machine, other, *touches, eip, instruction.length_bytes);
    if (engine.run(machine.vcpu, 1).retired != 1) {
        return false; /* what the host would do, or a fault */
    }
    for (size_t r = 0; r < before.size(); r++) {
        std::vector<uint8_t> after = machine.read(kRegions[r][0], kRegions[r][1]);
        for (uint32_t i = 0; after != before[r] && i < after.size(); i++) {
            EXPECT_TRUE(after[i] == before[r][i] || touches->Writes(kRegions[r][0] + i))
                << *what << "writes 0x" << std::hex << kRegions[r][0] + i;
        }
    }
    EXPECT_EQ(engine.run(other.vcpu, 1).retired, 1u) << *what;
    EXPECT_EQ(difference(machine.vcpu, other.vcpu), "") << *what;
    for (uint32_t i = 0; i < touches->count; i++) {
        const struct isa_touch &touch = touches->touch[i];
        if (touch.write) {
            EXPECT_EQ(machine.read(touch.address, touch.size_bytes),
                      other.read(touch.address, touch.size_bytes))
                << *what;
        }
    }
    return true;
}

TEST(Touch, SaysEveryByteThatIsReadOrWritten)
{
    Ground ground;
    Engine engine("interpreter");
    struct random_stream random;
    random_init(&random, oracle_seed(), "touch");
    std::vector<Form> forms = forms_of(false, 0, 0xff);
    std::vector<Form> more = forms_of(true, 0, 0xff);
    forms.insert(forms.end(), more.begin(), more.end());
    std::set<unsigned> touching;
    uint64_t retired = 0;
    for (const Form &form : forms) {
        for (unsigned i = 0; i < oracle_scale() && !testing::Test::HasFailure(); i++) {
            Machine machine(ground);
            Touches touches;
            std::string what;
            Prepare(machine, form, &random);
            retired += Check(ground, engine, machine, &touches, &what);
            if (touches.count) {
                touching.insert(form.opcode.back());
            }
        }
    }
    EXPECT_GT(retired, forms.size() / 2);
    EXPECT_GT(touching.size(), 100u);
}

} // namespace
