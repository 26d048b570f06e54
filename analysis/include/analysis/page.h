/*
 * A report as one static HTML page: headings, paragraphs, tables, and plots as SVG in the page
 * itself, so that it needs nothing but itself. Everything is written in order to a stream; errors
 * of the stream stay in the stream (ferror). Texts may hold anything: they are escaped.
 *
 * The same calls give the same bytes: there is no date, host or path in a page.
 */
#ifndef DENALI_ANALYSIS_PAGE_H
#define DENALI_ANALYSIS_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <base/public.h>

DENALI_API_BEGIN

void ana_page_begin(FILE *page, const char *title);
void ana_page_end(FILE *page);
/* level 1 to 3; anchor, if not NULL, is what `#` addresses it by. */
void ana_page_heading(FILE *page, uint32_t level, const char *anchor, const char *text);
/* Blank lines in the text part paragraphs. lead, if not NULL, begins the first one in bold. */
void ana_page_text(FILE *page, const char *lead, const char *text);
/* A line of a list of links to anchors. */
void ana_page_link(FILE *page, const char *anchor, const char *text);

/* A table: begin with its column titles, then rows of as many cells, then end. A cell that begins
 * with "+ " or "- " is shown as good or bad, without that. */
void ana_page_table_begin(FILE *page, const char *const *titles, uint32_t count);
void ana_page_table_row(FILE *page, const char *const *cells, uint32_t count);
void ana_page_table_end(FILE *page);

struct ana_plot_series {
    const char *name;
    const double *values; /* one for each x; NaN: there is none */
};

/* A published point, shown hollow. */
struct ana_plot_mark {
    uint32_t x; /* index */
    double value;
    uint32_t series;
    const char *text; /* shown beside it on hovering */
};

struct ana_plot {
    const char *title;    /* of the vertical axis */
    const char *axis;     /* of the horizontal one */
    const char *const *x; /* numbers, in order; if any is none, they are evenly spaced words */
    uint32_t x_count;
    bool logarithmic; /* the horizontal axis, where all x are numbers above 0 */
    const struct ana_plot_series *series;
    uint32_t series_count;
    const struct ana_plot_mark *marks;
    uint32_t mark_count;
};

/* The vertical axis begins at 0. Nothing is drawn of a plot without any value. */
void ana_plot_write(FILE *page, const struct ana_plot *plot);

DENALI_API_END

#endif
