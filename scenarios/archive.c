/*
 * A group's files as one ustar archive (POSIX.1-1988, "Extended tar Format"). Entries are gathered,
 * sorted by name and written with fixed owners and times, so that the archive is a function of the
 * files' names and bytes alone.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "resolve.h"
#include "scenarios/scenario.h"

#define BLOCK_BYTES  512u
#define NAME_BYTES   100u
#define PREFIX_BYTES 155u
#define PATH_BYTES   256u /* longer ones are refused before anything is cut */

/* What an archive has one header for. */
struct member {
    char *path;       /* in the archive, without leading slash */
    char *source;     /* a file here; NULL: text, or a folder */
    const char *text; /* the scenario's */
    uint64_t size_bytes;
    bool is_folder;
    bool is_executable;
    uint32_t entry; /* of the group's files, for messages */
};

struct packing {
    const struct scn_scenario *scenario;
    uint32_t group;
    struct member *members;
    uint32_t count;
    uint64_t size_bytes; /* of the archive so far */
    struct error *error;
};

bool scn_group_has_files(const struct scn_group *group)
{
    return group->file_count > 0 || group->archive_path != NULL;
}

static enum status fail(const struct packing *packing, uint32_t entry, enum status status,
                        const char *what, const char *path)
{
    const struct scn_group *group = &packing->scenario->groups[packing->group];
    char field[64];
    snprintf(field, sizeof field, "groups.%u.files.%u", packing->group, entry);
    return scn_error_at(packing->scenario, field, packing->error, status,
                        "groups.%s.files.%u: %.300s: %s", group->name, entry, path, what);
}

static enum status member_add(struct packing *packing, struct member member)
{
    if (packing->count == SCN_FILES_MAX) {
        return fail(packing, member.entry, STATUS_INVALID,
                    "is one too many; expected at most 65536 files and folders", member.path);
    }
    packing->size_bytes +=
        BLOCK_BYTES + (member.size_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    if (packing->size_bytes > SCN_FILES_BYTES_MAX) {
        return fail(packing, member.entry, STATUS_INVALID,
                    "does not fit: expected 256 MiB at most in all; put large ones on a disk with "
                    "a 'mount'",
                    member.path);
    }
    if ((packing->count & (packing->count - 1)) == 0) {
        packing->members = alloc_grow(packing->members, packing->count ? 2 * packing->count : 1,
                                      sizeof *packing->members);
    }
    member.path = alloc_text(member.path);
    member.source = member.source != NULL ? alloc_text(member.source) : NULL;
    packing->members[packing->count++] = member;
    return STATUS_OK;
}

static enum status add_source(struct packing *packing, uint32_t entry, const char *source,
                              const char *path);

/* What is in a folder; the folder itself has its header unless it is the root. */
static enum status add_folder(struct packing *packing, uint32_t entry, const char *source,
                              const char *path)
{
    enum status status = STATUS_OK;
    if (path[0] != '\0') {
        struct member folder = {.path = (char *)path, .is_folder = true, .entry = entry};
        status = member_add(packing, folder);
    }
    DIR *stream = opendir(source);
    if (stream == NULL) {
        return fail(packing, entry, STATUS_IO, strerror(errno), source);
    }
    for (struct dirent *next; status == STATUS_OK && (next = readdir(stream)) != NULL;) {
        char inner_source[4096];
        char inner_path[PATH_BYTES];
        if (strcmp(next->d_name, ".") == 0 || strcmp(next->d_name, "..") == 0) {
            continue;
        }
        int source_length =
            snprintf(inner_source, sizeof inner_source, "%s/%s", source, next->d_name);
        int path_length = snprintf(inner_path, sizeof inner_path, "%s%s%s", path,
                                   path[0] != '\0' ? "/" : "", next->d_name);
        if (source_length >= (int)sizeof inner_source || path_length >= (int)sizeof inner_path) {
            status = fail(packing, entry, STATUS_INVALID,
                          "has a longer name than the 255 bytes that an archive holds", source);
        } else {
            struct stat info;
            bool links_folder = lstat(inner_source, &info) == 0 && S_ISLNK(info.st_mode) &&
                                stat(inner_source, &info) == 0 && S_ISDIR(info.st_mode);
            status = links_folder
                         ? fail(packing, entry, STATUS_INVALID,
                                "is a symbolic link to a folder; expected files and folders "
                                "(name the folder in an entry of its own)",
                                inner_source)
                         : add_source(packing, entry, inner_source, inner_path);
        }
    }
    closedir(stream);
    return status;
}

static enum status add_source(struct packing *packing, uint32_t entry, const char *source,
                              const char *path)
{
    struct stat info;
    if (stat(source, &info) != 0) {
        bool is_link = errno == ENOENT && lstat(source, &info) == 0;
        return fail(packing, entry, STATUS_IO,
                    is_link ? "is a symbolic link to nothing" : strerror(errno), source);
    }
    if (S_ISDIR(info.st_mode)) {
        return add_folder(packing, entry, source, path);
    }
    if (!S_ISREG(info.st_mode)) {
        return fail(packing, entry, STATUS_INVALID, "is neither a file nor a folder", source);
    }
    if (path[0] == '\0') {
        return fail(packing, entry, STATUS_INVALID,
                    "is a file; expected a folder for path '/', or a path of its own", source);
    }
    struct member file = {.path = (char *)path,
                          .source = (char *)source,
                          .size_bytes = (uint64_t)info.st_size,
                          .is_executable = (info.st_mode & 0111) != 0,
                          .entry = entry};
    return member_add(packing, file);
}

static enum status gather(struct packing *packing)
{
    const struct scn_group *group = &packing->scenario->groups[packing->group];
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < group->file_count && status == STATUS_OK; i++) {
        const struct scn_file_entry *file = &group->files[i];
        if (file->text != NULL) {
            struct member member = {.path = file->path + 1,
                                    .text = file->text,
                                    .size_bytes = strlen(file->text),
                                    .entry = i};
            status = member_add(packing, member);
        } else {
            status = add_source(packing, i, file->from_path, file->path + 1);
        }
    }
    return status;
}

