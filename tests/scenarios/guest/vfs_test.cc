// The guest's tree of files and its reader of archives, run here: the same sources that guests are
// linked with.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/archive_builder.h>

extern "C" {
#include "vfs.h"

static uint64_t clock_ns;

uint64_t vfs_now_ns(void)
{
    return ++clock_ns;
}
}

namespace
{

// An archive in memory that counts what is read of it.
struct Source {
    ustar_source base; // first: read gets a pointer to it
    std::string bytes;
    uint64_t bytes_read = 0;
    int error = 0;

    explicit Source(const std::string &archive) : bytes(archive)
    {
        base.size_bytes = bytes.size();
        base.read = [](const ustar_source *source, uint64_t offset, void *to, uint32_t length) {
            auto *self = reinterpret_cast<Source *>(const_cast<ustar_source *>(source));
            EXPECT_LE(offset + length, self->bytes.size());
            memcpy(to, self->bytes.data() + offset, length);
            self->bytes_read += length;
            return self->error;
        };
    }
};

class Vfs : public testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(vfs_init(&vfs), 0);
    }

    void TearDown() override
    {
        vfs_fini(&vfs);
    }

    int make(const char *path, mode_t mode, vfs_node **node = nullptr)
    {
        vfs_place place;
        vfs_node *made;
        int error = vfs_resolve(&vfs, vfs.root, path, true, &place);
        return error ? error : vfs_make(&vfs, &place, mode, node ? node : &made);
    }

    vfs_node *file(const char *path, const std::string &text)
    {
        vfs_node *node = nullptr;
        EXPECT_EQ(make(path, S_IFREG | 0644, &node), 0);
        uint32_t length = (uint32_t)text.size();
        EXPECT_EQ(vfs_write(node, 0, text.data(), &length), 0);
        EXPECT_EQ(length, text.size());
        return node;
    }

    vfs_node *find(const char *path)
    {
        vfs_node *node = nullptr;
        return vfs_find(&vfs, vfs.root, path, true, &node) == 0 ? node : nullptr;
    }

    int remove(const char *path, bool directory = false)
    {
        vfs_place place;
        int error = vfs_resolve(&vfs, vfs.root, path, false, &place);
        return error ? error : vfs_remove(&place, directory);
    }

    int rename(const char *from, const char *to)
    {
        vfs_place a, b;
        int error = vfs_resolve(&vfs, vfs.root, from, false, &a);
        error = error ? error : vfs_resolve(&vfs, vfs.root, to, false, &b);
        return error ? error : vfs_rename(&vfs, &a, &b);
    }

    static std::string read(const vfs_node *node, uint32_t offset = 0, uint32_t length = 1 << 20)
    {
        std::string text(length, '?');
        EXPECT_EQ(vfs_read(node, offset, text.data(), &length), 0);
        return text.substr(0, length);
    }

    struct vfs vfs;
};

TEST_F(Vfs, WritesAnywhereAndReadsZerosBetween)
{
    vfs_node *node = file("/a", "start");
    uint32_t length = 3;
    ASSERT_EQ(vfs_write(node, 5000, "end", &length), 0);
    EXPECT_EQ(node->file.size_bytes, 5003u);
    EXPECT_EQ(read(node), "start" + std::string(4995, '\0') + "end");
    EXPECT_EQ(read(node, 5001), "nd");
    EXPECT_EQ(read(node, 6000), "");
    length = 1;
    EXPECT_EQ(vfs_write(node, VFS_SIZE_MAX, "x", &length), EFBIG);
    EXPECT_EQ(vfs_resize(node, (uint64_t)VFS_SIZE_MAX + 1), EFBIG);
    EXPECT_EQ(vfs_resize(node, 2), 0);
    EXPECT_EQ(vfs_resize(node, 6), 0);
    EXPECT_EQ(read(node), std::string("st\0\0\0\0", 6));
}

