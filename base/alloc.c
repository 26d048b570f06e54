/* Allocation that cannot fail quietly. */
#include <base/alloc.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory, size_t count, size_t size_bytes)
{
    if (!memory && count && size_bytes) {
        fprintf(stderr,
                "denali: the host is out of memory (%zu x %zu bytes more were needed): run fewer "
                "nodes, or give the machine more memory\n",
                count, size_bytes);
        exit(3);
    }
    return memory;
}

void *alloc_zeroed(size_t count, size_t size_bytes)
{
    return checked(calloc(count, size_bytes), count, size_bytes);
}

void *alloc_grow(void *memory, size_t count, size_t size_bytes)
{
    if (size_bytes && count > SIZE_MAX / size_bytes) {
        return checked(NULL, count, size_bytes);
    }
    return checked(realloc(memory, count * size_bytes), count, size_bytes);
}

char *alloc_text(const char *text)
{
    size_t size_bytes = strlen(text) + 1;
    return memcpy(alloc_zeroed(size_bytes, 1), text, size_bytes);
}
