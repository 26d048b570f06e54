/*
 * A machine without devices for the oracle tests: a processor state and memory of its own, to be
 * run by any engine.
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_MACHINE_H
#define DENALI_TESTS_VCPU_ORACLE_MACHINE_H

#include <cstdint>
#include <string>
#include <vector>

extern "C" {
#include <base/codec.h>
#include <base/random.h>
#include <vcpu/engine.h>
#include <vcpu/image.h>
#include <vcpu/isa.h>
#include <vcpu/vcpu.h>
}

#include "vcpu/oracle/layout.h"

/* An arena and an image whose only content is a page of zeros at CODE. */
class Ground
{
  public:
    Ground();
    ~Ground();
    Ground(const Ground &) = delete;
    Ground &operator=(const Ground &) = delete;

    struct vcpu_arena *arena = nullptr;
    struct vcpu_image *image = nullptr;
};

class Machine
{
  public:
    explicit Machine(Ground &ground, uint32_t size_bytes = MEMORY_BYTES);
    ~Machine();
    Machine(const Machine &) = delete;
    Machine &operator=(const Machine &) = delete;

    void write(uint32_t address, const void *bytes, uint32_t size_bytes);
    std::vector<uint8_t> read(uint32_t address, uint32_t size_bytes);

    struct vcpu vcpu = {};
    struct vcpu_space space = {};
};

/* An engine of that name; nullptr if this build has none. */
class Engine
{
  public:
    explicit Engine(const char *name);
    explicit Engine(const struct vcpu_engine_ops *ops);
    ~Engine();
    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;

    struct vcpu_stop run(struct vcpu &vcpu, uint64_t budget);

    struct vcpu_engine *engine = nullptr;
};

/* What two states differ in, for people; empty if in nothing that a guest can see. Flags in
 * flags_ignored are not compared. */
std::string difference(const struct vcpu &a, const struct vcpu &b, uint32_t flags_ignored = 0);
std::string difference(const struct vcpu_stop &a, const struct vcpu_stop &b);

/* Bytes and what Capstone makes of them: "83 c0 01  add eax, 1". */
std::string disassembly(const uint8_t *bytes, size_t size_bytes, uint32_t address);

/* The state in one line each for registers and, if asked, x87. */
std::string text(const struct vcpu &vcpu, bool with_x87 = false);

/* So many tries, or few with sanitizers: those look at our code, of which a few show all. */
unsigned oracle_tries(unsigned tries);
/* DENALI_ORACLE_SCALE: multiplies the number of tries (default 1). */
unsigned oracle_scale();
/* DENALI_ORACLE_SEED: another seed (default 1). */
uint64_t oracle_seed();

/* A 32-bit value that is often a corner. */
uint32_t corner32(struct random_stream *random);

#endif
