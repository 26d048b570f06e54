/*
 * Players of a game-server: send moves at a steady pace and take its updates.
 *
 *   game-client --server 10.0.0.1 [--port 27910] [--players 4] [--move-ms 33]
 *
 * Each player has a socket of its own. Observes for each update that comes game.gap_ms, the time
 * since the player's last one, and game.latency_ms, from the first of the moves that it is the
 * first to answer to the update; and for every update that is lost in between game.lost. Runs until
 * the run ends.
 */
#include "arguments.h"
#include "game.h"

#include <denali.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define PLAYERS_MAX 16u
#define MOVES_KEPT  256u

struct player {
    int fd;
    uint32_t move, answered, update;
    uint64_t update_ns;           /* when the last one came; 0: none has */
    uint64_t sent_ns[MOVES_KEPT]; /* of the latest moves, by number */
};

static int connect_to(const char *server, unsigned long port)
{
    char service[12];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *found;
    snprintf(service, sizeof service, "%lu", port);
    int failed = getaddrinfo(server, service, &hints, &found);
    if (failed) {
        printf("game-client: --server %s: %s\n", server, gai_strerror(failed));
        exit(2);
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        printf("game-client: %s: %s\n", server, strerror(errno));
        exit(1);
    }
    freeaddrinfo(found);
    return fd;
}

static void send_move(struct player *player, uint64_t now_ns)
{
    struct game_move move;
    player->move++;
    player->sent_ns[player->move % MOVES_KEPT] = now_ns;
    move.number = htonl(player->move);
    move.dx = htonl(player->move * 7 % 16);
    move.dy = htonl(player->move * 11 % 16);
    send(player->fd, &move, sizeof move, 0);
}

static void take_updates(struct player *player)
{
    static uint8_t bytes[GAME_UPDATE_MAX];
    ssize_t got;
    while ((got = recv(player->fd, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0) {
        struct game_update head;
        uint64_t now_ns = denali_now_ns();
        if (got < (ssize_t)sizeof head)
            continue;
        memcpy(&head, bytes, sizeof head);
        uint32_t number = ntohl(head.number), move = ntohl(head.last_move);
        for (uint32_t lost = player->update + 1; player->update && lost < number; lost++)
            denali_observe("game.lost", 1);
        if (player->update_ns)
            denali_observe("game.gap_ms", game_ms(player->update_ns, now_ns));
        if (move > player->answered && move <= player->move &&
            player->move - player->answered < MOVES_KEPT) {
            denali_observe("game.latency_ms",
                           game_ms(player->sent_ns[(player->answered + 1) % MOVES_KEPT], now_ns));
            player->answered = move;
        }
        player->update = number;
        player->update_ns = now_ns;
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--server", "--port", "--players", "--move-ms", NULL};
    static struct player players[PLAYERS_MAX];
    struct pollfd entries[PLAYERS_MAX];
    arguments_check(argc, argv, names);
    unsigned long count = argument_number(argc, argv, "--players", 4, 1, PLAYERS_MAX);
    uint64_t step_ns = argument_number(argc, argv, "--move-ms", 33, 1, 60000) * GAME_MS_NS;
    unsigned long port = argument_number(argc, argv, "--port", GAME_PORT, 1, 65535);
    for (unsigned long i = 0; i < count; i++) {
        players[i].fd = connect_to(argument_text(argc, argv, "--server", "10.0.0.1"), port);
        entries[i] = (struct pollfd){players[i].fd, POLLIN, 0};
    }
    uint64_t due_ns = denali_now_ns();
    for (;;) {
        uint64_t now_ns = denali_now_ns();
        if (now_ns >= due_ns) {
            due_ns += step_ns;
            for (unsigned long i = 0; i < count; i++)
                send_move(&players[i], now_ns);
        }
        now_ns = denali_now_ns();
        int wait_ms = due_ns > now_ns ? (int)((due_ns - now_ns + GAME_MS_NS - 1) / GAME_MS_NS) : 0;
        if (poll(entries, (nfds_t)count, wait_ms) > 0) {
            for (unsigned long i = 0; i < count; i++)
                take_updates(&players[i]);
        }
    }
}
