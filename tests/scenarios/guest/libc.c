/*
 * The C library on the machine: startup, printf, memory, mathematics, time, files, constructors.
 * Run with the arguments "one" and "two words".
 */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <denali.h>

#include "check.h"

static int constructed;

static void __attribute__((constructor)) construct(void)
{
    constructed++;
}

static bool prints(const char *expected, const char *text)
{
    return strcmp(expected, text) == 0;
}

static void check_start(int argc, char **argv)
{
    CHECK(constructed == 1);
    CHECK(argc == 3);
    CHECK(argc > 1 && strcmp(argv[1], "one") == 0);
    CHECK(argc > 2 && strcmp(argv[2], "two words") == 0);
    CHECK(argv[argc] == NULL);
    CHECK(getenv("NO_SUCH_VARIABLE") == NULL);
    CHECK(denali_node_count() >= 1 && denali_node_index() < denali_node_count());
}

static void check_print(void)
{
    char text[128];
    /* Through volatiles, so that the machine computes and not the compiler. */
    volatile double third = 1.0 / 3, big = 6.02214076e23;
    volatile uint64_t all = UINT64_MAX;
    snprintf(text, sizeof text, "%.17g", third);
    CHECK(prints("0.33333333333333331", text));
    snprintf(text, sizeof text, "%g %e %.3f", big, big, third);
    CHECK(prints("6.02214e+23 6.022141e+23 0.333", text));
    snprintf(text, sizeof text, "%" PRIu64 " %lld %zu %hhu", all, -1234567890123ll, sizeof all,
             200);
    CHECK(prints("18446744073709551615 -1234567890123 8 200", text));
    snprintf(text, sizeof text, "%-6s|%06d|%#x|%c|%p", "ab", 42, 255, 'z', (void *)4096);
    CHECK(prints("ab    |000042|0xff|z|0x1000", text));
    CHECK(strtod("2.5e-3x", NULL) == 2.5e-3);
    CHECK(strtoull("18446744073709551615", NULL, 10) == all);
    int first = 0, second = 0;
    CHECK(sscanf("12 0x1f", "%d %i", &first, &second) == 2 && first == 12 && second == 31);
}

static void check_arithmetic(void)
{
    volatile uint64_t numerator = 0xfedcba9876543210ull, divisor = 1000000007;
    volatile int64_t negative = -1000000000000;
    volatile double one = 1, ten = 10, two = 2;
    CHECK(numerator / divisor == 18364758415ull && numerator % divisor == 939755815ull);
    CHECK(negative / 7 == -142857142857 && negative % 7 == -1);
    CHECK(fabs(sin(one) - 0.84147098480789651) < 1e-15);
    CHECK(fabs(exp(one) - 2.71828182845904524) < 1e-15);
    CHECK(fabs(log(ten) - 2.30258509299404568) < 1e-15);
    CHECK(fabs(pow(two, 0.5) - 1.41421356237309505) < 1e-15);
    CHECK(fabs(atan2(one, one) - 0.78539816339744831) < 1e-15);
    CHECK(fmod(ten, 3) == 1 && sqrt(two * two) == 2 && floor(-0.5) == -1);
    CHECK(isnan(sqrt(-one)) && isinf(one / (two - 2)));
    CHECK((int)-2.7 == -2 && lrint(2.5) == 2 && (uint64_t)1e18 == 1000000000000000000ull);
}

