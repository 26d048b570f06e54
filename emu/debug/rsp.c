/* Framing of gdb's remote serial protocol. */
#include "rsp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INTERRUPT_BYTE 0x03
#define ESCAPE_BYTE    0x7d
#define ESCAPE_XOR     0x20

enum state {
    BETWEEN,
    INSIDE,
    SUM_HIGH,
    SUM_LOW,
};

static const char digits[] = "0123456789abcdef";

static int digit_value(uint8_t byte)
{
    const char *found = byte ? strchr(digits, byte >= 'A' && byte <= 'F' ? byte + 32 : byte) : NULL;
    return found ? (int)(found - digits) : -1;
}

void rsp_parser_init(struct rsp_parser *parser)
{
    memset(parser, 0, sizeof *parser);
}

static void begin(struct rsp_parser *parser)
{
    rsp_parser_init(parser);
    parser->state = INSIDE;
}

static enum rsp_event take_between(struct rsp_parser *parser, uint8_t byte)
{
    switch (byte) {
    case '$':
        begin(parser);
        return RSP_NOTHING;
    case INTERRUPT_BYTE:
        return RSP_INTERRUPT;
    case '+':
        return RSP_ACK;
    case '-':
        return RSP_NAK;
    default:
        return RSP_NOTHING;
    }
}

static enum rsp_event take_inside(struct rsp_parser *parser, uint8_t byte)
{
    if (byte == '$') { /* never within a packet: the last one was cut off */
        begin(parser);
        return RSP_NOTHING;
    }
    if (byte == '#') {
        parser->state = SUM_HIGH;
        return RSP_NOTHING;
    }
    parser->sum = (uint8_t)(parser->sum + byte);
    if (byte == ESCAPE_BYTE && !parser->escaped) {
        parser->escaped = true;
    } else if (parser->size_bytes == RSP_PACKET_MAX) {
        parser->bad = true;
    } else {
        parser->payload[parser->size_bytes++] =
            parser->escaped ? (uint8_t)(byte ^ ESCAPE_XOR) : byte;
        parser->escaped = false;
    }
    return RSP_NOTHING;
}

enum rsp_event rsp_parser_take(struct rsp_parser *parser, uint8_t byte)
{
    int value = digit_value(byte);
    switch ((enum state)parser->state) {
    case BETWEEN:
        return take_between(parser, byte);
    case INSIDE:
        return take_inside(parser, byte);
    case SUM_HIGH:
    case SUM_LOW:
        parser->told_sum = (uint8_t)(parser->told_sum << 4 | (value & 15));
        parser->bad |= value < 0;
        if (parser->state == SUM_HIGH) {
            parser->state = SUM_LOW;
            return RSP_NOTHING;
        }
        break;
    }
    parser->state = BETWEEN;
    parser->payload[parser->size_bytes] = 0;
    return parser->bad || parser->escaped || parser->told_sum != parser->sum ? RSP_BAD : RSP_PACKET;
}

/* --- replies ---------------------------------------------------------------------------------- */

void rsp_reply_begin(struct rsp_reply *reply)
{
    reply->size_bytes = 0;
    reply->full = false;
}

/* One byte of the frame; false once a payload of the greatest size is reached. */
static bool add(struct rsp_reply *reply, char byte)
{
    if (reply->size_bytes >= RSP_PACKET_MAX) {
        reply->full = true;
        return false;
    }
    reply->bytes[1 + reply->size_bytes++] = byte;
    return true;
}

void rsp_reply_binary(struct rsp_reply *reply, const void *bytes, size_t size_bytes)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size_bytes; i++) {
        bool escape = from[i] == '$' || from[i] == '#' || from[i] == '*' || from[i] == ESCAPE_BYTE;
        if (reply->size_bytes + 1u + escape > RSP_PACKET_MAX) {
            reply->full = true;
            return;
        }
        if (escape) {
            add(reply, ESCAPE_BYTE);
        }
        add(reply, (char)(escape ? from[i] ^ ESCAPE_XOR : from[i]));
    }
}

void rsp_reply_hex(struct rsp_reply *reply, const void *bytes, size_t size_bytes)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size_bytes && reply->size_bytes + 2 <= RSP_PACKET_MAX; i++) {
        add(reply, digits[from[i] >> 4]);
        add(reply, digits[from[i] & 15]);
    }
}

void rsp_reply_text(struct rsp_reply *reply, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0) {
        size_t size_bytes = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
        rsp_reply_binary(reply, text, size_bytes);
    }
}

uint32_t rsp_reply_end(struct rsp_reply *reply)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < reply->size_bytes; i++) {
        sum = (uint8_t)(sum + (uint8_t)reply->bytes[1 + i]);
    }
    char *end = &reply->bytes[1 + reply->size_bytes];
    reply->bytes[0] = '$';
    end[0] = '#';
    end[1] = digits[sum >> 4];
    end[2] = digits[sum & 15];
    return reply->size_bytes + 4;
}

/* --- reading a payload ------------------------------------------------------------------------ */

bool rsp_take_text(struct rsp_cursor *cursor, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, text, length) != 0) {
        return false;
    }
    cursor->at += length;
    return true;
}

bool rsp_take(struct rsp_cursor *cursor, char byte)
{
    if (rsp_at_end(cursor) || *cursor->at != (uint8_t)byte) {
        return false;
    }
    cursor->at++;
    return true;
}

bool rsp_take_number(struct rsp_cursor *cursor, uint64_t *value)
{
    int count = 0;
    *value = 0;
    for (; !rsp_at_end(cursor) && digit_value(*cursor->at) >= 0; cursor->at++) {
        *value = *value << 4 | (uint64_t)digit_value(*cursor->at);
        if (++count > 16) {
            return false;
        }
    }
    return count > 0;
}

bool rsp_take_number32(struct rsp_cursor *cursor, uint32_t *value)
{
    uint64_t wide;
    bool good = rsp_take_number(cursor, &wide) && wide <= UINT32_MAX;
    *value = good ? (uint32_t)wide : 0;
    return good;
}

bool rsp_take_hex(struct rsp_cursor *cursor, uint8_t *bytes, size_t size_bytes)
{
    if ((size_t)(cursor->end - cursor->at) / 2 < size_bytes) {
        return false;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        int high = digit_value(cursor->at[0]);
        int low = digit_value(cursor->at[1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
        cursor->at += 2;
    }
    return true;
}
