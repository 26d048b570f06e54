// The texts about the house: what they link to and name exists, so that a claim in a document (a
// test that holds it, a file to begin at) is not a memory of something renamed.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "house/source_tree.h"

using house::File;

namespace fs = std::filesystem;

namespace
{

fs::path on_disk(const std::string &path)
{
    return fs::path(DENALI_SOURCE_DIR) / path;
}

TEST(Docs, LinksLeadSomewhere)
{
    const std::regex link("\\]\\(([^)#\\s]+)(#[^)]*)?\\)");
    size_t seen = 0;
    for (const File &file : house::source_tree()) {
        for (size_t i = 0; file.ends_with(".md") && i < file.lines.size(); i++) {
            const std::string &line = file.lines[i];
            for (std::sregex_iterator m(line.begin(), line.end(), link), end; m != end; ++m) {
                const std::string target = (*m)[1];
                if (target.find("://") != std::string::npos) {
                    continue;
                }
                seen++;
                const fs::path path = on_disk(file.path).parent_path() / target;
                EXPECT_TRUE(fs::exists(path)) << house::place(file, i);
            }
        }
    }
    EXPECT_GT(seen, 20u);
}

// A path in backquotes that begins with one of the house's folders is a file or folder of it.
// Patterns (<name>, *) are not paths.
TEST(Docs, PathsThatAreNamedExist)
{
    const std::regex quoted("`([a-z]+/[A-Za-z0-9_./-]+)`");
    size_t seen = 0;
    const std::vector<std::string> folders = house::top_level_folders();
    const std::set<std::string> rooms(folders.begin(), folders.end());
    for (const File &file : house::source_tree()) {
        for (size_t i = 0; file.ends_with(".md") && i < file.lines.size(); i++) {
            const std::string &line = file.lines[i];
            for (std::sregex_iterator m(line.begin(), line.end(), quoted), end; m != end; ++m) {
                const std::string path = (*m)[1];
                // An include directive's path (`base/time.h`) is below its room's include/.
                const std::string room = path.substr(0, path.find('/'));
                if (!rooms.count(room)) {
                    continue;
                }
                seen++;
                EXPECT_TRUE(fs::exists(on_disk(path)) ||
                            fs::exists(on_disk(room + "/include/" + path)))
                    << house::place(file, i);
            }
        }
    }
    EXPECT_GT(seen, 40u);
}

// The text of a file as one string.
std::string whole(const std::string &path)
{
    std::string text;
    for (const File &file : house::source_tree()) {
        for (size_t i = 0; file.path == path && i < file.lines.size(); i++) {
            text += file.lines[i] + "\n";
        }
    }
    return text;
}

// What docs/library.md shows of C is out of the example, which the tests of the installation build.
TEST(Docs, TheLibrarysCodeIsTheExamples)
{
    const std::string document = whole("docs/library.md");
    const std::string example = whole("docs/examples/two-nodes/main.c");
    size_t blocks = 0;
    for (size_t at = document.find("```c\n"); at != std::string::npos;
         at = document.find("```c\n", at)) {
        at += 5;
        const std::string code = document.substr(at, document.find("```", at) - at);
        blocks++;
        EXPECT_NE(example.find(code), std::string::npos) << code;
    }
    EXPECT_GE(blocks, 4u);
}

TEST(Docs, TheThreatModelNamesTestsAndFuzzTargetsThatExist)
{
    std::set<std::string> tests;
    std::set<std::string> targets;
    const std::regex test("^TEST[A-Z_]*\\(\\w+, (\\w+)\\)");
    std::smatch match;
    const File *model = nullptr;
    for (const File &file : house::source_tree()) {
        if (file.path == "docs/threat-model.md") {
            model = &file;
        }
        if (file.path.rfind("tests/fuzz/", 0) == 0 && file.ends_with("_fuzz.cc")) {
            const std::string name = file.name();
            targets.insert(name.substr(0, name.size() - std::string("_fuzz.cc").size()));
        }
        for (size_t i = 0; file.folder() == "tests" && i < file.lines.size(); i++) {
            if (std::regex_search(file.lines[i], match, test)) {
                tests.insert(match[1]);
            }
        }
    }
    ASSERT_NE(model, nullptr);
    size_t rows = 0;
    const std::regex sentence("`([A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*)`");
    const std::regex fuzz("fuzz targets? ((`[a-z_]+`(, )?)+)");
    const std::regex word("`([a-z_]+)`");
    for (size_t i = 0; i < model->lines.size(); i++) {
        const std::string &line = model->lines[i];
        if (!std::regex_search(line, std::regex("^\\| [CF][0-9]+ "))) {
            continue;
        }
        rows++;
        const std::string held = line.substr(line.rfind('|', line.size() - 3));
        size_t named = held.find("tests/") != std::string::npos;
        for (std::sregex_iterator m(held.begin(), held.end(), sentence), end; m != end; ++m) {
            named++;
            EXPECT_TRUE(tests.count((*m)[1])) << house::place(*model, i) << "\n  " << (*m)[1];
        }
        for (std::sregex_iterator m(held.begin(), held.end(), fuzz), end; m != end; ++m) {
            const std::string list = (*m)[1];
            for (std::sregex_iterator w(list.begin(), list.end(), word); w != end; ++w) {
                named++;
                EXPECT_TRUE(targets.count((*w)[1])) << house::place(*model, i) << "\n  " << (*w)[1];
            }
        }
        EXPECT_GT(named, 0u) << "a claim without a test: " << house::place(*model, i);
    }
    EXPECT_GE(rows, 10u);
}

} // namespace
