/*
 * The command, as a person meets it: what it says to bad input, and what it leaves behind when a
 * run ends before its time.
 */
#include "denali_process.h"

#include <sys/resource.h>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "support/elf_builder.h"

using support::TemporaryFolder;

namespace
{

std::string Scenario(const std::string &fields = "network: lan",
                     const std::string &networks = "[{name: lan, type: lan}]",
                     const std::string &guest = GuestImage("hello"))
{
    return "general:\n  duration: 100ms\nnetworks: " + networks + "\ngroups:\n- name: machine\n" +
           "  image: " + guest + "\n  memory: 1MiB\n  " + fields + "\n";
}

/* One line that begins like ours and has all of what is wanted; nothing on standard output. */
void ExpectRefused(const Outcome &outcome, const std::vector<std::string> &wanted)
{
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("denali: ", 0), 0u) << outcome.err;
    EXPECT_EQ(outcome.err.find("(null)"), std::string::npos) << outcome.err;
    for (const std::string &text : wanted) {
        EXPECT_NE(outcome.err.find(text), std::string::npos)
            << "no `" << text << "` in: " << outcome.err;
    }
}

/* --- the command line ------------------------------------------------------------------------- */

TEST(Cli, BadArgumentsAreToldInOneLine)
{
    static const struct {
        std::vector<std::string> arguments;
        std::vector<std::string> wanted;
    } cases[] = {
        {{"frobnicate"}, {"unknown verb `frobnicate`", "expected one of run, verify, "}},
        {{"run"}, {"run", "missing", "SCENARIO.yaml"}},
        {{"boot"}, {"boot", "missing", "IMAGE"}},
        {{"check"}, {"check", "missing"}},
        {{"list", "planets"}, {"planets", "engines, devices"}},
        {{"run", "s.yaml", "--frob"}, {"unknown option `--frob`", "run --help"}},
        {{"run", "s.yaml", "-x"}, {"unknown option `-x`"}},
        {{"run", "s.yaml", "more"}, {"unexpected argument `more`"}},
        {{"run", "s.yaml", "--", "more"}, {"unexpected argument `more`"}},
        {{"run", "s.yaml", "--out"}, {"--out needs a value"}},
        {{"run", "s.yaml", "--quiet=yes"}, {"takes no value", "--quiet=yes"}},
        {{"run", "s.yaml", "--seed", "1", "--seed", "2"}, {"given twice", "seed"}},
        {{"run", "s.yaml", "--engine", "qemu"}, {"--engine qemu", "list engines"}},
        {{"run", "s.yaml", "--jobs", "0"}, {"--jobs", "`0`", "1 to 256"}},
        {{"run", "s.yaml", "--jobs", "many"}, {"--jobs", "`many`"}},
        {{"run", "s.yaml", "--jobs", "257"}, {"--jobs", "`257`", "1 to 256"}},
        {{"run", "s.yaml", "--memory-limit", "-1"}, {"--memory-limit", "`-1`"}},
        {{"run", "s.yaml", "--seed", "-1"}, {"--seed -1", "from 0"}},
        {{"run", "s.yaml", "--seed", "99999999999999999999"}, {"--seed", "18446744073709551615"}},
        {{"run", "s.yaml", "--nodes", "0"}, {"--nodes 0", "from 1"}},
        {{"run", "s.yaml", "--nodes", "few"}, {"--nodes few", "whole number"}},
        {{"run", "s.yaml", "--until", "5"}, {"--until 5", "no unit"}},
        {{"run", "s.yaml", "--until", "-5s"}, {"--until -5s", "expected a time"}},
        {{"run", "s.yaml", "--set", "count"}, {"--set count", "PATH=VALUE"}},
        {{"run", "s.yaml", "--set", "groups.machin.count=2"}, {"'machin'", "'machine'"}},
        {{"run", "s.yaml", "--set", "groups.machine.count=-2"}, {"groups.machine.count", "'-2'"}},
        {{"run", "s.yaml", "--set", "general.colour=red"}, {"general.colour", "unknown field"}},
        {{"run", "absent.yaml"}, {"absent.yaml", "No such file"}},
        {{"run", "."}, {"expected a YAML file", "folder"}},
        {{"check", "s.yaml", "--engine", "interpreter"}, {"unknown option `--engine`"}},
        {{"rnu"}, {"unknown verb `rnu`", "did you mean `run`?"}},
        {{"help", "rnu"}, {"unknown verb `rnu`", "did you mean `run`?"}},
        {{"--versoin"}, {"unknown verb `--versoin`", "did you mean `--version`?"}},
        {{"run", "s.yaml", "--job", "2"}, {"unknown option `--job`", "did you mean `--jobs`?"}},
        {{"run", "s.yaml", "--noes=2"}, {"unknown option `--noes=2`", "did you mean `--nodes`?"}},
        {{"run", "helo.yaml"}, {"helo.yaml", "list scenarios", "did you mean `hello.yaml`?"}},
        {{"check", "ecko"}, {"ecko", "list scenarios", "did you mean `echo`?"}},
        {{"boot", "absent.img"}, {"boot: absent.img: there is no such file", "list images"}},
        {{"boot", "./absent.img"}, {"./absent.img", "cannot open"}},
        {{"boot", "absent"}, {"absent", "list images"}},
        {{"boot", "./s.yaml"}, {"s.yaml", "not an ELF file", "denali-cc"}},
        {{"boot", GuestImage("hello"), "--memory", "3"}, {"--memory: ", "no unit"}},
        {{"boot", GuestImage("hello"), "--memory", "64KiB"}, {"--memory: ", "64 KiB"}},
        {{"boot", GuestImage("hello"), "--cpu-hz", "0Hz"}, {"--cpu-hz: ", "1kHz"}},
        {{"boot", GuestImage("hello"), "--until", "soon"}, {"--until: ", "'soon'"}},
        {{"boot", GuestImage("hello"), "--env", "NAME"}, {"--env `NAME`", "NAME=VALUE"}},
        {{"boot", GuestImage("hello"), "--env", "DENALI_IP=1"},
         {"--env `DENALI_IP=1`", "machine's own"}},
        {{"boot", "/"}, {"boot: /: expected an image file; / is not a file"}},
        {{"boot", GuestImage("hello"), "--file", "a=b"}, {"expected a file; there is no file ./b"}},
        {{"boot", GuestImage("hello"), "--engine", "bochs"}, {"--engine bochs"}},
        {{"boot", GuestImage("hello"), "--engine", "interpeter"}, {"did you mean `interpreter`?"}},
        {{"boot", GuestImage("hello"), "server"}, {"guest's arguments come after --"}},
        {{"boot", GuestImage("hello"), "--file", "/a=nosuch"},
         {"boot: --file `/a=nosuch`: expected a file; there is no file ./nosuch"}},
        {{"boot", GuestImage("hello"), "--disk", "c=4KiB", "--disk", "d=nosuch"},
         {"boot: --disk `d=nosuch`: expected a file; there is no file ./nosuch"}},
        {{"boot", GuestImage("hello"), "--screenshot", "nosuch/x.png"},
         {"--screenshot nosuch/x.png: cannot be written: No such file"}},
        {{"boot", GuestImage("hello"), "--until", "1s", "--trace-instructions", "5s-6s"},
         {"5s-6s: expected a stretch within the run, which lasts 1s"}},
        {{"run", "s.yaml", "--trace-instructions", "all:1-2"}, {"`all`; expected one node"}},
        {{"run", "s.yaml", "--trace-instructions", "machine:5h-6h"}, {"which lasts "}},
        {{"run", "s.yaml", "--pcap-limit", "1"}, {"--pcap-limit without --pcap"}},
        {{"run", "s.yaml", "--trace-limit", "1"}, {"without --trace-instructions"}},
        {{"list", "image"}, {"did you mean `images`?"}},
        {{"inspect", GuestImage("hello"), "--disassemble", "_strat"}, {"no such function"}},
    };
    TemporaryFolder folder;
    folder.write("s.yaml", Scenario());
    for (const auto &bad : cases) {
        std::string line;
        for (const std::string &argument : bad.arguments) {
            line += " " + argument;
        }
        SCOPED_TRACE("denali" + line);
        ExpectRefused(Denali(folder, bad.arguments), bad.wanted);
        EXPECT_FALSE(folder.has("runs")) << "nothing is made for a run that cannot be";
    }
}

