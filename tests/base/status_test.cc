// Status codes and errors that a person can act on.
#include <gtest/gtest.h>

#include <set>
#include <string>

extern "C" {
#include <base/status.h>
}

namespace
{

std::string Format(const struct error &error)
{
    char text[1024];
    error_format(&error, text, sizeof text);
    return text;
}

TEST(Status, EveryCodeHasItsOwnTextAndAnExitCode)
{
    std::set<std::string> texts;
    size_t count = 0;
#define X(name, text, exit_code)                                                                   \
    count++;                                                                                       \
    texts.insert(status_text(STATUS_##name));                                                      \
    EXPECT_STREQ(status_text(STATUS_##name), text);                                                \
    EXPECT_EQ(status_exit_code(STATUS_##name), exit_code);
    STATUS_LIST(X)
#undef X
    EXPECT_EQ(texts.size(), count);
    EXPECT_EQ(status_exit_code(STATUS_INVALID), 2);
    EXPECT_EQ(status_exit_code(STATUS_IO), 2);
    EXPECT_STRNE(status_text(static_cast<enum status>(999)), nullptr);
}

TEST(Error, SaysFileLineAndMessage)
{
    struct error error = ERROR_INIT;
    EXPECT_EQ(error_set(&error, STATUS_INVALID, "a.yaml", 12, "count is %d; give 1 or more", -3),
              STATUS_INVALID);
    EXPECT_EQ(Format(error), "a.yaml:12: count is -3; give 1 or more");
}

TEST(Error, LeavesOutWhatIsNotKnown)
{
    struct error without_line = ERROR_INIT;
    (void)error_set(&without_line, STATUS_IO, "out", 0, "disk full");
    EXPECT_EQ(Format(without_line), "out: disk full");
    struct error without_file = ERROR_INIT;
    (void)error_set(&without_file, STATUS_IO, nullptr, 7, "disk full");
    EXPECT_EQ(Format(without_file), "disk full");
}

TEST(Error, TheFirstErrorWins)
{
    struct error error = ERROR_INIT;
    (void)error_set(&error, STATUS_NOT_FOUND, "first", 1, "first");
    EXPECT_EQ(error_set(&error, STATUS_IO, "second", 2, "second"), STATUS_IO);
    EXPECT_EQ(error.status, STATUS_NOT_FOUND);
    EXPECT_EQ(Format(error), "first:1: first");
}

TEST(Error, MayBeNull)
{
    EXPECT_EQ(error_set(nullptr, STATUS_CORRUPT, "f", 1, "x"), STATUS_CORRUPT);
}

TEST(Error, IsOneLineThatSaysNothingToATerminalWhateverIsQuoted)
{
    struct error error = ERROR_INIT;
    (void)error_set(&error, STATUS_INVALID, "a\033[2Jb", 1, "no file `%s`, \u00e9",
                    "x\n\r\t\033]0;title\007\x7f\u009b2Jy");
    EXPECT_STREQ(error.file, "a?[2Jb");
    EXPECT_STREQ(error.message, "no file `x????]0;title????2Jy`, \u00e9");
}

TEST(Error, CutsLongTextsAndStaysTerminated)
{
    std::string path(1000, 'p'), message(2000, 'm');
    struct error error = ERROR_INIT;
    (void)error_set(&error, STATUS_INVALID, path.c_str(), 1, "%s", message.c_str());
    EXPECT_EQ(std::string(error.file), std::string(sizeof error.file - 1, 'p'));
    EXPECT_EQ(std::string(error.message), std::string(sizeof error.message - 1, 'm'));
    char small[8];
    error_format(&error, small, sizeof small);
    EXPECT_STREQ(small, "ppppppp");
}

} // namespace
