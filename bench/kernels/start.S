/* Entry of every kernel: a stack, the kernel, and its checksum as the exit code. */
    .text
    .globl _start
_start:
    movl $stack_top, %esp
    call kernel
    .byte 0x0f, 0x3f, 0x02 /* terminate */

    .bss
    .balign 4096
    .space 65536
stack_top:

    .section .note.GNU-stack, "", @progbits
