/*
 * memcpy and memset for a processor where every instruction costs the same, and every iteration of
 * a `rep` is one: words, then the odd bytes. No alignment first: a misaligned word costs no more
 * than an aligned one. They take the place of newlib's, which prepare for a real memory.
 */
    .section .text.memcpy, "ax", @progbits
    .globl memcpy
    .type memcpy, @function
memcpy: /* (to, from, length_bytes) */
    movl %edi, %edx
    pushl %esi
    movl 8(%esp), %edi
    movl 12(%esp), %esi
    movl 16(%esp), %ecx
    movl %edi, %eax
    shrl $2, %ecx
    rep movsl
    movl 16(%esp), %ecx
    andl $3, %ecx
    rep movsb
    popl %esi
    movl %edx, %edi
    ret
    .size memcpy, . - memcpy

    .section .text.memset, "ax", @progbits
    .globl memset
    .type memset, @function
memset: /* (to, byte, length_bytes) */
    movl %edi, %edx
    movl 4(%esp), %edi
    movzbl 8(%esp), %eax
    movl 12(%esp), %ecx
    imull $0x01010101, %eax, %eax
    shrl $2, %ecx
    rep stosl
    movl 12(%esp), %ecx
    andl $3, %ecx
    rep stosb
    movl 4(%esp), %eax
    movl %edx, %edi
    ret
    .size memset, . - memset

    .section .note.GNU-stack, "", @progbits
