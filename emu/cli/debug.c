/* `denali debug`: gdb at a node of a running world or a recorded one, on a loopback port or a pipe.
 */
#include <emu/debug.h>

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/time.h>
#include <scenarios/select.h>
#include <traces/bundle.h>

#include "runs.h"

#define HEARTBEAT_MS 500

static const struct cli_option options[] = {
    {"node", "NODE", "the node to debug (default: the first)", false},
    {"at", "TIME", "stand there, e.g. 20s, 20500ms (default: where it begins)", false},
    {"port", "PORT", "wait for gdb on this port of 127.0.0.1 (default: any that is free)", false},
    {"pipe", NULL, "gdb is at stdin and stdout: target remote | denali debug ... --pipe", false},
    {"history", "MIB", "host memory for going backwards, in MiB (default: 512)", false},
    {"seed", "N", "another seed than the scenario's", false},
    {"nodes", "N", "so many nodes in all, by the group that scales", false},
    {"set", "PATH=VALUE", "another value for a field, e.g. groups.peers.memory=8MiB", true},
    {"param", "NAME=VALUE", "another value for a parameter, e.g. delay=20ms", true},
    {"engine", "ENGINE", "what executes guests; `denali list engines`", false},
    {"jobs", "N", "host threads (default: one per processor); never changes results", false},
    {"until", "TIME", "the run ends at this virtual time instead, e.g. 20s", false},
    {"memory-limit", "MIB", "host memory for guests, in MiB (default: 4/5 of the host's)", false},
    {NULL, NULL, NULL, false},
};

/* --- patience --------------------------------------------------------------------------------- */

/*
 * gdb is at the other end of a pipe before there is anything to see. It waits two seconds for the
 * acknowledgement of its first packet, and anew after every byte that is none: it gets some, from a
 * thread of their own, as opening a recording or making a large world takes long too.
 */
struct patience {
    pthread_t thread;
    int ends[2]; /* of a pipe that is closed when it is over */
    bool begun;
};

static void *patience_main(void *argument)
{
    const struct patience *patience = argument;
    struct pollfd over = {.fd = patience->ends[0], .events = POLLIN};
    for (int ready = 0; ready <= 0;) {
        ready = poll(&over, 1, HEARTBEAT_MS);
        if (ready == 0 && write(STDOUT_FILENO, "\n", 1) != 1) {
            cli_stop = true;
        }
    }
    return NULL;
}

static void patience_begin(struct patience *patience)
{
    patience->begun = pipe(patience->ends) == 0;
    if (patience->begun && pthread_create(&patience->thread, NULL, patience_main, patience) != 0) {
        close(patience->ends[0]);
        close(patience->ends[1]);
        patience->begun = false; /* it works as well where nothing takes long */
    }
}

/* Nothing is written any more. */
static void patience_end(struct patience *patience)
{
    if (patience->begun) {
        close(patience->ends[1]);
        pthread_join(patience->thread, NULL);
        close(patience->ends[0]);
    }
}

static bool interrupted(void *context)
{
    (void)context;
    return cli_stop;
}

/* What gdb does not show. */
static void told(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "denali: %s\n", text);
}

/* --- the other side --------------------------------------------------------------------------- */

/* A socket that listens on 127.0.0.1; *port is which, in and out. */
static enum status listen_on(uint16_t *port, int *listener, struct error *error)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(*port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size_bytes = sizeof address;
    int yes = 1;
    *listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*listener < 0 || setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(*listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(*listener, 1) != 0 ||
        getsockname(*listener, (struct sockaddr *)&address, &size_bytes) != 0) {
        enum status status =
            error_set(error, STATUS_IO, NULL, 0,
                      "--port %u: cannot listen on 127.0.0.1: %s; expected a free port, or 0 for "
                      "any",
                      *port, strerror(errno));
        if (*listener >= 0) {
            close(*listener);
        }
        return status;
    }
    *port = ntohs(address.sin_port);
    return STATUS_OK;
}

