// The arrows between the rooms. The build enforces them already, by what each library links; these
// tests hold the build itself to the plan (docs/architecture.md), so that a new link is a decision
// and not a line somewhere.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>

#include "house/source_tree.h"

using house::File;
using house::Language;

namespace
{

// Which rooms a room may know.
const std::map<std::string, std::set<std::string>> kMayKnow = {
    {"base", {}},
    {"vcpu", {"base"}},
    {"devices", {"base"}},
    {"netsim", {"base"}},
    {"traces", {"base"}},
    {"scenarios", {"base"}},
    {"analysis", {"base", "traces"}},
    {"emu", {"base", "vcpu", "devices", "netsim", "traces", "scenarios", "analysis"}},
};

bool may_know(const std::string &folder, const std::string &other)
{
    return folder == other || kMayKnow.at(folder).count(other) > 0;
}

TEST(Layering, SourcesIncludeOnlyWhatTheirRoomMayKnow)
{
    const std::regex include("^\\s*#\\s*include\\s*[<\"]([a-z_]+)/([^>\"]+)[>\"]");
    size_t seen = 0;
    for (const File &file : house::source_tree()) {
        if (file.language != Language::kC || !kMayKnow.count(file.folder())) {
            continue;
        }
        for (size_t i = 0; i < file.lines.size(); i++) {
            std::smatch match;
            if (!std::regex_search(file.lines[i], match, include)) {
                continue;
            }
            const std::string other = match[1];
            EXPECT_NE(other, "tests") << house::place(file, i);
            if (!kMayKnow.count(other)) {
                continue; // a system header, or a folder of the room's own
            }
            seen++;
            if (file.guest()) {
                // Inside a machine the ABI is all there is of the house.
                EXPECT_EQ(match[1].str() + "/" + match[2].str(), "devices/abi.h")
                    << house::place(file, i);
            } else {
                EXPECT_TRUE(may_know(file.folder(), other)) << house::place(file, i);
            }
        }
    }
    EXPECT_GT(seen, 100u);
}

TEST(Layering, NoSourceReachesIntoAnotherRoomByARelativePath)
{
    const std::regex include("^\\s*#\\s*include\\s*\"((\\.\\./)+[^\"]+)\"");
    for (const File &file : house::source_tree()) {
        std::smatch match;
        for (size_t i = 0; file.language == Language::kC && i < file.lines.size(); i++) {
            if (!std::regex_search(file.lines[i], match, include)) {
                continue;
            }
            size_t depth = 0;
            for (size_t at = file.path.find('/'); at != std::string::npos;
                 at = file.path.find('/', at + 1)) {
                depth++;
            }
            const std::string target = match[1];
            size_t up = 0;
            while (target.compare(3 * up, 3, "../") == 0) {
                up++;
            }
            EXPECT_LT(up, depth) << house::place(file, i) << " leaves its room";
        }
    }
}

TEST(Layering, LibrariesLinkOnlyWhatTheirRoomMayKnow)
{
    const std::regex library("denali_(base|vcpu|devices|netsim|traces|scenarios|analysis|emu)\\b");
    std::set<std::string> rooms;
    for (const File &file : house::source_tree()) {
        if (file.language != Language::kBuild || !kMayKnow.count(file.folder())) {
            continue;
        }
        rooms.insert(file.folder());
        for (size_t i = 0; i < file.lines.size(); i++) {
            const std::string &line = file.lines[i];
            for (std::sregex_iterator m(line.begin(), line.end(), library), end; m != end; ++m) {
                EXPECT_TRUE(may_know(file.folder(), (*m)[1])) << house::place(file, i);
            }
        }
    }
    for (const auto &[room, others] : kMayKnow) {
        EXPECT_TRUE(rooms.count(room)) << room << " has no build file";
    }
}

TEST(Layering, PublicHeadersLiveUnderTheNameOfTheirRoom)
{
    for (const File &file : house::source_tree()) {
        if (!kMayKnow.count(file.folder()) || !file.ends_with(".h") || file.guest()) {
            continue;
        }
        const std::string prefix = file.folder() + "/include/";
        if (file.path.rfind(prefix, 0) == 0) {
            EXPECT_EQ(file.path.rfind(prefix + file.folder() + "/", 0), 0u) << file.path;
        }
    }
}

} // namespace
