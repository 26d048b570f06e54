/* `denali boot`: one machine, its console on the terminal, its exit code the guest's. */
#include <emu/world.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/time.h>
#include <traces/png.h>

#include "runs.h"

#define SLICE_NS      10000000u /* virtual time between two looks at the keyboard */
#define ENV_NAME_MAX  64        /* as scenarios have it */
#define FILE_PATH_MAX 255       /* the same */

static const struct cli_option options[] = {
    {"engine", "ENGINE", "what executes the guest; `denali list engines`", false},
    {"memory", "SIZE", "memory of the machine, e.g. 1MiB (default: 16MiB)", false},
    {"cpu-hz", "HZ", "instructions per virtual second, e.g. 50MHz", false},
    {"screen", "WIDTHxHEIGHT", "give the machine a screen, in pixels", false},
    {"screenshot", "FILE", "what is on its screen (640x480 if none is given) at the end, as PNG",
     false},
    {"until", "TIME", "stop at this virtual time, e.g. 20s (default: 3600000s)", false},
    {"trace-instructions", "FROM-TO", "each instruction on stderr, e.g. 0-100, 1ms-2ms; -: all",
     false},
    {"env", "NAME=VALUE", "a variable of the guest's environment", true},
    {"file", "PATH=SOURCE", "a file, or a folder's, that the guest sees at PATH", true},
    {"disk", "NAME=FILE|SIZE", "a disk that holds a file's bytes, or an empty one", true},
    {NULL, NULL, NULL, false},
};

/* A YAML double-quoted string; a dollar sign is doubled, as in templates. */
static void print_quoted(FILE *stream, const char *text, bool is_template)
{
    fputc('"', stream);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            fprintf(stream, "\\%c", *c);
        } else if (*c < 0x20 || *c == 0x7f) {
            fprintf(stream, "\\x%02x", *c);
        } else if (*c == '$' && is_template) {
            fputs("$$", stream);
        } else {
            fputc(*c, stream);
        }
    }
    fputc('"', stream);
}

/* The option's own values, such as NAME=VALUE of each --env. */
static const char *next_value(const struct cli_arguments *arguments, const char *option,
                              uint32_t *next)
{
    for (; *next < arguments->value_count; (*next)++) {
        if (strcmp(arguments->values[*next].option->name, option) == 0) {
            return arguments->values[(*next)++].value;
        }
    }
    return NULL;
}

static void describe_files(const struct cli_arguments *arguments, FILE *stream)
{
    uint32_t next = 0;
    const char *value = next_value(arguments, "file", &next);
    fputs(value ? "  files:\n" : "", stream);
    for (; value; value = next_value(arguments, "file", &next)) {
        const char *equals = strchr(value, '=');
        char path[256];
        snprintf(path, sizeof path, "%.*s", (int)(equals - value), value);
        fputs("  - path: ", stream);
        print_quoted(stream, path, false);
        fputs("\n    from: ", stream);
        print_quoted(stream, equals + 1, false);
        fputc('\n', stream);
    }
}

/* Each disk of a file, if there is one of that name, or else of a size. What the machine writes to
 * a disk is gone with it. */
static void describe_disks(const struct cli_arguments *arguments, FILE *stream)
{
    uint32_t next = 0;
    const char *value = next_value(arguments, "disk", &next);
    fputs(value ? "  disks:\n" : "", stream);
    for (; value; value = next_value(arguments, "disk", &next)) {
        const char *equals = strchr(value, '=');
        bool is_size = equals[1] >= '0' && equals[1] <= '9' && access(equals + 1, F_OK) != 0;
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(equals - value), value);
        fputs("  - name: ", stream);
        print_quoted(stream, name, false);
        fputs(is_size ? "\n    size: " : "\n    image: ", stream);
        print_quoted(stream, equals + 1, false);
        fputc('\n', stream);
    }
}

