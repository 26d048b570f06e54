/* Addresses of local sockets, as POSIX.1-2008 <sys/un.h>. A machine has one process, so there is
 * nobody to connect to: socket(AF_UNIX) fails with EAFNOSUPPORT, socketpair works. */
#ifndef DENALI_SYS_UN_H
#define DENALI_SYS_UN_H

#include <sys/socket.h>

struct sockaddr_un {
    sa_family_t sun_family;
    char sun_path[108];
};

#endif
