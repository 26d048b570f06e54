/* Options of TCP sockets, as POSIX.1-2008 <netinet/tcp.h> and Linux name them. */
#ifndef DENALI_NETINET_TCP_H
#define DENALI_NETINET_TCP_H

#define TCP_NODELAY   1
#define TCP_MAXSEG    2 /* getsockopt only */
#define TCP_KEEPIDLE  4 /* seconds, as all times here */
#define TCP_KEEPINTVL 5
#define TCP_KEEPCNT   6

#endif
