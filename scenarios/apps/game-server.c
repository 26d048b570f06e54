/*
 * A game of a few players over UDP, as the paper's (Whitaker, Shaw and Gribble, OSDI 2002, section
 * "Quake II server"): takes their moves as they come, advances the world at a steady pace of its
 * own, and sends each player what has become of it.
 *
 *   game-server [--port 27910] [--update-ms 100] [--entities 256] [--bytes 1000] [--players 4]
 *
 * The world is --entities bodies that attract each other, all with all, so that an update takes
 * real work. A datagram from a new address is a player, up to --players. An update has the number
 * of the player's last move, so that the player knows how long that took to count. Observes for
 * each update game.update_ms, the time since the last one, and game.late_ms, how much after its due
 * time it went out, and game.missed, 1 if that was more than a tenth of --update-ms. Runs until the
 * run ends.
 */
#include "arguments.h"
#include "game.h"

#include <denali.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#define ENTITIES_MAX 1024u
#define PLAYERS_MAX  16u
#define SPACE        4096 /* units of the world, each way */

struct entity {
    int32_t x, y, dx, dy;
};

struct player {
    struct sockaddr_in address;
    uint32_t last_move;
};

struct game {
    int fd;
    unsigned long entity_count, player_limit, update_bytes;
    uint32_t player_count, update;
    struct player players[PLAYERS_MAX];
    struct entity entities[ENTITIES_MAX];
};

static void make_world(struct game *game)
{
    uint32_t state = denali_node_index() * 2654435761u + 1;
    for (unsigned long i = 0; i < game->entity_count; i++) {
        int32_t parts[4];
        for (int k = 0; k < 4; k++) {
            state = state * 1664525u + 1013904223u;
            parts[k] = (int32_t)(state >> 20);
        }
        game->entities[i] = (struct entity){parts[0], parts[1], parts[2] % 8, parts[3] % 8};
    }
}

static int32_t sign(int32_t value)
{
    return (value > 0) - (value < 0);
}

static void advance_world(struct game *game)
{
    for (unsigned long i = 0; i < game->entity_count; i++) {
        struct entity *entity = &game->entities[i];
        int32_t pull_x = 0, pull_y = 0;
        for (unsigned long k = 0; k < game->entity_count; k++) {
            pull_x += sign(game->entities[k].x - entity->x);
            pull_y += sign(game->entities[k].y - entity->y);
        }
        entity->dx += sign(pull_x);
        entity->dy += sign(pull_y);
    }
    for (unsigned long i = 0; i < game->entity_count; i++) {
        struct entity *entity = &game->entities[i];
        entity->x = (int32_t)((uint32_t)(entity->x + entity->dx) % SPACE);
        entity->y = (int32_t)((uint32_t)(entity->y + entity->dy) % SPACE);
    }
}

static struct player *find_player(struct game *game, const struct sockaddr_in *from)
{
    for (uint32_t i = 0; i < game->player_count; i++) {
        struct player *player = &game->players[i];
        if (player->address.sin_addr.s_addr == from->sin_addr.s_addr &&
            player->address.sin_port == from->sin_port)
            return player;
    }
    if (game->player_count == game->player_limit)
        return NULL;
    game->players[game->player_count].address = *from;
    return &game->players[game->player_count++];
}

/* Moves change where a body of the player's goes. */
static void take_moves(struct game *game)
{
    struct game_move move;
    struct sockaddr_in from;
    socklen_t from_bytes = sizeof from;
    ssize_t got;
    while ((got = recvfrom(game->fd, &move, sizeof move, MSG_DONTWAIT, (struct sockaddr *)&from,
                           &from_bytes)) >= 0) {
        struct player *player = got == sizeof move ? find_player(game, &from) : NULL;
        if (player) {
            struct entity *body = &game->entities[(player - game->players) % game->entity_count];
            player->last_move = ntohl(move.number);
            body->dx = (int32_t)ntohl(move.dx) % 16;
            body->dy = (int32_t)ntohl(move.dy) % 16;
        }
        from_bytes = sizeof from;
    }
}

static void send_updates(struct game *game)
{
    static uint8_t bytes[GAME_UPDATE_MAX];
    game->update++;
    for (uint32_t i = 0; i < game->player_count; i++) {
        struct game_update head = {htonl(game->update), htonl(game->players[i].last_move)};
        memcpy(bytes, &head, sizeof head);
        for (size_t k = sizeof head; k < game->update_bytes; k++)
            bytes[k] = (uint8_t)game->entities[k % game->entity_count].x;
        sendto(game->fd, bytes, game->update_bytes, 0, (struct sockaddr *)&game->players[i].address,
               sizeof game->players[i].address);
    }
}

static void wait_for_moves(struct game *game, uint64_t until_ns)
{
    for (uint64_t now_ns = denali_now_ns(); now_ns < until_ns; now_ns = denali_now_ns()) {
        struct pollfd entry = {game->fd, POLLIN, 0};
        int wait_ms = (int)((until_ns - now_ns + GAME_MS_NS - 1) / GAME_MS_NS);
        if (poll(&entry, 1, wait_ms) == 1)
            take_moves(game);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--port",  "--update-ms", "--entities",
                                        "--bytes", "--players",   NULL};
    static struct game game;
    arguments_check(argc, argv, names);
    uint64_t step_ns = argument_number(argc, argv, "--update-ms", 100, 1, 60000) * GAME_MS_NS;
    game.entity_count = argument_number(argc, argv, "--entities", 256, 1, ENTITIES_MAX);
    game.update_bytes =
        argument_number(argc, argv, "--bytes", 1000, sizeof(struct game_update), GAME_UPDATE_MAX);
    game.player_limit = argument_number(argc, argv, "--players", 4, 1, PLAYERS_MAX);
    struct sockaddr_in any = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)argument_number(argc, argv, "--port", GAME_PORT, 1, 65535)),
    };
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    game.fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (game.fd < 0 || bind(game.fd, (struct sockaddr *)&any, sizeof any) != 0) {
        printf("game-server: %s\n", strerror(errno));
        return 1;
    }
    make_world(&game);
    uint64_t due_ns = denali_now_ns() + step_ns, last_ns = 0;
    for (;; due_ns += step_ns) {
        wait_for_moves(&game, due_ns);
        take_moves(&game);
        advance_world(&game);
        send_updates(&game);
        uint64_t now_ns = denali_now_ns();
        if (game.player_count > 0) {
            denali_observe("game.late_ms", game_ms(due_ns, now_ns));
            denali_observe("game.missed", now_ns - due_ns > step_ns / 10);
            if (last_ns)
                denali_observe("game.update_ms", game_ms(last_ns, now_ns));
            last_ns = now_ns;
        }
    }
}
