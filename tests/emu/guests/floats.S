/* Computes with x87 what shows how the host rounds and what it traps: sums of thirds, a quotient by
 * zero, a square root of less than zero. The results stay in memory. */
#include "guest.h"

    .text
    .globl _start
_start:
    fninit
    fldz
again:
    fld1
    fidivs three
    faddp
    fstl sum
    fsts single
    incl rounds
    cmpl $1000, rounds
    jb again
    fld1
    fldz
    fdivrp
    fstpl infinite
    fld1
    fchs
    fsqrt
    fstpl invalid
    end 0

    .data
three:
    .word 3

    .bss
    .balign 8
sum:
    .skip 8
infinite:
    .skip 8
invalid:
    .skip 8
single:
    .skip 4
rounds:
    .skip 4
