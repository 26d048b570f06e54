/* Numbers of pcapng (draft-ietf-opsawg-pcapng, sections 3 and 4) that writer and reader share. */
#ifndef DENALI_TRACES_PCAPNG_FORMAT_H
#define DENALI_TRACES_PCAPNG_FORMAT_H

enum pcapng_block_type {
    PCAPNG_SECTION = 0x0a0d0d0a,
    PCAPNG_INTERFACE = 1,
    PCAPNG_STATISTICS = 5,
    PCAPNG_PACKET = 6, /* enhanced packet block */
};

#define PCAPNG_BYTE_ORDER    0x1a2b3c4du
#define PCAPNG_MAJOR         1u
#define PCAPNG_MINOR         0u
#define PCAPNG_LINK_ETHERNET 1u

#define PCAPNG_BLOCK_MIN_BYTES 12u /* type, length, length again */

enum pcapng_option {
    PCAPNG_END_OF_OPTIONS = 0,
    PCAPNG_COMMENT = 1,

    PCAPNG_SECTION_APPLICATION = 4,

    PCAPNG_INTERFACE_NAME = 2,
    PCAPNG_INTERFACE_DESCRIPTION = 3,
    PCAPNG_INTERFACE_IPV4 = 4,
    PCAPNG_INTERFACE_MAC = 6,
    PCAPNG_INTERFACE_SPEED = 8,
    PCAPNG_INTERFACE_RESOLUTION = 9,
    PCAPNG_INTERFACE_SPEED_SENT = 16,
    PCAPNG_INTERFACE_SPEED_RECEIVED = 17,

    PCAPNG_PACKET_FLAGS = 2,
    PCAPNG_PACKET_LOST = 4,

    PCAPNG_STATISTICS_START = 2,
    PCAPNG_STATISTICS_END = 3,
    PCAPNG_STATISTICS_CAME = 4,
    PCAPNG_STATISTICS_LOST = 5,
};

/* epb_flags: direction in the low two bits, then how the frame was addressed. */
#define PCAPNG_DIRECTION_MASK 3u
#define PCAPNG_UNICAST        (1u << 2)
#define PCAPNG_MULTICAST      (2u << 2)
#define PCAPNG_BROADCAST      (3u << 2)

#endif
