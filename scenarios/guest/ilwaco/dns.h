/*
 * Asking the network's name server (RFC 1035): one question at a time, from one socket of lwIP's
 * that exists while it waits. Nothing is kept between questions, so a machine that asks nothing has
 * nothing, and every question costs one datagram each way.
 *
 * lwIP has a client too; it cannot ask for a name by an address, does not say whether a name does
 * not exist or nobody answered, and keeps a table and a clock.
 */
#ifndef ILWACO_DNS_H
#define ILWACO_DNS_H

#include <netinet/in.h>

#include "dns_message.h"

/* Both run the event loop until there is an answer and return 0, or as getaddrinfo does:
 * EAI_NONAME there is no such name or it has none of these, EAI_AGAIN nobody answered or the server
 * is in trouble, EAI_FAIL it refuses or no server is known, EAI_MEMORY. */
int dns_find_address(const char *name, struct in_addr *address);
int dns_find_name(struct in_addr address, char name[DNS_NAME_SIZE]);

#endif
