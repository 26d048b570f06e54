/* Who is admitted to a host, by the kernel and by its supervisor: against a model, and what holds
 * whatever the supervisor does. */
#include <map>
#include <set>

#include "host_watch.h"

namespace
{

/* The rules of docs/hosts.md, Admission, in short. It is fed what happens and must foresee what the
 * gatekeeper does about it. Node 0 is the supervisor. */
class GateModel
{
  public:
    GateModel(uint64_t memory_bytes, uint64_t minimum_bytes, std::vector<uint64_t> needs)
        : memory_(memory_bytes), minimum_(minimum_bytes), needs_(std::move(needs))
    {
    }

    void Take(const emu_host_note &note)
    {
        switch (note.act) {
        case EMU_HOST_STOP:
        case EMU_HOST_CROSSING: /* told early */
            return;
        case EMU_HOST_QUEUE:
            if (note.node == 0) {
                Foreseen(note);
                policies_ = 0;
                due_.push_back({EMU_HOST_POLICIES, 0});
            }
            gate_.push_back(note.node);
            return Review(note);
        case EMU_HOST_RELEASE:
            Foreseen(note);
            EXPECT_EQ(admitted_.erase(note.node), 1u);
            return Review(note);
        case EMU_HOST_DESTROY:
            Foreseen(note);
            destroyed_ = note.node;
            if (std::erase(gate_, note.node)) {
                Review(note);
            }
            return;
        case EMU_HOST_PAUSE:
            Foreseen(note);
            if (note.node == 0) {
                paused_ = note.detail != 0;
                Review(note);
            }
            return;
        case EMU_HOST_POLICIES:
            if (Due(note)) {
                return;
            }
            Foreseen(note);
            EXPECT_EQ(running_, 1u) << "by whom?";
            policies_ = note.detail;
            news_ = news_ && policies_;
            return Review(note);
        case EMU_HOST_ADMIT:
            return Admit(note);
        case EMU_HOST_NEWS:
            if (!Due(note)) {
                Fail("told of nothing", note);
            }
            told++;
            news_ = running_ > 0;
            interrupt_ = !news_ && alive_;
            return;
        case EMU_HOST_ASK:
            asked_ = true;
            return;
        case EMU_HOST_INTERRUPT:
            if (note.node == 0) {
                if (!interrupt_ && !asked_) {
                    Fail("interrupted for nothing", note);
                }
                interrupt_ = asked_ = false;
            }
            return;
        case EMU_HOST_DISPATCH:
            Foreseen(note);
            running_ += note.node == 0;
            return;
        case EMU_HOST_LEAVE:
            Foreseen(note);
            if (note.node == 0) {
                interrupt_ = news_ && running_ == 1;
                news_ = news_ && !interrupt_;
                late += interrupt_;
                running_--;
            }
            return;
        default:
            return;
        }
    }

    uint64_t Waiting() const
    {
        return gate_.size();
    }

    uint64_t admissions = 0;
    uint64_t out_of_turn = 0;
    uint64_t told = 0;
    uint64_t late = 0; /* told when it had left its processor */

  private:
    struct What {
        emu_host_act act;
        uint32_t node;
    };

    void Fail(const char *what, const emu_host_note &note)
    {
        ADD_FAILURE() << what << ": act " << note.act << " at " << note.time_ns << " ns, node "
                      << note.node << ", detail " << note.detail;
    }

    bool Decides() const
    {
        return (policies_ & ABI_POLICY_ADMISSION) && admitted_.count(0) && !paused_;
    }

    uint64_t Free() const
    {
        uint64_t left = memory_;
        for (uint32_t node : admitted_) {
            left -= needs_[node];
        }
        return left - std::min(left, minimum_);
    }

    /* What has to come next. */
    void Review(const emu_host_note &note)
    {
        (void)note;
        if (Decides()) {
            if (!gate_.empty()) {
                due_.push_back({EMU_HOST_NEWS, 0});
            }
            return;
        }
        uint64_t left = Free();
        for (uint32_t node : gate_) {
            if (needs_[node] > left) {
                break;
            }
            left -= needs_[node];
            due_.push_back({EMU_HOST_ADMIT, node});
        }
    }

    bool Due(const emu_host_note &note)
    {
        if (due_.empty() || due_.front().act != note.act || due_.front().node != note.node) {
            return false;
        }
        due_.erase(due_.begin());
        return true;
    }

