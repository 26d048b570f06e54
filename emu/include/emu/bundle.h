/* A recorded run as one file: what `denali bundle` does. */
#ifndef DENALI_EMU_BUNDLE_H
#define DENALI_EMU_BUNDLE_H

#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <emu/record.h>

DENALI_API_BEGIN

struct emu_bundle_result {
    uint32_t files;
    uint64_t size_bytes;          /* of the bundle */
    char torn[EMU_TORN_TEXT_MAX]; /* that the recording ends before the run did; "": it does not */
    char figures[EMU_TORN_TEXT_MAX]; /* that a whole run has no summary, or a damaged one */
};

/*
 * Packs a run that was made with --record into the file out, which must not exist: scenario,
 * images, topologies, disks and recording, and summary and tables as far as there are any. It is
 * what everything that reads a recorded run takes in place of its directory. The files are looked
 * at first: STATUS_CORRUPT if one is not what the run was made of, or the recording is damaged. One
 * that is torn is packed as it is, and said to be.
 */
enum status emu_bundle(const char *directory, const char *out, struct emu_bundle_result *result,
                       struct error *error) MUST_USE;

DENALI_API_END

#endif
