/*
 * Work on volumes, handed out by a host's supervisor: it fills each volume with random words, gives
 * them one after the other to machines that run volume-sorter, a fresh life for each, and takes
 * each back when its machine has ended. One that is not done, because its machine failed, goes to
 * another machine, which finds on it all that was written; the one that failed is given nothing
 * more.
 *
 *     volume-keeper --volumes 6 --blocks 128 [--spread 0]
 *
 * Of those that wait it gives away one that lies on a disk of the host where the fewest are being
 * sorted; with --spread 0 the first. The volumes have the numbers from 0; the machines of the host
 * are the supervisor, then its workers. Observes volume.format_ms, for filling one; for each that
 * is done volume.done_ms, since it was first given away, volume.lives, the machines that it took,
 * and volume.right, whether all blocks are in order and hold what they held; for each that came
 * back unfinished volume.unfinished, how many blocks are noted as done; and volume.all_ms, when all
 * were done. Exits 0, or 1 if no machine was left for what is to be done.
 */
#include "arguments.h"
#include "volumes.h"

#include <denali/supervisor.h>

#include <stdbool.h>

#define MS_NS       UINT64_C(1000000)
#define LOOK_NS     MS_NS /* how often it looks whether machines have ended */
#define VOLUMES_MAX 256u
#define NOBODY      UINT32_MAX

struct job {
    enum { WAITS, GIVEN, DONE } state;
    uint32_t machine; /* GIVEN: to whom */
    uint64_t first_given_ns;
};

static struct job jobs[VOLUMES_MAX];
static enum { IDLES, WORKS, FAILED } machines[1024];
static uint32_t own;
static uint32_t machine_count;
static union volume_block first;
static uint32_t words[VOLUME_BATCH_WORDS];

static void must(bool done, const char *what, uint32_t volume)
{
    if (!done) {
        printf("volume-keeper: volume %lu: %s\n", (unsigned long)volume, what);
        exit(1);
    }
}

static void control(uint32_t operation, uint32_t machine, uint32_t volume)
{
    uint32_t status = denali_supervisor_control(operation, machine, volume);
    must(status == ABI_SUPERVISOR_DONE, "the kernel refuses", volume);
}

/* Has the volume itself; it comes, and goes, when this machine leaves its processor. */
static int take(uint32_t volume)
{
    char name[ABI_DISK_NAME_MAX];
    struct abi_supervisor_volume is = denali_supervised_volume(volume);
    memcpy(name, is.name, sizeof name);
    control(ABI_CONTROL_ATTACH, own, volume);
    return denali_disk_wait(name, UINT64_MAX);
}

static void let_go(uint32_t volume)
{
    control(ABI_CONTROL_DETACH, own, volume);
    while (denali_supervised_volume(volume).state != ABI_VOLUME_FREE)
        denali_idle_until(denali_now_ns() + 1);
}

/* Knuth's generator of 64 bits: the upper half. */
static uint32_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

static void format(uint32_t volume, uint32_t block_count)
{
    uint64_t start_ns = denali_now_ns();
    uint64_t random = volume;
    int disk = take(volume);
    must(denali_disk_blocks(disk) > block_count, "is too small", volume);
    first.head = (struct volume_head){.magic = VOLUME_MAGIC, .block_count = block_count};
    for (uint32_t block = 0; block < block_count; block += VOLUME_BATCH) {
        for (uint32_t i = 0; i < VOLUME_BATCH_WORDS; i++) {
            words[i] = draw(&random);
            first.head.sum += words[i];
        }
        must(denali_disk_write(disk, 1 + block, VOLUME_BATCH, words) == 0, "cannot be filled",
             volume);
    }
    must(denali_disk_write(disk, 0, 1, &first) == 0, "cannot be filled", volume);
    let_go(volume);
    denali_observe("volume.format_ms", (double)(denali_now_ns() - start_ns) / MS_NS);
}

/* Each block in order, and the sum what it was. */
static bool is_right(int disk)
{
    uint32_t sum = 0;
    for (uint32_t block = 0; block < first.head.block_count; block += VOLUME_BATCH) {
        if (denali_disk_read(disk, 1 + block, VOLUME_BATCH, words) != 0)
            return false;
        for (uint32_t i = 0; i < VOLUME_BATCH_WORDS; i++) {
            sum += words[i];
            if (i % VOLUME_WORDS != 0 && words[i] < words[i - 1])
                return false;
        }
    }
    return sum == first.head.sum;
}

