/*
 * What the host's supervisor decides instead of the kernel, and who runs next by its leave; whom it
 * admits is gatekeeper.c's.
 *
 * It is told that there is something to look at by an interrupt, like anything that a machine is
 * told: it is woken, and hears of all that has come meanwhile in one crossing. While it has a
 * processor it may be ahead in virtual time of what there is to tell, so it is interrupted when it
 * has left that.
 *
 * Where a processor has two machines or more to choose from, the kernel gives it to the supervisor
 * first, with an interrupt, for `answer` at most; that is a slice like any other, with its switch
 * and its crossing, charged to the supervisor. When it leaves, by `idle` or because that time is
 * over, its answer is followed if it names a machine that can run; else the kernel's own rule
 * decides, as it does while the supervisor is at a cap, paused, gone, or on another processor. So a
 * policy costs time and decides who has the rest of it; what it cannot do is stop the host.
 *
 * Machines within their reservation come before it: what was guaranteed is not a matter of policy.
 */
#include "host.h"

#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../process.h"

bool emu_policy_decides(const struct emu_host *host, uint32_t policy)
{
    const struct emu_policy *policies = &host->policy;
    return (policies->policies & policy) && policies->supervisor->admitted &&
           !policies->supervisor->paused;
}

void emu_policy_set(struct emu_host *host, uint32_t policies, uint64_t now_ns)
{
    struct emu_policy *policy = &host->policy;
    policy->policies = policies;
    policy->news = policy->news && policies;
    emu_host_tell(host, now_ns, EMU_HOST_POLICIES, 0, policy->supervisor, policies);
    emu_policy_review(host, now_ns);
}

void emu_policy_review(struct emu_host *host, uint64_t now_ns)
{
    if (host->pager && !emu_policy_decides(host, ABI_POLICY_PAGER)) {
        emu_host_choose(host, NULL, 0, 0);
    }
    emu_gate_review(host, now_ns);
}

void emu_policy_tell(struct emu_host *host, uint32_t which)
{
    struct emu_policy *policy = &host->policy;
    emu_host_tell(host, host->process->now_ns, EMU_HOST_NEWS, 0, policy->supervisor, which);
    policy->news = emu_seat_occupies(policy->supervisor) > 0;
    if (!policy->news) {
        emu_node_interrupt(policy->supervisor->node, ABI_IRQ_SUPERVISOR);
    }
}

void emu_policy_left(struct emu_host *host, const struct emu_seat *seat)
{
    struct emu_policy *policy = &host->policy;
    if (policy->news && seat == policy->supervisor && emu_seat_occupies(seat) == 1) {
        policy->news = false;
        emu_node_interrupt(seat->node, ABI_IRQ_SUPERVISOR);
    }
}

/* --- who is next ------------------------------------------------------------------------------ */

static const uint32_t candidate_queues[] = {EMU_QUEUE_URGENT, EMU_QUEUE_WOKEN, EMU_QUEUE_READY};
#define CANDIDATE_QUEUE_COUNT (sizeof candidate_queues / sizeof candidate_queues[0])

static bool is_candidate(const struct emu_seat *seat)
{
    return seat != seat->host->policy.supervisor &&
           (seat->queue == EMU_QUEUE_URGENT || seat->queue == EMU_QUEUE_WOKEN ||
            seat->queue == EMU_QUEUE_READY);
}

uint32_t emu_policy_candidates(const struct emu_host *host, uint32_t *list, uint32_t capacity)
{
    uint32_t count = 0;
    uint32_t listed = 0;
    for (uint32_t i = 0; i < CANDIDATE_QUEUE_COUNT; i++) {
        const struct emu_queue *queue = &host->queues[candidate_queues[i]];
        count += queue->count;
        const struct emu_seat *seat = queue->first;
        for (; seat && listed < capacity; seat = seat->next) {
            if (is_candidate(seat)) {
                list[listed++] = emu_seat_number(seat);
            }
        }
    }
    const struct emu_seat *supervisor = host->policy.supervisor;
    bool itself = supervisor->queue == EMU_QUEUE_URGENT || supervisor->queue == EMU_QUEUE_WOKEN ||
                  supervisor->queue == EMU_QUEUE_READY;
    return count - itself;
}

