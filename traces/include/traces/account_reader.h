/*
 * Reads the accounts of a run directory, nodes.csv and hosts.csv: sums of their columns.
 */
#ifndef DENALI_TRACES_ACCOUNT_READER_H
#define DENALI_TRACES_ACCOUNT_READER_H

#include <base/public.h>
#include <base/status.h>

DENALI_API_BEGIN

enum trace_account { TRACE_ACCOUNT_NODES, TRACE_ACCOUNT_HOSTS };

/*
 * The sum of a column over all lines of an account, or over those of one group of nodes (NULL:
 * all). STATUS_NOT_FOUND if there is no such file or column, STATUS_CORRUPT with the line for a
 * field that is no number, or a line that is cut off.
 */
enum status trace_account_sum(const char *directory, enum trace_account account, const char *column,
                              const char *group, double *sum, struct error *error) MUST_USE;

DENALI_API_END

#endif
