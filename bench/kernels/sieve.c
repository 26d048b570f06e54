/* The sieve of Eratosthenes: byte stores in strides, and a byte scan. */
unsigned kernel(void);

enum { LIMIT = 32768, ROUNDS = 60 };
static unsigned char composite[LIMIT];

unsigned kernel(void)
{
    unsigned primes = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < LIMIT; i++) {
            composite[i] = 0;
        }
        for (unsigned i = 2; i < LIMIT; i++) {
            if (!composite[i]) {
                primes++;
                for (unsigned j = 2 * i; j < LIMIT; j += i) {
                    composite[j] = 1;
                }
            }
        }
    }
    return primes;
}
