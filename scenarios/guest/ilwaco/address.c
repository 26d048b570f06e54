/* Addresses as text, and back. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
