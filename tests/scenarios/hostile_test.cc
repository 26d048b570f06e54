// Text made to hurt is refused within bounds, whatever its shape.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"

namespace
{

std::string repeat(const std::string &piece, size_t count)
{
    std::string text;
    text.reserve(piece.size() * count);
    for (size_t i = 0; i < count; i++) {
        text += piece;
    }
    return text;
}

TEST(HostileScenario, AliasBombIsRefusedAtItsFirstAnchor)
{
    EXPECT_EQ(error_of("a: &a [x,x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b]\n"),
              "test.yaml:1: expected no anchor ('&'): scenarios have none");
    EXPECT_EQ(error_of("general: *a\n"),
              "test.yaml:1: expected no alias: write the value out where it is used");
    EXPECT_EQ(error_of("*a : b\n"),
              "test.yaml:1: expected no alias: write the value out where it is used");
    EXPECT_EQ(error_of("general: !!python/object {}\n"),
              "test.yaml:1: expected no tag ('!'): quote text that begins with '!'");
}

TEST(HostileScenario, DeepNestingIsRefused)
{
    std::string message = "test.yaml:1: expected a scenario, found lists or mappings nested too "
                          "deep";
    EXPECT_EQ(error_of("a: " + repeat("[", 500000)), message);
    EXPECT_EQ(error_of("a: " + repeat("{b: ", 200000)), message);
    EXPECT_NE(error_of(repeat("- ", 500000)).find("nested too deep"), std::string::npos);
    EXPECT_NE(error_of(repeat("? ", 500000)), "no error");
}

TEST(HostileScenario, MegabytesAreRefusedUnread)
{
    EXPECT_EQ(error_of(std::string(SCN_BYTES_MAX + 1, '#')),
              "test.yaml: expected a scenario of at most 1048576 bytes, found 1048577");
    EXPECT_NE(error_of(kSmall + "#" + std::string(SCN_BYTES_MAX - kSmall.size() - 10, 'x')),
              error_of(std::string(SCN_BYTES_MAX + 1, '#')));
}

TEST(HostileScenario, ManyEntriesAreRefused)
{
    std::string message = error_of("groups: [" + repeat("x,", 100000) + "]");
    EXPECT_EQ(message, "test.yaml:1: expected at most 1024 entries in a list or mapping");
    std::string keys;
    for (int i = 0; i < 50000; i++) {
        keys.append("k").append(std::to_string(i)).append(": 1\n");
    }
    EXPECT_EQ(error_of(keys), "test.yaml:1025: expected at most 1024 entries in a list or mapping");
    std::string list = std::string("- [").append(repeat("[],", 900)).append("]\n");
    EXPECT_NE(error_of(std::string("a:\n").append(repeat(list, 300))).find("too many values"),
              std::string::npos);
}

TEST(HostileScenario, SecondDocumentIsRefused)
{
    EXPECT_EQ(error_of(kSmall + "---\na: b\n"),
              "test.yaml:18: expected one YAML document, found a second");
}

TEST(HostileScenario, NulAndInvalidUtf8AreRefused)
{
    EXPECT_EQ(error_of(small_with("name: lone", "name: \"lo\\0ne\"")),
              "test.yaml:12: expected text without NUL characters");
    EXPECT_EQ(error_of(small_with("image: peer", "\"im\\0age\": peer")),
              "test.yaml:9: expected text without NUL characters");
    EXPECT_NE(error_of(small_with("name: lone", "name: \xff\xfe")).find("expected YAML in UTF-8"),
              std::string::npos);
    EXPECT_NE(error_of(std::string("\0\0\0", 3)), "no error");
}

TEST(HostileScenario, LongTextsAreCutInMessagesBetweenCharacters)
{
    std::string message = error_of(small_with("name: lone", "name: " + repeat("\xc3\xa4", 5000)));
    EXPECT_LT(message.size(), 400u);
    EXPECT_TRUE(message.ends_with("\xc3\xa4...'")) << message;
    size_t start = message.find(", found '");
    for (size_t i = start + 9; i + 4 < message.size(); i += 2) {
        EXPECT_EQ(message.substr(i, 2), "\xc3\xa4");
    }
}

TEST(HostileScenario, KeysThatAreListsAreRefused)
{
    EXPECT_EQ(error_of("? [a, b]\n: c\n"),
              "test.yaml:1: expected the name of a field, found a list or mapping");
}

} // namespace
