// Sums of the accounts of a run directory.
#include <gtest/gtest.h>

#include "support/temporary_folder.h"

extern "C" {
#include <traces/account_reader.h>
}

using support::TemporaryFolder;

namespace
{

class Accounts : public testing::Test
{
  protected:
    TemporaryFolder folder;
    struct error error = ERROR_INIT;
    double sum = 0;

    enum status Sum(const char *column, const char *group = nullptr)
    {
        error = ERROR_INIT;
        return trace_account_sum(folder.path().c_str(), TRACE_ACCOUNT_NODES, column, group, &sum,
                                 &error);
    }
};

TEST_F(Accounts, AddsAColumnOfAllOrOfAGroup)
{
    folder.write("nodes.csv", "node,group,frames\na-0,a,1\na-1,a,2\nb,b,40\n");
    ASSERT_EQ(Sum("frames"), STATUS_OK);
    EXPECT_EQ(sum, 43);
    ASSERT_EQ(Sum("frames", "a"), STATUS_OK);
    EXPECT_EQ(sum, 3);
    ASSERT_EQ(Sum("frames", "c"), STATUS_OK);
    EXPECT_EQ(sum, 0);
}

TEST_F(Accounts, SayWhatIsNotThere)
{
    EXPECT_EQ(Sum("frames"), STATUS_NOT_FOUND);
    folder.write("nodes.csv", "node,group,frames\na,a,1\n");
    EXPECT_EQ(Sum("pages"), STATUS_NOT_FOUND);
    EXPECT_NE(std::string(error.message).find("pages"), std::string::npos) << error.message;
}

TEST_F(Accounts, BelieveNoDamagedLine)
{
    for (const char *text : {"", "node,group,frames", "node,group,frames\na,a\n",
                             "node,group,frames\na,a,x\n", "node,group,frames\na,a,1\nb,b,2"}) {
        folder.write("nodes.csv", text);
        EXPECT_EQ(Sum("frames"), STATUS_CORRUPT) << text;
    }
    EXPECT_EQ(error.line, 3);
}

} // namespace
