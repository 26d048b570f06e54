/* What volume-keeper and volume-sorter have on a volume: a head in block 0, then blocks of words.
 */
#ifndef APPS_VOLUMES_H
#define APPS_VOLUMES_H

#include <stdint.h>

#include <denali.h>

#define VOLUME_MAGIC       0x31564c4fu
#define VOLUME_WORDS       (DENALI_DISK_BLOCK_BYTES / sizeof(uint32_t)) /* of a block */
#define VOLUME_BATCH       16u                                          /* blocks moved at a time */
#define VOLUME_BATCH_WORDS (VOLUME_BATCH * VOLUME_WORDS)

struct volume_head {
    uint32_t magic;
    uint32_t block_count; /* of words, a multiple of VOLUME_BATCH */
    uint32_t sorted;      /* of these, the first so many are known to be in order */
    uint32_t lives;       /* machines that have had it to sort */
    uint32_t sum;         /* of all words */
    uint32_t reserved;
    uint64_t given_ns; /* to the last of them */
};

union volume_block {
    struct volume_head head;
    uint32_t words[VOLUME_WORDS];
};

#endif
