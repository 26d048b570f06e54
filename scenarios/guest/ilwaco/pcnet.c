/*
 * The driver of the register-programmed network card, in the manner of Linux's pcnet32 (2.4): an
 * interrupt is ten accesses (the register's number is kept and put back; status read, acknowledged,
 * read again until nothing is new; interrupts enabled), a frame to send two, and its own interrupt
 * when it is gone. Knows the card, nothing of the stack.
 */
#include "pcnet.h"

#include <stdlib.h>

#include "machine.h"

#define RECEIVE_COUNT 16u
#define SEND_COUNT    8u

struct card {
    struct abi_pcnet_descriptor receive[RECEIVE_COUNT];
    struct abi_pcnet_descriptor send[SEND_COUNT];
    struct abi_pcnet_rings rings;
    uint32_t next_receive, next_send;
    uint8_t frames[RECEIVE_COUNT][ABI_FRAME_MAX];
};

static struct card *card; /* on the heap: machines with the other card have no page for it */

static uint16_t read_csr(uint16_t number)
{
    machine_port_write_16(ABI_PORT_PCNET_ADDRESS, number);
    return machine_port_read_16(ABI_PORT_PCNET_DATA);
}

static void write_csr(uint16_t number, uint16_t value)
{
    machine_port_write_16(ABI_PORT_PCNET_ADDRESS, number);
    machine_port_write_16(ABI_PORT_PCNET_DATA, value);
}

static uint32_t address_of(const void *memory)
{
    return (uint32_t)(uintptr_t)memory;
}

bool pcnet_start(void)
{
    card = calloc(1, sizeof *card);
    if (!card)
        return false;
    for (uint32_t i = 0; i < RECEIVE_COUNT; i++)
        card->receive[i] = (struct abi_pcnet_descriptor){address_of(card->frames[i]), ABI_FRAME_MAX,
                                                         0, ABI_PCNET_OWN};
    card->rings = (struct abi_pcnet_rings){address_of(card->receive), RECEIVE_COUNT,
                                           address_of(card->send), SEND_COUNT};
    write_csr(ABI_PCNET_CSR1, (uint16_t)address_of(&card->rings));
    write_csr(ABI_PCNET_CSR2, (uint16_t)(address_of(&card->rings) >> 16));
    write_csr(ABI_PCNET_CSR0, ABI_PCNET_INIT);
    write_csr(ABI_PCNET_CSR0, ABI_PCNET_IDON | ABI_PCNET_STRT | ABI_PCNET_IENA);
    return true;
}

/* The card has read the frame when the access that tells of it is over. */
void pcnet_send(const void *bytes, uint32_t length_bytes)
{
    volatile struct abi_pcnet_descriptor *descriptor = &card->send[card->next_send];
    if (descriptor->status & ABI_PCNET_OWN)
        return; /* lost, as on any full ring */
    descriptor->address = address_of(bytes);
    descriptor->size_bytes = length_bytes;
    descriptor->status = ABI_PCNET_OWN;
    card->next_send = (card->next_send + 1) % SEND_COUNT;
    write_csr(ABI_PCNET_CSR0, ABI_PCNET_TDMD | ABI_PCNET_IENA);
}

static void take_all(void (*take)(const void *bytes, uint32_t length_bytes))
{
    for (;;) {
        volatile struct abi_pcnet_descriptor *descriptor = &card->receive[card->next_receive];
        uint32_t length_bytes = descriptor->length_bytes;
        if (descriptor->status & ABI_PCNET_OWN)
            return;
        if (!(descriptor->status & ABI_PCNET_ERR))
            take(card->frames[card->next_receive], length_bytes);
        descriptor->status = ABI_PCNET_OWN;
        card->next_receive = (card->next_receive + 1) % RECEIVE_COUNT;
    }
}

void pcnet_interrupt(void (*take)(const void *bytes, uint32_t length_bytes))
{
    uint16_t address = machine_port_read_16(ABI_PORT_PCNET_ADDRESS);
    uint16_t status = read_csr(ABI_PCNET_CSR0);
    while (status & (ABI_PCNET_RINT | ABI_PCNET_TINT)) {
        write_csr(ABI_PCNET_CSR0, status & (ABI_PCNET_RINT | ABI_PCNET_TINT | ABI_PCNET_IENA));
        if (status & ABI_PCNET_RINT)
            take_all(take);
        status = read_csr(ABI_PCNET_CSR0);
    }
    write_csr(ABI_PCNET_CSR0, ABI_PCNET_IENA);
    machine_port_write_16(ABI_PORT_PCNET_ADDRESS, address);
}
