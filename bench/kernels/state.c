/* A state machine over text, as CoreMark has it: switches, byte compares, counters. */
unsigned kernel(void);

enum state { START, INTEGER, FRACTION, EXPONENT, INVALID, STATES };
static const char text[] = "5012,1234.5,-874,+122,0.1e-9,abc,99e7,1.5.5,-.3,7e+2,12345,0x1f,";

static enum state step(enum state state, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START:
        return digit ? INTEGER : c == '-' || c == '+' ? START : c == '.' ? FRACTION : INVALID;
    case INTEGER:
        return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case FRACTION:
        return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT:
        return digit || c == '-' || c == '+' ? EXPONENT : INVALID;
    default:
        return INVALID;
    }
}

unsigned kernel(void)
{
    unsigned counts[STATES] = {0};
    for (int round = 0; round < 8000; round++) {
        enum state state = START;
        for (const char *c = text; *c; c++) {
            if (*c == ',') {
                counts[state]++;
                state = START;
            } else {
                state = step(state, *c);
            }
        }
    }
    unsigned sum = 0;
    for (int i = 0; i < STATES; i++) {
        sum = sum * 31 + counts[i];
    }
    return sum;
}
