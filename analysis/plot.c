/*
 * Plots as SVG: lines over a parameter, published points beside them.
 */
#include <analysis/page.h>

#include <math.h>
#include <stdlib.h>

#include <base/alloc.h>
#include <base/locale.h>

#include "html.h"

#define WIDTH        840.0
#define HEIGHT       360.0
#define LEFT         70.0
#define RIGHT        260.0 /* for the legend */
#define TOP          30.0
#define BOTTOM       50.0
#define TICKS        5
#define LABEL_GAP    34.0 /* pixels that a label of the horizontal axis keeps from the last */
#define LEGEND_STEP  20.0
#define COLOUR_COUNT 8u

/* Okabe and Ito: told apart whatever one's eyes. */
static const char *const colours[COLOUR_COUNT] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                  "#e69f00", "#56b4e9", "#000000", "#999999"};

struct frame {
    const struct ana_plot *plot;
    FILE *page;
    double *x;     /* pixels */
    bool numbers;  /* along the horizontal axis; names have nothing between them */
    double y_most; /* value at the top */
};

static bool is_number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

static void place_x(struct frame *frame)
{
    const struct ana_plot *plot = frame->plot;
    uint32_t count = plot->x_count;
    bool positive = true;
    for (uint32_t i = 0; i < count; i++) {
        frame->numbers = is_number(plot->x[i], &frame->x[i]) && frame->numbers;
        positive = positive && frame->x[i] > 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!frame->numbers) {
            frame->x[i] = i;
        } else if (plot->logarithmic && positive) {
            frame->x[i] = log(frame->x[i]);
        }
    }
    double least = frame->x[0];
    double most = frame->x[count - 1];
    for (uint32_t i = 0; i < count; i++) {
        double part = most > least ? (frame->x[i] - least) / (most - least) : 0.5;
        frame->x[i] = LEFT + 10 + part * (WIDTH - LEFT - RIGHT - 20);
    }
}

static double y_of(const struct frame *frame, double value)
{
    return TOP + (1 - value / frame->y_most) * (HEIGHT - TOP - BOTTOM);
}

/* A round number of at least value: 1, 2 or 5 times a power of ten, in TICKS parts. */
static double round_up(double value)
{
    double part = value / TICKS;
    double power = pow(10, floor(log10(part)));
    double lead = part / power;
    return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power * TICKS;
}

static bool scale_y(struct frame *frame)
{
    double most = 0;
    for (uint32_t i = 0; i < frame->plot->series_count; i++) {
        for (uint32_t k = 0; k < frame->plot->x_count; k++) {
            most = fmax(most, frame->plot->series[i].values[k]); /* passes over NaN */
        }
    }
    for (uint32_t i = 0; i < frame->plot->mark_count; i++) {
        most = fmax(most, frame->plot->marks[i].value);
    }
    frame->y_most = most > 0 ? round_up(most) : 1;
    return isfinite(frame->y_most);
}

static void draw_axes(const struct frame *frame)
{
    FILE *page = frame->page;
    for (int i = 0; i <= TICKS; i++) {
        double value = frame->y_most * i / TICKS;
        double y = y_of(frame, value);
        fprintf(page, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n",
                LEFT, y, WIDTH - RIGHT, y);
        fprintf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT - 6,
                y + 4, value);
    }
    double last = -WIDTH;
    for (uint32_t i = 0; i < frame->plot->x_count; i++) {
        double base = HEIGHT - BOTTOM;
        fprintf(page, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#888\"/>\n",
                frame->x[i], base, frame->x[i], base + 4);
        if (frame->x[i] - last >= LABEL_GAP) {
            last = frame->x[i];
            fprintf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", frame->x[i],
                    base + 18);
            html_text(page, frame->plot->x[i]);
            fputs("</text>\n", page);
        }
    }
    fprintf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
            HEIGHT - 10);
    html_text(page, frame->plot->axis);
    fprintf(page, "</text>\n<text x=\"%.1f\" y=\"%.1f\">", 8.0, 16.0);
    html_text(page, frame->plot->title);
    fputs("</text>\n", page);
}

static void draw_series(const struct frame *frame, uint32_t number)
{
    const struct ana_plot_series *series = &frame->plot->series[number];
    const char *colour = colours[number % COLOUR_COUNT];
    bool draws = false;
    fprintf(frame->page, "<path fill=\"none\" stroke-width=\"2\" stroke=\"%s\" d=\"", colour);
    for (uint32_t i = 0; i < frame->plot->x_count && frame->numbers; i++) {
        bool there = isfinite(series->values[i]);
        if (there) {
            fprintf(frame->page, "%s%.1f %.1f ", draws ? "L" : "M", frame->x[i],
                    y_of(frame, series->values[i]));
        }
        draws = there;
    }
    fputs("\"/>\n", frame->page);
    for (uint32_t i = 0; i < frame->plot->x_count; i++) {
        if (isfinite(series->values[i])) {
            fprintf(frame->page, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"><title>",
                    frame->x[i], y_of(frame, series->values[i]), colour);
            html_text(frame->page, series->name);
            fprintf(frame->page, ", %s: %g</title></circle>\n", frame->plot->x[i],
                    series->values[i]);
        }
    }
    double y = TOP + 10 + LEGEND_STEP * number;
    fprintf(frame->page,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke-width=\"2\" "
            "stroke=\"%s\"/>\n<text x=\"%.1f\" y=\"%.1f\">",
            WIDTH - RIGHT + 12, y, WIDTH - RIGHT + 32, y, colour, WIDTH - RIGHT + 38, y + 4);
    html_text(frame->page, series->name);
    fputs("</text>\n", frame->page);
}

static void draw_marks(const struct frame *frame)
{
    FILE *page = frame->page;
    for (uint32_t i = 0; i < frame->plot->mark_count; i++) {
        const struct ana_plot_mark *mark = &frame->plot->marks[i];
        fprintf(page,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\" fill=\"none\" stroke-width=\"2\" "
                "stroke=\"%s\"><title>",
                frame->x[mark->x], y_of(frame, mark->value), colours[mark->series % COLOUR_COUNT]);
        html_text(page, mark->text);
        fputs("</title></circle>\n", page);
    }
    if (frame->plot->mark_count > 0) {
        double y = TOP + 10 + LEGEND_STEP * frame->plot->series_count;
        fprintf(page,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\" fill=\"none\" stroke-width=\"2\" "
                "stroke=\"#444\"/>\n<text x=\"%.1f\" y=\"%.1f\">published</text>\n",
                WIDTH - RIGHT + 22, y, WIDTH - RIGHT + 38, y + 4);
    }
}

void ana_plot_write(FILE *page, const struct ana_plot *plot)
{
    LOCALE_NEUTRAL();
    if (plot->x_count == 0 || plot->series_count == 0) {
        return;
    }
    struct frame frame = {.plot = plot, .page = page, .numbers = true};
    frame.x = alloc_zeroed(plot->x_count, sizeof *frame.x);
    place_x(&frame);
    if (scale_y(&frame)) {
        fprintf(page, "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\" aria-label=\"",
                WIDTH, HEIGHT, WIDTH);
        html_text(page, plot->title);
        fputs("\">\n", page);
        draw_axes(&frame);
        for (uint32_t i = 0; i < plot->series_count; i++) {
            draw_series(&frame, i);
        }
        draw_marks(&frame);
        fputs("</svg>\n", page);
    }
    free(frame.x);
}
