/*
 * What is written about the command from the tables that the command itself uses: man pages and
 * completions for shells. A program of the build, run when the tables were compiled, so that what
 * is installed cannot say anything else than what `denali` does.
 */
#ifndef DENALI_EMU_CLI_DOC_DOC_H
#define DENALI_EMU_CLI_DOC_DOC_H

#include <stdio.h>

#include "../cli.h"

/* --- man.c: pages in the man macros (groff_man(7)) ---------------------------------------------
 */

/* Begins a page: "denali-run", 1. */
void man_title(const char *name, int section);
/* Text as it stands; only what roff would take for its own is escaped. */
void man_text(const char *text);
/* Lines as they stand, in the font of code. */
void man_code(const char *lines);

void man_command(void);
void man_verb(const struct cli_verb *verb);
/* denali-cc(1) from what `denali-cc --help` prints: "name - purpose", an empty line, the rest. */
void man_of_help(FILE *help);

/* --- markdown.c --------------------------------------------------------------------------------
 */

/* A page of section 5 from a document in docs/: headings, paragraphs, lists, tables, code. */
void man_of_markdown(const char *name, const char *purpose, FILE *document);

/* --- completion.c ------------------------------------------------------------------------------
 */

void completion_bash(void);
void completion_zsh(void);

/* The first argument that a verb takes: "IMAGE", "SCENARIO.yaml", "a|b|c"; "" if it takes none. */
const char *verb_argument(const struct cli_verb *verb, char argument[CLI_PATH_MAX]);

#endif
