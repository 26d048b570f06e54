/*
 * x87_value.h in portable C: MPFR rounds, what is peculiar to the x87 is written here.
 *
 * For hosts without an x87, and on x86 for the tests that hold it to the hardware, which is why its
 * functions have names of their own. Each is the one of x87_value.h that its name ends in, whose
 * contract it has.
 *
 * MPFR's exponent range and flags are the calling thread's (MPFR must be built so, as everybody's
 * is: mpfr_buildopt_tls_p()); the range is changed and put back within a call. Nothing is allocated
 * here, nothing cached.
 */
#ifndef DENALI_VCPU_X87_MPFR_H
#define DENALI_VCPU_X87_MPFR_H

#include "x87/x87_types.h"

struct x87_value x87_mpfr_combine(enum x87_operation operation, struct x87_value a,
                                  struct x87_value b, uint16_t control);
struct x87_value x87_mpfr_combine_memory(enum x87_operation operation, struct x87_value a,
                                         enum x87_format format, uint64_t bits, uint16_t control);
struct x87_value x87_mpfr_sqrt(struct x87_value value, uint16_t control);
struct x87_value x87_mpfr_round(struct x87_value value, uint16_t control);
struct x87_value x87_mpfr_from(enum x87_format format, uint64_t bits);
uint64_t x87_mpfr_to(enum x87_format format, struct x87_value value, uint16_t control);
enum x87_relation x87_mpfr_compare(struct x87_value a, struct x87_value b);
struct x87_value x87_mpfr_constant(enum x87_constant constant, uint16_t control);

#endif
