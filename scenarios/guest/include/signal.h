/* newlib's <signal.h>, and the flags of sigaction that it keeps for other systems. */
#ifndef DENALI_SIGNAL_H
#define DENALI_SIGNAL_H

#include_next <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SA_NOCLDWAIT 0x0002
#define SA_RESTART   0x0010
#define SA_NODEFER   0x0020
#define SA_RESETHAND 0x0040

int siginterrupt(int number, int interrupts);

#ifdef __cplusplus
}
#endif

#endif
