/*
 * The least that shows a machine is up: says who and when it is, and ends.
 */
#include <denali.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const char *name = getenv("DENALI_NAME"); /* set by the scenario loader */
    uint64_t now_ns = denali_now_ns();
    printf("hello from %s, machine %lu of %lu, at %lu.%09lu s\n", name ? name : "a machine",
           (unsigned long)denali_node_index(), (unsigned long)denali_node_count(),
           (unsigned long)(now_ns / 1000000000), (unsigned long)(now_ns % 1000000000));
    for (int i = 1; i < argc; i++) {
        printf("argument %d: %s\n", i, argv[i]);
    }
    return 0;
}