char *cli_machine_describe(const struct cli_arguments *arguments, size_t *size_bytes)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, size_bytes);
    if (!stream) {
        return NULL;
    }
    const char *memory = cli_value(arguments, "memory");
    const char *cpu_hz = cli_value(arguments, "cpu-hz");
    const char *until = cli_value(arguments, "until");
    fprintf(stream, "general: {name: boot, duration: ");
    print_quoted(stream, until ? until : "1000h", false);
    fprintf(stream, "}\nnetworks: [{name: lan, type: lan}]\ngroups:\n- name: machine\n  image: ");
    const char *image = arguments->positional[0];
    /* A path, unless it is the bare name of a program of this build. */
    char path[4096];
    if (!strchr(image, '/') && access(image, F_OK) == 0) {
        snprintf(path, sizeof path, "./%s", image);
        image = path;
    }
    print_quoted(stream, image, false);
    fprintf(stream, "\n  count: 1\n  network: lan\n");
    if (memory) {
        fprintf(stream, "  memory: ");
        print_quoted(stream, memory, false);
        fputc('\n', stream);
    }
    if (cpu_hz) {
        fprintf(stream, "  cpu_hz: ");
        print_quoted(stream, cpu_hz, false);
        fputc('\n', stream);
    }
    const char *screen = cli_value(arguments, "screen");
    if (screen || cli_value(arguments, "screenshot")) {
        fprintf(stream, "  screen: ");
        print_quoted(stream, screen ? screen : "640x480", false);
        fputc('\n', stream);
    }
    fprintf(stream, "  arguments: [");
    for (int i = 0; i < arguments->rest_count; i++) {
        fputs(i ? ", " : "", stream);
        print_quoted(stream, arguments->rest[i], true);
    }
    fprintf(stream, "]\n  environment: {");
    bool first = true;
    uint32_t next = 0;
    const char *value;
    while ((value = next_value(arguments, "env", &next))) {
        const char *equals = strchr(value, '=');
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(equals - value), value);
        fputs(first ? "" : ", ", stream);
        print_quoted(stream, name, false);
        fputs(": ", stream);
        print_quoted(stream, equals + 1, true);
        first = false;
    }
    fprintf(stream, "}\n");
    describe_files(arguments, stream);
    describe_disks(arguments, stream);
    fclose(stream);
    return text;
}

/* The value of a repeated option that a scenario's message means: "d.image: ..." that of the disk
 * d, "0.from: ..." the first. NULL if
 * it means none. */
static const char *blamed_value(const struct cli_arguments *arguments, const char *option,
                                const char *message)
{
    const char *values[CLI_VALUES_MAX];
    uint32_t count = cli_values(arguments, option + strspn(option, "-"), values);
    size_t length = strcspn(message, ".:");
    char *end;
    unsigned long number = strtoul(message, &end, 10);
    if (end == message + length && number < count) {
        return values[number];
    }
    for (uint32_t i = count; i > 0; i--) {
        if (strncmp(values[i - 1], message, length) == 0 && values[i - 1][length] == '=') {
            return values[i - 1];
        }
    }
    return NULL;
}

static void cut_out(char *text, const char *phrase)
{
    char *found = strstr(text, phrase);
    if (found) {
        memmove(found, found + strlen(phrase), strlen(found + strlen(phrase)) + 1);
    }
}

/*
 * The machine is described as a scenario, which the user did not write: an error in a field of it
 * is told as one in the option that the field came from.
 */
