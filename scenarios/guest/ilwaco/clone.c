/*
 * Machines that go on from a snapshot of another: who they are from then on. Everything in memory
 * is the other machine's, its addresses and its environment too; the registers are this one's.
 */
#include <stdlib.h>
#include <string.h>

#include <denali.h>

#include <lwip/netif.h>

#include "loop.h"
#include "machine.h"
#include "net.h"
#include "runtime.h"

/* The environment of the boot text, over what there is. */
static void take_environment(void)
{
    uint32_t size_bytes = machine_register_read(ABI_REG_BOOT_SIZE);
    uint32_t skip = machine_register_read(ABI_REG_BOOT_ARGC);
    char *text = malloc(size_bytes + 4);
    if (!text)
        ilwaco_panic("not enough memory for the environment");
    for (uint32_t i = 0; i < size_bytes; i += 4) {
        uint32_t word = machine_register_read(ABI_REG_BOOT_TEXT + i);
        memcpy(text + i, &word, 4);
    }
    for (char *next = text; next < text + size_bytes; next += strlen(next) + 1) {
        if (skip)
            skip--;
        else if (putenv(next) != 0)
            ilwaco_panic("not enough memory for the environment");
    }
    free(text);
}

static ip4_addr_t address_of(const char *name)
{
    const char *text = getenv(name);
    ip4_addr_t address = {0};
    if (text)
        ip4addr_aton(text, &address);
    return address;
}

static void take_address(struct netif *netif)
{
    const char *prefix = getenv("DENALI_PREFIX");
    ip4_addr_t address = address_of("DENALI_IP");
    ip4_addr_t gateway = address_of("DENALI_GATEWAY");
    ip4_addr_t mask = {lwip_htonl(0xffffffffu << (32 - (prefix ? atoi(prefix) : 24)))};
    uint32_t low = machine_register_read(ABI_REG_MAC_LOW);
    uint32_t high = machine_register_read(ABI_REG_MAC_HIGH);
    netif_set_down(netif); /* forgets its neighbours */
    memcpy(netif->hwaddr, &low, 4);
    memcpy(netif->hwaddr + 4, &high, 2);
    netif_set_addr(netif, &address, &mask, &gateway);
    netif_set_up(netif); /* announces the address */
}

uint32_t denali_clone_wait(void)
{
    uint32_t before = machine_register_read(ABI_REG_GENERATION);
    uint32_t now = before;
    if (getenv("DENALI_DHCP"))
        ilwaco_panic("denali_clone_wait: not on a machine that asks for its address (DENALI_DHCP)");
    loop_poll();
    while (now == before) {
        machine_idle_until(net_next_timer_ns());
        now = machine_register_read(ABI_REG_GENERATION);
        if (now == before)
            loop_poll();
    }
    take_environment();
    if (netif_default)
        take_address(netif_default);
    loop_poll();
    return now;
}
