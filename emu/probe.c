/* Stops a node at exact places. Knows nothing of debuggers. */
#include "probe.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <netsim/frame.h>
#include <traces/recording.h>
#include <vcpu/image.h>

#include "node.h"
#include "process.h"

/* --- what reaches a node ---------------------------------------------------------------------- */

static void add(struct emu_inputs *inputs, struct emu_input input)
{
    if (inputs->count == inputs->capacity) {
        inputs->capacity = inputs->capacity ? inputs->capacity * 2 : 64;
        inputs->items = alloc_grow(inputs->items, inputs->capacity, sizeof *inputs->items);
    }
    inputs->items[inputs->count++] = input;
}

void emu_inputs_add(struct emu_inputs *inputs, uint64_t time_ns, struct net_frame *frame)
{
    if (inputs->closed) {
        return;
    }
    net_frame_retain(frame);
    add(inputs, (struct emu_input){.time_ns = time_ns, .frame = frame});
    inputs->size_bytes += frame->size_bytes;
}

void emu_inputs_add_outside(struct emu_inputs *inputs, uint64_t time_ns,
                            const struct trace_input *outside)
{
    if (inputs->closed) {
        return;
    }
    struct trace_input *copy = alloc_zeroed(1, sizeof *copy + outside->size_bytes);
    *copy = *outside;
    if (outside->size_bytes) {
        memcpy(copy + 1, outside->bytes, outside->size_bytes);
        copy->bytes = (const uint8_t *)(copy + 1);
    }
    add(inputs, (struct emu_input){.time_ns = time_ns, .outside = copy});
    inputs->size_bytes += outside->size_bytes;
}

static void forget(struct emu_inputs *inputs, const struct emu_input *input)
{
    if (input->frame) {
        inputs->size_bytes -= input->frame->size_bytes;
        net_frame_release(input->frame);
    } else {
        inputs->size_bytes -= input->outside->size_bytes;
        free(input->outside);
    }
}

void emu_inputs_truncate(struct emu_inputs *inputs, size_t count)
{
    while (inputs->count > count) {
        forget(inputs, &inputs->items[--inputs->count]);
    }
}

void emu_inputs_drop_first(struct emu_inputs *inputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        forget(inputs, &inputs->items[i]);
    }
    if (count) {
        inputs->count -= count;
        memmove(inputs->items, inputs->items + count, inputs->count * sizeof *inputs->items);
    }
}

void emu_inputs_prepend(struct emu_inputs *inputs, struct emu_inputs *first)
{
    struct emu_inputs later = *inputs;
    *inputs = *first;
    inputs->closed = later.closed;
    for (size_t i = 0; i < later.count; i++) {
        add(inputs, later.items[i]); /* with the references */
    }
    inputs->size_bytes += later.size_bytes;
    free(later.items);
    memset(first, 0, sizeof *first);
}

uint64_t emu_inputs_cost_bytes(const struct emu_inputs *inputs)
{
    return inputs->size_bytes + inputs->count * (sizeof *inputs->items + sizeof(struct net_frame));
}

void emu_inputs_fini(struct emu_inputs *inputs)
{
    emu_inputs_truncate(inputs, 0);
    free(inputs->items);
    memset(inputs, 0, sizeof *inputs);
}

/* --- the probe -------------------------------------------------------------------------------- */

void emu_probe_init(struct emu_probe *probe)
{
    memset(probe, 0, sizeof *probe);
    emu_probe_clear(probe);
}

void emu_probe_fini(struct emu_probe *probe)
{
    free(probe->decoded);
    probe->decoded = NULL;
}

void emu_probe_clear(struct emu_probe *probe)
{
    probe->from = EMU_POSITION_NEVER;
    probe->until = EMU_POSITION_NEVER;
    probe->limit = EMU_POSITION_NEVER;
    probe->step = false;
    probe->step_from = 0;
    probe->step_to = 0;
    probe->search = false;
    probe->stop = EMU_PROBE_NONE;
    probe->found = false;
    probe->touched = false;
    probe->touch_count = 0;
}

struct emu_position emu_node_position(const struct emu_node *node)
{
    return (struct emu_position){node->vcpu.retired, node->account.interrupts_delivered};
}

static bool halt(struct emu_probe *probe, struct emu_node *node, enum emu_probe_stop stop)
{
    probe->stop = stop;
    node->process->halted = true;
    return true;
}

static void note(struct emu_probe *probe, struct emu_position at, enum emu_probe_stop stop)
{
    if (emu_position_compare(at, probe->limit) < 0 &&
        (!probe->found || emu_position_compare(at, probe->last) >= 0)) {
        probe->found = true;
        probe->last = at;
        probe->last_stop = stop;
    }
}

