/*
 * The Internet checksum (RFC 1071), which lwIP computes over every packet twice: sent and received.
 * Its portable version takes two instructions a byte, the largest single cost of a frame; an add
 * with carry takes four bytes at once.
 */
#include <stdint.h>
#include <string.h>

#include <lwip/inet_chksum.h>

#define BLOCK_BYTES 32

/* Ones' complement sum of whole blocks; the carry goes through lea and dec untouched. */
static uint32_t sum_blocks(const uint8_t *bytes, uint32_t block_count, uint32_t sum)
{
    __asm__("clc\n"
            "1:  adcl (%[bytes]), %[sum]\n"
            "    adcl 4(%[bytes]), %[sum]\n"
            "    adcl 8(%[bytes]), %[sum]\n"
            "    adcl 12(%[bytes]), %[sum]\n"
            "    adcl 16(%[bytes]), %[sum]\n"
            "    adcl 20(%[bytes]), %[sum]\n"
            "    adcl 24(%[bytes]), %[sum]\n"
            "    adcl 28(%[bytes]), %[sum]\n"
            "    leal 32(%[bytes]), %[bytes]\n"
            "    decl %[count]\n"
            "    jnz 1b\n"
            "    adcl $0, %[sum]\n"
            "    adcl $0, %[sum]\n"
            : [sum] "+r"(sum), [bytes] "+r"(bytes), [count] "+r"(block_count)
            :
            : "cc", "memory");
    return sum;
}

/* The sum in the byte order of the machine, not inverted; bytes may begin anywhere. */
uint16_t ilwaco_checksum(const void *bytes, int length_bytes)
{
    const uint8_t *next = bytes;
    uint32_t left = (uint32_t)length_bytes;
    uint64_t sum = 0;
    if (left >= BLOCK_BYTES) {
        sum = sum_blocks(next, left / BLOCK_BYTES, 0);
        next += left / BLOCK_BYTES * BLOCK_BYTES;
        left %= BLOCK_BYTES;
    }
    for (; left >= 4; left -= 4, next += 4) {
        uint32_t word;
        memcpy(&word, next, sizeof word);
        sum += word;
    }
    if (left >= 2) {
        uint16_t half;
        memcpy(&half, next, sizeof half);
        sum += half;
        next += 2;
        left -= 2;
    }
    if (left)
        sum += *next;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
