/*
 * A host's supervisor that decides who is admitted, and whom memory is taken from. The letter of
 * argument 1 says how:
 *   l  the last of those that wait, as long as there is room for it
 *   n  nobody: it takes over, and looks at nothing again
 *   e  nobody: it takes over, and ends at the first news
 *   w  wrongly: who does not wait, who is not there, and for whom there is no room
 *   t  any, and chooses whom to take from, by the machine's own random stream
 *   r  by the machine's own random stream: now and then it gives policies back and takes them over,
 *      pauses, resumes, destroys and starts machines, chooses whom to take from, and asks of any
 *      port whatever the random numbers say.
 */
#include "guest.h"

#define LIST_MAX   64
#define PORT_COUNT 9

.macro port number, descriptor
    movl $\number, %edx
    movl $\descriptor, %eax
    outl %eax, %dx
.endm

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    /* "porter\0l": byte 7 */
    movl REG(ABI_REG_BOOT_TEXT) + 4, %eax
    shrl $24, %eax
    movb %al, mode
    movl $0, control /* ABI_CONTROL_POLICIES: gas takes no 0u */
    movl $ABI_POLICY_ADMISSION, control + 8
    port ABI_PORT_SUPERVISOR_CONTROL, control
    cmpl $0, control + 16 /* ABI_SUPERVISOR_DONE */
    check e, 1
    cmpb $'r', mode
    je 1f
    cmpb $'t', mode
    jne again
1:  movl $(ABI_POLICY_ADMISSION | ABI_POLICY_PAGER), control + 8
    port ABI_PORT_SUPERVISOR_CONTROL, control
    jmp random
again:
    idle_for_ever
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    cmpb $'n', mode
    je again
    cmpb $'e', mode
    jne next
    end 0
next:
    call look
    testl %ecx, %ecx
    jz again
    cmpb $'w', mode
    je wrong
    /* The last of them that are listed. */
    decl %ecx
    shll $4, %ecx
    movl list(%ecx), %eax
    movl %eax, admit
    port ABI_PORT_SUPERVISOR_ADMIT, admit
    cmpl $ABI_SUPERVISOR_ROOM, admit + 4
    je again
    cmpl $0, admit + 4 /* ABI_SUPERVISOR_DONE */
    check e, 2
    jmp next

wrong:
    movl $0, admit /* itself, which does not wait */
    port ABI_PORT_SUPERVISOR_ADMIT, admit
    cmpl $ABI_SUPERVISOR_NO_MACHINE, admit + 4
    check e, 3
    movl $-1, admit
    port ABI_PORT_SUPERVISOR_ADMIT, admit
    cmpl $ABI_SUPERVISOR_NO_MACHINE, admit + 4
    check e, 4
    movl $4, admit /* one that is not to start yet */
    port ABI_PORT_SUPERVISOR_ADMIT, admit
    cmpl $ABI_SUPERVISOR_NO_MACHINE, admit + 4
    check e, 6
    /* All for whom there is no room. */
    movl gate + 8, %ecx
    movl $list, %esi
1:  movl gate + 16, %eax
    cmpl 8(%esi), %eax
    jae 2f
    movl (%esi), %eax
    movl %eax, admit
    port ABI_PORT_SUPERVISOR_ADMIT, admit
    cmpl $ABI_SUPERVISOR_ROOM, admit + 4
    check e, 5
2:  addl $16, %esi
    decl %ecx
    jnz 1b
    jmp again

/* ECX: how many are listed. */
look:
    movl $list, gate
    movl $LIST_MAX, gate + 4
    port ABI_PORT_SUPERVISOR_GATE, gate
    movl gate + 8, %ecx
    cmpl $LIST_MAX, %ecx
    jbe 1f
    movl $LIST_MAX, %ecx
1:  ret

random:
    movl $ABI_PORT_ENTROPY, %edx
    inl %dx, %eax
    movl %eax, %ebx
    /* Up to some 65 us, one in sixteen up to a millisecond. */
    movzwl %bx, %ecx
    testl $0x3c00000, %ebx
    jnz 1f
    shll $4, %ecx
