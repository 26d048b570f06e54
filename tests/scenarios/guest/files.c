/* The tree of files from the inside: descriptors, names, directories, stdio, /dev, pipes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

#include <denali.h>

#include "check.h"

#define BIG_BYTES 300000

static int make(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t put = write(file, text, strlen(text));
    close(file);
    return file >= 0 && put == (ssize_t)strlen(text) ? 0 : -1;
}

static int holds(const char *path, const char *text)
{
    char found[256] = "";
    int file = open(path, O_RDONLY);
    ssize_t got = read(file, found, sizeof found - 1);
    close(file);
    return got == (ssize_t)strlen(text) && strcmp(found, text) == 0;
}

static void check_open(void)
{
    CHECK_ERRNO(open("/tmp/a", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/nowhere/a", O_CREAT | O_WRONLY, 0644), ENOENT);
    CHECK_ERRNO(open("/tmp", O_RDWR), EISDIR);
    CHECK(make("/tmp/a", "hello") == 0);
    CHECK(holds("/tmp/a", "hello"));
    CHECK_ERRNO(open("/tmp/a", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    CHECK_ERRNO(open("/tmp/a/b", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("/tmp/a/", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("/tmp/a", O_RDONLY | O_DIRECTORY), ENOTDIR);
    int file = open("/tmp/a", O_RDONLY);
    CHECK_ERRNO(write(file, "x", 1), EBADF);
    CHECK_ERRNO(ftruncate(file, 1), EINVAL);
    close(file);
    file = open("/tmp/a", O_WRONLY | O_APPEND);
    CHECK_ERRNO(read(file, &file, 1), EBADF);
    CHECK(write(file, " there", 6) == 6);
    CHECK(lseek(file, 0, SEEK_SET) == 0 && write(file, "!", 1) == 1);
    CHECK((fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND));
    close(file);
    CHECK(holds("/tmp/a", "hello there!"));
    CHECK(make("/tmp/a", "anew") == 0 && holds("/tmp/a", "anew"));
    char name[NAME_MAX + 8];
    memset(name, 'n', sizeof name);
    memcpy(name, "/tmp/", 5);
    name[sizeof name - 1] = 0;
    CHECK_ERRNO(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
}

static void check_offsets(void)
{
    char bytes[8];
    struct iovec pieces[2] = {{bytes, 2}, {bytes + 2, 4}};
    int file = open("/tmp/o", O_RDWR | O_CREAT, 0600);
    int twin = dup(file);
    CHECK(write(file, "0123456789", 10) == 10);
    CHECK(lseek(twin, 0, SEEK_CUR) == 10); /* one description */
    CHECK(lseek(file, 2, SEEK_SET) == 2 && read(twin, bytes, 3) == 3);
    CHECK(memcmp(bytes, "234", 3) == 0);
    CHECK(pread(file, bytes, 4, 6) == 4 && memcmp(bytes, "6789", 4) == 0);
    CHECK(lseek(file, 0, SEEK_CUR) == 5);
    CHECK(pwrite(file, "AB", 2, 9) == 2 && lseek(file, 0, SEEK_END) == 11);
    CHECK_ERRNO(lseek(file, -1, SEEK_SET), EINVAL);
    CHECK(lseek(file, 100, SEEK_SET) == 100 && read(file, bytes, 1) == 0);
    CHECK(write(file, "z", 1) == 1);
    CHECK(pread(file, bytes, 8, 50) == 8 && memcmp(bytes, "\0\0\0\0\0\0\0\0", 8) == 0);
    CHECK(ftruncate(file, 3) == 0 && ftruncate(file, 6) == 0);
    CHECK(pread(file, bytes, 8, 0) == 6 && memcmp(bytes, "012\0\0\0", 6) == 0);
    lseek(file, 0, SEEK_SET);
    CHECK(readv(file, pieces, 2) == 6);
    lseek(file, 0, SEEK_SET);
    CHECK(writev(file, pieces, 2) == 6);
    CHECK(unlink("/tmp/o") == 0); /* goes on without a name */
    CHECK(pread(twin, bytes, 1, 0) == 1);
    struct stat status;
    CHECK(fstat(twin, &status) == 0 && status.st_nlink == 0 && status.st_size == 6);
    close(file);
    close(twin);
    CHECK_ERRNO(lseek(1, 0, SEEK_CUR), ESPIPE);
}

