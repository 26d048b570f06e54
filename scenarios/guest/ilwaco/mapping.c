/*
 * mmap for a machine without a pager: a mapping is a piece of heap. Anonymous ones are that and
 * nothing else; one of a file is a copy of what the file holds, which POSIX allows for private
 * mappings and for those nobody writes.
 */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine.h"

struct mapping {
    struct mapping *next;
    void *start;
    size_t length_bytes;
};

static struct mapping *mappings;

static void *refuse(int error)
{
    errno = error;
    return MAP_FAILED;
}

static size_t round_up(size_t length_bytes)
{
    return (length_bytes + MACHINE_PAGE_BYTES - 1) / MACHINE_PAGE_BYTES * MACHINE_PAGE_BYTES;
}

/* The file's bytes from offset, then zeros; 0 or -1. */
static int fill(char *start, size_t length_bytes, int descriptor, off_t offset)
{
    size_t done = 0;
    while (done < length_bytes) {
        ssize_t got = pread(descriptor, start + done, length_bytes - done, offset + (off_t)done);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    memset(start + done, 0, round_up(length_bytes) - done);
    return 0;
}

static int check(size_t length_bytes, int protection, int flags, off_t offset)
{
    int sharing = flags & (MAP_SHARED | MAP_PRIVATE);
    if (length_bytes == 0 || length_bytes > SSIZE_MAX || flags & MAP_FIXED || offset < 0 ||
        offset % (off_t)MACHINE_PAGE_BYTES || (sharing != MAP_SHARED && sharing != MAP_PRIVATE))
        return EINVAL;
    if (sharing == MAP_SHARED && protection & PROT_WRITE && !(flags & MAP_ANONYMOUS))
        return ENODEV;
    return 0;
}

void *mmap(void *address, size_t length_bytes, int protection, int flags, int descriptor,
           off_t offset)
{
    struct mapping *mapping;
    int error = check(length_bytes, protection, flags, offset);
    (void)address; /* a hint */
    if (error)
        return refuse(error);
    mapping = malloc(sizeof *mapping);
    if (!mapping)
        return refuse(ENOMEM);
    mapping->length_bytes = round_up(length_bytes);
    mapping->start = memalign(MACHINE_PAGE_BYTES, mapping->length_bytes);
    if (!mapping->start) {
        free(mapping);
        return refuse(ENOMEM);
    }
    if (flags & MAP_ANONYMOUS) {
        memset(mapping->start, 0, mapping->length_bytes);
    } else if (fill(mapping->start, length_bytes, descriptor, offset) != 0) {
        free(mapping->start);
        free(mapping);
        return MAP_FAILED;
    }
    mapping->next = mappings;
    mappings = mapping;
    return mapping->start;
}

int munmap(void *address, size_t length_bytes)
{
    for (struct mapping **next = &mappings; *next; next = &(*next)->next) {
        struct mapping *mapping = *next;
        if (mapping->start == address && mapping->length_bytes == round_up(length_bytes)) {
            *next = mapping->next;
            free(mapping->start);
            free(mapping);
            return 0;
        }
    }
    errno = EINVAL;
    return -1;
}

int mprotect(void *address, size_t length_bytes, int protection)
{
    (void)address;
    (void)length_bytes;
    (void)protection;
    return 0;
}

int msync(void *address, size_t length_bytes, int flags)
{
    (void)address;
    (void)length_bytes;
    (void)flags;
    return 0;
}
