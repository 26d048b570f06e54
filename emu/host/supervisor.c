/*
 * What a host's supervisor asks and tells its kernel (devices/supervisor.c has the ports): checked
 * as a guest's, in an event of the moment at which it was asked, so that all machines of the host
 * have come to that moment. Only what such events change is told: what a machine did in its present
 * slice is known when that is over.
 */
#include "host.h"

#include <assert.h>

#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../digest.h"
#include "../process.h"
#include "../world_internal.h"

static_assert(EMU_PAGER_CHOICES_MAX == ABI_SUPERVISOR_TAKE_MAX, "a list fits");

static uint32_t state_of(const struct emu_seat *seat)
{
    static const uint32_t of_queue[] = {
        [EMU_QUEUE_GATE] = ABI_MACHINE_QUEUED, [EMU_QUEUE_URGENT] = ABI_MACHINE_READY,
        [EMU_QUEUE_WOKEN] = ABI_MACHINE_READY, [EMU_QUEUE_READY] = ABI_MACHINE_READY,
        [EMU_QUEUE_HELD] = ABI_MACHINE_HELD,   [EMU_QUEUE_PAUSED] = ABI_MACHINE_PAUSED,
    };
    if (emu_seat_occupies(seat)) {
        return ABI_MACHINE_RUNNING;
    }
    if (seat->waits) {
        return ABI_MACHINE_PAGING;
    }
    if (seat->queue != EMU_QUEUE_NONE) {
        return seat->queue < EMU_QUEUE_OF_PROCESSOR ? of_queue[seat->queue] : ABI_MACHINE_READY;
    }
    return emu_node_alive(seat->node)          ? ABI_MACHINE_IDLE
           : seat->node->state == EMU_NODE_OFF ? ABI_MACHINE_OFF
                                               : ABI_MACHINE_ENDED;
}

static void tell_host(const struct emu_host *host, struct abi_supervisor_host *answer)
{
    const struct scn_host *model = host->model;
    const struct emu_policy *policy = &host->policy;
    *answer = (struct abi_supervisor_host){
        .machine_count = host->seat_count,
        .own_machine = emu_seat_number(policy->supervisor),
        .processor_count = (uint32_t)model->processors,
        .policies = policy->policies,
        .quantum_ns = model->quantum_ns,
        .period_ns = model->period_ns,
        .answer_ns = model->answer_ns,
        .memory_bytes = model->memory_bytes,
        .committed_bytes = host->committed_bytes,
        .questions = policy->questions,
        .answers = policy->answers,
        .unasked = policy->unasked,
    };
    for (uint32_t i = 0; i < model->processors; i++) {
        answer->idle_ns += host->processors[i].idle_ns;
    }
}

static void tell_machine(const struct emu_host *host, struct abi_supervisor_machine *answer)
{
    uint32_t number = answer->machine;
    *answer = (struct abi_supervisor_machine){.machine = number, .state = ABI_MACHINE_NONE};
    if (number >= host->seat_count) {
        return;
    }
    const struct emu_seat *seat = &host->seats[number];
    *answer = (struct abi_supervisor_machine){
        .machine = number,
        .state = state_of(seat),
        .node = seat->node->index,
        .weight = seat->weight,
        .cap_percent = seat->cap,
        .reserve_percent = seat->reserve,
        .memory_bytes = emu_seat_need_bytes(seat),
        .guest_ns = seat->guest_ns,
        .kernel_ns = seat->kernel_ns,
        .waited_ns = seat->waited_ns,
        .dispatches = seat->dispatches,
        .frames_received = seat->node->account.frames_received,
        .frames_sent = seat->sender.frames,
    };
}

static void tell_limits(const struct emu_host *host, struct abi_supervisor_limits *answer)
{
    uint32_t number = answer->machine;
    *answer = (struct abi_supervisor_limits){.machine = number};
    if (number >= host->seat_count) {
        return;
    }
    const struct emu_seat *seat = &host->seats[number];
    struct net_rates rates = emu_seat_rates(seat);
    *answer = (struct abi_supervisor_limits){
        .machine = number,
        .generation = seat->generation,
        .memory_floor_bytes = seat->floor_bytes,
        .memory_ceiling_bytes = seat->ceiling_bytes,
        .send_bps = rates.send_bps,
        .receive_bps = rates.receive_bps,
        .send_burst_bytes = rates.send_burst_bytes,
        .receive_burst_bytes = rates.receive_burst_bytes,
        .disk_bytes = seat->disk_bytes,
        .disk_bps = emu_seat_disk_bps(seat),
    };
}

