/* For tests of emu: worlds from YAML text and test guests, and what came of them. */
#ifndef DENALI_TESTS_EMU_WORLD_FIXTURE_H
#define DENALI_TESTS_EMU_WORLD_FIXTURE_H

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

extern "C" {
#include <emu/world.h>
}

inline std::string GuestPath(const std::string &name)
{
    return std::string(DENALI_BINARY_DIR) + "/tests/emu/guests/" + name + ".img";
}

/* A world and the scenario it was made from, with everything its sink was told. */
class TestWorld
{
  public:
    explicit TestWorld(const std::string &yaml, const char *engine = nullptr, uint32_t jobs = 1)
    {
        struct error error = ERROR_INIT;
        struct scn_file *file = nullptr;
        enum status status = scn_open_text(&file, "./test.yaml", yaml.c_str(), yaml.size(), &error);
        if (!status) {
            status = scn_resolve(file, &scenario_, &error);
        }
        scn_close(file);
        struct emu_world_options options = {};
        options.engine = engine ? vcpu_engine_find(engine) : nullptr;
        options.jobs = jobs;
        options.memory_limit_bytes = 256u << 20;
        options.sink = {this, Note, Console, nullptr, Trace};
        if (!status) {
            status = emu_world_create(scenario_, &options, &world_, &error);
        }
        EXPECT_EQ(status, STATUS_OK) << error.file << ":" << error.line << ": " << error.message;
        if (status) {
            std::abort(); /* nothing that follows makes sense */
        }
    }

    ~TestWorld()
    {
        emu_world_destroy(world_);
        scn_scenario_destroy(scenario_);
    }

    TestWorld(const TestWorld &) = delete;
    TestWorld &operator=(const TestWorld &) = delete;

    void Run(uint64_t until_ns)
    {
        struct error error = ERROR_INIT;
        EXPECT_EQ(emu_world_run(world_, until_ns, &error), STATUS_OK) << error.message;
    }

    struct emu_node_report Report(uint32_t node = 0) const
    {
        struct emu_node_report report;
        emu_world_node_report(world_, node, &report);
        return report;
    }

    std::vector<uint8_t> Save()
    {
        size_t size_bytes = 0;
        uint8_t *state = emu_world_state_save(world_, &size_bytes);
        std::vector<uint8_t> bytes(state, state + size_bytes);
        free(state);
        return bytes;
    }

    enum status Load(const std::vector<uint8_t> &bytes)
    {
        struct error error = ERROR_INIT;
        return emu_world_state_load(world_, bytes.data(), bytes.size(), &error);
    }

    uint64_t Digest()
    {
        return emu_world_digest(world_);
    }

    struct emu_world *get()
    {
        return world_;
    }

    struct Told {
        uint64_t time_ns;
        uint32_t node;
        enum emu_note_kind kind;
        std::string name;
        double value;
        bool operator==(const Told &other) const = default;
    };
    std::vector<Told> notes;
    std::vector<std::string> consoles;
    std::string trace; /* of all nodes */

  private:
    static enum status Trace(void *context, uint32_t, const char *text, uint32_t size_bytes,
                             struct error *)
    {
        static_cast<TestWorld *>(context)->trace.append(text, size_bytes);
        return STATUS_OK;
    }

    static enum status Note(void *context, const struct emu_note *note, struct error *)
    {
        static_cast<TestWorld *>(context)->notes.push_back(
            {note->time_ns, note->node, note->kind,
             note->kind >= EMU_NOTE_MEASUREMENT ? note->name : "", note->value});
        return STATUS_OK;
    }

    static enum status Console(void *context, uint32_t node, const void *bytes, uint32_t size_bytes,
                               struct error *)
    {
        auto &consoles = static_cast<TestWorld *>(context)->consoles;
        if (consoles.size() <= node) {
            consoles.resize(node + 1);
        }
        consoles[node].append(static_cast<const char *>(bytes), size_bytes);
        return STATUS_OK;
    }

    struct scn_scenario *scenario_ = nullptr;
    struct emu_world *world_ = nullptr;
};

/* One machine, 100 MHz, 1 MiB. */
inline std::string OneMachine(const std::string &guest, const std::string &argument = "one")
{
    return "general: {name: test, duration: 100s}\n"
           "networks: [{name: lan, type: lan}]\n"
           "groups:\n- {name: machine, image: " +
           GuestPath(guest) +
           ", count: 1, network: lan, memory: 1MiB, cpu_hz: 100MHz, arguments: [" + argument +
           "]}\n";
}

/* Frames that a node lost for that cause. */
inline uint64_t Drops(const struct emu_node_report &report, const std::string &cause)
{
    const char *names[EMU_DROPS_MAX];
    uint32_t count = emu_drop_causes(names);
    for (uint32_t i = 0; i < count; i++) {
        if (cause == names[i]) {
            return report.drops[i];
        }
    }
    ADD_FAILURE() << "no such cause: " << cause;
    return 0;
}

/* The engines of this build. */
inline std::vector<std::string> EngineNames()
{
    std::vector<std::string> names;
    for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
        names.push_back((*engine)->name);
    }
    return names;
}

#endif