/* A terminal of a hundred columns shows it as it is meant. */
void ExpectNarrow(const std::string &text)
{
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 100u) << line;
    }
}

TEST(Cli, FileThatHidesWhatIsShippedIsToldWhenItIsRefused)
{
    TemporaryFolder folder;
    folder.write("hello", "no image");
    folder.write("hello.yaml", "no: scenario\n");
    folder.write("mine", "no image");
    ExpectRefused(Denali(folder, {"boot", "hello"}),
                  {"hello: ", "./hello hides the program of that name"});
    ExpectRefused(Denali(folder, {"run", "hello.yaml"}),
                  {"hello.yaml:1", "./hello.yaml hides the scenario of that name"});
    ExpectRefused(Denali(folder, {"check", "hello"}), {"hello:1: ", "./hello hides the scenario"});
    EXPECT_EQ(Denali(folder, {"boot", "mine"}).err.find("hides"), std::string::npos);
}

TEST(Cli, HelpOfEachVerbHasItsOptionsAndExamples)
{
    TemporaryFolder folder;
    Outcome general = Denali(folder, {"--help"});
    EXPECT_EQ(general.code, 0);
    EXPECT_NE(general.out.find("examples:\n  denali "), std::string::npos);
    ExpectNarrow(general.out);
    const size_t list = general.out.find("\nverbs:\n");
    ASSERT_NE(list, std::string::npos);
    const std::string table = general.out.substr(list, general.out.find("\n\n", list) - list);
    const std::regex entry("\n  ([a-z]+) +[^ ]");
    size_t verbs = 0;
    size_t options = 0;
    for (std::sregex_iterator m(table.begin(), table.end(), entry), end; m != end; ++m) {
        const std::string verb = (*m)[1];
        SCOPED_TRACE(verb);
        verbs++;
        Outcome help = Denali(folder, {verb, "--help"});
        EXPECT_EQ(help.code, 0);
        EXPECT_EQ(help.err, "");
        EXPECT_EQ(Denali(folder, {"help", verb}).out, help.out);
        EXPECT_EQ(help.out.rfind("usage: denali " + verb + " ", 0), 0u);
        EXPECT_NE(help.out.find("examples:\n  denali " + verb), std::string::npos);
        const std::regex line("\n  --([a-z-]+)( [A-Z][^ ]*)?");
        for (std::sregex_iterator at(help.out.begin(), help.out.end(), line), end; at != end;
             ++at) {
            options++;
            /* What help names, the parser knows: with a value missing it says so. */
            if ((*at)[2].length() > 0) {
                ExpectRefused(Denali(folder, {verb, "--" + (*at)[1].str()}),
                              {"--" + (*at)[1].str() + " needs a value"});
            }
        }
        ExpectNarrow(help.out);
    }
    EXPECT_NE(Denali(folder, {"replay", "--help"})
                  .out.find("\nmay be given several times: --trace-instructions, --watch\n"),
              std::string::npos);
    EXPECT_GE(verbs, 4u);
    EXPECT_GE(options, 15u);
}

