/*
 * Every guest that misbehaves, on a machine of its own: it must come to the fault that it
 * announces, or run on (or end) harmlessly, and the command must tell of it and survive.
 */
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>
#include <vector>

extern "C" {
#include <vcpu/engine.h>
#include <vcpu/fault.h>
}

namespace
{

constexpr int kExitFault = 4;      /* of `denali boot` when the machine faulted */
constexpr int kExitTimedOut = 124; /* of `denali boot` when it did not end in time */

struct Ended {
    int code;
    std::string output;
};

Ended Boot(const std::string &arguments, const std::string &engine = "interpreter")
{
    std::string binary = DENALI_BINARY_DIR;
    std::string command = binary + "/denali boot " + binary + "/images/misbehave.img --engine " +
                          engine + " --screen 64x48 --disk data=1MiB --until 2ms -- " + arguments +
                          " 2>&1 </dev/null";
    Ended ended = {-1, ""};
    FILE *pipe = popen(command.c_str(), "r");
    if (!pipe) {
        return ended;
    }
    std::array<char, 4096> piece;
    for (size_t size; (size = fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
        ended.output.append(piece.data(), size);
    }
    int status = pclose(pipe);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return ended;
}

/* The text that stands for a fault kind's name, such as "DIVIDE". */
std::string FaultText(const std::string &name)
{
    static const std::map<std::string, vcpu_fault_kind> kinds = {
#define X(kind, ...) {#kind, VCPU_FAULT_##kind},
        VCPU_FAULT_LIST(X)
#undef X
    };
    auto found = kinds.find(name);
    return found == kinds.end() ? "(no such fault: " + name + ")" : vcpu_fault_text(found->second);
}

struct Behaviour {
    std::string name;
    std::string expect;
};

std::vector<Behaviour> All()
{
    std::vector<Behaviour> all;
    std::istringstream lines(Boot("list").output);
    for (std::string line; std::getline(lines, line);) {
        Behaviour behaviour;
        std::istringstream(line) >> behaviour.name >> behaviour.expect;
        all.push_back(behaviour);
    }
    return all;
}

void ExpectAsAnnounced(const Behaviour &behaviour, const std::string &arguments,
                       const std::string &engine)
{
    Ended ended = Boot(arguments, engine);
    std::string shown = ended.output.substr(0, 300);
    if (behaviour.expect == "none") {
        /* It ends by itself, or with the time it was given. */
        EXPECT_TRUE(ended.code == 0 || ended.code == kExitTimedOut) << arguments << ": " << shown;
        EXPECT_EQ(ended.output.find("faulted"), std::string::npos) << arguments << ": " << shown;
    } else if (behaviour.expect == "never") {
        EXPECT_EQ(ended.code, kExitTimedOut) << arguments << ": " << shown;
        EXPECT_NE(ended.output.find("still running"), std::string::npos) << arguments;
    } else {
        EXPECT_EQ(ended.code, kExitFault) << arguments << ": " << shown;
        EXPECT_NE(ended.output.find("faulted"), std::string::npos) << arguments << ": " << shown;
        EXPECT_NE(ended.output.find(FaultText(behaviour.expect)), std::string::npos)
            << arguments << ": " << shown;
    }
}

TEST(Misbehave, EveryBehaviourEndsAsItAnnounces)
{
    std::vector<Behaviour> all = All();
    ASSERT_GE(all.size(), 50u);
    for (const Behaviour &behaviour : all) {
        ExpectAsAnnounced(behaviour, behaviour.name, "interpreter");
    }
}

TEST(Misbehave, EveryIllegalSampleFaults)
{
    for (int sample = 0; sample < 10; sample++) {
        ExpectAsAnnounced({"illegal", "ILLEGAL"}, "illegal " + std::to_string(sample),
                          "interpreter");
    }
}

TEST(Misbehave, EveryPortOutsideTheTableFaultsAtEveryWidth)
{
    for (const char *way : {"in8", "in16", "in32", "out8", "out16", "out32"}) {
        for (unsigned port :
             {0x0u, 0xfu, 0x12u, 0x1fu, 0x22u, 0x31u, 0x41u, 0x60u, 0x3f8u, 0x7fffu, 0xffffu}) {
            ExpectAsAnnounced({way, "PORT"}, std::string(way) + " " + std::to_string(port),
                              "interpreter");
        }
    }
}

TEST(Misbehave, EveryDeviceRefusesADescriptorOutsideMemory)
{
    for (int device = 0; device < 10; device++) {
        ExpectAsAnnounced({"descriptor-unmapped", "DEVICE"},
                          "descriptor-unmapped " + std::to_string(device), "interpreter");
    }
}

TEST(Misbehave, WrongCommandLinesAreRefused)
{
    EXPECT_EQ(Boot("").code, 2);
    EXPECT_EQ(Boot("no-such-thing").code, 2);
    EXPECT_EQ(Boot("jump 12x").code, 2);
}

TEST(Misbehave, EndsTheSameOnEveryEngine)
{
    std::vector<Behaviour> all = All();
    for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
        std::string name = (*engine)->name;
        if (name == "interpreter") {
            continue;
        }
        for (const Behaviour &behaviour : all) {
            Ended expected = Boot(behaviour.name);
            Ended ended = Boot(behaviour.name, name);
            EXPECT_EQ(ended.code, expected.code) << name << ": " << behaviour.name;
            /* Also where it faulted. */
            EXPECT_EQ(ended.output, expected.output) << name << ": " << behaviour.name;
        }
    }
}

} // namespace
