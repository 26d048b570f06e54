/*
 * The DNS server (RFC 1035): the names of a network's nodes and their addresses, and nothing else
 * there is to know, so its word is authoritative and final. `<node>` and `<node>.denali` have one A
 * record each, d.c.b.a.in-addr.arpa has a PTR record if a node has the address a.b.c.d. Case does
 * not matter (RFC 4343). Other types at these names are empty answers, every other name does not
 * exist.
 *
 * EDNS (RFC 6891) and whatever else follows the question is not read: answers fit into the 512
 * bytes that every client takes. A question with a compression pointer is refused: there is nothing
 * that it could point to, so none is ever followed.
 */
#include <string.h>
#include <strings.h>

#include <base/locale.h>

#include "service.h"

#define DNS_ID          0
#define DNS_FLAGS       2
#define DNS_QUESTIONS   4
#define DNS_ANSWERS     6
#define DNS_AUTHORITIES 8
#define DNS_HEADER      12u
#define DNS_MESSAGE_MAX 512u
#define DNS_NAME_MAX    255u /* on the wire, the root's label counted */
#define DNS_LABEL_MAX   63u

#define FLAG_RESPONSE      0x8000u
#define FLAG_OPERATION     0x7800u
#define FLAG_AUTHORITATIVE 0x0400u
#define FLAG_RECURSE       0x0100u /* copied into the answer */
#define FLAG_RECURSES      0x0080u /* this server knows all there is, so asking it once is enough */

enum result { NO_ERROR = 0, FORMAT_ERROR = 1, NAME_ERROR = 3, NOT_IMPLEMENTED = 4 };

#define TYPE_A          1u
#define TYPE_PTR        12u
#define TYPE_META_FIRST 249u /* TKEY, TSIG, IXFR, AXFR, MAILB, MAILA: not of one name */
#define TYPE_META_LAST  254u
#define TYPE_ANY        255u
#define CLASS_IN        1u
#define CLASS_ANY       255u
#define POINTER_TO_NAME (0xc000u | DNS_HEADER) /* the question's */

/* A name and a name of the reverse tree are short; labels past these are only counted. */
#define LABELS_KEPT 6u

struct label {
    const char *text;
    uint32_t size_bytes;
};

struct question {
    struct label labels[LABELS_KEPT];
    uint32_t label_count;
    uint32_t type;
    uint32_t class;
    uint32_t size_bytes; /* on the wire */
};

static bool question_parse(const uint8_t *bytes, uint32_t size_bytes, struct question *question)
{
    uint32_t at = 0;
    *question = (struct question){0};
    for (;;) {
        if (at >= size_bytes || bytes[at] > DNS_LABEL_MAX) {
            return false;
        }
        uint32_t length = bytes[at++];
        if (length == 0) {
            break;
        }
        if (length > size_bytes - at) {
            return false;
        }
        if (question->label_count < LABELS_KEPT) {
            question->labels[question->label_count] =
                (struct label){(const char *)bytes + at, length};
        }
        question->label_count++;
        at += length;
    }
    if (at > DNS_NAME_MAX || size_bytes - at < 4) {
        return false;
    }
    question->type = load16(bytes + at);
    question->class = load16(bytes + at + 2);
    question->size_bytes = at + 4;
    return true;
}

static bool label_is(const struct label *label, const char *text)
{
    LOCALE_NEUTRAL();
    return label->size_bytes == strlen(text) && strncasecmp(label->text, text, strlen(text)) == 0;
}

/* --- What there is -------------------------------------------------------------------------- */

/* The port of the node that the question names. */
static bool port_of_name(const struct net_network *network, const struct question *question,
                         uint32_t *port)
{
    const struct net_names *names = &network->names;
    const struct label *labels = question->labels;
    bool node = question->label_count == 1 ||
                (question->label_count == 2 && label_is(&labels[1], NET_DOMAIN));
    return node && names->find &&
           names->find(names->context, labels[0].text, labels[0].size_bytes, port);
}

/* 0 to 255 as people write it. */
static bool byte_parse(const struct label *label, uint32_t *value)
{
    *value = 0;
    for (uint32_t i = 0; i < label->size_bytes && i < 4; i++) {
        if (label->text[i] < '0' || label->text[i] > '9') {
            return false;
        }
        *value = *value * 10 + (uint32_t)(label->text[i] - '0');
    }
    return label->size_bytes <= 3 && *value <= 255 &&
           (label->size_bytes == 1 || label->text[0] != '0');
}

/* The port whose address, its bytes from the last to the first, the question names (RFC 1035,
 * 3.5). */
