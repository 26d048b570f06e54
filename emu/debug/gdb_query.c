/* gdb's queries: what this side can do, the target's description, the nodes as threads. */
#include "gdb_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registers.h"

/* --- threads ---------------------------------------------------------------------------------- */

/* A node's name and state as text of XML. */
static void print_escaped(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '<' || *text == '>' || *text == '&' || *text == '"' ||
            (unsigned char)*text < 0x20) {
            fprintf(stream, "&#%d;", (unsigned char)*text);
        } else {
            fputc(*text, stream);
        }
    }
}

/* What is told of a node beside its name. */
static void describe(const struct gdb *gdb, uint32_t node, char *text, size_t size_bytes)
{
    struct emu_node_report report;
    emu_world_node_report(gdb->debug->world, node, &report);
    bool past = emu_debug_in_past(gdb->debug) && node == emu_debug_node(gdb->debug);
    bool debugged = node == emu_debug_node(gdb->debug);
    snprintf(text, size_bytes, "%s%s", past ? "in its past" : report.state,
             debugged ? ", debugged" : "");
}

static void make_threads(struct gdb *gdb)
{
    struct emu_world *world = gdb->debug->world;
    free(gdb->threads);
    gdb->threads = NULL;
    FILE *stream = open_memstream(&gdb->threads, &gdb->threads_bytes);
    if (!stream) {
        return;
    }
    fputs("<?xml version=\"1.0\"?><threads>", stream);
    for (uint32_t i = 0; i < world->node_count; i++) {
        char name[SCN_NODE_NAME_MAX];
        char text[64];
        scn_node_name(world->scenario, i, name);
        describe(gdb, i, text, sizeof text);
        fprintf(stream, "<thread id=\"%x\" name=\"", i + 1);
        print_escaped(stream, name);
        fputs("\">", stream);
        print_escaped(stream, text);
        fputs("</thread>", stream);
    }
    fputs("</threads>", stream);
    fclose(stream);
}

/* As many as fit, for those who do not read XML. */
static void answer_thread_list(struct gdb *gdb, bool first)
{
    uint32_t count = gdb->debug->world->node_count;
    rsp_reply_begin(&gdb->reply);
    gdb->threads_next = first ? 0 : gdb->threads_next;
    rsp_reply_text(&gdb->reply, gdb->threads_next < count ? "m" : "l");
    for (bool more = false;
         gdb->threads_next < count && gdb->reply.size_bytes < RSP_PACKET_MAX - 16; more = true) {
        rsp_reply_text(&gdb->reply, "%s%x", more ? "," : "", ++gdb->threads_next);
    }
    gdb_reply_send(gdb);
}

static void answer_extra(struct gdb *gdb, struct rsp_cursor cursor)
{
    uint32_t number;
    char name[SCN_NODE_NAME_MAX];
    char text[64];
    char all[SCN_NODE_NAME_MAX + 64 + 4];
    if (!rsp_take_number32(&cursor, &number) || !rsp_at_end(&cursor) || number == 0 ||
        number > gdb->debug->world->node_count) {
        gdb_answer(gdb, "E01");
        return;
    }
    scn_node_name(gdb->debug->world->scenario, number - 1, name);
    describe(gdb, number - 1, text, sizeof text);
    int length = snprintf(all, sizeof all, "%s: %s", name, text);
    rsp_reply_begin(&gdb->reply);
    rsp_reply_hex(&gdb->reply, all, (size_t)length);
    gdb_reply_send(gdb);
}

/* --- objects ---------------------------------------------------------------------------------- */

/* OFFSET,LENGTH of something: `l` and the rest of it, or `m` and a part. */
static void answer_part(struct gdb *gdb, struct rsp_cursor cursor, const char *text,
                        size_t size_bytes)
{
    uint32_t offset;
    uint32_t wanted;
    if (!rsp_take_number32(&cursor, &offset) || !rsp_take(&cursor, ',') ||
        !rsp_take_number32(&cursor, &wanted) || !rsp_at_end(&cursor) || offset > size_bytes) {
        gdb_answer(gdb, "E01");
        return;
    }
    size_t part = size_bytes - offset;
    if (part > wanted) {
        part = wanted;
    }
    if (part > RSP_PACKET_MAX / 2 - 1) { /* each byte may need an escape */
        part = RSP_PACKET_MAX / 2 - 1;
    }
    rsp_reply_begin(&gdb->reply);
    rsp_reply_text(&gdb->reply, part == size_bytes - offset ? "l" : "m");
    rsp_reply_binary(&gdb->reply, text + offset, part);
    gdb_reply_send(gdb);
}

