/* Integer sort: shell sort of pseudo-random numbers, twice. */
unsigned kernel(void);

enum { COUNT = 20000, ROUNDS = 4 };
static unsigned numbers[COUNT];

static void sort(unsigned *a, int count)
{
    static const int gaps[] = {8861, 3938, 1750, 701, 301, 132, 57, 23, 10, 4, 1}; /* Ciura */
    for (unsigned g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        for (int i = gaps[g]; i < count; i++) {
            unsigned value = a[i];
            int j = i;
            for (; j >= gaps[g] && a[j - gaps[g]] > value; j -= gaps[g]) {
                a[j] = a[j - gaps[g]];
            }
            a[j] = value;
        }
    }
}

unsigned kernel(void)
{
    unsigned sum = 0;
    unsigned random = 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < COUNT; i++) {
            random = random * 1664525u + 1013904223u;
            numbers[i] = random;
        }
        sort(numbers, COUNT);
        for (int i = 0; i < COUNT; i += 97) {
            sum = sum * 31 + numbers[i];
        }
    }
    return sum;
}
