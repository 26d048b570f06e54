/* A table-driven parser: a state and a character class give the next state, as scanners do. */
unsigned kernel(void);

enum class { LETTER, DIGIT, SPACE, QUOTE, SIGN, END, CLASSES };
enum state { BETWEEN, NAME, NUMBER, STRING, OPERATOR, BAD, STATES };

static const unsigned char next[STATES][CLASSES] = {
    [BETWEEN] = {NAME, NUMBER, BETWEEN, STRING, OPERATOR, BETWEEN},
    [NAME] = {NAME, NAME, BETWEEN, BAD, OPERATOR, BETWEEN},
    [NUMBER] = {BAD, NUMBER, BETWEEN, BAD, OPERATOR, BETWEEN},
    [STRING] = {STRING, STRING, STRING, BETWEEN, STRING, BAD},
    [OPERATOR] = {NAME, NUMBER, BETWEEN, STRING, OPERATOR, BETWEEN},
    [BAD] = {BAD, BAD, BETWEEN, BAD, BAD, BETWEEN},
};
static unsigned char classes[256];
static const char program[] =
    "let total = price * 1024 + tax2 - 7; print(\"the total\", total) 12ab while x1 < limit { x1 = "
    "x1 + step; } return \"done\" + 99 * (alpha / beta3) ; \"never closed";

unsigned kernel(void)
{
    unsigned counts[STATES] = {0};
    for (int c = 0; c < 256; c++) {
        int letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        classes[c] = letter                  ? LETTER
                     : c >= '0' && c <= '9'  ? DIGIT
                     : c == ' ' || c == '\n' ? SPACE
                     : c == '"'              ? QUOTE
                     : c == 0                ? END
                                             : SIGN;
    }
    for (int round = 0; round < 9000; round++) {
        unsigned state = BETWEEN;
        const char *c = program;
        do {
            state = next[state][classes[(unsigned char)*c]];
            counts[state]++;
        } while (*c++);
    }
    unsigned sum = 0;
    for (int i = 0; i < STATES; i++) {
        sum = sum * 31 + counts[i];
    }
    return sum;
}
