/* Recursive calls: push, call, ret, and little else. */
unsigned kernel(void);

static __attribute__((noinline)) unsigned ackermann(unsigned m, unsigned n)
{
    if (m == 0) {
        return n + 1;
    }
    return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static __attribute__((noinline)) unsigned fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

unsigned kernel(void)
{
    return ackermann(2, 300) + fibonacci(27);
}
