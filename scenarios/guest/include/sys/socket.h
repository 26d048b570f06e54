/* Sockets, as POSIX.1-2008 <sys/socket.h>; AF_INET only. docs/guest-kit.md lists what works. */
#ifndef DENALI_SYS_SOCKET_H
#define DENALI_SYS_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t socklen_t;
typedef uint16_t sa_family_t;

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

struct sockaddr_storage {
    sa_family_t ss_family;
    uint16_t ss_reserved;
    uint32_t ss_align[6];
};

struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    int msg_iovlen;
    void *msg_control;
    socklen_t msg_controllen;
    int msg_flags;
};

struct linger {
    int l_onoff;
    int l_linger;
};

#define AF_UNSPEC 0
#define AF_UNIX   1
#define AF_INET   2
#define AF_INET6  10
#define PF_UNSPEC AF_UNSPEC
#define PF_UNIX   AF_UNIX
#define PF_INET   AF_INET
#define PF_INET6  AF_INET6

#define SOCK_STREAM   1
#define SOCK_DGRAM    2
#define SOCK_RAW      3
#define SOCK_NONBLOCK 0x4000 /* or'ed into the type */
#define SOCK_CLOEXEC  0x8000 /* accepted; nothing ever execs */

#define SOL_SOCKET    0xfff
#define SO_DEBUG      1
#define SO_REUSEADDR  2
#define SO_TYPE       3
#define SO_ERROR      4
#define SO_DONTROUTE  5
#define SO_BROADCAST  6
#define SO_SNDBUF     7
#define SO_RCVBUF     8
#define SO_KEEPALIVE  9
#define SO_LINGER     13
#define SO_REUSEPORT  15
#define SO_RCVTIMEO   20
#define SO_SNDTIMEO   21
#define SO_ACCEPTCONN 30
#define SOMAXCONN     128

#define MSG_PEEK     0x02
#define MSG_TRUNC    0x20
#define MSG_DONTWAIT 0x40
#define MSG_WAITALL  0x100
#define MSG_NOSIGNAL 0x4000

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

int socket(int family, int type, int protocol);
int socketpair(int family, int type, int protocol, int descriptors[2]); /* AF_UNIX, SOCK_STREAM */
int bind(int socket, const struct sockaddr *address, socklen_t size_bytes);
int connect(int socket, const struct sockaddr *address, socklen_t size_bytes);
int listen(int socket, int backlog);
int accept(int socket, struct sockaddr *address, socklen_t *size_bytes);
int accept4(int socket, struct sockaddr *address, socklen_t *size_bytes, int flags);
int shutdown(int socket, int how);
int getsockname(int socket, struct sockaddr *address, socklen_t *size_bytes);
int getpeername(int socket, struct sockaddr *address, socklen_t *size_bytes);
int getsockopt(int socket, int level, int option, void *value, socklen_t *size_bytes);
int setsockopt(int socket, int level, int option, const void *value, socklen_t size_bytes);
ssize_t send(int socket, const void *bytes, size_t length_bytes, int flags);
ssize_t sendto(int socket, const void *bytes, size_t length_bytes, int flags,
               const struct sockaddr *address, socklen_t size_bytes);
ssize_t sendmsg(int socket, const struct msghdr *message, int flags);
ssize_t recv(int socket, void *bytes, size_t size_bytes, int flags);
ssize_t recvfrom(int socket, void *bytes, size_t length_bytes, int flags, struct sockaddr *address,
                 socklen_t *size_bytes);
ssize_t recvmsg(int socket, struct msghdr *message, int flags);

#ifdef __cplusplus
}
#endif

#endif