/* Its machine has ended. */
static void take_back(uint32_t volume)
{
    struct job *job = &jobs[volume];
    control(ABI_CONTROL_DETACH, job->machine, volume);
    int disk = take(volume);
    must(denali_disk_read(disk, 0, 1, &first) == 0, "cannot be read", volume);
    if (first.head.sorted < first.head.block_count) {
        denali_observe("volume.unfinished", first.head.sorted);
        machines[job->machine] = FAILED;
        job->state = WAITS;
    } else {
        denali_observe("volume.done_ms", (double)(denali_now_ns() - job->first_given_ns) / MS_NS);
        denali_observe("volume.lives", first.head.lives);
        denali_observe("volume.right", is_right(disk));
        machines[job->machine] = IDLES;
        job->state = DONE;
    }
    let_go(volume);
}

/* How many of the volumes that were given away lie on that disk of the host. */
static uint32_t given_on(uint32_t host_disk, uint32_t count)
{
    uint32_t given = 0;
    for (uint32_t volume = 0; volume < count; volume++)
        given +=
            jobs[volume].state == GIVEN && denali_supervised_volume(volume).host_disk == host_disk;
    return given;
}

/* The next to be given away; NOBODY: none waits. */
static uint32_t find_volume(uint32_t count, bool spread)
{
    uint32_t best = NOBODY;
    uint32_t fewest = UINT32_MAX;
    for (uint32_t volume = 0; volume < count; volume++) {
        if (jobs[volume].state != WAITS)
            continue;
        uint32_t given = spread ? given_on(denali_supervised_volume(volume).host_disk, count) : 0;
        if (given < fewest) {
            fewest = given;
            best = volume;
        }
    }
    return best;
}

/* A machine that has nothing to do; NOBODY if there is none now. *left: there may be one yet. */
static uint32_t find_worker(bool *left)
{
    *left = false;
    for (uint32_t machine = own + 1; machine < machine_count; machine++) {
        *left |= machines[machine] != FAILED;
        if (machines[machine] == IDLES)
            return machine;
    }
    return NOBODY;
}

static bool has_ended(uint32_t machine)
{
    return denali_supervised_machine(machine).state == ABI_MACHINE_ENDED;
}

static void give(uint32_t volume, uint32_t machine)
{
    struct job *job = &jobs[volume];
    int disk = take(volume);
    must(denali_disk_read(disk, 0, 1, &first) == 0, "cannot be read", volume);
    first.head.given_ns = denali_now_ns();
    must(denali_disk_write(disk, 0, 1, &first) == 0, "cannot be written", volume);
    let_go(volume);
    control(ABI_CONTROL_ATTACH, machine, volume);
    control(ABI_CONTROL_START, machine, 0);
    if (job->first_given_ns == 0)
        job->first_given_ns = denali_now_ns();
    job->machine = machine;
    job->state = GIVEN;
    machines[machine] = WORKS;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--volumes", "--blocks", "--spread", NULL};
    arguments_check(argc, argv, names);
    if (!denali_supervises()) {
        printf("volume-keeper: this machine is no supervisor\n");
        return 2;
    }
    uint32_t count = argument_number(argc, argv, "--volumes", 6, 1, VOLUMES_MAX);
    uint32_t block_count = argument_number(argc, argv, "--blocks", 128, VOLUME_BATCH, 1u << 20) /
                           VOLUME_BATCH * VOLUME_BATCH;
    bool spread = argument_number(argc, argv, "--spread", 1, 0, 1);
    own = denali_supervised_host().own_machine;
    machine_count = denali_supervised_host().machine_count;
    must(machine_count <= sizeof machines / sizeof *machines, "there are too many machines", 0);
    for (uint32_t volume = 0; volume < count; volume++)
        format(volume, block_count);
    for (uint32_t left = count; left > 0;) {
        for (uint32_t volume = 0; volume < count; volume++) {
            if (jobs[volume].state == GIVEN && has_ended(jobs[volume].machine)) {
                take_back(volume);
                left -= jobs[volume].state == DONE;
            }
        }
        for (;;) {
            bool workers = true;
            uint32_t volume = find_volume(count, spread);
            uint32_t machine = volume != NOBODY ? find_worker(&workers) : NOBODY;
            must(workers, "no machine is left for it", volume);
            if (machine == NOBODY)
                break;
            give(volume, machine);
        }
        denali_idle_until(denali_now_ns() + LOOK_NS);
    }
    denali_observe("volume.all_ms", (double)denali_now_ns() / MS_NS);
    return 0;
}
