/* What page.c and plot.c share: text in HTML. */
#ifndef DENALI_ANALYSIS_HTML_H
#define DENALI_ANALYSIS_HTML_H

#include <stdio.h>

/* Escaped for content and for attributes in double quotes. */
void html_text(FILE *page, const char *text);

#endif
