/*
 * An HTTP/1.1 client that makes load and checks what it gets.
 *
 *   http-client --server 10.0.0.1 [--servers 1] [--stride 1] [--zipf 0] [--pick N] [--port 80]
 *               [--paths /,/bytes/1000] [--method GET]
 *               [--connections 1] [--requests 10] [--reconnect-after 0] [--think-ms 1000]
 *               [--timeout-ms 10000] [--expect 200] [--buffer 65535] [--seed 1]
 *               [--slow-ms 0]
 *
 * Each of --connections makes --requests, one after the other, for paths drawn at random, on one
 * connection for as long as the server keeps it (or --reconnect-after requests); before each it
 * thinks for up to twice --think-ms, uniformly. With --servers N each connection is to one of N,
 * whose addresses are --stride apart from --server's on, by Zipf's law with an exponent of --zipf
 * thousandths (0: all alike), or always to that of number --pick, from 0. Every body is checked:
 * its length as announced, byte by byte where the path says what it is (/bytes/N), against the ETag
 * where that is its hash.
 * Observes for each request http.success (0 or 1) and, if it was one, http.latency_ms (to the last
 * byte of the response), http.first_byte_ms and, for bodies from 64 KiB on, http.mbit_s; for each
 * connection http.connect_ms; with --slow-ms N http.prompt, 1 if the first byte came within N ms
 * from the beginning of the connection, else 0 and how long it took, http.slow_ms; and of several
 * servers which one, http.server, from 0. Ends with code 0 if all succeeded, else 1.
 */
#include "../arguments.h"
#include "../popularity.h"
#include "exchange.h"

#include <denali.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MILLISECOND_NS UINT64_C(1000000)
#define USERS_MAX      40u
#define PATHS_MAX      64u
#define LARGE_BYTES    65536u
#define PIECE_BYTES    8192u

enum user_state { USER_THINKING, USER_CONNECTING, USER_SENDING, USER_RECEIVING, USER_DONE };

struct user {
    enum user_state state;
    int fd; /* -1: no connection */
    unsigned long requests_left;
    unsigned long on_connection; /* requests answered on this one */
    uint64_t next_ns;            /* thinking: till when; otherwise the time-out */
    uint64_t connect_ns, start_ns, first_byte_ns;
    struct http_exchange exchange;
    char *request; /* its text, while it is being sent */
    size_t request_bytes, request_done;
};

struct load {
    struct sockaddr_in server; /* the first */
    struct popularity popularity;
    uint32_t stride, pick; /* pick UINT32_MAX: drawn */
    const char *server_text;
    char *paths[PATHS_MAX];
    unsigned path_count;
    const char *method;
    unsigned long connections, reconnect_after, expect, buffer_bytes, slow_ms;
    uint64_t think_ns, timeout_ns;
    uint32_t random;
    unsigned long succeeded, failed;
    struct user users[USERS_MAX];
};

static uint32_t draw(struct load *load)
{
    load->random ^= load->random << 13; /* xorshift32, Marsaglia 2003 */
    load->random ^= load->random >> 17;
    load->random ^= load->random << 5;
    return load->random;
}

static double milliseconds(uint64_t from_ns, uint64_t to_ns)
{
    return (double)(uint32_t)((to_ns - from_ns) / 1000) / 1000;
}

/* --- Between requests ----------------------------------------------------------------------- */

static void disconnect(struct user *user)
{
    if (user->fd >= 0)
        close(user->fd);
    user->fd = -1;
    user->on_connection = 0;
}

static void think(struct load *load, struct user *user, uint64_t now_ns)
{
    uint64_t thinking_ns = load->think_ns ? (uint64_t)draw(load) * 2 * load->think_ns >> 32 : 0;
    free(user->request);
    user->request = NULL;
    http_exchange_fini(&user->exchange);
    if (user->requests_left == 0) {
        disconnect(user);
        user->state = USER_DONE;
        return;
    }
    user->state = USER_THINKING;
    user->next_ns = now_ns + thinking_ns;
}

