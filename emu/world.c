/* Builds a world from a scenario, hands out its output, and answers questions about it. */
#include "world_internal.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/nearest.h>
#include <base/random.h>
#include <base/time.h>

#include "digest.h"
#include "disk.h"
#include "host/host.h"

/* --- making ----------------------------------------------------------------------------------- */

/* Four fifths of the host's memory, in whole MiB. */
static uint64_t default_memory_limit(void)
{
    uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
    return (pages * (uint64_t)sysconf(_SC_PAGESIZE) / 5 * 4) >> 20 << 20;
}

static int is_image(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".img") == 0;
}

/* The program of this build whose name is nearest, into meant; empty if none is near. */
static void nearest_image(const char *directory, const char *name, char meant[SCN_NAME_MAX + 3])
{
    struct dirent **entries = NULL;
    int count = scandir(directory ? directory : ".", &entries, is_image, alphasort);
    const char **names = alloc_zeroed(count > 0 ? (size_t)count : 1, sizeof *names);
    for (int i = 0; i < count; i++) {
        *strrchr(entries[i]->d_name, '.') = '\0';
        names[i] = entries[i]->d_name;
    }
    const char *near = nearest_word(name, names, count > 0 ? (size_t)count : 0);
    snprintf(meant, SCN_NAME_MAX + 3, "%s", near ? near : "");
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    free(names);
}

static enum status load_image(struct emu_world *world, uint32_t index, const char *directory,
                              struct error *error)
{
    const struct scn_group *group = &world->scenario->groups[index];
    char path[4096];
    if (group->image_is_path) {
        snprintf(path, sizeof path, "%s", group->image);
    } else {
        snprintf(path, sizeof path, "%s/%s.img", directory ? directory : ".", group->image);
    }
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(world->images[i]->path, path) == 0) {
            vcpu_image_retain(world->images[i]);
            world->images[index] = world->images[i];
            return STATUS_OK;
        }
    }
    struct error refused = ERROR_INIT;
    enum status status = vcpu_image_load(world->arena, path, &world->images[index], &refused);
    if (status) {
        char field[64];
        char text[sizeof refused.message + sizeof refused.file + 16];
        snprintf(field, sizeof field, "groups.%u.image", index);
        error_format(&refused, text, sizeof text);
        bool absent = status == STATUS_NOT_FOUND;
        char meant[SCN_NAME_MAX + 3] = "";
        if (absent && scn_file_beside(world->scenario, group->image)) {
            snprintf(meant, sizeof meant, "./%s", group->image);
        } else if (absent && !group->image_is_path) {
            nearest_image(directory, group->image, meant);
        }
        return scn_error_at(world->scenario, field, error, status, "groups.%s.image: %s%s%s%s%s",
                            group->name, text,
                            absent ? "; expected a path to an image, or the name of a program that "
                                     "`denali list images` shows"
                                   : "",
                            meant[0] ? "; did you mean `" : "", meant, meant[0] ? "`?" : "");
    }
    return STATUS_OK;
}

static enum status load_images(struct emu_world *world, const char *directory, struct error *error)
{
    const struct scn_scenario *scenario = world->scenario;
    world->images = alloc_zeroed(scenario->group_count, sizeof *world->images);
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        enum status status = load_image(world, i, directory, error);
        if (status) {
            return status;
        }
        struct error refused = ERROR_INIT;
        status =
            vcpu_image_check_fits(world->images[i], scenario->groups[i].memory_bytes, &refused);
        if (status) {
            char field[64];
            char text[sizeof refused.message + sizeof refused.file + 16];
            snprintf(field, sizeof field, "groups.%u.memory", i);
            error_format(&refused, text, sizeof text);
            return scn_error_at(scenario, field, error, status, "groups.%s.memory: %s",
                                scenario->groups[i].name, text);
        }
    }
    return STATUS_OK;
}

static void make_node(struct emu_world *world, uint32_t index, struct emu_node *node)
{
    uint32_t group_index = scn_node_group(world->scenario, index);
    const struct scn_group *group = &world->scenario->groups[group_index];
    node->index = index;
    node->group = group_index;
    node->network = group->network;
    node->cpu_hz = group->cpu_hz;
    node->entropy_seed = world->scenario->seed;
    vcpu_space_init(&node->space, world->arena, world->images[group_index],
                    (uint32_t)group->memory_bytes);
    if (group->limits.memory_bytes) {
        node->space.private_limit = (uint32_t)(group->limits.memory_bytes / VCPU_PAGE_BYTES);
    }
    node->vcpu.space = &node->space;
    event_init(&node->activity.base);
}

