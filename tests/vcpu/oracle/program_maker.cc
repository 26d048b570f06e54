// Writes random programs that end, whatever they do on the way.
#include <cstring>

#include "vcpu/oracle/program.h"

ProgramMaker::ProgramMaker()
{
    for (const auto &forms : {forms_of(false, 0x00, 0xff), forms_of(true, 0x00, 0xff)}) {
        for (const Form &form : forms) {
            /* Those with a prefix are many and much the same: one in four. */
            if (form.opcode.size() <= 2 || forms_.size() % 4 == 0) {
                forms_.push_back(form);
            }
        }
    }
    x87_forms_ = forms_of(false, 0xd8, 0xdf);
}

static bool changes_every_operand(unsigned operation)
{
    return operation == ISA_XCHG || operation == ISA_XADD;
}

/* Does it leave ESP and EBP alone, and reach no memory but the operands'? */
bool ProgramMaker::is_usable(Bytes *bytes, const struct isa_instruction &instruction)
{
    unsigned operation = instruction.operation;
    if (instruction.ends_block || instruction.kind == ISA_CLASS_PORT ||
        instruction.kind == ISA_CLASS_TRAP || instruction.kind == ISA_CLASS_IDLE ||
        instruction.kind == ISA_CLASS_TERMINATE || operation == ISA_POPA ||
        operation == ISA_ENTER || operation == ISA_LEAVE || operation == ISA_XLAT ||
        (operation >= ISA_MOVS && operation <= ISA_SCAS)) {
        return false;
    }
    for (int i = 0; i < instruction.operand_count; i++) {
        const struct isa_operand &operand = instruction.operand[i];
        bool changed = i == 0 || changes_every_operand(operation);
        if (operand.kind == ISA_OPERAND_REGISTER && operand.width_bits != 8 && changed &&
            (operand.number == VCPU_ESP || operand.number == VCPU_EBP)) {
            return false;
        }
        if (operand.kind == ISA_OPERAND_RELATIVE) {
            return false;
        }
    }
    if (instruction.memory_operand == ISA_NO_OPERAND || operation == ISA_LEA) {
        return true;
    }
    if (operation >= ISA_BT && operation <= ISA_BTC && instruction.operand_count > 1 &&
        instruction.operand[1].kind == ISA_OPERAND_REGISTER) {
        return false;
    }
    const struct isa_operand &memory = instruction.operand[instruction.memory_operand];
    if (memory.index != ISA_NO_REGISTER) {
        return false;
    }
    if (memory.base == VCPU_EBP) {
        return (int32_t)memory.displacement > -0x500 && (int32_t)memory.displacement < 0x500;
    }
    if (memory.base != ISA_NO_REGISTER) {
        return false;
    }
    uint32_t target = below(4) ? OPERANDS + below(OPERANDS_BYTES) : DATA + 0x1000 - below(12);
    for (size_t i = 1; i + 4 <= bytes->size(); i++) {
        uint32_t found;
        memcpy(&found, bytes->data() + i, 4);
        if (found == memory.displacement) {
            memcpy(bytes->data() + i, &target, 4);
            return true;
        }
    }
    return false;
}

ProgramMaker::Bytes ProgramMaker::instance(const std::vector<Form> &forms)
{
    for (int tries = 0; tries < 200; tries++) {
        Bytes bytes;
        struct isa_instruction instruction;
        form_instance(forms[below((uint32_t)forms.size())], random_, &bytes, &instruction);
        if (is_usable(&bytes, instruction)) {
            return bytes;
        }
    }
    return {0x40};
}

void ProgramMaker::plain()
{
    op(instance(forms_));
}

/* esi, edi and ecx set, then one string instruction. */
void ProgramMaker::string()
{
    static const uint8_t operations[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa,
                                         0xab, 0xac, 0xad, 0xae, 0xaf};
    static const uint8_t repeats[] = {0x90, 0xf2, 0xf3, 0xf3};
    auto where = [&] {
        return one_in(8) ? place() : OPERANDS + 0x100 + below(OPERANDS_BYTES - 0x200);
    };
    op32({0xbe}, where());
    op32({0xbf}, where());
    op32({0xb9}, below(20));
    op({(uint8_t)(below(4) ? 0xfc : 0xfd)});
    uint8_t operation = operations[below(sizeof operations)];
    uint8_t repeat = repeats[below(sizeof repeats)];
    bool compares = (operation & 0xf6) == 0xa6;
    if (repeat == 0xf2 && !compares) {
        repeat = 0xf3;
    }
    op({repeat, operation});
}

/* mov eax, imm32 with a byte of the immediate changed just before it is executed, or after. */
void ProgramMaker::self_modifying()
{
    if (one_in(8)) {
        /* Some byte of the program: most of the time it makes another program of it. */
        uint32_t target = address_ + 16 + below(400);
        op({0xc6, 0x05, (uint8_t)target, (uint8_t)(target >> 8), (uint8_t)(target >> 16),
            (uint8_t)(target >> 24), (uint8_t)random_next(random_)});
        return;
    }
    Label next = label();
    op_to({0xe8}, next, true); /* call next */
    bind(next);
    op({0x5f});                                   /* pop edi */
    op({0xfe, 0x47, 0x04});                       /* inc byte [edi + 4]: of the next immediate */
    op32({0xb8}, (uint32_t)random_next(random_)); /* mov eax, ... */
}

