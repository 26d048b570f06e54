/*
 * The kernels on the host processor itself, as a 32-bit program compiled like the guests': reads
 * names of kernels, one a line, and answers each with its checksum and the nanoseconds of processor
 * time it took.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#define X(name) unsigned name##_kernel(void);
KERNELS
#undef X

static const struct {
    const char *name;
    unsigned (*run)(void);
} kernels[] = {
#define X(name) {#name, name##_kernel},
    KERNELS
#undef X
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(void)
{
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        for (unsigned i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
            if (strcmp(kernels[i].name, line) == 0) {
                double start = now_ns();
                unsigned sum = kernels[i].run();
                printf("%u %.0f\n", sum, now_ns() - start);
                fflush(stdout);
            }
        }
    }
    return 0;
}
