/*
 * Moves bytes over TCP in both directions at once and checks every one of them.
 *
 *   tcp-transfer --listen 5001 [--clients 1]
 *   tcp-transfer --server 10.0.0.1 [--port 5001] [--bytes 8388608]
 *   either:      [--buffer 262144] [--corrupt 0] [--label TEXT]
 *
 * The client says how much, then both sides send that many pseudo-random bytes, different ones each
 * way, a checksum of them, and, once they have all of the other's, a byte that says whether it was
 * right. Each side observes for what it received transfer.verified (0 or 1) and, measured from the
 * start of the connection to the last byte of data, transfer.up_mbit_s (the server, what came from
 * the client) or transfer.down_mbit_s (the client); with a label transfer.LABEL.up_mbit_s. A
 * connection that ends before it should counts as not verified. --buffer is SO_SNDBUF and
 * SO_RCVBUF: the window. --corrupt N flips one bit of the Nth byte sent (from 1), which the other
 * side must find. Ends with code 0 if everything both ways was verified, else 1; the server after
 * that many clients (0: never).
 */
#include "arguments.h"
#include "hash128.h"

#include <denali.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX   32u
#define CHUNK_BYTES   16384u
#define HEADER_BYTES  8u
#define TRANSFER_MAX  UINT64_C(0x100000000)
#define VERDICT_RIGHT 'y'
#define VERDICT_WRONG 'n'

/* What goes out, in order: the header (a client's only), data, digest, verdict. Coming in is alike.
 */
enum stage { STAGE_HEADER, STAGE_DATA, STAGE_DIGEST, STAGE_VERDICT, STAGE_DONE };

struct direction {
    enum stage stage;
    uint64_t data_left;
    uint32_t done; /* of a stage that is not data, or of chunk */
    uint32_t filled;
    struct hash128 hash;
    uint8_t small[HASH128_BYTES]; /* what a stage that is not data carries */
};

/* What the command line says to both sides. */
struct settings {
    unsigned long buffer_bytes;
    uint64_t corrupt_at;
    const char *label;
};

struct transfer {
    int fd;
    bool is_server;
    bool verified;       /* what came in */
    bool peer_satisfied; /* with what we sent */
    uint64_t start_ns, received_ns;
    uint64_t size_bytes; /* 0 until the header says */
    uint32_t random;
    uint64_t corrupt_at; /* bytes until the one to flip, itself included; 0: none */
    struct direction out, in;
    uint8_t chunk[CHUNK_BYTES]; /* data made and not yet taken by the socket */
};

static void put_size(uint8_t *bytes, uint64_t size)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(size >> (56 - 8 * i));
}

static uint64_t get_size(const uint8_t *bytes)
{
    uint64_t size = 0;
    for (int i = 0; i < 8; i++)
        size = size << 8 | bytes[i];
    return size;
}

static void begin_data(struct transfer *t, uint64_t size_bytes)
{
    t->size_bytes = size_bytes;
    t->in.data_left = size_bytes;
    t->out.data_left = size_bytes;
    hash128_begin(&t->in.hash);
    hash128_begin(&t->out.hash);
    if (t->is_server)
        t->out.stage = STAGE_DATA;
}

static void transfer_begin(struct transfer *t, int fd, bool is_server, uint64_t corrupt_at)
{
    *t = (struct transfer){.fd = fd,
                           .is_server = is_server,
                           .start_ns = denali_now_ns(),
                           .random = (denali_node_index() + 1) * 2654435761u + (uint32_t)fd,
                           .corrupt_at = corrupt_at};
    t->in.stage = is_server ? STAGE_HEADER : STAGE_DATA;
}

/* --- Out ------------------------------------------------------------------------------------ */

/* The next chunk of data; hashed as it should be, then perhaps damaged. */
static void make_chunk(struct transfer *t)
{
    struct direction *out = &t->out;
    uint32_t size = out->data_left < CHUNK_BYTES ? (uint32_t)out->data_left : CHUNK_BYTES;
    for (uint32_t i = 0; i < CHUNK_BYTES; i += 4) {
        t->random ^= t->random << 13; /* xorshift32, Marsaglia 2003 */
        t->random ^= t->random >> 17;
        t->random ^= t->random << 5;
        memcpy(t->chunk + i, &t->random, 4);
    }
    hash128_add(&out->hash, t->chunk, size);
    if (t->corrupt_at > size) {
        t->corrupt_at -= size;
    } else if (t->corrupt_at > 0) {
        t->chunk[t->corrupt_at - 1] ^= 1;
        t->corrupt_at = 0;
    }
    out->data_left -= size;
    out->filled = size;
    out->done = 0;
}