    /* All that was foreseen has come. */
    void Foreseen(const emu_host_note &note)
    {
        if (!due_.empty()) {
            Fail("this should not be before somebody is admitted or told", note);
            due_.clear();
        }
        if (interrupt_ && alive_ && destroyed_ != 0) {
            Fail("the supervisor is not interrupted", note);
        }
        interrupt_ = false;
    }

    void Admit(const emu_host_note &note)
    {
        const bool own = Due(note);
        const auto at = std::find(gate_.begin(), gate_.end(), note.node);
        if (at == gate_.end() || needs_[note.node] > Free()) {
            Fail("admitted who may not be", note);
            return;
        }
        if (!own && (!Decides() || running_ == 0)) {
            Fail("admitted by nobody", note);
        }
        out_of_turn += at != gate_.begin();
        admissions++;
        gate_.erase(at);
        admitted_.insert(note.node);
        alive_ = alive_ || note.node == 0;
    }

    const uint64_t memory_;
    const uint64_t minimum_;
    const std::vector<uint64_t> needs_;
    std::vector<uint32_t> gate_;
    std::set<uint32_t> admitted_;
    std::vector<What> due_;
    uint64_t policies_ = 0;
    uint32_t running_ = 0; /* processors that the supervisor has */
    uint32_t destroyed_ = UINT32_MAX;
    bool alive_ = false;
    bool paused_ = false;
    bool news_ = false;
    bool interrupt_ = false; /* it must come */
    bool asked_ = false;     /* so may one for a question */

  public:
    void Ended() /* the supervisor; told by the test, which asks the world */
    {
        alive_ = false;
    }
};

const uint64_t kKiB = 1024;

struct Load {
    std::string yaml;
    uint64_t memory_bytes;
    uint64_t minimum_bytes;
    std::vector<uint64_t> needs;
};

/* A supervisor, and machines of three sizes of which some end by themselves. */
Load GateLoad(uint64_t seed, const std::string &mode, const std::string &schedule = "")
{
    struct random_stream random;
    random_init_seed(&random, seed);
    Load load;
    load.memory_bytes = (600 + random_below(&random, 1000)) * kKiB;
    load.minimum_bytes = seed % 2 ? random_below(&random, 80) * kKiB : 0;
    load.needs = {128 * kKiB};
    load.yaml = "general: {name: gate, seed: " + std::to_string(seed) +
                ", duration: 1s}\nnetworks: [{name: lan, type: lan, latency: 20us}]\n"
                "hosts: [{name: box, cpu_hz: 1GHz, quantum: 50us, processors: " +
                std::to_string(1 + random_below(&random, 3)) +
                (seed % 3 == 0 ? ", interrupts: immediate" : "") +
                ", memory: " + std::to_string(load.memory_bytes) +
                "B, minimum_free: " + std::to_string(load.minimum_bytes) +
                "B, costs: {switch: 1us, crossing: 500ns, trap: 200ns}}]\n"
                "groups:\n- {name: porter, supervisor: true, network: none, memory: 128KiB, "
                "host: box, arguments: [" +
                mode + "], image: " + GuestPath("porter") + "}\n";
    const char *names[] = {"a", "b", "c", "d", "e", "f"};
    for (uint32_t i = 0; i < 6; i++) {
        const uint64_t size = (128 + 64 * random_below(&random, 7)) * kKiB;
        const uint64_t count = 1 + random_below(&random, 4);
        load.needs.insert(load.needs.end(), count, size);
        load.yaml += std::string("- {name: ") + names[i] +
                     ", network: lan, host: box, spread: 2ms, count: " + std::to_string(count) +
                     ", memory: " + std::to_string(size) + "B, image: " + GuestPath("restless") +
                     (i % 2 ? ", arguments: [m]}\n" : "}\n");
    }
    load.yaml += schedule;
    return load;
}

const char kSchedule[] = "schedule:\n"
                         "- {at: 3ms, action: pause, group: porter}\n"
                         "- {at: 5ms, action: resume, group: porter}\n"
                         "- {at: 6ms, action: destroy, group: porter}\n"
                         "- {at: 7ms, action: start, group: porter, index: 0}\n"
                         "- {at: 9ms, action: destroy, group: a}\n"
                         "- {at: 11ms, action: pause, group: porter}\n"
                         "- {at: 12ms, action: resume, group: porter}\n";

struct Watched {
    GateModel *model;
    struct emu_world *world;
    static void Watch(void *opaque, const emu_host_note *note)
    {
        auto *watched = static_cast<Watched *>(opaque);
        struct emu_node_report report;
        emu_world_node_report(watched->world, 0, &report);
        const std::string state = report.state;
        if (state == "terminated" || state == "destroyed" || state == "faulted") {
            watched->model->Ended();
        }
        watched->model->Take(*note);
    }
};

} // namespace

