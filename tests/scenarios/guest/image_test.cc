/* What denali-cc makes is what the machine can load, and what it refuses it says clearly. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace
{

constexpr uint32_t kPageBytes = 4096;
constexpr uint32_t kFirstUsable = 0x2000; /* after the unmapped page and the register page */

struct Outcome {
    int exit_code;
    std::string output; /* both streams */
};

Outcome run(const std::string &command)
{
    Outcome outcome{-1, ""};
    FILE *pipe = popen((command + " 2>&1").c_str(), "r");
    if (!pipe)
        return outcome;
    char piece[512];
    while (size_t got = fread(piece, 1, sizeof piece, pipe))
        outcome.output.append(piece, got);
    outcome.exit_code = WEXITSTATUS(pclose(pipe));
    return outcome;
}

/* A folder of its own for each test, and the compiler as the build folder has it. */
class GuestImage : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/guest-image-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder = name;
    }

    void TearDown() override
    {
        std::filesystem::remove_all(folder);
    }

    std::string write(const std::string &name, const std::string &text)
    {
        std::string path = folder + "/" + name;
        std::ofstream(path) << text;
        return path;
    }

    Outcome compile(const std::string &arguments)
    {
        return run("cd " + folder + " && " DENALI_BINARY_DIR "/denali-cc " + arguments);
    }

    std::vector<char> read(const std::string &name)
    {
        std::ifstream file(name[0] == '/' ? name : folder + "/" + name, std::ios::binary);
        return std::vector<char>(std::istreambuf_iterator<char>(file), {});
    }

    std::string folder;
};

std::vector<Elf32_Phdr> load_segments(const std::vector<char> &image)
{
    std::vector<Elf32_Phdr> segments;
    if (image.size() < sizeof(Elf32_Ehdr))
        return segments;
    const auto *header = reinterpret_cast<const Elf32_Ehdr *>(image.data());
    for (int i = 0; i < header->e_phnum; i++) {
        Elf32_Phdr segment;
        memcpy(&segment, image.data() + header->e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD)
            segments.push_back(segment);
    }
    return segments;
}

const char *const kHello = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";

TEST_F(GuestImage, IsStaticElf32WithSegmentsOutsideTheReservedPages)
{
    std::vector<char> image = read(DENALI_BINARY_DIR "/images/test_libc.img");
    ASSERT_GT(image.size(), sizeof(Elf32_Ehdr));
    const auto *header = reinterpret_cast<const Elf32_Ehdr *>(image.data());
    EXPECT_EQ(memcmp(header->e_ident, ELFMAG, SELFMAG), 0);
    EXPECT_EQ(header->e_ident[EI_CLASS], ELFCLASS32);
    EXPECT_EQ(header->e_type, ET_EXEC);
    EXPECT_EQ(header->e_machine, EM_386);
    std::vector<Elf32_Phdr> segments = load_segments(image);
    ASSERT_EQ(segments.size(), 2u);
    EXPECT_EQ(header->e_phnum, 2) << "no interpreter, no dynamic section";
    for (const Elf32_Phdr &segment : segments) {
        EXPECT_GE(segment.p_vaddr, kFirstUsable);
        EXPECT_LE(segment.p_filesz, segment.p_memsz);
        EXPECT_EQ(segment.p_vaddr % kPageBytes, segment.p_offset % kPageBytes);
    }
    EXPECT_GE(header->e_entry, segments[0].p_vaddr);
    EXPECT_LT(header->e_entry, segments[0].p_vaddr + segments[0].p_filesz);
}

TEST_F(GuestImage, DataSharesNoPageWithCode)
{
    std::vector<Elf32_Phdr> segments =
        load_segments(read(DENALI_BINARY_DIR "/images/test_libc.img"));
    ASSERT_EQ(segments.size(), 2u);
    EXPECT_FALSE(segments[0].p_flags & PF_W);
    EXPECT_TRUE(segments[1].p_flags & PF_W);
    EXPECT_EQ(segments[1].p_vaddr % kPageBytes, 0u);
    EXPECT_LE(segments[0].p_vaddr + segments[0].p_memsz, segments[1].p_vaddr);
}

