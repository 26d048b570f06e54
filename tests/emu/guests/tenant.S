/*
 * For tests of volumes: for ever, every 20 us and whenever it is interrupted, looks which disks it
 * has, and observes that as bits if it is something else than before ("disks"). If it has any it
 * adds 1 to the word that block 0 of the first begins with and observes what that is then
 * ("count"), or how its request ended otherwise ("failed", ABI_DISK_*; after that it looks again).
 * The letter of argument 1 says what else:
 *   r  instead, by the machine's own random stream: eight requests at a time to any number of a
 *      disk, any of 16 blocks, from or to anywhere in 32 KiB, which all go into what it writes
 *   m  ends with 0 after 10 counts, with a request under way
 */
#include "guest.h"

#define ROOM 0x18000 /* 16 pages */

    .macro observe name, size
    fildl value
    fstpl observation + 16
    movl $\name, observation
    movl $\size, observation + 4
    movl $ABI_PORT_OBSERVE, %edx
    movl $observation, %eax
    outl %eax, %dx
    .endm

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    /* "tenant\0r": byte 7 */
    movl REG(ABI_REG_BOOT_TEXT) + 4, %eax
    shrl $24, %eax
    movb %al, mode
    movl $-1, disks
again:
    now
    addl $20000, %eax
    adcl $0, %edx
    idle
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    cmpb $'r', mode
    je random
look:
    xorl %ebx, %ebx
    movl $15, %ecx
1:  movl %ecx, info
    movl $ABI_PORT_DISK_INFO, %edx
    movl $info, %eax
    outl %eax, %dx
    addl %ebx, %ebx
    cmpb $0, info + 16
    je 2f
    incl %ebx
2:  decl %ecx
    jns 1b
    cmpl %ebx, disks
    je 3f
    movl %ebx, disks
    movl %ebx, value
    observe name_disks, 5
3:  bsfl disks, %ecx
    jz again
    movl %ecx, request
    movl $0, request + 4 /* ABI_DISK_READ */
    call move
    jnz failed
    incl block
    movl $1, request + 4 /* ABI_DISK_WRITE */
    call move
    jnz failed
    movl block, %eax
    movl %eax, value
    observe name_count, 5
    cmpb $'m', mode
    jne again
    incl rounds
    cmpl $10, rounds
    jne again
    incl block
    movl $ABI_PORT_DISK_SUBMIT, %edx
    movl $request, %eax
    outl %eax, %dx
    end 0

failed:
    movl completion + 4, %eax
    movl %eax, value
    observe name_failed, 6
    jmp look

/* Equal: it was done. */
move:
    movl $0, request + 8
    movl $block, request + 16
    movl $ABI_PORT_DISK_SUBMIT, %edx
    movl $request, %eax
    outl %eax, %dx
2:  movl $ABI_PORT_DISK_COMPLETE, %edx
    movl $completion, %eax
    outl %eax, %dx
    cmpl $ABI_DISK_NONE, completion + 4
    jne 3f
    idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    jmp 2b
3:  cmpl $0, completion + 4
    ret

random:
    /* Collects what is done, into what it writes next. */
    movl $ABI_PORT_DISK_COMPLETE, %edx
    movl $completion, %eax
    outl %eax, %dx
    cmpl $ABI_DISK_NONE, completion + 4
    je 1f
    decl under_way
    movl completion + 4, %eax
    addl completion, %eax
    roll $7, %eax
    movl under_way, %ecx
    andl $7, %ecx
    addl %eax, ROOM(, %ecx, 4)
    jmp random
1:  cmpl $8, under_way
    jae again
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    andl $7, %eax
    movl %eax, request
    movl %ebx, %eax
    shrl $3, %eax
    andl $1, %eax
    movl %eax, request + 4
    movl %ebx, %eax
    shrl $4, %eax
    andl $15, %eax
    movl %eax, request + 8
    movl %ebx, %eax
    shrl $8, %eax
    movl %eax, request + 20 /* the tag */
    andl $0x7fff, %eax
    addl $ROOM, %eax
    movl %eax, request + 16
    movl $ABI_PORT_DISK_SUBMIT, %edx
    movl $request, %eax
    outl %eax, %dx
    incl under_way
    jmp 1b

    .data
    .balign 8
observation:
    .long 0, 0, 0, 0, 0, 0 /* a measurement */
name_disks:
    .ascii "disks"
name_count:
    .ascii "count"
name_failed:
    .ascii "failed"
    .bss
    .balign 4096
block:
    .skip 4096
    .balign 8
info:
    .skip 48
request:
    .skip 24
completion:
    .skip 8
value:
    .skip 4
disks:
    .skip 4
rounds:
    .skip 4
under_way:
    .skip 4
mode:
    .skip 4
