/* The name server's client; see dns.h. Everything in an answer is hostile. */
#include "dns.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include <lwip/udp.h>

#include "loop.h"
#include "machine.h"
#include "net.h"

#define SERVER_PORT    53u
#define SECOND_NS      1000000000ull
#define ATTEMPTS       3 /* waiting one second, two, four */
#define HEADER_BYTES   12u
#define LABEL_MAX      63u
#define NAME_WIRE_MAX  255u
#define MESSAGE_MAX    512u
#define QUERY_MAX      (HEADER_BYTES + NAME_WIRE_MAX + 4)
#define FLAG_RESPONSE  0x8000u
#define FLAG_CUT       0x0200u
#define FLAG_RECURSE   0x0100u
#define RESULT_MASK    0x000fu
#define RESULT_TROUBLE 2u
#define RESULT_NO_NAME 3u
#define TYPE_A         1u
#define TYPE_PTR       12u
#define CLASS_IN       1u
#define POINTER_BITS   0xc0u
#define RECORD_BYTES   10u /* between its name and its data */

/* A question under way. */
struct query {
    uint8_t bytes[QUERY_MAX];
    uint32_t size_bytes;
    uint16_t type;
    bool answered;
    int error; /* answered: as dns.h has it */
    struct in_addr address;
    char *name; /* DNS_NAME_SIZE bytes of the caller's */
};

static uint32_t load16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static void store16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

/* --- Questions ------------------------------------------------------------------------------ */

/* Writes "a.b.c", a dot at its end or none, as labels. */
static bool question_make(struct query *query, const char *name, uint16_t type)
{
    uint32_t at = HEADER_BYTES;
    memset(query->bytes, 0, HEADER_BYTES);
    store16(query->bytes + 2, FLAG_RECURSE);
    store16(query->bytes + 4, 1); /* one question */
    do {
        size_t length = strcspn(name, ".");
        if (length == 0 || length > LABEL_MAX || at + 1 + length + 1 > HEADER_BYTES + NAME_WIRE_MAX)
            return false;
        query->bytes[at++] = (uint8_t)length;
        memcpy(query->bytes + at, name, length);
        at += length;
        name += length + (name[length] == '.');
    } while (*name);
    query->bytes[at++] = 0;
    store16(query->bytes + at, type);
    store16(query->bytes + at + 2, CLASS_IN);
    query->size_bytes = at + 4;
    query->type = type;
    return true;
}

/* --- Answers -------------------------------------------------------------------------------- */

/* Passes over a name; 0 if it does not end inside the message. Pointers end a name, so that nothing
 * is followed here. */
static uint32_t name_skip(const uint8_t *bytes, uint32_t size_bytes, uint32_t at)
{
    while (at < size_bytes) {
        if ((bytes[at] & POINTER_BITS) == POINTER_BITS)
            return at + 2 <= size_bytes ? at + 2 : 0;
        if (bytes[at] == 0)
            return at + 1;
        if (bytes[at] > LABEL_MAX)
            return 0;
        at += 1 + bytes[at];
    }
    return 0;
}

/* Reads a name as text. Each pointer must lead further back than the last, so it ends. */
static bool name_read(const uint8_t *bytes, uint32_t size_bytes, uint32_t at,
                      char text[DNS_NAME_SIZE])
{
    uint32_t bound = at;
    uint32_t length = 0;
    while (at < size_bytes && bytes[at] != 0) {
        uint32_t label = bytes[at];
        if ((label & POINTER_BITS) == POINTER_BITS) {
            if (at + 2 > size_bytes)
                return false;
            at = load16(bytes + at) & 0x3fff;
            if (at >= bound)
                return false;
            bound = at;
            continue;
        }
        if (label > LABEL_MAX || label > size_bytes - at - 1 || length + label + 2 > DNS_NAME_SIZE)
            return false;
        if (length)
            text[length++] = '.';
        memcpy(text + length, bytes + at + 1, label);
        length += label;
        at += 1 + label;
    }
    text[length] = '\0';
    /* What is no text is no name. */
    return at < size_bytes && length > 0 && strlen(text) == length;
}

/* Takes the first record of the type asked for; others, such as an alias on the way to it, are
 * passed over. */
