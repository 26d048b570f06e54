/*
 * The older half of <netdb.h>: hosts by gethostbyname, and the services and protocols that programs
 * ask for by name. What is returned lasts until the next call of the same function.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#include "dns.h"

int h_errno;

static char *no_aliases[] = {NULL};

/* --- Hosts ---------------------------------------------------------------------------------- */

static int host_error(int error)
{
    switch (error) {
    case EAI_NONAME:
        return HOST_NOT_FOUND;
    case EAI_AGAIN:
        return TRY_AGAIN;
    default:
        return NO_RECOVERY;
    }
}

static struct hostent *host(const char *name, struct in_addr address)
{
    static char text[DNS_NAME_SIZE];
    static struct in_addr only;
    static char *list[] = {(char *)&only, NULL};
    static struct hostent entry = {.h_aliases = no_aliases,
                                   .h_addrtype = AF_INET,
                                   .h_length = sizeof only,
                                   .h_addr_list = list};
    snprintf(text, sizeof text, "%s", name);
    only = address;
    entry.h_name = text;
    return &entry;
}

struct hostent *gethostbyname(const char *name)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    struct hostent *entry;
    int error = getaddrinfo(name, NULL, &hints, &found);
    if (error) {
        h_errno = host_error(error);
        return NULL;
    }
    entry = host(name, ((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr);
    freeaddrinfo(found);
    return entry;
}

struct hostent *gethostbyaddr(const void *address, socklen_t size_bytes, int family)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    char name[DNS_NAME_SIZE];
    int error = EAI_FAMILY;
    if (family == AF_INET && size_bytes == sizeof in.sin_addr) {
        memcpy(&in.sin_addr, address, sizeof in.sin_addr);
        error =
            getnameinfo((struct sockaddr *)&in, sizeof in, name, sizeof name, NULL, 0, NI_NAMEREQD);
    }
    if (error) {
        h_errno = host_error(error);
        return NULL;
    }
    return host(name, in.sin_addr);
}

const char *hstrerror(int error)
{
    switch (error) {
    case HOST_NOT_FOUND:
        return gai_strerror(EAI_NONAME);
    case TRY_AGAIN:
        return gai_strerror(EAI_AGAIN);
    default:
        return gai_strerror(EAI_FAIL);
    }
}

void herror(const char *text)
{
    fprintf(stderr, "%s: %s\n", text, hstrerror(h_errno));
}

/* --- Services ------------------------------------------------------------------------------- */

/* IANA's names, those that sockets programs use. */
#define TCP 1u
#define UDP 2u
static const struct {
    const char *name;
    uint16_t port;
    uint8_t protocols;
} services[] = {
    {"echo", 7, TCP | UDP},     {"discard", 9, TCP | UDP}, {"daytime", 13, TCP | UDP},
    {"chargen", 19, TCP | UDP}, {"ftp-data", 20, TCP},     {"ftp", 21, TCP},
    {"ssh", 22, TCP},           {"telnet", 23, TCP},       {"smtp", 25, TCP},
    {"time", 37, TCP | UDP},    {"domain", 53, TCP | UDP}, {"bootps", 67, UDP},
    {"bootpc", 68, UDP},        {"tftp", 69, UDP},         {"http", 80, TCP},
    {"pop3", 110, TCP},         {"ntp", 123, UDP},         {"imap2", 143, TCP},
    {"snmp", 161, UDP},         {"irc", 194, TCP},         {"https", 443, TCP},
    {"syslog", 514, UDP},       {"http-alt", 8080, TCP},
};

static struct servent *service(size_t number, uint8_t protocols)
{
    static struct servent entry = {.s_aliases = no_aliases};
    entry.s_name = (char *)services[number].name;
    entry.s_port = htons(services[number].port);
    entry.s_proto = services[number].protocols & protocols & TCP ? "tcp" : "udp";
    return &entry;
}

static uint8_t protocol_bits(const char *name)
{
    if (!name)
        return TCP | UDP;
    return (strcmp(name, "tcp") == 0 ? TCP : 0) | (strcmp(name, "udp") == 0 ? UDP : 0);
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    uint8_t bits = protocol_bits(protocol);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        if ((services[i].protocols & bits) && strcmp(services[i].name, name) == 0)
            return service(i, bits);
    }
    return NULL;
}

struct servent *getservbyport(int port, const char *protocol)
{
    uint8_t bits = protocol_bits(protocol);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        if ((services[i].protocols & bits) && htons(services[i].port) == port)
            return service(i, bits);
    }
    return NULL;
}

/* --- Protocols ------------------------------------------------------------------------------ */

static struct protoent protocols[] = {
    {"ip", no_aliases, IPPROTO_IP},
    {"icmp", no_aliases, IPPROTO_ICMP},
    {"tcp", no_aliases, IPPROTO_TCP},
    {"udp", no_aliases, IPPROTO_UDP},
};

struct protoent *getprotobyname(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        if (strcmp(protocols[i].p_name, name) == 0)
            return &protocols[i];
    }
    return NULL;
}

struct protoent *getprotobynumber(int number)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        if (protocols[i].p_proto == number)
            return &protocols[i];
    }
    return NULL;
}

int res_init(void)
{
    return 0;
}
