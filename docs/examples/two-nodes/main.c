/*
 * Two machines 10 ms apart, one asking and one answering, driven from a program of one's own: the
 * world is made from a scenario in memory, goes on second by second, and is looked into between.
 *
 *     two-nodes IMAGES     the folder of guest images: pkg-config --variable=images denali
 */
#include <stdio.h>
#include <string.h>

#include <analysis/metrics.h>
#include <base/time.h>
#include <emu/world.h>

static const char scenario_text[] =
    "general: {name: two-nodes, duration: 5s}\n"
    "networks:\n"
    "- {name: internet, type: wan, delay: 10ms}\n"
    "groups:\n"
    "- {name: server, image: echo-server, network: internet}\n"
    "- name: client\n"
    "  image: echo-client\n"
    "  network: internet\n"
    "  start: 100ms\n"
    "  arguments: [--server, \"${address:server:0}\", --count, 4, --interval-ms, 900]\n";

/* What guests report goes into statistics by name. */
static enum status take_note(void *context, const struct emu_note *note, struct error *error)
{
    (void)error;
    if (note->kind == EMU_NOTE_MEASUREMENT) {
        ana_metrics_add(context, note->time_ns, TRACE_MEASUREMENT, note->name, note->value);
    }
    return STATUS_OK;
}

static enum status load(struct scn_scenario **scenario, struct error *error)
{
    struct scn_file *file = NULL;
    enum status status =
        scn_open_text(&file, "two-nodes.yaml", scenario_text, strlen(scenario_text), error);
    if (status == STATUS_OK) {
        status = scn_resolve(file, scenario, error);
    }
    scn_close(file);
    return status;
}

/* Steps the world to its end, a virtual second at a time, and says what its machines are doing. */
static enum status run(struct emu_world *world, const struct scn_scenario *scenario,
                       struct error *error)
{
    enum status status = STATUS_OK;
    for (uint64_t now_ns = 0; status == STATUS_OK && now_ns < scenario->duration_ns;) {
        now_ns += TIME_NS_PER_S;
        status = emu_world_run(world, now_ns, error);
        for (uint32_t node = 0; node < emu_world_node_count(world); node++) {
            struct emu_node_report report;
            char name[SCN_NODE_NAME_MAX];
            emu_world_node_report(world, node, &report);
            scn_node_name(scenario, node, name);
            const struct vcpu *cpu = emu_world_node_cpu(world, node);
            printf("%llu s  %-6s  %-10s  eip 0x%08x  esp 0x%08x  frames sent %llu\n",
                   (unsigned long long)(now_ns / TIME_NS_PER_S), name, report.state, cpu->eip,
                   cpu->gpr[VCPU_ESP], (unsigned long long)report.frames_sent);
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: two-nodes IMAGES\n");
        return 2;
    }
    struct error error = ERROR_INIT;
    struct scn_scenario *scenario = NULL;
    struct emu_world *world = NULL;
    struct ana_metrics *metrics = ana_metrics_create();
    const struct emu_world_options options = {
        .image_directory = argv[1],
        .sink = {.context = metrics, .note = take_note},
    };
    enum status status = load(&scenario, &error);
    if (status == STATUS_OK) {
        status = emu_world_create(scenario, &options, &world, &error);
    }
    if (status == STATUS_OK) {
        status = run(world, scenario, &error);
    }
    struct trace_statistics rtt;
    if (status == STATUS_OK && ana_metrics_find(metrics, "echo.rtt_ms", &rtt)) {
        printf("echo.rtt_ms  count %llu  min %.3f  mean %.3f  max %.3f\n",
               (unsigned long long)rtt.count, rtt.min, rtt.mean, rtt.max);
        printf("digest %016llx\n", (unsigned long long)emu_world_digest(world));
    }
    if (status != STATUS_OK) {
        char text[1024];
        error_format(&error, text, sizeof text);
        fprintf(stderr, "two-nodes: %s\n", text);
    }
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
    ana_metrics_destroy(metrics);
    return status_exit_code(status);
}
