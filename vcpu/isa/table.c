/*
 * The ISA as a table: one line for each mnemonic. What has no line is illegal. The texts of the
 * flags column follow Intel SDM vol. 1, appendix A (flags that x86 leaves undefined).
 */
#include "isa/table.h"

#include <vcpu/isa.h>

#define CF VCPU_FLAG_CF
#define PF VCPU_FLAG_PF
#define AF VCPU_FLAG_AF
#define ZF VCPU_FLAG_ZF
#define SF VCPU_FLAG_SF
#define OF VCPU_FLAG_OF

#define MNEMONIC(name) [ZYDIS_MNEMONIC_##name]

/* ROW(mnemonic, operation, rules, undefined flags); width as the instruction has it. */
#define ROW(name, operation, rules, undefined)                                                     \
    MNEMONIC(name) = {ISA_##operation, ISA_CLASS_ORDINARY, 0, (rules), (undefined)}
/* The same for an operation of one width, and of a class of its own. */
#define ROW_WIDTH(name, operation, width, rules, undefined)                                        \
    MNEMONIC(name) = {ISA_##operation, ISA_CLASS_ORDINARY, (width), (rules), (undefined)}
#define ROW_CLASS(name, operation, class, rules)                                                   \
    MNEMONIC(name) = {ISA_##operation, ISA_CLASS_##class, 0, (rules), 0}
/* The sixteen conditions of one operation. */
#define ROWS_CONDITION(prefix, operation, rules)                                                   \
    ROW(prefix##O, operation, ROW_CC | (rules), 0),                                                \
        ROW(prefix##NO, operation, ROW_CC | (rules), 0),                                           \
        ROW(prefix##B, operation, ROW_CC | (rules), 0),                                            \
        ROW(prefix##NB, operation, ROW_CC | (rules), 0),                                           \
        ROW(prefix##Z, operation, ROW_CC | (rules), 0),                                            \
        ROW(prefix##NZ, operation, ROW_CC | (rules), 0),                                           \
        ROW(prefix##BE, operation, ROW_CC | (rules), 0),                                           \
        ROW(prefix##NBE, operation, ROW_CC | (rules), 0),                                          \
        ROW(prefix##S, operation, ROW_CC | (rules), 0),                                            \
        ROW(prefix##NS, operation, ROW_CC | (rules), 0),                                           \
        ROW(prefix##P, operation, ROW_CC | (rules), 0),                                            \
        ROW(prefix##NP, operation, ROW_CC | (rules), 0),                                           \
        ROW(prefix##L, operation, ROW_CC | (rules), 0),                                            \
        ROW(prefix##NL, operation, ROW_CC | (rules), 0),                                           \
        ROW(prefix##LE, operation, ROW_CC | (rules), 0),                                           \
        ROW(prefix##NLE, operation, ROW_CC | (rules), 0)
#define ROW_FLOAT(name) ROW_WIDTH(name, name, 32, 0, 0)

const struct isa_row isa_rows[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
    /* arithmetic and logic */
    ROW(ADD, ADD, ROW_16, 0),
    ROW(ADC, ADC, ROW_16, 0),
    ROW(SUB, SUB, ROW_16, 0),
    ROW(SBB, SBB, ROW_16, 0),
    ROW(CMP, CMP, ROW_16, 0),
    ROW(INC, INC, ROW_16, 0),
    ROW(DEC, DEC, ROW_16, 0),
    ROW(NEG, NEG, ROW_16, 0),
    ROW(NOT, NOT, ROW_16, 0),
    ROW(AND, AND, ROW_16, AF),
    ROW(OR, OR, ROW_16, AF),
    ROW(XOR, XOR, ROW_16, AF),
    ROW(TEST, TEST, ROW_16, AF),

    /* shifts and rotates */
    ROW(SHL, SHL, ROW_16 | ROW_SHIFT, 0),
    ROW(SHR, SHR, ROW_16 | ROW_SHIFT, 0),
    ROW(SAR, SAR, ROW_16 | ROW_SHIFT, 0),
    ROW(SHLD, SHLD, ROW_16 | ROW_SHIFT, 0),
    ROW(SHRD, SHRD, ROW_16 | ROW_SHIFT, 0),
    ROW(ROL, ROL, ROW_16 | ROW_ROTATE, 0),
    ROW(ROR, ROR, ROW_16 | ROW_ROTATE, 0),
    ROW(RCL, RCL, ROW_16 | ROW_ROTATE, 0),
    ROW(RCR, RCR, ROW_16 | ROW_ROTATE, 0),

    /* multiplication and division */
    ROW(MUL, MUL, ROW_16, SF | ZF | AF | PF),
    ROW(IMUL, IMUL, ROW_16, SF | ZF | AF | PF),
    ROW(DIV, DIV, ROW_16, CF | OF | SF | ZF | AF | PF),
    ROW(IDIV, IDIV, ROW_16, CF | OF | SF | ZF | AF | PF),

    /* moves */
    ROW(MOV, MOV, ROW_16, 0),
    ROW(MOVZX, MOVZX, ROW_16, 0),
    ROW(MOVSX, MOVSX, ROW_16, 0),
    ROW(XCHG, XCHG, ROW_16, 0),
    ROW(LEA, LEA, ROW_16 | ROW_MEMORY, 0),
    ROW(BSWAP, BSWAP, 0, 0),
    ROW(XADD, XADD, ROW_16, 0),
    ROW(CMPXCHG, CMPXCHG, ROW_16, 0),
    ROW(CMPXCHG8B, CMPXCHG8B, 0, 0),
    ROW_WIDTH(CBW, CBW, 16, ROW_16, 0),
    ROW_WIDTH(CWDE, CWDE, 32, 0, 0),
    ROW_WIDTH(CWD, CWD, 16, ROW_16, 0),
    ROW_WIDTH(CDQ, CDQ, 32, 0, 0),
    ROW_WIDTH(XLAT, XLAT, 8, ROW_STRING, 0),
    ROWS_CONDITION(CMOV, CMOV, ROW_16),

    /* strings */
    ROW_WIDTH(MOVSB, MOVS, 8, ROW_REP | ROW_STRING, 0),
    ROW_WIDTH(MOVSW, MOVS, 16, ROW_16 | ROW_REP | ROW_STRING, 0),
    ROW_WIDTH(MOVSD, MOVS, 32, ROW_REP | ROW_STRING | ROW_PRIMARY, 0),
    ROW_WIDTH(STOSB, STOS, 8, ROW_REP | ROW_STRING, 0),
    ROW_WIDTH(STOSW, STOS, 16, ROW_16 | ROW_REP | ROW_STRING, 0),
    ROW_WIDTH(STOSD, STOS, 32, ROW_REP | ROW_STRING, 0),
    ROW_WIDTH(LODSB, LODS, 8, ROW_REP | ROW_STRING, 0),
    ROW_WIDTH(LODSW, LODS, 16, ROW_16 | ROW_REP | ROW_STRING, 0),
    ROW_WIDTH(LODSD, LODS, 32, ROW_REP | ROW_STRING, 0),
    ROW_WIDTH(CMPSB, CMPS, 8, ROW_REPNE | ROW_STRING, 0),
    ROW_WIDTH(CMPSW, CMPS, 16, ROW_16 | ROW_REPNE | ROW_STRING, 0),
    ROW_WIDTH(CMPSD, CMPS, 32, ROW_REPNE | ROW_STRING | ROW_PRIMARY, 0),
    ROW_WIDTH(SCASB, SCAS, 8, ROW_REPNE | ROW_STRING, 0),
    ROW_WIDTH(SCASW, SCAS, 16, ROW_16 | ROW_REPNE | ROW_STRING, 0),
    ROW_WIDTH(SCASD, SCAS, 32, ROW_REPNE | ROW_STRING, 0),

    /* branches */
    ROW_WIDTH(JMP, JMP, 32, ROW_ENDS, 0),
    ROW_WIDTH(CALL, CALL, 32, ROW_ENDS, 0),
    ROW_WIDTH(RET, RET, 32, ROW_ENDS | ROW_F3, 0),
    ROW_WIDTH(LOOP, LOOP, 32, ROW_ENDS, 0),
    ROW_WIDTH(LOOPE, LOOPE, 32, ROW_ENDS, 0),
    ROW_WIDTH(LOOPNE, LOOPNE, 32, ROW_ENDS, 0),
    ROW_WIDTH(JECXZ, JECXZ, 32, ROW_ENDS, 0),
    ROWS_CONDITION(J, JCC, ROW_ENDS),

    /* stack */
    ROW(PUSH, PUSH, ROW_16, 0),
    ROW(POP, POP, ROW_16, 0),
    ROW_WIDTH(PUSHAD, PUSHA, 32, 0, 0),
    ROW_WIDTH(POPAD, POPA, 32, 0, 0),
    ROW_CLASS(PUSHFD, PUSHF, DEFINED, 0),
    ROW_CLASS(POPFD, POPF, DEFINED, 0),
    ROW_WIDTH(ENTER, ENTER, 32, 0, 0),
    ROW_WIDTH(LEAVE, LEAVE, 32, 0, 0),

    /* bits */
    ROW(BT, BT, ROW_16, OF | SF | AF | PF),
    ROW(BTS, BTS, ROW_16, OF | SF | AF | PF),
    ROW(BTR, BTR, ROW_16, OF | SF | AF | PF),
    ROW(BTC, BTC, ROW_16, OF | SF | AF | PF),
    ROW(BSF, BSF, ROW_16 | ROW_F3, CF | OF | SF | AF | PF),
    ROW(BSR, BSR, ROW_16, CF | OF | SF | AF | PF),
    ROWS_CONDITION(SET, SETCC, 0),

    /* flags and decimal */
    ROW(CLC, CLC, 0, 0),
    ROW(STC, STC, 0, 0),
    ROW(CMC, CMC, 0, 0),
    ROW(CLD, CLD, 0, 0),
    ROW(STD, STD, 0, 0),
    ROW(LAHF, LAHF, 0, 0),
    ROW(SAHF, SAHF, 0, 0),
    ROW(AAA, AAA, 0, OF | SF | ZF | PF),
    ROW(AAS, AAS, 0, OF | SF | ZF | PF),
    ROW(AAM, AAM, 0, OF | AF | CF),
    ROW(AAD, AAD, 0, OF | AF | CF),
    ROW(DAA, DAA, 0, OF),
    ROW(DAS, DAS, 0, OF),

    /* system */
    ROW(NOP, NOP, ROW_16, 0),
    ROW(PAUSE, NOP, ROW_F3, 0),
    ROW(ENDBR32, NOP, ROW_F3, 0),
    ROW_CLASS(RDTSC, RDTSC, DEFINED, 0),
    ROW_CLASS(IN, IN, PORT, ROW_16 | ROW_ENDS),
    ROW_CLASS(OUT, OUT, PORT, ROW_16 | ROW_ENDS),
    ROW_CLASS(INT3, INT3, TRAP, ROW_ENDS),
    ROW_CLASS(INTO, INTO, TRAP, ROW_ENDS),
    ROW_CLASS(BOUND, BOUND, TRAP, ROW_16),

    /* x87: docs/isa-x87.md says what is left out and why */
    ROW_FLOAT(FABS),
    ROW_FLOAT(FADD),
    ROW_FLOAT(FADDP),
    ROW_FLOAT(FCHS),
    ROW_FLOAT(FCMOVB),
    ROW_FLOAT(FCMOVBE),
    ROW_FLOAT(FCMOVE),
    ROW_FLOAT(FCMOVNB),
    ROW_FLOAT(FCMOVNBE),
    ROW_FLOAT(FCMOVNE),
    ROW_FLOAT(FCMOVNU),
    ROW_FLOAT(FCMOVU),
    ROW_FLOAT(FCOM),
    ROW_FLOAT(FCOMI),
    ROW_FLOAT(FCOMIP),
    ROW_FLOAT(FCOMP),
    ROW_FLOAT(FCOMPP),
    ROW_FLOAT(FDECSTP),
    ROW_FLOAT(FDIV),
    ROW_FLOAT(FDIVP),
    ROW_FLOAT(FDIVR),
    ROW_FLOAT(FDIVRP),
    ROW_FLOAT(FFREE),
    ROW_FLOAT(FIADD),
    ROW_FLOAT(FICOM),
    ROW_FLOAT(FICOMP),
    ROW_FLOAT(FIDIV),
    ROW_FLOAT(FIDIVR),
    ROW_FLOAT(FILD),
    ROW_FLOAT(FIMUL),
    ROW_FLOAT(FINCSTP),
    ROW_FLOAT(FIST),
    ROW_FLOAT(FISTP),
    ROW_FLOAT(FISUB),
    ROW_FLOAT(FISUBR),
    ROW_FLOAT(FLD),
    ROW_FLOAT(FLD1),
    ROW_FLOAT(FLDCW),
    ROW_FLOAT(FLDL2E),
    ROW_FLOAT(FLDL2T),
    ROW_FLOAT(FLDLG2),
    ROW_FLOAT(FLDLN2),
    ROW_FLOAT(FLDPI),
    ROW_FLOAT(FLDZ),
    ROW_FLOAT(FMUL),
    ROW_FLOAT(FMULP),
    ROW_FLOAT(FNCLEX),
    ROW_FLOAT(FNINIT),
    ROW_FLOAT(FNOP),
    ROW_FLOAT(FNSTCW),
    ROW_FLOAT(FNSTSW),
    ROW_FLOAT(FRNDINT),
    ROW_FLOAT(FSQRT),
    ROW_FLOAT(FST),
    ROW_FLOAT(FSTP),
    ROW_FLOAT(FSUB),
    ROW_FLOAT(FSUBP),
    ROW_FLOAT(FSUBR),
    ROW_FLOAT(FSUBRP),
    ROW_FLOAT(FTST),
    ROW_FLOAT(FUCOM),
    ROW_FLOAT(FUCOMI),
    ROW_FLOAT(FUCOMIP),
    ROW_FLOAT(FUCOMP),
    ROW_FLOAT(FUCOMPP),
    ROW_FLOAT(FWAIT),
    ROW_FLOAT(FXAM),
    ROW_FLOAT(FXCH),
};
