/*
 * The host's floating point as a program finds it when it starts: to nearest, nothing trapped,
 * nothing flushed to zero. A program that links libdenali may have it otherwise (fesetround,
 * feenableexcept), and threads inherit it; but guests' x87 is computed by the host's.
 *
 *     ARITHMETIC_NEUTRAL();
 *
 * among the declarations of a block: so it is to the block's end, for this thread; then mode and
 * flags are again what they were.
 */
#ifndef DENALI_BASE_ARITHMETIC_H
#define DENALI_BASE_ARITHMETIC_H

#include <fenv.h>

/* Returns the thread's environment as it was, for arithmetic_return. */
fenv_t arithmetic_enter(void);
void arithmetic_return(const fenv_t *before);

#define ARITHMETIC_NEUTRAL()                                                                       \
    __attribute__((cleanup(arithmetic_return), unused)) fenv_t arithmetic_before =                 \
        arithmetic_enter()

#endif
