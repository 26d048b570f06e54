/* ICMP errors, brought to the sockets whose packets they are about (RFC 1122, 4.1.3.3, 4.2.3.9). */
#ifndef ILWACO_ICMP_ERROR_H
#define ILWACO_ICMP_ERROR_H

/* From now on. Called by what may get an error; costs a control block of lwIP's, once. Without
 * memory for it errors stay unheard, as they may be anyway: nobody promised them. */
void icmp_errors_wanted(void);

#endif