TEST_F(GuestImage, OfASmallProgramHasOnePageOfDataAtMost)
{
    write("hello.c", kHello);
    Outcome outcome = compile("hello.c -o hello.img");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_LE(load_segments(read("hello.img"))[1].p_memsz, kPageBytes);
}

TEST_F(GuestImage, LeavesRoomForTheStackBelowTheCode)
{
    write("hello.c", kHello);
    ASSERT_EQ(compile("hello.c -o plain.img").exit_code, 0);
    ASSERT_EQ(compile("--stack=128K hello.c -o big.img").exit_code, 0);
    EXPECT_EQ(load_segments(read("plain.img"))[0].p_vaddr, kFirstUsable + 64 * 1024);
    EXPECT_EQ(load_segments(read("big.img"))[0].p_vaddr, kFirstUsable + 128 * 1024);
}

TEST_F(GuestImage, IsTheSameBytesEachTimeAndWhereverItIsCompiled)
{
    write("hello.c", kHello);
    std::filesystem::create_directory(folder + "/elsewhere");
    write("elsewhere/hello.c", kHello);
    ASSERT_EQ(compile("hello.c -o one.img").exit_code, 0);
    ASSERT_EQ(compile("hello.c -o two.img").exit_code, 0);
    ASSERT_EQ(compile("elsewhere/hello.c -o three.img").exit_code, 0);
    EXPECT_EQ(read("one.img"), read("two.img"));
    EXPECT_EQ(read("one.img"), read("three.img"));
}

TEST_F(GuestImage, IsMadeFromSeveralSourcesObjectsAndDefinitions)
{
    write("main.c", "#include \"part.h\"\nint main(void) { return part(X); }\n");
    write("part.c", "#include \"part.h\"\n#include <math.h>\n"
                    "int part(int x) { return (int)pow(x, 2); }\n");
    std::filesystem::create_directory(folder + "/include");
    write("include/part.h", "int part(int x);\n");
    ASSERT_EQ(compile("-Iinclude -c part.c -o part.o").exit_code, 0);
    Outcome outcome = compile("-Wall -Iinclude -DX=3 -O1 -g main.c part.o -lm -o both.img");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_EQ(load_segments(read("both.img")).size(), 2u);
}

TEST_F(GuestImage, WithAnExcludedInstructionIsRefusedByName)
{
    write("sine.c",
          "int main(void) { double x = 1; __asm__(\"fsin\" : \"+t\"(x)); return x > 0; }\n");
    Outcome outcome = compile("sine.c -o sine.img");
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.output.find("fsin"), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find("<main>"), std::string::npos) << outcome.output;
    EXPECT_FALSE(std::filesystem::exists(folder + "/sine.img"));
}

TEST_F(GuestImage, IsMadeWithWhatGccIsGiven)
{
    write("hello.c", kHello);
    write("arguments", "-DX=1 \"-Wall\" hello.c -o 'from file.img'");
    EXPECT_EQ(compile("hello.c").exit_code, 0);
    EXPECT_TRUE(std::filesystem::exists(folder + "/a.out"));
    EXPECT_EQ(compile("-x c - -o stdin.img -lm < hello.c").output, "");
    EXPECT_EQ(load_segments(read("stdin.img")).size(), 2u);
    EXPECT_EQ(compile("@arguments").output, "");
    EXPECT_EQ(read("from file.img"), read("a.out"));
    EXPECT_EQ(compile("-fPIC -pie -fstack-protector-strong -m32 -ldl hello.c -o pie.img").output,
              "");
    EXPECT_EQ(read("pie.img"), read("a.out"));
    EXPECT_EQ(compile("-Wl,-Map=hello.map hello.c -o map.img").exit_code, 0);
    EXPECT_TRUE(std::filesystem::exists(folder + "/hello.map"));
    EXPECT_EQ(compile("-S -o - hello.c").output.find("\t.file\t\"hello.c\""), 0u);
    EXPECT_EQ(compile("-E -P -DGREETING=hi - < /dev/null").exit_code, 0);
    EXPECT_EQ(compile("-MM hello.c").output, "hello.o: hello.c\n");
    EXPECT_EQ(compile("-dumpmachine").output, "i686-denali-elf\n");
    EXPECT_EQ(compile("-print-file-name=libc.a").output, DENALI_KIT_DIR "/lib/libc.a\n");
    EXPECT_EQ(compile("--version").output.find("denali-cc (gcc"), 0u);
    EXPECT_EQ(compile("-v").exit_code, 0);
    EXPECT_NE(compile("-'###' hello.c").output.find("-lilwaco"), std::string::npos);
    EXPECT_EQ(compile("hello.c -o /dev/null").exit_code, 0);
}

