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
    mov %rsi, %r11
    mov %rsp, GATE_STACK(%rdi)
    mov %rdi, %rsp
    mov GATE_HELD(%rsp), %eax
    mov GATE_READ(%rsp), %r12
    mov GATE_WRITE(%rsp), %r13
    mov GATE_LEFT(%rsp), %r14
    mov GATE_GPR + 0(%rsp), %r8d
    mov GATE_GPR + 4(%rsp), %ecx
    mov GATE_GPR + 8(%rsp), %edx
    mov GATE_GPR + 12(%rsp), %ebx
    mov GATE_GPR + 16(%rsp), %r9d
    mov GATE_GPR + 20(%rsp), %ebp
    mov GATE_GPR + 24(%rsp), %esi
    mov GATE_GPR + 28(%rsp), %edi
    jmp *%r11
    .size gate_enter, . - gate_enter

    /* One for each reason, which it notes. */
    .macro leave_for reason
    .type gate_leave_\reason, @function
gate_leave_\reason:
    movl $\reason, GATE_EXIT(%rsp)
    jmp gate_leave
    .size gate_leave_\reason, . - gate_leave_\reason
    .endm
    leave_for 0
    leave_for 1
    leave_for 2
    leave_for 3
    leave_for 4
    leave_for 5

    .type gate_leave, @function
gate_leave:
    mov %eax, GATE_HELD(%rsp)
    mov %r14, GATE_LEFT(%rsp)
    mov %r8d, GATE_GPR + 0(%rsp)
    mov %ecx, GATE_GPR + 4(%rsp)
    mov %edx, GATE_GPR + 8(%rsp)
    mov %ebx, GATE_GPR + 12(%rsp)
    mov %r9d, GATE_GPR + 16(%rsp)
    mov %ebp, GATE_GPR + 20(%rsp)
    mov %esi, GATE_GPR + 24(%rsp)
    mov %edi, GATE_GPR + 28(%rsp)
    mov GATE_STACK(%rsp), %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .size gate_leave, . - gate_leave

    .section .data.rel.ro, "aw"
    .globl gate_leaves
    .hidden gate_leaves
    .type gate_leaves, @object
    .balign 8
gate_leaves:
    .quad gate_leave_0, gate_leave_1, gate_leave_2, gate_leave_3, gate_leave_4, gate_leave_5
    .size gate_leaves, . - gate_leaves

    .section .note.GNU-stack, "", @progbits
