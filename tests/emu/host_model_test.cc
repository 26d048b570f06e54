/*
 * What hosts do, against a model: a small second implementation of the rules in docs/hosts.md,
 * without queues, processors or events. It is fed what happens to machines (they ask to start, are
 * interrupted, stop) and must come to every decision that the host came to, in the same order.
 */
#include <algorithm>
#include <map>
#include <set>

#include "host_load.h"

extern "C" {
#include <base/random.h>
#include <host/host.h>
}

namespace
{

struct Rules {
    uint32_t processors = 1;
    uint64_t quantum_ns = 1000000;
    bool immediate = false;
    uint64_t switch_ns = 0;
    uint64_t crossing_ns = 0;
    uint64_t interrupt_ns = 0;
    uint64_t memory_bytes = 0; /* 0: all are admitted */
    uint64_t minimum_free_bytes = 0;
    uint64_t need_bytes = 131072; /* of a machine */
    bool alternate = false;
    uint64_t period_ns = 100000000;
    uint32_t second = UINT32_MAX; /* machines from here on have these: */
    uint64_t cap = 0;             /* percent */
    uint64_t weight = 1;
    uint64_t answer_ns = 0; /* node 0 is a supervisor that answers within that; 0: there is none */
};

class Model
{
  public:
    explicit Model(const Rules &rules) : rules_(rules), processors_(rules.processors)
    {
    }

    void Take(const emu_host_note &note)
    {
        if (note.act != EMU_HOST_STOP && note.act != EMU_HOST_CROSSING) {
            if (note.time_ns > now_ns_) {
                concluding_ = kNone;
                NobodyWaitsInVain();
            }
            now_ns_ = std::max(now_ns_, note.time_ns);
        }
        if (!must_rob_.empty() && note.act != EMU_HOST_PREEMPT) {
            Fail("an urgent machine robs nobody", note);
        }
        Machine &machine = MachineOf(note.node);
        switch (note.act) {
        case EMU_HOST_QUEUE:
            gate_.push_back(note.node);
            break;
        case EMU_HOST_ADMIT:
            Admit(note);
            break;
        case EMU_HOST_READY:
            Ready(note, machine);
            break;
        case EMU_HOST_ASK:
            Ask(note);
            break;
        case EMU_HOST_ANSWER:
            Answer(note, machine);
            break;
        case EMU_HOST_HOLD:
            if (Next(note.processor) != note.node || CapLeft(note.node, note.time_ns) != 0) {
                Fail("held without cause", note);
            }
            machine.rank = kHeld;
            holds++;
            break;
        case EMU_HOST_INTERRUPT:
            Interrupt(note, machine);
            break;
        case EMU_HOST_CROSSING:
            machine.held = false;
            crossings++;
            break;
        case EMU_HOST_DISPATCH:
            Dispatch(note, machine);
            break;
        case EMU_HOST_PREEMPT:
            Preempt(note, machine);
            break;
        case EMU_HOST_STOP:
            processors_[note.processor].stopped = true;
            machine.runs = false;
            machine.over = note.time_ns >= machine.slice_end_ns;
            machine.stopped_ns = note.time_ns;
            break;
        case EMU_HOST_PAGE:
        case EMU_HOST_PAGED:
        case EMU_HOST_TRANSFER:
        case EMU_HOST_TRANSFERRED:
        case EMU_HOST_RAN:
        case EMU_HOST_GONE:
            Fail("a host pages that does not", note);
            break;
        case EMU_HOST_LEAVE:
            Leave(note, machine);
            break;
        default: /* the card's: host_card_test.cc */
            break;
        }
    }

    uint64_t dispatches = 0;
    uint64_t robberies = 0;
    uint64_t crossings = 0;
    uint64_t waits_at_gate = 0;
    uint64_t holds = 0;
    uint64_t questions = 0;
    uint64_t answers = 0;
    uint64_t out_of_turn = 0; /* one in turn before one that was woken */