TEST_F(GuestImage, IsRefusedPlainlyWhereAnOptionCannotWork)
{
    write("hello.c", kHello);
    for (const char *option : {"-shared", "-pthread", "-lpthread", "-fopenmp", "-m64", "-msse2",
                               "-march=native", "-fsanitize=address", "-pg", "-x c++", "a.cpp"}) {
        Outcome outcome = compile(std::string("hello.c ") + option);
        EXPECT_EQ(outcome.exit_code, 2) << option;
        EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1);
        EXPECT_NE(outcome.output.find(option), std::string::npos) << outcome.output;
    }
    write("threads.c", "int pthread_create(void);\nint main(void) { return pthread_create(); }\n");
    Outcome outcome = compile("threads.c");
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.output.find("pthread_create: machines have no threads"), std::string::npos)
        << outcome.output;
}

TEST_F(GuestImage, ComesOutOfMakeAndOfCMake)
{
    write("main.c", "int twice(int x);\nint main(void) { return twice(2); }\n");
    write("twice.c", "int twice(int x) { return 2 * x; }\n");
    write("Makefile", "prog: main.o twice.o\n\t$(CC) $(LDFLAGS) -o $@ $^\n");
    write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.13)\nproject(p C)\n"
                            "include(CheckIncludeFile)\ncheck_include_file(poll.h HAVE_POLL)\n"
                            "check_include_file(pthread.h HAVE_PTHREAD)\n"
                            "if(NOT HAVE_POLL OR HAVE_PTHREAD)\n  message(FATAL_ERROR no)\n"
                            "endif()\nadd_library(twice twice.c)\nadd_executable(prog main.c)\n"
                            "target_link_libraries(prog twice m)\n");
    std::string in = "cd " + folder + " && ";
    Outcome outcome = run(in + "make CC=" DENALI_BINARY_DIR "/denali-cc LDFLAGS=--stack=128K");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    ASSERT_EQ(load_segments(read("prog")).size(), 2u);
    EXPECT_EQ(load_segments(read("prog"))[0].p_vaddr, kFirstUsable + 128 * 1024);
    outcome = run(in + "cmake -B out --toolchain " DENALI_BINARY_DIR
                       "/denali-toolchain.cmake && cmake --build out");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_EQ(load_segments(read("out/prog.img")).size(), 2u);
#ifdef DENALI_COMMAND
    EXPECT_EQ(run(DENALI_COMMAND " boot " + folder + "/prog").exit_code, 4);
#endif
}

TEST_F(GuestImage, ThatAsksForMoreThanOneProcessOrThreadIsToldSoByName)
{
    write("two.c", "#include <unistd.h>\nint main(void) { return fork() == -1 ? 3 : 0; }\n");
    Outcome outcome = compile("two.c -o two.img");
    EXPECT_EQ(outcome.exit_code, 0); /* it need not come to that */
    EXPECT_NE(outcome.output.find("fork always fails"), std::string::npos) << outcome.output;
#ifdef DENALI_COMMAND
    EXPECT_EQ(run(DENALI_COMMAND " boot " + folder + "/two.img").exit_code, 3);
#endif
    for (const char *header : {"pthread.h", "threads.h", "semaphore.h", "spawn.h"}) {
        write("threads.c", std::string("#include <") + header + ">\nint main(void) { }\n");
        outcome = compile("threads.c -o threads.img");
        EXPECT_NE(outcome.exit_code, 0);
        EXPECT_NE(outcome.output.find("Denali machines have no"), std::string::npos) << header;
    }
}

