/*
 * A man page from one of our documents. Knows the Markdown that they are written in: headings,
 * paragraphs, lists, tables, code by fence and by indent, and inside a line code, bold and links.
 */
#include <string.h>

#include "doc.h"

#define LINE_MAX_BYTES 4096
#define CELLS_MAX      8

enum block { BLOCK_NONE, BLOCK_TEXT, BLOCK_CODE, BLOCK_TABLE };

struct page {
    enum block block;
    bool fenced;
    char header[LINE_MAX_BYTES]; /* of the table; its cells point in here */
    char *heads[CELLS_MAX];
    uint32_t head_count;
};

/* One character where roff may take it for its own. */
static void put(char c)
{
    const char text[2] = {c, '\0'};
    man_text(text);
}

/* `code` and **bold** are bold, [text](target) is its text, a backslash escapes. */
static void put_inline(const char *text)
{
    bool bold = false;
    if (*text == '.' || *text == '\'') {
        fputs("\\&", stdout);
    }
    for (const char *c = text; *c; c++) {
        const char *close = *c == '[' ? strstr(c, "](") : NULL;
        const char *end = close ? strchr(close, ')') : NULL;
        if (*c == '`' || strncmp(c, "**", 2) == 0) {
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", stdout);
            c += *c == '*';
        } else if (end) {
            for (c++; c < close; c++) {
                if (*c != '`') {
                    put(*c);
                }
            }
            c = end;
        } else {
            put(*c == '\\' && c[1] == '|' ? *++c : *c);
        }
    }
    fputs(bold ? "\\fR" : "", stdout);
}

/* "| a | b |" in place; returns how many cells. */
static uint32_t split(char *row, char *cells[CELLS_MAX])
{
    uint32_t count = 0;
    char *c = row + 1;
    while (*c && count < CELLS_MAX) {
        char *end = c;
        while (*end && (*end != '|' || end[-1] == '\\')) {
            end++;
        }
        if (!*end) {
            break;
        }
        *end = '\0';
        char *last = end;
        while (last > c && last[-1] == ' ') {
            *--last = '\0';
        }
        cells[count++] = c + strspn(c, " ");
        c = end + 1;
    }
    return count;
}

/* A row is a term and its meaning, the last cell; what is between is told under its head. */
static void table_row(const struct page *page, char *row)
{
    char *cells[CELLS_MAX];
    uint32_t count = split(row, cells);
    if (!count) {
        return;
    }
    printf(".TP\n");
    put_inline(cells[0]);
    const char *before = " (";
    for (uint32_t i = 1; i + 1 < count; i++) {
        if (*cells[i]) {
            printf("%s", before);
            put_inline(i < page->head_count ? page->heads[i] : "");
            fputs(": ", stdout);
            put_inline(cells[i]);
            before = "; ";
        }
    }
    fputs(*before == ';' ? ")\n" : "\n", stdout);
    put_inline(count > 1 ? cells[count - 1] : "");
    printf("\n");
}

static void enter(struct page *page, enum block block)
{
    if (page->block == block) {
        return;
    }
    if (page->block == BLOCK_CODE) {
        printf(".ft R\n.fi\n");
    }
    if (block == BLOCK_CODE) {
        printf(".PP\n.nf\n.ft CW\n");
    } else if (block == BLOCK_TEXT) {
        printf(".PP\n");
    }
    page->block = block;
}

static void code_line(struct page *page, const char *line)
{
    enter(page, BLOCK_CODE);
    man_text(line);
    putchar('\n');
}

static void table_line(struct page *page, char *line)
{
    if (page->block == BLOCK_TABLE) {
        if (strncmp(line, "| ---", 5) != 0 && strncmp(line, "|---", 4) != 0) {
            table_row(page, line);
        }
        return;
    }
    enter(page, BLOCK_TABLE);
    snprintf(page->header, sizeof page->header, "%s", line);
    page->head_count = split(page->header, page->heads);
}

static void heading(struct page *page, const char *line)
{
    size_t level = strspn(line, "#");
    const char *text = line + level + strspn(line + level, " ");
    enter(page, BLOCK_NONE);
    if (level == 1) {
        return; /* the page has its title */
    }
    printf(level == 2 ? ".SH \"" : ".SS \"");
    put_inline(text);
    printf("\"\n");
}

static void text_line(struct page *page, const char *line)
{
    size_t digits = strspn(line, "0123456789");
    if (strncmp(line, "- ", 2) == 0) {
        page->block = BLOCK_TEXT;
        printf(".IP \\(bu 2\n");
        line += 2;
    } else if (digits && strncmp(line + digits, ". ", 2) == 0) {
        page->block = BLOCK_TEXT;
        printf(".IP %.*s. 3\n", (int)digits, line);
        line += digits + 2;
    } else {
        enter(page, BLOCK_TEXT);
    }
    put_inline(line + strspn(line, " "));
    putchar('\n');
}

void man_of_markdown(const char *name, const char *purpose, FILE *document)
{
    man_title(name, 5);
    printf(".SH NAME\n");
    man_text(name);
    printf(" \\- %s\n.SH DESCRIPTION\n", purpose);
    struct page page = {.block = BLOCK_NONE};
    char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, document)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "```", 3) == 0) {
            page.fenced = !page.fenced;
            enter(&page, page.fenced ? BLOCK_CODE : BLOCK_NONE);
        } else if (page.fenced || (strncmp(line, "    ", 4) == 0 && page.block != BLOCK_TEXT)) {
            code_line(&page, line);
        } else if (!*line) {
            enter(&page, BLOCK_NONE);
        } else if (strncmp(line, "<!--", 4) == 0) {
            continue;
        } else if (*line == '#') {
            heading(&page, line);
        } else if (*line == '|') {
            table_line(&page, line);
        } else {
            text_line(&page, line);
        }
    }
    enter(&page, BLOCK_NONE);
}
