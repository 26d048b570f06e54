/* Integer matrix multiplication: nested loops, multiplies, strided loads. */
unsigned kernel(void);

enum { SIDE = 64, ROUNDS = 8 };
static int a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];

unsigned kernel(void)
{
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = i * 3 + j;
            b[i][j] = i - 2 * j;
        }
    }
    unsigned sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                int total = 0;
                for (int k = 0; k < SIDE; k++) {
                    total += a[i][k] * b[k][j];
                }
                c[i][j] = total;
            }
        }
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                sum += (unsigned)c[i][j] ^ (unsigned)(i * j);
                a[i][j] += c[j][i] & 3;
            }
        }
    }
    return sum;
}
