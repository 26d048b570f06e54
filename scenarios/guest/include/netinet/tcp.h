/* Options of TCP sockets, as POSIX.1-2008 <netinet/tcp.h>. */
#ifndef DENALI_NETINET_TCP_H
#define DENALI_NETINET_TCP_H

#define TCP_NODELAY 1

#endif
