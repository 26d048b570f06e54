/* What is known of a direct branch out of a block, from when it is lowered until it is linked. */
#ifndef DENALI_VCPU_TRANSLATOR_EDGE_H
#define DENALI_VCPU_TRANSLATOR_EDGE_H

#include "translator/flags.h"

/* Until it is linked the branch goes to a way out, which stores the flags' source in the gate and
 * leaves. Then it goes to the target's code for that source; or, if there is none, to the way out
 * as before, and from there, at `site_gate`, to the code that takes the flags from the gate. */
struct lower_edge {
    uint32_t target;            /* guest address */
    uint32_t site;              /* offsets in the code cache of 32-bit displacements */
    uint32_t site_gate;         /* 0: there is no other; the source is IN_GATE */
    struct flags_source source; /* what the flags are where it branches */
};

#endif
