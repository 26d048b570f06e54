/* For tests of the command: runs `denali` as a process of its own and keeps what it said. */
#ifndef DENALI_TESTS_EMU_DENALI_PROCESS_H
#define DENALI_TESTS_EMU_DENALI_PROCESS_H

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/emulator.h"
#include "support/temporary_folder.h"

struct Outcome {
    int code; /* exit code, or 1000 + the signal that ended it */
    std::string out;
    std::string err;
};

class DenaliProcess
{
  public:
    /* Starts in folder; before_exec runs in the child. */
    DenaliProcess(const support::TemporaryFolder &folder, const std::vector<std::string> &arguments,
                  const std::string &input = "", const std::function<void()> &before_exec = {})
        : folder_(folder)
    {
        folder_.write(".stdin", input);
        std::vector<std::string> words = support::emulated(DENALI_BINARY_DIR "/denali");
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char *> argv;
        for (std::string &word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        pid_ = fork();
        if (pid_ == 0) {
            if (chdir(folder_.path().c_str()) != 0) {
                _exit(126);
            }
            Redirect(".stdin", O_RDONLY, 0);
            Redirect(".stdout", O_WRONLY | O_CREAT | O_TRUNC, 1);
            Redirect(".stderr", O_WRONLY | O_CREAT | O_TRUNC, 2);
            if (before_exec) {
                before_exec();
            }
            execv(argv[0], argv.data());
            _exit(127);
        }
    }

    void Signal(int number) const
    {
        kill(pid_, number);
    }

    Outcome Wait() const
    {
        int status = 0;
        waitpid(pid_, &status, 0);
        return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
                folder_.read(".stdout"), folder_.read(".stderr")};
    }

  private:
    static void Redirect(const char *name, int flags, int descriptor)
    {
        int file = open(name, flags | O_CLOEXEC, 0600);
        if (file < 0 || dup2(file, descriptor) < 0) {
            _exit(126);
        }
    }

    const support::TemporaryFolder &folder_;
    pid_t pid_;
};

inline Outcome Denali(const support::TemporaryFolder &folder,
                      const std::vector<std::string> &arguments, const std::string &input = "",
                      const std::function<void()> &before_exec = {})
{
    return DenaliProcess(folder, arguments, input, before_exec).Wait();
}

inline std::string GuestImage(const std::string &name)
{
    return std::string(DENALI_BINARY_DIR) + "/tests/emu/guests/" + name + ".img";
}

/* Whether this build has a program of the guest kit. */
inline bool HasProgram(const std::string &name)
{
    return std::filesystem::exists(std::string(DENALI_BINARY_DIR) + "/images/" + name + ".img");
}

/* The value of "digest" in a run's summary; empty if there is none. */
inline std::string DigestOfRun(const support::TemporaryFolder &folder, const std::string &run)
{
    const std::string text = folder.read(run + "/summary.json");
    const std::string key = "\"digest\": \"";
    size_t at = text.find(key);
    return at == std::string::npos ? "" : text.substr(at + key.size(), 16);
}

/* A column of a run's nodes.csv, node by node. */
inline std::vector<std::string> NodesColumn(const support::TemporaryFolder &folder,
                                            const std::string &run, const std::string &name)
{
    std::istringstream lines(folder.read(run + "/nodes.csv"));
    std::vector<std::string> values;
    int wanted = -1;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream cells(line);
        int index = 0;
        bool is_header = wanted < 0;
        for (std::string cell; std::getline(cells, cell, ','); index++) {
            if (is_header && cell == name) {
                wanted = index;
            } else if (!is_header && index == wanted) {
                values.push_back(cell);
            }
        }
    }
    return values;
}

#endif