/* Waits for gdb; -1 if somebody does not want to wait any longer. */
static int accept_one(int listener)
{
    while (!cli_stop) {
        struct pollfd input = {.fd = listener, .events = POLLIN};
        if (poll(&input, 1, 100) > 0) {
            int line = accept(listener, NULL, NULL);
            int yes = 1;
            if (line >= 0) {
                setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                return line;
            }
        }
    }
    return -1;
}

/* Says, on stderr, how to come here. */
static void invite(struct emu_world *world, const struct scn_scenario *scenario,
                   struct emu_debug *debug, const struct emu_recorded *recorded, uint16_t port)
{
    char name[SCN_NODE_NAME_MAX];
    uint32_t node = emu_debug_node(debug);
    uint64_t time_ns = emu_debug_time_ns(debug, node);
    scn_node_name(scenario, node, name);
    fprintf(stderr, "denali: %s stands at %llu.%09llu s of virtual time, instruction %" PRIu64 "\n",
            name, time_ns / TIME_NS_PER_S, time_ns % TIME_NS_PER_S,
            emu_debug_position(debug).retired);
    if (emu_debug_damage_take(debug, &time_ns)) {
        char at[SCN_MOMENT_TEXT_MAX];
        scn_moment_write(time_ns, at);
        fprintf(stderr,
                "denali: the recording's checkpoint at %s is damaged: came from the one before; "
                "`denali verify` tells how far it is good\n",
                at);
    }
    if (recorded) {
        char torn[EMU_TORN_TEXT_MAX];
        emu_recorded_torn(recorded, torn);
        cli_torn_tell(torn);
    }
    if (port) {
        char commands[CLI_PATH_MAX];
        fprintf(stderr, "denali: gdb -x %s %s -ex 'target remote 127.0.0.1:%u'\n",
                cli_shipped_directory("denali.gdb", commands),
                emu_world_image_path(world, scn_node_group(scenario, node)), port);
    }
}

static enum status serve(const struct cli_arguments *arguments, struct emu_world *world,
                         const struct scn_scenario *scenario, struct emu_debug *debug,
                         const struct emu_recorded *recorded, uint16_t port, struct error *error)
{
    if (cli_flag(arguments, "pipe")) {
        signal(SIGINT, SIG_IGN); /* gdb has a packet for it */
        invite(world, scenario, debug, recorded, 0);
        return emu_debug_serve(debug, STDIN_FILENO, STDOUT_FILENO, &cli_stop, error);
    }
    int listener;
    enum status status = listen_on(&port, &listener, error);
    if (status) {
        return status;
    }
    invite(world, scenario, debug, recorded, port);
    int line = accept_one(listener);
    close(listener); /* one is served, and nobody else gets in */
    if (line >= 0) {
        status = emu_debug_serve(debug, line, line, &cli_stop, error);
        close(line);
    }
    return status;
}

/* --- the verb --------------------------------------------------------------------------------- */

/* Where the options say to stand. */
static enum status place(const struct cli_arguments *arguments, const struct scn_scenario *scenario,
                         struct emu_debug_options *debug_options, struct error *error)
{
    const struct emu_recorded *recorded = debug_options->recorded;
    const char *node = cli_value(arguments, "node");
    const char *at = cli_value(arguments, "at");
    enum status status = STATUS_OK;
    debug_options->end_ns = scenario->duration_ns;
    if (node) {
        status = scn_node_find(scenario, "--node", node, &debug_options->node, error);
    }
    if (!status && at) {
        status = emu_moment_parse("--at", at, &debug_options->at_ns, error);
    }
    if (recorded && emu_recorded_end_ns(recorded) < debug_options->end_ns) {
        debug_options->end_ns = emu_recorded_end_ns(recorded);
    }
    if (!status && debug_options->at_ns > debug_options->end_ns) {
        char end[SCN_MOMENT_TEXT_MAX];
        char torn[EMU_TORN_TEXT_MAX] = "";
        if (recorded) {
            emu_recorded_torn(recorded, torn);
        }
        scn_moment_write(debug_options->end_ns, end);
        status = error_set(error, STATUS_INVALID, NULL, 0,
                           "--at %s: the %s is over then; expected at most its %s%s%s", at,
                           torn[0] ? "recording" : "run", end, torn[0] ? "; " : "", torn);
    }
    return status;
}

