/*
 * Prints docs/scenario.md: build/release/scenario_doc > docs/scenario.md
 */
#include <stdio.h>

#include "scenarios/scenario.h"

int main(void)
{
    struct error error = ERROR_INIT;
    enum status status = scn_write_reference(stdout, &error);
    if (status != STATUS_OK) {
        char text[1024];
        error_format(&error, text, sizeof text);
        fprintf(stderr, "scenario_doc: %s\n", text);
    }
    return status_exit_code(status);
}
