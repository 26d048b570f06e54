/*
 * x87 values on MPFR against the host's x87, bit for bit: every operation, every mode of the
 * control word, on operands of every class and beside every boundary. DENALI_ORACLE_SCALE
 * multiplies the number of tries (1 is 2.5 million), DENALI_ORACLE_SEED chooses others.
 */
#include <gtest/gtest.h>

#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include <mpfr.h>

#include "vcpu/x87_cases.h"

extern "C" {
#include "x87/x87_mpfr.h"
#include "x87/x87_value.h"
}

namespace
{

uint64_t FromEnvironment(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value ? strtoull(value, nullptr, 0) : otherwise;
}

const uint64_t kScale = FromEnvironment("DENALI_ORACLE_SCALE", 1);
const uint64_t kSeed = FromEnvironment("DENALI_ORACLE_SEED", 19671031);

/* All that the control word can ask for: precision (one of them reserved) by rounding. */
std::vector<uint16_t> AllModes()
{
    std::vector<uint16_t> modes;
    for (unsigned mode = 0; mode < 16; mode++) {
        modes.push_back(static_cast<uint16_t>(X87_CONTROL_FIXED | mode << 8));
    }
    return modes;
}

struct x87_value RandomValue(struct random_stream *random)
{
    struct x87_value value = {};
    X87RandomValue(random, &value.mantissa, &value.sign_exponent);
    return value;
}

/* Now and then near the first operand, so that sums cancel and comparisons are close. */
struct x87_value RandomSecond(struct random_stream *random, struct x87_value first)
{
    struct x87_value value = RandomValue(random);
    switch (random_below(random, 8)) {
    case 0: /* the same magnitude, or one bit off */
        value.mantissa = first.mantissa ^ (random_below(random, 2) ? 0 : 1);
        value.sign_exponent = first.sign_exponent;
        value.sign_exponent ^= random_below(random, 2) ? X87_SIGN_BIT : 0;
        break;
    case 1: { /* products and quotients about the ends of the extended format's range */
        unsigned bias = 16383;
        unsigned sum = random_below(random, 2) ? 3 * bias : bias;
        unsigned exponent = first.sign_exponent & X87_EXPONENT_MASK;
        unsigned other = (sum - exponent + random_below(random, 140) - 70) & X87_EXPONENT_MASK;
        value.sign_exponent = static_cast<uint16_t>((value.sign_exponent & X87_SIGN_BIT) |
                                                    (other == 0x7fff || other == 0 ? bias : other));
        value.mantissa |= X87_INTEGER_BIT;
        break;
    }
    default:
        break;
    }
    return value;
}

std::string Text(struct x87_value value)
{
    std::ostringstream text;
    text << std::hex << value.sign_exponent << ":" << value.mantissa;
    return text.str();
}

bool Same(struct x87_value a, struct x87_value b)
{
    return a.mantissa == b.mantissa && a.sign_exponent == b.sign_exponent;
}

#define OURS_AND_THE_HOSTS(ours, hosts)                                                            \
    ASSERT_TRUE(Same(ours, hosts)) << "MPFR " << Text(ours) << ", host " << Text(hosts)            \
                                   << ", seed " << kSeed << ", control " << std::hex << control

constexpr enum x87_operation kOperations[] = {X87_ADD,  X87_MUL, X87_SUB,
                                              X87_SUBR, X87_DIV, X87_DIVR};

const struct {
    enum x87_format format;
    unsigned size_bytes;
} kFormats[] = {{X87_F32, 4}, {X87_F64, 8}, {X87_I16, 2}, {X87_I32, 4}, {X87_I64, 8}};

uint64_t RandomBits(struct random_stream *random, unsigned size_bytes)
{
    uint64_t bits = 0;
    X87RandomOperand(random, size_bytes, reinterpret_cast<uint8_t *>(&bits));
    return bits;
}

/* Two threads, each with a range of its own, could not compute side by side otherwise. */
TEST(X87Mpfr, TheLibraryKeepsItsStateByThread)
{
    EXPECT_NE(mpfr_buildopt_tls_p(), 0);
}

TEST(X87Mpfr, CombinesAsTheProcessorDoes)
{
    for (enum x87_operation operation : kOperations) {
        struct random_stream random;
        random_init(&random, kSeed, ("combine" + std::to_string(operation)).c_str());
        for (uint16_t control : AllModes()) {
            for (uint64_t round = 0; round < 4000 * kScale; round++) {
                struct x87_value a = RandomValue(&random);
                struct x87_value b = RandomSecond(&random, a);
                struct x87_value ours = x87_mpfr_combine(operation, a, b, control);
                struct x87_value hosts = x87_value_combine(operation, a, b, control);
                OURS_AND_THE_HOSTS(ours, hosts)
                    << ", operation " << operation << ", " << Text(a) << " and " << Text(b);
            }
        }
    }
}

TEST(X87Mpfr, CombinesWithMemoryAsTheProcessorDoes)
{
    for (enum x87_operation operation : kOperations) {
        struct random_stream random;
        random_init(&random, kSeed, ("memory" + std::to_string(operation)).c_str());
        for (const auto &[format, size_bytes] : kFormats) {
            for (uint16_t control : AllModes()) {
                for (uint64_t round = 0; round < 600 * kScale; round++) {
                    struct x87_value a = RandomValue(&random);
                    uint64_t bits = RandomBits(&random, size_bytes);
                    if (format == X87_I64) {
                        continue; /* no instruction has it */
                    }
                    struct x87_value ours =
                        x87_mpfr_combine_memory(operation, a, format, bits, control);
                    struct x87_value hosts =
                        x87_value_combine_memory(operation, a, format, bits, control);
                    OURS_AND_THE_HOSTS(ours, hosts) << ", operation " << operation << ", format "
                                                    << format << ", " << Text(a) << " and " << bits;
                }
            }
        }
    }
}

TEST(X87Mpfr, TakesRootsAndRoundsAsTheProcessorDoes)
{
    struct random_stream random;
    random_init(&random, kSeed, "unary");
    for (uint16_t control : AllModes()) {
        for (uint64_t round = 0; round < 15000 * kScale; round++) {
            struct x87_value a = RandomValue(&random);
            struct x87_value ours = x87_mpfr_sqrt(a, control);
            struct x87_value hosts = x87_value_sqrt(a, control);
            OURS_AND_THE_HOSTS(ours, hosts) << ", square root of " << Text(a);
            ours = x87_mpfr_round(a, control);
            hosts = x87_value_round(a, control);
            OURS_AND_THE_HOSTS(ours, hosts) << ", frndint of " << Text(a);
        }
    }
}

TEST(X87Mpfr, LoadsAndStoresEveryFormatAsTheProcessorDoes)
{
    struct random_stream random;
    random_init(&random, kSeed, "formats");
    for (const auto &[format, size_bytes] : kFormats) {
        for (uint16_t control : AllModes()) {
            for (uint64_t round = 0; round < 4000 * kScale; round++) {
                uint64_t bits = RandomBits(&random, size_bytes);
                struct x87_value ours = x87_mpfr_from(format, bits);
                struct x87_value hosts = x87_value_from(format, bits);
                OURS_AND_THE_HOSTS(ours, hosts) << ", format " << format << " of " << bits;
                struct x87_value a = RandomValue(&random);
                ASSERT_EQ(x87_mpfr_to(format, a, control), x87_value_to(format, a, control))
                    << "seed " << kSeed << ", control " << std::hex << control << ", format "
                    << format << ", " << Text(a);
            }
        }
    }
}

TEST(X87Mpfr, ComparesAsTheProcessorDoes)
{
    struct random_stream random;
    random_init(&random, kSeed, "compare");
    for (uint64_t round = 0; round < 100000 * kScale; round++) {
        struct x87_value a = RandomValue(&random);
        struct x87_value b = RandomSecond(&random, a);
        ASSERT_EQ(x87_mpfr_compare(a, b), x87_value_compare(a, b))
            << "seed " << kSeed << ", " << Text(a) << " and " << Text(b);
    }
}

TEST(X87Mpfr, KnowsTheConstantsAsTheProcessorDoes)
{
    for (int constant = X87_ONE; constant <= X87_ZERO; constant++) {
        for (uint16_t control : AllModes()) {
            auto which = static_cast<enum x87_constant>(constant);
            struct x87_value ours = x87_mpfr_constant(which, control);
            struct x87_value hosts = x87_value_constant(which, control);
            OURS_AND_THE_HOSTS(ours, hosts) << ", constant " << constant;
        }
    }
}

/* Every class with every class: what random operands might meet too seldom. */
TEST(X87Mpfr, AgreesOnEveryPairOfClasses)
{
    std::vector<struct x87_value> values;
    for (unsigned exponent : {0x0000u, 0x0001u, 0x0002u, 0x003eu, 0x003fu, 0x0040u, 0x0041u,
                              0x3bcdu, 0x3f69u, 0x3f81u, 0x3ffeu, 0x3fffu, 0x4000u, 0x400eu,
                              0x401eu, 0x403eu, 0x407eu, 0x43feu, 0x7ffdu, 0x7ffeu, 0x7fffu}) {
        for (uint64_t mantissa :
             {0ull, 1ull, 0x4000000000000000ull, 0x8000000000000000ull, 0x8000000000000001ull,
              0x8000008000000000ull, 0x8000000000000400ull, 0xbfffffffffffffffull,
              0xc000000000000000ull, 0xc000000000000001ull, 0xffffff7fffffffffull,
              0xffffff8000000000ull, 0xfffffffffffffbffull, 0xfffffffffffffc00ull, ~0ull}) {
            for (unsigned sign : {0u, X87_SIGN_BIT}) {
                values.push_back({mantissa, static_cast<uint16_t>(sign | exponent)});
            }
        }
    }
    /* All modes over all pairs would be 40 million; a walk through the modes sees each class in
     * each of them. */
    const std::vector<uint16_t> modes = AllModes();
    size_t turn = 0;
    for (const struct x87_value &a : values) {
        for (const struct x87_value &b : values) {
            uint16_t control = modes[turn++ * 7 % modes.size()];
            enum x87_operation operation = kOperations[turn % 6];
            struct x87_value ours = x87_mpfr_combine(operation, a, b, control);
            struct x87_value hosts = x87_value_combine(operation, a, b, control);
            OURS_AND_THE_HOSTS(ours, hosts)
                << ", operation " << operation << ", " << Text(a) << " and " << Text(b);
            ASSERT_EQ(x87_mpfr_compare(a, b), x87_value_compare(a, b))
                << Text(a) << " and " << Text(b);
        }
        for (uint16_t control : modes) {
            OURS_AND_THE_HOSTS(x87_mpfr_sqrt(a, control), x87_value_sqrt(a, control)) << Text(a);
            OURS_AND_THE_HOSTS(x87_mpfr_round(a, control), x87_value_round(a, control)) << Text(a);
            for (const auto &one : kFormats) {
                ASSERT_EQ(x87_mpfr_to(one.format, a, control), x87_value_to(one.format, a, control))
                    << Text(a) << ", format " << one.format << ", control " << std::hex << control;
            }
        }
    }
}

} // namespace
