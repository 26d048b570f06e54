/* Looks on as a node runs, and writes down what it does. */
#include "tracer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>
#include <vcpu/image.h>
#include <vcpu/program.h>
#include <vcpu/touch.h>

#include "disassembly.h"
#include "host/host.h"
#include "process.h"
#include "tracer_text.h"

#define TOUCH_BYTES_MAX 32u /* pusha */

/* Columns of a line. */
#define PLACE_END 66u
#define BYTES_END 84u
#define TEXT_END  126u

enum phase {
    WAITING, /* for the stretch to begin */
    TRACING,
    OVER,
};

/* A link of the digest. */
struct exchange {
    enum emu_digest_kind kind;
    uint32_t a;
    uint32_t b;
    const void *bytes;
    uint32_t size_bytes;
};

/* A touch and what was there before. */
struct touched {
    struct isa_touch touch;
    bool known; /* it is memory */
    uint8_t bytes[TOUCH_BYTES_MAX];
};

struct emu_tracer {
    struct scn_stretch stretch;
    uint64_t room_bytes; /* that may still be written */
    enum phase phase;
    struct emu_disassembler *disassembler;
    struct vcpu_program *program; /* NULL: no symbols to be had */
    struct vcpu last;             /* the state as the text so far has it */

    /* Between emu_tracer_before and emu_tracer_after. */
    bool inside;
    uint64_t cycles;
    struct isa_instruction instruction;
    uint8_t code[ISA_INSTRUCTION_MAX_BYTES];
    uint32_t code_bytes;
    struct touched touched[ISA_TOUCHES_MAX];
    uint32_t touched_count;
    struct emu_text exchanges; /* lines to come after the instruction's */

    uint32_t watch_bytes; /* 0: everything is written */
    uint32_t watch_address;
    uint8_t watched[EMU_WATCH_MAX]; /* what is there */
    bool changed;                   /* it was something else before */

    struct emu_text text;
};

enum status emu_tracer_create(struct emu_node *node, const struct scn_stretch *stretch,
                              uint64_t limit_bytes, struct emu_tracer **result, struct error *error)
{
    struct emu_tracer *tracer = alloc_zeroed(1, sizeof *tracer);
    enum status status = emu_disassembler_create(&tracer->disassembler, error);
    if (status) {
        free(tracer);
        return status;
    }
    tracer->stretch = *stretch;
    tracer->room_bytes = limit_bytes;
    /* Without symbols a trace is one all the same; so is it if the file has changed meanwhile. */
    const struct vcpu_image *image = node->space.image;
    if (vcpu_program_load(image->path, &tracer->program, NULL) ||
        tracer->program->hash != image->hash) {
        vcpu_program_destroy(tracer->program);
        tracer->program = NULL;
    }
    *result = tracer;
    return STATUS_OK;
}

void emu_tracer_watch(struct emu_tracer *tracer, uint32_t address, uint32_t size_bytes)
{
    ASSERT(size_bytes >= 1 && size_bytes <= EMU_WATCH_MAX);
    tracer->watch_address = address;
    tracer->watch_bytes = size_bytes;
}

bool emu_tracer_changed(const struct emu_tracer *tracer)
{
    return tracer->changed;
}

void emu_tracer_destroy(struct emu_tracer *tracer)
{
    if (tracer) {
        emu_disassembler_destroy(tracer->disassembler);
        vcpu_program_destroy(tracer->program);
        emu_text_fini(&tracer->exchanges);
        emu_text_fini(&tracer->text);
        free(tracer);
    }
}

const char *emu_tracer_text(const struct emu_tracer *tracer, uint32_t *size_bytes)
{
    *size_bytes = tracer->text.size_bytes;
    return tracer->text.bytes;
}

void emu_tracer_told(struct emu_tracer *tracer)
{
    if (tracer->phase == OVER) {
        emu_text_fini(&tracer->text);
    }
    emu_text_clear(&tracer->text);
}

/* --- when ------------------------------------------------------------------------------------- */

/* How many instructions or cycles are left until `bound`; 0 once it is reached. */
static uint64_t distance(const struct emu_tracer *tracer, const struct emu_node *node,
                         uint64_t bound)
{
    bool counted = tracer->stretch.in_instructions;
    uint64_t now = counted ? node->vcpu.retired : node->vcpu.cycles;
    uint64_t at = counted ? bound : time_to_cycles(bound, node->cpu_hz);
    return at > now ? at - now : 0;
}

