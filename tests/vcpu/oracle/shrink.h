/*
 * From a trial on which engines differ to a small one on which they still do, for people.
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_SHRINK_H
#define DENALI_TESTS_VCPU_ORACLE_SHRINK_H

#include "vcpu/oracle/lockstep.h"

/* Leaves out whatever the difference does not need: instructions at the end and at the beginning,
 * cuts and marks, single instructions (or puts nops in their place), memory, registers, flags. The
 * trial must differ; what is returned does too, if not always in the same way. */
Trial shrunk(const Trial &trial, Engine &reference, const std::vector<Engine *> &others);

/* Instructions of the program that are neither taken out nor nops. */
unsigned size_of(const Trial &trial);

/* The trial and the first difference, for people. */
std::string report(const Trial &trial, Engine &reference, const std::vector<Engine *> &others);

#endif
