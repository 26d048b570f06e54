/* Entering and leaving translated code (gate.h); System V calling convention. */
#include "translator/gate.h"

    .text
    .globl gate_enter
    .hidden gate_enter
    .type gate_enter, @function
gate_enter: /* RDI: struct gate, RSI: code */
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    sub $8, %rsp
    mov %rdi, %r15
    mov %rsi, %r11
    mov GATE_FLAGS(%r15), %eax
    mov GATE_READ(%r15), %r12
    mov GATE_WRITE(%r15), %r13
    mov GATE_LEFT(%r15), %r14
    mov GATE_GPR + 0(%r15), %r8d
    mov GATE_GPR + 4(%r15), %ecx
    mov GATE_GPR + 8(%r15), %edx
    mov GATE_GPR + 12(%r15), %ebx
    mov GATE_GPR + 16(%r15), %r9d
    mov GATE_GPR + 20(%r15), %ebp
    mov GATE_GPR + 24(%r15), %esi
    mov GATE_GPR + 28(%r15), %edi
    jmp *%r11
    .size gate_enter, . - gate_enter

    .globl gate_leave
    .hidden gate_leave
    .type gate_leave, @function
gate_leave:
    mov %eax, GATE_FLAGS(%r15)
    mov %r14, GATE_LEFT(%r15)
    mov %r8d, GATE_GPR + 0(%r15)
    mov %ecx, GATE_GPR + 4(%r15)
    mov %edx, GATE_GPR + 8(%r15)
    mov %ebx, GATE_GPR + 12(%r15)
    mov %r9d, GATE_GPR + 16(%r15)
    mov %ebp, GATE_GPR + 20(%r15)
    mov %esi, GATE_GPR + 24(%r15)
    mov %edi, GATE_GPR + 28(%r15)
    add $8, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .size gate_leave, . - gate_leave

    .section .note.GNU-stack, "", @progbits
