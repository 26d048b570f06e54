/* A report as one static HTML page: everything but its plots. */
#include <analysis/page.h>

#include <string.h>

#include "html.h"

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}\n"
    "h2{margin-top:3rem;border-top:1px solid #ccc;padding-top:1rem}\n"
    "table{border-collapse:collapse;margin:1rem 0;font-size:14px}\n"
    "th,td{border:1px solid #ccc;padding:.25rem .6rem;text-align:left;vertical-align:top}\n"
    "th{background:#f2f2f2}\n"
    ".good{color:#00663f}.bad{color:#b00020;font-weight:600}\n"
    "svg{max-width:100%;height:auto;display:block;margin:1rem 0}\n"
    "svg text{font:12px system-ui,sans-serif;fill:#1a1a1a}\n";

void html_text(FILE *page, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", page);
            break;
        case '<':
            fputs("&lt;", page);
            break;
        case '>':
            fputs("&gt;", page);
            break;
        case '"':
            fputs("&quot;", page);
            break;
        default:
            fputc(*text, page);
        }
    }
}

void ana_page_begin(FILE *page, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
          page);
    html_text(page, title);
    fprintf(page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

void ana_page_end(FILE *page)
{
    fputs("</body>\n</html>\n", page);
}

void ana_page_heading(FILE *page, uint32_t level, const char *anchor, const char *text)
{
    fprintf(page, "<h%u", level);
    if (anchor) {
        fputs(" id=\"", page);
        html_text(page, anchor);
        fputc('"', page);
    }
    fputc('>', page);
    html_text(page, text);
    fprintf(page, "</h%u>\n", level);
}

void ana_page_text(FILE *page, const char *lead, const char *text)
{
    while (*text || lead) {
        const char *blank = strstr(text, "\n\n");
        size_t length = blank ? (size_t)(blank - text) : strlen(text);
        fputs("<p>", page);
        if (lead) {
            fputs("<strong>", page);
            html_text(page, lead);
            fputs("</strong> ", page);
            lead = NULL;
        }
        for (size_t i = 0; i < length; i++) {
            html_text(page, (char[]){text[i], '\0'});
        }
        fputs("</p>\n", page);
        text += length + strspn(text + length, "\n");
    }
}

void ana_page_link(FILE *page, const char *anchor, const char *text)
{
    fputs("<div><a href=\"#", page);
    html_text(page, anchor);
    fputs("\">", page);
    html_text(page, text);
    fputs("</a></div>\n", page);
}

void ana_page_table_begin(FILE *page, const char *const *titles, uint32_t count)
{
    fputs("<table>\n<tr>", page);
    for (uint32_t i = 0; i < count; i++) {
        fputs("<th>", page);
        html_text(page, titles[i]);
        fputs("</th>", page);
    }
    fputs("</tr>\n", page);
}

void ana_page_table_row(FILE *page, const char *const *cells, uint32_t count)
{
    fputs("<tr>", page);
    for (uint32_t i = 0; i < count; i++) {
        const char *text = cells[i];
        const char *kind = strncmp(text, "+ ", 2) == 0   ? " class=\"good\""
                           : strncmp(text, "- ", 2) == 0 ? " class=\"bad\""
                                                         : "";
        fprintf(page, "<td%s>", kind);
        html_text(page, *kind ? text + 2 : text);
        fputs("</td>", page);
    }
    fputs("</tr>\n", page);
}

void ana_page_table_end(FILE *page)
{
    fputs("</table>\n", page);
}
