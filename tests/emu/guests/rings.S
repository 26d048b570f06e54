/*
 * Load for the register-programmed card, by the machine's own random stream: for ever, gives its
 * ring up to seven broadcasts and has the card look at it once, takes what has come, works for a
 * while, and sometimes idles.
 */
#include "guest.h"

#define FRAME_BYTES 60
#define RING        8 /* descriptors, of 16 bytes, each way */

/* Writes \value to register ABI_PCNET_CSR\number of the card. */
.macro csr number, value
    movl $ABI_PORT_PCNET_ADDRESS, %edx
    movl $\number, %eax
    outw %ax, %dx
    movl $ABI_PORT_PCNET_DATA, %edx
    movl \value, %eax
    outw %ax, %dx
.endm

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
    movl $(RING - 1) * 16, %esi
1:  movl $buffer, receive(%esi)
    movl $1514, receive + 4(%esi)
    movl $ABI_PCNET_OWN, receive + 12(%esi)
    movl $frame, send(%esi)
    movl $FRAME_BYTES, send + 4(%esi)
    subl $16, %esi
    jns 1b
    csr 1, $rings
    movl $rings, %ebx
    shrl $16, %ebx
    csr 2, %ebx
    csr 0, $(ABI_PCNET_INIT | ABI_PCNET_STRT)
again:
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    /* The next descriptors are the card's. */
    movl %ebx, %ecx
    andl $7, %ecx
    jz 2f
1:  movl next_send, %esi
    movl $ABI_PCNET_OWN, send + 12(%esi)
    addl $16, %esi
    andl $(RING - 1) * 16, %esi
    movl %esi, next_send
    decl %ecx
    jnz 1b
    csr 0, $ABI_PCNET_TDMD
    /* What has come is taken as the register is read; then all is room again. */
2:  movl $ABI_PORT_PCNET_DATA, %edx
    inw %dx, %ax
    movl $(RING - 1) * 16, %esi
1:  movl $ABI_PCNET_OWN, receive + 12(%esi)
    subl $16, %esi
    jns 1b
    movl %ebx, %ecx
    shrl $20, %ecx
    incl %ecx
1:  decl %ecx
    jnz 1b
    testl $0x30, %ebx
    jnz again
    movl %ebx, %ecx
    shrl $14, %ecx
    now
    addl %ecx, %eax
    adcl $0, %edx
    idle
    jmp again

    .data
    .balign 4
rings:
    .long receive, RING, send, RING

    /* Across the ends of pages: a descriptor of each ring, the frame and the buffer. */
    .bss
    .balign 4096
    .skip 4096 - 40
receive:
    .skip RING * 16
    .balign 4096
    .skip 4096 - 24
send:
    .skip RING * 16
next_send:
    .skip 4
    .balign 4096
    .skip 4096 - 20
frame:
    .skip FRAME_BYTES
    .balign 4096
    .skip 4096 - 700
buffer:
    .skip 1514
