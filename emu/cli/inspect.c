/* `denali inspect`: what is in a guest image, for people. */
#include "inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/alloc.h>
#include <base/nearest.h>
#include <vcpu/isa.h>
#include <vcpu/translation.h>

#include "../disassembly.h"
#include "cli.h"

#define LARGEST_MAX 10u /* symbols shown unless all are asked for */

static const struct cli_option options[] = {
    {"symbols", NULL, "all symbols, by address", false},
    {"disassemble", "FUNCTION", "its code; also an address in it (0x12000), or all", false},
    {"translated", "ADDRESS", "the block there, a function's or an address's, and its host code",
     false},
    {"json", NULL, "all but the code, as JSON", false},
    {NULL, NULL, NULL, false},
};

bool inspect_stack(const struct vcpu_program *program, uint32_t *bottom, uint32_t *top)
{
    const struct vcpu_symbol *low = vcpu_program_symbol_find(program, "__denali_stack_bottom");
    const struct vcpu_symbol *high = vcpu_program_symbol_find(program, "__denali_stack_top");
    if (!low || !high || high->address <= low->address) {
        return false;
    }
    *bottom = low->address;
    *top = high->address;
    return true;
}

const char *inspect_symbol_kind(const struct vcpu_symbol *symbol)
{
    static const char *const kinds[] = {
        [VCPU_SYMBOL_FUNCTION] = "function",
        [VCPU_SYMBOL_OBJECT] = "object",
        [VCPU_SYMBOL_LABEL] = "label",
        [VCPU_SYMBOL_CONSTANT] = "constant",
    };
    return kinds[symbol->kind];
}

static uint32_t kib(uint32_t size_bytes)
{
    return size_bytes / 1024 + (size_bytes % 1024 != 0);
}

static uint32_t pages(uint32_t size_bytes)
{
    return size_bytes / 4096 + (size_bytes % 4096 != 0);
}

/* --- the layout ------------------------------------------------------------------------------- */

static void print_head(const struct vcpu_program *program, const struct program_survey *survey)
{
    const struct vcpu_symbol *entry = vcpu_program_symbol_at(program, program->entry);
    uint32_t bottom;
    uint32_t top;
    printf("%s\n", program->path);
    printf("  hash     %016" PRIx64 ", %zu bytes\n", program->hash, program->size_bytes);
    printf("  entry    0x%08" PRIx32 "%s%s\n", program->entry, entry ? "  " : "",
           entry ? entry->name : "");
    printf("  memory   %" PRIu32 " KiB at least: it ends at 0x%08" PRIx32 "\n", kib(program->end),
           program->end);
    if (inspect_stack(program, &bottom, &top)) {
        printf("  stack    0x%08" PRIx32 " to 0x%08" PRIx32 ", %" PRIu32 " KiB\n", bottom, top,
               kib(top - bottom));
    }
    printf("  code     %" PRIu64 " instructions%s", survey->instructions,
           survey->x87 ? ", some of floating point" : "");
    if (survey->illegal) {
        printf(", %" PRIu64 " place%s not in the ISA:", survey->illegal,
               survey->illegal == 1 ? "" : "s");
        for (uint32_t i = 0; i < survey->illegal && i < PROGRAM_ILLEGAL_MAX; i++) {
            printf("%s 0x%08" PRIx32, i ? "," : "", survey->illegal_at[i]);
        }
        printf("%s", survey->illegal > PROGRAM_ILLEGAL_MAX ? ", and more" : "");
    }
    printf("\n  devices ");
    bool any = false;
    for (uint32_t i = 0; i < DEV_COUNT; i++) {
        if (survey->devices[i]) {
            printf("%s %s", any ? "," : "", dev_table[i]->name);
            any = true;
        }
    }
    printf("%s, as far as its code names their ports\n", any ? "" : " none");
}

static void print_segments(const struct vcpu_program *program)
{
    printf("\nsegments:\n  %-10s %-10s %10s %10s %6s  %s\n", "from", "to", "in memory", "in file",
           "pages", "access");
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct vcpu_segment *segment = &program->segments[i];
        uint32_t end = segment->address + segment->memory_bytes;
        printf("  0x%08" PRIx32 " 0x%08" PRIx32 " %10" PRIu32 " %10" PRIu32 " %6" PRIu32
               "  %s%s%s\n",
               segment->address, end, segment->memory_bytes, segment->file_bytes,
               pages(end) - segment->address / 4096, segment->readable ? "read " : "",
               segment->writable ? "write " : "", segment->executable ? "execute" : "");
    }
}