static void finish(struct load *load, struct user *user, uint64_t now_ns, const char *fault)
{
    const struct http_exchange *exchange = &user->exchange;
    denali_observe("http.success", !fault);
    user->requests_left--;
    if (fault) {
        load->failed++;
        printf("http-client: %s %s: %s\n", load->method, exchange->path, fault);
    } else {
        double took_ms = milliseconds(user->start_ns, now_ns);
        load->succeeded++;
        denali_observe("http.latency_ms", took_ms);
        denali_observe("http.first_byte_ms", milliseconds(user->start_ns, user->first_byte_ns));
        if (load->slow_ms) {
            double first_ms = milliseconds(user->start_ns, user->first_byte_ns);
            denali_observe("http.prompt", first_ms <= load->slow_ms);
            if (first_ms > load->slow_ms)
                denali_observe("http.slow_ms", first_ms);
        }
        if (exchange->body_bytes >= LARGE_BYTES && took_ms > 0)
            denali_observe("http.mbit_s", (double)exchange->body_bytes * 8 / 1000 / took_ms);
    }
    user->on_connection++;
    if (fault || !exchange->keep_alive ||
        (load->reconnect_after && user->on_connection >= load->reconnect_after))
        disconnect(user);
    think(load, user, now_ns);
}

/* --- One request ---------------------------------------------------------------------------- */

