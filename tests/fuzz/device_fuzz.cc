// Fuzz target: a hostile guest and network at the devices' doors. The input is a sequence of
// operations; whatever they are, nothing may crash, a refused operation changes neither memory nor
// any device, and save, load, save gives the same bytes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "support/fake_machine.h"

using support::FakeMachine;

namespace
{

class Input
{
  public:
    Input(const uint8_t *data, size_t size_bytes)
    {
        reader_init(&reader, data, size_bytes);
    }
    bool more() const
    {
        return reader_left(&reader) > 0;
    }
    uint8_t u8()
    {
        return read_u8(&reader);
    }
    uint16_t u16()
    {
        return read_u16(&reader);
    }
    uint32_t u32()
    {
        return read_u32(&reader);
    }
    std::vector<uint8_t> bytes(size_t size_bytes)
    {
        size_t left = reader_left(&reader);
        std::vector<uint8_t> result(size_bytes < left ? size_bytes : left);
        read_bytes(&reader, result.data(), result.size());
        return result;
    }

  private:
    struct reader reader;
};

void require(bool condition, const char *what)
{
    if (!condition) {
        std::fprintf(stderr, "device_fuzz: %s\n", what);
        std::abort();
    }
}

uint16_t port_of(uint8_t choice)
{
    static const uint16_t ports[] = {
        ABI_PORT_CONSOLE_BYTE, ABI_PORT_CONSOLE_WRITE, ABI_PORT_NIC_SEND,    ABI_PORT_NIC_RECEIVE,
        ABI_PORT_TIMER,        ABI_PORT_OBSERVE,       ABI_PORT_ENTROPY,     ABI_PORT_KEYBOARD,
        ABI_PORT_FRAMEBUFFER,  ABI_PORT_DISK_INFO,     ABI_PORT_DISK_SUBMIT, ABI_PORT_DISK_COMPLETE,
        ABI_PORT_PCNET_DATA,   ABI_PORT_PCNET_ADDRESS};
    return choice < sizeof ports / sizeof ports[0] ? ports[choice] : choice;
}

void port_out(FakeMachine &machine, Input &input)
{
    uint16_t port = port_of(input.u8());
    uint32_t value = input.u32();
    uint32_t device;
    const dev_region *region;
    if (!dev_find_port(port, &device, &region)) {
        return;
    }
    std::vector<uint8_t> memory = machine.memory;
    std::vector<uint8_t> state = machine.save(device);
    size_t outputs =
        machine.frames_sent.size() + machine.console.size() + machine.observations.size();
    if (machine.out(port, region->out_bytes, value) != DEV_DONE) {
        require(machine.memory == memory, "a refused operation changed memory");
        require(machine.save(device) == state, "a refused operation changed the device");
        require(machine.frames_sent.size() + machine.console.size() + machine.observations.size() ==
                    outputs,
                "a refused operation let something out");
    }
}

// A request that may be good, and one completion: what is done is done whole.
void ask_disk(FakeMachine &machine, const abi_disk_request &request)
{
    const uint32_t descriptor = 0x3000;
    machine.put(descriptor, request);
    machine.out(ABI_PORT_DISK_SUBMIT, 4, descriptor);
    auto *disk = static_cast<dev_disk *>(machine.state(DEV_DISK));
    require(disk->count <= ABI_DISK_REQUESTS_MAX, "more requests than the queue holds");
    require(disk->done_count <= disk->count, "more requests done than asked for");
    require((disk->requests == nullptr) == (disk->count == 0), "an empty queue held memory");
    if (request.tag % 2) {
        uint32_t done_before = disk->done_count;
        require(machine.out(ABI_PORT_DISK_COMPLETE, 4, descriptor) == DEV_DONE ||
                    disk->done_count == done_before,
                "a refused completion was collected");
        uint32_t status = machine.get<abi_disk_completion>(descriptor).status;
        require(done_before == disk->done_count || status != ABI_DISK_NONE,
                "a request vanished without a status");
    }
}

void save_and_load(FakeMachine &machine)
{
    for (uint32_t device = 0; device < DEV_COUNT; device++) {
        std::vector<uint8_t> saved = machine.save(device);
        FakeMachine other;
        require(other.load(device, saved), "a saved state was not taken back");
        require(other.save(device) == saved, "save, load, save gave other bytes");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    FakeMachine machine;
    dev_registers registers = {};
    Input input(data, size_bytes);
    uint32_t value;

    for (int steps = 0; input.more() && steps < 300; steps++) {
        switch (input.u8() % 16) {
        case 0:
            port_out(machine, input);
            break;
        case 1: {
            uint16_t port = port_of(input.u8());
            machine.in(port, port < ABI_PORT_PCNET_DATA ? 4 : 2, &value);
            break;
        }
        case 2: {
            uint32_t address = input.u32() % (FakeMachine::kMemoryBytes - 0x1000);
            std::vector<uint8_t> bytes = input.bytes(input.u16() % 0x1000);
            std::copy(bytes.begin(), bytes.end(), machine.memory.begin() + address);
            break;
        }
        case 3: {
            std::vector<uint8_t> frame(input.u16() % 2000, 0x5a);
            dev_nic_deliver(static_cast<dev_nic *>(machine.state(DEV_NIC)), &machine.envs[DEV_NIC],
                            frame.data(), static_cast<uint32_t>(frame.size()));
            dev_pcnet_deliver(static_cast<dev_pcnet *>(machine.state(DEV_PCNET)),
                              &machine.envs[DEV_PCNET], frame.data(),
                              static_cast<uint32_t>(frame.size()));
            break;
        }
        case 4: {
            std::vector<uint8_t> typed(input.u16() % 5000, 'k');
            dev_console_input(static_cast<dev_console *>(machine.state(DEV_CONSOLE)),
                              &machine.envs[DEV_CONSOLE], typed.data(),
                              static_cast<uint32_t>(typed.size()));
            break;
        }
        case 5:
            machine.advance_to(machine.now_ns + input.u32());
            break;
        case 6:
            machine.reset(input.u8() % DEV_COUNT);
            break;
        case 7:
            save_and_load(machine);
            break;
        case 8: {
            uint32_t device = input.u8() % DEV_COUNT;
            std::vector<uint8_t> bytes = input.bytes(input.u16() % 4096);
            if (machine.load(device, bytes)) {
                require(machine.save(device) == bytes, "a state taken was not canonical");
            }
            break;
        }
        case 9:
            dev_registers_read(&registers, &machine.register_env, input.u16(), &value);
            break;
        case 10: {
            uint32_t offset = input.u16();
            dev_registers_write(&registers, &machine.register_env, offset, input.u32());
            break;
        }
        case 11:
            machine.stores_left = input.u8() % 3;
            break;
        case 12: {
            uint16_t event = input.u16();
            dev_keyboard_event(static_cast<dev_keyboard *>(machine.state(DEV_KEYBOARD)),
                               &machine.envs[DEV_KEYBOARD], event & 0x1ff, event >> 15);
            break;
        }
        case 14: {
            abi_disk_request request = {input.u8() % 3u, input.u8() % 3u, input.u8() % 9u,
                                        input.u32() % FakeMachine::kMemoryBytes, input.u8()};
            ask_disk(machine, request);
            break;
        }
        case 15:
            machine.disk_writes_left = input.u8() % 3;
            break;
        case 13: {
            auto *screen = static_cast<dev_framebuffer *>(machine.state(DEV_FRAMEBUFFER));
            std::vector<uint8_t> rgb(3 * FakeMachine::kScreenWidth);
            for (uint32_t y = 0; screen->picture && y < screen->picture->height; y++) {
                dev_framebuffer_row(screen, &machine.envs[DEV_FRAMEBUFFER], y, rgb.data());
            }
            break;
        }
        }
    }
    save_and_load(machine);
    return 0;
}
