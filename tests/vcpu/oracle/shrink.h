/*
 * From a trial on which engines differ to a small one on which they still do, for people.
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_SHRINK_H
#define DENALI_TESTS_VCPU_ORACLE_SHRINK_H

#include "vcpu/oracle/lockstep.h"

/* Runs a trial: what differs, or nothing. Lockstep's run, or isolated_run. */
using Runner = std::string (*)(const Trial &trial, Engine &reference,
                               const std::vector<Engine *> &others);
std::string plain_run(const Trial &trial, Engine &reference, const std::vector<Engine *> &others);

/* Leaves out whatever the difference does not need: instructions at the end and at the beginning,
 * cuts and marks, single instructions (or puts nops in their place), memory, registers, flags. The
 * trial must differ; what is returned does too, if not always in the same way. */
Trial shrunk(const Trial &trial, Engine &reference, const std::vector<Engine *> &others,
             Runner runner = plain_run);

/* Instructions of the program that are neither taken out nor nops. */
unsigned size_of(const Trial &trial);

/* The trial and the first difference, for people. */
std::string report(const Trial &trial, Engine &reference, const std::vector<Engine *> &others);
/* The trial alone. */
std::string listing(const Trial &trial);

/* What differs in the trial, shrunk; where it ends the process by a signal, in child processes. */
std::string explained(const Trial &trial, Engine &reference, const std::vector<Engine *> &others);
bool ends_the_process(const Trial &trial, Engine &reference, const std::vector<Engine *> &others);

/* DENALI_ORACLE_PROGRAM: the number of the only trial to run. False if it is not set. */
bool oracle_only(uint64_t *number);
/* The command that runs that trial of the present test alone. */
std::string how_to_repeat(uint64_t number);
/* Says so on the standard error if a signal ends the process while that trial runs. */
void tell_if_a_signal_ends(uint64_t number);

#endif
