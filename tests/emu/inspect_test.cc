// `denali inspect` and `denali list`: what is in an image, and what a build has.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "denali_process.h"
#include "support/elf_builder.h"

extern "C" {
#include <devices/device.h>
#include <vcpu/engine.h>
}

using support::BuildElf;
using support::TemporaryFolder;

namespace
{

class Inspect : public testing::Test
{
  protected:
    void Write(const std::string &name, const std::vector<uint8_t> &file)
    {
        folder_.write(name, std::string(file.begin(), file.end()));
    }
    Outcome Run(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.begin(), "inspect");
        return Denali(folder_, arguments);
    }
    void ExpectRefused(const std::string &image, const std::string &why)
    {
        Outcome outcome = Run({image});
        EXPECT_EQ(outcome.code, 2);
        EXPECT_EQ(outcome.out, "");
        EXPECT_EQ(outcome.err.rfind("denali: ", 0), 0u);
        EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
        EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    }

    TemporaryFolder folder_;
};

TEST_F(Inspect, ShowsLayoutSectionsAndSymbols)
{
    Outcome outcome = Run({GuestImage("hello"), "--symbols"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    for (const char *wanted :
         {"\n  entry    0x00011000  _start\n",
          "\n  memory   73 KiB at least: it ends at 0x00012024\n", "\n  code     5 instructions\n",
          "\n  devices  console, as far as its code names their ports\n",
          "\n  0x00012000 0x00012024         36         36      1  read write \n",
          "\n  0x00011000         19  .text            code\n",
          "\n  0x00012000         36  .data            data\n",
          "\n  0x00012000          0  label    local   buffer\n",
          "\n  0x00011000          0  label    global  _start\n"}) {
        EXPECT_NE(outcome.out.find(wanted), std::string::npos) << wanted << "\n" << outcome.out;
    }
}

TEST_F(Inspect, DisassemblesWhatIsAskedFor)
{
    const std::string code = "0x00011000 _start:\n"
                             "  00011000  ba11000000        mov edx, 0x11\n"
                             "  00011005  b800200100        mov eax, 0x12000\n"
                             "  0001100a  ef                out dx, eax\n"
                             "  0001100b  b807000000        mov eax, 7\n"
                             "  00011010  0f3f02            terminate\n";
    for (const char *what : {"_start", "0x1100a", "0x00011012"}) {
        Outcome outcome = Run({GuestImage("hello"), "--disassemble", what});
        EXPECT_EQ(outcome.out, code) << what;
        EXPECT_EQ(outcome.code, 0);
    }
    Outcome all = Run({GuestImage("hello"), "--disassemble", "all"});
    EXPECT_EQ(all.out, "0x00011000 .text:" + code.substr(code.find('\n')));
    for (const char *what : {"nowhere", "0x100", "0xfffffffff", "0x", "", "12"}) {
        Outcome outcome = Run({GuestImage("hello"), "--disassemble", what});
        EXPECT_EQ(outcome.code, 2) << what;
        EXPECT_NE(outcome.err.find("no such function; expected"), std::string::npos);
    }
}

TEST_F(Inspect, TellsOfCodeThatIsNotInTheIsa)
{
    /* nop, hlt, cpuid, terminate */
    Write("odd.img", BuildElf(0x12000, {{0x12000, 0, {0x90, 0xf4, 0x0f, 0xa2, 0x0f, 0x3f, 0x02}}}));
    Outcome outcome = Run({"odd.img"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find(" places not in the ISA: 0x00012001, 0x00012002"), std::string::npos)
        << outcome.out;
    EXPECT_NE(outcome.out.find("sections: none"), std::string::npos);
    EXPECT_NE(outcome.out.find("symbols: 0 functions"), std::string::npos);
    outcome = Run({"odd.img", "--disassemble", "all"});
    for (const char *line : {"00012001  f4                hlt  (not in the ISA)\n",
                             "00012002  0fa2              cpuid  (not in the ISA)\n",
                             "00012004  0f3f02            terminate\n"}) {
        EXPECT_NE(outcome.out.find(line), std::string::npos) << line << outcome.out;
    }
}

TEST_F(Inspect, Ud2IsNoAlarmAndWhatFollowsIsInStep)
{
    /* ud2; mov ecx, [ebx]; terminate */
    Write("trap.img",
          BuildElf(0x12000, {{0x12000, 0, {0x0f, 0x0b, 0x8b, 0x0b, 0x0f, 0x3f, 0x02}}}));
    Outcome outcome = Run({"trap.img"});
    EXPECT_NE(outcome.out.find("code     2 instructions\n"), std::string::npos) << outcome.out;
    outcome = Run({"trap.img", "--disassemble", "all"});
    EXPECT_NE(outcome.out.find("  0f0b              ud2  (not in the ISA)\n"
                               "  00012002  8b0b              mov ecx, dword ptr [ebx]\n"),
              std::string::npos)
        << outcome.out;
}

TEST_F(Inspect, OptionsThatExcludeEachOtherAreRefused)
{
    const std::vector<std::vector<std::string>> pairs = {
        {"--json", "--disassemble", "_start"},
        {"--json", "--symbols"},
        {"--disassemble", "_start", "--translated", "_start"},
    };
    for (std::vector<std::string> options : pairs) {
        options.push_back(GuestImage("hello"));
        Outcome outcome = Run(options);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_EQ(outcome.out, "");
        EXPECT_NE(outcome.err.find("; expected one of them"), std::string::npos) << outcome.err;
    }
}

TEST_F(Inspect, AFifoIsRefusedAndNotWaitedFor)
{
    ASSERT_EQ(mkfifo((folder_.path() + "/fifo").c_str(), 0600), 0);
    ExpectRefused("fifo", "not a regular file");
    ExpectRefused("./fifo", "not a regular file");
}

TEST_F(Inspect, RefusesWhatIsNoGuestProgramInOneLine)
{
    ExpectRefused("nothing.img", "no file `nothing.img`");
    ExpectRefused("./nothing.img", "No such file");
    ExpectRefused("/bin/true", "a 64-bit or big-endian ELF file");
    ExpectRefused("/dev/null", "not a regular file");
    ExpectRefused("/", "not a regular file");
    std::vector<uint8_t> file = BuildElf(0x12000, {{0x12000, 0, std::vector<uint8_t>(100, 0x90)}});
    for (size_t size : {10u, 60u, 100u}) {
        Write("cut.img", {file.begin(), file.begin() + static_cast<ptrdiff_t>(size)});
        ExpectRefused("cut.img", "cut.img: ");
    }
}

TEST_F(Inspect, JsonHasTheSame)
{
    Outcome outcome = Run({GuestImage("hello"), "--json"});
    EXPECT_EQ(outcome.code, 0);
    for (const char *wanted :
         {"\"entry\": 69632,", "\"instructions\": 5,", "\"illegal\": 0,", "\"console\"",
          "\"name\": \"_start\",", "\"kind\": \"label\",", "\"name\": \".data\","}) {
        EXPECT_NE(outcome.out.find(wanted), std::string::npos) << wanted;
    }
}

TEST_F(Inspect, SaysWhatADamagedFileLacks)
{
    std::vector<uint8_t> file = BuildElf(0x12000, {{0x12000, 0, {0x90}}});
    support::ElfHeader(file)->e_shnum = 3;
    support::ElfHeader(file)->e_shoff = 0x7fffffff;
    Write("bad.img", file);
    Outcome outcome = Run({"bad.img"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find("\nThe file is damaged, and not all can be told: the section "),
              std::string::npos);
}

TEST_F(Inspect, ShowsABlockBeforeAndAfterTheTranslator)
{
    Outcome outcome = Run({GuestImage("hello"), "--translated", "_start"});
    if (outcome.code == 2 && outcome.err.find("no translator") != std::string::npos) {
        GTEST_SKIP() << "this build has no translator";
    }
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out.find("the block at 0x00011000: "), 0u) << outcome.out;
    for (const char *wanted : {"sub r14, ", "  00011000  ", "out of the ordinary"}) {
        EXPECT_NE(outcome.out.find(wanted), std::string::npos) << wanted;
    }
    EXPECT_EQ(outcome.err, "");
    outcome = Run({GuestImage("hello"), "--translated", "0x11001"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("00011001 is within the instruction at 00011000 of _start"),
              std::string::npos)
        << outcome.err;
    EXPECT_EQ(Run({GuestImage("hello"), "--translated", "0"}).code, 2);
    EXPECT_EQ(Run({GuestImage("hello"), "--translated", "nowhere"}).code, 2);
}

// --- docs/seeing.md -----------------------------------------------------------------------------

TEST(Seeing, CommandsOfTheDocsWork)
{
    if (!HasProgram("hello") || !HasProgram("echo-client")) {
        GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
    }
    TemporaryFolder folder;
    std::filesystem::copy_file(std::string(DENALI_BINARY_DIR) + "/images/hello.img",
                               folder.path("my-peer.img"));
    std::ifstream text(std::string(DENALI_SOURCE_DIR) + "/docs/seeing.md");
    size_t commands = 0;
    for (std::string line; std::getline(text, line);) {
        if (line.rfind("    denali ", 0) != 0) {
            continue;
        }
        std::istringstream words(line.substr(11));
        std::vector<std::string> arguments;
        for (std::string word; words >> word;) {
            arguments.push_back(word);
        }
        Outcome outcome = Denali(folder, arguments);
        EXPECT_EQ(outcome.code, 0) << line << "\n" << outcome.err;
        commands++;
    }
    EXPECT_GE(commands, 7u);
    EXPECT_TRUE(folder.has("runs/echo-1-1/nodes/client/client.pcapng"));
    EXPECT_TRUE(folder.has("runs/echo-1-2/nodes/client/instructions.txt"));
}

// --- denali list -------------------------------------------------------------------------------

TEST(List, HasEveryDeviceAndItsPorts)
{
    TemporaryFolder folder;
    Outcome outcome = Denali(folder, {"list", "devices"});
    EXPECT_EQ(outcome.code, 0);
    for (uint32_t i = 0; i < DEV_COUNT; i++) {
        const struct dev_ops *ops = dev_table[i];
        EXPECT_NE(outcome.out.find("\n" + std::string(ops->name) + " "), std::string::npos);
        for (uint32_t j = 0; j < ops->region_count; j++) {
            char port[32];
            std::snprintf(port, sizeof port, " port %02x:", ops->regions[j].port);
            EXPECT_NE(outcome.out.find(port), std::string::npos) << port;
        }
    }
    EXPECT_NE(outcome.out.find(" 018 time_low\n"), std::string::npos);
    EXPECT_NE(outcome.out.find("timer "), std::string::npos);
}

TEST(List, HasScenariosWithTheirDescriptionsAndImagesThatUsersBoot)
{
    TemporaryFolder folder;
    Outcome scenarios = Denali(folder, {"list", "scenarios"});
    EXPECT_NE(scenarios.out.find("echo                 2 nodes; A UDP echo server"),
              std::string::npos)
        << scenarios.out;
    Outcome images = Denali(folder, {"list", "images"});
    EXPECT_EQ(images.code, 0);
    EXPECT_EQ(images.out.find("test_"), std::string::npos);
    if (HasProgram("hello")) {
        EXPECT_NE(images.out.find("\nhello                from "), std::string::npos);
    }
}

TEST(List, HasEveryOptionOfEveryVerb)
{
    TemporaryFolder folder;
    Outcome options = Denali(folder, {"list", "options"});
    for (const char *verb : {"run", "boot", "check", "inspect", "list"}) {
        std::istringstream help(Denali(folder, {verb, "--help"}).out);
        for (std::string line; std::getline(help, line);) {
            if (line.rfind("  --", 0) == 0) {
                const std::string option = line.substr(2, line.find(' ', 4) - 2);
                EXPECT_NE(options.out.find("    " + option), std::string::npos) << option;
            }
        }
    }
    for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
        EXPECT_NE(Denali(folder, {"list"}).out.find(std::string((*engine)->name) + " "),
                  std::string::npos);
    }
}

} // namespace
