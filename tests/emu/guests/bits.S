/*
 * Sets bits by offsets in a register, which reach beyond the operand that the instruction names, up
 * and down.
 */
#include "guest.h"

#define BITS 0xa000 /* a page that nothing else uses */

    .text
    .globl _start
_start:
    movl $200, %ecx
    btsl %ecx, BITS         /* BITS + 24 */
    movl $-40, %ecx
    btcl %ecx, BITS + 64    /* BITS + 56 */
    movl $-17, %ecx
    btsw %cx, BITS + 128    /* BITS + 124 */
    movl $0, %ecx
    end 0
