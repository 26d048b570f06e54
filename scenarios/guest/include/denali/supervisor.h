/*
 * For a program that runs on the supervisor of a host (`supervisor: true` in its group of the
 * scenario): the other machines of the host, what they are and use, what can be done to them, and
 * the decisions which of them runs next, which is admitted and whose memory goes. docs/hosts.md
 * says what the kernel makes of it; the structs and constants are of devices/abi.h. On any other
 * machine all of it but denali_supervises is a fault (port).
 */
#ifndef DENALI_SUPERVISOR_H
#define DENALI_SUPERVISOR_H

#include <stdint.h>

#include <devices/abi.h>

static inline void denali_supervisor_port_(uint16_t port, void *descriptor)
{
    __asm__ volatile("outl %0, %w1"
                     :
                     : "a"((uint32_t)(uintptr_t)descriptor), "Nd"(port)
                     : "memory");
}

static inline uint32_t denali_supervisor_register_(uint32_t offset)
{
    uint32_t value;
    __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(ABI_REGISTER_PAGE + offset) : "memory");
    return value;
}

/* Whether this machine is a supervisor. */
static inline int denali_supervises(void)
{
    return (denali_supervisor_register_(ABI_REG_FEATURES) & ABI_FEATURE_SUPERVISOR) != 0;
}

static inline struct abi_supervisor_host denali_supervised_host(void)
{
    struct abi_supervisor_host host;
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_HOST, &host);
    return host;
}

/* A machine by its number on the host, from 0; state ABI_MACHINE_NONE past the last. */
static inline struct abi_supervisor_machine denali_supervised_machine(uint32_t number)
{
    struct abi_supervisor_machine machine = {.machine = number};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_MACHINE, &machine);
    return machine;
}

/* Its limits that can be set; all 0 past the last machine. */
static inline struct abi_supervisor_limits denali_supervised_limits(uint32_t number)
{
    struct abi_supervisor_limits limits = {.machine = number};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_LIMITS, &limits);
    return limits;
}

/* One of the host's snapshots by its number, from 0, and the space that is left for others. */
static inline struct abi_supervisor_snapshot denali_supervised_snapshot(uint32_t number)
{
    struct abi_supervisor_snapshot snapshot = {.number = number};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_SNAPSHOT, &snapshot);
    return snapshot;
}

/* One of the host's volumes by its number, from 0, and whose it is; state ABI_VOLUME_NONE past the
 * last. */
static inline struct abi_supervisor_volume denali_supervised_volume(uint32_t number)
{
    struct abi_supervisor_volume volume = {.volume = number};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_VOLUME, &volume);
    return volume;
}

/* ABI_CONTROL_* of a machine: to pause, resume, destroy or start it, to set its weight, its cap or
 * another limit, to keep a snapshot of it, or start it from one, to give it a volume or take it
 * away; gives ABI_SUPERVISOR_DONE or what was wrong, and then nothing has changed. */
static inline uint32_t denali_supervisor_control(uint32_t operation, uint32_t machine,
                                                 uint64_t value)
{
    struct abi_supervisor_control control = {
        .operation = operation, .machine = machine, .value = value};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_CONTROL, &control);
    return control.status;
}

/*
 * Waits, using no processor time, until the kernel has something for this program or the virtual
 * time is until_ns (UINT64_MAX: for ever). It may return for nothing. For programs that have no
 * network: what arrives there meanwhile is left to the next call of anything that waits.
 */
static inline void denali_supervisor_wait(uint64_t until_ns)
{
    uint32_t pending;
    uint32_t high = (uint32_t)(until_ns >> 32);
    __asm__ volatile(".byte 0x0f, 0x3f, 0x01"
                     : "=a"(pending), "+d"(high)
                     : "a"((uint32_t)until_ns)
                     : "memory");
    __asm__ volatile("movl %0, (%1)"
                     :
                     : "r"(pending), "r"(ABI_REGISTER_PAGE + ABI_REG_IRQ_PENDING)
                     : "memory");
}

/* --- ABI_POLICY_SCHEDULER: which machine is next ------------------------------------------------
 */

/*
 * Waits (denali_supervisor_wait) until the kernel asks which machine is next, and gives the
 * question; `list` receives up to `capacity` (ABI_SUPERVISOR_LIST_MAX at most) of the candidates,
 * as many as the smaller of that and candidate_count.
 */
static inline struct abi_supervisor_question denali_question_wait(uint32_t *list, uint32_t capacity)
{
    struct abi_supervisor_question question = {.list_address = (uint32_t)(uintptr_t)list,
                                               .list_capacity = capacity};
    for (;;) {
        denali_supervisor_wait(UINT64_MAX);
        denali_supervisor_port_(ABI_PORT_SUPERVISOR_QUESTION, &question);
        if (question.sequence != 0)
            return question;
    }
}

/* Answers it: a candidate, or ABI_SUPERVISOR_OWN_RULE; how long it runs at most, 0 for as long as
 * the kernel would let it. Followed when this program waits again; gives ABI_SUPERVISOR_*. */
static inline uint32_t denali_answer(const struct abi_supervisor_question *question,
                                     uint32_t machine, uint64_t slice_ns)
{
    struct abi_supervisor_answer answer = {
        .sequence = question->sequence, .machine = machine, .slice_ns = slice_ns};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_ANSWER, &answer);
    return answer.status;
}

/* --- ABI_POLICY_ADMISSION: which of those that wait is admitted ---------------------------------
 */

/* Who waits, first to last, and what is free; `list` receives up to `capacity`
 * (ABI_SUPERVISOR_LIST_MAX at most) of them, as many as the smaller of that and waiting_count. The
 * program is woken whenever that changes while somebody waits. */
static inline struct abi_supervisor_gate denali_gate(struct abi_supervisor_waiting *list,
                                                     uint32_t capacity)
{
    struct abi_supervisor_gate gate = {.list_address = (uint32_t)(uintptr_t)list,
                                       .list_capacity = capacity};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_GATE, &gate);
    return gate;
}

/* Admits a machine that waits; gives ABI_SUPERVISOR_DONE, or ABI_SUPERVISOR_ROOM if there is no
 * room for it. */
static inline uint32_t denali_admit(uint32_t machine)
{
    struct abi_supervisor_admit admit = {.machine = machine};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_ADMIT, &admit);
    return admit.status;
}

/* --- ABI_POLICY_PAGER: whom memory is taken from -----------------------------------------------
 */

/* What the pager has to do with a machine; block_pages 0: there is no such machine. */
static inline struct abi_supervisor_paged denali_paged(uint32_t machine)
{
    struct abi_supervisor_paged paged = {.machine = machine};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_PAGED, &paged);
    return paged;
}

/*
 * The pager takes the next blocks that it needs from these machines, first to last, so many of
 * each; up to ABI_SUPERVISOR_TAKE_MAX entries. Which block of a machine goes is the kernel's
 * choice, by its clock. What a machine cannot give is struck off, and at the end of the list the
 * kernel's own rule decides; the program is woken when low_blocks are left. Tells what came of the
 * lists before, and whether this one is good in `status`.
 */
static inline struct abi_supervisor_take
denali_take_from(const struct abi_supervisor_taken_from *list, uint32_t count, uint32_t low_blocks)
{
    struct abi_supervisor_take take = {
        .list_address = (uint32_t)(uintptr_t)list, .list_count = count, .low_blocks = low_blocks};
    denali_supervisor_port_(ABI_PORT_SUPERVISOR_TAKE, &take);
    return take;
}

#endif