/* Is it a guest program? Everything else is taken for a scenario. */
static bool is_image(const char *path)
{
    char magic[4] = "";
    FILE *file = fopen(path, "rb");
    bool elf = file && fread(magic, 1, sizeof magic, file) == sizeof magic &&
               memcmp(magic, "\177ELF", sizeof magic) == 0;
    if (file) {
        fclose(file);
    }
    return elf;
}

/* The one machine that boots an image. */
static enum status load_machine(const struct cli_arguments *arguments,
                                struct scn_scenario **scenario, struct error *error)
{
    const char *sets[CLI_VALUES_MAX];
    uint32_t set_count = cli_values(arguments, "set", sets);
    const char *seed = cli_value(arguments, "seed");
    size_t size_bytes = 0;
    struct scn_file *file = NULL;
    char *text = cli_machine_describe(arguments, &size_bytes);
    enum status status =
        text ? scn_open_text(&file, "./denali debug", text, size_bytes, error)
             : error_set(error, STATUS_NO_MEMORY, NULL, 0, "no memory for the machine");
    for (uint32_t i = 0; i < set_count && !status; i++) {
        status = scn_set(file, sets[i], error);
    }
    if (!status && seed) {
        status = scn_set_seed(file, seed, error);
    }
    if (!status) {
        status = scn_resolve(file, scenario, error);
    }
    scn_close(file);
    free(text);
    return status;
}

/* A run directory, or a bundle of one. */
static bool is_recorded(const char *path)
{
    struct stat kind;
    return (stat(path, &kind) == 0 && S_ISDIR(kind.st_mode)) || trace_bundle_is(path);
}

/* A run that was recorded is as it was. */
static enum status load_recorded(const struct cli_arguments *arguments, const char *path,
                                 struct emu_recorded **recorded, struct scn_scenario **scenario,
                                 struct error *error)
{
    static const char *const changes[] = {"seed", "nodes", "set", "param", "until"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (cli_value(arguments, changes[i])) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "debug: --%s, but %s is a recorded run, which is as it was; `denali "
                             "fork` makes another one of it",
                             changes[i], path);
        }
    }
    return emu_recorded_open(path, recorded, scenario, error);
}

static enum status load(const struct cli_arguments *arguments, struct emu_run_options *options,
                        const char *path, struct emu_recorded **recorded,
                        struct scn_scenario **scenario, struct error *error)
{
    if (is_recorded(path) && !arguments->rest_count) {
        return load_recorded(arguments, path, recorded, scenario, error);
    }
    if (is_image(path)) {
        return load_machine(arguments, scenario, error);
    }
    if (arguments->rest_count) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "debug: arguments after -- are for an image; in a scenario or a recorded "
                         "run each group has its own");
    }
    options->scenario_path = path;
    return emu_run_scenario_load(options, scenario, error);
}

static const char expected[] = "the directory of a recorded run, a bundle of one, a scenario or a "
                               "guest program";