TEST_F(Vfs, ResolvesPathsAsPosixSays)
{
    ASSERT_EQ(make("/d", S_IFDIR | 0755), 0);
    ASSERT_EQ(make("/d/e", S_IFDIR | 0755), 0);
    vfs_node *node = file("/d/e/f", "x");
    EXPECT_EQ(find("//d/./e/../e//f"), node);
    EXPECT_EQ(find("/../../d/e/f"), node);
    vfs_place place;
    EXPECT_EQ(vfs_resolve(&vfs, vfs.root, "", true, &place), ENOENT);
    EXPECT_EQ(vfs_resolve(&vfs, vfs.root, "/d/x/y", true, &place), ENOENT);
    EXPECT_EQ(vfs_resolve(&vfs, vfs.root, "/d/e/f/", true, &place), ENOTDIR);
    EXPECT_EQ(vfs_resolve(&vfs, vfs.root, "/d/e/f/..", true, &place), ENOTDIR);
    EXPECT_EQ(vfs_resolve(&vfs, vfs.root, std::string(256, 'n').c_str(), true, &place),
              ENAMETOOLONG);
    EXPECT_EQ(vfs_resolve(&vfs, vfs.root, std::string(VFS_PATH_MAX, '/').c_str(), true, &place),
              ENAMETOOLONG);
    char path[8];
    EXPECT_EQ(vfs_path(&vfs, find("/d/e"), path, sizeof path), 0);
    EXPECT_STREQ(path, "/d/e");
    EXPECT_EQ(vfs_path(&vfs, find("/d/e"), path, 4), ERANGE);
    EXPECT_EQ(vfs_path(&vfs, vfs.root, path, 2), 0);
    EXPECT_STREQ(path, "/");
}

TEST_F(Vfs, FollowsSymbolicLinksAFewTimes)
{
    ASSERT_EQ(make("/d", S_IFDIR | 0755), 0);
    vfs_node *node = file("/d/f", "x");
    std::string before = "/d/f";
    for (int i = 0; i < 9; i++) {
        std::string name = "/l" + std::to_string(i);
        vfs_place place;
        ASSERT_EQ(vfs_resolve(&vfs, vfs.root, name.c_str(), false, &place), 0);
        ASSERT_EQ(vfs_make_symlink(&vfs, &place, before.c_str()), 0);
        before = name;
    }
    EXPECT_EQ(find("/l7"), node); // eight of them
    EXPECT_EQ(find("/l8"), nullptr);
    vfs_place place;
    EXPECT_EQ(vfs_resolve(&vfs, vfs.root, "/l8", true, &place), ELOOP);
    ASSERT_EQ(vfs_resolve(&vfs, vfs.root, "/up", false, &place), 0);
    ASSERT_EQ(vfs_make_symlink(&vfs, &place, "d/../d"), 0);
    EXPECT_EQ(find("/up/f"), node);
    EXPECT_EQ(remove("/up"), 0);
    EXPECT_EQ(find("/d/f"), node);
}

TEST_F(Vfs, KeepsARemovedFileForItsUsers)
{
    vfs_node *node = file("/a", "still here");
    vfs_hold(node);
    EXPECT_EQ(remove("/a"), 0);
    EXPECT_EQ(find("/a"), nullptr);
    EXPECT_EQ(read(node), "still here");
    vfs_release(node); // the sanitizer sees that it is freed now, and not before
}

TEST_F(Vfs, RefusesToTakeAwayWhatIsInUse)
{
    ASSERT_EQ(make("/d", S_IFDIR | 0755), 0);
    file("/d/f", "x");
    EXPECT_EQ(remove("/d", true), ENOTEMPTY);
    EXPECT_EQ(remove("/d"), EISDIR);
    EXPECT_EQ(remove("/d/f", true), ENOTDIR);
    EXPECT_EQ(remove("/", true), EBUSY);
    EXPECT_EQ(remove("/d/.", true), EINVAL);
    vfs_node *directory = find("/d");
    vfs_hold(directory);
    EXPECT_EQ(remove("/d/f"), 0);
    EXPECT_EQ(remove("/d", true), 0);
    vfs_place place; // from a working directory that is gone
    EXPECT_EQ(vfs_resolve(&vfs, directory, "..", true, &place), ENOENT);
    ASSERT_EQ(vfs_resolve(&vfs, directory, "new", true, &place), 0);
    vfs_node *node;
    EXPECT_EQ(vfs_make(&vfs, &place, S_IFREG, &node), ENOENT);
    vfs_release(directory);
}

