/*
 * lwIP's timers on virtual time, each only while it has something to do.
 *
 * lwIP's own would tick ARP and reassembly once a second for ever: at a thousand machines two
 * thousand wake-ups a second that do nothing. Here ARP's runs while an answer is outstanding,
 * reassembly's while a datagram is incomplete, TCP's while a connection exists. Entries of the ARP
 * cache still age by virtual time: seconds that were slept through are made up for at the next
 * wake-up, before anything looks at the cache.
 */
#include <stddef.h>

#include <lwip/etharp.h>
#include <lwip/ip4_frag.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>

#include "machine.h"
#include "net.h"

#define MS_NS     1000000ull
#define SECOND_NS 1000000000ull

/* lwIP drops an unanswered ARP request after 5 ticks and a partial datagram after its lifetime;
 * a tick more covers the one under way. */
#define ARP_TICKS_NEEDED   6u
#define REASS_TICKS_NEEDED (IP_REASS_MAXAGE + 1u)

/* An ARP entry is gone after this many ticks at most, so that more need not be made up for. */
#define ARP_TICKS_MAX 320u

static struct {
    uint64_t arp_last_ns;   /* when ARP was last ticked, a whole number of ticks */
    uint64_t arp_next_ns;   /* 0: no tick is needed */
    uint64_t reass_next_ns; /* 0: as above */
    uint64_t tcp_next_ns;   /* 0: as above */
    uint32_t arp_asked;     /* the address ARP asked for and has no answer from; 0: none */
    bool arp_asked_more;    /* and others */
    uint8_t arp_ticks_left;
    uint8_t reass_ticks_left;
} timers;

static void arp_rest(void)
{
    timers.arp_next_ns = 0;
    timers.arp_asked = 0;
    timers.arp_asked_more = false;
    timers.arp_ticks_left = 0;
}

static void arp_catch_up(uint64_t now_ns)
{
    uint64_t ticks = (now_ns - timers.arp_last_ns) / SECOND_NS;
    timers.arp_last_ns += ticks * SECOND_NS;
    for (uint64_t i = ticks < ARP_TICKS_MAX ? ticks : ARP_TICKS_MAX; i > 0; i--) {
        etharp_tmr();
        if (timers.arp_ticks_left > 0)
            timers.arp_ticks_left--;
    }
    if (timers.arp_ticks_left)
        timers.arp_next_ns = timers.arp_last_ns + SECOND_NS;
    else
        arp_rest();
}

void net_timer_arp_asked(uint32_t address)
{
    timers.arp_asked_more |= timers.arp_asked && timers.arp_asked != address;
    timers.arp_asked = address;
    timers.arp_ticks_left = ARP_TICKS_NEEDED;
    timers.arp_next_ns = timers.arp_last_ns + SECOND_NS;
}

/* The common case, one neighbour that answers, ends here: no tick at all. */
void net_timer_arp_answered(uint32_t address)
{
    if (timers.arp_asked == address && !timers.arp_asked_more)
        arp_rest();
}

bool net_timer_arp_waits(void)
{
    return timers.arp_asked != 0;
}

void net_timer_expect_fragments(void)
{
    timers.reass_ticks_left = REASS_TICKS_NEEDED;
    if (!timers.reass_next_ns)
        timers.reass_next_ns = machine_time_ns() + IP_TMR_INTERVAL * MS_NS;
}

void tcp_timer_needed(void)
{
    if (!timers.tcp_next_ns && (tcp_active_pcbs || tcp_tw_pcbs))
        timers.tcp_next_ns = machine_time_ns() + TCP_TMR_INTERVAL * MS_NS;
}

void net_run_timers(uint64_t now_ns)
{
    if (now_ns - timers.arp_last_ns >= SECOND_NS)
        arp_catch_up(now_ns);
    while (timers.reass_next_ns && timers.reass_next_ns <= now_ns) {
        ip_reass_tmr();
        timers.reass_ticks_left--;
        timers.reass_next_ns =
            timers.reass_ticks_left ? timers.reass_next_ns + IP_TMR_INTERVAL * MS_NS : 0;
    }
    while (timers.tcp_next_ns && timers.tcp_next_ns <= now_ns) {
        tcp_tmr();
        timers.tcp_next_ns =
            tcp_active_pcbs || tcp_tw_pcbs ? timers.tcp_next_ns + TCP_TMR_INTERVAL * MS_NS : 0;
    }
}

static uint64_t earlier(uint64_t least_ns, uint64_t time_ns)
{
    return time_ns && time_ns < least_ns ? time_ns : least_ns;
}

uint64_t net_next_timer_ns(void)
{
    uint64_t next_ns = MACHINE_FOREVER_NS;
    next_ns = earlier(next_ns, timers.arp_next_ns);
    next_ns = earlier(next_ns, timers.reass_next_ns);
    next_ns = earlier(next_ns, timers.tcp_next_ns);
    return next_ns;
}

/* --- What lwIP calls ------------------------------------------------------------------------ */

u32_t sys_now(void)
{
    return (u32_t)(machine_time_ns() / MS_NS);
}

void sys_timeouts_init(void)
{
    timers.arp_last_ns = machine_time_ns();
}
