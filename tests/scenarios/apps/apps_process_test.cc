/* The guest programs as ordinary processes on the loopback interface: sockets, loop, options. */
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/emulator.h"

namespace
{

/* A program under test; killed and collected at the end of its scope, unless it ended itself. */
class Process
{
  public:
    Process(const std::string &program, std::vector<std::string> arguments,
            std::vector<std::string> environment = {})
        : output_(testing::TempDir() + "apps_process_" + std::to_string(getpid()) + "_" +
                  std::to_string(next_++))
    {
        const std::string path = std::string(DENALI_BINARY_DIR) + "/tests/native-" + program;
        const std::vector<std::string> words = support::emulated(path);
        arguments.insert(arguments.begin(), words.begin(), words.end());
        pid_ = fork();
        if (pid_ == 0) {
            std::vector<char *> argv;
            for (auto &argument : arguments) {
                argv.push_back(argument.data());
            }
            argv.push_back(nullptr);
            for (auto &variable : environment) {
                putenv(variable.data());
            }
            if (!freopen(output_.c_str(), "w", stdout)) {
                _exit(126);
            }
            execv(argv[0], argv.data());
            _exit(127);
        }
    }
    ~Process()
    {
        Stop();
        unlink(output_.c_str());
    }
    int Wait()
    {
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    void Stop()
    {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            Wait();
        }
    }
    std::string Output() const
    {
        std::ifstream file(output_);
        std::stringstream text;
        text << file.rdbuf();
        return text.str();
    }

  private:
    static int next_;
    std::string output_;
    pid_t pid_;
};

int Process::next_ = 0;

/* Ports of this test process, unlikely to be another's. */
int PortBase()
{
    return 20000 + getpid() % 20000;
}

TEST(Hello, SaysWhoAndWhenAndItsArguments)
{
    Process hello("hello", {"one", "two"},
                  {"DENALI_NAME=n7", "DENALI_NODE_INDEX=7", "DENALI_NODE_COUNT=9"});
    EXPECT_EQ(hello.Wait(), 0);
    EXPECT_EQ(hello.Output().find("hello from n7, machine 7 of 9, at 0."), 0u) << hello.Output();
    EXPECT_NE(hello.Output().find("argument 2: two\n"), std::string::npos);
}

TEST(Echo, RequestsComeBackUnchanged)
{
    std::string port = std::to_string(PortBase());
    Process server("echo-server", {"--port", port});
    Process client("echo-client", {"--server", "127.0.0.1", "--port", port, "--count", "20",
                                   "--interval-ms", "20", "--size", "1400"});
    /* The first requests may find no server yet and be lost; the rest must not. */
    int code = client.Wait();
    std::string output = client.Output();
    EXPECT_EQ(code, output.find("20 of 20 answered") == std::string::npos ? 1 : 0);
    EXPECT_NE(output.find("observe echo.rtt_ms "), std::string::npos) << output;
    EXPECT_NE(output.find("observe echo.success 1"), std::string::npos) << output;
}

TEST(Echo, ClientFailsWithoutAServer)
{
    Process client("echo-client",
                   {"--server", "127.0.0.1", "--port", std::to_string(PortBase() + 1), "--count",
                    "2", "--interval-ms", "1", "--timeout-ms", "20"});
    EXPECT_EQ(client.Wait(), 1);
    EXPECT_NE(client.Output().find("0 of 2 answered"), std::string::npos);
    EXPECT_EQ(client.Output().find("echo.rtt_ms"), std::string::npos);
}

TEST(Echo, WrongOptionsAreRefused)
{
    for (const std::vector<std::string> &arguments : std::vector<std::vector<std::string>>{
             {"--count", "0"}, {"--size", "9000"}, {"--port"}, {"--prot", "7"}}) {
        Process client("echo-client", arguments);
        EXPECT_EQ(client.Wait(), 2) << arguments[0];
        EXPECT_NE(client.Output().find(arguments[0]), std::string::npos);
    }
}

TEST(KademliaProcess, PeersFindEachOthersValues)
{
    constexpr int kPeers = 16;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long start_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
    std::string first = "127.0.0.1:" + std::to_string(PortBase() + 100);
    std::string second = "127.0.0.1:" + std::to_string(PortBase() + 101);
    std::vector<std::unique_ptr<Process>> peers;
    for (int i = 0; i < kPeers; i++) {
        peers.push_back(std::make_unique<Process>(
            "kademlia",
            std::vector<std::string>{"--bootstrap", first + "," + second, "--port",
                                     std::to_string(PortBase() + 100 + i), "--k", "8",
                                     "--join-spread", "0.5", "--store-at", "1.5", "--lookups-from",
                                     "2.5", "--lookups-until", "3.5", "--rate", "10"},
            std::vector<std::string>{"DENALI_START_NS=" + std::to_string(start_ns),
                                     "DENALI_NODE_INDEX=" + std::to_string(i),
                                     "DENALI_NODE_COUNT=" + std::to_string(kPeers)}));
    }
    /* Until everybody has reported, and at most half a minute: the host may be busy. */
    int reported = 0;
    for (int tenths = 0; tenths < 300 && reported < kPeers; tenths++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        reported = 0;
        for (auto &peer : peers) {
            reported += peer->Output().find("lookups found") != std::string::npos;
        }
    }
    EXPECT_EQ(reported, kPeers);
    int lookups = 0, found = 0, joined = 0, stored = 0;
    for (auto &peer : peers) {
        peer->Stop();
        std::istringstream lines(peer->Output());
        for (std::string line; std::getline(lines, line);) {
            lookups += line.rfind("observe lookup.success ", 0) == 0;
            found += line.rfind("observe lookup.success 1", 0) == 0;
            joined += line.rfind("milestone joined", 0) == 0;
            stored += line.rfind("milestone stored", 0) == 0;
        }
    }
    EXPECT_EQ(joined, kPeers);
    EXPECT_EQ(stored, kPeers);
    EXPECT_GT(lookups, kPeers * 5);
    EXPECT_EQ(found, lookups);
}

TEST(KademliaProcess, RefusesABadBootstrapList)
{
    for (const char *list : {"10.0.0", "10.0.0.1:0", "10.0.0.1,,10.0.0.2", "10.0.0.1:70000"}) {
        Process peer("kademlia", {"--bootstrap", list, "--port", std::to_string(PortBase() + 200)});
        EXPECT_EQ(peer.Wait(), 2) << list;
        EXPECT_NE(peer.Output().find("--bootstrap"), std::string::npos) << list;
    }
}

} // namespace
