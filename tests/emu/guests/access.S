/*
 * One wrong access to a virtual register or port, chosen by the first letter of argument 1. Each
 * must fault; a guest that gets past it ends with 1.
 */
#include "guest.h"

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    movl $(ABI_REGISTER_PAGE + ABI_REG_BOOT_TEXT), %esi
    movl 4(%esi), %eax  /* "access\0X": the argument's letter is byte 7 */
    shrl $24, %eax
    movl $1, %ecx
    cmpb $'a', %al
    je byte_read
    cmpb $'b', %al
    je misaligned
    cmpb $'c', %al
    je unknown_register
    cmpb $'d', %al
    je read_only
    cmpb $'e', %al
    je read_modify_write
    cmpb $'f', %al
    je word_write
    cmpb $'g', %al
    je push_register
    cmpb $'h', %al
    je execute
    cmpb $'i', %al
    je straddle
    cmpb $'p', %al
    je unknown_port
    cmpb $'q', %al
    je wrong_width
    cmpb $'r', %al
    je no_input
    cmpb $'s', %al
    je refused
    end 2
byte_read:
    movb REG(ABI_REG_ISA_VERSION), %al
    end 1
misaligned:
    movl REG(ABI_REG_ISA_VERSION) + 2, %eax
    end 1
unknown_register:
    movl REG(0x200), %eax
    end 1
read_only:
    movl %eax, REG(ABI_REG_MEMORY_SIZE)
    end 1
read_modify_write:
    addl %ecx, REG(ABI_REG_IRQ_HANDLER)
    end 1
word_write:
    movw %ax, REG(ABI_REG_IRQ_HANDLER)
    end 1
push_register:
    pushl REG(ABI_REG_ISA_VERSION)
    end 1
execute:
    movl $(ABI_REGISTER_PAGE + ABI_REG_BOOT_TEXT), %eax
    jmp *%eax
straddle:
    movl REG(0xffe), %eax
    end 1
unknown_port:
    movl $0x7777, %edx
    outl %eax, %dx
    end 1
wrong_width:
    movl $ABI_PORT_CONSOLE_BYTE, %edx
    outl %eax, %dx
    end 1
no_input:
    movl $ABI_PORT_NIC_SEND, %edx
    inl %dx, %eax
    end 1
refused:
    movl $ABI_PORT_NIC_SEND, %edx
    movl $0xfffffff8, %eax
    outl %eax, %dx
    end 1
