/* What is left of BSD's <resolv.h> where getaddrinfo does the work: the call that begins it. */
#ifndef DENALI_RESOLV_H
#define DENALI_RESOLV_H

#include <netdb.h>

#ifdef __cplusplus
extern "C" {
#endif

int res_init(void); /* 0: the name server is known from the start */

#ifdef __cplusplus
}
#endif

#endif
