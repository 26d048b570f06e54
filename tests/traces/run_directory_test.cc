// The run directory: where it is made, what is in it, and what it looks like when a run breaks.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include "support/temporary_folder.h"

extern "C" {
#include <traces/run_directory.h>
}

using support::TemporaryFolder;

namespace
{

trace_summary small_summary()
{
    trace_summary summary = {};
    summary.scenario = "hello";
    summary.engine = "interpreter";
    return summary;
}

class RunDirectory : public testing::Test
{
  protected:
    TemporaryFolder folder;
    error failure = ERROR_INIT;

    trace_run *create(const char *out, const char *scenario = "hello", uint64_t seed = 7)
    {
        std::string path = out ? folder.path(out) : "";
        std::string runs = folder.path("runs");
        trace_run_options options = {out ? path.c_str() : nullptr, runs.c_str(), scenario, seed};
        trace_run *run = nullptr;
        failure = ERROR_INIT;
        enum status status = trace_run_create(&options, &run, &failure);
        EXPECT_EQ(status == STATUS_OK, run != nullptr);
        EXPECT_EQ(status, failure.status);
        return run;
    }
    enum status finish(trace_run *run)
    {
        trace_summary summary = small_summary();
        return trace_run_finish(run, &summary, &failure);
    }
};

/* What to do about a directory is said of the run's own alone: not of one beside it whose name goes
 * on where the run's ends. */
TEST_F(RunDirectory, AFileThatCannotBeReadIsNotToldAsOneThatCannotBeWritten)
{
    folder.write("out-kept/peer.img", "ELF");
    const std::string secret = folder.path("out-kept/peer.img");
    trace_run *run = create("out");
    ASSERT_NE(run, nullptr) << failure.message;
    const char *relative = nullptr;
    const bool is_root = geteuid() == 0; /* who may read everything */
    chmod(folder.path().c_str(), 0755);
    chmod(secret.c_str(), 0);
    ASSERT_TRUE(!is_root || seteuid(65534) == 0);
    enum status status =
        trace_run_file_copy(run, secret.c_str(), TRACE_FOLDER_IMAGES, &relative, &failure);
    ASSERT_TRUE(!is_root || seteuid(0) == 0);
    EXPECT_EQ(status, STATUS_IO);
    EXPECT_STREQ(failure.message, "cannot be opened: Permission denied");
    trace_run_abandon(run, "");
}

TEST_F(RunDirectory, TakesTheFirstFreeNumberOfItsScenarioAndSeed)
{
    for (const char *expected : {"runs/hello-7-1", "runs/hello-7-2", "runs/hello-7-3"}) {
        trace_run *run = create(nullptr);
        ASSERT_NE(run, nullptr) << failure.message;
        EXPECT_EQ(trace_run_path(run), folder.path(expected));
        EXPECT_EQ(finish(run), STATUS_OK);
        EXPECT_TRUE(folder.has(expected));
    }
    std::filesystem::remove_all(folder.path("runs/hello-7-2"));
    trace_run *run = create(nullptr);
    EXPECT_EQ(trace_run_path(run), folder.path("runs/hello-7-2"));
    trace_run_abandon(run, "test");
}

TEST_F(RunDirectory, StaysInsideTheRunsFolderWhateverTheScenarioIsCalled)
{
    trace_run *run = create(nullptr, "../../etc/pass wd");
    ASSERT_NE(run, nullptr) << failure.message;
    EXPECT_EQ(trace_run_path(run), folder.path("runs/_._.._etc_pass_wd-7-1"));
    trace_run_abandon(run, nullptr);
}

TEST_F(RunDirectory, MakesAGivenPathAndItsParents)
{
    trace_run *run = create("a/b/c/");
    ASSERT_NE(run, nullptr) << failure.message;
    EXPECT_EQ(trace_run_path(run), folder.path("a/b/c"));
    EXPECT_EQ(finish(run), STATUS_OK);
    EXPECT_TRUE(folder.has("a/b/c/summary.json"));
}

TEST_F(RunDirectory, TakesAnEmptyDirectoryAndNoOther)
{
    std::filesystem::create_directory(folder.path("empty"));
    trace_run *run = create("empty");
    ASSERT_NE(run, nullptr) << failure.message;
    EXPECT_EQ(finish(run), STATUS_OK);

    EXPECT_EQ(create("empty"), nullptr) << "now it holds a run";
    EXPECT_EQ(failure.status, STATUS_EXISTS);
    EXPECT_NE(std::string(failure.message).find("--out"), std::string::npos);
    EXPECT_EQ(failure.file, folder.path("empty"));

    folder.write("file", "precious");
    EXPECT_EQ(create("file"), nullptr);
    EXPECT_EQ(failure.status, STATUS_EXISTS);
    EXPECT_EQ(folder.read("file"), "precious");

    EXPECT_EQ(create("file/below"), nullptr);
    EXPECT_EQ(failure.status, STATUS_INVALID);
}

TEST_F(RunDirectory, SaysWhatToDoWhereItCannotWrite)
{
    trace_run *run = nullptr;
    trace_run_options options = {"/proc/denali/run", nullptr, "hello", 1};
    EXPECT_EQ(trace_run_create(&options, &run, &failure), STATUS_INVALID);
    EXPECT_EQ(run, nullptr);
    EXPECT_NE(std::string(failure.message).find("--out"), std::string::npos);
    failure = ERROR_INIT;
    options.path = "";
    EXPECT_EQ(trace_run_create(&options, &run, &failure), STATUS_INVALID);
    failure = ERROR_INIT;
    options.path = "/proc"; // a directory that is there and cannot be written
    EXPECT_NE(trace_run_create(&options, &run, &failure), STATUS_OK);
}

TEST_F(RunDirectory, HoldsEverythingARunLeaves)
{
    folder.write("images/peer.img", "\x7f"
                                    "ELF one");
    folder.write("other/peer.img", "ELF two");
    folder.write("rtt.txt", "0 1\n1 0\n");
    trace_run *run = create("out");
    ASSERT_NE(run, nullptr) << failure.message;
    EXPECT_TRUE(folder.has("out/INCOMPLETE"));

    const char *relative = nullptr;
    const char *again = nullptr;
    const std::string one = folder.path("images/peer.img");
    ASSERT_EQ(trace_run_file_copy(run, one.c_str(), TRACE_FOLDER_IMAGES, &relative, &failure),
              STATUS_OK);
    EXPECT_STREQ(relative, "images/peer.img");
    ASSERT_EQ(trace_run_file_copy(run, one.c_str(), TRACE_FOLDER_IMAGES, &again, &failure),
              STATUS_OK);
    EXPECT_EQ(again, relative) << "the same source is the same copy";
    ASSERT_EQ(trace_run_file_copy(run, folder.path("other/peer.img").c_str(), TRACE_FOLDER_IMAGES,
                                  &relative, &failure),
              STATUS_OK);
    EXPECT_STREQ(relative, "images/2-peer.img");
    ASSERT_EQ(trace_run_file_copy(run, folder.path("rtt.txt").c_str(), TRACE_FOLDER_TOPOLOGIES,
                                  &relative, &failure),
              STATUS_OK);
    EXPECT_STREQ(relative, "topologies/rtt.txt");
    ASSERT_EQ(trace_run_scenario_write(run, "name: x\n", 8, &failure), STATUS_OK);

    trace_run_event_write(run, 1'500'000'000, nullptr, "start", "2 nodes", &failure);
    trace_run_event_write(run, 2'000'000'007, "peer-1", "fault", "bad\nthing\x01", &failure);
    trace_run_observation_write(run, 5, "peer-1", TRACE_MEASUREMENT, "lookup.hops", 0.1, &failure);
    trace_run_observation_write(run, 6, "peer-2", TRACE_MILESTONE, "joined", -3, &failure);
    trace_run_console_append(run, "peer-1", "hello\n", 6, &failure);
    trace_run_console_append(run, "peer-1", "world\n", 6, &failure);
    trace_run_console_append(run, "peer-2", "", 0, &failure);

    const char *causes[] = {"uplink_full", "no_route"};
    const uint64_t drops[] = {11, 12};
    ASSERT_EQ(trace_run_nodes_begin(run, causes, 2, &failure), STATUS_OK);
    trace_node_account account = {};
    account.node = "peer-1";
    account.group = "peers";
    account.state = "faulted";
    account.fault = "memory";
    account.fault_eip = 0x8048000;
    account.fault_address = 4;
    account.instructions = 1;
    account.drops = drops;
    account.faults = 1;
    account.digest = 0xabc;
    ASSERT_EQ(trace_run_node_write(run, &account, &failure), STATUS_OK);
    account = {};
    account.node = "peer-2";
    account.group = "peers";
    account.index = 1;
    account.state = "terminated";
    account.exited = true;
    account.exit_code = 3;
    account.drops = drops;
    account.bytes_received = 9;
    account.host = "box";
    account.guest_ns = 5;
    account.kernel_ns = 6;
    account.waited_ns = 7;
    account.dispatches = 8;
    account.switches = 9;
    account.crossings = 10;
    account.port_accesses = 25;
    account.card_frames = 11;
    account.card_bytes = 12;
    account.card_ns = 13;
    account.paging = {14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
    ASSERT_EQ(trace_run_node_write(run, &account, &failure), STATUS_OK);
    const trace_host_account host = {"box",
                                     0,
                                     2,
                                     1,
                                     4,
                                     100,
                                     50,
                                     30,
                                     20,
                                     7,
                                     6,
                                     5,
                                     11,
                                     4096,
                                     2048,
                                     17,
                                     18,
                                     19,
                                     {1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10},
                                     12,
                                     13,
                                     14,
                                     15};
    ASSERT_EQ(trace_run_hosts_begin(run, &failure), STATUS_OK);
    ASSERT_EQ(trace_run_host_write(run, &host, &failure), STATUS_OK);
    ASSERT_EQ(finish(run), STATUS_OK) << failure.message;

    EXPECT_FALSE(folder.has("out/INCOMPLETE"));
    EXPECT_FALSE(folder.has("out/summary.json.tmp"));
    EXPECT_TRUE(folder.has("out/summary.json"));
    EXPECT_EQ(folder.read("out/images/peer.img"), folder.read("images/peer.img"));
    EXPECT_EQ(folder.read("out/images/2-peer.img"), "ELF two");
    EXPECT_EQ(folder.read("out/topologies/rtt.txt"), "0 1\n1 0\n");
    EXPECT_EQ(folder.read("out/scenario.yaml"), "name: x\n");
    EXPECT_EQ(folder.read("out/events.log"), "1.500000000 - start 2 nodes\n"
                                             "2.000000007 peer-1 fault bad\\x0athing\\x01\n");
    EXPECT_EQ(folder.read("out/metrics.csv"),
              "time_ns,node,kind,name,value\n"
              "5,peer-1,measurement,lookup.hops,0.10000000000000001\n"
              "6,peer-2,milestone,joined,-3\n");
    EXPECT_EQ(folder.read("out/nodes/peer-1/console.log"), "hello\nworld\n");
    EXPECT_FALSE(folder.has("out/nodes/peer-2")) << "no file for a node that printed nothing";
    EXPECT_EQ(folder.read("out/nodes.csv"),
              "node,group,index,state,exit_code,fault,fault_eip,fault_address,instructions,"
              "cycles,wakeups,interrupts_raised,interrupts_delivered,frames_sent,bytes_sent,"
              "frames_received,bytes_received,drop_uplink_full,drop_no_route,disk_reads,"
              "disk_writes,disk_blocks_private,pages_private,pages_private_max,console_bytes,"
              "observations,keys_dropped,host,guest_ns,kernel_ns,waited_ns,dispatches,"
              "switches,crossings,port_accesses,card_frames,card_bytes,card_ns,"
              "page_faults,pages_filled,pages_copied,page_ins,page_outs,pages_resident,"
              "pages_resident_max,page_wait_ns,disk_operations,disk_wait_ns,disk_busy_ns"
              ",faults,digest\n"
              "peer-1,peers,0,faulted,,memory,0x08048000,0x00000004,1,0,0,0,0,0,0,0,0,11,12,0,0,"
              "0,0,0,0,0,0,,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0000000000000abc\n"
              "peer-2,peers,1,terminated,3,,,,0,0,0,0,0,0,0,0,9,11,12,0,0,0,0,0,0,0,0,"
              "box,5,6,7,8,9,10,25,11,12,13,14,15,16,17,18,19,20,21,22,23,24,0,0000000000000000\n");
    EXPECT_EQ(
        folder.read("out/hosts.csv"),
        "host,index,nodes,queued,processors,total_ns,guest_ns,kernel_ns,idle_ns,dispatches,"
        "switches,crossings,port_accesses,memory_bytes,committed_bytes,card_frames,card_bytes,card_"
        "ns,"
        "page_faults,pages_filled,pages_copied,page_ins,page_outs,pages_resident,"
        "pages_resident_max,page_wait_ns,disk_operations,disk_wait_ns,disk_busy_ns,"
        "swapped_out,swapped_out_bytes,snapshots,snapshots_bytes\n"
        "box,0,2,1,4,100,50,30,20,7,6,5,11,4096,2048,17,18,19,1,2,3,4,5,6,0,7,8,9,10,12,13,14,"
        "15\n");
}

TEST_F(RunDirectory, LetsNoNodeNameOutOfItsFolder)
{
    for (const char *name : {"", ".", "..", "../x", "a/b", "/etc", ".hidden", "a b", "a,b", "a\n",
                             "\xc3\xa9", "a\"b"}) {
        EXPECT_FALSE(trace_node_name_valid(name)) << name;
        trace_run *run = create(nullptr);
        EXPECT_EQ(trace_run_console_append(run, name, "x", 1, &failure), STATUS_INVALID) << name;
        trace_run_abandon(run, nullptr);
        run = create(nullptr);
        failure = ERROR_INIT;
        EXPECT_EQ(trace_run_event_write(run, 0, name, "x", "x", &failure), STATUS_INVALID);
        trace_run_abandon(run, nullptr);
    }
    EXPECT_TRUE(trace_node_name_valid("peer-1.eu_2"));
    EXPECT_TRUE(trace_node_name_valid(std::string(79, 'a').c_str()));
    EXPECT_FALSE(trace_node_name_valid(std::string(80, 'a').c_str()));
}

// A disk of six blocks: 1 and 4 hold something.
uint64_t two_blocks(void *context, uint64_t from, const void **bytes)
{
    auto *block = static_cast<std::string *>(context);
    block->assign(4096, from <= 1 ? 'a' : 'b');
    *bytes = block->data();
    return from <= 1 ? 1 : from <= 4 ? 4 : UINT64_MAX;
}

TEST_F(RunDirectory, KeepsADiskWithHolesForItsZeros)
{
    trace_run *run = create("out");
    std::string block;
    trace_disk_image image = {6, 4096, two_blocks, &block};
    ASSERT_EQ(trace_run_disk_write(run, TRACE_FOLDER_NODES, "peer-1", "data", &image, &failure),
              STATUS_OK)
        << failure.message;
    std::string expected(6 * 4096, '\0');
    expected.replace(4096, 4096, std::string(4096, 'a'));
    expected.replace(4 * 4096, 4096, std::string(4096, 'b'));
    EXPECT_EQ(folder.read("out/nodes/peer-1/data.img"), expected);
    EXPECT_FALSE(folder.has("out/nodes/peer-1/data.img.tmp"));
    /* A large one that is empty takes neither time nor space. */
    trace_disk_image large = {1 << 28, 4096,
                              [](void *, uint64_t, const void **) { return UINT64_MAX; }, nullptr};
    ASSERT_EQ(trace_run_disk_write(run, TRACE_FOLDER_NODES, "peer-1", "large", &large, &failure),
              STATUS_OK)
        << failure.message;
    EXPECT_EQ(std::filesystem::file_size(folder.path("out/nodes/peer-1/large.img")), 1ull << 40);
    for (const char *name : {"", "..", "../x", "a/b", ".hidden"}) {
        EXPECT_NE(trace_run_disk_write(run, TRACE_FOLDER_NODES, "peer-1", name, &image, &failure),
                  STATUS_OK)
            << name;
    }
    EXPECT_FALSE(folder.has("out/nodes/x.img"));
    trace_run_abandon(run, nullptr);
}

TEST_F(RunDirectory, FollowsNoLinkThatSomebodyPutWhereAConsoleGoes)
{
    trace_run *run = create("out");
    folder.write("precious", "keep");
    std::filesystem::create_directories(folder.path("out/nodes/n"));
    std::filesystem::create_symlink(folder.path("precious"),
                                    folder.path("out/nodes/n/console.log"));
    EXPECT_EQ(trace_run_console_append(run, "n", "x", 1, &failure), STATUS_IO);
    EXPECT_EQ(folder.read("precious"), "keep");
    trace_run_abandon(run, nullptr);
}

TEST_F(RunDirectory, NamesAMissingSourceAndStaysIncomplete)
{
    trace_run *run = create("out");
    const char *relative;
    EXPECT_EQ(trace_run_file_copy(run, folder.path("none.img").c_str(), TRACE_FOLDER_IMAGES,
                                  &relative, &failure),
              STATUS_NOT_FOUND);
    EXPECT_EQ(failure.file, folder.path("none.img"));
    error second = ERROR_INIT;
    EXPECT_EQ(trace_run_scenario_write(run, "x", 1, &second), STATUS_NOT_FOUND)
        << "the first failure sticks";
    EXPECT_STREQ(second.message, failure.message);
    EXPECT_EQ(trace_run_status(run, nullptr), STATUS_NOT_FOUND);
    EXPECT_EQ(finish(run), STATUS_NOT_FOUND);
    EXPECT_TRUE(folder.has("out/INCOMPLETE"));
    EXPECT_FALSE(folder.has("out/summary.json"));
    EXPECT_NE(folder.read("out/INCOMPLETE").find("none.img"), std::string::npos);
}

TEST_F(RunDirectory, RefusesToCopyWhatIsNoFile)
{
    trace_run *run = create("out");
    const char *relative;
    EXPECT_EQ(trace_run_file_copy(run, "/dev/zero", TRACE_FOLDER_IMAGES, &relative, &failure),
              STATUS_INVALID);
    trace_run_abandon(run, nullptr);
}

TEST_F(RunDirectory, SaysWhyItWasAbandoned)
{
    trace_run *run = create("out");
    trace_run_abandon(run, "stopped by the user at 3 s");
    EXPECT_EQ(folder.read("out/INCOMPLETE"),
              "This run did not finish: stopped by the user at 3 s\n");
    trace_run_abandon(nullptr, "nothing");
}

} // namespace
