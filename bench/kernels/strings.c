/* String scan and copy: lengths, searches and copies of words, byte by byte. */
unsigned kernel(void);

enum { ROUNDS = 3000, BUFFER = 1024 };
static const char text[] =
    "it was the best of times, it was the worst of times, it was the age of wisdom, it was the age "
    "of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the "
    "season "
    "of light, it was the season of darkness, it was the spring of hope, it was the winter of "
    "despair";
static char buffer[BUFFER];

static unsigned length(const char *s)
{
    const char *start = s;
    while (*s) {
        s++;
    }
    return (unsigned)(s - start);
}

static const char *find(const char *s, const char *word)
{
    for (; *s; s++) {
        unsigned i = 0;
        while (word[i] && s[i] == word[i]) {
            i++;
        }
        if (!word[i]) {
            return s;
        }
    }
    return 0;
}

static char *copy(char *to, const char *from)
{
    while ((*to = *from++)) {
        to++;
    }
    return to;
}

unsigned kernel(void)
{
    static const char *const words[] = {"season", "despair", "epoch of incredulity", "nowhere"};
    unsigned sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char *end = copy(buffer, text);
        copy(end, words[round & 3]);
        const char *found = find(buffer, words[(round + 1) & 3]);
        sum = sum * 31 + length(buffer) + (found ? (unsigned)(found - buffer) : 0);
    }
    return sum;
}