/* --- scenarios, images and matrices ----------------------------------------------------------- */

struct BadScenario {
    std::string text;
    int line;
    std::vector<std::string> wanted;
};

TEST(Cli, BadScenariosAreToldByFileLineAndField)
{
    const std::string lan = "[{name: lan, type: lan}]";
    const BadScenario cases[] = {
        {Scenario("network: lan\n  colour: red"), 9, {"groups.machine.colour", "unknown field"}},
        {Scenario("network: lan\n  count: some"), 9, {"groups.machine.count", "whole number"}},
        {Scenario("network: lan\n  count: [1]"), 9, {"groups.machine.count", "whole number"}},
        {Scenario("network: lan\n  count: 0"), 9, {"groups.machine.count", "from 1", "'0'"}},
        {Scenario("network: lan\n  count: -3"), 9, {"groups.machine.count", "'-3'"}},
        {Scenario("network: lan\n  cpu_hz: 5MHZ"), 9, {"groups.machine.cpu_hz", "unit", "MHz"}},
        {Scenario("network: lan\n  start: 5"), 9, {"groups.machine.start", "no unit"}},
        {Scenario("count: 2"), 5, {"groups.machine.network", "required"}},
        {Scenario("network: wan"), 8, {"groups.machine.network", "'wan'"}},
        {Scenario("network: lan", "[{name: lan, type: lan, delay: 1ms}]"), 3, {"delay"}},
        {Scenario("network: lan", lan, "absent"), 6, {"groups.machine.image", "list images"}},
        {Scenario("network: lan", lan, "./absent.img"), 6, {"groups.machine.image", "absent.img"}},
        {Scenario("network: lan", lan, "./text.img"), 6, {"groups.machine.image", "ELF32 x86"}},
        {Scenario("network: lan", lan, "./host.img"), 6, {"groups.machine.image", "ELF32"}},
        {Scenario("network: lan", lan, "./arm.img"), 6, {"groups.machine.image", "x86"}},
        {Scenario("network: lan", lan, "./cut.img"), 6, {"groups.machine.image", "cut.img"}},
        {Scenario("network: lan", lan, "./low.img"), 6, {"groups.machine.image", "low.img"}},
        {Scenario("network: lan", lan, "./high.img"), 7, {"groups.machine.memory", "1024 KiB"}},
        {Scenario("network: lan", lan, "./wrap.img"), 6, {"groups.machine.image", "wrap.img"}},
        {"general: {duration: 1s\n", 2, {"YAML"}},
        {"", 0, {"expected"}},
    };
    TemporaryFolder folder;
    auto image = [&](const std::string &name, uint32_t address, uint32_t memory_bytes, auto patch) {
        std::vector<uint8_t> file =
            support::BuildElf(0x10000, {{0x10000, 0, {0xf4}}, {address, memory_bytes, {0}}});
        patch(file);
        folder.write(name, std::string(file.begin(), file.end()));
    };
    auto nothing = [](std::vector<uint8_t> &) {};
    folder.write("text.img", "not a program\n");
    image("arm.img", 0x20000, 1,
          [](std::vector<uint8_t> &file) { support::ElfHeader(file)->e_machine = EM_ARM; });
    image("cut.img", 0x20000, 1, [](std::vector<uint8_t> &file) { file.pop_back(); });
    image("low.img", 0x1000, 16, nothing); /* over the register page */
    image("high.img", 0x200000, 16, nothing);
    image("wrap.img", 0xfffff000, 0x2000, nothing);
    std::filesystem::copy_file(std::string(DENALI_BINARY_DIR) + "/denali", folder.path("host.img"));
    for (const BadScenario &bad : cases) {
        SCOPED_TRACE(bad.text);
        folder.write("bad.yaml", bad.text);
        std::vector<std::string> wanted = bad.wanted;
        wanted.push_back(bad.line ? "denali: bad.yaml:" + std::to_string(bad.line) + ": "
                                  : "denali: bad.yaml");
        ExpectRefused(Denali(folder, {"check", "bad.yaml"}), wanted);
        ExpectRefused(Denali(folder, {"run", "bad.yaml"}), wanted);
        EXPECT_FALSE(folder.has("runs"));
    }
}