static bool at_breakpoint(const struct emu_probe *probe, uint32_t eip)
{
    for (uint32_t i = 0; i < probe->breakpoint_count; i++) {
        if (probe->breakpoints[i] >= eip) {
            return probe->breakpoints[i] == eip;
        }
    }
    return false;
}

bool emu_probe_stops(struct emu_probe *probe, struct emu_node *node)
{
    struct emu_position at = emu_node_position(node);
    uint32_t eip = node->vcpu.eip;
    bool begins = emu_position_compare(at, probe->from) == 0;
    if (probe->stop != EMU_PROBE_NONE) {
        return true;
    }
    if (probe->touched) {
        return halt(probe, node, EMU_PROBE_WATCH);
    }
    if (probe->search && at_breakpoint(probe, eip)) {
        note(probe, at, EMU_PROBE_BREAKPOINT);
    }
    if (emu_position_compare(at, probe->until) >= 0) {
        return halt(probe, node, EMU_PROBE_UNTIL);
    }
    if (!probe->search && !begins && at_breakpoint(probe, eip)) {
        return halt(probe, node, EMU_PROBE_BREAKPOINT);
    }
    if (probe->step && !begins && (eip < probe->step_from || eip >= probe->step_to)) {
        return halt(probe, node, EMU_PROBE_STEP);
    }
    return false;
}

/* --- watchpoints ------------------------------------------------------------------------------ */

/* The watchpoint that an access of these bytes trips, or NULL. Addresses wrap. */
static const struct emu_watch *tripped(const struct emu_probe *probe, uint32_t address,
                                       uint32_t size_bytes, bool read, bool write)
{
    for (uint32_t i = 0; i < probe->watch_count; i++) {
        const struct emu_watch *watch = &probe->watches[i];
        if (((read && watch->read) || (write && watch->write)) &&
            (address - watch->address < watch->size_bytes ||
             watch->address - address < size_bytes)) {
            return watch;
        }
    }
    return NULL;
}

static void trip(struct emu_probe *probe, struct emu_position at, const struct emu_watch *watch,
                 bool wrote)
{
    if (probe->search) {
        note(probe, at, EMU_PROBE_WATCH);
    } else {
        probe->touched = true;
    }
    probe->watch = *watch;
    probe->wrote = wrote;
}

void emu_probe_watches_set(struct emu_probe *probe, const struct emu_watch *watches, uint32_t count)
{
    probe->watches = watches;
    probe->watch_count = count;
    if (probe->decoded) { /* what is quiet depends on what is watched */
        memset(probe->decoded, 0, EMU_PROBE_DECODED * sizeof *probe->decoded);
    }
}

/* Is the code of a page what the image says, as long as nobody writes there? */
static bool pristine(const struct vcpu_space *space, uint32_t page)
{
    return page < space->image->page_count &&
           vcpu_space_frame(space, page) == space->image->frames[page];
}

/* May the instruction trip a watchpoint, whatever the registers hold? Of one that writes to a fixed
 * address it is known; not to its own page, or what follows it may be another instruction. */
static bool is_quiet(const struct emu_probe *probe, const struct isa_instruction *instruction,
                     uint32_t page)
{
    /* Far enough apart for bit offsets too, of which a register holds 32 to an operand. */
    static const uint32_t some[VCPU_REGISTER_COUNT] = {4096, 4096, 4096, 4096,
                                                       4096, 4096, 4096, 4096};
    static const uint32_t more[VCPU_REGISTER_COUNT] = {8192, 8192, 8192, 8192,
                                                       8192, 8192, 8192, 8192};
    struct isa_touch touches[ISA_TOUCHES_MAX];
    struct isa_touch others[ISA_TOUCHES_MAX];
    uint32_t count = isa_touches(instruction, some, touches);
    isa_touches(instruction, more, others);
    bool reads_watched = false;
    for (uint32_t i = 0; i < probe->watch_count; i++) {
        reads_watched |= probe->watches[i].read;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct isa_touch *touch = &touches[i];
        uint32_t last = touch->address + touch->size_bytes - 1;
        if (!touch->write && !reads_watched) {
            continue;
        }
        if (touch->address != others[i].address || touch->address >> VCPU_PAGE_BITS == page ||
            last >> VCPU_PAGE_BITS == page ||
            tripped(probe, touch->address, touch->size_bytes, touch->read, touch->write)) {
            return false;
        }
    }
    return true;
}

/* How many instructions from here on trip no watchpoint, as far as their page and the next branch
 * reach; 0 where that cannot be told from the code alone. */
