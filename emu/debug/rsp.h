/*
 * Framing of gdb's remote serial protocol (GDB manual, appendix E): `$payload#checksum`, escapes,
 * acknowledgements and the interrupt byte. Knows nothing of what packets mean.
 *
 * The bytes are anybody's: a packet longer than the bound, with a bad checksum or cut off is told
 * as bad and the next one is found.
 */
#ifndef DENALI_EMU_DEBUG_RSP_H
#define DENALI_EMU_DEBUG_RSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RSP_PACKET_MAX 16384u /* bytes of a payload, either way, as qSupported tells */

enum rsp_event {
    RSP_NOTHING,   /* more bytes are needed */
    RSP_PACKET,    /* payload, size_bytes */
    RSP_BAD,       /* to be sent again */
    RSP_INTERRUPT, /* Ctrl-C */
    RSP_ACK,
    RSP_NAK,
};

struct rsp_parser {
    uint8_t payload[RSP_PACKET_MAX + 1]; /* unescaped; with a NUL after it when told */
    uint32_t size_bytes;
    uint8_t state; /* where in a packet */
    uint8_t sum;
    uint8_t told_sum;
    bool escaped;
    bool bad;
};

void rsp_parser_init(struct rsp_parser *parser);
/* One byte. After RSP_PACKET the payload is valid until the next. */
enum rsp_event rsp_parser_take(struct rsp_parser *parser, uint8_t byte);

/* A reply being written. What does not fit is left out, and `full` says so. */
struct rsp_reply {
    char bytes[2 * RSP_PACKET_MAX + 8]; /* framed; escapes may double it */
    uint32_t size_bytes;                /* of the payload, framed so far from bytes[1] on */
    bool full;
};

void rsp_reply_begin(struct rsp_reply *reply);
void rsp_reply_text(struct rsp_reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rsp_reply_hex(struct rsp_reply *reply, const void *bytes, size_t size_bytes);
/* As they are, escaped where the framing needs it. */
void rsp_reply_binary(struct rsp_reply *reply, const void *bytes, size_t size_bytes);
/* Frames it; returns how many of bytes are to be sent. */
uint32_t rsp_reply_end(struct rsp_reply *reply);

/* --- reading a payload ------------------------------------------------------------------------ */

/* What is left of one. */
struct rsp_cursor {
    const uint8_t *at;
    const uint8_t *end;
};

/* Takes that text or byte, if it is next. */
bool rsp_take_text(struct rsp_cursor *cursor, const char *text);
bool rsp_take(struct rsp_cursor *cursor, char byte);
/* A hexadecimal number of 1 to 16 digits; a 32-bit one. */
bool rsp_take_number(struct rsp_cursor *cursor, uint64_t *value);
bool rsp_take_number32(struct rsp_cursor *cursor, uint32_t *value);
/* Exactly that many bytes, two digits each. */
bool rsp_take_hex(struct rsp_cursor *cursor, uint8_t *bytes, size_t size_bytes);
static inline bool rsp_at_end(const struct rsp_cursor *cursor)
{
    return cursor->at == cursor->end;
}

#endif
