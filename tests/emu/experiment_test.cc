// denali experiment: runs, tables, claims, the page.
#include <algorithm>
#include <regex>

#include "denali_process.h"
#include "host_load.h"

using support::TemporaryFolder;

namespace
{

/* A tenth of a second of restless machines on a host, and what is claimed of them. */
class Experiments : public testing::Test
{
  protected:
    TemporaryFolder folder;

    void SetUp() override
    {
        std::string scenario = HostLoad(3, 8, ", costs: {switch: 2us, trap: 1us}");
        scenario.replace(scenario.find("duration: 1s"), 12, "duration: ${param.time}");
        scenario = std::regex_replace(scenario, std::regex("count: 8"), "count: ${param.count}");
        scenario =
            std::regex_replace(scenario, std::regex(": (\\$\\{param\\.[a-z]+\\})"), ": \"$1\"");
        folder.write("load.yaml", "parameters: {count: 2, time: 20ms}\n" + scenario);
        Write("at_least: 1.2");
    }

    void Write(const std::string &bound)
    {
        folder.write("restless.yaml", "title: Restless & <loud>\n"
                                      "question: q\n"
                                      "scenario: load.yaml\n"
                                      "parameter: count\n"
                                      "axis: machines\n"
                                      "values: [2, 4, 8]\n"
                                      "small: [2, 4]\n"
                                      "small_set: [parameters.time=10ms]\n"
                                      "series:\n"
                                      "- {name: plain}\n"
                                      "- {name: urgent, set: [hosts.box.interrupts=immediate]}\n"
                                      "measures:\n"
                                      "- {name: switches, metric: host.switches, per: second}\n"
                                      "- {name: frame, metric: host.busy_ns, over: "
                                      "node.frames_sent, group: r, scale: 0.001}\n"
                                      "- {name: none, metric: nobody.says, hidden: true}\n"
                                      "costs: [costs.switch, costs.trap]\n"
                                      "published:\n"
                                      "- {measure: switches, series: plain, at: 4, value: 7, "
                                      "source: section 1}\n"
                                      "claims:\n"
                                      "- {name: more urgent, measure: switches, series: urgent, "
                                      "over: plain, at: 4, nature: emergent, sensitivity: true, " +
                                          bound + "}\n");
    }
};

/* Fields of the line that begins so. */
std::vector<std::string> Line(const std::string &table, const std::string &start)
{
    std::vector<std::string> fields;
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(start, 0) == 0) {
            std::istringstream rest(line);
            for (std::string field; std::getline(rest, field, ',');) {
                fields.push_back(field);
            }
            break;
        }
    }
    return fields;
}

TEST_F(Experiments, LeaveATableAndAPageThatDoNotDependOnJobs)
{
    Outcome one =
        Denali(folder, {"experiment", "--quiet", "--jobs", "1", "--out", "one", "restless.yaml"});
    ASSERT_EQ(one.code, 0) << one.out << one.err;
    Outcome two =
        Denali(folder, {"experiment", "--quiet", "--jobs", "2", "--out", "two", "restless.yaml"});
    ASSERT_EQ(two.code, 0) << two.out << two.err;
    std::string table = folder.read("one/restless.csv");
    EXPECT_EQ(table, folder.read("two/restless.csv"));
    EXPECT_EQ(folder.read("one/index.html"), folder.read("two/index.html"));
    /* Six runs, and for the claim two with each of two costs halved and doubled. */
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 1 + 6 + 8);
    EXPECT_EQ(table.substr(0, table.find('\n')),
              "series,count,cost,factor,digest,faults,switches,frame,none");
    EXPECT_FALSE(folder.has("one/runs"));
}

