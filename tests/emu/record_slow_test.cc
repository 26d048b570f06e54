/* Killed while it records, many times: every time what is on the disk verifies up to its tail. */
#include "record_fixture.h"

TEST(RecordingSlow, VerifiesUpToItsTailAfterManyKills)
{
    KillInTheMiddle(60, 43);
}
