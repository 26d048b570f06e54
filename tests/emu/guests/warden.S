/*
 * A host's supervisor that sets limits, keeps snapshots and gives volumes. The letter of argument 1
 * says how:
 *   e  by the tables below, one entry after the other; it ends with 0, or with the number of the
 *      entry, from 1, that was answered otherwise than the table says
 *   s  likewise by the table of snapshots: machines 1 and 2 are of one group and idle, 3 is of
 *      another; of 3 snapshots that the host keeps one at a time finds room
 *   r  for ever, by the machine's own random stream: what it asks for is what the tables ask for,
 *      of any machine, or ends it or starts it again; it waits in between
 *   k  for ever, at random: takes snapshots, starts from them, discards them and ends machines
 *   v  likewise by the table of volumes: there are two; machine 1, with 15 disks of its own, and
 *      machine 2 idle
 *   a  for ever, at random: attaches and detaches 8 volumes, there or not, and ends, starts, pauses
 *      and resumes machines
 *   m  for ever, sets the rate at which machine 1 may send, and takes that back
 * Machine 1 of the tables is of 512 KiB, on no network; machine 2 of 128 KiB, on one; the host
 * pages, 512 KiB in blocks of 4 KiB.
 */
#include "guest.h"

#define KIB 1024
#define MACHINES 8 /* of r: 0 to 7, there or not */
#define SNAPSHOT 14
#define FROM 15
#define DISCARD 16
#define ATTACH 18
#define DETACH 19

/* status is as in devices/abi.h: 0 done, 1 no machine, 2 state, 3 value, 5 room. */
.macro ask operation, machine, low, status, high=0
    .long \operation, \machine, \low, \high, \status, 0
.endm

    .macro observe name, size
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
    /* "warden\0e": byte 7 */
    movl REG(ABI_REG_BOOT_TEXT) + 4, %eax
    shrl $24, %eax
    movb %al, mode
    movl $table, %esi
    movl $table_end, %ebp
    cmpb $'e', %al
    je 0f
    movl $snapshots, %esi
    movl $snapshots_end, %ebp
    cmpb $'s', %al
    je 1f
    movl $volumes, %esi
    movl $volumes_end, %ebp
    cmpb $'v', %al
    jne again
1:  /* They idle by then. */
    now
    addl $1000000, %eax
    adcl $0, %edx
    idle
0:
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
    cmpl %ebp, %esi
    jb 1b
    /* What it is told of that. */
    movl $1, told
    movl $ABI_PORT_SUPERVISOR_LIMITS, %edx
    movl $told, %eax
    outl %eax, %dx
    fildll told + 8
    observe floor, 5
    fildll told + 56
    observe disks, 5
    movl $2, told
    movl $ABI_PORT_SUPERVISOR_LIMITS, %edx
    movl $told, %eax
    outl %eax, %dx
    fildll told + 24
    observe send, 4
    movl $2, told
    movl $ABI_PORT_SUPERVISOR_SNAPSHOT, %edx
    movl $told, %eax
    outl %eax, %dx
    fildl told + 4
    observe kept, 4
    fildll told + 16
    observe size, 4
    movl $1, told
    movl $ABI_PORT_SUPERVISOR_VOLUME, %edx
    movl $told, %eax
    outl %eax, %dx
    fildl told + 4
    observe state, 5
    fildl told + 8
    observe machine, 7
    fildl told + 12
    observe disk, 4
    fildl told + 16
    observe host_disk, 9
    fildll told + 24
    observe blocks, 6
    end 0

again:
    /* Up to some 65 us. */
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    andl $0xffff, %eax
    cmpb $'r', mode
    je 1f
    cmpb $'m', mode
    je 1f
    andl $0xfff, %eax
1:  movl %eax, %ecx
    now
    addl %ecx, %eax
    adcl $0, %edx
    idle
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    cmpb $'m', mode
    je rate
    cmpb $'k', mode
    je keep
    cmpb $'a', mode
    je give
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
    movl $(snapshots_end - table) / 24, %ecx
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

keep:
    /* Bits 16..18 the machine, 19..22 what, 23..24 the snapshot. */
    movl %ebx, %eax
    shrl $16, %eax
    andl $MACHINES - 1, %eax
    movl %eax, control + 4
    movl %ebx, %eax
    shrl $19, %eax
    andl $15, %eax
    movl keeps(, %eax, 4), %eax
    movl %eax, control
    movl %ebx, %eax
    shrl $23, %eax
    andl $3, %eax
    movl %eax, control + 8
    movl $0, control + 12
    jmp ask_it

