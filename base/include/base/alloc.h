/*
 * Allocation of the host's own small structures. Running out of host memory for them cannot be
 * handled usefully, so these report it and end the process; what a guest or scenario can make
 * large (frames, queues, console text) is bounded by its limits before it gets here.
 */
#ifndef DENALI_BASE_ALLOC_H
#define DENALI_BASE_ALLOC_H

#include <stddef.h>

/* Zeroed; never NULL. */
void *alloc_zeroed(size_t count, size_t size_bytes) __attribute__((malloc));
/* As realloc; never NULL. Grown bytes are not zeroed. */
void *alloc_grow(void *memory, size_t count, size_t size_bytes);
char *alloc_text(const char *text);

#endif
