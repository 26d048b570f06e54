/* Random bytes from the machine; newlib's arc4random draws from here too. */
#include <errno.h>
#include <unistd.h>

#include "machine.h"

int getentropy(void *bytes, size_t length_bytes)
{
    struct abi_buffer buffer = {(uint32_t)(uintptr_t)bytes, length_bytes};
    if (length_bytes > ABI_ENTROPY_FILL_MAX) {
        errno = EIO; /* as POSIX and newlib have it */
        return -1;
    }
    if (length_bytes > 0)
        machine_port_command(ABI_PORT_ENTROPY, &buffer);
    return 0;
}
