/*
 * The wire format: one message is one UDP datagram; all numbers are in network byte order.
 *
 *   offset size
 *        0    1  magic, 0x4b ('K')
 *        1    1  version, 1
 *        2    1  type, enum kad_type
 *        3    1  count: contacts in NODES, status in STORED (1 stored, 0 refused), else 0
 *        4   20  rpc identifier: random in a request, echoed in its reply (paper, 2.3)
 *       24   20  identifier of the sender
 *       44       body by type:
 *                PING, PONG, STORED   nothing
 *                FIND_NODE, FIND_VALUE  20 key or node looked for
 *                STORE  20 key, 4 age of the value in s, 2 length, value
 *                VALUE  4 age of the value in s, 2 length, value
 *                NODES  count times: 20 identifier, 4 IPv4 address, 2 UDP port
 *
 * A datagram whose length is not exactly what its type and counts say is no message. A sender is
 * known by the datagram's source address, so messages do not carry it.
 */
#ifndef KADEMLIA_MESSAGE_H
#define KADEMLIA_MESSAGE_H

#include "table.h"

#define KAD_MAGIC   0x4b
#define KAD_VERSION 1

#define KAD_HEADER_BYTES  44
#define KAD_CONTACT_BYTES 26
#define KAD_CONTACTS_MAX  40   /* k at most; 40 contacts fit an Ethernet frame */
#define KAD_VALUE_MAX     1024 /* bytes of one value */
#define KAD_MESSAGE_MAX   1094 /* the longest message, a STORE of KAD_VALUE_MAX bytes */

enum kad_type {
    KAD_PING = 1,
    KAD_PONG,
    KAD_STORE,
    KAD_STORED,
    KAD_FIND_NODE,
    KAD_FIND_VALUE,
    KAD_NODES,
    KAD_VALUE,
};

struct kad_message {
    enum kad_type type;
    struct kad_id rpc;
    struct kad_id sender;
    struct kad_id key;    /* STORE, FIND_NODE, FIND_VALUE */
    bool stored;          /* STORED */
    uint32_t age_s;       /* STORE, VALUE: since the publisher last published it */
    const uint8_t *value; /* STORE, VALUE: points into the datagram */
    uint16_t value_bytes;
    uint8_t contact_count;   /* NODES */
    const uint8_t *contacts; /* NODES: points into the datagram; kad_message_contact reads one */
};

/* True if the datagram is a well-formed message; it must outlive what *message points to. */
bool kad_message_read(struct kad_message *message, const uint8_t *bytes, size_t size_bytes);

/* Contact number index < contact_count. False if it is none that can be sent to: address 0, a
 * multicast or broadcast address, or port 0. */
bool kad_message_contact(const struct kad_message *message, uint32_t index,
                         struct kad_contact *contact);

/* Writes header and body up to, not including, the contacts of NODES. bytes has room for
 * KAD_MESSAGE_MAX. Returns the size. */
size_t kad_message_write(const struct kad_message *message, uint8_t *bytes);
/* Appends a contact to a NODES message of that size, and counts it. Returns the new size. */
size_t kad_message_append(uint8_t *bytes, size_t size_bytes, const struct kad_contact *contact);

static inline bool kad_type_is_reply(enum kad_type type)
{
    return type == KAD_PONG || type == KAD_STORED || type == KAD_NODES || type == KAD_VALUE;
}

#endif
