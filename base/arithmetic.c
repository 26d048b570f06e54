/* Working with the host's floating point as it is at a program's start (base/arithmetic.h). */
#include <base/arithmetic.h>

fenv_t arithmetic_enter(void)
{
    fenv_t before;
    fegetenv(&before);
    fesetenv(FE_DFL_ENV);
    return before;
}

void arithmetic_return(const fenv_t *before)
{
    fesetenv(before);
}