static void print_sections(const struct vcpu_program *program)
{
    printf("\nsections:%s\n", program->section_count ? "" : " none");
    for (uint32_t i = 0; i < program->section_count; i++) {
        const struct vcpu_section *section = &program->sections[i];
        if (section->loaded) {
            printf("  0x%08" PRIx32 " %10" PRIu32 "  %-16.64s %s\n", section->address,
                   section->size_bytes, section->name,
                   section->zeros        ? "zeros"
                   : section->executable ? "code"
                   : section->writable   ? "data"
                                         : "constants");
        } else {
            printf("  %-10s %10" PRIu32 "  %-16.64s not in memory\n", "", section->size_bytes,
                   section->name);
        }
    }
}

static void print_symbol(const struct vcpu_symbol *symbol)
{
    printf("  0x%08" PRIx32 " %10" PRIu32 "  %-8s %s  %s\n", symbol->address, symbol->size_bytes,
           inspect_symbol_kind(symbol), symbol->global ? "global" : "local ", symbol->name);
}

static int compare_sizes(const void *a, const void *b)
{
    const struct vcpu_symbol *x = *(const struct vcpu_symbol *const *)a;
    const struct vcpu_symbol *y = *(const struct vcpu_symbol *const *)b;
    if (x->size_bytes != y->size_bytes) {
        return x->size_bytes > y->size_bytes ? -1 : 1;
    }
    return x < y ? -1 : x > y;
}

static void print_symbols(const struct vcpu_program *program, bool all)
{
    uint32_t counts[4] = {0};
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        counts[program->symbols[i].kind]++;
    }
    printf("\nsymbols: %" PRIu32 " functions, %" PRIu32 " objects, %" PRIu32 " labels, %" PRIu32
           " constants%s\n",
           counts[VCPU_SYMBOL_FUNCTION], counts[VCPU_SYMBOL_OBJECT], counts[VCPU_SYMBOL_LABEL],
           counts[VCPU_SYMBOL_CONSTANT],
           !program->symbol_count || all ? "" : "; the largest (--symbols shows all):");
    const struct vcpu_symbol **shown = alloc_zeroed(program->symbol_count + 1, sizeof *shown);
    uint32_t count = program->symbol_count;
    for (uint32_t i = 0; i < count; i++) {
        shown[i] = &program->symbols[i];
    }
    if (!all) {
        qsort(shown, count, sizeof *shown, compare_sizes);
        count = count < LARGEST_MAX ? count : LARGEST_MAX;
    }
    for (uint32_t i = 0; i < count; i++) {
        print_symbol(shown[i]);
    }
    free(shown);
}

/* --- the code --------------------------------------------------------------------------------- */

static void print_code(const struct vcpu_program *program, struct emu_disassembler *disassembler,
                       const struct program_range *range)
{
    printf("0x%08" PRIx32 " %s:\n", range->address, range->name ? range->name : "code");
    for (uint32_t at = 0; at < range->size_bytes;) {
        uint8_t bytes[ISA_INSTRUCTION_MAX_BYTES];
        char text[192];
        uint32_t left = range->size_bytes - at;
        uint32_t there = vcpu_program_read(program, range->address + at, bytes, sizeof bytes);
        if (!there) {
            return;
        }
        uint32_t length = emu_disassemble(disassembler, bytes, there < left ? there : left,
                                          range->address + at, text, sizeof text);
        char hex[2 * ISA_INSTRUCTION_MAX_BYTES + 1];
        for (uint32_t i = 0; i < length; i++) {
            snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
        }
        printf("  %08" PRIx32 "  %-16s  %s\n", range->address + at, hex, text);
        at += length;
    }
}

static enum status no_such_function(const struct vcpu_program *program, const char *option,
                                    const char *what, const char *more, struct error *error)
{
    const char **names = alloc_zeroed(program->symbol_count + 1, sizeof *names);
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        if (program->symbols[i].kind == VCPU_SYMBOL_FUNCTION) {
            names[count++] = program->symbols[i].name;
        }
    }
    const char *near = nearest_word(what, names, count);
    free(names);
    return error_set(error, STATUS_INVALID, program->path, 0,
                     "%s %.80s: no such function; expected a name that `denali inspect --symbols` "
                     "shows, an address in the program such as 0x%x%s%s%s%s",
                     option, what, program->entry, more, near ? "; did you mean `" : "",
                     near ? near : "", near ? "`?" : "");
}