/* Virtual registers and ports. */
void ProgramMaker::outside()
{
    uint32_t address = ISA_REGISTER_PAGE + 4 * below(0x20);
    switch (below(6)) {
    case 0:
        op32({0xa1}, address);
        break;
    case 1:
        op32({0xa3}, address);
        break;
    case 2: /* mov esi, address; mov edx, [esi] */
        op32({0xbe}, address);
        op({0x8b, 0x16});
        break;
    case 3: /* mov dword [address], imm */
        op32({0xc7, 0x05, (uint8_t)address, (uint8_t)(address >> 8), 0, 0},
             (uint32_t)random_next(random_));
        break;
    case 4:
        op({0x0f, 0x3f, 0x01}); /* idle */
        break;
    default:
        op({(uint8_t)(0xe4 + below(4)), (uint8_t)random_next(random_)}); /* in, out */
        break;
    }
}

void ProgramMaker::loop(unsigned depth)
{
    uint32_t counter = counter_;
    counter_ += 4;
    uint8_t at[4];
    memcpy(at, &counter, sizeof at);
    /* mov dword [counter], n: now and then so often that every branch of it is linked */
    op32({0xc7, 0x05, at[0], at[1], at[2], at[3]}, 1 + below(one_in(6) ? 120 : 12));
    Label begin = label_here();
    for (uint32_t i = 1 + below(5); i > 0; i--) {
        item(depth + 1);
    }
    op({0xff, 0x0d, at[0], at[1], at[2], at[3]}); /* dec dword [counter] */
    op_to({0x0f, 0x85}, begin, true);             /* jnz */
}

void ProgramMaker::skipped(unsigned depth)
{
    Label end = label();
    op_to({0x0f, (uint8_t)(0x80 + below(16))}, end, true);
    item(depth + 1);
    bind(end);
}

ProgramMaker::Kind ProgramMaker::kind()
{
    static const uint8_t usual[] = {STRING,  STRING, SELF_MODIFYING, OUTSIDE,  SKIPPED,
                                    SKIPPED, LOOP,   LOOP,           ACCESSES, FRAMES,
                                    FLAGS,   CALLS,  TABLE,          X87};
    if (one_in(3)) {
        return favourite_;
    }
    return one_in(2) ? PLAIN : (Kind)usual[below(sizeof usual)];
}

void ProgramMaker::item(unsigned depth)
{
    switch (kind()) {
    case STRING:
        return string();
    case SELF_MODIFYING:
        return modifies_itself_ ? self_modifying() : plain();
    case OUTSIDE:
        return outside();
    case SKIPPED:
        return depth < 6 ? skipped(depth) : plain();
    case LOOP:
        return depth < 3 && counter_ < COUNTERS + 0x100 ? loop(depth) : plain();
    case ACCESSES:
        return accesses();
    case FRAMES:
        return frames();
    case FLAGS:
        return flags();
    case CALLS:
        return calls();
    case TABLE:
        return table();
    case X87:
        return op(instance(x87_forms_));
    default:
        return plain();
    }
}

void ProgramMaker::begin(struct random_stream *random, uint32_t address)
{
    random_ = random;
    address_ = address;
    counter_ = COUNTERS + 4;
    program_ = {};
    for (Label &entry : functions_) {
        entry = label();
    }
    program_.handler = label();
}

Program ProgramMaker::make(struct random_stream *random, uint32_t address)
{
    begin(random, address);
    favourite_ = (Kind)below(KIND_COUNT);
    /* What has changed its code is interpreted from then on: most programs do not. */
    modifies_itself_ = favourite_ == SELF_MODIFYING;
    Label top = label_here();
    op32({0xbd}, OPERANDS_MIDDLE); /* mov ebp, ... */
    op32({0xbc}, STACK_START);     /* mov esp, ... */
    for (uint32_t i = 4 + below(one_in(2) ? 8 : 40); i > 0; i--) {
        item(0);
    }
    Bytes count = {0xff, 0x0d, 0, 0, 0, 0}; /* dec dword [COUNTERS] */
    memcpy(&count[2], &COUNTERS, 4);
    op(count);
    op_to({0x0f, 0x85}, top, true); /* jnz */
    op({0x0f, 0x3f, 0x02});         /* terminate */
    functions();
    return program_;
}

Program ProgramMaker::make_around(struct random_stream *random, const Form &form)
{
    begin(random, 0);
    for (uint32_t i = below(3); i > 0; i--) {
        flag_source();
    }
    if (one_in(4)) {
        boundary();
    }
    aimed(form);
    if (below(4)) {
        boundary();
    }
    for (uint32_t i = 1 + below(3); i > 0; i--) {
        flag_reader();
    }
    op({0x0f, 0x3f, 0x02}); /* terminate */
    functions();
    return program_;
}
