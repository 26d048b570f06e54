/* Takes twenty readings, "SENSOR VALUE" in a datagram each, and prints the mean of the latest. */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "ledger.h"

static struct ledger ledger;

static void take_reading(int s)
{
    char message[64];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    int sensor;
    int value;
    ssize_t got = recvfrom(s, message, sizeof message - 1, 0, (struct sockaddr *)&from, &size);
    message[got < 0 ? 0 : got] = '\0';
    if (sscanf(message, "%d %d", &sensor, &value) == 2) {
        ledger_note(&ledger, sensor, value);
    }
}

int main(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(7)};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(s, (struct sockaddr *)&own, sizeof own) != 0) {
        perror("bind");
        return 1;
    }
    ledger.sensors = 4;
    for (int i = 0; i < 20; i++) {
        take_reading(s);
    }
    int mean = ledger_mean(&ledger);
    printf("mean: %d\n", mean);
    return 0;
}