TEST_F(GuestImage, FailsWithTheCompilersMessageOnBadSource)
{
    write("bad.c", "int main(void) { return undeclared; }\n");
    Outcome outcome = compile("bad.c -o bad.img");
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_NE(outcome.output.find("bad.c:1:"), std::string::npos) << outcome.output;
    EXPECT_FALSE(std::filesystem::exists(folder + "/bad.img"));
}

TEST_F(GuestImage, WrongUseOfTheCompilerIsOneLineAndExitCodeTwo)
{
    write("hello.c", kHello);
    for (const char *arguments : {"", "--stack=12 hello.c", "--stack=lots hello.c", "hello.c -o"}) {
        Outcome outcome = compile(arguments);
        EXPECT_EQ(outcome.exit_code, 2) << arguments;
        EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1)
            << outcome.output;
    }
    Outcome outcome = run("DENALI_KIT=/nowhere " DENALI_BINARY_DIR "/denali-cc hello.c");
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_NE(outcome.output.find("build-kit"), std::string::npos) << outcome.output;
}

TEST(GuestLibraries, UseNoInstructionOutsideTheIsa)
{
    Outcome outcome =
        run(DENALI_GUEST_DIR "/check-isa " DENALI_KIT_DIR "/lib/libc.a " DENALI_KIT_DIR
                             "/lib/libm.a " DENALI_KIT_DIR "/lib/libilwaco.a");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
}

TEST(GuestLibraries, CheckFindsEachKindOfExcludedInstruction)
{
    for (const char *instruction :
         {"fprem", "fpatan", "fnstenv (%eax)", "cpuid", "movaps %xmm0, %xmm1", "paddb %mm0, %mm1",
          "int $3", "fscale"}) {
        std::string object = testing::TempDir() + "/excluded.o";
        Outcome made = run(std::string("echo '") + instruction + "' | as --32 -o " + object + " -");
        ASSERT_EQ(made.exit_code, 0) << made.output;
        EXPECT_EQ(run(DENALI_GUEST_DIR "/check-isa " + object).exit_code, 1) << instruction;
    }
}

/* The text between a line that begins a block of the manual and the one that ends it, without the
 * indentation of its first line. */
std::string manual_block(const std::string &language)
{
    std::ifstream manual(DENALI_SOURCE_DIR "/docs/guest-kit.md");
    std::string line, block;
    size_t indent = std::string::npos;
    while (std::getline(manual, line)) {
        size_t mark = line.find("```");
        if (indent == std::string::npos) {
            if (mark != std::string::npos && line.substr(mark + 3) == language)
                indent = mark;
        } else if (mark != std::string::npos) {
            return block;
        } else {
            block += line.substr(std::min(indent, line.size())) + "\n";
        }
    }
    return "";
}

/* docs/guest-kit.md promises that its program compiles here and there. */
TEST_F(GuestImage, TheProgramOfTheManualCompilesForTheHostAndForTheMachine)
{
    write("ping-pong.c", manual_block("c"));
    Outcome host = run("cd " + folder + " && gcc -Wall -Wextra ping-pong.c -o ping-pong");
    EXPECT_EQ(host.exit_code, 0);
    EXPECT_EQ(host.output, "");
    EXPECT_EQ(run(folder + "/ping-pong").exit_code, 2);
    Outcome guest = compile("-Wall -Wextra ping-pong.c -o ping-pong.img");
    EXPECT_EQ(guest.exit_code, 0);
    EXPECT_EQ(guest.output, "");
}

#ifdef DENALI_COMMAND
const char *const kShow = R"(
#include <stdio.h>
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], i == 1 ? "r+" : "r");
        if (!file)
            return perror(argv[i]), 1;
        for (int c; (c = getc(file)) != EOF;)
            putchar(c);
        if (i == 1 && (fputs("mine", file) < 0 || fclose(file) != 0))
            return 2;
    }
    return 0;
}
)";

