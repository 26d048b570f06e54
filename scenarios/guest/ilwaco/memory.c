/* The heap: from the end of the program to the end of the machine's memory. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "machine.h"

extern char __denali_heap_start[];

static uintptr_t heap_end;

void *sbrk(ptrdiff_t increment)
{
    uintptr_t least = (uintptr_t)__denali_heap_start;
    uintptr_t most = machine_register_read(ABI_REG_MEMORY_SIZE);
    uintptr_t old_end = heap_end ? heap_end : least;
    if (increment > 0 ? most < old_end || (uintptr_t)increment > most - old_end
                      : (uintptr_t)-increment > old_end - least) {
        errno = ENOMEM;
        return (void *)-1;
    }
    heap_end = old_end + (uintptr_t)increment;
    return (void *)old_end;
}