TEST_F(Experiments, MeasureWhatTheRunOfThatValueLeaves)
{
    Outcome outcome =
        Denali(folder, {"experiment", "--quiet", "--keep", "--out", "out", "restless.yaml"});
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    Outcome run = Denali(folder, {"run", "load.yaml", "--param", "count=8", "--set",
                                  "hosts.box.interrupts=immediate", "--set",
                                  "hosts.box.costs.trap=2us", "--quiet", "--out", "run"});
    ASSERT_EQ(run.code, 0) << run.err;
    Outcome plain =
        Denali(folder, {"run", "load.yaml", "--param", "count=4", "--quiet", "--out", "plain"});
    ASSERT_EQ(plain.code, 0) << plain.err;
    std::string table = folder.read("out/restless.csv");
    std::vector<std::string> line = Line(table, "plain,4,,");
    ASSERT_EQ(line.size(), 8u) << table << "the last field is empty: nobody says it";
    EXPECT_EQ(line[4], DigestOfRun(folder, "plain"));
    std::istringstream hosts(folder.read("plain/hosts.csv"));
    std::string header, account;
    std::getline(hosts, header);
    std::getline(hosts, account);
    std::vector<std::string> fields = Line(account, "");
    std::vector<std::string> names = Line(header, "");
    size_t at = std::find(names.begin(), names.end(), "switches") - names.begin();
    ASSERT_LT(at, fields.size());
    EXPECT_EQ(std::stod(line[6]), std::stod(fields[at]) / 0.02);
    /* With a cost doubled it is the run with that cost. */
    Outcome doubled = Denali(folder, {"run", "load.yaml", "--param", "count=4", "--set",
                                      "hosts.box.costs.trap=2us", "--quiet", "--out", "doubled"});
    ASSERT_EQ(doubled.code, 0) << doubled.err;
    EXPECT_EQ(Line(table, "plain,4,costs.trap,2,").at(4), DigestOfRun(folder, "doubled"));
    EXPECT_TRUE(folder.has("out/runs/restless-0/summary.json"));
}

/* The part of what comes from `from` on that the last `room` different ones before it have. */
double RecentPart(const std::string &metrics, uint64_t from_ns, size_t room)
{
    std::vector<double> cache; // the least recent first
    double wanted = 0, had = 0;
    std::istringstream lines(metrics);
    for (std::string line; std::getline(lines, line);) {
        if (line.find(",received,") == std::string::npos) {
            continue;
        }
        const double value = std::stod(line.substr(line.rfind(',') + 1));
        const bool counts = std::stoull(line) >= from_ns;
        auto at = std::find(cache.begin(), cache.end(), value);
        wanted += counts;
        had += counts && at != cache.end();
        if (at != cache.end()) {
            cache.erase(at);
        } else if (cache.size() == room) {
            cache.erase(cache.begin());
        }
        cache.push_back(value);
    }
    return had / wanted;
}

TEST_F(Experiments, JudgeReplacementByTheMemoryThereIs)
{
    folder.write("chatter.yaml",
                 "parameters: {memory: 1MiB}\n"
                 "general: {duration: 300ms}\n"
                 "networks: [{name: lan, type: lan, latency: 20us}]\n"
                 "hosts: [{name: box, memory: \"${param.memory}\"}]\n"
                 "groups: [{name: c, image: " +
                     GuestPath("chatter") +
                     ", memory: 128KiB, network: lan, host: box, count: 5, spread: 90ms}]\n");
    folder.write("caches.yaml",
                 "title: t\nquestion: q\nscenario: chatter.yaml\nparameter: memory\naxis: a\n"
                 "values: [1MiB, 2MiB, 4MiB]\nsmall: [1MiB]\nfrom: 100ms\nseries: [{name: s}]\n"
                 "measures:\n"
                 "- {name: recent, metric: received, replacement: recent, each: 300KiB}\n"
                 "- {name: optimal, metric: received, replacement: optimal, each: 300KiB}\n"
                 "- {name: none, metric: received, replacement: optimal, each: 3MiB}\n"
                 "claims: [{name: c, measure: recent, by: optimal, series: s, at: 2MiB, nature: "
                 "emergent, at_least: 0.01, at_most: 1}]\n");
    Outcome outcome =
        Denali(folder, {"experiment", "--quiet", "--keep", "--out", "out", "caches.yaml"});
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    const std::string metrics = folder.read("out/runs/caches-0/metrics.csv");
    const std::string table = folder.read("out/caches.csv");
    double before = 0, recent = 0;
    for (const auto &[memory, room] : {std::pair("1MiB", 3), std::pair("2MiB", 6)}) {
        std::vector<std::string> line = Line(table, std::string("s,") + memory + ",");
        ASSERT_GE(line.size(), 8u) << table;
        recent = std::stod(line[6]);
        EXPECT_DOUBLE_EQ(recent, RecentPart(metrics, 100000000, (size_t)room)) << memory;
        EXPECT_GT(recent, before);
        EXPECT_GE(std::stod(line[7]), recent);
        before = recent;
    }
    EXPECT_EQ(Line(table, "s,2MiB,").size(), 8u) << "no room for one: nothing to tell";
    EXPECT_EQ(Line(table, "s,4MiB,").size(), 9u);
    std::vector<std::string> line = Line(table, "s,2MiB,");
    char ratio[32];
    snprintf(ratio, sizeof ratio, "%.6g", recent / std::stod(line[7]));
    EXPECT_NE(outcome.out.find(ratio), std::string::npos) << outcome.out << ratio;
}