static uint32_t address_of_node(void *context, uint32_t index)
{
    const struct emu_world *world = context;
    const struct emu_node *node = &world->nodes[index];
    return net_addressing(world->networks[node->network].net, node->port).address;
}

static const char *dotted(uint32_t address, char text[16])
{
    snprintf(text, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
             address & 255);
    return text;
}

/* Appends NAME=value to a boot text if it fits whole. */
static void append_variable(struct scn_boot_text *text, const char *name, const char *value)
{
    size_t size_bytes = strlen(name) + 1 + strlen(value) + 1;
    if (sizeof text->bytes - text->size_bytes >= size_bytes) {
        text->size_bytes +=
            (uint32_t)snprintf(text->bytes + text->size_bytes, size_bytes, "%s=%s", name, value) +
            1;
        text->variable_count++;
    }
}

/* DENALI_MOUNTS: what the guest kit is to show of the disks, as NAME=PATH with commas between. */
static void append_mounts(const struct emu_disk_set *disks, struct scn_boot_text *text)
{
    char value[SCN_MOUNTS_MAX];
    size_t length = 0;
    for (uint32_t i = 0; i < disks->count; i++) {
        const struct emu_disk *disk = &disks->disks[i];
        if (disk->mount) {
            length += (size_t)snprintf(value + length, sizeof value - length, "%s%s=%s",
                                       length ? "," : "", disk->name, disk->mount);
            ASSERT(length < sizeof value);
        }
    }
    if (length) {
        append_variable(text, "DENALI_MOUNTS", value);
    }
}

/* What the guest's network stack needs to know; with DHCP it asks the network instead. */
static void append_addressing(struct scn_boot_text *text, const struct net_addressing *at,
                              uint32_t services)
{
    char value[16];
    if (services & SCN_SERVICE_DHCP) {
        append_variable(text, "DENALI_DHCP", "1");
        return;
    }
    append_variable(text, "DENALI_IP", dotted(at->address, value));
    snprintf(value, sizeof value, "%u", at->prefix);
    append_variable(text, "DENALI_PREFIX", value);
    if (at->gateway) {
        append_variable(text, "DENALI_GATEWAY", dotted(at->gateway, value));
    }
    if (services & SCN_SERVICE_DNS) {
        append_variable(text, "DENALI_DNS", dotted(at->service, value));
    }
}

/* Arguments and environment, with what the node needs to know of itself. */
static void give_boot_text(struct emu_world *world, struct emu_node *node)
{
    struct scn_boot_text text;
    char name[SCN_NODE_NAME_MAX];
    scn_node_boot_text(world->scenario, node->index, address_of_node, world, &text);
    scn_node_name(world->scenario, node->index, name);
    append_variable(&text, "DENALI_NAME", name);
    append_mounts(&world->disks[node->group], &text);
    memcpy(node->mac, (const uint8_t[]){2, 0, 0, 0, 0, 0}, 6);
    if (node->network != SCN_NETWORK_NONE) {
        struct net_addressing at = net_addressing(world->networks[node->network].net, node->port);
        append_addressing(&text, &at, world->scenario->networks[node->network].services);
        memcpy(node->mac, at.mac, sizeof node->mac);
    }
    uint8_t *copy = alloc_zeroed(text.size_bytes, 1);
    memcpy(copy, text.bytes, text.size_bytes);
    node->boot = (struct dev_boot){
        .text = copy,
        .size_bytes = text.size_bytes,
        .argument_count = text.argument_count,
        .environment_count = text.variable_count,
    };
}

