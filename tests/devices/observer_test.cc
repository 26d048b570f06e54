// The observer.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

constexpr uint32_t kName = 0x4000;

class Observer : public testing::Test
{
  protected:
    FakeMachine machine;

    dev_result observe(const std::string &name, double value, uint32_t kind = 0,
                       uint32_t reserved = 0)
    {
        machine.put_text(kName, name);
        return observe_at(kName, static_cast<uint32_t>(name.size()), value, kind, reserved);
    }
    dev_result observe_at(uint32_t address, uint32_t length_bytes, double value, uint32_t kind,
                          uint32_t reserved)
    {
        abi_observation observation = {address, length_bytes, kind, reserved, 0};
        std::memcpy(&observation.value, &value, sizeof value);
        machine.put(0x3000, observation);
        return machine.out(ABI_PORT_OBSERVE, 4, 0x3000);
    }
};

TEST_F(Observer, PassesOnNameKindAndValue)
{
    EXPECT_EQ(observe("lookup.latency_ms", 12.5), DEV_DONE);
    EXPECT_EQ(observe("joined-2", -0.0, ABI_OBSERVE_MILESTONE), DEV_DONE);
    ASSERT_EQ(machine.observations.size(), 2u);
    EXPECT_EQ(machine.observations[0].name, "lookup.latency_ms");
    EXPECT_EQ(machine.observations[0].kind, ABI_OBSERVE_MEASUREMENT);
    EXPECT_EQ(machine.observations[0].value, 12.5);
    EXPECT_EQ(machine.observations[1].name, "joined-2");
    EXPECT_EQ(machine.observations[1].kind, ABI_OBSERVE_MILESTONE);
    EXPECT_TRUE(std::signbit(machine.observations[1].value));
}

TEST_F(Observer, TakesNamesOfOneByteToTheBound)
{
    EXPECT_EQ(observe("", 1), DEV_REFUSED);
    EXPECT_EQ(observe("a", 1), DEV_DONE);
    EXPECT_EQ(observe(std::string(ABI_OBSERVE_NAME_MAX, 'z'), 1), DEV_DONE);
    EXPECT_EQ(observe(std::string(ABI_OBSERVE_NAME_MAX + 1, 'z'), 1), DEV_REFUSED);
    EXPECT_EQ(machine.observations.size(), 2u);
}

TEST_F(Observer, RefusesEveryByteThatCouldBreakAFileOrATable)
{
    for (int byte = 0; byte < 256; byte++) {
        bool allowed = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= 'a' && byte <= 'z') || byte == '.' || byte == '_' || byte == '-';
        std::string name = "a?b";
        name[1] = static_cast<char>(byte);
        EXPECT_EQ(observe(name, 1), allowed ? DEV_DONE : DEV_REFUSED) << byte;
    }
}

TEST_F(Observer, RefusesValuesThatAreNotNumbers)
{
    using limits = std::numeric_limits<double>;
    EXPECT_EQ(observe("x", limits::quiet_NaN()), DEV_REFUSED);
    EXPECT_EQ(observe("x", limits::infinity()), DEV_REFUSED);
    EXPECT_EQ(observe("x", -limits::infinity()), DEV_REFUSED);
    EXPECT_EQ(observe("x", limits::max()), DEV_DONE);
    EXPECT_EQ(observe("x", limits::denorm_min()), DEV_DONE);
}

TEST_F(Observer, RefusesUnknownKindsAndReservedBits)
{
    EXPECT_EQ(observe("x", 1, 2), DEV_REFUSED);
    EXPECT_EQ(observe("x", 1, UINT32_MAX), DEV_REFUSED);
    EXPECT_EQ(observe("x", 1, 0, 1), DEV_REFUSED);
    EXPECT_TRUE(machine.observations.empty());
}

TEST_F(Observer, RefusesNamesOutsideMemory)
{
    EXPECT_EQ(observe_at(0, 4, 1, 0, 0), DEV_REFUSED);
    EXPECT_EQ(observe_at(FakeMachine::kMemoryBytes - 3, 4, 1, 0, 0), DEV_REFUSED);
    EXPECT_EQ(observe_at(0xfffffffe, 4, 1, 0, 0), DEV_REFUSED);
    EXPECT_TRUE(machine.observations.empty());
}

} // namespace
