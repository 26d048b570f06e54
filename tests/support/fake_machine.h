// A machine that is nothing but its devices' surroundings: some memory, a clock that the test
// sets, an interrupt mask, and a record of what the devices asked for. It knows no processor.
#pragma once

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

extern "C" {
#include <base/assert.h>
#include <base/time.h>
#include <devices/device.h>
}

namespace support
{

struct Observation {
    std::string name;
    uint32_t kind;
    double value;
};

struct Disk {
    std::string name;
    std::vector<uint8_t> bytes; // whole blocks
    bool read_only = false;
    uint64_t latency_ns = 1000;
    uint64_t transfer_ns = 100;
    bool queued = false;
    uint64_t interval_ns = 0;
};

class FakeMachine
{
  public:
    static constexpr uint32_t kMemoryBytes = 0x20000;
    static constexpr uint32_t kScreenWidth = 160;
    static constexpr uint32_t kScreenHeight = 120;
    static constexpr uint32_t kMemoryStart = 0x2000; // page 0 and the register page are not memory

    FakeMachine() : memory(kMemoryBytes)
    {
        for (uint32_t i = 0; i < DEV_COUNT; i++) {
            envs[i] = {&ops(), this, i};
            states[i].assign((dev_table[i]->state_bytes + 7) / 8, 0);
            deadlines_ns[i] = TIME_NEVER;
            dev_table[i]->init(states[i].data(), &envs[i]);
        }
        register_env = {&ops(), this, UINT32_MAX};
        boot.text = boot_text.data();
        boot.size_bytes = static_cast<uint32_t>(boot_text.size());
        boot.argument_count = 2;
        boot.environment_count = 1;
    }
    ~FakeMachine()
    {
        for (uint32_t i = 0; i < DEV_COUNT; i++) {
            dev_table[i]->fini(states[i].data());
        }
    }
    FakeMachine(const FakeMachine &) = delete;
    FakeMachine &operator=(const FakeMachine &) = delete;

    void *state(uint32_t device)
    {
        return states[device].data();
    }

    // What the bus does: the port's device and width decide, then the device.
    dev_result out(uint16_t port, uint32_t width, uint32_t value)
    {
        uint32_t device = 0;
        const dev_region *region = nullptr;
        const dev_ops *model = dev_find_port(port, &device, &region);
        if (!model || region->out_bytes == 0 || region->out_bytes != width) {
            return DEV_NO_REGISTER;
        }
        return model->write(state(device), &envs[device], port, value);
    }
    dev_result in(uint16_t port, uint32_t width, uint32_t *value)
    {
        uint32_t device = 0;
        const dev_region *region = nullptr;
        const dev_ops *model = dev_find_port(port, &device, &region);
        if (!model || region->in_bytes == 0 || region->in_bytes != width) {
            return DEV_NO_REGISTER;
        }
        return model->read(state(device), &envs[device], port, value);
    }
    void reset(uint32_t device)
    {
        dev_table[device]->reset(state(device), &envs[device]);
    }

    // Moves the clock, firing device events on the way, in time order.
    const dev_env *env(uint32_t device) const
    {
        return &envs[device];
    }
    void advance_to(uint64_t time_ns)
    {
        for (;;) {
            uint32_t next = DEV_COUNT;
            for (uint32_t i = 0; i < DEV_COUNT; i++) {
                if (deadlines_ns[i] != TIME_NEVER && deadlines_ns[i] <= time_ns &&
                    (next == DEV_COUNT || deadlines_ns[i] < deadlines_ns[next])) {
                    next = i;
                }
            }
            if (next == DEV_COUNT) {
                break;
            }
            now_ns = deadlines_ns[next] > now_ns ? deadlines_ns[next] : now_ns;
            deadlines_ns[next] = TIME_NEVER;
            dev_table[next]->event(state(next), &envs[next]);
        }
        now_ns = time_ns;
    }

    std::vector<uint8_t> save(uint32_t device)
    {
        writer writer;
        writer_init(&writer);
        dev_table[device]->save(state(device), &writer);
        std::vector<uint8_t> bytes(writer.bytes, writer.bytes + writer.size_bytes);
        writer_fini(&writer);
        return bytes;
    }
    // True if the bytes were taken, all of them.
    bool load(uint32_t device, const std::vector<uint8_t> &bytes)
    {
        reader reader;
        reader_init(&reader, bytes.data(), bytes.size());
        dev_table[device]->load(state(device), &envs[device], &reader);
        return !reader.failed && reader_left(&reader) == 0;
    }

