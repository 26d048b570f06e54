/*
 * life [--every-ms N] [--until-generation N]: Conway's Game of Life on a torus that fills the
 * screen, with a graph of its population below. It starts from random bits of the machine's own.
 *
 * Keys: arrows move the cursor, D sets or clears the cell there, G puts a glider gun there (Gosper
 * 1970), R fills at random, C clears, Space pauses and goes on, Enter makes one step, Escape ends.
 *
 * Observes life.population at every generation; the milestone life.still says that nothing changed
 * from one to the next.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <denali.h>

#include "arguments.h"

#define CELL         4u  /* pixels, either way */
#define GRAPH_HEIGHT 40u /* pixels below the cells */
#define AGE_MAX      63u

/* Colours by number: ages of living cells, then these. */
enum {
    COLOUR_DEAD = AGE_MAX + 1,
    COLOUR_TRACE,
    COLOUR_LINE = COLOUR_TRACE + 16,
    COLOUR_GRAPH,
    COLOUR_CURSOR
};

struct life {
    uint32_t columns, rows;
    uint8_t *cells; /* age: 0 dead, 1 to AGE_MAX alive so many generations */
    uint8_t *next;
    uint8_t *traces; /* 16 to 0: how long ago a cell died, fading */
    uint32_t cursor_x, cursor_y;
    uint32_t generation;
    uint32_t population;
    bool paused, ended;

    uint32_t width, height;
    uint8_t *pixels;
};

static const char gosper[9][37] = {
    "........................X...........", "......................X.X...........",
    "............XX......XX............XX", "...........X...X....XX............XX",
    "XX........X.....X...XX..............", "XX........X...X.XX....X.X...........",
    "..........X.....X.......X...........", "...........X...X....................",
    "............XX......................",
};

static uint32_t palette[256];

static void make_palette(void)
{
    for (uint32_t age = 1; age <= AGE_MAX; age++) { /* young white, through yellow to old red */
        uint32_t green = age < 32 ? 255 - age * 5 : 95 - (age - 32) * 2;
        uint32_t blue = age < 12 ? 240 - age * 20 : 0;
        palette[age] = (age < 40 ? 255 : 255 - (age - 40) * 4) << 16 | green << 8 | blue;
    }
    for (uint32_t i = 0; i < 16; i++) {
        palette[COLOUR_TRACE + i] = (8 + 2 * i) << 16 | (12 + 3 * i) << 8 | (24 + 8 * i);
    }
    palette[COLOUR_DEAD] = 0x080c18;
    palette[COLOUR_LINE] = 0x303848;
    palette[COLOUR_GRAPH] = 0x40c080;
    palette[COLOUR_CURSOR] = 0x00e0ff;
}

static void fill_at_random(struct life *life)
{
    uint32_t count = life->columns * life->rows;
    for (uint32_t done = 0; done < count;) {
        uint8_t bits[256];
        if (getentropy(bits, sizeof bits) != 0) {
            return;
        }
        for (uint32_t i = 0; i < sizeof bits && done < count; i++, done++) {
            life->cells[done] = bits[i] < 80; /* of 256: alive */
        }
    }
}

static void put_gun(struct life *life)
{
    for (uint32_t y = 0; y < 9; y++) {
        for (uint32_t x = 0; x < 36; x++) {
            uint32_t column = (life->cursor_x + x) % life->columns;
            uint32_t row = (life->cursor_y + y) % life->rows;
            life->cells[row * life->columns + column] = gosper[y][x] == 'X';
        }
    }
}

/* One generation; false if it is the same as the one before. */
static bool step(struct life *life)
{
    uint32_t columns = life->columns;
    bool changed = false;
    life->population = 0;
    for (uint32_t y = 0; y < life->rows; y++) {
        const uint8_t *row = life->cells + y * columns;
        const uint8_t *above = life->cells + (y ? y - 1 : life->rows - 1) * columns;
        const uint8_t *below = life->cells + (y + 1 < life->rows ? y + 1 : 0) * columns;
        for (uint32_t x = 0; x < columns; x++) {
            uint32_t left = x ? x - 1 : columns - 1;
            uint32_t right = x + 1 < columns ? x + 1 : 0;
            uint32_t neighbours = !!above[left] + !!above[x] + !!above[right] + !!row[left] +
                                  !!row[right] + !!below[left] + !!below[x] + !!below[right];
            bool alive = neighbours == 3 || (neighbours == 2 && row[x]);
            uint32_t at = y * columns + x;
            life->next[at] = !alive ? 0 : row[x] < AGE_MAX ? row[x] + 1u : AGE_MAX;
            life->traces[at] = row[x] && !alive ? 16 : life->traces[at] - !!life->traces[at];
            life->population += alive;
            changed |= alive != !!row[x];
        }
    }
    uint8_t *before = life->cells;
    life->cells = life->next;
    life->next = before;
    life->generation++;
    return changed;
}

