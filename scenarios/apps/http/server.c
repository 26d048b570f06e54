/*
 * An HTTP/1.1 server (RFC 9110, 9112): files below a directory, and generated documents.
 *
 *   http-server [--root /www] [--port 80] [--connections 100] [--idle-ms 15000]
 *               [--request-ms 10000] [--buffer 65535] [--state-kib 0]
 *
 * GET, HEAD and OPTIONS; keep-alive and pipelining; byte ranges; ETag, which is a hash of the
 * content, and If-None-Match. A directory stands for its index.html. Without --root there are only
 * /bytes/N and /chunked/N (document.h). One thread and one poll: at most --connections at a time,
 * further ones wait to be accepted. --idle-ms is how long a connection may be silent between
 * requests and while it takes an answer, --request-ms how long a request may take to arrive.
 * --state-kib is what the service behind it keeps: it is written page by page before the server
 * listens, and again for each connection, so that this much of memory is needed to answer.
 * Observes http.answer_status for each answer that went out whole. Runs until the run ends.
 */
#include "../arguments.h"
#include "connection.h"

#include <denali.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MILLISECOND_NS  UINT64_C(1000000)
#define LINGER_NS       (2000 * MILLISECOND_NS) /* for the peer to take our last words */
#define CONNECTIONS_MAX 250u
#define PIECE_BYTES     8192u
#define PAGE_BYTES      4096u

struct client {
    struct http_connection http;
    int fd;              /* -1: free */
    bool ending;         /* our side is shut down; what still comes is thrown away */
    uint64_t request_ns; /* when the request that is arriving began; 0: none is */
    uint64_t active_ns;  /* when bytes last moved */
};

struct server {
    struct http_settings settings;
    int listener;
    unsigned long connections;
    uint64_t idle_ns, request_limit_ns;
    struct client *clients[CONNECTIONS_MAX]; /* NULL: free */
    unsigned long client_count;
    struct pollfd entries[CONNECTIONS_MAX + 1];
    volatile uint8_t *state; /* of the service; NULL: none */
    size_t state_bytes;
};

static void state_use(const struct server *server)
{
    for (size_t i = 0; i < server->state_bytes; i += PAGE_BYTES)
        server->state[i]++;
}

static uint64_t seconds(void)
{
    return denali_now_ns() / (1000 * MILLISECOND_NS);
}

static void answered(unsigned status)
{
    denali_observe("http.answer_status", status);
}

/* --- One client ----------------------------------------------------------------------------- */

/* Closes; the client is freed by whoever goes through all of them. */
static void client_close(struct client *client)
{
    struct linger reset = {1, 0};
    if (client->http.phase == HTTP_BROKEN)
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client->fd);
    http_connection_fini(&client->http);
    client->fd = -1;
}

