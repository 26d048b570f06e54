/*
 * Where a guest program begins and where it takes interrupts. The machine starts with all registers
 * and all memory outside the image zero, so nothing is cleared here.
 */
    .section .text.boot, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    movl $__denali_stack_top, %esp
    xorl %ebp, %ebp
    call ilwaco_start
    /* ilwaco_start does not return. */
1:  xorl %eax, %eax
    .byte 0x0f, 0x3f, 0x02
    jmp 1b
    .size _start, . - _start

/*
 * Interrupt entry, for programs that asked for it (denali_interrupt_handler). Delivery pushed EIP,
 * then EFLAGS, and cleared the enable flag; ilwaco_interrupt sets it again as its last act. What is
 * pending by then is delivered before we are back: it nests, and finds all kinds that came
 * meanwhile, coalesced.
 */
    .section .text.ilwaco_interrupt_entry, "ax", @progbits
    .globl ilwaco_interrupt_entry
    .type ilwaco_interrupt_entry, @function
ilwaco_interrupt_entry:
    pushal
    movl %esp, %ebp
    andl $-16, %esp
    cld
    call ilwaco_interrupt
    movl %ebp, %esp
    popal
    popfl
    ret
    .size ilwaco_interrupt_entry, . - ilwaco_interrupt_entry

    .section .note.GNU-stack, "", @progbits
