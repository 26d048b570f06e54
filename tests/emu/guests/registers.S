/*
 * Every virtual register, against what the test's scenario gave: 100 MHz, 1 MiB of memory, node 0
 * of 1, one argument "one".
 */
#include "guest.h"

#define FEATURES                                                                                   \
    (ABI_FEATURE_NIC | ABI_FEATURE_CONSOLE | ABI_FEATURE_TIMER | ABI_FEATURE_OBSERVE |             \
     ABI_FEATURE_X87)

.macro expect offset, value, code
    movl REG(\offset), %eax
    cmpl $\value, %eax
    check e, \code
.endm

    .text
    .globl _start
_start:
    movl $STACK_TOP, %esp
    expect ABI_REG_ISA_VERSION, ABI_ISA_VERSION, 1
    movl REG(ABI_REG_FEATURES), %eax
    andl $FEATURES, %eax
    cmpl $FEATURES, %eax
    check e, 2
    expect ABI_REG_CPU_HZ_LOW, 100000000, 3
    expect ABI_REG_CPU_HZ_HIGH, 0, 4
    expect ABI_REG_MEMORY_SIZE, 0x100000, 5
    expect ABI_REG_IRQ_ENABLE, 0, 6
    expect ABI_REG_IRQ_PENDING, 0, 7
    expect ABI_REG_IRQ_DELIVERED, 0, 8
    expect ABI_REG_IRQ_HANDLER, 0, 9
    expect ABI_REG_NODE_INDEX, 0, 10
    expect ABI_REG_NODE_COUNT, 1, 11
    movl REG(ABI_REG_MAC_LOW), %eax
    cmpb $2, %al /* locally administered */
    check e, 12
    movl REG(ABI_REG_MAC_HIGH), %eax
    shrl $16, %eax
    check z, 13

    /* Written back: the handler, and bit 0 of the enable flag. */
    movl $0x1234, %eax
    movl %eax, REG(ABI_REG_IRQ_HANDLER)
    expect ABI_REG_IRQ_HANDLER, 0x1234, 14
    movl $0xfffffffe, %eax
    movl %eax, REG(ABI_REG_IRQ_ENABLE)
    expect ABI_REG_IRQ_ENABLE, 0, 15
    movl $1, %eax
    movl %eax, REG(ABI_REG_IRQ_ENABLE)
    expect ABI_REG_IRQ_ENABLE, 1, 16

    /* Time runs, 10 ns an instruction at 100 MHz, and its high half is latched. */
    movl REG(ABI_REG_TIME_LOW), %ebx
    movl REG(ABI_REG_TIME_LOW), %eax
    subl %ebx, %eax
    cmpl $10, %eax
    check e, 17
    expect ABI_REG_TIME_HIGH, 0, 18
    movl $5, %edx /* sleep past 2^32 ns */
    xorl %eax, %eax
    idle
    movl REG(ABI_REG_TIME_HIGH), %eax /* latched before the sleep */
    testl %eax, %eax
    check z, 19
    movl REG(ABI_REG_TIME_LOW), %eax
    expect ABI_REG_TIME_HIGH, 5, 20

    /* Boot text: "registers\0one\0", then NAME=value. */
    expect ABI_REG_BOOT_ARGC, 2, 21
    movl REG(ABI_REG_BOOT_ENVC), %eax
    testl %eax, %eax
    check nz, 22
    movl REG(ABI_REG_BOOT_SIZE), %eax
    cmpl $20, %eax
    check a, 23
    expect ABI_REG_BOOT_TEXT, 0x69676572, 24           /* "regi" */
    movl $(ABI_REGISTER_PAGE + ABI_REG_BOOT_TEXT), %esi
    movl 8(%esi), %eax
    cmpl $0x6e6f0073, %eax /* "s\0on" */
    check e, 25
    movl REG(0xffc), %eax /* past the text: 0 */
    testl %eax, %eax
    check z, 26
    end 0
