/*
 * Guests that do wrong on purpose, chosen by the first letter of argument 1; what each must come to
 * is in tests/emu/threat_test.cc. A guest that gets past what should have stopped it ends with 99.
 */
#include "guest.h"

.macro behaviour letter, label
    cmpb $\letter, %al
    je \label
.endm

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    movl 0x1000 + ABI_REG_BOOT_TEXT + 4, %eax /* "misuse\0X": the letter is byte 7 */
    shrl $24, %eax
    behaviour '.', quiet
    behaviour 'a', jump_nowhere
    behaviour 'b', jump_null
    behaviour 'c', read_past
    behaviour 'd', write_past
    behaviour 'e', write_across
    behaviour 'f', divide
    behaviour 'g', spin
    behaviour 'h', flood
    behaviour 'i', frame_long
    behaviour 'j', frame_short
    behaviour 'k', frame_truncated
    behaviour 'l', descriptor_past
    behaviour 'm', rewrite
    behaviour 'n', console_flood
    behaviour 'o', write_all
    behaviour 'p', observation_flood
    behaviour 'q', storm
    behaviour 'r', recurse
    behaviour 's', copy_past
    behaviour 't', address_flood
    behaviour 'u', breakpoint
    behaviour 'v', halt
    behaviour 'w', interrupts_off
    behaviour 'x', interrupt_no_stack
    behaviour 'y', run_off_end
    behaviour 'z', sled
    behaviour 'A', receive_over_descriptor
    behaviour 'B', bad_register
    behaviour 'C', bad_port
    behaviour 'D', divide_overflow
    end 98

/* Well behaved and silent: what stands in an offender's place when it is not there. */
quiet:
    idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    jmp quiet

jump_nowhere:
    movl $0xdeadbee0, %eax
    jmp *%eax
jump_null:
    xorl %eax, %eax
    jmp *%eax
read_past:
    movl REG(ABI_REG_MEMORY_SIZE), %ecx
    movl (%ecx), %eax
    end 99
write_past:
    movl REG(ABI_REG_MEMORY_SIZE), %ecx
    movl %eax, 4096(%ecx)
    end 99
/* Two bytes inside, two outside. */
write_across:
    movl REG(ABI_REG_MEMORY_SIZE), %ecx
    movl $-1, -2(%ecx)
    end 99
divide:
    xorl %ecx, %ecx
    movl $1, %eax
    cltd
    divl %ecx
    end 99
divide_overflow:
    movl $0x80000000, %eax
    cltd
    movl $-1, %ecx
    idivl %ecx
    end 99
spin:
    movl $0, REG(ABI_REG_IRQ_ENABLE)
1:  incl counter
    jmp 1b

/* Broadcasts of 1514 bytes, one every two instructions. */
flood:
    call make_frame
    movl $1514, send + 4
    movl $ABI_PORT_NIC_SEND, %edx
    movl $send, %eax
1:  outl %eax, %dx
    jmp 1b
/* The same with 60 bytes, each from another address. */
address_flood:
    call make_frame
    movl $60, send + 4
    movl $ABI_PORT_NIC_SEND, %edx
    movl $send, %eax
1:  incl frame + 8
    outl %eax, %dx
    jmp 1b
make_frame:
    movl $-1, frame
    movw $-1, frame + 4
    movl REG(ABI_REG_MAC_LOW), %eax
    movl %eax, frame + 6
    movl REG(ABI_REG_MAC_HIGH), %eax
    movw %ax, frame + 10
    movw $0xb588, frame + 12
    movl $frame, send
    ret

frame_long:
    movl $1515, %ecx
    jmp send_one
frame_short:
    movl $13, %ecx
    jmp send_one
send_one:
    call make_frame
    movl %ecx, send + 4
    movl $ABI_PORT_NIC_SEND, %edx
    movl $send, %eax
    outl %eax, %dx
    end 99
/* A frame whose last byte is the first after memory. */
frame_truncated:
    movl REG(ABI_REG_MEMORY_SIZE), %ecx
    subl $63, %ecx
    movl %ecx, send
    movl $64, send + 4
    movl $ABI_PORT_NIC_SEND, %edx
    movl $send, %eax
    outl %eax, %dx
    end 99
