/*
 * A host's supervisor that decides who is next. The letter of argument 1 says how:
 *   l  the last of the candidates, for as long as the kernel would let it
 *   w  wrongly: itself, machines that there are not, an old question
 *   s  not at all: it spins
 *   a  by the machine's own random stream, now and then wrongly or too late
 *   r  likewise; and after each question it pauses, resumes, destroys and starts machines and
 *      changes their weights and caps.
 */
#include "guest.h"

#define LIST_MAX 64

.macro port number, descriptor
    movl $\number, %edx
    movl $\descriptor, %eax
    outl %eax, %dx
.endm

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    /* "chief\0l": byte 6 */
    movl REG(ABI_REG_BOOT_TEXT) + 4, %eax
    shrl $16, %eax
    movb %al, mode
    movl $list, question
    movl $LIST_MAX, question + 4
    port ABI_PORT_SUPERVISOR_HOST, host
    movl $0, control /* ABI_CONTROL_POLICIES: gas takes no 0u */
    movl $ABI_POLICY_SCHEDULER, control + 8
    port ABI_PORT_SUPERVISOR_CONTROL, control
    cmpl $0, control + 16 /* ABI_SUPERVISOR_DONE */
    check e, 1
again:
    cmpb $'r', mode
    jne wait
    /* Up to some 65 us, and something in between. */
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    andl $0xffff, %eax
    movl %eax, %ecx
    now
    addl %ecx, %eax
    adcl $0, %edx
    idle
    jmp woken
wait:
    idle_for_ever
woken:
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    port ABI_PORT_SUPERVISOR_QUESTION, question
    cmpl $0, question + 8
    je meddle
    cmpb $'s', mode
    je .
    movl question + 8, %eax
    movl %eax, answer
    movl question + 16, %ecx
    testl %ecx, %ecx
    jz again /* other processors have taken them all */
    cmpl $LIST_MAX, %ecx
    jbe 1f
    movl $LIST_MAX, %ecx
1:  decl %ecx
    cmpb $'w', mode
    je wrong
    cmpb $'l', mode
    jne random
    movl list(, %ecx, 4), %eax
    movl %eax, answer + 4
    port ABI_PORT_SUPERVISOR_ANSWER, answer
    cmpl $0, answer + 16 /* ABI_SUPERVISOR_DONE */
    check e, 2
    jmp again

wrong:
    movl host + 4, %eax
    movl %eax, answer + 4
    port ABI_PORT_SUPERVISOR_ANSWER, answer
    cmpl $ABI_SUPERVISOR_NO_MACHINE, answer + 16
    check e, 3
    movl $-2, answer + 4
    port ABI_PORT_SUPERVISOR_ANSWER, answer
    cmpl $ABI_SUPERVISOR_NO_MACHINE, answer + 16
    check e, 4
    decl answer
    movl list, %eax
    movl %eax, answer + 4
    port ABI_PORT_SUPERVISOR_ANSWER, answer
    cmpl $ABI_SUPERVISOR_LATE, answer + 16
    check e, 5
    jmp again

random:
    pushl %ecx
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    popl %ecx
    /* Bits 16..18: 0 an unknown machine, 1 the kernel's rule, 2 too late, else a candidate. */
    movl %ebx, %eax
    shrl $16, %eax
    andl $7, %eax
    jz 2f
    cmpl $1, %eax
    je 3f
    cmpl $2, %eax
    je late
    movl %ebx, %eax
    xorl %edx, %edx
    incl %ecx
    divl %ecx
    movl list(, %edx, 4), %eax
    jmp 4f
2:  movl %ebx, %eax
    jmp 4f
3:  movl $ABI_SUPERVISOR_OWN_RULE, %eax
4:  movl %eax, answer + 4
    movl %ebx, %eax
    shrl $19, %eax
    movl %eax, answer + 8
    port ABI_PORT_SUPERVISOR_ANSWER, answer
    jmp meddle
late:
    movl $200000, %ecx
5:  decl %ecx
    jnz 5b
    movl list, %eax
    movl %eax, answer + 4
    port ABI_PORT_SUPERVISOR_ANSWER, answer
    jmp meddle

meddle:
    cmpb $'r', mode
    jne again
    /* Bits 16..18 the operation, 20..23 the machine, 24..31 the value; one in eight is no such. */
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    shrl $16, %eax
    andl $7, %eax
    jz again
    movl %eax, control
    movl %ebx, %eax
    shrl $20, %eax
    andl $15, %eax
    movl %eax, control + 4
    movl %ebx, %eax
    shrl $24, %eax
    movl %eax, control + 8
    port ABI_PORT_SUPERVISOR_CONTROL, control
    movl control + 4, %eax
    movl %eax, machine
    port ABI_PORT_SUPERVISOR_MACHINE, machine
    jmp again

    .bss
    .balign 8
host:
    .skip 88
machine:
    .skip 88
control:
    .skip 24
question:
    .skip 24
answer:
    .skip 24
list:
    .skip 4 * LIST_MAX
mode:
    .skip 4
