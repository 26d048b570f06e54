/*
 * A bundle: files of a run directory in one file, compressed, each with its checksum
 * (docs/trace.md). What a run depends on and what came of it travels as one thing, and is confirmed
 * elsewhere.
 *
 * The same files give the same bytes. Nothing that is read is trusted: paths stay inside the folder
 * that is unpacked into, nothing is overwritten, and content whose checksum does not hold is
 * refused.
 */
#ifndef DENALI_TRACES_BUNDLE_H
#define DENALI_TRACES_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <base/status.h>

#define TRACE_BUNDLE_VERSION 1u

/* Writes the files <directory>/<path> of each of count paths to out, whole or not at all; it must
 * not exist. */
enum status trace_bundle_write(const char *directory, const char *const *paths, uint32_t count,
                               const char *out, struct error *error) MUST_USE;

/* Is the file one, by its first bytes? */
bool trace_bundle_is(const char *path);

/* Where files of a bundle go to, one after the other. Any status but OK ends the reading. */
struct trace_bundle_sink {
    void *context;
    /* size_bytes is what the bundle says; no more follow. */
    enum status (*begin)(void *context, const char *path, uint64_t size_bytes,
                         struct error *error);
    enum status (*bytes)(void *context, const void *bytes, size_t size_bytes, struct error *error);
    enum status (*end)(void *context, struct error *error);
};

/* Reads a bundle from a stream; name is for messages. STATUS_CORRUPT if it is none, damaged or cut
 * off; files given out before have been whole. */
enum status trace_bundle_read(FILE *stream, const char *name, const struct trace_bundle_sink *sink,
                              struct error *error) MUST_USE;

/* Unpacks it into a folder that exists and is empty, where it may take limit_bytes: 4 KiB for each
 * file and folder, and what files hold. STATUS_NO_MEMORY, before more is written, if it is larger;
 * what was unpacked stays. */
enum status trace_bundle_unpack(const char *path, const char *directory, uint64_t limit_bytes,
                                struct error *error) MUST_USE;

#endif