TEST(HostGate, WhoIsAdmittedAndToldIsTheModelsOverRandomLoads)
{
    uint64_t admissions = 0;
    uint64_t out_of_turn = 0;
    uint64_t told = 0;
    uint64_t late = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        const Load load = GateLoad(seed, seed % 4 == 3 ? "l" : "r", seed % 2 ? kSchedule : "");
        SCOPED_TRACE(load.yaml);
        TestWorld world(load.yaml);
        GateModel model(load.memory_bytes, load.minimum_bytes, load.needs);
        Watched watched = {&model, world.get()};
        emu_hosts_watch(world.get(), Watched::Watch, &watched);
        world.Run(15000000);
        emu_host_report report;
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_EQ(report.queued, model.Waiting());
        EXPECT_STRNE(world.Report(0).state, "faulted") << world.Report(0).fault.kind;
        admissions += model.admissions;
        out_of_turn += model.out_of_turn;
        told += model.told;
        late += model.late;
        if (HasFailure()) {
            return;
        }
    }
    EXPECT_GT(admissions, 150u);
    EXPECT_GT(out_of_turn, 30u);
    EXPECT_GT(told, 300u);
    EXPECT_GT(late, 40u);
}

TEST(HostGate, EnginesThreadsCutsAndSavedStatesDoNotShow)
{
    for (uint64_t seed : {3, 5, 8, 9}) {
        ExpectOneDigest(GateLoad(seed, "r", seed % 2 ? kSchedule : "").yaml, 8000000, seed);
    }
}

TEST(HostGate, TheAccountIsExactWhoeverAdmits)
{
    for (uint64_t seed : {2, 3, 7}) {
        TestWorld world(GateLoad(seed, "r", kSchedule).yaml);
        for (uint64_t now_ns = 77777; now_ns < 12000000; now_ns += 77777) {
            world.Run(now_ns);
            ExpectExactAccount(world);
        }
    }
}

TEST(HostGate, NewsForOneThatIsDestroyedGoesWithIt)
{
    /* Until there is news for it while it has a processor; then it is destroyed in time. */
    uint64_t news_ns = 0;
    TestWorld first(GateLoad(5, "r").yaml);
    while (!emu_world_host(first.get(), 0)->policy.news && news_ns < 8000000) {
        news_ns += 100;
        first.Run(news_ns);
    }
    const std::string at = std::to_string(news_ns) + "ns";
    const std::string yaml =
        GateLoad(5, "r", "schedule:\n- {at: " + at + ", action: destroy, group: porter}\n").yaml;
    TestWorld world(yaml);
    world.Run(news_ns);
    EXPECT_TRUE(emu_world_host(world.get(), 0)->policy.news);
    world.Run(news_ns + 1000000);
    EXPECT_STREQ(world.Report(0).state, "destroyed");
    TestWorld after(yaml);
    EXPECT_EQ(after.Load(world.Save()), STATUS_OK);
}

namespace
{

/* Room for the supervisor and two of these three, but not for the large one beside the first. */
std::string ThreeWait(const std::string &mode, const std::string &schedule,
                      const std::string &large = "320KiB")
{
    const std::string common = ", network: none, host: box, image: ";
    return "general: {name: three, seed: 2, duration: 1s}\n"
           "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, memory: 576KiB}]\n"
           "groups:\n- {name: porter, supervisor: true, memory: 128KiB, arguments: [" +
           mode + "]" + common + GuestPath("porter") +
           "}\n- {name: first, memory: 256KiB, start: 1ms" + common + GuestPath("spin") +
           "}\n- {name: large, start: 2ms, memory: " + large + common + GuestPath("spin") +
           "}\n- {name: small, memory: 128KiB, start: 3ms" + common + GuestPath("spin") +
           "}\n- {name: late, memory: 128KiB, start: 900ms" + common + GuestPath("spin") +
           "}\nschedule:\n" + schedule;
}

} // namespace

