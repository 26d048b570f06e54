/*
 * Where the oracle tests put things in guest memory. The host processor runs the same code on the
 * same addresses of this process, so they lie where a host lets a process map low memory.
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_LAYOUT_H
#define DENALI_TESTS_VCPU_ORACLE_LAYOUT_H

#include <cstdint>

constexpr uint32_t MEMORY_BYTES = 0x100000;
constexpr uint32_t HOST_FIRST = 0x10000; /* below this address hosts map nothing */

constexpr uint32_t CODE = 0x20000;        /* the instruction under test, and programs */
constexpr uint32_t LANDING = CODE + 0x40; /* where its jumps go */
constexpr uint32_t CODE_BYTES = 0x2000;
constexpr uint32_t DATA = 0x40000; /* what memory operands reach */
constexpr uint32_t DATA_BYTES = 0x3000;
constexpr uint32_t STACK = 0x60000;
constexpr uint32_t STACK_BYTES = 0x2000;

#endif
