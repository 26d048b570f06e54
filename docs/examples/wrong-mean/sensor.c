/* Sends four readings, 100 ms apart, to the address that is its argument. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <denali.h>

int main(int argc, char **argv)
{
    struct sockaddr_in tally = {.sin_family = AF_INET, .sin_port = htons(7)};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (argc != 2 || inet_pton(AF_INET, argv[1], &tally.sin_addr) != 1) {
        return 1;
    }
    int sensor = (int)denali_node_index() - 1; /* the first machine is the tally */
    for (int i = 0; i < 4; i++) {
        char message[64];
        int length = snprintf(message, sizeof message, "%d %d", sensor, 200 + 10 * sensor + i);
        denali_idle_until(denali_now_ns() + 100000000);
        sendto(s, message, (size_t)length, 0, (struct sockaddr *)&tally, sizeof tally);
    }
    return 0;
}
