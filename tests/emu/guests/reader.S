/* Counts the bytes of its console input until that ends, sleeping in between; the count is its exit
 * code. */
#include "guest.h"

    .text
    .globl _start
_start:
    xorl %ebx, %ebx
next:
    movl $ABI_PORT_CONSOLE_BYTE, %edx
    inl %dx, %eax
    cmpl $ABI_CONSOLE_END, %eax
    je over
    cmpl $ABI_CONSOLE_NONE, %eax
    je wait
    incl %ebx
    jmp next
wait:
    movl $ABI_IRQ_CONSOLE, %eax
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    /* A byte may have come before the kind was cleared: look once more before sleeping. */
    inl %dx, %eax
    cmpl $ABI_CONSOLE_END, %eax
    je over
    cmpl $ABI_CONSOLE_NONE, %eax
    jne 1f
    idle_for_ever
    jmp next
1:  incl %ebx
    jmp next
over:
    movl %ebx, %eax
    terminate