/* Sends what there is to send, as far as the socket takes it. */
static void client_send(struct client *client, uint64_t now_ns)
{
    static char piece[PIECE_BYTES];
    size_t length;
    while ((length = http_connection_peek(&client->http, piece, sizeof piece)) > 0) {
        ssize_t sent = send(client->fd, piece, length, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (sent < 0) {
            client->http.phase = HTTP_BROKEN;
            return;
        }
        client->active_ns = now_ns;
        http_connection_sent(&client->http, (size_t)sent);
        if ((size_t)sent < length)
            return;
    }
}

/* What the peer says after its last request does not matter, but closing on it would take our
 * answer away from it (RFC 9112, 9.6). */
static void client_drain(struct client *client)
{
    char piece[512];
    ssize_t got;
    while ((got = recv(client->fd, piece, sizeof piece, 0)) > 0)
        continue;
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        client_close(client);
}

static void client_receive(struct client *client, uint64_t now_ns)
{
    char piece[1024];
    size_t room = http_connection_room(&client->http);
    ssize_t got = recv(client->fd, piece, room < sizeof piece ? room : sizeof piece, 0);
    if (got > 0) {
        client->active_ns = now_ns;
        http_connection_receive(&client->http, piece, (size_t)got);
    } else if (got == 0) {
        http_connection_end_of_input(&client->http);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
        client->http.phase = HTTP_BROKEN;
    }
}

/* After anything that may have changed its phase. */
static void client_settle(struct client *client, uint64_t now_ns)
{
    client_send(client, now_ns);
    if (!http_connection_is_waited_for(&client->http))
        client->request_ns = 0;
    else if (client->request_ns == 0)
        client->request_ns = now_ns;
    if (client->http.phase == HTTP_BROKEN) {
        client_close(client);
    } else if (client->http.phase == HTTP_FINISHED) {
        client->ending = true;
        client->active_ns = now_ns;
        shutdown(client->fd, SHUT_WR);
        client_drain(client);
    }
}

static uint64_t client_deadline_ns(const struct server *server, const struct client *client)
{
    if (client->ending)
        return client->active_ns + LINGER_NS;
    if (client->request_ns)
        return client->request_ns + server->request_limit_ns;
    return client->active_ns + server->idle_ns;
}

static short client_events(const struct client *client)
{
    if (client->ending || http_connection_room(&client->http) > 0)
        return POLLIN;
    return POLLOUT;
}

static void client_work(struct server *server, struct client *client, short revents,
                        uint64_t now_ns)
{
    if (client->ending) {
        if (revents)
            client_drain(client);
        if (client->fd >= 0 && now_ns >= client_deadline_ns(server, client))
            client_close(client);
        return;
    }
    if (revents & (POLLIN | POLLERR | POLLHUP) && http_connection_room(&client->http) > 0)
        client_receive(client, now_ns);
    else if (revents & (POLLERR | POLLHUP))
        client->http.phase = HTTP_BROKEN;
    else if (!revents && now_ns >= client_deadline_ns(server, client))
        http_connection_time_out(&client->http);
    else if (!revents)
        return;
    client_settle(client, now_ns);
}

/* --- All ------------------------------------------------------------------------------------ */

static void add_client(struct server *server, struct client *client)
{
    unsigned long i = 0;
    while (server->clients[i])
        i++;
    server->clients[i] = client;
    server->client_count++;
}

static void accept_clients(struct server *server, uint64_t now_ns)
{
    while (server->client_count < server->connections) {
        int fd = accept(server->listener, NULL, NULL), on = 1;
        struct client *client;
        if (fd < 0)
            return;
        client = malloc(sizeof *client);
        if (!client) {
            close(fd);
            return;
        }
        state_use(server);
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        /* An answer's last piece must not wait until what was before it is acknowledged. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        *client = (struct client){.fd = fd, .active_ns = now_ns};
        http_connection_init(&client->http, &server->settings);
        add_client(server, client);
    }
}

static int milliseconds_until(uint64_t deadline_ns, uint64_t now_ns)
{
    uint64_t wait_ms;
    if (deadline_ns == UINT64_MAX)
        return -1;
    if (deadline_ns <= now_ns)
        return 0;
    wait_ms = (deadline_ns - now_ns + MILLISECOND_NS - 1) / MILLISECOND_NS;
    return wait_ms < 1000000 ? (int)wait_ms : 1000000;
}

static void server_step(struct server *server)
{
    uint64_t now_ns = denali_now_ns(), deadline_ns = UINT64_MAX;
    bool has_room = server->client_count < server->connections;
    for (unsigned long i = 0; i < server->connections; i++) {
        const struct client *client = server->clients[i];
        server->entries[i] = (struct pollfd){.fd = -1};
        if (!client)
            continue;
        server->entries[i] = (struct pollfd){client->fd, client_events(client), 0};
        if (client_deadline_ns(server, client) < deadline_ns)
            deadline_ns = client_deadline_ns(server, client);
    }
    server->entries[server->connections] =
        (struct pollfd){has_room ? server->listener : -1, POLLIN, 0};
    poll(server->entries, (nfds_t)server->connections + 1, milliseconds_until(deadline_ns, now_ns));
    now_ns = denali_now_ns();
    for (unsigned long i = 0; i < server->connections; i++) {
        struct client *client = server->clients[i];
        if (!client)
            continue;
        client_work(server, client, server->entries[i].revents, now_ns);
        if (client->fd < 0) {
            server->clients[i] = NULL;
            server->client_count--;
            free(client);
        }
    }
    if (server->entries[server->connections].revents)
        accept_clients(server, now_ns);
}

static void start_listening(struct server *server, unsigned long port, unsigned long buffer_bytes)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int size = (int)buffer_bytes, on = 1;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (server->listener < 0 ||
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(server->listener, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) != 0 ||
        bind(server->listener, (struct sockaddr *)&own, sizeof own) != 0 ||
        listen(server->listener, SOMAXCONN) != 0) {
        printf("http-server: port %lu: %s\n", port, strerror(errno));
        exit(1);
    }
    fcntl(server->listener, F_SETFL, fcntl(server->listener, F_GETFL) | O_NONBLOCK);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--root",       "--port",   "--connections", "--idle-ms",
                                        "--request-ms", "--buffer", "--state-kib",   NULL};
    static struct server server;
    arguments_check(argc, argv, names);
    server.settings = (struct http_settings){.root = argument_text(argc, argv, "--root", NULL),
                                             .seconds = seconds,
                                             .answered = answered};
    if (server.settings.root && strlen(server.settings.root) >= HTTP_ROOT_MAX) {
        printf("http-server: --root: expected a path of less than %u bytes\n", HTTP_ROOT_MAX);
        return 2;
    }
    server.connections = argument_number(argc, argv, "--connections", 100, 1, CONNECTIONS_MAX);
    server.idle_ns = argument_number(argc, argv, "--idle-ms", 15000, 1, 86400000) * MILLISECOND_NS;
    server.request_limit_ns =
        argument_number(argc, argv, "--request-ms", 10000, 1, 86400000) * MILLISECOND_NS;
    server.state_bytes = argument_number(argc, argv, "--state-kib", 0, 0, 1048576) * 1024;
    server.state = server.state_bytes ? malloc(server.state_bytes) : NULL;
    if (server.state_bytes && !server.state) {
        printf("http-server: --state-kib: no memory for so much\n");
        return 1;
    }
    state_use(&server);
    start_listening(&server, argument_number(argc, argv, "--port", 80, 1, 65535),
                    argument_number(argc, argv, "--buffer", 65535, 2048, 2097120));
    for (;;)
        server_step(&server);
}
