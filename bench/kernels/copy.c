/* Copy and Internet checksum, what a network stack does to every packet. */
unsigned kernel(void);

enum { WORDS = 375, ROUNDS = 1500 };
static unsigned source[WORDS], target[WORDS];

static unsigned checksum(const unsigned short *data, unsigned count)
{
    unsigned sum = 0;
    while (count--) {
        sum += *data++;
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return ~sum & 0xffff;
}

unsigned kernel(void)
{
    for (unsigned i = 0; i < WORDS; i++) {
        source[i] = i * 2654435761u;
    }
    unsigned sum = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < WORDS; i++) {
            target[i] = source[i];
        }
        sum += checksum((const unsigned short *)target, 2 * WORDS);
        source[round % WORDS] += sum;
    }
    return sum;
}
