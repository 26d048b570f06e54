/* A recorded run as one file: what `denali bundle` does. */
#ifndef DENALI_EMU_BUNDLE_H
#define DENALI_EMU_BUNDLE_H

#include <base/public.h>
#include <base/status.h>

DENALI_API_BEGIN

/*
 * Packs a run that was made with --record into the file out, which must not exist: scenario,
 * images, topologies, disks and recording, and summary and tables as far as there are any. It is
 * what emu_verify takes in place of a directory. The files are looked at first: STATUS_CORRUPT if
 * one is not what the run was made of.
 */
enum status emu_bundle(const char *directory, const char *out, struct error *error) MUST_USE;

DENALI_API_END

#endif
