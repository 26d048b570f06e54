// Fuzz target: a hostile scenario file, and hostile overrides of it. Whatever the text, loading
// ends; what is accepted keeps the invariants that emu relies on, writes itself, and loads again to
// the same.
//
// The input is the file's text; after a NUL byte, if there is one, come assignments for --set, one
// a line.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

extern "C" {
#include "scenarios/scenario.h"
}

namespace
{

void require(bool condition, const char *what)
{
    if (!condition) {
        std::fprintf(stderr, "scenario_fuzz: %s\n", what);
        std::abort();
    }
}

scn_scenario *load(const std::string &text, const std::string &settings)
{
    struct error error = ERROR_INIT;
    scn_file *file = nullptr;
    scn_scenario *scenario = nullptr;
    enum status status = scn_open_text(&file, "fuzz/in.yaml", text.data(), text.size(), &error);
    for (size_t at = 0; status == STATUS_OK && at < settings.size();) {
        size_t end = settings.find('\n', at);
        end = end == std::string::npos ? settings.size() : end;
        status = scn_set(file, settings.substr(at, end - at).c_str(), &error);
        at = end + 1;
    }
    if (status == STATUS_OK) {
        status = scn_resolve(file, &scenario, &error);
    }
    scn_close(file);
    require((status == STATUS_OK) == (scenario != nullptr), "a scenario comes with success only");
    if (status != STATUS_OK) {
        require(error.status == status && error.message[0] != '\0', "an error says what is wrong");
        require(std::strchr(error.message, '\n') == nullptr, "an error is one line");
    }
    return scenario;
}

uint32_t address_of(void *, uint32_t node)
{
    return 0xffffffffu - node % 4; /* the longest there are */
}

void check_nodes(const scn_scenario *scenario)
{
    require(scenario->node_count >= 1 && scenario->node_count <= SCN_NODES_MAX, "node count");
    uint32_t first = 0;
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        const scn_group &group = scenario->groups[i];
        require(group.first_node == first && group.count >= 1, "groups follow each other");
        require(group.network == SCN_NETWORK_NONE || group.network < scenario->network_count,
                "a group's network exists");
        first += static_cast<uint32_t>(group.count);
        for (uint32_t node : {group.first_node, first - 1}) {
            char name[SCN_NODE_NAME_MAX];
            scn_boot_text text;
            require(scn_node_group(scenario, node) == i, "a node's group");
            scn_node_name(scenario, node, name);
            require(std::strchr(name, '/') == nullptr && name[0] != '.', "a node's name is safe");
            scn_node_boot_text(scenario, node, address_of, nullptr, &text);
            require(text.size_bytes <= SCN_BOOT_TEXT_MAX - SCN_BOOT_TEXT_FREE,
                    "the boot text fits");
        }
    }
    require(first == scenario->node_count, "the groups' nodes are all nodes");
}

std::string written(const scn_scenario *scenario)
{
    char *text = nullptr;
    size_t size_bytes = 0;
    struct error error = ERROR_INIT;
    FILE *stream = open_memstream(&text, &size_bytes);
    require(scn_write_resolved(scenario, stream, nullptr, &error) == STATUS_OK, "it writes itself");
    std::fclose(stream);
    std::string result(text, size_bytes);
    std::free(text);
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    std::string text(reinterpret_cast<const char *>(data), size_bytes);
    std::string settings;
    size_t nul = text.find('\0');
    if (nul != std::string::npos) {
        settings = text.substr(nul + 1);
        text.resize(nul);
    }
    scn_scenario *scenario = load(text, settings);
    if (scenario != nullptr) {
        check_nodes(scenario);
        std::string first = written(scenario);
        scn_scenario *again = first.size() <= SCN_BYTES_MAX ? load(first, "") : nullptr;
        if (first.size() <= SCN_BYTES_MAX) {
            require(again != nullptr, "what it writes loads");
            require(scn_scenario_equal(scenario, again), "what it writes is the same");
            require(written(again) == first, "what it writes is canonical");
        }
        scn_scenario_destroy(again);
        scn_scenario_destroy(scenario);
    }
    return 0;
}
