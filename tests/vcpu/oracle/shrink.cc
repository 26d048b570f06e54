// Makes a differing trial smaller as long as it differs (delta debugging: Zeller, Hildebrandt).
#include "vcpu/oracle/shrink.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>

#include <unistd.h>

#include <gtest/gtest.h>

namespace
{

class Shrinker
{
  public:
    Shrinker(const Trial &trial, Engine &reference, const std::vector<Engine *> &others,
             Runner runner)
        : best_(trial), reference_(reference), others_(others), runner_(runner)
    {
    }

    Trial run()
    {
        for (int round = 0; round < 4; round++) {
            unsigned before = accepted_;
            shorten();
            leave_out(&Trial::cuts);
            leave_out(&Trial::marks);
            start_late();
            simplify();
            take_out({});
            take_out({0x90});
            memory();
            if (accepted_ == before) {
                break;
            }
        }
        return best_;
    }

  private:
    /* Takes the candidate if it differs. */
    bool accept(const Trial &candidate)
    {
        try {
            if (runner_(candidate, reference_, others_).empty()) {
                return false;
            }
        } catch (const std::exception &) {
            return false; /* no trial at all: a program without code, say */
        }
        best_ = candidate;
        accepted_++;
        return true;
    }

    bool accept_with(const std::function<void(Trial &)> &change)
    {
        Trial candidate = best_;
        change(candidate);
        return accept(candidate);
    }

    /* Ends before the first instruction at which they can differ. */
    void shorten()
    {
        uint64_t good = 0, bad = best_.length;
        while (bad - good > 1) {
            uint64_t middle = good + (bad - good) / 2;
            bool differs = accept_with([&](Trial &trial) {
                trial.length = middle;
                auto after = [&](const Mark &mark) { return mark.at >= middle; };
                trial.marks.erase(std::remove_if(trial.marks.begin(), trial.marks.end(), after),
                                  trial.marks.end());
                trial.cuts.erase(std::lower_bound(trial.cuts.begin(), trial.cuts.end(), middle),
                                 trial.cuts.end());
            });
            (differs ? bad : good) = middle;
        }
    }

    /* Removes as many elements as can be, in ever smaller runs. */
    template <typename Element> void leave_out(std::vector<Element> Trial::*list)
    {
        for (size_t run = (best_.*list).size(); run > 0; run /= 2) {
            for (size_t end = (best_.*list).size(); end > 0; end -= std::min(run, end)) {
                size_t begin = end - std::min(run, end);
                accept_with([&](Trial &trial) {
                    auto at = (trial.*list).begin();
                    (trial.*list).erase(at + (ptrdiff_t)begin, at + (ptrdiff_t)end);
                });
            }
        }
    }

    /* The trial as the reference has it after `count` instructions, to go on from there. */
    bool later(uint64_t count, Trial *result)
    {
        Lockstep run(best_, reference_, {&reference_});
        Side &side = *run.a;
        for (const Mark &mark : best_.marks) {
            if (mark.at <= count) {
                side.advance(mark.at, {&reference_}, {});
                side.act(mark.action);
            }
        }
        side.advance(count, {&reference_}, {});
        std::vector<uint32_t> offsets = best_.program.offsets();
        auto line = std::lower_bound(offsets.begin(), offsets.end(), side.vcpu.eip - best_.address);
        uint32_t size_bytes = offsets.back();
        if (side.done() || line == offsets.end() || *line != side.vcpu.eip - best_.address) {
            return false;
        }
        std::vector<uint8_t> code(size_bytes);
        if (!vcpu_space_load(&side.space, best_.address, code.data(), size_bytes) ||
            code != best_.program.assemble(best_.address)) {
            return false; /* it has changed itself */
        }
        *result = best_;
        result->entry = (uint32_t)(line - offsets.begin());
        result->state = side.vcpu;
        result->state.retired = result->state.cycles = 0;
        result->length -= count;
        result->memory = {};
        for (uint32_t page = 2; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
            Region region = {page * VCPU_PAGE_BYTES, std::vector<uint8_t>(VCPU_PAGE_BYTES)};
            const std::vector<uint8_t> zeros(VCPU_PAGE_BYTES);
            bool is_code = region.address < best_.address + size_bytes &&
                           region.address + VCPU_PAGE_BYTES > best_.address;
            if (!is_code &&
                vcpu_space_load(&side.space, region.address, region.bytes.data(),
                                VCPU_PAGE_BYTES) &&
                region.bytes != zeros) {
                result->memory.push_back(region);
            }
        }
        result->cuts = {};
        for (uint64_t cut : best_.cuts) {
            if (cut > count) {
                result->cuts.push_back(cut - count);
            }
        }
        result->marks = {};
        for (const Mark &mark : best_.marks) {
            if (mark.at > count) {
                result->marks.push_back({mark.at - count, mark.action});
            }
        }
        return true;
    }

