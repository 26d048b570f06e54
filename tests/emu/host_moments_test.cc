/* What a supervisor does to machines of other processors, which may be past that moment: what comes
 * of it much later must not take a processor there either, or how the run is cut would show. */
#include <algorithm>

#include "denali_process.h"

using support::TemporaryFolder;

namespace
{

/* Pauses the reserved machine while it runs, and resumes it, with nothing left of its reservation,
 * in the same period. */
const char *const kPauses = R"(
#include <denali.h>
#include <denali/supervisor.h>
static void until(uint64_t t) { while (denali_now_ns() < t) denali_supervisor_wait(t); }
int main(void)
{
    uint32_t victim = denali_supervised_host().own_machine + 1;
    for (uint64_t period = 2;; period++) {
        until(period * 10000000 + 1000000);
        denali_supervisor_control(ABI_CONTROL_PAUSE, victim, 0);
        until(period * 10000000 + 7000000);
        denali_supervisor_control(ABI_CONTROL_RESUME, victim, 0);
    }
}
)";

/* Starts clones of a machine that waits for its timer. */
const char *const kClones = R"(
#include <denali.h>
#include <denali/supervisor.h>
static void until(uint64_t t) { while (denali_now_ns() < t) denali_supervisor_wait(t); }
int main(void)
{
    uint32_t first = denali_supervised_host().own_machine + 2;
    denali_supervisor_control(ABI_CONTROL_START, first, 0);
    for (uint64_t k = 1;; k++) {
        until(k * 120000000 + 90000000);
        denali_supervisor_control(ABI_CONTROL_SNAPSHOT, first, 0);
        denali_supervisor_control(ABI_CONTROL_DESTROY, first, 0);
        until(k * 120000000 + 117000000);
        denali_supervisor_control(ABI_CONTROL_START_FROM, first + 1, 0);
        until(k * 120000000 + 129000000);
        denali_supervisor_control(ABI_CONTROL_DESTROY, first + 1, 0);
        denali_supervisor_control(ABI_CONTROL_DISCARD, first, 0);
        denali_supervisor_control(ABI_CONTROL_START, first, 0);
    }
}
)";
const char *const kTimer = R"(
#include <denali.h>
#include <denali/supervisor.h>
static volatile uint64_t deadline;
int main(void)
{
    for (;;) {
        deadline = (denali_now_ns() / 120000000 + 1) * 120000000;
        denali_supervisor_port_(ABI_PORT_TIMER, (void *)&deadline);
        denali_supervisor_wait(UINT64_MAX);
    }
}
)";

/* Gives a volume to a machine that waits for one, and takes it away while it is used. */
const char *const kGives = R"(
#include <denali.h>
#include <denali/supervisor.h>
static void until(uint64_t t) { while (denali_now_ns() < t) denali_supervisor_wait(t); }
int main(void)
{
    uint32_t user = denali_supervised_host().own_machine + 1;
    for (uint64_t k = 1;; k++) {
        until(k * 7000000);
        denali_supervisor_control(ABI_CONTROL_ATTACH, user + k % 2, k % 3);
        until(k * 7000000 + 3300000 + k * 1000);
        denali_supervisor_control(ABI_CONTROL_DETACH, user + k % 2, k % 3);
    }
}
)";
const char *const kUses = R"(
#include <denali.h>
static uint32_t block[DENALI_DISK_BLOCK_BYTES / 4];
int main(void)
{
    for (;;) {
        int disk = denali_disk_wait(0, UINT64_MAX);
        if (denali_disk_read(disk, 3, 1, block) == 0) {
            block[7]++;
            denali_observe("used", block[7]);
            denali_disk_write(disk, 3, 1, block);
        }
    }
}
)";

class HostMoments : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!HasProgram("page-shares") || !std::filesystem::exists(compiler_)) {
            GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
        }
    }

    void Compile(const std::string &name, const char *text)
    {
        folder_.write(name + ".c", text);
        const std::string command =
            "cd " + folder_.path() + " && " + compiler_ + " " + name + ".c -o " + name + ".img";
        ASSERT_EQ(std::system(command.c_str()), 0);
    }

    /* A checkpoint is a cut, too. */
    void ExpectCutsDoNotShow(const std::string &yaml)
    {
        folder_.write("x.yaml", yaml);
        std::string whole;
        for (const char *every : {"0s", "7ms", "1ms", "333us"}) {
            std::filesystem::remove_all(folder_.path() + "/run");
            Outcome outcome = Denali(folder_, {"run", "x.yaml", "--quiet", "--record",
                                               "--checkpoint-every", every, "--out", "run"});
            ASSERT_EQ(outcome.code, 0) << outcome.err;
            whole = whole.empty() ? DigestOfRun(folder_, "run") : whole;
            EXPECT_EQ(DigestOfRun(folder_, "run"), whole) << every;
        }
        EXPECT_EQ(whole.size(), 16u);
    }

    const std::string compiler_ = DENALI_BINARY_DIR "/denali-cc";
    TemporaryFolder folder_;
};

} // namespace