static enum status disassemble(const struct vcpu_program *program, const char *what,
                               struct error *error)
{
    struct program_range *ranges = NULL;
    uint32_t count = 1;
    if (strcmp(what, "all") == 0) {
        count = program_ranges(program, &ranges);
    } else {
        ranges = alloc_zeroed(1, sizeof *ranges);
        if (!program_range_find(program, what, ranges)) {
            free(ranges);
            return no_such_function(program, "--disassemble", what, ", or all", error);
        }
    }
    struct emu_disassembler *disassembler = NULL;
    enum status status = emu_disassembler_create(&disassembler, error);
    for (uint32_t i = 0; i < count && !status; i++) {
        fputs(i ? "\n" : "", stdout);
        print_code(program, disassembler, &ranges[i]);
    }
    emu_disassembler_destroy(disassembler);
    free(ranges);
    return status;
}

/* --- a block before and after the translator -------------------------------------------------- */

static void print_host_code(struct emu_disassembler *disassembler,
                            const struct vcpu_translation *translation, uint32_t from, uint32_t to)
{
    while (from < to) {
        char text[192];
        uint32_t length = emu_disassemble(disassembler, translation->code + from, to - from, from,
                                          text, sizeof text);
        printf("        +%-5" PRIu32 " %s\n", from, text);
        from += length;
    }
}

static void print_translation(const struct vcpu_program *program, struct emu_disassembler *guest,
                              struct emu_disassembler *host,
                              const struct vcpu_translation *translation)
{
    printf("the block at 0x%08" PRIx32 ": %" PRIu32 " instructions, %" PRIu32
           " bytes of host code\n\n  is there enough of the budget?\n",
           translation->steps[0].address, translation->count, translation->size_bytes);
    print_host_code(host, translation, 0, translation->steps[0].begin);
    for (uint32_t i = 0; i < translation->count; i++) {
        uint8_t bytes[ISA_INSTRUCTION_MAX_BYTES];
        char text[192];
        uint32_t address = translation->steps[i].address;
        uint32_t there = vcpu_program_read(program, address, bytes, sizeof bytes);
        emu_disassemble(guest, bytes, there, address, text, sizeof text);
        printf("  %08" PRIx32 "  %s\n", address, text);
        print_host_code(host, translation, translation->steps[i].begin,
                        i + 1 < translation->count ? translation->steps[i + 1].begin
                                                   : translation->end);
    }
    printf("  and on\n");
    print_host_code(host, translation, translation->end, translation->cold);
    printf("  out of the ordinary\n");
    print_host_code(host, translation, translation->cold, translation->size_bytes);
}

/* Says so where an address is within an instruction, as the function's code has it from its start:
 * the program may well jump there, but whoever asks has hardly meant it. */
static void warn_midst(const struct vcpu_program *program, struct emu_disassembler *disassembler,
                       uint32_t address)
{
    const struct vcpu_symbol *symbol = vcpu_program_symbol_at(program, address);
    uint32_t at = symbol ? symbol->address : address;
    uint32_t begin = at;
    while (at < address) {
        uint8_t bytes[ISA_INSTRUCTION_MAX_BYTES];
        char text[192];
        uint32_t there = vcpu_program_read(program, at, bytes, sizeof bytes);
        begin = at;
        at += there ? emu_disassemble(disassembler, bytes, there, at, text, sizeof text)
                    : address - at;
    }
    if (at != address) {
        fprintf(stderr,
                "denali: warning: %08" PRIx32 " is within the instruction at %08" PRIx32
                " of %s; what follows is what a jump there would execute\n",
                address, begin, symbol->name);
    }
}