TEST(Cli, BadMatricesAreToldByFileAndLine)
{
    const std::string head = "format: denali-rtt-1\nunit: ms\nsites: 3\nsymmetric: yes\nrows:\n";
    static const struct {
        const char *rows;
        int line; /* 0: of the end of the file, whichever */
    } cases[] = {
        {"0 1 2\n1 0\n2 3 0\n", 7},       /* ragged */
        {"0 1 2\n1 0 3 4\n2 3 0\n", 7},   /* ragged the other way */
        {"0 1 2\n1 0 3\n", 0},            /* short */
        {"0 1 2\n1 0 -3\n2 -3 0\n", 7},   /* negative */
        {"0 1 2\n1 0 three\n2 3 0\n", 7}, /* no number */
        {"0 1 2\n9 0 3\n2 3 0\n", 7},     /* not symmetric, and says that it is */
        {"0 1 0\n1 0 3\n0 3 0\n", 6},     /* nothing is that near */
    };
    TemporaryFolder folder;
    folder.write("s.yaml", Scenario("network: wan", "[{name: wan, type: wan, matrix: m.rtt}]"));
    folder.write("m.rtt", head + "0 1 2\n1 0 3\n2 3 0\n");
    EXPECT_EQ(Denali(folder, {"check", "--quiet", "s.yaml"}).code, 0);
    for (const auto &bad : cases) {
        SCOPED_TRACE(bad.rows);
        folder.write("m.rtt", head + bad.rows);
        std::string place = bad.line ? "m.rtt:" + std::to_string(bad.line) + ": " : "m.rtt";
        ExpectRefused(Denali(folder, {"run", "s.yaml"}), {place, "expected"});
        EXPECT_FALSE(folder.has("runs"));
    }
    std::filesystem::remove(folder.path("m.rtt"));
    ExpectRefused(Denali(folder, {"run", "s.yaml"}), {"s.yaml:3: networks.wan.matrix", "m.rtt"});
}