static int compare(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

static void check_memory(void)
{
    enum { COUNT = 500 };
    static int numbers[COUNT];
    unsigned char *pieces[COUNT];
    bool whole = true;
    for (int i = 0; i < COUNT; i++) {
        pieces[i] = malloc(1 + (size_t)i);
        whole = whole && pieces[i];
        memset(pieces[i], i, 1 + (size_t)i);
    }
    for (int i = 0; i < COUNT; i += 2)
        free(pieces[i]);
    for (int i = 1; i < COUNT; i += 2) {
        for (int j = 0; j <= i; j++)
            whole = whole && pieces[i][j] == (unsigned char)i;
        free(pieces[i]);
    }
    CHECK(whole);
    CHECK(malloc(0x7fffffff) == NULL && errno == ENOMEM);
    char *text = realloc(strdup("grow"), 1000);
    CHECK(text && strcmp(text, "grow") == 0);
    free(text);
    srand(1);
    for (int i = 0; i < COUNT; i++)
        numbers[i] = rand() % 1000;
    qsort(numbers, COUNT, sizeof numbers[0], compare);
    bool sorted = true;
    for (int i = 1; i < COUNT; i++)
        sorted = sorted && numbers[i - 1] <= numbers[i];
    CHECK(sorted);
    char moved[] = "0123456789";
    memmove(moved + 2, moved, 8);
    CHECK(strcmp(moved, "0101234567") == 0 && memchr(moved, '7', 10) == moved + 9);
    memmove(moved, moved + 2, 8);
    CHECK(strcmp(moved, "0123456767") == 0 && strlen(moved) == 10 && !strchr(moved, 'x'));
}

/* Every length and alignment, with the bytes around untouched. */
static void check_copies(void)
{
    unsigned char from[80], to[80];
    int wrong = 0;
    for (int i = 0; i < 80; i++)
        from[i] = (unsigned char)(i + 1);
    for (size_t start = 0; start < 8; start++) {
        for (size_t length = 0; length < 64; length++) {
            memset(to, 0xee, sizeof to);
            wrong += memcpy(to + start, from + 7 - start, length) != to + start;
            for (size_t i = 0; i < sizeof to; i++)
                wrong +=
                    to[i] != (i < start || i >= start + length ? 0xee : from[7 + i - 2 * start]);
            wrong += memset(to + start, 0x1a5, length) != to + start;
            for (size_t i = 0; i < sizeof to; i++)
                wrong += to[i] != (i < start || i >= start + length ? 0xee : 0xa5);
        }
    }
    CHECK(wrong == 0);
}

static void check_time(void)
{
    struct timespec before, after, pause = {1, 500000000};
    struct timeval wall;
    uint64_t before_ns = denali_now_ns();
    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    CHECK(nanosleep(&pause, NULL) == 0);
    CHECK(clock_gettime(CLOCK_REALTIME, &after) == 0);
    int64_t slept_ns =
        (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec;
    CHECK(slept_ns >= 1500000000 && slept_ns < 1501000000);
    CHECK(usleep(1000) == 0 && denali_now_ns() - before_ns >= 1501000000);
    CHECK(gettimeofday(&wall, NULL) == 0 && wall.tv_sec >= after.tv_sec);
    CHECK(time(NULL) == wall.tv_sec);
    pause.tv_nsec = 1000000000;
    CHECK_ERRNO(nanosleep(&pause, NULL), EINVAL);
    CHECK_ERRNO(clock_gettime((clockid_t)77, &before), EINVAL);
}

static void check_entropy(void)
{
    unsigned char first[256] = {0}, second[256] = {0}, guarded[12] = {0};
    int zeros = 0;
    CHECK(getentropy(first, sizeof first) == 0 && getentropy(second, sizeof second) == 0);
    for (size_t i = 0; i < sizeof first; i++)
        zeros += first[i] == 0;
    CHECK(memcmp(first, second, sizeof first) != 0 && zeros < 20);
    CHECK(getentropy(guarded + 4, 3) == 0);
    CHECK(guarded[3] == 0 && guarded[7] == 0 && (guarded[4] | guarded[5] | guarded[6]) != 0);
    CHECK(getentropy(first, 0) == 0);
    CHECK_ERRNO(getentropy(first, 257), EIO);
    CHECK(arc4random() != arc4random() || arc4random() != arc4random());
}

/* This machine has neither; a program is told so, and nothing faults. */
static void check_screen(void)
{
    struct denali_key key;
    struct denali_picture picture = {"", 1, 1, 4, NULL};
    uint32_t width, height;
    CHECK_ERRNO(denali_screen_size(&width, &height), ENODEV);
    CHECK_ERRNO(denali_screen_show(&picture), ENODEV);
    CHECK_ERRNO(denali_screen_show(NULL), ENODEV);
    uint64_t until_ns = denali_now_ns() + 1000000;
    CHECK(denali_keyboard_next(&key, 0) == 0 && denali_now_ns() < until_ns);
    CHECK(denali_keyboard_next(&key, until_ns) == 0 && denali_now_ns() >= until_ns);
}

static volatile sig_atomic_t raised;

static void on_signal(int signal_number)
{
    raised = signal_number;
}

static void check_system(void)
{
    struct stat status;
    int copy = dup(1);
    CHECK(copy == 3 && isatty(copy) && write(copy, "via dup\n", 8) == 8 && close(copy) == 0);
    CHECK_ERRNO(write(copy, "x", 1), EBADF);
    CHECK_ERRNO(open("/etc/passwd", O_RDONLY), ENOENT);
    CHECK(fopen("/etc/passwd", "r") == NULL);
    CHECK(fstat(1, &status) == 0 && S_ISCHR(status.st_mode));
    CHECK_ERRNO(lseek(0, 0, SEEK_SET), ESPIPE);
    CHECK(fcntl(0, F_SETFL, O_NONBLOCK) == 0 && (fcntl(0, F_GETFL) & O_NONBLOCK));
    CHECK(getpid() == 1);
    signal(SIGUSR1, on_signal);
    CHECK(raise(SIGUSR1) == 0 && raised == SIGUSR1);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    check_print();
    check_arithmetic();
    check_memory();
    check_copies();
    check_time();
    check_entropy();
    check_screen();
    check_system();
    denali_observe("libc.failed", checks_failed);
    denali_milestone("libc.done");
    fprintf(stderr, "standard error: %d\n", checks_failed);
    return checks_result("libc");
}
