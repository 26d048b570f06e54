/*
 * For ever reads a word of a page itself, works elsewhere for a while, has the console print the
 * word, and works again.
 */
#include "guest.h"

#define WORD 0x18000 /* a page of its own */

/* Some 100,000 instructions. */
.macro work
    movl $50000, %ecx
772:
    decl %ecx
    jnz 772b
.endm

    .text
    .globl _start
_start:
    movl WORD, %eax
    work
    movl $ABI_PORT_CONSOLE_WRITE, %edx
    movl $describe, %eax
    outl %eax, %dx
    work
    jmp _start

    .data
    .balign 8
describe:
    .long WORD, 4
