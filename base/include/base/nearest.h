/*
 * "Did you mean ...?": of the words that would have been right, the one that was meant.
 */
#ifndef DENALI_BASE_NEAREST_H
#define DENALI_BASE_NEAREST_H

#include <stddef.h>

/* Of count words, the one nearest to word if it is near enough to be a slip, or NULL. */
const char *nearest_word(const char *word, const char *const *words, size_t count);

#endif
