/* Addresses and ports as text, and back. Names are not looked up: only numbers resolve. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- inet_* --------------------------------------------------------------------------------- */

int inet_pton(int family, const char *text, void *address)
{
    uint8_t bytes[4];
    if (family != AF_INET) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        unsigned value = 0;
        int digits = 0;
        for (; *text >= '0' && *text <= '9' && digits < 3; digits++)
            value = value * 10 + (unsigned)(*text++ - '0');
        if (digits == 0 || value > 255 || (digits > 1 && text[-digits] == '0'))
            return 0;
        bytes[i] = (uint8_t)value;
        if (*text != (i < 3 ? '.' : '\0'))
            return 0;
        text++;
    }
    memcpy(address, bytes, sizeof bytes);
    return 1;
}

/* The old form: one to four parts, the last fills what is left, each decimal, octal or hex. */
int inet_aton(const char *text, struct in_addr *address)
{
    uint32_t parts[4];
    int count = 0;
    uint32_t value;
    for (;;) {
        char *end;
        unsigned long part;
        if (*text < '0' || *text > '9')
            return 0;
        part = strtoul(text, &end, 0);
        parts[count++] = part;
        text = end;
        if (*text != '.' || count == 4)
            break;
        text++;
    }
    if (*text && *text != ' ' && *text != '\t' && *text != '\n')
        return 0;
    value = parts[count - 1];
    if (count > 1 && value > 0xffffffffu >> (8 * (count - 1)))
        return 0;
    for (int i = 0; i < count - 1; i++) {
        if (parts[i] > 255)
            return 0;
        value |= parts[i] << (24 - 8 * i);
    }
    if (address)
        address->s_addr = htonl(value);
    return 1;
}

in_addr_t inet_addr(const char *text)
{
    struct in_addr address;
    return inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}

const char *inet_ntop(int family, const void *address, char *text, socklen_t size_bytes)
{
    const uint8_t *bytes = address;
    char whole[INET_ADDRSTRLEN];
    int length;
    if (family != AF_INET) {
        errno = EAFNOSUPPORT;
        return NULL;
    }
    length = sprintf(whole, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    if ((socklen_t)length >= size_bytes) {
        errno = ENOSPC;
        return NULL;
    }
    return strcpy(text, whole);
}

char *inet_ntoa(struct in_addr address)
{
    static char text[INET_ADDRSTRLEN];
    return (char *)inet_ntop(AF_INET, &address, text, sizeof text);
}

/* --- getaddrinfo ---------------------------------------------------------------------------- */

/* One allocation: the entry and the address it points to. */
struct answer {
    struct addrinfo info;
    struct sockaddr_in address;
};

static const struct {
    int type;
    int protocol;
} kinds[] = {{SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}};

static int parse_port(const char *service, in_port_t *port)
{
    char *end;
    unsigned long value;
    *port = 0;
    if (!service)
        return 0;
    value = strtoul(service, &end, 10);
    if (end == service || *end || value > 65535)
        return EAI_SERVICE;
    *port = htons((in_port_t)value);
    return 0;
}

static int parse_node(const char *node, int flags, struct in_addr *address)
{
    if (!node) {
        address->s_addr = htonl(flags & AI_PASSIVE ? INADDR_ANY : INADDR_LOOPBACK);
        return 0;
    }
    if (strcmp(node, "localhost") == 0) {
        address->s_addr = htonl(INADDR_LOOPBACK);
        return 0;
    }
    return inet_aton(node, address) ? 0 : EAI_NONAME;
}

static bool is_wanted(const struct addrinfo *hints, size_t kind)
{
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
    error = parse_port(service, &address.sin_port);
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
        answer->info.ai_protocol = kinds[i].protocol;
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
        return "not an IPv4 address (names are not resolved)";
    case EAI_FAMILY:
        return "address family not supported";
    case EAI_SOCKTYPE:
        return "socket type not supported";
    case EAI_SERVICE:
        return "not a port number (service names are not resolved)";
    case EAI_MEMORY:
        return "out of memory";
    case EAI_OVERFLOW:
        return "the buffer is too small";
    default:
        return "system error";
    }
}

int getnameinfo(const struct sockaddr *address, socklen_t size_bytes, char *node,
                socklen_t node_size_bytes, char *service, socklen_t service_size_bytes, int flags)
{
    const struct sockaddr_in *in = (const void *)address;
    (void)flags; /* always numeric */
    if (size_bytes < sizeof *in || in->sin_family != AF_INET)
        return EAI_FAMILY;
    if (node && node_size_bytes && !inet_ntop(AF_INET, &in->sin_addr, node, node_size_bytes))
        return EAI_OVERFLOW;
    if (service && service_size_bytes &&
        (socklen_t)snprintf(service, service_size_bytes, "%u", ntohs(in->sin_port)) >=
            service_size_bytes)
        return EAI_OVERFLOW;
    return 0;
}