static bool port_of_reverse(const struct net_network *network, const struct question *question,
                            uint32_t *port)
{
    uint32_t address = 0;
    if (question->label_count != LABELS_KEPT || !label_is(&question->labels[4], "in-addr") ||
        !label_is(&question->labels[5], "arpa")) {
        return false;
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t byte;
        if (!byte_parse(&question->labels[i], &byte)) {
            return false;
        }
        address |= byte << (8 * i);
    }
    *port = net_port_of_address(network, address);
    return *port != UINT32_MAX;
}

/* --- Answers -------------------------------------------------------------------------------- */

/* A record at the question's name with data to follow; returns where. */
static uint8_t *record_begin(struct net_response *response, uint32_t type, uint32_t data_bytes)
{
    uint8_t *record = response->payload + response->size_bytes;
    store16(record, POINTER_TO_NAME);
    store16(record + 2, type);
    store16(record + 4, CLASS_IN);
    store32(record + 6, NET_NAME_TTL_S);
    store16(record + 10, data_bytes);
    response->size_bytes += 12 + data_bytes;
    store16(response->payload + DNS_ANSWERS, load16(response->payload + DNS_ANSWERS) + 1);
    return record + 12;
}

static void put_name(struct net_response *response, const char *name)
{
    uint32_t length = (uint32_t)strlen(name);
    uint8_t *data = record_begin(response, TYPE_PTR, 1 + length + sizeof NET_DOMAIN + 1);
    *data++ = (uint8_t)length;
    memcpy(data, name, length);
    data += length;
    *data++ = sizeof NET_DOMAIN - 1;
    memcpy(data, NET_DOMAIN, sizeof NET_DOMAIN); /* its NUL is the root's label */
}

/* Adds what there is at the question's name, and says whether there is such a name. */
static enum result look_up(const struct net_request *request, const struct question *question,
                           struct net_response *response)
{
    const struct net_network *network = request->network;
    char name[NET_NAME_SIZE];
    uint32_t port;
    if (port_of_name(network, question, &port)) {
        if (question->type == TYPE_A || question->type == TYPE_ANY) {
            store32(record_begin(response, TYPE_A, 4), net_address_of_port(network, port));
        }
        return NO_ERROR;
    }
    if (port_of_reverse(network, question, &port) && network->names.name &&
        network->names.name(network->names.context, port, name)) {
        if (question->type == TYPE_PTR || question->type == TYPE_ANY) {
            put_name(response, name);
        }
        return NO_ERROR;
    }
    bool domain = question->label_count == 1 && label_is(&question->labels[0], NET_DOMAIN);
    return domain ? NO_ERROR : NAME_ERROR;
}

static enum result answer(const struct net_request *request, struct net_response *response)
{
    const uint8_t *query = request->payload;
    struct question question;
    if (load16(query + DNS_FLAGS) & FLAG_OPERATION) {
        return NOT_IMPLEMENTED;
    }
    if (load16(query + DNS_QUESTIONS) != 1 || load16(query + DNS_ANSWERS) != 0 ||
        load16(query + DNS_AUTHORITIES) != 0 ||
        !question_parse(query + DNS_HEADER, request->size_bytes - DNS_HEADER, &question)) {
        return FORMAT_ERROR;
    }
    memcpy(response->payload + DNS_HEADER, query + DNS_HEADER, question.size_bytes);
    store16(response->payload + DNS_QUESTIONS, 1);
    response->size_bytes += question.size_bytes;
    if ((question.class != CLASS_IN && question.class != CLASS_ANY) ||
        (question.type >= TYPE_META_FIRST && question.type <= TYPE_META_LAST)) {
        return NOT_IMPLEMENTED;
    }
    return look_up(request, &question, response);
}

_Static_assert(DNS_HEADER + DNS_NAME_MAX + 4 + 12 + NET_NAME_SIZE + sizeof NET_DOMAIN + 1 <=
                       DNS_MESSAGE_MAX &&
                   DNS_MESSAGE_MAX <= NET_SERVICE_PAYLOAD_MAX,
               "every answer fits");

enum net_service_outcome net_dns_handle(const struct net_request *request,
                                        struct net_response *response)
{
    if (request->size_bytes < DNS_HEADER ||
        (load16(request->payload + DNS_FLAGS) & FLAG_RESPONSE)) {
        response->cause = NET_DROP_MALFORMED; /* answering an answer could go on for ever */
        return NET_SERVICE_DROPPED;
    }
    memset(response->payload, 0, DNS_HEADER);
    response->size_bytes = DNS_HEADER;
    enum result result = answer(request, response);
    uint32_t asked = load16(request->payload + DNS_FLAGS);
    memcpy(response->payload + DNS_ID, request->payload + DNS_ID, 2);
    store16(response->payload + DNS_FLAGS,
            FLAG_RESPONSE | (asked & (FLAG_OPERATION | FLAG_RECURSE)) | FLAG_AUTHORITATIVE |
                FLAG_RECURSES | (uint32_t)result);
    return NET_SERVICE_ANSWERED;
}
