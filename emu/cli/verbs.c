/* The verbs of `denali`, and the help that covers them all. */
#include <stdio.h>

#include "cli.h"

const struct cli_verb *const cli_verbs[] = {
    &cli_run_verb,        &cli_verify_verb,
    &cli_replay_verb,     &cli_debug_verb,
    &cli_fork_verb,       &cli_diff_verb,
    &cli_why_verb,        &cli_bundle_verb,
    &cli_experiment_verb, &cli_boot_verb,
    &cli_check_verb,      &cli_inspect_verb,
    &cli_list_verb,       NULL,
};

const struct cli_exit cli_exits[] = {
    {"0", "done"},
    {"1", "run, fork, experiment: what is expected does not hold; verify, diff: something differs"},
    {"2",
     "bad input or a full disk; one line says what and where; verify: the recording is damaged"},
    {"3", "no memory or threads to be had"},
    {"4", "boot: the guest faulted"},
    {"5", "verify: the same as far as the recording goes, which is torn"},
    {"124", "boot: the guest did not end"},
    {"130", "interrupted"},
    {"other", "boot: the guest's own"},
    {NULL, NULL},
};

const char cli_summary[] = "a testbed of whole machines";

const char cli_description[] =
    "Runs thousands of Denali x86 virtual machines, emulated instruction by instruction, on one\n"
    "simulated network: the same scenario and seed give the same bits every run.\n";

const char cli_examples[] = "  denali run hello.yaml\n"
                            "  denali run kademlia-planetlab.yaml --seed 7 --nodes 2000\n"
                            "  denali run my-experiment.yaml --set groups.peers.count=50\n"
                            "  denali run my-experiment.yaml --record --out my-run\n"
                            "  denali verify my-run\n"
                            "  denali replay my-run --from 20s --to 21s --pcap peer-3\n"
                            "  denali boot my-peer.img -- arg1\n"
                            "  denali check my-experiment.yaml\n";

void cli_help_all(void)
{
    printf("denali: %s\n\n%s\nusage: denali VERB [OPTIONS] [ARGUMENTS]\n\nverbs:\n", cli_summary,
           cli_description);
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        printf("  %-10s %s\n", (*verb)->name, (*verb)->summary);
    }
    printf("\n`denali VERB --help` tells about a verb, `denali --version` which denali this is.\n"
           "\nexit codes:\n");
    for (const struct cli_exit *exit = cli_exits; exit->code; exit++) {
        printf("  %-8s %s\n", exit->code, exit->meaning);
    }
    printf("\nexamples:\n%s", cli_examples);
    printf("\nScenarios: docs/scenario.md or denali-scenario(5); guest programs: "
           "docs/guest-kit.md;\nthe machine: docs/isa.md; as a library: docs/library.md.\n");
}
