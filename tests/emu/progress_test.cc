/* The live line: what is done, how fast, and how long it takes yet. */
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <regex>
#include <string>

extern "C" {
#include "progress.h"
}

namespace
{

/* What the line is after so much of [10 s, 30 s) is done. */
std::string LineAt(uint64_t done_ns, bool is_terminal)
{
    char *text = nullptr;
    size_t size_bytes = 0;
    FILE *stream = open_memstream(&text, &size_bytes);
    struct emu_progress progress;
    emu_progress_init(&progress, stream, 10000000000u, 30000000000u);
    progress.is_terminal = is_terminal;
    emu_progress_show_parts(&progress, done_ns);
    fclose(stream);
    std::string line(text, size_bytes);
    free(text);
    return line;
}

TEST(Progress, OfAWorkInPartsSaysHowMuchIsDoneAndHowLongTheRestTakes)
{
    const std::regex half(
        "\r\x1b\\[K10\\.0 of 20 s of virtual time \\| [0-9.]+x real time \\| [0-9:]+ left");
    EXPECT_TRUE(std::regex_match(LineAt(10000000000u, true), half)) << LineAt(10000000000u, true);
    std::string none = LineAt(0, true);
    EXPECT_NE(none.find("| --:-- left"), std::string::npos) << "nobody knows yet: " << none;
}

TEST(Progress, IsNotALineAMomentWhereNobodyLooksOn)
{
    EXPECT_EQ(LineAt(10000000000u, false), "");
}

} // namespace
