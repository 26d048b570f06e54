/*
 * A recording: one file, trace/recording in a run directory, that a run is verified and entered by
 * (docs/trace.md has every byte).
 *
 * It is records, one after the other, in the order of virtual time; each has a type, a time, its
 * length, and a checksum of its own and of its content. The last is an index. Whatever ends a run,
 * what was appended before is usable: a torn tail is where the file ends within a record.
 *
 * Nothing that is read is trusted: a record whose checksums do not hold is not handed out, and with
 * it nothing behind it. Knows bytes, times and numbers of nodes; no machine.
 *
 * A writer and a reader are each used by one thread at a time; several readers may have one file.
 */
#ifndef DENALI_TRACES_RECORDING_H
#define DENALI_TRACES_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/status.h>

#define TRACE_RECORDING_VERSION 1u
#define TRACE_RECORDING_FOLDER  "trace"
#define TRACE_RECORDING_NAME    "trace/recording"

/* A reader that does not know a type passes over the record if this bit is set, and otherwise
 * refuses the file. */
#define TRACE_RECORD_MAY_IGNORE 0x80000000u

enum trace_record_type {
    TRACE_RECORD_HEAD = 1,    /* the first: what was run, by what */
    TRACE_RECORD_INPUT = 2,   /* something from outside reached a node */
    TRACE_RECORD_DIGESTS = 3, /* the chains of the nodes that did something since the last */
    TRACE_RECORD_FULL = 4,    /* a checkpoint against nothing (traces/checkpoint.h) */
    TRACE_RECORD_DELTA = 5,   /* a checkpoint against the one before */
    TRACE_RECORD_END = 6,     /* the run came to its end */
    TRACE_RECORD_INDEX = 7,   /* where everything before is; the last */
};

/* --- writing ---------------------------------------------------------------------------------- */

struct trace_recording_writer; /* opaque */

/* Makes <directory>/trace/recording. */
enum status trace_recording_create(const char *directory, struct trace_recording_writer **writer,
                                   struct error *error) MUST_USE;
/* Appends a record with one write to the file. The first failure sticks: every later call gives it
 * again, and writes nothing. */
enum status trace_recording_append(struct trace_recording_writer *writer, uint32_t type,
                                   uint64_t time_ns, const void *bytes, size_t size_bytes,
                                   struct error *error);
uint64_t trace_recording_size_bytes(const struct trace_recording_writer *writer);
/* Appends the index, syncs and closes; frees writer whatever the outcome. */
enum status trace_recording_end(struct trace_recording_writer *writer,
                                struct error *error) MUST_USE;
/* Closes what there is of it, as a torn recording, and frees writer; takes NULL. */
void trace_recording_abandon(struct trace_recording_writer *writer);

/* --- reading ---------------------------------------------------------------------------------- */

struct trace_recording; /* opaque */

/* Where a record is, by the file's index or its headers. */
struct trace_entry {
    uint32_t type;
    uint64_t time_ns;
    uint64_t offset;     /* of its header */
    uint64_t size_bytes; /* of its content */
};

/* How a file ends. */
enum trace_recording_ending {
    TRACE_ENDING_WHOLE,   /* with its index: the run came to its end */
    TRACE_ENDING_TORN,    /* within a record, or before the run's end: it was killed, or the disk
                             was full */
    TRACE_ENDING_DAMAGED, /* at a record that is not as it was written */
};

/*
 * Opens a recording. With check every byte is read and every checksum compared before the call
 * returns; without, a record is checked when it is read. What lies behind a tear or a damaged
 * record is not there. STATUS_NOT_FOUND; STATUS_TORN if the file ends before its head does,
 * STATUS_CORRUPT if the head is damaged or it is no recording; and STATUS_UNSUPPORTED for a later
 * version, or a record that a reader must know and this one does not.
 */
enum status trace_recording_open(const char *path, bool check, struct trace_recording **recording,
                                 struct error *error) MUST_USE;
/* The same of bytes that outlive it; path is for messages. */
enum status trace_recording_open_bytes(const char *path, const void *bytes, size_t size_bytes,
                                       bool check, struct trace_recording **recording,
                                       struct error *error) MUST_USE;
void trace_recording_close(struct trace_recording *recording);

enum trace_recording_ending trace_recording_ending(const struct trace_recording *recording);
/* What is wrong at the end of one that is not whole, for people; "" otherwise. */
const char *trace_recording_ending_text(const struct trace_recording *recording);
/* The records but the index, in order. */
const struct trace_entry *trace_recording_entries(const struct trace_recording *recording,
                                                  size_t *count);
/* A record's content, valid until the next read. STATUS_CORRUPT if it is not as it was written,
 * STATUS_IO if the file could not be read. */
enum status trace_recording_read(struct trace_recording *recording, size_t entry,
                                 const uint8_t **bytes, struct error *error) MUST_USE;

/* --- what records hold ------------------------------------------------------------------------ */

/* A file that the run depends on, and what it held. */
struct trace_file {
    char *path; /* relative to the run directory */
    uint64_t size_bytes;
    uint64_t hash; /* a chain of XXH3-64 over pieces of 64 KiB */
};

struct trace_head {
    char *version; /* of the denali that recorded */
    char *engine;
    uint64_t seed;
    uint32_t node_count;
    bool typed_input;       /* consoles were open for what is typed */
    uint64_t duration_ns;   /* that the run was to have */
    uint64_t interval_ns;   /* between two records of digests, at least */
    uint64_t checkpoint_ns; /* between two checkpoints, at least; 0: there are none */
    struct trace_file *files;
    uint32_t file_count;
};

/* Size and hash of <directory>/<path>, which is what head names. STATUS_NOT_FOUND or STATUS_IO. */
enum status trace_file_look(const char *directory, const char *path, uint64_t *size_bytes,
                            uint64_t *hash, struct error *error) MUST_USE;

void trace_head_write(const struct trace_head *head, struct writer *writer);
/* False if the bytes are no head. To be freed with trace_head_fini in any case. */
bool trace_head_read(struct trace_head *head, const void *bytes, size_t size_bytes) MUST_USE;
void trace_head_fini(struct trace_head *head);

/* What came from outside, at the record's time. */
struct trace_input {
    uint32_t kind; /* the recorder's; docs/trace.md */
    uint32_t node;
    uint32_t a; /* by kind */
    uint32_t b;
    const uint8_t *bytes;
    uint32_t size_bytes;
};

void trace_input_write(const struct trace_input *input, struct writer *writer);
/* bytes stay the record's. */
bool trace_input_read(struct trace_input *input, const void *bytes, size_t size_bytes) MUST_USE;

/* The chains of node_count nodes that differ from before; before becomes now. */
void trace_digests_write(uint64_t *before, const uint64_t *now, uint32_t node_count,
                         struct writer *writer);
/* Brings chains up to the record's time. False if the bytes are no such record. */
bool trace_digests_read(uint64_t *chains, uint32_t node_count, const void *bytes,
                        size_t size_bytes) MUST_USE;

struct trace_end {
    uint64_t digest; /* of the run */
    uint64_t instructions;
};
void trace_end_write(const struct trace_end *end, struct writer *writer);
bool trace_end_read(struct trace_end *end, const void *bytes, size_t size_bytes) MUST_USE;

#endif