/* Draws the node's start from its own stream and queues it. */
static void schedule_boot(struct emu_world *world, struct emu_node *node)
{
    const struct scn_group *group = &world->scenario->groups[node->group];
    char stream_name[SCN_NODE_NAME_MAX + 8];
    char name[SCN_NODE_NAME_MAX];
    scn_node_name(world->scenario, node->index, name);
    snprintf(stream_name, sizeof stream_name, "boot/%s", name);
    struct random_stream stream;
    random_init(&stream, world->scenario->seed, stream_name);
    uint64_t start_ns = group->start_ns;
    if (group->spread_ns) {
        start_ns += random_below(&stream, group->spread_ns + 1);
    }
    world->start_ns[node->index] = start_ns;
    node->activity.base.key = (struct event_key){
        .time_ns = start_ns,
        .kind = EMU_EVENT_BOOT,
        .destination = node->index,
        .source = node->index,
    };
    event_heap_push(&node->process->timers, &node->activity.base);
}

static void make_nodes(struct emu_world *world)
{
    world->node_count = world->scenario->node_count;
    world->nodes = alloc_zeroed(world->node_count, sizeof *world->nodes);
    world->start_ns = alloc_zeroed(world->node_count, sizeof *world->start_ns);
    for (uint32_t i = 0; i < world->node_count; i++) {
        make_node(world, i, &world->nodes[i]);
    }
}

static void init_devices(struct emu_node *node)
{
    for (uint32_t device = 0; device < DEV_COUNT; device++) {
        struct dev_env env = emu_node_env(node, device);
        dev_table[device]->init(emu_node_device(node, device), &env);
    }
}

void emu_world_twin_init(struct emu_world *world, uint32_t index, struct emu_process *process,
                         struct emu_node *twin)
{
    memset(twin, 0, sizeof *twin);
    make_node(world, index, twin);
    twin->port = world->nodes[index].port;
    twin->process = process;
    init_devices(twin);
    give_boot_text(world, twin);
}

static void ready_nodes(struct emu_world *world)
{
    for (uint32_t i = 0; i < world->node_count; i++) {
        struct emu_node *node = &world->nodes[i];
        init_devices(node);
        give_boot_text(world, node);
        schedule_boot(world, node);
        emu_world_console_input_queue(node, 0);
        emu_world_key_queue(node, 0);
    }
}

/* The files that scenarios give to groups, each as a disk more. */
static enum status add_files(struct emu_world *world, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < world->scenario->group_count && !status; i++) {
        char *archive = NULL;
        size_t size_bytes = 0;
        if (!scn_group_has_files(&world->scenario->groups[i])) {
            continue;
        }
        status = scn_group_archive(world->scenario, i, &archive, &size_bytes, error);
        if (!status) {
            status = emu_disks_add(world, i, SCN_FILES_DISK, "/", archive, size_bytes, error);
        }
        free(archive);
    }
    return status;
}

enum status emu_world_create(const struct scn_scenario *scenario,
                             const struct emu_world_options *options, struct emu_world **result,
                             struct error *error)
{
    uint32_t jobs = options->jobs ? options->jobs : 1;
    if (jobs > EMU_JOBS_MAX) {
        return error_set(error, STATUS_INVALID, NULL, 0, "--jobs %u; expected 1 to %u", jobs,
                         EMU_JOBS_MAX);
    }
    struct emu_world *world = alloc_zeroed(1, sizeof *world);
    world->scenario = scenario;
    world->sink = options->sink;
    world->typed_input = options->typed_input;
    enum status status = vcpu_arena_create(options->memory_limit_bytes ? options->memory_limit_bytes
                                                                       : default_memory_limit(),
                                           &world->arena, error);
    if (!status) {
        status = load_images(world, options->image_directory, error);
    }
    if (!status) {
        status = emu_disks_create(world, error);
    }
    if (!status) {
        status = add_files(world, error);
    }
    if (!status) {
        make_nodes(world);
        status = emu_world_connect(world, error);
    }
    if (!status) {
        status = emu_hosts_create(world, error);
    }
    if (!status) {
        ready_nodes(world);
        status = emu_world_workers_start(
            world, options->engine ? options->engine : vcpu_engines()[0], jobs, error);
    }
    if (status) {
        emu_world_destroy(world);
        return status;
    }
    *result = world;
    return STATUS_OK;
}

void emu_world_destroy(struct emu_world *world)
{
    if (!world) {
        return;
    }
    emu_world_workers_stop(world);
    /* The queues first: they hold events that the nodes own. */
    emu_world_disconnect(world);
    emu_hosts_destroy(world);
    for (uint32_t i = 0; i < world->node_count; i++) {
        emu_node_fini(&world->nodes[i]);
    }
    for (uint32_t i = 0; world->images && i < world->scenario->group_count; i++) {
        vcpu_image_release(world->images[i]);
    }
    emu_disks_destroy(world);
    emu_symbols_destroy(world);
    free(world->images);
    free(world->nodes);
    free(world->start_ns);
    free(world->traced);
    vcpu_arena_destroy(world->arena);
    free(world);
}