    /* Begins as late as possible: a few instructions before the difference, mostly. */
    void start_late()
    {
        uint64_t length = best_.length;
        for (uint64_t kept = 1; kept < length; kept += kept < 8 ? 1 : kept / 2) {
            Trial candidate;
            if (!later(length - kept, &candidate)) {
                continue;
            }
            if (accept(candidate)) {
                return;
            }
            candidate.data_in_image = !candidate.data_in_image;
            if (accept(candidate)) {
                return;
            }
        }
    }

    void simplify()
    {
        accept_with([](Trial &trial) { trial.pages_max = UINT32_MAX; });
        accept_with([](Trial &trial) { trial.companion = false; });
        accept_with([](Trial &trial) { trial.paged = false; });
        accept_with([](Trial &trial) { trial.cache_bytes = 0; });
        accept_with([](Trial &trial) { trial.in_image = true; });
        accept_with([](Trial &trial) { trial.data_in_image = false; });
        accept_with([](Trial &trial) {
            struct vcpu reset = {};
            vcpu_reset(&reset, 0);
            trial.state.x87 = reset.x87;
        });
        for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
            if (best_.state.gpr[i]) {
                accept_with([&](Trial &trial) { trial.state.gpr[i] = 0; });
            }
        }
        for (uint32_t flag = 1; flag <= VCPU_FLAG_OF; flag <<= 1) {
            if (best_.state.eflags & flag) {
                accept_with([&](Trial &trial) { trial.state.eflags &= ~flag; });
            }
        }
    }

    /* Replaces each line, in ever smaller runs of them, by as much of the byte as it is long; or
     * by nothing. */
    void take_out(const std::vector<uint8_t> &byte)
    {
        auto replace = [&](Line &line) {
            line = {byte.empty() ? byte : std::vector<uint8_t>(line.bytes.size(), byte[0])};
        };
        auto is_replaced = [](const Line &line) {
            return std::all_of(line.bytes.begin(), line.bytes.end(),
                               [](uint8_t one) { return one == 0x90; });
        };
        size_t count = best_.program.lines.size();
        for (size_t run = count; run > 0; run /= 2) {
            for (size_t end = count; end > 0; end -= std::min(run, end)) {
                size_t begin = end - std::min(run, end);
                const std::vector<Line> &lines = best_.program.lines;
                bool nothing_to_do =
                    byte.empty() ? std::all_of(lines.begin() + (ptrdiff_t)begin,
                                               lines.begin() + (ptrdiff_t)end,
                                               [](const Line &line) { return line.bytes.empty(); })
                                 : std::all_of(lines.begin() + (ptrdiff_t)begin,
                                               lines.begin() + (ptrdiff_t)end, is_replaced);
                if (!nothing_to_do) {
                    accept_with([&](Trial &trial) {
                        std::for_each(trial.program.lines.begin() + (ptrdiff_t)begin,
                                      trial.program.lines.begin() + (ptrdiff_t)end, replace);
                    });
                }
            }
        }
    }

    /* Whole regions, then halves of what is left of them, down to a few bytes. */
    void memory()
    {
        leave_out(&Trial::memory);
        for (size_t i = 0; i < best_.memory.size(); i++) {
            for (size_t cut_off = best_.memory[i].bytes.size() / 2; cut_off > 0; cut_off /= 2) {
                while (best_.memory[i].bytes.size() > cut_off &&
                       (accept_with([&](Trial &trial) {
                            Region &region = trial.memory[i];
                            region.bytes.resize(region.bytes.size() - cut_off);
                        }) ||
                        accept_with([&](Trial &trial) {
                            Region &region = trial.memory[i];
                            region.bytes.erase(region.bytes.begin(),
                                               region.bytes.begin() + (ptrdiff_t)cut_off);
                            region.address += (uint32_t)cut_off;
                        }))) {
                }
            }
        }
    }

    Trial best_;
    Engine &reference_;
    const std::vector<Engine *> &others_;
    Runner runner_;
    unsigned accepted_ = 0;
};

std::string hex(uint64_t value)
{
    char line[24];
    snprintf(line, sizeof line, "%llx", (unsigned long long)value);
    return line;
}

} // namespace

std::string plain_run(const Trial &trial, Engine &reference, const std::vector<Engine *> &others)
{
    return Lockstep(trial, reference, others).run();
}

Trial shrunk(const Trial &trial, Engine &reference, const std::vector<Engine *> &others,
             Runner runner)
{
    return Shrinker(trial, reference, others, runner).run();
}

unsigned size_of(const Trial &trial)
{
    unsigned count = 0;
    for (const Line &line : trial.program.lines) {
        count += std::any_of(line.bytes.begin(), line.bytes.end(),
                             [](uint8_t byte) { return byte != 0x90; });
    }
    return count;
}

