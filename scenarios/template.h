/*
 * Templates in arguments and environment: "--id=${node.index}". Checked when the scenario is
 * resolved, so that expanding one cannot fail.
 */
#ifndef DENALI_SCENARIOS_TEMPLATE_H
#define DENALI_SCENARIOS_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scn_scenario;

#define TEMPLATE_PROBLEM_MAX 320

/* Whether a template is good for every node of a group. If so, longest_bytes is what its expansion
 * takes at most, without the NUL; if not, problem says what is wrong. The scenario's groups have
 * their counts, networks and first nodes. */
bool template_check(const struct scn_scenario *scenario, uint32_t group, const char *text,
                    size_t *longest_bytes, char problem[TEMPLATE_PROBLEM_MAX]);

#endif
