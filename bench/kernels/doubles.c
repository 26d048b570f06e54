/*
 * Doubles: loads, multiplies and adds in a matrix product, Horner's rule, comparisons, conversions
 * from and to integers. Every intermediate value is exact, so that x87 and the host's own
 * arithmetic agree whatever precision they carry.
 */
unsigned kernel(void);

enum { SIDE = 40, ROUNDS = 12 };
static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];

static double horner(const double *coefficients, double x)
{
    double value = 0;
    for (int i = 0; i < 8; i++) {
        value = value * x + coefficients[i];
    }
    return value;
}

unsigned kernel(void)
{
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (i * 3 + j) * 0.25;
            b[i][j] = i - 2 * j;
        }
    }
    unsigned sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double greatest = -1e300;
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                double total = 0;
                for (int k = 0; k < SIDE; k++) {
                    total += a[i][k] * b[k][j];
                }
                c[i][j] = total;
                if (total > greatest) {
                    greatest = total;
                }
            }
        }
        for (int i = 0; i < SIDE; i++) {
            sum += (unsigned)(long long)horner(c[i], 0.5 * (i & 3)) + (unsigned)(int)greatest;
            for (int j = 0; j < SIDE; j++) {
                a[i][j] += (int)c[j][i] & 3;
            }
        }
    }
    return sum;
}