static void blame_option(struct error *error, const struct cli_arguments *arguments)
{
    const char *image = arguments->positional[0];
    static const struct {
        const char *field;
        const char *option;
    } map[] = {
        {"general.duration: ", "--until"},         {"groups.machine.memory: ", "--memory"},
        {"groups.machine.cpu_hz: ", "--cpu-hz"},   {"groups.machine.environment", "--env"},
        {"groups.machine.arguments", "arguments"}, {"groups.machine.image: ", "image"},
        {"groups.machine.screen: ", "--screen"},   {"groups.machine.files", "--file"},
        {"groups.machine.disks", "--disk"},
    };
    for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
        size_t length = strlen(map[i].field);
        if (strncmp(error->message, map[i].field, length) == 0) {
            struct error told = ERROR_INIT;
            bool is_image = strcmp(map[i].option, "image") == 0;
            const char *rest = error->message + length;
            const char *value =
                rest[0] == '.' ? blamed_value(arguments, map[i].option, rest + 1) : NULL;
            const char *colon = strstr(rest, ": ");
            if (is_image && rest[0] == '/') { /* it names the file itself */
                error_set(&told, error->status, NULL, 0, "boot: %s", rest);
            } else if (value && colon) {
                error_set(&told, error->status, NULL, 0, "boot: %s `%s`: %s", map[i].option, value,
                          colon + 2);
            } else {
                error_set(&told, error->status, NULL, 0, "boot: %s%s%s",
                          is_image ? image : map[i].option,
                          rest[-1] == ' ' || rest[0] == '.' ? ": " : "", rest + (rest[0] == '.'));
            }
            /* It is relative to where denali runs, and nobody sees a scenario. */
            cut_out(told.message, ", relative to the scenario file");
            *error = told;
            if (is_image) {
                cli_hidden_tell(image, true, error);
            }
            return;
        }
    }
}

/* A path that names a file, or the bare name of a program; else prints one line. */
static bool image_there(const char *image)
{
    if (access(image, R_OK) == 0) {
        return true;
    }
    if (strchr(image, '/') || errno != ENOENT) {
        fprintf(stderr, "denali: boot: %s: cannot open the image: %s\n", image, strerror(errno));
        return false;
    }
    char path[CLI_PATH_MAX];
    char **names;
    uint32_t count = cli_names_list(cli_image_directory(path), ".img", &names);
    bool found = false;
    for (uint32_t i = 0; i < count && !found; i++) {
        found = strcmp(names[i], image) == 0;
    }
    if (!found) {
        fprintf(stderr,
                "denali: boot: %s: there is no such file, nor a program of that name (`denali list "
                "images`)",
                image);
        cli_suggest(image, (const char *const *)names, count);
    }
    cli_names_free(names, count);
    return found;
}

/* Each value of the option has something before its equals sign; else prints one line. */
static bool pairs_good(const struct cli_arguments *arguments, const char *option,
                       ptrdiff_t name_max, const char *expected)
{
    uint32_t next = 0;
    const char *value;
    while ((value = next_value(arguments, option, &next))) {
        const char *equals = strchr(value, '=');
        if (!equals || equals == value || equals - value > name_max) {
            fprintf(stderr, "denali: boot: --%s `%s`; expected %s\n", option, value, expected);
            return false;
        }
    }
    return true;
}

/* The picture is written at the end, beside its name first: tried now, so that nobody waits for one
 * that cannot be. Else prints one line. */
