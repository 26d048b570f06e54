/* Opens recorded runs, from directories and bundles. */
#include "run_folder.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <base/alloc.h>
#include <emu/run.h>
#include <scenarios/select.h>
#include <traces/bundle.h>

#include "tracer_text.h"

#define PATH_BYTES_MAX 4096u

/* --- bundles ---------------------------------------------------------------------------------- */

enum status emu_folder_remove(char *path, struct error *error)
{
    char *paths[] = {path, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    enum status status = STATUS_OK;
    for (FTSENT *entry = walk ? fts_read(walk) : NULL; entry; entry = fts_read(walk)) {
        if (entry->fts_info != FTS_D && remove(entry->fts_accpath) != 0) {
            status = error_set(error, STATUS_IO, entry->fts_path, 0, "cannot be removed: %s",
                               strerror(errno));
        }
    }
    if (walk) {
        fts_close(walk);
    }
    return status;
}

/* What a bundle may take there: half of what is free, so that no bundle can fill the disk. */
static uint64_t room_bytes(const char *path)
{
    struct statvfs disk;
    return statvfs(path, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize / 2 : UINT64_MAX;
}

static enum status unpack(struct emu_run_folder *folder, struct error *error)
{
    char path[PATH_BYTES_MAX];
    struct error local = ERROR_INIT;
    const char *place = getenv("TMPDIR");
    place = place && place[0] ? place : "/tmp";
    snprintf(path, sizeof path, "%s/denali-bundle-XXXXXX", place);
    if (!mkdtemp(path)) {
        return error_set(error, STATUS_IO, place, 0,
                         "no folder can be made there to unpack the bundle into: %s; set TMPDIR to "
                         "where there is room",
                         strerror(errno));
    }
    folder->path = alloc_text(path);
    folder->unpacked = true;
    enum status status = trace_bundle_unpack(folder->given, path, room_bytes(path), &local);
    if (status == STATUS_EXISTS) { /* the folder was empty */
        return error_set(error, STATUS_CORRUPT, folder->given, 0,
                         "the bundle has a file twice, or in the place of a folder; get it once "
                         "more, or make it again with `denali bundle`");
    }
    bool there = strncmp(local.file, path, strlen(path)) == 0; /* not what is read */
    if (status == STATUS_NO_MEMORY) {
        return error_set(error, STATUS_INVALID, local.file, 0,
                         "%s, half of what is free in %.200s, where it is unpacked; set TMPDIR to "
                         "where there is more room, if you know what is in it",
                         local.message, place);
    }
    return status
               ? error_set(error, status, local.file, 0, "%s%s%.200s%s", local.message,
                           there ? "; bundles are unpacked where temporary files go (" : "",
                           there ? place : "", there ? "): set TMPDIR to where there is room" : "")
               : STATUS_OK;
}

void emu_run_folder_rename(const struct emu_run_folder *folder, char *text, size_t text_bytes)
{
    struct emu_text told = {0};
    const char *rest = text;
    const char *at = folder->unpacked ? strstr(rest, folder->path) : NULL;
    for (; at; at = strstr(rest, folder->path)) {
        emu_text_add(&told, "%.*s%s", (int)(at - rest), rest, folder->given);
        rest = at + strlen(folder->path);
    }
    if (rest != text) {
        emu_text_add(&told, "%s", rest);
        snprintf(text, text_bytes, "%s", told.bytes);
    }
    emu_text_fini(&told);
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum status look_for_recording(const struct emu_run_folder *folder, struct error *error)
{
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/%s", folder->path, TRACE_RECORDING_NAME);
    if (access(path, F_OK) == 0 || errno != ENOENT) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_NOT_FOUND, folder->given, 0,
                     "is not a recorded run: it has no %s; expected the directory of a run that "
                     "was made with --record, or a bundle of one",
                     TRACE_RECORDING_NAME);
}

enum status emu_run_folder_open(struct emu_run_folder *folder, const char *given,
                                struct error *error)
{
    struct stat kind;
    folder->given = given;
    if (stat(given, &kind) || access(given, R_OK)) {
        return error_set(error, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, given, 0,
                         "cannot be opened: %s%s", strerror(errno),
                         errno == EACCES ? "; make it readable"
                                         : "; expected the directory of a recorded run, or a "
                                           "bundle of one");
    }
    if (S_ISDIR(kind.st_mode)) {
        folder->path = alloc_text(given);
        return look_for_recording(folder, error);
    }
    if (trace_bundle_is(given)) {
        enum status status = unpack(folder, error);
        return status ? status : look_for_recording(folder, error);
    }
    return error_set(error, STATUS_INVALID, given, 0,
                     "is not a bundle; expected the directory of a run that was made with "
                     "--record, or what `denali bundle` made of one");
}

void emu_run_folder_close(struct emu_run_folder *folder, struct error *error)
{
    if (error) {
        emu_run_folder_rename(folder, error->file, sizeof error->file);
        emu_run_folder_rename(folder, error->message, sizeof error->message);
    }
    if (folder->unpacked) {
        (void)emu_folder_remove(folder->path, NULL); /* what cannot be removed stays */
    }
    free(folder->path);
    *folder = (struct emu_run_folder){0};
}

enum status emu_run_folder_scenario(const struct emu_run_folder *folder,
                                    struct scn_scenario **scenario, struct error *error)
{
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/scenario.yaml", folder->path);
    const struct emu_run_options options = {.scenario_path = path};
    return emu_run_scenario_load(&options, scenario, error);
}

enum status emu_run_folder_load(const struct emu_run_folder *folder, struct emu_player **player,
                                struct scn_scenario **scenario, struct error *error)
{
    char text[EMU_FILE_TEXT_MAX];
    bool same = false;
    enum status status = emu_player_open(folder->path, false, player, error);
    if (!status) {
        status = emu_player_files_same(*player, folder->path, &same, text, error);
    }
    if (!status && !same) {
        status = error_set(error, STATUS_CORRUPT, NULL, 0, "%s", text);
    }
    return status ? status : emu_run_folder_scenario(folder, scenario, error);
}

/* --- how far it goes -------------------------------------------------------------------------- */

uint64_t emu_player_end_ns(const struct emu_player *player)
{
    size_t count;
    const struct trace_entry *entries =
        trace_recording_entries(emu_player_recording(player), &count);
    return entries[count - 1].time_ns;
}

bool emu_player_complete(const struct emu_player *player)
{
    size_t count;
    const struct trace_entry *entries =
        trace_recording_entries(emu_player_recording(player), &count);
    return entries[count - 1].type == TRACE_RECORD_END;
}

bool emu_player_end_read(struct emu_player *player, struct trace_end *end)
{
    size_t count;
    const uint8_t *bytes;
    const struct trace_entry *entries =
        trace_recording_entries(emu_player_recording(player), &count);
    return entries[count - 1].type == TRACE_RECORD_END &&
           !emu_player_read(player, count - 1, &bytes, NULL) &&
           trace_end_read(end, bytes, entries[count - 1].size_bytes);
}

void emu_run_folder_torn(const struct emu_run_folder *folder, const struct emu_player *player,
                         char text[EMU_TORN_TEXT_MAX])
{
    char end[SCN_MOMENT_TEXT_MAX];
    char all[SCN_MOMENT_TEXT_MAX];
    scn_moment_write(emu_player_end_ns(player), end);
    scn_moment_write(emu_player_head(player)->duration_ns, all);
    text[0] = '\0';
    if (trace_recording_ending(emu_player_recording(player)) != TRACE_ENDING_WHOLE) {
        const char *ending = trace_recording_ending_text(emu_player_recording(player));
        if (emu_player_complete(player)) { /* but for the index, which only helps to find it */
            snprintf(text, EMU_TORN_TEXT_MAX, "%.200s: the recording has no good index: %s",
                     folder->given, ending);
        } else {
            snprintf(text, EMU_TORN_TEXT_MAX,
                     "%.200s: the recording ends before the run did: it reaches virtual time %s of "
                     "%s (%s)",
                     folder->given, end, all, ending);
        }
    }
}

enum status emu_run_folder_empty(const struct emu_run_folder *folder,
                                 const struct emu_player *player, struct error *error)
{
    const char *ending = trace_recording_ending_text(emu_player_recording(player));
    return error_set(error, STATUS_INVALID, folder->given, 0,
                     "nothing but the start of the run was recorded%s%s%s: it ended before "
                     "anything was; record it again",
                     ending[0] ? " (the recording " : "", ending, ending[0] ? ")" : "");
}

void emu_run_folder_damage(const struct emu_run_folder *folder, const struct emu_player *player,
                           char text[EMU_TORN_TEXT_MAX])
{
    char name[EMU_RECORD_NAME_MAX];
    char more[48] = "";
    const struct emu_damage *damage = emu_player_damage(player);
    text[0] = '\0';
    if (!damage->count) {
        return;
    }
    emu_player_record_name(player, damage->first, name);
    if (damage->count > 1) {
        snprintf(more, sizeof more, " and %zu other record%s", damage->count - 1,
                 damage->count > 2 ? "s" : "");
    }
    snprintf(text, EMU_TORN_TEXT_MAX,
             "%.200s: the recording is damaged: %s%s; done without, and compared with the rest%s; "
             "`denali verify` tells how far it is good",
             folder->given, name, more,
             damage->digests ? ", but for what nodes exchanged after digests that are damaged"
                             : "");
}

enum status emu_player_moment(const struct emu_player *player, const char *option, const char *text,
                              bool before, uint64_t *time_ns, struct error *error)
{
    uint64_t end_ns = emu_player_end_ns(player);
    enum status status = emu_moment_parse(option, text, time_ns, error);
    if (status || *time_ns < end_ns || (*time_ns == end_ns && !before)) {
        return status;
    }
    static const char *const kinds[] = {
        [TRACE_ENDING_WHOLE] = "",
        [TRACE_ENDING_TORN] = ", which is torn,",
        [TRACE_ENDING_DAMAGED] = ", as far as it is not damaged,",
    };
    char end[SCN_MOMENT_TEXT_MAX];
    scn_moment_write(end_ns, end);
    return error_set(error, STATUS_INVALID, NULL, 0,
                     "%s %.80s: the recording%s goes from 0s to %s; expected a moment in it%s",
                     option, text, kinds[trace_recording_ending(emu_player_recording(player))], end,
                     before ? ", before its end" : "");
}

enum status emu_run_folder_parted(const struct emu_run_folder *folder,
                                  const struct emu_player *player,
                                  const struct emu_parting *parting, struct error *error)
{
    char good[SCN_MOMENT_TEXT_MAX];
    char bad[SCN_MOMENT_TEXT_MAX];
    size_t count;
    const struct trace_entry *entries =
        trace_recording_entries(emu_player_recording(player), &count);
    if (!parting->found) {
        return STATUS_OK;
    }
    scn_moment_write(entries[parting->good].time_ns, good);
    scn_moment_write(entries[parting->bad].time_ns, bad);
    bool at_once = strcmp(good, bad) == 0;
    return error_set(error, STATUS_CORRUPT, folder->given, 0,
                     "%s virtual time %s%s%s the run comes to something else than was recorded; "
                     "`denali verify` finds where",
                     at_once ? "at" : "between", good, at_once ? "" : " and ", at_once ? "" : bad);
}