    bool lacks()
    {
        begins_anew = begins_anew || there == 0;
        there--;
        return begins_anew;
    }
    bool is_memory(uint32_t address, uint32_t size_bytes) const
    {
        return address >= kMemoryStart &&
               static_cast<uint64_t>(address) + size_bytes <= kMemoryBytes;
    }
    // Where the test itself puts and gets, it is a mistake of the test to leave memory.
    template <typename T> void put(uint32_t address, const T &value)
    {
        ASSERT(static_cast<uint64_t>(address) + sizeof value <= kMemoryBytes);
        std::memcpy(memory.data() + address, &value, sizeof value);
    }
    template <typename T> T get(uint32_t address) const
    {
        T value;
        ASSERT(static_cast<uint64_t>(address) + sizeof value <= kMemoryBytes);
        std::memcpy(&value, memory.data() + address, sizeof value);
        return value;
    }
    void put_text(uint32_t address, const std::string &text)
    {
        std::memcpy(memory.data() + address, text.data(), text.size());
    }

    std::vector<uint8_t> memory;
    uint64_t now_ns = 0;
    uint32_t irq_pending = 0;
    uint32_t irq_delivered = 0;
    uint32_t irq_handler = 0;
    bool irq_enabled = false;
    std::set<uint32_t> absent; // devices that this machine has not got
    uint64_t entropy_key = 0x5eed;
    uint64_t cpu_hz = 0x1'0000'0002;
    uint32_t stores_left = UINT32_MAX; // stores beyond this fail, as at a private-page limit
    uint32_t there = UINT32_MAX;       // after so many accesses one finds its page absent
    bool begins_anew = false;          // it did
    uint64_t deadlines_ns[DEV_COUNT];
    dev_env envs[DEV_COUNT];
    dev_env register_env;
    std::vector<uint8_t> boot_text = {'a', '\0', 'b', 'c', '\0', 'X', '=', '1', '\0'};
    dev_boot boot;
    std::vector<std::vector<uint8_t>> frames_sent;
    uint64_t frames_taken_bytes = 0;
    std::vector<uint32_t> frames_refused;
    std::string console;
    std::vector<uint16_t> supervised; // ports of what a supervisor asked
    std::vector<Observation> observations;
    std::vector<Disk> disks = {{"first", std::vector<uint8_t>(8 * ABI_DISK_BLOCK_BYTES)},
                               {"second", std::vector<uint8_t>(ABI_DISK_BLOCK_BYTES), true}};
    struct DiskBegun {
        uint64_t block;
        bool write;
        uint32_t ticket;
    };
    std::vector<DiskBegun> disk_begun;      // of queued disks
    uint32_t disk_writes_left = UINT32_MAX; // writes beyond this fail, as at a limit of disk bytes

  private:
    static FakeMachine &self(void *host)
    {
        return *static_cast<FakeMachine *>(host);
    }
    static const dev_host_ops &ops();