1:  now
    addl %ecx, %eax
    adcl $0, %edx
    idle
    movl %eax, REG(ABI_REG_IRQ_PENDING)
    movl $words, fill
    movl $64, fill + 4
    port ABI_PORT_ENTROPY, fill
    testl $0x40000, %ebx
    jz take
    cmpb $'t', mode
    je some
    movl %ebx, %eax
    shrl $19, %eax
    andl $7, %eax
    cmpl $1, %eax
    jb policies
    je meddle
    cmpl $2, %eax
    je hostile
    cmpl $3, %eax
    je meddle
some:
    call look
    testl %ecx, %ecx
    jz random
    movl words, %eax
    xorl %edx, %edx
    divl %ecx
    shll $4, %edx
    movl list(%edx), %eax
    movl %eax, admit
    port ABI_PORT_SUPERVISOR_ADMIT, admit
    jmp random

take:
    movl words, %eax
    andl $7, %eax
    movl %eax, choice + 4
    movl $list, choice
    movl words + 4, %eax
    andl $31, %eax
    movl %eax, choice + 8
    movl $7, %ecx
1:  movl words + 4(, %ecx, 4), %eax
    movl %eax, %edx
    andl $15, %eax
    movl %eax, list(, %ecx, 8)
    shrl $8, %edx
    andl $63, %edx
    incl %edx
    movl %edx, list + 4(, %ecx, 8)
    decl %ecx
    jns 1b
    port ABI_PORT_SUPERVISOR_TAKE, choice
    jmp random

policies:
    movl words, %eax
    andl $15, %eax
    testl $16, words
    jz 1f
    movl $(ABI_POLICY_ADMISSION | ABI_POLICY_PAGER), %eax
1:
    movl $0, control
    movl %eax, control + 8
    port ABI_PORT_SUPERVISOR_CONTROL, control
    jmp random

meddle:
    /* Destroys and starts thrice as often as it pauses and resumes. */
    movl words, %eax
    andl $7, %eax
    movl $ABI_CONTROL_START, %ecx
    cmpl $5, %eax
    jae 1f
    movl $ABI_CONTROL_DESTROY, %ecx
    cmpl $2, %eax
    jae 1f
    leal ABI_CONTROL_PAUSE(%eax), %ecx
1:  movl %ecx, control
    movl words + 4, %eax
    andl $31, %eax
    movl %eax, control + 4
    port ABI_PORT_SUPERVISOR_CONTROL, control
    jmp random

hostile:
    movl words + 32, %eax
    xorl %edx, %edx
    movl $PORT_COUNT, %ecx
    divl %ecx
    movl ports(, %edx, 4), %edx
    testl $1, words + 36 /* as often as not, numbers that mean something */
    jz 1f
    andl $15, words
    andl $31, words + 4
1:  cmpl $ABI_PORT_SUPERVISOR_QUESTION, %edx
    je 2f
    cmpl $ABI_PORT_SUPERVISOR_TAKE, %edx
    je 2f
    cmpl $ABI_PORT_SUPERVISOR_GATE, %edx
    jne 3f
2:  movl $list, words /* a list has to be memory, or the device would end it all */
    andl $63, words + 4
3:  movl $words, %eax
    outl %eax, %dx
    jmp random

    .data
    .balign 4
ports:
    .long ABI_PORT_SUPERVISOR_HOST
    .long ABI_PORT_SUPERVISOR_MACHINE
    .long ABI_PORT_SUPERVISOR_CONTROL
    .long ABI_PORT_SUPERVISOR_QUESTION
    .long ABI_PORT_SUPERVISOR_ANSWER
    .long ABI_PORT_SUPERVISOR_GATE
    .long ABI_PORT_SUPERVISOR_ADMIT
    .long ABI_PORT_SUPERVISOR_PAGED
    .long ABI_PORT_SUPERVISOR_TAKE

    .bss
    .balign 8
words:
    .skip 128
fill:
    .skip 8
control:
    .skip 24
gate:
    .skip 24
admit:
    .skip 8
choice:
    .skip 48
list:
    .skip 16 * LIST_MAX
mode:
    .skip 4
