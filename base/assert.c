/* What an assertion does when it fails: say where the run stood, then stop. */
#include <base/assert.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local uint32_t position_node = UINT32_MAX;
static _Thread_local uint64_t position_time_ns;

void assert_position_set(uint32_t node_index, uint64_t time_ns)
{
    position_node = node_index;
    position_time_ns = time_ns;
}

void assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "denali: internal error: %s:%d: `%s` does not hold", file, line, condition);
    if (position_node != UINT32_MAX) {
        fprintf(stderr, " (node %" PRIu32 ", virtual time %" PRIu64 " ns)", position_node,
                position_time_ns);
    }
    fprintf(stderr, "\nThis is a defect of denali, not of the scenario or a guest: please report "
                    "it with the command and the scenario.\n");
    abort();
}