  private:
    enum Class { kUrgent, kWoken, kTurn, kHeld };
    struct Machine {
        bool ready = false;
        Class rank = kTurn;
        int64_t order = 0; /* among those of its class */
        bool runs = false;
        bool over = false;   /* it stopped at the end of its slice */
        bool urgent = false; /* interrupted after that */
        bool held = false;   /* interrupts wait for it */
        uint64_t owed = 0;   /* interrupts not paid for */
        uint32_t home = UINT32_MAX;
        uint64_t slice_end_ns = 0;
        uint64_t left_ns = 0;
        uint64_t stopped_ns = 0;
        uint64_t used_ns = 0; /* of its cap, less what the periods since have given */
        uint64_t counted = 0; /* of these periods */
    };
    struct Processor {
        int64_t has = -1;
        int64_t had = -1;
        bool promised = false;
        bool stopped = false;
        bool woken = false; /* it last ran one that was woken */
        uint64_t since_ns = 0;
    };

    void Fail(const char *what, const emu_host_note &note)
    {
        ADD_FAILURE() << what << ": act " << note.act << " at " << note.time_ns << " ns, processor "
                      << note.processor << ", node " << note.node << ", detail " << note.detail;
    }

    Machine &MachineOf(uint32_t node)
    {
        Machine &machine = machines_[node];
        if (machine.home == UINT32_MAX) {
            machine.home = node % rules_.processors;
        }
        return machine;
    }

    /* Who is next: urgent before woken before in turn, each in order. */
    int64_t Next(uint32_t processor) const
    {
        const bool turns = rules_.alternate && processors_[processor].woken;
        const int place[] = {0, turns ? 2 : 1, turns ? 1 : 2};
        int64_t next = -1;
        for (const auto &[node, machine] : machines_) {
            if (!machine.ready || machine.rank == kHeld) {
                continue;
            }
            const Machine *other = next < 0 ? nullptr : &machines_.at(uint32_t(next));
            if (!other || place[machine.rank] < place[other->rank] ||
                (machine.rank == other->rank && machine.order < other->order)) {
                next = node;
            }
        }
        return next;
    }

    uint64_t CapLeft(uint32_t node, uint64_t now_ns)
    {
        if (node < rules_.second || !rules_.cap) {
            return UINT64_MAX;
        }
        const uint64_t cap_ns = rules_.period_ns / 100 * rules_.cap;
        Machine &machine = MachineOf(node);
        for (; machine.counted < now_ns / rules_.period_ns; machine.counted++) {
            machine.used_ns -= std::min(machine.used_ns, cap_ns);
        }
        return cap_ns - std::min(machine.used_ns, cap_ns);
    }

    bool Idle(uint32_t processor) const
    {
        return processors_[processor].has < 0 && !processors_[processor].promised;
    }

    /* Time goes on: nobody is runnable while a processor is idle. */
    void NobodyWaitsInVain()
    {
        for (uint32_t i = 0; i < rules_.processors; i++) {
            if (processors_[i].promised) {
                processors_[i].promised = false; /* another one had taken the machine */
            }
            EXPECT_TRUE(processors_[i].has >= 0 || Next(i) < 0)
                << "processor " << i << " idles after " << now_ns_ << " ns while node " << Next(i)
                << " is runnable";
        }
        if (!gate_.empty() && rules_.memory_bytes) {
            EXPECT_LT(rules_.memory_bytes,
                      (admitted_ + 1) * rules_.need_bytes + rules_.minimum_free_bytes)
                << "somebody waits at the gate although there is room";
            waits_at_gate++;
        }
    }

    void Admit(const emu_host_note &note)
    {
        if (gate_.empty() || gate_.front() != note.node) {
            Fail("admitted out of turn", note);
            return;
        }
        gate_.erase(gate_.begin());
        admitted_++;
        if (admitted_ * rules_.need_bytes + rules_.minimum_free_bytes > rules_.memory_bytes) {
            Fail("admitted without room", note);
        }
    }