TEST_F(GuestImage, SeesTheFilesOfItsScenarioAndTheRunDirectoryKeepsThem)
{
    write("show.c", kShow);
    std::filesystem::create_directories(folder + "/site/sub");
    write("site/sub/page", std::string(9000, 'p'));
    write("show.yaml", "general: {duration: 1s}\ngroups:\n- {name: a, image: show.img, count: 3,"
                       " network: none,\n   arguments: [/etc/motd, /www/sub/page, /etc/motd],"
                       "\n   files: [{path: /etc/motd, text: \"hello\\n\"},"
                       " {path: /www, from: site}]}\n"
                       "expectations: [{metric: run.nodes_failed, equals: 0}]\n");
    ASSERT_EQ(compile("show.c -o show.img").exit_code, 0);
    Outcome outcome = run("cd " + folder + " && " DENALI_COMMAND " run show.yaml --out one");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    std::vector<char> console = read("one/nodes/a-2/console.log");
    EXPECT_EQ(std::string(console.begin(), console.end()),
              "hello\n" + std::string(9000, 'p') + "hello\nmine");
    /* The run directory needs nothing else. */
    std::filesystem::remove_all(folder + "/site");
    outcome = run("cd " + folder +
                  " && " DENALI_COMMAND " run one/scenario.yaml --out two && "
                  "grep digest one/summary.json two/summary.json | cut -d: -f3 | uniq | wc -l");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("\n1\n"), std::string::npos) << outcome.output;
}

TEST_F(GuestImage, SeesTheFilesThatBootIsGiven)
{
    write("show.c", kShow);
    write("motd", "hello\n");
    ASSERT_EQ(compile("show.c -o show.img").exit_code, 0);
    std::string boot = "cd " + folder + " && " DENALI_COMMAND " boot show.img ";
    Outcome outcome = run(boot + "--file /a=motd --file /b/c=show.c -- /a /b/c");
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.output, "hello\n" + std::string(kShow));
    for (const char *file : {"/a", "=motd", "a=motd", "/a=absent", "/a/../b=motd", "/=motd"}) {
        outcome = run(boot + "--file " + file);
        EXPECT_EQ(outcome.exit_code, 2) << file;
        EXPECT_NE(outcome.output.find("--file"), std::string::npos) << outcome.output;
        EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1);
    }
}

TEST_F(GuestImage, IsToldWhenADiskHoldsNoArchive)
{
    write("show.c", kShow);
    write("a", "text");
    ASSERT_EQ(run("cd " + folder +
                  " && tar --format=ustar -cf broken.tar a && "
                  "printf '%600s' x | dd of=broken.tar bs=1024 seek=1 conv=notrunc status=none")
                  .exit_code,
              0);
    write("show.yaml", "general: {duration: 1s}\ngroups:\n- {name: a, image: show.img,"
                       " network: none,\n"
                       "   arguments: [/etc/motd, /mnt/b],\n"
                       "   files: [{path: /etc/motd, text: \"hello\\n\"}],\n"
                       "   disks: [{name: d, image: broken.tar, mount: /mnt}]}\n"
                       "expectations: [{metric: run.nodes_failed, equals: 1}]\n");
    ASSERT_EQ(compile("show.c -o show.img").exit_code, 0);
    Outcome outcome = run("cd " + folder + " && " DENALI_COMMAND " run show.yaml --out one");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    std::vector<char> text = read("one/nodes/a/console.log");
    std::string console(text.begin(), text.end());
    EXPECT_NE(console.find("disk d cannot be mounted at /mnt"), std::string::npos) << console;
    EXPECT_NE(console.find("at its byte 1024 cannot"), std::string::npos) << console;
    EXPECT_NE(console.find("hello\n"), std::string::npos) << "other paths work: " << console;
    EXPECT_NE(console.find("/mnt/b: I/O error"), std::string::npos) << console;
}

TEST_F(GuestImage, TheScenarioOfTheManualMeetsItsExpectations)
{
    write("ping-pong.c", manual_block("c"));
    write("ping-pong.yaml", manual_block("yaml"));
    ASSERT_EQ(compile("ping-pong.c -o ping-pong.img").exit_code, 0);
    Outcome outcome = run("cd " + folder + " && " DENALI_COMMAND " run ping-pong.yaml --out run");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    std::vector<char> console = read("run/nodes/client/console.log");
    EXPECT_EQ(std::count(console.begin(), console.end(), '\n'), 10);
}
#endif

TEST(GuestKit, HasNothingToDoTheSecondTime)
{
    Outcome outcome = run(DENALI_GUEST_DIR "/build-kit " DENALI_KIT_DIR);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.output, "");
}

} // namespace