static void begin(struct emu_tracer *tracer, struct emu_node *node);

/* Is the node in the stretch now? Where it has just come there, the trace begins. */
static bool active(struct emu_tracer *tracer, struct emu_node *node)
{
    /* An idle node's own time stands still; its process's does not. */
    bool by_event = !tracer->stretch.in_instructions && !tracer->inside;
    uint64_t now_ns = node->process->now_ns;
    if (tracer->phase == WAITING && (distance(tracer, node, tracer->stretch.from) == 0 ||
                                     (by_event && now_ns >= tracer->stretch.from))) {
        begin(tracer, node);
    }
    if (tracer->phase == TRACING && (distance(tracer, node, tracer->stretch.to) == 0 ||
                                     (by_event && now_ns >= tracer->stretch.to))) {
        tracer->phase = OVER;
    }
    return tracer->phase == TRACING;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Accounts for what was added since `from`; at the limit the trace is over, and says so. */
static void account(struct emu_tracer *tracer, struct emu_node *node, uint32_t from)
{
    struct emu_text *text = &tracer->text;
    if (text->size_bytes - from > tracer->room_bytes) {
        text->size_bytes = from;
        emu_text_add(text, "# cut here: this trace has reached the limit of its size\n");
        tracer->phase = OVER;
        tracer->room_bytes = 0;
    } else {
        tracer->room_bytes -= text->size_bytes - from;
    }
    node->process->traced_bytes += text->size_bytes - from;
}

static void begin(struct emu_tracer *tracer, struct emu_node *node)
{
    struct emu_text *text = &tracer->text;
    uint32_t from = text->size_bytes;
    tracer->phase = TRACING;
    tracer->last = node->vcpu;
    emu_text_add(text,
                 "# time, instruction, eip, place, bytes, text ; what it read and changed\n# ");
    emu_text_state(text, &node->vcpu);
    emu_text_add(text, "\n");
    if (tracer->watch_bytes) {
        emu_text_add(text, "# watched: %u bytes at %08x\n", tracer->watch_bytes,
                     tracer->watch_address);
        (void)vcpu_space_load(&node->space, tracer->watch_address, tracer->watched,
                              tracer->watch_bytes);
    }
    account(tracer, node, from);
}

/* What differs from the state as the text has it, which then has it so. */
static void add_changes(struct emu_tracer *tracer, struct emu_text *text, const struct vcpu *now)
{
    emu_text_changes(text, &tracer->last, now);
    tracer->last = *now;
}

static void add_moment(struct emu_text *text, uint64_t time_ns, uint64_t instruction)
{
    emu_text_add(text, "%5llu.%09llu %11" PRIu64 "  ", time_ns / TIME_NS_PER_S,
                 time_ns % TIME_NS_PER_S, instruction);
}

/* Blanks up to a column counted from `from`, at least one. */
static void add_column(struct emu_text *text, uint32_t from, uint32_t column)
{
    uint32_t used = text->size_bytes - from;
    emu_text_add(text, "%*s", used < column ? (int)(column - used) : 1, "");
}

static void add_touched(struct emu_text *text, const struct touched *touched,
                        struct vcpu_space *space)
{
    const struct isa_touch *touch = &touched->touch;
    uint8_t after[TOUCH_BYTES_MAX];
    if (!touched->known || !vcpu_space_load(space, touch->address, after, touch->size_bytes)) {
        return; /* a virtual register, or a fault: said elsewhere */
    }
    emu_text_add(text, "  %s [%08x] ", touch->write ? "write" : "read", touch->address);
    emu_text_value(text, touched->bytes, touch->size_bytes);
    if (touch->write) {
        emu_text_add(text, "->");
        emu_text_value(text, after, touch->size_bytes);
    }
}

/* Where it goes on, if that is not the next instruction. */
static void add_target(struct emu_tracer *tracer, struct emu_text *text, uint32_t from, uint32_t to)
{
    if (to == from) {
        emu_text_add(text, "  again");
    } else if (to != from + tracer->instruction.length_bytes) {
        emu_text_add(text, "  to %08x ", to);
        emu_text_place(text, tracer->program, to);
    }
}

static void add_instruction(struct emu_tracer *tracer, struct emu_node *node)
{
    struct emu_text *text = &tracer->text;
    const struct vcpu *vcpu = &node->vcpu;
    char assembly[192] = "(no memory here)";
    uint32_t eip = tracer->last.eip;
    uint32_t start = text->size_bytes;
    uint32_t length = tracer->code_bytes
                          ? emu_disassemble(tracer->disassembler, tracer->code, tracer->code_bytes,
                                            eip, assembly, sizeof assembly)
                          : 0;
    add_moment(text, time_of_cycles(tracer->cycles, node->cpu_hz), tracer->last.retired);
    emu_text_add(text, "%08x  ", eip);
    emu_text_place(text, tracer->program, eip);
    add_column(text, start, PLACE_END);
    for (uint32_t i = 0; i < length; i++) {
        emu_text_add(text, "%02x", tracer->code[i]);
    }
    add_column(text, start, BYTES_END);
    emu_text_add(text, "%s", assembly);
    uint32_t said = text->size_bytes;
    add_column(text, start, TEXT_END);
    emu_text_add(text, ";");
    uint32_t nothing = text->size_bytes;
    bool retired = vcpu->retired != tracer->last.retired;
    for (uint32_t i = 0; retired && i < tracer->touched_count; i++) {
        add_touched(text, &tracer->touched[i], &node->space);
    }
    add_changes(tracer, text, vcpu);
    if (node->seat && node->seat->needs) {
        emu_text_add(text, "  page %u absent", node->seat->need.page);
    }
    if (node->state == EMU_NODE_FAULTED) {
        emu_text_add(text, "  fault: %s", vcpu_fault_text(node->fault.kind));
    } else if (retired && node->state == EMU_NODE_RUNNING) {
        add_target(tracer, text, eip, vcpu->eip);
    }
    if (text->size_bytes == nothing) {
        text->size_bytes = said;
    }
    emu_text_add(text, "\n");
}

/* --- exchanges with the outside --------------------------------------------------------------- */

static void add_access(struct emu_text *text, bool is_port, uint32_t a, uint32_t value,
                       const void *bytes)
{
    static const char *const results[] = {"", ": there is none", ": refused"};
    uint32_t place = a & 0x7fffffffu;
    bool write = a >> 31;
    uint32_t result;
    memcpy(&result, bytes, sizeof result);
    const struct dev_region *region;
    uint32_t device;
    const struct dev_ops *ops = is_port ? dev_find_port((uint16_t)place, &device, &region) : NULL;
    const char *name = !is_port ? dev_register_name(place) : ops ? ops->name : NULL;
    emu_text_add(text, "%s %02x (%s) ", is_port ? "port" : "register", place,
                 name ? name : "nobody's");
    if (write || result == DEV_DONE) {
        emu_text_add(text, "%s %08x", write ? "takes" : "gives", value);
    }
    emu_text_add(text, "%s", result <= DEV_REFUSED ? results[result] : "");
}

static void add_interrupts(struct emu_text *text, const char *what, uint32_t kinds)
{
    char names[128];
    dev_interrupts_name(kinds, names, sizeof names);
    emu_text_add(text, "%s%s", what, names);
}

static void add_wait(struct emu_text *text, uint32_t pending, const void *bytes)
{
    uint64_t until_ns;
    memcpy(&until_ns, bytes, sizeof until_ns);
    if (pending) {
        add_interrupts(text, "does not wait; pending: ", pending);
    } else if (until_ns == TIME_NEVER) {
        emu_text_add(text, "waits for an interrupt");
    } else {
        emu_text_add(text, "waits for an interrupt or until %llu.%09llu", until_ns / TIME_NS_PER_S,
                     until_ns % TIME_NS_PER_S);
    }
}

static void add_delivery(struct emu_tracer *tracer, struct emu_text *text, struct emu_node *node,
                         uint32_t kinds)
{
    struct vcpu *vcpu = &node->vcpu;
    uint8_t pushed[8];
    add_interrupts(text, "interrupt delivered: ", kinds);
    emu_text_add(text, ", to %08x ", vcpu->eip);
    emu_text_place(text, tracer->program, vcpu->eip);
    if (vcpu_space_load(&node->space, vcpu->gpr[VCPU_ESP], pushed, sizeof pushed)) {
        emu_text_add(text, " ;  write [%08x] ", vcpu->gpr[VCPU_ESP]);
        emu_text_value(text, pushed, 4);
        emu_text_add(text, "  write [%08x] ", vcpu->gpr[VCPU_ESP] + 4);
        emu_text_value(text, pushed + 4, 4);
    }
}

static void add_end(struct emu_text *text, const struct emu_node *node)
{
    if (node->state == EMU_NODE_TERMINATED) {
        emu_text_add(text, "ends with exit code %" PRIu32, node->exit_code);
    } else {
        emu_text_add(text, "ends by a fault: %s, address %08x", vcpu_fault_text(node->fault.kind),
                     node->fault.address);
    }
}

static void add_exchange(struct emu_tracer *tracer, struct emu_text *text, struct emu_node *node,
                         const struct exchange *what)
{
    switch (what->kind) {
    case EMU_DIGEST_BOOT:
        emu_text_add(text, "boots with %u KiB of memory", what->b >> 10);
        return;
    case EMU_DIGEST_PORT:
        add_access(text, true, what->a, what->b, what->bytes);
        return;
    case EMU_DIGEST_REGISTER:
        add_access(text, false, what->a, what->b, what->bytes);
        return;
    case EMU_DIGEST_INTERRUPT:
        add_interrupts(text, "interrupt raised: ", what->a);
        return;
    case EMU_DIGEST_DELIVERY:
        add_delivery(tracer, text, node, what->a);
        return;
    case EMU_DIGEST_FRAME_IN:
        emu_text_add(text, "a frame of %u bytes arrives", what->size_bytes);
        return;
    case EMU_DIGEST_FRAME_OUT:
        emu_text_add(text, "a frame of %u bytes is sent", what->size_bytes);
        return;
    case EMU_DIGEST_CONSOLE_OUT:
        emu_text_add(text, "prints ");
        emu_text_quoted(text, what->bytes, what->size_bytes);
        return;
    case EMU_DIGEST_CONSOLE_IN:
        emu_text_add(text, "is typed ");
        emu_text_quoted(text, what->bytes, what->size_bytes);
        return;
    case EMU_DIGEST_OBSERVE: {
        uint64_t bits = (uint64_t)what->b << 32 | what->a;
        double value;
        memcpy(&value, &bits, sizeof value);
        emu_text_add(text, "observes %.*s: %.17g", (int)what->size_bytes, (const char *)what->bytes,
                     value);
        return;
    }
    case EMU_DIGEST_IDLE:
        add_wait(text, what->a, what->bytes);
        return;
    case EMU_DIGEST_END:
        add_end(text, node);
        return;
    case EMU_DIGEST_DISK_READ:
    case EMU_DIGEST_DISK_WRITE:
        emu_text_add(text, "block %u of disk %u is %s", what->b, what->a,
                     what->kind == EMU_DIGEST_DISK_READ ? "read" : "written");
        return;
    case EMU_DIGEST_DISK_FULL:
        emu_text_add(text, "block %u of disk %u is not written: the limit is reached", what->b,
                     what->a);
        return;
    case EMU_DIGEST_KEY:
        emu_text_add(text, "key 0x%x %s", what->a, what->b ? "is pressed" : "is released");
        return;
    case EMU_DIGEST_RESTART:
        emu_text_add(text, "goes on from a snapshot at %08x, generation %u", what->b, what->a);
        return;
    case EMU_DIGEST_SUPERVISOR:
        emu_text_add(text, "its host's kernel answers port 0x%x", what->a);
        return;
    }
}

static void tell(struct emu_tracer *tracer, struct emu_node *node, const struct exchange *what)
{
    if (tracer->watch_bytes) {
        return;
    }
    /* While an instruction is under way its own line comes first. */
    struct emu_text *text = tracer->inside ? &tracer->exchanges : &tracer->text;
    uint32_t from = text->size_bytes;
    add_moment(text, node->process->now_ns, node->vcpu.retired);
    emu_text_add(text, "* ");
    if (what) {
        add_exchange(tracer, text, node, what);
    } else {
        emu_text_add(text, "wakes up");
    }
    if (!tracer->inside) {
        add_changes(tracer, text, &node->vcpu);
    }
    emu_text_add(text, "\n");
    if (!tracer->inside) {
        account(tracer, node, from);
    }
}

/* Have the watched bytes changed? Then a line says from what to what. */
static bool watch(struct emu_tracer *tracer, struct emu_node *node, struct emu_text *text,
                  const char *by)
{
    uint8_t now[EMU_WATCH_MAX];
    if (!vcpu_space_load(&node->space, tracer->watch_address, now, tracer->watch_bytes) ||
        memcmp(now, tracer->watched, tracer->watch_bytes) == 0) {
        return false;
    }
    add_moment(text, node->process->now_ns, node->vcpu.retired);
    emu_text_add(text, "* watched [%08x] ", tracer->watch_address);
    emu_text_value(text, tracer->watched, tracer->watch_bytes);
    emu_text_add(text, "->");
    emu_text_value(text, now, tracer->watch_bytes);
    emu_text_add(text, "%s\n", by);
    memcpy(tracer->watched, now, tracer->watch_bytes);
    tracer->changed = true;
    return true;
}

/* --- the node's life -------------------------------------------------------------------------- */

/* What is about to be executed, and the memory that it will touch as it is now. */
static void take_in(struct emu_tracer *tracer, struct emu_node *node)
{
    struct vcpu *vcpu = &node->vcpu;
    tracer->inside = true;
    tracer->last = *vcpu;
    tracer->cycles = vcpu->cycles;
    tracer->code_bytes = 0;
    while (tracer->code_bytes < sizeof tracer->code &&
           vcpu_space_load(&node->space, vcpu->eip + tracer->code_bytes,
                           tracer->code + tracer->code_bytes, 1)) {
        tracer->code_bytes++;
    }
    isa_decode(tracer->code, tracer->code_bytes, &tracer->instruction);
    struct isa_touch touches[ISA_TOUCHES_MAX];
    tracer->touched_count = isa_touches(&tracer->instruction, vcpu->gpr, touches);
    for (uint32_t i = 0; i < tracer->touched_count; i++) {
        struct touched *touched = &tracer->touched[i];
        touched->touch = touches[i];
        touched->known = touches[i].size_bytes <= TOUCH_BYTES_MAX &&
                         vcpu_space_load(&node->space, touches[i].address, touched->bytes,
                                         touches[i].size_bytes);
    }
}

uint64_t emu_tracer_before(struct emu_tracer *tracer, struct emu_node *node, uint64_t budget)
{
    if (tracer->phase == WAITING) {
        uint64_t left = distance(tracer, node, tracer->stretch.from);
        if (left) {
            return left < budget ? left : budget;
        }
    }
    if (!active(tracer, node)) {
        return budget;
    }
    if (tracer->watch_bytes) {
        uint32_t from = tracer->text.size_bytes;
        (void)watch(tracer, node, &tracer->text, ", by a device or an interrupt");
        account(tracer, node, from);
    }
    take_in(tracer, node);
    return 1;
}

void emu_tracer_after(struct emu_tracer *tracer, struct emu_node *node)
{
    if (!tracer->inside) {
        return;
    }
    uint32_t from = tracer->text.size_bytes;
    if (tracer->watch_bytes) {
        emu_text_clear(&tracer->exchanges);
        if (!watch(tracer, node, &tracer->exchanges, "")) {
            tracer->inside = false;
            return;
        }
    }
    add_instruction(tracer, node);
    if (tracer->exchanges.size_bytes) {
        emu_text_add(&tracer->text, "%s", tracer->exchanges.bytes);
        emu_text_clear(&tracer->exchanges);
    }
    tracer->inside = false;
    account(tracer, node, from);
}

void emu_tracer_woken(struct emu_tracer *tracer, struct emu_node *node)
{
    if (active(tracer, node)) {
        tell(tracer, node, NULL);
    }
}

void emu_tracer_exchange(struct emu_tracer *tracer, struct emu_node *node,
                         enum emu_digest_kind kind, uint32_t a, uint32_t b, const void *bytes,
                         uint32_t size_bytes)
{
    if (active(tracer, node)) {
        const struct exchange what = {kind, a, b, bytes, size_bytes};
        tell(tracer, node, &what);
    }
}