    void Ready(const emu_host_note &note, Machine &machine)
    {
        const auto why = static_cast<emu_ready>(note.detail);
        if (why == EMU_READY_STARTED && !rules_.memory_bytes && !gate_.empty()) {
            gate_.erase(std::remove(gate_.begin(), gate_.end(), note.node), gate_.end());
        }
        if (machine.runs ||
            (machine.ready && why != EMU_READY_URGENT && why != EMU_READY_RELEASED)) {
            Fail("runnable twice", note);
        }
        if (machine.over) {
            const bool urgent = machine.urgent;
            if (why != (urgent ? EMU_READY_URGENT : EMU_READY_STARTED)) {
                Fail("back in the wrong place after its quantum", note);
            }
        }
        machine.over = machine.urgent = false;
        if ((why == EMU_READY_RELEASED) != (machine.ready && machine.rank == kHeld) ||
            (why == EMU_READY_RELEASED && note.time_ns % rules_.period_ns)) {
            Fail("back from its cap at the wrong time", note);
        }
        machine.ready = true;
        machine.rank = why == EMU_READY_URGENT ? kUrgent : why == EMU_READY_WOKEN ? kWoken : kTurn;
        machine.rank = CapLeft(note.node, note.time_ns) ? machine.rank : kHeld;
        machine.order = why == EMU_READY_ROBBED ? -++sequence_ : ++sequence_;
        if (why != EMU_READY_ROBBED) {
            machine.left_ns = 0;
        }
        if (why == EMU_READY_URGENT && !rules_.immediate) {
            Fail("urgent although interrupts are batched", note);
        }
        if (machine.rank == kHeld) {
            holds++;
            return;
        }
        if (asked_ != kNone) {
            return; /* it gets the processor that asks, whatever else is to be had */
        }
        uint32_t idle = machine.home;
        for (uint32_t i = 0; i < rules_.processors && !Idle(idle); i++) {
            idle = i;
        }
        const Processor &home = processors_[machine.home];
        if (Idle(idle)) {
            processors_[idle].promised = true;
        } else if (why == EMU_READY_URGENT && home.has >= 0 && !home.stopped) {
            must_rob_.insert(machine.home);
        }
    }

    void Interrupt(const emu_host_note &note, Machine &machine)
    {
        machine.held = true;
        machine.owed += !machine.runs; /* a running one pays as it goes */
        machine.urgent = machine.over && rules_.immediate;
        (void)note;
    }

    void Dispatch(const emu_host_note &note, Machine &machine)
    {
        Processor &processor = processors_[note.processor];
        dispatches++;
        int64_t next = Next(note.processor);
        const bool woken = asked_ == note.processor ? processor.woken : machine.rank == kWoken;
        if (asked_ == note.processor) {
            next = kSupervisor;
            machine.left_ns = rules_.answer_ns;
        } else if (answered_ >= 0) {
            next = answered_;
        } else if (questions && concluding_ != note.processor && Candidates() >= 2 &&
                   MayBeAsked(note.time_ns)) {
            Fail("not asked", note);
        }
        asked_ = kNone;
        answered_ = -1;
        concluding_ = kNone;
        if (next != note.node || CapLeft(note.node, note.time_ns) == 0) {
            Fail("not the next in turn", note);
        }
        if (processor.has >= 0) {
            Fail("on a processor that another one has", note);
        }
        uint64_t work_ns = machine.owed * rules_.interrupt_ns;
        work_ns += processor.had != note.node ? rules_.switch_ns : 0;
        work_ns += machine.held ? rules_.crossing_ns : 0;
        crossings += machine.held;
        if (note.detail != std::max(note.time_ns, machine.stopped_ns) + work_ns) {
            Fail("begins at another time than its costs say", note);
        }
        for (const auto &[node, other] : machines_) {
            out_of_turn += other.ready && other.rank == kWoken && machine.rank == kTurn;
        }
        processor = {note.node, note.node, false, false, woken, note.time_ns};
        machine.ready = false;
        machine.runs = true;
        machine.held = false;
        machine.owed = 0;
        machine.home = note.processor;
        const bool second = note.node >= rules_.second;
        const uint64_t quantum_ns = rules_.quantum_ns * (second ? rules_.weight : 1);
        machine.slice_end_ns = note.detail + (machine.left_ns ? machine.left_ns : quantum_ns);
        if (second && rules_.cap) {
            const uint64_t passed_ns = note.detail - note.time_ns;
            const uint64_t left_ns = CapLeft(note.node, note.time_ns);
            const uint64_t next_ns = (note.detail / rules_.period_ns + 1) * rules_.period_ns;
            machine.slice_end_ns =
                std::min({machine.slice_end_ns, next_ns,
                          note.detail + (left_ns > passed_ns ? left_ns - passed_ns : 1)});
        }
        machine.left_ns = 0;
    }

