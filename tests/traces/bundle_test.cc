// Bundles: what was packed is what is unpacked; whatever else the bytes are, they are refused and
// nothing is written outside the folder.
#include <string>

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

extern "C" {
#include <base/codec.h>
#include <base/hash.h>
#include <traces/bundle.h>
}

namespace
{

std::string large()
{
    std::string text;
    for (int i = 0; text.size() < 2500000; i++) {
        text += std::to_string(i * 7919);
    }
    return text;
}

class Bundle : public testing::Test
{
  protected:
    enum status pack(const char *out = "a.bundle")
    {
        static const char *const paths[] = {"scenario.yaml", "images/peer.img", "empty"};
        struct error error = ERROR_INIT;
        std::string path = folder.path(out);
        return trace_bundle_write(folder.path("run").c_str(), paths, 3, path.c_str(), &error);
    }

    enum status unpack(const std::string &bytes, uint64_t limit_bytes = 64u << 20)
    {
        std::filesystem::remove_all(folder.path("out"));
        std::filesystem::create_directory(folder.path("out"));
        folder.write("tried.bundle", bytes);
        message = "";
        struct error error = ERROR_INIT;
        enum status status = trace_bundle_unpack(folder.path("tried.bundle").c_str(),
                                                 folder.path("out").c_str(), limit_bytes, &error);
        message = error.message;
        return status;
    }

    // Without a folder: only whether it is whole.
    enum status read(std::string bytes)
    {
        const struct trace_bundle_sink sink = {
            nullptr, [](void *, const char *, uint64_t, struct error *) { return STATUS_OK; },
            [](void *, const void *, size_t, struct error *) { return STATUS_OK; },
            [](void *, struct error *) { return STATUS_OK; }};
        struct error error = ERROR_INIT;
        FILE *stream = fmemopen(bytes.data(), bytes.size(), "rb");
        enum status status = trace_bundle_read(stream, "test", &sink, &error);
        fclose(stream);
        message = error.message;
        return status;
    }

    void SetUp() override
    {
        folder.write("run/scenario.yaml", "general: {name: x}\n");
        folder.write("run/images/peer.img", "not really an image");
        folder.write("run/empty", "");
    }

