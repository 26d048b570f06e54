/* What session-host and session-client say to each other over UDP: words in network order. */
#ifndef APPS_SESSIONS_H
#define APPS_SESSIONS_H

#include <stdint.h>

#define SESSIONS_PORT 4000u

enum session_request { SESSION_OPEN_WARM = 1, SESSION_OPEN_COLD = 2, SESSION_CLOSE = 3 };
#define SESSION_NONE 0xffffffffu /* no machine is free, or there is no such */

struct session_message {
    uint32_t request; /* enum session_request */
    uint32_t number;  /* of the client's, so that an answer to another is known */
    uint32_t machine; /* CLOSE: which; answered by OPEN: its number in its pool, or NONE */
};

#endif
