/*
 * The DHCP client: lwIP's, with clocks that run only while it has something to do. lwIP wants a
 * tick every half second and every minute for ever; here the first comes only while a request is
 * unanswered, and of the minutes only the one at which the lease is to be renewed: those before it
 * are made up for then, or whenever else the machine wakes.
 */
#include <string.h>
#include <unistd.h>

#include <lwip/dhcp.h>
#include <lwip/netif.h>

#include "loop.h"
#include "machine.h"
#include "net.h"
#include "runtime.h"

#define FINE_NS      (DHCP_FINE_TIMER_MSECS * 1000000ull)
#define COARSE_NS    (DHCP_COARSE_TIMER_MSECS * 1000000ull)
#define PATIENCE_NS  30000000000ull
#define DNS_OPTION   6
#define ADDRESS_SIZE 4u

static struct {
    struct netif *netif;     /* NULL: the machine was told its address */
    uint64_t fine_next_ns;   /* 0: no request is unanswered */
    uint64_t coarse_last_ns; /* a whole number of ticks since the client started */
} client;

static bool is_bound(void *context)
{
    return dhcp_supplied_address(context);
}

uint32_t ilwaco_dhcp_first(void)
{
    uint32_t number;
    getentropy(&number, sizeof number);
    return number;
}

void net_dhcp_start(struct netif *netif)
{
    static const char message[] =
        "ilwaco: no DHCP server answered in 30 s; the program starts without an address\n";
    client.netif = netif;
    client.coarse_last_ns = machine_time_ns();
    if (dhcp_start(netif) != ERR_OK)
        ilwaco_panic("not enough memory for the DHCP client");
    if (!loop_await(is_bound, netif, loop_deadline(PATIENCE_NS)))
        console_write(message, sizeof message - 1);
}

void net_dhcp_run_timers(uint64_t now_ns)
{
    if (!client.netif)
        return;
    while (client.fine_next_ns && client.fine_next_ns <= now_ns) {
        dhcp_fine_tmr();
        client.fine_next_ns =
            netif_dhcp_data(client.netif)->request_timeout ? client.fine_next_ns + FINE_NS : 0;
    }
    while (now_ns - client.coarse_last_ns >= COARSE_NS) {
        client.coarse_last_ns += COARSE_NS;
        dhcp_coarse_tmr();
    }
}

static void earlier(uint32_t *least_ticks, uint32_t ticks)
{
    if (ticks && ticks < *least_ticks)
        *least_ticks = ticks;
}

uint64_t net_dhcp_next_timer_ns(void)
{
    const struct dhcp *dhcp = client.netif ? netif_dhcp_data(client.netif) : NULL;
    uint64_t next_ns = MACHINE_FOREVER_NS;
    uint32_t ticks = UINT32_MAX;
    if (!dhcp)
        return next_ns;
    if (!dhcp->request_timeout)
        client.fine_next_ns = 0;
    else if (!client.fine_next_ns)
        client.fine_next_ns = machine_time_ns() + FINE_NS;
    if (client.fine_next_ns)
        next_ns = client.fine_next_ns;
    if (dhcp->t0_timeout)
        earlier(&ticks, (uint32_t)dhcp->t0_timeout - dhcp->lease_used);
    earlier(&ticks, dhcp->t1_renew_time);
    earlier(&ticks, dhcp->t2_rebind_time);
    if (ticks != UINT32_MAX && client.coarse_last_ns + ticks * COARSE_NS < next_ns)
        next_ns = client.coarse_last_ns + ticks * COARSE_NS;
    return next_ns;
}

void ilwaco_dhcp_option(uint8_t option, uint8_t length_bytes, struct pbuf *message,
                        uint16_t offset_bytes)
{
    uint32_t server;
    if (option == DNS_OPTION && length_bytes >= ADDRESS_SIZE &&
        pbuf_copy_partial(message, &server, ADDRESS_SIZE, offset_bytes) == ADDRESS_SIZE)
        net_name_server = server;
}