/* The kernel has a question: the supervisor, to be given the processor; NULL: it cannot be asked.
 */
static struct emu_seat *ask(struct emu_host *host, uint32_t processor, uint64_t now_ns)
{
    struct emu_policy *policy = &host->policy;
    struct emu_seat *supervisor = policy->supervisor;
    if (policy->open || !emu_node_alive(supervisor->node) || emu_seat_occupies(supervisor) ||
        supervisor->paused || supervisor->waits ||
        (supervisor->reserve && supervisor->home != processor) ||
        emu_seat_cap_left(supervisor, now_ns) == 0) {
        policy->unasked++;
        return NULL;
    }
    policy->open = true;
    policy->answer = NULL;
    policy->processor = processor;
    policy->sequence = policy->sequence == UINT32_MAX ? 1 : policy->sequence + 1;
    policy->questions++;
    emu_host_tell(host, now_ns, EMU_HOST_ASK, processor, supervisor, policy->sequence);
    policy->asking = true; /* it gets this processor, not one that is to be had elsewhere */
    emu_node_interrupt(supervisor->node, ABI_IRQ_SUPERVISOR);
    policy->asking = false;
    ASSERT(supervisor->place == EMU_SEAT_READY);
    emu_queue_remove(supervisor);
    supervisor->left_ns = host->model->answer_ns;
    return supervisor;
}

/* The question is over: whom it was answered with, NULL for the kernel's own rule. */
static struct emu_seat *conclude(struct emu_host *host, uint32_t processor, uint64_t now_ns)
{
    struct emu_policy *policy = &host->policy;
    struct emu_seat *seat = policy->answer;
    policy->open = false;
    policy->answer = NULL;
    if (!seat || !is_candidate(seat) || emu_seat_cap_left(seat, now_ns) == 0) {
        return NULL;
    }
    host->processors[processor].woken = seat->queue == EMU_QUEUE_WOKEN;
    emu_queue_remove(seat);
    if (policy->slice_ns) {
        uint64_t quantum_ns = emu_seat_quantum(seat);
        seat->left_ns = policy->slice_ns < quantum_ns ? policy->slice_ns : quantum_ns;
    }
    policy->answers++;
    emu_host_tell(host, now_ns, EMU_HOST_ANSWER, processor, seat, policy->slice_ns);
    return seat;
}

struct emu_seat *emu_policy_pick(struct emu_host *host, uint32_t processor, uint64_t now_ns)
{
    const struct emu_policy *policy = &host->policy;
    struct emu_seat *seat = NULL;
    bool over = policy->open && policy->processor == processor;
    bool reserved = host->queues[EMU_QUEUE_RESERVED(processor)].first != NULL;
    if (over) {
        seat = reserved ? NULL : conclude(host, processor, now_ns);
        host->policy.open = false;
    } else if ((policy->policies & ABI_POLICY_SCHEDULER) && !reserved &&
               emu_policy_candidates(host, NULL, 0) >= 2) {
        seat = ask(host, processor, now_ns);
    }
    return seat ? seat : emu_host_pick(host, processor, now_ns);
}

uint32_t emu_policy_answer(struct emu_host *host, uint32_t sequence, uint32_t machine,
                           uint64_t slice_ns)
{
    struct emu_policy *policy = &host->policy;
    const struct emu_processor *processor = &host->processors[policy->processor];
    if (!policy->open || sequence != policy->sequence || processor->seat != policy->supervisor ||
        processor->left) {
        return ABI_SUPERVISOR_LATE;
    }
    if (machine == ABI_SUPERVISOR_OWN_RULE) {
        policy->answer = NULL;
        return ABI_SUPERVISOR_DONE;
    }
    if (machine >= host->seat_count || !is_candidate(&host->seats[machine])) {
        return ABI_SUPERVISOR_NO_MACHINE;
    }
    policy->answer = &host->seats[machine];
    policy->slice_ns = slice_ns;
    return ABI_SUPERVISOR_DONE;
}