TEST(Cli, CheckPrintsAScenarioThatCheckAcceptsAndPrintsAgain)
{
    TemporaryFolder folder;
    folder.write("s.yaml", Scenario("network: lan\n  count: 3\n  arguments: [\"${node.index}\"]"));
    Outcome first = Denali(folder, {"check", "s.yaml", "--seed", "9", "--until", "3s"});
    EXPECT_EQ(first.code, 0) << first.err;
    EXPECT_NE(first.out.find("seed: 9"), std::string::npos);
    EXPECT_NE(first.out.find("duration: 3s"), std::string::npos);
    folder.write("resolved.yaml", first.out);
    Outcome second = Denali(folder, {"check", "resolved.yaml"});
    EXPECT_EQ(second.code, 0) << second.err;
    EXPECT_EQ(second.out, first.out);
    Outcome quiet = Denali(folder, {"check", "--quiet", "s.yaml"});
    EXPECT_EQ(quiet.code, 0);
    EXPECT_EQ(quiet.out + quiet.err, "");
}

/* --- run directories -------------------------------------------------------------------------- */

TEST(Cli, AnOutputDirectoryThatExistsOrCannotBeMadeIsRefusedAndLeftAlone)
{
    TemporaryFolder folder;
    folder.write("s.yaml", Scenario());
    folder.write("taken/mine.txt", "keep");
    ExpectRefused(Denali(folder, {"run", "s.yaml", "--out", "taken"}), {"taken", "--out"});
    EXPECT_EQ(folder.read("taken/mine.txt"), "keep");
    EXPECT_FALSE(folder.has("taken/INCOMPLETE"));
    ExpectRefused(Denali(folder, {"run", "s.yaml", "--out", "s.yaml"}), {"s.yaml", "--out"});
    ExpectRefused(Denali(folder, {"run", "s.yaml", "--out", "s.yaml/run"}), {"--out"});
    ExpectRefused(Denali(folder, {"run", "s.yaml", "--out", "/proc/denali"}), {"/proc/denali"});
    ExpectRefused(Denali(folder, {"run", "s.yaml", "--out", ""}), {"empty", "--out"});
    if (geteuid() != 0) { /* root may write everywhere */
        std::filesystem::create_directory(folder.path("locked"));
        std::filesystem::permissions(folder.path("locked"), std::filesystem::perms::owner_read);
        ExpectRefused(Denali(folder, {"run", "s.yaml", "--out", "locked/run"}), {"locked"});
    }
    folder.write("runs", "a file where the folder of runs should be");
    ExpectRefused(Denali(folder, {"run", "s.yaml"}), {"runs", "--out"});
}

