/*
 * A matrix of round-trip times between sites, read from our text format:
 *
 *     # comment lines: what was measured, by whom, under which terms
 *     format: denali-rtt-1
 *     unit: us                 (ns, us or ms)
 *     sites: 3
 *     symmetric: yes           (yes: a differing pair is an error; no: row = from, column = to)
 *     rows:
 *     0 1918 2553.5
 *     1918 0 4127
 *     2553.5 4127 0
 *
 * The file may be gzip-compressed. Numbers are plain decimals; a fraction is allowed as far as it
 * is a whole number of nanoseconds, so no digit of the source is lost. The diagonal is 0 (the delay
 * within a site is the scenario's). Every other entry is at least 2 us, so that its half, the
 * one-way delay, is at least 1 us; it is an even number of nanoseconds, so that the half is exact;
 * and it is at most NET_RTT_MAX_NS.
 *
 * Errors are told with file, line, field and what was expected.
 */
#ifndef DENALI_NETSIM_MATRIX_H
#define DENALI_NETSIM_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include <base/status.h>

#define NET_SITES_MAX  4096u
#define NET_RTT_MIN_NS 2000ull
#define NET_RTT_MAX_NS 8000000000ull /* 8 s */

/* Owned by the caller; net_matrix_fini frees. */
struct net_matrix {
    uint32_t site_count;
    uint64_t *rtt_ns; /* [from * site_count + to] */
};

/* Reads a file. On error matrix is left empty (safe for net_matrix_fini) and error filled. */
enum status net_matrix_load(const char *path, struct net_matrix *matrix,
                            struct error *error) MUST_USE;
/* The same from uncompressed text in memory; name stands for the file in messages. */
enum status net_matrix_parse(const char *name, const char *text, size_t size_bytes,
                             struct net_matrix *matrix, struct error *error) MUST_USE;
void net_matrix_fini(struct net_matrix *matrix);

#endif
