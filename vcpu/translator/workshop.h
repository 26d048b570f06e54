/* What translating one block needs; an engine's own, because it is too big for the stack. */
#ifndef DENALI_VCPU_TRANSLATOR_WORKSHOP_H
#define DENALI_VCPU_TRANSLATOR_WORKSHOP_H

#include "translator/lower.h"

struct cache_workshop {
    struct block block;
    struct lowering lowering;
    struct emitter emitter;
};

#endif
