/*
 * Which nodes an option means: the one syntax of everything that takes NODES, NODE or a stretch of
 * a run.
 *
 *     NODES   ITEM[,ITEM...]    all, a node's name (peer-3), a group's (peer: all its nodes), or
 *                               a range of a group's nodes (peer-3..9: peer-3 to peer-9)
 *     NODE    a node's name, or that of a group of one
 *     STRETCH [FROM]-[TO]       virtual times (1s-1.5s) or counts of instructions (100-250), from
 *                               FROM up to, not with, TO; what is left out is the run's end there
 *
 * Names are those of scn_node_name. Errors say which item is wrong and what would be right; they
 * have no file: the caller says which option it was.
 */
#ifndef DENALI_SCENARIOS_SELECT_H
#define DENALI_SCENARIOS_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <scenarios/scenario.h>

DENALI_API_BEGIN

/* A set of nodes: their numbers, ascending, each once. Zero-initialise; scn_nodes_fini frees. */
struct scn_nodes {
    uint32_t *numbers;
    uint32_t count;
};

/* option is what messages call it: "--pcap". */
enum status scn_nodes_select(const struct scn_scenario *scenario, const char *option,
                             const char *text, struct scn_nodes *nodes,
                             struct error *error) MUST_USE;
void scn_nodes_fini(struct scn_nodes *nodes);

enum status scn_node_find(const struct scn_scenario *scenario, const char *option, const char *text,
                          uint32_t *node, struct error *error) MUST_USE;

/* A stretch of a node's life, in its instructions or in virtual time. */
struct scn_stretch {
    bool in_instructions; /* else in ns since the start of the run */
    uint64_t from;
    uint64_t to; /* not part of it; UINT64_MAX: to the end */
};

enum status scn_stretch_parse(const char *option, const char *text, struct scn_stretch *stretch,
                              struct error *error) MUST_USE;

/* Refuses a stretch of virtual time that begins when the scenario's run is over; text is what the
 * option was given. */
enum status scn_stretch_check(const struct scn_scenario *scenario, const char *option,
                              const char *text, const struct scn_stretch *stretch,
                              struct error *error) MUST_USE;

/* A virtual time such as 1.5s. */
enum status scn_moment_parse(const char *option, const char *text, uint64_t *time_ns,
                             struct error *error) MUST_USE;

#define SCN_MOMENT_TEXT_MAX 32

/* The same time in its one canonical form, "1500ms". */
void scn_moment_write(uint64_t time_ns, char text[SCN_MOMENT_TEXT_MAX]);

DENALI_API_END

#endif