static bool screenshot_possible(const struct cli_arguments *arguments)
{
    const char *path = cli_value(arguments, "screenshot");
    if (!path) {
        return true;
    }
    const char *slash = strrchr(path, '/');
    char folder[CLI_PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    if (access(folder, W_OK | X_OK) == 0) {
        return true;
    }
    fprintf(stderr, "denali: boot: --screenshot %s: cannot be written: %s\n", path,
            strerror(errno));
    return false;
}

/* Every --env is NAME=VALUE, and a path names a file; else prints one line and returns false. */
static bool arguments_good(const struct cli_arguments *arguments)
{
    if (!pairs_good(arguments, "env", ENV_NAME_MAX, "NAME=VALUE") ||
        !pairs_good(arguments, "file", FILE_PATH_MAX, "PATH=SOURCE") ||
        !pairs_good(arguments, "disk", ENV_NAME_MAX, "NAME=FILE, or NAME=SIZE such as data=8MiB")) {
        return false;
    }
    return image_there(arguments->positional[0]) && screenshot_possible(arguments);
}

static enum status print_console(void *context, uint32_t node, const void *bytes,
                                 uint32_t size_bytes, struct error *error)
{
    (void)context;
    (void)node;
    if (fwrite(bytes, 1, size_bytes, stdout) != size_bytes || fflush(stdout)) {
        return error_set(error, STATUS_IO, NULL, 0, "cannot write the console: %s",
                         strerror(errno));
    }
    return STATUS_OK;
}

static enum status print_trace(void *context, uint32_t node, const char *text, uint32_t size_bytes,
                               struct error *error)
{
    bool *traced = context;
    (void)node;
    *traced = true;
    if (fwrite(text, 1, size_bytes, stderr) != size_bytes) {
        return error_set(error, STATUS_IO, NULL, 0, "cannot write the trace to stderr: %s",
                         strerror(errno));
    }
    return STATUS_OK;
}

static enum status trace(const struct cli_arguments *arguments, const struct scn_scenario *scenario,
                         struct emu_world *world, struct error *error)
{
    const char *text = cli_value(arguments, "trace-instructions");
    struct scn_stretch stretch;
    enum status status = STATUS_OK;
    if (text) {
        status = scn_stretch_parse("--trace-instructions", text, &stretch, error);
    }
    if (text && !status) {
        status = scn_stretch_check(scenario, "--trace-instructions", text, &stretch, error);
    }
    return !text || status ? status : emu_world_trace(world, 0, &stretch, UINT64_MAX, error);
}

/* Bytes typed and not yet taken by the machine. */
struct keyboard {
    char bytes[4096];
    uint32_t count;
    bool open;
    bool ended; /* the machine knows that it is not */
};

/* Reads what is there; with wait, sleeps until something is or the input ends. */
static void read_keyboard(struct keyboard *keyboard, bool wait)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (!keyboard->open || keyboard->count == sizeof keyboard->bytes ||
        poll(&input, 1, wait ? -1 : 0) <= 0) {
        return;
    }
    ssize_t got = read(STDIN_FILENO, keyboard->bytes + keyboard->count,
                       sizeof keyboard->bytes - keyboard->count);
    if (got <= 0) {
        keyboard->open = false;
    } else {
        keyboard->count += (uint32_t)got;
    }
}

static enum status run_machine(struct emu_world *world, uint64_t end_ns, struct error *error)
{
    struct keyboard keyboard = {.open = true};
    enum status status = STATUS_OK;
    while (!status && !cli_stop && emu_world_now_ns(world) < end_ns) {
        uint64_t next_ns = emu_world_next_ns(world);
        bool nothing_left = next_ns == TIME_NEVER;
        struct emu_node_report report;
        emu_world_node_report(world, 0, &report);
        bool over = strcmp(report.state, "terminated") == 0 || strcmp(report.state, "faulted") == 0;
        if (over || (nothing_left && keyboard.ended)) {
            return STATUS_OK;
        }
        read_keyboard(&keyboard, nothing_left && !keyboard.count);
        uint32_t taken = emu_world_console_type(world, 0, keyboard.bytes, keyboard.count);
        keyboard.count -= taken;
        memmove(keyboard.bytes, keyboard.bytes + taken, keyboard.count);
        if (nothing_left && keyboard.count && !taken) {
            return STATUS_OK; /* it sleeps for good, and on a full console */
        }
        if (!keyboard.open && !keyboard.count && !keyboard.ended) {
            keyboard.ended = true;
            emu_world_console_end(world, 0);
        }
        uint64_t now_ns = emu_world_now_ns(world);
        uint64_t from_ns = nothing_left || next_ns < now_ns ? now_ns : next_ns;
        bool far = from_ns < end_ns && end_ns - from_ns > SLICE_NS;
        uint64_t until_ns = far ? from_ns + SLICE_NS : end_ns;
        status = emu_world_run(world, until_ns, error);
    }
    return status;
}

static enum status take_screenshot(struct emu_world *world, const char *path, struct error *error)
{
    struct emu_screen screen;
    emu_world_node_screen(world, 0, &screen);
    enum status status = trace_png_write(path, screen.width, screen.height, screen.rgb, error);
    free(screen.rgb);
    return status;
}

