// The files that ship: every scenario loads, and docs/scenario.md is what the schema says.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "scenarios/fixture.h"

namespace
{

std::string source(const std::string &path)
{
    return std::string(DENALI_SOURCE_DIR) + "/" + path;
}

std::string contents(const std::string &path)
{
    std::ifstream stream(path);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
}

Scenario load_file(const std::string &path, const char *nodes = nullptr)
{
    struct error error = ERROR_INIT;
    scn_file *file = nullptr;
    scn_scenario *scenario = nullptr;
    enum status status = scn_open(&file, path.c_str(), &error);
    if (status == STATUS_OK && nodes != nullptr) {
        status = scn_set_nodes(file, nodes, &error);
    }
    if (status == STATUS_OK) {
        status = scn_resolve(file, &scenario, &error);
    }
    scn_close(file);
    EXPECT_EQ(status, STATUS_OK) << error.file << ":" << error.line << ": " << error.message;
    return Scenario(scenario);
}

TEST(ShippedScenario, EachLoadsAndRoundTrips)
{
    int count = 0;
    for (const auto &entry : std::filesystem::directory_iterator(source("scenarios"))) {
        if (entry.path().extension() != ".yaml") {
            continue;
        }
        count++;
        Scenario first = load_file(entry.path().string());
        ASSERT_TRUE(first) << entry.path();
        Scenario second = load(resolved(first.get()));
        ASSERT_TRUE(second) << entry.path();
        EXPECT_TRUE(scn_scenario_equal(first.get(), second.get())) << entry.path();
    }
    EXPECT_GE(count, 3);
}

TEST(ShippedScenario, KademliaHasTheNodesThatAreAskedFor)
{
    std::string path = source("scenarios/kademlia-planetlab.yaml");
    Scenario s = load_file(path);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->node_count, 1000u);
    EXPECT_NE(s->networks[0].matrix_path, nullptr);
    s = load_file(path, "2000");
    ASSERT_TRUE(s);
    EXPECT_EQ(s->node_count, 2000u);
    EXPECT_EQ(s->groups[0].count, 3u);
    s = load_file(path, "1000000");
    ASSERT_TRUE(s);
    EXPECT_EQ(s->node_count, 1000000u);
}

TEST(Reference, IsWhatTheSchemaSays)
{
    char *text = nullptr;
    size_t size_bytes = 0;
    struct error error = ERROR_INIT;
    FILE *stream = open_memstream(&text, &size_bytes);
    ASSERT_EQ(scn_write_reference(stream, &error), STATUS_OK);
    fclose(stream);
    std::string printed(text, size_bytes);
    free(text);
    EXPECT_TRUE(printed == contents(source("docs/scenario.md")))
        << "docs/scenario.md is out of date: build/release/scenario_doc > docs/scenario.md";
}

TEST(Reference, ExampleInItLoads)
{
    std::string text = contents(source("docs/scenario.md"));
    size_t start = text.find("```yaml\n");
    ASSERT_NE(start, std::string::npos);
    size_t end = text.find("```\n", start + 8);
    std::string message;
    Scenario s = load(text.substr(start + 8, end - start - 8), &message);
    EXPECT_TRUE(s) << message;
}

} // namespace