/* By name; of one name, in the order of the scenario. */
static int compare_members(const void *left, const void *right)
{
    const struct member *a = left;
    const struct member *b = right;
    int order = strcmp(a->path, b->path);
    return order != 0 ? order : (a->entry > b->entry) - (a->entry < b->entry);
}

static int compare_path(const void *key, const void *member)
{
    return strcmp(key, ((const struct member *)member)->path);
}

/* Whether a file has the name of a folder that this member is in. */
static bool is_below_file(const struct packing *packing, const struct member *member)
{
    char folder[PATH_BYTES];
    for (const char *slash = strchr(member->path, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - member->path);
        memcpy(folder, member->path, length);
        folder[length] = '\0';
        const struct member *above = bsearch(folder, packing->members, packing->count,
                                             sizeof *packing->members, compare_path);
        if (above != NULL && !above->is_folder) {
            return true;
        }
    }
    return false;
}

/* A folder may come from several entries, and is one; a file may not. */
static enum status check_names(const struct packing *packing)
{
    for (uint32_t i = 0; i < packing->count; i++) {
        const struct member *member = &packing->members[i];
        const struct member *before = i > 0 ? member - 1 : NULL;
        bool twice = before != NULL && strcmp(before->path, member->path) == 0 &&
                     !(before->is_folder && member->is_folder);
        if (twice || is_below_file(packing, member)) {
            return fail(packing, member->entry, STATUS_INVALID,
                        "is given twice, or is both a file and a folder", member->path);
        }
    }
    return STATUS_OK;
}

/* The path as the header has it: whole in name, or cut at a slash. */
static bool put_path(char *header, const char *path)
{
    size_t length = strlen(path);
    if (length <= NAME_BYTES) {
        memcpy(header, path, length);
        return true;
    }
    for (size_t cut = length - NAME_BYTES - 1; cut <= PREFIX_BYTES && cut < length; cut++) {
        if (path[cut] == '/' && cut > 0) {
            memcpy(header + 345, path, cut);
            memcpy(header, path + cut + 1, length - cut - 1);
            return true;
        }
    }
    return false;
}

static bool put_header(char *header, const struct member *member)
{
    unsigned mode = member->is_folder || member->is_executable ? 0755 : 0644;
    uint32_t sum = 0;
    if (!put_path(header, member->path)) {
        return false;
    }
    snprintf(header + 100, 8, "%07o", mode);
    snprintf(header + 108, 8, "%07o", 0u);
    snprintf(header + 116, 8, "%07o", 0u);
    snprintf(header + 124, 12, "%011" PRIo64, member->size_bytes);
    snprintf(header + 136, 12, "%011o", 0u);
    header[156] = member->is_folder ? '5' : '0';
    memcpy(header + 257, "ustar\00000", 8);
    memset(header + 148, ' ', 8);
    for (uint32_t i = 0; i < BLOCK_BYTES; i++) {
        sum += (unsigned char)header[i];
    }
    snprintf(header + 148, 8, "%06o", sum);
    return true;
}

