/*
 * Messages to and from a name server (RFC 1035): a question written, an answer read. Plain
 * functions of bytes, so that they are tested where no machine is. Everything in an answer is
 * hostile.
 */
#ifndef ILWACO_DNS_MESSAGE_H
#define ILWACO_DNS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#define DNS_NAME_SIZE    256u /* a name as text, with its NUL */
#define DNS_MESSAGE_MAX  512u
#define DNS_HEADER_BYTES 12u
#define DNS_QUESTION_MAX (DNS_HEADER_BYTES + 255u + 4u)
#define DNS_TYPE_A       1u
#define DNS_TYPE_PTR     12u

/* How an answer is to be understood; dns.c has netdb.h's numbers for them. */
enum dns_result {
    DNS_NOT_OURS, /* no answer to the question: go on waiting */
    DNS_FOUND,
    DNS_NO_NAME, /* there is no such name, or it has no record of the type */
    DNS_TROUBLE, /* the server may know more later */
    DNS_REFUSED, /* it does not answer this, or nothing that makes sense */
};

struct dns_question {
    uint8_t bytes[DNS_QUESTION_MAX];
    uint32_t size_bytes;
    uint16_t type;
};

/* What was found, by type. */
struct dns_record {
    uint32_t address;         /* A: network byte order */
    char name[DNS_NAME_SIZE]; /* PTR */
};

/* False if name, labels with dots between and one at the end or none, cannot be one. */
bool dns_question_make(struct dns_question *question, const char *name, uint16_t type, uint16_t id);

/* *record is set only with DNS_FOUND. */
enum dns_result dns_answer_read(const struct dns_question *question, const uint8_t *bytes,
                                uint32_t size_bytes, struct dns_record *record);

#endif
