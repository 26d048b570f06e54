/* From a received frame back to the line of source that sent it. */
#include <algorithm>
#include <cstdlib>

#include "record_fixture.h"

static const char kPeer[] = R"(#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int socket_of(unsigned port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bind(fd, (struct sockaddr *)&here, sizeof here);
    return fd;
}

__attribute__((noinline)) void say_hello(int fd, const char *to)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(5000)};
    there.sin_addr.s_addr = inet_addr(to);
    sendto(fd, "hello", 5, 0, (struct sockaddr *)&there, sizeof there); /* LINE */
    __asm__ volatile("");
}

int main(int argc, char **argv)
{
    char bytes[64];
    int fd = socket_of(5000);
    for (int i = 0; i < 2 && argc > 1; i++) { /* the first waits for the gateway's address */
        usleep(100000);
        say_hello(fd, argv[1]);
        recv(fd, bytes, sizeof bytes, 0);
    }
    for (int i = 0; i < 2 && argc == 1; i++) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
        sendto(fd, "answer", 6, 0, (struct sockaddr *)&from, length);
    }
    return 0;
}
)";

static int LineOf(const char *mark)
{
    std::string before(kPeer, std::string(kPeer).find(mark));
    return 1 + (int)std::count(before.begin(), before.end(), '\n');
}

TEST(Why, FollowsAFrameToTheFunctionAndLineThatSentIt)
{
    const std::string compiler = DENALI_BINARY_DIR "/denali-cc";
    if (!HasProgram("hello") || !std::filesystem::exists(compiler)) {
        GTEST_SKIP() << "needs the guest kit";
    }
    support::TemporaryFolder folder;
    folder.write("peer.c", kPeer);
    std::string command = "cd " + folder.path() + " && " + compiler + " -g peer.c -o peer.img";
    ASSERT_EQ(std::system(command.c_str()), 0);
    Record(folder,
           "general: {name: why, duration: 1s}\n"
           "networks: [{name: net, type: wan, delay: 10ms}]\n"
           "groups:\n- {name: asked, image: ./peer.img, network: net}\n"
           "- {name: asks, image: ./peer.img, network: net, arguments: [\"${address:asked:0}\"]}\n",
           "50ms");
    /* The last that the asked one received is the second question. */
    Outcome outcome = Denali(folder, {"why", "run", "--node", "asked", "--at", "1s"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("  sent by asks at 0.2"), std::string::npos) << outcome.out;
    std::string line = "peer.c:" + std::to_string(LineOf("/* LINE")) + ")";
    size_t at = outcome.out.find(" say_hello+");
    ASSERT_NE(at, std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find(line, at), std::string::npos) << line << "\n" << outcome.out;
    EXPECT_NE(outcome.out.find(" main+", at), std::string::npos) << outcome.out;
    /* The answer, and back from it to the question. */
    outcome = Denali(folder, {"why", "run", "--node", "asks", "--at", "1s", "--depth", "2"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    size_t answer = outcome.out.find("  sent by asked at 0.2");
    size_t question = outcome.out.find("  sent by asks at 0.2");
    EXPECT_LT(answer, question) << outcome.out;
    EXPECT_LT(question, outcome.out.find(" say_hello+")) << outcome.out;
    /* What the gateway answers is not sent by a node. */
    outcome = Denali(folder, {"why", "run", "--node", "asks", "--frame", "1"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("an answer of the network to what asks sent at "), std::string::npos)
        << outcome.out;
}

/* Every frame of a node is found whatever checkpoint it lies behind, and its sender said the same
 * of it. */
TEST(Why, FindsEveryFrame)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "20ms"), "3ms");
    std::vector<std::string> received = NodesColumn(folder, "run", "frames_received");
    ASSERT_EQ(received.size(), 3u);
    int count = std::stoi(received[1]);
    ASSERT_GT(count, 100);
    std::string before;
    for (int number : {1, 2, count / 2, count / 2 + 1, count}) {
        Outcome outcome =
            Denali(folder, {"why", "run", "--node", "peer-1", "--frame", std::to_string(number)});
        ASSERT_EQ(outcome.code, 0) << number << ": " << outcome.err;
        EXPECT_EQ(outcome.out.find("frame " + std::to_string(number) +
                                   " of peer-1: 64 bytes, received at 0.0"),
                  0u)
            << outcome.out;
        EXPECT_NE(outcome.out.find("    by 000110"), std::string::npos)
            << "where chatter sends: " << outcome.out;
        EXPECT_NE(outcome.out, before);
        before = outcome.out;
    }
    Outcome outcome =
        Denali(folder, {"why", "run", "--node", "peer-1", "--frame", std::to_string(count + 1)});
    EXPECT_EQ(outcome.code, 2);
    std::string all = std::to_string(count);
    EXPECT_NE(outcome.err.find("peer-1 received " + all +
                               " up to 20ms, where what was recorded "
                               "ends; expected 1 to " +
                               all + "\n"),
              std::string::npos)
        << outcome.err;
    outcome = Denali(folder, {"why", "run", "--node", "peer-1", "--at", "21ms"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--at 21ms: the recording goes from 0s to 20ms"), std::string::npos)
        << outcome.err;
    outcome = Denali(folder, {"why", "run", "--node", "peer-1", "--at", "5ms", "--frame", "1"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--frame and --at are both given"), std::string::npos)
        << outcome.err;
    EXPECT_EQ(Denali(folder, {"why", "run", "--node", "peer-1"}).code, 2);
    EXPECT_EQ(Denali(folder, {"why", "run", "--node", "peer-9", "--frame", "1"}).code, 2);
}

/* What it tells is of the run that was recorded, or it tells nothing. */
TEST(Why, SaysNothingWhereTheRunComesToSomethingElse)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "20ms"), "0s");
    std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    for (RecordRead &record : records) {
        if (record.type == TRACE_RECORD_DIGESTS) {
            record.content[7] = (char)(record.content[7] ^ 1);
        }
    }
    WriteRecords(folder.path("run"), records);
    Outcome outcome = Denali(folder, {"why", "run", "--node", "peer-1", "--at", "20ms"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find("run: between virtual time 0s and 20ms the run comes to something "
                               "else than was recorded; `denali verify` finds where"),
              std::string::npos)
        << outcome.err;
}
