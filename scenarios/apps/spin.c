/* A machine that never idles: the neighbour that others are to be protected from. */
int main(void)
{
    for (;;)
        __asm__ volatile("");
}