static enum status show_translated(const struct vcpu_program *program, const char *what,
                                   struct error *error)
{
    struct program_range range;
    char *end = NULL;
    unsigned long address = strtoul(what, &end, 0);
    if (what[0] >= '0' && what[0] <= '9' && !*end && address <= UINT32_MAX) {
        range.address = (uint32_t)address;
    } else if (!program_range_find(program, what, &range)) {
        return no_such_function(program, "--translated", what, "", error);
    }
    uint8_t bytes[4096];
    uint32_t there = vcpu_program_read(program, range.address, bytes, sizeof bytes);
    if (!there) {
        return error_set(error, STATUS_INVALID, program->path, 0,
                         "--translated %.80s: nothing of the program is there", what);
    }
    struct vcpu_translation *translation = NULL;
    struct emu_disassembler *guest = NULL;
    struct emu_disassembler *host = NULL;
    enum status status = vcpu_translation_make(range.address, bytes, there, &translation, error);
    if (!status) {
        status = emu_disassembler_create(&guest, error);
    }
    if (!status) {
        status = emu_disassembler_create_host(&host, error);
    }
    if (!status) {
        warn_midst(program, guest, range.address);
        print_translation(program, guest, host, translation);
    }
    emu_disassembler_destroy(guest);
    emu_disassembler_destroy(host);
    vcpu_translation_destroy(translation);
    return status;
}

/* --- all of it at a glance -------------------------------------------------------------------- */

static enum status show_program(const struct vcpu_program *program,
                                const struct cli_arguments *arguments, struct error *error)
{
    struct program_survey survey;
    struct emu_disassembler *disassembler = NULL;
    enum status status = emu_disassembler_create(&disassembler, error);
    if (status) {
        return status;
    }
    program_survey(program, disassembler, &survey);
    emu_disassembler_destroy(disassembler);
    if (cli_flag(arguments, "json")) {
        return inspect_print_json(program, &survey, error);
    }
    print_head(program, &survey);
    print_segments(program);
    print_sections(program);
    print_symbols(program, cli_flag(arguments, "symbols"));
    if (program->damage) {
        printf("\nThe file is damaged, and not all can be told: %s.\n", program->damage);
    }
    return STATUS_OK;
}

/* --- the verb --------------------------------------------------------------------------------- */

/* As `denali boot` finds it: a file, or an image of this build by its bare name. */
static enum status load(const char *argument, struct vcpu_program **program, struct error *error)
{
    char directory[CLI_PATH_MAX];
    char path[CLI_PATH_MAX + 256];
    if (strchr(argument, '/') || access(argument, F_OK) == 0) {
        return vcpu_program_load(argument, program, error);
    }
    snprintf(path, sizeof path, "%s/%.200s.img", cli_image_directory(directory), argument);
    if (access(path, F_OK) != 0) {
        return error_set(error, STATUS_NOT_FOUND, NULL, 0,
                         "inspect: no file `%.200s`, and no image of that name; `denali list "
                         "images` shows those there are",
                         argument);
    }
    return vcpu_program_load(path, program, error);
}

/* Each of the options is a view of its own; else prints one line. */
static bool combination_good(const struct cli_arguments *arguments)
{
    const char *first = NULL;
    for (const struct cli_option *option = options; option->name; option++) {
        if (!cli_flag(arguments, option->name)) {
            continue;
        }
        if (first) {
            fprintf(stderr, "denali: inspect: --%s and --%s; expected one of them\n", first,
                    option->name);
            return false;
        }
        first = option->name;
    }
    return true;
}

static int inspect(const struct cli_arguments *arguments)
{
    if (!combination_good(arguments)) {
        return CLI_EXIT_BAD_INPUT;
    }
    struct error error = ERROR_INIT;
    struct vcpu_program *program = NULL;
    const char *code = cli_value(arguments, "disassemble");
    const char *translated = cli_value(arguments, "translated");
    enum status status = load(arguments->positional[0], &program, &error);
    if (!status && translated) {
        status = show_translated(program, translated, &error);
    } else if (!status && code) {
        status = disassemble(program, code, &error);
    } else if (!status) {
        status = show_program(program, arguments, &error);
    }
    vcpu_program_destroy(program);
    return status ? cli_fail(&error) : CLI_EXIT_OK;
}

const struct cli_verb cli_inspect_verb = {
    .name = "inspect",
    .summary = "show what is in a guest image: layout, symbols, code",
    .usage = "[OPTIONS] IMAGE",
    .description = "Reads the image as a machine would and shows where it lies in memory, what it "
                   "is made of, and\nwhether all of its code is in the ISA.",
    .options = options,
    .examples = "  denali inspect hello\n"
                "  denali inspect my-peer.img --symbols\n"
                "  denali inspect my-peer.img --disassemble main\n"
                "  denali inspect hello --translated main\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = inspect,
};
