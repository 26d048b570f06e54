/* The driver of the register-programmed network card; nic.c calls it where the machine has one. */
#ifndef ILWACO_PCNET_H
#define ILWACO_PCNET_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the rings and starts the card; false if there is no memory for them. */
bool pcnet_start(void);

/* Sends a frame; the bytes are free again when it returns. */
void pcnet_send(const void *bytes, uint32_t length_bytes);

/* Sees to what the card has interrupted for: hands over every frame that has come. */
void pcnet_interrupt(void (*take)(const void *bytes, uint32_t length_bytes));

#endif
