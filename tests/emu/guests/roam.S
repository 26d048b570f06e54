/*
 * Load for hosts that page, by the machine's own random stream: for ever, reads and writes words
 * all over its memory, also across pages' ends, copies from page to page, calls code that lies
 * across a page's end and code that it has just written, prints, sends and moves blocks of its disk
 * from anywhere, arms the timer and idles. Interrupts are enabled, with a handler that counts them
 * in a page of their own.
 * If the last letter of argument 1 is 'm' (mortal) it ends after some rounds.
 */
#include "guest.h"

#define ROOM       0x20000
#define ROOM_MASK  0x3fffc /* 64 pages */
#define COUNTER    0x70000

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    movl $handler, %eax
    movl %eax, REG(ABI_REG_IRQ_HANDLER)
    movl $1, %eax
    movl %eax, REG(ABI_REG_IRQ_ENABLE)
    /* "roam\0m": byte 5 */
    movl REG(ABI_REG_BOOT_TEXT) + 4, %eax
    cmpb $'m', %ah
    jne again
    movl $60, rounds
again:
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    inl %dx, %eax
    movl %eax, %ebp
    /* Some words near the last place, then one anywhere, maybe across a page's end. */
    movl place, %esi
    movl $20, %ecx
1:  addl ROOM(%esi), %eax
    addl $4, ROOM + 64(%esi)
    decl %ecx
    jnz 1b
    movl %ebx, %esi
    andl $ROOM_MASK, %esi
    testl $0x80000, %ebx
    jz 2f
    orl $0xffe, %esi
2:  movl %esi, place
    testl $0x100000, %ebx
    jz 3f
    incl ROOM(%esi)
3:  addl ROOM(%esi), %eax
    /* A copy of up to 8 KiB, or a fill. */
    testl $0x600000, %ebx
    jnz 5f
    movl %ebp, %edi
    andl $ROOM_MASK, %edi
    movl %ebp, %ecx
    shrl $20, %ecx
    addl $ROOM, %edi
    addl $ROOM, %esi
    testl $0x800000, %ebx
    jz 4f
    rep movsb
    jmp 5f
4:  rep stosw
    /* Code across a page's end, and code made here. */
5:  testl $0x1000000, %ebx
    jz 6f
    call across
    movl place, %esi
    movb $0xc3, ROOM(%esi)
    addl $ROOM, %esi
    call *%esi
6:  testl $0x6000000, %ebx
    jnz 7f
    movl place, %eax
    addl $ROOM, %eax
    movl %eax, describe
    movl $40000, describe + 4
    movl $ABI_PORT_CONSOLE_WRITE, %edx
    movl $describe, %eax
    outl %eax, %dx
7:  testl $0x8000000, %ebx
    jz 8f
    movl place, %esi
    movl $-1, ROOM(%esi)
    movw $-1, ROOM + 4(%esi)
    movl REG(ABI_REG_MAC_LOW), %eax
    movl %eax, ROOM + 6(%esi)
    movl REG(ABI_REG_MAC_HIGH), %eax
    movw %ax, ROOM + 10(%esi)
    movw $0xb588, ROOM + 12(%esi)
    leal ROOM(%esi), %eax
    movl %eax, describe
    movl $1200, describe + 4
    movl $ABI_PORT_NIC_SEND, %edx
    movl $describe, %eax
    outl %eax, %dx
8:  testl $0x10000000, %ebx
    jz 9f
    arm 70000
9:  testl $0x20000000, %ebx
    jz drain
    movl %ebp, %ecx
    shrl $15, %ecx
    now
    addl %ecx, %eax
    adcl $0, %edx
    idle
drain:
    testl $0x40000000, %ebx
    jz 1f
    movl REG(ABI_REG_FEATURES), %eax
    testl $ABI_FEATURE_DISK, %eax
    jz 1f
    cmpl $50, under_way
    jae 1f
    /* A block of the disk, to or from anywhere. */
    movl %ebx, %eax
    shrl $31, %eax
    movl %eax, request + 4
    movl %ebp, %eax
    andl $63, %eax
    movl %eax, request + 8
    movl place, %eax
    addl $ROOM, %eax
    movl %eax, request + 16
    movl $ABI_PORT_DISK_SUBMIT, %edx
    movl $request, %eax
    outl %eax, %dx
    incl under_way
1:
more:
    andl $ROOM_MASK, %ebp
    addl $ROOM, %ebp
    movl %ebp, receive
    movl $1514, receive + 4
    movl $ABI_PORT_NIC_RECEIVE, %edx
    movl $receive, %eax
    outl %eax, %dx
    cmpl $0, receive + 8
    jne more
    cmpl $0, under_way
    je 1f
    movl $ABI_PORT_DISK_COMPLETE, %edx
    movl $receive, %eax
    outl %eax, %dx
    cmpl $ABI_DISK_NONE, receive + 4
    je 1f
    decl under_way
1:  cmpl $0, rounds
    je again
    decl rounds
    jnz again
    end 0

handler:
    incl COUNTER
    movl $1, REG(ABI_REG_IRQ_ENABLE)
    popf
    ret

    .balign 4096
    .skip 4092
across:
    addl $0x12345678, sum /* ten bytes */
    ret

    .bss
    .balign 8
deadline:
    .skip 8
describe:
    .skip 8
receive:
    .skip 12
request:
    .skip 24
under_way:
    .skip 4
place:
    .skip 4
rounds:
    .skip 4
sum:
    .skip 4
