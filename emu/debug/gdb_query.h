/* Between the files that obey gdb's packets. */
#ifndef DENALI_EMU_DEBUG_GDB_QUERY_H
#define DENALI_EMU_DEBUG_GDB_QUERY_H

#include "gdb.h"

/* A q packet, or a Q packet; the cursor is after that letter. */
void gdb_query(struct gdb *gdb, bool asks, struct rsp_cursor cursor);

/* A whole answer; and gdb->reply, which has been begun and filled. */
void gdb_answer(struct gdb *gdb, const char *text);
void gdb_reply_send(struct gdb *gdb);

#endif
