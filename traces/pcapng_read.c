/*
 * Reads pcapng block by block. The file is whatever somebody gave: every length is checked against
 * what holds it before anything is read from there.
 */
#include <traces/pcapng.h>

#include <inttypes.h>
#include <string.h>

#include "pcapng_format.h"

/* What is left of a block's body. */
struct span {
    const uint8_t *bytes;
    uint32_t size_bytes;
};

static uint32_t get_u16(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t get_u32(const uint8_t *bytes)
{
    return get_u16(bytes) | get_u16(bytes + 2) << 16;
}

static uint64_t get_u64(const uint8_t *bytes)
{
    return get_u32(bytes) | (uint64_t)get_u32(bytes + 4) << 32;
}

static enum status bad(const struct trace_pcapng_reader *reader, struct error *error,
                       enum status status, const char *what)
{
    return error_set(error, status, reader->name, 0, "the block at byte %" PRIu64 " %s",
                     reader->position, what);
}

void trace_pcapng_reader_init(struct trace_pcapng_reader *reader, const char *name,
                              const void *bytes, size_t size_bytes)
{
    memset(reader, 0, sizeof *reader);
    reader->name = name;
    reader->bytes = bytes;
    reader->size_bytes = size_bytes;
}

/* The next option, its code and its bytes; false at the end of them or where they are cut. */
static bool option_next(struct span *options, uint32_t *code, struct span *value)
{
    if (options->size_bytes < 4) {
        return false;
    }
    *code = get_u16(options->bytes);
    value->size_bytes = get_u16(options->bytes + 2);
    value->bytes = options->bytes + 4;
    uint32_t whole = 4 + ((value->size_bytes + 3) & ~3u);
    if (*code == PCAPNG_END_OF_OPTIONS || whole > options->size_bytes) {
        return false;
    }
    options->bytes += whole;
    options->size_bytes -= whole;
    return true;
}

static void text_set(struct trace_pcapng_block *block, struct span value)
{
    block->text = (const char *)value.bytes;
    block->text_bytes = value.size_bytes;
}

static enum status read_section(struct trace_pcapng_reader *reader, struct span body,
                                struct trace_pcapng_block *block, struct error *error)
{
    if (body.size_bytes < 16) {
        return bad(reader, error, STATUS_CORRUPT, "is too short for a section header");
    }
    if (get_u16(body.bytes + 4) != PCAPNG_MAJOR) {
        return bad(reader, error, STATUS_UNSUPPORTED,
                   "is of another version of pcapng; expected 1");
    }
    reader->in_section = true;
    reader->interface_count = 0;
    block->kind = TRACE_PCAPNG_SECTION;
    struct span options = {body.bytes + 16, body.size_bytes - 16};
    struct span value;
    for (uint32_t code; option_next(&options, &code, &value);) {
        if (code == PCAPNG_COMMENT) {
            text_set(block, value);
        }
    }
    return STATUS_OK;
}

static enum status read_interface(struct trace_pcapng_reader *reader, struct span body,
                                  struct trace_pcapng_block *block, struct error *error)
{
    if (body.size_bytes < 8) {
        return bad(reader, error, STATUS_CORRUPT, "is too short for an interface");
    }
    if (get_u16(body.bytes) != PCAPNG_LINK_ETHERNET) {
        return bad(reader, error, STATUS_UNSUPPORTED,
                   "is an interface of another kind than Ethernet");
    }
    if (reader->interface_count == TRACE_PCAPNG_INTERFACES_MAX) {
        return bad(reader, error, STATUS_UNSUPPORTED,
                   "is one interface too many; expected at most 64");
    }
    uint32_t resolution = 6; /* what the format has unless it is said: 10^-6 s */
    block->kind = TRACE_PCAPNG_INTERFACE;
    struct span options = {body.bytes + 8, body.size_bytes - 8};
    struct span value;
    for (uint32_t code; option_next(&options, &code, &value);) {
        if (code == PCAPNG_INTERFACE_NAME) {
            text_set(block, value);
        } else if (code == PCAPNG_INTERFACE_RESOLUTION && value.size_bytes == 1) {
            resolution = value.bytes[0];
        }
    }
    if (resolution > 9) {
        return bad(reader, error, STATUS_UNSUPPORTED,
                   "has a time resolution finer than 1 ns, or a binary one");
    }
    uint64_t tick_ns = 1;
    for (; resolution < 9; resolution++) {
        tick_ns *= 10;
    }
    block->interface = reader->interface_count;
    reader->ns_per_tick[reader->interface_count++] = tick_ns;
    return STATUS_OK;
}

/* Interface and time, with which packets and statistics begin. */
static enum status read_moment(struct trace_pcapng_reader *reader, struct span body,
                               struct trace_pcapng_block *block, struct error *error)
{
    block->interface = get_u32(body.bytes);
    if (block->interface >= reader->interface_count) {
        return bad(reader, error, STATUS_CORRUPT, "names an interface that was not described");
    }
    uint64_t ticks = (uint64_t)get_u32(body.bytes + 4) << 32 | get_u32(body.bytes + 8);
    if (__builtin_mul_overflow(ticks, reader->ns_per_tick[block->interface], &block->time_ns)) {
        return bad(reader, error, STATUS_UNSUPPORTED, "has a time beyond 2^64 ns");
    }
    return STATUS_OK;
}

static enum status read_packet(struct trace_pcapng_reader *reader, struct span body,
                               struct trace_pcapng_block *block, struct error *error)
{
    if (body.size_bytes < 20) {
        return bad(reader, error, STATUS_CORRUPT, "is too short for a packet");
    }
    enum status status = read_moment(reader, body, block, error);
    if (status) {
        return status;
    }
    block->kind = TRACE_PCAPNG_PACKET;
    block->size_bytes = get_u32(body.bytes + 12);
    block->original_bytes = get_u32(body.bytes + 16);
    block->bytes = body.bytes + 20;
    uint32_t room = body.size_bytes - 20; /* a multiple of 4 */
    if (block->size_bytes > room) {
        return bad(reader, error, STATUS_CORRUPT, "is a packet that reaches past its end");
    }
    uint32_t padded = (block->size_bytes + 3) & ~3u;
    struct span options = {block->bytes + padded, room - padded};
    struct span value;
    for (uint32_t code; option_next(&options, &code, &value);) {
        if (code == PCAPNG_COMMENT) {
            text_set(block, value);
        } else if (code == PCAPNG_PACKET_FLAGS && value.size_bytes == 4) {
            uint32_t direction = get_u32(value.bytes) & PCAPNG_DIRECTION_MASK;
            block->direction =
                direction <= TRACE_SENT ? (enum trace_direction)direction : TRACE_DIRECTION_UNKNOWN;
        } else if (code == PCAPNG_PACKET_LOST && value.size_bytes == 8) {
            block->lost = get_u64(value.bytes);
        }
    }
    return STATUS_OK;
}

static enum status read_statistics(struct trace_pcapng_reader *reader, struct span body,
                                   struct trace_pcapng_block *block, struct error *error)
{
    if (body.size_bytes < 12) {
        return bad(reader, error, STATUS_CORRUPT, "is too short for statistics");
    }
    block->kind = TRACE_PCAPNG_STATISTICS;
    struct span options = {body.bytes + 12, body.size_bytes - 12};
    struct span value;
    for (uint32_t code; option_next(&options, &code, &value);) {
        if (code == PCAPNG_COMMENT) {
            text_set(block, value);
        } else if (code == PCAPNG_STATISTICS_CAME && value.size_bytes == 8) {
            block->came = get_u64(value.bytes);
        } else if (code == PCAPNG_STATISTICS_LOST && value.size_bytes == 8) {
            block->lost = get_u64(value.bytes);
        }
    }
    return read_moment(reader, body, block, error);
}

/* The frame around a block: type, length, body, length. */
static enum status read_frame(struct trace_pcapng_reader *reader, uint32_t *type, struct span *body,
                              struct error *error)
{
    uint64_t left = reader->size_bytes - reader->position;
    const uint8_t *start = reader->bytes + reader->position;
    if (left < PCAPNG_BLOCK_MIN_BYTES) {
        return bad(reader, error, STATUS_CORRUPT, "is cut off");
    }
    *type = get_u32(start);
    if (*type == PCAPNG_SECTION && get_u32(start + 8) != PCAPNG_BYTE_ORDER) {
        return bad(reader, error, STATUS_UNSUPPORTED, "is a section that is not little-endian");
    }
    if (*type != PCAPNG_SECTION && !reader->in_section) {
        return bad(reader, error, STATUS_CORRUPT,
                   "is not a section header: this is no pcapng file");
    }
    uint32_t length = get_u32(start + 4);
    if (length < PCAPNG_BLOCK_MIN_BYTES || length % 4 != 0) {
        return bad(reader, error, STATUS_CORRUPT, "has a length that no block has");
    }
    if (length > left) {
        return bad(reader, error, STATUS_CORRUPT, "is cut off");
    }
    if (get_u32(start + length - 4) != length) {
        return bad(reader, error, STATUS_CORRUPT, "ends with another length than it begins with");
    }
    *body = (struct span){start + 8, length - PCAPNG_BLOCK_MIN_BYTES};
    return STATUS_OK;
}

enum status trace_pcapng_read(struct trace_pcapng_reader *reader, struct trace_pcapng_block *block,
                              struct error *error)
{
    while (reader->position < reader->size_bytes) {
        uint32_t type = 0;
        struct span body = {NULL, 0};
        enum status status = read_frame(reader, &type, &body, error);
        if (status) {
            return status;
        }
        memset(block, 0, sizeof *block);
        bool known = true;
        switch (type) {
        case PCAPNG_SECTION:
            status = read_section(reader, body, block, error);
            break;
        case PCAPNG_INTERFACE:
            status = read_interface(reader, body, block, error);
            break;
        case PCAPNG_PACKET:
            status = read_packet(reader, body, block, error);
            break;
        case PCAPNG_STATISTICS:
            status = read_statistics(reader, body, block, error);
            break;
        default:
            known = false;
        }
        if (status) {
            return status;
        }
        reader->position += body.size_bytes + PCAPNG_BLOCK_MIN_BYTES;
        if (known) {
            return STATUS_OK;
        }
    }
    memset(block, 0, sizeof *block);
    block->kind = TRACE_PCAPNG_END;
    return STATUS_OK;
}
