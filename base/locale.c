/* Working under the locale "C" whatever the host's is (base/locale.h). */
#include <base/locale.h>

locale_t locale_enter(void)
{
    /* All of "C" is one object that the C library has anyway: nothing is allocated, none is freed,
     * and it cannot fail. */
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

void locale_return(locale_t *before)
{
    uselocale(*before);
}
