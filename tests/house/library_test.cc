// What the compiled libraries ask of the host: never its clock, never its randomness, except in
// the one file that may. Looks at undefined symbols, so no macro or wrapper hides a call.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace
{

const std::set<std::string> kDenied = {
    "clock",     "clock_gettime", "clock_getres", "gettimeofday",
    "time",      "times",         "ftime",        "timespec_get",
    "localtime", "localtime_r",   "gmtime",       "gmtime_r",
    "mktime",    "ctime",         "strftime",     "rand",
    "rand_r",    "srand",         "random",       "random_r",
    "srandom",   "drand48",       "lrand48",      "mrand48",
    "getrandom", "getentropy",    "arc4random",   "arc4random_uniform",
    "getpid",    "sleep",         "usleep",       "nanosleep",
    "strcpy",    "strcat",        "sprintf",      "vsprintf",
    "gets",      "strtok",        "setlocale",
};

// Object files that may, and what.
const std::map<std::string, std::set<std::string>> kAllowed = {
    {"host_clock.c.o", {"clock_gettime"}},
};

struct Use {
    std::string library;
    std::string object;
    std::string symbol;
};

// Symbols that the archive's objects leave undefined: "lib.a[object.o]: symbol U".
std::vector<Use> undefined_symbols(const fs::path &archive)
{
    std::vector<Use> uses;
    const std::string command = "nm -A -u --format=posix '" + archive.string() + "' 2>/dev/null";
    FILE *output = popen(command.c_str(), "r");
    std::array<char, 1024> line;
    while (output && fgets(line.data(), line.size(), output)) {
        const std::string text = line.data();
        size_t open = text.find('[');
        size_t close = text.find("]: ");
        if (open == std::string::npos || close == std::string::npos) {
            continue;
        }
        std::string symbol = text.substr(close + 3);
        symbol.resize(symbol.find_first_of(" @\n"));
        uses.push_back(
            {archive.filename().string(), text.substr(open + 1, close - open - 1), symbol});
    }
    if (output) {
        pclose(output);
    }
    return uses;
}

TEST(Libraries, AskTheHostForNoTimeAndNoChance)
{
    std::set<std::string> libraries;
    bool clock_seen = false;
    for (const auto &entry : fs::recursive_directory_iterator(DENALI_BINARY_DIR)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind("libdenali_", 0) != 0 || entry.path().extension() != ".a") {
            continue;
        }
        libraries.insert(name);
        std::vector<Use> uses = undefined_symbols(entry.path());
        EXPECT_FALSE(uses.empty()) << name << ": nm shows nothing";
        for (const Use &use : uses) {
            auto allowed = kAllowed.find(use.object);
            const bool may = allowed != kAllowed.end() && allowed->second.count(use.symbol);
            clock_seen = clock_seen || (may && use.symbol == "clock_gettime");
            EXPECT_TRUE(may || !kDenied.count(use.symbol))
                << use.library << ": " << use.object << " uses " << use.symbol;
        }
    }
    EXPECT_TRUE(clock_seen) << "host_clock.c is the one that may; not seeing it, nm sees nothing";
    for (const char *room : {"base", "devices", "traces", "analysis", "netsim", "vcpu"}) {
        EXPECT_TRUE(libraries.count(std::string("libdenali_") + room + ".a")) << room;
    }
}

// docs/trace.md says so of what `fork --set seed=N` leaves as it was. Who draws there has the seed
// in the saved state, and the fork change it.
TEST(Libraries, NetworksDrawNothing)
{
    const fs::path library = fs::path(DENALI_BINARY_DIR) / "netsim/libdenali_netsim.a";
    const std::vector<Use> uses = undefined_symbols(library);
    EXPECT_FALSE(uses.empty()) << library << ": nm shows nothing";
    for (const Use &use : uses) {
        EXPECT_NE(use.symbol.rfind("random_", 0), 0u) << use.object << " uses " << use.symbol;
    }
}

} // namespace