std::string report(const Trial &trial, Engine &reference, const std::vector<Engine *> &others)
{
    Lockstep lockstep(trial, reference, others);
    lockstep.run();
    return "after " + std::to_string(lockstep.at) + " instructions:" + lockstep.wrong +
           "\n  reference: " + text(lockstep.a->vcpu) + "\n  the other: " + text(lockstep.b->vcpu) +
           listing(trial);
}

std::string listing(const Trial &trial)
{
    std::string result;
    struct vcpu start = trial.state;
    std::vector<uint32_t> offsets = trial.program.offsets();
    start.eip = trial.address + offsets[trial.entry];
    struct vcpu reset = {};
    vcpu_reset(&reset, start.eip);
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        reset.gpr[i] = start.gpr[i]; /* is there anything in x87 to show? */
    }
    reset.eflags = start.eflags;
    result += "\n  start:     " + text(start, !difference(start, reset).empty());
    for (const Region &region : trial.memory) {
        result += "\n  memory" + std::string(trial.data_in_image ? " of the image" : "") + " at " +
                  hex(region.address) + ":";
        for (size_t i = 0; i < region.bytes.size() && i < 16; i++) {
            result += " ";
            result += hex(region.bytes[i]);
        }
        if (region.bytes.size() > 16) {
            result += " ... (" + std::to_string(region.bytes.size()) + " bytes)";
        }
    }
    if (trial.pages_max < UINT32_MAX) {
        result += "\n  at most " + std::to_string(trial.pages_max) + " more private pages";
    }
    if (trial.cache_bytes) {
        result += "\n  a cache of " + std::to_string(trial.cache_bytes) + " bytes";
    }
    if (trial.companion) {
        result += "\n  with another machine of the image by turns";
    }
    if (trial.paged) {
        result += "\n  all pages absent at first, and some again at each mark";
    }
    result += trial.in_image ? "\n  code, in the image:" : "\n  code, written into memory:";
    std::vector<uint8_t> bytes = trial.program.assemble(trial.address);
    for (size_t i = 0; i < trial.program.lines.size(); i++) {
        if (offsets[i] != offsets[i + 1]) {
            uint32_t address = trial.address + offsets[i];
            result += "\n    ";
            result += hex(address) + "  " +
                      disassembly(&bytes[offsets[i]], offsets[i + 1] - offsets[i], address);
        }
    }
    for (const Mark &mark : trial.marks) {
        result += std::string("\n  ") +
                  (mark.action == Mark::INTERRUPT  ? "interrupt"
                   : mark.action == Mark::SNAPSHOT ? "snapshot"
                                                   : "a look") +
                  " after " + std::to_string(mark.at);
    }
    for (size_t i = 0; i < trial.cuts.size() && i < 16; i++) {
        result += (i ? ", " : "\n  calls end after ") + std::to_string(trial.cuts[i]);
    }
    return result + "\n  " + std::to_string(trial.length) + " instructions in all";
}

bool ends_the_process(const Trial &trial, Engine &reference, const std::vector<Engine *> &others)
{
    return isolated_run(trial, reference, others).find(" the process ends") == 0;
}

std::string explained(const Trial &trial, Engine &reference, const std::vector<Engine *> &others)
{
    if (ends_the_process(trial, reference, others)) {
        Trial small = shrunk(trial, reference, others, isolated_run);
        return isolated_run(small, reference, others) + listing(small);
    }
    Trial small = shrunk(trial, reference, others);
    return plain_run(small, reference, others).empty() ? "alone it does not differ"
                                                       : report(small, reference, others);
}

/* --- repeating -------------------------------------------------------------------------------- */

bool oracle_only(uint64_t *number)
{
    const char *only = getenv("DENALI_ORACLE_PROGRAM");
    if (only) {
        *number = strtoull(only, nullptr, 0);
    }
    return only != nullptr;
}

std::string how_to_repeat(uint64_t number)
{
    const testing::TestInfo *test = testing::UnitTest::GetInstance()->current_test_info();
    return "\nrepeat: DENALI_ORACLE_SEED=" + std::to_string(oracle_seed()) +
           " DENALI_ORACLE_PROGRAM=" + std::to_string(number) + " " +
           program_invocation_short_name + " --gtest_filter=" + test->test_suite_name() + "." +
           test->name() + "\n";
}

static char present[256]; /* how to repeat what is running */

static void tell(int number)
{
    ssize_t size = write(STDERR_FILENO, present, strlen(present));
    signal(number, size < 0 ? SIG_IGN : SIG_DFL); /* the instruction is run again, and ends it */
}

void tell_if_a_signal_ends(uint64_t number)
{
    if (!present[0]) {
        for (int one : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) {
            signal(one, tell);
        }
    }
    snprintf(present, sizeof present, "\na signal ends it%s", how_to_repeat(number).c_str());
}
