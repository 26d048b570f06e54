/*
 * Traffic for determinism tests, without a network stack: for ever, sends a broadcast frame with a
 * counter, a checksum of all it has received and the MARK, then idles for a time that depends on
 * it. Uses memory, the timer, interrupts by polling, and the observer.
 */
#include "guest.h"

#define FRAME_BYTES 64

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    /* Destination ff:ff:ff:ff:ff:ff, source our own, an experimental EtherType. */
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
again:
    incl frame + 16
    movl checksum, %eax
    movl %eax, frame + 20
    movl MARK, %eax
    movl %eax, frame + 24
    movl $ABI_PORT_NIC_SEND, %edx
    movl $send, %eax
    outl %eax, %dx
    /* Wait between 0.1 and 0.9 ms, by the checksum; frames end the wait sooner. */
    movl checksum, %ecx
    andl $7, %ecx
    incl %ecx
    imull $100000, %ecx, %ecx
    now
    addl %ecx, %eax
    adcl $0, %edx
    idle
    movl %eax, %ebx
    movl %eax, REG(ABI_REG_IRQ_PENDING) /* taken */
drain:
    movl $ABI_PORT_NIC_RECEIVE, %edx
    movl $receive, %eax
    outl %eax, %dx
    movl receive + 8, %ecx
    testl %ecx, %ecx
    jz again
    /* checksum = rotated checksum + each byte; also spread over a few pages */
    movl $buffer, %esi
    movl checksum, %eax
1:  roll $5, %eax
    movzbl (%esi), %edx
    addl %edx, %eax
    incl %esi
    decl %ecx
    jnz 1b
    movl %eax, checksum
    movl %eax, %edx
    andl $0x7ffc, %edx
    addl %eax, spread(%edx)
    incl received
    testl $15, received
    jnz drain
    /* Every 16 frames an observation, its value the count as a double. */
    fildl received
    fstpl observation + 16
    movl $ABI_PORT_OBSERVE, %edx
    movl $observation, %eax
    outl %eax, %dx
    jmp drain

    .data
    .balign 8
observation:
    .long name, 8, 0, 0, 0, 0 /* a measurement */
name:
    .ascii "received"
    .bss
    .balign 8
send:
    .skip 8
receive:
    .skip 12
checksum:
    .skip 4
received:
    .skip 4
frame:
    .skip FRAME_BYTES
buffer:
    .skip 1514
    .balign 4096
spread:
    .skip 0x8000
