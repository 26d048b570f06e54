/* What lwIP asks of a compiler and a platform. */
#ifndef ILWACO_LWIP_ARCH_CC_H
#define ILWACO_LWIP_ARCH_CC_H

#include <stdint.h>
#include <sys/types.h> /* BYTE_ORDER */

/* One thread: nothing to protect, nothing to name. */
typedef uint32_t sys_prot_t;

#define LWIP_PLATFORM_DIAG(arguments)
#define LWIP_PLATFORM_ASSERT(text) ilwaco_panic("lwIP: " text)
void ilwaco_panic(const char *text) __attribute__((noreturn));

#endif
