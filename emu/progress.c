/* The live line of a run. The only reader of host time besides the window loop; it decides nothing.
 */
#include "progress.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <base/host_clock.h>
#include <base/locale.h>

#define LOG_INTERVAL_NS 5000000000ull /* between lines when the stream is not a terminal */

void emu_progress_init(struct emu_progress *progress, FILE *stream, uint64_t end_ns)
{
    memset(progress, 0, sizeof *progress);
    progress->stream = stream;
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

void emu_progress_show(struct emu_progress *progress, const struct emu_world *world)
{
    uint64_t host_ns = host_clock_ns();
    if (!progress->stream ||
        (!progress->is_terminal && host_ns - progress->last_ns < LOG_INTERVAL_NS)) {
        return;
    }
    LOCALE_NEUTRAL();
    struct emu_totals totals;
    emu_world_totals(world, &totals);
    double interval_s = (double)(host_ns - progress->last_ns) / 1e9 + 1e-9;
    double elapsed_s = (double)(host_ns - progress->started_ns) / 1e9 + 1e-9;
    double now_s = (double)emu_world_now_ns(world) / 1e9;
    double end_s = (double)progress->end_ns / 1e9;
    double speed = now_s / elapsed_s;
    char frames[16];
    char left[16];
    scaled((double)(totals.frames_delivered - progress->last_frames) / interval_s, frames);
    time_left(speed > 0 ? (end_s - now_s) / speed : -1, left);
    char queued[32] = "";
    if (totals.nodes_queued) {
        snprintf(queued, sizeof queued, ", %" PRIu32 " queued", totals.nodes_queued);
    }
    fprintf(progress->stream,
            "%svirtual %.1f of %.0f s | %.2fx real time | %" PRIu32
            " nodes up%s | %s frames/s | %.0f MIPS | %s left%s",
            progress->is_terminal ? "\r\033[K" : "", now_s, end_s, speed, totals.nodes_up, queued,
            frames, (double)(totals.instructions - progress->last_instructions) / interval_s / 1e6,
            left, progress->is_terminal ? "" : "\n");
    fflush(progress->stream);
    progress->last_ns = host_ns;
    progress->last_instructions = totals.instructions;
    progress->last_frames = totals.frames_delivered;
}

void emu_progress_done(struct emu_progress *progress)
{
    if (progress->stream && progress->is_terminal) {
        fputs("\r\033[K", progress->stream);
        fflush(progress->stream);
    }
}
