/*
 * Words that are near each other, by the distance of Damerau and Levenshtein (adjacent letters).
 */
#include <base/nearest.h>

#include <string.h>

#define WORD_MAX 31u /* bytes; longer words are nobody's slip */

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to change, insert, remove or swap with the next one, of words of at most WORD_MAX. */
static size_t word_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1]; /* of the prefixes of a: this one, the last and the one before */
    size_t length_b = strlen(b);
    for (size_t j = 0; j <= length_b; j++) {
        rows[0][j] = j;
    }
    size_t i = 1;
    for (; a[i - 1] != '\0'; i++) {
        size_t *row = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            row[j] =
                least_of(last[j - 1] + (a[i - 1] != b[j - 1]), least_of(row[j - 1], last[j]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least_of(row[j], before[j - 2] + 1);
            }
        }
    }
    return rows[(i - 1) % 3][length_b];
}

const char *nearest_word(const char *word, const char *const *words, size_t count)
{
    size_t length = strlen(word);
    if (length == 0 || length > WORD_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t least = length < 4 ? 2 : length / 3 + 2; /* farther than this is another word */
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > WORD_MAX) {
            continue;
        }
        size_t distance = word_distance(word, words[i]);
        if (distance < least) {
            least = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