/* Machines that talk and observe, so that every file of the run grows. */
std::string Talkers(const std::string &duration)
{
    return "general: {name: talkers, duration: " + duration +
           "}\nnetworks: [{name: lan, type: lan, rate: 100Mbit}]\ngroups:\n- {name: talker, "
           "image: " +
           GuestImage("chatter") + ", count: 4, memory: 1MiB, cpu_hz: 20MHz, network: lan}\n";
}

TEST(Cli, ADiskThatFillsUpHalfWayLeavesNothingThatLooksComplete)
{
    TemporaryFolder folder;
    folder.write("s.yaml", Talkers("1s"));
    size_t failed = 0;
    for (rlim_t limit : {100u, 500u, 3000u, 12000u, 20000u, 66000u}) {
        std::string run = "run-" + std::to_string(limit);
        SCOPED_TRACE(run);
        Outcome outcome = Denali(folder, {"run", "s.yaml", "--quiet", "--out", run}, "", [&] {
            rlimit small = {limit, limit};
            setrlimit(RLIMIT_FSIZE, &small);
            signal(SIGXFSZ, SIG_IGN);
        });
        if (outcome.code == 0) {
            EXPECT_TRUE(folder.has(run + "/summary.json"));
            EXPECT_FALSE(folder.has(run + "/INCOMPLETE"));
            continue;
        }
        failed++;
        EXPECT_EQ(outcome.code, 2) << outcome.err;
        EXPECT_TRUE(folder.has(run + "/INCOMPLETE"));
        EXPECT_FALSE(folder.has(run + "/summary.json"));
        /* With the least of limits even the message is cut: it is a file here. */
        EXPECT_EQ(outcome.err.rfind("denali: ", 0), 0u) << outcome.err;
        if (limit > 500) {
            EXPECT_NE(outcome.err.find("INCOMPLETE"), std::string::npos) << outcome.err;
        }
    }
    EXPECT_GE(failed, 4u);
}

