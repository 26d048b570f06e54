/*
 * A machine that wants memory: it writes a byte of every page of so much, and then writes or reads
 * one of each, over and over.
 *
 *     sweep MEMORY_KIB read|write PAUSE_MS REPORT_MS [NAME]
 *
 * After each round it waits PAUSE_MS. With a NAME it observes `NAME.round_ms` of every round that
 * begins at virtual time REPORT_MS or later.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <denali.h>

#define MS         1000000u
#define PAGE_BYTES 4096u

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 6 || (strcmp(argv[2], "read") != 0 && strcmp(argv[2], "write") != 0)) {
        fprintf(stderr, "usage: sweep MEMORY_KIB read|write PAUSE_MS REPORT_MS [NAME]\n");
        return 2;
    }
    size_t bytes = strtoul(argv[1], NULL, 10) * 1024u;
    bool writes = strcmp(argv[2], "write") == 0;
    unsigned long pause_ms = strtoul(argv[3], NULL, 10);
    uint64_t report_ns = strtoull(argv[4], NULL, 10) * MS;
    char name[64];
    snprintf(name, sizeof name, "%s.round_ms", argc == 6 ? argv[5] : "");
    volatile uint8_t *memory = malloc(bytes);
    if (!memory) {
        fprintf(stderr, "sweep: no %s KiB\n", argv[1]);
        return 1;
    }
    uint8_t sum = 1;
    for (size_t i = 0; i < bytes; i += PAGE_BYTES)
        memory[i] = sum;
    for (;;) {
        uint64_t begin_ns = denali_now_ns();
        for (size_t i = 0; i < bytes; i += PAGE_BYTES) {
            sum += memory[i];
            if (writes)
                memory[i] = sum;
        }
        if (argc == 6 && begin_ns >= report_ns)
            denali_observe(name, (double)(denali_now_ns() - begin_ns) / MS);
        if (pause_ms > 0)
            usleep(pause_ms * 1000u);
    }
}
