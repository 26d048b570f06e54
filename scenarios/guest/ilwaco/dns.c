/* The name server's client; see dns.h. What an answer says is dns_message.c's. */
#include "dns.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include <lwip/udp.h>

#include "loop.h"
#include "machine.h"
#include "net.h"

#define SERVER_PORT 53u
#define SECOND_NS   1000000000ull
#define ATTEMPTS    3 /* waiting one second, two, four */

/* A question under way. */
struct query {
    struct dns_question question;
    struct dns_record record;
    enum dns_result result; /* DNS_NOT_OURS: no answer yet */
};

static void arrived(void *context, struct udp_pcb *pcb, struct pbuf *message,
                    const ip_addr_t *address, u16_t port)
{
    struct query *query = context;
    uint8_t bytes[DNS_MESSAGE_MAX];
    uint32_t size_bytes = pbuf_copy_partial(message, bytes, sizeof bytes, 0);
    (void)pcb, (void)address, (void)port;
    if (query->result == DNS_NOT_OURS && size_bytes == message->tot_len)
        query->result = dns_answer_read(&query->question, bytes, size_bytes, &query->record);
    pbuf_free(message);
}

static bool is_answered(void *context)
{
    return ((const struct query *)context)->result != DNS_NOT_OURS;
}

static bool send_question(struct udp_pcb *pcb, const struct dns_question *question)
{
    struct pbuf *message = pbuf_alloc(PBUF_TRANSPORT, (u16_t)question->size_bytes, PBUF_RAM);
    if (!message)
        return false;
    memcpy(message->payload, question->bytes, question->size_bytes);
    udp_send(pcb, message); /* what does not leave is sent again */
    pbuf_free(message);
    return true;
}

static int error_of(enum dns_result result)
{
    switch (result) {
    case DNS_FOUND:
        return 0;
    case DNS_NO_NAME:
        return EAI_NONAME;
    case DNS_REFUSED:
        return EAI_FAIL;
    default:
        return EAI_AGAIN;
    }
}

/* Each attempt has the same identifier: a late answer to one answers all. */
static int ask(struct query *query, const char *name, uint16_t type)
{
    struct udp_pcb *pcb;
    ip_addr_t server = {net_name_server};
    int error = EAI_AGAIN;
    if (!dns_question_make(&query->question, name, type, (uint16_t)(machine_time_ns() / 1000)))
        return EAI_NONAME;
    if (!server.addr)
        return EAI_FAIL;
    pcb = udp_new();
    if (!pcb)
        return EAI_MEMORY;
    query->result = DNS_NOT_OURS;
    udp_recv(pcb, arrived, query);
    if (udp_connect(pcb, &server, SERVER_PORT) == ERR_OK) {
        for (int i = 0; i < ATTEMPTS && !is_answered(query) && error != EAI_MEMORY; i++) {
            if (send_question(pcb, &query->question))
                loop_await(is_answered, query, loop_deadline(SECOND_NS << i));
            else
                error = EAI_MEMORY;
        }
        if (error != EAI_MEMORY)
            error = error_of(query->result);
    }
    udp_remove(pcb);
    return error;
}

int dns_find_address(const char *name, struct in_addr *address)
{
    struct query query;
    int error = ask(&query, name, DNS_TYPE_A);
    if (!error)
        address->s_addr = query.record.address;
    return error;
}

int dns_find_name(struct in_addr address, char name[DNS_NAME_SIZE])
{
    struct query query;
    char reverse[sizeof "255.255.255.255.in-addr.arpa"];
    const uint8_t *bytes = (const uint8_t *)&address;
    int error;
    sprintf(reverse, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
    error = ask(&query, reverse, DNS_TYPE_PTR);
    if (!error)
        strcpy(name, query.record.name);
    return error;
}