descriptor_past:
    movl REG(ABI_REG_MEMORY_SIZE), %eax
    subl $4, %eax
    movl $ABI_PORT_NIC_SEND, %edx
    outl %eax, %dx
    end 99
receive_over_descriptor:
    movl $frame, frame + 64
    movl $1514, frame + 68
    movl $ABI_PORT_NIC_RECEIVE, %edx
    movl $frame + 64, %eax
    outl %eax, %dx
    end 99
bad_register:
    movl %eax, REG(0x0f0)
    end 99
bad_port:
    movl $0x3f8, %edx
    outb %al, %dx
    end 99

/* Rewrites `movl $N, %eax; ret` 10,000 times and checks that the new bytes ran; then the very next
 * instruction. Legal: ends with 0. */
rewrite:
    movb $0xb8, code
    movb $0xc3, code + 5
    movl $10000, %ecx
1:  movl %ecx, code + 1
    movl $code, %eax
    call *%eax
    cmpl %ecx, %eax
    jne 2f
    decl %ecx
    jnz 1b
    movb $0x42, 3f + 1
3:  movl $0x11, %eax
    cmpl $0x42, %eax
    jne 2f
    end 0
2:  end 99

console_flood:
    movl $0x10000, send
    movl $4096, send + 4
    movl $ABI_PORT_CONSOLE_WRITE, %edx
    movl $send, %eax
1:  outl %eax, %dx
    jmp 1b

/* A word in each page of memory, from the lowest to the highest. */
write_all:
    movl REG(ABI_REG_MEMORY_SIZE), %ecx
    movl $0x2000, %esi
1:  movl %esi, (%esi)
    addl $4096, %esi
    cmpl %ecx, %esi
    jb 1b
    end 0

/* Measurements without end, each under a new name. */
observation_flood:
    movl $ABI_PORT_OBSERVE, %edx
    movl $observation, %ebx
1:  movl $7, %edi
    incl %ecx
    movl %ecx, %esi
2:  movl %esi, %eax
    andl $15, %eax
    addb $'a', %al
    movb %al, name(%edi)
    shrl $4, %esi
    decl %edi
    jns 2b
    movl %ebx, %eax
    outl %eax, %dx
    jmp 1b

/* A timer that has always just fired. */
storm:
    movl $ABI_PORT_TIMER, %edx
    movl $deadline, %eax
    outl %eax, %dx
    xorl %eax, %eax
    xorl %edx, %edx
    idle
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    jmp storm

recurse:
    call recurse

copy_past:
    movl REG(ABI_REG_MEMORY_SIZE), %edi
    leal -32(%edi), %edi
    leal -64(%edi), %esi
    movl $-1, %ecx
    rep movsb
    end 99

breakpoint:
    int3
    end 99
halt:
    hlt
    end 99
interrupts_off:
    cli
    end 99

interrupt_no_stack:
    movl $quiet, REG(ABI_REG_IRQ_HANDLER)
    arm 1000
    movl $0x10, %esp
    movl $1, REG(ABI_REG_IRQ_ENABLE)
1:  jmp 1b

/* The last byte of memory is the first of a longer instruction. */
run_off_end:
    movl REG(ABI_REG_MEMORY_SIZE), %ecx
    decl %ecx
    movb $0x8b, (%ecx)
    jmp *%ecx

/* 64 KiB of one-byte instructions entered at every byte, in turn, for ever: a block decoded at each
 * would be 65,536 blocks that overlap; and each round they are other bytes. */
sled:
    movl $0x40, %ebx /* inc %eax; then inc %ecx, and so on, but for %esp, %ebx, %esi and %edi */
1:  movl $sled_bytes, %edi
    movl $65535, %ecx
    movl %ebx, %eax
    rep stosb
    movb $0xc3, (%edi)
    movl $sled_bytes, %esi
2:  call *%esi
    addl $997, %esi
    cmpl $sled_bytes + 65535, %esi
    jb 2b
    xorl $1, %ebx
    jmp 1b

    .data
    .balign 8
observation:
    .long name, 8, 0, 0, 0, 0x3ff00000 /* a measurement of 1.0 */
name:
    .ascii "aaaaaaaa"
    .balign 8
deadline:
    .long 0, 0
code:
    .skip 8
    .bss
    .balign 8
counter:
    .skip 4
send:
    .skip 8
frame:
    .skip 1536
sled_bytes:
    .skip 65536
