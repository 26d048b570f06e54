/*
 * One end of a stream of IPv4 packets, or both, for tests of what links do to them. Argument 1:
 *
 *     f N S   floods node N with packets of the longest frame, one every three instructions
 *     p N S   sends node N a packet of 200 bytes of frame every 5 ms
 *     r       receives for ever and observes each packet: "arrival", sender * 2^24 + number
 *
 * as letters without spaces: "fNS" with N a digit. S is the start in ms, a digit. With `F` and `P`
 * the packets go to the Ethernet broadcast address (a LAN has no gateway). The node's address is
 * 10.0.0.(4 * index + 2). A flood observes "start" before its first packet and the other sender
 * before each; the packet leaves three instructions later. A packet is observed 14 instructions
 * after it arrived.
 */
#include "guest.h"

#define IP frame + 14

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    movl 0x1000 + ABI_REG_BOOT_TEXT + 4, %eax /* "stream\0XNS": byte 7 and on */
    movl 0x1000 + ABI_REG_BOOT_TEXT + 8, %ebx
    shrl $24, %eax
    cmpb $'r', %al
    je receive_all
    subb $'0', %bl
    subb $'0', %bh

    /* Ethernet: to the gateway, whose address is the node's own but for its second byte. */
    movl REG(ABI_REG_MAC_LOW), %ecx
    movl %ecx, frame + 6
    movl REG(ABI_REG_MAC_HIGH), %edx
    movw %dx, frame + 10
    orl $0x100, %ecx
    movl %ecx, frame
    movw %dx, frame + 4
    testb $0x20, %al /* an upper-case letter: broadcast */
    jnz 1f
    movl $-1, frame
    movw $-1, frame + 4
1:  movw $0x0008, frame + 12

    /* IPv4: an experimental protocol, so that nobody answers. */
    movl $200, size
    orb $0x20, %al
    cmpb $'f', %al
    jne 1f
    movl $1514, size
1:  movl size, %ecx
    movl %ecx, send + 4
    movl $frame, send
    subl $14, %ecx
    movb $0x45, IP
    movb %ch, IP + 2
    movb %cl, IP + 3
    movb $64, IP + 8
    movb $253, IP + 9
    movl REG(ABI_REG_NODE_INDEX), %ecx
    movb %cl, IP + 24 /* the sender, as the packet's own mark */
    leal 2(, %ecx, 4), %ecx
    movb $10, IP + 12
    movb %cl, IP + 15
    movzbl %bl, %ecx
    leal 2(, %ecx, 4), %ecx
    movb $10, IP + 16
    movb %cl, IP + 19
    /* The header's checksum: ones' complement of the sum of ten words, byte order and all. */
    xorl %eax, %eax
    xorl %ecx, %ecx
1:  movzwl IP(, %ecx, 2), %edx
    addl %edx, %eax
    incl %ecx
    cmpl $10, %ecx
    jne 1b
    movl %eax, %edx
    shrl $16, %edx
    addw %dx, %ax
    adcw $0, %ax
    notw %ax
    movw %ax, IP + 10

    /* Waits for its start. */
    movzbl %bh, %eax
    imull $1000000, %eax, %eax
    xorl %edx, %edx
    movl %eax, next
wait:
    movl next, %eax
    xorl %edx, %edx
    idle
    movl %eax, REG(ABI_REG_IRQ_PENDING) /* what others broadcast is no business of a sender's */
    testl %eax, %eax
    jnz wait
    cmpb $200, size
    je paced
    movl $ABI_PORT_OBSERVE, %edx
    movl $start, %eax
    outl %eax, %dx
    movl $ABI_PORT_NIC_SEND, %edx
    movl $send, %eax
flood:
    outl %eax, %dx
    incl IP + 20
    jmp flood
paced:
    movl $ABI_PORT_OBSERVE, %edx
    movl $start, %eax
    outl %eax, %dx
    movl $ABI_PORT_NIC_SEND, %edx
    movl $send, %eax
    outl %eax, %dx
    incl IP + 20
    addl $5000000, next
    jmp wait

receive_all:
    movl $buffer, receive
    movl $1514, receive + 4
1:  idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    movl $ABI_PORT_NIC_RECEIVE, %edx
    movl $receive, %eax
    outl %eax, %dx
    movl buffer + 14 + 20, %eax
    movzbl buffer + 14 + 24, %ecx
    shll $24, %ecx
    orl %ecx, %eax
    movl %eax, number
    fildl number
    fstpl arrival + 16
    movl $ABI_PORT_OBSERVE, %edx
    movl $arrival, %eax
    outl %eax, %dx
    jmp 1b

    .data
    .balign 8
start:
    .long start_name, 5, 1, 0, 0, 0 /* a milestone */
arrival:
    .long arrival_name, 7, 0, 0, 0, 0 /* a measurement */
start_name:
    .ascii "start"
arrival_name:
    .ascii "arrival"
    .bss
    .balign 8
next:
    .skip 4
size:
    .skip 4
number:
    .skip 4
send:
    .skip 8
receive:
    .skip 12
frame:
    .skip 1536
buffer:
    .skip 1536
