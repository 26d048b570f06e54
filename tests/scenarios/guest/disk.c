/*
 * Disks as programs use them. The machine has a disk "data" of 1 MiB, empty at first, and a disk
 * "file" that holds this file.
 */
#include <errno.h>
#include <string.h>

#include <denali.h>

#include "check.h"

#define BLOCKS 40u

static uint32_t words[BLOCKS * DENALI_DISK_BLOCK_BYTES / 4 + 1];

static void fill(uint32_t seed)
{
    for (uint32_t i = 0; i < sizeof words / sizeof words[0]; i++)
        words[i] = (i + seed) * 2654435761u;
}

static int is_filled(uint32_t seed, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (words[i] != (i + seed) * 2654435761u)
            return 0;
    }
    return 1;
}

static void check_names(int data, int file)
{
    CHECK(data >= 0 && file >= 0 && data != file);
    CHECK(denali_disk_blocks(data) == 256);
    CHECK(denali_disk_blocks(file) >= 1);
    CHECK_ERRNO(denali_disk_find("dat"), ENODEV);
    CHECK(denali_disk_find("data2") == -1 && denali_disk_find("") == -1);
    CHECK(denali_disk_find(NULL) == 0 && denali_disk_wait(NULL, 0) == 0);
    CHECK(denali_disk_wait("file", UINT64_MAX) == file);
    uint64_t until_ns = denali_now_ns() + 1000000;
    CHECK_ERRNO(denali_disk_wait("data2", until_ns), ETIMEDOUT);
    CHECK(denali_now_ns() >= until_ns && denali_now_ns() < until_ns + 100000);
    CHECK(denali_disk_blocks(-1) == 0 && denali_disk_blocks(99) == 0);
}

static void check_transfers(int data)
{
    uint64_t start_ns, each_ns;
    memset(words, 0xff, sizeof words);
    CHECK(denali_disk_read(data, 0, 1, words) == 0);
    CHECK(words[0] == 0 && words[1023] == 0 && words[1024] == UINT32_MAX);
    fill(1);
    CHECK(denali_disk_write(data, 100, BLOCKS, words) == 0);
    memset(words, 0, sizeof words);
    CHECK(denali_disk_read(data, 100, BLOCKS, words) == 0);
    CHECK(is_filled(1, 0, BLOCKS * 1024));
    CHECK(words[BLOCKS * 1024] == 0); /* nothing past the last block */
    CHECK(denali_disk_read(data, 101, 1, words) == 0);
    CHECK(words[0] == (1024 + 1) * 2654435761u);
    CHECK(denali_disk_read(data, 0, 0, words) == 0);
    CHECK(denali_disk_read(data, 256, 0, words) == 0);
    /* At no multiple of anything. */
    CHECK(denali_disk_read(data, 100, 2, (char *)words + 13) == 0);
    CHECK(*(uint32_t *)((char *)words + 13) == 2654435761u);
    /* Together they take much less than one after the other. */
    start_ns = denali_now_ns();
    CHECK(denali_disk_read(data, 0, 1, words) == 0);
    each_ns = denali_now_ns() - start_ns;
    start_ns = denali_now_ns();
    CHECK(denali_disk_read(data, 0, BLOCKS, words) == 0);
    CHECK(denali_now_ns() - start_ns < BLOCKS * each_ns / 4);
}

static void check_errors(int data)
{
    CHECK_ERRNO(denali_disk_read(data, 256, 1, words), EINVAL);
    CHECK_ERRNO(denali_disk_write(data, 255, 2, words), EINVAL);
    CHECK(denali_disk_read(data, UINT64_MAX, 1, words) == -1);
    CHECK(denali_disk_read(data, 1, UINT32_MAX, words) == -1);
    CHECK_ERRNO(denali_disk_read(7, 0, 1, words), ENODEV);
    CHECK(denali_disk_write(-1, 0, 1, words) == -1);
}

int main(void)
{
    static const char first[] = "/*\n * Disks as programs use them.";
    int data = denali_disk_find("data");
    int file = denali_disk_find("file");
    check_names(data, file);
    check_transfers(data);
    check_errors(data);
    CHECK(denali_disk_read(file, 0, 1, words) == 0);
    CHECK(memcmp(words, first, sizeof first - 1) == 0);
    return checks_result("disk");
}
