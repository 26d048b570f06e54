/* The Internet checksum (RFC 1071) of packets, by 16-bit words. */
unsigned kernel(void);

enum { PACKETS = 4000, BYTES = 1500 };
static unsigned short packet[BYTES / 2];

unsigned kernel(void)
{
    unsigned result = 0;
    for (int i = 0; i < BYTES / 2; i++) {
        packet[i] = (unsigned short)(i * 40503u);
    }
    for (int n = 0; n < PACKETS; n++) {
        packet[n % (BYTES / 2)] ^= (unsigned short)result;
        unsigned sum = 0;
        for (int i = 0; i < BYTES / 2; i++) {
            sum += packet[i];
        }
        sum = (sum >> 16) + (sum & 0xffff);
        sum += sum >> 16;
        result += ~sum & 0xffff;
    }
    return result;
}
