/* Questions and answers; see dns_message.h. */
#include "dns_message.h"

#include <string.h>

#define LABEL_MAX      63u
#define NAME_WIRE_MAX  255u
#define FLAG_RESPONSE  0x8000u
#define FLAG_CUT       0x0200u
#define FLAG_RECURSE   0x0100u
#define RESULT_MASK    0x000fu
#define RESULT_TROUBLE 2u
#define RESULT_NO_NAME 3u
#define CLASS_IN       1u
#define POINTER_BITS   0xc0u
#define RECORD_BYTES   10u /* between its name and its data */

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
bool dns_question_make(struct dns_question *question, const char *name, uint16_t type, uint16_t id)
{
    uint32_t at = DNS_HEADER_BYTES;
    memset(question->bytes, 0, DNS_HEADER_BYTES);
    store16(question->bytes, id);
    store16(question->bytes + 2, FLAG_RECURSE);
    store16(question->bytes + 4, 1); /* one question */
    do {
        size_t length = strcspn(name, ".");
        if (length == 0 || length > LABEL_MAX ||
            at + 1 + length + 1 > DNS_HEADER_BYTES + NAME_WIRE_MAX)
            return false;
        question->bytes[at++] = (uint8_t)length;
        memcpy(question->bytes + at, name, length);
        at += length;
        name += length + (name[length] == '.');
    } while (*name);
    question->bytes[at++] = 0;
    store16(question->bytes + at, type);
    store16(question->bytes + at + 2, CLASS_IN);
    question->size_bytes = at + 4;
    question->type = type;
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
static enum dns_result records_read(const struct dns_question *question, const uint8_t *bytes,
                                    uint32_t size_bytes, struct dns_record *record)
{
    uint32_t at = question->size_bytes;
    for (uint32_t count = load16(bytes + 6); count > 0; count--) {
        uint32_t length;
        at = name_skip(bytes, size_bytes, at);
        if (at == 0 || size_bytes - at < RECORD_BYTES)
            return DNS_REFUSED;
        length = load16(bytes + at + 8);
        if (length > size_bytes - at - RECORD_BYTES)
            return DNS_REFUSED;
        if (load16(bytes + at) == question->type && load16(bytes + at + 2) == CLASS_IN) {
            at += RECORD_BYTES;
            if (question->type == DNS_TYPE_PTR)
                return name_read(bytes, size_bytes, at, record->name) ? DNS_FOUND : DNS_REFUSED;
            if (length != sizeof record->address)
                return DNS_REFUSED;
            memcpy(&record->address, bytes + at, sizeof record->address);
            return DNS_FOUND;
        }
        at += RECORD_BYTES + length;
    }
    return DNS_NO_NAME;
}

static enum dns_result result_read(const struct dns_question *question, const uint8_t *bytes,
                                   uint32_t size_bytes, struct dns_record *record)
{
    uint32_t flags = load16(bytes + 2);
    switch (flags & RESULT_MASK) {
    case 0:
        return flags & FLAG_CUT ? DNS_REFUSED : records_read(question, bytes, size_bytes, record);
    case RESULT_NO_NAME:
        return DNS_NO_NAME;
    case RESULT_TROUBLE:
        return DNS_TROUBLE;
    default:
        return DNS_REFUSED;
    }
}

enum dns_result dns_answer_read(const struct dns_question *question, const uint8_t *bytes,
                                uint32_t size_bytes, struct dns_record *record)
{
    if (size_bytes < DNS_HEADER_BYTES || load16(bytes) != load16(question->bytes) ||
        !(load16(bytes + 2) & FLAG_RESPONSE))
        return DNS_NOT_OURS;
    /* A server that could not read the question sends none back. */
    if (size_bytes == DNS_HEADER_BYTES)
        return load16(bytes + 2) & RESULT_MASK ? DNS_REFUSED : DNS_NOT_OURS;
    if (size_bytes < question->size_bytes || load16(bytes + 4) != 1 ||
        memcmp(bytes + DNS_HEADER_BYTES, question->bytes + DNS_HEADER_BYTES,
               question->size_bytes - DNS_HEADER_BYTES) != 0)
        return DNS_NOT_OURS;
    return result_read(question, bytes, size_bytes, record);
}
