/* The console as a file: a write is one operation, a read waits for typed or scripted bytes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "file.h"
#include "machine.h"
#include "runtime.h"

#define NO_BYTE ABI_CONSOLE_NONE

/* A byte taken from the machine that nobody has read yet; ABI_CONSOLE_END stays. */
static uint32_t peeked = NO_BYTE;

void console_write(const void *bytes, uint32_t length_bytes)
{
    const uint8_t *next = bytes;
    while (length_bytes > 0) {
        uint32_t piece =
            length_bytes < ABI_CONSOLE_WRITE_MAX ? length_bytes : ABI_CONSOLE_WRITE_MAX;
        struct abi_buffer buffer = {(uint32_t)(uintptr_t)next, piece};
        machine_port_command(ABI_PORT_CONSOLE_WRITE, &buffer);
        next += piece;
        length_bytes -= piece;
    }
}

static ssize_t write_all(struct file *file, const void *bytes, size_t length_bytes)
{
    (void)file;
    console_write(bytes, length_bytes);
    return (ssize_t)length_bytes;
}

static short ready(struct file *file)
{
    (void)file;
    if (peeked == NO_BYTE)
        peeked = machine_port_read(ABI_PORT_CONSOLE_BYTE);
    return POLLOUT | (peeked == NO_BYTE ? 0 : POLLIN);
}

/* What is there, at most a line; waits only for the first byte. 0 at the end of the input. */
static ssize_t read_some(struct file *file, void *bytes, size_t length_bytes)
{
    char *next = bytes;
    size_t got = 0;
    if (length_bytes == 0)
        return 0;
    if (file_await(file, POLLIN, false, MACHINE_FOREVER_NS) != 0)
        return -1;
    while (got < length_bytes && (ready(file) & POLLIN) && peeked != ABI_CONSOLE_END) {
        next[got] = (char)peeked;
        peeked = NO_BYTE;
        if (next[got++] == '\n')
            break;
    }
    return (ssize_t)got;
}

static void close_nothing(struct file *file)
{
    (void)file;
}

static const struct file_ops console_ops = {
    .read = read_some,
    .write = write_all,
    .ready = ready,
    .close = close_nothing,
    .is_console = true,
    .in_pieces = true,
};

struct file console_file = {&console_ops, 3, false, O_RDWR};
