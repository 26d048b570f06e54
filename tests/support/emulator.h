/* For tests that start programs of this build: what has to stand before a program on its command
 * line. Nothing, unless all was cross-compiled; then the emulator of that processor. */
#ifndef DENALI_TESTS_SUPPORT_EMULATOR_H
#define DENALI_TESTS_SUPPORT_EMULATOR_H

#include <chrono>
#include <string>
#include <vector>

namespace support
{

#ifdef DENALI_EMULATOR
inline std::vector<std::string> emulated(const std::string &program)
{
    return {DENALI_EMULATOR, program};
}
constexpr std::chrono::milliseconds kProgramStarts{5000};
#else
inline std::vector<std::string> emulated(const std::string &program)
{
    return {program};
}
constexpr std::chrono::milliseconds kProgramStarts{500};
#endif

} // namespace support

#endif