TEST_F(HostMoments, ThePagersNewsOfADisk)
{
    ExpectCutsDoNotShow(
        "general: {duration: 500ms}\n"
        "hosts:\n- {name: h, processors: 2, cpu_hz: 100MHz, quantum: 2ms, memory: 3MiB, "
        "minimum_free: 64KiB, interrupts: immediate, "
        "paging: {block: 4KiB, window: 100ms, inactive: 300ms}, "
        "disks: [{type: flash, size: 1GiB, read: 300us, write: 300us}], "
        "costs: {switch: 1400ns, trap: 1210ns, page_fault: 2us, page_fill: 1us, disk: 10us}}\n"
        "groups:\n- {name: chief, image: page-shares, arguments: [chosen, '5', '3', '2', '1'], "
        "network: none, host: h, supervisor: true, memory: 1MiB, limits: {memory_floor: 256KiB}}\n"
        "- {name: y, count: 4, image: sweep, arguments: ['1500', write, '0', '9000'], "
        "network: none, host: h, memory: 8MiB}\n"
        "- {name: x, image: spin, network: none, host: h, memory: 1MiB, count: 2}\n");
}

TEST_F(HostMoments, AReservationThatBeginsAfterOneWasResumed)
{
    Compile("chief", kPauses);
    ExpectCutsDoNotShow(
        "general: {duration: 200ms}\n"
        "hosts: [{name: h, processors: 2, cpu_hz: 100MHz, quantum: 50ms, period: 10ms, "
        "costs: {switch: 1400ns, trap: 1210ns, crossing: 500ns, interrupt: 500ns}}]\n"
        "groups:\n- {name: chief, image: ./chief.img, network: none, host: h, supervisor: true, "
        "reserve: 90}\n- {name: s, image: spin, network: none, host: h, reserve: 20}\n"
        "- {name: x, image: spin, network: none, host: h, count: 2}\n");
}

TEST_F(HostMoments, TheTimerOfAClone)
{
    Compile("chief", kClones);
    Compile("timer", kTimer);
    ExpectCutsDoNotShow(
        "general: {duration: 700ms}\n"
        "hosts: [{name: h, processors: 2, cpu_hz: 100MHz, quantum: 17ms, period: 10ms, "
        "interrupts: immediate, snapshots: {count: 1, size: 16MiB}, "
        "costs: {switch: 1400ns, trap: 1210ns, crossing: 500ns, interrupt: 500ns}}]\n"
        "groups:\n- {name: chief, image: ./chief.img, network: none, host: h, supervisor: true, "
        "reserve: 90}\n- {name: w, image: spin, network: none, host: h}\n"
        "- {name: t, image: ./timer.img, network: none, host: h, count: 2, start: 1h, "
        "memory: 1MiB}\n- {name: x, image: spin, network: none, host: h, count: 3}\n");
}

TEST_F(HostMoments, AVolumeForOneThatWaitsOnAnotherProcessor)
{
    Compile("chief", kGives);
    Compile("user", kUses);
    for (const char *interrupts : {"immediate", "batched"}) {
        ExpectCutsDoNotShow(
            "general: {duration: 200ms}\n"
            "hosts: [{name: h, processors: 3, cpu_hz: 100MHz, quantum: 2500us, interrupts: " +
            std::string(interrupts) +
            ", disks: [{type: flash, size: 1GiB}], volumes: [{name: v, count: 3, size: 64KiB}], "
            "costs: {switch: 1400ns, trap: 1210ns, crossing: 500ns, interrupt: 500ns, disk: "
            "3us}}]\n"
            "groups:\n- {name: chief, image: ./chief.img, network: none, host: h, supervisor: "
            "true}\n"
            "- {name: u, image: ./user.img, network: none, host: h, count: 2, memory: 1MiB}\n"
            "- {name: x, image: spin, network: none, host: h, count: 3}\n");
        const std::string metrics = folder_.read("run/metrics.csv");
        EXPECT_GT(std::count(metrics.begin(), metrics.end(), '\n'), 10) << "they are used";
    }
}
