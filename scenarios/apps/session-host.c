/*
 * A machine for each session, on a host's supervisor: for who asks over UDP (sessions.h) it starts
 * a server that nobody used before, and ends it when it is asked to. A warm one goes on from a
 * snapshot of a machine that has made itself ready once; a cold one starts from its image.
 *
 *   session-host --warm 8 --cold 8
 *
 * Of the machines of its host, in their order, the first is itself, then come the one that a
 * snapshot is taken of once it idles, so many that are started from that, of its group, and so many
 * that are started cold. A machine counts as ready when it idles. Observes session.snapshot_ms,
 * when the snapshot was taken, session.snapshot_kib, its size, warm.ready_ms and cold.ready_ms,
 * from a start until the machine is ready, and session.refused, why one was not started
 * (ABI_SUPERVISOR_*). Runs until the run ends.
 */
#include "arguments.h"
#include "sessions.h"

#include <denali.h>
#include <denali/supervisor.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define MS_NS    UINT64_C(1000000)
#define LOOK_NS  (MS_NS / 20) /* how often it looks whether a machine is ready */
#define POOL_MAX 256u
#define SNAPSHOT 0u

/* A machine of a pool, and who asked for it. */
struct session {
    enum { FREE, STARTING, OPEN } state;
    uint64_t start_ns;
    struct sockaddr_in client;
    struct session_message message;
};

struct pool {
    const char *name;   /* of what is observed of it */
    uint32_t operation; /* that starts one */
    uint32_t first;     /* machine of the host */
    uint32_t count;
    struct session sessions[POOL_MAX];
};

static struct pool pools[2] = {{.name = "warm.ready_ms", .operation = ABI_CONTROL_START_FROM},
                               {.name = "cold.ready_ms", .operation = ABI_CONTROL_START}};
static uint32_t starting; /* sessions in that state */
static int fd;

static bool idles(uint32_t machine)
{
    return denali_supervised_machine(machine).state == ABI_MACHINE_IDLE;
}

static void answer(const struct session *session, uint32_t machine)
{
    struct session_message message = session->message;
    message.machine = htonl(machine);
    sendto(fd, &message, sizeof message, 0, (const struct sockaddr *)&session->client,
           sizeof session->client);
}

/* Starts one that is free, for who asks in `asked`. */
static void open_session(struct pool *pool, const struct session *asked)
{
    uint32_t free = 0;
    while (free < pool->count && pool->sessions[free].state != FREE)
        free++;
    uint64_t start_ns = denali_now_ns();
    uint32_t status = free < pool->count
                          ? denali_supervisor_control(pool->operation, pool->first + free, SNAPSHOT)
                          : ABI_SUPERVISOR_NO_MACHINE;
    if (status != ABI_SUPERVISOR_DONE) {
        denali_observe("session.refused", status);
        answer(asked, SESSION_NONE);
        return;
    }
    pool->sessions[free] = *asked;
    pool->sessions[free].state = STARTING;
    pool->sessions[free].start_ns = start_ns;
    starting++;
}

/* Tells those whose machines are ready. */
static void look(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        struct session *session = &pool->sessions[i];
        if (session->state != STARTING || !idles(pool->first + i))
            continue;
        session->state = OPEN;
        starting--;
        denali_observe(pool->name, (double)(denali_now_ns() - session->start_ns) / MS_NS);
        answer(session, i);
    }
}

/* Machines of the warm pool have the numbers before those of the cold one. */
static void close_session(const struct session *asked)
{
    uint32_t machine = ntohl(asked->message.machine);
    struct pool *pool = machine < pools[0].count ? &pools[0] : &pools[1];
    uint32_t index = pool == pools ? machine : machine - pools[0].count;
    if (index < pool->count && pool->sessions[index].state == OPEN) {
        denali_supervisor_control(ABI_CONTROL_DESTROY, pool->first + index, 0);
        pool->sessions[index].state = FREE;
    }
    answer(asked, machine);
}

static void serve(const struct session *asked)
{
    switch (ntohl(asked->message.request)) {
    case SESSION_OPEN_WARM:
        open_session(&pools[0], asked);
        break;
    case SESSION_OPEN_COLD:
        open_session(&pools[1], asked);
        break;
    case SESSION_CLOSE:
        close_session(asked);
        break;
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--warm", "--cold", NULL};
    arguments_check(argc, argv, names);
    if (!denali_supervises()) {
        printf("session-host: this machine is no supervisor\n");
        return 2;
    }
    uint32_t template = denali_supervised_host().own_machine + 1;
    pools[0].count = argument_number(argc, argv, "--warm", 8, 1, POOL_MAX);
    pools[1].count = argument_number(argc, argv, "--cold", 8, 1, POOL_MAX);
    pools[0].first = template + 1;
    pools[1].first = pools[0].first + pools[0].count;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(SESSIONS_PORT)};
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0) {
        perror("session-host: bind");
        return 1;
    }
    while (!idles(template))
        denali_idle_until(denali_now_ns() + LOOK_NS);
    uint32_t status = denali_supervisor_control(ABI_CONTROL_SNAPSHOT, template, SNAPSHOT);
    if (status != ABI_SUPERVISOR_DONE) {
        printf("session-host: no snapshot: %lu\n", (unsigned long)status);
        return 1;
    }
    denali_observe("session.snapshot_ms", (double)denali_now_ns() / MS_NS);
    denali_observe("session.snapshot_kib",
                   (double)denali_supervised_snapshot(SNAPSHOT).size_bytes / 1024);
    for (;;) {
        struct session asked;
        socklen_t size = sizeof asked.client;
        if (recvfrom(fd, &asked.message, sizeof asked.message, starting ? MSG_DONTWAIT : 0,
                     (struct sockaddr *)&asked.client, &size) == sizeof asked.message)
            serve(&asked);
        if (starting) {
            denali_idle_until(denali_now_ns() + LOOK_NS);
            look(&pools[0]);
            look(&pools[1]);
        }
    }
}