static int judge(struct emu_world *world)
{
    struct emu_node_report report;
    emu_world_node_report(world, 0, &report);
    if (report.fault.kind != VCPU_FAULT_NONE) {
        char fault[EMU_FAULT_TEXT_MAX];
        emu_world_node_fault_describe(world, 0, fault);
        fprintf(stderr, "denali: the machine faulted after %" PRIu64 " instructions: %s\n",
                report.instructions, fault);
        return CLI_EXIT_GUEST_FAULT;
    }
    if (strcmp(report.state, "terminated") == 0) {
        return (int)(report.exit_code & 0xff);
    }
    if (cli_stop) {
        return CLI_EXIT_INTERRUPTED;
    }
    fprintf(stderr, "denali: at virtual time %.3f s the machine is still %s\n",
            (double)emu_world_now_ns(world) / 1e9, report.state);
    return CLI_EXIT_TIMED_OUT;
}

static int boot(const struct cli_arguments *arguments)
{
    if (!arguments_good(arguments)) {
        return CLI_EXIT_BAD_INPUT;
    }
    const char *engine_name = cli_value(arguments, "engine");
    char images[CLI_PATH_MAX];
    bool traced = false;
    struct emu_world_options world_options = {
        .image_directory = cli_image_directory(images),
        .typed_input = true,
        .sink = {.context = &traced, .console = print_console, .trace = print_trace},
    };
    struct error error = ERROR_INIT;
    if (engine_name && vcpu_engine_choose("--engine", engine_name, &world_options.engine, &error)) {
        return cli_fail(&error);
    }
    size_t size_bytes = 0;
    char *text = cli_machine_describe(arguments, &size_bytes);
    struct scn_file *file = NULL;
    struct scn_scenario *scenario = NULL;
    struct emu_world *world = NULL;
    enum status status =
        text ? scn_open_text(&file, "./denali boot", text, size_bytes, &error)
             : error_set(&error, STATUS_NO_MEMORY, NULL, 0, "no memory for the machine");
    if (!status) {
        status = scn_resolve(file, &scenario, &error);
    }
    scn_close(file);
    free(text);
    if (!status) {
        status = emu_world_create(scenario, &world_options, &world, &error);
    }
    if (status) {
        blame_option(&error, arguments);
    } else {
        status = trace(arguments, scenario, world, &error);
    }
    cli_stop_listen();
    if (!status) {
        status = run_machine(world, scenario->duration_ns, &error);
    }
    const char *screenshot = cli_value(arguments, "screenshot");
    if (!status && screenshot) {
        status = take_screenshot(world, screenshot, &error);
    }
    const char *stretch = cli_value(arguments, "trace-instructions");
    if (!status && stretch && !traced) {
        fprintf(stderr, "denali: --trace-instructions %s: nothing was executed then\n", stretch);
    }
    int code = status ? cli_fail(&error) : judge(world);
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
    return code;
}

const struct cli_verb cli_boot_verb = {
    .name = "boot",
    .summary = "boot one machine with its console on the terminal",
    .usage = "[OPTIONS] IMAGE [-- ARGUMENTS...]",
    .description = "Boots the image on a machine of its own. What it prints goes to the terminal, "
                   "what is typed\n(or piped in) goes to its console. The exit code is the "
                   "guest's; 4 if it faulted, 124 if\nit did not end, 130 if interrupted. Virtual "
                   "time runs as fast as it can: a machine that\nsleeps does not wait. IMAGE is a "
                   "file, or a program of `denali list images` where there is no\nsuch "
                   "file.",
    .options = options,
    .examples = "  denali boot hello\n"
                "  denali boot my-peer.img -- arg1 arg2\n"
                "  denali boot life --until 10s --screenshot life.png\n"
                "  denali boot my-peer.img --memory 256KiB --env VERBOSE=1\n"
                "  denali boot httpd.img --file /www=site --file /etc/motd=motd.txt\n"
                "  denali boot my-store.img --disk base=table.bin --disk scratch=8MiB\n"
                "  denali boot hello --trace-instructions 0-100\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .takes_rest = true,
    .run = boot,
};
