/* CRC-32 bit by bit and by table: shifts, conditions, loads at computed addresses. */
unsigned kernel(void);

enum { BYTES = 16384, ROUNDS = 60 };
static unsigned table[256];
static unsigned char bytes[BYTES];

unsigned kernel(void)
{
    for (unsigned i = 0; i < 256; i++) {
        unsigned crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
        }
        table[i] = crc;
    }
    for (unsigned i = 0; i < BYTES; i++) {
        bytes[i] = (unsigned char)(i * 7 + (i >> 5));
    }
    unsigned crc = ~0u;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < BYTES; i++) {
            crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
        }
    }
    return ~crc;
}