static uint32_t control(struct emu_seat *supervisor, const struct abi_supervisor_control *asked,
                        uint64_t now_ns)
{
    struct emu_host *host = supervisor->host;
    if (asked->operation == ABI_CONTROL_POLICIES) {
        if ((asked->value & ~(uint64_t)EMU_POLICIES) ||
            (!host->pager && (asked->value & ABI_POLICY_PAGER))) {
            return ABI_SUPERVISOR_VALUE;
        }
        emu_policy_set(host, (uint32_t)asked->value, now_ns);
        return ABI_SUPERVISOR_DONE;
    }
    if (asked->operation >= ABI_CONTROL_COUNT) {
        return ABI_SUPERVISOR_VALUE;
    }
    if (asked->machine >= host->seat_count) {
        return ABI_SUPERVISOR_NO_MACHINE;
    }
    struct emu_seat *seat = &host->seats[asked->machine];
    bool limit = (asked->operation >= ABI_CONTROL_WEIGHT && asked->operation <= ABI_CONTROL_DISK) ||
                 asked->operation == ABI_CONTROL_DISK_RATE;
    bool volume = asked->operation == ABI_CONTROL_ATTACH || asked->operation == ABI_CONTROL_DETACH;
    if (seat == supervisor && !limit && !volume && asked->operation != ABI_CONTROL_DISCARD) {
        return ABI_SUPERVISOR_NO_MACHINE; /* who else would undo it? */
    }
    return emu_seat_control(seat, supervisor, asked->operation, asked->value, now_ns);
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* It has been given so much of a list: it is charged, and in its digest. */
static void listed(struct emu_seat *supervisor, uint16_t port, const void *list,
                   uint32_t size_bytes)
{
    emu_seat_copied(supervisor, size_bytes);
    emu_digest_add(supervisor->node, EMU_DIGEST_SUPERVISOR, port, 0, list, size_bytes);
}

static uint32_t tell_question(struct emu_seat *supervisor, struct abi_supervisor_question *question,
                              uint32_t *list)
{
    const struct emu_host *host = supervisor->host;
    const struct emu_policy *policy = &host->policy;
    question->sequence = policy->open ? policy->sequence : 0;
    question->processor = policy->open ? policy->processor : 0;
    question->candidate_count =
        policy->open ? emu_policy_candidates(host, list, question->list_capacity) : 0;
    question->reserved = 0;
    uint32_t count = lesser(question->candidate_count, question->list_capacity);
    listed(supervisor, ABI_PORT_SUPERVISOR_QUESTION, list, count * (uint32_t)sizeof *list);
    return count;
}

static uint32_t tell_gate(struct emu_seat *supervisor, struct abi_supervisor_gate *gate,
                          struct abi_supervisor_waiting *list)
{
    const struct emu_host *host = supervisor->host;
    const struct emu_queue *queue = &host->queues[EMU_QUEUE_GATE];
    gate->waiting_count = queue->count;
    gate->reserved = 0;
    gate->free_bytes = emu_gate_free_bytes(host);
    uint32_t count = 0;
    const struct emu_seat *seat = queue->first;
    for (; seat && count < gate->list_capacity; seat = seat->next) {
        list[count++] = (struct abi_supervisor_waiting){
            .machine = emu_seat_number(seat),
            .need_bytes = emu_seat_need_bytes(seat),
        };
    }
    listed(supervisor, ABI_PORT_SUPERVISOR_GATE, list, count * (uint32_t)sizeof *list);
    return count;
}

static void tell_paged(const struct emu_host *host, struct abi_supervisor_paged *answer)
{
    uint32_t number = answer->machine;
    *answer = (struct abi_supervisor_paged){.machine = number};
    if (!host->pager || number >= host->seat_count) {
        return;
    }
    const struct emu_seat *seat = &host->seats[number];
    struct emu_paging_report report;
    emu_seat_paging_report(seat, &report);
    answer->block_pages = (uint32_t)(host->model->paging.block_bytes / EMU_PAGER_PAGE_BYTES);
    answer->resident_pages = report.pages_resident;
    answer->floor_pages = seat->floor_bytes / EMU_PAGER_PAGE_BYTES;
    answer->faults = report.faults;
    answer->page_ins = report.page_ins;
    answer->page_outs = report.page_outs;
    answer->wait_ns = report.page_wait_ns;
}

static uint32_t choose(struct emu_host *host, const struct abi_supervisor_take *take,
                       const struct abi_supervisor_taken_from *list)
{
    struct emu_pager_choice choices[EMU_PAGER_CHOICES_MAX];
    if (!emu_policy_decides(host, ABI_POLICY_PAGER)) {
        return ABI_SUPERVISOR_LATE;
    }
    for (uint32_t i = 0; i < take->list_count; i++) {
        if (list[i].machine >= host->seat_count) {
            return ABI_SUPERVISOR_NO_MACHINE;
        }
        if (list[i].block_count == 0) {
            return ABI_SUPERVISOR_VALUE;
        }
        choices[i] = (struct emu_pager_choice){list[i].machine, list[i].block_count};
    }
    emu_host_choose(host, choices, take->list_count, take->low_blocks);
    return ABI_SUPERVISOR_DONE;
}

static void take(struct emu_seat *supervisor, struct abi_supervisor_take *take,
                 const struct abi_supervisor_taken_from *list)
{
    struct emu_host *host = supervisor->host;
    take->free_pages = take->left_blocks = take->taken_blocks = take->missed_blocks = 0;
    if (host->pager) {
        const struct emu_pager_chosen chosen = emu_pager_chosen(host->pager);
        take->free_pages = emu_pager_free(host->pager);
        take->left_blocks = chosen.left;
        take->taken_blocks = chosen.taken;
        take->missed_blocks = chosen.missed;
    }
    take->status = choose(host, take, list);
    emu_seat_copied(supervisor, take->list_count * (uint32_t)sizeof *list);
}

uint32_t emu_supervisor_operate(struct emu_seat *supervisor, uint16_t port, void *descriptor,
                                void *list)
{
    struct emu_host *host = supervisor->host;
    uint64_t now_ns = host->process->now_ns;
    uint32_t size_bytes = 0;
    uint32_t count = 0;
    emu_host_moment_begin(host, host->policy.supervisor->home);
    switch (port) {
    case ABI_PORT_SUPERVISOR_HOST:
        tell_host(host, descriptor);
        size_bytes = sizeof(struct abi_supervisor_host);
        break;
    case ABI_PORT_SUPERVISOR_MACHINE:
        tell_machine(host, descriptor);
        size_bytes = sizeof(struct abi_supervisor_machine);
        break;
    case ABI_PORT_SUPERVISOR_LIMITS:
        tell_limits(host, descriptor);
        size_bytes = sizeof(struct abi_supervisor_limits);
        break;
    case ABI_PORT_SUPERVISOR_SNAPSHOT:
        emu_host_snapshot_tell(host, descriptor);
        size_bytes = sizeof(struct abi_supervisor_snapshot);
        break;
    case ABI_PORT_SUPERVISOR_VOLUME:
        emu_host_volume_tell(host, descriptor);
        size_bytes = sizeof(struct abi_supervisor_volume);
        break;
    case ABI_PORT_SUPERVISOR_CONTROL: {
        struct abi_supervisor_control *asked = descriptor;
        asked->status = control(supervisor, asked, now_ns);
        size_bytes = sizeof *asked;
        break;
    }
    case ABI_PORT_SUPERVISOR_QUESTION:
        count = tell_question(supervisor, descriptor, list);
        size_bytes = sizeof(struct abi_supervisor_question);
        break;
    case ABI_PORT_SUPERVISOR_ANSWER: {
        struct abi_supervisor_answer *answer = descriptor;
        answer->status =
            emu_policy_answer(host, answer->sequence, answer->machine, answer->slice_ns);
        size_bytes = sizeof *answer;
        break;
    }
    case ABI_PORT_SUPERVISOR_GATE:
        count = tell_gate(supervisor, descriptor, list);
        size_bytes = sizeof(struct abi_supervisor_gate);
        break;
    case ABI_PORT_SUPERVISOR_ADMIT: {
        struct abi_supervisor_admit *admit = descriptor;
        admit->status = admit->machine < host->seat_count
                            ? emu_gate_admit(&host->seats[admit->machine], now_ns)
                            : ABI_SUPERVISOR_NO_MACHINE;
        size_bytes = sizeof *admit;
        break;
    }
    case ABI_PORT_SUPERVISOR_PAGED:
        tell_paged(host, descriptor);
        size_bytes = sizeof(struct abi_supervisor_paged);
        break;
    case ABI_PORT_SUPERVISOR_TAKE:
        take(supervisor, descriptor, list);
        size_bytes = sizeof(struct abi_supervisor_take);
        break;
    default:
        UNREACHABLE();
    }
    emu_host_moment_end(host);
    emu_digest_add(supervisor->node, EMU_DIGEST_SUPERVISOR, port, 0, descriptor, size_bytes);
    return count;
}
