/*
 * UDP echo (RFC 862): sends every datagram back to where it came from, until its machine stops.
 *
 *   echo-server [--port 7]
 */
#include "arguments.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char *const names[] = {"--port", NULL};
    static char datagram[65536];
    arguments_check(argc, argv, names);
    struct sockaddr_in any = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)argument_number(argc, argv, "--port", 7, 1, 65535)),
    };
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0) {
        printf("echo-server: %s\n", strerror(errno));
        return 1;
    }
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_bytes = sizeof(from);
        ssize_t size_bytes =
            recvfrom(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&from, &from_bytes);
        if (size_bytes >= 0) {
            (void)sendto(fd, datagram, (size_t)size_bytes, 0, (struct sockaddr *)&from, from_bytes);
        }
    }
}
