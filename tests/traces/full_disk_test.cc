// A disk that fills up half way: the run says so, names the file, and never looks complete. The
// disk is played by the process's file size limit, at every size from nothing to enough.
#include <gtest/gtest.h>

#include <csignal>
#include <sys/resource.h>

#include "support/temporary_folder.h"

extern "C" {
#include <traces/capture.h>
#include <traces/run_directory.h>
#include <traces/summary.h>
}

using support::TemporaryFolder;

namespace
{

// No file of this process may grow beyond size_bytes while this lives.
class SizeLimit
{
  public:
    explicit SizeLimit(rlim_t size_bytes)
    {
        handler = std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before);
        rlimit limit = {size_bytes, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~SizeLimit()
    {
        setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);
    }

  private:
    rlimit before;
    void (*handler)(int);
};

enum status whole_run(const std::string &path, const std::string &image, error *failure)
{
    trace_run_options options = {path.c_str(), nullptr, "hello", 1};
    trace_run *run = nullptr;
    const char *relative = nullptr;
    const char *causes[] = {"full"};
    const uint64_t drops[] = {0};
    const std::string line(100, 'x');

    if (trace_run_create(&options, &run, failure) != STATUS_OK) {
        return failure->status;
    }
    (void)!trace_run_file_copy(run, image.c_str(), TRACE_FOLDER_IMAGES, &relative, failure);
    (void)!trace_run_scenario_write(run, line.data(), line.size(), failure);
    trace_pcapng_interface interface = {};
    trace_pcapng_packet packet = {};
    packet.bytes = reinterpret_cast<const uint8_t *>(line.data());
    packet.size_bytes = static_cast<uint32_t>(line.size());
    (void)!trace_run_capture_begin(run, "n", &interface, 1u << 30, failure);
    const std::vector<uint8_t> picture(3 * 40 * 30, 7);
    trace_run_screen_write(run, "n", "1s", 40, 30, picture.data(), failure);
    for (int i = 0; i < 3000; i++) {
        if (failure->status == STATUS_OK) {
            (void)!trace_run_capture_packet(run, 0, &packet, failure);
        }
        trace_run_event_write(run, i, "n", "note", line.c_str(), failure);
        trace_run_observation_write(run, i, "n", TRACE_MEASUREMENT, "a.metric", i, failure);
        if (i % 30 == 0) {
            trace_run_console_append(run, "n", line.data(), line.size(), failure);
        }
    }
    trace_run_nodes_begin(run, causes, 1, failure);
    trace_node_account account = {};
    account.node = "n";
    account.group = "g";
    account.state = "running";
    account.drops = drops;
    trace_run_node_write(run, &account, failure);
    trace_disk_image disk = {4, 4096,
                             [](void *, uint64_t from, const void **bytes) {
                                 static const char block[4096] = {1};
                                 *bytes = block;
                                 return from;
                             },
                             nullptr};
    trace_run_disk_write(run, TRACE_FOLDER_NODES, "n", "data", &disk, failure);
    trace_summary summary = {};
    summary.scenario = "hello";
    summary.engine = "interpreter";
    return trace_run_finish(run, &summary, failure);
}

TEST(FullDisk, NeverLeavesARunThatLooksComplete)
{
    TemporaryFolder folder;
    folder.write("x.img", std::string(2000, 'i'));
    bool failed_somewhere = false;
    for (rlim_t limit : {0, 10, 80, 90, 150, 600, 1500, 2100, 5000, 40000, 70000, 120000, 200000,
                         300000, 400000}) {
        const std::string path = folder.path("run-" + std::to_string(limit));
        error failure = ERROR_INIT;
        enum status status;
        {
            SizeLimit small(limit);
            status = whole_run(path, folder.path("x.img"), &failure);
        }
        const std::string name = "run-" + std::to_string(limit) + "/";
        trace_summary_file file;
        error read_failure = ERROR_INIT;
        if (status == STATUS_OK) {
            EXPECT_FALSE(folder.has(name + "INCOMPLETE")) << limit;
            EXPECT_EQ(trace_summary_read(path.c_str(), &file, &read_failure), STATUS_OK);
            trace_summary_file_fini(&file);
            EXPECT_GT(folder.read(name + "events.log").size(), 300000u);
            continue;
        }
        failed_somewhere = true;
        EXPECT_FALSE(folder.has(name + "summary.json")) << limit;
        EXPECT_FALSE(folder.has(name + "summary.json.tmp")) << limit;
        EXPECT_FALSE(folder.has(name + "nodes/n/data.img.tmp")) << limit;
        EXPECT_TRUE(!folder.has(name + "nodes/n/data.img") ||
                    folder.read(name + "nodes/n/data.img").size() == 4 * 4096);
        EXPECT_NE(trace_summary_read(path.c_str(), &file, &read_failure), STATUS_OK) << limit;
        EXPECT_NE(failure.file[0], '\0') << limit;
        const std::string message = failure.message;
        EXPECT_TRUE(message.find("limit") != std::string::npos ||
                    message.find("--out") != std::string::npos)
            << "a person is told what to do: " << message;
        EXPECT_TRUE(folder.has(name + "INCOMPLETE")) << limit;
    }
    EXPECT_TRUE(failed_somewhere);
    error failure = ERROR_INIT;
    EXPECT_EQ(whole_run(folder.path("enough"), folder.path("x.img"), &failure), STATUS_OK)
        << failure.message;
}

TEST(FullDisk, IsToldWithTheFileAndWhatToDo)
{
    error failure = ERROR_INIT;
    trace_summary summary = {};
    summary.scenario = "hello";
    summary.engine = "interpreter";
    TemporaryFolder folder;
    std::filesystem::create_symlink("/dev/full", folder.path("summary.json.tmp"));
    const std::string path = folder.path("summary.json");
    EXPECT_EQ(trace_summary_write(&summary, path.c_str(), &failure), STATUS_IO);
    EXPECT_EQ(failure.file, path);
    EXPECT_NE(std::string(failure.message).find("No space left"), std::string::npos);
    EXPECT_NE(std::string(failure.message).find("--out"), std::string::npos);
    EXPECT_FALSE(folder.has("summary.json"));
}

} // namespace