TEST_F(Vfs, RenamesOverWhatMayBeReplaced)
{
    ASSERT_EQ(make("/d", S_IFDIR | 0755), 0);
    ASSERT_EQ(make("/d/e", S_IFDIR | 0755), 0);
    vfs_node *node = file("/a", "a");
    file("/b", "b");
    EXPECT_EQ(rename("/a", "/b"), 0);
    EXPECT_EQ(find("/b"), node);
    EXPECT_EQ(find("/a"), nullptr);
    EXPECT_EQ(rename("/b", "/d/e"), EISDIR);
    EXPECT_EQ(rename("/d", "/b"), ENOTDIR);
    EXPECT_EQ(rename("/d", "/d/e/d"), EINVAL);
    EXPECT_EQ(rename("/d", "/d"), 0);
    EXPECT_EQ(rename("/none", "/b"), ENOENT);
    EXPECT_EQ(rename("/b", "/d/f"), 0);
    EXPECT_EQ(rename("/d/e", "/e"), 0);
    EXPECT_EQ(rename("/e", "/d"), ENOTEMPTY);
    EXPECT_EQ(read(find("/d/f")), "a");
}

TEST_F(Vfs, WalksADirectoryThatChanges)
{
    for (const char *name : {"/a", "/b", "/c", "/d"})
        file(name, "");
    std::string seen;
    for (vfs_node *child = vfs_child_after(vfs.root, 0); child;) {
        uint32_t serial = child->serial;
        seen += child->name;
        if (seen == "b" || seen == "ab") {
            remove("/b");
            remove("/c");
            file("/e", "");
        }
        child = vfs_child_after(vfs.root, serial);
    }
    EXPECT_EQ(seen, "abde");
}

TEST_F(Vfs, KnowsEveryNameOfACrowdHoweverItChanges)
{
    auto name = [](int i) { return "/" + std::to_string(i); };
    for (int i = 0; i < 1000; i++)
        ASSERT_EQ(make(name(i).c_str(), S_IFREG | 0644), 0);
    for (int i = 0; i < 1000; i += 3)
        ASSERT_EQ(remove(name(i).c_str()), 0);
    for (int i = 1; i < 1000; i += 3)
        ASSERT_EQ(rename(name(i).c_str(), name(i + 5000).c_str()), 0);
    ASSERT_EQ(rename("/2", "/5"), 0);
    ASSERT_EQ(make("/0", S_IFREG | 0644), 0);
    for (int i = 0; i < 1000; i++) {
        bool stays = i % 3 == 2 ? i != 2 : i == 0;
        EXPECT_EQ(find(name(i).c_str()) != nullptr, stays) << i;
        EXPECT_EQ(find(name(i + 5000).c_str()) != nullptr, i % 3 == 1) << i;
    }
    EXPECT_EQ(vfs.root->directory.count, 333u + (333u - 1) + 1u);
}

TEST_F(Vfs, ShowsAnArchiveAndReadsItWhenAsked)
{
    std::string big(50000, 'b');
    big.replace(20000, 6, "needle");
    Source source(Archive()
                      .directory("www", 0750)
                      .file("www/index.html", "<p>hello", 0640, 77)
                      .file("./deep/er/big", big)
                      .symlink("www/link", "../deep/er/big")
                      .bytes());
    uint64_t offset;
    ASSERT_EQ(vfs_mount(&vfs, vfs.root, &source.base, &offset), 0);
    EXPECT_LT(source.bytes_read, 8u * USTAR_BLOCK_BYTES); // headers only
    vfs_node *index = find("/www/index.html");
    ASSERT_NE(index, nullptr);
    EXPECT_EQ(index->mode, (mode_t)(S_IFREG | 0640));
    EXPECT_EQ(index->modified_ns, 77000000000u);
    EXPECT_EQ(find("/www")->mode, (mode_t)(S_IFDIR | 0750));
    EXPECT_EQ(read(index), "<p>hello");
    EXPECT_EQ(read(find("/www/link")), big);

    vfs_node *node = find("/deep/er/big");
    source.bytes_read = 0;
    uint32_t length = 4;
    ASSERT_EQ(vfs_write(node, 20001, "OODL", &length), 0);
    EXPECT_LE(source.bytes_read, VFS_CHUNK_BYTES); // one chunk is its own now
    big.replace(20001, 4, "OODL");
    EXPECT_EQ(read(node), big);
    ASSERT_EQ(vfs_resize(node, 100), 0);
    ASSERT_EQ(vfs_resize(node, 200), 0);
    EXPECT_EQ(read(node), std::string(100, 'b') + std::string(100, '\0'));
    source.error = EIO;
    char byte;
    length = 1;
    EXPECT_EQ(vfs_read(index, 0, &byte, &length), EIO);
}

