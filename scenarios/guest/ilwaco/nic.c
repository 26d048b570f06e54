/*
 * The driver: lwIP's network interface over the machine's Ethernet card, and its configuration from
 * the boot environment. Knows frames, nothing of sockets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/prot/etharp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/ieee.h>
#include <lwip/prot/ip4.h>
#include <netif/ethernet.h>

#include "machine.h"
#include "net.h"
#include "pcnet.h"
#include "runtime.h"

static struct netif ethernet;
static bool has_pcnet;
uint32_t net_name_server;

/* --- Frames out ----------------------------------------------------------------------------- */

static void send_bytes(const void *bytes, uint32_t length_bytes)
{
    struct abi_buffer frame = {(uint32_t)(uintptr_t)bytes, length_bytes};
    if (has_pcnet)
        pcnet_send(bytes, length_bytes);
    else
        machine_port_command(ABI_PORT_NIC_SEND, &frame);
}

static bool is_type(const void *frame, uint16_t type)
{
    const struct eth_hdr *header = frame;
    return header->type == PP_HTONS(type);
}

/* Tells the clock what the stack asked its neighbours and what they answered. A question about
 * our own address is an announcement. */
static void watch_arp(const void *frame, uint32_t length_bytes)
{
    const struct etharp_hdr *arp = (const void *)((const uint8_t *)frame + SIZEOF_ETH_HDR);
    ip4_addr_t target, sender;
    if (length_bytes < SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR || !is_type(frame, ETHTYPE_ARP))
        return;
    memcpy(&target, &arp->dipaddr, sizeof target);
    memcpy(&sender, &arp->sipaddr, sizeof sender);
    if (arp->opcode == PP_HTONS(ARP_REPLY))
        net_timer_arp_answered(sender.addr);
    else if (ip4_addr_cmp(&sender, netif_ip4_addr(&ethernet)) && !ip4_addr_cmp(&sender, &target))
        net_timer_arp_asked(target.addr);
}

static err_t link_output(struct netif *netif, struct pbuf *frame)
{
    uint8_t bounce[ABI_FRAME_MAX];
    const void *bytes = frame->payload;
    (void)netif;
    if (frame->tot_len < ABI_FRAME_MIN || frame->tot_len > ABI_FRAME_MAX)
        return ERR_IF;
    if (frame->len != frame->tot_len) {
        pbuf_copy_partial(frame, bounce, frame->tot_len, 0);
        bytes = bounce;
    }
    watch_arp(bytes, frame->tot_len);
    send_bytes(bytes, frame->tot_len);
    return ERR_OK;
}

/* --- Frames in ------------------------------------------------------------------------------ */

/* A frame that has come, in memory of just its size; NULL if there is none: it is lost, as on any
 * full machine. */
static struct pbuf *keep_frame(const void *bytes, uint32_t length_bytes)
{
    struct pbuf *frame;
    if (length_bytes < ABI_FRAME_MIN || length_bytes > ABI_FRAME_MAX)
        return NULL;
    frame = pbuf_alloc(PBUF_RAW, (u16_t)length_bytes, PBUF_RAM);
    if (frame)
        memcpy(frame->payload, bytes, length_bytes);
    watch_arp(bytes, length_bytes);
    if (length_bytes >= SIZEOF_ETH_HDR + IP_HLEN && is_type(bytes, ETHTYPE_IP)) {
        const struct ip_hdr *packet = (const void *)((const uint8_t *)bytes + SIZEOF_ETH_HDR);
        if (IPH_OFFSET(packet) & PP_HTONS(IP_OFFMASK | IP_MF))
            net_timer_expect_fragments();
    }
    return frame;
}

static void give_frame(struct pbuf *frame)
{
    if (frame && ethernet.input(frame, &ethernet) != ERR_OK)
        pbuf_free(frame);
}

/* The oldest queued frame; false when the queue is empty. The buffer is
 * on the stack so that it costs no page of its own; noinline, so that it is gone again before
 * the stack runs. */
static bool __attribute__((noinline)) take_frame(struct pbuf **frame)
{
    uint8_t buffer[ABI_FRAME_MAX];
    struct abi_receive receive = {(uint32_t)(uintptr_t)buffer, sizeof buffer, 0};
    uint32_t length_bytes;
    machine_port_command(ABI_PORT_NIC_RECEIVE, &receive);
    length_bytes = *(volatile uint32_t *)&receive.length_bytes;
    *frame = length_bytes ? keep_frame(buffer, length_bytes) : NULL;
    return length_bytes > 0;
}

static void take_from_ring(const void *bytes, uint32_t length_bytes)
{
    give_frame(keep_frame(bytes, length_bytes));
}

void net_receive_all(void)
{
    struct pbuf *frame;
    if (has_pcnet) {
        pcnet_interrupt(take_from_ring);
        return;
    }
    while (take_frame(&frame))
        give_frame(frame);
}

void net_deliver_loopback(void)
{
    netif_poll_all();
}

/* --- Configuration -------------------------------------------------------------------------- */

static err_t ethernet_init(struct netif *netif)
{
    uint32_t low = machine_register_read(ABI_REG_MAC_LOW);
    uint32_t high = machine_register_read(ABI_REG_MAC_HIGH);
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = ABI_FRAME_MAX - SIZEOF_ETH_HDR;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(netif->hwaddr, &low, 4);
    memcpy(netif->hwaddr + 4, &high, 2);
    /* NETIF_FLAG_ETHARP also makes lwIP announce the address once when the link comes up. */
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = link_output;
    return ERR_OK;
}

/* The address in environment variable name, 0.0.0.0 if there is none. */
static ip4_addr_t address_from(const char *name)
{
    const char *text = getenv(name);
    ip4_addr_t address = {0};
    if (text && !ip4addr_aton(text, &address))
        ilwaco_panic("DENALI_IP, DENALI_GATEWAY or DENALI_DNS is not an IPv4 address");
    return address;
}

static ip4_addr_t mask_from(const char *name)
{
    const char *text = getenv(name);
    long prefix = text ? strtol(text, NULL, 10) : 24;
    ip4_addr_t mask;
    if (prefix < 1 || prefix > 32)
        ilwaco_panic("DENALI_PREFIX is not between 1 and 32");
    mask.addr = lwip_htonl(0xffffffffu << (32 - prefix));
    return mask;
}

void net_init(void)
{
    ip4_addr_t address = address_from("DENALI_IP");
    ip4_addr_t gateway = address_from("DENALI_GATEWAY");
    ip4_addr_t mask = mask_from("DENALI_PREFIX");
    bool asks = getenv("DENALI_DHCP") != NULL;
    net_name_server = address_from("DENALI_DNS").addr;
    lwip_init();
    if (ip4_addr_isany_val(address) && !asks)
        return;
    has_pcnet = (machine_register_read(ABI_REG_FEATURES) & ABI_FEATURE_PCNET) != 0;
    if (has_pcnet && !pcnet_start())
        ilwaco_panic("no memory for the network card's rings");
    if (!has_pcnet && !(machine_register_read(ABI_REG_FEATURES) & ABI_FEATURE_NIC))
        ilwaco_panic("DENALI_IP or DENALI_DHCP is set but the machine has no network card");
    if (asks) {
        address.addr = 0;
        mask.addr = 0;
        gateway.addr = 0;
    }
    netif_add(&ethernet, &address, &mask, &gateway, NULL, ethernet_init, ethernet_input);
    netif_set_default(&ethernet);
    netif_set_link_up(&ethernet);
    netif_set_up(&ethernet);
    if (asks)
        net_dhcp_start(&ethernet);
}
