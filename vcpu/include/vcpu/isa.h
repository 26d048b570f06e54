/*
 * The instruction set as a pure function of bytes (docs/isa.md): what an instruction is, how long
 * it is, whether it is in the ISA at all, and its operands in a form no decoder library shows
 * through. Every engine asks here, so that they agree on what faults.
 *
 * Nothing here touches a processor or memory. The bytes are a guest's and are never trusted.
 */
#ifndef DENALI_VCPU_ISA_H
#define DENALI_VCPU_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vcpu/vcpu.h>

#define ISA_INSTRUCTION_MAX_BYTES 15u

/* What an engine has to know of an instruction before it runs it. */
enum isa_class {
    ISA_CLASS_ILLEGAL,   /* not in the ISA: an ILLEGAL fault; length_bytes is 0 */
    ISA_CLASS_TRUNCATED, /* what is there could begin an instruction, but more bytes are needed */
    ISA_CLASS_ORDINARY,  /* as x86 does it (but see flags_undefined) */
    ISA_CLASS_MOVE32,    /* as x86 does it; a 32-bit `mov` with memory, the only kind that may
                            reach a virtual register */
    ISA_CLASS_PORT,      /* `in` or `out` */
    ISA_CLASS_IDLE,
    ISA_CLASS_TERMINATE,
    ISA_CLASS_TRAP,    /* int3, into, bound: as x86 does it, and may end in a fault of its own */
    ISA_CLASS_DEFINED, /* means something of ours that hardware does otherwise: pushf, popf, reads
                          of segment registers, rdtsc, bsf with an F3 prefix */
};

/*
 * Every operation of the ISA. One that x86 spells with a width (movsb, movsd) is one operation here
 * and has its width in width_bits.
 */
// clang-format off
#define ISA_OPERATION_LIST(X)                                                                      \
    X(ADD) X(OR) X(ADC) X(SBB) X(AND) X(SUB) X(XOR) X(CMP) X(TEST)                                 \
    X(INC) X(DEC) X(NEG) X(NOT)                                                                    \
    X(ROL) X(ROR) X(RCL) X(RCR) X(SHL) X(SHR) X(SAR) X(SHLD) X(SHRD)                               \
    X(MUL) X(IMUL) X(DIV) X(IDIV)                                                                  \
    X(MOV) X(MOVZX) X(MOVSX) X(XCHG) X(LEA) X(CMOV) X(BSWAP) X(XADD) X(CMPXCHG) X(CMPXCHG8B)       \
    X(CBW) X(CWDE) X(CWD) X(CDQ) X(XLAT) X(MOV_SEGMENT)                                            \
    X(MOVS) X(CMPS) X(STOS) X(LODS) X(SCAS)                                                        \
    X(JMP) X(JCC) X(CALL) X(RET) X(LOOP) X(LOOPE) X(LOOPNE) X(JECXZ)                               \
    X(PUSH) X(POP) X(PUSHA) X(POPA) X(PUSHF) X(POPF) X(ENTER) X(LEAVE) X(PUSH_SEGMENT)             \
    X(BT) X(BTS) X(BTR) X(BTC) X(BSF) X(BSR) X(SETCC)                                              \
    X(CLC) X(STC) X(CMC) X(CLD) X(STD) X(LAHF) X(SAHF)                                             \
    X(AAA) X(AAS) X(AAM) X(AAD) X(DAA) X(DAS)                                                      \
    X(NOP) X(RDTSC) X(IN) X(OUT) X(INT3) X(INTO) X(BOUND) X(IDLE) X(TERMINATE)                     \
    X(FABS) X(FADD) X(FADDP) X(FCHS) X(FCMOVB) X(FCMOVBE) X(FCMOVE) X(FCMOVNB) X(FCMOVNBE)         \
    X(FCMOVNE) X(FCMOVNU) X(FCMOVU) X(FCOM) X(FCOMI) X(FCOMIP) X(FCOMP) X(FCOMPP) X(FDECSTP)       \
    X(FDIV) X(FDIVP) X(FDIVR) X(FDIVRP) X(FFREE) X(FIADD) X(FICOM) X(FICOMP) X(FIDIV) X(FIDIVR)    \
    X(FILD) X(FIMUL) X(FINCSTP) X(FIST) X(FISTP) X(FISUB) X(FISUBR) X(FLD) X(FLD1) X(FLDCW)        \
    X(FLDL2E) X(FLDL2T) X(FLDLG2) X(FLDLN2) X(FLDPI) X(FLDZ) X(FMUL) X(FMULP) X(FNCLEX) X(FNINIT)  \
    X(FNOP) X(FNSTCW) X(FNSTSW) X(FRNDINT) X(FSQRT) X(FST) X(FSTP) X(FSUB) X(FSUBP)      \
    X(FSUBR) X(FSUBRP) X(FTST) X(FUCOM) X(FUCOMI) X(FUCOMIP) X(FUCOMP) X(FUCOMPP) X(FWAIT)         \
    X(FXAM) X(FXCH)