/* --- output ----------------------------------------------------------------------------------- */

/* Constant name of a cause; "" if it is none. */
static const char *drop_cause(uint32_t cause)
{
    static const char *const ours[] = {
        [EMU_DROP_NIC_FULL - NET_DROP_COUNT] = "nic_full",
        [EMU_DROP_NODE_DOWN - NET_DROP_COUNT] = "node_down",
        [EMU_DROP_REFUSED - NET_DROP_COUNT] = "refused",
        [EMU_DROP_NO_LINK - NET_DROP_COUNT] = "no_link",
        [EMU_DROP_CARD_FULL - NET_DROP_COUNT] = "card_full",
    };
    if (cause >= EMU_DROP_COUNT) {
        return "";
    }
    return cause < NET_DROP_COUNT ? net_drop_name((enum net_drop)cause)
                                  : ours[cause - NET_DROP_COUNT];
}

uint32_t emu_drop_causes(const char *names[EMU_DROPS_MAX])
{
    _Static_assert(EMU_DROP_COUNT <= EMU_DROPS_MAX, "more causes than emu_node_report holds");
    for (uint32_t cause = 0; cause < EMU_DROP_COUNT; cause++) {
        names[cause] = drop_cause(cause);
    }
    return EMU_DROP_COUNT;
}

/* A record and whose details it uses. */
struct told {
    const struct emu_record *record;
    const struct emu_process *process;
};

static int compare_told(const void *a, const void *b)
{
    const struct emu_record *x = ((const struct told *)a)->record;
    const struct emu_record *y = ((const struct told *)b)->record;
    if (x->time_ns != y->time_ns) {
        return x->time_ns < y->time_ns ? -1 : 1;
    }
    if (x->node != y->node) {
        return x->node < y->node ? -1 : 1;
    }
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static struct emu_note note_of(const struct emu_record *record, const struct emu_process *process)
{
    static const enum emu_note_kind kinds[] = {
        [EMU_RECORD_BOOT] = EMU_NOTE_BOOT,
        [EMU_RECORD_TERMINATE] = EMU_NOTE_TERMINATE,
        [EMU_RECORD_FAULT] = EMU_NOTE_FAULT,
        [EMU_RECORD_MEASUREMENT] = EMU_NOTE_MEASUREMENT,
        [EMU_RECORD_MILESTONE] = EMU_NOTE_MILESTONE,
        [EMU_RECORD_ACTION] = EMU_NOTE_ACTION,
        [EMU_RECORD_PAGE] = EMU_NOTE_PAGE,
        [EMU_RECORD_FRAME_SENT] = EMU_NOTE_FRAME_SENT,
        [EMU_RECORD_FRAME_RECEIVED] = EMU_NOTE_FRAME_RECEIVED,
        [EMU_RECORD_FRAME_LOST] = EMU_NOTE_FRAME_LOST,
    };
    struct emu_note note = {
        .time_ns = record->time_ns, .node = record->node, .kind = kinds[record->kind], .name = ""};
    const uint8_t *detail = record->detail_bytes ? process->details + record->detail : NULL;
    if (record->kind >= EMU_RECORD_FRAME_SENT) {
        note.name = drop_cause(record->cause);
        note.instruction = record->instruction;
        note.sent_ns = record->sent_ns;
        note.bytes = detail;
        note.size_bytes = record->detail_bytes;
    } else if (record->kind == EMU_RECORD_PAGE) {
        static const char *const outcomes[] = {"hit", "filled", "copied", "read", "wait"};
        note.name = outcomes[record->cause];
        note.page = (uint32_t)(record->page >> 1);
        note.write = record->page & 1;
    } else if (detail) {
        note.name = (const char *)detail;
        note.value = record->value;
    }
    return note;
}

enum status emu_world_flush_records(struct emu_world *world, struct error *error)
{
    size_t count = 0;
    for (uint32_t i = 0; i < world->process_count; i++) {
        count += world->processes[i].record_count;
    }
    if (!count) {
        return STATUS_OK;
    }
    struct told *all = alloc_zeroed(count, sizeof *all);
    size_t next = 0;
    for (uint32_t i = 0; i < world->process_count; i++) {
        struct emu_process *process = &world->processes[i];
        for (uint32_t j = 0; j < process->record_count; j++) {
            /* Later ones wait: where a process paused, others are ahead of it. */
            if (process->records[j].time_ns < world->now_ns) {
                all[next++] = (struct told){&process->records[j], process};
            }
        }
    }
    count = next;
    qsort(all, count, sizeof *all, compare_told);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && !status && world->sink.note; i++) {
        struct emu_note note = note_of(all[i].record, all[i].process);
        status = world->sink.note(world->sink.context, &note, error);
    }
    for (uint32_t i = 0; i < world->process_count; i++) {
        if (world->processes[i].record_count) {
            emu_process_records_told(&world->processes[i], world->now_ns);
        }
    }
    free(all);
    return status;
}

