/*
 * The summary of a run as a person reads it: aligned text, printed at the end of `denali run`.
 */
#ifndef DENALI_ANALYSIS_SUMMARY_H
#define DENALI_ANALYSIS_SUMMARY_H

#include <stdio.h>

#include <base/public.h>
#include <base/status.h>
#include <traces/summary.h>

DENALI_API_BEGIN

/* Prints the summary; nodes_up is how many machines were running at the end, or UINT32_MAX if not
 * known. Errors of the stream stay in the stream (ferror). */
void ana_summary_print(const struct trace_summary *summary, uint32_t nodes_up,
                       uint32_t nodes_queued, FILE *stream);

/* The same from a run directory. Errors as trace_summary_read. */
enum status ana_summary_print_run(const char *directory, FILE *stream,
                                  struct error *error) MUST_USE;

DENALI_API_END

#endif