/* Has out something to send now? Moves on to the next stage where one is finished. */
static bool has_output(struct transfer *t)
{
    struct direction *out = &t->out;
    if (out->stage == STAGE_DATA && out->done == out->filled && out->data_left > 0)
        make_chunk(t);
    if (out->stage == STAGE_DATA && out->done == out->filled) {
        hash128_end(&out->hash, out->small);
        out->stage = STAGE_DIGEST;
        out->done = 0;
        out->filled = HASH128_BYTES;
    }
    if (out->stage == STAGE_DIGEST && out->done == out->filled && t->in.stage >= STAGE_VERDICT) {
        out->small[0] = t->verified ? VERDICT_RIGHT : VERDICT_WRONG;
        out->stage = STAGE_VERDICT;
        out->done = 0;
        out->filled = 1;
    }
    return out->done < out->filled;
}

/* False if the connection is lost. */
static bool send_some(struct transfer *t)
{
    struct direction *out = &t->out;
    while (has_output(t)) {
        const uint8_t *from = out->stage == STAGE_DATA ? t->chunk : out->small;
        ssize_t sent = send(t->fd, from + out->done, out->filled - out->done, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        out->done += (uint32_t)sent;
        if (out->done == out->filled && out->stage == STAGE_HEADER)
            out->stage = STAGE_DATA;
        else if (out->done == out->filled && out->stage == STAGE_VERDICT)
            out->stage = STAGE_DONE;
    }
    return true;
}

/* --- In ------------------------------------------------------------------------------------- */

/* A small stage is complete. False if what it says makes no sense. */
static bool take_small(struct transfer *t)
{
    struct direction *in = &t->in;
    uint8_t digest[HASH128_BYTES];
    uint64_t size_bytes;
    in->done = 0;
    switch (in->stage) {
    case STAGE_HEADER:
        size_bytes = get_size(in->small);
        if (size_bytes == 0 || size_bytes > TRANSFER_MAX)
            return false;
        begin_data(t, size_bytes);
        in->stage = STAGE_DATA;
        return true;
    case STAGE_DIGEST:
        hash128_end(&in->hash, digest);
        t->verified = memcmp(digest, in->small, sizeof digest) == 0;
        in->stage = STAGE_VERDICT;
        return true;
    default:
        t->peer_satisfied = in->small[0] == VERDICT_RIGHT;
        in->stage = STAGE_DONE;
        return true;
    }
}

static bool take_input(struct transfer *t, const uint8_t *bytes, size_t length_bytes)
{
    struct direction *in = &t->in;
    static const uint32_t sizes[] = {
        [STAGE_HEADER] = HEADER_BYTES, [STAGE_DIGEST] = HASH128_BYTES, [STAGE_VERDICT] = 1};
    while (length_bytes > 0) {
        size_t part = length_bytes;
        if (in->stage == STAGE_DONE)
            return false; /* more than there should be */
        if (in->stage == STAGE_DATA) {
            part = part < in->data_left ? part : (size_t)in->data_left;
            hash128_add(&in->hash, bytes, part);
            in->data_left -= part;
            if (in->data_left == 0) {
                t->received_ns = denali_now_ns();
                in->stage = STAGE_DIGEST;
            }
        } else {
            uint32_t want = sizes[in->stage] - in->done;
            part = part < want ? part : want;
            memcpy(in->small + in->done, bytes, part);
            in->done += (uint32_t)part;
            if (part == want && !take_small(t))
                return false;
        }
        bytes += part;
        length_bytes -= part;
    }
    return true;
}

static bool receive_some(struct transfer *t)
{
    static uint8_t bytes[CHUNK_BYTES];
    ssize_t got = recv(t->fd, bytes, sizeof bytes, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK;
    return got > 0 && take_input(t, bytes, (size_t)got);
}

/* --- Both ----------------------------------------------------------------------------------- */

static bool is_done(const struct transfer *t)
{
    return t->out.stage == STAGE_DONE && t->in.stage == STAGE_DONE;
}

static short events_of(struct transfer *t)
{
    return (short)(POLLIN | (has_output(t) ? POLLOUT : 0));
}

/* Works on what poll found; true when the transfer has come to its end, good or bad. */
static bool transfer_work(struct transfer *t, short revents)
{
    bool alive = true;
    if (revents & (POLLIN | POLLHUP | POLLERR))
        alive = receive_some(t);
    if (alive && !(alive = send_some(t)))
        printf("tcp-transfer: sending: %s\n", strerror(errno));
    return !alive || is_done(t);
}

static void observe_rate(const struct transfer *t, const char *label, double mbit_s)
{
    char name[64];
    snprintf(name, sizeof name, "transfer.%s%s%s_mbit_s", label, *label ? "." : "",
             t->is_server ? "up" : "down");
    denali_observe(name, mbit_s);
}

/* Reports and closes; true if all was well both ways. */
static bool transfer_end(struct transfer *t, const char *label)
{
    bool well = is_done(t) && t->verified && t->peer_satisfied;
    uint32_t took_us = (uint32_t)((t->received_ns - t->start_ns) / 1000);
    denali_observe("transfer.verified", is_done(t) && t->verified);
    if (t->verified && took_us > 0) {
        double mbit_s = (double)t->size_bytes * 8 / took_us;
        observe_rate(t, label, mbit_s);
        printf("tcp-transfer: received %llu bytes in %u us, %.3f Mbit/s\n",
               (unsigned long long)t->size_bytes, (unsigned)took_us, mbit_s);
    }
    if (!well)
        printf("tcp-transfer: %s\n", !is_done(t)    ? "the connection ended too soon"
                                     : !t->verified ? "what came is not what was sent"
                                                    : "what was sent did not arrive as it was");
    close(t->fd);
    return well;
}

static int new_socket(unsigned long buffer_bytes)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), size = (int)buffer_bytes, on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        printf("tcp-transfer: socket: %s\n", strerror(errno));
        exit(1);
    }
    return fd;
}