enum status emu_world_flush_consoles(struct emu_world *world, struct error *error)
{
    for (uint32_t i = 0; i < world->node_count; i++) {
        struct emu_node *node = &world->nodes[i];
        if (node->console_log_bytes) {
            uint32_t size_bytes = node->console_log_bytes;
            node->console_log_bytes = 0;
            if (world->sink.console) {
                enum status status = world->sink.console(world->sink.context, i, node->console_log,
                                                         size_bytes, error);
                if (status) {
                    return status;
                }
            }
            free(node->console_log);
            node->console_log = NULL;
            node->console_log_capacity = 0;
        }
    }
    return STATUS_OK;
}

/* --- queries ---------------------------------------------------------------------------------- */

uint64_t emu_world_now_ns(const struct emu_world *world)
{
    return world->now_ns;
}

uint32_t emu_world_node_count(const struct emu_world *world)
{
    return world->node_count;
}

uint32_t emu_world_process_count(const struct emu_world *world)
{
    return world->process_count;
}

uint64_t emu_world_lookahead_ns(const struct emu_world *world)
{
    return world->lookahead_ns;
}

const char *emu_world_engine_name(const struct emu_world *world)
{
    return world->workers[0].engine->ops->name;
}

uint32_t emu_world_jobs(const struct emu_world *world)
{
    return world->worker_count;
}

const char *emu_world_image_path(const struct emu_world *world, uint32_t group)
{
    return world->images[group]->path;
}

const struct vcpu *emu_world_node_cpu(const struct emu_world *world, uint32_t node)
{
    return &world->nodes[node].vcpu;
}

bool emu_world_node_read(const struct emu_world *world, uint32_t node, uint32_t address,
                         void *bytes, uint32_t size_bytes)
{
    return vcpu_space_load(&world->nodes[node].space, address, bytes, size_bytes);
}

/* What the node's network counted for its port; zeros without a network. */
static struct net_counters port_counters(const struct emu_world *world, const struct emu_node *node)
{
    struct net_counters none = {0};
    return node->network == SCN_NETWORK_NONE
               ? none
               : net_counters(world->networks[node->network].net, node->port);
}

static uint64_t network_drops(const struct net_counters *counters)
{
    uint64_t drops = 0;
    for (int cause = 0; cause < NET_DROP_COUNT; cause++) {
        drops += counters->drops[cause];
    }
    return drops;
}

void emu_world_totals(const struct emu_world *world, struct emu_totals *totals)
{
    memset(totals, 0, sizeof *totals);
    for (uint32_t i = 0; i < world->node_count; i++) {
        const struct emu_node *node = &world->nodes[i];
        struct net_counters counters = port_counters(world, node);
        totals->instructions += node->vcpu.retired;
        totals->frames_sent += node->account.frames_sent;
        totals->frames_delivered += node->account.frames_received;
        totals->frames_dropped += network_drops(&counters) + node->account.drops_nic_full +
                                  node->account.drops_node_down + node->account.drops_no_link +
                                  (node->seat ? node->seat->sender.drops : 0);
        totals->nodes_up += emu_node_alive(node);
        totals->nodes_terminated += node->state == EMU_NODE_TERMINATED;
        totals->nodes_faulted += node->state == EMU_NODE_FAULTED;
        totals->nodes_queued += node->state == EMU_NODE_QUEUED;
    }
}

