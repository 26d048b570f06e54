/* Moving the guest's x87 state into the host's x87 and back (x87.c). */
#ifndef DENALI_VCPU_TRANSLATOR_X87_H
#define DENALI_VCPU_TRANSLATOR_X87_H

#include "translator/gate.h"

/* The host's x87 becomes the guest's; no other user of it may run until it is stored. */
void translator_x87_load(struct gate *gate, const struct vcpu_x87 *x87);
/* Back, if it is there; the host's x87 is then as the ABI has it. */
void translator_x87_store(struct gate *gate, struct vcpu_x87 *x87);

#endif
