/* What the game's server and players say to each other. Numbers are in network order. */
#ifndef APPS_GAME_H
#define APPS_GAME_H

#include <stdint.h>

#define GAME_PORT       27910u
#define GAME_UPDATE_MAX 1472u
#define GAME_MS_NS      UINT64_C(1000000)

struct game_move {
    uint32_t number; /* from 1 */
    uint32_t dx, dy;
};

/* Then whatever the update's size leaves room for. */
struct game_update {
    uint32_t number;
    uint32_t last_move; /* of this player; 0: none has come */
};

static inline double game_ms(uint64_t from_ns, uint64_t to_ns)
{
    return (double)(uint32_t)((to_ns - from_ns) / 1000) / 1000;
}

#endif