void emu_world_node_report(const struct emu_world *world, uint32_t index,
                           struct emu_node_report *report)
{
    static const char *const states[] = {
        [EMU_NODE_OFF] = "off",
        [EMU_NODE_RUNNING] = "running",
        [EMU_NODE_IDLE] = "idle",
        [EMU_NODE_WAKING] = "running",
        [EMU_NODE_TERMINATED] = "terminated",
        [EMU_NODE_FAULTED] = "faulted",
        [EMU_NODE_QUEUED] = "queued",
        [EMU_NODE_DESTROYED] = "destroyed",
    };
    const struct emu_node *node = &world->nodes[index];
    const struct emu_account *account = &node->account;
    struct net_counters counters = port_counters(world, node);
    *report = (struct emu_node_report){
        .state = states[node->state],
        .exit_code = node->exit_code,
        .fault = node->fault,
        .start_ns = world->start_ns[index],
        .end_ns = node->end_ns,
        .digest = node->digest,
        .instructions = node->vcpu.retired,
        .cycles = node->vcpu.cycles,
        .wake_ups = account->wake_ups,
        .interrupts_raised = account->interrupts_raised,
        .interrupts_delivered = account->interrupts_delivered,
        .frames_sent = account->frames_sent,
        .bytes_sent = account->bytes_sent,
        .frames_received = account->frames_received,
        .bytes_received = account->bytes_received,
        .console_bytes = account->console_bytes,
        .console_bytes_cut = account->console_bytes_cut,
        .observations = account->observations,
        .keys_dropped = account->keys_dropped,
        .pages_private = node->space.private_count,
        .pages_private_max = node->space.private_max,
        .disk_reads = account->disk_reads,
        .disk_writes = account->disk_writes,
        .disk_blocks_private = emu_overlay_blocks(node->disks),
    };
    for (int cause = 0; cause < NET_DROP_COUNT; cause++) {
        report->drops[cause] = counters.drops[cause];
    }
    report->drops[EMU_DROP_NIC_FULL] = account->drops_nic_full;
    report->drops[EMU_DROP_NODE_DOWN] = account->drops_node_down;
    report->drops[EMU_DROP_REFUSED] = account->drops_refused;
    report->drops[EMU_DROP_NO_LINK] = account->drops_no_link;
    report->drops[EMU_DROP_CARD_FULL] = node->seat ? node->seat->sender.drops : 0;
}

void emu_world_node_cost(const struct emu_world *world, uint32_t index, struct emu_node_cost *cost)
{
    const struct emu_node *node = &world->nodes[index];
    uint64_t events_bytes = node->input ? sizeof *node->input : 0;
    events_bytes += node->key ? sizeof *node->key : 0;
    for (const struct emu_event *event = node->device_events; event; event = event->next) {
        events_bytes += sizeof *event;
    }
    uint64_t states_bytes = sizeof node->registers + sizeof node->console + sizeof node->nic +
                            sizeof node->timer + sizeof node->observer + sizeof node->entropy +
                            sizeof node->keyboard + sizeof node->framebuffer + sizeof node->disk +
                            sizeof node->pcnet;
    cost->processor_bytes = sizeof node->vcpu;
    cost->tables_bytes =
        sizeof node->space +
        node->space.page_count * (2 * sizeof *node->space.read + sizeof *node->space.frames);
    cost->devices_bytes =
        states_bytes + events_bytes + node->boot.size_bytes + emu_overlay_table_bytes(node->disks);
    cost->network_bytes = node->network == SCN_NETWORK_NONE ? 0 : net_port_bytes();
    cost->frames_bytes =
        (node->space.private_count + emu_overlay_blocks(node->disks)) * VCPU_PAGE_BYTES;
    cost->snapshot_bytes = (node->space.pages ? vcpu_pages_table_bytes(node->space.pages) : 0) +
                           (node->disks ? emu_blocks_table_bytes(node->disks->snapshot) : 0);
    cost->pager_bytes = node->seat ? emu_seat_pager_bytes(node->seat) : 0;
    cost->other_bytes = (node->seat ? sizeof *node->seat : 0) + sizeof *node - sizeof node->vcpu -
                        sizeof node->space - states_bytes + node->console_log_capacity +
                        sizeof *world->start_ns;
}
