/*
 * What gdb's packets mean for a debug session. Bytes come in by gdb_receive and go out by `send`;
 * where they come from is the caller's business.
 */
#ifndef DENALI_EMU_DEBUG_GDB_H
#define DENALI_EMU_DEBUG_GDB_H

#include "rsp.h"
#include "session.h"

struct gdb {
    struct emu_debug *debug;
    bool (*send)(void *context, const void *bytes, size_t size_bytes); /* false: nobody is there */
    void *context;

    void (*told)(void *context, const char *text); /* what gdb cannot show; NULL: nobody asks */
    void *told_context;

    struct rsp_parser parser;
    struct rsp_reply reply;
    uint32_t sent_bytes; /* of the last reply, for who has not understood it */
    bool no_acknowledge;
    bool knows_swbreak;
    bool running;     /* the other side waits for a stop */
    bool commanded;   /* or for the end of a monitor command */
    bool interrupted; /* and does not want to wait any longer */
    bool ended;       /* detached, killed or gone */
    struct error error;
    enum status status; /* of what ended the session, if that is an error */

    uint32_t general; /* the node that registers and memory are asked of */
    uint32_t resumed; /* and the one to step, EMU_NODE_ANY: the debugged one */
    uint32_t chosen;  /* by `thread N` since the last stop, or EMU_NODE_ANY */
    uint32_t asked;   /* the last whose life was asked for, or EMU_NODE_ANY */
    bool listed;      /* the last packet asked for the list of threads */
    bool sweeping;    /* gdb goes through all threads, from the highest down */
    uint32_t chosen_before;
    struct emu_debug_stop stop;
    uint32_t threads_next; /* of qsThreadInfo */
    char *threads;         /* the list as XML, while it is being read */
    size_t threads_bytes;
};

#define EMU_NODE_ANY UINT32_MAX

void gdb_init(struct gdb *gdb, struct emu_debug *debug,
              bool (*send)(void *context, const void *bytes, size_t size_bytes), void *context);
void gdb_fini(struct gdb *gdb);

/* Obeys what has come. May run the world; while it does, whoever provides the bytes says by
 * gdb_interrupt that Ctrl-C was among them. */
void gdb_receive(struct gdb *gdb, const void *bytes, size_t size_bytes);

/* Text for the person at the other side, while the world runs or a monitor command is obeyed. */
void gdb_tell(struct gdb *gdb, const char *text, size_t size_bytes);

/* Of a damaged checkpoint that was passed over, if there was one. */
void gdb_tell_damage(struct gdb *gdb);

/* `monitor COMMAND`: says its answer by gdb_tell. */
void gdb_monitor(struct gdb *gdb, const char *command);

#endif
