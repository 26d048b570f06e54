/*
 * Proportional shares of a host's memory, as a program of the host's supervisor: when memory is
 * wanted it is taken from the machine that pays least for each block that it has (min-funding
 * revocation: Waldspurger and Weihl 1995; Waldspurger, Memory Resource Management in VMware ESX
 * Server, OSDI 2002).
 *
 *     page-shares NAME REPORT_S TICKETS...
 *
 * TICKETS are those of the machines whose numbers follow the supervisor's, in that order; the last
 * is for all others. If all are 0 it leaves replacement to the kernel. From virtual time REPORT_S
 * on it reports ten times, 100 ms apart, what each of the first has of the memory that they have
 * together, `NAME.pages.<which>` in percent, and at the end `NAME.followed`, the part of the blocks
 * of its lists that were taken as it said.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <denali.h>
#include <denali/supervisor.h>

#define MACHINES_MAX 256u
#define MS           1000000u
#define BLOCKS       64u /* that a list is for */
#define LOW_BLOCKS   16u /* when it is time for the next one */
#define REPORTS      10u

static uint32_t tickets[MACHINES_MAX];
static uint64_t blocks[MACHINES_MAX]; /* that a machine has, less what the list takes from it */
static uint32_t taken[MACHINES_MAX];
static struct abi_supervisor_taken_from list[ABI_SUPERVISOR_TAKE_MAX];

/* Whose blocks are paid for worst. */
static uint32_t poorest(uint32_t count)
{
    uint32_t poorest = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (blocks[i] * tickets[poorest] > blocks[poorest] * tickets[i])
            poorest = i;
    }
    return poorest;
}

/* Gives the pager the next list. */
static struct abi_supervisor_take supply(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct abi_supervisor_paged paged = denali_paged(i);
        blocks[i] = paged.resident_pages / (paged.block_pages ? paged.block_pages : 1);
        taken[i] = 0;
    }
    for (uint32_t i = 0; i < BLOCKS; i++) {
        uint32_t machine = poorest(count);
        if (blocks[machine] == 0)
            break;
        blocks[machine]--;
        taken[machine]++;
    }
    uint32_t length = 0;
    for (uint32_t i = 0; i < count && length < ABI_SUPERVISOR_TAKE_MAX; i++) {
        if (taken[i] > 0)
            list[length++] = (struct abi_supervisor_taken_from){i, taken[i]};
    }
    return denali_take_from(list, length, LOW_BLOCKS);
}

static void report(const char *prefix, uint32_t first, uint32_t count)
{
    double resident[MACHINES_MAX];
    double all = 0;
    for (uint32_t i = 0; i < count; i++)
        all += resident[i] = (double)denali_paged(first + i).resident_pages;
    for (uint32_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.pages.%u", prefix, (unsigned)i);
        denali_observe(name, 100.0 * resident[i] / all);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 3 + (int)MACHINES_MAX || strlen(argv[1]) > 32 || !denali_supervises()) {
        fprintf(stderr, "usage, on a supervisor: page-shares NAME REPORT_S TICKETS...\n");
        return 2;
    }
    struct abi_supervisor_host host = denali_supervised_host();
    uint32_t first = host.own_machine + 1;
    uint32_t named = (uint32_t)argc - 3;
    uint32_t count = host.machine_count < MACHINES_MAX ? host.machine_count : MACHINES_MAX;
    bool decides = strcmp(argv[3], "0") != 0;
    for (uint32_t i = 0; i < count; i++) {
        int at = i >= first && i - first < named ? (int)(i - first) + 3 : argc - 1;
        tickets[i] = (uint32_t)strtoul(argv[at], NULL, 10);
        if (decides ? tickets[i] < 1 || tickets[i] > 1000000 : tickets[i] != 0) {
            fprintf(stderr, "page-shares: %s: expected 1 to 1000000 tickets, or 0 for all\n",
                    argv[at]);
            return 2;
        }
    }
    if (decides && denali_supervisor_control(ABI_CONTROL_POLICIES, 0, ABI_POLICY_PAGER) !=
                       ABI_SUPERVISOR_DONE) {
        fprintf(stderr, "page-shares: the host does not page\n");
        return 2;
    }
    uint64_t report_ns = strtoull(argv[2], NULL, 10) * 1000u * MS;
    for (uint32_t reports = 0;;) {
        if (decides) {
            struct abi_supervisor_take before = supply(count);
            uint64_t all_blocks = before.taken_blocks + before.missed_blocks;
            if (reports == REPORTS && all_blocks > 0) {
                char name[64];
                snprintf(name, sizeof name, "%s.followed", argv[1]);
                denali_observe(name, (double)before.taken_blocks / (double)all_blocks);
                reports++;
            }
        }
        denali_supervisor_wait(reports < REPORTS ? report_ns : UINT64_MAX);
        if (reports < REPORTS && denali_now_ns() >= report_ns) {
            report(argv[1], first, named);
            report_ns += 100 * MS;
            reports++;
        }
    }
}