static enum status read_source(const struct packing *packing, const struct member *member,
                               char *bytes)
{
    FILE *stream = fopen(member->source, "rb");
    size_t got = stream != NULL ? fread(bytes, 1, member->size_bytes, stream) : 0;
    bool whole =
        stream != NULL && got == member->size_bytes && fgetc(stream) == EOF && ferror(stream) == 0;
    int cause = stream == NULL ? errno : 0;
    if (stream != NULL) {
        fclose(stream);
    }
    if (whole) {
        return STATUS_OK;
    }
    return fail(packing, member->entry, STATUS_IO,
                cause != 0 ? strerror(cause) : "changed while it was read", member->source);
}

static enum status write_members(const struct packing *packing, char *bytes)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < packing->count && status == STATUS_OK; i++) {
        const struct member *member = &packing->members[i];
        if (!put_header(bytes, member)) {
            return fail(packing, member->entry, STATUS_INVALID,
                        "has a longer name than an archive holds: 155 bytes, a slash, 100 bytes",
                        member->path);
        }
        bytes += BLOCK_BYTES;
        if (member->source != NULL) {
            status = read_source(packing, member, bytes);
        } else if (member->text != NULL) {
            memcpy(bytes, member->text, member->size_bytes);
        }
        bytes += (member->size_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    }
    return status;
}

static enum status read_archive(struct packing *packing, char **bytes, size_t *size_bytes)
{
    const struct scn_group *group = &packing->scenario->groups[packing->group];
    char field[64];
    struct stat info;
    snprintf(field, sizeof field, "groups.%u.archive", packing->group);
    if (stat(group->archive_path, &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size > (off_t)SCN_FILES_BYTES_MAX) {
        return scn_error_at(packing->scenario, field, packing->error, STATUS_INVALID,
                            "groups.%s.archive: %.300s: expected a file of at most 256 MiB; put "
                            "larger ones on a disk with a 'mount'",
                            group->name, group->archive_path);
    }
    struct member whole = {.source = group->archive_path, .size_bytes = (uint64_t)info.st_size};
    *size_bytes = whole.size_bytes;
    *bytes = alloc_zeroed(whole.size_bytes + 1, 1);
    return read_source(packing, &whole, *bytes);
}

/* Does a header hold its own sum, in which the sum's eight bytes count as spaces? Some writers
 * summed signed bytes. */
static bool sum_holds(const char *header)
{
    int32_t signed_sum = 0;
    int32_t unsigned_sum = 0;
    char digits[9] = "";
    for (uint32_t i = 0; i < BLOCK_BYTES; i++) {
        bool own = i >= 148 && i < 156;
        signed_sum += own ? ' ' : (signed char)header[i];
        unsigned_sum += own ? ' ' : (unsigned char)header[i];
    }
    memcpy(digits, header + 148, 8);
    long told = strtol(digits, NULL, 8);
    return told == unsigned_sum || told == signed_sum;
}

const char *archive_problem(const char *path)
{
    static const char zeros[BLOCK_BYTES];
    char header[BLOCK_BYTES] = {0}; /* what is shorter ends in zeros, as on a disk */
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return strerror(errno);
    }
    size_t got = fread(header, 1, sizeof header, stream);
    bool failed = ferror(stream) != 0;
    fclose(stream);
    if (failed || got == 0) {
        return failed ? "a file that cannot be read" : "an empty file";
    }
    if (memcmp(header, zeros, sizeof zeros) == 0) {
        return NULL; /* the end: an archive of nothing */
    }
    if (memcmp(header + 257, "ustar", 5) != 0 || !sum_holds(header)) {
        return "a file that does not begin as one";
    }
    return header[156] == '\0' || strchr("0257", header[156]) != NULL
               ? NULL
               : "one that begins with what ustar does not have";
}

enum status scn_group_archive(const struct scn_scenario *scenario, uint32_t group, char **bytes,
                              size_t *size_bytes, struct error *error)
{
    struct packing packing = {.scenario = scenario, .group = group, .error = error};
    enum status status;
    *bytes = NULL;
    *size_bytes = 0;
    if (scenario->groups[group].archive_path != NULL) {
        status = read_archive(&packing, bytes, size_bytes);
    } else {
        status = gather(&packing);
        if (packing.count > 0) {
            qsort(packing.members, packing.count, sizeof *packing.members, compare_members);
        }
        status = status == STATUS_OK ? check_names(&packing) : status;
        if (status == STATUS_OK) {
            *size_bytes = packing.size_bytes + 2 * (size_t)BLOCK_BYTES;
            *bytes = alloc_zeroed(*size_bytes, 1);
            status = write_members(&packing, *bytes);
        }
    }
    for (uint32_t i = 0; i < packing.count; i++) {
        free(packing.members[i].path);
        free(packing.members[i].source);
    }
    free(packing.members);
    if (status != STATUS_OK) {
        free(*bytes);
        *bytes = NULL;
        *size_bytes = 0;
    }
    return status;
}
