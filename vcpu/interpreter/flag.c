/*
 * Instructions on the flags themselves: clc stc cmc cld std lahf sahf (Intel SDM vol. 2).
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

HANDLER(clc)
{
    flags_set_cf_of(m, 0, flag_of(m));
    NEXT;
}

HANDLER(stc)
{
    flags_set_cf_of(m, 1, flag_of(m));
    NEXT;
}

HANDLER(cmc)
{
    flags_set_cf_of(m, !flag_cf(m), flag_of(m));
    NEXT;
}

HANDLER(cld)
{
    m->direction = 0;
    NEXT;
}

HANDLER(std)
{
    m->direction = VCPU_FLAG_DF;
    NEXT;
}

#define AH         (VCPU_EAX * 4 + 1)
#define LAHF_FLAGS (VCPU_FLAG_CF | VCPU_FLAG_PF | VCPU_FLAG_AF | VCPU_FLAG_ZF | VCPU_FLAG_SF)
#define LAHF_ONE   0x02u /* bit 1 reads 1, as on hardware */

HANDLER(lahf)
{
    REG8(m, AH) = (uint8_t)((flags_get(m) & LAHF_FLAGS) | LAHF_ONE);
    NEXT;
}

HANDLER(sahf)
{
    flags_set_arithmetic(m, (REG8(m, AH) & LAHF_FLAGS) | (flag_of(m) ? VCPU_FLAG_OF : 0));
    NEXT;
}

op_handler *flags_select(const struct isa_instruction *instruction, struct op *op)
{
    (void)op;
    switch (instruction->operation) {
    case ISA_CLC:
        return clc;
    case ISA_STC:
        return stc;
    case ISA_CMC:
        return cmc;
    case ISA_CLD:
        return cld;
    case ISA_STD:
        return std;
    case ISA_LAHF:
        return lahf;
    case ISA_SAHF:
        return sahf;
    default:
        return NULL;
    }
}