static int debug_run(const struct cli_arguments *arguments)
{
    struct cli_run run;
    uint64_t history_mib = 0;
    uint64_t port = 0;
    if (!cli_run_read(&cli_debug_verb, arguments, &run) ||
        !cli_number(arguments, "history", 16, 1u << 24, &history_mib) ||
        !cli_number(arguments, "port", 0, 65535, &port)) {
        return CLI_EXIT_BAD_INPUT;
    }
    if (cli_flag(arguments, "pipe") && cli_value(arguments, "port")) {
        fprintf(stderr, "denali: debug: --pipe and --port; expected one of them\n");
        return CLI_EXIT_BAD_INPUT;
    }
    char shipped[CLI_PATH_MAX];
    const char *path = arguments->positional[0];
    if (!is_recorded(path)) {
        if (strchr(path, '/') && access(path, F_OK) != 0) {
            fprintf(stderr, "denali: debug: %s: %s; expected %s\n", path, strerror(errno),
                    expected);
            return CLI_EXIT_BAD_INPUT;
        }
        path = cli_scenario_path(&cli_debug_verb, path, expected, shipped);
    }
    if (!path) {
        return CLI_EXIT_BAD_INPUT;
    }
    uint32_t jobs = run.options.jobs;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct emu_world_options world_options = {
        .image_directory = run.options.image_directory,
        .jobs = jobs                        ? jobs
                : processors > EMU_JOBS_MAX ? EMU_JOBS_MAX
                                            : (uint32_t)processors,
        .memory_limit_bytes = run.options.memory_limit_bytes,
    };
    struct patience patience = {.begun = false};
    struct emu_debug_options debug_options = {
        .history_bytes = history_mib << 20,
        .interrupted = interrupted,
        .told = told,
    };
    struct error error = ERROR_INIT;
    const char *engine = cli_value(arguments, "engine");
    struct scn_scenario *scenario = NULL;
    struct emu_world *world = NULL;
    struct emu_debug *debug = NULL;
    enum status status = STATUS_OK;
    cli_stop_listen();
    signal(SIGPIPE, SIG_IGN); /* writing says so */
    if (cli_flag(arguments, "pipe")) {
        patience_begin(&patience);
    }
    if (engine) {
        status = vcpu_engine_choose("--engine", engine, &world_options.engine, &error);
    }
    if (!status) {
        status = load(arguments, &run.options, path, &debug_options.recorded, &scenario, &error);
    }
    if (!status) {
        status = place(arguments, scenario, &debug_options, &error);
    }
    if (!status) {
        status = emu_world_create(scenario, &world_options, &world, &error);
    }
    if (!status) {
        status = emu_debug_create(world, &debug_options, &debug, &error);
    }
    patience_end(&patience);
    if (!status && !cli_stop) {
        status = serve(arguments, world, scenario, debug, debug_options.recorded, (uint16_t)port,
                       &error);
    }
    if (status && strcmp(error.file, path) == 0) {
        cli_hidden_tell(path, false, &error);
    }
    int code = status ? cli_fail(&error) : cli_stop ? CLI_EXIT_INTERRUPTED : CLI_EXIT_OK;
    emu_debug_destroy(debug);
    emu_recorded_close(debug_options.recorded);
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
    return code;
}

const struct cli_verb cli_debug_verb = {
    .name = "debug",
    .summary = "stop at a node of a run, with gdb, and go backwards",
    .usage = "[OPTIONS] DIR | FILE | SCENARIO.yaml | IMAGE [-- ARGUMENTS...]",
    .description =
        "Enters a run that was made with --record at a virtual time, from the nearest checkpoint, "
        "or\nruns a scenario up to it; stops at an instruction of the node, and speaks gdb's "
        "remote protocol:\non a port of this host alone, or on a pipe. The nodes are threads, "
        "named as they are; breakpoints\nand watchpoints hold in the debugged node. reverse-step, "
        "reverse-continue and the like work, back\nto the run's begin. Looking changes nothing: "
        "only who writes memory or registers gets another\nrun.\n\n"
        "In gdb, `goto 41.2s` takes the world to a virtual time, earlier or later. It is a command "
        "of\ndenali.gdb, which lies beside a built denali, and in share/denali of an installed "
        "one: gdb -x PATH,\nin the line that this prints to be typed. `monitor help` tells of "
        "virtual time, interrupts and\nframes. docs/debugging.md has an example.\n\n"
        "DIR is the directory of a run that was made with --record, FILE a bundle of it (denali "
        "bundle).\nAn IMAGE is the file of a guest program, which is booted on a machine of its "
        "own.",
    .options = options,
    .examples = "  denali debug hello.yaml\n"
                "  denali debug runs/echo-1-1 --node client --at 5s\n"
                "  denali debug my-peer.img --port 1234 -- arg1\n"
                "  denali debug kademlia-planetlab.yaml --node peers-17 --at 41.2s --port 1234\n"
                "  gdb -ex 'target remote | denali debug echo.yaml --node client --pipe'\n"
                "  gdb -x build/release/denali.gdb -ex 'target remote | denali debug echo.yaml "
                "--pipe'\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .takes_rest = true,
    .run = debug_run,
};