static void draw_cell(struct life *life, uint32_t x, uint32_t y)
{
    uint32_t at = y * life->columns + x;
    uint8_t colour = life->cells[at]    ? life->cells[at]
                     : life->traces[at] ? COLOUR_TRACE + life->traces[at] - 1
                                        : COLOUR_DEAD;
    if (x == life->cursor_x && y == life->cursor_y) {
        colour = COLOUR_CURSOR;
    }
    uint8_t *pixel = life->pixels + y * CELL * life->width + x * CELL;
    for (uint32_t i = 0; i < CELL; i++, pixel += life->width) {
        memset(pixel, colour, CELL);
    }
}

/* The graph moves left by a column for each generation. */
static void draw_graph(struct life *life)
{
    uint32_t cells = life->columns * life->rows;
    uint32_t bar = (uint32_t)((uint64_t)life->population * 3 * (GRAPH_HEIGHT - 2) / cells);
    if (bar > GRAPH_HEIGHT - 2) {
        bar = GRAPH_HEIGHT - 2;
    }
    uint8_t *row = life->pixels + life->rows * CELL * life->width;
    memset(row, COLOUR_LINE, life->width);
    for (uint32_t y = GRAPH_HEIGHT - 1; y > 0; y--) {
        row += life->width;
        memmove(row, row + 1, life->width - 1);
        row[life->width - 1] = y <= bar ? COLOUR_GRAPH : COLOUR_DEAD;
    }
}

static void draw(struct life *life)
{
    for (uint32_t y = 0; y < life->rows; y++) {
        for (uint32_t x = 0; x < life->columns; x++) {
            draw_cell(life, x, y);
        }
    }
}

static void advance(struct life *life)
{
    if (!step(life)) {
        denali_milestone("life.still");
    }
    denali_observe("life.population", life->population);
    draw_graph(life);
}

static void on_key(struct life *life, uint32_t usage)
{
    uint8_t *cell = &life->cells[life->cursor_y * life->columns + life->cursor_x];
    switch (usage) {
    case DENALI_KEY_LEFT:
        life->cursor_x = (life->cursor_x + life->columns - 1) % life->columns;
        break;
    case DENALI_KEY_RIGHT:
        life->cursor_x = (life->cursor_x + 1) % life->columns;
        break;
    case DENALI_KEY_UP:
        life->cursor_y = (life->cursor_y + life->rows - 1) % life->rows;
        break;
    case DENALI_KEY_DOWN:
        life->cursor_y = (life->cursor_y + 1) % life->rows;
        break;
    case DENALI_KEY_SPACE:
        life->paused = !life->paused;
        break;
    case DENALI_KEY_ENTER:
        advance(life);
        break;
    case DENALI_KEY_ESCAPE:
        life->ended = true;
        break;
    case 4 + 'C' - 'A':
        memset(life->cells, 0, life->columns * life->rows);
        memset(life->traces, 0, life->columns * life->rows);
        break;
    case 4 + 'D' - 'A':
        *cell = !*cell;
        break;
    case 4 + 'G' - 'A':
        put_gun(life);
        break;
    case 4 + 'R' - 'A':
        fill_at_random(life);
        break;
    }
}

static bool prepare(struct life *life)
{
    if (denali_screen_size(&life->width, &life->height) != 0) {
        printf("life: this machine has no screen (in its group: screen: 640x480)\n");
        return false;
    }
    life->columns = life->width / CELL;
    life->rows = life->height > GRAPH_HEIGHT ? (life->height - GRAPH_HEIGHT) / CELL : 0;
    if (life->columns < 3 || life->rows < 3) {
        printf("life: a screen of %lux%lu is too small\n", (unsigned long)life->width,
               (unsigned long)life->height);
        return false;
    }
    life->cells = calloc(3, life->columns * life->rows);
    life->pixels = malloc(life->width * life->height);
    if (!life->cells || !life->pixels) {
        printf("life: this machine has too little memory\n");
        return false;
    }
    life->next = life->cells + life->columns * life->rows;
    life->traces = life->next + life->columns * life->rows;
    memset(life->pixels, COLOUR_DEAD, life->width * life->height);
    make_palette();
    struct denali_picture picture = {life->pixels, life->width, life->height, life->width, palette};
    return denali_screen_show(&picture) == 0;
}

int main(int argc, char **argv)
{
    struct life life = {0};
    static const char *const names[] = {"--every-ms", "--until-generation", NULL};
    arguments_check(argc, argv, names);
    uint64_t every_ms = argument_number(argc, argv, "--every-ms", 100, 1, 3600000);
    uint32_t last = argument_number(argc, argv, "--until-generation", UINT32_MAX, 0, UINT32_MAX);
    if (!prepare(&life)) {
        return 1;
    }
    fill_at_random(&life);
    life.cursor_x = life.columns / 2;
    life.cursor_y = life.rows / 2;
    uint64_t next_ns = denali_now_ns();
    while (!life.ended && life.generation < last) {
        draw(&life);
        next_ns += every_ms * 1000000;
        struct denali_key key;
        while (!life.ended && denali_keyboard_next(&key, next_ns)) {
            if (key.pressed) {
                on_key(&life, key.usage);
                draw(&life);
            }
        }
        if (!life.paused) {
            advance(&life);
        }
    }
    draw(&life);
    printf("life: generation %lu, %lu alive\n", (unsigned long)life.generation,
           (unsigned long)life.population);
    return 0;
}
