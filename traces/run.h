/*
 * Inside of a run directory, shared by the files that write it: the sticky failure, paths, and
 * streams whose every write is checked.
 */
#ifndef DENALI_TRACES_RUN_H
#define DENALI_TRACES_RUN_H

#include <stdio.h>

#include <base/codec.h>
#include <traces/run_directory.h>

#define RUN_NAME_INCOMPLETE "INCOMPLETE"
#define RUN_NAME_MAX        79u /* bytes of a node's name */
#define RUN_METRIC_NAME_MAX 64u

/* A file kept open for the length of the run. */
struct run_stream {
    FILE *file;
    char *path;
};

struct run_copy {
    char *source;
    char *relative;
};

/* Frames of one node, not yet in its file. */
struct run_capture {
    char *node;
    uint8_t *bytes;
    uint32_t size_bytes;
    uint32_t capacity_bytes;
    uint64_t received;
    uint64_t lost;
    uint64_t lost_since; /* the last packet */
    uint64_t room_bytes; /* of the file's limit */
    uint64_t left_out;   /* packets for which there was none */
};

struct trace_run {
    char *path;
    struct error failure; /* the first; OK until then */
    struct run_stream events;
    struct run_stream metrics;
    struct run_stream nodes;
    struct run_stream hosts; /* file NULL: the run has none */
    struct run_stream pages; /* the same */
    uint32_t cause_count;
    struct run_copy *copies;
    uint32_t copy_count;
    struct run_capture *captures;
    uint32_t capture_count;
    uint32_t capture_capacity;
    uint64_t captured_bytes; /* in all captures' buffers */
    struct writer scratch;   /* a block being made */
};

/* `<directory>/<name>`, to be freed. */
char *run_path_join(const char *directory, const char *name);

/* Records a failure (the first one stays) and copies it to error. Returns its status. cause is an
 * errno value, or 0 if there is none to tell. */
enum status run_fail(struct trace_run *run, struct error *error, enum status status,
                     const char *path, int cause, const char *what);

/* The failure so far, copied to error; OK if there is none. Every operation begins with it. */
enum status run_check(const struct trace_run *run, struct error *error);

/* mkdir that takes an existing directory for done. False: errno says why. */
bool run_folder_make(const char *path);

enum status run_stream_open(struct trace_run *run, struct run_stream *stream, const char *name,
                            struct error *error);
/* Flushes, syncs and closes; a stream that is not open is fine. */
enum status run_stream_close(struct trace_run *run, struct run_stream *stream, struct error *error);
/* Closes without caring: the run has failed already. */
void run_stream_drop(struct run_stream *stream);

/* Makes <folder>/<owner>/ and the folder above it. False: errno says why. */
bool run_owner_folder_make(const struct trace_run *run, const char *folder, const char *owner);

/* Appends to nodes/<node>/<name>, making what is not there. */
enum status run_node_file_append(struct trace_run *run, const char *node, const char *name,
                                 const void *bytes, size_t size_bytes, struct error *error);

/* Puts what captures gathered into their files. */
enum status run_captures_flush(struct trace_run *run, struct error *error);
void run_captures_fini(struct trace_run *run);

/* A metric's name: 1..64 bytes of [A-Za-z0-9._-], as the observer lets through. */
bool run_metric_name_valid(const char *name);

/* A word of a table: not empty, no blank, comma, quote or control character. */
bool run_word_valid(const char *word);

#endif