// clang-format on

enum isa_operation {
    ISA_NONE,
#define X(name) ISA_##name,
    ISA_OPERATION_LIST(X)
#undef X
        ISA_OPERATION_COUNT
};

/* From here on operations belong to the x87 family. */
#define ISA_X87_FIRST ISA_FABS

enum isa_operand_kind {
    ISA_OPERAND_NONE,
    ISA_OPERAND_REGISTER,  /* number: enum vcpu_register; of 8 bits 0..7 as AL CL DL BL AH CH DH BH
                            */
    ISA_OPERAND_MEMORY,    /* base + (index << shift) + displacement */
    ISA_OPERAND_IMMEDIATE, /* value, sign- or zero-extended to 32 bits as x86 does */
    ISA_OPERAND_RELATIVE,  /* value: to be added to the address of the next instruction */
    ISA_OPERAND_STACK,     /* number: i of ST(i) */
    ISA_OPERAND_SEGMENT,   /* number: the constant that the segment register reads as */
};

#define ISA_NO_REGISTER 8u /* as base or index: none, counts as 0 */

struct isa_operand {
    uint8_t kind;       /* enum isa_operand_kind */
    uint8_t width_bits; /* 8, 16, 32, 64 or 80 */
    uint16_t number;
    uint8_t base;  /* enum vcpu_register or ISA_NO_REGISTER */
    uint8_t index; /* likewise; never VCPU_ESP */
    uint8_t shift; /* 0..3 */
    uint32_t displacement;
    uint32_t value;
};

enum isa_repeat {
    ISA_REPEAT_NONE,
    ISA_REPEAT_REP,   /* F3 on movs, stos, lods */
    ISA_REPEAT_WHILE, /* F3 on cmps, scas: while equal */
    ISA_REPEAT_UNTIL, /* F2 on cmps, scas: while not equal */
};

struct isa_instruction {
    uint8_t kind;         /* enum isa_class */
    uint8_t length_bytes; /* 0 if ILLEGAL or TRUNCATED */
    uint8_t operation;    /* enum isa_operation */
    uint8_t width_bits;   /* of the operation: 8, 16 or 32 (x87: see the operands) */
    uint8_t condition;    /* jcc, setcc, cmov: the low four bits of the opcode */
    uint8_t repeat;       /* enum isa_repeat */
    uint8_t opcode;       /* x87: the escape opcode D8..DF, with modrm what x87_form_find takes */
    uint8_t modrm;
    bool lock;
    bool ends_block;        /* may go elsewhere than to the next instruction, or stop */
    uint8_t operand_count;  /* explicit ones, destination first */
    uint8_t memory_operand; /* index of the memory operand, or ISA_NO_OPERAND */
    /*
     * Flags that x86 leaves undefined after this instruction. In this ISA every one of them is 0:
     * so mask them when comparing with hardware, and clear them after running it on hardware.
     * Of a shift or rotate by CL (counted_by_cl) AF only if CL & 31 is not 0, and OF only if it is
     * more than 1; by an immediate this is already taken into account.
     */
    uint16_t flags_undefined;
    bool counted_by_cl;
    struct isa_operand operand[3];
};

#define ISA_NO_OPERAND 0xffu

/*
 * Decodes the instruction at the beginning of size_bytes bytes (more than 15 are ignored).
 * Always fills *instruction. Thread-safe.
 */
void isa_decode(const uint8_t *bytes, size_t size_bytes, struct isa_instruction *instruction);

/* "add", "rdtsc"; for messages. Never NULL. */
const char *isa_operation_name(enum isa_operation operation);

/* --- constants of docs/isa.md ----------------------------------------------------------------- */

/* Guest address of the page of virtual registers. */
#define ISA_REGISTER_PAGE 0x1000u

/* What the segment registers read as. They cannot be written. */
#define ISA_SEGMENT_CS 0x000bu
#define ISA_SEGMENT_SS 0x0013u
#define ISA_SEGMENT_DS 0x0013u
#define ISA_SEGMENT_ES 0x0013u
#define ISA_SEGMENT_FS 0x0000u
#define ISA_SEGMENT_GS 0x0000u

#endif
