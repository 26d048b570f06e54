/*
 * Shortest-job-first for memory, as a program of a host's supervisor: of the machines that wait to
 * be admitted the one that needs least is first, and one that there is no room for keeps nobody
 * waiting. The kernel's own rule is first in, first out.
 *
 *     smallest-first
 *
 * It observes `admission.waiting`, how many wait each time that it is told, and
 * `admission.overtaken`, whom each one that is admitted has overtaken.
 */
#include <stdio.h>

#include <denali.h>
#include <denali/supervisor.h>

static struct abi_supervisor_waiting waiting[ABI_SUPERVISOR_LIST_MAX];

int main(void)
{
    if (!denali_supervises() ||
        denali_supervisor_control(ABI_CONTROL_POLICIES, 0, ABI_POLICY_ADMISSION) !=
            ABI_SUPERVISOR_DONE) {
        fprintf(stderr, "smallest-first is a program for a supervisor\n");
        return 2;
    }
    for (;;) {
        struct abi_supervisor_gate gate = denali_gate(waiting, ABI_SUPERVISOR_LIST_MAX);
        uint32_t count = gate.waiting_count < ABI_SUPERVISOR_LIST_MAX ? gate.waiting_count
                                                                      : ABI_SUPERVISOR_LIST_MAX;
        uint32_t least = 0;
        for (uint32_t i = 1; i < count; i++) {
            if (waiting[i].need_bytes < waiting[least].need_bytes)
                least = i;
        }
        if (count > 0 && denali_admit(waiting[least].machine) == ABI_SUPERVISOR_DONE) {
            denali_observe("admission.overtaken", least);
            continue; /* there may be room for another */
        }
        denali_observe("admission.waiting", gate.waiting_count);
        denali_supervisor_wait(UINT64_MAX);
    }
}
