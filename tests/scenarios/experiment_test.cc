// Experiment files: those that ship, and what is refused.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "scenarios/fixture.h"
#include "support/temporary_folder.h"

extern "C" {
#include "scenarios/experiment.h"
}

using support::TemporaryFolder;

namespace
{

const char *const kGood = R"(title: t
question: q
scenario: s.yaml
parameter: n
axis: nodes
values: [1, 2]
small: [1]
series:
  - {name: a}
  - {name: b, set: [general.seed=2]}
measures:
  - {name: m, metric: run.frames_sent}
claims:
  - {name: c, measure: m, series: a, over: b, at: 1, nature: emergent, at_least: 1}
)";

class Experiment : public testing::Test
{
  protected:
    TemporaryFolder folder;
    scn_experiment *experiment = nullptr;

    ~Experiment() override
    {
        scn_experiment_destroy(experiment);
    }
    // Loads the good one with one text in place of another; "" or the error as a person sees it.
    std::string Load(const std::string &from = "", const std::string &to = "")
    {
        std::string text = kGood;
        if (!from.empty()) {
            text.replace(text.find(from), from.size(), to);
        }
        folder.write("s.yaml", "");
        folder.write("e.yaml", text);
        struct error error = ERROR_INIT;
        scn_experiment_destroy(experiment);
        experiment = nullptr;
        if (scn_experiment_load(&experiment, folder.path("e.yaml").c_str(), &error) == STATUS_OK) {
            return "";
        }
        return std::to_string(error.line) + ": " + error.message;
    }
};

TEST_F(Experiment, IsReadWithItsDefaults)
{
    ASSERT_EQ(Load(), "");
    EXPECT_STREQ(experiment->name, "e");
    EXPECT_EQ(experiment->value_count, 2u);
    EXPECT_EQ(experiment->series_count, 2u);
    EXPECT_STREQ(experiment->series[1].sets[0], "general.seed=2");
    EXPECT_EQ(experiment->claims[0].nature, (uint32_t)SCN_EMERGENT);
    EXPECT_STREQ(experiment->claims[0].published, "");
    EXPECT_EQ(experiment->claims[0].against, nullptr);
    EXPECT_EQ(experiment->from_ns, 0u);
}

TEST_F(Experiment, IsRefusedWithLineAndReason)
{
    const struct {
        const char *from, *to, *expected;
    } cases[] = {
        {"parameter: n\n", "", "1: parameter"},
        {"values: [1, 2]", "values: []", "6: values: expected 1 to 64 entries"},
        {"{name: b,", "{name: a,", "10: series.a.name: expected a name of its own"},
        {"{name: a}", "{name: 'a,b'}", "9: series.a,b.name: expected a name without commas"},
        {"values: [1, 2]", "values: [1, '2,5']", "6: values.1: expected text without commas"},
        {"over: b", "over: d", "14: claims.c.over: expected the name of one of `series`"},
        {"over: b", "by: d", "14: claims.c.by: expected the name of one of `measures`"},
        {"measure: m", "measure: x", "14: claims.c.measure: expected the name of one of"},
        {"at: 1,", "at: 3,", "14: claims.c.at: expected one of `values` or `small`, found '3'"},
        {", at_least: 1", "", "14: claims.c: expected at_least, at_most or both"},
        {"nature: emergent", "nature: true", "14: claims.c.nature: expected one of emergent"},
        {"scenario: s.yaml", "scenario: t.yaml", "3: scenario: expected a file"},
        {"axis: nodes", "axes: nodes", "axes"},
    };
    for (const auto &one : cases) {
        std::string message = Load(one.from, one.to);
        EXPECT_NE(message.find(one.expected), std::string::npos)
            << one.to << "\n"
            << message << "\nexpected " << one.expected;
    }
}

TEST_F(Experiment, HalvesAndDoublesAHostsCosts)
{
    Scenario scenario =
        load("general: {duration: 1s}\n"
             "hosts: [{name: h, quantum: 5ms, costs: {switch: 1401ns}, disks: [{size: 1GiB},"
             " {size: 1GiB, seek_average: 7ms}]}]\n"
             "groups: [{name: g, image: hello, network: none, host: h}]\n");
    ASSERT_TRUE(scenario);
    char text[SCN_QUANTITY_MAX];
    ASSERT_TRUE(scn_host_scaled(&scenario->hosts[0], "costs.switch", 1, 2, text));
    EXPECT_STREQ(text, "700ns");
    ASSERT_TRUE(scn_host_scaled(&scenario->hosts[0], "quantum", 2, 1, text));
    EXPECT_STREQ(text, "10ms");
    ASSERT_TRUE(scn_host_scaled(&scenario->hosts[0], "disks.1.seek_average", 1, 2, text));
    EXPECT_STREQ(text, "3500us");
    for (const char *none :
         {"costs.trap", "costs.nothing", "nothing", "costs", "name", "a.b.c", "disks", "disks.1",
          "disks.2.seek_average", "disks.x.seek_average", "disks..seek_average", "disks.1.type"}) {
        EXPECT_FALSE(scn_host_scaled(&scenario->hosts[0], none, 2, 1, text)) << none;
    }
}

TEST(ShippedExperiment, EachLoads)
{
    int seen = 0;
    for (const auto &entry : std::filesystem::directory_iterator(std::string(DENALI_SOURCE_DIR) +
                                                                 "/scenarios/experiments")) {
        struct error error = ERROR_INIT;
        scn_experiment *experiment = nullptr;
        EXPECT_EQ(scn_experiment_load(&experiment, entry.path().c_str(), &error), STATUS_OK)
            << error.file << ":" << error.line << ": " << error.message;
        scn_experiment_destroy(experiment);
        seen++;
    }
    EXPECT_GE(seen, 8);
}

// The fields are told in docs/experiments.md by hand.
TEST(ShippedExperiment, FieldsAreAllDocumented)
{
    auto contents = [](const std::string &path) {
        std::ifstream stream(std::string(DENALI_SOURCE_DIR) + path);
        std::stringstream text;
        text << stream.rdbuf();
        return text.str();
    };
    const std::string source = contents("/scenarios/experiment.c");
    const std::string document = contents("/docs/experiments.md");
    const std::regex field("\\{\"([a-z_]+)\", SCHEMA_");
    int seen = 0;
    for (std::sregex_iterator m(source.begin(), source.end(), field), end; m != end; ++m, seen++) {
        EXPECT_NE(document.find("`" + (*m)[1].str() + "`"), std::string::npos) << (*m)[1];
    }
    EXPECT_GT(seen, 30);
}

} // namespace