    uint32_t Candidates() const
    {
        uint32_t count = 0;
        for (const auto &[node, machine] : machines_) {
            count += node != kSupervisor && machine.ready && machine.rank != kHeld;
        }
        return count;
    }

    bool MayBeAsked(uint64_t now_ns)
    {
        bool runs = false;
        for (const Processor &processor : processors_) {
            runs = runs || processor.has == kSupervisor;
        }
        return !runs && open_ == kNone && CapLeft(kSupervisor, now_ns) > 0;
    }

    void Ask(const emu_host_note &note)
    {
        if (note.node != kSupervisor || Candidates() < 2 || !MayBeAsked(note.time_ns) ||
            concluding_ == note.processor || processors_[note.processor].has >= 0) {
            Fail("asked in vain", note);
        }
        questions++;
        asked_ = open_ = note.processor;
    }

    void Answer(const emu_host_note &note, Machine &machine)
    {
        if (concluding_ != note.processor || note.node == kSupervisor || !machine.ready ||
            machine.rank == kHeld || CapLeft(note.node, note.time_ns) == 0) {
            Fail("an answer that cannot be", note);
        }
        answers++;
        answered_ = note.node;
        const bool second = note.node >= rules_.second;
        const uint64_t quantum_ns = rules_.quantum_ns * (second ? rules_.weight : 1);
        machine.left_ns = note.detail ? std::min(note.detail, quantum_ns) : machine.left_ns;
    }

    void Preempt(const emu_host_note &note, Machine &machine)
    {
        robberies++;
        if (must_rob_.erase(note.processor) == 0 || processors_[note.processor].has != note.node) {
            Fail("robbed for nobody", note);
        }
        processors_[note.processor].stopped = true;
        machine.runs = false;
        machine.stopped_ns = note.detail;
        machine.left_ns =
            machine.slice_end_ns > note.detail ? machine.slice_end_ns - note.detail : 0;
    }

    void Leave(const emu_host_note &note, Machine &machine)
    {
        Processor &processor = processors_[note.processor];
        if (processor.has != note.node || !processor.stopped) {
            Fail("leaves what it does not have", note);
        }
        if (note.detail && now_ns_ < machine.slice_end_ns) {
            Fail("its quantum is over too soon", note);
        }
        if (note.detail && now_ns_ > machine.slice_end_ns + 1000) {
            Fail("its quantum is over too late", note);
        }
        machine.used_ns += now_ns_ - processor.since_ns;
        if (rules_.answer_ns && note.node == kSupervisor && open_ == note.processor) {
            open_ = kNone;
            concluding_ = note.processor;
        }
        processor.has = -1;
        processor.promised = true; /* a decision is being made */
        processor.stopped = false;
        if (!note.detail && rules_.memory_bytes && ended.count(note.node)) {
            admitted_--;
        }
    }

  public:
    std::set<uint32_t> ended; /* told by the test, which asks the world */

  private:
    const Rules rules_;
    std::map<uint32_t, Machine> machines_;
    std::vector<Processor> processors_;
    std::vector<uint32_t> gate_;
    std::set<uint32_t> must_rob_;
    static constexpr uint32_t kNone = UINT32_MAX;
    static constexpr uint32_t kSupervisor = 0;
    uint32_t asked_ = kNone;      /* the processor that it is about to be given for a question */
    uint32_t open_ = kNone;       /* the one that it has for it */
    uint32_t concluding_ = kNone; /* the one that it has just left */
    int64_t answered_ = -1;
    uint64_t admitted_ = 0;
    uint64_t now_ns_ = 0;
    int64_t sequence_ = 0;
};

std::string Fields(const Rules &rules)
{
    return ", processors: " + std::to_string(rules.processors) +
           ", quantum: " + std::to_string(rules.quantum_ns) +
           "ns, interrupts: " + (rules.immediate ? "immediate" : "batched") +
           (rules.alternate ? ", woken: alternate" : "") +
           ", period: " + std::to_string(rules.period_ns) + "ns" +
           (rules.memory_bytes ? ", memory: " + std::to_string(rules.memory_bytes) + "B" : "") +
           ", minimum_free: " + std::to_string(rules.minimum_free_bytes) +
           "B, costs: {switch: " + std::to_string(rules.switch_ns) +
           "ns, crossing: " + std::to_string(rules.crossing_ns) +
           "ns, interrupt: " + std::to_string(rules.interrupt_ns) + "ns}";
}

/* A second group, whose machines have a cap and a weight. */
std::string Second(const Rules &rules, uint32_t count)
{
    return "}\n- {name: s, image: " + GuestPath("restless") +
           ", memory: 128KiB, network: lan, host: box, spread: 300us, count: " +
           std::to_string(count) + ", weight: " + std::to_string(rules.weight) +
           (rules.cap ? ", limits: {processor_cap: " + std::to_string(rules.cap) + "}" : "");
}

} // namespace

