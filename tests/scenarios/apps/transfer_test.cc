/* TCP between machines as programs see it: every byte arrives, whatever the queues drop, a wrong
 * one is noticed, and a connection that does nothing costs nothing. */
#include "emu/denali_process.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

extern "C" {
#include "hash128.h"
}

using support::TemporaryFolder;

namespace
{

/* --- The checksum ---------------------------------------------------------------------------- */

std::string Digest(const std::string &bytes, size_t piece = 1 << 20)
{
    hash128 hash;
    uint8_t digest[HASH128_BYTES];
    hash128_begin(&hash);
    for (size_t at = 0; at < bytes.size(); at += piece) {
        hash128_add(&hash, bytes.data() + at, std::min(piece, bytes.size() - at));
    }
    hash128_end(&hash, digest);
    return std::string(reinterpret_cast<char *>(digest), sizeof digest);
}

std::string Sample(size_t size)
{
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(i * 131 + (i >> 7));
    }
    return bytes;
}

/* XXH32 is the sum of four rotated lanes, the length and a last mix; ours are these lanes of the
 * message filled up with zeros and a block of its length. */
uint32_t SummedUp(const std::string &digest, size_t length)
{
    static const int kRotations[] = {1, 7, 12, 18};
    uint32_t sum = (uint32_t)length;
    for (int lane = 0; lane < 4; lane++) {
        uint32_t word;
        memcpy(&word, digest.data() + 4 * lane, sizeof word);
        sum += word << kRotations[lane] | word >> (32 - kRotations[lane]);
    }
    sum = (sum ^ sum >> 15) * 2246822519u;
    sum = (sum ^ sum >> 13) * 3266489917u;
    return sum ^ sum >> 16;
}

TEST(Hash128, LanesAreThoseOfXxh32)
{
    for (size_t size : {0u, 1u, 15u, 16u, 17u, 64u, 1000u, 4096u}) {
        std::string whole = Sample(size);
        whole.resize((size / 16 + 1) * 16);
        uint64_t length[2] = {size, size};
        whole.append(reinterpret_cast<char *>(length), sizeof length);
        EXPECT_EQ(SummedUp(Digest(Sample(size)), whole.size()),
                  XXH32(whole.data(), whole.size(), 0))
            << size;
    }
}

TEST(Hash128, IsTheSameInPiecesAndDiffersForEachBitAndLength)
{
    std::string bytes = Sample(777);
    for (size_t piece : {1u, 3u, 16u, 100u}) {
        EXPECT_EQ(Digest(bytes, piece), Digest(bytes)) << piece;
    }
    for (size_t bit = 0; bit < bytes.size() * 8; bit++) {
        std::string damaged = bytes;
        damaged[bit / 8] = (char)(damaged[bit / 8] ^ 1 << bit % 8);
        ASSERT_NE(Digest(damaged), Digest(bytes)) << "bit " << bit;
    }
    EXPECT_NE(Digest(std::string(16, '\0')), Digest(std::string(17, '\0')));
}

/* --- Machines -------------------------------------------------------------------------------- */

class Transfer : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!HasProgram("tcp-transfer")) {
            GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
        }
    }

    Outcome Run(const std::string &scenario, std::vector<std::string> options = {})
    {
        folder_.write("s.yaml", scenario);
        out_ = "run-" + std::to_string(runs_++);
        options.insert(options.begin(), {"run", "s.yaml", "--quiet", "--out", out_});
        return Denali(folder_, options);
    }

    TemporaryFolder folder_;
    std::string out_;

  private:
    int runs_ = 0;
};

std::string Crowd(const std::string &client_options)
{
    return R"(
general: {duration: 200s}
networks:
  - {name: path, type: wan, delay: 5ms, up: 4Mbit, down: 4Mbit, queue_up: 6KiB, queue_down: 6KiB}
groups:
  - {name: server, image: tcp-transfer, network: path, arguments: [--listen, 5001, --clients, 12]}
  - {name: client, image: tcp-transfer, count: 12, network: path,
     arguments: [--server, "${address:server:0}", --bytes, 65536)" +
           client_options + R"(]}
expectations:
  - {metric: transfer.verified, statistic: count, equals: 24}
)";
}

TEST_F(Transfer, FullQueuesLoseNothingAndAlterNothing)
{
    std::string scenario = Crowd("") + R"(
  - {metric: transfer.verified, statistic: min, equals: 1}
  - {metric: run.frames_dropped, at_least: 100}
  - {metric: run.nodes_failed, equals: 0}
  - {metric: run.nodes_terminated, equals: 13}
)";
    Outcome outcome = Run(scenario, {"--jobs", "1"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    std::string digest = DigestOfRun(folder_, out_);
    EXPECT_EQ(Run(scenario, {"--jobs", "2"}).code, 0);
    EXPECT_EQ(DigestOfRun(folder_, out_), digest) << "two threads";
}

TEST_F(Transfer, OneDamagedByteIsFoundByItsReceiver)
{
    for (const char *at : {"1", "30000", "65536"}) {
        Outcome outcome = Run(Crowd(std::string(", --corrupt, ") + at) + R"(
  - {metric: transfer.verified, statistic: sum, equals: 12}
  - {metric: run.nodes_failed, equals: 13}
)");
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        std::string summary = folder_.read(out_ + "/summary.json");
        EXPECT_EQ(summary.find("transfer.up_mbit_s"), std::string::npos) << at;
        EXPECT_NE(summary.find("transfer.down_mbit_s"), std::string::npos) << at;
        for (const std::string &code : NodesColumn(folder_, out_, "exit_code")) {
            EXPECT_EQ(code, "1");
        }
    }
}

TEST_F(Transfer, ConnectionsThatDoNothingCostNothing)
{
    Outcome outcome = Run(R"(
general: {duration: 80h}
networks: [{name: path, type: wan, delay: 5ms}]
groups:
  - {name: server, image: )" +
                          std::string(DENALI_BINARY_DIR) +
                          R"(/images/test_idle_streams.img, network: path, arguments: [serve]}
  - {name: client, image: )" +
                          std::string(DENALI_BINARY_DIR) +
                          R"(/images/test_idle_streams.img, network: path, start: 1s,
     arguments: ["${address:server:0}"]}
expectations:
  - {metric: run.nodes_failed, equals: 0}
  - {metric: run.nodes_terminated, equals: 2}
)");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    for (const std::string &wakeups : NodesColumn(folder_, out_, "wakeups")) {
        /* 72 hours have 36 keep-alives each way, and answers to them; ticks would be a million. */
        EXPECT_GT(std::stoi(wakeups), 36) << "the keep-alives must be there";
        EXPECT_LT(std::stoi(wakeups), 250);
    }
}

} // namespace
