/* What documents and --help print of recorded runs can be typed as it stands, in its order. */
#include <sstream>

#include "denali_process.h"

using support::TemporaryFolder;

namespace
{

using Words = std::vector<std::string>;

/* A command and, where its comment says "# of denali ...", the one that makes what it needs. */
struct Example {
    Words command;
    Words of;
};

/* A line's words behind `denali`, of the build or not, up to a comment. */
Words Command(std::istringstream &line)
{
    Words words;
    std::string word;
    line >> word;
    if (word != "denali" && word != "build/release/denali") {
        return words;
    }
    while (line >> word && word != "#") {
        words.push_back(word);
    }
    return words;
}

/* The commands among a text's indented lines, from where it says `from`. */
std::vector<Example> ExamplesIn(const std::string &text, const std::string &from)
{
    std::vector<Example> examples;
    std::istringstream lines(text.substr(text.find(from)));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream stream(line);
        Example example;
        std::string of;
        if (line.rfind("  ", 0) != 0 || (example.command = Command(stream)).empty()) {
            continue;
        }
        if (stream >> of && of == "of") {
            example.of = Command(stream);
        }
        examples.push_back(example);
    }
    return examples;
}

/* Two runs differ, and an expectation may not hold, where the example is about that. Gdb is at the
 * end of a pipe, and goes away at once. */
void ExpectWorks(const TemporaryFolder &folder, Words arguments)
{
    std::string line;
    for (const std::string &word : arguments) {
        line += " " + word;
    }
    if (arguments[0] == "debug") {
        arguments.push_back("--pipe");
    }
    Outcome outcome = Denali(folder, arguments);
    bool found = arguments[0] == "diff" || arguments[0] == "fork";
    EXPECT_TRUE(outcome.code == 0 || (found && outcome.code == 1))
        << "denali" << line << ": " << outcome.code << "\n"
        << outcome.err;
}

std::string Document(const std::string &name)
{
    std::ifstream file(std::string(DENALI_SOURCE_DIR) + "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/* The first block of YAML behind where the text says `from`. */
std::string YamlIn(const std::string &text, const std::string &from)
{
    const std::string fence = "```yaml\n";
    const size_t begin = text.find(fence, text.find(from)) + fence.size();
    return text.substr(begin, text.find("```", begin) - begin);
}

TEST(Examples, OfTheDocumentsWorkAsPrinted)
{
    if (!HasProgram("echo-client")) {
        GTEST_SKIP() << "needs the guest kit";
    }
    const struct {
        const char *name;
        const char *from;
        size_t least;     /* commands */
        const char *file; /* that they use: the document has it */
    } documents[] = {
        {"docs/trace.md", "# Recordings", 8, nullptr},
        {"README.md", "A recorded run can be confirmed", 8, nullptr},
        {"docs/hosts.md", "## A first host", 5, "box.yaml"},
    };
    for (const auto &[name, from, least, file] : documents) {
        TemporaryFolder folder;
        if (file) {
            folder.write(file, YamlIn(Document(name), from));
        }
        std::filesystem::create_directory_symlink(std::string(DENALI_SOURCE_DIR) + "/scenarios",
                                                  folder.path("scenarios"));
        auto examples = ExamplesIn(Document(name), from);
        EXPECT_GE(examples.size(), least) << name;
        for (const Example &example : examples) {
            ExpectWorks(folder, example.command);
        }
    }
}

TEST(Examples, OfHelpWorkAsPrinted)
{
    if (!HasProgram("echo-client")) {
        GTEST_SKIP() << "needs the guest kit";
    }
    for (const char *verb : {"verify", "replay", "fork", "diff", "why", "bundle"}) {
        TemporaryFolder folder;
        auto examples = ExamplesIn(Denali(folder, {verb, "--help"}).out, "\nexamples:\n");
        EXPECT_GE(examples.size(), 1u) << verb;
        ExpectWorks(folder, {"run", "echo.yaml", "--record", "--out", "echo-run"});
        for (const Example &example : examples) {
            if (!example.of.empty() && !folder.has(example.of.back())) {
                ExpectWorks(folder, example.of);
            }
            ExpectWorks(folder, example.command);
        }
    }
}

} // namespace
