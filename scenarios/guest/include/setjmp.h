/* newlib's <setjmp.h>, with the jumps that bring the signal mask back, as POSIX.1-2008. */
#ifndef DENALI_SETJMP_H
#define DENALI_SETJMP_H

#include_next <setjmp.h>

#include <sys/_sigset.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    jmp_buf registers;
    int has_mask;
    __sigset_t mask;
} sigjmp_buf[1];

/* A macro because it must be the caller's frame that setjmp sees. */
#define sigsetjmp(place, with_mask)                                                                \
    (denali_mask_save((place), (with_mask)), setjmp((place)->registers))
void denali_mask_save(sigjmp_buf place, int with_mask);
void siglongjmp(sigjmp_buf place, int value) __attribute__((noreturn));

#define _setjmp(place)         setjmp(place)
#define _longjmp(place, value) longjmp(place, value)

#ifdef __cplusplus
}
#endif

#endif
