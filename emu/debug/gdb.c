/*
 * gdb's packets. A node is a thread, its number one more than the node's; the world is the process.
 * An unknown packet gets the empty reply, a bad one E01, as the protocol has it; a write that
 * cannot be there gets E. and the reason.
 */
#include "gdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/time.h>
#include <vcpu/image.h>

#include "gdb_query.h"
#include "registers.h"

/* gdb's numbers of signals (include/gdb/signals.def). */
#define SIGNAL_INT  2
#define SIGNAL_ILL  4
#define SIGNAL_TRAP 5
#define SIGNAL_FPE  8
#define SIGNAL_BUS  10
#define SIGNAL_SEGV 11

void gdb_init(struct gdb *gdb, struct emu_debug *debug,
              bool (*send)(void *context, const void *bytes, size_t size_bytes), void *context)
{
    memset(gdb, 0, sizeof *gdb);
    gdb->debug = debug;
    gdb->send = send;
    gdb->context = context;
    gdb->general = emu_debug_node(debug);
    gdb->resumed = EMU_NODE_ANY;
    gdb->chosen = EMU_NODE_ANY;
    gdb->asked = EMU_NODE_ANY;
    gdb->stop.node = gdb->general;
    rsp_parser_init(&gdb->parser);
}

void gdb_fini(struct gdb *gdb)
{
    free(gdb->threads);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void send_bytes(struct gdb *gdb, const void *bytes, size_t size_bytes)
{
    if (!gdb->ended && !gdb->send(gdb->context, bytes, size_bytes)) {
        gdb->ended = true;
    }
}

static void send_reply(struct gdb *gdb)
{
    gdb->sent_bytes = rsp_reply_end(&gdb->reply);
    send_bytes(gdb, gdb->reply.bytes, gdb->sent_bytes);
}

static void answer(struct gdb *gdb, const char *text)
{
    rsp_reply_begin(&gdb->reply);
    rsp_reply_text(&gdb->reply, "%s", text);
    send_reply(gdb);
}

static void answer_done(struct gdb *gdb, bool done)
{
    answer(gdb, done ? "OK" : "E01");
}

/* A write; where it cannot be at all, with the reason. gdb shows that of registers, not of memory.
 */
static void answer_write(struct gdb *gdb, bool done, bool registers)
{
    const char *refusal =
        done ? NULL : emu_debug_write_refusal(gdb->debug, gdb->general, registers);
    if (!refusal) {
        answer_done(gdb, done);
        return;
    }
    if (!registers && gdb->told) {
        gdb->told(gdb->told_context, refusal);
    }
    rsp_reply_begin(&gdb->reply);
    rsp_reply_text(&gdb->reply, "E.%s", refusal);
    send_reply(gdb);
}

void gdb_tell(struct gdb *gdb, const char *text, size_t size_bytes)
{
    while (size_bytes) {
        size_t part = size_bytes < RSP_PACKET_MAX / 4 ? size_bytes : RSP_PACKET_MAX / 4;
        rsp_reply_begin(&gdb->reply);
        rsp_reply_text(&gdb->reply, "O");
        rsp_reply_hex(&gdb->reply, text, part);
        send_reply(gdb);
        text += part;
        size_bytes -= part;
    }
}

/* --- stops ------------------------------------------------------------------------------------ */

static int signal_of_fault(enum vcpu_fault_kind kind)
{
    switch (kind) {
    case VCPU_FAULT_DIVIDE:
    case VCPU_FAULT_OVERFLOW:
        return SIGNAL_FPE;
    case VCPU_FAULT_BREAKPOINT:
        return SIGNAL_TRAP;
    case VCPU_FAULT_ILLEGAL:
        return SIGNAL_ILL;
    case VCPU_FAULT_MEMORY:
    case VCPU_FAULT_BOUND:
        return SIGNAL_SEGV;
    default:
        return SIGNAL_BUS;
    }
}

static void answer_stop(struct gdb *gdb)
{
    const struct emu_debug_stop *stop = &gdb->stop;
    const struct emu_node *node = &gdb->debug->world->nodes[stop->node];
    int number = stop->kind == EMU_DEBUG_FAULTED       ? signal_of_fault(node->fault.kind)
                 : stop->kind == EMU_DEBUG_INTERRUPTED ? SIGNAL_INT
                                                       : SIGNAL_TRAP;
    rsp_reply_begin(&gdb->reply);
    rsp_reply_text(&gdb->reply, "T%02xthread:%x;", number, stop->node + 1);
    switch (stop->kind) {
    case EMU_DEBUG_BREAKPOINT:
        rsp_reply_text(&gdb->reply, "%s", gdb->knows_swbreak ? "swbreak:;" : "");
        break;
    case EMU_DEBUG_WATCHPOINT:
        rsp_reply_text(&gdb->reply, "%s:%x;",
                       stop->watch.read && stop->watch.write ? "awatch"
                       : stop->watch.write                   ? "watch"
                                                             : "rwatch",
                       stop->watch.address);
        break;
    case EMU_DEBUG_BEGIN:
        rsp_reply_text(&gdb->reply, "replaylog:begin;");
        break;
    case EMU_DEBUG_END:
        rsp_reply_text(&gdb->reply, "replaylog:end;");
        break;
    default:
        break;
    }
    send_reply(gdb);
}

/* Says in words what the protocol has no word for. */
static void tell_end(struct gdb *gdb)
{
    char text[EMU_FAULT_TEXT_MAX + SCN_NODE_NAME_MAX + 64];
    char name[SCN_NODE_NAME_MAX];
    char fault[EMU_FAULT_TEXT_MAX];
    struct emu_world *world = gdb->debug->world;
    int length = 0;
    scn_node_name(world->scenario, gdb->stop.node, name);
    if (gdb->stop.kind == EMU_DEBUG_TERMINATED) {
        length = snprintf(text, sizeof text, "[%s ended with exit code %u]\n", name,
                          world->nodes[gdb->stop.node].exit_code);
    } else if (gdb->stop.kind == EMU_DEBUG_FAULTED) {
        emu_world_node_fault_describe(world, gdb->stop.node, fault);
        length = snprintf(text, sizeof text, "[%s faulted: %s]\n", name, fault);
    } else if (gdb->stop.kind == EMU_DEBUG_END) {
        length = snprintf(text, sizeof text, "[the run is over]\n");
    }
    if (length > 0) {
        gdb_tell(gdb, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    }
}

void gdb_tell_damage(struct gdb *gdb)
{
    uint64_t time_ns;
    char text[128];
    if (emu_debug_damage_take(gdb->debug, &time_ns)) {
        int length = snprintf(text, sizeof text,
                              "[the recording's checkpoint at %llu.%09llu s is damaged: came from "
                              "the one before]\n",
                              time_ns / TIME_NS_PER_S, time_ns % TIME_NS_PER_S);
        gdb_tell(gdb, text, (size_t)length);
    }
}

static void resume(struct gdb *gdb, enum emu_debug_direction direction, struct emu_debug_span span)
{
    gdb->running = true;
    gdb->interrupted = false;
    gdb->status = emu_debug_resume(gdb->debug, direction, span, &gdb->stop, &gdb->error);
    if (gdb->status) {
        char text[sizeof gdb->error.message + sizeof gdb->error.file + 32];
        error_format(&gdb->error, text, sizeof text);
        gdb_tell(gdb, text, strlen(text));
        gdb_tell(gdb, "\n", 1);
        answer(gdb, "X09");
        gdb->ended = true;
        return;
    }
    tell_end(gdb);
    gdb_tell_damage(gdb);
    gdb->running = false;
    gdb->general = gdb->stop.node;
    answer_stop(gdb);
}

/* --- threads ---------------------------------------------------------------------------------- */

/* A thread of this world, or 0 or -1 for any. */
static bool take_thread(struct gdb *gdb, struct rsp_cursor *cursor, uint32_t *node)
{
    uint32_t number = 0;
    *node = EMU_NODE_ANY;
    if (rsp_take_text(cursor, "-1")) {
        return true;
    }
    if (!rsp_take_number32(cursor, &number) || number > gdb->debug->world->node_count) {
        return false;
    }
    *node = number ? number - 1 : EMU_NODE_ANY;
    return true;
}

static void set_thread(struct gdb *gdb, struct rsp_cursor cursor)
{
    uint32_t node;
    bool general = rsp_take(&cursor, 'g');
    if ((!general && !rsp_take(&cursor, 'c')) || !take_thread(gdb, &cursor, &node) ||
        !rsp_at_end(&cursor)) {
        answer(gdb, "E01");
        return;
    }
    if (general) {
        gdb->general = node == EMU_NODE_ANY ? emu_debug_node(gdb->debug) : node;
    } else {
        gdb->resumed = node;
    }
    answer(gdb, "OK");
}

/*
 * T: is a thread there? gdb asks that of the one that the person selects, and does not say
 * otherwise which it is: `continue` resumes all threads, and Hg comes only when registers are read,
 * for any. But it also asks it of each in turn (`thread apply all`): right after it has read the
 * list, from the highest number down by ones. Then the choice is what it was.
 */
static void ask_thread(struct gdb *gdb, struct rsp_cursor cursor, bool listed)
{
    uint32_t node;
    if (!take_thread(gdb, &cursor, &node) || !rsp_at_end(&cursor) || node == EMU_NODE_ANY) {
        answer(gdb, "E01");
        return;
    }
    if (listed && node + 1 == gdb->debug->world->node_count) {
        gdb->sweeping = true; /* if one less comes next */
        gdb->chosen_before = gdb->chosen;
        gdb->chosen = node;
    } else if (gdb->sweeping && node + 1 == gdb->asked) {
        gdb->chosen = gdb->chosen_before;
    } else {
        gdb->sweeping = false;
        gdb->chosen = node;
    }
    gdb->asked = node;
    answer(gdb, "OK");
}

/* --- registers and memory --------------------------------------------------------------------- */

static void read_registers(struct gdb *gdb, uint32_t first, uint32_t count)
{
    const struct vcpu *cpu = emu_debug_cpu(gdb->debug, gdb->general);
    rsp_reply_begin(&gdb->reply);
    for (uint32_t number = first; number < first + count; number++) {
        uint8_t bytes[GDB_REGISTER_BYTES_MAX];
        gdb_register_read(cpu, number, bytes);
        rsp_reply_hex(&gdb->reply, bytes, gdb_register_bytes(number));
    }
    send_reply(gdb);
}

static bool write_registers(struct gdb *gdb, struct rsp_cursor cursor, uint32_t first,
                            uint32_t count)
{
    const struct vcpu *now = emu_debug_cpu(gdb->debug, gdb->general);
    struct vcpu cpu = *now;
    bool changes = false;
    for (uint32_t number = first; number < first + count; number++) {
        uint8_t bytes[GDB_REGISTER_BYTES_MAX];
        uint8_t old[GDB_REGISTER_BYTES_MAX];
        gdb_register_read(now, number, old);
        if (!rsp_take_hex(&cursor, bytes, gdb_register_bytes(number)) ||
            !gdb_register_write(&cpu, number, bytes)) {
            return false;
        }
        changes |= memcmp(bytes, old, gdb_register_bytes(number)) != 0;
    }
    return rsp_at_end(&cursor) && (!changes || emu_debug_cpu_set(gdb->debug, gdb->general, &cpu));
}

static void read_register(struct gdb *gdb, struct rsp_cursor cursor)
{
    uint32_t number;
    if (!rsp_take_number32(&cursor, &number) || !rsp_at_end(&cursor) ||
        !gdb_register_bytes(number)) {
        answer(gdb, "E01");
        return;
    }
    read_registers(gdb, number, 1);
}

static bool write_register(struct gdb *gdb, struct rsp_cursor cursor)
{
    uint32_t number;
    return rsp_take_number32(&cursor, &number) && rsp_take(&cursor, '=') &&
           gdb_register_bytes(number) && write_registers(gdb, cursor, number, 1);
}

/* ADDRESS,LENGTH */
static bool take_range(struct rsp_cursor *cursor, uint32_t *address, uint32_t *size_bytes)
{
    return rsp_take_number32(cursor, address) && rsp_take(cursor, ',') &&
           rsp_take_number32(cursor, size_bytes);
}

static void read_memory(struct gdb *gdb, struct rsp_cursor cursor)
{
    uint8_t bytes[RSP_PACKET_MAX / 2];
    uint32_t address;
    uint32_t size_bytes;
    if (!take_range(&cursor, &address, &size_bytes) || !rsp_at_end(&cursor)) {
        answer(gdb, "E01");
        return;
    }
    if (size_bytes > sizeof bytes) {
        size_bytes = sizeof bytes;
    }
    /* As much of it as is memory. */
    while (size_bytes && !emu_debug_read(gdb->debug, gdb->general, address, bytes, size_bytes)) {
        uint32_t beyond = (address + size_bytes) & VCPU_PAGE_MASK;
        uint32_t less = beyond ? beyond : VCPU_PAGE_BYTES;
        size_bytes = size_bytes > less ? size_bytes - less : 0;
    }
    if (!size_bytes) {
        answer(gdb, "E01");
        return;
    }
    rsp_reply_begin(&gdb->reply);
    rsp_reply_hex(&gdb->reply, bytes, size_bytes);
    send_reply(gdb);
}

/* ADDRESS,LENGTH:DATA; in hexadecimal, or as it is. */
static bool write_memory(struct gdb *gdb, struct rsp_cursor cursor, bool is_hex)
{
    uint8_t bytes[RSP_PACKET_MAX];
    uint32_t address;
    uint32_t size_bytes;
    if (!take_range(&cursor, &address, &size_bytes) || !rsp_take(&cursor, ':') ||
        size_bytes > sizeof bytes) {
        return false;
    }
    if (is_hex) {
        if (!rsp_take_hex(&cursor, bytes, size_bytes)) {
            return false;
        }
    } else {
        if ((size_t)(cursor.end - cursor.at) < size_bytes) {
            return false;
        }
        memcpy(bytes, cursor.at, size_bytes);
        cursor.at += size_bytes;
    }
    return rsp_at_end(&cursor) &&
           emu_debug_write(gdb->debug, gdb->general, address, bytes, size_bytes);
}

/* --- breakpoints ------------------------------------------------------------------------------ */

static void set_point(struct gdb *gdb, struct rsp_cursor cursor, bool add)
{
    struct emu_debug *debug = gdb->debug;
    uint32_t type;
    uint32_t address;
    uint32_t size_bytes;
    if (!rsp_take_number32(&cursor, &type) || !rsp_take(&cursor, ',') ||
        !take_range(&cursor, &address, &size_bytes)) {
        answer(gdb, "E01");
        return;
    }
    if (type > 4 || !rsp_at_end(&cursor)) {
        answer(gdb, ""); /* conditions, and kinds that there are not */
        return;
    }
    if (type < 2) {
        if (!add) {
            emu_debug_breakpoint_remove(debug, address);
        }
        answer_done(gdb, !add || emu_debug_breakpoint_add(debug, address));
        return;
    }
    struct emu_watch watch = {address, size_bytes, type != 2, type != 3};
    if (!add) {
        emu_debug_watch_remove(debug, &watch);
    }
    answer_done(gdb, !add || emu_debug_watch_add(debug, &watch));
}

/* --- running ---------------------------------------------------------------------------------- */

/* The node that a packet means, or the selected one, is the one to debug from now on. */
static void debug_node(struct gdb *gdb, uint32_t node)
{
    char text[SCN_NODE_NAME_MAX + 128];
    char name[SCN_NODE_NAME_MAX];
    if (node == EMU_NODE_ANY) {
        /* It is at the stop's from then on. But gdb may first step another off a breakpoint. */
        node = gdb->chosen;
        gdb->chosen = EMU_NODE_ANY;
    }
    if (node == EMU_NODE_ANY || node == emu_debug_node(gdb->debug)) {
        return;
    }
    emu_debug_node_set(gdb->debug, node);
    scn_node_name(gdb->debug->world->scenario, node, name);
    int length = snprintf(text, sizeof text,
                          "[breakpoints, watchpoints and going back are now for %s]\n", name);
    gdb_tell(gdb, text, (size_t)length);
}

/* c, s, C and S of old: [SIGNAL][;]ADDRESS is not supported, a signal has no meaning here. */
static void resume_plain(struct gdb *gdb, struct rsp_cursor cursor, bool step, bool has_signal)
{
    uint32_t ignored;
    if ((has_signal && !rsp_take_number32(&cursor, &ignored)) || !rsp_at_end(&cursor)) {
        answer(gdb, "E01");
        return;
    }
    debug_node(gdb, gdb->resumed);
    resume(gdb, EMU_DEBUG_FORWARD, (struct emu_debug_span){.step = step});
}

/* One of vCont's actions. */
struct action {
    struct emu_debug_span span;
    uint32_t node;
};

static bool take_action(struct gdb *gdb, struct rsp_cursor *cursor, struct action *action)
{
    uint32_t ignored;
    memset(action, 0, sizeof *action);
    action->node = EMU_NODE_ANY;
    if (!rsp_take(cursor, ';') || rsp_at_end(cursor)) {
        return false;
    }
    switch (*cursor->at++) {
    case 'c':
        break;
    case 's':
        action->span.step = true;
        break;
    case 'S':
        action->span.step = true;
        if (!rsp_take_number32(cursor, &ignored)) {
            return false;
        }
        break;
    case 'C':
        if (!rsp_take_number32(cursor, &ignored)) {
            return false;
        }
        break;
    case 'r':
        action->span.step = true;
        if (!rsp_take_number32(cursor, &action->span.from) || !rsp_take(cursor, ',') ||
            !rsp_take_number32(cursor, &action->span.to)) {
            return false;
        }
        break;
    default:
        return false;
    }
    return !rsp_take(cursor, ':') || take_thread(gdb, cursor, &action->node);
}

/* The world always runs as a whole: a step of one node decides, or else how the first goes on. */
static void resume_each(struct gdb *gdb, struct rsp_cursor cursor)
{
    struct action chosen = {.node = EMU_NODE_ANY};
    bool first = true;
    while (!rsp_at_end(&cursor)) {
        struct action action;
        if (!take_action(gdb, &cursor, &action)) {
            answer(gdb, "E01");
            return;
        }
        if (first || (action.span.step && !chosen.span.step)) {
            chosen = action;
        }
        first = false;
    }
    debug_node(gdb, chosen.node);
    resume(gdb, EMU_DEBUG_FORWARD, chosen.span);
}

static void resume_back(struct gdb *gdb, struct rsp_cursor cursor)
{
    bool step = rsp_take(&cursor, 's');
    if ((!step && !rsp_take(&cursor, 'c')) || !rsp_at_end(&cursor)) {
        answer(gdb, "");
        return;
    }
    debug_node(gdb, gdb->resumed);
    resume(gdb, EMU_DEBUG_BACKWARD, (struct emu_debug_span){.step = step});
}

static void obey_v(struct gdb *gdb, struct rsp_cursor cursor)
{
    if (rsp_take_text(&cursor, "Cont?")) {
        answer(gdb, "vCont;c;C;s;S;r");
    } else if (rsp_take_text(&cursor, "Cont")) {
        resume_each(gdb, cursor);
    } else if (rsp_take_text(&cursor, "Kill")) {
        answer(gdb, "OK");
        gdb->ended = true;
    } else {
        answer(gdb, "");
    }
}

/* --- packets ---------------------------------------------------------------------------------- */

static void obey(struct gdb *gdb, struct rsp_cursor cursor)
{
    bool listed = gdb->listed;
    gdb->listed = false;
    if (rsp_at_end(&cursor)) {
        answer(gdb, "");
        return;
    }
    switch (*cursor.at++) {
    case '?':
        answer_stop(gdb);
        return;
    case 'g':
        read_registers(gdb, 0, GDB_REGISTERS);
        return;
    case 'G':
        answer_write(gdb, write_registers(gdb, cursor, 0, GDB_REGISTERS), true);
        return;
    case 'p':
        read_register(gdb, cursor);
        return;
    case 'P':
        answer_write(gdb, write_register(gdb, cursor), true);
        return;
    case 'm':
        read_memory(gdb, cursor);
        return;
    case 'M':
        answer_write(gdb, write_memory(gdb, cursor, true), false);
        return;
    case 'X':
        answer_write(gdb, write_memory(gdb, cursor, false), false);
        return;
    case 'Z':
    case 'z':
        set_point(gdb, cursor, cursor.at[-1] == 'Z');
        return;
    case 'c':
    case 's':
        resume_plain(gdb, cursor, cursor.at[-1] == 's', false);
        return;
    case 'C':
    case 'S':
        resume_plain(gdb, cursor, cursor.at[-1] == 'S', true);
        return;
    case 'b':
        resume_back(gdb, cursor);
        return;
    case 'v':
        obey_v(gdb, cursor);
        return;
    case 'H':
        set_thread(gdb, cursor);
        return;
    case 'T':
        ask_thread(gdb, cursor, listed);
        return;
    case 'q':
    case 'Q':
        gdb_query(gdb, cursor.at[-1] == 'q', cursor);
        return;
    case 'D':
        answer(gdb, "OK");
        gdb->ended = true;
        return;
    case 'k': /* nobody waits for an answer */
        gdb->ended = true;
        return;
    default:
        answer(gdb, "");
    }
}

static void acknowledge(struct gdb *gdb, const char *sign)
{
    if (!gdb->no_acknowledge) {
        send_bytes(gdb, sign, 1);
    }
}

void gdb_answer(struct gdb *gdb, const char *text)
{
    answer(gdb, text);
}

void gdb_reply_send(struct gdb *gdb)
{
    send_reply(gdb);
}

void gdb_receive(struct gdb *gdb, const void *bytes, size_t size_bytes)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size_bytes && !gdb->ended; i++) {
        switch (rsp_parser_take(&gdb->parser, from[i])) {
        case RSP_PACKET:
            acknowledge(gdb, "+");
            obey(gdb, (struct rsp_cursor){gdb->parser.payload,
                                          gdb->parser.payload + gdb->parser.size_bytes});
            break;
        case RSP_BAD:
            acknowledge(gdb, "-");
            break;
        case RSP_NAK:
            send_bytes(gdb, gdb->reply.bytes, gdb->sent_bytes);
            break;
        case RSP_INTERRUPT: /* while it stands, everything is stopped already */
        case RSP_ACK:
        case RSP_NOTHING:
            break;
        }
    }
}
