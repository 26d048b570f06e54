/*
 * The interrupt rules of docs/isa.md, checked by a guest. A timer armed for "now" makes TIMER
 * pending at the next instruction boundary.
 */
#include "guest.h"

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp

    /* 1, 2, 3: at entry nothing pends, interrupts are off, there is no handler. */
    movl REG(ABI_REG_IRQ_PENDING), %eax
    testl %eax, %eax
    check e, 1
    movl REG(ABI_REG_IRQ_ENABLE), %eax
    testl %eax, %eax
    check e, 2
    movl REG(ABI_REG_IRQ_HANDLER), %eax
    testl %eax, %eax
    check e, 3

    /* 4, 5: with a kind pending idle returns at once, time-out or not, with the mask in EAX. */
    arm 0
    idle_for_ever
    cmpl $ABI_IRQ_TIMER, %eax
    check e, 4
    idle_for_ever
    cmpl $ABI_IRQ_TIMER, %eax
    check e, 5

    /* 6, 7: repeated ones of a kind coalesce; writing ones clears them. */
    arm 0
    nop
    movl REG(ABI_REG_IRQ_PENDING), %eax
    cmpl $ABI_IRQ_TIMER, %eax
    check e, 6
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    movl REG(ABI_REG_IRQ_PENDING), %eax
    testl %eax, %eax
    check e, 7

    /* 8, 9: a time-out gives EAX = 0, and not before its time. */
    now
    addl $1000000, %eax
    adcl $0, %edx
    movl %eax, deadline
    idle
    testl %eax, %eax
    check e, 8
    now
    subl deadline, %eax
    cmpl $1000, %eax
    check b, 9

    /* 10: an interrupt ends idle before its time-out, at its own time. */
    arm 500000
    movl deadline, %ebx
    movl $-1, %edx
    xorl %eax, %eax
    idle
    cmpl $ABI_IRQ_TIMER, %eax
    check e, 10
    now
    subl %ebx, %eax
    cmpl $1000, %eax
    check b, 11

    /* 12 to 15: a store that enables interrupts while some pend delivers at the next boundary: the
     * instruction after it (incl %esi) has not run when the handler does. Delivery snapshots the
     * mask, clears it and the enable flag. */
    xorl %esi, %esi
    movl $handler, %eax
    movl %eax, REG(ABI_REG_IRQ_HANDLER)
    movl $0x40, %ebp
    stc
    movl $1, %eax
    movl %eax, REG(ABI_REG_IRQ_ENABLE)
after_enable:
    incl %esi
    check c, 16 /* the handler's popf gave the flags back (incl keeps CF) */
    cmpl $1, handled
    check e, 12
    cmpl $1, %esi
    check e, 13
    cmpl $0x40, %ebp
    check e, 14

    /* 17: interrupts are on again (the handler turned them on): the next is delivered by itself. */
    arm 0
    nop
    nop
    cmpl $2, handled
    check e, 17

    /* 18: an idle that an interrupt ends retires before the handler runs, and runs once. */
    arm 1000
    idle_for_ever
    cmpl $3, handled
    check e, 18
    cmpl $ABI_IRQ_TIMER, %eax /* idle's EAX, which the handler kept */
    check e, 19

    /* 20: a timer that is disarmed does not ring. */
    arm 1000000
    movl $-1, deadline
    movl $-1, deadline + 4
    movl $ABI_PORT_TIMER, %edx
    movl $deadline, %eax
    outl %eax, %dx
    now
    addl $2000000, %eax
    adcl $0, %edx
    idle
    testl %eax, %eax
    check e, 20
    cmpl $3, handled
    check e, 21
    end 0

handler:
    pushl %eax
    pushl %ecx
    movl REG(ABI_REG_IRQ_DELIVERED), %eax
    cmpl $ABI_IRQ_TIMER, %eax
    check e, 30
    movl REG(ABI_REG_IRQ_PENDING), %eax
    testl %eax, %eax
    check e, 31
    movl REG(ABI_REG_IRQ_ENABLE), %eax
    testl %eax, %eax
    check e, 32
    incl handled
    cmpl $1, handled
    jne 1f
    /* On the stack above the two saved registers: EFLAGS, then EIP. */
    movl 12(%esp), %eax
    cmpl $after_enable, %eax
    check e, 33
    testl %esi, %esi
    check e, 34
    movl 8(%esp), %eax
    andl $1, %eax
    check nz, 35
1:
    popl %ecx
    movl $1, %eax
    movl %eax, REG(ABI_REG_IRQ_ENABLE)
    popl %eax
    popfl
    ret

    .data
    .balign 8
deadline:
    .long 0, 0
handled:
    .long 0
