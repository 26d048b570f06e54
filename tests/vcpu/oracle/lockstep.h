/*
 * A program on the reference engine and on others, in lockstep: the same state, memory and stops
 * after the same number of instructions, however the others' calls are cut.
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_LOCKSTEP_H
#define DENALI_TESTS_VCPU_ORACLE_LOCKSTEP_H

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vcpu/oracle/program.h"

/* Bytes that are there before the program runs. */
struct Region {
    uint32_t address;
    std::vector<uint8_t> bytes;
};

/* An instruction count at which both are compared, and then something is done to both. */
struct Mark {
    enum Action { LOOK, INTERRUPT, SNAPSHOT };
    uint64_t at;
    Action action;
};

/* Everything that a run depends on. */
struct Trial {
    Program program;
    uint32_t address = CODE;
    uint32_t entry = 0;         /* a line of the program */
    bool in_image = true;       /* else the code is written into memory, as a guest does */
    bool data_in_image = false; /* so that each page's first touch is the program's */
    std::vector<Region> memory;
    struct vcpu state = {};          /* but for eip and space */
    uint64_t length = 0;             /* instructions */
    std::vector<Mark> marks;         /* ascending; at `length` there is one more, a LOOK */
    std::vector<uint64_t> cuts;      /* ascending; where a call of the others ends, too */
    uint32_t pages_max = UINT32_MAX; /* private pages beyond those of the beginning */
    uint32_t cache_bytes = 0;        /* of translated code in a generation; 0: as many as usual */
    bool paged = false;     /* all is absent until it is wanted, and some again at each mark */
    bool companion = false; /* a machine with other registers is run by the others in between */
};

/* One machine that runs a trial. */
class Side
{
  public:
    Side(const Trial &trial, struct vcpu_arena *arena, struct vcpu_image *image);
    ~Side();
    Side(const Side &) = delete;
    Side &operator=(const Side &) = delete;

    /* Runs until it has retired so many; with engines by turns, by instruction count. Stops are
     * answered as a host would. What faults is left out: the next instruction is the next line.
     * Before each call the engine runs a little of the companion, if there is one. */
    void advance(uint64_t until, const std::vector<Engine *> &engines,
                 const std::vector<uint64_t> &cuts, Side *companion = nullptr);
    /* Runs, on that engine, until it is where the other one is: so many instructions and stops. */
    void catch_up(const Side &other, Engine &engine);
    void act(Mark::Action action);
    bool done() const
    {
        return done_;
    }

    struct vcpu vcpu = {};
    struct vcpu_space space = {};
    struct vcpu_stop stop = {};     /* the last one but for its count */
    uint64_t stops = 0;             /* hash of all but those at the end of a budget */
    uint64_t faults = 0;            /* how many */
    uint64_t retired_unchanged = 0; /* instructions while no code had been changed */
    std::string broken;             /* what of the engine contract */

    uint64_t pages = 0;  /* how many it stopped at */
    uint64_t served = 0; /* stops that were answered, but for those and for ends of budgets */
    std::function<void(const struct vcpu_need &)> at_page; /* called before it is let have it */

  private:
    void serve(const struct vcpu_stop &stop);
    void forget();

    const Trial &trial_;
    const std::vector<uint32_t> offsets_;
    bool done_ = false;
};

/* The image that a trial's machines have; to be released. */
struct vcpu_image *trial_image(const Trial &trial, struct vcpu_arena *arena);

/* A trial on the reference and on others; the trial must outlive it. */
class Lockstep
{
  public:
    Lockstep(const Trial &trial, Engine &reference, const std::vector<Engine *> &others);
    ~Lockstep();
    Lockstep(const Lockstep &) = delete;
    Lockstep &operator=(const Lockstep &) = delete;

    /* To the next mark; false if there is none, or the machine is done, or they differ. */
    bool step();
    /* All steps; returns wrong. */
    const std::string &run();

    std::unique_ptr<Side> a; /* on the reference */
    std::unique_ptr<Side> b;
    std::unique_ptr<Side> companion;
    std::string wrong; /* the first difference */
    uint64_t at = 0;   /* the instruction count of the last comparison */

  private:
    void begin(const Trial &trial);
    void end();
    std::string image_difference() const;

    const Trial &trial_;
    std::vector<Engine *> reference_, others_;
    struct vcpu_arena *arena_ = nullptr;
    struct vcpu_image *image_ = nullptr;
    size_t next_ = 0;
};

/* As Lockstep(...).run(), but in a child process: one that ends by a signal differs, too. */
std::string isolated_run(const Trial &trial, Engine &reference,
                         const std::vector<Engine *> &others);

std::string memory_difference(const Side &a, const Side &b);

/* Registers that are often corners or addresses of data, flags, and often x87 state. */
void random_state(struct random_stream *random, struct vcpu *state);

/* A random trial of that number, the same whatever came before; its programs run for up to `length`
 * instructions each. */
Trial random_trial(ProgramMaker &maker, uint64_t number, uint64_t length);

#endif
