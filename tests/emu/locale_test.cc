// A program that links libdenali may have another locale than "C", whose decimal point is a comma:
// what the house reads and writes is the same. The locale is made here, as hosts rarely have one.
#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <unistd.h>

extern "C" {
#include <analysis/metrics.h>
#include <analysis/summary.h>
#include <base/locale.h>
#include <base/status.h>
#include <scenarios/scenario.h>
#include <traces/run_directory.h>
}

namespace fs = std::filesystem;

namespace
{

class ForeignLocale : public testing::Test
{
  protected:
    fs::path folder = fs::path(testing::TempDir()) / ("denali-locale-" + std::to_string(getpid()));

    void SetUp() override
    {
        fs::remove_all(folder);
        fs::create_directories(folder);
        std::ofstream characters(folder / "ascii");
        characters << "<code_set_name> ASCII\n<escape_char> /\nCHARMAP\n";
        char line[64];
        for (int code = 0; code < 128; code++) {
            snprintf(line, sizeof line, "<U%04X> /x%02x character\n", code, code);
            characters << line;
        }
        characters << "END CHARMAP\n";
        characters.close();
        std::ofstream locale(folder / "source");
        locale << "escape_char /\ncomment_char %\nLC_NUMERIC\ndecimal_point \"<U002C>\"\n"
                  "thousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n";
        locale.close();
        std::string at = folder.string();
        // It warns of the categories left out, with exit code 1.
        std::string make = "localedef -c -f " + at + "/ascii -i " + at + "/source " + at +
                           "/xx_XX >" + at + "/log 2>&1";
        (void)!std::system(make.c_str());
        setenv("LOCPATH", at.c_str(), 1);
        ASSERT_TRUE(setlocale(LC_NUMERIC, "xx_XX")) << std::ifstream(folder / "log").rdbuf();
        char text[16];
        snprintf(text, sizeof text, "%.1f", 0.5);
        ASSERT_STREQ(text, "0,5") << "or this test tests nothing";
    }
    void TearDown() override
    {
        setlocale(LC_ALL, "C");
        unsetenv("LOCPATH");
        fs::remove_all(folder);
    }
};

TEST_F(ForeignLocale, IsTheThreadsAgainAfterTheBlock)
{
    char text[16];
    {
        LOCALE_NEUTRAL();
        snprintf(text, sizeof text, "%.1f", 0.5);
        EXPECT_STREQ(text, "0.5");
    }
    snprintf(text, sizeof text, "%.1f", 0.5);
    EXPECT_STREQ(text, "0,5");
}

TEST_F(ForeignLocale, DoesNotChangeWhatIsExpected)
{
    const std::string text = "general: {duration: 1s}\n"
                             "groups: [{name: a, image: hello, network: none}]\n"
                             "expectations: [{metric: m, statistic: mean, at_least: 0.75}]\n";
    error error = ERROR_INIT;
    scn_file *file = nullptr;
    scn_scenario *scenario = nullptr;
    ASSERT_EQ(scn_open_text(&file, "s.yaml", text.c_str(), text.size(), &error), STATUS_OK)
        << error.message;
    ASSERT_EQ(scn_resolve(file, &scenario, &error), STATUS_OK) << error.message;
    EXPECT_EQ(scenario->expectations[0].at_least.value, 0.75);
    scn_close(file);
    scn_scenario_destroy(scenario);
}

TEST_F(ForeignLocale, DoesNotChangeWhatIsWritten)
{
    fs::path path = folder / "run";
    error error = ERROR_INIT;
    trace_run *run = nullptr;
    std::string at = path.string();
    trace_run_options options = {};
    options.path = at.c_str();
    options.scenario = "locale";
    ASSERT_EQ(trace_run_create(&options, &run, &error), STATUS_OK) << error.message;
    ASSERT_EQ(trace_run_observation_write(run, 1, "a", TRACE_MEASUREMENT, "m", 0.75, &error),
              STATUS_OK);
    trace_run_abandon(run, "enough");
    std::stringstream lines;
    lines << std::ifstream(path / "metrics.csv").rdbuf();
    EXPECT_NE(lines.str().find(",m,0.75\n"), std::string::npos) << lines.str();
}

TEST_F(ForeignLocale, DoesNotChangeWhatIsSaid)
{
    error error = ERROR_INIT;
    error_set(&error, STATUS_INVALID, nullptr, 0, "%.1f s", 0.5);
    EXPECT_STREQ(error.message, "0.5 s");

    ana_metrics *metrics = ana_metrics_create();
    ana_metrics_add(metrics, 0, TRACE_MEASUREMENT, "m", 0.75);
    ana_expectation expectation = {};
    expectation.metric = "m";
    expectation.statistic = ANA_MEAN;
    expectation.has_at_least = true;
    expectation.at_least = 0.5;
    char detail[ANA_DETAIL_BYTES] = "";
    EXPECT_TRUE(ana_expectation_check(metrics, &expectation, detail));
    EXPECT_STREQ(detail, "mean is 0.75, expected at least 0.5");
    ana_metrics_destroy(metrics);
}

} // namespace
