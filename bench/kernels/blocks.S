/*
 * One request after the other to disk 0, for ever; the letter that is the argument says which.
 *   r  writes blocks 0 to 1023 once, then reads them again and again
 *   o  writes blocks 0 to 1023 again and again
 *   w  writes ever new blocks
 */
#include "devices/abi.h"

    .text
    .globl _start
_start:
    movl $(ABI_REGISTER_PAGE + ABI_REG_BOOT_TEXT), %esi
    movl 4(%esi), %ecx
    shrl $24, %ecx /* "blocks\0X": byte 7 */
    movl $ABI_DISK_WRITE, request + 4
    movl $buffer, request + 16
    xorl %ebx, %ebx
next:
    movl %ebx, request + 8
    movl $request, %eax
    movl $ABI_PORT_DISK_SUBMIT, %edx
    outl %eax, %dx
    movl $-1, %eax
    movl $-1, %edx
    .byte 0x0f, 0x3f, 0x01 /* idle */
    movl %eax, ABI_REGISTER_PAGE + ABI_REG_IRQ_PENDING
    movl $completion, %eax
    movl $ABI_PORT_DISK_COMPLETE, %edx
    outl %eax, %dx
    incl %ebx
    incl buffer
    cmpb $'w', %cl
    je next
    andl $1023, %ebx
    jnz next
    cmpb $'r', %cl
    jne next
    movl $0, request + 4 /* ABI_DISK_READ */
    jmp next

    .bss
    .balign 4096
buffer:
    .skip 4096
request:
    .skip 24
completion:
    .skip 8
