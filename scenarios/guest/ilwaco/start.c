/*
 * From the first instruction to main, and from its end to terminate. The boot text (arguments and
 * environment) is in the register page, which takes only 32-bit reads: it is copied to the heap.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "net.h"
#include "runtime.h"

#define EXIT_ABORTED 134u

extern char **environ;
extern int main(int argc, char **argv, char **envp);

/* Constructors and destructors; the linker script gathers them. */
typedef void hook(void);
extern hook *const __preinit_array_start[], *const __preinit_array_end[];
extern hook *const __init_array_start[], *const __init_array_end[];
extern hook *const __fini_array_start[], *const __fini_array_end[];

void ilwaco_start(void) __attribute__((noreturn));

void ilwaco_panic(const char *text)
{
    static const char prefix[] = "ilwaco: ";
    console_write(prefix, sizeof prefix - 1);
    console_write(text, strlen(text));
    console_write("\n", 1);
    machine_terminate(EXIT_ABORTED);
}

void _exit(int code)
{
    machine_terminate((uint32_t)code);
}

/* Cuts count strings off the text, which ends at end; stores them and a NULL. */
static char *cut_strings(char *text, const char *end, char **strings, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        strings[i] = text;
        while (text < end && *text)
            text++;
        if (text < end)
            text++;
    }
    strings[count] = NULL;
    return text;
}

/* argv, its NULL, the environment, its NULL, the text: one piece of heap. */
static char **take_boot_text(uint32_t *argc)
{
    uint32_t size_bytes = machine_register_read(ABI_REG_BOOT_SIZE);
    uint32_t words = (size_bytes + 3) / 4;
    uint32_t envc = machine_register_read(ABI_REG_BOOT_ENVC);
    uint32_t strings;
    char **argv;
    uint32_t *text;
    *argc = machine_register_read(ABI_REG_BOOT_ARGC);
    strings = *argc + envc + 2;
    argv = malloc(strings * sizeof *argv + words * 4 + 4);
    if (!argv)
        ilwaco_panic("not enough memory for the arguments");
    text = (uint32_t *)(argv + strings);
    for (uint32_t i = 0; i < words; i++)
        text[i] = machine_register_read(ABI_REG_BOOT_TEXT + 4 * i);
    ((char *)text)[size_bytes] = 0;
    environ = argv + *argc + 1;
    cut_strings(cut_strings((char *)text, (char *)text + size_bytes, argv, *argc),
                (char *)text + size_bytes, environ, envc);
    return argv;
}

static void run_hooks(hook *const *next, hook *const *end)
{
    for (; next < end; next++)
        (*next)();
}

static void run_destructors(void)
{
    for (hook *const *next = __fini_array_end; next > __fini_array_start;)
        (*--next)();
}

void ilwaco_start(void)
{
    uint32_t argc;
    char **argv = take_boot_text(&argc);
    net_init();
    atexit(net_drain); /* registered first, so that it runs last */
    run_hooks(__preinit_array_start, __preinit_array_end);
    run_hooks(__init_array_start, __init_array_end);
    atexit(run_destructors);
    exit(main((int)argc, argv, environ));
}
