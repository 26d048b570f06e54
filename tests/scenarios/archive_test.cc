// The archive of a group's files: what is in it, that it is always the same, what it refuses. It is
// read with the very reader that guests have.
#include <sys/stat.h>

#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "scenarios/fixture.h"
#include "support/temporary_folder.h"

extern "C" {
#include "ustar.h"
}

namespace
{

struct Bytes {
    ustar_source base; // first: read gets a pointer to it
    std::string bytes;
};

int read_bytes(const ustar_source *source, uint64_t offset, void *to, uint32_t length)
{
    memcpy(to, reinterpret_cast<const Bytes *>(source)->bytes.data() + offset, length);
    return 0;
}

class Archive : public testing::Test
{
  protected:
    // Packs the files of a scenario in the folder; "" and message if it is refused.
    std::string pack(const std::string &fields)
    {
        std::string text = "general: {duration: 1s}\ngroups:\n- {name: a, image: hello, "
                           "network: none, " +
                           fields + "}\n";
        message.clear();
        Scenario scenario = load(text, &message, {}, (folder.path() + "/test.yaml").c_str());
        if (!scenario) {
            return "";
        }
        struct error error = ERROR_INIT;
        char *bytes;
        size_t size;
        if (scn_group_archive(scenario.get(), 0, &bytes, &size, &error) != STATUS_OK) {
            char line[1024];
            error_format(&error, line, sizeof line);
            message = line;
            return "";
        }
        std::string archive(bytes, size);
        free(bytes);
        return archive;
    }

    // "name mode" to bytes, "/" for a folder.
    static std::map<std::string, std::string> list(const std::string &archive)
    {
        std::map<std::string, std::string> found;
        Bytes source = {{archive.size(), read_bytes}, archive};
        uint64_t offset = 0;
        ustar_entry entry;
        std::string before;
        int error;
        while ((error = ustar_next(&source.base, &offset, &entry)) == 0) {
            char key[300];
            snprintf(key, sizeof key, "%s %o", entry.path, entry.mode);
            found[key] = entry.kind == USTAR_DIRECTORY
                             ? "/"
                             : archive.substr(entry.data_offset_bytes, entry.size_bytes);
            EXPECT_LT(before, entry.path);
            EXPECT_EQ(entry.modified_s, 0u);
            before = entry.path;
        }
        EXPECT_EQ(error, ENOENT);
        return found;
    }

    void write(const std::string &path, const std::string &text)
    {
        std::filesystem::create_directories(
            std::filesystem::path(folder.path() + "/" + path).parent_path());
        folder.write(path, text);
    }