give:
    /* Bits 16..18 the machine, 19..22 what, 23..25 the volume. */
    movl %ebx, %eax
    shrl $16, %eax
    andl $MACHINES - 1, %eax
    movl %eax, control + 4
    movl %ebx, %eax
    shrl $19, %eax
    andl $15, %eax
    movl gives(, %eax, 4), %eax
    movl %eax, control
    movl %ebx, %eax
    shrl $23, %eax
    andl $7, %eax
    movl %eax, control + 8
    movl $0, control + 12
    jmp ask_it

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
observation:
    .long 0, 0, 0, 0, 0, 0 /* a measurement */
floor:
    .ascii "floor"
disks:
    .ascii "disks"
send:
    .ascii "send"
kept:
    .ascii "kept"
size:
    .ascii "size"
state:
    .ascii "state"
machine:
    .ascii "machine"
disk:
    .ascii "disk"
host_disk:
    .ascii "host_disk"
blocks:
    .ascii "blocks"
    .balign 8
keeps:
    .long SNAPSHOT, SNAPSHOT, SNAPSHOT, FROM, FROM, FROM, FROM, FROM, FROM, FROM, FROM
    .long DISCARD, DISCARD, 3, 3, 4 /* ABI_CONTROL_DESTROY, START */
gives:
    .long ATTACH, ATTACH, ATTACH, ATTACH, ATTACH, ATTACH, ATTACH
    .long DETACH, DETACH, DETACH, DETACH, DETACH, 3, 4, 1, 2
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
    /* Their rate: 17. */
    ask 17, 1, 999, 3
    ask 17, 1, 0, 3, 0x10000
    ask 17, 1, 1000, 0
    ask 17, 1, 0, 0
    ask 17, 0, 1000, 0 /* itself */
    ask 17, 1, 5000000, 0
    ask 9, 2, 3000000, 0
    ask 7, 1, 64*KIB, 0
    ask 100, 1, 0, 3
table_end:
snapshots:
    ask FROM, 1, 0, 2 /* there is none */
    ask SNAPSHOT, 0, 0, 1 /* itself */
    ask SNAPSHOT, 1, 3, 3
    ask SNAPSHOT, 1, 0, 3, 1
    ask SNAPSHOT, 4, 0, 1
    ask DISCARD, 1, 0, 2
    ask SNAPSHOT, 1, 0, 0
    ask SNAPSHOT, 1, 0, 2 /* there is one */
    ask SNAPSHOT, 2, 1, 5
    ask FROM, 1, 0, 2 /* it lives */
    ask 3, 1, 0, 0 /* ABI_CONTROL_DESTROY */
    ask SNAPSHOT, 1, 1, 2
    ask 3, 3, 0, 0
    ask FROM, 3, 0, 1 /* of another group */
    ask FROM, 1, 0, 0
    ask DISCARD, 0, 0, 0
    ask FROM, 1, 0, 2
    ask SNAPSHOT, 2, 2, 0
    ask 3, 1, 0, 0
    ask FROM, 1, 2, 0
snapshots_end:
volumes:
    ask DETACH, 1, 0, 2 /* nobody has it */
    ask ATTACH, 1, 2, 3
    ask ATTACH, 1, 0, 3, 1 /* and 2^32 */
    ask ATTACH, 3, 0, 1
    ask ATTACH, 1, 0, 0
    ask ATTACH, 1, 0, 2
    ask ATTACH, 2, 0, 2
    ask DETACH, 2, 0, 2
    ask ATTACH, 1, 1, 5 /* that would be its 17th disk */
    ask DETACH, 1, 0, 0
    ask DETACH, 1, 0, 2
    ask ATTACH, 0, 0, 0 /* itself: it comes when its slice is over */
    ask ATTACH, 2, 0, 2
    ask DETACH, 0, 0, 0
    ask 3, 2, 0, 0 /* ABI_CONTROL_DESTROY */
    ask ATTACH, 2, 0, 0
    ask ATTACH, 2, 1, 0
    ask 20, 2, 0, 3
volumes_end:

    .bss
    .balign 8
control:
    .skip 24
burst:
    .skip 24
told:
    .skip 64
mode:
    .skip 4
