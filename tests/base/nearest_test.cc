// What was meant by a word that is none of those there are.
#include <gtest/gtest.h>

extern "C" {
#include <base/nearest.h>
}

#include <string>
#include <vector>

namespace
{

std::string nearest(const std::string &word)
{
    const std::vector<const char *> words = {"run", "boot", "check", "list", "memory-limit"};
    const char *found = nearest_word(word.c_str(), words.data(), words.size());
    return found ? found : "";
}

TEST(Nearest, OneSlipIsForgiven)
{
    EXPECT_EQ(nearest("rum"), "run");
    EXPECT_EQ(nearest("rnu"), "run");
    EXPECT_EQ(nearest("runn"), "run");
    EXPECT_EQ(nearest("bot"), "boot");
    EXPECT_EQ(nearest("chekc"), "check");
    EXPECT_EQ(nearest("run"), "run");
}

TEST(Nearest, LongWordsMayHaveMoreSlips)
{
    EXPECT_EQ(nearest("memroy_limt"), "memory-limit");
}

TEST(Nearest, AnotherWordIsNoSlip)
{
    EXPECT_EQ(nearest("frobnicate"), "");
    EXPECT_EQ(nearest("ab"), "");
    EXPECT_EQ(nearest(""), "");
    EXPECT_EQ(nearest(std::string(5000, 'r')), "");
}

} // namespace