static int records_read(struct query *query, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t at = query->size_bytes;
    for (uint32_t count = load16(bytes + 6); count > 0; count--) {
        uint32_t length;
        at = name_skip(bytes, size_bytes, at);
        if (at == 0 || size_bytes - at < RECORD_BYTES)
            return EAI_FAIL;
        length = load16(bytes + at + 8);
        if (length > size_bytes - at - RECORD_BYTES)
            return EAI_FAIL;
        if (load16(bytes + at) == query->type && load16(bytes + at + 2) == CLASS_IN) {
            at += RECORD_BYTES;
            if (query->type == TYPE_PTR)
                return name_read(bytes, size_bytes, at, query->name) ? 0 : EAI_FAIL;
            if (length != sizeof query->address)
                return EAI_FAIL;
            memcpy(&query->address, bytes + at, sizeof query->address);
            return 0;
        }
        at += RECORD_BYTES + length;
    }
    return EAI_NONAME; /* the name is there, a record of this type is not */
}

static int answer_read(struct query *query, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t flags = load16(bytes + 2);
    switch (flags & RESULT_MASK) {
    case 0:
        return flags & FLAG_CUT ? EAI_FAIL : records_read(query, bytes, size_bytes);
    case RESULT_NO_NAME:
        return EAI_NONAME;
    case RESULT_TROUBLE:
        return EAI_AGAIN;
    default:
        return EAI_FAIL;
    }
}

/* A datagram from the server: an answer if it repeats the question to the letter. */
static void arrived(void *context, struct udp_pcb *pcb, struct pbuf *message,
                    const ip_addr_t *address, u16_t port)
{
    struct query *query = context;
    uint8_t bytes[MESSAGE_MAX];
    uint32_t size_bytes = pbuf_copy_partial(message, bytes, sizeof bytes, 0);
    (void)pcb, (void)address, (void)port;
    if (!query->answered && size_bytes == message->tot_len && size_bytes >= query->size_bytes &&
        load16(bytes) == load16(query->bytes) && (load16(bytes + 2) & FLAG_RESPONSE) &&
        load16(bytes + 4) == 1 &&
        memcmp(bytes + HEADER_BYTES, query->bytes + HEADER_BYTES,
               query->size_bytes - HEADER_BYTES) == 0) {
        query->error = answer_read(query, bytes, size_bytes);
        query->answered = true;
    } else if (!query->answered && size_bytes == HEADER_BYTES &&
               load16(bytes) == load16(query->bytes) &&
               (load16(bytes + 2) & (FLAG_RESPONSE | RESULT_MASK)) > FLAG_RESPONSE) {
        query->error = EAI_FAIL; /* a server that could not read the question sends none back */
        query->answered = true;
    }
    pbuf_free(message);
}

/* --- Asking --------------------------------------------------------------------------------- */

static bool is_answered(void *context)
{
    return ((const struct query *)context)->answered;
}

static bool send_query(struct udp_pcb *pcb, const struct query *query)
{
    struct pbuf *message = pbuf_alloc(PBUF_TRANSPORT, (u16_t)query->size_bytes, PBUF_RAM);
    if (!message)
        return false;
    memcpy(message->payload, query->bytes, query->size_bytes);
    udp_send(pcb, message); /* what does not leave is sent again */
    pbuf_free(message);
    return true;
}

static int ask(struct query *query)
{
    struct udp_pcb *pcb;
    ip_addr_t server = {net_name_server};
    if (!server.addr)
        return EAI_FAIL;
    pcb = udp_new();
    if (!pcb)
        return EAI_MEMORY;
    udp_recv(pcb, arrived, query);
    if (udp_connect(pcb, &server, SERVER_PORT) != ERR_OK) {
        udp_remove(pcb);
        return EAI_AGAIN;
    }
    query->answered = false;
    query->error = EAI_AGAIN;
    for (int i = 0; i < ATTEMPTS && !query->answered; i++) {
        /* A late answer to an earlier attempt answers this one too. */
        if (i == 0)
            store16(query->bytes, (uint32_t)(machine_time_ns() / 1000) & 0xffff);
        if (!send_query(pcb, query)) {
            query->error = EAI_MEMORY;
            break;
        }
        loop_await(is_answered, query, loop_deadline(SECOND_NS << i));
    }
    udp_remove(pcb);
    return query->error;
}

int dns_find_address(const char *name, struct in_addr *address)
{
    struct query query;
    int error = question_make(&query, name, TYPE_A) ? ask(&query) : EAI_NONAME;
    if (!error)
        *address = query.address;
    return error;
}

int dns_find_name(struct in_addr address, char name[DNS_NAME_SIZE])
{
    struct query query;
    char reverse[sizeof "255.255.255.255.in-addr.arpa"];
    const uint8_t *bytes = (const uint8_t *)&address;
    sprintf(reverse, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
    if (!question_make(&query, reverse, TYPE_PTR))
        return EAI_NONAME;
    query.name = name;
    return ask(&query);
}