static void answer_object(struct gdb *gdb, struct rsp_cursor cursor)
{
    if (rsp_take_text(&cursor, "features:read:target.xml:")) {
        answer_part(gdb, cursor, gdb_target_xml, strlen(gdb_target_xml));
    } else if (rsp_take_text(&cursor, "features:read:")) {
        gdb_answer(gdb, "E00"); /* there is no such annex */
    } else if (rsp_take_text(&cursor, "threads:read::")) {
        struct rsp_cursor start = cursor;
        uint32_t offset;
        if (rsp_take_number32(&start, &offset) && (offset == 0 || !gdb->threads)) {
            make_threads(gdb);
        }
        gdb->listed = true;
        answer_part(gdb, cursor, gdb->threads ? gdb->threads : "",
                    gdb->threads ? gdb->threads_bytes : 0);
    } else if (rsp_take_text(&cursor, "exec-file:read:")) {
        /* Of which process is no question: there is one. */
        while (!rsp_at_end(&cursor) && *cursor.at != ':') {
            cursor.at++;
        }
        char *path =
            realpath(gdb->debug->world->nodes[emu_debug_node(gdb->debug)].space.image->path, NULL);
        if (rsp_take(&cursor, ':') && path) {
            answer_part(gdb, cursor, path, strlen(path));
        } else {
            gdb_answer(gdb, "E01");
        }
        free(path);
    } else {
        gdb_answer(gdb, "");
    }
}

/* --- the rest --------------------------------------------------------------------------------- */

static void answer_supported(struct gdb *gdb, struct rsp_cursor cursor)
{
    static const char word[] = "swbreak+";
    for (; !rsp_at_end(&cursor); cursor.at++) {
        struct rsp_cursor at = cursor;
        gdb->knows_swbreak |= rsp_take_text(&at, word);
    }
    rsp_reply_begin(&gdb->reply);
    rsp_reply_text(&gdb->reply,
                   "PacketSize=%x;qXfer:features:read+;qXfer:threads:read+;qXfer:exec-file:read+;"
                   "vContSupported+;swbreak+;hwbreak+;ReverseStep+;ReverseContinue+;"
                   "QStartNoAckMode+",
                   RSP_PACKET_MAX);
    gdb_reply_send(gdb);
}

static void obey_monitor(struct gdb *gdb, struct rsp_cursor cursor)
{
    char command[256];
    size_t size_bytes = (size_t)(cursor.end - cursor.at) / 2;
    if (size_bytes >= sizeof command || !rsp_take_hex(&cursor, (uint8_t *)command, size_bytes) ||
        !rsp_at_end(&cursor)) {
        gdb_answer(gdb, "E01");
        return;
    }
    command[size_bytes] = '\0';
    gdb_monitor(gdb, command);
    gdb_answer(gdb, "OK");
}

void gdb_query(struct gdb *gdb, bool asks, struct rsp_cursor cursor)
{
    char text[16];
    if (!asks) {
        bool quiet = rsp_take_text(&cursor, "StartNoAckMode") && rsp_at_end(&cursor);
        gdb_answer(gdb, quiet ? "OK" : "");
        gdb->no_acknowledge |= quiet;
    } else if (rsp_take_text(&cursor, "Supported")) {
        answer_supported(gdb, cursor);
    } else if (rsp_take_text(&cursor, "Xfer:")) {
        answer_object(gdb, cursor);
    } else if (rsp_take_text(&cursor, "Rcmd,")) {
        obey_monitor(gdb, cursor);
    } else if (rsp_take_text(&cursor, "ThreadExtraInfo,")) {
        answer_extra(gdb, cursor);
    } else if (rsp_take_text(&cursor, "fThreadInfo")) {
        answer_thread_list(gdb, true);
    } else if (rsp_take_text(&cursor, "sThreadInfo")) {
        answer_thread_list(gdb, false);
    } else if (rsp_take_text(&cursor, "Attached")) {
        gdb_answer(gdb, "1"); /* it was there before gdb: leaving does not kill it */
    } else if (rsp_take_text(&cursor, "Symbol:")) {
        gdb_answer(gdb, "OK");
    } else if (rsp_take_text(&cursor, "C") && rsp_at_end(&cursor)) {
        snprintf(text, sizeof text, "QC%x", gdb->stop.node + 1);
        gdb_answer(gdb, text);
    } else {
        gdb_answer(gdb, "");
    }
}
