/* Names and services to addresses and ports, and back, as POSIX has it. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns.h"

/* --- getaddrinfo ---------------------------------------------------------------------------- */

/* One allocation: the entry and the address it points to. */
struct answer {
    struct addrinfo info;
    struct sockaddr_in address;
};

static const struct {
    int type;
    int protocol;
} kinds[] = {{SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}, {SOCK_RAW, IPPROTO_IP}};

/* A number, or the name of a service of the kind asked for. */
static int parse_port(const char *service, const struct addrinfo *hints, in_port_t *port)
{
    const char *protocol = NULL;
    const struct servent *known;
    char *end;
    unsigned long value;
    *port = 0;
    if (!service)
        return 0;
    value = strtoul(service, &end, 10);
    /* strtoul also takes blanks and signs, and -4294967295 for 1. */
    if (*service >= '0' && *service <= '9' && !*end && value <= 65535) {
        *port = htons((in_port_t)value);
        return 0;
    }
    if (hints->ai_flags & AI_NUMERICSERV)
        return EAI_NONAME;
    if (hints->ai_socktype == SOCK_STREAM || hints->ai_protocol == IPPROTO_TCP)
        protocol = "tcp";
    else if (hints->ai_socktype == SOCK_DGRAM || hints->ai_protocol == IPPROTO_UDP)
        protocol = "udp";
    known = getservbyname(service, protocol);
    if (!known)
        return EAI_SERVICE;
    *port = (in_port_t)known->s_port;
    return 0;
}

static int parse_node(const char *node, int flags, struct in_addr *address)
{
    if (!node) {
        address->s_addr = htonl(flags & AI_PASSIVE ? INADDR_ANY : INADDR_LOOPBACK);
        return 0;
    }
    if (inet_aton(node, address))
        return 0;
    if (flags & AI_NUMERICHOST)
        return EAI_NONAME;
    if (strcasecmp(node, "localhost") == 0) {
        address->s_addr = htonl(INADDR_LOOPBACK);
        return 0;
    }
    return dns_find_address(node, address);
}

/* A raw socket goes with any protocol, and is never what somebody means who does not ask for it. */
static bool is_wanted(const struct addrinfo *hints, size_t kind)
{
    if (kinds[kind].type == SOCK_RAW)
        return hints->ai_socktype == SOCK_RAW;
    return (hints->ai_socktype == 0 || hints->ai_socktype == kinds[kind].type) &&
           (hints->ai_protocol == 0 || hints->ai_protocol == kinds[kind].protocol);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    static const struct addrinfo anything;
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct addrinfo **next = list;
    int error;
    if (!hints)
        hints = &anything;
    if (!node && !service)
        return EAI_NONAME;
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET)
        return EAI_FAMILY;
    error = parse_port(service, hints, &address.sin_port);
    if (!error)
        error = parse_node(node, hints->ai_flags, &address.sin_addr);
    if (error)
        return error;
    *list = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct answer *answer;
        if (!is_wanted(hints, i))
            continue;
        answer = calloc(1, sizeof *answer);
        if (!answer) {
            freeaddrinfo(*list);
            return EAI_MEMORY;
        }
        answer->address = address;
        answer->info.ai_family = AF_INET;
        answer->info.ai_socktype = kinds[i].type;
        answer->info.ai_protocol = kinds[i].protocol ? kinds[i].protocol : hints->ai_protocol;
        answer->info.ai_addrlen = sizeof answer->address;
        answer->info.ai_addr = (struct sockaddr *)&answer->address;
        if (hints->ai_flags & AI_CANONNAME && !*list && node)
            answer->info.ai_canonname = strdup(node);
        *next = &answer->info;
        next = &answer->info.ai_next;
    }
    return *list ? 0 : EAI_SOCKTYPE;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_canonname);
        free(list); /* the answer begins with it */
        list = next;
    }
}

const char *gai_strerror(int error)
{
    switch (error) {
    case 0:
        return "no error";
    case EAI_BADFLAGS:
        return "bad flags";
    case EAI_NONAME:
        return "no such name, or it has no IPv4 address";
    case EAI_AGAIN:
        return "the name server does not answer";
    case EAI_FAIL:
        return "no name server is known, or it cannot answer";
    case EAI_FAMILY:
        return "address family not supported";
    case EAI_SOCKTYPE:
        return "socket type not supported";
    case EAI_SERVICE:
        return "neither a port number nor the name of a known service";
    case EAI_MEMORY:
        return "out of memory";
    case EAI_OVERFLOW:
        return "the buffer is too small";
    default:
        return "system error";
    }
}

/* The node's name, or its address in digits. */
static int describe_node(struct in_addr address, int flags, char *text, socklen_t size_bytes)
{
    char name[DNS_NAME_SIZE];
    int error = EAI_NONAME;
    if (!(flags & NI_NUMERICHOST)) {
        bool is_loopback = ntohl(address.s_addr) >> 24 == INADDR_LOOPBACK >> 24;
        error = is_loopback ? 0 : dns_find_name(address, name);
        if (is_loopback)
            strcpy(name, "localhost");
        if (error && (flags & NI_NAMEREQD))
            return error;
        if (!error && (flags & NI_NOFQDN))
            name[strcspn(name, ".")] = '\0';
    }
    if (error)
        inet_ntop(AF_INET, &address, name, sizeof name);
    if (strlen(name) >= size_bytes)
        return EAI_OVERFLOW;
    strcpy(text, name);
    return 0;
}

static int describe_port(in_port_t port, int flags, char *text, socklen_t size_bytes)
{
    const struct servent *known = NULL;
    if (!(flags & NI_NUMERICSERV))
        known = getservbyport(port, flags & NI_DGRAM ? "udp" : "tcp");
    if ((socklen_t)(known ? snprintf(text, size_bytes, "%s", known->s_name)
                          : snprintf(text, size_bytes, "%u", ntohs(port))) >= size_bytes)
        return EAI_OVERFLOW;
    return 0;
}

int getnameinfo(const struct sockaddr *address, socklen_t size_bytes, char *node,
                socklen_t node_size_bytes, char *service, socklen_t service_size_bytes, int flags)
{
    const struct sockaddr_in *in = (const void *)address;
    int error = 0;
    if (size_bytes < sizeof *in || in->sin_family != AF_INET)
        return EAI_FAMILY;
    if (node && node_size_bytes)
        error = describe_node(in->sin_addr, flags, node, node_size_bytes);
    if (!error && service && service_size_bytes)
        error = describe_port(in->sin_port, flags, service, service_size_bytes);
    return error;
}