static void check_big(void)
{
    char *bytes = malloc(BIG_BYTES), *back = malloc(BIG_BYTES);
    for (int i = 0; i < BIG_BYTES; i++)
        bytes[i] = (char)(i * 2654435761u >> 24);
    FILE *stream = fopen("/tmp/big", "w+");
    CHECK(stream && fwrite(bytes, 1, BIG_BYTES, stream) == BIG_BYTES);
    CHECK(fseek(stream, 0, SEEK_SET) == 0 && fread(back, 1, BIG_BYTES, stream) == BIG_BYTES);
    CHECK(memcmp(bytes, back, BIG_BYTES) == 0);
    CHECK(fseek(stream, -3, SEEK_END) == 0 && fgetc(stream) == (unsigned char)bytes[BIG_BYTES - 3]);
    fclose(stream);
    int file = open("/tmp/big", O_RDONLY);
    char *map = mmap(NULL, BIG_BYTES, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(map != MAP_FAILED && memcmp(map, bytes, BIG_BYTES) == 0);
    CHECK(munmap(map, BIG_BYTES) == 0);
    CHECK(mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED);
    close(file);
    CHECK(truncate("/tmp/big", 5) == 0 && unlink("/tmp/big") == 0);
    /* A machine's memory ends, and its files with it. */
    file = open("/tmp/full", O_WRONLY | O_CREAT, 0600);
    long put = 0;
    while (write(file, bytes, BIG_BYTES) == BIG_BYTES)
        put++;
    CHECK(put > 10 && put < 100);
    CHECK_ERRNO(write(file, bytes, BIG_BYTES), ENOSPC);
    close(file);
    CHECK(unlink("/tmp/full") == 0);
    free(bytes);
    free(back);
}

static void check_names(void)
{
    struct stat status;
    char text[64];
    CHECK(mkdir("/d", 0755) == 0 && mkdir("/d/e", 0700) == 0);
    CHECK_ERRNO(mkdir("/d", 0755), EEXIST);
    CHECK_ERRNO(rmdir("/d"), ENOTEMPTY);
    CHECK_ERRNO(unlink("/d/e"), EISDIR);
    CHECK(make("/d/e/f", "1") == 0);
    CHECK(stat("/d/e/f", &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 1);
    CHECK((status.st_mode & 0777) == 0644);
    CHECK(chmod("/d/e/f", 0400) == 0 && access("/d/e/f", R_OK | W_OK) == 0);
    CHECK_ERRNO(access("/d/e/f", X_OK), EACCES);
    CHECK(rename("/d/e/f", "/d/g") == 0 && holds("/d/g", "1"));
    CHECK_ERRNO(stat("/d/e/f", &status), ENOENT);
    CHECK_ERRNO(rename("/d", "/d/e/d"), EINVAL);
    CHECK_ERRNO(rename("/d/g", "/d/e"), EISDIR);
    CHECK(make("/d/h", "2") == 0 && rename("/d/h", "/d/g") == 0 && holds("/d/g", "2"));
    CHECK(symlink("g", "/d/link") == 0 && holds("/d/link", "2"));
    CHECK(lstat("/d/link", &status) == 0 && S_ISLNK(status.st_mode));
    CHECK(readlink("/d/link", text, sizeof text) == 1 && text[0] == 'g');
    CHECK(symlink("/d/loop", "/d/loop") == 0);
    CHECK_ERRNO(stat("/d/loop", &status), ELOOP);
    CHECK_ERRNO(link("/d/g", "/d/g2"), EPERM);
    CHECK(chdir("/d/e") == 0 && strcmp(getcwd(text, sizeof text), "/d/e") == 0);
    CHECK(holds("../g", "2") && holds("./.././g", "2"));
    CHECK(realpath("../link", text) && strcmp(text, "/d/g") == 0);
    CHECK(getcwd(text, 4) == NULL && errno == ERANGE);
    CHECK(chdir("/") == 0 && rmdir("/d/e") == 0);
    CHECK(unlink("/d/loop") == 0 && remove("/d/link") == 0 && remove("/d/g") == 0);
    CHECK(remove("/d") == 0);
    CHECK_ERRNO(rmdir("/"), EBUSY);
    struct utimbuf times = {.modtime = 1234};
    CHECK(utime("/tmp/a", &times) == 0 && stat("/tmp/a", &status) == 0 && status.st_mtime == 1234);
    CHECK(umask(077) == 022 && make("/tmp/private", "") == 0 && umask(022) == 077);
    CHECK(stat("/tmp/private", &status) == 0 && (status.st_mode & 0777) == 0600);
}

static void check_directories(void)
{
    char seen[64] = "";
    struct dirent **list;
    CHECK(mkdir("/l", 0755) == 0 && make("/l/b", "") == 0 && make("/l/a", "") == 0);
    CHECK(mkdir("/l/c", 0755) == 0);
    DIR *stream = opendir("/l");
    for (struct dirent *entry = readdir(stream); entry; entry = readdir(stream)) {
        strcat(strcat(seen, entry->d_name), entry->d_type == DT_DIR ? "/ " : " ");
        if (strcmp(entry->d_name, "b") == 0)
            CHECK(unlink("/l/b") == 0); /* under its feet */
    }
    CHECK(strcmp(seen, "./ ../ b a c/ ") == 0);
    rewinddir(stream);
    CHECK(strcmp(readdir(stream)->d_name, ".") == 0 && closedir(stream) == 0);
    CHECK(scandir("/l", &list, NULL, alphasort) == 4);
    CHECK(strcmp(list[2]->d_name, "a") == 0 && strcmp(list[3]->d_name, "c") == 0);
    CHECK(opendir("/l/a") == NULL && errno == ENOTDIR);
    int directory = open("/l", O_RDONLY | O_DIRECTORY);
    int file = openat(directory, "new", O_CREAT | O_WRONLY, 0644);
    CHECK(file >= 0 && access("/l/new", F_OK) == 0);
    CHECK_ERRNO(read(directory, seen, 1), EISDIR);
    CHECK(fchdir(directory) == 0 && access("new", F_OK) == 0 && chdir("/") == 0);
    close(file);
    close(directory);
}

/* Makes files of the numbers from..to; the time it took. */
static uint64_t crowd_grow(int from, int to)
{
    uint64_t begin_ns = denali_now_ns();
    char path[32];
    for (int i = from; i < to; i++) {
        sprintf(path, "/crowd/%d", i);
        CHECK(make(path, "") == 0);
    }
    return denali_now_ns() - begin_ns;
}

/* A folder of many: a name takes no longer to find for that, and the next to be told neither. */
static void check_crowd(void)
{
    int count = 0;
    CHECK(mkdir("/crowd", 0755) == 0);
    uint64_t first_ns = crowd_grow(0, 400);
    (void)crowd_grow(400, 2600);
    CHECK(crowd_grow(2600, 3000) < 2 * first_ns);
    CHECK(access("/crowd/1234", F_OK) == 0 && access("/crowd/3000", F_OK) != 0);
    uint64_t begin_ns = denali_now_ns();
    DIR *stream = opendir("/crowd");
    while (readdir(stream))
        count++;
    closedir(stream);
    CHECK(count == 3002 && denali_now_ns() - begin_ns < 4 * first_ns);
}

static void check_devices(void)
{
    unsigned char bytes[300] = {1};
    struct stat status;
    int file = open("/dev/null", O_RDWR);
    CHECK(write(file, bytes, 300) == 300 && read(file, bytes, 300) == 0);
    CHECK(fstat(file, &status) == 0 && S_ISCHR(status.st_mode));
    close(file);
    file = open("/dev/zero", O_RDONLY);
    CHECK(read(file, bytes, 300) == 300 && bytes[0] == 0);
    close(file);
    file = open("/dev/full", O_WRONLY);
    CHECK_ERRNO(write(file, bytes, 1), ENOSPC);
    close(file);
    int sum = 0;
    file = open("/dev/urandom", O_RDONLY);
    CHECK(read(file, bytes, 300) == 300);
    for (int i = 0; i < 300; i++)
        sum += bytes[i];
    CHECK(sum > 20000 && sum < 60000);
    close(file);
    file = open("/dev/tty", O_WRONLY);
    CHECK(isatty(file) && write(file, "tty\n", 4) == 4);
    close(file);
    CHECK(write(1, "still open\n", 11) == 11);
}

static void check_stdio(void)
{
    char line[32];
    int number = 0;
    FILE *stream = fopen("/tmp/s", "w");
    CHECK(stream && fprintf(stream, "one\nnumber %d\n", 42) > 0 && fclose(stream) == 0);
    stream = fopen("/tmp/s", "r");
    CHECK(fgets(line, sizeof line, stream) && strcmp(line, "one\n") == 0);
    CHECK(fscanf(stream, "number %d", &number) == 1 && number == 42);
    fclose(stream);
    stream = fopen("/tmp/s", "a");
    CHECK(stream && fputs("end\n", stream) >= 0 && fclose(stream) == 0);
    CHECK(holds("/tmp/s", "one\nnumber 42\nend\n"));
    CHECK(fopen("/tmp/none", "r") == NULL && errno == ENOENT);
    stream = tmpfile();
    CHECK(stream && fputs("t", stream) >= 0 && fclose(stream) == 0);
    char name[] = "/tmp/xXXXXXX", other[] = "/tmp/xXXXXXX";
    int a = mkstemp(name), b = mkstemp(other);
    CHECK(a >= 0 && b >= 0 && strcmp(name, other) != 0);
    close(a);
    close(b);
    /* Standard output can be a file, and the console again. */
    fflush(stdout);
    int console = dup(1), file = open("/tmp/out", O_CREAT | O_WRONLY, 0644);
    CHECK(dup2(file, 1) == 1);
    printf("into the file\n");
    fflush(stdout);
    CHECK(dup2(console, 1) == 1 && holds("/tmp/out", "into the file\n"));
    close(console);
    close(file);
}

static void check_patterns(void)
{
    static const struct {
        const char *pattern, *text;
        int flags, result;
    } cases[] = {
        {"*.c", "a.c", 0, 0},
        {"*.c", ".c", FNM_PERIOD, FNM_NOMATCH},
        {"a*b*c", "aXbYbZc", 0, 0},
        {"a*b", "aXc", 0, FNM_NOMATCH},
        {"?[a-c!]", "xb", 0, 0},
        {"[!a]", "a", 0, FNM_NOMATCH},
        {"[]-]", "]", 0, 0},
        {"[a", "[a", 0, 0},
        {"\\*", "*", 0, 0},
        {"\\*", "x", 0, FNM_NOMATCH},
        {"a/*", "a/b/c", 0, 0},
        {"a/*", "a/b/c", FNM_PATHNAME, FNM_NOMATCH},
        {"*/b", "a/b", FNM_PATHNAME, 0},
        {"", "", 0, 0},
        {"*", "", 0, 0},
        {"a?", "a/", FNM_PATHNAME, FNM_NOMATCH},
    };
    glob_t found;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(fnmatch(cases[i].pattern, cases[i].text, cases[i].flags) == cases[i].result);
    CHECK(mkdir("/g", 0755) == 0 && mkdir("/g/sub", 0755) == 0 && make("/g/b.conf", "") == 0);
    CHECK(make("/g/a.conf", "") == 0 && make("/g/.c.conf", "") == 0 && make("/g/sub/d", "") == 0);
    CHECK(glob("/g/*.conf", 0, NULL, &found) == 0 && found.gl_pathc == 2);
    CHECK(strcmp(found.gl_pathv[0], "/g/a.conf") == 0 &&
          strcmp(found.gl_pathv[1], "/g/b.conf") == 0);
    CHECK(found.gl_pathv[2] == NULL);
    globfree(&found);
    CHECK(glob("/g/none*", 0, NULL, &found) == GLOB_NOMATCH);
    CHECK(glob("/g/s*/?", GLOB_MARK, NULL, &found) == 0 && found.gl_pathc == 1);
    CHECK(glob("/g/s*", GLOB_MARK | GLOB_APPEND, NULL, &found) == 0 && found.gl_pathc == 2);
    CHECK(strcmp(found.gl_pathv[1], "/g/sub/") == 0);
    globfree(&found);
}

static void check_lines(void)
{
    char *line = NULL;
    size_t room = 0;
    char long_line[400];
    memset(long_line, 'l', sizeof long_line - 2);
    memcpy(long_line + sizeof long_line - 2, "\n", 2);
    CHECK(make("/tmp/lines", "one\n\n") == 0);
    FILE *stream = fopen("/tmp/lines", "a+");
    CHECK(fputs(long_line, stream) >= 0 && fputs("end", stream) >= 0);
    rewind(stream);
    CHECK(getline(&line, &room, stream) == 4 && strcmp(line, "one\n") == 0);
    CHECK(getline(&line, &room, stream) == 1);
    CHECK(getline(&line, &room, stream) == 399 && strcmp(line, long_line) == 0);
    CHECK(getline(&line, &room, stream) == 3 && strcmp(line, "end") == 0);
    CHECK(getline(&line, &room, stream) == -1 && feof(stream));
    free(line);
    fclose(stream);
    static const char *const names[][3] = {
        {"/usr/lib", "/usr", "lib"}, {"/usr/", "/", "usr"}, {"usr", ".", "usr"},  {"/", "/", "/"},
        {"..", ".", ".."},           {"", ".", "."},        {"a//b//", "a", "b"}, {"//", "/", "/"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[16], other[16];
        strcpy(path, names[i][0]);
        strcpy(other, names[i][0]);
        CHECK(strcmp(dirname(path), names[i][1]) == 0);
        CHECK(strcmp(basename(other), names[i][2]) == 0);
    }
}

static void check_pipes(void)
{
    char bytes[5000];
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct pollfd wait = {ends[0], POLLIN, 0};
    CHECK(poll(&wait, 1, 0) == 0);
    CHECK(write(ends[1], "wake", 4) == 4 && poll(&wait, 1, 0) == 1);
    int waiting = 0;
    CHECK(ioctl(ends[0], FIONREAD, &waiting) == 0 && waiting == 4);
    CHECK(read(ends[0], bytes, sizeof bytes) == 4 && memcmp(bytes, "wake", 4) == 0);
    CHECK_ERRNO(write(ends[0], "x", 1), EBADF);
    CHECK(write(ends[1], bytes, sizeof bytes) == 4096);
    CHECK_ERRNO(write(ends[1], bytes, 1), EDEADLK);
    CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    CHECK_ERRNO(write(ends[1], bytes, 1), EAGAIN);
    CHECK(read(ends[0], bytes, sizeof bytes) == 4096);
    close(ends[1]);
    CHECK(read(ends[0], bytes, 1) == 0);
    close(ends[0]);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(write(ends[0], "to", 2) == 2 && write(ends[1], "fro", 3) == 3);
    CHECK(read(ends[0], bytes, 9) == 3 && read(ends[1], bytes, 9) == 2);
    close(ends[0]);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
    close(ends[1]);
}

int main(void)
{
    check_open();
    check_offsets();
    check_big();
    check_names();
    check_directories();
    check_crowd();
    check_devices();
    check_stdio();
    check_patterns();
    check_lines();
    check_pipes();
    return checks_result("files");
}