    support::TemporaryFolder folder;
    std::string message;
};

TEST_F(Bundle, GivesBackWhatWasPackedAndIsTheSameEveryTime)
{
    folder.write("run/images/peer.img", large());
    ASSERT_EQ(pack(), STATUS_OK);
    ASSERT_EQ(pack("b.bundle"), STATUS_OK);
    EXPECT_TRUE(folder.read("a.bundle") == folder.read("b.bundle"));
    EXPECT_LT(folder.read("a.bundle").size(), large().size() / 2);
    EXPECT_EQ(unpack(folder.read("a.bundle")), STATUS_OK) << message;
    for (const char *path : {"scenario.yaml", "images/peer.img", "empty"}) {
        EXPECT_TRUE(folder.has(std::string("out/") + path));
        EXPECT_TRUE(folder.read(std::string("out/") + path) ==
                    folder.read(std::string("run/") + path))
            << path;
    }
    EXPECT_TRUE(trace_bundle_is(folder.path("a.bundle").c_str()));
    EXPECT_FALSE(trace_bundle_is(folder.path("run/scenario.yaml").c_str()));
}

TEST_F(Bundle, OverwritesNothingAndLeavesNothingHalfWritten)
{
    ASSERT_EQ(pack(), STATUS_OK);
    EXPECT_EQ(pack(), STATUS_EXISTS);
    std::filesystem::remove(folder.path("run/empty"));
    EXPECT_EQ(pack("b.bundle"), STATUS_NOT_FOUND);
    EXPECT_FALSE(folder.has("b.bundle"));
    EXPECT_FALSE(folder.has("b.bundle.partial"));
    std::string bytes = folder.read("a.bundle");
    EXPECT_EQ(unpack(bytes), STATUS_OK);
    struct error error = ERROR_INIT;
    EXPECT_EQ(trace_bundle_unpack(folder.path("a.bundle").c_str(), folder.path("out").c_str(),
                                  1u << 20, &error),
              STATUS_EXISTS)
        << "into a folder that has such files";
}

TEST_F(Bundle, AFlippedBitOrACutAnywhereIsFound)
{
    ASSERT_EQ(pack(), STATUS_OK);
    std::string bytes = folder.read("a.bundle");
    for (size_t at = 0; at < bytes.size(); at++) {
        std::string flipped = bytes;
        flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
        EXPECT_NE(read(flipped), STATUS_OK) << at;
        EXPECT_FALSE(message.empty());
        if (at > 0) {
            EXPECT_EQ(read(bytes.substr(0, at)), STATUS_CORRUPT) << at;
        }
    }
    EXPECT_EQ(unpack(bytes + "x"), STATUS_CORRUPT);
}

// As a forger would write them: files of which nothing is there.
std::string with_paths(const std::vector<std::string> &paths, uint64_t size_bytes = 0)
{
    struct writer writer;
    writer_init(&writer);
    write_bytes(&writer, "DNLBUNDL", 8);
    write_u32(&writer, 1);
    size_t start = writer.size_bytes;
    for (const std::string &path : paths) {
        start = writer.size_bytes;
        write_u8(&writer, 1);
        write_string(&writer, path.c_str());
        write_u64(&writer, size_bytes);
        write_u64(&writer, 0);
        write_u64(&writer, hash_bytes(writer.bytes + start, writer.size_bytes - start));
    }
    start = writer.size_bytes;
    write_u8(&writer, 0);
    write_u32(&writer, static_cast<uint32_t>(paths.size()));
    write_u64(&writer, hash_bytes(writer.bytes + start, writer.size_bytes - start));
    std::string bytes(reinterpret_cast<char *>(writer.bytes), writer.size_bytes);
    writer_fini(&writer);
    return bytes;
}

TEST_F(Bundle, NothingIsWrittenOutsideTheFolder)
{
    EXPECT_EQ(unpack(with_paths({"inside/it"})), STATUS_OK) << message;
    EXPECT_TRUE(folder.has("out/inside/it"));
    for (const char *path : {"../outside", "/tmp/outside", "a/../../outside", "a//b", "", "a/.."}) {
        EXPECT_EQ(unpack(with_paths({path})), STATUS_CORRUPT) << path;
    }
    EXPECT_EQ(unpack(with_paths({"twice", "twice"})), STATUS_EXISTS);
    EXPECT_EQ(unpack(with_paths({"file", "file/in"})), STATUS_EXISTS);
    EXPECT_EQ(unpack(with_paths({"folder/in", "folder"})), STATUS_EXISTS);
    EXPECT_FALSE(folder.has("outside"));
}

TEST_F(Bundle, NoMoreIsUnpackedThanMayBe)
{
    folder.write("run/images/peer.img", std::string(3000000, 'z'));
    ASSERT_EQ(pack(), STATUS_OK);
    const std::string bytes = folder.read("a.bundle");
    EXPECT_LT(bytes.size(), 10000u) << "it does not show from outside";
    /* Three files and a folder; the scenario's 19 bytes and the image. */
    const uint64_t needs_bytes = 4 * 4096 + 19 + 3000000;
    EXPECT_EQ(unpack(bytes, needs_bytes), STATUS_OK) << message;
    EXPECT_EQ(unpack(bytes, needs_bytes - 1), STATUS_NO_MEMORY);
    EXPECT_EQ(unpack(bytes, 2000000), STATUS_NO_MEMORY);
    EXPECT_NE(message.find("2000000"), std::string::npos) << message;
    EXPECT_TRUE(folder.has("out/scenario.yaml"));
    EXPECT_FALSE(folder.has("out/images")) << "nothing is made of what does not fit";
    EXPECT_EQ(unpack(with_paths({"a"}, UINT64_MAX)), STATUS_NO_MEMORY);
    EXPECT_EQ(unpack(with_paths({"a/b/c/d"}), 4 * 4096), STATUS_OK) << message;
    EXPECT_EQ(unpack(with_paths({"a/b/c/d"}), 4 * 4096 - 1), STATUS_NO_MEMORY);
}

} // namespace