static uint32_t count_quiet(const struct emu_probe *probe, struct vcpu_space *space, uint32_t eip)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    uint32_t count = 0;
    bool ends = !pristine(space, page);
    while (!ends) {
        uint8_t code[ISA_INSTRUCTION_MAX_BYTES];
        struct isa_instruction instruction;
        uint32_t room = VCPU_PAGE_BYTES - (eip & VCPU_PAGE_MASK);
        uint32_t size_bytes = room < sizeof code ? room : sizeof code;
        if (!vcpu_space_load(space, eip, code, size_bytes)) {
            break;
        }
        isa_decode(code, size_bytes, &instruction);
        if (!instruction.length_bytes || !is_quiet(probe, &instruction, page)) {
            break;
        }
        count++;
        eip += instruction.length_bytes;
        ends = instruction.ends_block || eip >> VCPU_PAGE_BITS != page;
    }
    return count;
}

/* The instruction that comes next, decoded once for as long as its bytes stay. */
static const struct emu_decoded *decode(struct emu_probe *probe, struct emu_node *node)
{
    uint32_t eip = node->vcpu.eip;
    if (!probe->decoded) {
        probe->decoded = alloc_zeroed(EMU_PROBE_DECODED, sizeof *probe->decoded);
    }
    struct emu_decoded *decoded = &probe->decoded[eip % EMU_PROBE_DECODED];
    if (decoded->eip == eip && decoded->quiet && pristine(&node->space, eip >> VCPU_PAGE_BITS)) {
        return decoded;
    }
    uint8_t code[ISA_INSTRUCTION_MAX_BYTES];
    uint8_t count = sizeof code;
    while (count && !vcpu_space_load(&node->space, eip, code, count)) {
        count--;
    }
    if (decoded->eip != eip || decoded->quiet || decoded->code_bytes != count ||
        memcmp(decoded->code, code, count) != 0) {
        decoded->eip = eip;
        decoded->code_bytes = count;
        memcpy(decoded->code, code, count);
        isa_decode(code, count, &decoded->instruction);
        decoded->quiet = count_quiet(probe, &node->space, eip);
    }
    return decoded;
}

void emu_probe_touched(struct emu_probe *probe, struct emu_node *node, uint32_t address,
                       uint32_t size_bytes, bool write)
{
    const struct emu_watch *watch = tripped(probe, address, size_bytes, !write, write);
    if (watch) {
        trip(probe, emu_node_position(node), watch, write);
    }
}

void emu_probe_delivered(struct emu_probe *probe, struct emu_node *node)
{
    struct emu_position at = emu_node_position(node);
    const struct emu_watch *watch = tripped(probe, node->vcpu.gpr[VCPU_ESP], 8, false, true);
    at.delivered--;
    if (watch) {
        trip(probe, at, watch, true);
    }
}

/* --- a run ------------------------------------------------------------------------------------ */

uint64_t emu_probe_before(struct emu_probe *probe, struct emu_node *node,
                          struct vcpu_engine *engine, uint64_t budget)
{
    uint64_t left = probe->until.retired - node->vcpu.retired;
    engine->breakpoints = probe->breakpoints;
    engine->breakpoint_count = probe->breakpoint_count;
    probe->touch_count = 0;
    if (left < budget) {
        budget = left;
    }
    if (probe->watch_count) {
        const struct emu_decoded *decoded = decode(probe, node);
        if (decoded->quiet && decoded->quiet < budget) {
            budget = decoded->quiet;
        } else if (!decoded->quiet) {
            budget = 1;
            probe->before = emu_node_position(node);
            probe->touch_count = isa_touches(&decoded->instruction, node->vcpu.gpr, probe->touches);
        }
    }
    return probe->step || budget == 0 ? 1 : budget;
}

void emu_probe_after(struct emu_probe *probe, struct emu_node *node, struct vcpu_engine *engine)
{
    engine->breakpoints = NULL;
    engine->breakpoint_count = 0;
    for (uint32_t i = 0; i < probe->touch_count; i++) {
        const struct isa_touch *touch = &probe->touches[i];
        const struct emu_watch *watch =
            tripped(probe, touch->address, touch->size_bytes, touch->read, touch->write);
        if (watch && node->vcpu.retired != probe->before.retired) {
            trip(probe, probe->before, watch, touch->write && watch->write);
        }
    }
}

void emu_probe_left(struct emu_probe *probe, struct emu_node *node)
{
    if (probe->stop == EMU_PROBE_NONE && !emu_node_alive(node)) {
        halt(probe, node, EMU_PROBE_ENDED);
    }
}
