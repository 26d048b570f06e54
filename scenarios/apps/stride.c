/*
 * Stride scheduling (Waldspurger and Weihl, 1995) for the machines of a host, as a program of the
 * host's supervisor: machines get processor time in proportion to their tickets.
 *
 *     stride REPORT_S TICKETS...
 *
 * TICKETS are those of the machines whose numbers follow the supervisor's, in that order; the last
 * is for all others. At virtual time REPORT_S it reports what each of the first has had of the time
 * that they had together, `share.<which>` in percent, and `stride.followed`, the part of its
 * answers that the kernel followed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <denali.h>
#include <denali/supervisor.h>

#define MACHINES_MAX ABI_SUPERVISOR_LIST_MAX
#define STRIDE_ONE   (1u << 20) /* what a machine with one ticket is put back for a quantum */

static uint32_t tickets[MACHINES_MAX];
static uint64_t pass[MACHINES_MAX]; /* whose is least is next */
static uint64_t now_pass;           /* of whom was chosen last: newcomers begin here */
static uint32_t candidates[MACHINES_MAX];

/* Of the candidates, if other processors have left any. */
static uint32_t choose(uint32_t count)
{
    uint32_t best = ABI_SUPERVISOR_OWN_RULE;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t machine = candidates[i];
        if (machine >= MACHINES_MAX)
            continue;
        /* Who was away has no claim on the time that it did not want. */
        if (pass[machine] < now_pass)
            pass[machine] = now_pass;
        if (best == ABI_SUPERVISOR_OWN_RULE || pass[machine] < pass[best] ||
            (pass[machine] == pass[best] && machine < best))
            best = machine;
    }
    if (best != ABI_SUPERVISOR_OWN_RULE) {
        now_pass = pass[best];
        pass[best] += STRIDE_ONE / tickets[best];
    }
    return best;
}

static void report(uint32_t first, uint32_t count)
{
    struct abi_supervisor_host host = denali_supervised_host();
    double total_ns = 0;
    for (uint32_t i = first; i < host.machine_count; i++)
        total_ns += (double)denali_supervised_machine(i).guest_ns;
    for (uint32_t i = 0; i < count; i++) {
        char name[24];
        snprintf(name, sizeof name, "share.%u", (unsigned)i);
        denali_observe(name,
                       100.0 * (double)denali_supervised_machine(first + i).guest_ns / total_ns);
    }
    denali_observe("stride.followed", (double)host.answers / (double)host.questions);
}

int main(int argc, char **argv)
{
    if (argc < 3 || !denali_supervises()) {
        fprintf(stderr, "usage, on a supervisor: stride REPORT_S TICKETS...\n");
        return 2;
    }
    struct abi_supervisor_host host = denali_supervised_host();
    uint32_t first = host.own_machine + 1;
    for (uint32_t i = 0; i < MACHINES_MAX; i++) {
        bool named = i >= first && i - first < (uint32_t)argc - 2;
        int at = named ? (int)(i - first) + 2 : argc - 1;
        tickets[i] = (uint32_t)strtoul(argv[at], NULL, 10);
        if (tickets[i] < 1 || tickets[i] > STRIDE_ONE) {
            fprintf(stderr, "stride: %s: expected 1 to %u tickets\n", argv[at], STRIDE_ONE);
            return 2;
        }
    }
    uint64_t report_ns = strtoull(argv[1], NULL, 10) * 1000000000u;
    if (denali_supervisor_control(ABI_CONTROL_POLICIES, 0, ABI_POLICY_SCHEDULER) !=
        ABI_SUPERVISOR_DONE)
        return 1;
    for (int reported = 0;;) {
        struct abi_supervisor_question question = denali_question_wait(candidates, MACHINES_MAX);
        uint32_t count =
            question.candidate_count < MACHINES_MAX ? question.candidate_count : MACHINES_MAX;
        denali_answer(&question, choose(count), 0);
        if (!reported && denali_now_ns() >= report_ns) {
            reported = 1;
            report(first, (uint32_t)argc - 2);
        }
    }
}
