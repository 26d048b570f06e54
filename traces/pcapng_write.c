/* Blocks of pcapng, one function each. Every one is padded to 4 bytes and has its length twice. */
#include <traces/pcapng.h>

#include <string.h>

#include "pcapng_format.h"

#define OPTION_MAX_BYTES 65535u
#define RESOLUTION_NS    9u /* 10^-9 s */

static void put_u32(uint8_t *target, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        target[i] = (uint8_t)(value >> 8 * i);
    }
}

static size_t block_begin(struct writer *writer, uint32_t type)
{
    size_t start = writer->size_bytes;
    write_u32(writer, type);
    write_u32(writer, 0); /* the length, once it is known */
    return start;
}

static void block_end(struct writer *writer, size_t start)
{
    uint32_t length = (uint32_t)(writer->size_bytes - start) + 4;
    put_u32(writer->bytes + start + 4, length);
    write_u32(writer, length);
}

static void pad(struct writer *writer, uint32_t size_bytes)
{
    static const uint8_t zeros[4];
    write_bytes(writer, zeros, -size_bytes & 3u);
}

static void option_bytes(struct writer *writer, enum pcapng_option code, const void *bytes,
                         uint32_t size_bytes)
{
    write_u16(writer, (uint16_t)code);
    write_u16(writer, (uint16_t)size_bytes);
    write_bytes(writer, bytes, size_bytes);
    pad(writer, size_bytes);
}

static void option_text(struct writer *writer, enum pcapng_option code, const char *text)
{
    if (text) {
        size_t size_bytes = strlen(text);
        option_bytes(writer, code, text,
                     size_bytes < OPTION_MAX_BYTES ? (uint32_t)size_bytes : OPTION_MAX_BYTES);
    }
}

static void option_u32(struct writer *writer, enum pcapng_option code, uint32_t value)
{
    write_u16(writer, (uint16_t)code);
    write_u16(writer, 4);
    write_u32(writer, value);
}

static void option_u64(struct writer *writer, enum pcapng_option code, uint64_t value)
{
    write_u16(writer, (uint16_t)code);
    write_u16(writer, 8);
    write_u64(writer, value);
}

static void options_end(struct writer *writer)
{
    write_u32(writer, PCAPNG_END_OF_OPTIONS);
}

/* A time is two words, the high one first. */
static void write_time(struct writer *writer, uint64_t time_ns)
{
    write_u32(writer, (uint32_t)(time_ns >> 32));
    write_u32(writer, (uint32_t)time_ns);
}

static void option_time(struct writer *writer, enum pcapng_option code, uint64_t time_ns)
{
    write_u16(writer, (uint16_t)code);
    write_u16(writer, 8);
    write_time(writer, time_ns);
}

/* Address and mask, each in network byte order. */
static void option_ipv4(struct writer *writer, uint32_t address, uint32_t prefix)
{
    uint32_t mask = prefix ? UINT32_MAX << (32 - prefix) : 0;
    uint8_t bytes[8];
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(address >> (24 - 8 * i));
        bytes[4 + i] = (uint8_t)(mask >> (24 - 8 * i));
    }
    option_bytes(writer, PCAPNG_INTERFACE_IPV4, bytes, sizeof bytes);
}

static void option_speeds(struct writer *writer, uint64_t up_bps, uint64_t down_bps)
{
    if (up_bps && up_bps == down_bps) {
        option_u64(writer, PCAPNG_INTERFACE_SPEED, up_bps);
        return;
    }
    if (up_bps) {
        option_u64(writer, PCAPNG_INTERFACE_SPEED_SENT, up_bps);
    }
    if (down_bps) {
        option_u64(writer, PCAPNG_INTERFACE_SPEED_RECEIVED, down_bps);
    }
}

void trace_pcapng_section_write(struct writer *writer,
                                const struct trace_pcapng_interface *interface)
{
    size_t section = block_begin(writer, PCAPNG_SECTION);
    write_u32(writer, PCAPNG_BYTE_ORDER);
    write_u16(writer, PCAPNG_MAJOR);
    write_u16(writer, PCAPNG_MINOR);
    write_u64(writer, UINT64_MAX); /* the section's length: not known */
    option_text(writer, PCAPNG_COMMENT, interface->comment);
    option_text(writer, PCAPNG_SECTION_APPLICATION, interface->application);
    options_end(writer);
    block_end(writer, section);

    const uint8_t resolution = RESOLUTION_NS;
    size_t description = block_begin(writer, PCAPNG_INTERFACE);
    write_u16(writer, PCAPNG_LINK_ETHERNET);
    write_u16(writer, 0);
    write_u32(writer, 0); /* frames are never cut */
    option_text(writer, PCAPNG_INTERFACE_NAME, interface->name);
    option_text(writer, PCAPNG_INTERFACE_DESCRIPTION, interface->description);
    option_bytes(writer, PCAPNG_INTERFACE_MAC, interface->mac, sizeof interface->mac);
    if (interface->has_address) {
        option_ipv4(writer, interface->address, interface->prefix);
    }
    option_speeds(writer, interface->up_bps, interface->down_bps);
    option_bytes(writer, PCAPNG_INTERFACE_RESOLUTION, &resolution, sizeof resolution);
    options_end(writer);
    block_end(writer, description);
}

static uint32_t packet_flags(const struct trace_pcapng_packet *packet)
{
    static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t flags = (uint32_t)packet->direction;
    if (packet->size_bytes < sizeof everyone) {
        return flags;
    }
    if (memcmp(packet->bytes, everyone, sizeof everyone) == 0) {
        return flags | PCAPNG_BROADCAST;
    }
    return flags | (packet->bytes[0] & 1 ? PCAPNG_MULTICAST : PCAPNG_UNICAST);
}

void trace_pcapng_packet_write(struct writer *writer, const struct trace_pcapng_packet *packet)
{
    size_t block = block_begin(writer, PCAPNG_PACKET);
    write_u32(writer, 0); /* the one interface */
    write_time(writer, packet->time_ns);
    write_u32(writer, packet->size_bytes);
    write_u32(writer, packet->size_bytes);
    write_bytes(writer, packet->bytes, packet->size_bytes);
    pad(writer, packet->size_bytes);
    option_text(writer, PCAPNG_COMMENT, packet->comment);
    option_u32(writer, PCAPNG_PACKET_FLAGS, packet_flags(packet));
    if (packet->lost) {
        option_u64(writer, PCAPNG_PACKET_LOST, packet->lost);
    }
    options_end(writer);
    block_end(writer, block);
}

void trace_pcapng_statistics_write(struct writer *writer, uint64_t time_ns, uint64_t came,
                                   uint64_t lost, const char *comment)
{
    size_t block = block_begin(writer, PCAPNG_STATISTICS);
    write_u32(writer, 0);
    write_time(writer, time_ns);
    option_text(writer, PCAPNG_COMMENT, comment);
    option_time(writer, PCAPNG_STATISTICS_START, 0);
    option_time(writer, PCAPNG_STATISTICS_END, time_ns);
    option_u64(writer, PCAPNG_STATISTICS_CAME, came);
    option_u64(writer, PCAPNG_STATISTICS_LOST, lost);
    options_end(writer);
    block_end(writer, block);
}
