// Writes random programs that end, whatever they do on the way.
#include "vcpu/oracle/program.h"

#include <cstring>

constexpr uint32_t COUNTERS = DATA; /* loop counters, which nothing else writes */
constexpr uint32_t OPERANDS = DATA + 0x200;
constexpr uint32_t OPERANDS_BYTES = DATA_BYTES - 0x400;

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
}

uint32_t ProgramMaker::below(uint32_t bound)
{
    return (uint32_t)random_below(random_, bound);
}

static void append(std::vector<uint8_t> *bytes, const std::vector<uint8_t> &more)
{
    bytes->insert(bytes->end(), more.begin(), more.end());
}

static void append32(std::vector<uint8_t> *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes->push_back((uint8_t)(value >> 8 * i));
    }
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
    if ((operation == ISA_DIV || operation == ISA_IDIV || operation == ISA_AAM) && below(16)) {
        return false; /* most of them end the program */
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

ProgramMaker::Bytes ProgramMaker::plain()
{
    for (int tries = 0; tries < 200; tries++) {
        Bytes bytes;
        struct isa_instruction instruction;
        form_instance(forms_[below((uint32_t)forms_.size())], random_, &bytes, &instruction);
        if (is_usable(&bytes, instruction)) {
            return bytes;
        }
    }
    return {0x40};
}

/* esi, edi and ecx set, then one string instruction. */
ProgramMaker::Bytes ProgramMaker::string()
{
    static const uint8_t operations[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa,
                                         0xab, 0xac, 0xad, 0xae, 0xaf};
    static const uint8_t repeats[] = {0x90, 0xf2, 0xf3, 0xf3};
    Bytes bytes = {0xbe};
    append32(&bytes, OPERANDS + 0x100 + below(OPERANDS_BYTES - 0x200));
    bytes.push_back(0xbf);
    append32(&bytes, OPERANDS + 0x100 + below(OPERANDS_BYTES - 0x200));
    bytes.push_back(0xb9);
    append32(&bytes, below(20));
    bytes.push_back(below(4) ? 0xfc : 0xfd);
    uint8_t operation = operations[below(sizeof operations)];
    uint8_t repeat = repeats[below(sizeof repeats)];
    bool compares = (operation & 0xf6) == 0xa6;
    if (repeat == 0xf2 && !compares) {
        repeat = 0xf3;
    }
    append(&bytes, {repeat, operation});
    return bytes;
}

/* mov eax, imm32 with a byte of the immediate changed just before it is executed, or after. */
ProgramMaker::Bytes ProgramMaker::self_modifying()
{
    Bytes bytes = {0xc6, 0x05};
    /* Some byte of the program: most of the time it makes another program of it. */
    append32(&bytes, first_ + 16 + below(400));
    bytes.push_back((uint8_t)random_next(random_));
    Bytes harmless = {0xe8, 0,    0,    0, 0, /* call next */
                      0x5f,                   /* pop edi */
                      0xfe, 0x47, 0x04,       /* inc byte [edi + 4]: of the next immediate */
                      0xb8};                  /* mov eax, ... */
    append32(&harmless, (uint32_t)random_next(random_));
    return below(8) ? harmless : bytes;
}

/* Virtual registers and ports. */
ProgramMaker::Bytes ProgramMaker::outside()
{
    Bytes bytes;
    uint32_t address = 0x1000 + 4 * below(0x20);
    switch (below(6)) {
    case 0:
        bytes = {0xa1};
        append32(&bytes, address);
        return bytes;
    case 1:
        bytes = {0xa3};
        append32(&bytes, address);
        return bytes;
    case 2: /* mov esi, address; mov edx, [esi] */
        bytes = {0xbe};
        append32(&bytes, address);
        append(&bytes, {0x8b, 0x16});
        return bytes;
    case 3: /* mov dword [address], imm */
        bytes = {0xc7, 0x05};
        append32(&bytes, address);
        append32(&bytes, (uint32_t)random_next(random_));
        return bytes;
    case 4:
        return {0x0f, 0x3f, 0x01}; /* idle */
    default:
        return {(uint8_t)(0xe4 + below(4)), (uint8_t)random_next(random_)}; /* in, out */
    }
}

ProgramMaker::Bytes ProgramMaker::loop(unsigned depth)
{
    uint32_t counter = counter_;
    counter_ += 4;
    Bytes body;
    for (uint32_t i = 1 + below(5); i > 0; i--) {
        append(&body, item(depth + 1));
    }
    Bytes bytes = {0xc7, 0x05}; /* mov dword [counter], n */
    append32(&bytes, counter);
    append32(&bytes, 1 + below(12));
    append(&bytes, body);
    Bytes end = {0xff, 0x0d}; /* dec dword [counter] */
    append32(&end, counter);
    append(&end, {0x0f, 0x85}); /* jnz body */
    append32(&end, 0u - (uint32_t)(body.size() + end.size() + 4));
    append(&bytes, end);
    return bytes;
}

ProgramMaker::Bytes ProgramMaker::skipped(unsigned depth)
{
    Bytes body = item(depth + 1);
    Bytes bytes = {0x0f, (uint8_t)(0x80 + below(16))};
    append32(&bytes, (uint32_t)body.size());
    append(&bytes, body);
    return bytes;
}

ProgramMaker::Bytes ProgramMaker::item(unsigned depth)
{
    switch (below(32)) {
    case 0:
    case 1:
        return string();
    case 2:
        return self_modifying();
    case 3:
        return outside();
    case 4:
    case 5:
    case 6:
        return skipped(depth);
    case 7:
    case 8:
        return depth < 3 && counter_ < COUNTERS + 0x100 ? loop(depth) : plain();
    default:
        return plain();
    }
}

std::vector<uint8_t> ProgramMaker::make(struct random_stream *random, uint32_t address)
{
    random_ = random;
    first_ = address;
    counter_ = COUNTERS + 4;
    Bytes bytes = {0xbd}; /* mov ebp, the middle of the operands */
    append32(&bytes, OPERANDS + 0x800);
    append(&bytes, {0xbc}); /* mov esp, ... */
    append32(&bytes, STACK + STACK_BYTES - 0x400);
    for (uint32_t i = 8 + below(40); i > 0; i--) {
        append(&bytes, item(0));
    }
    append(&bytes, {0xff, 0x0d}); /* dec dword [COUNTERS]; jnz the beginning */
    append32(&bytes, COUNTERS);
    append(&bytes, {0x0f, 0x85});
    append32(&bytes, 0u - (uint32_t)(bytes.size() + 4));
    append(&bytes, {0x0f, 0x3f, 0x02}); /* terminate */
    return bytes;
}
