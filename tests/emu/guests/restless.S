/*
 * Load for hosts, by the machine's own random stream: for ever, works for a while and then sends a
 * broadcast, arms the timer, idles, or goes on. Interrupts are enabled, with a handler that counts
 * them. If the last letter of argument 1 is 'm' (mortal) it ends after some rounds.
 */
#include "guest.h"

#define FRAME_BYTES 60

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    movl $-1, frame
    movw $-1, frame + 4
    movl REG(ABI_REG_MAC_LOW), %eax
    movl %eax, frame + 6
    movl REG(ABI_REG_MAC_HIGH), %eax
    movw %ax, frame + 10
    movw $0xb588, frame + 12
    movl $frame, send
    movl $FRAME_BYTES, send + 4
    movl $buffer, receive
    movl $1514, receive + 4
    movl $handler, %eax
    movl %eax, REG(ABI_REG_IRQ_HANDLER)
    movl $1, %eax
    movl %eax, REG(ABI_REG_IRQ_ENABLE)
    /* "restless\0m": byte 9 */
    movl REG(ABI_REG_BOOT_TEXT) + 8, %eax
    shrl $8, %eax
    cmpb $'m', %al
    jne again
    movl $40, rounds
again:
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    /* Work: 2 to some 130,000 instructions, mostly few. */
    movl %ebx, %ecx
    andl $0xff, %ecx
    testl $0x700, %ebx
    jnz 1f
    shll $8, %ecx
1:  incl %ecx
2:  decl %ecx
    jnz 2b
    testl $0x3000, %ebx
    jnz 3f
    movl $ABI_PORT_NIC_SEND, %edx
    movl $send, %eax
    outl %eax, %dx
3:  testl $0xc000, %ebx
    jnz 4f
    arm 70000
4:  testl $0x10000, %ebx
    jz drain
    /* Up to 130 us. */
    movl %ebx, %ecx
    shrl $15, %ecx
    now
    addl %ecx, %eax
    adcl $0, %edx
    idle
drain:
    movl $ABI_PORT_NIC_RECEIVE, %edx
    movl $receive, %eax
    outl %eax, %dx
    cmpl $0, receive + 8
    jne drain
    cmpl $0, rounds
    je again
    decl rounds
    jnz again
    end 0

handler:
    incl interrupts
    movl $1, REG(ABI_REG_IRQ_ENABLE)
    popf
    ret

    .bss
    .balign 8
deadline:
    .skip 8
send:
    .skip 8
receive:
    .skip 12
rounds:
    .skip 4
interrupts:
    .skip 4
frame:
    .skip FRAME_BYTES
buffer:
    .skip 1514
