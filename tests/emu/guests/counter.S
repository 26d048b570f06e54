/*
 * For tests of snapshots: for ever, every 100 us, counts, and observes the count ("count"), what it
 * is ("who": generation * 2^16 + its number) and, if it has a disk, the word that block 0 begins
 * with ("disk"), which it then replaces by the count. The count is on the stack and in one of 16
 * pages, in turn, and both have to agree. With letter 'i' as argument 1 it first waits for ever;
 * with 't' it also sets its timer for 2 ms, and observes what woke it ("woken", kinds).
 */
#include "guest.h"

#define PAGES 0x18000

    .macro observe name, size
    movl $\name, observation
    movl $\size, observation + 4
    fildl (%esp)
    fstpl observation + 16
    movl $ABI_PORT_OBSERVE, %edx
    movl $observation, %eax
    outl %eax, %dx
    .endm

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    pushl $0 /* the count */
    /* "counter\0i": byte 8 */
    movl REG(ABI_REG_BOOT_TEXT) + 8, %eax
    cmpb $'t', %al
    je timed
    cmpb $'i', %al
    jne again
    idle_for_ever
    jmp again
timed:
    arm 2000000
    idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    pushl %eax
    observe woken, 5
    popl %eax
again:
    now
    addl $100000, %eax
    adcl $0, %edx
    idle
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    movl (%esp), %eax
    movl %eax, %ecx
    andl $15, %ecx
    shll $12, %ecx
    cmpl $0, (%esp)
    je 1f
    cmpl %eax, PAGES(%ecx)
    check e, 1
1:  incl (%esp)
    movl (%esp), %eax
    movl %eax, %ecx
    andl $15, %ecx
    shll $12, %ecx
    movl %eax, PAGES(%ecx)
    observe count, 5
    movl REG(ABI_REG_GENERATION), %eax
    shll $16, %eax
    movl REG(ABI_REG_NODE_INDEX), %ecx
    addl %ecx, %eax
    pushl %eax
    observe who, 3
    popl %eax
    movl REG(ABI_REG_FEATURES), %eax
    testl $ABI_FEATURE_DISK, %eax
    jz again
    movl $0, request + 4 /* ABI_DISK_READ */
    call move
    pushl block
    observe disk, 4
    popl %eax
    movl (%esp), %eax
    movl %eax, block
    movl $1, request + 4 /* ABI_DISK_WRITE */
    call move
    jmp again

move:
    movl $block, request + 16
    movl $ABI_PORT_DISK_SUBMIT, %edx
    movl $request, %eax
    outl %eax, %dx
2:  movl $ABI_PORT_DISK_COMPLETE, %edx
    movl $completion, %eax
    outl %eax, %dx
    cmpl $1, completion + 4 /* ABI_DISK_NONE */
    jne 3f
    idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    jmp 2b
3:  ret

    .data
    .balign 8
observation:
    .long 0, 0, 0, 0, 0, 0 /* a measurement */
count:
    .ascii "count"
who:
    .ascii "who"
disk:
    .ascii "disk"
woken:
    .ascii "woken"
    .bss
    .balign 4
request:
    .skip 24
completion:
    .skip 8
block:
    .skip 4096
    .balign 8
deadline:
    .skip 8
