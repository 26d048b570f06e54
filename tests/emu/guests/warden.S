/*
 * A host's supervisor that sets limits and keeps snapshots. The letter of argument 1 says how:
 *   e  by the tables below, one entry after the other; it ends with 0, or with the number of the
 *      entry, from 1, that was answered otherwise than the table says
 *   r  for ever, by the machine's own random stream: what it asks for is what the tables ask for,
 *      of any machine, or ends it or starts it again; it waits in between
 *   m  for ever, sets the rate at which machine 1 may send, and takes that back
 * Machine 1 of the tables is of 512 KiB, on no network; machine 2 of 128 KiB, on one; the host
 * pages, 512 KiB in blocks of 4 KiB.
 */
#include "guest.h"

#define KIB 1024
#define MACHINES 8 /* of r: 0 to 7, there or not */

/* status is as in devices/abi.h: 0 done, 1 no machine, 2 state, 3 value, 5 room. */
.macro ask operation, machine, low, status, high=0
    .long \operation, \machine, \low, \high, \status, 0
.endm

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    /* "warden\0e": byte 7 */
    movl REG(ABI_REG_BOOT_TEXT) + 4, %eax
    shrl $24, %eax
    movb %al, mode
    cmpb $'e', %al
    jne again
    movl $table, %esi
    movl $1, %ebx
1:  movl %esi, %eax
    movl 16(%esi), %edi
    movl $ABI_PORT_SUPERVISOR_CONTROL, %edx
    outl %eax, %dx
    cmpl %edi, 16(%esi)
    je 2f
    movl %ebx, %eax
    terminate
2:  incl %ebx
    addl $24, %esi
    cmpl $table_end, %esi
    jb 1b
    end 0

again:
    /* Up to some 65 us. */
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    andl $0xffff, %eax
    movl %eax, %ecx
    now
    addl %ecx, %eax
    adcl $0, %edx
    idle
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    cmpb $'m', mode
    je rate
    /* Bits 16..18 the machine; 19..22: 0 destroys, 1 starts, 2 pauses, 3 resumes, else a table's
     * entry. */
    movl %ebx, %eax
    shrl $16, %eax
    andl $MACHINES - 1, %eax
    movl %eax, control + 4
    movl %ebx, %eax
    shrl $19, %eax
    andl $15, %eax
    cmpl $4, %eax
    jae entry
    movl %eax, %ecx
    movl lives(, %ecx, 4), %eax
    movl %eax, control
    movl $0, control + 8
    movl $0, control + 12
    jmp ask_it
entry:
    movl %ebx, %eax
    shrl $20, %eax
    xorl %edx, %edx
    movl $(table_end - table) / 24, %ecx
    divl %ecx
    imull $24, %edx, %edx
    movl table(%edx), %eax
    movl %eax, control
    movl table + 8(%edx), %eax
    movl %eax, control + 8
    movl table + 12(%edx), %eax
    movl %eax, control + 12
ask_it:
    movl $ABI_PORT_SUPERVISOR_CONTROL, %edx
    movl $control, %eax
    outl %eax, %dx
    jmp again

rate:
    movl $9, control /* ABI_CONTROL_SEND_RATE */
    movl $1, control + 4
    xorl $1000, control + 8
    jz 1f
    movl $ABI_PORT_SUPERVISOR_CONTROL, %edx
    movl $control, %eax
    outl %eax, %dx
    movl $10, burst /* ABI_CONTROL_SEND_BURST */
    movl $1, burst + 4
    movl $1514, burst + 8
    movl $burst, %eax
    outl %eax, %dx
    jmp again
1:  movl $ABI_PORT_SUPERVISOR_CONTROL, %edx
    movl $control, %eax
    outl %eax, %dx
    jmp again

    .data
    .balign 8
lives:
    .long 3, 4, 1, 2 /* ABI_CONTROL_DESTROY, START, PAUSE, RESUME */
table:
    /* The floor: 7. */
    ask 7, 1, 4095, 3
    ask 7, 1, 516*KIB, 3
    ask 7, 1, 4*KIB, 3, 1 /* and 2^32 */
    ask 7, 3, 0, 1
    ask 7, 0, 128*KIB, 0 /* itself */
    ask 7, 1, 256*KIB, 0
    ask 7, 2, 128*KIB, 5
    ask 8, 1, 128*KIB, 3 /* the ceiling: 8 */
    ask 8, 1, 16*KIB, 3
    ask 7, 1, 0, 0
    ask 7, 2, 128*KIB, 0
    ask 8, 1, 64*KIB, 0
    ask 7, 1, 68*KIB, 3
    ask 8, 1, 64*KIB+1, 3
    ask 8, 1, 0, 0
    /* Rates and bursts, sent 9 and 10, received 11 and 12. */
    ask 9, 1, 1000000, 1
    ask 9, 2, 999, 3
    ask 9, 2, 0, 3, 0x10000
    ask 10, 2, 2000, 2
    ask 9, 2, 1000000, 0
    ask 10, 2, 1513, 3
    ask 10, 2, 0x80000000, 3
    ask 10, 2, 2000, 3, 1
    ask 10, 2, 1514, 0
    ask 10, 2, 0, 0
    ask 9, 2, 0, 0
    ask 10, 2, 1514, 2
    ask 11, 1, 1000000, 1
    ask 12, 2, 2000, 2
    ask 11, 2, 2000000, 0
    ask 12, 2, 3000, 0
    ask 11, 2, 0, 0
    /* Bytes on disks: 13. */
    ask 13, 1, 4097, 3
    ask 13, 1, 0, 3, 0x1000
    ask 13, 1, 16*KIB, 0
    ask 13, 1, 0, 0
    ask 9, 2, 3000000, 0
    ask 7, 1, 64*KIB, 0
    ask 100, 1, 0, 3
table_end:

    .bss
    .balign 8
control:
    .skip 24
burst:
    .skip 24
mode:
    .skip 4