    support::TemporaryFolder folder;
    std::string message;
};

TEST_F(Archive, HoldsTextsFilesAndFolders)
{
    write("site/index.html", "<p>");
    write("site/z/run.sh", "#!");
    std::filesystem::create_directory(folder.path() + "/site/empty");
    chmod((folder.path() + "/site/z/run.sh").c_str(), 0700);
    write("one", std::string(1000, '1'));
    std::map<std::string, std::string> want = {
        {"etc/peers 644", "10.0.0.1\n"}, {"one 644", std::string(1000, '1')}, {"site 755", "/"},
        {"site/empty 755", "/"},         {"site/index.html 644", "<p>"},      {"site/z 755", "/"},
        {"site/z/run.sh 755", "#!"},
    };
    EXPECT_EQ(list(pack("files: [{path: /site, from: site}, {path: /one, from: one}, "
                        "{path: /etc/peers, text: \"10.0.0.1\\n\"}]")),
              want)
        << message;
}

TEST_F(Archive, IsAFunctionOfNamesAndBytes)
{
    for (const char *name : {"a", "b", "c", "d/e"})
        write(std::string("one/") + name, name);
    std::string first = pack("files: [{path: /, from: one}]");
    for (const char *name : {"d/e", "c", "b", "a"})
        write(std::string("two/") + name, name);
    EXPECT_EQ(first, pack("files: [{path: /, from: two}]"));
    EXPECT_EQ(first.size(), (2 * 4 + 1) * 512u + 1024);
    folder.write("packed.tar", first);
    EXPECT_EQ(pack("archive: packed.tar"), first) << message;
}

TEST_F(Archive, IsRefusedWhereItIsNamedIfItIsNone)
{
    write("one", "1");
    const std::string good = pack("files: [{path: /a, from: one}]");
    for (size_t at : {0u, 148u, 257u, 511u}) {
        std::string bad = good;
        bad[at] ^= 1;
        folder.write("bad.tar", bad);
        EXPECT_EQ(pack("archive: bad.tar"), "") << at;
        EXPECT_NE(message.find("archive: expected an archive as `tar --format=ustar` writes it"),
                  std::string::npos)
            << message;
        EXPECT_NE(message.find("test.yaml:"), std::string::npos) << message;
    }
}

TEST_F(Archive, CutsLongNamesAtASlash)
{
    std::string folder_name = "/" + std::string(60, 'd') + "/" + std::string(60, 'e');
    std::string name = folder_name + "/" + std::string(100, 'n');
    EXPECT_EQ(list(pack("files: [{path: " + name + ", text: x}]")).size(), 1u) << message;
    EXPECT_EQ(pack("files: [{path: " + name + "n, text: x}]"), "");
    EXPECT_NE(message.find("longer name"), std::string::npos) << message;
}

TEST_F(Archive, RefusesWhatItCannotHold)
{
    write("one", "1");
    write("deep/" + std::string(200, 'x') + "/" + std::string(200, 'y'), "1");
    std::filesystem::create_directory(folder.path() + "/links");
    std::filesystem::create_directory_symlink("..", folder.path() + "/links/loop");
    std::filesystem::create_directory(folder.path() + "/broken");
    std::filesystem::create_symlink("nowhere", folder.path() + "/broken/link");
    std::filesystem::create_directory(folder.path() + "/pipes");
    ASSERT_EQ(mkfifo((folder.path() + "/pipes/p").c_str(), 0600), 0);
    static const struct {
        const char *fields;
        const char *wanted;
    } cases[] = {
        {"files: [{path: /a, text: x}, {path: /a, from: one}]", "a: is given twice"},
        {"files: [{path: /a, text: x}, {path: /a-b, text: x}, {path: /a/b, text: x}]", "/b: is gi"},
        {"files: [{path: /a, from: links}]", "symbolic link to a folder"},
        {"files: [{path: /a, from: broken}]", "broken/link: is a symbolic link to nothing"},
        {"files: [{path: /a, from: pipes}]", "neither a file nor a folder"},
        {"files: [{path: /a, from: deep}]", "longer name"},
        {"files: [{path: /, from: one}]", "expected a folder"},
        {"files: [{path: /, text: x}]", "directory"},
        {"files: [{path: /a, text: x, from: one}]", "found both"},
        {"files: [{path: /a}]", "found neither"},
        {"files: [{path: /a, from: absent}]", "there is no file"},
        {"files: [{path: a, text: x}]", "absolute path"},
        {"files: [{path: /a/, text: x}]", "absolute path"},
        {"files: [{path: /a//b, text: x}]", "absolute path"},
        {"files: [{path: /a/../b, text: x}]", "absolute path"},
        {"files: [{path: \"\", text: x}]", "absolute path"},
        {"files: [{path: /a, text: x}], archive: one", "found both"},
        {"files: [{path: /a, text: x}], disks: [{name: files, size: 4KiB}]", "another name"},
    };
    for (const auto &one : cases) {
        EXPECT_EQ(pack(one.fields), "") << one.fields;
        EXPECT_NE(message.find(one.wanted), std::string::npos) << one.fields << ": " << message;
        EXPECT_NE(message.find("test.yaml:"), std::string::npos) << message;
    }
}

TEST_F(Archive, RoundTripsInTheResolvedScenario)
{
    write("one", "1");
    std::string path = folder.path() + "/test.yaml";
    std::string text = "general: {duration: 1s}\ngroups:\n- {name: a, image: hello, network: none, "
                       "files: [{path: /a, text: \"x\\n\"}, {path: /b, from: one}]}\n";
    Scenario first = load(text, &message, {}, path.c_str());
    ASSERT_TRUE(first) << message;
    Scenario second = load(resolved(first.get()), &message);
    ASSERT_TRUE(second) << message;
    EXPECT_TRUE(scn_scenario_equal(first.get(), second.get()));
}

} // namespace
