/*
 * Work for disks, for ever: four requests at a time to disk 0, to blocks and with bytes that depend
 * on the node's number and on all that was read and answered before; every fourth is a write. Every
 * request is collected before the next four go. Each round is a milestone.
 */
#include "guest.h"

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    movl $0, info
    movl $ABI_PORT_DISK_INFO, %edx
    movl $info, %eax
    outl %eax, %dx
    movl info + 8, %eax /* blocks; disks of the tests are small */
    movl %eax, blocks
    movl REG(ABI_REG_NODE_INDEX), %eax
    incl %eax
    movl %eax, state
round:
    xorl %ebx, %ebx
submit:
    /* Knuth's multiplier; the high half chooses. */
    imull $2654435761, state, %eax
    addl $12345, %eax
    movl %eax, state
    movl %eax, %ecx
    shrl $16, %eax
    xorl %edx, %edx
    divl blocks
    movl %edx, request + 8
    movl $0, request + 12
    movl $0, request
    movl %ebx, %eax
    shll $12, %eax
    addl $buffers, %eax
    movl %eax, request + 16
    movl %ebx, request + 20
    xorl %edx, %edx
    cmpl $3, %ebx
    jne 1f
    incl %edx /* ABI_DISK_WRITE */
    movl %ecx, (%eax)
    movl %ecx, 4092(%eax)
1:  movl %edx, request + 4
    movl $ABI_PORT_DISK_SUBMIT, %edx
    movl $request, %eax
    outl %eax, %dx
    incl %ebx
    cmpl $4, %ebx
    jne submit
collect:
    movl $ABI_PORT_DISK_COMPLETE, %edx
    movl $completion, %eax
    outl %eax, %dx
    movl completion + 4, %ecx
    cmpl $ABI_DISK_NONE, %ecx
    je wait
    movl completion, %eax
    leal (%eax, %ecx, 8), %ecx
    shll $12, %eax
    addl buffers(%eax), %ecx
    addl buffers + 4092(%eax), %ecx
    addl %ecx, state
    decl %ebx
    jnz collect
    movl $ABI_PORT_OBSERVE, %edx
    movl $milestone, %eax
    outl %eax, %dx
    jmp round
wait:
    idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    jmp collect

    .data
    .balign 8
milestone:
    .long name, 5, ABI_OBSERVE_MILESTONE, 0
    .quad 0
name:
    .ascii "round"

    .bss
    .balign 4096
buffers:
    .skip 4 * 4096
info:
    .skip 48
request:
    .skip 24
completion:
    .skip 8
state:
    .skip 4
blocks:
    .skip 4
