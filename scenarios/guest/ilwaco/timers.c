/*
 * lwIP's timers on virtual time, each only while it has something to do.
 *
 * lwIP's own would tick ARP and reassembly once a second for ever: at a thousand machines two
 * thousand wake-ups a second that do nothing. Here ARP's runs while an answer is outstanding,
 * reassembly's while a datagram is incomplete, and TCP's at the very tick at which a connection has
 * something to do: a retransmission that is due, an acknowledgement that was put off, a keep-alive.
 * DHCP's are as dhcp.c says. What only makes room (the end of TIME_WAIT, of a forgotten connection,
 * of an entry of the ARP cache) wakes nobody: ticks that were slept through are made up for at the
 * next wake-up, before anything looks.
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

#define TCP_FAST_NS (TCP_FAST_INTERVAL * MS_NS)
#define TCP_SLOW_NS (TCP_SLOW_INTERVAL * MS_NS)
#define NEVER_TICKS UINT32_MAX

static struct {
    uint64_t arp_last_ns;      /* when ARP was last ticked, a whole number of ticks */
    uint64_t arp_next_ns;      /* 0: no tick is needed */
    uint64_t reass_next_ns;    /* 0: as above */
    uint64_t tcp_fast_last_ns; /* the last fast tick, needed or not */
    uint64_t tcp_slow_last_ns; /* the last slow tick that tcp_ticks counts */
    uint32_t arp_asked;        /* the address ARP asked for and has no answer from; 0: none */
    bool arp_asked_more;       /* and others */
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

/* --- TCP ------------------------------------------------------------------------------------ */

/* Ticks until the peer is asked whether it is still there, or given up, as tcp_slowtmr does it. */
static uint32_t ticks_to_keepalive(const struct tcp_pcb *pcb)
{
    uint32_t idle_ms = pcb->keep_idle + pcb->keep_cnt_sent * pcb->keep_intvl;
    uint32_t give_up_ms = pcb->keep_idle + pcb->keep_cnt * pcb->keep_intvl;
    uint32_t due = (idle_ms < give_up_ms ? idle_ms : give_up_ms) / TCP_SLOW_INTERVAL + 1;
    uint32_t passed = tcp_ticks - pcb->tmr;
    return passed < due ? due - passed : 1;
}

/* Slow ticks from tcp_ticks on until one does something to this connection that somebody sees. */
static uint32_t ticks_to_work(const struct tcp_pcb *pcb)
{
    if (pcb->persist_backoff > 0)
        return 1;
    if (pcb->rtime >= 0)
        return pcb->rto > pcb->rtime ? (uint32_t)(pcb->rto - pcb->rtime) : 1;
    if (pcb->unsent)
        return 1; /* there was no memory to send it */
    if ((pcb->so_options & SOF_KEEPALIVE) &&
        (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT))
        return ticks_to_keepalive(pcb);
    return NEVER_TICKS;
}

static uint32_t tcp_ticks_to_work(void)
{
    uint32_t least = NEVER_TICKS;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        uint32_t ticks = ticks_to_work(pcb);
        if (ticks < least)
            least = ticks;
    }
    return least;
}

/* As many slow ticks as would only count. */
static void tcp_skip(uint32_t ticks)
{
    tcp_ticks += ticks;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->rtime >= 0 && pcb->persist_backoff == 0)
            pcb->rtime = (s16_t)(pcb->rtime + (s16_t)ticks);
    }
}

/* The last tick is a full one, which frees what has been waiting for its end. */
static void tcp_catch_up(uint64_t now_ns)
{
    uint64_t due = (now_ns - timers.tcp_slow_last_ns) / TCP_SLOW_NS;
    timers.tcp_slow_last_ns += due * TCP_SLOW_NS;
    while (due > 0) {
        uint32_t work = tcp_ticks_to_work();
        uint32_t step = due < work ? (uint32_t)due : work;
        tcp_skip(step - 1);
        tcp_slowtmr();
        due -= step;
    }
}

/*
 * lwIP leaves an acknowledgement to the next segment that goes out, also where Nagle's rule holds
 * that segment back. Two peers that each hold back the last piece of a long stream would then wait
 * for each other until one retransmits: what is owed in one of these two ways goes out on its own.
 */
static void acknowledge(tcpflags_t owed)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if ((pcb->flags & owed) && pcb->unsent && !tcp_do_output_nagle(pcb))
            tcp_send_empty_ack(pcb);
    }
}

void net_acknowledge(void)
{
    acknowledge(TF_ACK_NOW);
}

static void tcp_run(uint64_t now_ns)
{
    if (now_ns - timers.tcp_fast_last_ns < TCP_FAST_NS)
        return;
    timers.tcp_fast_last_ns += (now_ns - timers.tcp_fast_last_ns) / TCP_FAST_NS * TCP_FAST_NS;
    acknowledge(TF_ACK_DELAY);
    tcp_fasttmr();
    tcp_catch_up(now_ns);
}

static uint64_t tcp_next_ns(void)
{
    uint32_t ticks = tcp_ticks_to_work();
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if ((pcb->flags & (TF_ACK_DELAY | TF_CLOSEPEND)) || pcb->refused_data)
            return timers.tcp_fast_last_ns + TCP_FAST_NS;
    }
    return ticks == NEVER_TICKS ? 0 : timers.tcp_slow_last_ns + ticks * TCP_SLOW_NS;
}

/* lwIP says that there is a connection; when it needs a tick is seen before each wait. */
void tcp_timer_needed(void)
{
}

/* --- What the loop calls -------------------------------------------------------------------- */

void net_run_timers(uint64_t now_ns)
{
    if (now_ns - timers.arp_last_ns >= SECOND_NS)
        arp_catch_up(now_ns);
    net_dhcp_run_timers(now_ns);
    while (timers.reass_next_ns && timers.reass_next_ns <= now_ns) {
        ip_reass_tmr();
        timers.reass_ticks_left--;
        timers.reass_next_ns =
            timers.reass_ticks_left ? timers.reass_next_ns + IP_TMR_INTERVAL * MS_NS : 0;
    }
    tcp_run(now_ns);
}

static uint64_t earlier(uint64_t least_ns, uint64_t time_ns)
{
    return time_ns && time_ns < least_ns ? time_ns : least_ns;
}

uint64_t net_next_timer_ns(void)
{
    uint64_t next_ns = net_dhcp_next_timer_ns();
    next_ns = earlier(next_ns, timers.arp_next_ns);
    next_ns = earlier(next_ns, timers.reass_next_ns);
    next_ns = earlier(next_ns, tcp_next_ns());
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
    timers.tcp_fast_last_ns = timers.arp_last_ns;
    timers.tcp_slow_last_ns = timers.arp_last_ns;
}
