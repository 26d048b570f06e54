/*
 * Captures of a network card's frames in pcapng (IETF draft-ietf-opsawg-pcapng), the format that
 * Wireshark and tshark read: writer and reader.
 *
 * A capture is one section with one interface: trace_pcapng_section_write, any number of
 * packets, trace_pcapng_statistics_write. Times are virtual, ns since the start of the run; a
 * person's tool shows them as ns since 1970. Bytes depend on what is written alone: no host time,
 * no name of a host.
 *
 * The reader takes what the writer writes, and any little-endian pcapng of Ethernet interfaces with
 * decimal time resolution of at most 1 ns; blocks and options that it does not know it passes over.
 */
#ifndef DENALI_TRACES_PCAPNG_H
#define DENALI_TRACES_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/status.h>

/* What a capture begins with. Texts are UTF-8, at most 65,535 bytes; NULL: left out. */
struct trace_pcapng_interface {
    const char *application; /* what writes: "denali 0.1.0" */
    const char *comment;     /* of the section: which run */
    const char *name;        /* of the interface */
    const char *description;
    uint8_t mac[6];
    bool has_address;
    uint32_t address; /* IPv4, host byte order */
    uint32_t prefix;
    uint64_t up_bps; /* 0: left out */
    uint64_t down_bps;
};

enum trace_direction {
    TRACE_DIRECTION_UNKNOWN = 0,
    TRACE_RECEIVED = 1,
    TRACE_SENT = 2,
};

struct trace_pcapng_packet {
    uint64_t time_ns;
    enum trace_direction direction;
    const uint8_t *bytes; /* from the Ethernet header on */
    uint32_t size_bytes;
    uint64_t lost;       /* frames for this interface dropped since the packet before */
    const char *comment; /* NULL: none */
};

void trace_pcapng_section_write(struct writer *writer,
                                const struct trace_pcapng_interface *interface);
void trace_pcapng_packet_write(struct writer *writer, const struct trace_pcapng_packet *packet);
/* Statistics as of time_ns: frames that came for the interface, and how many of them were lost.
 * comment: NULL for none. */
void trace_pcapng_statistics_write(struct writer *writer, uint64_t time_ns, uint64_t came,
                                   uint64_t lost, const char *comment);

/* --- reading ---------------------------------------------------------------------------------- */

enum trace_pcapng_kind {
    TRACE_PCAPNG_SECTION,    /* text: its comment */
    TRACE_PCAPNG_INTERFACE,  /* text: its name */
    TRACE_PCAPNG_PACKET,     /* text: its comment */
    TRACE_PCAPNG_STATISTICS, /* time_ns, came, lost; text: its comment */
    TRACE_PCAPNG_END,        /* the file is over */
};

/* One block of interest. Views are into the reader's bytes, not NUL-terminated. */
struct trace_pcapng_block {
    enum trace_pcapng_kind kind;
    const char *text; /* NULL: none */
    uint32_t text_bytes;
    uint32_t interface; /* PACKET, STATISTICS: its number in the section */
    uint64_t time_ns;
    enum trace_direction direction;
    const uint8_t *bytes;
    uint32_t size_bytes;     /* captured */
    uint32_t original_bytes; /* on the wire */
    uint64_t came;           /* STATISTICS */
    uint64_t lost;           /* PACKET: since the one before; STATISTICS: of those that came */
};

#define TRACE_PCAPNG_INTERFACES_MAX 64u /* of one section */

/* Reads from memory that the caller keeps. Zero-initialise by trace_pcapng_reader_init. */
struct trace_pcapng_reader {
    const char *name; /* for messages */
    const uint8_t *bytes;
    uint64_t size_bytes;
    uint64_t position;
    uint64_t ns_per_tick[TRACE_PCAPNG_INTERFACES_MAX];
    uint32_t interface_count;
    bool in_section;
};

void trace_pcapng_reader_init(struct trace_pcapng_reader *reader, const char *name,
                              const void *bytes, size_t size_bytes);
/* The next block of interest. STATUS_CORRUPT names the byte where the file goes wrong;
 * STATUS_UNSUPPORTED: pcapng of another kind. Not to be called after an error or END. */
enum status trace_pcapng_read(struct trace_pcapng_reader *reader, struct trace_pcapng_block *block,
                              struct error *error) MUST_USE;

#endif
