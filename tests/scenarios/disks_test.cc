// The disks of a group: sizes that come from images, names and mounts that cannot collide, and what
// guests are told of mounts.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"
#include "support/temporary_folder.h"

namespace
{

class GroupDisks : public testing::Test
{
  protected:
    support::TemporaryFolder folder;

    void SetUp() override
    {
        folder.write("five.bin", std::string(5, 'x'));
        folder.write("blocks.bin", std::string(8192, 'x'));
        folder.write("more.bin", std::string(8193, 'x'));
        folder.write("empty.bin", "");
        folder.write("zeros.bin", std::string(512, '\0')); // an archive of nothing
    }
    std::string text(const std::string &disks) const
    {
        return "general: {duration: 1s}\ngroups:\n- name: g\n  image: peer\n  network: none\n"
               "  disks:\n" +
               disks;
    }
    Scenario read(const std::string &disks) const
    {
        std::string message;
        Scenario scenario = load(text(disks), &message, {}, folder.path("test.yaml").c_str());
        EXPECT_TRUE(scenario) << message;
        return scenario;
    }
    std::string refusal(const std::string &disks) const
    {
        std::string message;
        std::string path = folder.path("test.yaml");
        Scenario scenario = load(text(disks), &message, {}, path.c_str());
        size_t start = message.find("test.yaml:");
        return scenario ? "no error" : message.substr(start == std::string::npos ? 0 : start);
    }
};

TEST_F(GroupDisks, AreAsLargeAsTheirImageInWholeBlocks)
{
    Scenario s = read("  - {name: a, image: five.bin}\n"
                      "  - {name: b, image: blocks.bin}\n"
                      "  - {name: c, image: more.bin}\n"
                      "  - {name: d, image: five.bin, size: 1MiB}\n"
                      "  - {name: e, size: 1024GiB}\n");
    ASSERT_TRUE(s);
    const scn_group &group = s->groups[0];
    ASSERT_EQ(group.disk_count, 5u);
    const uint64_t sizes[] = {4096, 8192, 12288, 1 << 20, uint64_t{1} << 40};
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_EQ(group.disks[i].size_bytes, sizes[i]) << i;
    }
    EXPECT_EQ(group.disks[0].image_path, folder.path("five.bin"));
    EXPECT_EQ(group.disks[4].image_path, nullptr);
    EXPECT_EQ(group.disks[0].latency_ns, 100'000u);
    EXPECT_EQ(group.disks[0].rate_bps, 4'000'000'000u);
    EXPECT_FALSE(group.disks[0].read_only);
    EXPECT_FALSE(group.disks[0].keep);
    EXPECT_EQ(group.disks[0].mount, nullptr);
}

TEST_F(GroupDisks, VolumesAreAsLargeAsTheirImageAndAreWrittenAndReadAgain)
{
    auto text = [](const std::string &volumes) {
        return "general: {duration: 1s}\nhosts:\n- name: h\n  disks: [{size: 1MiB}]\n  volumes:\n" +
               volumes + "groups: [{name: g, image: peer, network: none, host: h}]\n";
    };
    std::string message;
    const std::string path = folder.path("test.yaml");
    Scenario s = load(text("  - {name: a, image: more.bin, count: 3, keep: true}\n"
                           "  - {name: b, image: five.bin, size: 8KiB}\n"),
                      &message, {}, path.c_str());
    ASSERT_TRUE(s) << message;
    const scn_host &host = s->hosts[0];
    EXPECT_EQ(host.volumes[0].size_bytes, 12288u);
    EXPECT_EQ(host.volumes[1].size_bytes, 8192u);
    EXPECT_EQ(host.volumes[1].image_path, folder.path("five.bin"));
    EXPECT_TRUE(host.volumes[0].keep);
    EXPECT_FALSE(host.volumes[1].keep);
    Scenario again = load(resolved(s.get()));
    ASSERT_TRUE(again);
    EXPECT_TRUE(scn_scenario_equal(s.get(), again.get()));
    EXPECT_FALSE(
        load(text("  - {name: a, image: more.bin, size: 8KiB}\n"), &message, {}, path.c_str()));
    EXPECT_NE(message.find("hosts.h.volumes.a.size: expected at least the 8193 bytes of the image, "
                           "found 8192"),
              std::string::npos)
        << message;
}

TEST_F(GroupDisks, AreWrittenAndReadAgain)
{
    Scenario s = read("  - {name: a, image: zeros.bin, read_only: true, mount: /www/x.y-z_1,\n"
                      "     latency: 5ms, rate: 10Mbit}\n"
                      "  - {name: b, size: 64KiB, keep: true}\n");
    ASSERT_TRUE(s);
    Scenario again = load(resolved(s.get()));
    ASSERT_TRUE(again);
    EXPECT_TRUE(scn_scenario_equal(s.get(), again.get()));
    struct Asked {
        int kind = -1;
        uint32_t index = 9;
        std::string path;
    } asked;
    scn_write_options options = {
        [](void *context, scn_path_kind kind, uint32_t index, const char *now) -> const char * {
            *static_cast<Asked *>(context) = {kind, index, now};
            return "disks/copy";
        },
        &asked, false, nullptr};
    EXPECT_NE(resolved(s.get(), &options).find("image: disks/copy\n"), std::string::npos);
    EXPECT_EQ(asked.kind, SCN_PATH_DISK);
    EXPECT_EQ(asked.index, 0u);
    EXPECT_EQ(asked.path, folder.path("zeros.bin"));
}

TEST_F(GroupDisks, AreRefusedWithOneClearLine)
{
    struct Case {
        const char *disks;
        const char *message;
    };
    const Case cases[] = {
        {"  - {name: a}\n", "test.yaml:7: groups.g.disks.a.size: expected this field or 'image', "
                            "found neither: they say how large the disk is"},
        {"  - {size: 4KiB}\n", "test.yaml:7: groups.g.disks.0.name: expected this field"},
        {"  - {name: a, size: 4KiB}\n  - {name: a, size: 4KiB}\n",
         "test.yaml:8: groups.g.disks.a.name: expected a name of its own; disk 0 is called 'a' "
         "too"},
        {"  - {name: a2345678901234567890123456789012, size: 4KiB}\n",
         "test.yaml:7: groups.g.disks.a2345678901234567890123456789012.name: expected a name of "
         "at most 31 bytes, found 32"},
        {"  - {name: a, size: 5000B}\n",
         "test.yaml:7: groups.g.disks.a.size: expected a multiple of 4KiB, found '5000B'"},
        {"  - {name: a, size: 2048GiB}\n",
         "test.yaml:7: groups.g.disks.a.size: expected from 4KiB to 1024GiB, found '2048GiB'"},
        {"  - {name: a, image: more.bin, size: 8KiB}\n",
         "test.yaml:7: groups.g.disks.a.size: expected at least the 8193 bytes of the image, "
         "found 8192"},
        {"  - {name: a, image: empty.bin}\n",
         "test.yaml:7: groups.g.disks.a.image: expected a file of 1 byte to 1 TiB, found one of "
         "0"},
        {"  - {name: a, image: five.bin, mount: /x}\n",
         "test.yaml:7: groups.g.disks.a.image: expected an archive as `tar --format=ustar` writes "
         "it, found a file that does not begin as one"},
        {"  - {name: a, size: 4KiB, mount: www}\n",
         "test.yaml:7: groups.g.disks.a.mount: expected a path such as /www, of letters"},
        {"  - {name: a, size: 4KiB, mount: /x}\n  - {name: b, size: 4KiB, mount: /x}\n",
         "test.yaml:8: groups.g.disks.b.mount: expected a path of its own; disk 'a' is there too"},
        {"  - {name: a, size: 4KiB, latency: 9s}\n",
         "test.yaml:7: groups.g.disks.a.latency: expected from 0s to 8s, found '9s'"},
    };
    for (const Case &c : cases) {
        EXPECT_EQ(refusal(c.disks).substr(0, std::string(c.message).size()), c.message);
    }
    EXPECT_EQ(refusal("  - {name: a, image: none.bin}\n")
                  .find("test.yaml:7: groups.g.disks.a.image: expected "),
              0u);
    for (const char *mount : {"/", "/a/", "//a", "/a/../b", "/.a", "/a,b", "/a=b", "/a b",
                              "/1234567890123456789012345678901234567890123456789012345678901234"
                              "5"}) {
        EXPECT_NE(refusal(std::string("  - {name: a, size: 4KiB, mount: \"") + mount + "\"}\n"),
                  "no error")
            << mount;
    }
    std::string many;
    for (int i = 0; i < 16; i++) {
        many += "  - {name: d" + std::to_string(i) + ", size: 4KiB}\n";
    }
    EXPECT_EQ(refusal(many), "test.yaml:6: groups.g.disks: expected 0 to 15 entries, found 16");
}

TEST_F(GroupDisks, HaveRoomForTheirMountsInTheBootText)
{
    std::string mounts;
    for (int i = 0; i < 15; i++) {
        mounts += "  - {name: disk-with-a-rather-long-name" + std::to_string(i) +
                  ", size: 4KiB, mount: /" + std::string(50, 'm') + std::to_string(i) + "}\n";
    }
    for (size_t argument_bytes : {100, 1000, 1300, 1500, 2500}) {
        std::string message;
        Scenario s =
            load(text(mounts) + "  arguments: [\"" + std::string(argument_bytes, 'a') + "\"]\n",
                 &message);
        if (!s) {
            EXPECT_GT(argument_bytes, 1000u);
            EXPECT_NE(message.find("bytes of arguments and environment"), std::string::npos);
            continue;
        }
        scn_boot_text boot;
        scn_node_boot_text(s.get(), 0, nullptr, nullptr, &boot);
        EXPECT_LE(boot.size_bytes + 15 * (30 + 52 + 2) + SCN_BOOT_TEXT_FREE, SCN_BOOT_TEXT_MAX);
    }
}

} // namespace