TEST_F(Vfs, MountsOverWhatIsThere)
{
    file("/etc", "in the way");
    Source source(Archive().file("a", "1").file("a", "2").directory("a2").directory("a2").bytes());
    Source blocked(Archive().file("etc/hosts", "x").bytes());
    uint64_t offset = 0;
    ASSERT_EQ(vfs_mount(&vfs, vfs.root, &source.base, &offset), 0);
    EXPECT_EQ(read(find("/a")), "2");
    EXPECT_EQ(vfs_mount(&vfs, vfs.root, &blocked.base, &offset), EILSEQ);
    EXPECT_EQ(offset, 0u);
}

TEST_F(Vfs, SpoiltDirectoriesGiveTheirErrorForNamesTheyLack)
{
    struct vfs_node *node;
    struct vfs_place place;
    Source source(Archive().file("mnt/here", "1").bytes());
    uint64_t offset = 0;
    ASSERT_EQ(vfs_mount(&vfs, vfs.root, &source.base, &offset), 0);
    vfs_spoil(find("/mnt"), EIO);
    EXPECT_EQ(read(find("/mnt/here")), "1");
    EXPECT_EQ(vfs_find(&vfs, vfs.root, "/mnt/gone", true, &node), EIO);
    EXPECT_EQ(vfs_find(&vfs, vfs.root, "/mnt/gone/deeper", true, &node), EIO);
    EXPECT_EQ(vfs_resolve(&vfs, vfs.root, "/mnt/new", true, &place), EIO);
    EXPECT_EQ(vfs_find(&vfs, vfs.root, "/gone", true, &node), ENOENT);
}

TEST_F(Vfs, RefusesArchivesThatLie)
{
    auto mount = [&](std::string archive) {
        Source source(archive);
        uint64_t offset;
        int error = vfs_mount(&vfs, vfs.root, &source.base, &offset);
        EXPECT_LE(offset, archive.size());
        return error;
    };
    std::string good = Archive().file("f", "text").bytes();
    EXPECT_EQ(mount(good), 0);
    EXPECT_EQ(mount(""), 0);
    EXPECT_EQ(mount(good.substr(0, 511)), 0);                      // nothing whole in it
    EXPECT_EQ(mount(good.substr(0, 512)), EILSEQ);                 // its bytes are not there
    EXPECT_EQ(mount(Archive().file("../f", "x").bytes()), EILSEQ); // leaves the archive
    EXPECT_EQ(mount(Archive().file("a/../../f", "x").bytes()), EILSEQ);
    EXPECT_EQ(mount(Archive().symlink("l", "").bytes()), EILSEQ);
    EXPECT_EQ(mount(std::string(1024, 'x')), EILSEQ);
    for (size_t i = 0; i < 512; i += 7) { // any byte of a header: the sum tells
        std::string bad = good;
        bad[i] = (char)(bad[i] ^ 0x15);
        int error = mount(bad);
        EXPECT_TRUE(error == EILSEQ || error == 0) << i;
        EXPECT_TRUE(error == EILSEQ || (i >= 148 && i < 156)) << i;
    }
    std::string huge = good;
    memcpy(huge.data() + 124, "77777777777", 11);
    Archive::seal(huge, 0);
    EXPECT_EQ(mount(huge), EILSEQ);
    std::string device = good;
    device[156] = '3';
    Archive::seal(device, 0);
    EXPECT_EQ(mount(device), EILSEQ);
}

TEST(Ustar, JoinsPrefixAndName)
{
    std::string prefix = std::string(150, 'p'), name = std::string(100, 'n');
    Source source(Archive().file(name, "x", 0644, 0, prefix).bytes());
    ustar_entry entry;
    uint64_t offset = 0;
    ASSERT_EQ(ustar_next(&source.base, &offset, &entry), 0);
    EXPECT_EQ(entry.path, prefix + "/" + name);
    EXPECT_EQ(entry.size_bytes, 1u);
    EXPECT_EQ(offset, 1024u);
    EXPECT_EQ(ustar_next(&source.base, &offset, &entry), ENOENT);
}

} // namespace
