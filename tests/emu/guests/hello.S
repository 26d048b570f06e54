/* Prints a line in one instruction and ends with 7. */
#include "guest.h"

    .text
    .globl _start
_start:
    movl $ABI_PORT_CONSOLE_WRITE, %edx
    movl $buffer, %eax
    outl %eax, %dx
    end 7

    .data
buffer:
    .long text, text_end - text
text:
    .ascii "hello from the bare machine\n"
text_end:
