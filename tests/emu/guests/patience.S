/*
 * Guests that wait, or look at much, chosen by the first letter of argument 1: times past the end
 * of the run, and more memory than anybody fills.
 */
#include "guest.h"

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    movl REG(ABI_REG_BOOT_TEXT) + 8, %eax /* "patience\0X": the letter is byte 9 */
    cmpb $'s', %ah
    je sleep
    cmpb $'e', %ah
    je sleep_for_ages
    cmpb $'t', %ah
    je timer
    cmpb $'w', %ah
    je walk
    end 98

/* Until 100 s. */
sleep:
    movl $0x4876e800, %eax
    movl $0x17, %edx
    idle
    end 0

/* Until the last moment that can be named. */
sleep_for_ages:
    movl $-2, %eax
    movl $-1, %edx
    idle
    end 0

/* Leaves a timer armed that nobody will see. */
timer:
    arm 2000000000
1:  idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    jmp 1b

/* A word of each page of memory, from the lowest to the highest; writes none. */
walk:
    movl REG(ABI_REG_MEMORY_SIZE), %ecx
    movl $0x2000, %esi
1:  movl (%esi), %eax
    addl $4096, %esi
    cmpl %ecx, %esi
    jb 1b
    end 0

    .bss
    .balign 8
deadline:
    .skip 8