TEST(Cli, AnInterruptedRunEndsWith130AndSaysThatItIsIncomplete)
{
    for (int number : {SIGINT, SIGTERM}) {
        TemporaryFolder folder;
        folder.write("s.yaml", Talkers("8760h"));
        DenaliProcess process(folder, {"run", "s.yaml", "--out", "run"});
        for (int i = 0; i < 1000 && !folder.has("run/scenario.yaml"); i++) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        process.Signal(number);
        Outcome outcome = process.Wait();
        EXPECT_EQ(outcome.code, 130) << outcome.err;
        EXPECT_NE(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
        EXPECT_NE(folder.read("run/INCOMPLETE").find("interrupted"), std::string::npos);
        EXPECT_FALSE(folder.has("run/summary.json"));
    }
}

TEST(Cli, ARunDirectoryIsAllThatItTakesToRunAgain)
{
    TemporaryFolder folder;
    folder.write("m.rtt", "format: denali-rtt-1\nunit: ms\nsites: 2\nsymmetric: yes\nrows:\n"
                          "0 30\n30 0\n");
    std::filesystem::copy_file(GuestImage("chatter"), folder.path("talk.img"));
    folder.write("s.yaml", Scenario("network: wan\n  count: 2",
                                    "[{name: wan, type: wan, matrix: m.rtt}]", "./talk.img"));
    Outcome first = Denali(folder, {"run", "s.yaml", "--seed", "3", "--out", "first"});
    ASSERT_EQ(first.code, 0) << first.err;
    std::filesystem::remove(folder.path("m.rtt"));
    std::filesystem::remove(folder.path("talk.img"));
    std::filesystem::remove(folder.path("s.yaml"));
    std::filesystem::create_directory(folder.path("elsewhere"));
    std::filesystem::rename(folder.path("first"), folder.path("elsewhere/moved"));
    Outcome again = Denali(folder, {"run", "elsewhere/moved/scenario.yaml", "--out", "second"});
    ASSERT_EQ(again.code, 0) << again.err;
    std::string digest = DigestOfRun(folder, "elsewhere/moved");
    EXPECT_EQ(digest.size(), 16u);
    EXPECT_EQ(DigestOfRun(folder, "second"), digest);
    EXPECT_NE(first.out.find(digest), std::string::npos) << "the summary shows it";
}

TEST(Cli, AFaultIsInTheRunsFilesByNodeAndAddress)
{
    TemporaryFolder folder;
    folder.write("s.yaml", Scenario("network: lan\n  count: 2\n  arguments: [a]",
                                    "[{name: lan, type: lan}]", GuestImage("misuse")));
    Outcome outcome = Denali(folder, {"run", "s.yaml", "--out", "run"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("2 memory"), std::string::npos) << outcome.out;
    std::string events = folder.read("run/events.log");
    std::string nodes = folder.read("run/nodes.csv");
    for (const char *node : {"machine-0", "machine-1"}) {
        EXPECT_TRUE(std::regex_search(
            events, std::regex(std::string(node) + "[ ,\t]+fault.*address 0xdeadbee0")))
            << events;
        EXPECT_TRUE(std::regex_search(
            nodes, std::regex(std::string(node) + ",.*faulted.*memory.*0xdeadbee0")))
            << nodes;
    }
}

TEST(Cli, AnExpectationThatFailsIsExitCode1)
{
    TemporaryFolder folder;
    folder.write("s.yaml", Scenario() + "expectations:\n- {metric: run.nodes_failed, equals: 0}\n");
    Outcome outcome = Denali(folder, {"run", "s.yaml", "--out", "run"});
    EXPECT_EQ(outcome.code, 1) << "hello.S ends with 7" << outcome.err;
    EXPECT_TRUE(folder.has("run/summary.json"));
    EXPECT_FALSE(folder.has("run/INCOMPLETE"));
    EXPECT_EQ(outcome.err.find("expectations"), std::string::npos) << outcome.err;
    outcome = Denali(folder, {"run", "s.yaml", "--quiet", "--out", "quiet"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find("denali: expectations that do not hold: run.nodes_failed"), 0u)
        << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

TEST(Cli, WhatCannotBePrintedIsExitCode2)
{
    TemporaryFolder folder;
    for (const char *arguments : {"list", "--help"}) {
        Outcome outcome = Denali(folder, {arguments}, "", [] {
            int full = open("/dev/full", O_WRONLY);
            dup2(full, 1);
        });
        EXPECT_EQ(outcome.code, 2) << arguments;
        EXPECT_NE(outcome.err.find("cannot write to standard output"), std::string::npos)
            << arguments << ": " << outcome.err;
    }
}

/* --- boot ------------------------------------------------------------------------------------- */

TEST(Cli, BootGivesTheGuestsConsoleAndExitCode)
{
    TemporaryFolder folder;
    Outcome outcome = Denali(folder, {"boot", GuestImage("hello")});
    EXPECT_EQ(outcome.code, 7);
    EXPECT_EQ(outcome.out, "hello from the bare machine\n");
    EXPECT_EQ(outcome.err, "");
}

TEST(Cli, BootTellsAFaultByAddressAndEndsWith4)
{
    TemporaryFolder folder;
    Outcome outcome = Denali(folder, {"boot", GuestImage("misuse"), "--", "a"});
    EXPECT_EQ(outcome.code, 4);
    EXPECT_NE(outcome.err.find("faulted"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("eip 0xdeadbee0, address 0xdeadbee0\n"), std::string::npos)
        << outcome.err;
}

TEST(Cli, BootTellsAFaultByFunctionAndWhatItLooksLike)
{
    const std::vector<std::pair<const char *, std::string>> cases = {
        {"b", "address 0x00000000; a null pointer[?]\n"},
        {"f", "divide error at eip 0x[0-9a-f]+ \\(divide[+]0x[0-9a-f]+\\), address 0x00000000\n"},
        {"C", " \\(bad_port[+]0x[0-9a-f]+\\), port 0x"},
    };
    TemporaryFolder folder;
    for (const auto &[behaviour, wanted] : cases) {
        Outcome outcome = Denali(folder, {"boot", GuestImage("misuse"), "--", behaviour});
        EXPECT_EQ(outcome.code, 4);
        EXPECT_TRUE(std::regex_search(outcome.err, std::regex(wanted))) << outcome.err;
    }
}

TEST(Cli, AStretchInWhichNothingIsExecutedIsSaidToBeEmpty)
{
    TemporaryFolder folder;
    Outcome outcome =
        Denali(folder, {"boot", GuestImage("hello"), "--trace-instructions", "1000-2000"});
    EXPECT_EQ(outcome.code, 7);
    EXPECT_NE(outcome.err.find("1000-2000: nothing was executed then\n"), std::string::npos)
        << outcome.err;
}

/* A machine asleep at the end is left asleep, however long it means to sleep. */
TEST(Cli, BootEndsAtItsTimeThoughTheMachineSleepsLonger)
{
    TemporaryFolder folder;
    for (const char *behaviour : {"s", "e", "t"}) {
        Outcome outcome =
            Denali(folder, {"boot", GuestImage("patience"), "--until", "1s", "--", behaviour}, "",
                   [] { alarm(20); });
        EXPECT_EQ(outcome.code, 124) << behaviour;
        EXPECT_NE(outcome.err.find("at virtual time 1.000 s the machine is still idle"),
                  std::string::npos)
            << behaviour << ": " << outcome.err;
    }
}

/* Nothing will ever wake a machine that sleeps without a limit and leaves what is typed unread. */
TEST(Cli, BootEndsThoughItsInputIsNeverRead)
{
    TemporaryFolder folder;
    Outcome outcome = Denali(folder, {"boot", GuestImage("patience"), "--", "t"},
                             std::string(20000, 'x'), [] { alarm(20); });
    EXPECT_EQ(outcome.code, 124);
    EXPECT_NE(outcome.err.find("the machine is still idle"), std::string::npos) << outcome.err;
}

TEST(Cli, BootEndsWith130WhenInterrupted)
{
    TemporaryFolder folder;
    DenaliProcess process(folder, {"boot", GuestImage("spin")});
    std::this_thread::sleep_for(support::kProgramStarts);
    process.Signal(SIGINT);
    EXPECT_EQ(process.Wait().code, 130);
}

TEST(Cli, BootEndsWith124WhenTheMachineDoesNotEndInTime)
{
    TemporaryFolder folder;
    Outcome outcome = Denali(folder, {"boot", GuestImage("spin"), "--until", "1ms"});
    EXPECT_EQ(outcome.code, 124);
    EXPECT_NE(outcome.err.find("the machine is still running"), std::string::npos) << outcome.err;
}

TEST(Cli, BootPassesArgumentsAndEnvironmentToPrograms)
{
    if (!HasProgram("hello")) {
        GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
    }
    TemporaryFolder folder;
    Outcome outcome = Denali(folder, {"boot", "hello", "--env", "X=y", "--", "one $two", "\"3\""});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("one $two"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("\"3\""), std::string::npos) << outcome.out;
}

} // namespace