TEST(HostGate, ItMayAdmitWhoIsNotTheFirst)
{
    TestWorld world(ThreeWait("l", "- {at: 8ms, action: destroy, group: first}\n"));
    world.Run(4000000);
    EXPECT_STREQ(world.Report(1).state, "running");
    EXPECT_STREQ(world.Report(2).state, "queued") << "there is no room for it";
    EXPECT_STREQ(world.Report(3).state, "running") << "it came later";
    world.Run(9000000);
    EXPECT_STREQ(world.Report(2).state, "running");
}

TEST(HostGate, WrongAnswersChangeNothing)
{
    const std::string schedule = "- {at: 8ms, action: pause, group: porter}\n";
    TestWorld world(ThreeWait("w", schedule, "512KiB"));
    HostTrace trace;
    emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
    world.Run(7900000);
    EXPECT_STREQ(world.Report(0).state, "idle") << world.Report(0).exit_code;
    EXPECT_EQ(trace.Count(EMU_HOST_NEWS), 3u);
    EXPECT_EQ(trace.Count(EMU_HOST_ADMIT), 1u) << "of the supervisor itself";
    for (uint32_t node : {1, 2, 3}) {
        EXPECT_STREQ(world.Report(node).state, "queued");
    }
    world.Run(8100000);
    EXPECT_STREQ(world.Report(1).state, "running") << "now the kernel decides";
    EXPECT_STREQ(world.Report(2).state, "queued");
    EXPECT_STREQ(world.Report(3).state, "queued") << "nobody overtakes";
}

TEST(HostGate, NobodyWaitsForOneThatIsPausedEndedOrDestroyed)
{
    struct {
        const char *mode;
        const char *schedule;
        uint64_t since_ns;
    } const cases[] = {
        {"n", "- {at: 8ms, action: pause, group: porter}\n", 8000000},
        {"n", "- {at: 8ms, action: destroy, group: porter}\n", 8000000},
        {"e", "- {at: 900ms, action: pause, group: porter}\n", 1000000},
    };
    for (const auto &it : cases) {
        SCOPED_TRACE(it.schedule);
        TestWorld world(ThreeWait(it.mode, it.schedule));
        if (it.since_ns > 1000000) {
            world.Run(it.since_ns - 1000);
            EXPECT_STREQ(world.Report(1).state, "queued");
        }
        world.Run(it.since_ns + 200000);
        EXPECT_STREQ(world.Report(1).state, "running");
    }
    /* Resumed, it decides again. */
    TestWorld world(ThreeWait("n", "- {at: 8ms, action: pause, group: porter}\n"
                                   "- {at: 9ms, action: resume, group: porter}\n"
                                   "- {at: 10ms, action: destroy, group: first}\n"
                                   "- {at: 12ms, action: destroy, group: porter}\n"));
    world.Run(11000000);
    EXPECT_STREQ(world.Report(2).state, "queued") << "there is room for it now";
    world.Run(12500000);
    EXPECT_STREQ(world.Report(2).state, "running");
    EXPECT_STREQ(world.Report(3).state, "running");
}

/* Of the kernel's own rule: who was first in the queue and is no more holds nobody up. */
TEST(HostGate, AMachineDestroyedWhileItWaitsMakesWayForTheNext)
{
    TestWorld world(
        "general: {name: way, duration: 1s}\n"
        "hosts: [{name: box, cpu_hz: 1GHz, memory: 512KiB}]\n"
        "groups:\n- {name: a, memory: 256KiB, network: none, host: box, image: " +
        GuestPath("spin") +
        "}\n- {name: b, memory: 512KiB, network: none, host: box, image: " + GuestPath("spin") +
        "}\n- {name: c, memory: 128KiB, network: none, host: box, image: " + GuestPath("spin") +
        "}\nschedule:\n- {at: 2ms, action: destroy, group: b}\n");
    world.Run(1900000);
    EXPECT_STREQ(world.Report(2).state, "queued");
    world.Run(2100000);
    EXPECT_STREQ(world.Report(2).state, "running");
}

TEST(HostGate, ADamagedStateHarmsNobody)
{
    EXPECT_GT(RefusedWhenDamaged(GateLoad(5, "r").yaml, 67, 200, 2000), 20u);
}
