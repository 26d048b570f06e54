/*
 * For the test guests: assembly with the machine's own names, no kit. A guest checks itself and
 * ends with 0, or with the number of the check that failed.
 */
#include "devices/abi.h"

#define REG(offset) ABI_REGISTER_PAGE + offset
#define STACK_TOP   0x8000
#define MARK        0x9000 /* a word, 0 until a test pokes it */

/* clang-format off */
.macro idle
    .byte 0x0f, 0x3f, 0x01
.endm
.macro terminate
    .byte 0x0f, 0x3f, 0x02
.endm
/* Ends with `code`. */
.macro end code
    movl $\code, %eax
    terminate
.endm
/* Ends with `code` unless the condition of the last comparison is \cc. */
.macro check cc, code
    j\cc 771f
    end \code
771:
.endm
/* Waits for ever (all ones: no time-out). */
.macro idle_for_ever
    movl $-1, %eax
    movl $-1, %edx
    idle
.endm
/* EDX:EAX = virtual time now. */
.macro now
    movl REG(ABI_REG_TIME_LOW), %eax
    movl REG(ABI_REG_TIME_HIGH), %edx
.endm
/* Arms the timer `delay` ns from now. */
.macro arm delay
    now
    addl $\delay, %eax
    adcl $0, %edx
    movl %eax, deadline
    movl %edx, deadline + 4
    movl $ABI_PORT_TIMER, %edx
    movl $deadline, %eax
    outl %eax, %dx
.endm