static void connect_user(struct load *load, struct user *user, uint64_t now_ns)
{
    int size = (int)load->buffer_bytes, on = 1;
    struct sockaddr_in server = load->server;
    if (load->popularity.count > 1) {
        uint32_t rank =
            load->pick != UINT32_MAX ? load->pick : popularity_rank(&load->popularity, draw(load));
        server.sin_addr.s_addr = htonl(ntohl(server.sin_addr.s_addr) + rank * load->stride);
        denali_observe("http.server", rank);
    }
    user->connect_ns = now_ns;
    user->state = USER_CONNECTING;
    user->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (user->fd < 0 || setsockopt(user->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) != 0 ||
        fcntl(user->fd, F_SETFL, fcntl(user->fd, F_GETFL) | O_NONBLOCK) != 0 ||
        (connect(user->fd, (struct sockaddr *)&server, sizeof server) != 0 &&
         errno != EINPROGRESS)) {
        finish(load, user, now_ns, strerror(errno));
        return;
    }
    setsockopt(user->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Writes the request and starts sending it, on a new connection if there is none. */
static void start_request(struct load *load, struct user *user, uint64_t now_ns, const char *path)
{
    static const char format[] = "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: denali-http\r\n%s\r\n";
    bool is_last = user->requests_left == 1 ||
                   (load->reconnect_after && user->on_connection + 1 >= load->reconnect_after);
    const char *connection = is_last ? "Connection: close\r\n" : "";
    size_t size = sizeof format + strlen(load->method) + strlen(path) + strlen(load->server_text) +
                  strlen(connection);
    http_exchange_begin(&user->exchange, path, strcmp(load->method, "HEAD") == 0);
    user->start_ns = now_ns;
    user->next_ns = now_ns + load->timeout_ns;
    user->request_done = 0;
    user->request = malloc(size);
    if (!user->request) {
        finish(load, user, now_ns, "out of memory");
        return;
    }
    user->request_bytes = (size_t)snprintf(user->request, size, format, load->method, path,
                                           load->server_text, connection);
    user->state = USER_SENDING;
    if (user->fd < 0)
        connect_user(load, user, now_ns);
}

/* The connection is lost before there was an answer. A server may close one that was idle just as a
 * request is on its way: that request is made again (RFC 9112, 9.3.1); else it has failed. */
static void lost(struct load *load, struct user *user, uint64_t now_ns, const char *fault)
{
    bool is_fresh = user->on_connection == 0;
    if (is_fresh || user->exchange.state != HTTP_EXCHANGE_HEAD || user->exchange.head_bytes > 0) {
        finish(load, user, now_ns, fault);
        return;
    }
    disconnect(user);
    free(user->request);
    user->request = NULL;
    denali_observe("http.retries", 1);
    start_request(load, user, user->start_ns, user->exchange.path);
}

static void work_connecting(struct load *load, struct user *user, uint64_t now_ns)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(user->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        finish(load, user, now_ns, strerror(error));
        return;
    }
    denali_observe("http.connect_ms", milliseconds(user->connect_ns, now_ns));
    user->state = USER_SENDING;
}

static void work_sending(struct load *load, struct user *user, uint64_t now_ns)
{
    ssize_t sent = send(user->fd, user->request + user->request_done,
                        user->request_bytes - user->request_done, MSG_NOSIGNAL);
    if (sent >= 0)
        user->request_done += (size_t)sent;
    else if (errno != EAGAIN && errno != EWOULDBLOCK)
        lost(load, user, now_ns, strerror(errno));
    if (user->state == USER_SENDING && user->request_done == user->request_bytes)
        user->state = USER_RECEIVING;
}

static void work_receiving(struct load *load, struct user *user, uint64_t now_ns)
{
    static char piece[PIECE_BYTES];
    struct http_exchange *exchange = &user->exchange;
    char fault[32];
    ssize_t got = recv(user->fd, piece, sizeof piece, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (got < 0 || (got == 0 && exchange->state == HTTP_EXCHANGE_HEAD)) {
        lost(load, user, now_ns, got < 0 ? strerror(errno) : "no answer");
        return;
    }
    if (exchange->state == HTTP_EXCHANGE_HEAD && exchange->head_bytes == 0)
        user->first_byte_ns = now_ns;
    if (got == 0)
        http_exchange_close(exchange);
    else if (http_exchange_take(exchange, piece, (size_t)got) < (size_t)got)
        exchange->state = HTTP_EXCHANGE_BAD; /* more than was asked for */
    if (exchange->state < HTTP_EXCHANGE_DONE)
        return;
    if (exchange->state == HTTP_EXCHANGE_DONE && exchange->status != load->expect) {
        snprintf(fault, sizeof fault, "status %u", exchange->status);
        finish(load, user, now_ns, fault);
        return;
    }
    finish(load, user, now_ns, http_exchange_fault(exchange));
}

/* --- All of them ---------------------------------------------------------------------------- */

static void user_work(struct load *load, struct user *user, short revents, uint64_t now_ns)
{
    if (user->state == USER_THINKING) {
        if (now_ns < user->next_ns)
            return;
        start_request(load, user, now_ns, load->paths[draw(load) % load->path_count]);
    }
    if (user->state == USER_CONNECTING && revents)
        work_connecting(load, user, now_ns);
    if (user->state == USER_SENDING)
        work_sending(load, user, now_ns);
    else if (user->state == USER_RECEIVING && revents)
        work_receiving(load, user, now_ns);
    if (user->state != USER_DONE && user->state != USER_THINKING && now_ns >= user->next_ns)
        finish(load, user, now_ns, "time-out");
}

static bool load_step(struct load *load)
{
    struct pollfd entries[USERS_MAX];
    uint64_t now_ns = denali_now_ns(), deadline_ns = UINT64_MAX;
    int wait_ms;
    for (unsigned long i = 0; i < load->connections; i++) {
        const struct user *user = &load->users[i];
        bool waits = user->state == USER_THINKING || user->state == USER_DONE;
        entries[i] = (struct pollfd){waits ? -1 : user->fd,
                                     user->state == USER_RECEIVING ? POLLIN : POLLOUT, 0};
        if (user->state != USER_DONE && user->next_ns < deadline_ns)
            deadline_ns = user->next_ns;
    }
    if (deadline_ns == UINT64_MAX)
        return false;
    wait_ms = deadline_ns > now_ns
                  ? (int)((deadline_ns - now_ns + MILLISECOND_NS - 1) / MILLISECOND_NS)
                  : 0;
    poll(entries, (nfds_t)load->connections, wait_ms);
    now_ns = denali_now_ns();
    for (unsigned long i = 0; i < load->connections; i++)
        user_work(load, &load->users[i], entries[i].revents, now_ns);
    return true;
}

static void find_server(struct load *load, unsigned long port)
{
    char service[8];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    snprintf(service, sizeof service, "%lu", port);
    int failed = getaddrinfo(load->server_text, service, &hints, &found);
    if (failed) {
        printf("http-client: --server %s: %s\n", load->server_text, gai_strerror(failed));
        exit(2);
    }
    memcpy(&load->server, found->ai_addr, sizeof load->server);
    freeaddrinfo(found);
}

static void cut_paths(struct load *load, const char *list)
{
    char *text = strdup(list);
    for (char *path = text ? strtok(text, ",") : NULL; path; path = strtok(NULL, ",")) {
        if (*path != '/' || load->path_count == PATHS_MAX) {
            printf("http-client: --paths: expected up to %u paths that begin with a slash, with "
                   "commas between, found '%s'\n",
                   PATHS_MAX, path);
            exit(2);
        }
        load->paths[load->path_count++] = path;
    }
    if (load->path_count == 0) {
        printf("http-client: --paths: expected a path\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {
        "--server",      "--servers",  "--stride",          "--zipf",
        "--pick",        "--port",     "--paths",           "--method",
        "--connections", "--requests", "--reconnect-after", "--think-ms",
        "--timeout-ms",  "--expect",   "--buffer",          "--seed",
        "--slow-ms",     NULL};
    static struct load load;
    arguments_check(argc, argv, names);
    load.stride = (uint32_t)argument_number(argc, argv, "--stride", 1, 1, 65536);
    load.pick = argument_text(argc, argv, "--pick", NULL)
                    ? (uint32_t)argument_number(argc, argv, "--pick", 0, 0, 999999)
                    : UINT32_MAX;
    load.server_text = argument_text(argc, argv, "--server", "10.0.0.1");
    load.method = argument_text(argc, argv, "--method", "GET");
    load.connections = argument_number(argc, argv, "--connections", 1, 1, USERS_MAX);
    load.reconnect_after = argument_number(argc, argv, "--reconnect-after", 0, 0, 1000000000);
    load.expect = argument_number(argc, argv, "--expect", 200, 200, 599);
    load.slow_ms = argument_number(argc, argv, "--slow-ms", 0, 0, 3600000);
    load.buffer_bytes = argument_number(argc, argv, "--buffer", 65535, 2048, 2097120);
    load.think_ns = argument_number(argc, argv, "--think-ms", 1000, 0, 3600000) * MILLISECOND_NS;
    load.timeout_ns =
        argument_number(argc, argv, "--timeout-ms", 10000, 1, 3600000) * MILLISECOND_NS;
    load.random = (uint32_t)argument_number(argc, argv, "--seed", 1, 0, 4294967295u);
    load.random = load.random * 2654435761u + denali_node_index() * 40503u;
    load.random = load.random ? load.random : 1; /* xorshift stays at 0 */
    cut_paths(&load, argument_text(argc, argv, "--paths", "/"));
    if (!popularity_init(&load.popularity, argument_number(argc, argv, "--servers", 1, 1, 1000000),
                         argument_number(argc, argv, "--zipf", 0, 0, 10000))) {
        printf("http-client: no memory for so many servers\n");
        return 1;
    }
    find_server(&load, argument_number(argc, argv, "--port", 80, 1, 65535));
    for (unsigned long i = 0; i < load.connections; i++) {
        struct user *user = &load.users[i];
        user->fd = -1;
        user->requests_left = argument_number(argc, argv, "--requests", 10, 1, 1000000000);
        think(&load, user, denali_now_ns());
    }
    while (load_step(&load))
        continue;
    printf("http-client: %lu of %lu requests succeeded\n", load.succeeded,
           load.succeeded + load.failed);
    return load.failed ? 1 : 0;
}
