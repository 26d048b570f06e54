/*
 * A job that wants memory and time: it fills its memory, works and ends.
 *
 *     job NAME MEMORY_KIB WORK_MS
 *
 * When it begins it observes `NAME.begins`, the virtual time in milliseconds: how long it waited,
 * if it was to start at the beginning of the run. WORK_MS is of its own processor time where nobody
 * else wants the processor.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <denali.h>

#define MS         1000000u
#define PAGE_BYTES 4096u

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: job NAME MEMORY_KIB WORK_MS\n");
        return 2;
    }
    char name[64];
    snprintf(name, sizeof name, "%s.begins", argv[1]);
    uint64_t begin_ns = denali_now_ns();
    denali_observe(name, (double)begin_ns / MS);
    size_t bytes = strtoul(argv[2], NULL, 10) * 1024u;
    uint64_t work_ns = strtoull(argv[3], NULL, 10) * MS;
    volatile uint8_t *memory = malloc(bytes);
    if (!memory) {
        fprintf(stderr, "job: no %s KiB\n", argv[2]);
        return 1;
    }
    do {
        for (size_t i = 0; i < bytes; i += PAGE_BYTES)
            memory[i]++;
    } while (denali_now_ns() - begin_ns < work_ns);
    return 0;
}
