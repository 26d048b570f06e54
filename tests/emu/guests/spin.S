/* Spins for ever with interrupts off, writing memory as it goes. */
#include "guest.h"

    .text
    .globl _start
_start:
    incl counter
    jmp _start

    .bss
    .balign 4
counter:
    .skip 4
