// Style that a machine can keep: sizes, first comments, banned calls, files that nothing builds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <set>
#include <string>

#include "house/source_tree.h"

using house::File;
using house::Language;

namespace
{

bool is_source(const File &file)
{
    return file.language == Language::kC || file.language == Language::kScript ||
           file.language == Language::kBuild;
}

size_t columns(const std::string &line)
{
    size_t count = 0;
    for (unsigned char byte : line) {
        count += (byte & 0xc0) != 0x80; // UTF-8: continuation bytes take no column
    }
    return count;
}

TEST(Style, TheTreeIsSeen)
{
    size_t sources = 0;
    for (const File &file : house::source_tree()) {
        sources += is_source(file);
    }
    EXPECT_GT(sources, 100u) << "the walk has lost its way: the tests below would see nothing";
}

TEST(Style, FilesPastEightHundredLinesAreTwo)
{
    for (const File &file : house::source_tree()) {
        if (is_source(file)) {
            EXPECT_LE(file.lines.size(), 800u) << file.path;
        }
    }
}

// A raw string literal is text as it is; its lines are not ours to break.
TEST(Style, LinesFitAHundredColumns)
{
    const std::regex raw_start("R\"[a-z]*\\(");
    for (const File &file : house::source_tree()) {
        bool raw = false;
        for (size_t i = 0; is_source(file) && i < file.lines.size(); i++) {
            raw = raw || (file.ends_with(".cc") && std::regex_search(file.lines[i], raw_start));
            EXPECT_TRUE(raw || columns(file.lines[i]) <= 100) << house::place(file, i);
            raw = raw && file.lines[i].find(")\"") == std::string::npos;
        }
    }
}

TEST(Style, NoTabsNoTrailingBlanksAndANewlineAtTheEnd)
{
    for (const File &file : house::source_tree()) {
        if (!is_source(file)) {
            continue;
        }
        EXPECT_TRUE(file.ends_with_newline) << file.path;
        for (size_t i = 0; i < file.lines.size(); i++) {
            const std::string &line = file.lines[i];
            // A script may look for a tab; it does not indent with one.
            EXPECT_NE(line.substr(0, 1), "\t") << house::place(file, i);
            EXPECT_TRUE(file.language == Language::kScript || line.find('\t') == std::string::npos)
                << house::place(file, i);
            EXPECT_FALSE(!line.empty() && line.back() == ' ') << house::place(file, i);
        }
    }
}

TEST(Style, AFileBeginsWithWhatItIsFor)
{
    for (const File &file : house::source_tree()) {
        if (!is_source(file)) {
            continue;
        }
        ASSERT_FALSE(file.lines.empty()) << file.path;
        const bool script = file.language == Language::kScript;
        const std::string first = file.lines[script && file.lines.size() > 1 ? 1 : 0];
        const bool comment =
            file.language == Language::kC
                ? first.rfind("//", 0) == 0 || first.rfind("/*", 0) == 0
                : first.rfind("#", 0) == 0 || (script && first.rfind("\"\"\"", 0) == 0);
        // A build file of a few lines says it all in its one target's name.
        const bool plain = file.language == Language::kBuild && file.lines.size() <= 20;
        EXPECT_TRUE(comment || plain) << file.path << " begins with: " << first;
    }
}

TEST(Style, NothingIsLeftForLater)
{
    const std::regex later(std::string("\\b(TO") + "DO|FIX" + "ME|X" + "XX|HA" + "CK)\\b");
    for (const File &file : house::source_tree()) {
        for (size_t i = 0; i < file.lines.size(); i++) {
            EXPECT_FALSE(std::regex_search(file.lines[i], later)) << house::place(file, i);
        }
    }
}

// Calls that overflow, that keep hidden state, or that ask the host what must come from the
// scenario. library_test.cc finds the last kind in the compiled code; here it is told by line. A
// guest's code is held to neither: inside its machine, time and chance are the scenario's already.
TEST(Style, BannedCallsAreNotMade)
{
    const std::regex unsafe("(^|[^A-Za-z0-9_.>:])(strcpy|strcat|sprintf|vsprintf|gets|strtok|"
                            "atoi|atol|atof|alloca|mktemp|tmpnam)\\s*\\(");
    const std::regex host("(^|[^A-Za-z0-9_.>:])(time|clock|rand|srand|random|srandom|gettimeofday|"
                          "clock_gettime|localtime|gmtime|getrandom|usleep|sleep)\\s*\\(");
    for (const File &file : house::source_tree()) {
        bool in_comment = false;
        const bool may_ask_host = file.path == "base/host_clock.c" || file.folder() == "tests" ||
                                  file.folder() == "bench";
        const bool held = file.language == Language::kC && !file.guest();
        for (size_t i = 0; held && i < file.lines.size(); i++) {
            const std::string code = house::code_of(file.lines[i], in_comment);
            EXPECT_FALSE(std::regex_search(code, unsafe)) << house::place(file, i);
            EXPECT_FALSE(!may_ask_host && std::regex_search(code, host)) << house::place(file, i);
        }
    }
}

TEST(Style, BannedCallsAreSeenWhereTheyAre)
{
    bool in_comment = false;
    EXPECT_EQ(house::code_of("a(\"strcpy(x)\"); // gets(", in_comment), "a(\"\"); ");
    EXPECT_EQ(house::code_of("x = 'a' + 1; /* rand(", in_comment), "x = '' + 1; ");
    EXPECT_TRUE(in_comment);
    EXPECT_EQ(house::code_of("still */ y();", in_comment), " y();");
    EXPECT_FALSE(in_comment);
    EXPECT_EQ(house::code_of("\"\\\"\" + gets(s)", in_comment), "\"\" + gets(s)");
    EXPECT_EQ(house::code_of("1'000 + rand()", in_comment), "1000 + rand()");
}

TEST(Style, TheHouseHasTheseFoldersAndEachSaysWhatItIs)
{
    const std::set<std::string> allowed = {"analysis", "base",   "bench",  "devices",
                                           "docs",     "emu",    "netsim", "scenarios",
                                           "tests",    "traces", "vcpu"};
    std::set<std::string> readmes;
    for (const File &file : house::source_tree()) {
        if (file.name() == "README.md") {
            readmes.insert(file.folder());
        }
    }
    std::set<std::string> found;
    for (const std::string &folder : house::top_level_folders()) {
        if (folder[0] == '.') {
            continue;
        }
        found.insert(folder);
        EXPECT_TRUE(allowed.count(folder)) << folder << " is not a room of this house (docs/adr/)";
        EXPECT_TRUE(readmes.count(folder)) << folder << " has no README.md";
    }
    EXPECT_EQ(found, allowed);
}

// Every word of every build file and script: what is built is named in one of them.
std::set<std::string> build_words()
{
    std::set<std::string> words;
    const std::regex word("[A-Za-z0-9_.+-]+");
    for (const File &file : house::source_tree()) {
        if (file.language != Language::kBuild && file.language != Language::kScript) {
            continue;
        }
        for (const std::string &line : file.lines) {
            for (std::sregex_iterator i(line.begin(), line.end(), word), end; i != end; ++i) {
                words.insert(i->str());
            }
        }
    }
    return words;
}

TEST(Style, EverySourceFileIsNamedByABuildFile)
{
    const std::set<std::string> words = build_words();
    for (const File &file : house::source_tree()) {
        if (!file.ends_with(".c") && !file.ends_with(".cc") && !file.ends_with(".S")) {
            continue;
        }
        // The kit's own sources are compiled folder by folder (scenarios/guest/build-kit).
        if (file.path.rfind("scenarios/guest/ilwaco/", 0) == 0) {
            continue;
        }
        // denali_fuzz(device) builds device_fuzz.cc; a program is named by its folder or stem.
        const std::string name = file.name();
        std::string stem = name.substr(0, name.rfind('.'));
        for (const char *suffix : {"_fuzz", "_bench"}) {
            size_t at = stem.rfind(suffix);
            if (at != std::string::npos && at + std::string(suffix).size() == stem.size()) {
                stem.resize(at);
            }
        }
        bool named = words.count(name) || words.count(stem);
        if (file.guest()) {
            const std::string folder = file.path.substr(0, file.path.rfind('/'));
            named = named || words.count(folder.substr(folder.rfind('/') + 1));
        }
        EXPECT_TRUE(named) << file.path;
    }
}

TEST(Style, EveryHeaderIsIncludedSomewhere)
{
    std::set<std::string> included;
    const std::regex include("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
    for (const File &file : house::source_tree()) {
        std::smatch match;
        for (size_t i = 0; file.language == Language::kC && i < file.lines.size(); i++) {
            if (std::regex_search(file.lines[i], match, include)) {
                const std::string name = match[1];
                included.insert(name.substr(name.rfind('/') + 1));
            }
        }
    }
    for (const File &file : house::source_tree()) {
        // What the kit offers guests and its TCP/IP stack is included from outside the house.
        if (file.ends_with(".h") && !file.guest()) {
            EXPECT_TRUE(included.count(file.name())) << file.path;
        }
    }
}

TEST(Style, ScriptsPassShellcheck)
{
    if (std::system("command -v shellcheck >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "shellcheck is not installed (./check installs it)";
    }
    size_t scripts = 0;
    for (const File &file : house::source_tree()) {
        if (file.language != Language::kScript || file.lines[0].find("bash") == std::string::npos) {
            continue;
        }
        scripts++;
        const std::string command = "shellcheck -S warning -x --source-path=" DENALI_SOURCE_DIR
                                    " '" DENALI_SOURCE_DIR "/" +
                                    file.path + "' >&2";
        EXPECT_EQ(std::system(command.c_str()), 0) << file.path;
    }
    EXPECT_GE(scripts, 3u);
}

} // namespace