TEST(HostModel, EveryDecisionIsTheModelsOverRandomLoads)
{
    struct random_stream random;
    random_init_seed(&random, 2002);
    uint64_t robberies = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        Rules rules;
        rules.processors = 1 + (uint32_t)random_below(&random, 4);
        rules.immediate = seed % 2 == 0;
        rules.quantum_ns = 5000 + random_below(&random, 200000);
        rules.switch_ns = random_below(&random, 3000);
        /* What a machine still owes when it is robbed shows in no note. */
        rules.crossing_ns = rules.immediate ? 0 : random_below(&random, 1000);
        rules.interrupt_ns = rules.immediate ? 0 : random_below(&random, 500);
        const uint32_t nodes = 2 + (uint32_t)random_below(&random, 20);
        SCOPED_TRACE("seed " + std::to_string(seed) + Fields(rules) + ", nodes " +
                     std::to_string(nodes));
        TestWorld world(HostLoad(seed, nodes, Fields(rules)));
        Model model(rules);
        emu_hosts_watch(
            world.get(),
            [](void *context, const emu_host_note *note) {
                static_cast<Model *>(context)->Take(*note);
            },
            &model);
        world.Run(20000000);
        emu_host_report report;
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_EQ(report.dispatches, model.dispatches);
        EXPECT_EQ(report.crossings, model.crossings);
        EXPECT_GT(model.dispatches, 100u) << "there must be something to decide";
        robberies += model.robberies;
        if (HasFailure()) {
            return;
        }
    }
    EXPECT_GT(robberies, 100u);
}

TEST(HostModel, CapsWeightsAndAlternationAreTheModelsOverRandomLoads)
{
    struct random_stream random;
    random_init_seed(&random, 1996);
    uint64_t holds = 0;
    uint64_t out_of_turn = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        Rules rules;
        rules.processors = 1 + (uint32_t)random_below(&random, 3);
        rules.immediate = seed % 3 == 0;
        rules.alternate = seed % 2 == 0;
        rules.quantum_ns = 5000 + random_below(&random, 60000);
        rules.switch_ns = random_below(&random, 3000);
        rules.period_ns = 1000000 + random_below(&random, 1000000);
        rules.cap = seed % 4 == 1 ? 0 : 1 + random_below(&random, 12);
        rules.weight = 1 + random_below(&random, 5);
        rules.second = 2 + (uint32_t)random_below(&random, 8);
        const uint32_t nodes = 1 + (uint32_t)random_below(&random, 8);
        SCOPED_TRACE("seed " + std::to_string(seed) + Fields(rules) + Second(rules, nodes));
        TestWorld world(HostLoad(seed, rules.second, Fields(rules), Second(rules, nodes)));
        Model model(rules);
        emu_hosts_watch(
            world.get(),
            [](void *context, const emu_host_note *note) {
                static_cast<Model *>(context)->Take(*note);
            },
            &model);
        world.Run(20000000);
        emu_host_report report;
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_EQ(report.dispatches, model.dispatches);
        EXPECT_GT(model.dispatches, 100u) << "there must be something to decide";
        holds += model.holds;
        out_of_turn += rules.alternate ? model.out_of_turn : 0;
        if (HasFailure()) {
            return;
        }
    }
    EXPECT_GT(holds, 100u);
    EXPECT_GT(out_of_turn, 100u);
}

