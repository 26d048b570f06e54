/*
 * Guests that are legal and as rude as a device lets them, chosen by the first letter of argument
 * 1; what each must come to is in tests/emu/threat_devices_test.cc.
 */
#include "guest.h"

.macro behaviour letter, label
    cmpb $\letter, %al
    je \label
.endm
.macro command port, descriptor
    movl $\port, %edx
    movl $\descriptor, %eax
    outl %eax, %dx
.endm

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    movl 0x1000 + ABI_REG_BOOT_TEXT + 4, %eax /* "abuse\0X": the letter is byte 6 */
    shrl $16, %eax
    behaviour '.', quiet
    behaviour 'b', console_bytes
    behaviour 'd', disk
    behaviour 'e', entropy
    behaviour 'f', screen
    behaviour 'k', keyboard
    behaviour 'n', names
    behaviour 's', leases
    end 98

/* What stands in an offender's place when it is not there. */
quiet:
    idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    jmp quiet

console_bytes:
    movl $ABI_PORT_CONSOLE_BYTE, %edx
1:  incl %eax
    outb %al, %dx
    jmp 1b

/* Every block of disk 0, as many at a time as may be; what cannot be had is asked for again. */
disk:
    command ABI_PORT_DISK_INFO, info
    movl info + 8, %edi
    xorl %ebx, %ebx
    movl $ABI_DISK_REQUESTS_MAX, %ecx
1:  movl %ebx, request + 8
    command ABI_PORT_DISK_SUBMIT, request
    incl %ebx
    cmpl %edi, %ebx
    jb 2f
    xorl %ebx, %ebx
2:  decl %ecx
    jnz 1b
3:  command ABI_PORT_DISK_COMPLETE, completion
    cmpl $ABI_DISK_NONE, completion + 4
    je 3b
    incl %ecx
    jmp 1b

/* Random bytes over the descriptors that ask for them, and singly. */
entropy:
    movl $area, area
    movl $ABI_ENTROPY_FILL_MAX, area + 4
    command ABI_PORT_ENTROPY, area
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    jmp entropy

/* A picture over its own descriptor, one of a single pixel, and none, by turns. */
screen:
    command ABI_PORT_FRAMEBUFFER, picture
    command ABI_PORT_FRAMEBUFFER, pixel
    command ABI_PORT_FRAMEBUFFER, nothing
    jmp screen

/* Asks for keys and for typed bytes without end. */
keyboard:
    movl $ABI_PORT_KEYBOARD, %edx
    inl %dx, %eax
    movl $ABI_PORT_CONSOLE_BYTE, %edx
    inl %dx, %eax
    jmp keyboard

/* Asks for an address without end; each second time with nonsense for options. */
leases:
    call make_discover
    movl options, %esi
1:  command ABI_PORT_NIC_SEND, send
    incl %ebx
    movl %ebx, transaction
    movl %esi, options
    testl $1, %ebx
    jz 1b
    movl %ebx, options
    jmp 1b

/* Learns from an offer who the server is, and asks it for names, each time another. */
names:
    call make_discover
    command ABI_PORT_NIC_SEND, send
1:  command ABI_PORT_NIC_RECEIVE, receive
    cmpl $0, receive + 8
    je 1b
    cmpl $0x44004300, frame + 34 /* from port 67 to 68; neighbours talk as well */
    jne 1b
    movl receive + 8, %eax
    movl %eax, send + 4
    /* Back to where it came from. That changes nothing in the header's checksum. */
    movl frame + 6, %eax
    movl %eax, frame
    movw frame + 10, %ax
    movw %ax, frame + 4
    call own_address
    movl frame + 26, %eax
    xchgl %eax, frame + 30
    movl %eax, frame + 26
    movl $0x35001234, frame + 34 /* to port 53 */
    movw $0, frame + 40          /* no checksum */
    movl $0x00010100, frame + 44 /* a query with recursion, one question */
    movl $0x00000100, frame + 46
    movl $0, frame + 50
    movl $0x61616103, frame + 54
    movl $0x01000000, frame + 58
    movw $0x0100, frame + 61
    movb $0, frame + 63
2:  command ABI_PORT_NIC_SEND, send
    incl %ebx
    movl %ebx, frame + 54 /* a length and three letters, if it is one */
    jmp 2b

make_discover:
    movl $discover, %esi
    movl $frame, %edi
    movl $discover_end - discover, %ecx
    movl %ecx, send + 4
    rep movsb
    movl REG(ABI_REG_MAC_LOW), %eax
    movl %eax, frame + 42 + 28
    movl REG(ABI_REG_MAC_HIGH), %eax
    movw %ax, frame + 42 + 32
own_address:
    movl REG(ABI_REG_MAC_LOW), %eax
    movl %eax, frame + 6
    movl REG(ABI_REG_MAC_HIGH), %eax
    movw %ax, frame + 10
    ret

    .data
    .balign 8
request:
    .long 0, 1, 0, 0, area, 0 /* ABI_DISK_WRITE */
completion:
    .long 0, 0
info:
    .skip 48
picture:
    .long picture, 16, 4, 64, 0, 0 /* ABI_FRAMEBUFFER_XRGB8888 */
pixel:
    .long area, 1, 1, 4, 0, 0 /* ABI_FRAMEBUFFER_XRGB8888 */
nothing:
    .long 0, 0, 0, 0, 0, 0
send:
    .long frame, 0
receive:
    .long frame, ABI_FRAME_MAX, 0
/* DHCPDISCOVER (RFC 2131), from 0.0.0.0 to everybody, without a UDP checksum. */
discover:
    .byte 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0x08, 0x00
    .byte 0x45, 0, 0x01, 0x10, 0, 0, 0, 0, 0x40, 0x11, 0x79, 0xde, 0, 0, 0, 0
    .byte 0xff, 0xff, 0xff, 0xff
    .byte 0, 68, 0, 67, 0, 252, 0, 0
    .byte 1, 1, 6, 0
    .skip 232
    .byte 0x63, 0x82, 0x53, 0x63
    .byte 53, 1, 1, 255
discover_end:
    .bss
    .balign 16
frame:
    .skip 1536
    .set transaction, frame + 42 + 4
    .set options, frame + 42 + 240
area:
    .skip 8192
