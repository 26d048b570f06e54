/* The live line of a run. The only reader of host time besides the window loop; it decides nothing.
 */
#include "progress.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <base/host_clock.h>
#include <base/locale.h>

#define LOG_INTERVAL_NS 5000000000ull /* between lines when the stream is not a terminal */

void emu_progress_init(struct emu_progress *progress, FILE *stream, uint64_t begin_ns,
                       uint64_t end_ns)
{
    memset(progress, 0, sizeof *progress);
    progress->stream = stream;
    progress->begin_ns = begin_ns;
    progress->end_ns = end_ns;
    progress->started_ns = progress->last_ns = host_clock_ns();
    progress->is_terminal = stream && isatty(fileno(stream));
}

/* 1234567 as "1.2M". */
static void scaled(double value, char text[16])
{
    static const char units[] = {' ', 'k', 'M', 'G', 'T'};
    int unit = 0;
    while (value >= 9999.5 && unit < 4) {
        value /= 1000;
        unit++;
    }
    snprintf(text, 16, unit ? "%.1f%c" : "%.0f%c", value, units[unit]);
    if (!unit) {
        text[strlen(text) - 1] = '\0';
    }
}

static void time_left(double seconds, char text[16])
{
    if (seconds < 0 || seconds > 359999) {
        snprintf(text, 16, "--:--");
    } else if (seconds >= 3600) {
        snprintf(text, 16, "%d:%02d:%02d", (int)seconds / 3600, (int)seconds / 60 % 60,
                 (int)seconds % 60);
    } else {
        snprintf(text, 16, "%d:%02d", (int)seconds / 60, (int)seconds % 60);
    }
}

/* Is a line wanted now? */
static bool due(const struct emu_progress *progress, uint64_t host_ns)
{
    return progress->stream &&
           (progress->is_terminal || host_ns - progress->last_ns >= LOG_INTERVAL_NS);
}

/* Virtual seconds a second of host time, and by that how long it takes yet. */
static double pace(const struct emu_progress *progress, uint64_t host_ns, uint64_t done_ns,
                   char left[16])
{
    double elapsed_s = (double)(host_ns - progress->started_ns) / 1e9 + 1e-9;
    double speed = (double)done_ns / 1e9 / elapsed_s;
    double rest_s = (double)(progress->end_ns - progress->begin_ns) / 1e9 - (double)done_ns / 1e9;
    time_left(speed > 0 ? rest_s / speed : -1, left);
    return speed;
}

void emu_progress_show(struct emu_progress *progress, const struct emu_world *world)
{
    uint64_t host_ns = host_clock_ns();
    if (!due(progress, host_ns)) {
        return;
    }
    LOCALE_NEUTRAL();
    struct emu_totals totals;
    emu_world_totals(world, &totals);
    uint64_t now_ns = emu_world_now_ns(world);
    double interval_s = (double)(host_ns - progress->last_ns) / 1e9 + 1e-9;
    char frames[16];
    char left[16];
    double speed = pace(progress, host_ns,
                        now_ns > progress->begin_ns ? now_ns - progress->begin_ns : 0, left);
    scaled((double)(totals.frames_delivered - progress->last_frames) / interval_s, frames);
    char queued[32] = "";
    if (totals.nodes_queued) {
        snprintf(queued, sizeof queued, ", %" PRIu32 " queued", totals.nodes_queued);
    }
    fprintf(progress->stream,
            "%svirtual %.1f of %.0f s | %.2fx real time | %" PRIu32
            " nodes up%s | %s frames/s | %.0f MIPS | %s left%s",
            progress->is_terminal ? "\r\033[K" : "", (double)now_ns / 1e9,
            (double)progress->end_ns / 1e9, speed, totals.nodes_up, queued, frames,
            (double)(totals.instructions - progress->last_instructions) / interval_s / 1e6, left,
            progress->is_terminal ? "" : "\n");
    fflush(progress->stream);
    progress->last_ns = host_ns;
    progress->last_instructions = totals.instructions;
    progress->last_frames = totals.frames_delivered;
}

void emu_progress_show_parts(struct emu_progress *progress, uint64_t done_ns)
{
    uint64_t host_ns = host_clock_ns();
    if (!due(progress, host_ns)) {
        return;
    }
    LOCALE_NEUTRAL();
    char left[16];
    double speed = pace(progress, host_ns, done_ns, left);
    fprintf(progress->stream, "%s%.1f of %.0f s of virtual time | %.2fx real time | %s left%s",
            progress->is_terminal ? "\r\033[K" : "", (double)done_ns / 1e9,
            (double)(progress->end_ns - progress->begin_ns) / 1e9, speed, left,
            progress->is_terminal ? "" : "\n");
    fflush(progress->stream);
    progress->last_ns = host_ns;
}

void emu_progress_done(struct emu_progress *progress)
{
    if (progress->stream && progress->is_terminal) {
        fputs("\r\033[K", progress->stream);
        fflush(progress->stream);
    }
}