TEST(HostModel, WhoIsAskedAndFollowedIsTheModelsOverRandomLoads)
{
    struct random_stream random;
    random_init_seed(&random, 1995);
    uint64_t questions = 0;
    uint64_t answers = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        Rules rules;
        rules.processors = 1 + (uint32_t)random_below(&random, 3);
        rules.immediate = seed % 3 == 0;
        rules.alternate = seed % 2 == 0;
        rules.quantum_ns = 20000 + random_below(&random, 60000);
        rules.switch_ns = random_below(&random, 2000);
        rules.period_ns = 1000000 + random_below(&random, 1000000);
        rules.cap = seed % 4 == 1 ? 0 : 1 + random_below(&random, 12);
        rules.weight = 1 + random_below(&random, 5);
        rules.answer_ns = 1000 + random_below(&random, 20000);
        rules.second = 5;
        const std::string yaml =
            "general: {name: policy, seed: " + std::to_string(seed) +
            ", duration: 1s}\nnetworks: [{name: lan, type: lan, latency: 20us}]\n"
            "hosts: [{name: box, cpu_hz: 1GHz, answer: " +
            std::to_string(rules.answer_ns) + "ns" + Fields(rules) +
            "}]\ngroups:\n- {name: chief, supervisor: true, arguments: [a], memory: 128KiB, "
            "network: none, host: box, image: " +
            GuestPath("chief") +
            "}\n- {name: r, memory: 128KiB, network: lan, host: box, count: 4, image: " +
            GuestPath("restless") + Second(rules, 1 + (uint32_t)random_below(&random, 8)) + "}\n";
        SCOPED_TRACE(yaml);
        TestWorld world(yaml);
        Model model(rules);
        emu_hosts_watch(
            world.get(),
            [](void *context, const emu_host_note *note) {
                static_cast<Model *>(context)->Take(*note);
            },
            &model);
        world.Run(20000000);
        emu_host_report report;
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_EQ(report.dispatches, model.dispatches);
        questions += model.questions;
        answers += model.answers;
        if (HasFailure()) {
            return;
        }
    }
    EXPECT_GT(answers, 500u);
    EXPECT_GT(questions, answers + 200) << "some come too late or name nobody";
}

TEST(HostModel, MachinesAreAdmittedInTurnAsMemoryComesFree)
{
    struct random_stream random;
    random_init_seed(&random, 8472);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        Rules rules;
        rules.processors = 1 + (uint32_t)random_below(&random, 2);
        rules.memory_bytes = rules.need_bytes * (2 + random_below(&random, 6));
        rules.minimum_free_bytes = seed % 2 ? random_below(&random, rules.need_bytes) : 0;
        const uint32_t nodes = 20;
        SCOPED_TRACE("seed " + std::to_string(seed) + Fields(rules));
        TestWorld world(HostLoad(seed, nodes, Fields(rules), ", arguments: [m]"));
        Model model(rules);
        struct Context {
            Model *model;
            struct emu_world *world;
        } context = {&model, world.get()};
        emu_hosts_watch(
            world.get(),
            [](void *opaque, const emu_host_note *note) {
                auto *context = static_cast<Context *>(opaque);
                struct emu_node_report report;
                emu_world_node_report(context->world, note->node, &report);
                if (std::string(report.state) == "terminated") {
                    context->model->ended.insert(note->node);
                }
                context->model->Take(*note);
            },
            &context);
        world.Run(2000000);
        struct emu_totals totals;
        emu_world_totals(world.get(), &totals);
        emu_host_report report;
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_EQ(totals.nodes_queued, report.queued);
        EXPECT_LE(report.committed_bytes + rules.minimum_free_bytes, rules.memory_bytes);
        world.Run(400000000);
        emu_world_totals(world.get(), &totals);
        EXPECT_EQ(totals.nodes_terminated, nodes) << "all have had their turn";
        EXPECT_GT(model.waits_at_gate, 10u);
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_EQ(report.committed_bytes, 0u);
        if (HasFailure()) {
            return;
        }
    }
}