static void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* --- The client ----------------------------------------------------------------------------- */

static int run_client(const char *server, unsigned long port, uint64_t size_bytes,
                      const struct settings *settings)
{
    static struct transfer t;
    char service[8];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    int fd = new_socket(settings->buffer_bytes);
    uint64_t start_ns = denali_now_ns();
    snprintf(service, sizeof service, "%lu", port);
    int failed = getaddrinfo(server, service, &hints, &found);
    if (failed) {
        printf("tcp-transfer: --server %s: %s\n", server, gai_strerror(failed));
        return 2;
    }
    if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        printf("tcp-transfer: %s: %s\n", server, strerror(errno));
        denali_observe("transfer.verified", 0);
        return 1;
    }
    freeaddrinfo(found);
    denali_observe("transfer.connect_ms", (uint32_t)((denali_now_ns() - start_ns) / 1000) / 1e3);
    set_nonblocking(fd);
    transfer_begin(&t, fd, false, settings->corrupt_at);
    begin_data(&t, size_bytes);
    put_size(t.out.small, size_bytes);
    t.out.filled = HEADER_BYTES;
    for (;;) {
        struct pollfd entry = {t.fd, events_of(&t), 0};
        poll(&entry, 1, -1);
        if (transfer_work(&t, entry.revents))
            return transfer_end(&t, settings->label) ? 0 : 1;
    }
}

/* --- The server ----------------------------------------------------------------------------- */

struct server {
    int listener;
    const struct settings *settings;
    struct transfer *transfers[CLIENTS_MAX]; /* NULL: free */
    unsigned long ended, failed;
};

static void accept_one(struct server *server)
{
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0)
        return;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (server->transfers[i])
            continue;
        server->transfers[i] = malloc(sizeof *server->transfers[i]);
        if (!server->transfers[i])
            break;
        set_nonblocking(fd);
        transfer_begin(server->transfers[i], fd, true, server->settings->corrupt_at);
        return;
    }
    printf("tcp-transfer: no room for another client\n");
    server->failed++;
    close(fd);
}

static void server_step(struct server *server)
{
    struct pollfd entries[CLIENTS_MAX + 1] = {{server->listener, POLLIN, 0}};
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct transfer *t = server->transfers[i];
        entries[i + 1] = t ? (struct pollfd){t->fd, events_of(t), 0} : (struct pollfd){-1, 0, 0};
    }
    poll(entries, CLIENTS_MAX + 1, -1);
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct transfer *t = server->transfers[i];
        if (!t || !entries[i + 1].revents || !transfer_work(t, entries[i + 1].revents))
            continue;
        server->failed += !transfer_end(t, server->settings->label);
        server->ended++;
        free(t);
        server->transfers[i] = NULL;
    }
    if (entries[0].revents)
        accept_one(server);
}

static int run_server(unsigned long port, unsigned long clients, const struct settings *settings)
{
    static struct server server;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    server.settings = settings;
    server.listener = new_socket(settings->buffer_bytes);
    if (bind(server.listener, (struct sockaddr *)&own, sizeof own) != 0 ||
        listen(server.listener, (int)CLIENTS_MAX) != 0) {
        printf("tcp-transfer: port %lu: %s\n", port, strerror(errno));
        return 1;
    }
    while (clients == 0 || server.ended < clients)
        server_step(&server);
    return server.failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--listen", "--clients", "--server", "--port", "--bytes",
                                        "--buffer", "--corrupt", "--label",  NULL};
    arguments_check(argc, argv, names);
    const char *server = argument_text(argc, argv, "--server", NULL);
    unsigned long listen_on = argument_number(argc, argv, "--listen", 0, 1, 65535);
    unsigned long clients = argument_number(argc, argv, "--clients", 1, 0, 1000000);
    unsigned long port = argument_number(argc, argv, "--port", 5001, 1, 65535);
    unsigned long bytes = argument_number(argc, argv, "--bytes", 8388608, 1, 4294967295u);
    struct settings settings = {
        .buffer_bytes = argument_number(argc, argv, "--buffer", 262144, 2048, 2097120),
        .corrupt_at = argument_number(argc, argv, "--corrupt", 0, 0, bytes),
        .label = argument_text(argc, argv, "--label", ""),
    };
    if (!server == !listen_on) {
        printf("tcp-transfer: give either --listen PORT or --server ADDRESS\n");
        return 2;
    }
    return server ? run_client(server, port, bytes, &settings)
                  : run_server(listen_on, clients, &settings);
}
