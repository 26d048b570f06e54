// Pictures to PNG files and back.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

#include <cstdlib>
#include <vector>

extern "C" {
#include <traces/png.h>
}

using support::TemporaryFolder;

namespace
{

std::vector<uint8_t> Picture(uint32_t width, uint32_t height)
{
    std::vector<uint8_t> rgb(3 * width * height);
    for (size_t i = 0; i < rgb.size(); i++) {
        rgb[i] = static_cast<uint8_t>(i * 7 + i / 3 % 256);
    }
    return rgb;
}

TEST(Png, ReadsBackEveryPixelThatWasWritten)
{
    TemporaryFolder folder;
    for (auto [width, height] :
         {std::pair<uint32_t, uint32_t>{1, 1}, {3, 2}, {257, 64}, {5, 300}}) {
        std::vector<uint8_t> rgb = Picture(width, height);
        error failure = ERROR_INIT;
        ASSERT_EQ(
            trace_png_write(folder.path("a.png").c_str(), width, height, rgb.data(), &failure),
            STATUS_OK)
            << failure.message;
        uint32_t read_width = 0;
        uint32_t read_height = 0;
        uint8_t *read = nullptr;
        ASSERT_EQ(trace_png_read(folder.path("a.png").c_str(), &read_width, &read_height, &read,
                                 &failure),
                  STATUS_OK)
            << failure.message;
        EXPECT_EQ(read_width, width);
        EXPECT_EQ(read_height, height);
        EXPECT_EQ(std::vector<uint8_t>(read, read + rgb.size()), rgb);
        free(read);
        EXPECT_FALSE(folder.has("a.png.tmp"));
        EXPECT_EQ(folder.read("a.png").substr(0, 8), "\x89PNG\r\n\x1a\n");
    }
}

TEST(Png, RefusesWhatIsNoneAndNamesTheFile)
{
    TemporaryFolder folder;
    uint32_t width;
    uint32_t height;
    uint8_t *rgb = nullptr;
    error failure = ERROR_INIT;
    const std::string path = folder.path("b.png");
    EXPECT_EQ(trace_png_read(path.c_str(), &width, &height, &rgb, &failure), STATUS_NOT_FOUND);
    folder.write("b.png", "not a picture");
    failure = ERROR_INIT;
    EXPECT_EQ(trace_png_read(path.c_str(), &width, &height, &rgb, &failure), STATUS_CORRUPT);
    EXPECT_EQ(failure.file, path);
    std::vector<uint8_t> pixels = Picture(64, 64);
    failure = ERROR_INIT;
    ASSERT_EQ(trace_png_write(path.c_str(), 64, 64, pixels.data(), &failure), STATUS_OK);
    const std::string whole = folder.read("b.png");
    folder.write("b.png", whole.substr(0, whole.size() / 2));
    failure = ERROR_INIT;
    EXPECT_EQ(trace_png_read(path.c_str(), &width, &height, &rgb, &failure), STATUS_CORRUPT);
    EXPECT_EQ(rgb, nullptr);
}

TEST(Png, LeavesNothingWhereItCannotWrite)
{
    TemporaryFolder folder;
    std::vector<uint8_t> pixels = Picture(8, 8);
    error failure = ERROR_INIT;
    const std::string path = folder.path("no/such/folder.png");
    EXPECT_EQ(trace_png_write(path.c_str(), 8, 8, pixels.data(), &failure), STATUS_IO);
    EXPECT_EQ(failure.file, path);
    std::filesystem::create_symlink("/dev/full", folder.path("c.png.tmp"));
    failure = ERROR_INIT;
    EXPECT_EQ(trace_png_write(folder.path("c.png").c_str(), 8, 8, pixels.data(), &failure),
              STATUS_IO);
    EXPECT_NE(std::string(failure.message).find("No space left"), std::string::npos);
    EXPECT_FALSE(folder.has("c.png"));
}

TEST(Png, GoesIntoADeviceOrPipeInsteadOfItsPlace)
{
    TemporaryFolder folder;
    std::vector<uint8_t> pixels = Picture(8, 8);
    error failure = ERROR_INIT;
    const std::string pipe = folder.path("pipe");
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
    EXPECT_EQ(trace_png_write(pipe.c_str(), 8, 8, pixels.data(), &failure), STATUS_OK);
    EXPECT_TRUE(std::filesystem::is_fifo(pipe));
    char head[4] = "";
    EXPECT_EQ(read(reader, head, 4), 4);
    EXPECT_EQ(std::string(head, 4), "\x89PNG");
    close(reader);
    const std::string full = folder.path("full");
    std::filesystem::create_symlink("/dev/full", full);
    EXPECT_EQ(trace_png_write(full.c_str(), 8, 8, pixels.data(), &failure), STATUS_IO);
    EXPECT_TRUE(std::filesystem::is_symlink(full));
}

} // namespace
