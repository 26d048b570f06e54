/* The frame around each record of a recording, for its writer and its reader (docs/trace.md). */
#ifndef DENALI_TRACES_RECORDING_FORMAT_H
#define DENALI_TRACES_RECORDING_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/hash.h>
#include <traces/recording.h>

#define RECORDING_MAGIC        "DNLTRACE"
#define RECORDING_MAGIC_BYTES  8u
#define RECORDING_START        12u /* of the first record: behind magic and version */
#define RECORDING_HEADER_BYTES 36u
#define RECORDING_ENTRY_BYTES  28u /* of the index */

/* The header's checksum covers where in the file it stands: a record that was moved is found. */
static inline uint64_t recording_header_hash(const uint8_t *header, uint64_t offset)
{
    return hash_chain(offset, header, RECORDING_HEADER_BYTES - 8);
}

/* A path that stays in the folder it is relative to. */
bool recording_path_inside(const char *path);

#endif
