/*
 * Sorts the words of each block of a volume that its host's supervisor (volume-keeper) gives it,
 * 16 blocks at a time, notes after every so many of them how far it has come, and ends.
 *
 *     volume-sorter [--note 64] [--fail-after BLOCKS]
 *
 * With --fail-after it does what no program should after so many blocks: it writes to address 0.
 * Another machine that is given the volume goes on from what was noted last; to sort what is sorted
 * does no harm. Observes volume.handover_ms, from when the supervisor let go of the volume until
 * this machine has read the first blocks of it, and of one that another machine had left unfinished
 * volume.resumed_at, the block that it goes on with.
 */
#include "arguments.h"
#include "volumes.h"

#include <stdbool.h>

static union volume_block first;
static uint32_t words[VOLUME_BATCH_WORDS];
static bool has_begun;

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void note(int disk, uint32_t sorted)
{
    first.head.sorted = sorted;
    if (denali_disk_write(disk, 0, 1, &first) != 0)
        fail("volume-sorter: cannot note how far it is");
}

static void sort_batch(int disk, uint32_t block)
{
    if (denali_disk_read(disk, 1 + block, VOLUME_BATCH, words) != 0)
        fail("volume-sorter: cannot read");
    if (!has_begun)
        denali_observe("volume.handover_ms",
                       (double)(denali_now_ns() - first.head.given_ns) / 1000000);
    has_begun = true;
    for (uint32_t i = 0; i < VOLUME_BATCH; i++)
        qsort(words + i * VOLUME_WORDS, VOLUME_WORDS, sizeof *words, compare);
    if (denali_disk_write(disk, 1 + block, VOLUME_BATCH, words) != 0)
        fail("volume-sorter: cannot write");
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--note", "--fail-after", NULL};
    arguments_check(argc, argv, names);
    uint32_t every = argument_number(argc, argv, "--note", 64, VOLUME_BATCH, 1u << 20);
    uint32_t fatal = argument_number(argc, argv, "--fail-after", UINT32_MAX, 1, UINT32_MAX);
    int disk = denali_disk_wait(NULL, UINT64_MAX);
    if (denali_disk_read(disk, 0, 1, &first) != 0)
        fail("volume-sorter: cannot read the head");
    if (first.head.magic != VOLUME_MAGIC || first.head.block_count % VOLUME_BATCH != 0 ||
        first.head.sorted > first.head.block_count) {
        printf("volume-sorter: that is no volume to sort\n");
        return 1;
    }
    uint32_t noted = first.head.sorted;
    uint32_t done = 0;
    if (first.head.lives++ > 0)
        denali_observe("volume.resumed_at", noted);
    for (uint32_t block = noted; block < first.head.block_count; block += VOLUME_BATCH) {
        sort_batch(disk, block);
        done += VOLUME_BATCH;
        if (done >= fatal)
            *(volatile uint32_t *)0 = 0;
        if (block + VOLUME_BATCH - noted >= every) {
            noted = block + VOLUME_BATCH;
            note(disk, noted);
        }
    }
    note(disk, first.head.block_count);
    return 0;
}