TEST_F(Experiments, SayOnThePageWhetherAFigureAgreesWithThePublishedOne)
{
    for (const auto &[bounds, verdict] :
         {std::pair("agrees_from: 1.2", "<td>agrees</td>"),
          std::pair("agrees_to: 0.5", "<td>differs</td>"),
          std::pair("agrees_from: 1000, agrees_to: 1001", "<td>differs</td>")}) {
        Write(std::string("at_least: 1.2, published: p, ") + bounds);
        Outcome outcome =
            Denali(folder, {"experiment", "--quiet", "--small", "--out", bounds, "restless.yaml"});
        ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        EXPECT_NE(folder.read(std::string(bounds) + "/index.html").find(verdict), std::string::npos)
            << bounds;
    }
}

TEST_F(Experiments, FailWhereAClaimDoesNotHold)
{
    Write("at_most: 0.5");
    Outcome outcome =
        Denali(folder, {"experiment", "--quiet", "--small", "--out", "out", "restless.yaml"});
    EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
    EXPECT_NE(outcome.out.find("NOT"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("0 of 1 claims hold"), std::string::npos) << outcome.out;
    std::string page = folder.read("out/index.html");
    EXPECT_NE(page.find("<td class=\"bad\">no</td>"), std::string::npos);
    EXPECT_NE(page.find("Restless &amp; &lt;loud&gt;"), std::string::npos);
    EXPECT_NE(page.find("section 1"), std::string::npos) << "the published point";
    EXPECT_EQ(page.find("Sensitivity"), std::string::npos) << "not in the small version";
    EXPECT_EQ(Line(folder.read("out/restless.csv"), "plain,8,").size(), 0u);
}

TEST_F(Experiments, SayInTheSmallVersionNothingThatIsMeantOfTheFullOnesFigures)
{
    std::string text = folder.read("restless.yaml");
    folder.write("restless.yaml",
                 text + "paper: A paper of 1999\nagrees: as forty-two\ndiffers: d\n");
    Outcome small =
        Denali(folder, {"experiment", "--quiet", "--small", "--out", "small", "restless.yaml"});
    ASSERT_EQ(small.code, 0) << small.out << small.err;
    Outcome full = Denali(folder, {"experiment", "--quiet", "--out", "full", "restless.yaml"});
    ASSERT_EQ(full.code, 0) << full.out << full.err;
    EXPECT_EQ(folder.read("small/index.html").find("forty-two"), std::string::npos);
    EXPECT_NE(folder.read("full/index.html").find("forty-two"), std::string::npos);
    for (const char *page : {"small/index.html", "full/index.html"}) {
        EXPECT_NE(folder.read(page).find("A paper of 1999"), std::string::npos);
        EXPECT_NE(folder.read(page).find("1 of 1 claims hold."), std::string::npos);
        EXPECT_EQ(folder.read(page).find("Incomplete"), std::string::npos);
    }
}

TEST_F(Experiments, ThatEndEarlySayOnThePageWhatIsNotThere)
{
    /* The second cannot be measured: there is no such column. */
    std::string text = folder.read("restless.yaml");
    folder.write("second.yaml", std::regex_replace(text, std::regex("host.switches"), "host.none"));
    Outcome outcome = Denali(folder, {"experiment", "--quiet", "--small", "--out", "out",
                                      "restless.yaml", "second.yaml"});
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    const std::string page = folder.read("out/index.html");
    EXPECT_NE(page.find("Incomplete.</strong> The runs ended early: 1 of 2"), std::string::npos);
    EXPECT_NE(page.find("#restless"), std::string::npos);
    EXPECT_EQ(page.find("#second"), std::string::npos) << "it leads nowhere";
    outcome = Denali(folder, {"experiment", "--quiet", "--small", "--out", "none", "second.yaml"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_FALSE(folder.has("none/index.html"));
}

TEST_F(Experiments, AreLookedAtBeforeTheFirstRun)
{
    std::string text = folder.read("restless.yaml");
    const auto refused = [&](const std::string &what, const std::string &by,
                             std::vector<std::string> more = {}) {
        folder.write("bad.yaml", std::regex_replace(text, std::regex(what), by));
        std::vector<std::string> words = {"experiment", "--small",       "--out",
                                          "bad",        "restless.yaml", "bad.yaml"};
        words.insert(words.begin() + 1, more.begin(), more.end());
        Outcome outcome = Denali(folder, words);
        EXPECT_EQ(outcome.code, 2) << by;
        EXPECT_EQ(outcome.err.find("1 of"), std::string::npos) << "nothing was run";
        EXPECT_FALSE(folder.has("bad")) << by;
        return outcome.err;
    };
    EXPECT_NE(refused("costs.switch", "costs.swich").find("expected one with costs.swich"),
              std::string::npos);
    EXPECT_NE(refused("values: \\[2", "values: [banana, 2").find("count=banana"),
              std::string::npos);
    EXPECT_NE(refused("at_least: 1.2", "at_least: 2, at_most: 1.5")
                  .find("at_most: expected no less than at_least, found '1.5'"),
              std::string::npos);
    EXPECT_NE(refused("x", "x", {"--engine", "foo"}).find("no engine is called 'foo'"),
              std::string::npos);
}

TEST_F(Experiments, SayWhatIsWrongAndWhichRunItWas)
{
    const struct {
        const char *from, *to, *expected;
    } cases[] = {
        {"host.switches", "host.stitches",
         "there is no column stitches (in the run of restless: plain, count=2)"},
        {"nobody.says", "run.nothing", "there is no counter run.nothing"},
        {"costs.trap]", "costs.copy]", "expected one with costs.copy"},
        {"interrupts=immediate", "interrupts=never", "expected one of batched, immediate"},
    };
    const std::string good = folder.read("restless.yaml");
    int number = 0;
    for (const auto &one : cases) {
        std::string text = good;
        text.replace(text.find(one.from), std::string(one.from).size(), one.to);
        folder.write("restless.yaml", text);
        Outcome outcome = Denali(folder, {"experiment", "--quiet", "--jobs", "2", "--out",
                                          "wrong" + std::to_string(number++), "restless.yaml"});
        EXPECT_EQ(outcome.code, 2) << one.to;
        EXPECT_NE(outcome.err.find(one.expected), std::string::npos) << outcome.err;
    }
    folder.write("full/file", "");
    EXPECT_EQ(Denali(folder, {"experiment", "--out", "full", "restless.yaml"}).code, 2);
    EXPECT_EQ(folder.read("full/file"), "");
    EXPECT_EQ(Denali(folder, {"experiment", "restless.yaml"}).code, 2);
    folder.write("sub/restless.yaml", good);
    folder.write("sub/load.yaml", folder.read("load.yaml"));
    folder.write("restless.yaml", good);
    Outcome twice = Denali(
        folder, {"experiment", "--quiet", "--out", "twice", "restless.yaml", "sub/restless.yaml"});
    EXPECT_EQ(twice.code, 2);
    EXPECT_NE(twice.err.find("is called so too"), std::string::npos) << twice.err;
}

} // namespace
