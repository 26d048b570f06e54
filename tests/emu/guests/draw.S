/* Draws a random word and then a block of nine bytes, and prints all thirteen. */
#include "guest.h"

    .text
    .globl _start
_start:
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, bytes
    movl $filled, %eax
    outl %eax, %dx
    movl $printed, %eax
    movl $ABI_PORT_CONSOLE_WRITE, %edx
    outl %eax, %dx
    end 0

    .data
filled:
    .long bytes + 4, 9
printed:
    .long bytes, 13
bytes:
    .skip 16