    std::vector<uint64_t> states[DEV_COUNT];
};

inline const dev_host_ops &FakeMachine::ops()
{
    static const uint8_t mac[6] = {2, 0, 0, 0, 1, 7};
    static const dev_host_ops table = [] {
        dev_host_ops t = {};
        t.now_ns = [](void *h) { return self(h).now_ns; };
        t.interrupt = [](void *h, uint32_t kinds) { self(h).irq_pending |= kinds; };
        t.interrupt_pending = [](void *h) { return self(h).irq_pending; };
        t.interrupt_clear = [](void *h, uint32_t kinds) { self(h).irq_pending &= ~kinds; };
        t.interrupt_delivered = [](void *h) { return self(h).irq_delivered; };
        t.interrupt_enabled = [](void *h) { return self(h).irq_enabled; };
        t.interrupt_enable = [](void *h, bool enabled) { self(h).irq_enabled = enabled; };
        t.interrupt_handler = [](void *h) { return self(h).irq_handler; };
        t.interrupt_handler_set = [](void *h, uint32_t a) { self(h).irq_handler = a; };
        t.begins_anew = [](void *h) { return self(h).begins_anew; };
        t.memory_load = [](void *h, uint32_t address, void *bytes, uint32_t size_bytes) {
            if (self(h).lacks() || !self(h).is_memory(address, size_bytes)) {
                return false;
            }
            std::memcpy(bytes, self(h).memory.data() + address, size_bytes);
            return true;
        };
        t.memory_store = [](void *h, uint32_t address, const void *bytes, uint32_t size_bytes) {
            if (self(h).lacks()) {
                return false;
            }
            if (!self(h).is_memory(address, size_bytes) || self(h).stores_left == 0) {
                // The store after a refused one goes to a page that is private already.
                self(h).stores_left = UINT32_MAX;
                return false;
            }
            self(h).stores_left--;
            std::memcpy(self(h).memory.data() + address, bytes, size_bytes);
            return true;
        };
        t.event_at = [](void *h, uint32_t device, uint64_t time_ns) {
            self(h).deadlines_ns[device] = time_ns;
        };
        t.supervise = [](void *h, uint16_t port, void *descriptor, void *list) {
            self(h).supervised.push_back(port);
            uint32_t listed = 0;
            if (port == ABI_PORT_SUPERVISOR_QUESTION) {
                auto *question = static_cast<abi_supervisor_question *>(descriptor);
                question->sequence = 7;
                question->candidate_count = 3;
                for (; listed < question->list_capacity && listed < 3; listed++) {
                    static_cast<uint32_t *>(list)[listed] = 10 + listed;
                }
            } else if (port == ABI_PORT_SUPERVISOR_GATE) {
                auto *gate = static_cast<abi_supervisor_gate *>(descriptor);
                gate->waiting_count = 3;
                for (; listed < gate->list_capacity && listed < 3; listed++) {
                    static_cast<abi_supervisor_waiting *>(list)[listed] = {20 + listed, 0,
                                                                           4096u << listed};
                }
            } else if (port == ABI_PORT_SUPERVISOR_TAKE) {
                auto *take = static_cast<abi_supervisor_take *>(descriptor);
                take->left_blocks = 0;
                for (uint32_t i = 0; i < take->list_count; i++) {
                    take->left_blocks +=
                        static_cast<abi_supervisor_taken_from *>(list)[i].block_count;
                }
            } else if (port == ABI_PORT_SUPERVISOR_CONTROL) {
                static_cast<abi_supervisor_control *>(descriptor)->status = 99;
            }
            return listed;
        };
        t.device_present = [](void *h, uint32_t device) { return !self(h).absent.count(device); };
        t.entropy_key = [](void *h) { return self(h).entropy_key; };
        t.screen_size = [](void *, uint32_t *width, uint32_t *height) {
            *width = kScreenWidth;
            *height = kScreenHeight;
        };
        t.frame_taken = [](void *h, uint32_t size_bytes) {
            self(h).frames_taken_bytes += size_bytes;
        };
        t.cpu_hz = [](void *h) { return self(h).cpu_hz; };
        t.memory_bytes = [](void *) { return kMemoryBytes; };
        t.node_index = [](void *) { return 7u; };
        t.node_count = [](void *) { return 1000u; };
        t.mac = [](void *) { return mac; };
        t.boot = [](void *h) { return static_cast<const dev_boot *>(&self(h).boot); };
        t.frame_send = [](void *h, const uint8_t *bytes, uint32_t size_bytes) {
            self(h).frames_sent.emplace_back(bytes, bytes + size_bytes);
        };
        t.console_write = [](void *h, const uint8_t *bytes, uint32_t size_bytes) {
            self(h).console.append(reinterpret_cast<const char *>(bytes), size_bytes);
        };
        t.observe = [](void *h, const char *name, uint32_t kind, double value) {
            self(h).observations.push_back({name, kind, value});
        };
        t.disk_info = [](void *h, uint32_t disk, dev_disk_info *info) {
            if (disk >= self(h).disks.size()) {
                return false;
            }
            const Disk &d = self(h).disks[disk];
            *info = {d.name.c_str(), d.read_only,   d.bytes.size() / ABI_DISK_BLOCK_BYTES,
                     d.latency_ns,   d.transfer_ns, d.interval_ns,
                     d.queued};
            return true;
        };
        t.disk_read = [](void *h, uint32_t disk, uint64_t block) -> const uint8_t * {
            const Disk &d = self(h).disks[disk];
            ASSERT((block + 1) * ABI_DISK_BLOCK_BYTES <= d.bytes.size());
            return d.bytes.data() + block * ABI_DISK_BLOCK_BYTES;
        };
        t.disk_write = [](void *h, uint32_t disk, uint64_t block, const uint8_t *bytes) {
            Disk &d = self(h).disks[disk];
            ASSERT(!d.read_only && (block + 1) * ABI_DISK_BLOCK_BYTES <= d.bytes.size());
            if (self(h).disk_writes_left == 0) {
                return false;
            }
            self(h).disk_writes_left--;
            std::memcpy(d.bytes.data() + block * ABI_DISK_BLOCK_BYTES, bytes, ABI_DISK_BLOCK_BYTES);
            return true;
        };
        t.disk_begin = [](void *h, uint32_t disk, uint64_t block, bool write, uint32_t ticket) {
            ASSERT(disk < self(h).disks.size() && self(h).disks[disk].queued);
            self(h).disk_begun.push_back({block, write, ticket});
        };
        t.generation = [](void *) { return 6u; };
        t.frame_refused = [](void *h, uint32_t size_bytes) {
            self(h).frames_refused.push_back(size_bytes);
        };
        return t;
    }();
    return table;
}

} // namespace support
