/*
 * A picture of 4 by 2 pixels in the upper left of its screen; each key that goes down is the colour
 * of the next pixel: its usage in the blue part. Ends once Escape (0x29) goes down. With argument
 * "p" it shows a picture that ends outside memory, and faults.
 */
#include "guest.h"

    .text
    .globl _start
_start:
    movl 0x1000 + ABI_REG_BOOT_TEXT + 4, %ecx /* "draws\0X": the letter is byte 6 */
    shrl $16, %ecx
    cmpb $'p', %cl
    jne 1f
    movl REG(ABI_REG_MEMORY_SIZE), %eax
    subl $16, %eax
    movl %eax, picture
1:  movl $ABI_PORT_FRAMEBUFFER, %edx
    inl %dx, %eax
    cmpl $(8 | 4 << 16), %eax /* the scenario's screen: 8x4 */
    check e, 1
    movl $picture, %eax
    outl %eax, %dx
    movl $pixels, %edi
wait:
    idle_for_ever
    movl $ABI_IRQ_KEYBOARD, %eax
    movl %eax, REG(ABI_REG_IRQ_PENDING)
next:
    movl $ABI_PORT_KEYBOARD, %edx
    inl %dx, %eax
    testl %eax, %eax
    jz wait
    testl $ABI_KEYBOARD_PRESSED, %eax
    jz next
    andl $0xffff, %eax /* ABI_KEYBOARD_USAGE */
    movl %eax, (%edi)
    addl $4, %edi
    cmpl $0x29, %eax
    jne next
    end 0

    .data
picture:
    .long pixels, 4, 2, 16, 0, 0 /* XRGB8888 */
pixels:
    .skip 64
